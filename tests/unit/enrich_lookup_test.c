/* Whole lookups in one process: the real store, loop and flights, and providers
 * that say what the test tells them to. */
#include "data_folder.h"
#include "scripted_provider.h"
#include "unsure_store.h"

#include "base/log.h"
#include "enrich/lookup.h"

enum { PROVIDERS = 3, ASKERS_MAX = 200 };

struct asker {
    struct lookup *lookup;
    const struct lookup_answer *answer;
    bool is_done;
};

static struct {
    struct data_folder folder;
    struct directory *directory;
    struct workspace *workspace;
    struct scripted providers[PROVIDERS]; /* A, B, C for 1, 2 and 3 credits */
    struct waterfalls waterfalls;
    struct engine engine;
    struct asker askers[ASKERS_MAX];
    size_t asker_count;
    enum question_kind kind; /* of what is asked from now on */
} h;

static struct scripted *const a = &h.providers[0], *const b = &h.providers[1], *const c = &h.providers[2];

static void asker_done(void *ctx, struct lookup *lookup)
{
    struct asker *asker = ctx;

    assert_ptr_equal(lookup, asker->lookup);
    assert_false(asker->is_done);
    asker->is_done = true;
}

/* Starts the lookup of a question. */
static struct asker *start_asking(const char *text)
{
    struct asker *asker = &h.askers[h.asker_count++];
    struct shape_mistakes mistakes;
    struct err_detail detail;
    json_t *doc;

    *asker = (struct asker){.lookup = lookup_new(&h.engine, h.workspace)};
    assert_non_null(asker->lookup);
    shape_mistakes_init(&mistakes);
    if (json_read(str_from(text), &doc, &detail) != ERR_NONE ||
        question_read(h.kind, doc, lookup_arena(asker->lookup), lookup_question(asker->lookup), &mistakes) != ERR_NONE)
        fail_msg("%s", text);
    json_decref(doc);
    shape_mistakes_deinit(&mistakes);
    asker->answer = lookup_answer(asker->lookup);
    lookup_start(asker->lookup, "req_1", "", asker_done, asker);
    assert_false(asker->is_done); /* never before lookup_start returns */
    return asker;
}

static const struct lookup_answer *wait_for(struct asker *asker)
{
    loop_while(&h.folder.loop, !asker->is_done);
    return asker->answer;
}

static const struct lookup_answer *ask(const char *text)
{
    return wait_for(start_asking(text));
}

static void free_askers(void)
{
    for (size_t i = 0; i < h.asker_count; i++) {
        loop_while(&h.folder.loop, !h.askers[i].is_done);
        lookup_free(&h.askers[i].lookup);
    }
    h.asker_count = 0;
    assert_int_equal(h.engine.lookups, 0);
    assert_null(h.engine.flights.taken);
    assert_int_equal(h.workspace->account.held, 0);
}

/* Of the flight that took its keys first. */
static struct flight *first_flight(void)
{
    assert_non_null(h.engine.flights.taken);
    return h.engine.flights.taken->flight;
}

static int calls(void)
{
    return a->asked + b->asked + c->asked;
}

/* Every channel's waterfall is A, B, C again. */
static void set_waterfalls(const char *letters)
{
    memset(&h.waterfalls.of, 0, sizeof h.waterfalls.of);
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const char *at = letters; *at != '\0'; at++)
            waterfall_add(&h.waterfalls.of[i], &h.providers[*at - 'A'].provider);
    }
}

static void expect_channel(const struct lookup_answer *answer, enum channel channel, const char *expected)
{
    bool is_found = (answer->found & 1u << channel) != 0;

    assert_int_equal(answer->err, ERR_NONE);
    assert_str_is(is_found ? answer->channels[channel].value : STR_NONE, expected);
}

static void expect_balance(int64_t balance)
{
    assert_int_equal(h.workspace->account.balance, balance);
}

#define ANN "\"email\":\"ann@acme.example\""
#define PHONE "\"channels\":[\"phone\"]"
#define ANN_PHONE "{" ANN "," PHONE "}"
#define NUMBER "+442079460001"

/* --- once is enough ------------------------------------------------------------ */

static void a_replay_calls_nobody_and_costs_nothing(void **state)
{
    const struct lookup_answer *first, *second;

    (void)state;
    b->values[CHANNEL_PHONE] = NUMBER;
    first = ask(ANN_PHONE);
    expect_channel(first, CHANNEL_PHONE, NUMBER);
    assert_str_is(first->channels[CHANNEL_PHONE].source, "B");
    assert_int_equal(first->credits_used, 2);
    assert_false(first->is_replay);
    assert_false(id_is_none(first->record_id));
    expect_balance(98);
    for (int i = 0; i < 3; i++) { /* from the store, then from the cache */
        second = ask(ANN_PHONE);
        expect_channel(second, CHANNEL_PHONE, NUMBER);
        assert_int_equal(second->credits_used, 0);
        assert_true(second->is_replay);
        assert_true(second->age_s >= 0);
        assert_true(id_is(second->record_id, first->record_id));
        assert_int_equal(second->channels[CHANNEL_PHONE].enriched_at_us, first->channels[CHANNEL_PHONE].enriched_at_us);
    }
    assert_int_equal(calls(), 2);
    expect_balance(98);
}

static void more_channels_later_run_only_the_missing_ones(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    ask(ANN_PHONE);
    answer = ask("{" ANN ",\"channels\":[\"phone\",\"linkedin_url\"]}");
    expect_channel(answer, CHANNEL_PHONE, NUMBER);
    expect_channel(answer, CHANNEL_LINKEDIN_URL, "https://linkedin.com/in/ann");
    assert_int_equal(answer->credits_used, 1);
    assert_false(answer->is_replay);
    assert_int_equal(a->channels_asked, 1u << CHANNEL_LINKEDIN_URL);
}

