/* Who is never looked up: GET and POST /suppressions, DELETE /suppressions/{id}. */
#include "api/suppression.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shape.h"

enum { VALUE_BYTES_MAX = 2048, NOTE_CHARS_MAX = 200, PAGE_BYTES_MAX = 256 * 1024 };

/* A note's characters may take four bytes each. */
enum { NOTE_BYTES_MAX = 4 * NOTE_CHARS_MAX };

static void put_suppression(struct buf *out, const struct suppression_row *row)
{
    buf_puts(out, "{\"suppression_id\":\"");
    id_put(out, SUPPRESSION_PREFIX, row->id);
    buf_printf(out, "\",\"kind\":\"%s\",\"note\":", suppression_kind_name(row->kind));
    if (row->note.len != 0)
        json_put_str(out, row->note);
    else
        buf_puts(out, "null");
    json_put_name(out, "created_at");
    json_put_time(out, row->created_at_us);
    buf_put_char(out, '}');
}

static void respond_suppression(struct exchange *x, int status, const struct suppression_row *row)
{
    put_suppression(exchange_body(x), row);
    exchange_respond(x, status);
}

/* --- the list --------------------------------------------------------------- */

struct listing {
    struct exchange *x;
    struct arena arena;
    struct suppression_hash hashes[SUPPRESSION_HASHES_MAX];
    struct store_suppressions page;
};

static void put_page(struct buf *body, const struct store_suppressions *page)
{
    buf_puts(body, "{\"suppressions\":[");
    for (size_t i = 0; i < page->count; i++) {
        json_put_comma(body);
        put_suppression(body, &page->rows[i]);
    }
    buf_puts(body, "],\"next_cursor\":");
    if (page->has_more) {
        buf_put_char(body, '"');
        id_put(body, SUPPRESSION_PREFIX, page->rows[page->count - 1].id);
        buf_puts(body, "\"}");
    } else {
        buf_puts(body, "null}");
    }
}

static void free_listing(struct listing *listing)
{
    arena_deinit(&listing->arena);
    mem_free(listing);
}

static void respond_page(struct listing *listing)
{
    struct exchange *x = listing->x;

    put_page(exchange_body(x), &listing->page);
    free_listing(listing);
    exchange_respond(x, 200);
}

static void page_read(struct store_op *op, enum err err)
{
    struct listing *listing = container_of(op, struct listing, page.op);

    if (err == ERR_NONE) {
        respond_page(listing);
        return;
    }
    exchange_refuse(listing->x, err, NULL);
    free_listing(listing);
}

static int hex_digit(char c)
{
    char low = char_lower(c);

    if (char_is_digit(c))
        return c - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Undoes the percent-encoding of a query's value. A plus sign is one: no value
 * that we look for has a space. */
static bool decode(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int high = text.ptr[i] == '%' && i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;

        if (text.ptr[i] == '%' && (low < 0 || high * 16 + low == 0))
            return false;
        buf_put_char(out, low < 0 ? text.ptr[i] : (char)(high * 16 + low));
        i += low < 0 ? 0 : 2;
    }
    return !out->is_overflown;
}

/* The query's value of that kind as hashes; false: the request is refused. */
static bool read_wanted(struct listing *listing, enum suppression_kind kind, struct str text)
{
    const struct suppressions *set = listing->x->workspace->suppressions;
    struct err_detail why = {"must be percent-encoded UTF-8"}, detail;
    struct identity_text normal;
    struct buf value;
    bool is_right;

    buf_init(&value, VALUE_BYTES_MAX);
    is_right = decode(text, &value) && suppression_normalise(kind, buf_str(&value), &normal, &why);
    buf_deinit(&value);
    if (is_right) {
        listing->page.hashes = listing->hashes;
        listing->page.hash_count =
            set == NULL ? 0 : suppressions_hashes(set, kind, identity_str(&normal), listing->hashes);
        return true;
    }
    err_explain(&detail, "%s: %s", suppression_kind_name(kind), why.text);
    exchange_refuse(listing->x, ERR_INVALID, detail.text);
    return false;
}

