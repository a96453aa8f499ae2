/* What others learn of a provider's health: log, metrics, a description. */
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "providers/health_parts.h"

#include <stdio.h>

/* At most one line in that time about being told to wait. */
#define LOG_EVERY_US (60 * SECOND_US)

static const char *const remedies[] = {
    [BREAKER_IN_SERVICE] = "",
    [BREAKER_RATE_LIMITED] = "declare its limits if this happens often",
    [BREAKER_CIRCUIT_OPEN] = "it is tried again by itself; look at its status page if this lasts",
    [BREAKER_OUT_OF_CREDITS] = "top up its account, then reload",
    [BREAKER_AUTH_ERROR] = "correct its secret, then reload",
    [BREAKER_UNUSABLE] = "",
};

static const char *const sentences[] = {
    [BREAKER_IN_SERVICE] = "It is asked.",
    [BREAKER_RATE_LIMITED] = "It asked to be left alone for a while; then it is asked again.",
    [BREAKER_CIRCUIT_OPEN] =
        "Its calls failed, too many of them. After a pause a few calls try it; it is back when one "
        "is answered, and each failure doubles the pause.",
    [BREAKER_OUT_OF_CREDITS] = "Its account has no credits left. Top it up, then reload; without a reload a call tries "
                               "it after a pause, which each refusal doubles.",
    [BREAKER_AUTH_ERROR] = "It refused the key. Correct its secret, then reload; without a reload a call tries it "
                           "after a pause, which each refusal doubles.",
    [BREAKER_UNUSABLE] = "",
};

/* --- the log ------------------------------------------------------------------ */

static void log_out(struct health *health, enum breaker_state state, int64_t now_us)
{
    int64_t left_us = health->breaker.until_us - now_us;
    bool is_failing = state == BREAKER_CIRCUIT_OPEN;

    log_write(LOG_WARN, "provider out of service", log_str("provider", health->name),
              log_text("state", breaker_state_name(state)), log_num("for_s", (left_us + SECOND_US - 1) / SECOND_US),
              log_text("latest", is_failing ? outcome_name(health->breaker.failure) : breaker_state_name(state)),
              log_text("remedy", remedies[state]), LOG_END);
}

void health_tell(struct health *health, int64_t now_us)
{
    enum breaker_state state = breaker_state(&health->breaker, now_us);

    if (state == health->told)
        return;
    if (state == BREAKER_RATE_LIMITED && health->told_us != 0 && now_us - health->told_us < LOG_EVERY_US)
        return;
    if (state == BREAKER_IN_SERVICE)
        log_write(LOG_INFO, "provider in service again", log_str("provider", health->name),
                  log_text("was", breaker_state_name(health->told)),
                  log_num("after_s", (now_us - health->told_us) / SECOND_US), LOG_END);
    else
        log_out(health, state, now_us);
    if (health->told == BREAKER_IN_SERVICE)
        health->told_us = now_us;
    health->told = state;
}

void health_tell_unusable(const struct provider *provider)
{
    log_write(LOG_WARN, "provider out of service", log_str("provider", provider->name),
              log_text("state", breaker_state_name(BREAKER_UNUSABLE)), log_text("remedy", provider->unusable), LOG_END);
}

void health_tell_usable(const struct provider *provider)
{
    log_write(LOG_INFO, "provider in service again", log_str("provider", provider->name),
              log_text("was", breaker_state_name(BREAKER_UNUSABLE)), LOG_END);
}

/* --- metrics ------------------------------------------------------------------ */

void health_count_skip(struct health *health, enum outcome outcome)
{
    struct series **series = &health->skips[outcome];

    if (*series == NULL)
        *series = metric_series(METRIC_PROVIDER_SKIPS, health->name, str_from(outcome_name(outcome)));
    series_add(*series, 1);
}

void health_count_retry(struct health *health, bool is_sent)
{
    struct series **series = is_sent ? &health->sent_again : &health->not_sent_again;

    if (*series == NULL)
        *series = metric_series(METRIC_PROVIDER_RETRIES, health->name, is_sent ? STR("sent") : STR("over_budget"));
    series_add(*series, 1);
}

static enum breaker_state state_now(const struct health *health)
{
    if (health->owner != NULL && health->owner->unusable != NULL)
        return BREAKER_UNUSABLE;
    return breaker_state(&health->breaker, clock_steady_us());
}

/* A series of a state appears when the provider was in it; it is 0 afterwards. */
static void set_gauges(struct health *health)
{
    enum breaker_state state = state_now(health);

    if (health->states[BREAKER_IN_SERVICE] == NULL)
        health->states[BREAKER_IN_SERVICE] =
            metric_series(METRIC_PROVIDER_STATE, health->name, str_from(breaker_state_name(BREAKER_IN_SERVICE)));
    if (health->states[state] == NULL)
        health->states[state] = metric_series(METRIC_PROVIDER_STATE, health->name, str_from(breaker_state_name(state)));
    for (size_t i = 0; i < BREAKER_STATE_COUNT; i++) {
        if (health->states[i] != NULL)
            series_set(health->states[i], i == state);
    }
    if (health->waiting_now == NULL)
        health->waiting_now = metric_series(METRIC_PROVIDER_WAITING, health->name, STR_NONE);
    series_set(health->waiting_now, (int64_t)health->waiting_count);
}

void health_hide_gauges(struct health *health)
{
    for (size_t i = 0; i < BREAKER_STATE_COUNT; i++) {
        if (health->states[i] != NULL)
            series_hide(health->states[i]);
    }
    if (health->waiting_now != NULL)
        series_hide(health->waiting_now);
}

void health_set_gauges(void)
{
    list_each(link, following, health_all()) set_gauges(list_entry(link, struct health, all));
}

/* --- a description -------------------------------------------------------------- */

void health_describe(const struct provider *provider, struct health_view *out)
{
    const struct health *health = provider->health;
    int64_t wall_us = clock_wall_us() - clock_steady_us(); /* of the steady clock's zero */
    enum breaker_state state;

    *out = (struct health_view){.state = breaker_state_name(BREAKER_IN_SERVICE)};
    if (health == NULL) {
        snprintf(out->sentence, sizeof out->sentence, "%s", sentences[BREAKER_IN_SERVICE]);
        return;
    }
    state = provider->unusable != NULL ? BREAKER_UNUSABLE : state_now(health);
    out->state = breaker_state_name(state);
    snprintf(out->sentence, sizeof out->sentence, "%s",
             state == BREAKER_UNUSABLE ? provider->unusable : sentences[state]);
    if (state == BREAKER_UNUSABLE || state == BREAKER_IN_SERVICE)
        return;
    out->since_us = wall_us + health->breaker.since_us;
    if (health->breaker.until_us > clock_steady_us())
        out->until_us = wall_us + health->breaker.until_us;
}
