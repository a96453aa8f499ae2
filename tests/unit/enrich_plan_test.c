#include "scripted_provider.h"

#include "base/clock.h"
#include "credits/ledger.h"
#include "enrich/plan.h"

static struct scripted a, b, c;
static struct waterfalls waterfalls;
static struct question question;
static struct workspace workspace;
static struct engine engine;
static struct arena arena;

static void expect_plan(unsigned cached, const char *expected)
{
    struct buf out;

    buf_init(&out, 10000);
    buf_put_char(&out, '{');
    plan_put(&out, &engine, &workspace, &question, cached, &arena);
    buf_put_char(&out, '}');
    if (!str_is(buf_str(&out), str_from(expected)))
        fail_msg("%s\nis not %s", out.ptr, expected);
    buf_deinit(&out);
}

/* The workspace has asked it so often, and it hit so often. */
static void asked(enum channel channel, const struct scripted *scripted, int times, int hits)
{
    for (int i = 0; i < times; i++) {
        struct attempt attempt = {.provider = &scripted->provider, .outcome = i < hits ? OUTCOME_HIT : OUTCOME_MISS};
        struct waterfall_run run = {.channels = 0};

        run.channel_runs[channel].first = &attempt;
        evidence_count_run(engine.evidence, workspace.id, SEGMENT_GENERIC, &run, clock_wall_us());
    }
}

static void without_a_history_there_are_no_odds(void **state)
{
    (void)state;
    expect_plan(0, "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":null,"
                   "\"worst_credits\":3,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":3}");
}

static void odds_and_expected_credits_come_from_the_workspaces_history(void **state)
{
    (void)state;
    asked(CHANNEL_WORK_EMAIL, &a, 100, 100);
    asked(CHANNEL_PHONE, &a, 2, 0);
    asked(CHANNEL_PHONE, &b, 8, 4);
    /* A hits 1 in 4 for 1 credit; B 5 in 10 of the other 3 for 3. */
    expect_plan(0, "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":1.38,"
                   "\"worst_credits\":3,\"odds\":0.63}},\"expected_credits\":1.38,\"worst_credits\":3}");
}

static void a_provider_without_history_among_others_is_taken_as_even(void **state)
{
    (void)state;
    asked(CHANNEL_PHONE, &b, 8, 4);
    expect_plan(0, "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":1.25,"
                   "\"worst_credits\":3,\"odds\":0.75}},\"expected_credits\":1.25,\"worst_credits\":3}");
}

static void what_is_cached_costs_nothing(void **state)
{
    (void)state;
    question.channels |= 1u << CHANNEL_WORK_EMAIL;
    expect_plan(CHANNELS_ALL, "{\"channels\":{\"work_email\":{\"cached\":true},\"phone\":{\"cached\":true}},"
                              "\"expected_credits\":0,\"worst_credits\":0}");
}

static void who_cannot_answer_is_not_in_the_plan(void **state)
{
    (void)state;
    b.provider.needs[0].hints = b.provider.needs[1].hints = 1u << HINT_COMPANY_DOMAIN;
    expect_plan(0, "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\"],\"expected_credits\":null,"
                   "\"worst_credits\":1,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":1}");
}

static void the_spend_cap_bounds_the_worst_case(void **state)
{
    (void)state;
    question.max_credits = 2;
    expect_plan(0, "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\"],\"expected_credits\":null,"
                   "\"worst_credits\":3,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":2}");
}

static void pinned_providers_come_first_and_disabled_ones_not_at_all(void **state)
{
    const struct str names[] = {STR("B"), STR("A")};

    (void)state;
    waterfall_add(&waterfalls.of[CHANNEL_PHONE], &c.provider);
    workspace_set_wish(&workspace, CHANNEL_PHONE, wish_new(names, 1, names + 1, 1, false));
    expect_plan(0, "{\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"B\",\"C\"],\"expected_credits\":null,"
                   "\"worst_credits\":9,\"odds\":null}},\"expected_credits\":null,\"worst_credits\":9}");
    wishes_free(&workspace.wishes);
}

static int set_up(void **state)
{
    const struct evidence_scale scale = {.epoch_us = clock_wall_us(), .half_life_us = INT64_MAX / 2};

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
    workspace = (struct workspace){.id = id_random()};
    engine = (struct engine){.waterfalls = &waterfalls,
                             .ranking = {.is_learned = true, .reports_min = 10},
                             .evidence = evidence_new(NULL, NULL, &scale)};
    assert_int_equal(evidence_load(engine.evidence), ERR_NONE);
    assert_true(evidence_know(engine.evidence, workspace.id, NULL));
    arena_init(&arena, 100000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    evidence_free(&engine.evidence);
    return 0;
}

#define planned(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        planned(without_a_history_there_are_no_odds),
        planned(odds_and_expected_credits_come_from_the_workspaces_history),
        planned(a_provider_without_history_among_others_is_taken_as_even),
        planned(what_is_cached_costs_nothing),
        planned(who_cannot_answer_is_not_in_the_plan),
        planned(the_spend_cap_bounds_the_worst_case),
        planned(pinned_providers_come_first_and_disabled_ones_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
