/* providers/breaker.h: when a provider is asked, with a clock that the test moves. */
#include "unit.h"

#include "base/clock.h"
#include "providers/breaker.h"

static struct breaker breaker;
static int64_t now_us;

static int begin_anew(void **state)
{
    (void)state;
    now_us = 1000 * SECOND_US;
    breaker_init(&breaker, 42);
    return 0;
}

static const char *word(void)
{
    return breaker_state_name(breaker_state(&breaker, now_us));
}

static bool is_asked(void)
{
    return breaker_reason_to_skip(&breaker, now_us) == OUTCOME_HIT;
}

static bool end_with(enum outcome outcome, int64_t wait_us, bool is_probe)
{
    return breaker_end(&breaker, &(struct breaker_event){.outcome = outcome, .wait_us = wait_us, .is_probe = is_probe},
                       now_us);
}

/* A whole call. */
static bool call_ends(enum outcome outcome, int64_t wait_us)
{
    assert_true(is_asked());
    return end_with(outcome, wait_us, breaker_begin(&breaker, now_us));
}

static void calls_end(int times, enum outcome outcome)
{
    for (int i = 0; i < times; i++)
        call_ends(outcome, 0);
}

/* Out for at least half and at most the whole of `longest_us`; then goes there. */
static void pass_cool_down(const char *expected, int64_t longest_us)
{
    int64_t cool_down_us = breaker.until_us - now_us;

    assert_string_equal(word(), expected);
    assert_in_range(cool_down_us, longest_us / 2, longest_us);
    now_us += cool_down_us - 1;
    assert_false(is_asked());
    assert_string_equal(outcome_name(breaker_reason_to_skip(&breaker, now_us)), expected);
    now_us++;
}

static void five_failures_in_a_row_open_the_circuit(void **state)
{
    (void)state;
    calls_end(2, OUTCOME_ERROR);
    calls_end(2, OUTCOME_TIMEOUT);
    assert_string_equal(word(), "in_service");
    assert_true(call_ends(OUTCOME_TIMEOUT, 0));
    assert_false(is_asked());
    assert_string_equal(word(), "circuit_open");
    assert_int_equal(breaker.failure, OUTCOME_TIMEOUT);
    assert_int_equal(breaker.since_us, now_us);
}

static void an_answer_ends_the_row(void **state)
{
    static const enum outcome answers[] = {OUTCOME_HIT, OUTCOME_MISS, OUTCOME_BLOCKED, OUTCOME_NOT_APPLICABLE};

    (void)state;
    for (size_t i = 0; i < 2 * LEN(answers); i++) {
        calls_end(4, OUTCOME_ERROR);
        calls_end(1, answers[i % LEN(answers)]);
        now_us += BREAKER_WINDOW_S * SECOND_US; /* it is not about their share */
    }
    assert_string_equal(word(), "in_service");
}

static void half_of_twenty_within_the_window_open_the_circuit(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        now_us += SECOND_US;
        calls_end(1, OUTCOME_ERROR);
        calls_end(1, OUTCOME_MISS);
    }
    assert_false(call_ends(OUTCOME_MISS, 0)); /* nine of nineteen */
    assert_true(call_ends(OUTCOME_ERROR, 0));
    assert_string_equal(word(), "circuit_open");
}

static void failures_of_before_the_window_are_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        calls_end(1, OUTCOME_MISS);
        calls_end(1, OUTCOME_ERROR);
    }
    calls_end(1, OUTCOME_MISS);
    now_us += BREAKER_WINDOW_S * SECOND_US;
    assert_false(call_ends(OUTCOME_ERROR, 0));
    assert_string_equal(word(), "in_service");
}

static void a_few_probes_try_an_open_circuit_and_a_good_one_closes_it(void **state)
{
    (void)state;
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
    for (int i = 0; i < BREAKER_PROBES_MAX; i++) {
        assert_true(is_asked());
        assert_true(breaker_begin(&breaker, now_us));
    }
    assert_false(is_asked());
    assert_true(end_with(OUTCOME_MISS, 0, true));
    assert_string_equal(word(), "in_service");
    assert_int_equal(breaker.since_us, now_us);
    assert_false(end_with(OUTCOME_ERROR, 0, true)); /* the others are late: calls like all others now */
    assert_false(end_with(OUTCOME_ERROR, 0, true));
    assert_int_equal(breaker.probes, 0);
    calls_end(2, OUTCOME_ERROR);
    assert_true(is_asked());
}

static void each_bad_probe_doubles_the_pause_up_to_the_longest(void **state)
{
    int64_t longest_us = BREAKER_CIRCUIT_US;

    (void)state;
    calls_end(5, OUTCOME_ERROR);
    for (int i = 0; i < 10; i++) {
        pass_cool_down("circuit_open", longest_us);
        assert_true(call_ends(OUTCOME_ERROR, 0));
        longest_us = longest_us * 2 < BREAKER_CIRCUIT_US_MAX ? longest_us * 2 : BREAKER_CIRCUIT_US_MAX;
    }
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US_MAX);
}

