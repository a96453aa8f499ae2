#include "unit.h"

#include "net/http_client.h"

#include "base/clock.h"
#include "fake_provider.h"

#include <netdb.h>
#include <semaphore.h>
#include <stdlib.h>

static struct loop loop;
static struct http_client *client;
static struct fake_provider fake;
static int done_count;
static int stop_at;
static char url_texts[64][64];

/* Name look-ups of libcurl's threads come here: "stuck.test" hangs until told. */
static sem_t unstick;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    (void)service;
    (void)hints;
    (void)result;
    if (strcmp(node, "stuck.test") == 0)
        sem_wait(&unstick);
    return EAI_NONAME;
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("UNSTUCK_FAULT");
    loop_init(&loop);
    client = http_client_new(&loop, 4);
    fake_start(&fake);
    done_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_client_free(&client);
    loop_deinit(&loop);
    fake_stop(&fake);
    return 0;
}

static void done(struct http_call *call)
{
    assert_null(call->transfer);
    if (++done_count == stop_at)
        loop_stop(&loop);
}

static struct str url(const char *path)
{
    static size_t turn;
    char *text = url_texts[turn++ % LEN(url_texts)];

    snprintf(text, sizeof url_texts[0], "http://127.0.0.1:%d%s", fake.port, path);
    return str_from(text);
}

static struct http_call get(const char *path)
{
    return (struct http_call){.method = STR("GET"),
                              .url = url(path),
                              .timeout_us = 20 * SECOND_US,
                              .answer_bytes_max = 64 * 1024,
                              .done = done};
}

static void run_until(int count)
{
    stop_at = count;
    if (done_count < count)
        loop_run(&loop);
    assert_int_equal(done_count, count);
}

/* Starts the call, runs to its end. */
static void run(struct http_call *call)
{
    int before = done_count;

    http_client_start(client, call);
    assert_int_equal(done_count, before);
    run_until(before + 1);
}

static void assert_call(const char *path, enum http_call_result result, int status, const char *answer)
{
    struct http_call call = get(path);

    run(&call);
    assert_int_equal(call.result, result);
    assert_int_equal(call.status, status);
    assert_string_equal(call.answer.len == 0 ? "" : call.answer.ptr, answer);
    assert_int_equal(call.error[0] == '\0', result == HTTP_CALL_ANSWERED);
    assert_null(strstr(call.error, "127.0.0.1"));
    http_call_deinit(&call);
}

static void a_whole_response_of_any_status_is_an_answer(void **state)
{
    (void)state;
    assert_call("/ok", HTTP_CALL_ANSWERED, 200, "ok");
    assert_call("/status/204", HTTP_CALL_ANSWERED, 204, "");
    assert_call("/status/404", HTTP_CALL_ANSWERED, 404, "{}");
    assert_call("/status/500", HTTP_CALL_ANSWERED, 500, "{}");
    assert_call("/chunked", HTTP_CALL_ANSWERED, 200, "onetwothree");
    assert_call("/gzip", HTTP_CALL_ANSWERED, 200, "hello, hello, hello");
}

static void a_redirect_is_an_answer_and_not_followed(void **state)
{
    (void)state;
    assert_call("/redirect", HTTP_CALL_ANSWERED, 302, "");
    assert_int_equal(fake.requests, 1);
}

static void what_is_not_a_whole_answer_is_a_failure(void **state)
{
    (void)state;
    assert_call("/half", HTTP_CALL_FAILED, 0, "");
    assert_call("/close", HTTP_CALL_FAILED, 0, "");
    assert_call("/garbage", HTTP_CALL_FAILED, 0, "");
}

static void an_answer_stops_at_its_cap_whatever_its_length_or_coding(void **state)
{
    (void)state;
    assert_call("/stream", HTTP_CALL_TOO_LARGE, 0, "");
    assert_call("/bomb", HTTP_CALL_TOO_LARGE, 0, "");
    assert_call("/headers", HTTP_CALL_TOO_LARGE, 0, "");
}

