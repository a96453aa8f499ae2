#include "unit.h"

#include "base/clock.h"
#include "enrich/sources.h"
#include "providers/kinds.h"
#include "providers/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/unstuck_sources_XXXXXX";
static struct loop loop;
static struct shelf shelf;
static struct sources sources;
static struct shape_mistakes mistakes;

#define CONNECTOR(name)                                                                                                \
    "{\"connector\":1," name "\"needs\":[[\"email\"]],\"request\":{\"url\":\"http://127.0.0.1/?e={email}\"},"          \
    "\"channels\":{\"phone\":{\"value\":\"/phone\",\"confidence\":1}}}"
#define FILE_ENTRY(name) "{\"name\":\"" name "\",\"kind\":\"dataset\",\"file\":\"people.csv\"}"

static json_t *json_of(const char *text)
{
    struct err_detail detail;
    json_t *doc = NULL;

    if (text != NULL && json_read(str_from(text), &doc, &detail) != ERR_NONE)
        fail_msg("%s: %s", text, detail.text);
    return doc;
}

static enum err read_texts(const char *providers_text, const char *waterfalls_text, bool with_sandbox)
{
    const struct sources_setup setup = {
        .loop = &loop, .shelf = &shelf, .folder = str_from(folder), .with_sandbox = with_sandbox};
    json_t *providers = json_of(providers_text), *waterfalls = json_of(waterfalls_text);
    enum err err;

    if (shelf.files.next == NULL)
        shelf_init(&shelf);
    sources_deinit(&sources);
    shape_mistakes_deinit(&mistakes);
    shape_mistakes_init(&mistakes);
    err = sources_read(&setup, providers, waterfalls, &sources, &mistakes);
    json_decref(providers);
    json_decref(waterfalls);
    return err;
}

static void read_right(const char *providers, const char *waterfalls, bool with_sandbox)
{
    if (read_texts(providers, waterfalls, with_sandbox) != ERR_NONE)
        fail_msg("%s", mistakes.json.ptr);
}

/* The waterfall as names with spaces between. */
static void expect_waterfall(enum channel channel, const char *expected)
{
    const struct waterfall *waterfall = &sources.waterfalls.of[channel];
    struct buf names;

    buf_init(&names, 1000);
    for (size_t i = 0; i < waterfall->count; i++)
        buf_printf(&names, "%s%.*s", i == 0 ? "" : " ", STR_ARG(waterfall->providers[i]->name));
    assert_str_is(buf_str(&names), expected);
    buf_deinit(&names);
}

static void without_configuration_there_is_nobody_to_ask(void **state)
{
    (void)state;
    read_right(NULL, NULL, false);
    assert_int_equal(sources.count, 0);
    expect_waterfall(CHANNEL_PHONE, "");
}

static void a_provider_has_what_its_entry_says(void **state)
{
    const struct provider *provider;

    (void)state;
    read_right("[{\"name\":\"Ours\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"timeout_ms\":250,"
               "\"prices\":{\"phone\":7,\"work_email\":0,\"account\":4},\"discovery_prices\":{\"phone\":9}}]",
               NULL, false);
    provider = sources.providers[0];
    assert_str_is(provider->name, "Ours");
    assert_int_equal(provider->timeout_us, 250 * MS_US);
    assert_int_equal(provider->prices[CHANNEL_PHONE], 7);
    assert_int_equal(provider->prices[CHANNEL_WORK_EMAIL], 0);
    assert_int_equal(provider->prices[CHANNEL_LINKEDIN_URL], 1);
    assert_int_equal(provider->prices[CHANNEL_ACCOUNT], 4);
    assert_int_equal(provider->discovery_prices[CHANNEL_PHONE], 9);
    assert_int_equal(provider->discovery_prices[CHANNEL_WORK_EMAIL], 0);
    assert_int_equal(provider->discovery_prices[CHANNEL_LINKEDIN_URL], 2);
}

