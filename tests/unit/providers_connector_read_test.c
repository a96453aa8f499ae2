#include "connector_asking.h"

static struct connector_asking asking;

static int set_up(void **state)
{
    (void)state;
    asking_set_up(&asking);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    asking_tear_down(&asking);
    return 0;
}

static void assert_outcome(int status, const char *body, enum outcome expected)
{
    assert_outcome_is(read_answer(&asking, CHANNELS_ALL, status, "", body), expected);
    assert_int_equal(asking.values[CHANNEL_WORK_EMAIL].value.len != 0, expected == OUTCOME_HIT);
}

/* What `channels` makes of a 200 with this body. */
static void assert_value(const char *channels, const char *body, const char *value, int64_t confidence_ppm)
{
    char text[4096];

    snprintf(text, sizeof text, WITH_CHANNELS("%s"), channels);
    compile(&asking, text);
    assert_outcome_is(read_answer(&asking, CHANNELS_ALL, 200, "", body), value[0] == '\0' ? OUTCOME_MISS : OUTCOME_HIT);
    assert_str_is(asking.values[CHANNEL_WORK_EMAIL].value, value);
    assert_int_equal(asking.values[CHANNEL_WORK_EMAIL].confidence_ppm, confidence_ppm);
}

/* --- reading --- */

static void the_status_decides_when_no_rule_does(void **state)
{
    static const struct {
        int status;
        enum outcome outcome;
    } cases[] = {{401, OUTCOME_AUTH_ERROR},     {403, OUTCOME_AUTH_ERROR},   {402, OUTCOME_OUT_OF_CREDITS},
                 {404, OUTCOME_MISS},           {429, OUTCOME_RATE_LIMITED}, {451, OUTCOME_BLOCKED},
                 {302, OUTCOME_ERROR},          {304, OUTCOME_ERROR},        {400, OUTCOME_NOT_APPLICABLE},
                 {422, OUTCOME_NOT_APPLICABLE}, {204, OUTCOME_MISS},         {410, OUTCOME_ERROR},
                 {408, OUTCOME_ERROR},          {425, OUTCOME_ERROR},        {500, OUTCOME_ERROR},
                 {503, OUTCOME_ERROR}};

    (void)state;
    compile(&asking, WITH_OUTCOMES("[]"));
    for (size_t i = 0; i < LEN(cases); i++)
        assert_outcome(cases[i].status, "{\"email\":\"a@b.example\"}", cases[i].outcome);
    assert_outcome(200, "{\"email\":\"a@b.example\"}", OUTCOME_HIT);
    assert_outcome(202, "{\"email\":\"a@b.example\"}", OUTCOME_HIT);
    assert_outcome(200, "{\"email\":null}", OUTCOME_MISS);
    assert_outcome(200, "[]", OUTCOME_MISS);
    assert_outcome(204, "", OUTCOME_MISS);
}

static void a_2xx_that_is_no_json_is_an_error(void **state)
{
    char deep[200];

    (void)state;
    compile(&asking, WITH_OUTCOMES("[]"));
    assert_outcome(200, "", OUTCOME_ERROR);
    assert_outcome(200, "<html>", OUTCOME_ERROR);
    assert_outcome(200, "{\"email\":\"a@b.example\"", OUTCOME_ERROR);
    assert_outcome(202, "what?", OUTCOME_ERROR);
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    assert_outcome(200, deep, OUTCOME_ERROR);
}

static void the_first_rule_that_fits_decides(void **state)
{
    (void)state;
    compile(&asking,
            WITH_OUTCOMES("[{'status':403,'outcome':'rate_limited'},{'status':[429,'5xx'],'outcome':'out_of_credits'},"
                          "{'status':400,'at':'/error_code','equals':'NO_MATCH','outcome':'miss'},"
                          "{'at':'/Errors/0','exists':true,'outcome':'error'},"
                          "{'status':402,'at':'/email','exists':true,'outcome':'hit'},"
                          "{'status':200,'at':'/ok','exists':false,'outcome':'blocked'},"
                          "{'at':'/ok','equals':0,'outcome':'auth_error'}]"));
    assert_outcome(403, "", OUTCOME_RATE_LIMITED);
    assert_outcome(429, "", OUTCOME_OUT_OF_CREDITS);
    assert_outcome(502, "", OUTCOME_OUT_OF_CREDITS);
    assert_outcome(400, "{\"error_code\":\"NO_MATCH\"}", OUTCOME_MISS);
    assert_outcome(400, "{\"error_code\":\"OTHER\"}", OUTCOME_NOT_APPLICABLE);
    assert_outcome(400, "not json", OUTCOME_NOT_APPLICABLE);
    assert_outcome(200, "{\"Errors\":[{}],\"email\":\"a@b.example\"}", OUTCOME_ERROR);
    assert_outcome(402, "{\"email\":\"a@b.example\"}", OUTCOME_HIT);
    assert_outcome(402, "{}", OUTCOME_OUT_OF_CREDITS);
    assert_outcome(200, "{\"email\":\"a@b.example\"}", OUTCOME_BLOCKED);
    assert_outcome(200, "{\"email\":\"a@b.example\",\"ok\":1}", OUTCOME_HIT);
    assert_outcome(200, "{\"ok\":0.0}", OUTCOME_AUTH_ERROR);
}

