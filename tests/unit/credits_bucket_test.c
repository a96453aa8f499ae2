#include "unit.h"

#include "base/clock.h"
#include "credits/bucket.h"
#include "credits/ledger.h"

#define MONTH_OF(year, month) ((year)*12 + (month)-1)

static int64_t time_of(const char *text)
{
    int64_t time_us = 0;

    assert_true(clock_read_time(str_from(text), &time_us));
    return time_us;
}

static void a_month_begins_on_its_day_at_midnight(void **state)
{
    const struct bucket bucket = {.credits = 1, .day = 15};

    (void)state;
    assert_int_equal(bucket_month(&bucket, time_of("2026-03-14T23:59:59Z")), MONTH_OF(2026, 2));
    assert_int_equal(bucket_month(&bucket, time_of("2026-03-15T00:00:00Z")), MONTH_OF(2026, 3));
    assert_int_equal(bucket_month(&bucket, time_of("2026-01-14T00:00:00Z")), MONTH_OF(2025, 12));
    assert_int_equal(bucket_month(&bucket, time_of("2025-12-31T00:00:00Z")), MONTH_OF(2025, 12));
}

static void the_next_is_due_when_its_month_begins(void **state)
{
    struct bucket bucket = {.credits = 1, .day = 28, .renewed = MONTH_OF(2026, 1)};

    (void)state;
    assert_int_equal(bucket_renews_at(&bucket), time_of("2026-02-28T00:00:00Z"));
    bucket.renewed = MONTH_OF(2026, 12);
    assert_int_equal(bucket_renews_at(&bucket), time_of("2027-01-28T00:00:00Z"));
    bucket.credits = 0;
    assert_int_equal(bucket_renews_at(&bucket), INT64_MAX);
}

static void every_month_has_the_due_time_as_its_beginning(void **state)
{
    (void)state;
    for (int day = 1; day <= RENEWAL_DAY_MAX; day++) {
        for (int month = MONTH_OF(1999, 1); month < MONTH_OF(2101, 1); month++) {
            const struct bucket bucket = {.credits = 1, .day = day, .renewed = month};

            assert_int_equal(bucket_month(&bucket, bucket_renews_at(&bucket)), month + 1);
            assert_int_equal(bucket_month(&bucket, bucket_renews_at(&bucket) - 1), month);
        }
    }
}

static void only_what_carries_over_counts_the_months_between(void **state)
{
    struct bucket bucket = {.credits = 100, .day = 1, .renewed = MONTH_OF(2026, 1)};

    (void)state;
    assert_int_equal(bucket_credits(&bucket, MONTH_OF(2026, 4)), 100);
    bucket.carries_over = true;
    assert_int_equal(bucket_credits(&bucket, MONTH_OF(2026, 4)), 300);
    bucket.credits = CREDITS_MAX;
    assert_int_equal(bucket_credits(&bucket, MONTH_OF(2026, 4)), CREDITS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_begins_on_its_day_at_midnight),
        cmocka_unit_test(the_next_is_due_when_its_month_begins),
        cmocka_unit_test(every_month_has_the_due_time_as_its_beginning),
        cmocka_unit_test(only_what_carries_over_counts_the_months_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
