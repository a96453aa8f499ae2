#include "scripted_provider.h"

#include "base/clock.h"
#include "enrich/verification.h"

#include <stdio.h>

enum {
    FINDERS = 3,
    VERIFIERS = 3,
    WORK = 1u << CHANNEL_WORK_EMAIL,
    PERSONAL = 1u << CHANNEL_PERSONAL_EMAIL,
    PHONE = 1u << CHANNEL_PHONE
};

/* Says what the test tells it to, and remembers what it was asked. */
struct verifier {
    struct provider provider; /* first member */
    enum outcome outcome;
    enum email_status verdict;
    bool is_holding;
    int asked;
    char email[64];
    unsigned hints;
    int64_t timeout_us;
    struct provider_call *held;
};

static struct {
    struct loop loop;
    struct arena arena;
    struct scripted finders[FINDERS];     /* A, B, C for 1, 2 and 3 credits */
    struct verifier verifiers[VERIFIERS]; /* V, W, X */
    struct waterfalls waterfalls;
    struct hints hints;
    struct waterfall_run run;
    int done_count;
} r;

static struct verifier *const v = &r.verifiers[0], *const w = &r.verifiers[1], *const x = &r.verifiers[2];

static void verifier_answer(struct verifier *verifier, struct provider_call *call)
{
    call->verdict = verifier->verdict;
    provider_call_end(&r.loop, call, verifier->outcome);
}

static void verifier_ask(struct provider *provider, struct provider_call *call)
{
    struct verifier *verifier = (struct verifier *)(void *)provider;

    assert_int_equal(call->channels, 0);
    verifier->asked++;
    verifier->hints = hints_mask(call->hints);
    verifier->timeout_us = call->timeout_us;
    snprintf(verifier->email, sizeof verifier->email, "%.*s", STR_ARG(call->hints->of[HINT_EMAIL]));
    if (verifier->is_holding)
        verifier->held = call;
    else
        verifier_answer(verifier, call);
}

static void release(struct verifier *verifier)
{
    assert_non_null(verifier->held);
    verifier_answer(verifier, verifier->held);
    verifier->held = NULL;
}

static const struct provider_kind verifier_kind = {.name = "verifier", .ask = verifier_ask};

static void count_done(struct waterfall_run *run)
{
    assert_ptr_equal(run, &r.run);
    r.done_count++;
}

static void set_waterfall(enum channel channel, const char *finders, const char *verifiers)
{
    struct waterfall *waterfall = &r.waterfalls.of[channel];

    *waterfall = (struct waterfall){.count = 0};
    for (; *finders != '\0'; finders++)
        waterfall_add(waterfall, &r.finders[*finders - 'A'].provider);
    for (; *verifiers != '\0'; verifiers++)
        waterfall_add_verifier(waterfall, &r.verifiers[*verifiers - 'V'].provider);
}

static void start(unsigned channels)
{
    r.done_count = 0;
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

/* Until nothing happens by itself any more. */
static void settle(void)
{
    for (int i = 0; i < 10; i++)
        uv_run(&r.loop.uv, UV_RUN_NOWAIT);
}

/* "work_email A1 hit 1 [V1 hit deliverable], …". */
static void expect_trail(const char *expected)
{
    char text[1000] = "";
    size_t len = 0;

    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = r.run.channel_runs[i].first; at != NULL; at = at->next) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %.*s%u %s %d", len == 0 ? "" : ", ",
                                    channel_name((enum channel)i), STR_ARG(at->provider->name), at->rank,
                                    outcome_name(at->outcome), (int)at->credits);
            for (const struct verifier_attempt *by = at->verifications; by != NULL; by = by->next)
                len += (size_t)snprintf(text + len, sizeof text - len, " [%.*s%u %s%s%s]", STR_ARG(by->verifier->name),
                                        by->rank, outcome_name(by->outcome),
                                        by->verdict == EMAIL_STATUS_NONE ? "" : " ", email_status_name(by->verdict));
        }
    }
    assert_string_equal(text, expected);
}

static void expect_found(enum channel channel, const char *value, enum email_status status)
{
    const struct found *found = waterfall_run_found(&r.run, channel);

    assert_non_null(found);
    assert_str_is(found->value, value);
    assert_int_equal(found->traits.email_status, status);
    assert_int_equal(waterfall_run_incomplete(&r.run), 0);
}

