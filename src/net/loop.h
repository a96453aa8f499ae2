/* net/loop.h: the one loop (libuv) and the one thread that owns all state.
 *
 * Completion rule for everything asynchronous in this program: an operation is
 * a struct embedded in its owner and kept in place until its `done`, which
 * comes exactly once, from the loop, never before the starting call returned.
 * Whoever has its result at once completes through loop_later. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/list.h"

#include <stdint.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    struct list later;     /* of struct later, in the order of their calls */
    uv_check_t after_poll; /* runs what was put off, then writes the log */
    uv_idle_t no_waiting;  /* active while `later` is not empty: poll must not block */
};

/* A call put off to the end of this turn of the loop. Embedded. */
struct later {
    struct list link;
    void (*run)(struct later *later);
};

/* A one-shot timer. Embedded; loop_timer_start may be called again and again.
 * Timers share the loop's uv timer heap through a handle of their own, so the
 * owner must loop_timer_close and keep the memory until `closed` (may be NULL). */
struct loop_timer {
    uv_timer_t uv;
    void (*expired)(struct loop_timer *timer);
    void (*closed)(struct loop_timer *timer);
};

void loop_init(struct loop *loop);
void loop_run(struct loop *loop); /* until loop_stop */
void loop_stop(struct loop *loop);
void loop_deinit(struct loop *loop); /* runs until every closing handle is closed */

void loop_later_init(struct later *later, void (*run)(struct later *later));
void loop_later(struct loop *loop, struct later *later);
void loop_later_cancel(struct loop *loop, struct later *later);

void loop_timer_init(struct loop *loop, struct loop_timer *timer, void (*expired)(struct loop_timer *timer));
void loop_timer_start(struct loop_timer *timer, int64_t after_us); /* rounds up to whole milliseconds */
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_close(struct loop_timer *timer, void (*closed)(struct loop_timer *timer));

#endif
