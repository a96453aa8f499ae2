/* providers/health.h: asking with regard to how a provider is. The provider is
 * scripted; the clock can be moved; waits are some milliseconds. */
#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "providers/breaker.h"
#include "providers/health.h"
#include "providers/kinds.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CALLS_MAX = 20000, ANSWERS_MAX = 20000, CHANNELS = 1u << CHANNEL_PHONE };

/* What it says to the n-th call: like answers[n], or like `usual` behind them. */
struct answer {
    enum outcome outcome;
    bool is_repeatable, is_ours;
    int64_t wait_us;
};

struct fake {
    struct provider provider; /* first member; freed by provider_free */
    struct answer answers[ANSWERS_MAX];
    struct answer usual;
    bool is_holding;
    struct provider_call *held[CALLS_MAX];
    size_t held_count;
    int64_t asked_us[CALLS_MAX];
    size_t asked, checked, under_way, most_under_way;
};

/* One who asks. */
struct asker {
    struct provider_call call;
    struct provider_value values[CHANNEL_COUNT];
    int done_count;
    int64_t done_us;
};

static struct loop loop;
static struct fake *fake;
static struct asker askers[CALLS_MAX];
static size_t askers_count, done_total;
static int64_t *clock_offset_us;
static char *freed_log; /* a letter for each fake that was freed */

/* --- the scripted provider --- */

static void answer(struct fake *from, struct provider_call *call, const struct answer *says)
{
    from->under_way--;
    call->is_repeatable = says->is_repeatable;
    call->is_ours = says->is_ours;
    call->wait_us = says->wait_us;
    if (says->outcome == OUTCOME_HIT && call->channels != 0)
        call->values[CHANNEL_PHONE].value = STR("+442079460001");
    provider_call_end(&loop, call, says->outcome);
}

static void fake_ask(struct provider *provider, struct provider_call *call)
{
    struct fake *asked = (struct fake *)(void *)provider;
    const struct answer *says = &asked->answers[asked->asked];

    assert_true(call->timeout_us > 0);
    assert_int_equal(call->wait_us, 0);
    assert_int_equal(call->values[CHANNEL_PHONE].value.len, 0);
    asked->asked_us[asked->asked++] = clock_steady_us();
    if (++asked->under_way > asked->most_under_way)
        asked->most_under_way = asked->under_way;
    if (asked->is_holding)
        asked->held[asked->held_count++] = call;
    else
        answer(asked, call, says->outcome != OUTCOME_COUNT ? says : &asked->usual);
}

static void fake_check(struct provider *provider, struct provider_call *call)
{
    struct fake *asked = (struct fake *)(void *)provider;

    asked->checked++;
    assert_int_equal(call->channels, 0);
    if (++asked->under_way > asked->most_under_way)
        asked->most_under_way = asked->under_way;
    if (asked->is_holding)
        asked->held[asked->held_count++] = call;
    else
        answer(asked, call, &asked->usual);
}

static void fake_free(struct provider *provider)
{
    *freed_log++ = 'f';
    mem_free(provider);
}

static const struct provider_kind fake_kind = {
    .name = "fake", .ask = fake_ask, .check_key = fake_check, .free = fake_free};

/* Says `usual` to everything. */
static struct fake *new_fake(enum outcome usual, struct provider_limits limits)
{
    struct fake *made = mem_new(sizeof *made);

    made->provider = (struct provider){.kind = &fake_kind,
                                       .name = {mem_copy_text("Acme", 4), 4},
                                       .channels = CHANNELS,
                                       .timeout_us = 10 * SECOND_US,
                                       .limits = limits};
    made->usual.outcome = usual;
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        made->answers[i].outcome = OUTCOME_COUNT;
    health_open(&loop, &made->provider);
    return made;
}

static void release(size_t at, enum outcome outcome)
{
    struct provider_call *call = fake->held[at];

    assert_non_null(call);
    fake->held[at] = NULL;
    answer(fake, call, &(struct answer){.outcome = outcome});
}

static void free_fake(struct fake **gone)
{
    struct provider *provider = &(*gone)->provider;

    provider_free(&provider);
    *gone = NULL;
}

/* --- those who ask --- */

static void asker_done(struct provider_call *call)
{
    struct asker *asker = container_of(call, struct asker, call);

    asker->done_count++;
    asker->done_us = clock_steady_us();
    done_total++;
}

/* Its place among the askers. */
static size_t ask_of(struct fake *whom, int64_t timeout_us)
{
    struct asker *asker = &askers[askers_count];
    size_t done_before = done_total;

    check(askers_count < CALLS_MAX);
    *asker = (struct asker){
        .call = {.channels = CHANNELS, .values = asker->values, .timeout_us = timeout_us, .done = asker_done}};
    provider_ask(&whom->provider, &asker->call);
    assert_int_equal(done_total, done_before); /* never before the call returned */
    return askers_count++;
}

