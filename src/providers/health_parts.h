/* providers/health_parts.h: inside of health.c (asking) and health_tell.c (log,
 * metrics, descriptions). */
#ifndef PROVIDERS_HEALTH_PARTS_H
#define PROVIDERS_HEALTH_PARTS_H

#include "providers/breaker.h"
#include "providers/health.h"
#include "providers/pace.h"

struct health {
    struct list all; /* in health_all */
    struct loop *loop;
    struct str name;        /* owned */
    struct provider *owner; /* whose answers say how it is: after a reload, the new one */
    unsigned owners;        /* providers that hold it */

    struct breaker breaker;
    struct pace per_second, per_minute, polls;
    int64_t concurrent; /* 0: not limited */
    int64_t under_way;  /* with the kind */
    struct retry_budget budget;

    struct list waiting; /* calls in order; due_us: given up then */
    size_t waiting_count;
    struct list later; /* calls to be sent again, and checks; due_us: they line up then */
    int64_t due_us;    /* of nobody on these lists before */
    struct loop_timer timer;
    int64_t timer_us; /* when it expires */

    /* of health_tell.c */
    enum breaker_state told; /* by the log; IN_SERVICE: nothing, or that it is back */
    int64_t told_us;
    struct series *skips[OUTCOME_COUNT];
    struct series *states[BREAKER_STATE_COUNT];
    struct series *waiting_now, *sent_again, *not_sent_again;
};

struct list *health_all(void); /* every health there is */

/* Its state may have changed: a line in the log when somebody should know. */
void health_tell(struct health *health, int64_t now_us);

void health_tell_unusable(const struct provider *provider);
void health_tell_usable(const struct provider *provider); /* after it was not */
void health_count_skip(struct health *health, enum outcome outcome);
void health_count_retry(struct health *health, bool is_sent);

/* Nobody has it any more: its gauges are not shown. */
void health_hide_gauges(struct health *health);

#endif