static void a_circuit_that_opens_again_soon_stays_open_longer(void **state)
{
    (void)state;
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
    calls_end(1, OUTCOME_HIT);
    now_us += BREAKER_WELL_US - 1;
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", 2 * BREAKER_CIRCUIT_US);
    calls_end(1, OUTCOME_HIT);
    now_us += BREAKER_WELL_US;
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
}

static void answers_to_calls_of_before_change_nothing(void **state)
{
    (void)state;
    assert_false(breaker_begin(&breaker, now_us));
    assert_false(breaker_begin(&breaker, now_us));
    assert_false(breaker_begin(&breaker, now_us));
    calls_end(5, OUTCOME_ERROR);
    assert_false(end_with(OUTCOME_HIT, 0, false));
    assert_false(end_with(OUTCOME_ERROR, 0, false));
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
    assert_false(end_with(OUTCOME_HIT, 0, false));
    assert_string_equal(word(), "circuit_open");
}

static void a_probe_that_ends_after_another_failed_changes_nothing(void **state)
{
    (void)state;
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
    breaker_begin(&breaker, now_us);
    breaker_begin(&breaker, now_us);
    assert_true(end_with(OUTCOME_ERROR, 0, true));
    assert_false(end_with(OUTCOME_ERROR, 0, true));
    pass_cool_down("circuit_open", 2 * BREAKER_CIRCUIT_US); /* doubled once */
}

static void a_refusal_takes_it_out_at_once(enum outcome outcome, const char *expected)
{
    int64_t longest_us = BREAKER_REFUSED_US;

    assert_true(call_ends(outcome, 0));
    for (int i = 0; i < 6; i++) {
        pass_cool_down(expected, longest_us);
        assert_true(breaker_begin(&breaker, now_us));
        assert_false(is_asked()); /* one probe is enough */
        assert_true(end_with(outcome, 0, true));
        longest_us = longest_us * 2 < BREAKER_REFUSED_US_MAX ? longest_us * 2 : BREAKER_REFUSED_US_MAX;
    }
    pass_cool_down(expected, BREAKER_REFUSED_US_MAX);
    assert_true(call_ends(OUTCOME_MISS, 0));
    assert_string_equal(word(), "in_service");
}

static void credits_used_up_take_it_out_until_a_probe_is_answered(void **state)
{
    (void)state;
    a_refusal_takes_it_out_at_once(OUTCOME_OUT_OF_CREDITS, "out_of_credits");
}

static void a_key_that_is_refused_takes_it_out_until_a_probe_is_answered(void **state)
{
    (void)state;
    a_refusal_takes_it_out_at_once(OUTCOME_AUTH_ERROR, "auth_error");
}

static void many_refusals_at_once_are_one(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        breaker_begin(&breaker, now_us);
    assert_true(end_with(OUTCOME_OUT_OF_CREDITS, 0, false));
    for (int i = 1; i < 100; i++)
        assert_false(end_with(OUTCOME_OUT_OF_CREDITS, 0, false));
    pass_cool_down("out_of_credits", BREAKER_REFUSED_US);
}

static void what_an_operator_mends_is_forgiven_and_nothing_else(void **state)
{
    (void)state;
    call_ends(OUTCOME_AUTH_ERROR, 0);
    breaker_forgive(&breaker, now_us);
    assert_true(is_asked());
    calls_end(5, OUTCOME_ERROR);
    breaker_forgive(&breaker, now_us);
    assert_string_equal(word(), "circuit_open");
    begin_anew(state);
    call_ends(OUTCOME_RATE_LIMITED, SECOND_US);
    breaker_forgive(&breaker, now_us);
    assert_string_equal(word(), "rate_limited");
}

static void what_was_forgiven_makes_no_later_pause_longer(void **state)
{
    (void)state;
    call_ends(OUTCOME_AUTH_ERROR, 0);
    breaker_forgive(&breaker, now_us);
    call_ends(OUTCOME_RATE_LIMITED, 0);
    pass_cool_down("rate_limited", BREAKER_RATE_US);
}

static void a_refusal_outweighs_an_open_circuit(void **state)
{
    (void)state;
    breaker_begin(&breaker, now_us);
    calls_end(5, OUTCOME_ERROR);
    assert_true(end_with(OUTCOME_AUTH_ERROR, 0, false));
    pass_cool_down("auth_error", BREAKER_REFUSED_US);
}

