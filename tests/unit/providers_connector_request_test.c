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

/* --- places --- */

static void set_person(void)
{
    asking.hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/mira-okafor");
    asking.hints.of[HINT_FIRST_NAME] = STR("Mira");
    asking.hints.of[HINT_LAST_NAME] = STR("Okafor");
    asking.hints.of[HINT_COMPANY_DOMAIN] = STR("c.example");
}

static void what_derives_from_hints_is_there_when_they_are(void **state)
{
    static const char body[] = "{'n':'{full_name}','s':'{linkedin_slug}','d':'{email_domain}','u':'{company_url}'}";

    (void)state;
    assert_body(body, "{\"d\":\"c.example\"}");
    set_person();
    assert_body(body, "{\"n\":\"Mira Okafor\",\"s\":\"mira-okafor\",\"d\":\"c.example\",\"u\":\"https://c.example\"}");
    asking.hints.of[HINT_FIRST_NAME] = STR_NONE;
    asking.hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/in/mira-okafor/?x=/in/y");
    assert_body(body, "{\"s\":\"mira-okafor\",\"d\":\"c.example\",\"u\":\"https://c.example\"}");
    asking.hints.of[HINT_LINKEDIN_URL] = STR("https://linkedin.com/company/c");
    asking.hints.of[HINT_EMAIL] = STR("nobody");
    assert_body("{'s':'{linkedin_slug}','d':'{email_domain}','x':1}", "{\"x\":1}");
}

static void the_first_of_several_that_is_there_counts(void **state)
{
    (void)state;
    assert_body("{'c':'{company_domain|company_name}','e':'<{linkedin_url|email}>','n':'{first_name|last_name}'}",
                "{\"e\":\"<a+b@c.example>\"}");
    asking.hints.of[HINT_COMPANY_NAME] = STR("C & D");
    assert_body("{'c':'{company_domain|company_name}'}", "{\"c\":\"C & D\"}");
    set_person();
    assert_body("{'c':'{company_domain|company_name}','f':'{wants.phone:p|wants.work_email:w}'}",
                "{\"c\":\"c.example\",\"f\":\"p\"}");
    assert_url("https://a.example/{company_domain|email}?x={first_name|email}", "https://a.example/c.example?x=Mira");
}

#define FLAGS                                                                                                          \
    "{'method':'POST','url':'https://a.example/?p={wants.phone}&l={lacks.phone}','body':{'p':'{wants.phone}',"         \
    "'l':'{lacks.phone}','t':'{wants.phone:mobile}','s':'x{wants.phone}','in':['{wants.work_email:work}',"             \
    "'{wants.phone:phone}']}}"

static void flags_say_what_is_wanted(void **state)
{
    (void)state;
    compile(&asking, WHOLE(NEEDS, FLAGS, "[]",
                           "{'phone':{'value':'/p','confidence':1},'work_email':{'value':'/w',"
                           "'confidence':1}}"));
    start(&asking, CHANNELS_ALL);
    assert_int_equal(next(&asking), CONNECTOR_SEND);
    assert_string_equal(asking.request.url.ptr, "https://a.example/?p=true");
    assert_string_equal(asking.request.body.ptr,
                        "{\"p\":true,\"t\":\"mobile\",\"s\":\"xtrue\",\"in\":[\"work\",\"phone\"]}");
    start(&asking, 1u << CHANNEL_WORK_EMAIL);
    assert_int_equal(next(&asking), CONNECTOR_SEND);
    assert_string_equal(asking.request.url.ptr, "https://a.example/?l=false");
    assert_string_equal(asking.request.body.ptr, "{\"l\":false,\"s\":\"x\",\"in\":[\"work\"]}");
}

/* --- what holds for all requests --- */

#define COMMON(request)                                                                                                \
    "{'connector':1,'hosts':{'api':'https://a.example/v1','own':null},'secrets':{'key':'KEY'},"                        \
    "'headers':{'X-Key':'{secret.key}','X-A':'common','X-N':'{first_name}'},'query':{'k':'{secret.key}','v':'1'},"     \
    "'needs':[['email']],'request':" request ",'channels':" CHANNELS_ONE "}"