/* At most one of the three kinds, or a cursor. */
static bool read_query(struct listing *listing)
{
    struct exchange *x = listing->x;
    struct str cursor = exchange_query(x, STR("cursor"));
    unsigned given = 0;

    for (enum suppression_kind kind = 0; kind < SUPPRESSION_KIND_COUNT; kind++)
        given += exchange_query(x, str_from(suppression_kind_name(kind))).ptr != NULL;
    if (given > 1) {
        exchange_refuse(x, ERR_INVALID, "ask for one of email, linkedin_url and domain at a time");
        return false;
    }
    for (enum suppression_kind kind = 0; kind < SUPPRESSION_KIND_COUNT; kind++) {
        struct str text = exchange_query(x, str_from(suppression_kind_name(kind)));

        if (text.ptr != NULL)
            return read_wanted(listing, kind, text);
    }
    if (cursor.ptr != NULL && !id_read(cursor, SUPPRESSION_PREFIX, &listing->page.before)) {
        exchange_refuse(x, ERR_INVALID, "cursor must be the next_cursor of an earlier answer");
        return false;
    }
    return true;
}

void suppressions_get(struct exchange *x)
{
    struct listing *listing = mem_new(sizeof *listing);

    listing->x = x;
    arena_init(&listing->arena, PAGE_BYTES_MAX);
    listing->page.workspace_id = x->workspace->id;
    listing->page.arena = &listing->arena;
    if (!read_query(listing))
        free_listing(listing);
    else if (x->workspace->suppressions == NULL)
        respond_page(listing);
    else
        store_read_suppressions(x->api->engine->store, &listing->page, page_read);
}

/* --- adding one -------------------------------------------------------------- */

struct adding {
    struct exchange *x;
    struct arena arena; /* of the notes */
    struct suppression_row row;
    struct store_suppress op;
};

static void free_adding(struct adding *adding)
{
    arena_deinit(&adding->arena);
    mem_free(adding);
}

/* Nobody knows whether it is on disk: then it holds here, and is asked for again. */
static void added(struct store_op *op, enum err err)
{
    struct adding *adding = container_of(op, struct adding, op.op);
    struct exchange *x = adding->x;

    x->workspace->suppressions_coming--;
    if (err == ERR_NONE || err == ERR_STORE_UNSURE)
        workspace_suppress(x->workspace, &adding->row, 1);
    if (err == ERR_NONE)
        respond_suppression(x, adding->row.was_there ? 200 : 201, &adding->row);
    else
        exchange_refuse(x, err, err == ERR_STORE_UNSURE ? "it holds for now; send it again to have it kept" : NULL);
    free_adding(adding);
}