static void expect_null(enum channel channel)
{
    assert_null(waterfall_run_found(&r.run, channel));
    assert_int_equal(r.run.channel_runs[channel].credits, 0);
    assert_int_equal(r.run.channel_runs[channel].incomplete, 0);
}

/* --- verdicts -------------------------------------------------------------- */

static void what_is_deliverable_or_risky_stands_with_that_status(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "AB", "VW");
    v->verdict = EMAIL_STATUS_DELIVERABLE;
    run(WORK);
    expect_trail("work_email A1 hit 1 [V1 hit deliverable]");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_DELIVERABLE);
    v->verdict = EMAIL_STATUS_RISKY;
    run(WORK);
    expect_trail("work_email A1 hit 1 [V1 hit risky]");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_RISKY);
    assert_int_equal(w->asked, 0);
}

static void what_is_undeliverable_is_no_value_and_free(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    v->verdict = EMAIL_STATUS_UNDELIVERABLE;
    run(WORK);
    expect_trail("work_email A1 invalid 0 [V1 hit undeliverable]");
    expect_null(CHANNEL_WORK_EMAIL);
    assert_int_equal(waterfall_run_credits(&r.run), 0);
    assert_int_equal(w->asked, 0);
}

static void after_a_refused_value_the_waterfall_goes_on(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "ABC", "V");
    r.finders[1].values[CHANNEL_WORK_EMAIL] = "a.lee@acme.example";
    v->verdict = EMAIL_STATUS_UNDELIVERABLE;
    v->is_holding = true;
    start(WORK);
    settle();
    release(v);
    settle();
    assert_string_equal(v->email, "a.lee@acme.example");
    v->verdict = EMAIL_STATUS_DELIVERABLE;
    release(v);
    wait_for_done();
    expect_trail("work_email A1 invalid 0 [V1 hit undeliverable], work_email B2 hit 2 [V1 hit deliverable]");
    expect_found(CHANNEL_WORK_EMAIL, "a.lee@acme.example", EMAIL_STATUS_DELIVERABLE);
    assert_int_equal(waterfall_run_credits(&r.run), 2);
}

static void a_catch_all_stands_or_is_none_as_the_waterfall_wants(void **state)
{
    (void)state;
    v->verdict = EMAIL_STATUS_CATCH_ALL;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    run(WORK);
    expect_trail("work_email A1 hit 1 [V1 hit catch_all]");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_CATCH_ALL);
    waterfall_set_catch_all(&r.waterfalls.of[CHANNEL_WORK_EMAIL], CATCH_ALL_MISS);
    run(WORK);
    expect_trail("work_email A1 invalid 0 [V1 hit catch_all]");
    expect_null(CHANNEL_WORK_EMAIL);
    assert_int_equal(w->asked, 0);
}

static void of_a_catch_all_the_next_verifier_may_decide(void **state)
{
    static const struct {
        enum outcome outcome;
        enum email_status verdict;
        const char *trail;
        enum email_status status; /* NONE: no value */
    } cases[] = {
        {OUTCOME_HIT, EMAIL_STATUS_DELIVERABLE, "hit 1 [V1 hit catch_all] [W2 hit deliverable]",
         EMAIL_STATUS_DELIVERABLE},
        {OUTCOME_HIT, EMAIL_STATUS_UNDELIVERABLE, "invalid 0 [V1 hit catch_all] [W2 hit undeliverable]",
         EMAIL_STATUS_NONE},
        {OUTCOME_HIT, EMAIL_STATUS_CATCH_ALL, "hit 1 [V1 hit catch_all] [W2 hit catch_all]", EMAIL_STATUS_CATCH_ALL},
        {OUTCOME_HIT, EMAIL_STATUS_UNKNOWN, "hit 1 [V1 hit catch_all] [W2 hit unknown]", EMAIL_STATUS_CATCH_ALL},
        {OUTCOME_ERROR, EMAIL_STATUS_NONE, "hit 1 [V1 hit catch_all] [W2 error]", EMAIL_STATUS_CATCH_ALL},
    };

    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    waterfall_set_catch_all(&r.waterfalls.of[CHANNEL_WORK_EMAIL], CATCH_ALL_VERIFY_NEXT);
    v->verdict = EMAIL_STATUS_CATCH_ALL;
    for (size_t i = 0; i < LEN(cases); i++) {
        char trail[200];

        w->outcome = cases[i].outcome;
        w->verdict = cases[i].verdict;
        run(WORK);
        snprintf(trail, sizeof trail, "work_email A1 %s", cases[i].trail);
        expect_trail(trail);
        if (cases[i].status == EMAIL_STATUS_NONE)
            expect_null(CHANNEL_WORK_EMAIL);
        else
            expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", cases[i].status);
    }
}

