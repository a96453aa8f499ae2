/* POST /enrichment/bulk: many questions in, their answers out, each a lookup of
 * its own, side by side.
 *
 * A lookup holds the worst case, and that of a hundred may be more than there
 * is although their bill would not: so who found no credits asks again when the
 * others are done and have given back what they did not use, as long as that
 * helps anybody. */
#include "api/answer.h"
#include "api/asking.h"
#include "base/check.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>

enum { BULK_RECORDS_MAX = 100, PROBLEM_BYTES_MAX = 1024 * 1024, COMMON_BYTES_MAX = 64 * 1024 };

struct row {
    struct bulk *bulk;
    struct lookup *lookup; /* NULL: not asked, or to be asked again */
    struct buf problem;    /* empty: it has an answer, or will have one */
};

struct bulk {
    struct exchange *x;
    json_t *doc;
    struct arena arena; /* the texts of `common` */
    struct question common;
    size_t under_way; /* rows, and who starts them */
    bool is_progress; /* a lookup of this round has an answer */
    size_t count;
    struct row rows[];
};

static void free_bulk(struct bulk *bulk)
{
    for (size_t i = 0; i < bulk->count; i++) {
        lookup_free(&bulk->rows[i].lookup);
        buf_deinit(&bulk->rows[i].problem);
    }
    arena_deinit(&bulk->arena);
    json_decref(bulk->doc);
    mem_free(bulk);
}

/* --- the answer --------------------------------------------------------- */

static void put_row(struct buf *body, const struct row *row, struct asking *asking)
{
    if (row->problem.len != 0) {
        buf_puts(body, "{\"error\":");
        buf_put(body, buf_str(&row->problem));
        buf_put_char(body, '}');
        asking->is_replay = false;
        return;
    }
    answer_put_lookup(body, lookup_question(row->lookup), lookup_answer(row->lookup));
    asking_add(asking, lookup_answer(row->lookup));
    exchange_shows(row->bulk->x, lookup_answer(row->lookup)->record_id);
}

static void respond(struct bulk *bulk)
{
    struct exchange *x = bulk->x;
    struct buf *body = exchange_body(x);
    struct asking asking;

    asking_init(&asking);
    buf_puts(body, "{\"results\":[");
    for (size_t i = 0; i < bulk->count; i++) {
        if (i != 0)
            buf_put_char(body, ',');
        put_row(body, &bulk->rows[i], &asking);
    }
    buf_puts(body, "],\"credits_used\":");
    buf_put_i64(body, asking.credits_used);
    buf_put_char(body, '}');
    asking_put_headers(x, &asking);
    exchange_respond(x, 200);
    free_bulk(bulk);
}

/* --- the lookups -------------------------------------------------------- */

static void start_round(struct bulk *bulk);

static bool lacks_credit(const struct row *row)
{
    return row->lookup != NULL && lookup_answer(row->lookup)->err == ERR_NO_CREDIT;
}

static void fail_row(struct row *row, const struct refusal *refusal)
{
    refusal_put(refusal, str_from(row->bulk->x->request_id), &row->problem);
    lookup_free(&row->lookup);
}

static void end_round(struct bulk *bulk)
{
    bool is_again = false;

    for (size_t i = 0; i < bulk->count; i++) {
        struct row *row = &bulk->rows[i];
        struct refusal refusal;

        if (lacks_credit(row) && bulk->is_progress) {
            is_again = true;
            lookup_free(&row->lookup);
        } else if (row->lookup != NULL && lookup_answer(row->lookup)->err != ERR_NONE) {
            refusal_of_answer(&refusal, lookup_answer(row->lookup));
            fail_row(row, &refusal);
        }
    }
    if (is_again)
        start_round(bulk);
    else
        respond(bulk);
}

static void leave(struct bulk *bulk)
{
    check(bulk->under_way > 0);
    if (--bulk->under_way == 0)
        end_round(bulk);
}

static void row_done(void *ctx, struct lookup *lookup)
{
    struct row *row = ctx;

    row->bulk->is_progress |= lookup_answer(lookup)->err == ERR_NONE;
    leave(row->bulk);
}