static size_t ask(int64_t timeout_us)
{
    return ask_of(fake, timeout_us);
}

/* Turns the loop until so many are done. */
static void wait_for(size_t count)
{
    while (done_total < count)
        uv_run(&loop.uv, UV_RUN_ONCE);
    assert_int_equal(done_total, count);
}

static enum outcome outcome_at(size_t at)
{
    assert_int_equal(askers[at].done_count, 1);
    return askers[at].call.outcome;
}

/* Asks, waits, and tells what came of it. */
static const char *asked_one(int64_t timeout_us)
{
    size_t at = ask(timeout_us);

    wait_for(at + 1);
    return outcome_name(outcome_at(at));
}

static void forward(int64_t us)
{
    *clock_offset_us += us;
}

static const char *state_now(void)
{
    struct health_view view;

    health_describe(&fake->provider, &view);
    return view.state;
}

static bool metrics_say(const char *line)
{
    struct buf text;
    bool is_said;

    buf_init(&text, 1024 * 1024);
    health_set_gauges();
    metrics_put(&text);
    is_said = strstr(text.ptr, line) != NULL;
    buf_deinit(&text);
    return is_said;
}

static int begin_anew(void **state)
{
    static char log[100];

    (void)state;
    memset(log, 0, sizeof log);
    freed_log = log;
    askers_count = 0;
    done_total = 0;
    loop_init(&loop);
    fake = new_fake(OUTCOME_MISS, (struct provider_limits){0});
    return 0;
}

static int take_apart(void **state)
{
    (void)state;
    if (fake != NULL)
        free_fake(&fake);
    loop_deinit(&loop);
    for (size_t i = 0; i < askers_count; i++)
        assert_int_equal(askers[i].done_count, 1);
    return 0;
}

static void limit(struct provider_limits limits)
{
    free_fake(&fake);
    fake = new_fake(OUTCOME_MISS, limits);
}

/* --- asking --- */

static void what_the_provider_says_comes_back(void **state)
{
    (void)state;
    fake->answers[0].outcome = OUTCOME_HIT;
    assert_string_equal(asked_one(SECOND_US), "hit");
    assert_str_is(askers[0].values[CHANNEL_PHONE].value, "+442079460001");
    assert_string_equal(asked_one(SECOND_US), "miss");
    assert_int_equal(fake->asked, 2);
    assert_false(provider_is_busy(&fake->provider));
    assert_true(metrics_say("unstuck_provider_calls_total{provider=\"Acme\",outcome=\"hit\"} 1\n"));
}

static void an_open_circuit_is_not_asked_until_its_pause_is_over(void **state)
{
    (void)state;
    fake->usual.outcome = OUTCOME_ERROR;
    for (int i = 0; i < BREAKER_FAILURES_IN_A_ROW; i++) {
        assert_int_equal(provider_reason_to_skip(&fake->provider, SECOND_US), OUTCOME_HIT);
        assert_string_equal(asked_one(SECOND_US), "error");
    }
    assert_int_equal(provider_reason_to_skip(&fake->provider, SECOND_US), OUTCOME_CIRCUIT_OPEN);
    assert_string_equal(asked_one(SECOND_US), "circuit_open");
    assert_string_equal(asked_one(SECOND_US), "circuit_open");
    assert_int_equal(fake->asked, BREAKER_FAILURES_IN_A_ROW);
    assert_string_equal(state_now(), "circuit_open");
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\",state=\"circuit_open\"} 1\n"));
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\",state=\"in_service\"} 0\n"));
    forward(BREAKER_CIRCUIT_US);
    fake->usual.outcome = OUTCOME_MISS;
    assert_string_equal(asked_one(SECOND_US), "miss");
    assert_string_equal(state_now(), "in_service");
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\",state=\"circuit_open\"} 0\n"));
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\",state=\"in_service\"} 1\n"));
}

static void one_probe_of_an_open_circuit_is_not_sent_again(void **state)
{
    (void)state;
    fake->usual = (struct answer){.outcome = OUTCOME_ERROR};
    for (int i = 0; i < BREAKER_FAILURES_IN_A_ROW; i++)
        asked_one(SECOND_US);
    forward(BREAKER_CIRCUIT_US);
    fake->usual.is_repeatable = true;
    assert_string_equal(asked_one(SECOND_US), "error");
    assert_int_equal(fake->asked, BREAKER_FAILURES_IN_A_ROW + 1);
    assert_string_equal(asked_one(SECOND_US), "circuit_open");
}

