#include "unit.h"

#include "providers/connector.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static struct connector *connector;
static struct connector_request request;
static struct err_detail detail;

static struct hints hints;
static struct str secrets[8];

/* A connector with the parts given; single quotes stand for double ones. */
#define WHOLE(needs, req, outcomes, channels)                                                                          \
    "{'connector':1,'needs':" needs ",'request':" req ",'outcomes':" outcomes ",'channels':" channels "}"
#define NEEDS "[['email']]"
#define REQUEST "{'url':'https://a.example/x?e={email}'}"
#define CHANNELS_ONE "{'work_email':{'value':'/email','confidence':0.8}}"
#define WITH_REQUEST(req) WHOLE(NEEDS, req, "[]", CHANNELS_ONE)
#define WITH_OUTCOMES(outcomes) WHOLE(NEEDS, REQUEST, outcomes, CHANNELS_ONE)
#define WITH_CHANNELS(channels) WHOLE(NEEDS, REQUEST, "[]", channels)

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    memset(&hints, 0, sizeof hints);
    hints.of[HINT_EMAIL] = STR("a+b@c.example");
    secrets[0] = STR("k3y");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    connector_free(&connector);
    arena_deinit(&arena);
    return 0;
}

static json_t *doc_of(const char *text)
{
    char *copy = strdup(text);
    json_t *doc = NULL;

    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    assert_int_equal(json_read(str_from(copy), &doc, NULL), ERR_NONE);
    free(copy);
    return doc;
}

static void compile(const char *text)
{
    struct shape_mistakes mistakes;
    json_t *doc = doc_of(text);

    connector_free(&connector);
    shape_mistakes_init(&mistakes);
    if (connector_compile(doc, &connector, &mistakes) != ERR_NONE)
        fail_msg("%s", mistakes.first.text);
    assert_int_equal(mistakes.count, 0);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
}