static void it_is_left_alone_for_as_long_as_it_asks(void **state)
{
    (void)state;
    assert_true(call_ends(OUTCOME_RATE_LIMITED, 17 * SECOND_US));
    assert_string_equal(word(), "rate_limited");
    now_us += 17 * SECOND_US - 1;
    assert_int_equal(breaker_reason_to_skip(&breaker, now_us), OUTCOME_RATE_LIMITED);
    now_us++;
    assert_string_equal(word(), "in_service");
    for (int i = 0; i < 10; i++) /* nothing like probes: the time is over */
        assert_false(breaker_begin(&breaker, now_us));
    assert_true(end_with(OUTCOME_HIT, 0, false));
    assert_false(end_with(OUTCOME_HIT, 0, false));
}

static void the_longest_wait_that_it_asked_for_counts(void **state)
{
    (void)state;
    breaker_begin(&breaker, now_us);
    breaker_begin(&breaker, now_us);
    call_ends(OUTCOME_RATE_LIMITED, 10 * SECOND_US);
    assert_false(end_with(OUTCOME_RATE_LIMITED, 5 * SECOND_US, false));
    assert_int_equal(breaker.until_us, now_us + 10 * SECOND_US);
    assert_true(end_with(OUTCOME_RATE_LIMITED, 20 * SECOND_US, false));
    assert_int_equal(breaker.until_us, now_us + 20 * SECOND_US);
}

static void nobody_is_left_alone_for_more_than_a_day(void **state)
{
    (void)state;
    call_ends(OUTCOME_RATE_LIMITED, INT64_MAX / 2);
    assert_int_equal(breaker.until_us, now_us + BREAKER_WAIT_US_MAX);
}

static void without_a_time_being_told_to_wait_is_a_second_then_longer(void **state)
{
    int64_t longest_us = BREAKER_RATE_US;

    (void)state;
    for (int i = 0; i < 8; i++) {
        call_ends(OUTCOME_RATE_LIMITED, 0);
        pass_cool_down("rate_limited", longest_us);
        longest_us = longest_us * 2 < BREAKER_RATE_US_MAX ? longest_us * 2 : BREAKER_RATE_US_MAX;
    }
    now_us += BREAKER_WELL_US;
    call_ends(OUTCOME_RATE_LIMITED, 0);
    pass_cool_down("rate_limited", BREAKER_RATE_US);
}

static void being_told_to_wait_is_no_failure_and_does_not_end_a_row(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        call_ends(OUTCOME_RATE_LIMITED, SECOND_US);
        now_us += SECOND_US;
    }
    assert_string_equal(word(), "in_service");
    calls_end(4, OUTCOME_ERROR);
    call_ends(OUTCOME_RATE_LIMITED, SECOND_US);
    now_us += SECOND_US;
    calls_end(1, OUTCOME_ERROR);
    assert_string_equal(word(), "circuit_open");
}

static void a_failure_that_names_a_time_is_left_alone_so_long(void **state)
{
    (void)state;
    assert_true(call_ends(OUTCOME_ERROR, 120 * SECOND_US));
    assert_string_equal(word(), "rate_limited");
    assert_int_equal(breaker.until_us, now_us + 120 * SECOND_US);
}

static void an_open_circuit_waits_as_long_as_was_asked(void **state)
{
    (void)state;
    calls_end(4, OUTCOME_ERROR);
    call_ends(OUTCOME_ERROR, 1000 * SECOND_US);
    assert_string_equal(word(), "circuit_open");
    assert_int_equal(breaker.until_us, now_us + 1000 * SECOND_US);
}

static void a_probe_that_is_told_to_wait_says_that_it_lives(void **state)
{
    (void)state;
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
    assert_true(call_ends(OUTCOME_RATE_LIMITED, 5 * SECOND_US));
    assert_string_equal(word(), "rate_limited");
    now_us += 5 * SECOND_US;
    assert_true(is_asked());
}

static void a_probe_that_is_told_to_wait_says_nothing_of_the_key(void **state)
{
    (void)state;
    call_ends(OUTCOME_AUTH_ERROR, 0);
    pass_cool_down("auth_error", BREAKER_REFUSED_US);
    assert_true(call_ends(OUTCOME_RATE_LIMITED, SECOND_US));
    pass_cool_down("auth_error", 2 * BREAKER_REFUSED_US);
    assert_false(call_ends(OUTCOME_NOT_APPLICABLE, 0));
    assert_string_equal(word(), "auth_error");
    assert_true(is_asked());
}

static void what_is_our_fault_says_nothing(void **state)
{
    struct breaker_event ours = {.outcome = OUTCOME_ERROR, .says_nothing = true};

    (void)state;
    for (int i = 0; i < 100; i++) {
        breaker_begin(&breaker, now_us);
        assert_false(breaker_end(&breaker, &ours, now_us));
    }
    assert_string_equal(word(), "in_service");
    calls_end(5, OUTCOME_ERROR);
    pass_cool_down("circuit_open", BREAKER_CIRCUIT_US);
    ours.is_probe = breaker_begin(&breaker, now_us);
    assert_false(breaker_end(&breaker, &ours, now_us));
    assert_string_equal(word(), "circuit_open");
    assert_true(is_asked()); /* the probe's place is free again */
}

