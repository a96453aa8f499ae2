#include "unit.h"

#include "base/clock.h"
#include "workspace/rate_limit.h"

#include <stdlib.h>

#define DAY_US (INT64_C(86400) * SECOND_US)

static const struct rate_limits seed = {.max = {100, 20, 10000}};

static struct rate_time at_ms(int64_t ms)
{
    return (struct rate_time){.steady_us = ms * MS_US, .wall_us = DAY_US * 20000 + ms * MS_US};
}

static bool take_at(struct rate_limit *limit, enum limit_class class, int64_t ms)
{
    struct rate_refusal refusal;

    return rate_limit_take(limit, &seed, class, at_ms(ms), &refusal);
}

static void the_hundred_and_first_waits_for_the_first_to_leave(void **state)
{
    struct rate_limit limit;
    struct rate_refusal refusal;

    (void)state;
    rate_limit_init(&limit, 0, 0);
    for (int64_t i = 0; i < 100; i++)
        assert_true(take_at(&limit, LIMIT_SINGLE, 1000 + i * 10));
    assert_false(rate_limit_take(&limit, &seed, LIMIT_SINGLE, at_ms(2000), &refusal));
    assert_int_equal(refusal.windows, 1u << WINDOW_MINUTE);
    assert_int_equal(refusal.retry_s, 60); /* 59.001 s, rounded up */
    assert_false(take_at(&limit, LIMIT_SINGLE, 61000));
    assert_true(take_at(&limit, LIMIT_SINGLE, 61001));
    assert_false(take_at(&limit, LIMIT_SINGLE, 61010));
    assert_true(take_at(&limit, LIMIT_SINGLE, 61011));
    rate_limit_deinit(&limit);
}

static void bulk_and_single_have_windows_of_their_own_and_one_day(void **state)
{
    struct rate_limit limit;
    struct rate_refusal refusal;

    (void)state;
    rate_limit_init(&limit, 0, 0);
    for (int64_t i = 0; i < 20; i++)
        assert_true(take_at(&limit, LIMIT_BULK, 1000));
    assert_false(rate_limit_take(&limit, &seed, LIMIT_BULK, at_ms(1000), &refusal));
    assert_int_equal(refusal.windows, 1u << WINDOW_BULK);
    assert_true(take_at(&limit, LIMIT_SINGLE, 1000));
    assert_true(take_at(&limit, LIMIT_NONE, 1000));
    assert_int_equal(limit.day_count, 21);
    rate_limit_deinit(&limit);
}

static void the_day_ends_at_midnight_and_never_begins_again(void **state)
{
    struct rate_limit limit;
    struct rate_refusal refusal;
    struct rate_time now = {.steady_us = 0, .wall_us = 20001 * DAY_US - 1500000};

    (void)state;
    rate_limit_init(&limit, 20000, 9999);
    assert_true(rate_limit_take(&limit, &seed, LIMIT_SINGLE, now, &refusal));
    assert_false(rate_limit_take(&limit, &seed, LIMIT_BULK, now, &refusal));
    assert_int_equal(refusal.windows, 1u << WINDOW_DAY);
    assert_int_equal(refusal.retry_s, 2);
    now.wall_us += 1500000;
    assert_true(rate_limit_take(&limit, &seed, LIMIT_SINGLE, now, &refusal));
    assert_int_equal(limit.day_count, 1);
    now.wall_us -= DAY_US; /* the clock steps back */
    assert_true(rate_limit_take(&limit, &seed, LIMIT_SINGLE, now, &refusal));
    assert_int_equal(limit.day, 20001);
    assert_int_equal(limit.day_count, 2);
    rate_limit_deinit(&limit);
}

static void a_long_pause_forgets_everything(void **state)
{
    struct rate_limit limit;

    (void)state;
    rate_limit_init(&limit, 0, 0);
    for (int64_t i = 0; i < 20; i++)
        assert_true(take_at(&limit, LIMIT_BULK, i));
    for (int64_t i = 0; i < 20; i++)
        assert_true(take_at(&limit, LIMIT_BULK, 131072 + i)); /* where the times repeat */
    assert_false(take_at(&limit, LIMIT_BULK, 131100));
    rate_limit_deinit(&limit);
}

static void what_comes_in_one_millisecond_takes_one_entry(void **state)
{
    static const struct rate_limits wide = {.max = {1000000, 1000000, RATE_LIMIT_MAX}};
    struct rate_limit limit;
    struct rate_refusal refusal;

    (void)state;
    rate_limit_init(&limit, 0, 0);
    for (int64_t i = 0; i < 1000000; i++)
        assert_true(rate_limit_take(&limit, &wide, LIMIT_SINGLE, at_ms(7), &refusal));
    assert_false(rate_limit_take(&limit, &wide, LIMIT_SINGLE, at_ms(7), &refusal));
    assert_in_range(limit.sliding[WINDOW_MINUTE].capacity, 1, 64);
    assert_true(rate_limit_take(&limit, &wide, LIMIT_SINGLE, at_ms(60008), &refusal));
    assert_int_equal(limit.sliding[WINDOW_MINUTE].count, 1);
    rate_limit_deinit(&limit);
}