static void assert_mistake(const char *text, const char *pointer, const char *words)
{
    struct shape_mistakes mistakes;
    json_t *doc = doc_of(text);
    char start[1024];

    connector_free(&connector);
    shape_mistakes_init(&mistakes);
    assert_int_equal(connector_compile(doc, &connector, &mistakes), ERR_INVALID);
    assert_null(connector);
    snprintf(start, sizeof start, "%s: ", pointer);
    if (strncmp(mistakes.first.text, start, strlen(start)) != 0 || strstr(mistakes.first.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s%s\"", mistakes.first.text, start, words);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
}

static void build(const char *text)
{
    compile(text);
    if (!connector_build(connector, &hints, secrets, &arena, &request, &detail))
        fail_msg("%s", detail.text);
}

static void assert_not_built(const char *text, const char *words)
{
    compile(text);
    assert_false(connector_build(connector, &hints, secrets, &arena, &request, &detail));
    assert_non_null(strstr(detail.text, words));
    assert_null(strstr(detail.text, "k3y"));
}

static void assert_url(const char *template, const char *expected)
{
    char text[4096];

    snprintf(text, sizeof text, WITH_REQUEST("{'url':'%s'}"), template);
    build(text);
    assert_string_equal(request.url.ptr, expected);
}

static void assert_body(const char *template, const char *expected)
{
    char text[4096];

    snprintf(text, sizeof text, WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':%s}"), template);
    build(text);
    assert_string_equal(request.body.ptr, expected);
}

static enum outcome read_answer(int status, const char *body, struct provider_value values[SLOT_COUNT])
{
    struct connector_answer answer = {.status = status, .body = str_from(body)};

    return connector_read(connector, &answer, CHANNELS_ALL, &arena, values);
}

static void assert_outcome(int status, const char *body, enum outcome expected)
{
    struct provider_value values[SLOT_COUNT];

    assert_string_equal(outcome_name(read_answer(status, body, values)), outcome_name(expected));
    assert_int_equal(values[CHANNEL_WORK_EMAIL].value.len != 0, expected == OUTCOME_HIT);
}

/* What `channels` makes of a 200 with this body. */
static void assert_value(const char *channels, const char *body, const char *value, int64_t confidence_ppm)
{
    struct provider_value values[SLOT_COUNT];
    char text[4096];

    snprintf(text, sizeof text, WITH_CHANNELS("%s"), channels);
    compile(text);
    assert_int_equal(read_answer(200, body, values), value[0] == '\0' ? OUTCOME_MISS : OUTCOME_HIT);
    assert_true(str_is(values[CHANNEL_WORK_EMAIL].value, str_from(value)));
    assert_int_equal(values[CHANNEL_WORK_EMAIL].confidence_ppm, confidence_ppm);
}

/* --- building --- */

static void a_url_percent_encodes_every_value(void **state)
{
    (void)state;
    assert_url("https://a.example/v1/find?email={email}", "https://a.example/v1/find?email=a%2Bb%40c.example");
    assert_url("https://a.example/{email}/x", "https://a.example/a%2Bb%40c.example/x");
    hints.of[HINT_EMAIL] = STR("a&b=c/../?#%{x} \xc3\xa9\r\n");
    assert_url("http://a.example:8080/{email}?q={email}",
               "http://a.example:8080/a%26b%3Dc%2F..%2F%3F%23%25%7Bx%7D%20%C3%A9%0D%0A"
               "?q=a%26b%3Dc%2F..%2F%3F%23%25%7Bx%7D%20%C3%A9%0D%0A");
}

static void a_query_parameter_of_an_absent_hint_is_left_out(void **state)
{
    (void)state;
    assert_url("https://a.example/x?f={first_name}&e={email}&n=1&l={last_name}",
               "https://a.example/x?e=a%2Bb%40c.example&n=1");
    assert_url("https://a.example/x?f={first_name}", "https://a.example/x");
    assert_url("https://a.example?f=x{first_name}", "https://a.example?f=x");
    assert_url("https://a.example/x?flag&k={secret.key}", "https://a.example/x?flag&k=k3y");
}

static void dots_cannot_climb_out_of_a_path(void **state)
{
    (void)state;
    hints.of[HINT_EMAIL] = STR("..");
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/v1/{email}/x'}"), "dots");
    hints.of[HINT_EMAIL] = STR(".");
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/v1/.{email}'}"), "dots");
    assert_url("https://a.example/x{email}?q={email}", "https://a.example/x.?q=.");
}

static void a_secret_may_name_the_host_but_nothing_else_there(void **state)
{
    (void)state;
    secrets[0] = STR("eu.a.example:8443");
    assert_url("https://{secret.host}/x", "https://eu.a.example:8443/x");
    secrets[0] = STR("evil.example/k3y@");
    assert_not_built(WITH_REQUEST("{'url':'https://{secret.host}.a.example/x'}"), "no host name");
    secrets[0] = STR("");
    assert_not_built(WITH_REQUEST("{'url':'https://{secret.host}/x'}"), "no host name");
}

static void headers_are_filled_in_and_completed(void **state)
{
    (void)state;
    build(WITH_REQUEST("{'method':'POST','url':'https://a.example/','headers':{'X-Key':'{secret.key}',"
                       "'X-Name':'{first_name}','X-Both':'{{{email}}'},'body':{}}"));
    assert_string_equal(request.headers.ptr, "X-Key: k3y\r\nX-Both: {a+b@c.example}\r\nAccept: application/json\r\n"
                                             "User-Agent: unstuck\r\nContent-Type: application/json\r\n");
    build(
        WITH_REQUEST("{'url':'https://a.example/','headers':{'accept':'a/b','user-agent':'me','content-type':'c/d'}}"));
    assert_string_equal(request.headers.ptr, "accept: a/b\r\nuser-agent: me\r\ncontent-type: c/d\r\n");
}

static void control_bytes_never_get_into_a_header(void **state)
{
    static const char *const bad[] = {"a\r\nX: y", "a\nb", "a\tb", "a\x7f"};

    (void)state;
    for (size_t i = 0; i < LEN(bad); i++) {
        hints.of[HINT_EMAIL] = str_from(bad[i]);
        assert_not_built(WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'{email}'}}"), "line break");
    }
    hints.of[HINT_EMAIL] = STR("a\0b");
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'{email}'}}"), "control byte");
}

