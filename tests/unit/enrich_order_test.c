#include "scripted_provider.h"

#include "base/clock.h"
#include "enrich/order.h"

#include <math.h>

#define NOW_US (INT64_C(1790000000) * SECOND_US)

enum { PROVIDERS = 4, PHONE = 1u << CHANNEL_PHONE };

static struct scripted providers[PROVIDERS]; /* A to D for 1 to 4 credits */
static struct waterfalls waterfalls;
static struct workspace workspace;
static struct engine engine;
static struct hints hints;
static struct arena arena;

static const struct order *make(unsigned channels, bool is_plan)
{
    const struct order_asking asking = {.engine = &engine,
                                        .workspace = &workspace,
                                        .hints = hints_mask(&hints),
                                        .segment = order_segment(&hints),
                                        .channels = channels,
                                        .is_plan = is_plan,
                                        .now_us = NOW_US};
    const struct order *order;

    arena_deinit(&arena);
    order = order_make(&asking, &arena);
    assert_false(arena.is_full);
    return order;
}

/* The letters of those who are asked for the phone; of the last few calls. */
static const char *letters_of(const struct order *order)
{
    static char texts[4][PROVIDERS + 1];
    static unsigned turn;
    char *letters = texts[turn++ % LEN(texts)];

    memset(letters, 0, sizeof texts[0]);
    if (order == NULL)
        return "as configured";
    for (size_t i = 0; i < order->of[CHANNEL_PHONE].count; i++)
        letters[i] = (char)('A' + order->places[order->of[CHANNEL_PHONE].first + i].provider);
    return letters;
}

static void expect_order(const char *letters)
{
    assert_string_equal(letters_of(make(PHONE, false)), letters);
}

static void wish(const char *pinned, const char *disabled, bool is_deterministic)
{
    struct str names[2][PROVIDERS];

    for (size_t i = 0; pinned[i] != '\0'; i++)
        names[0][i] = (struct str){pinned + i, 1};
    for (size_t i = 0; disabled[i] != '\0'; i++)
        names[1][i] = (struct str){disabled + i, 1};
    workspace_set_wish(&workspace, CHANNEL_PHONE,
                       wish_new(names[0], strlen(pinned), names[1], strlen(disabled), is_deterministic));
}

/* Found so many, of which so many replied. */
static void learned(struct id id, char letter, int found, int replied)
{
    struct attempt attempt = {.provider = &providers[letter - 'A'].provider, .outcome = OUTCOME_HIT};
    struct waterfall_run run = {.channels = PHONE};
    struct report report = {.channel = CHANNEL_PHONE,
                            .fate = REPORT_COUNTED,
                            .provider = attempt.provider->name,
                            .segment = SEGMENT_GENERIC,
                            .found_at_us = NOW_US};

    run.channel_runs[CHANNEL_PHONE].first = &attempt;
    for (int i = 0; i < found; i++) {
        evidence_count_run(engine.evidence, id, SEGMENT_GENERIC, &run, NOW_US);
        report.contact = CONTACT_DELIVERED;
        evidence_count_report(engine.evidence, id, &report);
        report.contact = CONTACT_REPLIED;
        if (i < replied)
            evidence_count_report(engine.evidence, id, &report);
    }
}

/* --- when -------------------------------------------------------------------------- */

static void without_reports_the_order_is_the_configured_one(void **state)
{
    struct attempt attempt = {.provider = &providers[3].provider, .outcome = OUTCOME_HIT};
    struct waterfall_run run = {.channels = PHONE};

    (void)state;
    run.channel_runs[CHANNEL_PHONE].first = &attempt;
    for (int i = 0; i < 1000; i++) /* who hits more is no reason */
        evidence_count_run(engine.evidence, workspace.id, SEGMENT_GENERIC, &run, NOW_US);
    assert_null(make(CHANNELS_ALL | FIELDS_ALL, false));
}

static void with_enough_reports_it_is_learned(void **state)
{
    (void)state;
    engine.ranking.exploration = 0;
    learned(workspace.id, 'A', 9, 0);
    expect_order("as configured");
    learned(workspace.id, 'B', 1, 1);
    assert_string_not_equal(letters_of(make(PHONE, false)), "as configured");
}