static void only_the_channels_asked_for_are_answered(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    ask("{" ANN "}");
    answer = ask(ANN_PHONE);
    assert_int_equal(answer->found, 1u << CHANNEL_PHONE);
}

static void force_asks_and_charges_again(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    a->values[CHANNEL_PHONE] = "+442079460002";
    answer = ask("{" ANN "," PHONE ",\"force\":true}");
    expect_channel(answer, CHANNEL_PHONE, "+442079460002");
    assert_int_equal(answer->credits_used, 1);
    assert_false(answer->is_replay);
    answer = ask(ANN_PHONE);
    expect_channel(answer, CHANNEL_PHONE, "+442079460002");
    expect_balance(98);
}

static void a_value_that_force_did_not_find_again_is_gone(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    a->values[CHANNEL_PHONE] = NULL;
    expect_channel(ask("{" ANN "," PHONE ",\"force\":true}"), CHANNEL_PHONE, "");
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, "");
    assert_int_equal(calls(), 1 + 3); /* and its absence is known */
}

static void a_value_survives_a_force_that_somebody_failed(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    a->outcome = OUTCOME_TIMEOUT;
    answer = ask("{" ANN "," PHONE ",\"force\":true}");
    expect_channel(answer, CHANNEL_PHONE, "");
    assert_int_equal(answer->incomplete, 1u << CHANNEL_PHONE);
    assert_int_equal(answer->credits_used, 0);
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER);
}

/* --- age and confidence --------------------------------------------------------- */

static void an_older_value_than_wanted_is_looked_up_again(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    assert_true(ask("{" ANN "," PHONE ",\"max_age\":3600}")->is_replay);
    a->values[CHANNEL_PHONE] = "+442079460002";
    expect_channel(ask("{" ANN "," PHONE ",\"max_age\":0}"), CHANNEL_PHONE, "+442079460002");
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, "+442079460002");
    expect_balance(98);
}

static void a_miss_at_a_high_confidence_does_not_hide_a_lower_value(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->confidence_ppm = 600000;
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER);
    expect_channel(ask("{" ANN "," PHONE ",\"min_confidence\":0.9}"), CHANNEL_PHONE, "");
    assert_int_equal(calls(), 4);
    expect_channel(ask("{" ANN "," PHONE ",\"min_confidence\":0.9}"), CHANNEL_PHONE, "");
    expect_channel(ask("{" ANN "," PHONE ",\"min_confidence\":0.95}"), CHANNEL_PHONE, "");
    expect_channel(ask("{" ANN "," PHONE ",\"min_confidence\":0.6}"), CHANNEL_PHONE, NUMBER);
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER);
    assert_int_equal(calls(), 4); /* all of these were known */
    expect_channel(ask("{" ANN "," PHONE ",\"min_confidence\":0.7}"), CHANNEL_PHONE, "");
    assert_int_equal(calls(), 7); /* nobody had been asked for that yet */
    expect_balance(99);
}

static void a_miss_first_leaves_a_lower_value_to_be_found(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->confidence_ppm = 600000;
    expect_channel(ask("{" ANN "," PHONE ",\"min_confidence\":0.9}"), CHANNEL_PHONE, "");
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER);
    expect_balance(99);
}

/* --- nulls ------------------------------------------------------------------------ */

static void a_complete_null_is_remembered(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    answer = ask(ANN_PHONE);
    expect_channel(answer, CHANNEL_PHONE, "");
    assert_int_equal(answer->incomplete, 0);
    assert_int_equal(answer->credits_used, 0);
    a->values[CHANNEL_PHONE] = NUMBER;
    answer = ask(ANN_PHONE);
    expect_channel(answer, CHANNEL_PHONE, "");
    assert_true(answer->is_replay);
    assert_int_equal(calls(), 3);
}

static void an_incomplete_null_is_tried_again(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    b->outcome = OUTCOME_RATE_LIMITED;
    answer = ask("{" ANN ",\"channels\":[\"phone\",\"work_email\"]}");
    assert_int_equal(answer->incomplete, 1u << CHANNEL_PHONE | 1u << CHANNEL_WORK_EMAIL);
    assert_int_equal(answer->credits_used, 0);
    b->outcome = OUTCOME_MISS;
    b->values[CHANNEL_PHONE] = NUMBER;
    answer = ask(ANN_PHONE);
    expect_channel(answer, CHANNEL_PHONE, NUMBER);
    assert_int_equal(answer->incomplete, 0);
    assert_int_equal(answer->credits_used, 2);
}

static void a_null_is_asked_again_when_more_is_known_of_the_person(void **state)
{
    (void)state;
    ask(ANN_PHONE);
    ask("{" ANN "," PHONE ",\"company_name\":\"Acme\"}");
    assert_int_equal(calls(), 6);
    ask("{" ANN "," PHONE ",\"company_name\":\"Other\"}"); /* the same kinds: known */
    ask(ANN_PHONE);                                        /* less: known */
    assert_int_equal(calls(), 6);
}

static void a_null_is_asked_again_when_the_waterfall_changed(void **state)
{
    (void)state;
    set_waterfalls("AB");
    ask(ANN_PHONE);
    assert_int_equal(calls(), 2);
    set_waterfalls("ABC");
    c->values[CHANNEL_PHONE] = NUMBER;
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER);
    assert_int_equal(calls(), 5);
}

static void a_found_value_stays_whatever_the_waterfall(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    set_waterfalls("C");
    assert_true(ask(ANN_PHONE)->is_replay);
    assert_int_equal(calls(), 1);
}

/* --- side by side ------------------------------------------------------------------- */

