#include "scripted_provider.h"

#include "base/clock.h"
#include "providers/health.h"

#include <stdio.h>

enum { PROVIDERS = 4, WORK = 1u << CHANNEL_WORK_EMAIL, PHONE = 1u << CHANNEL_PHONE };

struct running {
    struct loop loop;
    struct arena arena;
    struct scripted providers[PROVIDERS]; /* A to D */
    struct waterfalls waterfalls;
    struct hints hints;
    struct waterfall_run run;
    int done_count;
};

static struct running r;

static void count_done(struct waterfall_run *run)
{
    assert_ptr_equal(run, &r.run);
    r.done_count++;
}

/* The waterfall of a channel: the letters of its providers. */
static void set_waterfall(enum channel channel, const char *letters)
{
    for (; *letters != '\0'; letters++)
        waterfall_add(&r.waterfalls.of[channel], &r.providers[*letters - 'A'].provider);
}

static void start(unsigned channels)
{
    r.run.channels = channels;
    if (waterfall_run_start(&r.run))
        r.done_count++;
}

static void wait_for_done(void)
{
    while (r.done_count == 0)
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    assert_int_equal(r.done_count, 1);
}

static void run(unsigned channels)
{
    start(channels);
    wait_for_done();
}

/* "phone A1 miss 0, phone B2 hit 3": provider, rank, outcome, credits. */
static void expect_trail(const char *expected)
{
    char text[1000] = "";
    size_t len = 0;

    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = r.run.channel_runs[i].first; at != NULL; at = at->next)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %.*s%u %s %d", len == 0 ? "" : ", ",
                                    channel_name((enum channel)i), STR_ARG(at->provider->name), at->rank,
                                    outcome_name(at->outcome), (int)at->credits);
    }
    assert_string_equal(text, expected);
}

static void expect_found(enum channel channel, const char *value, const char *source, int64_t credits)
{
    const struct found *found = waterfall_run_found(&r.run, channel);

    assert_non_null(found);
    assert_str_is(found->value, value);
    assert_str_is(found->source, source);
    assert_int_equal(r.run.channel_runs[channel].credits, credits);
    assert_int_equal(r.run.channel_runs[channel].incomplete, 0);
}

static void expect_null(enum channel channel, bool is_incomplete)
{
    const struct channel_run *ch = &r.run.channel_runs[channel];

    assert_null(waterfall_run_found(&r.run, channel));
    assert_int_equal(ch->credits, 0);
    assert_int_equal(ch->incomplete, is_incomplete ? 1u << channel : 0);
}

static void providers_are_asked_in_order_until_one_hits(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "CABD");
    r.providers[1].values[CHANNEL_PHONE] = "+44 20 7946 0001";
    run(PHONE);
    assert_string_equal(scripted_order, "CAB");
    expect_found(CHANNEL_PHONE, "+442079460001", "B", 2);
    expect_trail("phone C1 miss 0, phone A2 miss 0, phone B3 hit 2");
    assert_int_equal(waterfall_run_credits(&r.run), 2);
    assert_int_equal(waterfall_run_found(&r.run, CHANNEL_PHONE)->confidence_ppm, 900000);
}

static void when_all_miss_it_costs_nothing_and_is_complete(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    run(PHONE);
    expect_null(CHANNEL_PHONE, false);
    expect_trail("phone A1 miss 0, phone B2 miss 0");
}

static void a_channel_without_providers_is_over_at_once(void **state)
{
    (void)state;
    start(PHONE);
    assert_int_equal(r.done_count, 1);
    expect_null(CHANNEL_PHONE, false);
    expect_trail("");
}

static void a_provider_named_as_source_by_the_answer_is_the_source(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "A");
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    r.providers[0].is_holding = true;
    start(PHONE);
    r.providers[0].held->values[CHANNEL_PHONE].source = STR("Upstream");
    r.providers[0].held->values[CHANNEL_PHONE].value = STR("+442079460001");
    r.providers[0].held->values[CHANNEL_PHONE].confidence_ppm = 1;
    r.providers[0].values[CHANNEL_PHONE] = NULL;
    r.providers[0].outcome = OUTCOME_HIT;
    scripted_release(&r.providers[0]);
    wait_for_done();
    expect_found(CHANNEL_PHONE, "+442079460001", "Upstream", 1);
}