static void refusals_take_it_out_and_say_so(void **state)
{
    struct health_view view;

    (void)state;
    fake->answers[0].outcome = OUTCOME_OUT_OF_CREDITS;
    assert_string_equal(asked_one(SECOND_US), "out_of_credits");
    assert_string_equal(asked_one(SECOND_US), "out_of_credits");
    assert_int_equal(fake->asked, 1);
    health_describe(&fake->provider, &view);
    assert_string_equal(view.state, "out_of_credits");
    assert_in_range(clock_wall_us() - view.since_us, 0, SECOND_US);
    assert_in_range(view.until_us - clock_wall_us(), BREAKER_REFUSED_US / 2 - SECOND_US, BREAKER_REFUSED_US);
    assert_non_null(strstr(view.sentence, "Top it up"));
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\",state=\"out_of_credits\"} 1\n"));
    assert_true(metrics_say("unstuck_provider_skips_total{provider=\"Acme\",outcome=\"out_of_credits\"} 1\n"));
}

static void what_has_no_key_is_not_asked(void **state)
{
    struct health_view view;

    (void)state;
    fake->provider.unusable = mem_copy_text("Set ACME_API_KEY.", 17);
    assert_string_equal(asked_one(SECOND_US), "auth_error");
    assert_int_equal(fake->asked, 0);
    health_describe(&fake->provider, &view);
    assert_string_equal(view.state, "unusable");
    assert_string_equal(view.sentence, "Set ACME_API_KEY.");
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\",state=\"unusable\"} 1\n"));
}

static void it_is_left_alone_for_as_long_as_it_asked(void **state)
{
    (void)state;
    fake->answers[0] = (struct answer){OUTCOME_RATE_LIMITED, true, false, 30 * SECOND_US};
    assert_string_equal(asked_one(SECOND_US), "rate_limited");
    forward(29 * SECOND_US);
    assert_string_equal(asked_one(SECOND_US), "rate_limited");
    assert_int_equal(fake->asked, 1);
    forward(SECOND_US);
    assert_string_equal(asked_one(SECOND_US), "miss");
}

static void being_told_to_wait_for_a_part_counts_too(void **state)
{
    size_t at;

    (void)state;
    fake->is_holding = true;
    at = ask(SECOND_US);
    askers[at].call.unanswered = CHANNELS;
    askers[at].call.failure = OUTCOME_RATE_LIMITED;
    release(0, OUTCOME_MISS);
    wait_for(1);
    assert_string_equal(asked_one(SECOND_US), "rate_limited");
}

static void a_part_without_a_turn_of_ours_says_nothing(void **state)
{
    size_t at;

    (void)state;
    fake->usual.outcome = OUTCOME_ERROR;
    for (int i = 1; i < BREAKER_FAILURES_IN_A_ROW; i++)
        asked_one(SECOND_US);
    fake->is_holding = true;
    at = ask(SECOND_US);
    askers[at].call.unanswered = CHANNELS;
    askers[at].call.failure = OUTCOME_RATE_LIMITED;
    answer(fake, fake->held[0], &(struct answer){.outcome = OUTCOME_MISS, .is_ours = true});
    wait_for(BREAKER_FAILURES_IN_A_ROW);
    fake->is_holding = false;
    assert_string_equal(asked_one(SECOND_US), "error"); /* the first of another row */
    assert_string_equal(state_now(), "in_service");
}

static void who_was_given_little_time_is_not_to_blame(void **state)
{
    (void)state;
    fake->usual.outcome = OUTCOME_TIMEOUT;
    for (int i = 0; i < 20; i++)
        assert_string_equal(asked_one(SECOND_US - MS_US), "timeout");
    for (int i = 0; i < BREAKER_FAILURES_IN_A_ROW; i++)
        assert_string_equal(asked_one(SECOND_US + 50 * MS_US), "timeout");
    assert_string_equal(asked_one(SECOND_US), "circuit_open");
}

static void half_of_a_short_time_is_fair(void **state)
{
    (void)state;
    fake->provider.timeout_us = 100 * MS_US;
    fake->usual.outcome = OUTCOME_TIMEOUT;
    for (int i = 0; i < BREAKER_FAILURES_IN_A_ROW; i++)
        assert_string_equal(asked_one(60 * MS_US), "timeout");
    assert_string_equal(asked_one(60 * MS_US), "circuit_open");
}

static void what_we_could_not_send_says_nothing_of_the_provider(void **state)
{
    (void)state;
    fake->usual = (struct answer){.outcome = OUTCOME_ERROR, .is_ours = true};
    for (int i = 0; i < 30; i++)
        assert_string_equal(asked_one(SECOND_US), "error");
    assert_string_equal(state_now(), "in_service");
}

/* --- once again --- */

