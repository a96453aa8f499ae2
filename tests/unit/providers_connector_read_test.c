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
    } cases[] = {{401, OUTCOME_AUTH_ERROR},   {403, OUTCOME_AUTH_ERROR},     {404, OUTCOME_MISS},
                 {429, OUTCOME_RATE_LIMITED}, {451, OUTCOME_BLOCKED},        {302, OUTCOME_ERROR},
                 {304, OUTCOME_ERROR},        {400, OUTCOME_NOT_APPLICABLE}, {422, OUTCOME_NOT_APPLICABLE},
                 {204, OUTCOME_MISS},         {410, OUTCOME_ERROR},          {408, OUTCOME_ERROR},
                 {425, OUTCOME_ERROR},        {500, OUTCOME_ERROR},          {503, OUTCOME_ERROR}};

    (void)state;
    compile(&asking, WITH_OUTCOMES("[]"));
    for (size_t i = 0; i < LEN(cases); i++)
        assert_outcome(cases[i].status, "{\"email\":\"a@b.example\"}", cases[i].outcome);
    assert_outcome(200, "{\"email\":\"a@b.example\"}", OUTCOME_HIT);
    assert_outcome(202, "{\"email\":\"a@b.example\"}", OUTCOME_HIT);
    assert_outcome(402, "{\"email\":null}", OUTCOME_OUT_OF_CREDITS);
    assert_outcome(402, "{\"email\":\"a@b.example\"}", OUTCOME_HIT); /* found before the credits ended */
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

/* --- tests and rules --- */

/* Does a rule of these members fit? */
static bool fits(const char *members, int status, const char *headers, const char *body)
{
    char text[2048];

    snprintf(text, sizeof text,
             WITH_OUTCOMES(
                 "[{%s,'outcome':'out_of_credits'},{'status':['1xx','2xx','3xx','4xx','5xx'],'outcome':'blocked'}]"),
             members);
    compile(&asking, text);
    return read_answer(&asking, CHANNELS_ALL, status, headers, body) == OUTCOME_OUT_OF_CREDITS;
}

#define FITS(members, body) assert_true(fits(members, 200, "", body))
#define FITS_NOT(members, body) assert_false(fits(members, 200, "", body))

static void texts_are_compared_without_regard_to_case(void **state)
{
    (void)state;
    FITS("'at':'/v','equals':'Valid'", "{\"v\":\"vALID\"}");
    FITS("'at':'/v','in':['a','b',1,null]", "{\"v\":\"B\"}");
    FITS("'at':'/v','in':['a',1,null]", "{\"v\":1.0}");
    FITS_NOT("'at':'/v','in':['a','1',null]", "{\"v\":1}");
    FITS("'at':'/v','not_in':['a']", "{\"v\":\"b\"}");
    FITS_NOT("'at':'/v','not_in':['a']", "{\"v\":\"A\"}");
    FITS("'at':'/v','not_in':['a']", "{}");
    FITS("'at':'/v','contains':'no CRED'", "{\"v\":\"You have No Credits\"}");
    FITS_NOT("'at':'/v','contains':'no cred'", "{\"v\":[\"no credits\"]}");
    FITS("'at':'/v','starts':'error.'", "{\"v\":\"ERROR.x\"}");
    FITS_NOT("'at':'/v','starts':'error.'", "{\"v\":\"an error.\"}");
    FITS("'at':'/v','ends':'@pro'", "{\"v\":\"nominative@Pro\"}");
    FITS_NOT("'at':'/v','ends':'@pro'", "{\"v\":\"pro\"}");
    FITS_NOT("'at':'/v','contains':'x'", "{}");
}

static void numbers_are_compared_by_every_digit(void **state)
{
    (void)state;
    FITS("'at':'/v','equals':9007199254740993", "{\"v\":9007199254740993}");
    FITS_NOT("'at':'/v','equals':9007199254740993", "{\"v\":9007199254740992}");
    FITS("'at':'/v','equals':-8", "{\"v\":-8}");
    FITS("'at':'/v','equals':1", "{\"v\":1.0}");
    FITS("'at':'/v','at_least':3", "{\"v\":3}");
    FITS("'at':'/v','at_least':3", "{\"v\":\"3.5\"}");
    FITS_NOT("'at':'/v','at_least':3", "{\"v\":2.99}");
    FITS_NOT("'at':'/v','at_least':3", "{\"v\":\"many\"}");
    FITS_NOT("'at':'/v','at_least':-3", "{}");
}