static void a_call_that_found_nothing_leaves_its_place_to_the_next(void **state)
{
    static const struct provider_value empty[CHANNEL_COUNT];
    struct provider_value *place;

    (void)state;
    set_waterfall(CHANNEL_PHONE, "ABC");
    for (int i = 0; i < 3; i++)
        r.providers[i].is_holding = true;
    start(PHONE);
    place = r.providers[0].held->values;
    place[CHANNEL_PHONE].confidence_ppm = 700000; /* but no value */
    place[CHANNEL_PHONE].traits.do_not_call = true;
    scripted_release(&r.providers[0]);
    while (r.providers[1].held == NULL)
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    assert_ptr_equal(r.providers[1].held->values, place);
    assert_memory_equal(place, empty, sizeof empty);
    r.providers[1].values[CHANNEL_PHONE] = "not a number";
    scripted_release(&r.providers[1]);
    while (r.providers[2].held == NULL)
        uv_run(&r.loop.uv, UV_RUN_ONCE);
    assert_ptr_not_equal(r.providers[2].held->values, place);
    scripted_release(&r.providers[2]);
    wait_for_done();
    expect_trail("phone A1 miss 0, phone B2 invalid 0, phone C3 miss 0");
}

static void one_call_serves_every_channel_that_reaches_it(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "AB");
    set_waterfall(CHANNEL_PHONE, "BA");
    set_waterfall(CHANNEL_LINKEDIN_URL, "CA");
    r.providers[0].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    r.providers[0].values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    run(CHANNELS_ALL);
    assert_int_equal(r.providers[0].asked, 1);
    assert_int_equal(r.providers[1].asked, 1);
    assert_int_equal(r.providers[2].asked, 1);
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", "A", 1);
    expect_found(CHANNEL_PHONE, "+442079460001", "A", 1);
    expect_found(CHANNEL_LINKEDIN_URL, "https://linkedin.com/in/ann", "A", 1);
    assert_int_equal(waterfall_run_credits(&r.run), 3);
    expect_trail("work_email A1 hit 1, phone B1 miss 0, phone A2 hit 1, linkedin_url C1 miss 0, linkedin_url A2 hit 1");
}

static void a_provider_is_asked_only_for_channels_still_to_be_found(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "AB");
    set_waterfall(CHANNEL_PHONE, "AB");
    r.providers[0].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    run(WORK | PHONE);
    assert_int_equal(r.providers[0].channels_asked, WORK | PHONE);
    assert_int_equal(r.providers[1].channels_asked, PHONE);
}

static void channels_run_side_by_side(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A");
    set_waterfall(CHANNEL_PHONE, "B");
    r.providers[0].is_holding = true;
    r.providers[1].is_holding = true;
    start(WORK | PHONE);
    assert_int_equal(r.providers[0].asked + r.providers[1].asked, 2);
    scripted_release(&r.providers[1]);
    uv_run(&r.loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(r.done_count, 0);
    scripted_release(&r.providers[0]);
    wait_for_done();
}

static void a_failure_means_next_and_leaves_the_channel_incomplete(void **state)
{
    static const enum outcome failures[] = {OUTCOME_TIMEOUT,    OUTCOME_RATE_LIMITED, OUTCOME_OUT_OF_CREDITS,
                                            OUTCOME_AUTH_ERROR, OUTCOME_ERROR,        OUTCOME_CIRCUIT_OPEN};

    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    for (size_t i = 0; i < LEN(failures); i++) {
        r.providers[0].outcome = failures[i];
        r.providers[1].values[CHANNEL_PHONE] = NULL;
        r.done_count = 0;
        run(PHONE);
        expect_null(CHANNEL_PHONE, true);
        r.providers[1].values[CHANNEL_PHONE] = "+442079460001";
        r.done_count = 0;
        run(PHONE);
        expect_found(CHANNEL_PHONE, "+442079460001", "B", 2); /* found: nothing is missing */
    }
}

static void a_value_next_to_a_failure_is_not_taken(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "A");
    r.providers[0].outcome = OUTCOME_TIMEOUT;
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    run(PHONE);
    expect_null(CHANNEL_PHONE, true);
    expect_trail("phone A1 timeout 0");
}

