/* GET /records: the people known, newest first; ?pushable=true: those that may be written to. */
#include "api/answer.h"
#include "api/exchange.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "enrich/push.h"
#include "enrich/trail.h"
#include "workspace/suppression.h"

enum { PAGE_BYTES_MAX = 1024 * 1024 };

struct list_reading {
    struct exchange *x;
    bool is_pushable_only;
    struct arena arena;
    struct store_records list;
};

static void put_record(struct buf *out, const struct record *record, unsigned shown)
{
    json_put_comma(out);
    buf_put_char(out, '{');
    answer_put_id(out, record->id, false);
    buf_puts(out, ",\"created_at\":\"");
    clock_put_time(out, record->created_at_us);
    buf_puts(out, "\",\"channels\":");
    answer_put_channels(out, record->channels, CHANNELS_ALL, shown, true);
    buf_put_char(out, '}');
}

static void put_list(struct buf *out, const struct list_reading *reading)
{
    const struct suppressions *set = reading->x->workspace->suppressions;
    const struct store_records *list = &reading->list;

    buf_puts(out, "{\"records\":[");
    for (size_t i = 0; i < list->count; i++) {
        const struct record *record = &list->records[i];
        unsigned shown = reading->is_pushable_only ? record_pushable(record) : CHANNELS_ALL;

        if (shown != 0 && (set == NULL || !suppressions_hold_record(set, record)))
            put_record(out, record, shown);
    }
    buf_puts(out, "],\"next_cursor\":");
    if (list->has_more) {
        buf_put_char(out, '"');
        id_put(out, RECORD_PREFIX, list->records[list->count - 1].id);
        buf_puts(out, "\"}");
    } else {
        buf_puts(out, "null}");
    }
}

static void list_read(struct store_op *op, enum err err)
{
    struct list_reading *reading = container_of(op, struct list_reading, list.op);
    struct exchange *x = reading->x;

    if (err == ERR_NONE) {
        put_list(exchange_body(x), reading);
        exchange_respond(x, 200);
    } else {
        exchange_refuse(x, err, NULL);
    }
    arena_deinit(&reading->arena);
    mem_free(reading);
}

/* False: refused. */
static bool read_query(struct exchange *x, bool *out_pushable, struct id *out_before)
{
    struct str pushable = exchange_query(x, STR("pushable"));
    struct str cursor = exchange_query(x, STR("cursor"));

    *out_pushable = str_is(pushable, STR("true"));
    if (pushable.len != 0 && !*out_pushable && !str_is(pushable, STR("false"))) {
        exchange_refuse(x, ERR_INVALID, "pushable must be true or false");
        return false;
    }
    if (cursor.len != 0 && !id_read(cursor, RECORD_PREFIX, out_before)) {
        exchange_refuse(x, ERR_INVALID, "cursor must be the next_cursor of an earlier page");
        return false;
    }
    return true;
}

void records_get(struct exchange *x)
{
    struct list_reading *reading;
    struct id before = {{0}};
    bool is_pushable_only;

    if (!read_query(x, &is_pushable_only, &before))
        return;
    reading = mem_new(sizeof *reading);
    reading->x = x;
    reading->is_pushable_only = is_pushable_only;
    arena_init(&reading->arena, PAGE_BYTES_MAX);
    reading->list = (struct store_records){.workspace_id = x->workspace->id,
                                           .before = before,
                                           .with_identities = x->workspace->suppressions != NULL,
                                           .arena = &reading->arena};
    store_list_records(x->api->engine->store, &reading->list, list_read);
}