static void a_body_keeps_types_and_escapes_text(void **state)
{
    (void)state;
    hints.of[HINT_EMAIL] = STR("a\"\\\n\xff");
    assert_body("{'e':'{email}','n':20,'r':1.5,'t':true,'z':null,'a':[1,'x',{'k':[]}],'o':{},'s':''}",
                "{\"e\":\"a\\\"\\\\\\n\xef\xbf\xbd\",\"n\":20,\"r\":1.5,\"t\":true,\"z\":null,"
                "\"a\":[1,\"x\",{\"k\":[]}],\"o\":{},\"s\":\"\"}");
    assert_body("'{{x}{{'", "\"{x}{\"");
    assert_body("[{'key':'Bearer {secret.key}!'}]", "[{\"key\":\"Bearer k3y!\"}]");
}

static void a_body_drops_absent_hints_and_what_they_leave_empty(void **state)
{
    (void)state;
    assert_body("{'a':'{first_name}','b':{'c':'{last_name}','d':{'e':'{company_name}'}},'f':'{email}'}",
                "{\"f\":\"a+b@c.example\"}");
    assert_body("{'rows':[{'n':'{first_name}'}],'l':['{first_name}','{email}','{last_name}']}",
                "{\"l\":[\"a+b@c.example\"]}");
    assert_body("{'n':'{first_name} {last_name}'}", "{\"n\":\" \"}");
    assert_body("{'a':{'n':'{first_name}'}}", "{}");
    assert_body("[['{first_name}']]", "[]");
}

