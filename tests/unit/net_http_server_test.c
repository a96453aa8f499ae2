/* Real sockets on 127.0.0.1 against a server on the loop of this thread: the
 * client's calls step the loop until they have what they wait for. Time is
 * moved through the clock file, and the janitor is called by hand. */
#include "unit.h"

#include "net/http_server.c"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELD_MAX = 2048, BIG_BYTES = 8 << 20, BODY_MAX = 1 << 16, CONNECTIONS_MAX = 4 };

#define WAIT_US (10 * SECOND_US)

/* A server and a handler that does what the path says. */
static struct world {
    struct loop loop;
    struct http_server *server;
    struct http_handler handler;
    struct http_request *held[HELD_MAX];
    size_t held_count, heads, bodies, gones, drained;
    char *big;
    int64_t *clock_offset_us;
} world;

static void answer(struct http_request *request, int status, struct str body, bool close)
{
    struct http_response response = {status, STR("Content-Type: text/plain\r\n"), body, close};

    http_respond(request, &response);
}

static void answer_held(size_t i, struct str body)
{
    struct http_request *request = world.held[i];

    world.held[i] = NULL;
    if (request != NULL)
        answer(request, 200, body, false);
}

static void on_head(struct http_handler *handler, struct http_request *request)
{
    (void)handler;
    world.heads++;
    assert_int_equal(*(int *)http_request_extra(request), 0);
    *(int *)http_request_extra(request) = 1;
    if (str_is(http_request_path(request), STR("/no")))
        answer(request, 401, STR("no"), false);
    else
        http_request_want_body(request, str_is(http_request_path(request), STR("/small")) ? 10 : BODY_MAX);
}

static void on_body(struct http_handler *handler, struct http_request *request)
{
    struct str path = http_request_path(request);

    (void)handler;
    world.bodies++;
    if (str_is(path, STR("/release")) && world.held_count > 0)
        answer_held(0, STR("released"));
    if (str_is(path, STR("/hold")))
        world.held[world.held_count++] = request;
    else if (str_is(path, STR("/big")))
        answer(request, 200, (struct str){world.big, BIG_BYTES}, false);
    else if (str_is(path, STR("/close")))
        answer(request, 200, STR("closing"), true);
    else if (str_is(path, STR("/empty")))
        answer(request, 204, STR_NONE, false);
    else if (str_is(path, STR("/query")))
        answer(request, 200, http_request_query(request), false);
    else
        answer(request, 200, http_request_body(request), false);
}

static void on_gone(struct http_handler *handler, struct http_request *request)
{
    (void)handler;
    assert_true(http_request_path(request).len > 0);
    world.gones++;
}

static void on_refuse(struct http_handler *handler, struct http_request *request, enum err err, const char *why,
                      struct http_response *out)
{
    (void)handler;
    if (request != NULL)
        assert_true(http_request_path(request).len > 0);
    out->status = err_status(err);
    out->headers = STR("X-Refused: yes\r\n");
    out->body = str_from(why);
}

static void note_drained(void *ctx)
{
    ++*(size_t *)ctx;
}

static void step(void)
{
    uv_run(&world.loop.uv, UV_RUN_NOWAIT);
}

/* Moves time and lets the janitor see it. */
static void pass_time(int64_t us)
{
    *world.clock_offset_us += us;
    sweep(world.server);
    step();
}

static const struct http_limits default_limits = {
    .header_bytes_max = 8192,
    .connections_max = CONNECTIONS_MAX,
    .request_us_max = 10 * SECOND_US,
    .idle_us_max = 60 * SECOND_US,
    .write_us_max = 20 * SECOND_US,
};

static void open_with(const struct http_limits *limits)
{
    loop_init(&world.loop);
    world.handler = (struct http_handler){on_head, on_body, on_gone, on_refuse, sizeof(int)};
    assert_int_equal(http_server_open(&world.loop, &world.handler, limits, "127.0.0.1", 0, &world.server, NULL), 0);
}

static int open_world(void **state)
{
    (void)state;
    open_with(&default_limits);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    if (world.drained == 0)
        http_server_stop(world.server, 0, note_drained, &world.drained);
    for (int64_t end = clock_steady_us() + WAIT_US; world.drained == 0 && clock_steady_us() < end;)
        pass_time(0);
    assert_int_equal(world.drained, 1);
    http_server_free(&world.server);
    for (size_t i = 0; i < world.held_count; i++)
        answer_held(i, STR("too late"));
    loop_deinit(&world.loop);
    world.held_count = world.heads = world.bodies = world.gones = world.drained = 0;
    return 0;
}

/* --- the client ------------------------------------------------------------------ */

struct client {
    int fd;
    struct buf in;
    bool has_end; /* the server has shut its side */
    bool was_reset;
};

