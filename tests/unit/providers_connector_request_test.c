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

static void assert_not_built(const char *text, const char *words)
{
    compile(&asking, text);
    start(&asking, CHANNELS_ALL);
    assert_int_equal(next(&asking), CONNECTOR_DONE);
    assert_outcome_is(asking.call.outcome, OUTCOME_ERROR);
    assert_false(asking.call.is_repeatable);
    if (strstr(asking.call.why, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", asking.call.why, words);
    assert_null(strstr(asking.call.why, "k3y"));
}

static void assert_url(const char *template, const char *expected)
{
    char text[4096];

    snprintf(text, sizeof text, WITH_REQUEST("{'url':'%s'}"), template);
    build(&asking, text);
    assert_string_equal(asking.request.url.ptr, expected);
}

static void assert_body(const char *template, const char *expected)
{
    char text[4096];

    snprintf(text, sizeof text, WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':%s}"), template);
    build(&asking, text);
    assert_string_equal(asking.request.body.ptr, expected);
}

/* --- building --- */

static void a_url_percent_encodes_every_value(void **state)
{
    (void)state;
    assert_url("https://a.example/v1/find?email={email}", "https://a.example/v1/find?email=a%2Bb%40c.example");
    assert_url("https://a.example/{email}/x", "https://a.example/a%2Bb%40c.example/x");
    asking.hints.of[HINT_EMAIL] = STR("a&b=c/../?#%{x} \xc3\xa9\r\n");
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
    asking.hints.of[HINT_EMAIL] = STR("..");
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/v1/{email}/x'}"), "dots");
    asking.hints.of[HINT_EMAIL] = STR(".");
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/v1/.{email}'}"), "dots");
    assert_url("https://a.example/x{email}?q={email}", "https://a.example/x.?q=.");
}

static void a_secret_may_name_the_host_but_nothing_else_there(void **state)
{
    (void)state;
    asking.settings.secrets[0] = STR("eu.a.example:8443");
    assert_url("https://{secret.host}/x", "https://eu.a.example:8443/x");
    asking.settings.secrets[0] = STR("evil.example/k3y@");
    assert_not_built(WITH_REQUEST("{'url':'https://{secret.host}.a.example/x'}"), "no host name");
    asking.settings.secrets[0] = STR("");
    assert_not_built(WITH_REQUEST("{'url':'https://{secret.host}/x'}"), "no host name");
}

static void headers_are_filled_in_and_completed(void **state)
{
    (void)state;
    build(&asking, WITH_REQUEST("{'method':'POST','url':'https://a.example/','headers':{'X-Key':'{secret.key}',"
                                "'X-Name':'{first_name}','X-Both':'{{{email}}'},'body':{}}"));
    assert_string_equal(asking.request.headers.ptr,
                        "X-Key: k3y\r\nX-Both: {a+b@c.example}\r\nAccept: application/json\r\n"
                        "User-Agent: unstuck\r\nContent-Type: application/json\r\n");
    build(
        &asking,
        WITH_REQUEST("{'url':'https://a.example/','headers':{'accept':'a/b','user-agent':'me','content-type':'c/d'}}"));
    assert_string_equal(asking.request.headers.ptr, "accept: a/b\r\nuser-agent: me\r\ncontent-type: c/d\r\n");
}

static void control_bytes_never_get_into_a_header(void **state)
{
    static const char *const bad[] = {"a\r\nX: y", "a\nb", "a\tb", "a\x7f"};

    (void)state;
    for (size_t i = 0; i < LEN(bad); i++) {
        asking.hints.of[HINT_EMAIL] = str_from(bad[i]);
        assert_not_built(WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'{email}'}}"), "line break");
    }
    asking.hints.of[HINT_EMAIL] = STR("a\0b");
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'{email}'}}"), "control byte");
}