static void empty_is_absent_null_or_without_content(void **state)
{
    static const char *const empty[] = {"{}", "{\"v\":null}", "{\"v\":\"\"}", "{\"v\":[]}", "{\"v\":{}}"};
    static const char *const full[] = {"{\"v\":0}", "{\"v\":false}", "{\"v\":\" \"}", "{\"v\":[null]}"};

    (void)state;
    for (size_t i = 0; i < LEN(empty); i++) {
        FITS("'at':'/v','empty':true", empty[i]);
        FITS_NOT("'at':'/v','empty':false", empty[i]);
    }
    for (size_t i = 0; i < LEN(full); i++) {
        FITS("'at':'/v','empty':false", full[i]);
        FITS_NOT("'at':'/v','empty':true", full[i]);
    }
    FITS("'at':'/v','exists':true", "{\"v\":null}");
    FITS("'at':'/v','exists':false", "{}");
    FITS("'at':'','empty':true", "[]");
}

static void a_test_of_each_holds_when_it_does_for_any(void **state)
{
    (void)state;
    FITS("'at':'/v/*/s','equals':'b'", "{\"v\":[{\"s\":\"a\"},{\"s\":\"b\"}]}");
    FITS("'at':'/v/*/s','equals':'b'", "{\"v\":{\"x\":{\"s\":\"b\"}}}");
    FITS_NOT("'at':'/v/*/s','equals':'b'", "{\"v\":[{\"s\":\"a\"}]}");
    FITS_NOT("'at':'/v/*','contains':'a','ends':'b'", "{\"v\":[\"ax\",\"xb\"]}");
    FITS("'at':'/v/*','contains':'a','ends':'b'", "{\"v\":[\"ax\",\"ab\"]}");
    FITS("'at':'/v/*','not_in':['a']", "{\"v\":[]}");
    FITS("'at':'/*/*/*','equals':1", "[[[0],[0,1]]]");
}

static void a_rule_wants_all_it_has(void **state)
{
    (void)state;
    FITS("'at':'/a','equals':1,'and':[{'at':'/b','equals':2},{'header':'X-C','exists':false}]", "{\"a\":1,\"b\":2}");
    FITS_NOT("'at':'/a','equals':1,'and':[{'at':'/b','equals':2}]", "{\"a\":1,\"b\":3}");
    FITS_NOT("'at':'/a','equals':1,'and':[{'at':'/b','equals':2}]", "{\"a\":2,\"b\":2}");
    FITS("'and':[{'at':'/b','equals':2}]", "{\"b\":2}");
    assert_false(fits("'status':402,'at':'/a','equals':1", 403, "", "{\"a\":1}"));
    assert_true(fits("'status':[400,'4xx'],'at':'/a','equals':1", 403, "", "{\"a\":1}"));
}

static void headers_and_types_are_looked_at_too(void **state)
{
    (void)state;
    assert_true(fits("'header':'x-left','equals':'0'", 403, "X-Left: 0\r\n", ""));
    assert_true(fits("'header':'x-left','equals':0", 403, "X-Left: 0\r\n", ""));
    assert_true(fits("'header':'x-left','at_least':5", 403, "A: b\r\nX-Left:  7 \r\n", ""));
    assert_false(fits("'header':'x-left','equals':'0'", 403, "Y-Left: 0\r\n", ""));
    assert_true(fits("'header':'x-left','exists':false", 403, "Y-Left: 0\r\n", ""));
    assert_true(fits("'content_type':'text/'", 401, "content-type: TEXT/plain; charset=x\r\n", "no"));
    assert_false(fits("'content_type':'text/'", 401, "content-type: application/json\r\n", "no"));
    assert_false(fits("'content_type':'text/'", 401, "", "no"));
}

static void the_state_of_a_body_is_a_reason(void **state)
{
    (void)state;
    FITS("'body':'empty'", " \r\n");
    FITS_NOT("'body':'empty'", "{}");
    FITS("'body':'json'", "{}");
    FITS_NOT("'body':'json'", "<html>");
    FITS("'body':'not_json'", "<html>");
    FITS("'body':'not_json'", "");
    FITS_NOT("'body':'not_json'", "0");
    FITS_NOT("'at':'/x','empty':true", "<html>");
}

