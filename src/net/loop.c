#include "net/loop.h"

#include "base/log.h"

enum { ROUNDS_MAX = 4 };

static void run_once(struct loop *loop)
{
    struct list due;
    struct list *link;

    list_init(&due);
    list_move_all(&due, &loop->later);
    while ((link = list_take(&due)) != NULL) {
        struct later *later = list_entry(link, struct later, link);

        later->run(later);
    }
}

/* What is put off while this runs is mostly the next step of the same work:
 * a few rounds spare it a turn of the loop. More would starve the sockets. */
static void run_later(uv_check_t *after_poll)
{
    struct loop *loop = container_of(after_poll, struct loop, after_poll);

    for (int round = 0; round < ROUNDS_MAX && !list_is_empty(&loop->later); round++)
        run_once(loop);
    if (list_is_empty(&loop->later))
        uv_idle_stop(&loop->no_waiting);
    log_flush();
}

static void do_nothing(uv_idle_t *idle)
{
    (void)idle;
}

void loop_init(struct loop *loop)
{
    check(uv_loop_init(&loop->uv) == 0);
    list_init(&loop->later);
    uv_check_init(&loop->uv, &loop->after_poll);
    uv_check_start(&loop->after_poll, run_later);
    uv_idle_init(&loop->uv, &loop->no_waiting);
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_deinit(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->after_poll, NULL);
    uv_close((uv_handle_t *)&loop->no_waiting, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    check(uv_loop_close(&loop->uv) == 0);
}

void loop_later_init(struct later *later, void (*run)(struct later *later))
{
    list_init(&later->link);
    later->run = run;
}

void loop_later(struct loop *loop, struct later *later)
{
    check(list_is_empty(&later->link));
    if (list_is_empty(&loop->later))
        uv_idle_start(&loop->no_waiting, do_nothing);
    list_append(&loop->later, &later->link);
}

void loop_later_cancel(struct loop *loop, struct later *later)
{
    (void)loop;
    list_remove(&later->link);
}

static void timer_expired(uv_timer_t *uv)
{
    struct loop_timer *timer = container_of(uv, struct loop_timer, uv);

    timer->expired(timer);
}

static void timer_closed(uv_handle_t *handle)
{
    struct loop_timer *timer = container_of(handle, struct loop_timer, uv);

    if (timer->closed != NULL)
        timer->closed(timer);
}

void loop_timer_init(struct loop *loop, struct loop_timer *timer, void (*expired)(struct loop_timer *timer))
{
    check(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->expired = expired;
    timer->closed = NULL;
}

void loop_timer_start(struct loop_timer *timer, int64_t after_us)
{
    uint64_t ms = after_us <= 0 ? 0 : (uint64_t)(after_us + 999) / 1000;

    /* libuv counts from the loop's last look at the clock. */
    uv_update_time(timer->uv.loop);
    check(uv_timer_start(&timer->uv, timer_expired, ms, 0) == 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    uv_timer_stop(&timer->uv);
}

void loop_timer_close(struct loop_timer *timer, void (*closed)(struct loop_timer *timer))
{
    timer->closed = closed;
    uv_close((uv_handle_t *)&timer->uv, timer_closed);
}