static void what_cannot_cost_twice_is_sent_once_again(void **state)
{
    (void)state;
    fake->answers[0] = (struct answer){.outcome = OUTCOME_ERROR, .is_repeatable = true};
    fake->answers[1].outcome = OUTCOME_HIT;
    assert_string_equal(asked_one(20 * MS_US), "hit");
    assert_int_equal(fake->asked, 2);
    assert_false(askers[0].call.is_repeatable);
    assert_true(askers[0].call.timeout_us < 20 * MS_US);
    assert_true(metrics_say("unstuck_provider_retries_total{provider=\"Acme\",result=\"sent\"} 1\n"));
}

static void it_is_sent_again_only_once(void **state)
{
    (void)state;
    fake->usual = (struct answer){.outcome = OUTCOME_ERROR, .is_repeatable = true};
    assert_string_equal(asked_one(20 * MS_US), "error");
    assert_int_equal(fake->asked, 2);
}

static void what_may_have_been_paid_is_never_sent_again(void **state)
{
    (void)state;
    fake->answers[0].outcome = OUTCOME_TIMEOUT;
    fake->answers[1].outcome = OUTCOME_ERROR;
    fake->answers[2].outcome = OUTCOME_RATE_LIMITED;
    assert_string_equal(asked_one(100 * MS_US), "timeout");
    assert_string_equal(asked_one(100 * MS_US), "error");
    assert_string_equal(asked_one(100 * MS_US), "rate_limited");
    assert_int_equal(fake->asked, 3);
}

static void a_wait_that_fits_is_waited_for(void **state)
{
    int64_t start_us = clock_steady_us();

    (void)state;
    fake->answers[0] = (struct answer){OUTCOME_RATE_LIMITED, true, false, 20 * MS_US};
    assert_string_equal(asked_one(100 * MS_US), "miss");
    assert_int_equal(fake->asked, 2);
    assert_true(clock_steady_us() - start_us >= 20 * MS_US);
}

static void a_wait_that_does_not_fit_ends_the_call_at_once(void **state)
{
    (void)state;
    fake->answers[0] = (struct answer){OUTCOME_RATE_LIMITED, true, false, 5 * SECOND_US};
    assert_string_equal(asked_one(10 * SECOND_US), "rate_limited");
    assert_int_equal(fake->asked, 1);
}

static void when_much_fails_few_are_sent_again(void **state)
{
    enum { CALLS = 300 };
    size_t again;

    (void)state;
    for (size_t i = 0; i < ANSWERS_MAX; i++) /* not often enough to open the circuit */
        fake->answers[i] = (struct answer){.outcome = i % 5 < 2 ? OUTCOME_ERROR : OUTCOME_MISS, .is_repeatable = true};
    for (int i = 0; i < CALLS; i++)
        asked_one(8 * MS_US);
    assert_string_equal(state_now(), "in_service");
    again = fake->asked - CALLS;
    assert_in_range(again, 1 + 10, CALLS / 5 + 10); /* of the 120 that failed */
    assert_true(metrics_say("unstuck_provider_retries_total{provider=\"Acme\",result=\"over_budget\"} "));
}

static void a_call_in_its_pause_ends_when_the_circuit_opens(void **state)
{
    (void)state;
    fake->answers[0] = (struct answer){.outcome = OUTCOME_ERROR, .is_repeatable = true};
    fake->usual.outcome = OUTCOME_ERROR;
    ask(40 * MS_US);
    while (fake->asked < 1 || done_total > 0 || askers[0].call.tries < 1 || fake->under_way > 0)
        uv_run(&loop.uv, UV_RUN_NOWAIT);
    for (int i = 1; i < BREAKER_FAILURES_IN_A_ROW; i++)
        ask(10 * SECOND_US);
    wait_for(BREAKER_FAILURES_IN_A_ROW);
    assert_string_equal(state_now(), "circuit_open");
    assert_true(outcome_at(0) == OUTCOME_CIRCUIT_OPEN || fake->asked == BREAKER_FAILURES_IN_A_ROW + 1);
}

/* --- turns --- */

static void calls_at_once_are_never_more_than_declared(void **state)
{
    (void)state;
    limit((struct provider_limits){.concurrent = 3});
    fake->is_holding = true;
    for (int i = 0; i < 50; i++)
        ask(10 * SECOND_US);
    assert_int_equal(fake->asked, 3);
    assert_true(metrics_say("unstuck_provider_calls_waiting{provider=\"Acme\"} 47\n"));
    for (size_t i = 0; i < 50; i++) {
        release(i, OUTCOME_MISS);
        wait_for(i + 1);
        assert_ptr_equal(fake->held[i < 47 ? i + 3 : 49],
                         i < 49 ? &askers[i < 47 ? i + 3 : 49].call : NULL); /* in order */
    }
    assert_int_equal(fake->most_under_way, 3);
    assert_int_equal(fake->asked, 50);
}