static uint16_t server_port(void)
{
    struct str address = http_server_address(world.server);
    uint64_t port = 0;

    assert_true(str_to_u64(str_from_at(address, str_find_last(address, ':') + 1), UINT16_MAX, &port));
    return (uint16_t)port;
}

static struct client client_open(void)
{
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port())};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    buf_init(&client.in, 1 << 30);
    assert_int_equal(connect(client.fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(client.fd, F_SETFL, O_NONBLOCK), 0);
    return client;
}

static void client_close(struct client *client)
{
    close(client->fd);
    buf_deinit(&client->in);
}

static void client_take(struct client *client)
{
    static char bytes[1 << 16];
    ssize_t count = recv(client->fd, bytes, sizeof bytes, 0);

    if (count > 0)
        buf_put(&client->in, (struct str){bytes, (size_t)count});
    client->has_end |= count == 0;
    client->was_reset |= count < 0 && errno == ECONNRESET;
}

/* The loop and this client once. */
static void turn(struct client *client)
{
    struct pollfd wait = {client->fd, POLLIN, 0};

    step();
    poll(&wait, 1, 1);
    client_take(client);
}

static void client_send(struct client *client, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t count = send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (count < 0 && errno != EAGAIN)
            return;
        if (count > 0)
            bytes = str_from_at(bytes, (size_t)count);
        else
            turn(client);
    }
}

/* Until the client has `text`, or the end, or patience ends. */
static void client_wait(struct client *client, const char *text)
{
    int64_t end = clock_steady_us() + WAIT_US;

    while (clock_steady_us() < end && !client->has_end && !client->was_reset) {
        if (client->in.len > 0 && text != NULL && strstr(client->in.ptr, text) != NULL)
            return;
        turn(client);
    }
}

static void client_wait_end(struct client *client)
{
    client_wait(client, NULL);
}

/* All steps that can be made without anything new from the client. */
static void settle_down(void)
{
    for (int i = 0; i < 20; i++)
        step();
}