static void identical_questions_share_one_waterfall_and_one_charge(void **state)
{
    static const char *const spellings[] = {ANN_PHONE, "{\"email\":\" ANN@Acme.example\"," PHONE "}",
                                            "{" PHONE ",\"include\":[\"attempts\"],\"email\":\"Ann@ACME.example\"}",
                                            "{" ANN "," PHONE ",\"force\":false,\"metadata\":{\"a\":\"b\"}}"};
    int64_t used = 0;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->is_holding = true;
    for (size_t i = 0; i < ASKERS_MAX; i++)
        start_asking(spellings[i % LEN(spellings)]);
    loop_while(&h.folder.loop, a->held == NULL);
    assert_int_equal(h.workspace->account.held, 3); /* the dearest, once */
    scripted_release(a);
    for (size_t i = 0; i < ASKERS_MAX; i++) {
        const struct lookup_answer *answer = wait_for(&h.askers[i]);

        expect_channel(answer, CHANNEL_PHONE, NUMBER);
        assert_true(id_is(answer->record_id, h.askers[0].answer->record_id));
        assert_false(answer->is_replay);
        used += answer->credits_used;
        if (i % LEN(spellings) == 2)
            assert_true(str_starts(answer->attempts, STR("[{\"channel\":\"phone\",\"provider\":\"A\",")));
    }
    assert_int_equal(used, 1);
    assert_int_equal(calls(), 1);
    expect_balance(99);
}

static void identical_forced_questions_share_too(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    a->is_holding = true;
    start_asking("{" ANN "," PHONE ",\"force\":true}");
    start_asking("{" ANN ",\"force\":true," PHONE "}");
    loop_while(&h.folder.loop, a->held == NULL);
    a->is_holding = false;
    scripted_release(a);
    wait_for(&h.askers[1]);
    wait_for(&h.askers[2]);
    assert_int_equal(a->asked, 2);
    expect_balance(98);
}

static void overlapping_questions_run_one_after_another_and_charge_each_channel_once(void **state)
{
    static const char *const texts[] = {ANN_PHONE, "{" ANN ",\"channels\":[\"phone\",\"work_email\"]}",
                                        "{" ANN ",\"channels\":[\"work_email\"]}", "{" ANN "}",
                                        "{" ANN "," PHONE ",\"max_credits\":3}"};
    int64_t used = 0;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    a->values[CHANNEL_PERSONAL_EMAIL] = "ann@post.example";
    a->values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    a->is_holding = true;
    for (size_t i = 0; i < LEN(texts); i++)
        start_asking(texts[i]);
    loop_while(&h.folder.loop, a->held == NULL);
    assert_int_equal(calls(), 1);
    a->is_holding = false;
    scripted_release(a);
    for (size_t i = 0; i < LEN(texts); i++) {
        used += wait_for(&h.askers[i])->credits_used;
        assert_true(id_is(h.askers[i].answer->record_id, h.askers[0].answer->record_id));
    }
    assert_int_equal(used, 4);
    expect_balance(96);
    expect_channel(h.askers[3].answer, CHANNEL_LINKEDIN_URL, "https://linkedin.com/in/ann");
    expect_channel(h.askers[4].answer, CHANNEL_PHONE, NUMBER);
}

static void a_follower_of_a_failed_lookup_gets_the_same_problem(void **state)
{
    (void)state;
    h.workspace->account.balance = 2; /* the dearest costs 3 */
    a->is_holding = true;
    start_asking(ANN_PHONE);
    start_asking(ANN_PHONE);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(wait_for(&h.askers[i])->err, ERR_NO_CREDIT);
    h.workspace->account.balance = 100;
}

/* B asks by a LinkedIn URL that A, asking by e-mail, finds meanwhile. */
static void a_person_found_under_another_name_meanwhile_is_not_charged_twice(void **state)
{
    struct asker *by_linkedin;
    const struct lookup_answer *by_email, *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    a->is_holding = true;
    by_linkedin = start_asking("{\"linkedin_url\":\"linkedin.com/in/ann\"," PHONE "}");
    loop_while(&h.folder.loop, a->held == NULL);
    a->is_holding = false;
    by_email = ask("{" ANN ",\"channels\":[\"phone\",\"linkedin_url\"]}");
    assert_int_equal(by_email->credits_used, 2);
    scripted_release(a);
    answer = wait_for(by_linkedin);
    expect_channel(answer, CHANNEL_PHONE, NUMBER);
    assert_int_equal(answer->credits_used, 0);
    assert_true(id_is(answer->record_id, by_email->record_id));
    expect_balance(98);
}

/* C asks by name while L is under way for the same person, whom it recognises:
 * L does not know of the name, and yet what L finds is not charged again. */
static void a_name_recognised_during_a_lookup_sees_what_that_one_finds(void **state)
{
    struct asker *by_email, *by_name;
    const struct lookup_answer *answer;

    (void)state;
    b->provider.needs[0].hints = 1u << HINT_FIRST_NAME;
    b->provider.needs_count = 1;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    b->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    b->values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    ask(ANN_PHONE);
    expect_balance(99);
    a->is_holding = true;
    by_email = start_asking("{" ANN ",\"channels\":[\"linkedin_url\"]}");
    loop_while(&h.folder.loop, a->held == NULL);
    by_name = start_asking("{\"first_name\":\"Ann\",\"last_name\":\"Lee\",\"company_domain\":\"acme.example\","
                           "\"channels\":[\"work_email\",\"linkedin_url\"]}");
    loop_while(&h.folder.loop, list_is_empty(&first_flight()->waiting));
    scripted_release(a);
    assert_int_equal(wait_for(by_email)->credits_used, 1);
    answer = wait_for(by_name);
    expect_channel(answer, CHANNEL_WORK_EMAIL, "ann@acme.example");
    expect_channel(answer, CHANNEL_LINKEDIN_URL, "https://linkedin.com/in/ann");
    assert_int_equal(answer->credits_used, 2);
    assert_true(id_is(answer->record_id, by_email->answer->record_id));
    expect_balance(96);
}