static void limits_are_those_of_the_entry(void **state)
{
    const struct provider_limits *limits;

    (void)state;
    read_right(
        "[" FILE_ENTRY(
            "A") ",{\"name\":\"B\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"limits\":{"
                 "\"per_second\":5,\"per_minute\":100,\"concurrent\":10,\"polls_per_minute\":30,\"timeout_ms\":7}}]",
        NULL, false);
    limits = &sources.providers[0]->limits;
    assert_int_equal(limits->per_second + limits->per_minute + limits->concurrent + limits->polls_per_minute, 0);
    limits = &sources.providers[1]->limits;
    assert_int_equal(limits->per_second, 5);
    assert_int_equal(limits->per_minute, 100);
    assert_int_equal(limits->concurrent, 10);
    assert_int_equal(limits->polls_per_minute, 30);
    assert_int_equal(limits->timeout_us, 7 * MS_US);
    assert_int_equal(read_texts("[{\"name\":\"B\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"limits\":{"
                                "\"per_second\":0,\"per_hour\":1}}]",
                                NULL, false),
                     ERR_INVALID);
    assert_int_equal(mistakes.count, 2);
    assert_non_null(strstr(mistakes.json.ptr, "/providers/0/limits/per_second"));
    assert_non_null(strstr(mistakes.json.ptr, "/providers/0/limits/per_hour"));
}

static void without_an_order_everybody_who_offers_a_channel_is_asked(void **state)
{
    (void)state;
    read_right("[" FILE_ENTRY("Z") "," FILE_ENTRY("A") "]", NULL, false);
    expect_waterfall(CHANNEL_PHONE, "Z A");
    expect_waterfall(CHANNEL_WORK_EMAIL, "Z A");
    expect_waterfall(CHANNEL_LINKEDIN_URL, ""); /* the file has none */
}

static void an_order_is_followed_to_the_letter(void **state)
{
    (void)state;
    read_right("[" FILE_ENTRY("A") "," FILE_ENTRY("B") "," FILE_ENTRY("C") "]",
               "{\"phone\":[\"C\",\"A\"],\"work_email\":[],\"personal_email\":{\"providers\":[\"B\"]}}", false);
    expect_waterfall(CHANNEL_PHONE, "C A");
    expect_waterfall(CHANNEL_WORK_EMAIL, "");
    expect_waterfall(CHANNEL_PERSONAL_EMAIL, "B");
    read_right("[" FILE_ENTRY("A") "," FILE_ENTRY("B") "]", "{\"phone\":{}}", false);
    expect_waterfall(CHANNEL_PHONE, "A B"); /* an object without providers leaves them as they are */
}

static void the_sandbox_stands_behind_the_configured_ones(void **state)
{
    (void)state;
    read_right("[" FILE_ENTRY("Ours") "]", NULL, true);
    assert_int_equal(sources.count, 1 + SANDBOX_PROVIDERS);
    assert_str_is(sources.providers[0]->name, "Ours");
    assert_ptr_equal(sources.waterfalls.of[CHANNEL_PHONE].providers[0], sources.providers[0]);
    assert_true(sources.waterfalls.of[CHANNEL_PHONE].count > 1);
}

static void a_connector_says_kind_and_name_itself(void **state)
{
    (void)state;
    read_right("[{\"connector\":" CONNECTOR("\"name\":\"Acme\",") "},"
                                                                  "{\"name\":\"Other\",\"connector\":" CONNECTOR(
                                                                      "\"name\":\"Acme\",") "}]",
               NULL, false);
    expect_waterfall(CHANNEL_PHONE, "Acme Other");
}