static void a_body_keeps_types_and_escapes_text(void **state)
{
    (void)state;
    asking.hints.of[HINT_EMAIL] = STR("a\"\\\n\xff");
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
    asking.hints.of[HINT_EMAIL] = (struct str){large, 9000};
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/?e={email}'}"), "too long");
    asking.hints.of[HINT_EMAIL] = (struct str){large, 17000};
    assert_not_built(WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'{email}'}}"), "too long");
    asking.hints.of[HINT_EMAIL] = (struct str){large, sizeof large};
    assert_not_built(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':'{email}'}"), "too large");
    assert_not_built(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':'x{email}'}"), "too large");
}

static void a_full_arena_builds_nothing(void **state)
{
    (void)state;
    arena_init(&asking.request_arena, 10);
    compile(&asking, WITH_REQUEST(REQUEST));
    start(&asking, CHANNELS_ALL);
    assert_int_equal(connector_call_next(&asking.call, &asking.request_arena, &asking.request, asking.now_us),
                     CONNECTOR_DONE);
    assert_outcome_is(asking.call.outcome, OUTCOME_ERROR);
    assert_non_null(strstr(asking.call.why, "memory"));
}

static void a_wiped_request_leaves_no_secret_in_the_arena(void **state)
{
    const char *url;

    (void)state;
    build(&asking, WITH_REQUEST("{'url':'https://a.example/?k={secret.key}'}"));
    url = asking.request.url.ptr;
    connector_request_wipe(&asking.request);
    assert_int_equal(url[0], 0);
    assert_int_equal(asking.request.url.len, 0);
}

static void needs_channels_and_secrets_are_told(void **state)
{
    const struct connector_about *about;
    const struct connector_secret *secrets;

    (void)state;
    compile(&asking, WHOLE("[['email'],['first_name','company_domain']]",
                           "{'url':'https://a.example/?a={secret.b}','headers':{'X':'{secret.a}{secret.b}'}}", "[]",
                           "{'phone':{'value':'/p','confidence':1},'work_email':{'value':'/e','confidence':0}}"));
    about = connector_about(asking.connector);
    assert_int_equal(about->needs_count, 2);
    assert_int_equal(about->needs[0].hints, 1u << HINT_EMAIL);
    assert_int_equal(about->needs[1].hints, 1u << HINT_FIRST_NAME | 1u << HINT_COMPANY_DOMAIN);
    assert_int_equal(about->slots, 1u << CHANNEL_PHONE | 1u << CHANNEL_WORK_EMAIL);
    assert_int_equal(about->needs[1].slots, about->slots);
    assert_int_equal(connector_secrets(asking.connector, &secrets), 2);
    assert_str_is(secrets[0].name, "b");
    assert_str_is(secrets[0].env, "");
    assert_str_is(secrets[1].name, "a");
}

#define STEPS(limits, steps)                                                                                           \
    "{'connector':1,'name':'A'," limits "'ways':[{'needs':[['email']],'request':{'url':'https://a.example/'},"         \
    "'channels':{'phone':{'value':'/p','confidence':1}}},{'needs':[['email']],'steps':[" steps "]}]}"
#define ONE_STEP "{'request':{'url':'https://a.example/'}},"
#define LAST_STEP(poll)                                                                                                \
    "{'request':{'url':'https://a.example/'}" poll ",'channels':{'work_email':{'value':'/e','confidence':1}}}"

static int64_t call_us(const char *text)
{
    compile(&asking, text);
    return connector_about(asking.connector)->call_us;
}

static void a_call_may_take_what_its_longest_way_takes(void **state)
{
    (void)state;
    assert_int_equal(call_us(STEPS("", ONE_STEP LAST_STEP(""))), 0);
    assert_int_equal(call_us(STEPS("'limits':{'timeout_ms':7000},", ONE_STEP LAST_STEP(""))), 14000000);
    assert_int_equal(call_us(STEPS("", ONE_STEP LAST_STEP(",'poll':{'for_ms':90000}"))), 90000000 + CALL_US_DEFAULT);
    assert_int_equal(call_us(STEPS("'limits':{'timeout_ms':7000},", ONE_STEP LAST_STEP(",'poll':{'for_ms':90000}"))),
                     97000000);
    assert_int_equal(call_us(STEPS("", LAST_STEP(",'poll':{}"))), 60000000);
    assert_int_equal(call_us(STEPS("", ONE_STEP LAST_STEP(",'poll':{'for_ms':600000}"))), 600000000);
}

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
        CONNECTOR(a_call_may_take_what_its_longest_way_takes),
    };

    return cmocka_run_group_tests(tests, asking_load, NULL);
}