/* The first of those who wait looks again, and takes the others along. */
static void many_different_questions_for_one_person_are_all_answered(void **state)
{
    enum { QUESTIONS = 40 };
    struct asker *askers[QUESTIONS];

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    for (int i = 0; i < QUESTIONS; i++) {
        char text[120];

        snprintf(text, sizeof text, "{" ANN "," PHONE ",\"max_credits\":%d}", i + 10);
        askers[i] = start_asking(text);
    }
    for (int i = 0; i < QUESTIONS; i++)
        expect_channel(wait_for(askers[i]), CHANNEL_PHONE, NUMBER);
    assert_int_equal(a->asked, 1);
    expect_balance(99);
}

static void different_people_run_side_by_side(void **state)
{
    (void)state;
    a->is_holding = true;
    start_asking(ANN_PHONE);
    loop_while(&h.folder.loop, a->held == NULL);
    a->is_holding = false;
    assert_int_equal(ask("{\"email\":\"bob@acme.example\"," PHONE "}")->err, ERR_NONE);
    assert_false(h.askers[0].is_done);
    scripted_release(a);
}

/* --- who it is ---------------------------------------------------------------------- */

static void a_record_is_known_by_what_was_given_and_what_was_found(void **state)
{
    static const char *const texts[] = {
        "{\"linkedin_url\":\"linkedin.com/in/Ann\"," PHONE "}", "{\"email\":\"ann@post.example\"," PHONE "}",
        "{\"email\":\"ANN@acme.example\"," PHONE "}",
        "{\"first_name\":\"ann\",\"last_name\":\"LEE\",\"company_domain\":\"acme.example\"," PHONE "}"};
    const struct lookup_answer *first;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->values[CHANNEL_LINKEDIN_URL] = "linkedin.com/in/ann";
    a->values[CHANNEL_PERSONAL_EMAIL] = "Ann@post.example";
    first = ask("{" ANN ",\"first_name\":\"Ann\",\"last_name\":\"Lee\",\"company_domain\":\"acme.example\"}");
    for (size_t i = 0; i < LEN(texts); i++) {
        const struct lookup_answer *answer = ask(texts[i]);

        assert_true(id_is(answer->record_id, first->record_id));
        assert_true(answer->is_replay);
    }
}

static void of_two_records_the_one_of_the_email_wins(void **state)
{
    struct id by_email, by_linkedin;

    (void)state;
    by_email = ask(ANN_PHONE)->record_id;
    by_linkedin = ask("{\"linkedin_url\":\"linkedin.com/in/ann\"," PHONE "}")->record_id;
    assert_false(id_is(by_email, by_linkedin));
    assert_true(id_is(ask("{" ANN ",\"linkedin_url\":\"linkedin.com/in/ann\"," PHONE "}")->record_id, by_email));
    /* nothing was merged */
    assert_true(id_is(ask("{\"linkedin_url\":\"linkedin.com/in/ann\"," PHONE "}")->record_id, by_linkedin));
}

/* The cache must not hold what a lookup by another identity has changed. */
static void a_change_by_one_identity_is_seen_by_the_others(void **state)
{
    static const char by_linkedin[] = "{\"linkedin_url\":\"linkedin.com/in/ann\"," PHONE "}";

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask("{" ANN ",\"linkedin_url\":\"linkedin.com/in/ann\"," PHONE "}");
    ask(by_linkedin);
    ask(ANN_PHONE); /* both are cached now */
    a->values[CHANNEL_PHONE] = "+442079460002";
    ask("{" ANN "," PHONE ",\"force\":true}");
    expect_channel(ask(by_linkedin), CHANNEL_PHONE, "+442079460002");
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, "+442079460002");
}

static void only_who_can_answer_from_a_domain_is_asked_for_one(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    c->provider.needs[0].hints = 1u << HINT_COMPANY_DOMAIN;
    c->values[CHANNEL_PHONE] = NUMBER;
    answer = ask("{\"company_domain\":\"acme.example\"," PHONE "}");
    expect_channel(answer, CHANNEL_PHONE, NUMBER);
    assert_int_equal(calls(), 1);
    assert_false(id_is(answer->record_id, ask(ANN_PHONE)->record_id));
}

/* --- money ---------------------------------------------------------------------------- */

static void without_enough_credits_nobody_is_asked(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.workspace->account.balance = 5;
    answer = ask("{" ANN ",\"channels\":[\"phone\",\"work_email\"]}");
    assert_int_equal(answer->err, ERR_NO_CREDIT);
    assert_int_equal(answer->required, 6);
    assert_int_equal(answer->balance - answer->held, 5);
    assert_int_equal(calls(), 0);
    assert_int_equal(ask("{" ANN ",\"channels\":[\"phone\",\"work_email\"],\"max_credits\":5}")->err, ERR_NONE);
    h.workspace->account.balance = 100;
}

static void what_others_hold_is_not_available(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.workspace->account.balance = 5;
    a->is_holding = true;
    start_asking(ANN_PHONE);
    loop_while(&h.folder.loop, a->held == NULL);
    answer = ask("{\"email\":\"bob@acme.example\"," PHONE "}");
    assert_int_equal(answer->err, ERR_NO_CREDIT);
    assert_int_equal(answer->required, 3);
    assert_int_equal(answer->balance - answer->held, 2);
    a->is_holding = false;
    scripted_release(a);
    wait_for(&h.askers[0]);
    h.workspace->account.balance = 100;
    assert_int_equal(ask("{\"email\":\"bob@acme.example\"," PHONE "}")->err, ERR_NONE);
}