static void expect_in(const struct client *client, const char *text)
{
    if (client->in.len == 0 || strstr(client->in.ptr, text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, client->in.len == 0 ? "" : client->in.ptr);
}

static void expect_not_in(const struct client *client, const char *text)
{
    if (client->in.len > 0 && strstr(client->in.ptr, text) != NULL)
        fail_msg("\"%s\" is in \"%s\"", text, client->in.ptr);
}

static size_t count_of(const struct client *client, const char *text)
{
    size_t count = 0;

    for (const char *at = client->in.ptr; at != NULL && (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static void forget(struct client *client)
{
    buf_clear(&client->in);
}

/* Sends `text` on a new connection and waits for `wanted`. */
static struct client ask(const char *text, const char *wanted)
{
    struct client client = client_open();

    client_send(&client, str_from(text));
    client_wait(&client, wanted);
    return client;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, len, body) "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " len "\r\n\r\n" body
#define CHUNKED(path) "POST " path " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* --- answers ---------------------------------------------------------------------- */

static void a_post_is_answered_and_the_connection_lives(void **state)
{
    struct client client = ask(POST("/echo", "5", "hello"), "hello");

    (void)state;
    expect_in(&client, "HTTP/1.1 200 OK\r\nDate: ");
    expect_in(&client, " GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    expect_not_in(&client, "Connection:");
    forget(&client);
    client_send(&client, STR(POST("/echo", "3", "two")));
    client_wait(&client, "two");
    expect_in(&client, "\r\n\r\ntwo");
    client_close(&client);
}

static void the_date_is_the_walls_clock_second(void **state)
{
    struct client client = client_open();
    time_t now = (time_t)(clock_wall_us() / SECOND_US);
    char expected[64], next[64];
    struct tm tm;

    (void)state;
    strftime(expected, sizeof expected, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &tm));
    now++;
    strftime(next, sizeof next, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &tm));
    client_send(&client, STR(GET("/x")));
    client_wait(&client, "\r\n\r\n");
    assert_true(strstr(client.in.ptr, expected) != NULL || strstr(client.in.ptr, next) != NULL);
    client_close(&client);
}

static void a_request_byte_by_byte_is_answered(void **state)
{
    struct client client = client_open();
    struct str text = STR(CHUNKED("/echo") "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n");

    (void)state;
    for (size_t i = 0; i < text.len; i++) {
        client_send(&client, (struct str){text.ptr + i, 1});
        step();
    }
    client_wait(&client, "abcde");
    expect_in(&client, "\r\n\r\nabcde");
    client_close(&client);
}

static void head_is_answered_like_get_without_the_body(void **state)
{
    struct client client = ask("HEAD /query?12345 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/query?second"), "second");

    (void)state;
    expect_in(&client, "Content-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n");
    client_close(&client);
}

static void a_204_has_neither_length_nor_body(void **state)
{
    struct client client = ask(GET("/empty"), "\r\n\r\n");

    (void)state;
    expect_in(&client, "HTTP/1.1 204 No Content\r\n");
    expect_not_in(&client, "Content-Length");
    client_close(&client);
}

static void http_1_0_closes_unless_asked_to_stay(void **state)
{
    struct client client = ask("GET /query?x HTTP/1.0\r\n\r\n", NULL);

    (void)state;
    expect_in(&client, "Connection: close\r\n");
    assert_true(client.has_end);
    client_close(&client);
    client = ask("GET /query?x HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "\r\n\r\nx");
    expect_in(&client, "Connection: keep-alive\r\n");
    settle_down();
    assert_int_equal(http_server_connections(world.server), 1);
    client_close(&client);
}

static void connection_close_is_honoured(void **state)
{
    struct client client = ask("GET /query?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);

    (void)state;
    expect_in(&client, "Connection: close\r\n");
    assert_true(client.has_end && !client.was_reset);
    client_close(&client);
}

static void nothing_behind_a_closing_request_is_answered(void **state)
{
    struct client client =
        ask("GET /query?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/query?second"), NULL);

    (void)state;
    expect_not_in(&client, "second");
    assert_true(client.has_end && !client.was_reset);
    assert_int_equal(world.heads, 1);
    client_close(&client);
}

static void the_handler_can_close(void **state)
{
    struct client client = ask(GET("/close"), NULL);

    (void)state;
    expect_in(&client, "Connection: close\r\n");
    expect_in(&client, "closing");
    assert_true(client.has_end);
    client_close(&client);
}

static void an_upgrade_is_answered_as_http_1_1(void **state)
{
    struct client client = ask(
        "GET /query?x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" GET("/query?y"), "\r\n\r\ny");

    (void)state;
    assert_int_equal(count_of(&client, "HTTP/1.1 200 OK"), 2);
    client_close(&client);
}

/* --- bodies and expectations ---------------------------------------------------- */

static void continue_is_sent_when_the_body_is_wanted(void **state)
{
    struct client client =
        ask("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "Continue\r\n\r\n");

    (void)state;
    assert_string_equal(client.in.ptr, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, STR("hi"));
    client_wait(&client, "\r\n\r\nhi");
    expect_in(&client, "HTTP/1.1 200 OK");
    client_close(&client);
}

static void continue_is_not_sent_to_a_client_that_did_not_wait(void **state)
{
    struct client client =
        ask("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "\r\n\r\nhi");

    (void)state;
    expect_not_in(&client, "100 Continue");
    client_close(&client);
}

static void continue_is_not_sent_when_the_answer_is_there_already(void **state)
{
    struct client client =
        ask("POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", NULL);

    (void)state;
    expect_not_in(&client, "100 Continue");
    expect_in(&client, "HTTP/1.1 401 Unauthorized\r\n");
    expect_in(&client, "Connection: close\r\n");
    client_close(&client);
}

static void continue_is_not_sent_for_a_body_that_is_too_large(void **state)
{
    struct client client =
        ask("POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n", NULL);

    (void)state;
    expect_not_in(&client, "100 Continue");
    expect_in(&client, "HTTP/1.1 413 ");
    assert_int_equal(world.gones, 1);
    client_close(&client);
}

static void http_1_0_gets_no_continue(void **state)
{
    struct client client = ask("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", NULL);

    (void)state;
    expect_not_in(&client, "100 Continue");
    expect_in(&client, "\r\n\r\nhi");
    client_close(&client);
}

static void another_expectation_is_refused(void **state)
{
    struct client client = ask("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 2\r\n\r\nhi", NULL);

    (void)state;
    expect_in(&client, "HTTP/1.1 417 ");
    assert_int_equal(world.heads, 0);
    client_close(&client);
}

static void an_answer_at_the_head_closes_when_a_body_is_coming(void **state)
{
    struct client client = ask(POST("/no", "5", "hello") GET("/x"), NULL);

    (void)state;
    expect_in(&client, "HTTP/1.1 401 ");
    expect_in(&client, "Connection: close\r\n");
    assert_int_equal(count_of(&client, "HTTP/1.1"), 1);
    assert_true(client.has_end && !client.was_reset);
    client_close(&client);
}

static void an_answer_at_the_head_keeps_the_connection_without_a_body(void **state)
{
    struct client client = ask(GET("/no") GET("/query?y"), "\r\n\r\ny");

    (void)state;
    assert_int_equal(count_of(&client, "HTTP/1.1"), 2);
    client_close(&client);
}

static void an_endless_chunked_body_is_refused_at_the_limit(void **state)
{
    static char bytes[1 << 16];
    struct client client = client_open();
    size_t sent = 0;

    (void)state;
    client_send(&client, STR(CHUNKED("/echo")));
    for (size_t i = 0; i + 4 <= sizeof bytes; i += 6)
        memcpy(bytes + i, "1\r\nx\r\n", sizeof bytes - i < 6 ? sizeof bytes - i : 6);
    while (sent < (size_t)1 << 30 && !client.has_end && !client.was_reset) {
        ssize_t count = send(client.fd, bytes, sizeof bytes - 4, MSG_NOSIGNAL);

        sent += count > 0 ? (size_t)count : 0;
        turn(&client);
    }
    assert_in_range(sent, 1, 64 << 20);
    expect_in(&client, "HTTP/1.1 413 ");
    assert_false(client.was_reset);
    assert_int_equal(world.gones, 1);
    settle_down();
    pass_time(LINGER_US + 1);
    settle_down();
    assert_int_equal(http_server_connections(world.server), 0);
    client_close(&client);
}

/* --- refusals ----------------------------------------------------------------------- */

static void a_malformed_request_is_refused_and_closed(void **state)
{
    struct client client = ask("GET / HTTP/1.1\r\nHost : a\r\n\r\n" GET("/query?second"), NULL);

    (void)state;
    expect_in(&client, "HTTP/1.1 400 Bad Request\r\n");
    expect_in(&client, "X-Refused: yes\r\n");
    expect_in(&client, "Date: ");
    expect_in(&client, "Connection: close\r\n");
    assert_int_equal(count_of(&client, "HTTP/1.1"), 1);
    assert_true(client.has_end && !client.was_reset);
    assert_int_equal(world.heads, 0);
    client_close(&client);
}

static void the_connection_is_closed_after_a_bad_chunk(void **state)
{
    struct client client = ask(CHUNKED("/echo") "1\r\nxYY0\r\n\r\n" GET("/query?second"), NULL);

    (void)state;
    expect_in(&client, "HTTP/1.1 400 ");
    expect_not_in(&client, "second");
    assert_true(client.has_end);
    assert_int_equal(world.gones, 1);
    client_close(&client);
}

static void good_requests_before_a_bad_one_are_answered(void **state)
{
    struct client client = ask(GET("/query?one") GET("/query?two") "BAD\r\n\r\n", NULL);

    (void)state;
    expect_in(&client, "\r\n\r\none");
    expect_in(&client, "\r\n\r\ntwo");
    expect_in(&client, "HTTP/1.1 400 ");
    client_close(&client);
}

static void a_refused_client_that_goes_on_sending_reads_the_answer(void **state)
{
    static char junk[100000];
    struct client client = client_open();

    (void)state;
    memset(junk, 'x', sizeof junk);
    client_send(&client, STR("GET / HTTP/1.1\r\n\r\n"));
    settle_down();
    client_send(&client, (struct str){junk, sizeof junk});
    settle_down();
    client_wait_end(&client);
    expect_in(&client, "HTTP/1.1 400 ");
    assert_true(client.has_end && !client.was_reset);
    client_close(&client);
}

static void a_refused_client_that_stays_is_closed_after_a_while(void **state)
{
    struct client client = ask("GET / HTTP/1.1\r\n\r\n", NULL);

    (void)state;
    assert_int_equal(http_server_connections(world.server), 1);
    pass_time(LINGER_US - SECOND_US);
    assert_int_equal(http_server_connections(world.server), 1);
    pass_time(SECOND_US + 1000);
    assert_int_equal(http_server_connections(world.server), 0);
    client_close(&client);
}

/* --- pipelining ----------------------------------------------------------------------- */

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct client client = ask(
        POST("/echo", "1", "a") GET("/query?b") CHUNKED("/echo") "1\r\nc\r\n0\r\n\r\n" GET("/query?d"), "\r\n\r\nd");

    (void)state;
    assert_true(strstr(client.in.ptr, "\r\n\r\na") < strstr(client.in.ptr, "\r\n\r\nb"));
    assert_true(strstr(client.in.ptr, "\r\n\r\nb") < strstr(client.in.ptr, "\r\n\r\nc"));
    assert_true(strstr(client.in.ptr, "\r\n\r\nc") < strstr(client.in.ptr, "\r\n\r\nd"));
    client_close(&client);
}

static void answers_that_come_late_keep_their_order(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(GET("/hold") GET("/query?second") GET("/hold") GET("/query?fourth")));
    settle_down();
    assert_int_equal(world.bodies, 1);
    client_take(&client);
    assert_int_equal(client.in.len, 0);
    answer_held(0, STR("first"));
    client_wait(&client, "second");
    assert_int_equal(world.bodies, 3);
    answer_held(1, STR("third"));
    client_wait(&client, "fourth");
    assert_true(strstr(client.in.ptr, "first") < strstr(client.in.ptr, "second"));
    assert_true(strstr(client.in.ptr, "third") < strstr(client.in.ptr, "fourth"));
    client_close(&client);
}

static void a_thousand_requests_in_one_read_are_answered(void **state)
{
    struct client client = client_open();
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_puts(&text, GET("/query?x"));
    buf_puts(&text, GET("/query?last"));
    client_send(&client, buf_str(&text));
    client_wait(&client, "\r\n\r\nlast");
    assert_int_equal(count_of(&client, "HTTP/1.1 200 OK"), 1001);
    buf_deinit(&text);
    client_close(&client);
}

/* Sends the requests in `text` over and over until nobody takes more. Answers
 * how much of the latest `text` is out. */
static size_t send_until_full(struct client *client, struct str text)
{
    size_t part = 0;

    for (int quiet = 0; quiet < 50; quiet++) {
        ssize_t count = send(client->fd, text.ptr + part, text.len - part, MSG_NOSIGNAL);

        if (count > 0) {
            part = (part + (size_t)count) % text.len;
            quiet = 0;
        }
        step();
    }
    return part;
}

static void what_is_sent_behind_a_waiting_request_is_bounded(void **state)
{
    struct client client = client_open();
    struct connection *connection;
    struct buf text;
    size_t sent;

    (void)state;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 2000; i++)
        buf_puts(&text, GET("/query?x"));
    client_send(&client, STR(GET("/hold")));
    settle_down();
    sent = send_until_full(&client, buf_str(&text));
    connection = list_entry(world.server->connections.next, struct connection, link);
    assert_true(connection->is_paused);
    assert_true(connection->kept.len >= KEPT_BYTES_PAUSE && connection->kept.len <= READ_BYTES);
    answer_held(0, STR("first"));
    client_send(&client, str_from_at(buf_str(&text), sent));
    client_send(&client, STR(GET("/query?last")));
    client_wait(&client, "\r\n\r\nlast");
    expect_in(&client, "\r\n\r\nlast");
    assert_false(connection->is_paused);
    assert_null(connection->kept.ptr);
    buf_deinit(&text);
    client_close(&client);
}

/* As when two clients ask the same question: one lookup answers both. */
static void a_handler_can_answer_another_connection_too(void **state)
{
    struct client first = client_open();
    struct client second = client_open();

    (void)state;
    client_send(&first, STR(GET("/hold") GET("/query?x")));
    settle_down();
    client_send(&second, STR(GET("/query?before") GET("/release") GET("/query?behind")));
    client_wait(&second, "\r\n\r\nbehind");
    client_wait(&first, "\r\n\r\nx");
    expect_in(&first, "Content-Length: 8\r\n\r\nreleasedHTTP/1.1 200 OK\r\n");
    assert_int_equal(count_of(&second, "HTTP/1.1 200 OK"), 3);
    expect_not_in(&second, "released");
    client_close(&first);
    client_close(&second);
}

/* --- clients that leave ---------------------------------------------------------------- */

static void a_client_that_leaves_early_cancels_nothing(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(GET("/hold")));
    settle_down();
    assert_int_equal(world.held_count, 1);
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    client_close(&client);
    settle_down();
    assert_int_equal(http_server_connections(world.server), 0);
    assert_int_equal(world.gones, 0);
    assert_str_is(http_request_path(world.held[0]), "/hold");
    answer_held(0, STR("for nobody"));
}

static void a_client_that_only_ends_its_side_is_still_answered(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(GET("/hold") GET("/query?second")));
    shutdown(client.fd, SHUT_WR);
    settle_down();
    answer_held(0, STR("first"));
    client_wait_end(&client);
    expect_in(&client, "first");
    expect_in(&client, "second");
    settle_down();
    assert_int_equal(http_server_connections(world.server), 0);
    client_close(&client);
}