static void what_gets_too_large_is_not_built(void **state)
{
    static char large[70000];

    (void)state;
    memset(large, 'a', sizeof large);
    hints.of[HINT_EMAIL] = (struct str){large, 9000};
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/?e={email}'}"), "too long");
    hints.of[HINT_EMAIL] = (struct str){large, 17000};
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'{email}'}}"), "too long");
    hints.of[HINT_EMAIL] = (struct str){large, sizeof large};
    assert_not_built(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':'{email}'}"), "too large");
    assert_not_built(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':'x{email}'}"), "too large");
}

static void a_full_arena_builds_nothing(void **state)
{
    (void)state;
    arena_deinit(&arena);
    arena_init(&arena, 10);
    assert_not_built(WITH_REQUEST(REQUEST), "memory");
}

static void a_wiped_request_leaves_no_secret_in_the_arena(void **state)
{
    const char *url;

    (void)state;
    build(WITH_REQUEST("{'url':'https://a.example/?k={secret.key}'}"));
    url = request.url.ptr;
    connector_request_wipe(&request);
    assert_int_equal(url[0], 0);
    assert_int_equal(request.url.len, 0);
}

static void needs_channels_and_secrets_are_told(void **state)
{
    unsigned needs[CONNECTOR_NEEDS_MAX];
    const struct str *names;

    (void)state;
    compile(WHOLE("[['email'],['first_name','company_domain']]",
                  "{'url':'https://a.example/?a={secret.b}','headers':{'X':'{secret.a}{secret.b}'}}", "[]",
                  "{'phone':{'value':'/p','confidence':1},'work_email':{'value':'/e','confidence':0}}"));
    assert_int_equal(connector_needs(connector, needs), 2);
    assert_int_equal(needs[0], 1u << HINT_EMAIL);
    assert_int_equal(needs[1], 1u << HINT_FIRST_NAME | 1u << HINT_COMPANY_DOMAIN);
    assert_int_equal(connector_channels(connector), 1u << CHANNEL_PHONE | 1u << CHANNEL_WORK_EMAIL);
    assert_int_equal(connector_secret_names(connector, &names), 2);
    assert_true(str_is(names[0], STR("b")));
    assert_true(str_is(names[1], STR("a")));
}

/* --- reading --- */

static void the_status_decides_when_no_rule_does(void **state)
{
    static const struct {
        int status;
        enum outcome outcome;
    } cases[] = {{401, OUTCOME_AUTH_ERROR}, {403, OUTCOME_AUTH_ERROR},   {402, OUTCOME_OUT_OF_CREDITS},
                 {404, OUTCOME_MISS},       {429, OUTCOME_RATE_LIMITED}, {451, OUTCOME_BLOCKED},
                 {302, OUTCOME_ERROR},      {304, OUTCOME_ERROR},        {400, OUTCOME_ERROR},
                 {408, OUTCOME_ERROR},      {500, OUTCOME_ERROR},        {503, OUTCOME_ERROR}};

    (void)state;
    compile(WITH_OUTCOMES("[]"));
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
    compile(WITH_OUTCOMES("[]"));
    assert_outcome(200, "", OUTCOME_ERROR);
    assert_outcome(200, "<html>", OUTCOME_ERROR);
    assert_outcome(200, "{\"email\":\"a@b.example\"", OUTCOME_ERROR);
    assert_outcome(204, "what?", OUTCOME_ERROR);
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    assert_outcome(200, deep, OUTCOME_ERROR);
}

static void the_first_rule_that_fits_decides(void **state)
{
    (void)state;
    compile(WITH_OUTCOMES("[{'status':403,'outcome':'rate_limited'},{'status':[429,'5xx'],'outcome':'out_of_credits'},"
                          "{'status':400,'at':'/error_code','equals':'NO_MATCH','outcome':'miss'},"
                          "{'at':'/Errors/0','exists':true,'outcome':'error'},"
                          "{'status':402,'at':'/email','exists':true,'outcome':'hit'},"
                          "{'status':200,'at':'/ok','exists':false,'outcome':'blocked'},"
                          "{'at':'/ok','equals':0,'outcome':'auth_error'}]"));
    assert_outcome(403, "", OUTCOME_RATE_LIMITED);
    assert_outcome(429, "", OUTCOME_OUT_OF_CREDITS);
    assert_outcome(502, "", OUTCOME_OUT_OF_CREDITS);
    assert_outcome(400, "{\"error_code\":\"NO_MATCH\"}", OUTCOME_MISS);
    assert_outcome(400, "{\"error_code\":\"OTHER\"}", OUTCOME_ERROR);
    assert_outcome(400, "not json", OUTCOME_ERROR);
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
        compile(text);
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
    } cases[] = {{"93", 930000},     {"93.5", 935000}, {"0", 0},           {"100", PPM_ONE},
                 {"250", PPM_ONE},   {"-5", 0},        {"1e300", PPM_ONE}, {"null", 500000},
                 {"\"93\"", 500000}, {"true", 500000}, {"[]", 500000}};

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
    struct connector_answer answer = {.status = 200, .body = STR("{\"e\":\"a\",\"p\":\"1\"}")};
    struct provider_value values[SLOT_COUNT];

    (void)state;
    compile(WITH_CHANNELS("{'work_email':{'value':'/e','confidence':1},'phone':{'value':'/p','confidence':1}}"));
    assert_int_equal(connector_read(connector, &answer, 1u << CHANNEL_PHONE, &arena, values), OUTCOME_HIT);
    assert_int_equal(values[CHANNEL_WORK_EMAIL].value.len, 0);
    assert_true(str_is(values[CHANNEL_PHONE].value, STR("1")));
    assert_int_equal(connector_read(connector, &answer, 1u << CHANNEL_LINKEDIN_URL, &arena, values), OUTCOME_MISS);
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
        {"tech_stack", "[\"Kafka\",7]", ""},
        {"tech_stack", "[\"Kafka\",\"\"]", ""},
        {"tech_stack", "[]", ""},
        {"tech_stack", "\"Kafka\"", ""},
        {"last_funding_date", "\"2025-09-15\"", "2025-09-15"},
        {"last_funding_date", "20250915", ""},
    };

    (void)state;
    for (size_t i = 0; i < LEN(fields); i++) {
        struct provider_value values[SLOT_COUNT];
        struct connector_answer answer = {.status = 200};
        char text[1000], body[200];
        unsigned slot = 0;

        assert_true(slot_from(str_from(fields[i].field), &slot));
        snprintf(text, sizeof text, ACCOUNT(BY_DOMAIN, "{'%s':{'value':['/none','/v'],'confidence':0.7}}"),
                 fields[i].field);
        compile(text);
        assert_int_equal(connector_channels(connector), 1u << slot);
        snprintf(body, sizeof body, "{\"v\":%s}", fields[i].json);
        answer.body = str_from(body);
        assert_int_equal(connector_read(connector, &answer, FIELDS_ALL, &arena, values),
                         fields[i].value[0] == '\0' ? OUTCOME_MISS : OUTCOME_HIT);
        assert_str_is(values[slot].value, fields[i].value);
        assert_int_equal(values[slot].confidence_ppm, fields[i].value[0] == '\0' ? 0 : 700000);
    }
}