static void a_place_in_a_pointer_is_filled_in(void **state)
{
    (void)state;
    asking.hints.of[HINT_COMPANY_DOMAIN] = STR("a/b~c");
    FITS("'at':'/c/{company_domain}/n','equals':1", "{\"c\":{\"a/b~c\":{\"n\":1}}}");
    FITS("'at':'/c/{company_domain}/n','exists':false", "{\"c\":{\"x\":{\"n\":1}}}");
    FITS("'at':'/c/{first_name|company_domain}','equals':1", "{\"c\":{\"a/b~c\":1}}");
    FITS("'at':'/{wants.work_email:email}','equals':1", "{\"email\":1}");
    FITS("'at':'/{first_name}','exists':false", "{\"\":1}");
    FITS("'at':'/~0~1/01','equals':1", "{\"~/\":{\"01\":1}}");
    FITS("'at':'/~0~1/01','exists':false", "{\"~/\":[0,1]}");
}

/* --- values --- */

/* The rule of a slot, read from a body. */
static const struct provider_value *read_slot(unsigned slot, const char *rule, const char *body)
{
    enum outcome outcome;
    char text[4096];

    asking.hints.of[HINT_COMPANY_DOMAIN] = STR("c.example");
    snprintf(text, sizeof text,
             "{'connector':1,'needs':[['company_domain']],'request':{'url':'https://a.example/'},'%s':{'%s':%s}}",
             slot < CHANNEL_COUNT ? "channels" : "account", slot_name(slot), rule);
    compile(&asking, text);
    outcome = read_answer(&asking, 1u << slot, 200, "", body);
    assert_outcome_is(outcome, asking.values[slot].value.len > 0 ? OUTCOME_HIT : OUTCOME_MISS);
    return &asking.values[slot];
}

#define READS(slot, rule, body, expected) assert_str_is(read_slot(slot, rule, body)->value, expected)

static void candidates_are_filtered_and_ordered(void **state)
{
    static const char body[] =
        "{\"e\":[{\"a\":\"1\",\"t\":\"x\",\"g\":\"B\",\"n\":5},{\"a\":\"2\",\"t\":\"x\",\"g\":\"A+\",\"n\":\"9\"},"
        "{\"a\":\"3\",\"t\":\"y\",\"g\":\"A+\",\"n\":70},{\"a\":null,\"t\":\"x\",\"g\":\"A\",\"n\":99}]}";

    (void)state;
    READS(CHANNEL_PHONE, "{'each':'/e/*','value':'/a','confidence':1}", body, "1");
    READS(CHANNEL_PHONE, "{'each':'/e/*','where':[{'at':'/t','equals':'y'}],'value':'/a','confidence':1}", body, "3");
    READS(CHANNEL_PHONE, "{'each':'/e/*','order':{'at':'/g','words':['a+','a']},'value':'/a','confidence':1}", body,
          "2");
    READS(CHANNEL_PHONE, "{'each':'/e/*','order':{'at':'/n','largest':true},'value':'/a','confidence':1}", body, "3");
    READS(CHANNEL_PHONE, "{'each':'/e/*','order':{'at':'/none','largest':true},'value':'/a','confidence':1}", body,
          "1");
    READS(CHANNEL_PHONE, "{'each':'/e/*','where':[{'at':'/t','equals':'z'}],'value':'/a','confidence':1}", body, "");
    READS(CHANNEL_PHONE, "{'where':[{'at':'/e/0/t','equals':'x'}],'value':'/e/0/a','confidence':1}", body, "1");
    READS(CHANNEL_PHONE, "{'where':[{'at':'/e/0/t','equals':'y'}],'value':'/e/0/a','confidence':1}", body, "");
    READS(CHANNEL_PHONE, "{'value':'/e/*/a','confidence':1}", body, "1");
}

static void the_first_rule_that_finds_something_counts(void **state)
{
    static const char rules[] = "[{'value':'/a','confidence':0.9,'type':'mobile'},{'value':'/b','confidence':0.4}]";
    const struct provider_value *value;

    (void)state;
    value = read_slot(CHANNEL_PHONE, rules, "{\"b\":\"1\"}");
    assert_str_is(value->value, "1");
    assert_int_equal(value->confidence_ppm, 400000);
    assert_int_equal(value->traits.phone_type, PHONE_TYPE_NONE);
    assert_int_equal(read_slot(CHANNEL_PHONE, rules, "{\"a\":\"2\",\"b\":\"1\"}")->traits.phone_type,
                     PHONE_TYPE_MOBILE);
}