static void an_announced_length_over_the_cap_is_not_even_read(void **state)
{
    struct http_call call = get("/chunked");

    (void)state;
    call.answer_bytes_max = 11;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_ANSWERED);
    http_call_deinit(&call);
    call = get("/ok");
    call.answer_bytes_max = 1;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_TOO_LARGE);
    http_call_deinit(&call);
}

static void a_call_ends_at_its_deadline(void **state)
{
    struct http_call call = get("/never");
    int64_t start_us = clock_steady_us();

    (void)state;
    call.timeout_us = 50 * MS_US;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_TIMEOUT);
    assert_true(clock_steady_us() - start_us >= 49 * MS_US); /* the loop counts whole milliseconds */
    assert_string_not_equal(call.error, "");
    http_call_deinit(&call);
}

static void time_in_the_queue_counts(void **state)
{
    struct http_call calls[6];

    (void)state;
    for (size_t i = 0; i < LEN(calls); i++) {
        calls[i] = get("/never");
        calls[i].timeout_us = (i < 4 ? 100 : 50) * MS_US;
        http_client_start(client, &calls[i]);
    }
    run_until(2);
    assert_int_equal(calls[4].result, HTTP_CALL_TIMEOUT);
    assert_int_equal(calls[5].result, HTTP_CALL_TIMEOUT);
    run_until(6);
    assert_int_equal(fake.connections, 4);
    for (size_t i = 0; i < LEN(calls); i++)
        http_call_deinit(&calls[i]);
}

static void queued_calls_run_when_there_is_room(void **state)
{
    struct http_call calls[50];

    (void)state;
    for (size_t i = 0; i < LEN(calls); i++) {
        calls[i] = get("/ok");
        http_client_start(client, &calls[i]);
    }
    run_until((int)LEN(calls));
    assert_true(fake.connections <= 4);
    assert_int_equal(fake.requests, LEN(calls));
    for (size_t i = 0; i < LEN(calls); i++) {
        assert_int_equal(calls[i].result, HTTP_CALL_ANSWERED);
        http_call_deinit(&calls[i]);
    }
}

static void connections_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_call("/ok", HTTP_CALL_ANSWERED, 200, "ok");
    assert_int_equal(fake.connections, 1);
}

static void a_cancelled_call_is_done_once_and_later(void **state)
{
    struct http_call running = get("/never");
    struct http_call fresh = get("/ok");
    struct http_call waiting[8];

    (void)state;
    for (size_t i = 0; i < LEN(waiting); i++) {
        waiting[i] = get("/never");
        http_client_start(client, &waiting[i]);
    }
    http_client_start(client, &running);
    http_client_cancel(client, &running);
    http_client_cancel(client, &running);
    for (size_t i = 0; i < LEN(waiting); i++)
        http_client_cancel(client, &waiting[i]);
    assert_int_equal(done_count, 0);
    run_until(9);
    assert_int_equal(running.result, HTTP_CALL_CANCELLED);
    assert_int_equal(waiting[7].result, HTTP_CALL_CANCELLED);
    for (size_t i = 0; i < LEN(waiting); i++)
        http_call_deinit(&waiting[i]);
    http_call_deinit(&running);
    run(&fresh);
    assert_int_equal(fresh.result, HTTP_CALL_ANSWERED);
    http_call_deinit(&fresh);
}

static struct http_call *victim;

static void done_cancels_the_victim(struct http_call *call)
{
    http_client_cancel(client, victim);
    done(call);
}

static void a_call_may_be_cancelled_by_anothers_done(void **state)
{
    struct http_call never = get("/never");
    struct http_call first = get("/ok");

    (void)state;
    victim = &never;
    first.done = done_cancels_the_victim;
    http_client_start(client, &never);
    http_client_start(client, &first);
    run_until(2);
    assert_int_equal(first.result, HTTP_CALL_ANSWERED);
    assert_int_equal(never.result, HTTP_CALL_CANCELLED);
    http_call_deinit(&never);
    http_call_deinit(&first);
}