static void a_client_that_leaves_in_its_body_is_told_as_gone(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(POST("/echo", "5", "he")));
    settle_down();
    client_close(&client);
    settle_down();
    assert_int_equal(world.gones, 1);
    assert_int_equal(world.bodies, 0);
    assert_int_equal(http_server_connections(world.server), 0);
}

static void a_client_that_leaves_in_its_head_is_no_request(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR("GET / HT"));
    settle_down();
    client_close(&client);
    settle_down();
    assert_int_equal(world.heads + world.gones, 0);
    assert_int_equal(http_server_connections(world.server), 0);
}

/* --- time --------------------------------------------------------------------------------- */

static void an_idle_connection_is_closed_silently(void **state)
{
    struct client client = ask(GET("/query?x"), "\r\n\r\nx");

    (void)state;
    forget(&client);
    pass_time(59 * SECOND_US);
    assert_int_equal(http_server_connections(world.server), 1);
    pass_time(2 * SECOND_US);
    client_wait_end(&client);
    assert_true(client.has_end && client.in.len == 0);
    client_close(&client);
}

static void a_fresh_connection_that_says_nothing_is_closed_silently(void **state)
{
    struct client client = client_open();

    (void)state;
    settle_down();
    pass_time(61 * SECOND_US);
    client_wait_end(&client);
    assert_true(client.has_end && client.in.len == 0);
    client_close(&client);
}