static void a_spend_cap_of_nothing_asks_nobody_who_costs(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.workspace->account.balance = 0;
    answer = ask("{" ANN "," PHONE ",\"max_credits\":0}");
    expect_channel(answer, CHANNEL_PHONE, "");
    assert_int_equal(answer->incomplete, 1u << CHANNEL_PHONE);
    assert_int_equal(calls(), 0);
    h.workspace->account.balance = 100;
    c->values[CHANNEL_PHONE] = NUMBER;
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER); /* nothing was remembered against it */
}

static void a_replay_needs_no_credits(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    ask(ANN_PHONE);
    h.workspace->account.balance = 0;
    assert_true(ask(ANN_PHONE)->is_replay);
    h.workspace->account.balance = 99;
}

static void by_attempts_the_misses_before_the_hit_are_charged(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.waterfalls.charge_policy = CHARGE_ATTEMPTS;
    c->values[CHANNEL_PHONE] = NUMBER;
    answer = ask("{" ANN "," PHONE ",\"include\":[\"attempts\"]}");
    assert_int_equal(answer->credits_used, 6);
    assert_true(str_starts(answer->attempts, STR("[{\"channel\":\"phone\",\"provider\":\"A\",\"rank\":1,")));
    expect_balance(94);
}

/* --- dry runs ---------------------------------------------------------------------------- */

static void a_dry_run_asks_nobody_and_leaves_nothing_behind(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    answer = ask("{" ANN "," PHONE ",\"dry_run\":true}");
    assert_int_equal(answer->err, ERR_NONE);
    assert_str_is(answer->plan, "\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\",\"C\"],"
                                "\"expected_credits\":null,\"worst_credits\":3,\"odds\":null}},"
                                "\"expected_credits\":null,\"worst_credits\":3");
    assert_true(id_is_none(answer->record_id));
    assert_int_equal(answer->credits_used, 0);
    assert_int_equal(calls(), 0);
    expect_balance(100);
    assert_false(ask(ANN_PHONE)->is_replay);
    answer = ask("{" ANN "," PHONE ",\"dry_run\":true}");
    assert_str_is(answer->plan,
                  "\"channels\":{\"phone\":{\"cached\":true}},\"expected_credits\":0,\"worst_credits\":0");
    assert_false(id_is_none(answer->record_id));
    answer = ask("{\"email\":\"bob@acme.example\"," PHONE ",\"dry_run\":true}");
    assert_true(str_starts(answer->plan, STR("\"channels\":{\"phone\":{\"cached\":false,\"providers\":[\"A\",\"B\","
                                             "\"C\"],\"expected_credits\":1.25,")));
}

/* --- discover and account ------------------------------------------------------------------ */

#define ANN_LEE "\"first_name\":\"Ann\",\"last_name\":\"Lee\",\"company_domain\":\"acme.example\""
#define ACME "{\"domain\":\"acme.example\"}"

static void discover(void)
{
    h.kind = QUESTION_DISCOVER;
    for (size_t i = 0; i < PROVIDERS; i++) {
        h.providers[i].provider.needs[0].hints =
            1u << HINT_FIRST_NAME | 1u << HINT_LAST_NAME | 1u << HINT_COMPANY_DOMAIN;
        h.providers[i].provider.timeout_us = 200 * SECOND_US;
    }
}

static void a_discovery_costs_the_discovery_price_and_has_its_own_deadline(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    discover();
    b->provider.discovery_prices[CHANNEL_PHONE] = 7;
    b->values[CHANNEL_PHONE] = NUMBER;
    answer = ask("{" ANN_LEE "," PHONE "}");
    expect_channel(answer, CHANNEL_PHONE, NUMBER);
    assert_int_equal(answer->credits_used, 7);
    assert_true(a->timeout_us_asked > 100 * SECOND_US);
    expect_balance(93);
    h.workspace->account.balance = 6;
    answer = ask("{\"first_name\":\"Bob\",\"last_name\":\"Lee\",\"company_domain\":\"acme.example\"," PHONE "}");
    assert_int_equal(answer->err, ERR_NO_CREDIT);
    assert_int_equal(answer->required, 7);
    h.workspace->account.balance = 93;
}

static void a_person_discovered_is_the_record_that_an_enrichment_replays(void **state)
{
    const struct lookup_answer *first, *again;

    (void)state;
    discover();
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    first = ask("{" ANN_LEE ",\"channels\":[\"work_email\"]}");
    h.kind = QUESTION_ENRICH;
    again = ask("{" ANN ",\"channels\":[\"work_email\"]}");
    assert_true(again->is_replay);
    assert_true(id_is(again->record_id, first->record_id));
    assert_int_equal(a->asked, 1);
}

static void offer(struct scripted *scripted, unsigned fields)
{
    scripted->provider.channels = fields;
}

static void expect_field(const struct lookup_answer *answer, unsigned slot, const char *value, const char *source)
{
    assert_int_equal(answer->err, ERR_NONE);
    assert_true((answer->found & 1u << slot) != 0);
    assert_str_is(answer->channels[slot].value, value);
    assert_str_is(answer->channels[slot].source, source);
}

