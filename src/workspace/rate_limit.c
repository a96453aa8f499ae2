#include "workspace/rate_limit.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

/* An entry is the time in milliseconds modulo 2^17 with, above it, how many
 * requests came in it, less one. Nothing in the ring is more than 60 s older
 * than the newest, and the ring is emptied when that is more than 60 s old: so
 * an age is below 2^17 and the modulus loses nothing. */
enum {
    SPAN_MS = 60000,
    TIME_BITS = 17,
    TIME_MASK = (1 << TIME_BITS) - 1,
    REPEAT_MAX = (1 << (32 - TIME_BITS)) - 1,
    FIRST_ENTRIES = 4,
    DAY_S = 86400
};

static const char *const names[WINDOW_COUNT] = {
    [WINDOW_MINUTE] = "minute", [WINDOW_BULK] = "bulk", [WINDOW_DAY] = "day"};

const char *limit_window_name(enum limit_window window)
{
    check((size_t)window < LEN(names));
    return names[window];
}

void rate_limit_init(struct rate_limit *limit, int64_t day, int64_t day_count)
{
    *limit = (struct rate_limit){.day = day, .day_count = day_count};
}

void rate_limit_deinit(struct rate_limit *limit)
{
    for (size_t i = 0; i < LEN(limit->sliding); i++)
        mem_free(limit->sliding[i].ring);
    *limit = (struct rate_limit){.day = 0};
}

/* --- a sliding window ----------------------------------------------------- */

static uint32_t *entry_at(const struct sliding *sliding, uint32_t index)
{
    uint32_t at = sliding->first + index;

    return &sliding->ring[at >= sliding->capacity ? at - sliding->capacity : at];
}

static int64_t age_of(const struct sliding *sliding, uint32_t index, int64_t now_ms)
{
    return (now_ms - *entry_at(sliding, index)) & TIME_MASK;
}

static void forget_old(struct sliding *sliding, int64_t now_ms)
{
    if (sliding->used != 0 && now_ms - sliding->newest_ms > SPAN_MS) {
        sliding->used = 0;
        sliding->count = 0;
    }
    while (sliding->used != 0 && age_of(sliding, 0, now_ms) > SPAN_MS) {
        sliding->count -= 1 + (*entry_at(sliding, 0) >> TIME_BITS);
        sliding->first = sliding->first + 1 == sliding->capacity ? 0 : sliding->first + 1;
        sliding->used--;
    }
}

/* Twice the room, but no more than `max` requests can ever need. */
static void grow(struct sliding *sliding, int64_t max)
{
    uint32_t capacity = sliding->capacity != 0 ? sliding->capacity * 2 : FIRST_ENTRIES;
    uint32_t *ring;

    if (capacity > max)
        capacity = (uint32_t)max;
    ring = mem_new(capacity * sizeof *ring);
    for (uint32_t i = 0; i < sliding->used; i++)
        ring[i] = *entry_at(sliding, i);
    mem_free(sliding->ring);
    sliding->ring = ring;
    sliding->capacity = capacity;
    sliding->first = 0;
}

static void remember(struct sliding *sliding, int64_t max, int64_t now_ms)
{
    uint32_t *last = sliding->used == 0 ? NULL : entry_at(sliding, sliding->used - 1);

    sliding->count++;
    if (last != NULL && sliding->newest_ms == now_ms && *last >> TIME_BITS < REPEAT_MAX) {
        *last += 1u << TIME_BITS;
        return;
    }
    if (sliding->used == sliding->capacity)
        grow(sliding, max);
    sliding->used++;
    *entry_at(sliding, sliding->used - 1) = (uint32_t)(now_ms & TIME_MASK);
    sliding->newest_ms = now_ms;
}

/* --- the three together --------------------------------------------------- */

struct window_state {
    int64_t left;
    int64_t reset_s; /* until there is more, rounded up; 0: all is there */
};

