#include "unit.h"

#include "base/buf.h"
#include "base/metric.h"

static struct buf text;

static const char *all(void)
{
    buf_clear(&text);
    metrics_put(&text);
    return text.ptr;
}

static void a_series_is_made_once_and_counts(void **state)
{
    struct series *series = metric_series(METRIC_LOOKUPS, STR("replay"), STR_NONE);

    (void)state;
    series_add(series, 2);
    series_add(metric_series(METRIC_LOOKUPS, STR("replay"), STR_NONE), 1);
    assert_ptr_equal(series, metric_series(METRIC_LOOKUPS, STR("replay"), STR_NONE));
    assert_non_null(
        strstr(all(), "# TYPE unstuck_lookups_total counter\nunstuck_lookups_total{outcome=\"replay\"} 3\n"));
}

static void label_values_are_escaped(void **state)
{
    (void)state;
    series_add(metric_series(METRIC_CALLS, STR("a\"b\\c\nd"), STR("hit")), 1);
    assert_non_null(strstr(all(), "unstuck_provider_calls_total{provider=\"a\\\"b\\\\c\\nd\",outcome=\"hit\"} 1\n"));
}

static void a_histogram_counts_upwards(void **state)
{
    struct series *series = metric_series(METRIC_CALL_SECONDS, STR("acme"), STR_NONE);

    (void)state;
    series_observe(series, 1000);     /* a bound belongs to its bucket */
    series_observe(series, 30000);    /* 0.03 s */
    series_observe(series, 90000000); /* longer than all bounds */
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_bucket{provider=\"acme\",le=\"0.001\"} 1\n"));
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_bucket{provider=\"acme\",le=\"0.025\"} 1\n"));
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_bucket{provider=\"acme\",le=\"0.05\"} 2\n"));
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_bucket{provider=\"acme\",le=\"10\"} 2\n"));
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_bucket{provider=\"acme\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_sum{provider=\"acme\"} 90.031000\n"));
    assert_non_null(strstr(all(), "unstuck_provider_call_seconds_count{provider=\"acme\"} 3\n"));
}

static void a_family_without_labels_has_no_braces(void **state)
{
    (void)state;
    series_set(metric_only(METRIC_HOLDS), 7);
    assert_non_null(strstr(all(), "\nunstuck_holds 7\n"));
}

static void what_is_gone_is_not_shown_until_it_is_set_again(void **state)
{
    struct series *series = metric_series(METRIC_PROVIDER_WAITING, STR("gone"), STR_NONE);

    (void)state;
    series_set(series, 3);
    assert_non_null(strstr(all(), "{provider=\"gone\"} 3\n"));
    series_hide(series);
    assert_null(strstr(all(), "{provider=\"gone\"}"));
    series_set(series, 0);
    assert_non_null(strstr(all(), "{provider=\"gone\"} 0\n"));
}

static void millionths_are_shown_as_decimals(void **state)
{
    (void)state;
    series_add(metric_series(METRIC_PROVIDER_SPENT, STR("acme"), STR_NONE), 1500000);
    series_add(metric_series(METRIC_PROVIDER_SPENT, STR("acme"), STR_NONE), 20);
    series_set(metric_series(METRIC_PROVIDER_BALANCE, STR("acme"), STR_NONE), -1000000);
    assert_non_null(strstr(all(), "counter\nunstuck_provider_spent_total{provider=\"acme\"} 1.500020\n"));
    assert_non_null(strstr(all(), "gauge\nunstuck_provider_balance{provider=\"acme\"} -1.000000\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_is_made_once_and_counts),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(a_histogram_counts_upwards),
        cmocka_unit_test(a_family_without_labels_has_no_braces),
        cmocka_unit_test(what_is_gone_is_not_shown_until_it_is_set_again),
        cmocka_unit_test(millionths_are_shown_as_decimals),
    };
    int failed;

    buf_init(&text, 1024 * 1024);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_deinit(&text);
    return failed;
}