static void ten_reports_of_others_count_like_one(void **state)
{
    const struct id other = {{9}};

    (void)state;
    assert_true(evidence_know(engine.evidence, other, NULL));
    engine.ranking.exploration = 0;
    learned(other, 'D', 50, 49);
    expect_order("as configured");
    learned(other, 'D', 1, 0);
    expect_order("DABC");
}

static void an_operator_may_want_the_configured_order(void **state)
{
    (void)state;
    engine.ranking.is_learned = false;
    learned(workspace.id, 'D', 1000, 500);
    expect_order("as configured");
}

/* --- which ------------------------------------------------------------------------- */

static void whose_contacts_reply_comes_first(void **state)
{
    const struct order *order;

    (void)state;
    wish("", "", true);
    for (char letter = 'A'; letter <= 'D'; letter++)
        learned(workspace.id, letter, 1000, letter == 'C' ? 200 : 20);
    order = make(PHONE, false);
    assert_string_equal(letters_of(order), "CABD");
    assert_int_equal(order->of[CHANNEL_PHONE].kind, ORDER_EXPECTED);
    assert_true(fabs((double)order->places[0].reply_rate - 0.2) < 0.01);
    assert_true(fabs((double)order->places[0].index - (20 - 3)) < 1);
}

static void with_rates_alike_the_cheaper_comes_first(void **state)
{
    (void)state;
    engine.ranking.exploration = 0;
    memset(&waterfalls.of, 0, sizeof waterfalls.of);
    for (size_t i = PROVIDERS; i-- > 0;)
        waterfall_add(&waterfalls.of[CHANNEL_PHONE], &providers[i].provider);
    learned(workspace.id, 'A', 10, 0);
    expect_order("DCBA"); /* the first in the waterfall is now the cheapest */
}

static void who_cannot_be_asked_stands_last(void **state)
{
    (void)state;
    engine.ranking.exploration = 0;
    learned(workspace.id, 'A', 100, 90);
    providers[0].provider.needs[0].hints = providers[0].provider.needs[1].hints = 1u << HINT_COMPANY_DOMAIN;
    expect_order("BCDA");
    assert_false(make(PHONE, false)->places[3].is_ranked);
}

static void a_discovery_is_ranked_by_its_price(void **state)
{
    struct order_asking asking = {.engine = &engine,
                                  .workspace = &workspace,
                                  .hints = hints_mask(&hints),
                                  .segment = order_segment(&hints),
                                  .channels = PHONE,
                                  .is_discovery = true,
                                  .now_us = NOW_US};

    (void)state;
    engine.ranking.exploration = 0;
    learned(workspace.id, 'A', 20, 0);
    providers[0].provider.discovery_prices[CHANNEL_PHONE] = 50;
    assert_string_equal(letters_of(order_make(&asking, &arena)), "BCDA");
}

static void companies_are_asked_about_in_the_configured_order(void **state)
{
    (void)state;
    learned(workspace.id, 'D', 1000, 900);
    assert_null(make(FIELDS_ALL, false));
}

/* --- wishes ------------------------------------------------------------------------ */

static void pins_come_first_in_their_order(void **state)
{
    (void)state;
    wish("DB", "", false);
    expect_order("DBAC");
    engine.ranking.exploration = 0;
    learned(workspace.id, 'C', 1000, 900);
    expect_order("DBCA");
}

static void who_is_disabled_has_no_place(void **state)
{
    const struct order *order;

    (void)state;
    wish("", "CA", false);
    order = make(PHONE, false);
    assert_string_equal(letters_of(order), "BD");
    assert_true(order->of[CHANNEL_PHONE].fingerprint ==
                waterfall_fingerprint(&waterfalls.of[CHANNEL_PHONE], 1u << 0 | 1u << 2));
    learned(workspace.id, 'C', 1000, 900);
    assert_null(strchr(letters_of(make(PHONE, false)), 'C'));
}

static void names_that_are_not_there_count_for_nothing(void **state)
{
    (void)state;
    wish("XD", "Y", false);
    expect_order("DABC");
}