static void done_starts_again(struct http_call *call)
{
    done(call);
    if (done_count >= 10)
        return;
    http_call_deinit(call);
    call->url = url("/ok");
    http_client_start(client, call);
}

static void a_done_may_start_the_next_call(void **state)
{
    struct http_call call = get("/ok");

    (void)state;
    call.done = done_starts_again;
    http_client_start(client, &call);
    run_until(10);
    http_call_deinit(&call);
    assert_int_equal(fake.connections, 1);
}

static void a_post_sends_its_headers_and_body_and_nothing_of_curls_own(void **state)
{
    char *body = malloc(200001);
    struct http_call call = get("/echo");

    (void)state;
    memset(body, 'x', 200000);
    body[200000] = '\0';
    call.method = STR("POST");
    call.headers = STR("Content-Type: application/json\r\nX-Key: a b\nX-Last: 1");
    call.body = STR("{\"a\":1}");
    run(&call);
    assert_non_null(strstr(call.answer.ptr, "POST /echo HTTP/1.1\r\n"));
    assert_non_null(strstr(call.answer.ptr, "\r\nContent-Type: application/json\r\nX-Key: a b\r\nX-Last: 1\r\n"));
    assert_non_null(strstr(call.answer.ptr, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(call.answer.ptr, "urlencoded"));
    http_call_deinit(&call);
    call.body = str_from(body);
    call.answer_bytes_max = 300000;
    call.headers = STR_NONE;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_ANSWERED);
    assert_true(call.answer.len > 200000);
    assert_null(strstr(call.answer.ptr, "Expect"));
    assert_null(strstr(call.answer.ptr, "Content-Type"));
    http_call_deinit(&call);
    free(body);
}

static void methods_do_not_stick_to_a_reused_handle(void **state)
{
    static const struct {
        const char *method, *body, *expected;
    } cases[] = {{"POST", "a", "POST /echo"},   {"GET", "", "GET /echo"},       {"PUT", "b", "PUT /echo"},
                 {"POST", "", "POST /echo"},    {"DELETE", "", "DELETE /echo"}, {"GET", "c", "GET /echo"},
                 {"PATCH", "d", "PATCH /echo"}, {"GET", "", "GET /echo"}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct http_call call = get("/echo");

        call.method = str_from(cases[i].method);
        call.body = str_from(cases[i].body);
        run(&call);
        assert_int_equal(strncmp(call.answer.ptr, cases[i].expected, strlen(cases[i].expected)), 0);
        assert_string_equal(strstr(call.answer.ptr, "\r\n\r\n") + 4, cases[i].body);
        http_call_deinit(&call);
    }
}

static void a_request_that_could_smuggle_is_not_sent(void **state)
{
    struct http_call calls[4];

    (void)state;
    for (size_t i = 0; i < LEN(calls); i++)
        calls[i] = get("/ok");
    calls[0].headers = STR("no colon here\r\n");
    calls[1].headers = STR("X-A: 1\rX-B: 2\r\n");
    calls[2].url = STR("http://127.0.0.1/\r\nX: 1");
    calls[3].method = STR("GET\n");
    for (size_t i = 0; i < LEN(calls); i++) {
        run(&calls[i]);
        assert_int_equal(calls[i].result, HTTP_CALL_FAILED);
        http_call_deinit(&calls[i]);
    }
    assert_int_equal(fake.connections, 0);
}

static void only_http_and_https_are_spoken(void **state)
{
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "dict://x", ""};

    (void)state;
    for (size_t i = 0; i < LEN(urls); i++) {
        struct http_call call = get("/ok");

        call.url = str_from(urls[i]);
        run(&call);
        assert_int_equal(call.result, HTTP_CALL_FAILED);
        http_call_deinit(&call);
    }
}