static size_t count_chars(struct str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* One of the kinds. False: none of it can be used, or `mistakes` says more. */
static bool read_value(struct shape *shape, struct exchange *x, struct suppression_row *row)
{
    unsigned given = 0;

    for (enum suppression_kind kind = 0; kind < SUPPRESSION_KIND_COUNT; kind++) {
        const char *name = suppression_kind_name(kind);
        struct identity_text normal;
        struct err_detail why;
        struct str text;

        given += json_object_get(shape->object, name) != NULL;
        if (!shape_str(shape, name, 1, VALUE_BYTES_MAX, &text))
            continue;
        row->kind = kind;
        if (suppression_normalise(kind, text, &normal, &why))
            row->hash = suppressions_hash(workspace_suppressions(x->workspace), kind, identity_str(&normal));
        else
            shape_report_member(shape, name, "%s", why.text);
    }
    if (given != 1)
        shape_report(shape->mistakes, shape->pointer, "must have one of email, linkedin_url and domain");
    return given == 1;
}

static void read_wish(struct adding *adding, const json_t *doc, struct shape_mistakes *mistakes)
{
    struct str note = STR_NONE;
    struct shape shape;

    if (!shape_begin(&shape, doc, STR(""), mistakes))
        return;
    if (shape_str(&shape, "note", 0, NOTE_BYTES_MAX, &note) && count_chars(note) > NOTE_CHARS_MAX)
        shape_report_member(&shape, "note", "must have at most %d characters", NOTE_CHARS_MAX);
    if (read_value(&shape, adding->x, &adding->row) && note.len != 0)
        adding->row.note = arena_keep(&adding->arena, note);
    shape_end(&shape);
}

static void add(struct adding *adding)
{
    struct exchange *x = adding->x;
    const struct suppressions *set = x->workspace->suppressions;
    int64_t now_us = clock_wall_us();

    if (suppressions_count(set) + x->workspace->suppressions_coming >= SUPPRESSIONS_MAX &&
        !suppressions_have(set, adding->row.hash)) {
        exchange_refuse(x, ERR_SUPPRESSION_LIMIT, "suppress a domain instead of its addresses");
        free_adding(adding);
        return;
    }
    adding->row.id = id_of_time(now_us);
    adding->row.created_at_us = now_us;
    adding->op = (struct store_suppress){.workspace_id = x->workspace->id,
                                         .key = suppressions_key(set),
                                         .rows = &adding->row,
                                         .count = 1,
                                         .arena = &adding->arena};
    x->workspace->suppressions_coming++;
    store_add_suppressions(x->api->engine->store, &adding->op, added);
}

static void add_one(struct exchange *x)
{
    struct adding *adding;
    struct shape_mistakes mistakes;
    json_t *doc;

    if (!exchange_read_json(x, &doc))
        return;
    adding = mem_new(sizeof *adding);
    adding->x = x;
    arena_init(&adding->arena, 4 * NOTE_BYTES_MAX);
    shape_mistakes_init(&mistakes);
    read_wish(adding, doc, &mistakes);
    json_decref(doc);
    if (mistakes.count == 0) {
        add(adding);
    } else {
        exchange_refuse_with(x, ERR_INVALID, mistakes.first.text, buf_str(&mistakes.json), STR_NONE);
        free_adding(adding);
    }
    shape_mistakes_deinit(&mistakes);
}

void suppressions_post(struct exchange *x)
{
    if (exchange_has_csv(x))
        suppressions_import(x);
    else
        add_one(x);
}

/* --- taking one back ----------------------------------------------------------- */

struct removing {
    struct exchange *x;
    struct arena arena;
    struct store_unsuppress op;
};

/* As long as it may be on disk it holds. */
static void removed(struct store_op *op, enum err err)
{
    struct removing *removing = container_of(op, struct removing, op.op);
    struct exchange *x = removing->x;

    if (err != ERR_NONE) {
        exchange_refuse(x, err, "ask again: 404 then means that it is gone, once the server was started anew");
    } else if (!removing->op.found) {
        exchange_refuse(x, ERR_NOT_FOUND, "this workspace has no suppression with that id");
    } else {
        suppressions_remove(workspace_suppressions(x->workspace), removing->op.row.hash);
        respond_suppression(x, 200, &removing->op.row);
    }
    arena_deinit(&removing->arena);
    mem_free(removing);
}

void suppression_delete(struct exchange *x)
{
    struct removing *removing;
    struct id id;

    if (!id_read(x->id, SUPPRESSION_PREFIX, &id)) {
        exchange_refuse(x, ERR_NOT_FOUND, "this workspace has no suppression with that id");
        return;
    }
    removing = mem_new(sizeof *removing);
    removing->x = x;
    arena_init(&removing->arena, 4 * NOTE_BYTES_MAX);
    removing->op =
        (struct store_unsuppress){.workspace_id = x->workspace->id, .arena = &removing->arena, .row = {.id = id}};
    store_remove_suppression(x->api->engine->store, &removing->op, removed);
}