static enum err read_row(struct row *row, size_t index, struct shape_mistakes *mistakes)
{
    struct bulk *bulk = row->bulk;
    const json_t *record = json_array_get(json_object_get(bulk->doc, "records"), index);
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/records/%zu", index);
    return question_read_record(&bulk->common, record, str_from(pointer), lookup_arena(row->lookup),
                                lookup_question(row->lookup), mistakes);
}

static void start_row(struct row *row, size_t index)
{
    struct bulk *bulk = row->bulk;
    struct shape_mistakes mistakes;
    struct refusal refusal;
    enum err err;

    row->lookup = lookup_new(bulk->x->api->engine, bulk->x->workspace);
    if (row->lookup == NULL) {
        refusal_of_overload(&refusal);
        fail_row(row, &refusal);
        return;
    }
    shape_mistakes_init(&mistakes);
    err = read_row(row, index, &mistakes);
    if (err == ERR_NONE) {
        bulk->under_way++;
        lookup_set_origin(row->lookup, exchange_endpoint(bulk->x), exchange_once(bulk->x));
        lookup_start(row->lookup, bulk->x->request_id, bulk->x->trace_id, row_done, row);
    } else {
        refusal_of_question(&refusal, err, &mistakes);
        fail_row(row, &refusal);
    }
    shape_mistakes_deinit(&mistakes);
}

static void start_round(struct bulk *bulk)
{
    bulk->under_way = 1; /* our own place while we start them */
    bulk->is_progress = false;
    for (size_t i = 0; i < bulk->count; i++) {
        if (bulk->rows[i].lookup == NULL && bulk->rows[i].problem.len == 0)
            start_row(&bulk->rows[i], i);
    }
    leave(bulk);
}

/* --- the request -------------------------------------------------------- */

static enum err read_common(struct bulk *bulk, struct shape_mistakes *mistakes, const json_t **out_records)
{
    struct shape shape;

    question_init(&bulk->common, QUESTION_ENRICH);
    if (!shape_begin(&shape, bulk->doc, STR(""), mistakes))
        return ERR_INVALID;
    *out_records = shape_any(&shape, "records");
    if (!json_is_array(*out_records) || json_array_size(*out_records) == 0)
        shape_report_member(&shape, "records", "must be an array of 1 to %d objects", BULK_RECORDS_MAX);
    question_read_common(&shape, &bulk->arena, &bulk->common);
    shape_end(&shape);
    if (mistakes->count != 0)
        return ERR_INVALID;
    return json_array_size(*out_records) > BULK_RECORDS_MAX ? ERR_TOO_MANY_RECORDS : ERR_NONE;
}

static struct bulk *new_bulk(struct exchange *x, json_t *doc)
{
    size_t count = json_array_size(json_object_get(doc, "records"));
    struct bulk *bulk;

    count = count <= BULK_RECORDS_MAX ? count : 0; /* refused */
    bulk = mem_new(sizeof *bulk + count * sizeof bulk->rows[0]);
    bulk->x = x;
    bulk->doc = doc;
    bulk->count = count;
    arena_init(&bulk->arena, COMMON_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        bulk->rows[i].bulk = bulk;
        buf_init(&bulk->rows[i].problem, PROBLEM_BYTES_MAX);
    }
    return bulk;
}

static void refuse(struct bulk *bulk, enum err err, const struct shape_mistakes *mistakes)
{
    struct refusal refusal;

    refusal_of_question(&refusal, err, mistakes);
    if (err == ERR_TOO_MANY_RECORDS)
        err_explain(&refusal.detail, "send at most %d records at a time, or start a bulk job, which takes any number",
                    BULK_RECORDS_MAX);
    refusal_respond(&refusal, bulk->x);
    free_bulk(bulk);
}

void bulk_post(struct exchange *x)
{
    struct shape_mistakes mistakes;
    const json_t *records;
    struct bulk *bulk;
    json_t *doc;
    enum err err;

    if (!exchange_read_json(x, &doc))
        return;
    bulk = new_bulk(x, doc);
    shape_mistakes_init(&mistakes);
    err = read_common(bulk, &mistakes, &records);
    if (err == ERR_NONE)
        start_round(bulk);
    else
        refuse(bulk, err, &mistakes);
    shape_mistakes_deinit(&mistakes);
}