/* A answers when told to, having failed for these slots. */
static void run_with_unanswered(unsigned channels, unsigned unanswered, enum outcome failure)
{
    r.done_count = 0;
    r.providers[0].is_holding = true;
    start(channels);
    r.providers[0].held->unanswered = unanswered;
    r.providers[0].held->failure = failure;
    scripted_release(&r.providers[0]);
    wait_for_done();
}

static void a_channel_that_a_call_failed_for_is_incomplete_beside_a_hit(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A");
    set_waterfall(CHANNEL_PHONE, "A");
    r.providers[0].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    run_with_unanswered(WORK | PHONE, PHONE, OUTCOME_TIMEOUT);
    expect_trail("work_email A1 hit 1, phone A1 timeout 0");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", "A", 1);
    expect_null(CHANNEL_PHONE, true);
}

static void a_channel_that_a_call_failed_for_goes_on_to_the_next(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.providers[1].values[CHANNEL_PHONE] = "+442079460001";
    run_with_unanswered(PHONE, PHONE, OUTCOME_RATE_LIMITED);
    expect_trail("phone A1 rate_limited 0, phone B2 hit 2");
    expect_found(CHANNEL_PHONE, "+442079460001", "B", 2);
}

static void a_value_that_is_there_is_not_unanswered(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "A");
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    run_with_unanswered(PHONE, PHONE | WORK, OUTCOME_TIMEOUT);
    expect_found(CHANNEL_PHONE, "+442079460001", "A", 1);
}

static void a_failure_that_is_an_answer_leaves_nothing_incomplete(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "A");
    run_with_unanswered(PHONE, PHONE, OUTCOME_BLOCKED);
    expect_trail("phone A1 blocked 0");
    expect_null(CHANNEL_PHONE, false);
}

static void by_attempts_what_a_call_failed_for_is_no_miss(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    r.providers[1].values[CHANNEL_PHONE] = "+442079460001";
    run_with_unanswered(PHONE, PHONE, OUTCOME_ERROR);
    expect_trail("phone A1 error 0, phone B2 hit 2");
}

static void fields_that_a_call_failed_for_are_incomplete_beside_those_it_has(void **state)
{
    unsigned industry = 1u << SLOT_INDUSTRY, city = 1u << SLOT_HQ_CITY;

    (void)state;
    set_waterfall(CHANNEL_ACCOUNT, "A");
    r.hints.of[HINT_COMPANY_DOMAIN] = STR("acme.example");
    r.providers[0].provider.channels = FIELDS_ALL;
    r.providers[0].values[SLOT_INDUSTRY] = "Pumps";
    run_with_unanswered(FIELDS_ALL, industry | city, OUTCOME_TIMEOUT);
    expect_trail("account A1 hit 1");
    assert_int_equal(waterfall_run_incomplete(&r.run), city);
    r.providers[0].values[SLOT_INDUSTRY] = NULL;
    run_with_unanswered(FIELDS_ALL, city, OUTCOME_TIMEOUT);
    expect_trail("account A1 timeout 0");
    assert_true((waterfall_run_incomplete(&r.run) & city) != 0);
}

static void a_free_mailbox_said_to_be_work_is_the_personal_one(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A");
    set_waterfall(CHANNEL_PERSONAL_EMAIL, "A");
    r.providers[0].values[CHANNEL_WORK_EMAIL] = "ann@gmail.com";
    run(WORK | 1u << CHANNEL_PERSONAL_EMAIL);
    expect_trail("work_email A1 invalid 0, personal_email A1 hit 1");
    expect_found(CHANNEL_PERSONAL_EMAIL, "ann@gmail.com", "A", 1);
    expect_null(CHANNEL_WORK_EMAIL, false);
}

