#include "unit.h"

#include "enrich/ranking.h"

#include <math.h>

enum { FEW = 6, MANY = 12 };

static const struct ranking_policy plain = {.reply_worth = 100};

/* One that finds with this chance and is replied to at this rate, for certain. */
static struct contender known(double hit_rate, double reply_rate, double price, double seconds)
{
    return (struct contender){
        .beliefs = {.hit = {1e9 * hit_rate, 1e9 * (1 - hit_rate)},
                    .arrive = {1e9, 0},
                    .reply = {1e9 * reply_rate, 1e9 * (1 - reply_rate)}},
        .price = price,
        .seconds = seconds,
    };
}

static struct contender any(struct chance *chance)
{
    return known(0.05 + 0.9 * chance_unit(chance), 0.2 * chance_unit(chance), 10 * chance_unit(chance),
                 5 * chance_unit(chance));
}

static void swap(uint8_t *a, uint8_t *b)
{
    uint8_t kept = *a;

    *a = *b;
    *b = kept;
}

/* The best of all orders of `order[from..count)` behind what stands before. */
static double best_of_all(const struct contender *contenders, uint8_t *order, size_t from, size_t count,
                          const struct ranking_policy *policy)
{
    double best = from == count ? ranking_value(contenders, order, count, policy).net : -INFINITY;

    for (size_t i = from; i < count; i++) {
        swap(&order[from], &order[i]);
        best = fmax(best, best_of_all(contenders, order, from + 1, count, policy));
        swap(&order[from], &order[i]);
    }
    return best;
}

static void the_order_by_index_is_the_best_of_all_orders(void **state)
{
    struct chance chance;

    (void)state;
    chance_seed(&chance, 11);
    for (int i = 0; i < 300; i++) {
        const struct ranking_policy policy = {
            .reply_worth = 100 * chance_unit(&chance), .second_worth = chance_unit(&chance), .by_attempts = i % 2 != 0};
        struct contender contenders[FEW];
        uint8_t order[FEW], every[FEW];
        double best;

        for (uint8_t k = 0; k < FEW; k++) {
            contenders[k] = any(&chance);
            every[k] = k;
        }
        ranking_expect(contenders, FEW, &policy);
        ranking_sort(contenders, FEW, order);
        best = best_of_all(contenders, every, 0, FEW, &policy);
        if (ranking_value(contenders, order, FEW, &policy).net < best - 1e-9)
            fail_msg("instance %d: %g is not %g", i, ranking_value(contenders, order, FEW, &policy).net, best);
    }
}

static void expect_order(const struct contender *contenders, size_t count, const char *expected)
{
    uint8_t order[CONTENDERS_MAX];
    char text[CONTENDERS_MAX + 1] = "";

    ranking_sort(contenders, count, order);
    for (size_t i = 0; i < count; i++)
        text[i] = (char)('A' + order[i]);
    assert_string_equal(text, expected);
}

static void whose_contacts_reply_comes_first_though_it_is_dearer(void **state)
{
    struct contender contenders[] = {known(0.9, 0.02, 1, 0), known(0.3, 0.10, 5, 0), known(0.6, 0.04, 2, 0)};

    (void)state;
    ranking_expect(contenders, LEN(contenders), &plain);
    expect_order(contenders, LEN(contenders), "BCA"); /* 5, 2 and 1 credits for a hit */
    assert_true(fabs(contenders[1].index - 5) < 1e-6);
}

static void what_bounces_is_worth_nothing(void **state)
{
    struct contender contenders[] = {known(0.5, 0.05, 1, 0), known(0.5, 0.05, 1, 0)};

    (void)state;
    contenders[0].beliefs.arrive = (struct beta){7e8, 3e8};
    ranking_expect(contenders, LEN(contenders), &plain);
    expect_order(contenders, LEN(contenders), "BA");
    assert_true(fabs(contenders[0].reply_rate - 0.035) < 1e-9);
}

static void of_equals_the_cheaper_is_first_then_the_earlier(void **state)
{
    const struct ranking_policy nothing = {.reply_worth = 0, .by_attempts = true};
    struct contender free_ones[] = {known(0.5, 0.1, 0, 9), known(0.2, 0.3, 0, 1), known(0.9, 0, 0, 4)};
    struct contender equals[] = {known(0.5, 0.1, 2, 0), known(0.5, 0.1, 1, 0), known(0.5, 0.1, 2, 0)};

    (void)state;
    ranking_expect(free_ones, LEN(free_ones), &nothing);
    expect_order(free_ones, LEN(free_ones), "ABC");
    ranking_expect(equals, LEN(equals), &plain);
    expect_order(equals, LEN(equals), "BAC");
}