static const struct {
    const char *providers, *waterfalls, *pointer, *detail;
} wrong[] = {
    {"[\"no such connector\"]", NULL, "/providers/0/connector", "No connector is called"},
    {"[{\"connector\":" CONNECTOR("") "}]", NULL, "/providers/0/name", "the connector has none"},
    {"[{\"connector\":" CONNECTOR("\"name\":\"A\",") "},{\"connector\":" CONNECTOR("\"name\":\"A\",") "}]", NULL,
     "/providers/1/name", "the connector's own name is that of an earlier"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"connector\":" CONNECTOR("") ",\"file\":\"people.csv\"}]", NULL,
     "/providers/0/connector", "not a known member"},
    {"{}", NULL, "/providers", "must be an array"},
    {"[5]", NULL, "/providers/0", "must be an object"},
    {"[{\"kind\":\"dataset\",\"file\":\"people.csv\"}]", NULL, "/providers/0/name", "is required"},
    {"[{\"name\":\"\",\"kind\":\"dataset\",\"file\":\"people.csv\"}]", NULL, "/providers/0/name", "1 to 64 bytes"},
    {"[{\"name\":\"A\",\"file\":\"people.csv\"}]", NULL, "/providers/0/kind", "must be"},
    {"[{\"name\":\"A\",\"kind\":\"ftp\"}]", NULL, "/providers/0/kind", "must be"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\"}]", NULL, "/providers/0/file", ""},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"absent.csv\"}]", NULL, "/providers/0/file", "absent.csv"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"fiel\":1}]", NULL, "/providers/0/fiel",
     "did you mean \\\"file\\\""},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"timeout_ms\":0}]", NULL,
     "/providers/0/timeout_ms", "from 1 to 600000"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"prices\":{\"fax\":1}}]", NULL,
     "/providers/0/prices/fax", "not a known member"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"discovery_prices\":{\"account\":1}}]", NULL,
     "/providers/0/discovery_prices/account", "not a known member"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\"}]", "{\"account\":[\"A\"]}",
     "/waterfalls/account/0", "has no field of a company"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"prices\":{\"phone\":-1}}]", NULL,
     "/providers/0/prices/phone", "from 0"},
    {"[{\"name\":\"A\",\"kind\":\"dataset\",\"file\":\"people.csv\",\"prices\":{\"phone\":1000001}}]", NULL,
     "/providers/0/prices/phone", "to 1000000"},
    {"[" FILE_ENTRY("A") "," FILE_ENTRY("A") "]", NULL, "/providers/1/name", "earlier provider"},
    {"[" FILE_ENTRY("A") "]", "[]", "/waterfalls", "must be an object"},
    {"[" FILE_ENTRY("A") "]", "{\"fone\":[]}", "/waterfalls/fone", "did you mean \\\"phone\\\""},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":\"A\"}", "/waterfalls/phone", "must be an array"},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":[\"A\",\"B\"]}", "/waterfalls/phone/1", "not the name of a provider"},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":[1]}", "/waterfalls/phone/0", "not the name of a provider"},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":[\"A\",\"A\"]}", "/waterfalls/phone/1", "twice"},
    {"[" FILE_ENTRY("A") "]", "{\"linkedin_url\":[\"A\"]}", "/waterfalls/linkedin_url/0", "does not offer"},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":{\"providers\":[\"A\",\"B\"]}}", "/waterfalls/phone/providers/1",
     "not the name of a provider"},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":{\"providers\":\"A\"}}", "/waterfalls/phone/providers", "must be an array"},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":{\"verifier\":[]}}", "/waterfalls/phone/verifier",
     "did you mean \\\"verifiers\\\""},
    {"[" FILE_ENTRY("A") "]", "{\"phone\":{\"verifiers\":[]}}", "/waterfalls/phone/verifiers", "of e-mails only"},
    {"[" FILE_ENTRY("A") "]", "{\"work_email\":{\"verifiers\":[\"A\"]}}", "/waterfalls/work_email/verifiers/0",
     "verifies nothing"},
    {"[" FILE_ENTRY("A") "]", "{\"work_email\":{\"verifiers\":[\"B\"]}}", "/waterfalls/work_email/verifiers/0",
     "not the name of a provider"},
    {"[" FILE_ENTRY("A") "]", "{\"work_email\":{\"catch_all\":\"maybe\"}}", "/waterfalls/work_email/catch_all",
     "\\\"verify_next\\\""},
    {"[" FILE_ENTRY("A") "]", "{\"work_email\":{\"catch_all\":\"miss\"}}", "/waterfalls/work_email/catch_all",
     "name \\\"verifiers\\\" too"},
};

