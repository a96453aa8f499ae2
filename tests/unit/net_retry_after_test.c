/* net/retry_after.h: every form, and what is none. */
#include "unit.h"

#include "base/clock.h"
#include "net/retry_after.h"

/* 2026-11-21T10:00:00Z */
#define NOW_US (INT64_C(1795255200) * SECOND_US)

static void expect_wait(const char *text, int64_t wait_us)
{
    int64_t got_us = -1;

    if (!retry_after_read(str_from(text), NOW_US, &got_us))
        fail_msg("\"%s\" is not understood", text);
    if (got_us != wait_us)
        fail_msg("\"%s\" is a wait of %lld us, not of %lld", text, (long long)got_us, (long long)wait_us);
}

static void now_is_what_it_says(void **state)
{
    int64_t us;

    (void)state;
    assert_true(clock_read_time(STR("2026-11-21T10:00:00Z"), &us));
    assert_int_equal(us, NOW_US);
}

static void seconds_are_a_wait(void **state)
{
    (void)state;
    expect_wait("0", 0);
    expect_wait("17", 17 * SECOND_US);
    expect_wait(" 120 \t", 120 * SECOND_US);
    expect_wait("007", 7 * SECOND_US);
    expect_wait("1.5", 3 * SECOND_US / 2);
    expect_wait("0.0000001", 0);
}

static void each_form_of_a_date_is_a_wait_until_then(void **state)
{
    (void)state;
    expect_wait("Sat, 21 Nov 2026 10:00:30 GMT", 30 * SECOND_US);
    expect_wait("Saturday, 21-Nov-26 10:01:00 GMT", 60 * SECOND_US);
    expect_wait("Sat Nov 21 11:00:00 2026", 3600 * SECOND_US);
    expect_wait("sat, 21 nov 2026 10:00:30 gmt", 30 * SECOND_US);
    expect_wait("Sat, 21 Nov 2026 10:00:60 GMT", 60 * SECOND_US);
}

static void a_date_that_has_passed_is_no_wait(void **state)
{
    (void)state;
    expect_wait("Sun, 06 Nov 1994 08:49:37 GMT", 0);
    expect_wait("Sunday, 06-Nov-94 08:49:37 GMT", 0);
    expect_wait("Sun Nov  6 08:49:37 1994", 0);
    expect_wait("Sat, 21 Nov 2026 09:59:59 GMT", 0);
    expect_wait("Thu Jan  1 00:00:00 0001", 0);
}

static void a_year_of_two_digits_is_at_most_fifty_years_ahead(void **state)
{
    (void)state;
    expect_wait("Saturday, 21-Nov-76 10:00:00 GMT", RETRY_AFTER_US_MAX);
    expect_wait("Saturday, 21-Nov-77 10:00:00 GMT", 0);
    expect_wait("Saturday, 21-Nov-99 10:00:00 GMT", 0);
}

static void nothing_waits_for_ever(void **state)
{
    (void)state;
    expect_wait("86401", RETRY_AFTER_US_MAX);
    expect_wait("99999999999999999999999999999999999999", RETRY_AFTER_US_MAX);
    expect_wait("99999999999999999999999999999999999999.99999999999999999999999999999", RETRY_AFTER_US_MAX);
    expect_wait("Fri, 31 Dec 9999 23:59:60 GMT", RETRY_AFTER_US_MAX);
}

static void everything_else_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "-1",
        "+1",
        "1e3",
        "soon",
        "1.",
        ".5",
        "1.2.3",
        "1 2",
        "12s",
        "0x10",
        "Sat, 21 Nov 2026 10:00:30",
        "Sat, 21 Nov 2026 10:00:30 CET",
        "Sat, 21 Nov 2026 24:00:00 GMT",
        "Sat, 31 Feb 2026 10:00:00 GMT",
        "Sat, 00 Nov 2026 10:00:00 GMT",
        "Sat, 21 Nvo 2026 10:00:00 GMT",
        "Sat, 1 Nov 2026 10:00:00 GMT",
        "Sat, 21 Nov 26 10:00:00 GMT",
        "Saturday, 21-Nov-2026 10:00:00 GMT",
        "21 Nov 2026 10:00:00 GMT",
        "Sat Nov 21 10:00:00 2026 GMT",
        "Sat Nov 6 10:00:00 2026",
        "Sat Nov  0 10:00:00 2026",
        "Sat, 21 Nov 2026 10:00:30 GMT, 5",
        "2026-11-21T10:00:30Z",
        "Sat, 29 Feb 2027 10:00:00 GMT",
    };

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        int64_t us = 42;

        if (retry_after_read(str_from(texts[i]), NOW_US, &us) || us != 42)
            fail_msg("\"%s\" is understood", texts[i]);
    }
    assert_false(retry_after_read(STR("5\0"), NOW_US, &(int64_t){0}));
    assert_false(retry_after_read(STR_NONE, NOW_US, &(int64_t){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_is_what_it_says),
        cmocka_unit_test(seconds_are_a_wait),
        cmocka_unit_test(each_form_of_a_date_is_a_wait_until_then),
        cmocka_unit_test(a_date_that_has_passed_is_no_wait),
        cmocka_unit_test(a_year_of_two_digits_is_at_most_fifty_years_ahead),
        cmocka_unit_test(nothing_waits_for_ever),
        cmocka_unit_test(everything_else_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