static void what_is_said_beside_a_value_goes_with_it(void **state)
{
    static const char rule[] = "{'each':'/p/*','value':'/n','prefix':'+','confidence':1,'type':{'at':'/"
                               "t','words':{'M':'mobile','D D':'direct'},"
                               "'default':'landline'},'region':['/cc','/c'],'do_not_call':'/dnc','source':'/by'}";
    const struct provider_value *value;

    (void)state;
    value =
        read_slot(CHANNEL_PHONE, rule,
                  "{\"p\":[{\"n\":\"1555\",\"t\":\"d d\",\"cc\":\"usa\",\"c\":\"us\",\"dnc\":true,\"by\":\"Other\"}]}");
    assert_str_is(value->value, "+1555");
    assert_int_equal(value->traits.phone_type, PHONE_TYPE_DIRECT);
    assert_true(value->traits.do_not_call);
    assert_str_is(value->source, "Other");
    assert_memory_equal(value->region, "US", 2); /* the first that is one */
    value = read_slot(CHANNEL_PHONE, rule, "{\"p\":[{\"n\":\"1\",\"c\":\"gb\",\"dnc\":\"no\",\"by\":7}]}");
    assert_memory_equal(value->region, "GB", 2);
    assert_int_equal(value->traits.phone_type, PHONE_TYPE_LANDLINE);
    assert_false(value->traits.do_not_call);
    assert_int_equal(value->source.len, 0);
}

static void a_status_may_stand_under_the_value_itself(void **state)
{
    static const char rule[] = "{'value':'/e/*','confidence':{'at':'/s/{value}','words':{'ok':0.95},'default':0.3},"
                               "'status':{'at':'/s/{value}','words':{'ok':'deliverable'}}}";
    const struct provider_value *value;

    (void)state;
    value = read_slot(CHANNEL_WORK_EMAIL, rule, "{\"e\":[\"a/b@c\"],\"s\":{\"a/b@c\":\"OK\"}}");
    assert_int_equal(value->confidence_ppm, 950000);
    assert_int_equal(value->traits.email_status, EMAIL_STATUS_DELIVERABLE);
    value = read_slot(CHANNEL_WORK_EMAIL, rule, "{\"e\":[\"a/b@c\"],\"s\":{\"x\":\"OK\"}}");
    assert_int_equal(value->confidence_ppm, 300000);
    assert_int_equal(value->traits.email_status, EMAIL_STATUS_NONE);
}

static void confidence(const char *confidence_rule, const char *body, int64_t ppm)
{
    char rule[2048];

    snprintf(rule, sizeof rule, "{'value':'/e','confidence':%s}", confidence_rule);
    assert_int_equal(read_slot(CHANNEL_WORK_EMAIL, rule, body)->confidence_ppm, ppm);
}

#define E(more) "{\"e\":\"a\"" more "}"

static void a_confidence_is_chosen_and_combined(void **state)
{
    static const char choices[] = "[{'where':[{'at':'/a','equals':true},{'at':'/b','equals':false}],'is':0.95},"
                                  "{'at':'/w','words':{'high':0.9,'2':0.2,'true':0.1}},{'at':'/n','scale':10},0.5]";

    (void)state;
    confidence(choices, E(",\"a\":true,\"b\":false,\"w\":\"high\""), 950000);
    confidence(choices, E(",\"a\":true,\"b\":true,\"w\":\"HIGH\""), 900000);
    confidence(choices, E(",\"w\":2"), 200000);
    confidence(choices, E(",\"w\":true"), 100000);
    confidence(choices, E(",\"w\":\"odd\",\"n\":\"7\""), 700000);
    confidence(choices, E(""), 500000);
    confidence("{'at':'/w','words':{'high':0.9},'default':0.4}", E(",\"w\":\"odd\""), 400000);
    confidence("{'at':'/w','words':{'high':0.9}}", E(",\"w\":\"odd\""), 0);
    confidence("{'min':[0.9,{'at':'/n','scale':100,'default':0.5},{'at':'/w','words':{'x':0.1}}]}", E(",\"n\":80"),
               800000);
    confidence("{'min':[0.9,{'at':'/n','scale':100,'default':0.5},{'at':'/w','words':{'x':0.1}}]}",
               E(",\"n\":80,\"w\":\"x\""), 100000);
    confidence("{'product':[0.5,[{'at':'/n'},0.5],{'min':[0.8,1]}]}", E(""), 200000);
    confidence("{'product':[{'at':'/w','words':{'x':0.1}}]}", E(""), 0);
}

