#include "scripted_provider.h"

#include "base/clock.h"
#include "base/json.h"
#include "enrich/trail.h"

static struct scripted a, b;
static struct waterfalls waterfalls;
static struct waterfall_run run;
static struct attempt attempts[OUTCOME_COUNT + 2];
static size_t attempt_count;
static struct buf out;

static void add_attempt(enum channel channel, const struct scripted *scripted, enum outcome outcome, int64_t credits)
{
    struct channel_run *ch = &run.channel_runs[channel];
    struct attempt *attempt = &attempts[attempt_count++];

    *attempt = (struct attempt){.provider = &scripted->provider,
                                .rank = ch->last == NULL ? 1 : ch->last->rank + 1,
                                .price = scripted->provider.prices[channel],
                                .ms = 12,
                                .outcome = outcome,
                                .credits = credits};
    if (ch->last == NULL)
        ch->first = attempt;
    else
        ch->last->next = attempt;
    ch->last = attempt;
    ch->credits += credits;
}

static void attempts_come_by_channel_and_rank(void **state)
{
    (void)state;
    add_attempt(CHANNEL_PHONE, &a, OUTCOME_TIMEOUT, 0);
    add_attempt(CHANNEL_WORK_EMAIL, &a, OUTCOME_MISS, 0);
    add_attempt(CHANNEL_WORK_EMAIL, &b, OUTCOME_HIT, 2);
    trail_put_attempts(&out, &run);
    assert_str_is(
        buf_str(&out),
        "[{\"channel\":\"work_email\",\"provider\":\"A\",\"rank\":1,\"price\":1,\"ms\":12,\"outcome\":\"miss\","
        "\"credits\":0},{\"channel\":\"work_email\",\"provider\":\"B \\\"x\\\"\",\"rank\":2,\"price\":2,\"ms\":12,"
        "\"outcome\":\"hit\",\"credits\":2},{\"channel\":\"phone\",\"provider\":\"A\",\"rank\":1,\"price\":1,"
        "\"ms\":12,\"outcome\":\"timeout\",\"credits\":0}]");
}

static void behind_what_was_found_stand_its_verifiers(void **state)
{
    struct verifier_attempt second = {.verifier = &a.provider, .rank = 2, .outcome = OUTCOME_ERROR, .ms = 7};
    struct verifier_attempt first = {.next = &second,
                                     .verifier = &b.provider,
                                     .rank = 1,
                                     .outcome = OUTCOME_HIT,
                                     .verdict = EMAIL_STATUS_CATCH_ALL,
                                     .ms = 5};

    (void)state;
    add_attempt(CHANNEL_WORK_EMAIL, &a, OUTCOME_HIT, 1);
    attempts[0].verifications = &first;
    trail_put_attempts(&out, &run);
    assert_str_is(
        buf_str(&out),
        "[{\"channel\":\"work_email\",\"provider\":\"A\",\"rank\":1,\"price\":1,\"ms\":12,\"outcome\":\"hit\","
        "\"credits\":1},{\"channel\":\"work_email\",\"provider\":\"B \\\"x\\\"\",\"rank\":1,\"price\":0,\"ms\":5,"
        "\"outcome\":\"hit\",\"credits\":0,\"verifies\":\"A\",\"verdict\":\"catch_all\"},{\"channel\":\"work_email\","
        "\"provider\":\"A\",\"rank\":2,\"price\":0,\"ms\":7,\"outcome\":\"error\",\"credits\":0,\"verifies\":\"A\"}]");
}

static void the_trail_names_the_lookup_its_time_and_its_credits(void **state)
{
    struct id lookup_id = {{0}};

    (void)state;
    add_attempt(CHANNEL_PHONE, &b, OUTCOME_HIT, 2);
    trail_put(&out, lookup_id, INT64_C(1779805800) * SECOND_US + 999999, &run);
    assert_true(
        str_starts(buf_str(&out), STR("{\"lookup_id\":\"look_0000000000000000000000\",\"at\":\"2026-05-26T14:30:00Z\","
                                      "\"credits_used\":2,\"attempts\":[{\"channel\":\"phone\",")));
    assert_true(str_ends(buf_str(&out), STR("}]}")));
}