/* One byte a second does not move the deadline: it counts from the first. */
static void a_slow_head_is_a_timeout(void **state)
{
    struct client client = client_open();

    (void)state;
    for (int second = 0; second < 12; second++) {
        client_send(&client, STR("G"));
        settle_down();
        pass_time(SECOND_US);
    }
    client_wait_end(&client);
    expect_in(&client, "HTTP/1.1 408 Request Timeout\r\n");
    expect_in(&client, "Connection: close\r\n");
    client_close(&client);
}

static void a_slow_body_is_a_timeout(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(POST("/echo", "5", "h")));
    settle_down();
    pass_time(11 * SECOND_US);
    client_wait_end(&client);
    expect_in(&client, "HTTP/1.1 408 ");
    assert_int_equal(world.gones, 1);
    client_close(&client);
}

static void an_answer_may_take_longer_than_the_request(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(GET("/hold")));
    settle_down();
    pass_time(100 * SECOND_US);
    answer_held(0, STR("at last"));
    client_wait(&client, "at last");
    expect_in(&client, "at last");
    pass_time(59 * SECOND_US);
    assert_int_equal(http_server_connections(world.server), 1);
    client_close(&client);
}

static void empty_lines_do_not_begin_a_request(void **state)
{
    struct client client = ask(GET("/query?x") "\r\n", "\r\n\r\nx");

    (void)state;
    forget(&client);
    pass_time(20 * SECOND_US);
    assert_int_equal(http_server_connections(world.server), 1);
    client_send(&client, STR(GET("/query?y")));
    client_wait(&client, "\r\n\r\ny");
    expect_in(&client, "HTTP/1.1 200 OK");
    client_close(&client);
}

