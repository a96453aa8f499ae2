/* The flow of a call: what is sent when, and what comes of it. */
#include "connector_asking.h"

static struct connector_asking asking;

static int set_up(void **state)
{
    (void)state;
    asking_set_up(&asking);
    asking.hints.of[HINT_FIRST_NAME] = STR("Mira");
    asking.hints.of[HINT_LAST_NAME] = STR("Okafor");
    asking.hints.of[HINT_COMPANY_DOMAIN] = STR("c.example");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    asking_tear_down(&asking);
    return 0;
}

enum { EMAIL = 1u << CHANNEL_WORK_EMAIL, PHONE = 1u << CHANNEL_PHONE, LINK = 1u << CHANNEL_LINKEDIN_URL };

/* The next turn sends a request to this URL (the part after the host), after so many milliseconds. */
static void sends(const char *path, int64_t after_ms)
{
    int64_t from_us = asking.now_us;
    enum connector_turn turn = next(&asking);

    if (turn == CONNECTOR_WAIT) {
        assert_true(asking.call.until_us > asking.now_us);
        asking.now_us = asking.call.until_us;
        turn = next(&asking);
    }
    if (turn != CONNECTOR_SEND)
        fail_msg("%s is not sent: turn %d, %s, %s", path, (int)turn, outcome_name(asking.call.outcome),
                 asking.call.why);
    assert_int_equal((asking.now_us - from_us) / 1000, after_ms);
    assert_string_equal(asking.request.url.ptr + strlen("https://a.example"), path);
}

static void says(int status, const char *body)
{
    answer_with(&asking, status, "", body);
}

static void ends(enum outcome outcome)
{
    assert_int_equal(next(&asking), CONNECTOR_DONE);
    assert_outcome_is(asking.call.outcome, outcome);
}

static void ends_failed(enum outcome outcome, bool is_repeatable)
{
    ends(outcome);
    assert_int_equal(asking.call.is_repeatable, is_repeatable);
    assert_int_equal(asking.call.unanswered, 0);
}

#define HEAD "'connector':1,'hosts':{'h':'https://a.example'},"
#define VALUE(pointer) "{'value':'" pointer "','confidence':0.9}"
#define START                                                                                                          \
    "{'request':{'method':'POST','url':'{host.h}/start','body':{'e':'{email}'}},'keep':{'id':['/data/id','/id']}}"
#define RESULT(poll)                                                                                                   \
    "{'request':{'url':'{host.h}/result/{kept.id}'}," poll                                                             \
    "'outcomes':[{'at':'/status','equals':'running','outcome':'pending'}],'channels':{'work_email':" VALUE(            \
        "/email") "}}"
#define STARTED(poll) "{" HEAD "'ways':[{'needs':[['email']],'steps':[" START "," RESULT(poll) "]}]}"

/* --- steps --- */

static void a_step_keeps_what_the_next_one_needs(void **state)
{
    (void)state;
    compile(&asking, STARTED(""));
    start(&asking, EMAIL);
    sends("/start", 0);
    assert_str_is(asking.request.method, "POST");
    assert_false(asking.request.is_repeatable);
    says(200, "{\"id\":\"b\",\"data\":{\"id\":\"a/b\"}}");
    sends("/result/a%2Fb", 0);
    assert_true(asking.request.is_repeatable);
    says(200, "{\"email\":\"mira@c.example\"}");
    ends(OUTCOME_HIT);
    assert_str_is(asking.values[CHANNEL_WORK_EMAIL].value, "mira@c.example");
    assert_int_equal(asking.call.unanswered, 0);
}