static void wishes_for_one_channel_leave_the_others_alone(void **state)
{
    const struct order *order;

    (void)state;
    wish("D", "", false);
    order = make(CHANNELS_ALL, false);
    assert_string_equal(letters_of(order), "DABC");
    assert_int_equal(order->of[CHANNEL_WORK_EMAIL].count, PROVIDERS);
    assert_int_equal(order->places[order->of[CHANNEL_WORK_EMAIL].first].provider, 0);
    assert_int_equal(order->of[CHANNEL_ACCOUNT].count, 0);
}

/* --- chance ------------------------------------------------------------------------ */

/* How many of so many orders are the best known one. */
static int orders_as_expected(int times)
{
    int same = 0;

    for (int i = 0; i < times; i++) {
        const char *expected = letters_of(make(PHONE, true));
        same += strcmp(letters_of(make(PHONE, false)), expected) == 0;
    }
    return same;
}

static void where_little_is_known_orders_differ_and_deterministic_ones_do_not(void **state)
{
    (void)state;
    engine.ranking.exploration = 1;
    learned(workspace.id, 'A', 20, 1);
    assert_in_range(orders_as_expected(200), 1, 150);
    wish("", "", true);
    assert_int_equal(orders_as_expected(200), 200);
}

static void a_draw_is_had_again_from_the_seed_of_the_order(void **state)
{
    const struct order *order;
    struct contender contenders[PROVIDERS];
    struct evidence_view view;
    struct chance chance;

    (void)state;
    engine.ranking.exploration = 1;
    learned(workspace.id, 'A', 20, 1);
    do
        order = make(PHONE, false);
    while (order->of[CHANNEL_PHONE].kind != ORDER_DRAWN);
    evidence_look(engine.evidence, workspace.id, CHANNEL_PHONE, order_segment(&hints), NOW_US, &view);
    for (size_t i = 0; i < PROVIDERS; i++)
        contenders[i] = order_contender(&engine, CHANNEL_PHONE, &providers[i].provider, false, &view);
    chance_seed(&chance, order->seed);
    ranking_draw(contenders, PROVIDERS, &engine.ranking.policy, &chance);
    for (size_t i = 0; i < PROVIDERS; i++) {
        const struct order_place *at = &order->places[order->of[CHANNEL_PHONE].first + i];

        assert_true(fabs((double)at->index - contenders[at->provider].index) < 1e-4);
        assert_true(fabs((double)at->reply_rate - contenders[at->provider].reply_rate) < 1e-6);
    }
}

/* The worth of asking in an order, by what is expected. */
static struct ranking_value value_of(const struct order *order)
{
    struct contender contenders[PROVIDERS];
    struct evidence_view view;
    uint8_t at[PROVIDERS];

    evidence_look(engine.evidence, workspace.id, CHANNEL_PHONE, order_segment(&hints), NOW_US, &view);
    for (size_t i = 0; i < PROVIDERS; i++) {
        contenders[i] = order_contender(&engine, CHANNEL_PHONE, &providers[i].provider, false, &view);
        at[i] = order->places[order->of[CHANNEL_PHONE].first + i].provider;
    }
    return ranking_value(contenders, at, PROVIDERS, &engine.ranking.policy);
}

/* What trying out cost in so many lookups, as a share of what they were worth. */
static double share_spent(int lookups, int *out_drawn)
{
    double spent = 0, worth = 0;

    *out_drawn = 0;
    for (int i = 0; i < lookups; i++) {
        struct ranking_value best = value_of(make(PHONE, true)), value;
        const struct order *order = make(PHONE, false);

        value = value_of(order);
        *out_drawn += order->of[CHANNEL_PHONE].kind == ORDER_DRAWN;
        spent += best.net - value.net;
        worth += best.gross;
    }
    return spent / worth;
}

static void trying_out_costs_no_more_than_its_share(void **state)
{
    double free_share;
    int drawn;

    (void)state;
    learned(workspace.id, 'A', 20, 2);
    engine.ranking.exploration = 0;
    assert_true(share_spent(500, &drawn) < 1e-9);
    engine.ranking.exploration = 100;
    free_share = share_spent(2000, &drawn);
    assert_int_equal(drawn, 2000);
    assert_true(free_share > 0.10); /* left to itself it would cost much more */
    evidence_exploration(engine.evidence, workspace.id, CHANNEL_PHONE)->spent = 0;
    evidence_exploration(engine.evidence, workspace.id, CHANNEL_PHONE)->worth = 0;
    engine.ranking.exploration = 0.05;
    assert_true(share_spent(2000, &drawn) <= 0.05 + 1e-9);
    assert_in_range(drawn, 200, 1999);
}