static void content_type_and_retry_after_are_those_of_the_final_head(void **state)
{
    struct http_call call = get("/early");

    (void)state;
    run(&call);
    assert_int_equal(call.status, 200);
    assert_str_is(buf_str(&call.head), "Content-Type: text/final\r\n");
    http_call_deinit(&call);
    call = get("/retry");
    run(&call);
    assert_str_is(buf_str(&call.head), "Retry-After: 17\r\n");
    http_call_deinit(&call);
}

static void all_headers_are_kept_for_who_looks_at_them(void **state)
{
    struct http_call call = get("/early");

    (void)state;
    call.keeps_headers = true;
    run(&call);
    assert_non_null(strstr(call.head.ptr, "Content-Type: text/final\r\n"));
    assert_non_null(strstr(call.head.ptr, "Transfer-Encoding: chunked\r\n"));
    assert_null(strstr(call.head.ptr, "HTTP/"));
    assert_null(strstr(call.head.ptr, "Link"));
    http_call_deinit(&call);
}

static void whether_a_request_has_left_is_told(void **state)
{
    struct http_call call = get("/half");

    (void)state;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_FAILED);
    assert_true(call.has_left);
    http_call_deinit(&call);
    call = get("/never");
    call.timeout_us = 50 * MS_US;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_TIMEOUT);
    assert_true(call.has_left);
    http_call_deinit(&call);
    call = get("/ok");
    call.url = STR("http://127.0.0.1:1/");
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_FAILED);
    assert_false(call.has_left);
    http_call_deinit(&call);
}

static void a_post_is_not_sent_twice_when_a_kept_connection_dies_under_it(void **state)
{
    struct http_call call = get("/once");

    (void)state;
    call.method = STR("POST");
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_ANSWERED);
    http_call_deinit(&call);
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_FAILED);
    assert_int_equal(fake.requests, 2);
    http_call_deinit(&call);
}

static void a_get_is_repeated_when_a_kept_connection_dies_under_it(void **state)
{
    (void)state;
    assert_call("/once", HTTP_CALL_ANSWERED, 200, "ok");
    assert_call("/once", HTTP_CALL_ANSWERED, 200, "ok");
    assert_int_equal(fake.requests, 3);
}

static void a_refused_connection_is_a_failure(void **state)
{
    struct http_call call = get("/ok");

    (void)state;
    call.url = STR("http://127.0.0.1:1/");
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_FAILED);
    http_call_deinit(&call);
}

/* Where a connection never opens: a listener whose queue one that is not accepted fills. */
struct full_listener {
    int listener;
    int filler;
    char url[64];
};