static void fields_are_merged_and_each_contributor_is_charged_once(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.kind = QUESTION_ACCOUNT;
    offer(a, FIELDS_ALL);
    a->values[SLOT_INDUSTRY] = " Pumps ";
    a->values[SLOT_EMPLOYEE_COUNT] = "0240";
    offer(b, 1u << SLOT_INDUSTRY | 1u << SLOT_TECH_STACK);
    b->values[SLOT_INDUSTRY] = "Other";
    b->values[SLOT_TECH_STACK] = "Kafka; Okta";
    offer(c, 1u << SLOT_INDUSTRY | 1u << SLOT_EMPLOYEE_COUNT);
    answer = ask("{\"domain\":\"acme.example\",\"include\":[\"attempts\"]}");
    expect_field(answer, SLOT_INDUSTRY, "Pumps", "A");
    expect_field(answer, SLOT_EMPLOYEE_COUNT, "240", "A");
    expect_field(answer, SLOT_TECH_STACK, "[\"Kafka\",\"Okta\"]", "B");
    assert_int_equal(answer->found, 1u << SLOT_INDUSTRY | 1u << SLOT_EMPLOYEE_COUNT | 1u << SLOT_TECH_STACK);
    assert_int_equal(b->channels_asked & 1u << SLOT_INDUSTRY, 0); /* A had it */
    assert_int_equal(c->asked, 0);                                /* has nothing that is missing */
    assert_int_equal(answer->credits_used, 3);
    assert_int_equal(answer->incomplete, 0);
    expect_balance(97);
    assert_true(ask(ACME)->is_replay); /* the seven nulls too */
}

static void a_company_field_that_somebody_failed_at_is_asked_for_again_alone(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.kind = QUESTION_ACCOUNT;
    offer(a, 1u << SLOT_INDUSTRY);
    a->values[SLOT_INDUSTRY] = "Pumps";
    offer(b, 1u << SLOT_HQ_CITY);
    b->outcome = OUTCOME_TIMEOUT;
    answer = ask(ACME);
    assert_int_equal(answer->incomplete, 1u << SLOT_HQ_CITY);
    assert_int_equal(answer->credits_used, 1);
    b->outcome = OUTCOME_MISS;
    b->values[SLOT_HQ_CITY] = "Leeds";
    answer = ask(ACME);
    expect_field(answer, SLOT_INDUSTRY, "Pumps", "A");
    expect_field(answer, SLOT_HQ_CITY, "Leeds", "B");
    assert_int_equal(answer->credits_used, 2);
    assert_int_equal(a->asked, 1);
    assert_true(ask(ACME)->is_replay);
}

static void the_hold_of_a_company_is_the_sum_of_who_can_add_anything(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    h.kind = QUESTION_ACCOUNT;
    offer(a, 1u << SLOT_INDUSTRY);
    offer(b, 1u << SLOT_INDUSTRY); /* and C has no field */
    h.workspace->account.balance = 2;
    answer = ask(ACME);
    assert_int_equal(answer->err, ERR_NO_CREDIT);
    assert_int_equal(answer->required, 3);
    answer = ask("{\"domain\":\"acme.example\",\"max_credits\":1}");
    assert_int_equal(answer->err, ERR_NONE);
    assert_int_equal(a->asked, 1);
    assert_int_equal(b->asked, 0); /* over budget */
    assert_int_equal(answer->incomplete, 1u << SLOT_INDUSTRY);
    h.workspace->account.balance = 100;
}

static void a_company_and_a_person_at_its_domain_share_nothing(void **state)
{
    struct id company;

    (void)state;
    h.kind = QUESTION_ACCOUNT;
    offer(a, FIELDS_ALL | CHANNELS_ALL);
    a->provider.needs[0].hints = 1u << HINT_COMPANY_DOMAIN;
    a->values[SLOT_INDUSTRY] = "Pumps";
    a->values[CHANNEL_PHONE] = NUMBER;
    company = ask(ACME)->record_id;
    h.kind = QUESTION_ENRICH;
    assert_false(id_is(ask("{\"company_domain\":\"acme.example\"," PHONE "}")->record_id, company));
    assert_int_equal(a->channels_asked, 1u << CHANNEL_PHONE);
}

static void the_same_company_twice_at_once_is_one_waterfall(void **state)
{
    (void)state;
    h.kind = QUESTION_ACCOUNT;
    offer(a, FIELDS_ALL);
    a->values[SLOT_INDUSTRY] = "Pumps";
    a->is_holding = true;
    start_asking(ACME);
    start_asking(ACME);
    loop_while(&h.folder.loop, a->held == NULL);
    scripted_release(a);
    expect_field(wait_for(&h.askers[0]), SLOT_INDUSTRY, "Pumps", "A");
    expect_field(wait_for(&h.askers[1]), SLOT_INDUSTRY, "Pumps", "A");
    assert_int_equal(a->asked, 1);
    expect_balance(99);
}

/* --- the store's troubles ------------------------------------------------------------------ */

static void a_commit_that_is_unsure_is_asked_about_until_it_is_sure(void **state)
{
    static const char *const texts[] = {ANN_PHONE, "{\"email\":\"bob@acme.example\"," PHONE "}"};
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    log_set_level(LOG_ERROR + 1);
    a->is_holding = true;
    for (size_t i = 0; i < LEN(texts); i++) {
        start_asking(texts[i]);
        loop_while(&h.folder.loop, a->held == NULL);
        atomic_store(i == 0 ? &commits_to_refuse : &commits_to_deny, i == 0 ? 2 : 1);
        scripted_release(a);
        answer = wait_for(&h.askers[i]);
        expect_channel(answer, CHANNEL_PHONE, NUMBER);
        assert_int_equal(answer->credits_used, 1);
        expect_balance(99 - (int64_t)i);
    }
    log_set_level(LOG_INFO);
    assert_true(ask(ANN_PHONE)->is_replay);
}

/* That it failed the second time says nothing about the first. */
static void a_failure_while_unsure_is_asked_about_too(void **state)
{
    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->is_holding = true;
    log_set_level(LOG_ERROR + 1);
    start_asking(ANN_PHONE);
    loop_while(&h.folder.loop, a->held == NULL);
    atomic_store(&stops_after_refusal, 1);
    atomic_store(&commits_to_refuse, 1);
    scripted_release(a);
    expect_channel(wait_for(&h.askers[0]), CHANNEL_PHONE, NUMBER);
    log_set_level(LOG_INFO);
    assert_int_equal(atomic_load(&statements_to_stop), 0);
    expect_balance(99);
}