/* An order with two places for the phone: the second is not ranked. */
static void set_order(enum order_kind kind)
{
    static union {
        struct order order;
        char room[sizeof(struct order) + 2 * sizeof(struct order_place)];
    } made;

    memset(&made, 0, sizeof made);
    made.order.seed = 0xabc;
    made.order.of[CHANNEL_PHONE] = (struct channel_order){.count = 2, .kind = (uint8_t)kind};
    made.order.places[0] =
        (struct order_place){.is_ranked = true, .index = -1.25f, .hit_rate = 0.5f, .reply_rate = 0.0625f};
    run.order = &made.order;
}

static void where_the_order_was_learned_an_attempt_has_its_index(void **state)
{
    (void)state;
    add_attempt(CHANNEL_PHONE, &a, OUTCOME_MISS, 0);
    add_attempt(CHANNEL_PHONE, &b, OUTCOME_MISS, 0);
    set_order(ORDER_EXPECTED);
    trail_put_attempts(&out, &run);
    assert_non_null(strstr(out.ptr, "\"outcome\":\"miss\",\"credits\":0,\"index\":-1.25},"));
    assert_true(str_ends(buf_str(&out), STR("\"credits\":0}]")));
}

static void where_it_was_drawn_the_draw_and_its_seed_are_told(void **state)
{
    const struct id lookup_id = {{0}};

    (void)state;
    add_attempt(CHANNEL_PHONE, &a, OUTCOME_MISS, 0);
    set_order(ORDER_DRAWN);
    trail_put(&out, lookup_id, 0, &run);
    assert_non_null(strstr(out.ptr, "\"credits_used\":0,\"seed\":\"0000000000000abc\",\"attempts\":["));
    assert_non_null(strstr(out.ptr, "\"index\":-1.25,\"draw\":{\"hit_rate\":0.5,\"reply_rate\":0.0625}}]}"));
}

static void nobody_asked_is_an_empty_list(void **state)
{
    (void)state;
    trail_put_attempts(&out, &run);
    assert_str_is(buf_str(&out), "[]");
}

static void only_real_answers_are_tallied(void **state)
{
    struct tally *tallies;
    struct arena arena;

    (void)state;
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        add_attempt(CHANNEL_PHONE, &a, (enum outcome)i, 0);
        waterfall_add(&waterfalls.of[CHANNEL_PHONE], &a.provider);
    }
    arena_init(&arena, 1 << 20);
    assert_int_equal(trail_tally(&run, &arena, &tallies), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(tallies[i].channel, CHANNEL_PHONE);
        assert_str_is(tallies[i].provider, "A");
        assert_int_equal(tallies[i].asked, 1);
        assert_int_equal(tallies[i].hits, i == 0); /* hit, miss, below_confidence, invalid */
    }
    arena_deinit(&arena);
}

static void without_memory_nothing_is_tallied(void **state)
{
    struct tally *tallies;
    struct arena arena;

    (void)state;
    waterfall_add(&waterfalls.of[CHANNEL_PHONE], &a.provider);
    add_attempt(CHANNEL_PHONE, &a, OUTCOME_HIT, 0);
    arena_init(&arena, 8);
    assert_int_equal(trail_tally(&run, &arena, &tallies), 0);
    assert_true(arena.is_full);
    arena_deinit(&arena);
}

static int set_up(void **state)
{
    (void)state;
    scripted_init(&a, NULL, "A", 1);
    scripted_init(&b, NULL, "B \"x\"", 2);
    memset(&waterfalls, 0, sizeof waterfalls);
    run = (struct waterfall_run){.waterfalls = &waterfalls};
    attempt_count = 0;
    buf_init(&out, 10000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_deinit(&out);
    return 0;
}

#define with_run(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_run(attempts_come_by_channel_and_rank),
        with_run(behind_what_was_found_stand_its_verifiers),
        with_run(the_trail_names_the_lookup_its_time_and_its_credits),
        with_run(where_the_order_was_learned_an_attempt_has_its_index),
        with_run(where_it_was_drawn_the_draw_and_its_seed_are_told),
        with_run(nobody_asked_is_an_empty_list),
        with_run(only_real_answers_are_tallied),
        with_run(without_memory_nothing_is_tallied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