static void who_cannot_tell_leaves_it_to_the_next_one(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    v->verdict = EMAIL_STATUS_UNKNOWN;
    w->verdict = EMAIL_STATUS_UNDELIVERABLE;
    run(WORK);
    expect_trail("work_email A1 invalid 0 [V1 hit unknown] [W2 hit undeliverable]");
    w->verdict = EMAIL_STATUS_UNKNOWN;
    run(WORK);
    expect_trail("work_email A1 hit 1 [V1 hit unknown] [W2 hit unknown]");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_UNKNOWN);
}

static void a_failure_leaves_it_to_the_next_one(void **state)
{
    static const enum outcome failures[] = {OUTCOME_MISS,           OUTCOME_TIMEOUT,     OUTCOME_RATE_LIMITED,
                                            OUTCOME_OUT_OF_CREDITS, OUTCOME_AUTH_ERROR,  OUTCOME_BLOCKED,
                                            OUTCOME_ERROR,          OUTCOME_CIRCUIT_OPEN};

    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    w->verdict = EMAIL_STATUS_RISKY;
    for (size_t i = 0; i < LEN(failures); i++) {
        char trail[200];

        v->outcome = failures[i];
        v->verdict = EMAIL_STATUS_UNDELIVERABLE; /* beside a failure it says nothing */
        run(WORK);
        snprintf(trail, sizeof trail, "work_email A1 hit 1 [V1 %s] [W2 hit risky]", outcome_name(failures[i]));
        expect_trail(trail);
        expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_RISKY);
    }
}

static void when_nobody_can_say_it_stands_with_what_is_known(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VWX");
    v->outcome = OUTCOME_TIMEOUT;
    w->verdict = EMAIL_STATUS_NONE;
    x->provider.needs[0].hints = 1u << HINT_LINKEDIN_URL;
    r.finders[0].is_holding = true;
    start(WORK);
    r.finders[0].held->values[CHANNEL_WORK_EMAIL].traits.email_status = EMAIL_STATUS_RISKY;
    r.finders[0].held->values[CHANNEL_WORK_EMAIL].value = STR("ann@acme.example");
    r.finders[0].values[CHANNEL_WORK_EMAIL] = NULL;
    r.finders[0].outcome = OUTCOME_HIT;
    scripted_release(&r.finders[0]);
    wait_for_done();
    expect_trail("work_email A1 hit 1 [V1 timeout] [W2 miss] [X3 not_applicable]");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_RISKY);
}

/* --- who is asked about what ------------------------------------------------ */

static void a_verifier_sees_the_address_and_nothing_else(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "V");
    r.finders[0].values[CHANNEL_WORK_EMAIL] = " Ann@ACME.example";
    r.hints.of[HINT_FIRST_NAME] = STR("Ann");
    run(WORK);
    assert_string_equal(v->email, "Ann@acme.example");
    assert_int_equal(v->hints, 1u << HINT_EMAIL);
}

static void what_the_judge_refuses_no_verifier_sees(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "ABC", "V");
    r.run.min_confidence_ppm = 950000;
    r.finders[0].values[CHANNEL_WORK_EMAIL] = "info@acme.example";
    r.finders[1].values[CHANNEL_WORK_EMAIL] = "ann@acme.example"; /* of 0.9 */
    r.finders[2].values[CHANNEL_WORK_EMAIL] = NULL;
    run(WORK);
    expect_trail("work_email A1 invalid 0, work_email B2 below_confidence 0, work_email C3 miss 0");
    assert_int_equal(v->asked, 0);
}

