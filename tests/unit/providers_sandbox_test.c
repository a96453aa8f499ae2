#include "provider_asking.h"

#include "base/mem.h"

#include <stdio.h>

struct world {
    struct asking asking;
    struct provider *providers[SANDBOX_PROVIDERS];
};

/* The first of A to D, in this order, that has a value for the channel. */
static struct provider *run_down(struct world *world, struct hints hints, enum channel channel, struct str *out_value)
{
    for (size_t i = 0; i < SANDBOX_PROVIDERS; i++) {
        struct provider *provider = world->providers[i];

        if (!provider_can_answer(provider, hints_mask(&hints), channel))
            continue;
        world->asking.hints = hints;
        ask_channels(&world->asking, provider, 1u << channel);
        *out_value = world->asking.call.values[channel].value;
        if (out_value->len != 0)
            return provider;
    }
    return NULL;
}

static void expect_chloe(struct world *world, struct hints hints)
{
    const struct provider_value *values = world->asking.values;
    struct provider *a, *c;
    struct str value;

    a = run_down(world, hints, CHANNEL_WORK_EMAIL, &value);
    assert_ptr_equal(a, world->providers[0]);
    assert_str_is(value, "chloe.walker@westmarkrobotics.com");
    assert_str_is(values[CHANNEL_WORK_EMAIL].source, "Provider A");
    assert_int_equal(values[CHANNEL_WORK_EMAIL].confidence_ppm, 940000);
    assert_null(run_down(world, hints, CHANNEL_PHONE, &value));
    assert_null(run_down(world, hints, CHANNEL_PERSONAL_EMAIL, &value));
    c = run_down(world, hints, CHANNEL_LINKEDIN_URL, &value);
    assert_ptr_equal(c, world->providers[2]);
    assert_str_is(value, "https://linkedin.com/in/chloewalker");
    assert_str_is(values[CHANNEL_LINKEDIN_URL].source, "Provider C");
    assert_int_equal(values[CHANNEL_LINKEDIN_URL].confidence_ppm, 880000);
    assert_int_equal(a->prices[CHANNEL_WORK_EMAIL] + c->prices[CHANNEL_LINKEDIN_URL], 5);
}

static void the_documented_example_comes_out_exactly(void **state)
{
    struct world *world = *state;
    struct hints hints = {0};

    hints.of[HINT_EMAIL] = STR("Chloe.Walker@westmarkrobotics.com");
    expect_chloe(world, hints);
    hints = (struct hints){0};
    hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/chloewalker");
    expect_chloe(world, hints);
    hints = (struct hints){0};
    hints.of[HINT_FIRST_NAME] = STR("Chloe");
    hints.of[HINT_LAST_NAME] = STR("Walker");
    hints.of[HINT_COMPANY_DOMAIN] = STR("westmarkrobotics.com");
    expect_chloe(world, hints);
}

static void providers_say_that_they_are_a_sandbox(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < SANDBOX_PROVIDERS; i++) {
        const struct provider *provider = world->providers[i];

        assert_true(str_ends(provider->name, STR(" (sandbox)")));
        assert_int_equal(provider->timeout_us, 2 * SECOND_US);
        for (unsigned c = 0; c < WATERFALL_COUNT; c++)
            assert_int_equal(provider->prices[c] != 0, provider_offers(provider, (enum channel)c));
        for (unsigned c = 0; c < CHANNEL_COUNT; c++)
            assert_int_equal(provider->discovery_prices[c], 2 * provider->prices[c]);
    }
}

static void waterfalls_of_made_up_people_are_worth_watching(void **state)
{
    struct world *world = *state;
    struct hints hints = {0};
    struct str value;

    /* Known to A without a work e-mail: D has it. */
    hints.of[HINT_EMAIL] = STR("amara.brightwater@amberlyanalytics.example");
    assert_ptr_equal(run_down(world, hints, CHANNEL_WORK_EMAIL, &value), world->providers[3]);
    assert_ptr_equal(run_down(world, hints, CHANNEL_PHONE, &value), world->providers[1]);
    hints = (struct hints){0};
    hints.of[HINT_COMPANY_DOMAIN] = STR("amberlyrobotics.example");
    assert_ptr_equal(run_down(world, hints, CHANNEL_PHONE, &value), world->providers[3]);
    hints.of[HINT_COMPANY_DOMAIN] = STR("unknown.example");
    assert_null(run_down(world, hints, CHANNEL_PHONE, &value));
}