static void a_plan_draws_nothing_and_costs_no_exploration(void **state)
{
    struct exploration *exploration;

    (void)state;
    engine.ranking.exploration = 1;
    learned(workspace.id, 'A', 20, 1);
    exploration = evidence_exploration(engine.evidence, workspace.id, CHANNEL_PHONE);
    for (int i = 0; i < 100; i++)
        assert_int_equal(make(PHONE, true)->of[CHANNEL_PHONE].kind, ORDER_EXPECTED);
    assert_true(exploration->worth <= 0 && exploration->spent <= 0);
}

/* --- the segment ------------------------------------------------------------------- */

static void the_companys_domain_says_the_segment_then_the_email(void **state)
{
    struct hints of = {.of = {[HINT_EMAIL] = STR("ann@acme.fr"), [HINT_COMPANY_DOMAIN] = STR("acme.de")}};

    (void)state;
    assert_str_is(segment_name(order_segment(&of)), "de");
    of.of[HINT_COMPANY_DOMAIN] = STR_NONE;
    assert_str_is(segment_name(order_segment(&of)), "fr");
    of.of[HINT_EMAIL] = STR_NONE;
    assert_int_equal(order_segment(&of), SEGMENT_UNKNOWN);
}

static int set_up(void **state)
{
    static const char *const names[PROVIDERS] = {"A", "B", "C", "D"};
    const struct evidence_scale scale = {.epoch_us = NOW_US, .half_life_us = INT64_C(21) * 86400 * SECOND_US};

    (void)state;
    memset(&waterfalls, 0, sizeof waterfalls);
    for (int i = 0; i < PROVIDERS; i++) {
        scripted_init(&providers[i], NULL, names[i], i + 1);
        for (size_t k = 0; k < WATERFALL_COUNT; k++)
            waterfall_add(&waterfalls.of[k], &providers[i].provider);
    }
    hints = (struct hints){.of = {[HINT_EMAIL] = STR("ann@acme.example")}};
    workspace = (struct workspace){.id = id_random()};
    engine = (struct engine){
        .waterfalls = &waterfalls,
        .ranking = {.is_learned = true, .policy = {.reply_worth = 100}, .exploration = 0.05, .reports_min = 10},
        .evidence = evidence_new(NULL, NULL, &scale)};
    chance_seed(&engine.chance, 5);
    assert_int_equal(evidence_load(engine.evidence), ERR_NONE);
    assert_true(evidence_know(engine.evidence, workspace.id, NULL));
    arena_init(&arena, 100000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    wishes_free(&workspace.wishes);
    evidence_free(&engine.evidence);
    return 0;
}

#define ordered(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ordered(without_reports_the_order_is_the_configured_one),
        ordered(with_enough_reports_it_is_learned),
        ordered(ten_reports_of_others_count_like_one),
        ordered(an_operator_may_want_the_configured_order),
        ordered(whose_contacts_reply_comes_first),
        ordered(with_rates_alike_the_cheaper_comes_first),
        ordered(who_cannot_be_asked_stands_last),
        ordered(a_discovery_is_ranked_by_its_price),
        ordered(companies_are_asked_about_in_the_configured_order),
        ordered(pins_come_first_in_their_order),
        ordered(who_is_disabled_has_no_place),
        ordered(names_that_are_not_there_count_for_nothing),
        ordered(wishes_for_one_channel_leave_the_others_alone),
        ordered(where_little_is_known_orders_differ_and_deterministic_ones_do_not),
        ordered(a_draw_is_had_again_from_the_seed_of_the_order),
        ordered(trying_out_costs_no_more_than_its_share),
        ordered(a_plan_draws_nothing_and_costs_no_exploration),
        ordered(the_companys_domain_says_the_segment_then_the_email),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