static void channels_without_verifiers_wait_for_none(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "V");
    set_waterfall(CHANNEL_PHONE, "A", "");
    set_waterfall(CHANNEL_PERSONAL_EMAIL, "A", "");
    r.finders[0].values[CHANNEL_PHONE] = "+442079460001";
    r.finders[0].values[CHANNEL_PERSONAL_EMAIL] = "ann@acme.example"; /* refused as the other */
    v->verdict = EMAIL_STATUS_UNDELIVERABLE;
    run(WORK | PHONE | PERSONAL);
    expect_trail("work_email A1 invalid 0 [V1 hit undeliverable], personal_email A1 hit 1, phone A1 hit 1");
}

static void an_address_is_verified_once_whoever_finds_it(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "ABC", "VW");
    r.finders[1].values[CHANNEL_WORK_EMAIL] = "Ann@acme.example";
    r.finders[2].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    v->verdict = EMAIL_STATUS_UNDELIVERABLE;
    run(WORK);
    expect_trail("work_email A1 invalid 0 [V1 hit undeliverable], work_email B2 invalid 0, work_email C3 invalid 0");
    assert_int_equal(v->asked, 1);
}

static void two_channels_share_one_verification(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "V");
    set_waterfall(CHANNEL_PERSONAL_EMAIL, "B", "W");
    r.finders[1].values[CHANNEL_PERSONAL_EMAIL] = "ann@acme.example";
    v->verdict = EMAIL_STATUS_DELIVERABLE;
    v->is_holding = true;
    start(WORK | PERSONAL);
    settle();
    assert_int_equal(r.done_count, 0);
    release(v);
    wait_for_done();
    expect_trail("work_email A1 hit 1 [V1 hit deliverable], personal_email B1 hit 2");
    expect_found(CHANNEL_PERSONAL_EMAIL, "ann@acme.example", EMAIL_STATUS_DELIVERABLE);
    assert_int_equal(w->asked, 0);
}

static void each_channel_has_its_own_mind_about_a_catch_all(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "V");
    set_waterfall(CHANNEL_PERSONAL_EMAIL, "A", "V");
    waterfall_set_catch_all(&r.waterfalls.of[CHANNEL_PERSONAL_EMAIL], CATCH_ALL_MISS);
    r.finders[0].values[CHANNEL_PERSONAL_EMAIL] = "ann@acme.example";
    v->verdict = EMAIL_STATUS_CATCH_ALL;
    run(WORK | PERSONAL);
    expect_trail("work_email A1 hit 1 [V1 hit catch_all], personal_email A1 invalid 0");
}

/* --- time and money ----------------------------------------------------------- */

static void past_the_deadline_no_verifier_is_asked_and_the_value_stands(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    r.finders[0].is_holding = true;
    start(WORK);
    r.run.deadline_us = clock_steady_us();
    scripted_release(&r.finders[0]);
    wait_for_done();
    expect_trail("work_email A1 hit 1 [V1 timeout] [W2 timeout]");
    expect_found(CHANNEL_WORK_EMAIL, "ann@acme.example", EMAIL_STATUS_NONE);
    assert_int_equal(v->asked, 0);
}

static void a_verifier_gets_its_own_time_or_what_is_left_of_the_lookups(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "VW");
    v->provider.timeout_us = 1234;
    v->outcome = OUTCOME_TIMEOUT;
    w->provider.timeout_us = 3600 * SECOND_US;
    run(WORK);
    assert_int_equal(v->timeout_us, 1234);
    assert_true(w->timeout_us > 0 && w->timeout_us <= 60 * SECOND_US);
}

static void while_a_value_is_verified_its_price_stays_reserved(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "V");
    set_waterfall(CHANNEL_PHONE, "BC", "");
    r.run.credits_max = 3;
    r.finders[2].values[CHANNEL_PHONE] = "+442079460001";
    r.finders[1].is_holding = true;
    v->is_holding = true;
    start(WORK | PHONE);
    settle(); /* A has answered for 1 credit, and is being verified */
    scripted_release(&r.finders[1]);
    settle(); /* C costs 3 */
    release(v);
    wait_for_done();
    expect_trail("work_email A1 hit 1 [V1 hit deliverable], phone B1 miss 0, phone C2 over_budget 0");
    assert_int_equal(waterfall_run_credits(&r.run), 1);
}