static void magic_emails_force_every_outcome_at_every_provider(void **state)
{
    static const struct {
        const char *email;
        enum outcome outcome;
    } cases[] = {
        {"hit@sandbox.example", OUTCOME_HIT},
        {"HIT+x@sandbox.example", OUTCOME_HIT},
        {"miss@sandbox.example", OUTCOME_MISS},
        {"miss+hit@sandbox.example", OUTCOME_MISS},
        {"ratelimited+1@sandbox.example", OUTCOME_RATE_LIMITED},
        {"outofcredits@sandbox.example", OUTCOME_OUT_OF_CREDITS},
        {"garbage@sandbox.example", OUTCOME_HIT},
        {"lowconfidence@sandbox.example", OUTCOME_HIT},
        {"blocked@sandbox.example", OUTCOME_BLOCKED},
        {"other@sandbox.example", OUTCOME_MISS},
        {"+hit@sandbox.example", OUTCOME_MISS},
        {"hit@other.example", OUTCOME_MISS},
    };
    struct world *world = *state;

    for (size_t i = 0; i < LEN(cases); i++) {
        for (size_t p = 0; p < SANDBOX_PROVIDERS; p++) {
            ask_email(&world->asking, world->providers[p], cases[i].email);
            if (world->asking.call.outcome != cases[i].outcome)
                fail_msg("%s: %s", cases[i].email, outcome_name(world->asking.call.outcome));
            assert_int_equal(provider_call_has_value(&world->asking.call), cases[i].outcome == OUTCOME_HIT);
        }
    }
}

static void each_tag_is_a_person_of_its_own(void **state)
{
    static const struct {
        const char *email;
        const char *work_email;
        const char *linkedin_url;
    } cases[] = {
        {"hit@sandbox.example", "hit@sandbox.example", "https://linkedin.com/in/sandbox-hit"},
        {"hit+x@sandbox.example", "hit+x@sandbox.example", "https://linkedin.com/in/sandbox-x"},
        {"Hit+Anna-1@Sandbox.example", "hit+anna-1@sandbox.example", "https://linkedin.com/in/sandbox-anna-1"},
        {"lowconfidence@sandbox.example", "lowconfidence@sandbox.example",
         "https://linkedin.com/in/sandbox-lowconfidence"},
    };
    struct world *world = *state;
    struct provider_value *values = world->asking.call.values;
    char first[100];

    for (size_t i = 0; i < LEN(cases); i++) {
        ask_email(&world->asking, world->providers[3], cases[i].email);
        assert_str_is(values[CHANNEL_WORK_EMAIL].value, cases[i].work_email);
        assert_str_is(values[CHANNEL_LINKEDIN_URL].value, cases[i].linkedin_url);
        assert_true(str_starts(values[CHANNEL_PHONE].value, STR("+442079460")));
        assert_int_equal(values[CHANNEL_PHONE].value.len, 13);
    }
    ask_email(&world->asking, world->providers[3], "hit+a.b@sandbox.example");
    snprintf(first, sizeof first, "%.*s", STR_ARG(values[CHANNEL_LINKEDIN_URL].value));
    ask_email(&world->asking, world->providers[3], "hit+a/b@sandbox.example");
    assert_false(str_is(values[CHANNEL_LINKEDIN_URL].value, str_from(first)));
    ask_email(&world->asking, world->providers[3], "hit+miss@sandbox.example");
    assert_false(str_is(values[CHANNEL_LINKEDIN_URL].value, STR("https://linkedin.com/in/sandbox-miss")));
}

