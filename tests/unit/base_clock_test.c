#include "unit.h"

#include "base/clock.h"

#include <time.h>

static void times_are_read_with_any_offset_and_fraction(void **state)
{
    static const struct {
        const char *text;
        int64_t time_us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-05-26T14:30:00Z", 1779805800 * SECOND_US},
        {"2026-05-26t14:30:00z", 1779805800 * SECOND_US},
        {"2026-05-26 16:30:00+02:00", 1779805800 * SECOND_US},
        {"2026-05-26T09:00:00-05:30", 1779805800 * SECOND_US},
        {"2026-05-26T14:30:00-00:00", 1779805800 * SECOND_US},
        {"2026-05-26T14:30:00.5Z", 1779805800 * SECOND_US + 500000},
        {"2026-05-26T14:30:00.123456789Z", 1779805800 * SECOND_US + 123456},
        {"2000-02-29T00:00:00Z", 951782400 * SECOND_US},
        {"2016-12-31T23:59:60Z", 1483228800 * SECOND_US}, /* a leap second is the next one */
        {"9999-12-31T23:59:59Z", 253402300799 * SECOND_US},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int64_t time_us = -1;

        assert_true(clock_read_time(str_from(cases[i].text), &time_us));
        assert_int_equal(time_us, cases[i].time_us);
    }
}

static void what_is_no_time_is_refused_and_changes_nothing(void **state)
{
    static const char *const cases[] = {
        "",
        "2026-05-26",
        "2026-05-26T14:30:00",
        "2026-05-26T14:30Z",
        "2026-5-26T14:30:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-12-32T00:00:00Z",
        "2026-05-26T24:00:00Z",
        "2026-05-26T14:60:00Z",
        "2026-05-26T14:30:61Z",
        "2026-05-26T14:30:00.Z",
        "2026-05-26T14:30:00+24:00",
        "2026-05-26T14:30:00+02",
        "2026-05-26T14:30:00+0200",
        "2026-05-26T14:30:00ZZ",
        " 2026-05-26T14:30:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:60Z",
        "9999-12-31T23:59:59-00:01",
        "+026-05-26T14:30:00Z",
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int64_t time_us = 77;

        if (clock_read_time(str_from(cases[i]), &time_us))
            fail_msg("%s was taken", cases[i]);
        assert_int_equal(time_us, 77);
    }
}

static void every_day_prints_as_the_c_library_says_and_reads_back(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 2932897; day += 17) {
        int64_t time_us = (day * 86400 + day % 86400) * SECOND_US;
        time_t seconds = (time_t)(time_us / SECOND_US);
        int64_t again_us = 0;
        struct tm tm;
        char expected[40];
        struct buf out;

        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
        buf_init(&out, 100);
        clock_put_time(&out, time_us + 999999); /* cut, not rounded */
        assert_str_is(buf_str(&out), expected);
        assert_true(clock_read_time(buf_str(&out), &again_us));
        assert_int_equal(again_us, time_us);
        assert_int_equal(clock_days_of_date(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday), day);
        buf_deinit(&out);
    }
}

static void clocks_tell_about_now(void **state)
{
    int64_t steady_us = clock_steady_us();

    (void)state;
    assert_true(clock_wall_us() / SECOND_US - (int64_t)time(NULL) <= 1);
    assert_true(clock_steady_us() >= steady_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_with_any_offset_and_fraction),
        cmocka_unit_test(what_is_no_time_is_refused_and_changes_nothing),
        cmocka_unit_test(every_day_prints_as_the_c_library_says_and_reads_back),
        cmocka_unit_test(clocks_tell_about_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
