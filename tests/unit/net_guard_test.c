/* Calls with rules, through names that a name server of our own answers. */
#include "unit.h"

#include "net/http_client.h"

#include "base/clock.h"
#include "fake_dns.h"
#include "fake_provider.h"

static struct loop loop;
static struct http_client *client;
static struct fake_provider fake;
static struct fake_dns dns;
static struct outgoing_rules rules;
static int done_count;
static char url_text[128];

static int set_up(void **state)
{
    (void)state;
    loop_init(&loop);
    client = http_client_new(&loop, 4);
    fake_start(&fake);
    fake_dns_start(&dns);
    http_client_set_name_servers(client, dns.server);
    rules = (struct outgoing_rules){.allowed_count = 1};
    assert_true(network_read(STR("127.0.0.1/32"), &rules.allowed[0]));
    done_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_client_free(&client);
    loop_deinit(&loop);
    fake_stop(&fake);
    fake_dns_stop(&dns);
    return 0;
}

static void done(struct http_call *call)
{
    (void)call;
    done_count++;
    loop_stop(&loop);
}

static void answers(const char *first, const char *then)
{
    dns.answers[0] = first;
    dns.answers[1] = then;
    dns.answer_count = 2;
}

static struct http_call get_from(const char *host, const char *path)
{
    snprintf(url_text, sizeof url_text, "http://%s:%d%s", host, fake.port, path);
    return (struct http_call){.method = STR("GET"),
                              .url = str_from(url_text),
                              .timeout_us = 20 * SECOND_US,
                              .answer_bytes_max = 64 * 1024,
                              .rules = &rules,
                              .done = done};
}

static enum http_call_result result_of(struct http_call call, const char **out_error)
{
    int before = done_count;

    http_client_start(client, &call);
    assert_int_equal(done_count, before); /* never before the start returns */
    loop_run(&loop);
    assert_int_equal(done_count, before + 1);
    if (out_error != NULL)
        *out_error = call.error;
    http_call_deinit(&call);
    return call.result;
}

static void a_name_with_good_addresses_is_called(void **state)
{
    (void)state;
    answers("127.0.0.1", "127.0.0.1");
    assert_int_equal(result_of(get_from("hooks.northwind-demo.example", "/ok"), NULL), HTTP_CALL_ANSWERED);
    assert_int_equal(fake.requests, 1);
}

static void what_no_address_would_mend_is_refused_before_the_name_is_looked_up(void **state)
{
    struct outgoing_rules strict = {.allowed_count = 0};
    struct http_call call = get_from("hooks.northwind-demo.example", "/ok");
    const char *error;

    (void)state;
    call.rules = &strict;
    assert_int_equal(result_of(call, &error), HTTP_CALL_REFUSED);
    assert_string_equal(error, "http is not allowed, only https");
    call.url = STR("https://hooks.northwind-demo.example:8080/");
    assert_int_equal(result_of(call, &error), HTTP_CALL_REFUSED);
    assert_string_equal(error, "the port is not allowed, only 80 and 443");
    assert_int_equal(dns.questions, 0);
}

static void one_bad_address_among_good_ones_refuses(void **state)
{
    const char *error;

    (void)state;
    answers("127.0.0.1,169.254.169.254", "");
    assert_int_equal(result_of(get_from("hooks.northwind-demo.example", "/ok"), &error), HTTP_CALL_REFUSED);
    assert_string_equal(error, "the address is link-local");
    assert_int_equal(fake.connections, 0);
}

static void a_name_that_changes_its_answer_is_judged_by_each(void **state)
{
    (void)state;
    answers("127.0.0.1", "127.0.0.2");
    assert_int_equal(result_of(get_from("rebinding.example", "/ok"), NULL), HTTP_CALL_ANSWERED);
    assert_int_equal(dns.questions, 1); /* looked up once: what was checked is what was dialled */
    assert_int_equal(result_of(get_from("rebinding.example", "/ok"), NULL), HTTP_CALL_REFUSED);
    assert_int_equal(dns.questions, 2);
    assert_int_equal(fake.requests, 1);
}