static void a_declared_rate_is_kept(void **state)
{
    enum { RATE = 40, CALLS = 60 };

    (void)state;
    limit((struct provider_limits){.per_second = RATE});
    for (int i = 0; i < CALLS; i++)
        ask(10 * SECOND_US);
    wait_for(CALLS);
    assert_int_equal(fake->asked, CALLS);
    for (size_t i = 0; i + RATE < CALLS; i++)
        assert_true(fake->asked_us[i + RATE] - fake->asked_us[i] >= SECOND_US);
}

static void a_turn_that_does_not_come_in_time_is_a_rate_limit(void **state)
{
    int64_t start_us = clock_steady_us();
    size_t at;

    (void)state;
    limit((struct provider_limits){.concurrent = 1});
    fake->is_holding = true;
    ask(10 * SECOND_US);
    at = ask(40 * MS_US);
    wait_for(1);
    assert_int_equal(outcome_at(at), OUTCOME_RATE_LIMITED);
    assert_in_range(clock_steady_us() - start_us, 20 * MS_US, 10 * SECOND_US);
    assert_int_equal(fake->asked, 1);
    release(0, OUTCOME_MISS);
    wait_for(2);
    assert_string_equal(state_now(), "in_service");
}

static void a_turn_that_cannot_come_in_time_is_not_waited_for(void **state)
{
    (void)state;
    limit((struct provider_limits){.per_minute = 2});
    assert_string_equal(asked_one(SECOND_US), "miss");
    assert_int_equal(provider_reason_to_skip(&fake->provider, 10 * SECOND_US), OUTCOME_RATE_LIMITED);
    assert_string_equal(asked_one(10 * SECOND_US), "rate_limited");
    assert_int_equal(provider_reason_to_skip(&fake->provider, 90 * SECOND_US), OUTCOME_HIT);
    forward(60 * SECOND_US);
    assert_string_equal(asked_one(SECOND_US), "miss");
}

static void so_many_wait_and_not_more(void **state)
{
    (void)state;
    limit((struct provider_limits){.concurrent = 1});
    fake->is_holding = true;
    for (int i = 0; i < 1 + CALLS_WAITING_MAX; i++)
        ask(100 * SECOND_US);
    assert_int_equal(provider_reason_to_skip(&fake->provider, 100 * SECOND_US), OUTCOME_RATE_LIMITED);
    ask(100 * SECOND_US);
    wait_for(1);
    assert_int_equal(outcome_at(1 + CALLS_WAITING_MAX), OUTCOME_RATE_LIMITED);
    for (size_t i = 0; i <= CALLS_WAITING_MAX; i++) {
        release(i, OUTCOME_MISS);
        wait_for(i + 2);
    }
}