static void enter_day(struct rate_limit *limit, int64_t wall_us)
{
    int64_t day = wall_us / SECOND_US / DAY_S;

    if (day <= limit->day)
        return;
    limit->day = day;
    limit->day_count = 0;
}

static struct window_state state_of(struct rate_limit *limit, const struct rate_limits *limits,
                                    enum limit_window window, struct rate_time now)
{
    struct sliding *sliding = &limit->sliding[window == WINDOW_DAY ? 0 : window];
    int64_t count, reset_us;

    if (window == WINDOW_DAY) {
        enter_day(limit, now.wall_us);
        count = limit->day_count;
        reset_us = (limit->day + 1) * DAY_S * SECOND_US - now.wall_us;
    } else {
        int64_t now_ms = now.steady_us / MS_US;

        forget_old(sliding, now_ms);
        count = sliding->count;
        reset_us = count == 0 ? 0 : (SPAN_MS + 1 - age_of(sliding, 0, now_ms)) * MS_US;
    }
    return (struct window_state){.left = count < limits->max[window] ? limits->max[window] - count : 0,
                                 .reset_s = (reset_us + SECOND_US - 1) / SECOND_US};
}

static bool is_counted(enum limit_class class, enum limit_window window)
{
    return window == WINDOW_DAY || (window == WINDOW_MINUTE) == (class == LIMIT_SINGLE);
}

bool rate_limit_take(struct rate_limit *limit, const struct rate_limits *limits, enum limit_class class,
                     struct rate_time now, struct rate_refusal *out_refusal)
{
    enum limit_window sliding = class == LIMIT_SINGLE ? WINDOW_MINUTE : WINDOW_BULK;

    *out_refusal = (struct rate_refusal){.windows = 0};
    if (class == LIMIT_NONE)
        return true;
    for (enum limit_window window = 0; window < WINDOW_COUNT; window++) {
        struct window_state state;

        if (!is_counted(class, window))
            continue;
        state = state_of(limit, limits, window, now);
        if (state.left > 0)
            continue;
        out_refusal->windows |= 1u << window;
        if (state.reset_s > out_refusal->retry_s)
            out_refusal->retry_s = state.reset_s;
    }
    if (out_refusal->windows != 0)
        return false;
    remember(&limit->sliding[sliding], limits->max[sliding], now.steady_us / MS_US);
    limit->day_count++;
    return true;
}

/* The two lines are put together on the stack: they stand on every answer. */
enum { LINES_BYTES_MAX = 512 };

static char *put_text(char *at, struct str text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

static char *put_number(char *at, int64_t value)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[sizeof digits - ++count] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(at, digits + sizeof digits - count, count);
    return at + count;
}

static char *put_policy(char *at, const struct rate_limits *limits)
{
    at = put_number(put_text(at, STR("RateLimit-Policy: \"minute\";q=")), limits->max[WINDOW_MINUTE]);
    at = put_number(put_text(at, STR(";w=60, \"bulk\";q=")), limits->max[WINDOW_BULK]);
    at = put_number(put_text(at, STR(";w=60, \"day\";q=")), limits->max[WINDOW_DAY]);
    return put_text(at, STR(";w=86400\r\n"));
}

static char *put_state(char *at, struct str before, struct window_state state)
{
    at = put_number(put_text(at, before), state.left);
    return put_number(put_text(at, STR(";t=")), state.reset_s);
}

void rate_limit_put_headers(struct buf *out, struct rate_limit *limit, const struct rate_limits *limits,
                            struct rate_time now)
{
    char lines[LINES_BYTES_MAX];
    char *at = put_policy(lines, limits);

    at = put_state(at, STR("RateLimit: \"minute\";r="), state_of(limit, limits, WINDOW_MINUTE, now));
    at = put_state(at, STR(", \"bulk\";r="), state_of(limit, limits, WINDOW_BULK, now));
    at = put_state(at, STR(", \"day\";r="), state_of(limit, limits, WINDOW_DAY, now));
    at = put_text(at, STR("\r\n"));
    buf_put(out, (struct str){lines, (size_t)(at - lines)});
}