static void blocked_counts_as_an_answer(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "A");
    r.providers[0].outcome = OUTCOME_BLOCKED;
    run(PHONE);
    expect_null(CHANNEL_PHONE, false);
}

static void values_that_are_none_are_answers_and_not_hits(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "ABC");
    r.run.min_confidence_ppm = 900000;
    r.providers[0].values[CHANNEL_PHONE] = "+44 *** 0001";
    r.providers[1].values[CHANNEL_PHONE] = "+442079460001";
    r.providers[1].confidence_ppm = 899999;
    r.providers[2].values[CHANNEL_PHONE] = "+442079460002";
    run(PHONE);
    expect_trail("phone A1 invalid 0, phone B2 below_confidence 0, phone C3 hit 3");
    expect_found(CHANNEL_PHONE, "+442079460002", "C", 3);
}

static void a_provider_that_cannot_answer_is_not_asked(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.providers[0].provider.needs[0].hints = 1u << HINT_COMPANY_DOMAIN;
    r.providers[0].provider.needs[1].hints = 1u << HINT_LINKEDIN_URL;
    run(PHONE);
    assert_int_equal(r.providers[0].asked, 0);
    expect_trail("phone A1 not_applicable 0, phone B2 miss 0");
    expect_null(CHANNEL_PHONE, false);
}

/* --- money ----------------------------------------------------------------- */

static void who_does_not_fit_the_budget_is_skipped(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "DBA");
    r.run.credits_max = 2;
    r.providers[3].values[CHANNEL_PHONE] = "+442079460004";
    run(PHONE);
    expect_trail("phone D1 over_budget 0, phone B2 miss 0, phone A3 miss 0");
    assert_int_equal(r.providers[3].asked, 0);
    expect_null(CHANNEL_PHONE, true); /* with more credits it may be found */
}

static void channels_side_by_side_share_the_budget(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "C");
    set_waterfall(CHANNEL_PHONE, "DA");
    r.run.credits_max = 4;
    r.providers[2].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    r.providers[3].values[CHANNEL_PHONE] = "+442079460004";
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    run(WORK | PHONE);
    expect_trail("work_email C1 hit 3, phone D1 over_budget 0, phone A2 hit 1");
    assert_int_equal(r.providers[3].asked, 0);
    assert_int_equal(waterfall_run_credits(&r.run), 4);
}

static void what_a_miss_gives_back_others_may_spend(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "C");
    set_waterfall(CHANNEL_PHONE, "AD");
    r.run.credits_max = 4;
    r.providers[3].values[CHANNEL_PHONE] = "+442079460004";
    run(WORK | PHONE); /* C misses before A does */
    expect_trail("work_email C1 miss 0, phone A1 miss 0, phone D2 hit 4");
}

static void without_credits_only_what_is_free_is_asked(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.run.credits_max = 0;
    r.providers[1].provider.prices[CHANNEL_PHONE] = 0;
    r.providers[1].values[CHANNEL_PHONE] = "+442079460001";
    run(PHONE);
    expect_trail("phone A1 over_budget 0, phone B2 hit 0");
    expect_found(CHANNEL_PHONE, "+442079460001", "B", 0);
}

static void by_attempts_misses_before_a_hit_are_charged(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "ABCD");
    r.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    r.providers[1].outcome = OUTCOME_ERROR;
    r.providers[2].values[CHANNEL_PHONE] = "n/a";
    r.providers[3].values[CHANNEL_PHONE] = "+442079460004";
    run(PHONE);
    expect_trail("phone A1 miss 1, phone B2 error 0, phone C3 invalid 0, phone D4 hit 4");
    expect_found(CHANNEL_PHONE, "+442079460004", "D", 5);
}

static void by_attempts_misses_alone_cost_nothing(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    run(PHONE);
    expect_null(CHANNEL_PHONE, false);
    assert_int_equal(waterfall_run_credits(&r.run), 0);
}

static void by_attempts_the_misses_so_far_count_against_the_budget(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "BCA");
    r.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    r.run.credits_max = 4;
    r.providers[2].values[CHANNEL_PHONE] = "+442079460003";
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    run(PHONE);
    expect_trail("phone B1 miss 2, phone C2 over_budget 0, phone A3 hit 1");
    assert_int_equal(waterfall_run_credits(&r.run), 3);
}

