#include "providers/health.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "providers/health_parts.h"

/* The longest pause before a call is sent again, beside what it was told. */
#define AGAIN_US (500 * MS_US)
#define AGAIN_ROOM_US (2 * MS_US) /* with less time than that an answer cannot be hoped for */

/* Who was given less than this, and less than half of what it usually is, is
 * not to blame for being late. */
#define FAIR_US SECOND_US

/* Keys are checked within this time after the start, not all at once. */
#define CHECK_SPREAD_US SECOND_US

enum { CHECK_ARENA_BYTES_MAX = 64 * 1024, DUE_TICK_US = 10000 };

/* A check of the key; a provider has one at a time. */
struct key_check {
    struct provider_call call;
    struct arena arena;
};

static void turn(struct health *health);
static void put_on(struct health *health, struct list *calls, struct provider_call *call, int64_t due_us);

static struct provider_call *call_of(struct list *link)
{
    return list_entry(list_entry(link, struct later, link), struct provider_call, later);
}

/* --- may it be asked, and when -------------------------------------------------- */

/* 0: now. INT64_MAX: when another call has ended. */
static int64_t wait_us_of(const struct health *health, int64_t ahead, int64_t now_us)
{
    int64_t second_us = pace_wait_us(&health->per_second, ahead, now_us);
    int64_t minute_us = pace_wait_us(&health->per_minute, ahead, now_us);

    if (health->concurrent != 0 && health->under_way >= health->concurrent)
        return INT64_MAX;
    return second_us > minute_us ? second_us : minute_us;
}

/* Waits take at most half of the time that a call has left: the other half is
 * for the provider. */
static int64_t patience_us(int64_t left_us)
{
    return left_us / 2;
}

/* Is there room to wait in, and a turn in time? */
static bool can_line_up(const struct health *health, int64_t timeout_us, int64_t now_us)
{
    int64_t ahead = (int64_t)health->waiting_count;
    int64_t wait_us = wait_us_of(health, ahead, now_us);

    if (wait_us == 0)
        return true;
    if (wait_us == INT64_MAX) /* nobody knows: as long as it waits */
        return ahead < CALLS_WAITING_MAX;
    return ahead < CALLS_WAITING_MAX && wait_us <= patience_us(timeout_us);
}

static bool is_refused(const struct health *health)
{
    return health->breaker.state == BREAKER_OUT_OF_CREDITS || health->breaker.state == BREAKER_AUTH_ERROR;
}

/* A check is sent to a provider that refuses us too: it is how we learn. */
static enum outcome reason_to_skip(const struct health *health, const struct provider_call *call, int64_t now_us)
{
    if (call->is_check && is_refused(health))
        return OUTCOME_HIT;
    return breaker_reason_to_skip(&health->breaker, now_us);
}

static enum outcome reason_not_to_ask(const struct provider *provider, int64_t timeout_us)
{
    const struct health *health = provider->health;
    int64_t now_us;
    enum outcome reason;

    if (health == NULL)
        return OUTCOME_HIT;
    if (provider->unusable != NULL)
        return OUTCOME_AUTH_ERROR;
    now_us = clock_steady_us();
    reason = breaker_reason_to_skip(&health->breaker, now_us);
    if (reason == OUTCOME_HIT && !can_line_up(health, timeout_us, now_us))
        reason = OUTCOME_RATE_LIMITED;
    return reason;
}

enum outcome provider_reason_to_skip(struct provider *provider, int64_t timeout_us)
{
    enum outcome reason = reason_not_to_ask(provider, timeout_us);

    if (reason != OUTCOME_HIT)
        health_count_skip(provider->health, reason);
    return reason;
}