static void an_endless_list_is_cut(void **state)
{
    struct provider_value values[SLOT_COUNT];
    struct connector_answer answer = {.status = 200};
    struct buf body;

    (void)state;
    compile(ACCOUNT(BY_DOMAIN, "{'tech_stack':{'value':'','confidence':0.7}}"));
    buf_init(&body, 1 << 20);
    buf_put_char(&body, '[');
    for (int i = 0; i < 3 * CONNECTOR_LIST_MAX; i++)
        buf_puts(&body, "\"x\",");
    buf_puts(&body, "\"x\"]");
    answer.body = buf_str(&body);
    assert_int_equal(connector_read(connector, &answer, FIELDS_ALL, &arena, values), OUTCOME_HIT);
    assert_int_equal(values[SLOT_TECH_STACK].value.len, 1 + 4 * CONNECTOR_LIST_MAX);
    buf_deinit(&body);
}

static void mistakes_about_companies_have_their_place_too(void **state)
{
    (void)state;
    assert_mistake(ACCOUNT(NEEDS, "{'industry':{'value':'/v','confidence':1}}"), "/account", "company_domain");
    assert_mistake(ACCOUNT(BY_DOMAIN, "{}"), "/account", "at least one field");
    assert_mistake(ACCOUNT(BY_DOMAIN, "7"), "/account", "must be an object");
    assert_mistake(ACCOUNT(BY_DOMAIN, "{'industri':{}}"), "/account/industri", "did you mean");
    assert_mistake(ACCOUNT(BY_DOMAIN, "{'industry':{'value':'v','confidence':1}}"), "/account/industry/value",
                   "JSON Pointer");
    assert_mistake("{'connector':1,'needs':[['email']],'request':{'url':'https://a.example/'}}", "/channels",
                   "account");
}

/* --- mistakes --- */