static void those_in_line_go_on_when_it_is_out(void **state)
{
    (void)state;
    limit((struct provider_limits){.concurrent = 1});
    fake->is_holding = true;
    for (int i = 0; i < 20; i++)
        ask(10 * SECOND_US);
    release(0, OUTCOME_AUTH_ERROR);
    wait_for(20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(outcome_at(i), OUTCOME_AUTH_ERROR);
    assert_int_equal(fake->asked, 1);
}

static void further_requests_of_a_call_are_paced_too(void **state)
{
    struct provider *provider;

    (void)state;
    limit((struct provider_limits){.per_second = 1, .polls_per_minute = 60});
    provider = &fake->provider;
    assert_int_equal(provider_pace_request(provider, false, 0), 0);
    assert_int_equal(provider_pace_request(provider, false, SECOND_US / 2), -1);
    assert_in_range(provider_pace_request(provider, false, 2 * SECOND_US), SECOND_US / 2, 2 * SECOND_US);
    assert_in_range(provider_pace_request(provider, false, 5 * SECOND_US), 2 * SECOND_US, 3 * SECOND_US);
    for (int i = 0; i < 7; i++) /* a burst of a tenth */
        assert_int_equal(provider_pace_request(provider, true, 0), 0);
    assert_int_equal(provider_pace_request(provider, true, 0), -1);
    limit((struct provider_limits){.per_second = 1});
    assert_int_equal(provider_pace_request(&fake->provider, true, 0), 0); /* no rate of their own */
    assert_int_equal(provider_pace_request(&fake->provider, false, 0), -1);
}

/* --- keys --- */

static void a_wrong_key_is_known_before_a_lookup_is_hurt(void **state)
{
    (void)state;
    fake->provider.has_check = true;
    fake->usual.outcome = OUTCOME_AUTH_ERROR;
    health_check_key(&fake->provider);
    health_check_key(&fake->provider); /* one at a time */
    assert_true(provider_is_busy(&fake->provider));
    while (provider_is_busy(&fake->provider))
        uv_run(&loop.uv, UV_RUN_ONCE);
    assert_int_equal(fake->checked, 1);
    assert_string_equal(asked_one(SECOND_US), "auth_error");
    assert_int_equal(fake->asked, 0);
}

static void a_right_key_brings_it_back(void **state)
{
    (void)state;
    fake->provider.has_check = true;
    fake->answers[0].outcome = OUTCOME_AUTH_ERROR;
    asked_one(SECOND_US);
    assert_string_equal(state_now(), "auth_error");
    health_check_key(&fake->provider);
    while (provider_is_busy(&fake->provider))
        uv_run(&loop.uv, UV_RUN_ONCE);
    assert_int_equal(fake->checked, 1);
    assert_string_equal(state_now(), "in_service");
}

static void a_check_that_says_nothing_changes_nothing(void **state)
{
    (void)state;
    fake->provider.has_check = true;
    fake->usual.outcome = OUTCOME_ERROR;
    health_check_key(&fake->provider);
    while (provider_is_busy(&fake->provider))
        uv_run(&loop.uv, UV_RUN_ONCE);
    assert_int_equal(fake->checked, 1);
    assert_string_equal(state_now(), "in_service");
}

static void without_a_free_call_no_key_is_checked(void **state)
{
    (void)state;
    health_check_key(&fake->provider);
    assert_false(provider_is_busy(&fake->provider));
    fake->provider.has_check = true;
    fake->provider.unusable = mem_copy_text("no key", 6);
    health_check_key(&fake->provider);
    assert_false(provider_is_busy(&fake->provider));
}

static void a_check_ends_with_its_provider(void **state)
{
    (void)state;
    fake->provider.has_check = true;
    health_check_key(&fake->provider);
    free_fake(&fake); /* it waited */
    fake = new_fake(OUTCOME_MISS, (struct provider_limits){0});
    fake->provider.has_check = true;
    fake->is_holding = true;
    health_check_key(&fake->provider);
    while (fake->checked == 0)
        uv_run(&loop.uv, UV_RUN_ONCE);
    free_fake(&fake); /* it was under way, and the client dropped it */
}

/* --- coming and going --- */

static void a_provider_is_busy_until_its_last_call_is_done(void **state)
{
    (void)state;
    fake->provider.unusable = mem_copy_text("no key", 6);
    ask(SECOND_US);
    assert_true(provider_is_busy(&fake->provider));
    wait_for(1);
    assert_false(provider_is_busy(&fake->provider));
}

static void a_check_that_is_about_to_end_ends_with_its_provider(void **state)
{
    struct fake *later;

    (void)state;
    fake->usual.outcome = OUTCOME_ERROR;
    for (int i = 0; i < BREAKER_FAILURES_IN_A_ROW; i++)
        asked_one(SECOND_US);
    fake->provider.has_check = true;
    health_check_key(&fake->provider);
    forward(2 * SECOND_US); /* its time has come, and the circuit is open */
    later = new_fake(OUTCOME_MISS, (struct provider_limits){0});
    health_carry_over(&fake->provider, &later->provider); /* looks who is due */
    assert_true(provider_is_busy(&fake->provider));
    free_fake(&fake);
    fake = later;
    assert_string_equal(asked_one(SECOND_US), "circuit_open");
}

static void no_call_is_lost_when_its_provider_goes(void **state)
{
    (void)state;
    limit((struct provider_limits){.concurrent = 1});
    fake->answers[0] = (struct answer){.outcome = OUTCOME_ERROR, .is_repeatable = true};
    ask(10 * SECOND_US); /* fails, and waits to be sent again */
    while (fake->asked == 0 || fake->under_way > 0 || askers[0].call.tries == 0 || askers[0].call.is_repeatable)
        uv_run(&loop.uv, UV_RUN_NOWAIT);
    fake->is_holding = true;
    ask(10 * SECOND_US); /* is with the provider */
    for (int i = 0; i < 10; i++)
        ask(10 * SECOND_US); /* wait in line */
    release(0, OUTCOME_MISS);
    while (askers[1].done_count == 0 && done_total == 0)
        uv_run(&loop.uv, UV_RUN_NOWAIT);
    release(1, OUTCOME_MISS); /* the first in line was sent; it will be done */
    while (done_total < 2)
        uv_run(&loop.uv, UV_RUN_NOWAIT);
    release(2, OUTCOME_MISS);
    while (done_total < 3)
        uv_run(&loop.uv, UV_RUN_NOWAIT);
    answer(fake, fake->held[3], &(struct answer){.outcome = OUTCOME_AUTH_ERROR});
    wait_for(11); /* all in line; the one in its pause is left */
    free_fake(&fake);
    assert_int_equal(done_total, 11);
    wait_for(12);
    assert_int_equal(outcome_at(0), OUTCOME_ERROR);
}

static void those_in_line_end_when_their_provider_goes(void **state)
{
    (void)state;
    limit((struct provider_limits){.per_minute = 60});
    for (int i = 0; i < 7; i++)
        ask(10 * SECOND_US);
    wait_for(7); /* the burst */
    for (int i = 0; i < 3; i++)
        ask(10 * SECOND_US);
    assert_true(provider_is_busy(&fake->provider));
    free_fake(&fake);
    wait_for(10);
    for (size_t i = 7; i < 10; i++)
        assert_int_equal(outcome_at(i), OUTCOME_ERROR);
}

static void a_provider_that_is_gone_is_gone_from_the_metrics(void **state)
{
    (void)state;
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\""));
    free_fake(&fake);
    assert_false(metrics_say("unstuck_provider_state{provider=\"Acme\""));
    assert_false(metrics_say("unstuck_provider_calls_waiting{provider=\"Acme\""));
    fake = new_fake(OUTCOME_MISS, (struct provider_limits){0});
    assert_true(metrics_say("unstuck_provider_state{provider=\"Acme\""));
}

