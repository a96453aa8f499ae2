/* GET /usage: what was done and spent, by day, endpoint and provider. */
#include "api/exchange.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

enum { USAGE_DAYS_DEFAULT = 30, USAGE_DAYS_MAX = 366, USAGE_BYTES_MAX = 16 * 1024 * 1024 };

struct usage_reading {
    struct exchange *x;
    struct arena arena;
    struct store_usage usage;
};

static void put_date(struct buf *body, int64_t day)
{
    int year, month, day_of_month;

    clock_date_of_days(day, &year, &month, &day_of_month);
    buf_printf(body, "\"%04d-%02d-%02d\"", year, month, day_of_month);
}

/* The rows of one day and subject as objects; answers the first row behind them. */
static const struct usage_row *put_rows(struct buf *body, const struct usage_row *row, int64_t day,
                                        enum usage_subject subject)
{
    static const char *const members[][3] = {
        [USAGE_ENDPOINT] = {"endpoint", "requests", "replays"}, [USAGE_PROVIDER] = {"provider", "asked", "hits"}};
    const char *const *names = members[subject];

    buf_put_char(body, '[');
    for (; row != NULL && row->day == day && row->subject == subject; row = row->next) {
        json_put_comma(body);
        buf_printf(body, "{\"%s\":", names[0]);
        json_put_str(body, row->name);
        buf_printf(body, ",\"%s\":%lld,\"%s\":%lld,\"credits\":%lld}", names[1], (long long)row->total, names[2],
                   (long long)row->part, (long long)row->credits);
    }
    buf_put_char(body, ']');
    return row;
}

static void put_usage(struct buf *body, const struct store_usage *usage)
{
    const struct usage_row *row = usage->rows;

    buf_puts(body, "{\"from\":");
    put_date(body, usage->from_day);
    buf_puts(body, ",\"to\":");
    put_date(body, usage->to_day);
    buf_puts(body, ",\"days\":[");
    while (row != NULL) {
        int64_t day = row->day;

        json_put_comma(body);
        buf_puts(body, "{\"date\":");
        put_date(body, day);
        buf_puts(body, ",\"endpoints\":");
        row = put_rows(body, row, day, USAGE_ENDPOINT);
        buf_puts(body, ",\"providers\":");
        row = put_rows(body, row, day, USAGE_PROVIDER);
        buf_put_char(body, '}');
    }
    buf_puts(body, "]}");
}

static void usage_read(struct store_op *op, enum err err)
{
    struct usage_reading *reading = container_of(op, struct usage_reading, usage.op);
    struct exchange *x = reading->x;

    if (err != ERR_NONE) {
        exchange_refuse(x, err, NULL);
    } else {
        put_usage(exchange_body(x), &reading->usage);
        exchange_respond(x, 200);
    }
    arena_deinit(&reading->arena);
    mem_free(reading);
}

/* A date as days since 1970; the default when the parameter is not there. */
static bool read_day(const struct exchange *x, struct str name, int64_t otherwise, int64_t *out_day)
{
    struct str text = exchange_query(x, name);
    char time[] = "YYYY-MM-DDT00:00:00Z";
    int64_t time_us;

    *out_day = otherwise;
    if (text.ptr == NULL)
        return true;
    if (text.len != 10)
        return false;
    memcpy(time, text.ptr, text.len);
    if (!clock_read_time(str_from(time), &time_us))
        return false;
    *out_day = usage_day(time_us);
    return true;
}

void usage_get(struct exchange *x)
{
    int64_t today = usage_day(clock_wall_us()), from_day, to_day;
    struct usage_reading *reading;

    if (!read_day(x, STR("to"), today, &to_day) ||
        !read_day(x, STR("from"), to_day - (USAGE_DAYS_DEFAULT - 1), &from_day)) {
        exchange_refuse(x, ERR_INVALID, "from and to must be dates, like 2026-05-26");
        return;
    }
    if (from_day > to_day || to_day - from_day >= USAGE_DAYS_MAX) {
        exchange_refuse(x, ERR_INVALID, "from must not be after to, and they may span 366 days at most");
        return;
    }
    reading = mem_new(sizeof *reading);
    reading->x = x;
    arena_init(&reading->arena, USAGE_BYTES_MAX);
    reading->usage = (struct store_usage){
        .workspace_id = x->workspace->id, .from_day = from_day, .to_day = to_day, .arena = &reading->arena};
    api_flush(x->api);
    store_read_usage(x->api->engine->store, &reading->usage, usage_read);
}