static void the_worst_case_is_the_dearest_or_the_sum_of_who_can_answer(void **state)
{
    unsigned by_email = 1u << HINT_EMAIL, by_domain = 1u << HINT_COMPANY_DOMAIN;

    (void)state;
    set_waterfall(CHANNEL_PHONE, "ACBD");
    r.providers[3].provider.needs[0].hints = by_domain;
    r.providers[3].provider.needs_count = 1;
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, by_email, false, 0), 3);
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, by_domain, false, 0), 4);
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, 0, false, 0), 0);
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_WORK_EMAIL, CHANNELS_ALL, by_email, false, 0), 0);
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, by_email, false, 1u << 1), 2);
    r.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, by_email, false, 0), 6);
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, by_email, false, 1u << 1), 3);
    assert_int_equal(waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, by_email | by_domain, false, 0), 10);
}

/* Every way four providers can answer, both policies: never over the worst case. */
static void the_bill_never_exceeds_the_worst_case_or_the_budget(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "ABCD");
    set_waterfall(CHANNEL_PHONE, "DCBA");
    for (unsigned way = 0; way < 256 * 2; way++) {
        int64_t worst;

        r.waterfalls.charge_policy = (way & 256) != 0 ? CHARGE_ATTEMPTS : CHARGE_WINNER;
        for (unsigned i = 0; i < PROVIDERS; i++) {
            r.providers[i].values[CHANNEL_WORK_EMAIL] = (way & 1u << i) != 0 ? "ann@acme.example" : NULL;
            r.providers[i].values[CHANNEL_PHONE] = (way & 16u << i) != 0 ? "+442079460001" : NULL;
        }
        worst =
            waterfall_worst_credits(&r.waterfalls, CHANNEL_WORK_EMAIL, CHANNELS_ALL, hints_mask(&r.hints), false, 0) +
            waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, hints_mask(&r.hints), false, 0);
        for (int64_t budget = 0; budget <= worst; budget += 3) {
            r.run.credits_max = budget;
            r.done_count = 0;
            run(WORK | PHONE);
            assert_true(waterfall_run_credits(&r.run) <= budget);
            arena_deinit(&r.arena);
        }
    }
}

/* --- time --------------------------------------------------------------------- */

static void past_the_deadline_nobody_is_asked(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.run.deadline_us = clock_steady_us();
    start(PHONE);
    assert_int_equal(r.done_count, 1);
    assert_string_equal(scripted_order, "");
    expect_trail("phone A1 timeout 0, phone B2 timeout 0");
    expect_null(CHANNEL_PHONE, true);
}

static void use_up_the_time(struct scripted *scripted)
{
    (void)scripted;
    r.run.deadline_us = clock_steady_us();
}

static void an_answer_that_is_there_serves_others_past_the_deadline(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A");
    set_waterfall(CHANNEL_PHONE, "BA");
    r.providers[1].asked_hook = use_up_the_time;
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    run(WORK | PHONE);
    expect_found(CHANNEL_PHONE, "+442079460001", "A", 1);
}

static void a_provider_gets_its_own_time_or_what_is_left_of_the_lookups(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.providers[0].provider.timeout_us = 1234;
    r.providers[1].provider.timeout_us = INT64_MAX;
    r.run.deadline_us = clock_steady_us() + 60 * SECOND_US;
    run(PHONE);
    assert_int_equal(r.providers[0].timeout_us_asked, 1234);
    assert_true(r.providers[1].timeout_us_asked <= 60 * SECOND_US);
    assert_true(r.providers[1].timeout_us_asked > 0);
}