static void a_commit_that_stays_unsure_counts_as_spent_until_the_store_is_back(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    a->values[CHANNEL_PHONE] = NUMBER;
    a->is_holding = true;
    log_set_level(LOG_ERROR + 1);
    start_asking(ANN_PHONE);
    loop_while(&h.folder.loop, a->held == NULL);
    atomic_store(&commits_to_refuse, 1000);
    scripted_release(a);
    answer = wait_for(&h.askers[0]);
    assert_int_equal(answer->err, ERR_STORE_UNSURE);
    assert_int_equal(h.workspace->account.held, 0);
    expect_balance(99);
    atomic_store(&commits_to_refuse, 0);
    log_set_level(LOG_INFO);
    a->is_holding = false;
    expect_channel(ask(ANN_PHONE), CHANNEL_PHONE, NUMBER); /* its retry: once in the books */
    expect_balance(99);
}

static void too_many_lookups_are_turned_away(void **state)
{
    (void)state;
    h.engine.lookups_max = 1;
    a->is_holding = true;
    start_asking(ANN_PHONE);
    assert_null(lookup_new(&h.engine, h.workspace));
    loop_while(&h.folder.loop, a->held == NULL);
    scripted_release(a);
    wait_for(&h.askers[0]);
    lookup_free(&h.askers[0].lookup);
    h.asker_count = 0;
    h.engine.lookups_max = 1000;
    assert_int_equal(ask(ANN_PHONE)->err, ERR_NONE);
}

/* --- verifiers ------------------------------------------------------------------ */

#define ANN_WORK "{" ANN ",\"channels\":[\"work_email\"]}"

/* A and B find, C verifies. */
static void set_verifier(enum email_status verdict)
{
    set_waterfalls("AB");
    waterfall_add_verifier(&h.waterfalls.of[CHANNEL_WORK_EMAIL], &c->provider);
    c->verdict = verdict;
}

static void what_verifiers_refuse_costs_nothing_and_the_null_is_remembered(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    set_verifier(EMAIL_STATUS_UNDELIVERABLE);
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    b->values[CHANNEL_WORK_EMAIL] = "a.lee@acme.example";
    answer = ask(ANN_WORK);
    expect_channel(answer, CHANNEL_WORK_EMAIL, "");
    assert_int_equal(answer->credits_used, 0);
    assert_int_equal(answer->incomplete, 0);
    assert_int_equal(c->asked, 2);
    expect_balance(100);
    for (int i = 0; i < 2; i++) {
        answer = ask(ANN_WORK);
        expect_channel(answer, CHANNEL_WORK_EMAIL, "");
        assert_true(answer->is_replay);
    }
    assert_int_equal(calls(), 4);
    expect_balance(100);
}

static void a_null_beside_a_failure_is_not_remembered_whatever_was_refused(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    set_verifier(EMAIL_STATUS_UNDELIVERABLE);
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    b->outcome = OUTCOME_TIMEOUT;
    answer = ask(ANN_WORK);
    expect_channel(answer, CHANNEL_WORK_EMAIL, "");
    assert_int_equal(answer->incomplete, 1u << CHANNEL_WORK_EMAIL);
    b->outcome = OUTCOME_MISS;
    c->verdict = EMAIL_STATUS_RISKY;
    answer = ask(ANN_WORK);
    expect_channel(answer, CHANNEL_WORK_EMAIL, "ann@acme.example");
    assert_int_equal(answer->credits_used, 1);
    expect_balance(99);
}

static void a_null_is_asked_again_when_other_verifiers_have_the_word(void **state)
{
    (void)state;
    set_verifier(EMAIL_STATUS_UNDELIVERABLE);
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    ask(ANN_WORK);
    set_waterfalls("AB");
    expect_channel(ask(ANN_WORK), CHANNEL_WORK_EMAIL, "ann@acme.example");
}

static void the_status_is_kept_with_the_value(void **state)
{
    const struct lookup_answer *answer;

    (void)state;
    set_verifier(EMAIL_STATUS_RISKY);
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    for (int i = 0; i < 3; i++) { /* found, from the store, from the cache */
        answer = ask(ANN_WORK);
        expect_channel(answer, CHANNEL_WORK_EMAIL, "ann@acme.example");
        assert_int_equal(answer->channels[CHANNEL_WORK_EMAIL].traits.email_status, EMAIL_STATUS_RISKY);
        assert_int_equal(answer->credits_used, i == 0 ? 1 : 0);
    }
    assert_int_equal(c->asked, 1);
}

static void the_same_question_under_way_twice_is_verified_once(void **state)
{
    struct asker *first, *second;

    (void)state;
    set_verifier(EMAIL_STATUS_DELIVERABLE);
    a->values[CHANNEL_WORK_EMAIL] = "ann@acme.example";
    c->is_holding = true;
    first = start_asking(ANN_WORK);
    loop_while(&h.folder.loop, c->held == NULL);
    second = start_asking(ANN_WORK);
    assert_int_equal(h.workspace->account.held, 2); /* the dearer of A and B: a verifier costs nothing */
    scripted_release(c);
    expect_channel(wait_for(first), CHANNEL_WORK_EMAIL, "ann@acme.example");
    expect_channel(wait_for(second), CHANNEL_WORK_EMAIL, "ann@acme.example");
    assert_int_equal(second->answer->channels[CHANNEL_WORK_EMAIL].traits.email_status, EMAIL_STATUS_DELIVERABLE);
    assert_int_equal(first->answer->credits_used, 1);
    assert_int_equal(second->answer->credits_used, 0);
    assert_int_equal(c->asked, 1);
    expect_balance(99);
}