static void an_answer_that_was_there_already_is_reserved_for_too(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "BA", "V");
    set_waterfall(CHANNEL_PHONE, "ABC", "");
    r.run.credits_max = 3;
    memset(r.finders[1].provider.prices, 0, sizeof r.finders[1].provider.prices);
    r.finders[2].values[CHANNEL_PHONE] = "+442079460001";
    r.finders[1].is_holding = true;
    v->is_holding = true;
    start(WORK | PHONE);
    settle(); /* A has answered the phone's question, and the other with it */
    scripted_release(&r.finders[1]);
    settle(); /* B misses both: A's e-mail is being verified, C costs 3 */
    release(v);
    wait_for_done();
    expect_trail("work_email B1 miss 0, work_email A2 hit 1 [V1 hit deliverable], "
                 "phone A1 miss 0, phone B2 miss 0, phone C3 over_budget 0");
}

static void what_a_refused_value_gives_back_others_may_spend(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "A", "V");
    set_waterfall(CHANNEL_PHONE, "BC", "");
    r.run.credits_max = 3;
    r.finders[2].values[CHANNEL_PHONE] = "+442079460001";
    r.finders[1].is_holding = true;
    v->verdict = EMAIL_STATUS_UNDELIVERABLE;
    start(WORK | PHONE);
    settle();
    scripted_release(&r.finders[1]);
    wait_for_done();
    expect_trail("work_email A1 invalid 0 [V1 hit undeliverable], phone B1 miss 0, phone C2 hit 3");
}

static void by_attempts_a_refused_value_is_no_miss_to_be_charged(void **state)
{
    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "ABC", "V");
    r.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    r.finders[0].values[CHANNEL_WORK_EMAIL] = NULL;
    r.finders[1].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    r.finders[2].values[CHANNEL_WORK_EMAIL] = "a.lee@acme.example";
    v->verdict = EMAIL_STATUS_UNDELIVERABLE;
    v->is_holding = true;
    start(WORK);
    settle();
    release(v);
    settle();
    v->verdict = EMAIL_STATUS_DELIVERABLE;
    release(v);
    wait_for_done();
    expect_trail("work_email A1 miss 1, work_email B2 invalid 0 [V1 hit undeliverable], "
                 "work_email C3 hit 3 [V1 hit deliverable]");
    assert_int_equal(r.run.channel_runs[CHANNEL_WORK_EMAIL].credits, 4);
}

/* Every verdict of two verifiers, every policy and budget: the bill is never more than was held. */
static void the_bill_never_exceeds_the_worst_case_or_the_budget(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 6 * 6 * 3 * 2; way++) {
        struct waterfall *waterfall = &r.waterfalls.of[CHANNEL_WORK_EMAIL];
        int64_t worst;

        set_waterfall(CHANNEL_WORK_EMAIL, "ABC", "VW");
        set_waterfall(CHANNEL_PHONE, "CBA", "");
        r.finders[1].values[CHANNEL_WORK_EMAIL] = "a.lee@acme.example";
        r.finders[1].values[CHANNEL_PHONE] = "+442079460001";
        v->verdict = (enum email_status)(way % 6);
        w->verdict = (enum email_status)(way / 6 % 6);
        waterfall_set_catch_all(waterfall, (enum catch_all)(way / 36 % 3));
        r.waterfalls.charge_policy = way / 108 == 0 ? CHARGE_WINNER : CHARGE_ATTEMPTS;
        worst = waterfall_worst_credits(&r.waterfalls, CHANNEL_WORK_EMAIL, WORK, hints_mask(&r.hints), false, 0) +
                waterfall_worst_credits(&r.waterfalls, CHANNEL_PHONE, PHONE, hints_mask(&r.hints), false, 0);
        for (int64_t budget = 0; budget <= worst; budget++) {
            r.run.credits_max = budget;
            run(WORK | PHONE);
            assert_true(waterfall_run_credits(&r.run) <= budget);
            assert_true(v->asked <= 2);
            v->asked = 0;
            arena_deinit(&r.arena);
        }
    }
}