static void a_kept_number_keeps_every_digit_and_stays_a_number(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'ways':[{'needs':[['email']],'steps':[" START
                     ",{'request':{'method':'POST','url':'{host.h}/r?id={kept.id}','body':{'id':'{kept.id}',"
                     "'t':'n{kept.id}'}},'channels':{'phone':" VALUE("/p") "}}]}]}");
    start(&asking, PHONE);
    sends("/start", 0);
    says(200, "{\"id\":-1039995589705121901}");
    sends("/r?id=-1039995589705121901", 0);
    assert_string_equal(asking.request.body.ptr, "{\"id\":-1039995589705121901,\"t\":\"n-1039995589705121901\"}");
    says(200, "{}");
    ends(OUTCOME_MISS);
}

static void what_is_kept_must_be_there_for_a_path(void **state)
{
    static const char *const bodies[] = {"{}", "{\"id\":null}", "{\"id\":true}", "{\"id\":\"\"}", "{\"id\":1.5}"};

    (void)state;
    compile(&asking, STARTED(""));
    for (size_t i = 0; i < LEN(bodies); i++) {
        start(&asking, EMAIL);
        sends("/start", 0);
        says(200, bodies[i]);
        ends_failed(OUTCOME_ERROR, false);
        assert_non_null(strstr(asking.call.why, "not there"));
    }
}

static void every_other_outcome_ends_the_way(void **state)
{
    (void)state;
    compile(&asking, STARTED(""));
    start(&asking, EMAIL);
    sends("/start", 0);
    says(404, "");
    ends(OUTCOME_MISS);
    start(&asking, EMAIL);
    sends("/start", 0);
    says(422, "");
    ends(OUTCOME_NOT_APPLICABLE);
}

#define TWO_STEPS                                                                                                      \
    "{" HEAD "'ways':[{'needs':[['email']],'steps':[{'request':{'url':'{host.h}/one?p={wants.phone}'},"                \
    "'channels':{'work_email':" VALUE("/e") ",'phone':" VALUE(                                                         \
        "/p") "}},"                                                                                                    \
              "{'only_for':['phone'],'request':{'url':'{host.h}/"                                                      \
              "two?l={wants.linkedin_url}'},'channels':{'phone':" VALUE("/p") ",'linkedin_url':" VALUE("/l") "}}]}]}"

static void a_step_is_left_out_unless_one_of_its_channels_is_open(void **state)
{
    (void)state;
    compile(&asking, TWO_STEPS);
    start(&asking, EMAIL | LINK);
    sends("/one", 0);
    says(200, "{\"e\":\"a\"}");
    ends(OUTCOME_HIT);
    start(&asking, EMAIL | PHONE);
    sends("/one?p=true", 0);
    says(200, "{\"e\":\"a\",\"p\":\"1\"}");
    ends(OUTCOME_HIT);
    start(&asking, PHONE);
    sends("/one?p=true", 0);
    says(200, "{}");
    sends("/two", 0);
    says(200, "{\"p\":\"2\"}");
    ends(OUTCOME_HIT);
    assert_str_is(asking.values[CHANNEL_PHONE].value, "2");
}

static void a_last_step_that_gives_nothing_wanted_is_not_paid_for(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'ways':[{'needs':[['email']],'steps':[{'request':{'url':'{host.h}/one'},'channels':"
                     "{'work_email':" VALUE("/e") "}},{'request':{'url':'{host.h}/two'},'channels':{'phone':" VALUE(
                         "/p") "}}]}]}");
    start(&asking, EMAIL);
    sends("/one", 0);
    says(200, "{\"e\":\"a\"}");
    ends(OUTCOME_HIT);
}

static void what_a_step_does_not_answer_is_told_beside_what_was_found(void **state)
{
    (void)state;
    compile(&asking, TWO_STEPS);
    start(&asking, EMAIL | PHONE | LINK);
    sends("/one?p=true", 0);
    says(200, "{\"e\":\"a\"}");
    sends("/two?l=true", 0);
    says(500, "");
    ends(OUTCOME_HIT);
    assert_int_equal(asking.call.unanswered, PHONE | LINK);
    assert_outcome_is(asking.call.failure, OUTCOME_ERROR);
    assert_false(asking.call.is_repeatable);
    start(&asking, EMAIL | PHONE);
    sends("/one?p=true", 0);
    says(503, "");
    ends_failed(OUTCOME_ERROR, true);
}

/* --- ways --- */

#define THREE_WAYS                                                                                                     \
    "{" HEAD "'ways':["                                                                                                \
    "{'needs':[['linkedin_url']],'request':{'url':'{host.h}/link'},'channels':{'work_email':" VALUE(                   \
        "/e") "}},"                                                                                                    \
              "{'needs':[['email'],['first_name','last_name']],'request':{'url':'{host.h}/"                            \
              "mail'},'channels':{'work_email':" VALUE("/e") ",'phone':" VALUE(                                        \
                  "/p") "}},"                                                                                          \
                        "{'needs':[['email']],'request':{'url':'{host.h}/more'},'channels':{'phone':" VALUE(           \
                            "/p") ",'linkedin_url':" VALUE("/l") "}},"                                                 \
                                                                 "{'needs':[['company_domain']],'request':{'url':'{"   \
                                                                 "host.h}/company'},'account':{'industry':" VALUE(     \
                                                                     "/i") "}}]}"

static void ways_stand_in_the_order_of_preference_and_a_channel_is_asked_for_once(void **state)
{
    (void)state;
    compile(&asking, THREE_WAYS);
    start(&asking, CHANNELS_ALL);
    sends("/mail", 0);
    says(200, "{\"p\":\"1\"}");
    sends("/more", 0);
    says(200, "{\"p\":\"2\",\"l\":\"x\"}");
    ends(OUTCOME_HIT);
    assert_str_is(asking.values[CHANNEL_PHONE].value, "1");
    assert_str_is(asking.values[CHANNEL_LINKEDIN_URL].value, "x");
    asking.hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/mira");
    start(&asking, EMAIL);
    sends("/link", 0);
    says(404, "");
    ends(OUTCOME_MISS);
    start(&asking, FIELDS_ALL);
    sends("/company", 0);
    says(200, "{\"i\":\"Pumps\"}");
    ends(OUTCOME_HIT);
    assert_str_is(asking.values[SLOT_INDUSTRY].value, "Pumps");
}

static void without_a_way_that_fits_it_cannot_be_asked(void **state)
{
    (void)state;
    compile(&asking, THREE_WAYS);
    start(&asking, 1u << CHANNEL_PERSONAL_EMAIL);
    ends(OUTCOME_NOT_APPLICABLE);
    asking.hints = (struct hints){.of = {[HINT_COMPANY_NAME] = STR("C")}};
    start(&asking, CHANNELS_ALL);
    ends(OUTCOME_NOT_APPLICABLE);
    start(&asking, 0);
    ends(OUTCOME_NOT_APPLICABLE);
}

static void one_way_failing_leaves_the_others_their_answer(void **state)
{
    (void)state;
    compile(&asking, THREE_WAYS);
    start(&asking, EMAIL | LINK);
    sends("/mail", 0);
    connector_call_fail(&asking.call, OUTCOME_TIMEOUT, "", true, asking.now_us);
    sends("/more", 0);
    says(200, "{}");
    ends(OUTCOME_MISS);
    assert_int_equal(asking.call.unanswered, EMAIL);
    assert_outcome_is(asking.call.failure, OUTCOME_TIMEOUT);
    start(&asking, EMAIL | LINK);
    sends("/mail", 0);
    says(422, "");
    sends("/more", 0);
    says(500, "");
    ends_failed(OUTCOME_ERROR, true);
}

static void whoever_refuses_as_a_whole_is_not_asked_on(void **state)
{
    static const struct {
        int status;
        enum outcome outcome;
        bool is_repeatable;
    } cases[] = {
        {429, OUTCOME_RATE_LIMITED, true}, {402, OUTCOME_OUT_OF_CREDITS, false}, {401, OUTCOME_AUTH_ERROR, false}};

    (void)state;
    compile(&asking, THREE_WAYS);
    for (size_t i = 0; i < LEN(cases); i++) {
        start(&asking, EMAIL | LINK);
        sends("/mail", 0);
        says(cases[i].status, "");
        ends_failed(cases[i].outcome, cases[i].is_repeatable);
    }
    compile(&asking, TWO_STEPS);
    start(&asking, EMAIL | PHONE);
    sends("/one?p=true", 0);
    says(200, "{\"e\":\"a\"}");
    sends("/two", 0);
    says(429, "");
    ends(OUTCOME_HIT);
    assert_int_equal(asking.call.unanswered, PHONE);
    assert_outcome_is(asking.call.failure, OUTCOME_RATE_LIMITED);
}

static void ways_left_out_by_a_refusal_are_unanswered_too(void **state)
{
    (void)state;
    compile(&asking,
            "{" HEAD "'ways':[{'needs':[['email']],'request':{'url':'{host.h}/1'},'channels':{'work_email':" VALUE(
                "/e") "}},"
                      "{'needs':[['email']],'request':{'url':'{host.h}/2'},'channels':{'phone':" VALUE(
                          "/p") "}},"
                                "{'needs':[['email']],'request':{'url':'{host.h}/3'},'channels':{'linkedin_url':" VALUE(
                                    "/l") "}},"
                                          "{'needs':[['linkedin_url']],'request':{'url':'{host.h}/"
                                          "4'},'channels':{'personal_email':" VALUE("/l") "}}]}");
    start(&asking, CHANNELS_ALL);
    sends("/1", 0);
    says(200, "{\"e\":\"a\"}");
    sends("/2", 0);
    says(429, "");
    ends(OUTCOME_HIT);
    assert_int_equal(asking.call.unanswered, PHONE | LINK);
}

static void who_must_not_be_told_of_is_not_asked_for_again(void **state)
{
    (void)state;
    compile(&asking, THREE_WAYS);
    start(&asking, EMAIL | LINK);
    sends("/mail", 0);
    says(451, "");
    ends(OUTCOME_BLOCKED);
    assert_int_equal(asking.call.unanswered, 0);
}

/* --- polls --- */

#define POLL "'poll':{'after_ms':2000,'every_ms':3000,'growth':1.5,'every_ms_max':6000,'for_ms':20000},"
#define RUNNING "{\"status\":\"running\"}"

static void a_poll_waits_longer_and_longer_until_its_time_is_over(void **state)
{
    static const int64_t waits[] = {2000, 3000, 4500, 6000};

    (void)state;
    compile(&asking, STARTED(POLL));
    start(&asking, EMAIL);
    sends("/start", 0);
    assert_false(asking.request.is_poll);
    says(200, "{\"id\":7}");
    for (size_t i = 0; i < LEN(waits); i++) {
        sends("/result/7", waits[i]);
        assert_true(asking.request.is_poll);
        says(200, RUNNING);
    }
    ends_failed(OUTCOME_TIMEOUT, false);
}

static void a_poll_that_is_answered_is_read(void **state)
{
    (void)state;
    compile(&asking, STARTED(POLL));
    start(&asking, EMAIL);
    sends("/start", 0);
    says(200, "{\"id\":7}");
    sends("/result/7", 2000);
    says(202, "");
    sends("/result/7", 3000);
    says(200, "{\"email\":\"a@c.example\"}");
    ends(OUTCOME_HIT);
}

#define LAST "'poll':{'every_ms':5000,'for_ms':12000,'last':{'url':'{host.h}/result/{kept.id}?force=1'}},"

static void at_the_end_of_its_time_what_is_there_is_taken(void **state)
{
    static const struct {
        const char *body;
        enum outcome outcome;
    } cases[] = {{"{\"email\":\"a@c.example\"}", OUTCOME_HIT},
                 {"{\"email\":\"a@c.example\",\"status\":\"running\"}", OUTCOME_HIT},
                 {"{}", OUTCOME_MISS},
                 {RUNNING, OUTCOME_TIMEOUT}};

    (void)state;
    compile(&asking, STARTED(LAST));
    for (size_t i = 0; i < LEN(cases); i++) {
        start(&asking, EMAIL);
        sends("/start", 0);
        says(200, "{\"id\":7}");
        sends("/result/7", 0);
        says(200, RUNNING);
        sends("/result/7", 5000);
        says(200, RUNNING);
        sends("/result/7", 5000);
        says(200, RUNNING);
        sends("/result/7?force=1", 2000);
        says(200, cases[i].body);
        ends(cases[i].outcome);
    }
}

static void what_is_not_there_at_the_end_of_its_time_is_tried_again(void **state)
{
    (void)state;
    compile(&asking,
            "{" HEAD "'ways':[{'needs':[['email']],'steps':[" START ",{'request':{'url':'{host.h}/result'}," LAST
            "'outcomes':[{'at':'/status','equals':'running','outcome':'pending'}],"
            "'channels':{'work_email':" VALUE("/email") ",'phone':" VALUE("/phone") "}}]}]}");
    start(&asking, EMAIL | PHONE);
    sends("/start", 0);
    says(200, "{\"id\":7}");
    for (int i = 0; i < 3; i++) {
        sends("/result", i == 0 ? 0 : 5000);
        says(200, RUNNING);
    }
    sends("/result/7?force=1", 2000);
    says(200, "{\"email\":\"a@c.example\",\"status\":\"running\"}");
    ends(OUTCOME_HIT);
    assert_int_equal(asking.call.unanswered, PHONE);
    assert_outcome_is(asking.call.failure, OUTCOME_TIMEOUT);
}

static void what_was_found_before_the_credits_ended_counts(void **state)
{
    static const struct {
        const char *body;
        enum outcome outcome;
        unsigned unanswered;
    } cases[] = {{"{\"e\":\"a@c.example\"}", OUTCOME_HIT, PHONE | LINK},
                 {"{\"e\":\"a@c.example\",\"p\":\"+351912000123\"}", OUTCOME_HIT, LINK},
                 {"{}", OUTCOME_OUT_OF_CREDITS, 0},
                 {"no JSON", OUTCOME_OUT_OF_CREDITS, 0}};

    (void)state;
    compile(&asking,
            "{" HEAD "'ways':[{'needs':[['email']],'request':{'url':'{host.h}/1'},'channels':{'work_email':" VALUE(
                "/e") ",'phone':" VALUE("/p") "}},"
                                              "{'needs':[['email']],'request':{'url':'{host.h}/"
                                              "2'},'channels':{'linkedin_url':" VALUE("/l") "}}]}");
    for (size_t i = 0; i < LEN(cases); i++) {
        start(&asking, EMAIL | PHONE | LINK);
        sends("/1", 0);
        says(402, cases[i].body);
        ends(cases[i].outcome);
        assert_int_equal(asking.call.unanswered, cases[i].unanswered);
        assert_outcome_is(asking.call.failure, OUTCOME_OUT_OF_CREDITS);
    }
}

static void a_verdict_is_never_read_where_the_credits_ended(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'needs':[['email']],'request':{'url':'{host.h}/v'},"
                     "'verdict':{'at':'/status','words':{'ok':'deliverable'},'default':'unknown'}}");
    start(&asking, 0);
    sends("/v", 0);
    says(402, "{\"status\":\"ok\"}");
    ends(OUTCOME_OUT_OF_CREDITS);
    assert_int_equal(asking.call.verdict, EMAIL_STATUS_NONE);
}

static void the_last_request_still_fits_before_the_deadline(void **state)
{
    (void)state;
    compile(&asking, STARTED(LAST));
    start(&asking, EMAIL);
    asking.call.deadline_us = asking.now_us + 8 * SECOND_US;
    sends("/start", 0);
    says(200, "{\"id\":7}");
    sends("/result/7", 0);
    says(200, RUNNING);
    sends("/result/7", 5000);
    says(200, RUNNING);
    sends("/result/7?force=1", 1000);
    assert_int_equal(asking.request.timeout_us, 2 * SECOND_US);
    says(200, "{}");
    ends(OUTCOME_MISS);
}

static void pending_without_a_poll_is_asked_again_for_a_while(void **state)
{
    static const int64_t waits[] = {0, 1000, 2000, 4000, 8000};

    (void)state;
    compile(&asking,
            "{" HEAD "'needs':[['email']],'request':{'url':'{host.h}/x'},'channels':{'phone':" VALUE("/p") "}}");
    start(&asking, PHONE);
    for (size_t i = 0; i < LEN(waits); i++) {
        sends("/x", waits[i]);
        assert_int_equal(asking.request.is_poll, i > 0);
        says(202, "");
    }
    ends(OUTCOME_TIMEOUT);
}

static void a_wait_that_the_answer_names_counts_when_it_is_longer(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'wait':[{'at':'/s'}],'needs':[['email']],'request':{'url':'{host.h}/x'},"
                     "'poll':{'every_ms':2000},'outcomes':[{'at':'/s','exists':true,'outcome':'pending'}],"
                     "'channels':{'phone':" VALUE("/p") "}}");
    start(&asking, PHONE);
    sends("/x", 0);
    says(200, "{\"s\":15}");
    sends("/x", 15000);
    says(200, "{\"s\":1}");
    sends("/x", 2000);
    answer_with(&asking, 202, "Retry-After: 9\r\n", "");
    sends("/x", 9000);
    says(200, "{\"s\":86400}");
    ends(OUTCOME_TIMEOUT);
}

static void a_poll_has_an_end_however_it_is_written(void **state)
{
    int requests = 0;

    (void)state;
    compile(&asking, STARTED("'poll':{'every_ms':1,'for_ms':600000},"));
    start(&asking, EMAIL);
    sends("/start", 0);
    says(200, "{\"id\":7}");
    while (next(&asking) != CONNECTOR_DONE) {
        asking.now_us = asking.call.until_us > asking.now_us ? asking.call.until_us : asking.now_us;
        if (asking.call.state == 0)
            continue;
        assert_true(++requests < CONNECTOR_REQUESTS_MAX);
        says(200, RUNNING);
    }
    assert_int_equal(requests, CONNECTOR_REQUESTS_MAX - 1);
    assert_outcome_is(asking.call.outcome, OUTCOME_TIMEOUT);
}

static void a_poll_outlives_failures_in_passing_but_not_four_in_a_row(void **state)
{
    (void)state;
    compile(&asking, STARTED("'poll':{'every_ms':2000},"));
    start(&asking, EMAIL);
    sends("/start", 0);
    says(200, "{\"id\":7}");
    sends("/result/7", 0);
    says(503, "");
    sends("/result/7", 2000);
    connector_call_fail(&asking.call, OUTCOME_TIMEOUT, "", true, asking.now_us);
    sends("/result/7", 2000);
    answer_with(&asking, 429, "Retry-After: 7\r\n", "");
    sends("/result/7", 7000);
    says(200, RUNNING);
    for (int i = 0; i < 3; i++) {
        sends("/result/7", 2000);
        says(502, "");
    }
    sends("/result/7", 2000);
    says(502, "");
    ends_failed(OUTCOME_ERROR, false);
}

static void a_rate_limit_past_the_end_of_the_poll_is_told(void **state)
{
    (void)state;
    compile(&asking, STARTED("'poll':{'for_ms':30000},"));
    start(&asking, EMAIL);
    sends("/start", 0);
    says(200, "{\"id\":7}");
    sends("/result/7", 0);
    answer_with(&asking, 429, "Retry-After: 60\r\n", "");
    ends_failed(OUTCOME_RATE_LIMITED, false);
    assert_int_equal(asking.call.wait_us, 60 * SECOND_US);
}

/* --- time --- */

static void nothing_is_sent_past_the_deadline(void **state)
{
    (void)state;
    compile(&asking, STARTED(POLL));
    start(&asking, EMAIL);
    asking.call.deadline_us = asking.now_us + 2 * SECOND_US;
    sends("/start", 0);
    assert_int_equal(asking.request.timeout_us, 2 * SECOND_US);
    asking.now_us += SECOND_US;
    says(200, "{\"id\":7}");
    ends_failed(OUTCOME_TIMEOUT, false);
    start(&asking, EMAIL);
    asking.call.deadline_us = asking.now_us;
    ends(OUTCOME_TIMEOUT);
}

static void a_request_has_a_time_of_its_own(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'limits':{'timeout_ms':7000},'needs':[['email']],'request':{'url':'{host.h}/x'},"
                     "'channels':{'phone':" VALUE("/p") "}}");
    start(&asking, PHONE);
    sends("/x", 0);
    assert_int_equal(asking.request.timeout_us, 7 * SECOND_US);
    asking.settings.timeout_us = 3 * SECOND_US;
    start(&asking, PHONE);
    sends("/x", 0);
    assert_int_equal(asking.request.timeout_us, 3 * SECOND_US);
}

static int64_t paces[8];
static size_t paces_asked;

static int64_t pace(struct connector_call *call, bool is_poll, int64_t left_us)
{
    assert_ptr_equal(call, &asking.call);
    assert_int_equal(is_poll, paces_asked > 0);
    assert_true(left_us > 0);
    return paces[paces_asked++];
}

static int64_t never_in_turn(struct connector_call *call, bool is_poll, int64_t left_us)
{
    (void)call;
    (void)is_poll;
    (void)left_us;
    return -1;
}

static void requests_after_the_first_wait_for_their_turn(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'ways':[{'needs':[['email']],'steps':[" START
                     ",{'request':{'url':'{host.h}/b'},'channels':{'phone':" VALUE("/p") "}}," RESULT(POLL) "]}]}");
    memcpy(paces, (int64_t[]){1500 * 1000, 0, 4000 * 1000, -1}, 4 * sizeof *paces);
    paces_asked = 0;
    start(&asking, EMAIL | PHONE);
    asking.call.pace = pace;
    sends("/start", 0);
    says(200, "{\"id\":7}");
    sends("/b", 1500);
    says(200, "{}");
    sends("/result/7", 2000);
    says(200, RUNNING);
    assert_int_equal(next(&asking), CONNECTOR_WAIT);
    asking.now_us = asking.call.until_us;
    sends("/result/7", 4000);
    says(200, RUNNING);
    assert_int_equal(next(&asking), CONNECTOR_WAIT);
    asking.now_us = asking.call.until_us;
    ends_failed(OUTCOME_RATE_LIMITED, false);
    assert_true(asking.call.is_ours);
    assert_int_equal(paces_asked, 4);
}

static void what_was_found_before_there_was_no_turn_counts(void **state)
{
    (void)state;
    compile(
        &asking,
        "{" HEAD "'ways':[{'needs':[['email']],'request':{'url':'{host.h}/a'},'channels':{'phone':" VALUE(
            "/p") "}},{'needs':[['email']],'request':{'url':'{host.h}/b'},'channels':{'work_email':" VALUE("/e") "}}]"
                                                                                                                 "}");
    start(&asking, EMAIL | PHONE);
    asking.call.pace = never_in_turn;
    sends("/a", 0);
    says(200, "{\"p\":\"1\"}");
    assert_int_equal(next(&asking), CONNECTOR_DONE);
    assert_int_equal(asking.call.outcome, OUTCOME_HIT);
    assert_int_equal(asking.call.unanswered, EMAIL);
    assert_int_equal(asking.call.failure, OUTCOME_RATE_LIMITED);
    assert_true(asking.call.is_ours);
}

/* --- whether a failed call may be sent again --- */

#define SIMPLE(method, more)                                                                                           \
    "{" HEAD "'needs':[['email']],'request':{'method':'" method "','url':'{host.h}/x'" more                            \
    "},'outcomes':[{'at':'/t','equals':1,'outcome':'transient'},{'at':'/t','equals':2,'outcome':'rate_limited'},"      \
    "{'at':'/t','equals':3,'outcome':'error'}],'channels':{'phone':" VALUE("/p") "}}"

static void fails(const char *text, enum outcome failure, bool may_have_arrived, bool is_repeatable)
{
    compile(&asking, text);
    start(&asking, PHONE);
    sends("/x", 0);
    connector_call_fail(&asking.call, failure, "", may_have_arrived, asking.now_us);
    ends_failed(failure, is_repeatable);
    assert_false(asking.call.is_ours);
}

static void fails_with(const char *text, int status, const char *body, bool is_repeatable)
{
    compile(&asking, text);
    start(&asking, PHONE);
    sends("/x", 0);
    says(status, body);
    assert_int_equal(next(&asking), CONNECTOR_DONE);
    assert_int_equal(asking.call.is_repeatable, is_repeatable);
}

static void only_what_cannot_be_paid_twice_is_repeatable(void **state)
{
    (void)state;
    fails(SIMPLE("GET", ""), OUTCOME_TIMEOUT, true, true);
    fails(SIMPLE("GET", ",'repeatable':false"), OUTCOME_TIMEOUT, true, false);
    fails(SIMPLE("POST", ""), OUTCOME_TIMEOUT, true, false);
    fails(SIMPLE("POST", ""), OUTCOME_ERROR, true, false);
    fails(SIMPLE("POST", ""), OUTCOME_ERROR, false, true);
    fails(SIMPLE("POST", ",'repeatable':true"), OUTCOME_ERROR, true, true);
    fails_with(SIMPLE("GET", ""), 503, "", true);
    fails_with(SIMPLE("POST", ""), 503, "", false);
    fails_with(SIMPLE("POST", ""), 429, "", true);
    fails_with(SIMPLE("POST", ""), 200, "{\"t\":1}", true);
    fails_with(SIMPLE("POST", ""), 200, "{\"t\":2}", true);
    fails_with(SIMPLE("GET", ""), 200, "{\"t\":3}", false);
    fails_with(SIMPLE("GET", ""), 401, "", false);
    fails_with(SIMPLE("GET", ""), 302, "", false);
    fails_with(SIMPLE("GET", ""), 404, "", false);
}

static void what_was_started_is_not_started_again(void **state)
{
    (void)state;
    compile(&asking, STARTED(""));
    start(&asking, EMAIL);
    sends("/start", 0);
    says(200, "{\"id\":7}");
    sends("/result/7", 0);
    connector_call_fail(&asking.call, OUTCOME_TIMEOUT, "", true, asking.now_us);
    ends_failed(OUTCOME_TIMEOUT, false);
}

static void an_answer_that_cannot_be_taken_is_an_error_for_good(void **state)
{
    (void)state;
    compile(&asking, SIMPLE("GET", ""));
    start(&asking, PHONE);
    sends("/x", 0);
    connector_call_spoil(&asking.call, "too large", asking.now_us);
    ends_failed(OUTCOME_ERROR, false);
    assert_string_equal(asking.call.why, "too large");
    assert_false(asking.call.is_ours);
}

static void what_is_wrong_on_our_side_says_nothing_of_the_provider(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'needs':[['email']],'request':{'url':'{host.h}/x','headers':{'X':'{email}'}},"
                     "'channels':{'phone':" VALUE("/p") "}}");
    asking.hints.of[HINT_EMAIL] = STR("a\nb");
    start(&asking, PHONE);
    ends_failed(OUTCOME_ERROR, false);
    assert_true(asking.call.is_ours);
    asking.hints.of[HINT_EMAIL] = STR("a@b.example");
    start(&asking, PHONE);
    sends("/x", 0);
    while (arena_alloc(&asking.arena, 16) != NULL)
        continue;
    says(200, "{\"p\":\"1\"}");
    ends_failed(OUTCOME_ERROR, false);
    assert_true(asking.call.is_ours);
}

/* --- the token --- */

#define WITH_TOKEN                                                                                                     \
    "{" HEAD "'auth':{'token':{'request':{'method':'POST','url':'{host.h}/token','form':{'id':'{secret.id}',"          \
    "'grant':'a b'}},'at':['/access_token','/token'],'lifetime_s':600,'lifetime':{'at':'/expires_in'}}},"              \
    "'headers':{'Authorization':'Bearer {token}','X-A':'1'},'wait':[{'at':'/s'}],"                                     \
    "'ways':[{'needs':[['email']],'request':{'url':'{host.h}/x'},'channels':{'phone':" VALUE(                          \
        "/p") "}},"                                                                                                    \
              "{'needs':[['email']],'request':{'url':'{host.h}/y'},'channels':{'linkedin_url':" VALUE("/l") "}}]}"

static void sends_with_token(const char *token, const char *path)
{
    char header[64];

    connector_call_token(&asking.call, str_from(token));
    sends(path, 0);
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
    assert_non_null(strstr(asking.request.headers.ptr, header));
}

static void a_token_is_asked_for_when_a_request_needs_it(void **state)
{
    (void)state;
    compile(&asking, WITH_TOKEN);
    assert_true(connector_about(asking.connector)->has_token);
    start(&asking, PHONE | LINK);
    assert_int_equal(next(&asking), CONNECTOR_TOKEN);
    assert_false(asking.call.is_token_stale);
    sends_with_token("t1", "/x");
    says(200, "{\"p\":\"1\"}");
    assert_int_equal(next(&asking), CONNECTOR_TOKEN);
    assert_false(asking.call.is_token_stale);
    sends_with_token("t1", "/y");
    says(200, "{}");
    ends(OUTCOME_HIT);
}

static void a_refused_token_is_renewed_once(void **state)
{
    (void)state;
    compile(&asking, WITH_TOKEN);
    start(&asking, PHONE);
    assert_int_equal(next(&asking), CONNECTOR_TOKEN);
    sends_with_token("old", "/x");
    says(401, "");
    assert_int_equal(next(&asking), CONNECTOR_TOKEN);
    assert_true(asking.call.is_token_stale);
    sends_with_token("new", "/x");
    says(401, "");
    ends_failed(OUTCOME_AUTH_ERROR, false);
}

static void without_a_token_nothing_is_sent(void **state)
{
    static const struct {
        enum outcome outcome;
        bool is_repeatable;
    } cases[] = {
        {OUTCOME_TIMEOUT, true}, {OUTCOME_ERROR, true}, {OUTCOME_AUTH_ERROR, false}, {OUTCOME_RATE_LIMITED, true}};

    (void)state;
    compile(&asking, WITH_TOKEN);
    for (size_t i = 0; i < LEN(cases); i++) {
        start(&asking, PHONE | LINK);
        assert_int_equal(next(&asking), CONNECTOR_TOKEN);
        connector_call_token_failed(&asking.call, cases[i].outcome, 5 * SECOND_US);
        ends_failed(cases[i].outcome, cases[i].is_repeatable);
        assert_int_equal(asking.call.wait_us, 5 * SECOND_US);
    }
}

static void the_request_for_a_token_is_built_without_one(void **state)
{
    const char *why = "";

    (void)state;
    compile(&asking, WITH_TOKEN);
    assert_true(
        connector_token_request(asking.connector, &asking.settings, &asking.request_arena, &asking.request, &why));
    assert_string_equal(asking.request.url.ptr, "https://a.example/token");
    assert_string_equal(asking.request.body.ptr, "id=k3y&grant=a%20b");
    assert_string_equal(asking.request.headers.ptr, "X-A: 1\r\nAccept: application/json\r\nUser-Agent: unstuck\r\n"
                                                    "Content-Type: application/x-www-form-urlencoded\r\n");
}

static enum outcome read_token(int status, const char *body, struct connector_token *token)
{
    struct connector_answer answer = {.status = status, .body = str_from(body)};

    return connector_token_read(asking.connector, &answer, &asking.arena, token);
}

static void a_token_is_read_with_its_lifetime_or_refused(void **state)
{
    struct connector_token token;

    (void)state;
    compile(&asking, WITH_TOKEN);
    assert_outcome_is(read_token(200, "{\"token\":\"t\",\"expires_in\":60}", &token), OUTCOME_HIT);
    assert_str_is(token.text, "t");
    assert_int_equal(token.lifetime_us, 60 * SECOND_US);
    assert_outcome_is(read_token(200, "{\"access_token\":\"u\",\"token\":\"t\"}", &token), OUTCOME_HIT);
    assert_str_is(token.text, "u");
    assert_int_equal(token.lifetime_us, 600 * SECOND_US);
    assert_outcome_is(read_token(200, "{\"token\":\"t\",\"expires_in\":1e300}", &token), OUTCOME_HIT);
    assert_int_equal(token.lifetime_us, CONNECTOR_LIFETIME_S_MAX * SECOND_US);
    assert_outcome_is(read_token(200, "{}", &token), OUTCOME_ERROR);
    assert_outcome_is(read_token(200, "{\"token\":\"a\\nb\"}", &token), OUTCOME_ERROR);
    assert_outcome_is(read_token(200, "<html>", &token), OUTCOME_ERROR);
    assert_outcome_is(read_token(202, "", &token), OUTCOME_ERROR);
    assert_outcome_is(read_token(400, "{\"error\":\"invalid_client\"}", &token), OUTCOME_AUTH_ERROR);
    assert_outcome_is(read_token(401, "", &token), OUTCOME_AUTH_ERROR);
    assert_outcome_is(read_token(503, "", &token), OUTCOME_ERROR);
    assert_outcome_is(read_token(429, "{\"s\":9}", &token), OUTCOME_RATE_LIMITED);
    assert_int_equal(token.wait_us, 9 * SECOND_US);
}

static void basic_is_user_and_password_unless_a_header_says_else(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'auth':{'basic':{'user':'{secret.key}','password':''}},'needs':[['email']],"
                     "'request':{'url':'{host.h}/x'},'channels':{'phone':" VALUE("/p") "}}");
    start(&asking, PHONE);
    sends("/x", 0);
    assert_non_null(strstr(asking.request.headers.ptr, "Authorization: Basic azN5Og==\r\n"));
    compile(&asking,
            "{" HEAD "'auth':{'basic':{'user':'{secret.key}','password':''}},'needs':[['email']],"
            "'request':{'url':'{host.h}/x','headers':{'authorization':'mine'}},'channels':{'phone':" VALUE("/p") "}}");
    start(&asking, PHONE);
    sends("/x", 0);
    assert_null(strstr(asking.request.headers.ptr, "Basic"));
}

/* --- verifiers and checks --- */

static void a_verifier_answers_a_verdict(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'needs':[['email']],'request':{'url':'{host.h}/v?e={email}'},'verdict':["
                     "{'where':[{'at':'/all','equals':true}],'is':'catch_all'},"
                     "{'at':'/r','words':{'OK':'deliverable','bad':'undeliverable'}}]}");
    assert_true(connector_about(asking.connector)->is_verifier);
    assert_int_equal(connector_about(asking.connector)->needs_count, 1);
    assert_int_equal(connector_about(asking.connector)->needs[0].slots, 0);
    start(&asking, 0);
    sends("/v?e=a%2Bb%40c.example", 0);
    says(200, "{\"r\":\"ok\"}");
    ends(OUTCOME_HIT);
    assert_int_equal(asking.call.verdict, EMAIL_STATUS_DELIVERABLE);
    start(&asking, 0);
    sends("/v?e=a%2Bb%40c.example", 0);
    says(200, "{\"r\":\"ok\",\"all\":true}");
    ends(OUTCOME_HIT);
    assert_int_equal(asking.call.verdict, EMAIL_STATUS_CATCH_ALL);
    start(&asking, 0);
    sends("/v?e=a%2Bb%40c.example", 0);
    says(200, "{\"r\":\"?\"}");
    ends(OUTCOME_MISS);
    assert_int_equal(asking.call.verdict, EMAIL_STATUS_NONE);
    start(&asking, CHANNELS_ALL);
    ends(OUTCOME_NOT_APPLICABLE);
}

static void check_key(int status, const char *body, enum outcome outcome)
{
    asking.call = (struct connector_call){.connector = asking.connector,
                                          .settings = &asking.settings,
                                          .is_check = true,
                                          .deadline_us = asking.now_us + SECOND_US};
    connector_call_start(&asking.call, asking.now_us);
    sends("/me", 0);
    assert_non_null(strstr(asking.request.headers.ptr, "X-Key: k3y"));
    says(status, body);
    ends(outcome);
}

static void a_check_proves_the_key(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'balance':{'at':'/left'},'check':{'request':{'url':'{host.h}/me','headers':"
                     "{'X-Key':'{secret.key}'}},'outcomes':[{'at':'/ok','equals':false,'outcome':'auth_error'}]},"
                     "'needs':[['email']],'request':{'url':'{host.h}/x'},'channels':{'phone':" VALUE("/p") "}}");
    assert_true(connector_about(asking.connector)->has_check);
    check_key(200, "{\"ok\":true,\"left\":\"12.5\"}", OUTCOME_HIT);
    assert_true(asking.call.balance.is_known);
    assert_int_equal(asking.call.balance.ppm, 12500000);
    check_key(200, "{\"ok\":false}", OUTCOME_AUTH_ERROR);
    check_key(401, "", OUTCOME_AUTH_ERROR);
    check_key(200, "<html>", OUTCOME_ERROR);
}

/* --- what answers say of waits and credits --- */

static void waits(const char *wait, const char *headers, const char *body, int64_t wait_ms)
{
    char text[1024];

    snprintf(text, sizeof text,
             "{" HEAD
             "'wait':[%s],'needs':[['email']],'request':{'url':'{host.h}/x'},'channels':{'phone':" VALUE("/p") "}}",
             wait);
    compile(&asking, text);
    start(&asking, PHONE);
    sends("/x", 0);
    answer_with(&asking, 429, headers, body);
    ends(OUTCOME_RATE_LIMITED);
    assert_int_equal(asking.call.wait_us / 1000, wait_ms);
}

/* The answers come at 2026-01-01T00:00:00Z, which is 1767225600. */
static void a_wait_has_many_forms(void **state)
{
    (void)state;
    waits("{'at':'/none'}", "Retry-After: 12\r\n", "", 12000);
    waits("{'at':'/none'}", "retry-after: Thu, 01 Jan 2026 00:00:30 GMT\r\n", "{}", 30000);
    waits("{'at':['/none','/s']}", "Retry-After: 99\r\n", "{\"s\":7.5}", 7500);
    waits("{'at':'/s'}", "", "{\"s\":\"7\"}", 7000);
    waits("{'at':'/s'}", "", "{\"s\":\"soon\"}", 0);
    waits("{'at':'/s'}", "", "{\"s\":-7}", 0);
    waits("{'at':'/s','as':'ms'}", "", "{\"s\":250}", 250);
    waits("{'at':'/s','as':'epoch'}", "", "{\"s\":1767225660}", 60000);
    waits("{'at':'/s','as':'timestamp'}", "", "{\"s\":\"2026-01-01T01:00:00+00:00\"}", 3600000);
    waits("{'header':'X-Reset','as':'epoch'}", "X-Reset: 1767225605\r\n", "", 5000);
    waits("{'header':'X-Limit','at':'/minute/reset'}", "X-Limit: {\"minute\":{\"reset\":8}}\r\n", "", 8000);
    waits("{'header':'X-Limit','at':'/t','as':'timestamp'}", "X-Limit: {\"t\":\"2026-01-01T00:00:09Z\"}\r\n", "", 9000);
    waits("{'header':'X-Limit','at':'/t'}", "X-Limit: nonsense\r\n", "", 0);
    waits("{'at':'/s'}", "", "{\"s\":1e300}", 86400000);
}

static void costs_add_up_and_the_last_balance_counts(void **state)
{
    (void)state;
    compile(&asking, "{" HEAD "'cost':{'at':['/cost','/c/0']},'balance':{'header':'X-Left'},"
                     "'ways':[{'needs':[['email']],'request':{'url':'{host.h}/x'},'channels':{'phone':" VALUE(
                         "/p") "}},"
                               "{'needs':[['email']],'request':{'url':'{host.h}/y'},'channels':{'linkedin_url':" VALUE(
                                   "/l") "}}]}");
    assert_true(connector_about(asking.connector)->wants_headers);
    start(&asking, PHONE | LINK);
    sends("/x", 0);
    answer_with(&asking, 200, "X-Left: 10\r\n", "{\"cost\":1.5}");
    sends("/y", 0);
    answer_with(&asking, 404, "x-left: 7.5\r\n", "{\"c\":[\"2\"]}");
    ends(OUTCOME_MISS);
    assert_true(asking.call.cost.is_known);
    assert_int_equal(asking.call.cost.ppm, 3500000);
    assert_int_equal(asking.call.balance.ppm, 7500000);
    start(&asking, PHONE);
    sends("/x", 0);
    answer_with(&asking, 200, "X-Left: -1\r\n", "{\"cost\":\"unlimited\"}");
    ends(OUTCOME_MISS);
    assert_false(asking.call.cost.is_known);
    assert_false(asking.call.balance.is_known);
}

int main(void)
{
#define CALL(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CALL(a_step_keeps_what_the_next_one_needs),
        CALL(a_kept_number_keeps_every_digit_and_stays_a_number),
        CALL(what_is_kept_must_be_there_for_a_path),
        CALL(every_other_outcome_ends_the_way),
        CALL(a_step_is_left_out_unless_one_of_its_channels_is_open),
        CALL(a_last_step_that_gives_nothing_wanted_is_not_paid_for),
        CALL(what_a_step_does_not_answer_is_told_beside_what_was_found),
        CALL(ways_stand_in_the_order_of_preference_and_a_channel_is_asked_for_once),
        CALL(without_a_way_that_fits_it_cannot_be_asked),
        CALL(one_way_failing_leaves_the_others_their_answer),
        CALL(whoever_refuses_as_a_whole_is_not_asked_on),
        CALL(ways_left_out_by_a_refusal_are_unanswered_too),
        CALL(who_must_not_be_told_of_is_not_asked_for_again),
        CALL(a_poll_waits_longer_and_longer_until_its_time_is_over),
        CALL(a_poll_that_is_answered_is_read),
        CALL(at_the_end_of_its_time_what_is_there_is_taken),
        CALL(what_is_not_there_at_the_end_of_its_time_is_tried_again),
        CALL(what_was_found_before_the_credits_ended_counts),
        CALL(a_verdict_is_never_read_where_the_credits_ended),
        CALL(the_last_request_still_fits_before_the_deadline),
        CALL(pending_without_a_poll_is_asked_again_for_a_while),
        CALL(a_wait_that_the_answer_names_counts_when_it_is_longer),
        CALL(a_poll_has_an_end_however_it_is_written),
        CALL(a_poll_outlives_failures_in_passing_but_not_four_in_a_row),
        CALL(a_rate_limit_past_the_end_of_the_poll_is_told),
        CALL(nothing_is_sent_past_the_deadline),
        CALL(a_request_has_a_time_of_its_own),
        CALL(requests_after_the_first_wait_for_their_turn),
        CALL(what_was_found_before_there_was_no_turn_counts),
        CALL(only_what_cannot_be_paid_twice_is_repeatable),
        CALL(what_was_started_is_not_started_again),
        CALL(an_answer_that_cannot_be_taken_is_an_error_for_good),
        CALL(what_is_wrong_on_our_side_says_nothing_of_the_provider),
        CALL(a_token_is_asked_for_when_a_request_needs_it),
        CALL(a_refused_token_is_renewed_once),
        CALL(without_a_token_nothing_is_sent),
        CALL(the_request_for_a_token_is_built_without_one),
        CALL(a_token_is_read_with_its_lifetime_or_refused),
        CALL(basic_is_user_and_password_unless_a_header_says_else),
        CALL(a_verifier_answers_a_verdict),
        CALL(a_check_proves_the_key),
        CALL(a_wait_has_many_forms),
        CALL(costs_add_up_and_the_last_balance_counts),
    };

    return cmocka_run_group_tests(tests, asking_load, NULL);
}