static void fields_come_in_the_forms_that_providers_have(void **state)
{
    static const struct {
        unsigned slot;
        const char *form, *json, *value;
    } cases[] = {
        {SLOT_FOUNDED_YEAR, "year", "\"2018-03-01\"", "2018"},
        {SLOT_FOUNDED_YEAR, "year", "\"2018\"", "2018"},
        {SLOT_FOUNDED_YEAR, "year", "2018", "2018"},
        {SLOT_FOUNDED_YEAR, "year", "\"20181\"", ""},
        {SLOT_FOUNDED_YEAR, "year", "\"03/2018\"", ""},
        {SLOT_EMPLOYEE_COUNT, "range", "\"51-200\"", "125"},
        {SLOT_EMPLOYEE_COUNT, "range", "\"c_00051_00100\"", "75"},
        {SLOT_EMPLOYEE_COUNT, "range", "\"1,001 - 5,000 employees\"", "3000"},
        {SLOT_EMPLOYEE_COUNT, "range", "\"10001+\"", "10001"},
        {SLOT_EMPLOYEE_COUNT, "range", "240", "240"},
        {SLOT_EMPLOYEE_COUNT, "range", "\"200-51\"", "200"},
        {SLOT_EMPLOYEE_COUNT, "range", "\"many\"", ""},
        {SLOT_EMPLOYEE_COUNT, "range", "\"99999999999999999999999\"", ""},
        {SLOT_LAST_FUNDING_DATE, "day", "\"2025-09-15T10:00:00Z\"", "2025-09-15"},
        {SLOT_LAST_FUNDING_DATE, "day", "\"2025-09-15\"", "2025-09-15"},
        {SLOT_LAST_FUNDING_DATE, "day", "\"2025\"", ""},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char rule[256], body[256];

        snprintf(rule, sizeof rule, "{'value':'/v','form':'%s','confidence':1}", cases[i].form);
        snprintf(body, sizeof body, "{\"v\":%s}", cases[i].json);
        READS(cases[i].slot, rule, body, cases[i].value);
    }
}

static void a_list_gathers_what_its_pointer_reaches(void **state)
{
    (void)state;
    READS(SLOT_TECH_STACK, "{'value':'/p/*/t/*/n','confidence':1}",
          "{\"p\":[{\"t\":[{\"n\":\"A, Inc.\"},{\"n\":7}]},{\"t\":[{\"n\":\"B\"}]}]}", "[\"A, Inc.\",\"B\"]");
    READS(SLOT_TECH_STACK, "{'each':'/p/*','where':[{'at':'/on','equals':true}],'value':['/a','/b'],'confidence':1}",
          "{\"p\":[{\"on\":true,\"b\":\"A;B\"},{\"on\":false,\"a\":[\"C\"]},{\"on\":true,\"a\":[\"D\"]}]}",
          "[\"A\",\"B\",\"D\"]");
}

/* --- answers that would take long --- */

static void an_answer_made_to_take_long_is_an_error(void **state)
{
    size_t bytes = 3 * 1024 * 1024;
    char *body = malloc(bytes + 1);
    size_t at = 0;

    (void)state;
    at += (size_t)sprintf(body, "{\"v\":[");
    while (at < bytes - 16)
        at += (size_t)sprintf(body + at, "%s1", body[at - 1] == '[' ? "" : ",");
    sprintf(body + at, "]}");
    compile(&asking,
            WITH_OUTCOMES("[{'at':'/v/*','equals':2,'outcome':'blocked'},{'at':'/v/*','equals':3,'outcome':'blocked'},"
                          "{'at':'/v/*','equals':4,'outcome':'blocked'}]"));
    assert_outcome(200, body, OUTCOME_ERROR);
    free(body);
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
        CONNECTOR(texts_are_compared_without_regard_to_case),
        CONNECTOR(numbers_are_compared_by_every_digit),
        CONNECTOR(empty_is_absent_null_or_without_content),
        CONNECTOR(a_test_of_each_holds_when_it_does_for_any),
        CONNECTOR(a_rule_wants_all_it_has),
        CONNECTOR(headers_and_types_are_looked_at_too),
        CONNECTOR(the_state_of_a_body_is_a_reason),
        CONNECTOR(a_place_in_a_pointer_is_filled_in),
        CONNECTOR(candidates_are_filtered_and_ordered),
        CONNECTOR(the_first_rule_that_finds_something_counts),
        CONNECTOR(what_is_said_beside_a_value_goes_with_it),
        CONNECTOR(a_status_may_stand_under_the_value_itself),
        CONNECTOR(a_confidence_is_chosen_and_combined),
        CONNECTOR(fields_come_in_the_forms_that_providers_have),
        CONNECTOR(a_list_gathers_what_its_pointer_reaches),
        CONNECTOR(an_answer_made_to_take_long_is_an_error),
    };

    return cmocka_run_group_tests(tests, asking_load, NULL);
}