static void a_second_of_waiting_has_its_price(void **state)
{
    const struct ranking_policy hurried = {.reply_worth = 100, .second_worth = 0.01};
    struct contender contenders[] = {known(0.5, 0.05, 1, 3), known(0.5, 0.05, 1, 1)};

    (void)state;
    ranking_expect(contenders, LEN(contenders), &hurried);
    expect_order(contenders, LEN(contenders), "BA");
    assert_true(fabs(contenders[0].index - (5 - 1 - 0.03 / 0.5)) < 1e-6);
}

static void where_misses_are_charged_a_low_hit_rate_costs(void **state)
{
    const struct ranking_policy by_attempts = {.reply_worth = 100, .by_attempts = true};
    struct contender contenders[] = {known(0.1, 0.05, 1, 0), known(0.8, 0.05, 2, 0)};

    (void)state;
    ranking_expect(contenders, LEN(contenders), &plain);
    expect_order(contenders, LEN(contenders), "AB");
    ranking_expect(contenders, LEN(contenders), &by_attempts);
    expect_order(contenders, LEN(contenders), "BA");
}

/* --- beliefs ------------------------------------------------------------------ */

static const struct shares nothing;

static struct shares shares_of(double hits, double trials)
{
    return (struct shares){.hit = {hits, trials}, .arrive = {hits, trials}, .reply = {hits, trials}};
}

static struct rates average_of(double rate)
{
    return (struct rates){rate, rate, rate};
}

static double hit_rate_of(const struct ranking_levels *levels)
{
    struct beliefs beliefs;

    ranking_believe(levels, &beliefs);
    return beta_mean(&beliefs.hit);
}

static void expect_near(double got, double expected)
{
    if (fabs(got - expected) > 0.002)
        fail_msg("%g is not %g", got, expected);
}

static void without_anything_known_there_are_modest_expectations(void **state)
{
    struct rates rates;

    (void)state;
    ranking_pool(NULL, 0, &rates);
    expect_near(rates.hit, 0.5);
    expect_near(rates.arrive, 0.95);
    expect_near(rates.reply, 0.05);
}

static void somebody_new_is_taken_for_the_average_of_the_others(void **state)
{
    const struct shares many[] = {shares_of(90000, 100000), shares_of(500, 1000), shares_of(10, 100), shares_of(0, 0)};
    struct rates rates;

    (void)state;
    ranking_pool(many, LEN(many), &rates); /* the usual 0.5 counts like one of them */
    assert_true(rates.hit > 0.52 && rates.hit < 0.55);
    ranking_pool(many, 1, &rates); /* one alone says little of the next */
    assert_true(rates.reply > 0.47 && rates.reply < 0.48);
}

static void little_evidence_is_drawn_towards_what_it_is_part_of(void **state)
{
    const struct shares much = shares_of(9000, 10000), little = shares_of(2, 2);
    const struct rates pool = average_of(0.3);
    struct ranking_levels levels = {.pool = &pool, .others = &nothing, .workspace = &nothing, .here = &nothing};
    struct beliefs beliefs;

    (void)state;
    ranking_believe(&levels, &beliefs);
    expect_near(beta_mean(&beliefs.hit), 0.3);
    expect_near(beliefs.hit.hits + beliefs.hit.misses, RANKING_STRENGTH);
    levels.others = &much;
    expect_near(hit_rate_of(&levels), 0.9); /* here as everywhere */
    levels.others = &nothing;
    levels.workspace = &little;
    expect_near(hit_rate_of(&levels), (RANKING_STRENGTH * 0.3 + 2) / (RANKING_STRENGTH + 2));
    levels.workspace = &much;
    expect_near(hit_rate_of(&levels), 0.9); /* much speaks for itself */
}

static void a_segment_shifts_the_workspace_by_what_it_does_to_everybody(void **state)
{
    const struct shares everybody = shares_of(50000, 100000), segment = shares_of(80000, 100000);
    const struct shares workspace = shares_of(20000, 100000), here = shares_of(90000, 100000);
    const struct rates pool = average_of(0.5);
    struct ranking_levels levels = {
        .pool = &pool, .others = &everybody, .segment = &segment, .workspace = &nothing, .here = &nothing};

    (void)state;
    expect_near(hit_rate_of(&levels), 0.8); /* a new workspace: the segment's */
    levels.workspace = &workspace;
    expect_near(hit_rate_of(&levels), 0.5); /* odds of 1/4, times 4 in this segment */
    levels.here = &here;
    expect_near(hit_rate_of(&levels), 0.9); /* what it saw itself, there */
}

static void alone_on_a_server_a_segment_is_known_by_itself(void **state)
{
    const struct shares elsewhere = shares_of(50000, 100000), here = shares_of(800, 1000);
    const struct rates pool = average_of(0.5);
    const struct ranking_levels levels = {
        .pool = &pool, .others = &nothing, .segment = &nothing, .workspace = &elsewhere, .here = &here};

    (void)state;
    expect_near(hit_rate_of(&levels), (0.5 * RANKING_STRENGTH + 800) / (RANKING_STRENGTH + 1000));
}