static void every_mistake_has_its_place_and_a_remedy(void **state)
{
    static const struct {
        const char *text, *pointer, *words;
    } cases[] = {
        {"[]", "", "must be an object, not"},
        {"{}", "/connector", "is missing"},
        {"{'connector':2}", "/connector", "must be 1"},
        {"{'connector':1,'name':5}", "/name", "string"},
        {"{'connector':1,'chanels':{}}", "/chanels", "did you mean \"channels\""},
        {"{'connector':1,'a~/b':{}}", "/a~0~1b", "not a known member"},
        {"{'connector':1}", "/needs", "is missing"},
        {WHOLE("[]", REQUEST, "[]", CHANNELS_ONE), "/needs", "1 to 8"},
        {WHOLE("[[]]", REQUEST, "[]", CHANNELS_ONE), "/needs/0", "together suffice"},
        {WHOLE("['email']", REQUEST, "[]", CHANNELS_ONE), "/needs/0", "together suffice"},
        {WHOLE("[['email'],['emial']]", REQUEST, "[]", CHANNELS_ONE), "/needs/1/0", "did you mean \"email\""},
        {WHOLE("[['email',7]]", REQUEST, "[]", CHANNELS_ONE), "/needs/0/1", "must be one of"},
        {WITH_REQUEST("7"), "/request", "must be an object"},
        {WITH_REQUEST("{}"), "/request/url", "is missing"},
        {WITH_REQUEST("{'url':'https://a.example','metod':'GET'}"), "/request/metod", "did you mean \"method\""},
        {WITH_REQUEST("{'url':'https://a.example','method':'PUT'}"), "/request/method", "\"GET\" or \"POST\""},
        {WITH_REQUEST("{'url':'a.example/x'}"), "/request/url", "absolute"},
        {WITH_REQUEST("{'url':'ftp://a.example/x'}"), "/request/url", "absolute"},
        {WITH_REQUEST("{'url':'{secret.base}/x'}"), "/request/url", "absolute"},
        {WITH_REQUEST("{'url':'https:///x'}"), "/request/url", "no host"},
        {WITH_REQUEST("{'url':'https://u:p@a.example/'}"), "/request/url", "user or password"},
        {WITH_REQUEST("{'url':'https://{email}/'}"), "/request/url", "host must not depend"},
        {WITH_REQUEST("{'url':'https://a.example/#x'}"), "/request/url", "fragment"},
        {WITH_REQUEST("{'url':'https://a.example/a b'}"), "/request/url", "percent-encode"},
        {WITH_REQUEST("{'url':'https://a.example/{{x'}"), "/request/url", "%7B"},
        {WITH_REQUEST("{'url':'https://a.example/../x'}"), "/request/url", "\"..\""},
        {WITH_REQUEST("{'url':'https://a.example/{emial}'}"), "/request/url", "did you mean {email}"},
        {WITH_REQUEST("{'url':'https://a.example/{nonsense_at_all}'}"), "/request/url", "known are"},
        {WITH_REQUEST("{'url':'https://a.example/{email'}"), "/request/url", "without its }"},
        {WITH_REQUEST("{'url':'https://a.example/{secret.}'}"), "/request/url", "secret's name"},
        {WITH_REQUEST("{'url':'https://a.example/{secret.a-b}'}"), "/request/url", "secret's name"},
        {WITH_REQUEST("{'url':'https://a.example/{first_name}'}"), "/request/url", "/needs/0 does not promise"},
        {WITH_REQUEST("{'url':'https://a.example/?{email}=1'}"), "/request/url", "name of a query parameter"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':[]}"), "/request/headers", "object"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'a b':'x'}}"), "/request/headers/a b", "not the name"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'a':1}}"), "/request/headers/a", "must be a string"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'a':'x\\ny'}}"), "/request/headers/a", "line breaks"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'hOst':'x'}}"), "/request/headers/hOst", "leave it out"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'x','x':'y'}}"), "/request/headers/x", "twice"},
        {WITH_REQUEST("{'url':'https://a.example/','body':{}}"), "/request/body", "a GET has no body"},
        {WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':{'a':[1,{'b':'{x}'}]}}"),
         "/request/body/a/1/b", "no hint"},
        {WITH_OUTCOMES("{}"), "/outcomes", "array"},
        {WITH_OUTCOMES("[7]"), "/outcomes/0", "must be an object"},
        {WITH_OUTCOMES("[{'outcome':'miss'}]"), "/outcomes/0", "fits every answer"},
        {WITH_OUTCOMES("[{'status':404}]"), "/outcomes/0/outcome", "must be one of"},
        {WITH_OUTCOMES("[{'status':404,'outcome':'mis'}]"), "/outcomes/0/outcome", "did you mean \"miss\""},
        {WITH_OUTCOMES("[{'status':404,'outcome':'timeout'}]"), "/outcomes/0/outcome", "must be one of"},
        {WITH_OUTCOMES("[{'status':99,'outcome':'miss'}]"), "/outcomes/0/status", "status like 404"},
        {WITH_OUTCOMES("[{'status':'6xx','outcome':'miss'}]"), "/outcomes/0/status", "status like 404"},
        {WITH_OUTCOMES("[{'status':[],'outcome':'miss'}]"), "/outcomes/0/status", "empty"},
        {WITH_OUTCOMES("[{'status':[404,null],'outcome':'miss'}]"), "/outcomes/0/status/1", "status like 404"},
        {WITH_OUTCOMES("[{'at':'x','exists':true,'outcome':'miss'}]"), "/outcomes/0/at", "JSON Pointer"},
        {WITH_OUTCOMES("[{'at':'/x','outcome':'miss'}]"), "/outcomes/0", "one of"},
        {WITH_OUTCOMES("[{'at':'/x','equals':1,'exists':true,'outcome':'miss'}]"), "/outcomes/0", "one of"},
        {WITH_OUTCOMES("[{'at':'/x','equals':[1],'outcome':'miss'}]"), "/outcomes/0/equals", "must be a string"},
        {WITH_OUTCOMES("[{'at':'/x','exists':1,'outcome':'miss'}]"), "/outcomes/0/exists", "true or false"},
        {WITH_OUTCOMES("[{'status':200,'equals':1,'outcome':'miss'}]"), "/outcomes/0/at", "is missing"},
        {WITH_CHANNELS("{}"), "/channels", "at least one"},
        {WITH_CHANNELS("{'work_emial':{}}"), "/channels/work_emial", "did you mean \"work_email\""},
        {WITH_CHANNELS("{'phone':'/p'}"), "/channels/phone", "must be an object"},
        {WITH_CHANNELS("{'phone':{'confidence':1}}"), "/channels/phone/value", "JSON Pointer"},
        {WITH_CHANNELS("{'phone':{'value':[],'confidence':1}}"), "/channels/phone/value", "array of 1 to 8"},
        {WITH_CHANNELS("{'phone':{'value':['/a','b'],'confidence':1}}"), "/channels/phone/value/1", "JSON Pointer"},
        {WITH_CHANNELS("{'phone':{'value':'/a~2','confidence':1}}"), "/channels/phone/value", "JSON Pointer"},
        {WITH_CHANNELS("{'phone':{'value':'/p'}}"), "/channels/phone/confidence", "is missing"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':80}}"), "/channels/phone/confidence", "0 to 1"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'default':0.5}}}"), "/channels/phone/confidence/at",
         "JSON Pointer"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'at':'/c'}}}"), "/channels/phone/confidence/default",
         "0 to 1"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'at':'/c','scale':0,'default':1}}}"),
         "/channels/phone/confidence/scale", "over 0"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_mistake(cases[i].text, cases[i].pointer, cases[i].words);
}

