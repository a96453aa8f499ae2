#include "unit.h"

#include "enrich/push.h"

static struct kept_channel value(void)
{
    return (struct kept_channel){.value = STR("chloe.walker@westmarkrobotics.com"), .verified = -1};
}

static void a_value_nobody_has_judged_may_be_pushed(void **state)
{
    struct kept_channel kept = value();

    (void)state;
    assert_true(value_is_pushable(&kept));
    kept.traits.email_status = EMAIL_STATUS_CATCH_ALL;
    assert_true(value_is_pushable(&kept));
}

static void what_was_judged_invalid_is_never_pushed(void **state)
{
    struct kept_channel kept = value();

    (void)state;
    kept.verified = 0;
    assert_false(value_is_pushable(&kept));
    kept.traits.email_status = EMAIL_STATUS_DELIVERABLE; /* the customer's own judge has the last word */
    assert_false(value_is_pushable(&kept));
    kept.verified = 1;
    assert_true(value_is_pushable(&kept));
}

static void what_cannot_be_delivered_or_called_is_not_pushed(void **state)
{
    struct kept_channel kept = value();

    (void)state;
    kept.traits.email_status = EMAIL_STATUS_UNDELIVERABLE;
    assert_false(value_is_pushable(&kept));
    kept = value();
    kept.traits.do_not_call = true;
    assert_false(value_is_pushable(&kept));
}

static void no_value_is_not_pushed(void **state)
{
    struct kept_channel kept = {.verified = 1};

    (void)state;
    assert_false(value_is_pushable(&kept));
}

static void a_record_tells_which_of_its_values_may_go(void **state)
{
    struct kept_channel channels[CHANNEL_COUNT] = {[CHANNEL_WORK_EMAIL] = value(), [CHANNEL_PERSONAL_EMAIL] = value()};
    struct record record = {.channels = channels};

    (void)state;
    channels[CHANNEL_WORK_EMAIL].verified = 0;
    assert_int_equal(record_pushable(&record), 1u << CHANNEL_PERSONAL_EMAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_nobody_has_judged_may_be_pushed),
        cmocka_unit_test(what_was_judged_invalid_is_never_pushed),
        cmocka_unit_test(what_cannot_be_delivered_or_called_is_not_pushed),
        cmocka_unit_test(no_value_is_not_pushed),
        cmocka_unit_test(a_record_tells_which_of_its_values_may_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