static void a_reload_keeps_what_was_learnt_but_refusals(void **state)
{
    struct fake *older;

    (void)state;
    fake->usual.outcome = OUTCOME_ERROR;
    for (int i = 0; i < BREAKER_FAILURES_IN_A_ROW; i++)
        asked_one(SECOND_US);
    older = fake;
    fake = new_fake(OUTCOME_AUTH_ERROR, (struct provider_limits){0});
    health_carry_over(&older->provider, &fake->provider);
    free_fake(&older);
    assert_string_equal(asked_one(SECOND_US), "circuit_open");
    forward(BREAKER_CIRCUIT_US);
    assert_string_equal(asked_one(SECOND_US), "auth_error");
    assert_string_equal(asked_one(SECOND_US), "auth_error");
    assert_int_equal(fake->asked, 1);
    older = fake;
    fake = new_fake(OUTCOME_MISS, (struct provider_limits){0});
    health_carry_over(&older->provider, &fake->provider);
    assert_string_equal(asked_one(SECOND_US), "miss");
    free_fake(&older);
    assert_string_equal(asked_one(SECOND_US), "miss");
}

static void calls_of_before_a_reload_count_among_those_at_once(void **state)
{
    struct fake *older;
    size_t first, second, third;

    (void)state;
    limit((struct provider_limits){.concurrent = 1});
    fake->is_holding = true;
    first = ask(10 * SECOND_US);
    second = ask(10 * SECOND_US);
    older = fake;
    fake = new_fake(OUTCOME_MISS, (struct provider_limits){.concurrent = 1});
    health_carry_over(&older->provider, &fake->provider);
    third = ask(10 * SECOND_US);
    assert_int_equal(fake->asked, 0);
    assert_true(provider_is_busy(&older->provider));
    answer(older, older->held[0], &(struct answer){.outcome = OUTCOME_AUTH_ERROR}); /* the old key */
    wait_for(1);
    assert_int_equal(outcome_at(first), OUTCOME_AUTH_ERROR);
    assert_int_equal(older->asked, 2); /* whoever lined up there is sent there */
    assert_int_equal(fake->asked, 0);
    answer(older, older->held[1], &(struct answer){.outcome = OUTCOME_MISS});
    wait_for(3);
    assert_int_equal(outcome_at(second), OUTCOME_MISS);
    assert_int_equal(outcome_at(third), OUTCOME_MISS);
    assert_false(provider_is_busy(&older->provider));
    free_fake(&older);
}

static void limits_after_a_reload_are_the_new_ones(void **state)
{
    struct fake *older = fake;

    (void)state;
    fake = new_fake(OUTCOME_MISS, (struct provider_limits){.concurrent = 2});
    health_carry_over(&older->provider, &fake->provider);
    free_fake(&older);
    fake->is_holding = true;
    for (int i = 0; i < 5; i++)
        ask(10 * SECOND_US);
    assert_int_equal(fake->asked, 2);
    for (size_t i = 0; i < 5; i++) {
        release(i, OUTCOME_MISS);
        wait_for(i + 1);
    }
}

/* Whatever it answers, whenever: each call is done once, never too many at
 * once, and nothing is left over. */