int64_t provider_pace_request(struct provider *provider, bool is_poll, int64_t left_us)
{
    struct health *health = provider->health;
    int64_t now_us = clock_steady_us();
    bool is_apart;
    int64_t wait_us;

    if (health == NULL)
        return 0;
    is_apart = is_poll && health->polls.interval_us != 0;
    wait_us = pace_wait_us(is_apart ? &health->polls : &health->per_second, 0, now_us);
    if (!is_apart && pace_wait_us(&health->per_minute, 0, now_us) > wait_us)
        wait_us = pace_wait_us(&health->per_minute, 0, now_us);
    if (wait_us > left_us)
        return -1;
    if (is_apart) {
        pace_take(&health->polls, now_us);
    } else {
        pace_take(&health->per_second, now_us);
        pace_take(&health->per_minute, now_us);
    }
    return wait_us;
}

/* --- the ends of a call ------------------------------------------------------------ */

static void hand_back(struct provider_call *call)
{
    call->provider->calls_out--;
    call->done = call->asker_done;
}

static void deliver(struct provider_call *call)
{
    hand_back(call);
    call->done(call);
}

/* It was not sent. */
static void end_unsent(struct health *health, struct provider_call *call, enum outcome outcome)
{
    if (!call->is_check)
        health_count_skip(health, outcome);
    call->done = deliver; /* until then its provider is busy */
    provider_call_end(health->loop, call, outcome);
}

/* What the call says of the provider. */
static struct breaker_event event_of(const struct provider_call *call)
{
    const struct provider *provider = call->provider;
    struct breaker_event event = {.outcome = call->outcome, .wait_us = call->wait_us, .is_probe = call->is_probe};
    bool is_refusal = call->outcome == OUTCOME_AUTH_ERROR || call->outcome == OUTCOME_OUT_OF_CREDITS;
    bool was_unfair = call->timeout_us < FAIR_US && call->timeout_us < provider->timeout_us / 2;

    if (call->unanswered != 0 && call->failure == OUTCOME_RATE_LIMITED && !call->is_ours)
        event.outcome = OUTCOME_RATE_LIMITED;
    event.says_nothing = (call->is_ours && !outcome_is_answer(call->outcome)) ||
                         (call->outcome == OUTCOME_TIMEOUT && was_unfair) ||
                         (is_refusal && provider != provider->health->owner);
    return event;
}

static void learn(struct health *health, const struct provider_call *call, int64_t now_us)
{
    const struct breaker_event event = event_of(call);
    bool is_changed = breaker_end(&health->breaker, &event, now_us);

    if (call->is_check && (call->outcome == OUTCOME_HIT || call->outcome == OUTCOME_MISS) && is_refused(health)) {
        breaker_forgive(&health->breaker, now_us);
        is_changed = true;
    }
    if (is_changed)
        health_tell(health, now_us);
}

/* How long to wait before it is sent again; less than 0: it is not. */
static int64_t again_in_us(struct health *health, const struct provider_call *call, int64_t now_us)
{
    enum breaker_state state = breaker_state(&health->breaker, now_us);
    int64_t patience = patience_us(call->deadline_us - now_us);
    int64_t wait_us = state == BREAKER_RATE_LIMITED ? health->breaker.until_us - now_us : 0;

    if (!call->is_repeatable || outcome_is_answer(call->outcome) || call->is_probe || call->is_check ||
        call->tries >= CALL_TRIES_MAX || wait_us >= patience || patience < AGAIN_ROOM_US ||
        (state != BREAKER_IN_SERVICE && state != BREAKER_RATE_LIMITED))
        return -1;
    patience -= wait_us;
    return wait_us + random_between(&health->breaker.random, 0, patience < AGAIN_US ? patience : AGAIN_US);
}

static void forget_answer(struct provider_call *call)
{
    for (size_t i = 0; i < slots_end(call->channels); i++)
        call->values[i] = (struct provider_value){.value = STR_NONE};
    call->outcome = OUTCOME_HIT;
    call->unanswered = 0;
    call->failure = OUTCOME_HIT;
    call->verdict = (enum email_status)0;
    call->is_repeatable = false;
    call->is_ours = false;
    call->wait_us = 0;
    call->state = NULL;
}