static void a_large_answer_arrives_whole(void **state)
{
    struct client client = ask(GET("/big") GET("/query?behind"), "behind");

    (void)state;
    assert_in_range(client.in.len, BIG_BYTES + 100, BIG_BYTES + 1000);
    client_close(&client);
}

static void a_client_that_does_not_read_is_dropped(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(GET("/big")));
    settle_down();
    pass_time(19 * SECOND_US);
    assert_int_equal(http_server_connections(world.server), 1);
    pass_time(2 * SECOND_US);
    assert_int_equal(http_server_connections(world.server), 0);
    client_close(&client);
}

static void a_client_that_does_not_read_gets_no_further_requests_worked_on(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, STR(GET("/big") GET("/hold") GET("/hold")));
    settle_down();
    assert_int_equal(world.bodies, 1);
    client_close(&client);
}

/* --- many connections -------------------------------------------------------------------- */

static void a_connection_too_many_is_told_to_retry(void **state)
{
    struct client clients[CONNECTIONS_MAX + 1];

    (void)state;
    for (size_t i = 0; i <= CONNECTIONS_MAX; i++) {
        clients[i] = client_open();
        settle_down();
    }
    client_wait_end(&clients[CONNECTIONS_MAX]);
    expect_in(&clients[CONNECTIONS_MAX], "HTTP/1.1 503 Service Unavailable\r\n");
    expect_in(&clients[CONNECTIONS_MAX], "Retry-After: 1\r\n");
    expect_in(&clients[CONNECTIONS_MAX], "Connection: close\r\n");
    client_send(&clients[0], STR(GET("/query?x")));
    client_wait(&clients[0], "\r\n\r\nx");
    expect_in(&clients[0], "HTTP/1.1 200 OK");
    for (size_t i = 0; i <= CONNECTIONS_MAX; i++)
        client_close(&clients[i]);
    settle_down();
    assert_int_equal(http_server_connections(world.server), 0);
}

static void running_out_of_descriptors_does_not_stop_the_server(void **state)
{
    struct rlimit old, tight;
    struct client client = client_open(), late;
    int spare = dup(0);

    (void)state;
    settle_down();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    tight = old;
    tight.rlim_cur = (rlim_t)spare + 1;
    close(spare);
    late.fd = socket(AF_INET, SOCK_STREAM, 0);
    close(late.fd);
    late = client_open();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    settle_down();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    client_send(&client, STR(GET("/query?x")));
    client_wait(&client, "\r\n\r\nx");
    expect_in(&client, "HTTP/1.1 200 OK");
    client_close(&late);
    late = ask(GET("/query?y"), "\r\n\r\ny");
    expect_in(&late, "HTTP/1.1 200 OK");
    client_close(&late);
    client_close(&client);
}

