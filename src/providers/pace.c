#include "providers/pace.h"

#include "base/check.h"
#include "base/clock.h"
#include "providers/provider.h"

/* With bursts of `b` and then one each interval, any window has at most
 * b + window / interval: b is chosen so that this is not more than `calls`. */
void pace_set(struct pace *pace, int64_t calls, int64_t window_us)
{
    int64_t burst;

    check(calls >= 0 && calls <= PROVIDER_LIMIT_MAX);
    pace->interval_us = 0;
    pace->burst_us = 0;
    if (calls == 0)
        return;
    burst = 1 + calls / 10;
    pace->interval_us = (window_us + window_us / 20) / (calls - burst + 1) + 1;
    pace->burst_us = (burst - 1) * pace->interval_us;
}

int64_t pace_wait_us(const struct pace *pace, int64_t ahead, int64_t now_us)
{
    int64_t due_us = pace->due_us > now_us ? pace->due_us : now_us;
    int64_t wait_us = due_us + ahead * pace->interval_us - pace->burst_us - now_us;

    return pace->interval_us == 0 || wait_us < 0 ? 0 : wait_us;
}

void pace_take(struct pace *pace, int64_t now_us)
{
    pace->due_us = (pace->due_us > now_us ? pace->due_us : now_us) + pace->interval_us;
}

static size_t slot_of(struct retry_budget *budget, int64_t now_us)
{
    int64_t second = now_us / SECOND_US;
    size_t at = (size_t)(second % RETRY_SECONDS);

    if (budget->slots[at].second != second) {
        budget->slots[at].second = second;
        budget->slots[at].calls = 0;
        budget->slots[at].retries = 0;
    }
    return at;
}

void retry_budget_call(struct retry_budget *budget, int64_t now_us)
{
    budget->slots[slot_of(budget, now_us)].calls++;
}

bool retry_budget_take(struct retry_budget *budget, int64_t now_us)
{
    size_t at = slot_of(budget, now_us);
    uint64_t calls = 0, retries = 0;

    for (size_t i = 0; i < RETRY_SECONDS; i++) {
        if (budget->slots[i].second <= now_us / SECOND_US - RETRY_SECONDS)
            continue;
        calls += budget->slots[i].calls;
        retries += budget->slots[i].retries;
    }
    if (retries >= RETRIES_FREE + calls * RETRY_PERCENT / 100)
        return false;
    budget->slots[at].retries++;
    return true;
}
