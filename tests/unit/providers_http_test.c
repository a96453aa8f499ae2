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

static enum err load(const char *entry, struct provider_place *place)
{
    json_t *doc = NULL;
    enum err err;

    assert_int_equal(json_read(str_from(entry), &doc, NULL), ERR_NONE);
    err = http_provider_new(&loop, client, doc, str_from(folder), &provider, place);
    json_decref(doc);
    return err;
}

static void assert_mistake(const char *entry, enum err expected, const char *pointer, const char *words)
{
    struct provider_place place = {.detail = {""}};

    buf_init(&place.pointer, 1024);
    assert_int_equal(load(entry, &place), expected);
    assert_null(provider);
    assert_string_equal(place.pointer.len > 0 ? place.pointer.ptr : "", pointer);
    if (strstr(place.detail.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", place.detail.text, words);
    assert_null(strstr(place.detail.text, "s3cret"));
    buf_deinit(&place.pointer);
}

/* `entry` has one %d, for the fake provider's port. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void make_provider(const char *entry)
{
    struct provider_place place = {.detail = {""}};
    char text[2048];

    provider_free(&provider);
    snprintf(text, sizeof text, entry, fake.port);
    buf_init(&place.pointer, 1024);
    if (load(text, &place) != ERR_NONE)
        fail_msg("%s", place.detail.text);
    buf_deinit(&place.pointer);
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
    assert_mistake("{}", ERR_INVALID, "/connector", "the name of a built-in connector");
    assert_mistake("{\"connector\":\"\"}", ERR_INVALID, "/connector", "the name of a built-in connector");
    assert_mistake("{\"connector\":{\"connector\":2}}", ERR_INVALID, "/connector/connector", "must be 1");
    assert_mistake("{\"connector\":\"none.json\"}", ERR_IO, "/connector", "cannot be opened");
    assert_mistake("{\"connector\":\"./\"}", ERR_IO, "/connector", "cannot be read");
    assert_mistake("{\"connector\":\"acme\"}", ERR_INVALID, "/connector", "No connector is called \"acme\"");
    assert_mistake("{\"connector\":\"acme.json\"}", ERR_INVALID, "/secrets/key", "uses {secret.key}");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":[]}", ERR_INVALID, "/secrets", "object");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"kee\":{\"env\":\"UNSTUCK_TEST_KEY\"}}}", ERR_INVALID,
                   "/secrets/kee", "it uses {secret.key}");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"key\":\"s3cret\"}}", ERR_INVALID, "/secrets/key",
                   "by reference");
    unsetenv("UNSTUCK_TEST_KEY");
    assert_mistake("{\"connector\":\"acme.json\",\"secrets\":{\"key\":{\"env\":\"UNSTUCK_TEST_KEY\"}}}", ERR_INVALID,
                   "/secrets/key", "is not set");
}

static void mistakes_in_the_file_are_told_with_their_place_in_it(void **state)
{
    (void)state;
    put_connector_file("{\"connector\":1,\"needs\":[[\"emial\"]]}");
    assert_mistake("{\"connector\":\"acme.json\"}", ERR_INVALID, "/connector", "acme.json, at /needs/0/0: is no hint");
    put_connector_file("{\n\"connector\":1,,}");
    assert_mistake("{\"connector\":\"acme.json\"}", ERR_INVALID, "/connector", "acme.json is not JSON: line 2");
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
        HTTP(mistakes_in_the_file_are_told_with_their_place_in_it),
        HTTP(a_server_may_stop_while_a_provider_is_asked),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
