#include "connector_asking.h"

/* A pointer that ends with a slash stands for any below it. */
static void assert_mistake(const char *text, const char *pointer, const char *words)
{
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;
    json_t *doc = doc_of(text);
    char start_text[1024];

    shape_mistakes_init(&mistakes);
    assert_int_equal(connector_compile(doc, &connector, &mistakes), ERR_INVALID);
    assert_null(connector);
    snprintf(start_text, sizeof start_text, "%s%s", pointer, str_ends(str_from(pointer), STR("/")) ? "" : ": ");
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
        {"{'connector':1,'name':5}", "/name", "text of 1 to 64"},
        {"{'connector':1,'name':''}", "/name", "text of 1 to 64"},
        {"{'connector':1,'name':'Ac\\nme'}", "/name", "control bytes"},
        {"{'connector':1,'name':'Ac\\u007fme'}", "/name", "control bytes"},
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
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'min':[1,1,1,1,1,1,1,1],'product':[1]}}}"),
         "/channels/phone/confidence", "needs one of"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_mistake(cases[i].text, cases[i].pointer, cases[i].words);
}

#define WITH(members)                                                                                                  \
    "{'connector':1," members ",'needs':[['email']],'request':{'url':'https://a.example/'},'channels':" CHANNELS_ONE "}"
#define WAYS(ways) "{'connector':1,'hosts':{'h':'https://a.example'},'ways':" ways "}"
#define STEPS(steps) WAYS("[{'needs':[['email']],'steps':" steps "}]")
#define STEP "{'request':{'url':'{host.h}/'},'channels':" CHANNELS_ONE "}"