static void corrections_never_make_a_rate_impossible(void **state)
{
    const struct shares odd = {.hit = {-5, -3}, .arrive = {12, 4}, .reply = {9, 0}};
    struct rates pool;
    struct ranking_levels levels = {.pool = &pool, .others = &odd, .segment = &odd, .workspace = &odd, .here = &odd};
    struct beliefs beliefs;

    (void)state;
    ranking_pool(&odd, 1, &pool);
    ranking_believe(&levels, &beliefs);
    assert_true(beliefs.hit.hits > 0 && beliefs.hit.misses > 0);
    assert_true(beliefs.arrive.hits > 0 && beliefs.arrive.misses > 0);
    assert_true(beliefs.reply.hits > 0 && beliefs.reply.misses > 0);
}

static void an_interval_narrows_with_evidence(void **state)
{
    const struct beta little = {3, 7}, much = {300, 700};
    double low, high, lower, higher;

    (void)state;
    beta_interval(&little, &lower, &higher);
    beta_interval(&much, &low, &high);
    assert_true(lower < low && low < 0.3 && 0.3 < high && high < higher);
    expect_near(low, 0.2767);
    expect_near(high, 0.3244);
}

/* --- drawing -------------------------------------------------------------------- */

static void draws_differ_where_little_is_known_and_agree_where_much_is(void **state)
{
    struct contender sure[] = {known(0.5, 0.06, 1, 0), known(0.5, 0.05, 1, 0)};
    struct contender unsure[2];
    struct chance chance;
    int turned[2] = {0};

    (void)state;
    chance_seed(&chance, 21);
    for (int i = 0; i < 1000; i++) {
        memcpy(unsure, sure, sizeof sure);
        for (size_t k = 0; k < LEN(unsure); k++)
            unsure[k].beliefs.reply = (struct beta){20 * (k == 0 ? 0.06 : 0.05), 19};
        ranking_draw(sure, LEN(sure), &plain, &chance);
        ranking_draw(unsure, LEN(unsure), &plain, &chance);
        turned[0] += sure[1].index > sure[0].index;
        turned[1] += unsure[1].index > unsure[0].index;
    }
    assert_int_equal(turned[0], 0);
    assert_in_range(turned[1], 300, 490); /* close to even, and not quite */
}

static void a_draw_is_had_again_from_its_seed(void **state)
{
    struct contender a[MANY], b[MANY];
    struct chance chance;

    (void)state;
    chance_seed(&chance, 31);
    for (size_t i = 0; i < MANY; i++)
        a[i] = b[i] = any(&chance);
    chance_seed(&chance, 32);
    ranking_draw(a, MANY, &plain, &chance);
    chance_seed(&chance, 32);
    ranking_draw(b, MANY, &plain, &chance);
    for (size_t i = 0; i < MANY; i++)
        assert_true(a[i].index <= b[i].index && a[i].index >= b[i].index);
}

static void before_costs_a_waterfall_is_never_worth_less(void **state)
{
    struct contender contenders[] = {known(0.5, 0.05, 4, 0), known(0.5, 0.02, 1, 0)};
    const uint8_t order[] = {0, 1};
    struct ranking_value value;

    (void)state;
    ranking_expect(contenders, LEN(contenders), &plain);
    value = ranking_value(contenders, order, LEN(order), &plain);
    expect_near(value.gross, 0.5 * 5 + 0.25 * 2);
    expect_near(value.net, 0.5 * 1 + 0.25 * 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_by_index_is_the_best_of_all_orders),
        cmocka_unit_test(whose_contacts_reply_comes_first_though_it_is_dearer),
        cmocka_unit_test(what_bounces_is_worth_nothing),
        cmocka_unit_test(of_equals_the_cheaper_is_first_then_the_earlier),
        cmocka_unit_test(a_second_of_waiting_has_its_price),
        cmocka_unit_test(where_misses_are_charged_a_low_hit_rate_costs),
        cmocka_unit_test(without_anything_known_there_are_modest_expectations),
        cmocka_unit_test(somebody_new_is_taken_for_the_average_of_the_others),
        cmocka_unit_test(little_evidence_is_drawn_towards_what_it_is_part_of),
        cmocka_unit_test(a_segment_shifts_the_workspace_by_what_it_does_to_everybody),
        cmocka_unit_test(alone_on_a_server_a_segment_is_known_by_itself),
        cmocka_unit_test(corrections_never_make_a_rate_impossible),
        cmocka_unit_test(an_interval_narrows_with_evidence),
        cmocka_unit_test(draws_differ_where_little_is_known_and_agree_where_much_is),
        cmocka_unit_test(a_draw_is_had_again_from_its_seed),
        cmocka_unit_test(before_costs_a_waterfall_is_never_worth_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