static void a_name_that_turns_good_is_called(void **state)
{
    (void)state;
    answers("10.0.0.1", "127.0.0.1");
    assert_int_equal(result_of(get_from("moving.example", "/ok"), NULL), HTTP_CALL_REFUSED);
    assert_int_equal(result_of(get_from("moving.example", "/ok"), NULL), HTTP_CALL_ANSWERED);
}

static void an_unknown_name_has_failed(void **state)
{
    const char *error;

    (void)state;
    answers("", "");
    assert_int_equal(result_of(get_from("nobody.example", "/ok"), &error), HTTP_CALL_FAILED);
    assert_string_equal(error, "the host's name is not known");
}

static void a_name_server_that_is_silent_takes_the_calls_time_only(void **state)
{
    struct http_call call;

    (void)state;
    answers("-", "-");
    call = get_from("silent.example", "/ok");
    call.timeout_us = 50 * MS_US;
    assert_int_equal(result_of(call, NULL), HTTP_CALL_TIMEOUT);
}

static void an_address_needs_no_name_server(void **state)
{
    (void)state;
    answers("-", "-");
    assert_int_equal(result_of(get_from("127.0.0.1", "/ok"), NULL), HTTP_CALL_ANSWERED);
    assert_int_equal(result_of(get_from("127.0.0.2", "/ok"), NULL), HTTP_CALL_REFUSED);
    assert_int_equal(result_of(get_from("[::1]", "/ok"), NULL), HTTP_CALL_REFUSED);
    assert_int_equal(result_of(get_from("user@127.0.0.1", "/ok"), NULL), HTTP_CALL_REFUSED);
    assert_int_equal(fake.requests, 1);
}

static void a_redirect_is_an_answer_and_is_not_followed(void **state)
{
    struct http_call call = get_from("127.0.0.1", "/redirect");

    (void)state;
    http_client_start(client, &call);
    loop_run(&loop);
    assert_int_equal(call.status, 302);
    assert_int_equal(fake.requests, 1);
    http_call_deinit(&call);
}

static void a_call_may_be_cancelled_while_its_name_is_looked_up(void **state)
{
    struct http_call call = get_from("silent.example", "/ok");

    (void)state;
    answers("-", "-");
    http_client_start(client, &call);
    http_client_cancel(client, &call);
    loop_run(&loop);
    assert_int_equal(call.result, HTTP_CALL_CANCELLED);
    http_call_deinit(&call);
}

static void a_client_may_go_while_a_name_is_looked_up(void **state)
{
    struct http_call call = get_from("silent.example", "/ok");

    (void)state;
    answers("-", "-");
    http_client_start(client, &call);
    http_client_free(&client);
    assert_int_equal(done_count, 0);
}

static void many_calls_of_one_name_ask_once(void **state)
{
    struct http_call calls[8];

    (void)state;
    answers("127.0.0.1", "127.0.0.1");
    for (size_t i = 0; i < LEN(calls); i++) {
        calls[i] = get_from("busy.example", "/ok");
        http_client_start(client, &calls[i]);
    }
    while (done_count < (int)LEN(calls))
        loop_run(&loop);
    assert_int_equal(dns.questions, 1);
    for (size_t i = 0; i < LEN(calls); i++) {
        assert_int_equal(calls[i].result, HTTP_CALL_ANSWERED);
        http_call_deinit(&calls[i]);
    }
}

#define GUARD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD(a_name_with_good_addresses_is_called),
        GUARD(what_no_address_would_mend_is_refused_before_the_name_is_looked_up),
        GUARD(one_bad_address_among_good_ones_refuses),
        GUARD(a_name_that_changes_its_answer_is_judged_by_each),
        GUARD(a_name_that_turns_good_is_called),
        GUARD(an_unknown_name_has_failed),
        GUARD(a_name_server_that_is_silent_takes_the_calls_time_only),
        GUARD(an_address_needs_no_name_server),
        GUARD(a_redirect_is_an_answer_and_is_not_followed),
        GUARD(a_call_may_be_cancelled_while_its_name_is_looked_up),
        GUARD(a_client_may_go_while_a_name_is_looked_up),
        GUARD(many_calls_of_one_name_ask_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