/* True: the call is not over. */
static bool send_again(struct health *health, struct provider_call *call, int64_t now_us)
{
    int64_t in_us = again_in_us(health, call, now_us);
    bool is_allowed;

    if (in_us < 0)
        return false;
    is_allowed = retry_budget_take(&health->budget, now_us);
    health_count_retry(health, is_allowed);
    if (!is_allowed)
        return false;
    forget_answer(call);
    put_on(health, &health->later, call, now_us + in_us);
    return true;
}

/* The kind's `done`. */
static void answered(struct provider_call *call)
{
    struct health *health = call->provider->health;
    int64_t now_us = clock_steady_us();
    bool is_over = true;

    provider_count_call(call->provider, call->outcome, now_us - (call->deadline_us - call->timeout_us));
    if (health != NULL) {
        health->under_way--;
        learn(health, call, now_us);
        is_over = !send_again(health, call, now_us);
        turn(health);
    }
    if (is_over)
        deliver(call);
}

/* --- sending ------------------------------------------------------------------------- */

static void give_to_kind(struct provider_call *call, int64_t now_us)
{
    struct provider *provider = call->provider;

    call->tries++;
    call->timeout_us = call->deadline_us > now_us ? call->deadline_us - now_us : 1;
    if (call->is_check)
        provider->kind->check_key(provider, call);
    else
        provider->kind->ask(provider, call);
}

static void send_counted(struct health *health, struct provider_call *call, int64_t now_us)
{
    pace_take(&health->per_second, now_us);
    pace_take(&health->per_minute, now_us);
    health->under_way++;
    if (!(call->is_check && is_refused(health)))
        call->is_probe = breaker_begin(&health->breaker, now_us);
    if (call->tries == 0)
        retry_budget_call(&health->budget, now_us);
    give_to_kind(call, now_us);
}

static void put_on(struct health *health, struct list *calls, struct provider_call *call, int64_t due_us)
{
    call->due_us = due_us;
    list_append(calls, &call->later.link);
    health->due_us = due_us < health->due_us ? due_us : health->due_us;
    health->waiting_count += calls == &health->waiting;
}

static void take_off(struct health *health, struct list *calls, struct provider_call *call)
{
    list_remove(&call->later.link);
    health->waiting_count -= calls == &health->waiting;
}

static void line_up(struct health *health, struct provider_call *call, int64_t now_us)
{
    put_on(health, &health->waiting, call, now_us + patience_us(call->deadline_us - now_us));
}

/* Those whose pause is over go to the end of the line; those in line who waited
 * too long give up. */
static void see_who_is_due(struct health *health, int64_t now_us)
{
    health->due_us = INT64_MAX;
    list_each(link, following, &health->waiting)
    {
        struct provider_call *call = call_of(link);

        if (call->due_us <= now_us) {
            take_off(health, &health->waiting, call);
            end_unsent(health, call, OUTCOME_RATE_LIMITED);
        } else if (call->due_us < health->due_us) {
            health->due_us = call->due_us;
        }
    }
    list_each(link, following, &health->later)
    {
        struct provider_call *call = call_of(link);

        if (call->due_us <= now_us) {
            take_off(health, &health->later, call);
            line_up(health, call, now_us);
        } else if (call->due_us < health->due_us) {
            health->due_us = call->due_us;
        }
    }
}

/* The first in line, while it is its turn or there is nothing to wait for. */
static void send_first(struct health *health, int64_t now_us)
{
    while (!list_is_empty(&health->waiting)) {
        struct provider_call *call = call_of(health->waiting.next);
        enum outcome reason = reason_to_skip(health, call, now_us);

        if (reason == OUTCOME_HIT && wait_us_of(health, 0, now_us) > 0)
            return;
        take_off(health, &health->waiting, call);
        if (reason == OUTCOME_HIT)
            send_counted(health, call, now_us);
        else
            end_unsent(health, call, reason);
    }
}