static void the_headers_say_what_is_left_and_when_there_is_more(void **state)
{
    struct rate_limit limit;
    struct buf out;

    (void)state;
    rate_limit_init(&limit, 0, 0);
    buf_init(&out, 1000);
    assert_true(take_at(&limit, LIMIT_SINGLE, 0));
    rate_limit_put_headers(&out, &limit, &seed, at_ms(1000));
    assert_string_equal(out.ptr,
                        "RateLimit-Policy: \"minute\";q=100;w=60, \"bulk\";q=20;w=60, \"day\";q=10000;w=86400\r\n"
                        "RateLimit: \"minute\";r=99;t=60, \"bulk\";r=20;t=0, \"day\";r=9999;t=86399\r\n");
    buf_deinit(&out);
    rate_limit_deinit(&limit);
}

/* --- against a model that remembers every request ------------------------- */

enum { MODEL_MAX = 20000 };

struct model {
    int64_t taken_us[MODEL_MAX];
    size_t count;
};

static int64_t in_the_last_minute(const struct model *model, int64_t now_us)
{
    int64_t count = 0;

    for (size_t i = 0; i < model->count; i++)
        count += now_us - model->taken_us[i] <= 60 * SECOND_US;
    return count;
}

/* Mostly bursts, now and then a pause of any length. */
static int64_t some_pause_us(void)
{
    switch (rand() % 8) {
    case 0:
        return rand() % (70 * SECOND_US);
    case 1:
        return rand() % (3 * SECOND_US);
    case 2:
        return 60 * SECOND_US - 1000 + rand() % 2000;
    default:
        return rand() % 3000;
    }
}

/* Never more than the limit in any closed 60 s; and nothing is refused that a
 * limiter of whole milliseconds could let through. */
static void random_requests_agree_with_the_model(unsigned seed_number)
{
    static struct model model;
    struct rate_limits limits = {.max = {1 + rand() % 150, 20, RATE_LIMIT_MAX}};
    struct rate_limit limit;
    int64_t now_us = rand() % (1000 * SECOND_US);

    srand(seed_number);
    model.count = 0;
    rate_limit_init(&limit, 0, 0);
    for (int i = 0; i < 4000; i++) {
        struct rate_time now = {.steady_us = now_us, .wall_us = now_us};
        struct rate_refusal refusal;
        int64_t count = in_the_last_minute(&model, now_us);

        if (rate_limit_take(&limit, &limits, LIMIT_SINGLE, now, &refusal)) {
            assert_true(count < limits.max[WINDOW_MINUTE]);
            model.taken_us[model.count++] = now_us;
        } else {
            int64_t later_us = now_us + refusal.retry_s * SECOND_US;

            assert_true(in_the_last_minute(&model, now_us - 2000) + count >= limits.max[WINDOW_MINUTE]);
            assert_true(in_the_last_minute(&model, later_us) < limits.max[WINDOW_MINUTE]);
        }
        now_us += some_pause_us();
    }
    rate_limit_deinit(&limit);
}

static void no_minute_ever_holds_more_than_the_limit(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 40; i++)
        random_requests_agree_with_the_model(i);
}

static void a_hundred_thousand_busy_workspaces_take_less_than_100_mb(void **state)
{
    struct rate_limit limit;
    size_t bytes = 2 * 16; /* what the heap adds to two rings */

    (void)state;
    rate_limit_init(&limit, 0, 0);
    for (int64_t i = 0; i < 200; i++) {
        take_at(&limit, LIMIT_SINGLE, i);
        take_at(&limit, LIMIT_BULK, i);
    }
    bytes += sizeof limit;
    for (size_t i = 0; i < LEN(limit.sliding); i++)
        bytes += limit.sliding[i].capacity * sizeof *limit.sliding[i].ring;
    assert_in_range(bytes, 480, 1000);
    rate_limit_deinit(&limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hundred_and_first_waits_for_the_first_to_leave),
        cmocka_unit_test(bulk_and_single_have_windows_of_their_own_and_one_day),
        cmocka_unit_test(the_day_ends_at_midnight_and_never_begins_again),
        cmocka_unit_test(a_long_pause_forgets_everything),
        cmocka_unit_test(what_comes_in_one_millisecond_takes_one_entry),
        cmocka_unit_test(the_headers_say_what_is_left_and_when_there_is_more),
        cmocka_unit_test(no_minute_ever_holds_more_than_the_limit),
        cmocka_unit_test(a_hundred_thousand_busy_workspaces_take_less_than_100_mb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