static void mistakes_about_the_whole_have_their_place(void **state)
{
    static const struct {
        const char *text, *pointer, *words;
    } cases[] = {
        {WITH("'hosts':[]"), "/hosts", "names and URLs"},
        {WITH("'hosts':{'a-b':'https://x.example'}"), "/hosts/a-b", "letters, digits or _"},
        {WITH("'hosts':{'a':7}"), "/hosts/a", "must be a URL, or null"},
        {WITH("'hosts':{'a':'https://x.example/'}"), "/hosts/a", "slash"},
        {WITH("'hosts':{'a':'x.example'}"), "/hosts/a", "absolute URL"},
        {WITH("'secrets':{'key':'a b'}"), "/secrets/key", "environment variable"},
        {WITH("'secrets':{'key':{'env':'A'}}"), "/secrets/key", "environment variable"},
        {WITH("'secrets':{'key':'KEY'},'headers':{'X':'{secret.nokey}'}"), "/headers/X", "no \"nokey\" among"},
        {WITH("'secrets':{'key':'KEY'},'query':{'a':'{secret.key}{secret.nokey}'}"), "/query/a", "no \"nokey\" among"},
        {WITH("'secrets':{},'query':{'a':'{secret.key}'}"), "/query/a", "no \"key\" among"},
        {WITH("'limits':{'per_secnd':1}"), "/limits/per_secnd", "did you mean"},
        {WITH("'limits':{'per_second':0}"), "/limits/per_second", "1 to"},
        {WITH("'limits':{'timeout_ms':600001}"), "/limits/timeout_ms", "600000"},
        {WITH("'headers':{'X':'{kept.id}'}"), "/headers/X", "No earlier step"},
        {WITH("'headers':{'X':'{token}'}"), "/headers/X", "no token"},
        {WITH("'headers':{'X':'{value}'}"), "/headers/X", "beside a"},
        {WITH("'headers':{'X':'{host.h}'}"), "/headers/X", "beginning of a URL"},
        {WITH("'headers':{'X':'{wants.fax}'}"), "/headers/X", "work_email"},
        {WITH("'query':{'':'x'}"), "/query/", "name of 1 to"},
        {WITH("'query':{'a':7}"), "/query/a", "must be a text"},
        {WITH("'auth':{}"), "/auth", "one of"},
        {WITH("'auth':{'basic':{'user':'{email}','password':''}}"), "/auth/basic/user", "Nobody is asked for"},
        {WITH("'auth':{'token':{'request':{'url':'https://a.example/{token}'},'at':'/t'}}"), "/auth/token/request/url",
         "no token here"},
        {WITH("'auth':{'token':{'request':{'url':'https://a.example/'}}}"), "/auth/token/at", "is missing"},
        {WITH("'auth':{'token':{'request':{'url':'https://a.example/'},'at':'/t','lifetime_s':9223372036854775807}}"),
         "/auth/token/lifetime_s", "1 to 31536000"},
        {WITH("'auth':{'token':{'request':{'url':'https://a.example/'},'at':'/t','lifetime_s':0}}"),
         "/auth/token/lifetime_s", "1 to"},
        {WITH("'wait':[]"), "/wait", "1 to 8"},
        {WITH("'wait':[{'as':'ms'}]"), "/wait/0/at", "is missing"},
        {WITH("'wait':[{'at':'/x','as':'minutes'}]"), "/wait/0/as", "one of seconds, ms"},
        {WITH("'cost':{'header':'a b'}"), "/cost/header", "name of a header"},
        {WITH("'check':{'request':{'url':'https://a.example/','headers':{'X':'{email}'}}}"), "/check/request/headers/X",
         "Nobody is asked for"},
        {WAYS("[{'needs':[['email']]}]"), "/ways/0/request", "is missing"},
        {WAYS("[]"), "/ways", "1 to 16"},
        {WAYS("[{'needs':[['email']],'request':{'url':'{host.h}/'}}]"), "/ways/0", "gives nothing"},
        {WAYS("[{'needs':[['email']],'request':{'url':'{host.x}/'},'channels':" CHANNELS_ONE "}]"),
         "/ways/0/request/url", "no host \"x\""},
        {WAYS("[{'needs':[['email']],'request':{'url':'{host.h}x'},'channels':" CHANNELS_ONE "}]"),
         "/ways/0/request/url", "followed by /"},
        {WAYS("[{'needs':[['first_name']],'request':{'url':'{host.h}/'},'verdict':'unknown'}]"), "/ways/0/verdict",
         "wants [\"email\"]"},
        {WAYS("[{'needs':[['email']],'request':{'url':'{host.h}/'},'steps':[" STEP "]}]"), "/ways/0/request",
         "belongs into one of \"steps\""},
        {"{'connector':1,'ways':[{'needs':[['email']],'request':{'url':'https://a.example/'},'channels':" CHANNELS_ONE
         "}],'needs':[['email']]}",
         "/needs", "belongs into one of \"ways\""},
        {STEPS("[]"), "/ways/0/steps", "1 to 4"},
        {STEPS("[{'request':{'url':'{host.h}/{kept.id}'},'keep':{'id':'/id'},'channels':" CHANNELS_ONE "}]"),
         "/ways/0/steps/0/request/url", "No earlier step"},
        {STEPS("[{'request':{'url':'{host.h}/'},'keep':{'a-b':'/id'}}," STEP "]"), "/ways/0/steps/0/keep/a-b",
         "letters, digits"},
        {STEPS("[{'request':{'url':'{host.h}/'},'only_for':['fax']}," STEP "]"), "/ways/0/steps/0/only_for/0",
         "must be one of"},
        {STEPS("[{'request':{'url':'{host.h}/'},'poll':{'every_ms':0}}," STEP "]"), "/ways/0/steps/0/poll/every_ms",
         "at least 1"},
        {STEPS("[{'request':{'url':'{host.h}/'},'poll':{'growth':5}}," STEP "]"), "/ways/0/steps/0/poll/growth",
         "1 to 4"},
        {STEPS("[{'request':{'url':'{host.h}/'},'poll':{'last':{}}}," STEP "]"), "/ways/0/steps/0/poll/last/url",
         "is missing"},
        {WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':{},'form':{}}"), "/request/form", "not both"},
        {WITH_REQUEST("{'url':'https://a.example/{wants.phone}'}"), "/request/url", "does not promise"},
        {WITH_REQUEST("{'url':'https://a.example/{full_name|company_url}'}"), "/request/url", "does not promise"},
        {WITH_REQUEST("{'url':'https://a.example/','repeatable':1}"), "/request/repeatable", "true or false"},
        {WITH_OUTCOMES("[{'at':'/x','in':[],'outcome':'miss'}]"), "/outcomes/0/in", "1 to 64"},
        {WITH_OUTCOMES("[{'at':'/x','in':[[1]],'outcome':'miss'}]"), "/outcomes/0/in", "1 to 64"},
        {WITH_OUTCOMES("[{'at':'/x','contains':'','outcome':'miss'}]"), "/outcomes/0/contains", "1 to 256"},
        {WITH_OUTCOMES("[{'at':'/x','at_least':'3','outcome':'miss'}]"), "/outcomes/0/at_least", "a number"},
        {WITH_OUTCOMES("[{'at':'/{secret.x}','exists':true,'outcome':'miss'}]"), "/outcomes/0/at", "secret cannot"},
        {WITH_OUTCOMES("[{'and':[{'at':'/x'}],'outcome':'miss'}]"), "/outcomes/0/and/0", "needs one of"},
        {WITH_OUTCOMES("[{'body':'full','outcome':'miss'}]"), "/outcomes/0/body", "empty, json, not_json"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':1,'status':'risky'}}"), "/channels/phone/status",
         "belongs to an e-mail"},
        {WITH_CHANNELS("{'work_email':{'value':'/p','confidence':1,'do_not_call':'/x'}}"),
         "/channels/work_email/do_not_call", "belongs to a phone"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':1,'form':'year'}}"), "/channels/phone/form",
         "field of a company"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':1,'type':'mobil'}}"), "/channels/phone/type",
         "did you mean \"mobile\""},
        {WITH_CHANNELS("{'phone':{'value':'/p/{value}','confidence':1}}"), "/channels/phone/value", "beside a"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':[]}}"), "/channels/phone/confidence", "1 to 16"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'min':[]}}}"), "/channels/phone/confidence/min", "1 to 8"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'at':'/c','words':{'a':7}}}}"),
         "/channels/phone/confidence/words/a", "0 to 1"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'where':[{'at':'/c','empty':true}]}}}"),
         "/channels/phone/confidence", "belong together"},
        {WITH_CHANNELS("{'phone':{'value':'/p','confidence':1,'order':{'at':'/o'}}}"), "/channels/phone/order",
         "needs one of"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_mistake(cases[i].text, cases[i].pointer, cases[i].words);
}