static void an_address_in_use_is_an_error_with_a_reason(void **state)
{
    struct http_server *other = NULL;
    struct err_detail detail;

    (void)state;
    assert_int_equal(
        http_server_open(&world.loop, &world.handler, &default_limits, "127.0.0.1", server_port(), &other, &detail),
        ERR_IO);
    assert_non_null(strstr(detail.text, "address already in use"));
    assert_null(other);
    assert_int_equal(http_server_open(&world.loop, &world.handler, &default_limits, "localhost", 0, &other, &detail),
                     ERR_IO);
}

/* --- stopping --------------------------------------------------------------------------------- */

static void stopping_closes_idle_connections_and_answers_the_others(void **state)
{
    struct client idle = ask(GET("/query?x"), "\r\n\r\nx");
    struct client waiting = client_open();

    (void)state;
    client_send(&waiting, STR(GET("/hold") GET("/query?behind")));
    settle_down();
    http_server_stop(world.server, 10 * SECOND_US, note_drained, &world.drained);
    assert_int_equal(world.drained, 0);
    client_wait_end(&idle);
    assert_true(idle.has_end);
    assert_int_equal(world.drained, 0);
    answer_held(0, STR("the last"));
    client_wait_end(&waiting);
    expect_in(&waiting, "Connection: close\r\n\r\nthe last");
    expect_not_in(&waiting, "behind");
    client_close(&waiting);
    settle_down();
    assert_int_equal(world.drained, 1);
    client_close(&idle);
}

static void stopping_ends_with_the_grace(void **state)
{
    struct client waiting = client_open();

    (void)state;
    client_send(&waiting, STR(GET("/hold")));
    settle_down();
    http_server_stop(world.server, 10 * SECOND_US, note_drained, &world.drained);
    pass_time(9 * SECOND_US);
    assert_int_equal(world.drained, 0);
    pass_time(2 * SECOND_US);
    settle_down();
    assert_int_equal(world.drained, 1);
    client_close(&waiting);
}

/* --- faults ------------------------------------------------------------------------------------ */

/* Several clients, several shapes of request; whatever fails, the server lives,
 * every request it told of is ended, and it can be stopped. */
static void live_through(const char *fault)
{
    struct client clients[3];

    setenv("UNSTUCK_FAULT", fault, 1);
    fault_arm();
    for (size_t i = 0; i < LEN(clients); i++) {
        clients[i] = client_open();
        client_send(&clients[i], STR(POST("/echo", "1", "x") GET("/hold") POST("/echo", "9", "x")));
        settle_down();
    }
    for (size_t i = 0; i < world.held_count; i++)
        answer_held(i, STR("held"));
    for (size_t i = 0; i < LEN(clients); i++) {
        client_send(&clients[i], STR("xxx"));
        settle_down();
        client_close(&clients[i]);
        settle_down();
    }
    check(http_server_connections(world.server) == 0);
    check(world.heads == world.bodies + world.gones);
    check(list_is_empty(&world.server->orphans));
    close_world(NULL);
}