/* {'connector': …} with `count` copies of `element` where %s stands. */
static void assert_too_many(const char *format, const char *element, size_t count, const char *pointer)
{
    char *list = calloc(count, strlen(element) + 24);
    char *text = malloc(strlen(format) + count * (strlen(element) + 24));
    char *at = list;

    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "%s", i == 0 ? "" : ",");
        at += sprintf(at, element, i);
    }
    sprintf(text, format, list);
    assert_mistake(text, pointer, "");
    free(text);
    free(list);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void everything_has_a_limit(void **state)
{
    char padded[3000], text[4000];

    (void)state;
    assert_too_many(WHOLE("[%s]", REQUEST, "[]", CHANNELS_ONE), "['email']", 9, "/needs");
    assert_too_many(WITH_OUTCOMES("[%s]"), "{'status':404,'outcome':'miss'}", 65, "/outcomes");
    assert_too_many(WITH_OUTCOMES("[{'outcome':'miss','status':[%s]}]"), "404", 17, "/outcomes/0/status/16");
    assert_too_many(WITH_REQUEST("{'url':'https://a.example/','headers':{%s}}"), "'x%zu':''", 33, "/request/headers");
    assert_too_many(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':[%s]}"), "'{secret.s%zu}'", 9,
                    "/request/body/8");
    assert_too_many(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':[%s]}"), "[%zu]", 60000,
                    "/request/body");
    memset(padded, 'a', sizeof padded - 1);
    padded[sizeof padded - 1] = '\0';
    snprintf(text, sizeof text, WITH_REQUEST("{'url':'https://a.example/%s'}"), padded);
    assert_mistake(text, "/request/url", "2048");
    assert_mistake(
        WITH_CHANNELS("{'phone':{'confidence':1,'value':'/"
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "'}}"),
        "/channels/phone/value", "256");
}
#pragma GCC diagnostic pop

int main(void)
{
#define CONNECTOR(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CONNECTOR(a_url_percent_encodes_every_value),
        CONNECTOR(a_query_parameter_of_an_absent_hint_is_left_out),
        CONNECTOR(dots_cannot_climb_out_of_a_path),
        CONNECTOR(a_secret_may_name_the_host_but_nothing_else_there),
        CONNECTOR(headers_are_filled_in_and_completed),
        CONNECTOR(control_bytes_never_get_into_a_header),
        CONNECTOR(a_body_keeps_types_and_escapes_text),
        CONNECTOR(a_body_drops_absent_hints_and_what_they_leave_empty),
        CONNECTOR(what_gets_too_large_is_not_built),
        CONNECTOR(a_full_arena_builds_nothing),
        CONNECTOR(a_wiped_request_leaves_no_secret_in_the_arena),
        CONNECTOR(needs_channels_and_secrets_are_told),
        CONNECTOR(the_status_decides_when_no_rule_does),
        CONNECTOR(a_2xx_that_is_no_json_is_an_error),
        CONNECTOR(the_first_rule_that_fits_decides),
        CONNECTOR(equals_compares_type_and_value),
        CONNECTOR(only_text_with_something_in_it_is_a_value),
        CONNECTOR(the_first_pointer_with_a_value_counts),
        CONNECTOR(confidence_is_scaled_clamped_and_has_a_default),
        CONNECTOR(only_wanted_channels_are_read),
        CONNECTOR(every_mistake_has_its_place_and_a_remedy),
        CONNECTOR(everything_has_a_limit),
        CONNECTOR(a_field_is_read_in_its_type_or_not_at_all),
        CONNECTOR(an_endless_list_is_cut),
        CONNECTOR(mistakes_about_companies_have_their_place_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