static void wake_at(struct health *health, int64_t at_us, int64_t now_us)
{
    if (at_us >= health->timer_us)
        return;
    health->timer_us = at_us;
    loop_timer_start(&health->timer, at_us - now_us);
}

/* Looking through all who wait is not for every millisecond. */
static int64_t tick_after(int64_t us)
{
    return us == INT64_MAX ? us : us + DUE_TICK_US - us % DUE_TICK_US;
}

/* For the first in line, and for whoever is due first. */
static void wake_in_time(struct health *health, int64_t now_us)
{
    int64_t wait_us = list_is_empty(&health->waiting) ? INT64_MAX : wait_us_of(health, 0, now_us);

    if (wait_us != INT64_MAX)
        wake_at(health, now_us + wait_us, now_us);
    wake_at(health, tick_after(health->due_us), now_us);
}

/* Something has changed: a call ended, a time is over. */
static void turn(struct health *health)
{
    int64_t now_us = clock_steady_us();

    if (list_is_empty(&health->waiting) && list_is_empty(&health->later))
        return;
    if (health->due_us <= now_us)
        see_who_is_due(health, now_us);
    send_first(health, now_us);
    wake_in_time(health, now_us);
}

static void timer_expired(struct loop_timer *timer)
{
    struct health *health = container_of(timer, struct health, timer);

    health->timer_us = INT64_MAX;
    turn(health);
}

/* --- asking ----------------------------------------------------------------------------- */

static void take_in(struct provider *provider, struct provider_call *call)
{
    provider->calls_out++;
    call->provider = provider;
    call->asker_done = call->done;
    call->done = answered;
    call->deadline_us = clock_steady_us() + call->timeout_us;
    call->is_probe = false;
    call->tries = 0;
}

void provider_ask(struct provider *provider, struct provider_call *call)
{
    struct health *health = provider->health;
    enum outcome reason = reason_not_to_ask(provider, call->timeout_us);
    int64_t now_us;

    call->is_check = false;
    take_in(provider, call);
    now_us = call->deadline_us - call->timeout_us;
    if (health == NULL) {
        give_to_kind(call, now_us);
    } else if (reason != OUTCOME_HIT) {
        end_unsent(health, call, reason);
    } else if (list_is_empty(&health->waiting) && wait_us_of(health, 0, now_us) == 0) {
        send_counted(health, call, now_us);
    } else {
        line_up(health, call, now_us);
        wake_in_time(health, now_us);
    }
}

/* --- checking keys ------------------------------------------------------------------------ */

static void check_done(struct provider_call *call)
{
    struct key_check *check = container_of(call, struct key_check, call);
    struct provider *provider = call->provider;

    if (call->outcome == OUTCOME_HIT || call->outcome == OUTCOME_MISS)
        log_write(LOG_INFO, "provider's key is right", log_str("provider", provider->name), LOG_END);
    else if (call->outcome != OUTCOME_AUTH_ERROR && call->outcome != OUTCOME_OUT_OF_CREDITS)
        log_write(LOG_WARN, "provider's key could not be checked", log_str("provider", provider->name),
                  log_text("outcome", outcome_name(call->outcome)), LOG_END);
    provider->key_check = NULL;
    arena_deinit(&check->arena);
    mem_free(check);
}

void health_check_key(struct provider *provider)
{
    static const struct hints no_hints;
    struct health *health = provider->health;
    struct key_check *check;
    int64_t due_us;

    if (!provider->has_check || provider->unusable != NULL || health == NULL || provider->key_check != NULL)
        return;
    check = mem_new(sizeof *check);
    arena_init(&check->arena, CHECK_ARENA_BYTES_MAX);
    check->call = (struct provider_call){.hints = &no_hints,
                                         .timeout_us = provider->timeout_us,
                                         .arena = &check->arena,
                                         .is_check = true,
                                         .done = check_done};
    provider->key_check = check;
    take_in(provider, &check->call);
    loop_later_init(&check->call.later, NULL);
    due_us = clock_steady_us() + random_between(&health->breaker.random, 0, CHECK_SPREAD_US);
    check->call.deadline_us = due_us + provider->timeout_us;
    put_on(health, &health->later, &check->call, due_us);
    turn(health);
}