static void confidence_is_part_of_the_play(void **state)
{
    struct world *world = *state;
    struct provider_value *values = world->asking.call.values;

    ask_email(&world->asking, world->providers[0], "hit@sandbox.example");
    assert_int_equal(values[CHANNEL_WORK_EMAIL].confidence_ppm, 950000);
    ask_email(&world->asking, world->providers[3], "lowconfidence@sandbox.example");
    assert_int_equal(values[CHANNEL_PHONE].confidence_ppm, 200000);
    ask_email(&world->asking, world->providers[3], "catchall@sandbox.example");
    assert_int_equal(values[CHANNEL_WORK_EMAIL].confidence_ppm, 500000);
    assert_int_equal(values[CHANNEL_WORK_EMAIL].traits.email_status, EMAIL_STATUS_CATCH_ALL);
    assert_int_equal(values[CHANNEL_PHONE].value.len, 0);
    ask_email(&world->asking, world->providers[1], "catchall@sandbox.example");
    assert_int_equal(world->asking.call.outcome, OUTCOME_MISS); /* sells no work e-mails */
}

static void slow_answers_late_and_timeout_never(void **state)
{
    struct world *world = *state;
    struct provider *provider = world->providers[3];

    ask_email(&world->asking, provider, "slow+x@sandbox.example");
    assert_int_equal(world->asking.call.outcome, OUTCOME_HIT);
    assert_true(world->asking.took_us >= SECOND_US - 20 * MS_US);

    provider->timeout_us = 20 * MS_US;
    ask_email(&world->asking, provider, "slow@sandbox.example");
    assert_int_equal(world->asking.call.outcome, OUTCOME_TIMEOUT);
    assert_false(provider_call_has_value(&world->asking.call));
    ask_email(&world->asking, provider, "timeout@sandbox.example");
    assert_int_equal(world->asking.call.outcome, OUTCOME_TIMEOUT);
    assert_true(world->asking.took_us < SECOND_US);
    provider->timeout_us = 2 * SECOND_US;
}

static int set_up(void **state)
{
    struct world *world = mem_new(sizeof *world);
    struct provider_place place;

    asking_init(&world->asking);
    buf_init(&place.pointer, 1000);
    for (size_t i = 0; i < SANDBOX_PROVIDERS; i++) {
        if (sandbox_provider_new(&world->asking.loop, i, &world->providers[i], &place) != ERR_NONE)
            return -1;
    }
    *state = world;
    return 0;
}

static void the_documented_company_is_known_to_a_and_c(void **state)
{
    struct world *world = *state;
    struct asking *asking = &world->asking;

    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("westmarkrobotics.com");
    ask_channels(asking, world->providers[0], FIELDS_ALL);
    assert_str_is(asking->call.values[SLOT_INDUSTRY].value, "Robotics / Hardware");
    assert_str_is(asking->call.values[SLOT_INDUSTRY].source, "Provider A");
    assert_int_equal(asking->call.values[SLOT_TECH_STACK].value.len, 0);
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("westmarkrobotics.com");
    ask_channels(asking, world->providers[2], FIELDS_ALL);
    assert_str_is(asking->call.values[SLOT_TECH_STACK].value, "Snowflake;Okta;Datadog");
    assert_false(provider_offers(world->providers[1], CHANNEL_ACCOUNT));
    asking->hints.of[HINT_COMPANY_DOMAIN] = STR("westmarkrobotics.com");
    ask_channels(asking, world->providers[3], FIELDS_ALL);
    assert_int_equal(asking->call.outcome, OUTCOME_MISS);
}

static int tear_down(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < SANDBOX_PROVIDERS; i++)
        provider_free(&world->providers[i]);
    asking_deinit(&world->asking);
    mem_free(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_example_comes_out_exactly),
        cmocka_unit_test(providers_say_that_they_are_a_sandbox),
        cmocka_unit_test(waterfalls_of_made_up_people_are_worth_watching),
        cmocka_unit_test(magic_emails_force_every_outcome_at_every_provider),
        cmocka_unit_test(the_documented_company_is_known_to_a_and_c),
        cmocka_unit_test(each_tag_is_a_person_of_its_own),
        cmocka_unit_test(confidence_is_part_of_the_play),
        cmocka_unit_test(slow_answers_late_and_timeout_never),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