static void equals_compares_type_and_value(void **state)
{
    static const char *const literals[] = {"'a'", "1", "1.5", "true", "false", "null"};
    static const char *const bodies[] = {"{\"v\":\"a\"}", "{\"v\":1}",     "{\"v\":1.5}",
                                         "{\"v\":true}",  "{\"v\":false}", "{\"v\":null}"};

    (void)state;
    for (size_t i = 0; i < LEN(literals); i++) {
        char text[1024];

        snprintf(text, sizeof text, WITH_OUTCOMES("[{'at':'/v','equals':%s,'outcome':'blocked'}]"), literals[i]);
        compile(&asking, text);
        for (size_t j = 0; j < LEN(bodies); j++)
            assert_outcome(200, bodies[j], i == j ? OUTCOME_BLOCKED : OUTCOME_MISS);
    }
}

static void only_text_with_something_in_it_is_a_value(void **state)
{
    static const char *const empty[] = {"{}",
                                        "{\"email\":null}",
                                        "{\"email\":\"\"}",
                                        "{\"email\":\" \\n\"}",
                                        "{\"email\":true}",
                                        "{\"email\":1}",
                                        "{\"email\":[\"a\"]}",
                                        "[\"a\"]",
                                        "\"a\"",
                                        "{\"email\":\"a\\u0007b\"}"};

    (void)state;
    for (size_t i = 0; i < LEN(empty); i++)
        assert_value(CHANNELS_ONE, empty[i], "", 0);
    assert_value(CHANNELS_ONE, "{\"email\":\" a@b.example\\n\"}", "a@b.example", 800000);
}

static void the_first_pointer_with_a_value_counts(void **state)
{
    static const char channels[] = "{'work_email':{'value':['/a','/b/0/~1','/c'],'confidence':1}}";

    (void)state;
    assert_value(channels, "{\"a\":true,\"b\":[{\"/\":\"x\"}],\"c\":\"y\"}", "x", PPM_ONE);
    assert_value(channels, "{\"a\":\"\",\"c\":\"y\"}", "y", PPM_ONE);
    assert_value("{'work_email':{'value':'/0/e','confidence':1}}", "[{\"e\":\"r\"}]", "r", PPM_ONE);
}

static void confidence_is_scaled_clamped_and_has_a_default(void **state)
{
    static const struct {
        const char *score;
        int64_t ppm;
    } cases[] = {{"93", 930000},      {"93.5", 935000},    {"0", 0},         {"100", PPM_ONE},   {"250", PPM_ONE},
                 {"-5", 0},           {"1e300", PPM_ONE},  {"null", 500000}, {"\"93\"", 930000}, {"\" 93.5 \"", 935000},
                 {"\"9e1\"", 500000}, {"\"93%\"", 500000}, {"true", 500000}, {"[]", 500000}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char body[64];

        snprintf(body, sizeof body, "{\"e\":\"a\",\"s\":%s}", cases[i].score);
        assert_value("{'work_email':{'value':'/e','confidence':{'at':'/s','scale':100,'default':0.5}}}", body, "a",
                     cases[i].ppm);
    }
    assert_value("{'work_email':{'value':'/e','confidence':{'at':'/s','default':0.5}}}", "{\"e\":\"a\",\"s\":0.1}", "a",
                 100000);
}

static void only_wanted_channels_are_read(void **state)
{
    (void)state;
    compile(&asking,
            WITH_CHANNELS("{'work_email':{'value':'/e','confidence':1},'phone':{'value':'/p','confidence':1}}"));
    assert_outcome_is(read_answer(&asking, 1u << CHANNEL_PHONE, 200, "", "{\"e\":\"a\",\"p\":\"1\"}"), OUTCOME_HIT);
    assert_int_equal(asking.values[CHANNEL_WORK_EMAIL].value.len, 0);
    assert_str_is(asking.values[CHANNEL_PHONE].value, "1");
    assert_outcome_is(read_answer(&asking, 1u << CHANNEL_PHONE, 200, "", "{\"e\":\"a\"}"), OUTCOME_MISS);
    start(&asking, 1u << CHANNEL_LINKEDIN_URL);
    assert_int_equal(next(&asking), CONNECTOR_DONE);
    assert_outcome_is(asking.call.outcome, OUTCOME_NOT_APPLICABLE);
}