/* --- coming and going ------------------------------------------------------------------------ */

struct list *health_all(void)
{
    static struct list all = {&all, &all};

    return &all;
}

static void set_limits(struct health *health, const struct provider_limits *limits)
{
    pace_set(&health->per_second, limits->per_second, SECOND_US);
    pace_set(&health->per_minute, limits->per_minute, 60 * SECOND_US);
    pace_set(&health->polls, limits->polls_per_minute, 60 * SECOND_US);
    health->concurrent = limits->concurrent;
}

void health_open(struct loop *loop, struct provider *provider)
{
    struct health *health = mem_new(sizeof *health);
    uint64_t seed;

    check(provider->health == NULL);
    health->loop = loop;
    health->name = (struct str){mem_copy_text(provider->name.ptr, provider->name.len), provider->name.len};
    health->owner = provider;
    health->owners = 1;
    memcpy(&seed, id_random().bytes, sizeof seed);
    breaker_init(&health->breaker, seed);
    set_limits(health, &provider->limits);
    list_init(&health->waiting);
    list_init(&health->later);
    loop_timer_init(loop, &health->timer, timer_expired);
    health->due_us = INT64_MAX;
    health->timer_us = INT64_MAX;
    list_append(health_all(), &health->all);
    provider->health = health;
    if (provider->unusable != NULL)
        health_tell_unusable(provider);
}

void health_carry_over(struct provider *from, struct provider *to)
{
    struct health *health = from->health;

    check(health != NULL && to->health != NULL && str_is(from->name, to->name));
    check(health->owner == from && to->calls_out == 0);
    health_close(to);
    to->health = health;
    health->owner = to;
    health->owners++;
    set_limits(health, &to->limits);
    if (from->unusable != NULL && to->unusable == NULL)
        health_tell_usable(to);
    if (is_refused(health)) {
        breaker_forgive(&health->breaker, clock_steady_us());
        health_tell(health, clock_steady_us());
    }
    turn(health);
}

bool provider_is_busy(const struct provider *provider)
{
    return provider->calls_out > 0;
}

static void timer_closed(struct loop_timer *timer)
{
    struct health *health = container_of(timer, struct health, timer);

    mem_free((char *)(uintptr_t)health->name.ptr);
    mem_free(health);
}

/* Its calls on this list end; a check nobody waits for. */
static void end_all(struct health *health, struct list *calls, const struct provider *provider)
{
    list_each(link, following, calls)
    {
        struct provider_call *call = call_of(link);

        if (call->provider != provider)
            continue;
        take_off(health, calls, call);
        if (call->is_check)
            continue;
        hand_back(call); /* at once: the provider will be gone when it is done */
        provider_call_end(health->loop, call, OUTCOME_ERROR);
    }
}

void health_close(struct provider *provider)
{
    struct health *health = provider->health;

    if (health == NULL)
        return;
    end_all(health, &health->waiting, provider);
    end_all(health, &health->later, provider);
    if (provider->key_check != NULL) {
        loop_later_cancel(health->loop, &provider->key_check->call.later);
        arena_deinit(&provider->key_check->arena);
        mem_free(provider->key_check);
        provider->key_check = NULL;
    }
    provider->health = NULL;
    if (health->owner == provider)
        health->owner = NULL;
    if (--health->owners > 0)
        return;
    health_hide_gauges(health);
    list_remove(&health->all);
    loop_timer_close(&health->timer, timer_closed);
}