static void a_failing_accept_read_or_write_ends_one_connection_only(void **state)
{
    (void)state;
    for (int nth = 1; nth <= 20; nth++) {
        char fault[32];
        int status;
        pid_t child;

        snprintf(fault, sizeof fault, "fail:socket:%d", nth);
        child = fork();
        if (child == 0) {
            open_with(&default_limits);
            live_through(fault);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

/* --- memory ------------------------------------------------------------------------------------ */

static void an_idle_connection_keeps_no_buffers(void **state)
{
    struct client client = ask(GET("/query?x"), "\r\n\r\nx");
    struct connection *connection = list_entry(world.server->connections.next, struct connection, link);

    (void)state;
    assert_null(connection->request);
    assert_null(connection->kept.ptr);
    assert_in_range(sizeof *connection, 248, 700);
    client_close(&client);
}

/* Without the handler's own. The sanitizer cannot say what malloc adds: 16 bytes each. */
static void a_waiting_request_takes_less_than_3_kib(void **state)
{
    struct client client = client_open();
    struct http_request *request;

    (void)state;
    client_send(&client, STR("POST /hold HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
                             "Authorization: Bearer uk_live_0123456789abcdefghijklmnopqrstuvwxyz\r\n"
                             "Content-Type: application/json\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-"
                             "b7ad6b7169203331-01\r\nContent-Length: 56\r\n\r\n"
                             "{\"email\":\"ada.lovelace@example.com\",\"first_name\":\"Ada\"}."));
    settle_down();
    assert_int_equal(world.held_count, 1);
    request = world.held[0];
    assert_in_range(sizeof *request->connection + sizeof *request + request->parser.head.capacity +
                        request->parser.body.capacity + 4 * 16,
                    1000, 3072);
    client_close(&client);
}

static void a_pooled_request_gives_large_buffers_back(void **state)
{
    static char body[BODY_MAX];
    struct client client = client_open();
    struct http_request *request;

    (void)state;
    memset(body, 'x', sizeof body);
    client_send(&client, STR("POST /close HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n"));
    client_send(&client, (struct str){body, sizeof body});
    client_wait_end(&client);
    expect_in(&client, "closing");
    request = list_entry(world.server->pool.next, struct http_request, link);
    assert_int_equal(request->parser.body.capacity, 0);
    client_close(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

static void map_clock_file(void)
{
    static char path[] = "/tmp/unstuck_clock_XXXXXX";
    int fd = mkstemp(path);

    check(fd >= 0 && ftruncate(fd, sizeof(int64_t)) == 0);
    world.clock_offset_us = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(world.clock_offset_us != MAP_FAILED);
    check(setenv("UNSTUCK_CLOCK_FILE", path, 1) == 0);
    clock_steady_us(); /* opens it */
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_post_is_answered_and_the_connection_lives),
        TEST(the_date_is_the_walls_clock_second),
        TEST(a_request_byte_by_byte_is_answered),
        TEST(head_is_answered_like_get_without_the_body),
        TEST(a_204_has_neither_length_nor_body),
        TEST(http_1_0_closes_unless_asked_to_stay),
        TEST(connection_close_is_honoured),
        TEST(nothing_behind_a_closing_request_is_answered),
        TEST(the_handler_can_close),
        TEST(an_upgrade_is_answered_as_http_1_1),
        TEST(continue_is_sent_when_the_body_is_wanted),
        TEST(continue_is_not_sent_to_a_client_that_did_not_wait),
        TEST(continue_is_not_sent_when_the_answer_is_there_already),
        TEST(continue_is_not_sent_for_a_body_that_is_too_large),
        TEST(http_1_0_gets_no_continue),
        TEST(another_expectation_is_refused),
        TEST(an_answer_at_the_head_closes_when_a_body_is_coming),
        TEST(an_answer_at_the_head_keeps_the_connection_without_a_body),
        TEST(an_endless_chunked_body_is_refused_at_the_limit),
        TEST(a_malformed_request_is_refused_and_closed),
        TEST(the_connection_is_closed_after_a_bad_chunk),
        TEST(good_requests_before_a_bad_one_are_answered),
        TEST(a_refused_client_that_goes_on_sending_reads_the_answer),
        TEST(a_refused_client_that_stays_is_closed_after_a_while),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(answers_that_come_late_keep_their_order),
        TEST(a_thousand_requests_in_one_read_are_answered),
        TEST(a_handler_can_answer_another_connection_too),
        TEST(what_is_sent_behind_a_waiting_request_is_bounded),
        TEST(a_client_that_leaves_early_cancels_nothing),
        TEST(a_client_that_only_ends_its_side_is_still_answered),
        TEST(a_client_that_leaves_in_its_body_is_told_as_gone),
        TEST(a_client_that_leaves_in_its_head_is_no_request),
        TEST(an_idle_connection_is_closed_silently),
        TEST(a_fresh_connection_that_says_nothing_is_closed_silently),
        TEST(a_slow_head_is_a_timeout),
        TEST(a_slow_body_is_a_timeout),
        TEST(an_answer_may_take_longer_than_the_request),
        TEST(empty_lines_do_not_begin_a_request),
        TEST(a_large_answer_arrives_whole),
        TEST(a_client_that_does_not_read_is_dropped),
        TEST(a_client_that_does_not_read_gets_no_further_requests_worked_on),
        TEST(a_connection_too_many_is_told_to_retry),
        TEST(running_out_of_descriptors_does_not_stop_the_server),
        TEST(an_address_in_use_is_an_error_with_a_reason),
        TEST(stopping_closes_idle_connections_and_answers_the_others),
        TEST(stopping_ends_with_the_grace),
        cmocka_unit_test(a_failing_accept_read_or_write_ends_one_connection_only),
        TEST(an_idle_connection_keeps_no_buffers),
        TEST(a_waiting_request_takes_less_than_3_kib),
        TEST(a_pooled_request_gives_large_buffers_back),
    };
    int failed;

    map_clock_file();
    world.big = mem_new(BIG_BYTES);
    memset(world.big, 'b', BIG_BYTES);
    failed = cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
    mem_free(world.big);
    return failed;
}