static void without_memory_the_channel_is_incomplete_and_free(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_PHONE, "AB");
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    for (size_t bytes = 0; bytes < 1200; bytes += 16) {
        const struct channel_run *ch = &r.run.channel_runs[CHANNEL_PHONE];

        arena_deinit(&r.arena);
        arena_init(&r.arena, bytes);
        r.done_count = 0;
        run(PHONE);
        assert_true(waterfall_run_found(&r.run, CHANNEL_PHONE) != NULL || (ch->credits == 0 && r.arena.is_full));
    }
    arena_deinit(&r.arena);
    arena_init(&r.arena, 1 << 20);
}

static void the_fingerprint_tells_waterfalls_apart(void **state)
{
    static const char *const letters[] = {"A", "B", "AB", "AC", "ABC", "ABCD"};
    uint64_t seen[LEN(letters)];

    (void)state;
    for (size_t i = 0; i < LEN(letters); i++) {
        struct waterfalls again = {.charge_policy = CHARGE_WINNER};

        r.waterfalls = again;
        set_waterfall(CHANNEL_PHONE, letters[i]);
        seen[i] = r.waterfalls.of[CHANNEL_PHONE].fingerprint;
        r.waterfalls = again;
        set_waterfall(CHANNEL_PHONE, letters[i]);
        assert_true(r.waterfalls.of[CHANNEL_PHONE].fingerprint == seen[i]);
        for (size_t j = 0; j < i; j++)
            assert_true(seen[j] != seen[i]);
    }
}

static void the_fingerprint_is_of_who_is_asked_in_whatever_order(void **state)
{
    const struct waterfall *of = r.waterfalls.of;

    (void)state;
    set_waterfall(CHANNEL_PHONE, "CAB");
    set_waterfall(CHANNEL_WORK_EMAIL, "ABC");
    set_waterfall(CHANNEL_LINKEDIN_URL, "BA");
    assert_true(waterfall_fingerprint(&of[CHANNEL_PHONE], 0) == waterfall_fingerprint(&of[CHANNEL_WORK_EMAIL], 0));
    assert_true(waterfall_fingerprint(&of[CHANNEL_PHONE], 1) == waterfall_fingerprint(&of[CHANNEL_LINKEDIN_URL], 0));
    assert_true(waterfall_fingerprint(&of[CHANNEL_PHONE], 2) != waterfall_fingerprint(&of[CHANNEL_LINKEDIN_URL], 0));
}

/* --- another order than the configured one ------------------------------------- */

/* An order that asks for the phone by these letters of the waterfall "ABCD". */
static void set_phone_order(const char *letters)
{
    struct order *order = arena_alloc(&r.arena, sizeof *order + PROVIDERS * sizeof order->places[0]);

    set_waterfall(CHANNEL_PHONE, "ABCD");
    order->of[CHANNEL_PHONE].count = (uint8_t)strlen(letters);
    for (size_t i = 0; letters[i] != '\0'; i++)
        order->places[i].provider = (uint8_t)(letters[i] - 'A');
    r.run.order = order;
}

static void providers_are_asked_in_the_order_made_for_the_lookup(void **state)
{
    (void)state;
    set_phone_order("CADB");
    r.providers[3].values[CHANNEL_PHONE] = "+442079460004";
    run(PHONE);
    assert_string_equal(scripted_order, "CAD");
    expect_trail("phone C1 miss 0, phone A2 miss 0, phone D3 hit 4");
}

static void who_is_not_in_the_order_is_never_asked(void **state)
{
    (void)state;
    set_phone_order("DB");
    r.providers[0].values[CHANNEL_PHONE] = "+442079460001";
    run(PHONE);
    assert_string_equal(scripted_order, "DB");
    expect_trail("phone D1 miss 0, phone B2 miss 0");
    expect_null(CHANNEL_PHONE, false);
}

/* Memory of the lookup that a run takes, all in one block. */
static size_t memory_of_run(unsigned channels)
{
    size_t used, total;

    arena_deinit(&r.arena);
    assert_non_null(arena_alloc(&r.arena, 1));
    used = r.arena.used;
    total = r.arena.bytes_total;
    r.done_count = 0;
    run(channels);
    assert_int_equal(r.arena.bytes_total, total);
    return r.arena.used - used;
}

