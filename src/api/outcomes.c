/* POST /outcomes: what became of values that were found, for the ranking to learn from. */
#include "api/exchange.h"
#include "api/problem.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shape.h"
#include "enrich/trail.h"

#include <stdio.h>

enum { OUTCOMES_MAX = 100, TEXTS_BYTES_MAX = 1024 * 1024 };
#define CLOCKS_APART_US (5 * 60 * SECOND_US)
#define TOO_OLD_US (INT64_C(2) * 366 * 86400 * SECOND_US)

/* What was told at one place of the list: a report, or what is wrong with it. */
struct told {
    const struct report *report; /* NULL: it is wrong */
    struct str detail, errors;   /* in the arena */
};

struct telling {
    struct exchange *x;
    bool is_list;
    struct arena arena;
    struct evidence_wait wait;
    struct store_report op;
    struct report reports[OUTCOMES_MAX];
    struct told told[OUTCOMES_MAX];
    size_t count;
};

static void telling_free(struct telling *telling)
{
    arena_deinit(&telling->arena);
    mem_free(telling);
}

/* --- reading -------------------------------------------------------------- */

static bool is_missing(struct shape *shape, const char *name)
{
    return json_object_get(shape->object, name) == NULL;
}

/* A word that has to be there. */
static bool read_word(struct shape *shape, const char *name, struct str *out)
{
    if (shape_str(shape, name, 1, 64, out))
        return true;
    if (is_missing(shape, name))
        shape_report_member(shape, name, "is required");
    return false;
}

static void read_time(struct shape *shape, int64_t now_us, int64_t *out_time_us)
{
    struct str text;

    *out_time_us = now_us;
    if (!shape_str(shape, "occurred_at", 1, 64, &text))
        return;
    if (!clock_read_time(text, out_time_us))
        shape_report_member(shape, "occurred_at", "must be an RFC 3339 time, like 2026-05-26T14:30:00Z");
    else if (*out_time_us > now_us + CLOCKS_APART_US)
        shape_report_member(shape, "occurred_at", "must not be in the future");
    else if (*out_time_us < now_us - TOO_OLD_US)
        shape_report_member(shape, "occurred_at", "is more than two years ago: it says nothing of today");
}

static void read_report(const json_t *doc, struct str pointer, int64_t now_us, struct report *out,
                        struct shape_mistakes *mistakes)
{
    struct shape shape;
    struct str text;

    *out = (struct report){.fate = REPORT_NO_RECORD};
    if (!shape_begin(&shape, doc, pointer, mistakes))
        return;
    if (read_word(&shape, "record_id", &text) && !id_read(text, RECORD_PREFIX, &out->record_id))
        shape_report_member(&shape, "record_id", "must be the id of a person's record: lead_ and 22 characters");
    if (read_word(&shape, "channel", &text) && !channel_from(text, &out->channel))
        shape_report_member(&shape, "channel",
                            "must be \"work_email\", \"personal_email\", \"phone\" or \"linkedin_url\"");
    if (read_word(&shape, "event", &text) && !contact_from(text, &out->contact))
        shape_report_member(&shape, "event", "must be \"delivered\", \"bounced\" or \"replied\"");
    read_time(&shape, now_us, &out->occurred_at_us);
    shape_end(&shape);
}

/* A wrong one takes no place among the reports. */
static void take_report(struct telling *telling, const json_t *doc, struct str pointer, int64_t now_us)
{
    struct told *told = &telling->told[telling->count++];
    struct report *report = &telling->reports[telling->op.count];
    struct shape_mistakes mistakes;

    shape_mistakes_init(&mistakes);
    read_report(doc, pointer, now_us, report, &mistakes);
    if (mistakes.count == 0) {
        told->report = report;
        telling->op.count++;
    } else {
        told->detail = arena_keep(&telling->arena, str_from(mistakes.first.text));
        told->errors = arena_keep(&telling->arena, buf_str(&mistakes.json));
    }
    shape_mistakes_deinit(&mistakes);
}

static void read_list(struct telling *telling, struct shape *shape, const json_t *list, int64_t now_us)
{
    const json_t *row;
    size_t index;

    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > OUTCOMES_MAX) {
        shape_report_member(shape, "outcomes", "must be an array of 1 to %d outcomes", OUTCOMES_MAX);
        return;
    }
    json_array_foreach(list, index, row)
    {
        char pointer[32];

        snprintf(pointer, sizeof pointer, "/outcomes/%zu", index);
        take_report(telling, row, str_from(pointer), now_us);
    }
}

/* `mistakes` are those of the whole. */
static void read_body(struct telling *telling, const json_t *doc, struct shape_mistakes *mistakes)
{
    int64_t now_us = clock_wall_us();
    const json_t *list = json_object_get(doc, "outcomes");
    struct shape shape;

    telling->is_list = list != NULL;
    if (!telling->is_list) {
        take_report(telling, doc, STR(""), now_us);
        return;
    }
    if (!shape_begin(&shape, doc, STR(""), mistakes))
        return;
    read_list(telling, &shape, shape_any(&shape, "outcomes"), now_us);
    shape_end(&shape);
}

/* --- answering ------------------------------------------------------------ */

static const char unknown_record[] = "this workspace has no record with that id";
static const char no_value[] = "this record has no value of that channel";