static void a_request_joins_what_the_connector_sends_with_all(void **state)
{
    (void)state;
    build(&asking, COMMON("{'url':'{host.api}/x?u=1','query':{'e':'{email}','v':'2','n':'{first_name}'},"
                          "'headers':{'x-a':'own'}}"));
    assert_string_equal(asking.request.url.ptr, "https://a.example/v1/x?u=1&e=a%2Bb%40c.example&v=2&k=k3y");
    assert_string_equal(asking.request.headers.ptr,
                        "x-a: own\r\nX-Key: k3y\r\nAccept: application/json\r\nUser-Agent: unstuck\r\n");
    build(&asking, COMMON("{'url':'{host.api}'}"));
    assert_string_equal(asking.request.url.ptr, "https://a.example/v1?k=k3y&v=1");
    build(&asking, COMMON("{'url':'{host.own}/x?v=9'}"));
    assert_string_equal(asking.request.url.ptr, "https://op.example/base/x?v=9&k=k3y");
}

static void a_query_is_encoded_wherever_it_comes_from(void **state)
{
    (void)state;
    build(&asking, WITH_REQUEST("{'url':'https://a.example/?a=%20','query':{'b c[]':'x y&z=%20,{email}','d':''}}"));
    assert_string_equal(asking.request.url.ptr,
                        "https://a.example/?a=%20&b%20c%5B%5D=x%20y%26z%3D%2520,a%2Bb%40c.example&d=");
}

static void a_form_is_encoded_and_leaves_out_what_is_absent(void **state)
{
    (void)state;
    build(&asking, WITH_REQUEST("{'method':'POST','url':'https://a.example/','form':{'e':'{email}','f':'{first_name}',"
                                "'g h':'a b'}}"));
    assert_string_equal(asking.request.body.ptr, "e=a%2Bb%40c.example&g%20h=a%20b");
    assert_non_null(strstr(asking.request.headers.ptr, "Content-Type: application/x-www-form-urlencoded\r\n"));
    build(&asking, WITH_REQUEST("{'method':'POST','url':'https://a.example/'}"));
    assert_int_equal(asking.request.body.len, 0);
    assert_null(strstr(asking.request.headers.ptr, "Content-Type"));
}

static void a_host_is_an_address_and_nothing_else(void **state)
{
    static const char *const good[] = {"https://a.example", "http://127.0.0.1:8080/v1", "https://[::1]:9/a/b",
                                       "https://a.example/v1%20x"};
    static const char *const bad[] = {"",
                                      "a.example",
                                      "ftp://a.example",
                                      "https://",
                                      "https://:80",
                                      "https://u:p@a.example",
                                      "https://a.example/",
                                      "https://a.example/?x=1",
                                      "https://a.example/x#y",
                                      "https://a.example/../x",
                                      "https://{email}",
                                      "https://a.example/{email}",
                                      "https://a.example/a b",
                                      "https://a.example\r\nX: y"};

    (void)state;
    for (size_t i = 0; i < LEN(good); i++)
        assert_true(connector_check_host(str_from(good[i]), NULL));
    for (size_t i = 0; i < LEN(bad); i++)
        assert_false(connector_check_host(str_from(bad[i]), NULL));
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
        CONNECTOR(what_derives_from_hints_is_there_when_they_are),
        CONNECTOR(the_first_of_several_that_is_there_counts),
        CONNECTOR(flags_say_what_is_wanted),
        CONNECTOR(a_request_joins_what_the_connector_sends_with_all),
        CONNECTOR(a_query_is_encoded_wherever_it_comes_from),
        CONNECTOR(a_form_is_encoded_and_leaves_out_what_is_absent),
        CONNECTOR(a_host_is_an_address_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, asking_load, NULL);
}