static void who_is_out_of_service_takes_a_row_of_the_trail_and_no_more(void **state)
{
    size_t row = (sizeof(struct attempt) + 15) / 16 * 16;
    size_t before = memory_of_run(PHONE);

    (void)state;
    set_waterfall(CHANNEL_PHONE, "B");
    health_open(&r.loop, &r.providers[1].provider);
    r.providers[1].provider.unusable = (char[]){"no key"};
    assert_int_equal(memory_of_run(PHONE), before + row);
    expect_trail("phone B1 auth_error 0");
    expect_null(CHANNEL_PHONE, true);
    assert_string_equal(scripted_order, "");
    health_close(&r.providers[1].provider);
}

static int set_up(void **state)
{
    static const char *const names[PROVIDERS] = {"A", "B", "C", "D"};

    (void)state;
    memset(&r, 0, sizeof r);
    scripted_order[0] = '\0';
    loop_init(&r.loop);
    arena_init(&r.arena, 1 << 20);
    for (int i = 0; i < PROVIDERS; i++)
        scripted_init(&r.providers[i], &r.loop, names[i], i + 1);
    r.hints.of[HINT_EMAIL] = STR("ann@acme.example");
    r.run = (struct waterfall_run){.loop = &r.loop,
                                   .waterfalls = &r.waterfalls,
                                   .hints = &r.hints,
                                   .credits_max = 1000,
                                   .deadline_us = clock_steady_us() + 60 * SECOND_US,
                                   .arena = &r.arena,
                                   .request_id = "",
                                   .trace_id = "",
                                   .done = count_done};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&r.arena);
    loop_deinit(&r.loop);
    return 0;
}

#define running(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        running(providers_are_asked_in_order_until_one_hits),
        running(when_all_miss_it_costs_nothing_and_is_complete),
        running(a_channel_without_providers_is_over_at_once),
        running(a_provider_named_as_source_by_the_answer_is_the_source),
        running(a_call_that_found_nothing_leaves_its_place_to_the_next),
        running(one_call_serves_every_channel_that_reaches_it),
        running(a_provider_is_asked_only_for_channels_still_to_be_found),
        running(channels_run_side_by_side),
        running(a_failure_means_next_and_leaves_the_channel_incomplete),
        running(a_value_next_to_a_failure_is_not_taken),
        running(a_channel_that_a_call_failed_for_is_incomplete_beside_a_hit),
        running(a_channel_that_a_call_failed_for_goes_on_to_the_next),
        running(a_value_that_is_there_is_not_unanswered),
        running(a_failure_that_is_an_answer_leaves_nothing_incomplete),
        running(by_attempts_what_a_call_failed_for_is_no_miss),
        running(fields_that_a_call_failed_for_are_incomplete_beside_those_it_has),
        running(a_free_mailbox_said_to_be_work_is_the_personal_one),
        running(blocked_counts_as_an_answer),
        running(values_that_are_none_are_answers_and_not_hits),
        running(a_provider_that_cannot_answer_is_not_asked),
        running(who_does_not_fit_the_budget_is_skipped),
        running(channels_side_by_side_share_the_budget),
        running(what_a_miss_gives_back_others_may_spend),
        running(without_credits_only_what_is_free_is_asked),
        running(by_attempts_misses_before_a_hit_are_charged),
        running(by_attempts_misses_alone_cost_nothing),
        running(by_attempts_the_misses_so_far_count_against_the_budget),
        running(the_worst_case_is_the_dearest_or_the_sum_of_who_can_answer),
        running(the_bill_never_exceeds_the_worst_case_or_the_budget),
        running(past_the_deadline_nobody_is_asked),
        running(an_answer_that_is_there_serves_others_past_the_deadline),
        running(a_provider_gets_its_own_time_or_what_is_left_of_the_lookups),
        running(without_memory_the_channel_is_incomplete_and_free),
        running(the_fingerprint_tells_waterfalls_apart),
        running(the_fingerprint_is_of_who_is_asked_in_whatever_order),
        running(providers_are_asked_in_the_order_made_for_the_lookup),
        running(who_is_not_in_the_order_is_never_asked),
        running(who_is_out_of_service_takes_a_row_of_the_trail_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