static void servers_do_not_come_back_together(void **state)
{
    enum { SERVERS = 1000, PARTS = 10 };
    int at[PARTS] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < SERVERS; seed++) {
        breaker_init(&breaker, seed);
        calls_end(5, OUTCOME_ERROR);
        at[(breaker.until_us - now_us - BREAKER_CIRCUIT_US / 2) * PARTS / (BREAKER_CIRCUIT_US / 2 + 1)]++;
    }
    for (int i = 0; i < PARTS; i++)
        assert_in_range(at[i], SERVERS / PARTS / 2, SERVERS / PARTS * 2);
}

/* Whatever happens in whatever order: nothing is sent before its time but
 * probes, few at once; a provider that answers is back in the end. */
static void it_always_comes_back(void **state)
{
    static const enum outcome outcomes[] = {OUTCOME_HIT,   OUTCOME_MISS,         OUTCOME_TIMEOUT,
                                            OUTCOME_ERROR, OUTCOME_RATE_LIMITED, OUTCOME_OUT_OF_CREDITS,
                                            OUTCOME_ERROR, OUTCOME_AUTH_ERROR,   OUTCOME_NOT_APPLICABLE};
    enum { OUT_MAX = 20 };
    uint64_t random = 7;

    (void)state;
    for (int round = 0; round < 300; round++) {
        bool out[OUT_MAX];
        size_t count = 0;

        begin_anew(state);
        for (int step = 0; step < 200; step++) {
            now_us += random_between(&random, 0, 1) * random_between(&random, 0, 100 * SECOND_US);
            if (count < OUT_MAX && is_asked() && random_between(&random, 0, 1) == 0)
                out[count++] = breaker_begin(&breaker, now_us);
            else if (count > 0)
                breaker_end(&breaker,
                            &(struct breaker_event){.outcome = outcomes[random_between(&random, 0, LEN(outcomes) - 1)],
                                                    .wait_us = random_between(&random, 0, 3) == 0
                                                                   ? random_between(&random, 0, SECOND_US)
                                                                   : 0,
                                                    .is_probe = out[--count],
                                                    .says_nothing = random_between(&random, 0, 9) == 0},
                            now_us);
            assert_true(breaker.probes <= BREAKER_PROBES_MAX);
            assert_true(breaker.until_us <= now_us + BREAKER_REFUSED_US_MAX);
        }
        while (count > 0)
            end_with(OUTCOME_HIT, 0, out[--count]);
        assert_int_equal(breaker.probes, 0);
        now_us += BREAKER_REFUSED_US_MAX;
        call_ends(OUTCOME_HIT, 0);
        assert_string_equal(word(), "in_service");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin_anew)
    const struct CMUnitTest tests[] = {
        TEST(five_failures_in_a_row_open_the_circuit),
        TEST(an_answer_ends_the_row),
        TEST(half_of_twenty_within_the_window_open_the_circuit),
        TEST(failures_of_before_the_window_are_forgotten),
        TEST(a_few_probes_try_an_open_circuit_and_a_good_one_closes_it),
        TEST(each_bad_probe_doubles_the_pause_up_to_the_longest),
        TEST(a_circuit_that_opens_again_soon_stays_open_longer),
        TEST(answers_to_calls_of_before_change_nothing),
        TEST(a_probe_that_ends_after_another_failed_changes_nothing),
        TEST(credits_used_up_take_it_out_until_a_probe_is_answered),
        TEST(a_key_that_is_refused_takes_it_out_until_a_probe_is_answered),
        TEST(many_refusals_at_once_are_one),
        TEST(what_an_operator_mends_is_forgiven_and_nothing_else),
        TEST(what_was_forgiven_makes_no_later_pause_longer),
        TEST(a_refusal_outweighs_an_open_circuit),
        TEST(it_is_left_alone_for_as_long_as_it_asks),
        TEST(the_longest_wait_that_it_asked_for_counts),
        TEST(nobody_is_left_alone_for_more_than_a_day),
        TEST(without_a_time_being_told_to_wait_is_a_second_then_longer),
        TEST(being_told_to_wait_is_no_failure_and_does_not_end_a_row),
        TEST(a_failure_that_names_a_time_is_left_alone_so_long),
        TEST(an_open_circuit_waits_as_long_as_was_asked),
        TEST(a_probe_that_is_told_to_wait_says_that_it_lives),
        TEST(a_probe_that_is_told_to_wait_says_nothing_of_the_key),
        TEST(what_is_our_fault_says_nothing),
        TEST(servers_do_not_come_back_together),
        TEST(it_always_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