static void every_call_is_done_once(void **state)
{
    static const enum outcome outcomes[] = {OUTCOME_HIT,   OUTCOME_MISS,         OUTCOME_MISS,
                                            OUTCOME_ERROR, OUTCOME_RATE_LIMITED, OUTCOME_TIMEOUT};
    uint64_t random = 5;

    (void)state;
    for (int round = 0; round < 40; round++) {
        int64_t concurrent = random_between(&random, 1, 5);
        size_t released = 0, before = askers_count;

        limit((struct provider_limits){.concurrent = concurrent, .per_second = random_between(&random, 0, 1) * 1000});
        fake->is_holding = true;
        for (int step = 0; step < 300; step++) {
            if (random_between(&random, 0, 1) == 0) {
                ask(random_between(&random, 1, 20) * MS_US);
            } else if (released < fake->held_count) {
                struct answer says = {.outcome = outcomes[random_between(&random, 0, LEN(outcomes) - 1)],
                                      .is_repeatable = random_between(&random, 0, 1) == 0,
                                      .wait_us = random_between(&random, 0, 4) == 0 ? MS_US : 0};

                answer(fake, fake->held[released++], &says);
            }
            if (random_between(&random, 0, 50) == 0)
                forward(random_between(&random, 0, 20 * SECOND_US));
            uv_run(&loop.uv, UV_RUN_NOWAIT);
        }
        while (released < fake->held_count || done_total < askers_count) {
            while (released < fake->held_count)
                answer(fake, fake->held[released++], &(struct answer){.outcome = OUTCOME_MISS});
            if (round % 2 == 0 && fake->under_way == 0)
                break;
            uv_run(&loop.uv, UV_RUN_ONCE);
        }
        while (round % 2 == 0 && (fake->under_way > 0 || released < fake->held_count))
            uv_run(&loop.uv, UV_RUN_NOWAIT);
        assert_true(fake->most_under_way <= (size_t)concurrent);
        for (int i = 0; i < 3; i++)
            uv_run(&loop.uv, UV_RUN_NOWAIT);
        while (released < fake->held_count || fake->under_way > 0) {
            while (released < fake->held_count)
                answer(fake, fake->held[released++], &(struct answer){.outcome = OUTCOME_MISS});
            uv_run(&loop.uv, UV_RUN_NOWAIT);
        }
        for (size_t i = before; i < askers_count; i++)
            assert_true(askers[i].done_count <= 1);
    }
    free_fake(&fake);
    wait_for(askers_count);
}

static void map_clock(void)
{
    char path[] = "/tmp/unstuck_clock_XXXXXX";
    int fd = mkstemp(path);

    check(fd >= 0 && ftruncate(fd, sizeof(int64_t)) == 0);
    clock_offset_us = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(clock_offset_us != MAP_FAILED);
    check(setenv("UNSTUCK_CLOCK_FILE", path, 1) == 0);
    clock_steady_us(); /* opens it */
    close(fd);
    unlink(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_anew, take_apart)
    const struct CMUnitTest tests[] = {
        TEST(what_the_provider_says_comes_back),
        TEST(an_open_circuit_is_not_asked_until_its_pause_is_over),
        TEST(one_probe_of_an_open_circuit_is_not_sent_again),
        TEST(refusals_take_it_out_and_say_so),
        TEST(what_has_no_key_is_not_asked),
        TEST(it_is_left_alone_for_as_long_as_it_asked),
        TEST(being_told_to_wait_for_a_part_counts_too),
        TEST(a_part_without_a_turn_of_ours_says_nothing),
        TEST(who_was_given_little_time_is_not_to_blame),
        TEST(half_of_a_short_time_is_fair),
        TEST(what_we_could_not_send_says_nothing_of_the_provider),
        TEST(what_cannot_cost_twice_is_sent_once_again),
        TEST(it_is_sent_again_only_once),
        TEST(what_may_have_been_paid_is_never_sent_again),
        TEST(a_wait_that_fits_is_waited_for),
        TEST(a_wait_that_does_not_fit_ends_the_call_at_once),
        TEST(when_much_fails_few_are_sent_again),
        TEST(a_call_in_its_pause_ends_when_the_circuit_opens),
        TEST(calls_at_once_are_never_more_than_declared),
        TEST(a_declared_rate_is_kept),
        TEST(a_turn_that_does_not_come_in_time_is_a_rate_limit),
        TEST(a_turn_that_cannot_come_in_time_is_not_waited_for),
        TEST(so_many_wait_and_not_more),
        TEST(those_in_line_go_on_when_it_is_out),
        TEST(further_requests_of_a_call_are_paced_too),
        TEST(a_wrong_key_is_known_before_a_lookup_is_hurt),
        TEST(a_right_key_brings_it_back),
        TEST(a_check_that_says_nothing_changes_nothing),
        TEST(without_a_free_call_no_key_is_checked),
        TEST(a_check_ends_with_its_provider),
        TEST(a_provider_is_busy_until_its_last_call_is_done),
        TEST(a_check_that_is_about_to_end_ends_with_its_provider),
        TEST(no_call_is_lost_when_its_provider_goes),
        TEST(those_in_line_end_when_their_provider_goes),
        TEST(a_provider_that_is_gone_is_gone_from_the_metrics),
        TEST(a_reload_keeps_what_was_learnt_but_refusals),
        TEST(calls_of_before_a_reload_count_among_those_at_once),
        TEST(limits_after_a_reload_are_the_new_ones),
        TEST(every_call_is_done_once),
    };

    log_set_level(LOG_ERROR);
    map_clock();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