static void with_little_memory_it_ends_all_the_same(void **state)
{
    size_t bytes_max = 0;

    (void)state;
    set_waterfall(CHANNEL_WORK_EMAIL, "AB", "VWX");
    v->outcome = w->outcome = x->outcome = OUTCOME_ERROR;
    do {
        arena_deinit(&r.arena);
        arena_init(&r.arena, bytes_max += 64);
        run(WORK);
        assert_true(waterfall_run_credits(&r.run) <= 1);
    } while (r.arena.is_full);
    expect_trail("work_email A1 hit 1 [V1 error] [W2 error] [X3 error]");
}

static void a_null_is_remembered_against_verifiers_and_policy_too(void **state)
{
    static const char *const verifiers[] = {"", "V", "W", "VW", "WV"};
    uint64_t seen[LEN(verifiers) + 2];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < LEN(verifiers); i++) {
        set_waterfall(CHANNEL_WORK_EMAIL, "AB", verifiers[i]);
        seen[count++] = r.waterfalls.of[CHANNEL_WORK_EMAIL].fingerprint;
    }
    for (enum catch_all policy = CATCH_ALL_MISS; policy <= CATCH_ALL_VERIFY_NEXT; policy++) {
        set_waterfall(CHANNEL_WORK_EMAIL, "AB", "V");
        waterfall_set_catch_all(&r.waterfalls.of[CHANNEL_WORK_EMAIL], policy);
        seen[count++] = r.waterfalls.of[CHANNEL_WORK_EMAIL].fingerprint;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

static int set_up(void **state)
{
    static const char *const finders[FINDERS] = {"A", "B", "C"}, *const verifiers[VERIFIERS] = {"V", "W", "X"};

    (void)state;
    memset(&r, 0, sizeof r);
    scripted_order[0] = '\0';
    loop_init(&r.loop);
    arena_init(&r.arena, 1 << 20);
    for (int i = 0; i < FINDERS; i++)
        scripted_init(&r.finders[i], &r.loop, finders[i], i + 1);
    for (int i = 0; i < VERIFIERS; i++)
        r.verifiers[i] = (struct verifier){.provider = {.kind = &verifier_kind,
                                                        .name = str_from(verifiers[i]),
                                                        .is_verifier = true,
                                                        .needs = {{1u << HINT_EMAIL, 0}},
                                                        .needs_count = 1,
                                                        .timeout_us = SECOND_US},
                                           .outcome = OUTCOME_HIT,
                                           .verdict = EMAIL_STATUS_DELIVERABLE};
    r.finders[0].values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
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
        running(what_is_deliverable_or_risky_stands_with_that_status),
        running(what_is_undeliverable_is_no_value_and_free),
        running(after_a_refused_value_the_waterfall_goes_on),
        running(a_catch_all_stands_or_is_none_as_the_waterfall_wants),
        running(of_a_catch_all_the_next_verifier_may_decide),
        running(who_cannot_tell_leaves_it_to_the_next_one),
        running(a_failure_leaves_it_to_the_next_one),
        running(when_nobody_can_say_it_stands_with_what_is_known),
        running(a_verifier_sees_the_address_and_nothing_else),
        running(what_the_judge_refuses_no_verifier_sees),
        running(channels_without_verifiers_wait_for_none),
        running(an_address_is_verified_once_whoever_finds_it),
        running(two_channels_share_one_verification),
        running(each_channel_has_its_own_mind_about_a_catch_all),
        running(past_the_deadline_no_verifier_is_asked_and_the_value_stands),
        running(a_verifier_gets_its_own_time_or_what_is_left_of_the_lookups),
        running(while_a_value_is_verified_its_price_stays_reserved),
        running(an_answer_that_was_there_already_is_reserved_for_too),
        running(what_a_refused_value_gives_back_others_may_spend),
        running(by_attempts_a_refused_value_is_no_miss_to_be_charged),
        running(the_bill_never_exceeds_the_worst_case_or_the_budget),
        running(with_little_memory_it_ends_all_the_same),
        running(a_null_is_remembered_against_verifiers_and_policy_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
