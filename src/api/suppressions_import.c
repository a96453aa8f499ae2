#include "api/suppression.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "providers/table_file.h"

/* So many rows are read, then written, then the loop has its turn. */
enum { PIECE_ROWS = 500, REFUSALS_BYTES_MAX = 64 * 1024 };

struct import {
    struct exchange *x;
    struct table table;
    uint32_t next_row;
    int64_t added, known, refused;
    struct buf refusals; /* members of the array */
    struct suppression_row rows[PIECE_ROWS * SUPPRESSION_KIND_COUNT];
    struct store_suppress op;
};

/* In the order of the kinds. */
static const struct str columns[SUPPRESSION_KIND_COUNT] = {[SUPPRESSION_EMAIL] = {"email", 5},
                                                           [SUPPRESSION_LINKEDIN] = {"linkedin_url", 12},
                                                           [SUPPRESSION_DOMAIN] = {"domain", 6}};

static void free_import(struct import *import)
{
    table_deinit(&import->table);
    buf_deinit(&import->refusals);
    mem_free(import);
}

static void refuse_all(struct import *import, enum err err, const char *detail)
{
    exchange_refuse(import->x, err, detail);
    free_import(import);
}

/* --- the table as a whole ------------------------------------------------------- */

/* Passes over all rows, so that none is written of a table that is none. */
static enum err check_table(struct table *table, struct err_detail *detail)
{
    bool has_row = true;
    enum err err = ERR_NONE;

    if (!table->has[SUPPRESSION_EMAIL] && !table->has[SUPPRESSION_LINKEDIN] && !table->has[SUPPRESSION_DOMAIN]) {
        err_explain(detail, "the first line must name any of the columns email, linkedin_url and domain");
        return ERR_INVALID;
    }
    while (err == ERR_NONE && has_row && table->row_count <= IMPORT_ROWS_MAX)
        err = table_next(table, &has_row, detail);
    if (err == ERR_NONE && table->row_count > IMPORT_ROWS_MAX) {
        err_explain(detail, "there are more than %d rows: split the table", IMPORT_ROWS_MAX);
        return ERR_INVALID;
    }
    return err;
}

/* --- a piece of it ---------------------------------------------------------------- */

static void refuse_row(struct import *import, uint32_t row, const char *why)
{
    if (import->refused++ >= IMPORT_REFUSALS_MAX)
        return;
    if (import->refusals.len != 0)
        buf_put_char(&import->refusals, ',');
    buf_printf(&import->refusals, "{\"row\":%u,\"detail\":", row + 1);
    json_put_str(&import->refusals, str_from(why));
    buf_put_char(&import->refusals, '}');
}

/* The row's values behind those of the piece; a row with a wrong one has none. */
static void take_row(struct import *import, uint32_t number)
{
    struct suppressions *set = workspace_suppressions(import->x->workspace);
    size_t count = import->op.count;
    struct err_detail detail, why;

    table_get(&import->table, number);
    for (enum suppression_kind kind = 0; kind < SUPPRESSION_KIND_COUNT; kind++) {
        struct str text = import->table.cells[kind];
        struct identity_text normal;

        if (text.len == 0)
            continue;
        if (!suppression_normalise(kind, text, &normal, &why)) {
            err_explain(&detail, "%s: %s", suppression_kind_name(kind), why.text);
            refuse_row(import, number, detail.text);
            return;
        }
        import->rows[count++] =
            (struct suppression_row){.kind = kind, .hash = suppressions_hash(set, kind, identity_str(&normal))};
    }
    if (count == import->op.count)
        refuse_row(import, number, "has neither an email nor a linkedin_url nor a domain");
    import->op.count = count;
}

static bool has_room(const struct import *import)
{
    const struct workspace *workspace = import->x->workspace;

    return suppressions_count(workspace->suppressions) + workspace->suppressions_coming + import->op.count <=
           SUPPRESSIONS_MAX;
}

static void respond(struct import *import)
{
    struct exchange *x = import->x;
    struct buf *body = exchange_body(x);

    buf_printf(body, "{\"added\":%lld,\"known\":%lld,\"refused\":%lld,\"refusals\":[", (long long)import->added,
               (long long)import->known, (long long)import->refused);
    buf_put(body, buf_str(&import->refusals));
    buf_puts(body, "]}");
    free_import(import);
    exchange_respond(x, 200);
}

static void piece_written(struct store_op *op, enum err err);

static void write_piece(struct import *import)
{
    struct exchange *x = import->x;
    int64_t now_us = clock_wall_us();

    for (size_t i = 0; i < import->op.count; i++) {
        import->rows[i].id = id_of_time(now_us);
        import->rows[i].created_at_us = now_us;
    }
    import->op = (struct store_suppress){.workspace_id = x->workspace->id,
                                         .key = suppressions_key(x->workspace->suppressions),
                                         .rows = import->rows,
                                         .count = import->op.count};
    x->workspace->suppressions_coming += import->op.count;
    store_add_suppressions(x->api->engine->store, &import->op, piece_written);
}

static void go_on(struct import *import)
{
    import->op.count = 0;
    for (uint32_t end = import->next_row + PIECE_ROWS; import->next_row < end; import->next_row++) {
        if (import->next_row == import->table.row_count)
            break;
        take_row(import, import->next_row);
    }
    if (!has_room(import))
        refuse_all(import, ERR_SUPPRESSION_LIMIT, "what stands before is in; suppress domains instead of addresses");
    else if (import->op.count != 0 || import->next_row < import->table.row_count)
        write_piece(import);
    else
        respond(import);
}

static void piece_written(struct store_op *op, enum err err)
{
    struct import *import = container_of(op, struct import, op.op);
    struct workspace *workspace = import->x->workspace;

    workspace->suppressions_coming -= import->op.count;
    if (err == ERR_NONE || err == ERR_STORE_UNSURE)
        workspace_suppress(workspace, import->rows, import->op.count);
    if (err != ERR_NONE) {
        refuse_all(import, err, "some of it may be in; send it again, what is in counts as known then");
        return;
    }
    for (size_t i = 0; i < import->op.count; i++) {
        import->known += import->rows[i].was_there;
        import->added += !import->rows[i].was_there;
    }
    go_on(import);
}

void suppressions_import(struct exchange *x)
{
    struct import *import = mem_new(sizeof *import);
    struct err_detail detail = {""};
    enum err err;

    import->x = x;
    import->table = (struct table){.name = "the body", .wanted = columns, .wanted_count = SUPPRESSION_KIND_COUNT};
    buf_init(&import->refusals, REFUSALS_BYTES_MAX);
    workspace_suppressions(x->workspace);
    err = table_open_text(&import->table, http_request_body(x->request), TABLE_CSV, &detail);
    if (err == ERR_NONE)
        err = check_table(&import->table, &detail);
    if (err == ERR_NONE)
        go_on(import);
    else
        refuse_all(import, err, detail.text);
}
