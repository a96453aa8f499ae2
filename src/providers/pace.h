/* providers/pace.h: how fast a provider may be asked, and how often asked
 * again: pure state, the clock (steady, in microseconds) as a parameter. */
#ifndef PROVIDERS_PACE_H
#define PROVIDERS_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* At most so many in any window of that length: a token bucket that is never
 * full enough to break the rule at once. A tenth of them may come in a burst, the
 * rest evenly; a twentieth is left free, since what we send evenly
 * arrives less so. */
struct pace {
    int64_t interval_us; /* between two, when it goes on; 0: not limited */
    int64_t burst_us;    /* so far ahead of that it may be */
    int64_t due_us;      /* when the next one is, evenly */
};

/* 0 calls: not limited; at most PROVIDER_LIMIT_MAX. May be called again: what was taken stays taken. */
void pace_set(struct pace *pace, int64_t calls, int64_t window_us);

/* 0: now. `ahead` others go before. */
int64_t pace_wait_us(const struct pace *pace, int64_t ahead, int64_t now_us);
void pace_take(struct pace *pace, int64_t now_us);

/* Asking again is for the accident, not for the outage: at most a fifth of the
 * calls of the last ten seconds, and a few for those who ask little. */
enum { RETRY_SECONDS = 10, RETRY_PERCENT = 20, RETRIES_FREE = 10 };

struct retry_budget {
    struct {
        int64_t second; /* which one this slot has counted */
        unsigned calls, retries;
    } slots[RETRY_SECONDS];
};

void retry_budget_call(struct retry_budget *budget, int64_t now_us); /* one is sent for the first time */
bool retry_budget_take(struct retry_budget *budget, int64_t now_us); /* true: one may be sent again */

#endif
