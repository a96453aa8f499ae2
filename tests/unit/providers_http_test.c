#include "unit.h"

#include "providers/kinds.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "fake_provider.h"

#include <stdlib.h>

static struct loop loop;
static struct http_client *client;
static struct fake_provider fake;
static struct arena arena;
static struct provider *provider;
static struct hints hints;
static struct provider_call call;
static struct provider_value values[SLOT_COUNT];
static int done_count;
static char folder[] = "/tmp/unstuck_http_XXXXXX";

#define CONNECTOR(path)                                                                                                \
    "{\"connector\":1,\"needs\":[[\"email\"]],\"request\":{\"method\":\"POST\",\"url\":\"http://127.0.0.1:%d" path     \
    "\",\"headers\":{\"X-Key\":\"{secret.key}\"},\"body\":{\"email\":\"{email}\"}},"                                   \
    "\"channels\":{\"work_email\":{\"value\":\"/data/email\",\"confidence\":{\"at\":\"/data/score\",\"scale\":100,"    \
    "\"default\":0.5}}}}"
#define ENTRY(path) "{\"connector\":" CONNECTOR(path) ",\"secrets\":{\"key\":{\"env\":\"UNSTUCK_TEST_KEY\"}}}"

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/acme.json", folder);
    unlink(path);
    return rmdir(folder);
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("UNSTUCK_FAULT");
    setenv("UNSTUCK_TEST_KEY", "s3cret", 1);
    loop_init(&loop);
    client = http_client_new(&loop, 16);
    fake_start(&fake);
    fake.json = "{\"data\":{\"email\":\"mira@northwind-demo.example\",\"score\":93}}";
    arena_init(&arena, 1 << 20);
    hints = (struct hints){.of = {[HINT_EMAIL] = STR("m.o@northwind-demo.example")}};
    done_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    provider_free(&provider);
    http_client_free(&client);
    arena_deinit(&arena);
    loop_deinit(&loop);
    fake_stop(&fake);
    return 0;
}

static enum err load(const char *entry, struct shape_mistakes *mistakes)
{
    json_t *doc = NULL;
    enum err err;

    assert_int_equal(json_read(str_from(entry), &doc, NULL), ERR_NONE);
    err = http_provider_new(&loop, client, doc, STR("/providers/0"), str_from(folder), &provider, mistakes);
    json_decref(doc);
    return err;
}

