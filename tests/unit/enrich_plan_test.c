#include "scripted_provider.h"

#include "credits/ledger.h"
#include "enrich/plan.h"

static struct scripted a, b, c;
static struct waterfalls waterfalls;
static struct question question;

static void expect_plan(unsigned cached, const struct tally *tallies, size_t count, const char *expected)
{
    struct buf out;

    buf_init(&out, 10000);
    buf_put_char(&out, '{');
    plan_put(&out, &question, cached, &waterfalls, tallies, count);
    buf_put_char(&out, '}');
    if (!str_is(buf_str(&out), str_from(expected)))
        fail_msg("%s\nis not %s", out.ptr, expected);
    buf_deinit(&out);
}

static void without_a_history_there_are_no_odds(void **state)
{
    (void)state;
    expect_plan(0, NULL, 0,
                "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":null,"
                "\"worst_credits\":3,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":3}");
}

static void odds_and_expected_credits_come_from_the_workspaces_history(void **state)
{
    const struct tally tallies[] = {{CHANNEL_WORK_EMAIL, STR("A"), 100, 100, 0},
                                    {CHANNEL_PHONE, STR("A"), 2, 0, 0},
                                    {CHANNEL_PHONE, STR("B"), 8, 4, 0}};

    /* A hits 1 in 4 for 1 credit; B 5 in 10 of the other 3 for 3. */
    (void)state;
    expect_plan(0, tallies, LEN(tallies),
                "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":1.38,"
                "\"worst_credits\":3,\"odds\":0.63}},\"expected_credits\":1.38,\"worst_credits\":3}");
}

static void a_provider_without_history_among_others_is_taken_as_even(void **state)
{
    const struct tally tallies[] = {{CHANNEL_PHONE, STR("B"), 8, 4, 0}};

    (void)state;
    expect_plan(0, tallies, LEN(tallies),
                "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":1.25,"
                "\"worst_credits\":3,\"odds\":0.75}},\"expected_credits\":1.25,\"worst_credits\":3}");
}

static void what_is_cached_costs_nothing(void **state)
{
    (void)state;
    question.channels |= 1u << CHANNEL_WORK_EMAIL;
    expect_plan(CHANNELS_ALL, NULL, 0,
                "{\"channels\":{\"work_email\":{\"cached\":true},\"phone\":{\"cached\":true}},"
                "\"expected_credits\":0,\"worst_credits\":0}");
}

static void who_cannot_answer_is_not_in_the_plan(void **state)
{
    (void)state;
    b.provider.needs[0].hints = b.provider.needs[1].hints = 1u << HINT_COMPANY_DOMAIN;
    expect_plan(0, NULL, 0,
                "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\"],\"expected_credits\":null,"
                "\"worst_credits\":1,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":1}");
}

static void the_spend_cap_bounds_the_worst_case(void **state)
{
    (void)state;
    question.max_credits = 2;
    expect_plan(0, NULL, 0,
                "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":null,"
                "\"worst_credits\":3,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":2}");
}

static int set_up(void **state)
{
    (void)state;
    scripted_init(&a, NULL, "A", 1);
    scripted_init(&b, NULL, "B", 3);
    scripted_init(&c, NULL, "C", 9);
    memset(&waterfalls, 0, sizeof waterfalls);
    waterfall_add(&waterfalls.of[CHANNEL_PHONE], &a.provider);
    waterfall_add(&waterfalls.of[CHANNEL_PHONE], &b.provider);
    waterfall_add(&waterfalls.of[CHANNEL_WORK_EMAIL], &c.provider);
    question = (struct question){.hints = {.of = {[HINT_EMAIL] = STR("a@x.example")}},
                                 .channels = 1u << CHANNEL_PHONE,
                                 .max_credits = CREDITS_MAX};
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_history_there_are_no_odds, set_up),
        cmocka_unit_test_setup(odds_and_expected_credits_come_from_the_workspaces_history, set_up),
        cmocka_unit_test_setup(a_provider_without_history_among_others_is_taken_as_even, set_up),
        cmocka_unit_test_setup(what_is_cached_costs_nothing, set_up),
        cmocka_unit_test_setup(who_cannot_answer_is_not_in_the_plan, set_up),
        cmocka_unit_test_setup(the_spend_cap_bounds_the_worst_case, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