/* "/outcomes/3/channel" where it stands in a list. */
static struct str errors_of(const struct telling *telling, size_t index, struct buf *out)
{
    if (telling->told[index].report == NULL)
        return telling->told[index].errors;
    buf_puts(out, "[{\"pointer\":\"");
    if (telling->is_list)
        buf_printf(out, "/outcomes/%zu", index);
    buf_printf(out, "/channel\",\"detail\":\"%s\"}]", no_value);
    return buf_str(out);
}

static const char *detail_of(const struct told *told)
{
    return told->report == NULL ? told->detail.ptr : no_value;
}

static bool has_fate(const struct told *told, int fate)
{
    return told->report != NULL && (int)told->report->fate == fate;
}

static void put_problem(struct buf *body, const struct telling *telling, size_t index)
{
    struct str request_id = str_from(telling->x->request_id);
    const struct told *told = &telling->told[index];
    struct buf errors;

    if (has_fate(told, REPORT_NO_RECORD)) {
        problem_put(body, ERR_NOT_FOUND, unknown_record, request_id, STR_NONE, STR_NONE);
        return;
    }
    buf_init(&errors, 256);
    problem_put(body, ERR_INVALID, detail_of(told), request_id, errors_of(telling, index, &errors), STR_NONE);
    buf_deinit(&errors);
}

static void put_result(struct buf *body, const struct telling *telling, size_t index)
{
    const struct told *told = &telling->told[index];

    json_put_comma(body);
    if (has_fate(told, REPORT_COUNTED)) {
        buf_puts(body, "{\"status\":\"counted\"}");
    } else if (has_fate(told, REPORT_KNOWN)) {
        buf_puts(body, "{\"status\":\"known\"}");
    } else {
        buf_puts(body, "{\"error\":");
        put_problem(body, telling, index);
        buf_put_char(body, '}');
    }
}

static void respond_list(struct telling *telling)
{
    struct buf *body = exchange_body(telling->x);
    size_t counted = 0, known = 0;

    buf_puts(body, "{\"results\":[");
    for (size_t i = 0; i < telling->count; i++) {
        put_result(body, telling, i);
        counted += has_fate(&telling->told[i], REPORT_COUNTED);
        known += has_fate(&telling->told[i], REPORT_KNOWN);
    }
    buf_printf(body, "],\"counted\":%zu,\"known\":%zu}", counted, known);
    exchange_respond(telling->x, 200);
}

static void respond_single(struct telling *telling)
{
    const struct told *told = &telling->told[0];
    struct exchange *x = telling->x;
    struct buf errors;

    if (has_fate(told, REPORT_NO_RECORD)) {
        exchange_refuse(x, ERR_NOT_FOUND, unknown_record);
    } else if (has_fate(told, REPORT_COUNTED) || has_fate(told, REPORT_KNOWN)) {
        buf_printf(exchange_body(x), "{\"status\":\"%s\"}", has_fate(told, REPORT_COUNTED) ? "counted" : "known");
        exchange_respond(x, 200);
    } else {
        buf_init(&errors, 256);
        exchange_refuse_with(x, ERR_INVALID, detail_of(told), errors_of(telling, 0, &errors), STR_NONE);
        buf_deinit(&errors);
    }
}

static void respond(struct telling *telling)
{
    if (telling->is_list)
        respond_list(telling);
    else
        respond_single(telling);
    telling_free(telling);
}

static void reported(struct store_op *op, enum err err)
{
    struct telling *telling = container_of(op, struct telling, op.op);
    struct exchange *x = telling->x;

    for (size_t i = 0; err == ERR_NONE && i < telling->op.count; i++) {
        if (telling->reports[i].fate == REPORT_COUNTED)
            evidence_count_report(x->api->engine->evidence, x->workspace->id, &telling->reports[i]);
    }
    if (err == ERR_NONE) {
        respond(telling);
        return;
    }
    exchange_refuse(x, err, "tell it again: what was counted counts once");
    telling_free(telling);
}

/* --- the whole ------------------------------------------------------------- */

/* The workspace's evidence is in memory by now: what is told reaches both. */
static void tell(struct telling *telling)
{
    struct engine *engine = telling->x->api->engine;

    telling->op.workspace_id = telling->x->workspace->id;
    telling->op.reports = telling->reports;
    telling->op.scale = *evidence_scale(engine->evidence);
    telling->op.arena = &telling->arena;
    store_report_outcomes(engine->store, &telling->op, reported);
}

static void tell_when_known(struct evidence_wait *wait, enum err err)
{
    struct telling *telling = container_of(wait, struct telling, wait);

    if (err == ERR_NONE) {
        tell(telling);
        return;
    }
    exchange_refuse(telling->x, err, NULL);
    telling_free(telling);
}

void outcomes_post(struct exchange *x)
{
    struct telling *telling;
    struct shape_mistakes mistakes;
    json_t *doc;

    if (!exchange_read_json(x, &doc))
        return;
    telling = mem_new(sizeof *telling);
    telling->x = x;
    telling->wait.go_on = tell_when_known;
    arena_init(&telling->arena, TEXTS_BYTES_MAX);
    shape_mistakes_init(&mistakes);
    read_body(telling, doc, &mistakes);
    json_decref(doc);
    if (mistakes.count != 0) {
        exchange_refuse_with(x, ERR_INVALID, mistakes.first.text, buf_str(&mistakes.json), STR_NONE);
        telling_free(telling);
    } else if (telling->op.count == 0) {
        respond(telling);
    } else if (evidence_know(x->api->engine->evidence, x->workspace->id, &telling->wait)) {
        tell(telling);
    }
    shape_mistakes_deinit(&mistakes);
}