static void fill_listener(struct full_listener *full)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    full->listener = socket(AF_INET, SOCK_STREAM, 0);
    full->filler = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(full->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(full->listener, 0), 0);
    assert_int_equal(getsockname(full->listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(full->filler, (struct sockaddr *)&address, len), 0);
    snprintf(full->url, sizeof full->url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

static void close_listener(struct full_listener *full)
{
    close(full->filler);
    close(full->listener);
}

static void a_connection_that_never_opened_leaves_its_number_to_the_next(void **state)
{
    struct http_call call = get("/ok");
    struct full_listener full;

    (void)state;
    fill_listener(&full);
    call.url = str_from(full.url);
    call.timeout_us = 50 * MS_US;
    run(&call);
    assert_int_equal(call.result, HTTP_CALL_TIMEOUT);
    http_call_deinit(&call);
    assert_call("/ok", HTTP_CALL_ANSWERED, 200, "ok");
    close_listener(&full);
}

static void a_call_may_end_before_the_loop_has_seen_its_socket(void **state)
{
    struct http_call call = get("/ok");
    struct full_listener full;

    (void)state;
    fill_listener(&full);
    call.url = str_from(full.url);
    http_client_start(client, &call);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    http_client_cancel(client, &call);
    run_until(1);
    assert_int_equal(call.result, HTTP_CALL_CANCELLED);
    http_call_deinit(&call);
    assert_call("/ok", HTTP_CALL_ANSWERED, 200, "ok");
    close_listener(&full);
}

static void a_name_that_hangs_does_not_stop_the_loop(void **state)
{
    struct http_call stuck = get("/ok");
    struct http_call unknown = get("/ok");
    int64_t start_us = clock_steady_us();

    (void)state;
    stuck.url = STR("http://stuck.test/");
    stuck.timeout_us = 50 * MS_US;
    run(&stuck);
    assert_int_equal(stuck.result, HTTP_CALL_TIMEOUT);
    assert_true(clock_steady_us() - start_us < 10 * SECOND_US);
    http_call_deinit(&stuck);
    unknown.url = STR("http://unknown.test/");
    run(&unknown);
    assert_int_equal(unknown.result, HTTP_CALL_FAILED);
    http_call_deinit(&unknown);
    sem_post(&unstick);
}

static void proxies_of_the_environment_are_not_used(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_call("/ok", HTTP_CALL_ANSWERED, 200, "ok");
    unsetenv("http_proxy");
}

static void a_client_may_go_while_calls_are_under_way(void **state)
{
    struct http_call calls[8];
    struct http_call quick = get("/ok");

    (void)state;
    run(&quick);
    http_call_deinit(&quick);
    for (size_t i = 0; i < LEN(calls); i++) {
        calls[i] = get("/never");
        http_client_start(client, &calls[i]);
    }
    http_client_cancel(client, &calls[7]);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    http_client_free(&client);
    for (size_t i = 0; i < LEN(calls); i++)
        http_call_deinit(&calls[i]);
}

static void a_client_that_was_never_used_costs_nothing(void **state)
{
    (void)state;
    http_client_free(&client);
    http_client_free(&client);
}

int main(void)
{
#define HTTP(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HTTP(a_whole_response_of_any_status_is_an_answer),
        HTTP(a_redirect_is_an_answer_and_not_followed),
        HTTP(what_is_not_a_whole_answer_is_a_failure),
        HTTP(an_answer_stops_at_its_cap_whatever_its_length_or_coding),
        HTTP(an_announced_length_over_the_cap_is_not_even_read),
        HTTP(a_call_ends_at_its_deadline),
        HTTP(time_in_the_queue_counts),
        HTTP(queued_calls_run_when_there_is_room),
        HTTP(connections_are_kept),
        HTTP(a_cancelled_call_is_done_once_and_later),
        HTTP(a_call_may_be_cancelled_by_anothers_done),
        HTTP(a_done_may_start_the_next_call),
        HTTP(a_post_sends_its_headers_and_body_and_nothing_of_curls_own),
        HTTP(methods_do_not_stick_to_a_reused_handle),
        HTTP(a_request_that_could_smuggle_is_not_sent),
        HTTP(only_http_and_https_are_spoken),
        HTTP(content_type_and_retry_after_are_those_of_the_final_head),
        HTTP(all_headers_are_kept_for_who_looks_at_them),
        HTTP(whether_a_request_has_left_is_told),
        HTTP(a_post_is_not_sent_twice_when_a_kept_connection_dies_under_it),
        HTTP(a_get_is_repeated_when_a_kept_connection_dies_under_it),
        HTTP(a_refused_connection_is_a_failure),
        HTTP(a_connection_that_never_opened_leaves_its_number_to_the_next),
        HTTP(a_call_may_end_before_the_loop_has_seen_its_socket),
        HTTP(a_name_that_hangs_does_not_stop_the_loop),
        HTTP(proxies_of_the_environment_are_not_used),
        HTTP(a_client_may_go_while_calls_are_under_way),
        HTTP(a_client_that_was_never_used_costs_nothing),
    };

    sem_init(&unstick, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