static void a_call_may_take_what_the_connector_says_unless_the_configuration_does(void **state)
{
    (void)state;
    read_right("[" FILE_ENTRY("A") ",{\"connector\":" CONNECTOR("\"name\":\"B\",") "},{\"connector\":" CONNECTOR(
                   "\"name\":\"C\",\"limits\":{\"timeout_ms\":25000},") "},{\"timeout_ms\":300,"
                                                                        "\"connector\":" CONNECTOR("\"name\":\"D\","
                                                                                                   "\"limits\":{"
                                                                                                   "\"timeout_ms\":"
                                                                                                   "25000},") "}]",
               NULL, false);
    assert_int_equal(sources.providers[0]->timeout_us, 10000 * MS_US);
    assert_int_equal(sources.providers[1]->timeout_us, 10000 * MS_US);
    assert_int_equal(sources.providers[2]->timeout_us, 25000 * MS_US);
    assert_int_equal(sources.providers[3]->timeout_us, 300 * MS_US);
}

static void every_mistake_gets_its_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(wrong); i++) {
        char start[200];

        snprintf(start, sizeof start, "[{\"pointer\":\"%s\",", wrong[i].pointer);
        assert_int_equal(read_texts(wrong[i].providers, wrong[i].waterfalls, false), ERR_INVALID);
        if (!str_starts(buf_str(&mistakes.json), str_from(start)) ||
            strstr(mistakes.json.ptr, wrong[i].detail) == NULL || mistakes.count != 1)
            fail_msg("%s %s: %s", wrong[i].providers, wrong[i].waterfalls == NULL ? "" : wrong[i].waterfalls,
                     mistakes.json.ptr);
    }
}

static void a_name_of_the_sandbox_is_taken(void **state)
{
    char text[200];

    (void)state;
    read_right(NULL, NULL, true);
    snprintf(text, sizeof text, "[{\"name\":\"%.*s\",\"kind\":\"dataset\",\"file\":\"people.csv\"}]",
             STR_ARG(sources.providers[0]->name));
    assert_int_equal(read_texts(text, NULL, true), ERR_INVALID);
    assert_int_equal(mistakes.count, 1);
}

static void there_is_a_most_of_providers(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 100000);
    buf_put_char(&text, '[');
    for (int i = 0; i <= PROVIDERS_MAX; i++)
        buf_printf(&text, "%s{\"name\":\"%d\",\"kind\":\"dataset\",\"file\":\"people.csv\"}", i == 0 ? "" : ",", i);
    buf_put_char(&text, ']');
    assert_int_equal(read_texts(text.ptr, NULL, false), ERR_INVALID);
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.first.text, "/providers/64: is one provider too many; there can be 64");
    buf_deinit(&text);
}

static int set_up(void **state)
{
    char path[100];
    FILE *file;

    (void)state;
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/people.csv", folder);
    file = fopen(path, "w");
    if (file == NULL || fputs("email,work_email,phone\na@x.example,a@x.example,+442079460001\n", file) < 0)
        return 1;
    fclose(file);
    loop_init(&loop);
    shape_mistakes_init(&mistakes);
    return 0;
}

static int tear_down(void **state)
{
    char path[100];

    (void)state;
    sources_deinit(&sources);
    shape_mistakes_deinit(&mistakes);
    loop_deinit(&loop);
    snprintf(path, sizeof path, "%s/people.csv", folder);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_configuration_there_is_nobody_to_ask),
        cmocka_unit_test(a_provider_has_what_its_entry_says),
        cmocka_unit_test(limits_are_those_of_the_entry),
        cmocka_unit_test(without_an_order_everybody_who_offers_a_channel_is_asked),
        cmocka_unit_test(an_order_is_followed_to_the_letter),
        cmocka_unit_test(the_sandbox_stands_behind_the_configured_ones),
        cmocka_unit_test(a_connector_says_kind_and_name_itself),
        cmocka_unit_test(a_call_may_take_what_the_connector_says_unless_the_configuration_does),
        cmocka_unit_test(every_mistake_gets_its_pointer),
        cmocka_unit_test(a_name_of_the_sandbox_is_taken),
        cmocka_unit_test(there_is_a_most_of_providers),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
