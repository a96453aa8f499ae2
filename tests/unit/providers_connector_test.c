#include "connector_asking.h"

static void assert_mistake(const char *text, const char *pointer, const char *words)
{
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;
    json_t *doc = doc_of(text);
    char start_text[1024];

    shape_mistakes_init(&mistakes);
    assert_int_equal(connector_compile(doc, &connector, &mistakes), ERR_INVALID);
    assert_null(connector);
    snprintf(start_text, sizeof start_text, "%s: ", pointer);
    if (strncmp(mistakes.first.text, start_text, strlen(start_text)) != 0 || strstr(mistakes.first.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s%s\"", mistakes.first.text, start_text, words);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
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
        {WITH_REQUEST("{'url':'https://a.example/{first_name}'}"), "/request/url",
         "number 0 of \"needs\" does not promise"},
        {WITH_REQUEST("{'url':'https://a.example/?{email}=1'}"), "/request/url", "name of a query parameter"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':[]}"), "/request/headers", "object"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'a b':'x'}}"), "/request/headers/a b", "not the name"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'a':1}}"), "/request/headers/a", "must be a string"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'a':'x\\ny'}}"), "/request/headers/a", "line breaks"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'hOst':'x'}}"), "/request/headers/hOst", "leave it out"},
        {WITH_REQUEST("{'url':'https://a.example/','headers':{'X':'x','x':'y'}}"), "/request/headers/x", "twice"},
        {WITH_REQUEST("{'url':'https://a.example/','body':{}}"), "/request/body", "a GET has no body"},
        {WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':{'a':[1,{'b':'{x}'}]}}"),
         "/request/body/a/1/b", "no \"x\" to fill in"},
        {WITH_OUTCOMES("{}"), "/outcomes", "array"},
        {WITH_OUTCOMES("[7]"), "/outcomes/0", "must be an object"},
        {WITH_OUTCOMES("[{'outcome':'miss'}]"), "/outcomes/0", "fits every answer"},
        {WITH_OUTCOMES("[{'status':404}]"), "/outcomes/0/outcome", "is missing"},
        {WITH_OUTCOMES("[{'status':404,'outcome':'mis'}]"), "/outcomes/0/outcome", "did you mean \"miss\""},
        {WITH_OUTCOMES("[{'status':404,'outcome':'timeout'}]"), "/outcomes/0/outcome", "must be one of"},
        {WITH_OUTCOMES("[{'status':99,'outcome':'miss'}]"), "/outcomes/0/status", "status like 404"},
        {WITH_OUTCOMES("[{'status':'6xx','outcome':'miss'}]"), "/outcomes/0/status", "status like 404"},
        {WITH_OUTCOMES("[{'status':[],'outcome':'miss'}]"), "/outcomes/0/status", "1 to 16"},
        {WITH_OUTCOMES("[{'status':[404,null],'outcome':'miss'}]"), "/outcomes/0/status/1", "status like 404"},
        {WITH_OUTCOMES("[{'at':'x','exists':true,'outcome':'miss'}]"), "/outcomes/0/at", "JSON Pointer"},
        {WITH_OUTCOMES("[{'at':'/x','outcome':'miss'}]"), "/outcomes/0", "one of"},
        {WITH_OUTCOMES("[{'at':'/x','header':'y','equals':1,'outcome':'miss'}]"), "/outcomes/0", "not both"},
        {WITH_OUTCOMES("[{'at':'/x','equals':[1],'outcome':'miss'}]"), "/outcomes/0/equals", "must be a string"},
        {WITH_OUTCOMES("[{'at':'/x','exists':1,'outcome':'miss'}]"), "/outcomes/0/exists", "true or false"},
        {WITH_OUTCOMES("[{'status':200,'equals':1,'outcome':'miss'}]"), "/outcomes/0/at", "is missing"},
        {WITH_CHANNELS("{}"), "/channels", "at least one"},
        {WITH_CHANNELS("{'work_emial':{}}"), "/channels/work_emial", "did you mean \"work_email\""},
        {WITH_CHANNELS("{'phone':'/p'}"), "/channels/phone", "must be an object"},
        {WITH_CHANNELS("{'phone':{'confidence':1}}"), "/channels/phone/value", "is missing"},
        {WITH_CHANNELS("{'phone':{'value':[],'confidence':1}}"), "/channels/phone/value", "array of 1 to 8"},
        {WITH_CHANNELS("{'phone':{'value':['/a','b'],'confidence':1}}"), "/channels/phone/value/1", "JSON Pointer"},
        {WITH_CHANNELS("{'phone':{'value':'/a~2','confidence':1}}"), "/channels/phone/value", "JSON Pointer"},
        {WITH_CHANNELS("{'phone':{'value':'/p'}}"), "/channels/phone/confidence", "is missing"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':80}}"), "/channels/phone/confidence", "0 to 1"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'default':0.5}}}"), "/channels/phone/confidence",
         "needs one of"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'at':'/c'}}}"), "/channels/phone/confidence/default",
         "is missing"},
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
    assert_too_many(WITH_OUTCOMES("[{'outcome':'miss','status':[%s]}]"), "404", 17, "/outcomes/0/status");
    assert_too_many(WITH_REQUEST("{'url':'https://a.example/','headers':{%s}}"), "'x%zu':''", 33, "/request/headers");
    assert_too_many(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':[%s]}"), "'{secret.s%zu}'", 9,
                    "/request/body/8");
    assert_too_many(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':[%s]}"), "[%zu]", 60000,
                    "/request/body/54571");
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

#define ACCOUNT(needs, account)                                                                                        \
    "{'connector':1,'needs':" needs ",'request':{'url':'https://a.example/c?d={company_domain}'},'account':" account "}"
#define BY_DOMAIN "[['company_domain']]"

static void mistakes_about_companies_have_their_place_too(void **state)
{
    (void)state;
    assert_mistake(ACCOUNT(NEEDS, "{'industry':{'value':'/v','confidence':1}}"), "/account", "company_domain");
    assert_mistake(ACCOUNT(BY_DOMAIN, "{}"), "/account", "at least one field");
    assert_mistake(ACCOUNT(BY_DOMAIN, "7"), "/account", "must be an object");
    assert_mistake(ACCOUNT(BY_DOMAIN, "{'industri':{}}"), "/account/industri", "did you mean");
    assert_mistake(ACCOUNT(BY_DOMAIN, "{'industry':{'value':'v','confidence':1}}"), "/account/industry/value",
                   "JSON Pointer");
    assert_mistake("{'connector':1,'needs':[['email']],'request':{'url':'https://a.example/'}}", "", "account");
}

int main(void)
{
#define CONNECTOR(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        CONNECTOR(every_mistake_has_its_place_and_a_remedy),
        CONNECTOR(everything_has_a_limit),
        CONNECTOR(mistakes_about_companies_have_their_place_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