static int set_up(void **state)
{
    static const char *const names[PROVIDERS] = {"A", "B", "C"};
    const struct evidence_scale scale = {.epoch_us = clock_wall_us(), .half_life_us = 21 * 86400 * SECOND_US};

    (void)state;
    memset(&h, 0, sizeof h);
    folder_make(&h.folder);
    folder_open(&h.folder);
    hook_store();
    add_workspace(&h.folder, 100);
    assert_int_equal(directory_new(h.folder.store, &h.directory), ERR_NONE);
    h.workspace = directory_authenticate(h.directory, str_from(h.folder.secret), 2000)->workspace;
    loop_init(&h.folder.loop);
    for (int i = 0; i < PROVIDERS; i++)
        scripted_init(&h.providers[i], &h.folder.loop, names[i], i + 1);
    set_waterfalls("ABC");
    h.engine = (struct engine){.loop = &h.folder.loop,
                               .store = h.folder.store,
                               .cache = record_cache_new(1 << 20),
                               .waterfalls = &h.waterfalls,
                               .lookup_us_max = 60 * SECOND_US,
                               .discover_us_max = 120 * SECOND_US,
                               .lookups_max = 1000,
                               .ranking = {.is_learned = true, .policy = {.reply_worth = 100}, .reports_min = 10},
                               .evidence = evidence_new(&h.folder.loop, h.folder.store, &scale)};
    assert_int_equal(evidence_load(h.engine.evidence), ERR_NONE);
    store_start(h.folder.store, &h.folder.loop);
    return 0;
}

/* Whatever a test did: nothing is held, nobody is in flight, the books are right. */
static int tear_down(void **state)
{
    struct workspace_row row;
    struct ledger_report report;
    struct err_detail detail;

    (void)state;
    free_askers();
    evidence_flush(h.engine.evidence);
    store_close(&h.folder.store);
    evidence_free(&h.engine.evidence);
    loop_deinit(&h.folder.loop);
    record_cache_free(&h.engine.cache);
    folder_open(&h.folder);
    row = read_workspace(&h.folder);
    assert_int_equal(row.head.balance, h.workspace->account.balance);
    if (ledger_verify(h.folder.store, &row, &report, &detail) != ERR_NONE)
        fail_msg("%s", detail.text);
    assert_int_equal(report.trails, report.entries - 1);
    directory_free(&h.directory);
    store_close(&h.folder.store);
    folder_remove(&h.folder);
    return 0;
}

#define in_house(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_house(a_replay_calls_nobody_and_costs_nothing),
        in_house(more_channels_later_run_only_the_missing_ones),
        in_house(only_the_channels_asked_for_are_answered),
        in_house(force_asks_and_charges_again),
        in_house(a_value_that_force_did_not_find_again_is_gone),
        in_house(a_value_survives_a_force_that_somebody_failed),
        in_house(an_older_value_than_wanted_is_looked_up_again),
        in_house(a_miss_at_a_high_confidence_does_not_hide_a_lower_value),
        in_house(a_miss_first_leaves_a_lower_value_to_be_found),
        in_house(a_complete_null_is_remembered),
        in_house(an_incomplete_null_is_tried_again),
        in_house(a_null_is_asked_again_when_more_is_known_of_the_person),
        in_house(a_null_is_asked_again_when_the_waterfall_changed),
        in_house(a_found_value_stays_whatever_the_waterfall),
        in_house(identical_questions_share_one_waterfall_and_one_charge),
        in_house(identical_forced_questions_share_too),
        in_house(overlapping_questions_run_one_after_another_and_charge_each_channel_once),
        in_house(a_follower_of_a_failed_lookup_gets_the_same_problem),
        in_house(a_person_found_under_another_name_meanwhile_is_not_charged_twice),
        in_house(a_name_recognised_during_a_lookup_sees_what_that_one_finds),
        in_house(many_different_questions_for_one_person_are_all_answered),
        in_house(different_people_run_side_by_side),
        in_house(a_record_is_known_by_what_was_given_and_what_was_found),
        in_house(of_two_records_the_one_of_the_email_wins),
        in_house(a_change_by_one_identity_is_seen_by_the_others),
        in_house(only_who_can_answer_from_a_domain_is_asked_for_one),
        in_house(without_enough_credits_nobody_is_asked),
        in_house(what_others_hold_is_not_available),
        in_house(a_spend_cap_of_nothing_asks_nobody_who_costs),
        in_house(a_replay_needs_no_credits),
        in_house(by_attempts_the_misses_before_the_hit_are_charged),
        in_house(a_dry_run_asks_nobody_and_leaves_nothing_behind),
        in_house(a_discovery_costs_the_discovery_price_and_has_its_own_deadline),
        in_house(a_person_discovered_is_the_record_that_an_enrichment_replays),
        in_house(fields_are_merged_and_each_contributor_is_charged_once),
        in_house(a_company_field_that_somebody_failed_at_is_asked_for_again_alone),
        in_house(the_hold_of_a_company_is_the_sum_of_who_can_add_anything),
        in_house(a_company_and_a_person_at_its_domain_share_nothing),
        in_house(the_same_company_twice_at_once_is_one_waterfall),
        in_house(a_commit_that_is_unsure_is_asked_about_until_it_is_sure),
        in_house(a_failure_while_unsure_is_asked_about_too),
        in_house(a_commit_that_stays_unsure_counts_as_spent_until_the_store_is_back),
        in_house(too_many_lookups_are_turned_away),
        in_house(what_verifiers_refuse_costs_nothing_and_the_null_is_remembered),
        in_house(a_null_beside_a_failure_is_not_remembered_whatever_was_refused),
        in_house(a_null_is_asked_again_when_other_verifiers_have_the_word),
        in_house(the_status_is_kept_with_the_value),
        in_house(the_same_question_under_way_twice_is_verified_once),
    };

    watch_stores();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
