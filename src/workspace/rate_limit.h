/* workspace/rate_limit.h: how often a workspace may ask.
 *
 * Three windows: "minute" over the endpoints for one record together, "bulk"
 * over the bulk endpoint, both sliding and exact: never more than the limit
 * inside any 60 seconds of steady time; "day" over all of them, by the UTC day.
 * The day never goes back, whatever the wall clock does. What is refused does
 * not count.
 *
 * Time is kept in whole milliseconds and a request is forgotten when it is more
 * than 60,000 of them old, so rounding is on the safe side. A window takes four
 * bytes for each request it remembers, those of one millisecond together, and
 * nothing before the first. */
#ifndef WORKSPACE_RATE_LIMIT_H
#define WORKSPACE_RATE_LIMIT_H

#include "base/buf.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Which windows a route counts for, besides the day. */
enum limit_class { LIMIT_NONE, LIMIT_SINGLE, LIMIT_BULK };

enum { RATE_LIMIT_MAX = 1000000000 };

/* Requests of the last 60 seconds, oldest first from `first`, in a ring. */
struct sliding {
    uint32_t *ring;
    uint32_t capacity, first, used; /* entries */
    int64_t count;                  /* requests in them */
    int64_t newest_ms;
};

struct rate_limit {
    struct sliding sliding[WINDOW_DAY];
    int64_t day; /* since 1970 */
    int64_t day_count;
};

struct rate_time {
    int64_t steady_us, wall_us;
};

/* A refusal, for the client. */
struct rate_refusal {
    unsigned windows; /* 1 << enum limit_window: those that are full */
    int64_t retry_s;  /* not earlier than a request may go through */
};

void rate_limit_init(struct rate_limit *limit, int64_t day, int64_t day_count); /* as they were kept */
void rate_limit_deinit(struct rate_limit *limit);

/* Counts a request. False (nothing counted) when a window is full. */
bool rate_limit_take(struct rate_limit *limit, const struct rate_limits *limits, enum limit_class class,
                     struct rate_time now, struct rate_refusal *out_refusal);

/* The header lines RateLimit-Policy and RateLimit. */
void rate_limit_put_headers(struct buf *out, struct rate_limit *limit, const struct rate_limits *limits,
                            struct rate_time now);

const char *limit_window_name(enum limit_window window);

#endif