static void all_mistakes_are_told_at_once(void **state)
{
    static const char *const pointers[] = {"/limits/per_second",     "/ways/0/needs/0/0",
                                           "/ways/0/request/method", "/ways/0/channels/phone/confidence",
                                           "/ways/1/request",        "/ways/1/neds"};
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;
    json_t *doc =
        doc_of("{'connector':1,'limits':{'per_second':0},'ways':[{'needs':[['fax']],'request':{'method':'PUT',"
               "'url':'https://a.example/{email}'},'channels':{'phone':{'value':'/p'}}},{'needs':[['email']],'neds':[],"
               "'channels':" CHANNELS_ONE "}]}");

    (void)state;
    shape_mistakes_init(&mistakes);
    assert_int_equal(connector_compile(doc, &connector, &mistakes), ERR_INVALID);
    assert_int_equal(mistakes.count, LEN(pointers));
    for (size_t i = 0; i < LEN(pointers); i++)
        assert_non_null(strstr(mistakes.json.ptr, pointers[i]));
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
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
    assert_too_many(WITH("'hosts':{%s}"), "'h%zu':null", 9, "/hosts");
    assert_too_many(WITH("'secrets':{%s}"), "'s%zu':'A'", 9, "/secrets");
    assert_too_many(WITH("'query':{%s}"), "'q%zu':''", 65, "/query/q64");
    assert_too_many(WAYS("[%s]"), "{'needs':[['email']],'request':{'url':'{host.h}/'},'channels':" CHANNELS_ONE "}", 17,
                    "/ways");
    assert_too_many(STEPS("[%s]"), STEP, 5, "/ways/0/steps");
    assert_too_many(STEPS("[{'request':{'url':'{host.h}/'},'keep':{%s},'channels':" CHANNELS_ONE "}]"), "'k%zu':'/k'",
                    9, "/ways/0/steps/0/keep");
    assert_too_many(WITH_OUTCOMES("[{'outcome':'miss','and':[%s]}]"), "{'at':'/x','empty':true}", 17,
                    "/outcomes/0/and");
    assert_too_many(WITH_OUTCOMES("[{'outcome':'miss','at':'/x','in':[%s]}]"), "%zu", 65, "/outcomes/0/in");
    assert_too_many(WITH_CHANNELS("{'phone':[%s]}"), "{'value':'/p','confidence':1}", 9, "/channels/phone");
    assert_too_many(WITH_CHANNELS("{'phone':{'value':'/p','confidence':[%s]}}"), "1", 17, "/channels/phone/confidence");
    assert_too_many(WITH_CHANNELS("{'phone':{'value':'/p','confidence':{'at':'/c','words':{%s}}}}"), "'w%zu':1", 65,
                    "/channels/phone/confidence/words");
    assert_too_many(WITH_OUTCOMES("[{'outcome':'miss','status':[%s]}]"), "404", 17, "/outcomes/0/status");
    assert_too_many(WITH_REQUEST("{'url':'https://a.example/','headers':{%s}}"), "'x%zu':''", 33, "/request/headers");
    assert_too_many(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':[%s]}"), "'{secret.s%zu}'", 9,
                    "/request/body/8");
    assert_too_many(WITH_REQUEST("{'method':'POST','url':'https://a.example/','body':[%s]}"), "[%zu]", 60000,
                    "/request/body/");
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
        CONNECTOR(mistakes_about_the_whole_have_their_place),
        CONNECTOR(all_mistakes_are_told_at_once),
        CONNECTOR(everything_has_a_limit),
        CONNECTOR(mistakes_about_companies_have_their_place_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