static void assert_mistake(const char *entry, const char *pointer, const char *words)
{
    struct shape_mistakes mistakes;
    char start[256];

    shape_mistakes_init(&mistakes);
    assert_int_equal(load(entry, &mistakes), ERR_INVALID);
    assert_null(provider);
    snprintf(start, sizeof start, "/providers/0%s: ", pointer);
    if (strncmp(mistakes.first.text, start, strlen(start)) != 0 || strstr(mistakes.first.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s%s\"", mistakes.first.text, start, words);
    assert_null(strstr(mistakes.json.ptr, "s3cret"));
    shape_mistakes_deinit(&mistakes);
}

/* `entry` has one %d, for the fake provider's port. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void make_provider(const char *entry)
{
    struct shape_mistakes mistakes;
    char text[4096];

    provider_free(&provider);
    snprintf(text, sizeof text, entry, fake.port);
    shape_mistakes_init(&mistakes);
    if (load(text, &mistakes) != ERR_NONE)
        fail_msg("%s", mistakes.first.text);
    shape_mistakes_deinit(&mistakes);
    mem_free((char *)(uintptr_t)provider->name.ptr);
    provider->name = (struct str){mem_copy_text("Acme", 4), 4};
}

static void put_connector_file(const char *format)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "%s/acme.json", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, format, fake.port);
    fclose(file);
}
#pragma GCC diagnostic pop

static void done(struct provider_call *ended)
{
    assert_ptr_equal(ended, &call);
    done_count++;
    loop_stop(&loop);
}

static enum outcome ask(void)
{
    memset(values, 0, sizeof values);
    call = (struct provider_call){.values = values,
                                  .hints = &hints,
                                  .channels = CHANNELS_ALL,
                                  .timeout_us = 20 * SECOND_US,
                                  .arena = &arena,
                                  .done = done};
    done_count = 0;
    provider->kind->ask(provider, &call);
    assert_int_equal(done_count, 0);
    loop_run(&loop);
    assert_int_equal(done_count, 1);
    return call.outcome;
}

static void assert_outcome(const char *entry, enum outcome expected)
{
    make_provider(entry);
    assert_string_equal(outcome_name(ask()), outcome_name(expected));
}

static void a_provider_asks_and_reads(void **state)
{
    (void)state;
    assert_outcome(ENTRY("/json"), OUTCOME_HIT);
    assert_true(str_is(call.values[CHANNEL_WORK_EMAIL].value, STR("mira@northwind-demo.example")));
    assert_int_equal(call.values[CHANNEL_WORK_EMAIL].confidence_ppm, 930000);
    assert_int_equal(provider->channels, 1u << CHANNEL_WORK_EMAIL);
    assert_int_equal(provider->needs_count, 1);
    assert_int_equal(provider->needs[0].hints, 1u << HINT_EMAIL);
    assert_string_equal(provider->kind->name, "http");
}

static void whatever_happens_is_an_outcome(void **state)
{
    (void)state;
    assert_outcome(ENTRY("/status/200"), OUTCOME_MISS);
    assert_outcome(ENTRY("/status/401"), OUTCOME_AUTH_ERROR);
    assert_outcome(ENTRY("/status/402"), OUTCOME_OUT_OF_CREDITS);
    assert_outcome(ENTRY("/status/404"), OUTCOME_MISS);
    assert_outcome(ENTRY("/retry"), OUTCOME_RATE_LIMITED);
    assert_outcome(ENTRY("/status/451"), OUTCOME_BLOCKED);
    assert_outcome(ENTRY("/status/500"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/redirect"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/ok"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/half"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/close"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/garbage"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/stream"), OUTCOME_ERROR);
    assert_outcome(ENTRY("/bomb"), OUTCOME_ERROR);
}

static void a_provider_that_never_answers_is_a_timeout(void **state)
{
    (void)state;
    make_provider(ENTRY("/never"));
    memset(values, 0, sizeof values);
    call = (struct provider_call){.values = values,
                                  .hints = &hints,
                                  .channels = CHANNELS_ALL,
                                  .timeout_us = 50 * MS_US,
                                  .arena = &arena,
                                  .done = done};
    provider->kind->ask(provider, &call);
    loop_run(&loop);
    assert_int_equal(call.outcome, OUTCOME_TIMEOUT);
}

static void a_request_that_cannot_be_built_is_an_error_later(void **state)
{
    (void)state;
    make_provider("{\"connector\":{\"connector\":1,\"needs\":[[\"email\"]],"
                  "\"request\":{\"url\":\"http://127.0.0.1:%d/\",\"headers\":{\"X\":\"{email}\"}},"
                  "\"channels\":{\"phone\":{\"value\":\"/p\",\"confidence\":1}}}}");
    hints.of[HINT_EMAIL] = STR("a\r\nX-Evil: 1");
    assert_int_equal(ask(), OUTCOME_ERROR);
    assert_int_equal(fake.connections, 0);
}

static void a_full_arena_is_an_error_later(void **state)
{
    (void)state;
    make_provider(ENTRY("/json"));
    arena_deinit(&arena);
    arena_init(&arena, 16);
    assert_int_equal(ask(), OUTCOME_ERROR);
    arena_deinit(&arena);
    arena_init(&arena, 64 * 1024);
    memset(values, 0, sizeof values);
    call = (struct provider_call){.values = values,
                                  .hints = &hints,
                                  .channels = CHANNELS_ALL,
                                  .timeout_us = 20 * SECOND_US,
                                  .arena = &arena,
                                  .done = done};
    provider->kind->ask(provider, &call);
    while (arena_alloc(&arena, 16) != NULL)
        continue;
    loop_run(&loop);
    assert_int_equal(call.outcome, OUTCOME_ERROR);
}

static void a_connector_may_be_a_file_beside_the_configuration(void **state)
{
    (void)state;
    put_connector_file(CONNECTOR("/json"));
    assert_outcome("{\"connector\":\"acme.json\",\"secrets\":{\"key\":{\"env\":\"UNSTUCK_TEST_KEY\"}}}", OUTCOME_HIT);
}

static void mistakes_in_the_entry_have_a_place_and_a_remedy(void **state)
{
    (void)state;
    put_connector_file(CONNECTOR("/json"));
    assert_mistake("{}", "/connector", "the name of a built-in connector");
    assert_mistake("{\"connector\":\"\"}", "/connector", "the name of a built-in connector");
    assert_mistake("{\"connector\":{\"connector\":2}}", "/connector/connector", "must be 1");
    assert_mistake("{\"connector\":\"none.json\"}", "/connector", "cannot be opened");
    assert_mistake("{\"connector\":\"./\"}", "/connector", "cannot be read");
    assert_mistake("{\"connector\":\"acme\"}", "/connector", "No connector is called \"acme\"");
    assert_mistake("{\"connector\":\"acme.json\"}", "/secrets/key", "uses this secret");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":[]}", "/secrets", "object");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"kee\":{\"env\":\"UNSTUCK_TEST_KEY\"}}}", "/secrets/kee",
                   "it uses \"key\"");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"key\":\"s3cret\"}}", "/secrets/key", "by reference");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"key\":{\"file\":\"a\",\"env\":\"A\"}}}", "/secrets/key",
                   "by reference");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"key\":{\"env\":\"PATH\"}},\"hosts\":{\"api\":\"x\"}}",
                   "/hosts/api", "does not use");
}

#define OWN(entry)                                                                                                     \
    "{\"connector\":{\"connector\":1,\"name\":\"Acme\",\"hosts\":{\"api\":null},"                                      \
    "\"secrets\":{\"key\":\"UNSTUCK_TEST_KEY\"},"                                                                      \
    "\"limits\":{\"per_second\":5,\"concurrent\":3,\"timeout_ms\":7000},\"needs\":[[\"email\"]],"                      \
    "\"request\":{\"url\":\"{host.api}/json\",\"headers\":{\"X-Key\":\"{secret.key}\"}},"                              \
    "\"channels\":{\"work_email\":{\"value\":\"/data/email\",\"confidence\":1}}}" entry "}"
#define OWN_HOST ",\"hosts\":{\"api\":\"http://127.0.0.1:%d/\"}"

static void a_connector_names_its_secrets_and_the_configuration_its_hosts(void **state)
{
    (void)state;
    make_provider(OWN(OWN_HOST ",\"limits\":{\"per_second\":9}"));
    assert_null(provider->unusable);
    assert_int_equal(provider->limits.per_second, 9);
    assert_int_equal(provider->limits.concurrent, 3);
    assert_int_equal(provider->limits.timeout_us, 7 * SECOND_US);
    assert_int_equal(ask(), OUTCOME_HIT);
}

static void assert_unusable(const char *entry, const char *why)
{
    make_provider(entry);
    assert_string_equal(provider->unusable, why);
    assert_int_equal(ask(), OUTCOME_AUTH_ERROR);
    assert_int_equal(fake.connections, 0);
}

static void a_key_or_a_host_that_is_missing_stops_no_server(void **state)
{
    (void)state;
    assert_unusable(OWN(",\"note\":%d"), "its host \"api\" is not in the configuration");
    unsetenv("UNSTUCK_TEST_KEY");
    assert_unusable(OWN(OWN_HOST), "UNSTUCK_TEST_KEY is not set in the environment");
    assert_unusable(ENTRY("/json"), "UNSTUCK_TEST_KEY is not set in the environment");
    setenv("UNSTUCK_TEST_KEY", "", 1);
    assert_unusable(OWN(OWN_HOST), "UNSTUCK_TEST_KEY is not set in the environment");
    setenv("UNSTUCK_TEST_KEY", "s3cret\n", 1);
    assert_unusable(OWN(OWN_HOST), "the environment variable UNSTUCK_TEST_KEY has a line break or control byte in it: "
                                   "keep the secret alone on one line");
    assert_unusable(OWN(OWN_HOST ",\"secrets\":{\"key\":{\"file\":\"/nowhere/key\"}}"),
                    "the file /nowhere/key cannot be read: create it, or allow this user to read it");
}

static void mistakes_in_the_file_are_told_with_their_place_in_it(void **state)
{
    (void)state;
    put_connector_file("{\"connector\":1,\"needs\":[[\"emial\"]]}");
    assert_mistake("{\"connector\":\"acme.json\"}", "/connector", "acme.json, at \"/needs/0/0\": is no hint");
    put_connector_file("{\n\"connector\":1,,}");
    assert_mistake("{\"connector\":\"acme.json\"}", "/connector", "acme.json is not JSON: line 2");
}

static void a_server_may_stop_while_a_provider_is_asked(void **state)
{
    (void)state;
    make_provider(ENTRY("/never"));
    memset(values, 0, sizeof values);
    call = (struct provider_call){.values = values,
                                  .hints = &hints,
                                  .channels = CHANNELS_ALL,
                                  .timeout_us = SECOND_US,
                                  .arena = &arena,
                                  .done = done};
    provider->kind->ask(provider, &call);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    http_client_free(&client);
    assert_int_equal(done_count, 0);
}

int main(void)
{
#define HTTP(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HTTP(a_provider_asks_and_reads),
        HTTP(whatever_happens_is_an_outcome),
        HTTP(a_provider_that_never_answers_is_a_timeout),
        HTTP(a_request_that_cannot_be_built_is_an_error_later),
        HTTP(a_full_arena_is_an_error_later),
        HTTP(a_connector_may_be_a_file_beside_the_configuration),
        HTTP(mistakes_in_the_entry_have_a_place_and_a_remedy),
        HTTP(a_connector_names_its_secrets_and_the_configuration_its_hosts),
        HTTP(a_key_or_a_host_that_is_missing_stops_no_server),
        HTTP(mistakes_in_the_file_are_told_with_their_place_in_it),
        HTTP(a_server_may_stop_while_a_provider_is_asked),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