/* --- companies --- */

#define ACCOUNT(needs, account)                                                                                        \
    "{'connector':1,'needs':" needs ",'request':{'url':'https://a.example/c?d={company_domain}'},'account':" account "}"
#define BY_DOMAIN "[['company_domain']]"

static void a_field_is_read_in_its_type_or_not_at_all(void **state)
{
    static const struct {
        const char *field, *json, *value;
    } fields[] = {
        {"industry", "\" Pumps \"", "Pumps"},
        {"industry", "7", ""},
        {"industry", "[\"Pumps\"]", ""},
        {"employee_count", "240", "240"},
        {"employee_count", "240.0", "240"},
        {"employee_count", "\" 240 \"", "240"},
        {"employee_count", "240.5", ""},
        {"employee_count", "-1", ""},
        {"employee_count", "1e300", ""},
        {"employee_count", "\"many\"", ""},
        {"employee_count", "true", ""},
        {"employee_count", "null", ""},
        {"tech_stack", "[\"Kafka\",\" Okta \"]", "[\"Kafka\",\"Okta\"]"},
        {"tech_stack", "[\"Kafka, Inc.\",7,null,\"\"]", "[\"Kafka, Inc.\"]"},
        {"tech_stack", "[]", ""},
        {"tech_stack", "[7]", ""},
        {"tech_stack", "{\"a\":\"Kafka\"}", ""},
        {"tech_stack", "\"Kafka\"", "[\"Kafka\"]"},
        {"tech_stack", "\"Kafka; Okta,, Snowflake \"", "[\"Kafka\",\"Okta\",\"Snowflake\"]"},
        {"last_funding_date", "\"2025-09-15\"", "2025-09-15"},
        {"last_funding_date", "20250915", ""},
    };

    (void)state;
    asking.hints.of[HINT_COMPANY_DOMAIN] = STR("c.example");
    for (size_t i = 0; i < LEN(fields); i++) {
        char text[1000], body[200];
        unsigned slot = 0;

        assert_true(slot_from(str_from(fields[i].field), &slot));
        snprintf(text, sizeof text, ACCOUNT(BY_DOMAIN, "{'%s':{'value':['/none','/v'],'confidence':0.7}}"),
                 fields[i].field);
        compile(&asking, text);
        assert_int_equal(connector_about(asking.connector)->slots, 1u << slot);
        snprintf(body, sizeof body, "{\"v\":%s}", fields[i].json);
        assert_outcome_is(read_answer(&asking, FIELDS_ALL, 200, "", body),
                          fields[i].value[0] == '\0' ? OUTCOME_MISS : OUTCOME_HIT);
        assert_str_is(asking.values[slot].value, fields[i].value);
        assert_int_equal(asking.values[slot].confidence_ppm, fields[i].value[0] == '\0' ? 0 : 700000);
    }
}

static void an_endless_list_is_cut(void **state)
{
    struct buf body;

    (void)state;
    asking.hints.of[HINT_COMPANY_DOMAIN] = STR("c.example");
    compile(&asking, ACCOUNT(BY_DOMAIN, "{'tech_stack':{'value':'','confidence':0.7}}"));
    buf_init(&body, 1 << 20);
    buf_put_char(&body, '[');
    for (int i = 0; i < 3 * CONNECTOR_LIST_MAX; i++)
        buf_puts(&body, "\"x\",");
    buf_puts(&body, "\"x\"]");
    assert_outcome_is(read_answer(&asking, FIELDS_ALL, 200, "", body.ptr), OUTCOME_HIT);
    assert_int_equal(asking.values[SLOT_TECH_STACK].value.len, 1 + 4 * CONNECTOR_LIST_MAX);
    buf_deinit(&body);
}

int main(void)
{
#define CONNECTOR(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CONNECTOR(the_status_decides_when_no_rule_does),
        CONNECTOR(a_2xx_that_is_no_json_is_an_error),
        CONNECTOR(the_first_rule_that_fits_decides),
        CONNECTOR(equals_compares_type_and_value),
        CONNECTOR(only_text_with_something_in_it_is_a_value),
        CONNECTOR(the_first_pointer_with_a_value_counts),
        CONNECTOR(confidence_is_scaled_clamped_and_has_a_default),
        CONNECTOR(only_wanted_channels_are_read),
        CONNECTOR(a_field_is_read_in_its_type_or_not_at_all),
        CONNECTOR(an_endless_list_is_cut),
    };

    return cmocka_run_group_tests(tests, asking_load, NULL);
}
