/* providers/pace.h: rates that are never broken, and a budget for asking again. */
#include "unit.h"

#include "base/clock.h"
#include "providers/breaker.h"
#include "providers/pace.h"

enum { SENT_MAX = 20000 };

static uint64_t chance = 11;
static int64_t sent_us[SENT_MAX];

/* As many as it allows within so long, from callers who come `every_us` or so. */
static size_t send_for(struct pace *pace, int64_t from_us, int64_t length_us, int64_t every_us)
{
    size_t count = 0;

    for (int64_t now_us = from_us; now_us < from_us + length_us && count < SENT_MAX;) {
        int64_t wait_us = pace_wait_us(pace, 0, now_us);

        if (wait_us == 0) {
            pace_take(pace, now_us);
            sent_us[count++] = now_us;
            now_us += random_between(&chance, 0, 2 * every_us);
        } else {
            now_us += wait_us;
        }
    }
    return count;
}

static int64_t most_within(int64_t window_us, size_t count)
{
    int64_t most = 0;
    size_t first = 0;

    for (size_t last = 0; last < count; last++) {
        while (sent_us[last] - sent_us[first] >= window_us)
            first++;
        most = (int64_t)(last - first) + 1 > most ? (int64_t)(last - first) + 1 : most;
    }
    return most;
}

static void no_window_has_more_than_was_declared(void **state)
{
    static const int64_t rates[] = {1, 2, 3, 5, 9, 10, 11, 19, 20, 30, 60, 100, 300, 1000};
    static const int64_t windows_us[] = {SECOND_US, 60 * SECOND_US};

    (void)state;
    for (size_t i = 0; i < LEN(rates) * LEN(windows_us); i++) {
        int64_t rate = rates[i / LEN(windows_us)], window_us = windows_us[i % LEN(windows_us)];

        for (int64_t eagerness = 0; eagerness < 6; eagerness++) {
            struct pace pace = {0};
            size_t count;

            pace_set(&pace, rate, window_us);
            count = send_for(&pace, 5000 * SECOND_US, 10 * window_us, eagerness * window_us / rate / 2);
            assert_true(count < SENT_MAX);
            assert_in_range(most_within(window_us, count), 1, rate);
        }
    }
}

static void most_of_what_was_declared_is_used(void **state)
{
    static const int64_t rates[] = {1, 2, 5, 10, 50, 100, 1000};

    (void)state;
    for (size_t i = 0; i < LEN(rates); i++) {
        struct pace pace = {0};

        pace_set(&pace, rates[i], SECOND_US);
        assert_in_range(send_for(&pace, SECOND_US, 10 * SECOND_US, 0), rates[i] * 10 * 85 / 100, rates[i] * 10);
    }
}

static void a_tenth_may_come_at_once_after_a_rest(void **state)
{
    struct pace pace = {0};
    int at_once = 0;

    (void)state;
    pace_set(&pace, 100, SECOND_US);
    while (pace_wait_us(&pace, 0, SECOND_US) == 0) {
        pace_take(&pace, SECOND_US);
        at_once++;
    }
    assert_int_equal(at_once, 11);
}

static void those_ahead_are_waited_for(void **state)
{
    struct pace pace = {0};
    int64_t now_us = 7 * SECOND_US, expected_us;

    (void)state;
    pace_set(&pace, 20, SECOND_US);
    for (int64_t ahead = 0; ahead < 50; ahead++) {
        struct pace later = pace;

        expected_us = now_us;
        for (int64_t i = 0; i < ahead; i++) {
            expected_us += pace_wait_us(&later, 0, expected_us);
            pace_take(&later, expected_us);
        }
        expected_us += pace_wait_us(&later, 0, expected_us);
        assert_int_equal(pace_wait_us(&pace, ahead, now_us), expected_us - now_us);
    }
}

static void what_was_taken_stays_taken_when_the_rate_is_another(void **state)
{
    struct pace pace = {0};

    (void)state;
    pace_set(&pace, 1, 60 * SECOND_US);
    pace_take(&pace, SECOND_US);
    pace_set(&pace, 2, 60 * SECOND_US);
    assert_true(pace_wait_us(&pace, 0, SECOND_US) > 0);
}

static void without_a_rate_nothing_waits(void **state)
{
    struct pace pace = {0};

    (void)state;
    pace_set(&pace, 0, SECOND_US);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pace_wait_us(&pace, 1000, SECOND_US), 0);
        pace_take(&pace, SECOND_US);
    }
}

static void when_everything_fails_a_fifth_is_sent_again(void **state)
{
    struct retry_budget budget = {0};
    int64_t now_us = 1000 * SECOND_US;
    int calls = 0, retries = 0;

    (void)state;
    for (int i = 0; i < 100 * 60; i++) { /* a minute of a hundred a second */
        now_us += 10 * MS_US;
        retry_budget_call(&budget, now_us);
        calls++;
        retries += retry_budget_take(&budget, now_us);
    }
    assert_in_range(retries, calls * 19 / 100, calls / 5 + 6 * RETRIES_FREE);
}

static void who_asks_little_may_still_ask_again(void **state)
{
    struct retry_budget budget = {0};

    (void)state;
    for (int i = 0; i < RETRIES_FREE; i++)
        assert_true(retry_budget_take(&budget, SECOND_US));
    assert_false(retry_budget_take(&budget, SECOND_US));
    assert_false(retry_budget_take(&budget, RETRY_SECONDS * SECOND_US));
    assert_true(retry_budget_take(&budget, (RETRY_SECONDS + 1) * SECOND_US));
}

static void calls_count_for_ten_seconds(void **state)
{
    struct retry_budget budget = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        retry_budget_call(&budget, 5 * SECOND_US);
    for (int i = 0; i < RETRIES_FREE + 20; i++)
        assert_true(retry_budget_take(&budget, 6 * SECOND_US));
    assert_false(retry_budget_take(&budget, 6 * SECOND_US));
    for (int i = 0; i < RETRIES_FREE; i++)
        assert_true(retry_budget_take(&budget, 16 * SECOND_US)); /* both are over */
    assert_false(retry_budget_take(&budget, 16 * SECOND_US));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_has_more_than_was_declared),
        cmocka_unit_test(most_of_what_was_declared_is_used),
        cmocka_unit_test(a_tenth_may_come_at_once_after_a_rest),
        cmocka_unit_test(those_ahead_are_waited_for),
        cmocka_unit_test(what_was_taken_stays_taken_when_the_rate_is_another),
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(when_everything_fails_a_fifth_is_sent_again),
        cmocka_unit_test(who_asks_little_may_still_ask_again),
        cmocka_unit_test(calls_count_for_ten_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
