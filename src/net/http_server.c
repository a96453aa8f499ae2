/* One connection is a small machine (enum connection_state); one request at a
 * time goes through it. What makes it cheap:
 *   - one read buffer for all connections: libuv fills it and we take it to
 *     pieces before it is filled again;
 *   - requests come from a pool and go back with their buffers, so an idle
 *     connection is little more than its uv handle;
 *   - answers given while a read is worked on are gathered in one buffer and
 *     written with one system call; only what the socket does not take at once
 *     gets memory of its own;
 *   - no timers: one janitor looks at all connections now and then. */
#include "net/http_server.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_answer.h"
#include "net/http_parser.h"

#include <stdio.h>
#include <sys/socket.h>

enum {
    READ_BYTES = 64 * 1024,
    KEPT_BYTES_PAUSE = 16 * 1024,   /* reading pauses with this much waiting behind a request */
    GATHERED_BYTES_MAX = 64 * 1024, /* answers are written when this much is gathered */
    OUT_BYTES_KEPT = 256 * 1024,    /* a gathering buffer may stay this large */
    RESPONSE_BYTES_MAX = 1 << 30,
    POOLED_BYTES_MAX = 4096, /* a pooled request's buffers may stay this large */
    POOLED_REQUESTS_MAX = 256,
    SURPLUS_CONNECTIONS_MAX = 64,  /* that hear a 503; further ones are only closed */
    LINGER_BYTES_MAX = 256 * 1024, /* read and dropped before a refused client must wait */
    BACKLOG = 1024
};

#define LINGER_US (2 * SECOND_US)
#define SWEEP_US (500 * MS_US)

enum connection_state {
    CONN_READING,   /* between requests, or one is coming in */
    CONN_ANSWERING, /* the handler has a request */
    CONN_LAST,      /* the last answer is given; it may have to be written yet */
    CONN_LINGERING, /* our side is shut; what still comes is dropped, so that the client can read our answer */
    CONN_CLOSED     /* its handle is closing */
};

struct connection {
    uv_tcp_t tcp;
    struct http_server *server;
    struct list link;             /* in server->connections, until its handle is closed */
    struct list ready;            /* in server->ready while `kept` is to be worked on */
    struct http_request *request; /* coming in, or with the handler; NULL between requests */
    struct buf kept;              /* bytes behind the request that is being answered */
    int64_t since_us;             /* of the wait the janitor measures: idle, receiving, lingering */
    int64_t write_since_us;       /* the oldest write that waits for the client */
    uint32_t writes;              /* writes that wait for the client */
    uint32_t dropped_bytes;       /* while lingering */
    enum connection_state state;
    bool is_paused;  /* not reading: too much is kept */
    bool has_ended;  /* the client will send nothing more */
    bool has_unread; /* the client's bytes beyond the last request: linger */
};

/* Where a request is between the pool and http_respond. */
enum request_stage {
    REQUEST_COMING,  /* the handler has not heard of it */
    REQUEST_AT_HEAD, /* on_head is running */
    REQUEST_WANTED,  /* its body is coming in */
    REQUEST_AT_BODY  /* the handler owes an answer */
};

struct http_request {
    struct http_server *server;    /* NULL: the server was freed */
    struct connection *connection; /* NULL: the client has left */
    struct list link;              /* in server->pool, or server->orphans without a client */
    enum request_stage stage;
    size_t body_bytes_max;
    struct http_parser parser;
    _Alignas(max_align_t) char extra[];
};

/* An answer's rest that the socket did not take at once. */
struct rest {
    uv_write_t uv;
    struct connection *connection;
    char bytes[];
};

struct http_server {
    struct loop *loop;
    struct http_handler *handler;
    struct http_limits limits;
    uv_tcp_t listener;
    struct loop_timer janitor;
    struct list connections;
    size_t connection_count;
    struct list ready; /* connections whose kept bytes can be worked on */
    struct later work_on_ready;
    struct list pool; /* requests to use again */
    size_t pool_count;
    struct list orphans;           /* requests the handler has and nobody waits for */
    struct connection *working_on; /* its read is being worked on: answers are gathered in `gathered` */
    struct buf gathered;
    struct buf aside; /* one answer to any other connection */
    int64_t now_us;   /* steady, of the latest event */
    int64_t accept_warned_us;
    struct http_date date;
    char address[64];
    bool is_stopping;
    bool is_listener_closed;
    bool is_janitor_on;
    int64_t abort_at_us; /* while stopping */
    void (*drained)(void *ctx);
    void *drained_ctx;
    char read_bytes[READ_BYTES];
};

static void on_connection(uv_stream_t *listener, int status);
static void on_read_memory(uv_handle_t *handle, size_t wanted, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);
static void work(struct connection *connection, struct str bytes);
static void sweep_later(struct loop_timer *janitor);
static void work_on_ready(struct later *later);
static void settle(struct connection *connection);
static void drop(struct connection *connection);

/* --- requests and their pool ----------------------------------------------- */

static struct http_request *request_take(struct http_server *server)
{
    struct list *link = list_take(&server->pool);
    struct http_request *request;

    if (link != NULL) {
        server->pool_count--;
        return list_entry(link, struct http_request, link);
    }
    request = mem_new(sizeof *request + server->handler->extra_bytes);
    request->server = server;
    list_init(&request->link);
    http_parser_init(&request->parser, server->limits.header_bytes_max);
    return request;
}

static void request_free(struct http_request *request)
{
    http_parser_deinit(&request->parser);
    mem_free(request);
}

static void request_give_back(struct http_request *request)
{
    struct http_server *server = request->server;

    list_remove(&request->link);
    if (server == NULL || server->pool_count >= POOLED_REQUESTS_MAX) {
        request_free(request);
        return;
    }
    http_parser_reset(&request->parser, POOLED_BYTES_MAX);
    request->stage = REQUEST_COMING;
    request->connection = NULL;
    memset(request->extra, 0, server->handler->extra_bytes);
    list_append(&server->pool, &request->link);
    server->pool_count++;
}

/* The connection has no use for its request any more. */
static void abandon_request(struct connection *connection)
{
    struct http_request *request = connection->request;
    struct http_server *server = connection->server;

    connection->request = NULL;
    if (request == NULL)
        return;
    if (request->stage == REQUEST_AT_BODY) {
        request->connection = NULL;
        list_append(&server->orphans, &request->link);
        return;
    }
    if (request->stage == REQUEST_WANTED)
        server->handler->on_gone(server->handler, request);
    request_give_back(request);
}

/* --- the life of a connection ------------------------------------------------ */

static void start_janitor(struct http_server *server)
{
    if (server->is_janitor_on)
        return;
    server->is_janitor_on = true;
    loop_timer_start(&server->janitor, SWEEP_US);
}

static struct connection *connection_new(struct http_server *server)
{
    struct connection *connection = mem_new(sizeof *connection);

    check(uv_tcp_init(&server->loop->uv, &connection->tcp) == 0);
    connection->server = server;
    connection->since_us = server->now_us;
    list_init(&connection->ready);
    buf_init(&connection->kept, READ_BYTES);
    list_append(&server->connections, &connection->link);
    server->connection_count++;
    start_janitor(server);
    return connection;
}

static void on_janitor_closed(struct loop_timer *janitor)
{
    struct http_server *server = container_of(janitor, struct http_server, janitor);

    server->drained(server->drained_ctx);
}

static void close_when_drained(struct http_server *server)
{
    if (!server->is_stopping || !server->is_listener_closed || server->connection_count > 0)
        return;
    loop_later_cancel(server->loop, &server->work_on_ready);
    loop_timer_close(&server->janitor, on_janitor_closed);
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = container_of(handle, struct connection, tcp);
    struct http_server *server = connection->server;

    list_remove(&connection->link);
    buf_deinit(&connection->kept);
    mem_free(connection);
    server->connection_count--;
    close_when_drained(server);
}

/* At once: the client is gone, or has to go. */
static void drop(struct connection *connection)
{
    if (connection->state == CONN_CLOSED)
        return;
    connection->state = CONN_CLOSED;
    list_remove(&connection->ready);
    abandon_request(connection);
    uv_close((uv_handle_t *)&connection->tcp, on_connection_closed);
}

/* Closing with unread bytes would reset the connection, and the reset could
 * overtake our answer. So: say that we are done, and let the client find out. */
static void linger(struct connection *connection)
{
    uv_os_fd_t fd;

    if (uv_fileno((uv_handle_t *)&connection->tcp, &fd) != 0 || shutdown(fd, SHUT_WR) != 0) {
        drop(connection);
        return;
    }
    connection->state = CONN_LINGERING;
    connection->since_us = clock_steady_us();
    buf_deinit(&connection->kept);
    if (connection->is_paused)
        uv_read_start((uv_stream_t *)&connection->tcp, on_read_memory, on_read);
    connection->is_paused = false;
}

static void drop_what_comes(struct connection *connection, size_t bytes)
{
    connection->dropped_bytes += (uint32_t)bytes;
    if (connection->dropped_bytes > LINGER_BYTES_MAX)
        uv_read_stop((uv_stream_t *)&connection->tcp); /* until the janitor comes by */
}

static bool is_between_requests(const struct connection *connection)
{
    return connection->state == CONN_READING && connection->kept.len == 0 &&
           (connection->request == NULL || !http_parser_has_begun(&connection->request->parser));
}

/* Goes on after an answer, as far as its bytes are with the client. */
static void settle(struct connection *connection)
{
    struct http_server *server = connection->server;

    if (connection->writes > 0)
        return;
    if (connection->state == CONN_LAST) {
        if ((connection->has_unread || connection->kept.len > 0) && !connection->has_ended)
            linger(connection);
        else
            drop(connection);
    } else if (connection->state == CONN_READING) {
        if (connection->kept.len > 0) {
            if (list_is_empty(&server->ready) && list_is_empty(&server->work_on_ready.link))
                loop_later(server->loop, &server->work_on_ready);
            if (list_is_empty(&connection->ready))
                list_append(&server->ready, &connection->ready);
        } else if (connection->has_ended || (server->is_stopping && is_between_requests(connection))) {
            drop(connection);
        }
    }
}

/* --- writing ------------------------------------------------------------------ */

static void on_written(uv_write_t *uv, int status)
{
    struct rest *rest = container_of(uv, struct rest, uv);
    struct connection *connection = rest->connection;

    mem_free(rest);
    connection->writes--;
    connection->write_since_us = clock_steady_us();
    if (connection->state == CONN_CLOSED)
        return;
    if (status < 0)
        drop(connection);
    else
        settle(connection);
}

static int write_rest(struct connection *connection, struct str bytes)
{
    struct rest *rest = mem_new(sizeof *rest + bytes.len);
    uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)bytes.len);
    int status;

    rest->connection = connection;
    memcpy(rest->bytes, bytes.ptr, bytes.len);
    status = uv_write(&rest->uv, (uv_stream_t *)&connection->tcp, &buf, 1, on_written);
    if (status < 0) {
        mem_free(rest);
        return status;
    }
    if (connection->writes++ == 0)
        connection->write_since_us = clock_steady_us();
    return 0;
}

static int write_bytes(struct connection *connection, struct str bytes)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
    int count = fault_fails("socket") ? UV_EPIPE : uv_try_write((uv_stream_t *)&connection->tcp, &buf, 1);

    if (count == UV_EAGAIN)
        count = 0;
    if (count < 0)
        return count;
    return (size_t)count == bytes.len ? 0 : write_rest(connection, str_from_at(bytes, (size_t)count));
}

/* Writes what is in `out` and empties it. May drop the connection. */
static void flush(struct connection *connection, struct buf *out)
{
    if (out->len == 0)
        return;
    if (connection->state != CONN_CLOSED && write_bytes(connection, buf_str(out)) != 0)
        drop(connection);
    if (out->capacity > OUT_BYTES_KEPT)
        buf_deinit(out);
    else
        buf_clear(out);
}

/* --- answers ------------------------------------------------------------------ */

/* Answers during a read are written when it is worked through. */
static void put_and_flush(struct connection *connection, const struct http_response *response,
                          const struct http_parser *parser, bool closes)
{
    struct http_server *server = connection->server;
    bool is_gathering = server->working_on == connection;
    struct buf *out = is_gathering ? &server->gathered : &server->aside;

    http_answer_put(out, response, &server->date, parser, closes);
    if (is_gathering)
        return;
    flush(connection, out);
}

void http_respond(struct http_request *request, const struct http_response *response)
{
    struct connection *connection = request->connection;
    bool has_unread, closes;

    check(request->stage == REQUEST_AT_HEAD || request->stage == REQUEST_AT_BODY);
    if (connection == NULL) {
        request_give_back(request);
        return;
    }
    check(connection->request == request && connection->state == CONN_ANSWERING);
    has_unread = request->stage == REQUEST_AT_HEAD && request->parser.has_body;
    closes = response->close || has_unread || !request->parser.keeps_alive || connection->server->is_stopping;
    connection->has_unread |= has_unread;
    connection->state = closes ? CONN_LAST : CONN_READING;
    connection->request = NULL;
    put_and_flush(connection, response, &request->parser, closes);
    request_give_back(request);
    if (connection->server->working_on == connection) {
        connection->since_us = connection->server->now_us;
        return; /* work() goes on */
    }
    connection->since_us = clock_steady_us();
    settle(connection);
}

static bool has_retry_after(struct str headers)
{
    while (headers.len > 0) {
        if (str_starts_nocase(headers, STR("Retry-After:")))
            return true;
        str_cut(&headers, '\n');
    }
    return false;
}

static bool is_head_in(const struct http_request *request)
{
    return request->stage != REQUEST_COMING || request->parser.phase == HTTP_AT_DECISION;
}

/* The server's own answer, and the last one: `request` may be NULL. */
static void refuse(struct connection *connection, enum err err, const char *why)
{
    struct http_server *server = connection->server;
    struct http_request *request = connection->request;
    bool has_head = request != NULL && is_head_in(request);
    struct http_response response = {.status = err_status(err)};
    struct buf headers;

    server->handler->refuse(server->handler, has_head ? request : NULL, err, why, &response);
    buf_init(&headers, READ_BYTES);
    if (err == ERR_OVERLOADED && !has_retry_after(response.headers)) {
        buf_put(&headers, response.headers);
        buf_puts(&headers, "Retry-After: 1\r\n");
        response.headers = buf_str(&headers);
    }
    connection->state = CONN_LAST;
    connection->has_unread = true;
    put_and_flush(connection, &response, has_head ? &request->parser : NULL, true);
    buf_deinit(&headers);
    abandon_request(connection);
}

/* --- requests as they come in ----------------------------------------------- */

static void give_body(struct connection *connection)
{
    struct http_handler *handler = connection->server->handler;

    connection->state = CONN_ANSWERING;
    connection->request->stage = REQUEST_AT_BODY;
    handler->on_body(handler, connection->request);
}

/* Only to a client that really waits (RFC 9110 10.1.1). */
static void want_body(struct connection *connection, bool has_more_bytes)
{
    struct http_request *request = connection->request;
    enum http_parse result = http_parser_want_body(&request->parser, request->body_bytes_max);

    if (result == HTTP_PARSE_WHOLE)
        give_body(connection);
    else if (result == HTTP_PARSE_REFUSED)
        refuse(connection, request->parser.err, request->parser.why);
    else if (request->parser.expects_continue && !has_more_bytes)
        buf_puts(&connection->server->gathered, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void give_head(struct connection *connection, bool has_more_bytes)
{
    struct http_request *request = connection->request;
    struct http_handler *handler = connection->server->handler;

    if (request->parser.has_unknown_expectation) {
        refuse(connection, ERR_EXPECTATION, "The one expectation this server meets is 100-continue.");
        return;
    }
    request->stage = REQUEST_AT_HEAD;
    connection->state = CONN_ANSWERING;
    handler->on_head(handler, request);
    if (connection->request == NULL)
        return; /* answered */
    check(request->stage == REQUEST_WANTED);
    connection->state = CONN_READING;
    want_body(connection, has_more_bytes);
}

static void work_on_request(struct connection *connection, struct str *bytes)
{
    if (connection->request == NULL) {
        connection->request = request_take(connection->server);
        connection->request->connection = connection;
        connection->since_us = connection->server->now_us;
    }
    switch (http_parser_feed(&connection->request->parser, bytes)) {
    case HTTP_PARSE_MORE:
        break;
    case HTTP_PARSE_HEAD:
        give_head(connection, bytes->len > 0);
        break;
    case HTTP_PARSE_WHOLE:
        give_body(connection);
        break;
    case HTTP_PARSE_REFUSED:
        refuse(connection, connection->request->parser.err, connection->request->parser.why);
        break;
    }
}

/* Keeps what comes behind the request that is being answered. */
static void keep(struct connection *connection, struct str bytes)
{
    buf_put(&connection->kept, bytes);
    check(!connection->kept.is_overflown);
    if (connection->kept.len < KEPT_BYTES_PAUSE || connection->is_paused)
        return;
    uv_read_stop((uv_stream_t *)&connection->tcp);
    connection->is_paused = true;
}

/* Takes bytes to pieces until they or the turn of this connection end. */
static void work(struct connection *connection, struct str bytes)
{
    struct http_server *server = connection->server;

    check(server->working_on == NULL && connection->kept.len == 0);
    server->working_on = connection;
    while (bytes.len > 0 && connection->state == CONN_READING && connection->writes == 0) {
        work_on_request(connection, &bytes);
        if (server->gathered.len > GATHERED_BYTES_MAX)
            flush(connection, &server->gathered);
    }
    server->working_on = NULL;
    if (connection->state == CONN_LAST)
        connection->has_unread |= bytes.len > 0;
    else if (connection->state != CONN_CLOSED && bytes.len > 0)
        keep(connection, bytes);
    flush(connection, &server->gathered);
    settle(connection);
}

/* Called from the loop for connections whose answer is out and who had sent more meanwhile. */
static void work_on_kept(struct connection *connection)
{
    struct buf kept = connection->kept;

    buf_init(&connection->kept, READ_BYTES);
    work(connection, buf_str(&kept));
    buf_deinit(&kept);
    if (connection->state == CONN_CLOSED || !connection->is_paused || connection->kept.len >= KEPT_BYTES_PAUSE)
        return;
    connection->is_paused = false;
    if (!connection->has_ended)
        uv_read_start((uv_stream_t *)&connection->tcp, on_read_memory, on_read);
}

static void work_on_ready(struct later *later)
{
    struct http_server *server = container_of(later, struct http_server, work_on_ready);
    struct list due;
    struct list *link;

    list_init(&due);
    list_move_all(&due, &server->ready);
    server->now_us = clock_steady_us();
    while ((link = list_take(&due)) != NULL)
        work_on_kept(list_entry(link, struct connection, ready));
}

/* --- events ------------------------------------------------------------------- */

static void on_read_memory(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct connection *connection = container_of(handle, struct connection, tcp);

    (void)wanted;
    *out = uv_buf_init(connection->server->read_bytes, (unsigned)(READ_BYTES - connection->kept.len));
}

/* The client will send nothing more; it may still wait for answers. */
static void take_end(struct connection *connection)
{
    connection->has_ended = true;
    if (connection->state == CONN_READING && connection->kept.len == 0 && connection->writes == 0)
        drop(connection);
    else if (connection->state == CONN_LINGERING)
        drop(connection);
}

static void take_bytes(struct connection *connection, struct str bytes)
{
    if (connection->state == CONN_LINGERING)
        drop_what_comes(connection, bytes.len);
    else if (connection->state == CONN_LAST)
        connection->has_unread = true;
    else if (connection->state == CONN_ANSWERING || connection->writes > 0 || connection->kept.len > 0)
        keep(connection, bytes);
    else
        work(connection, bytes);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct connection *connection = container_of(stream, struct connection, tcp);

    if (count == 0)
        return;
    if (fault_fails("socket"))
        count = UV_ECONNRESET;
    connection->server->now_us = clock_steady_us();
    if (count == UV_EOF)
        take_end(connection);
    else if (count < 0)
        drop(connection);
    else
        take_bytes(connection, (struct str){buf->base, (size_t)count});
}

static void warn_of_accept(struct http_server *server, int status)
{
    if (server->accept_warned_us != 0 && server->now_us - server->accept_warned_us < SECOND_US)
        return;
    server->accept_warned_us = server->now_us;
    log_write(LOG_WARN, "accept failed", log_text("why", uv_strerror(status)), LOG_END);
}

/* libuv itself gets rid of clients when descriptors run out (it keeps one in
 * reserve), so a failed accept needs no care beyond a line in the log, once a second. */
static void on_connection(uv_stream_t *listener, int status)
{
    struct http_server *server = container_of(listener, struct http_server, listener);
    struct connection *connection;

    server->now_us = clock_steady_us();
    if (status < 0) {
        warn_of_accept(server, status);
        return;
    }
    connection = connection_new(server);
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0 || fault_fails("socket") ||
        server->connection_count > server->limits.connections_max + SURPLUS_CONNECTIONS_MAX ||
        uv_read_start((uv_stream_t *)&connection->tcp, on_read_memory, on_read) != 0) {
        drop(connection);
        return;
    }
    if (server->connection_count > server->limits.connections_max) {
        refuse(connection, ERR_OVERLOADED, "The server has as many connections as it takes.");
        settle(connection);
    }
}

/* --- the janitor -------------------------------------------------------------- */

static void refuse_late(struct connection *connection)
{
    refuse(connection, ERR_REQUEST_TIMEOUT, "The request did not arrive whole in the time allowed.");
    settle(connection);
}

static void sweep_connection(struct connection *connection, int64_t now_us)
{
    const struct http_limits *limits = &connection->server->limits;
    int64_t waited_us = now_us - connection->since_us;

    if (connection->state == CONN_CLOSED)
        return;
    if (connection->writes > 0) {
        if (now_us - connection->write_since_us > limits->write_us_max)
            drop(connection);
    } else if (is_between_requests(connection)) {
        if (waited_us > limits->idle_us_max)
            drop(connection);
    } else if (connection->state == CONN_READING && connection->kept.len == 0) {
        if (waited_us > limits->request_us_max)
            refuse_late(connection);
    } else if (connection->state == CONN_LINGERING) {
        if (waited_us > LINGER_US)
            drop(connection);
    }
}

static void sweep(struct http_server *server)
{
    bool is_out_of_grace;

    server->now_us = clock_steady_us();
    is_out_of_grace = server->is_stopping && server->now_us >= server->abort_at_us;
    list_each(link, following, &server->connections)
    {
        struct connection *connection = list_entry(link, struct connection, link);

        if (is_out_of_grace)
            drop(connection);
        else
            sweep_connection(connection, server->now_us);
    }
}

/* While stopping, in time for the end of the grace. */
static int64_t next_sweep_us(const struct http_server *server)
{
    int64_t left_us = server->abort_at_us - server->now_us;

    return server->is_stopping && left_us > 0 && left_us < SWEEP_US ? left_us : SWEEP_US;
}

static void sweep_later(struct loop_timer *janitor)
{
    struct http_server *server = container_of(janitor, struct http_server, janitor);

    sweep(server);
    if (server->connection_count > 0)
        loop_timer_start(janitor, next_sweep_us(server));
    else
        server->is_janitor_on = false;
}

/* --- opening and stopping ------------------------------------------------------ */

static int parse_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    if (strchr(text, ':') != NULL)
        return uv_ip6_addr(text, port, (struct sockaddr_in6 *)out);
    return uv_ip4_addr(text, port, (struct sockaddr_in *)out);
}

static void name_address(struct http_server *server)
{
    struct sockaddr_storage bound;
    int len = sizeof bound;
    bool is_ip6;
    char ip[INET6_ADDRSTRLEN];

    check(uv_tcp_getsockname(&server->listener, (struct sockaddr *)&bound, &len) == 0);
    is_ip6 = bound.ss_family == AF_INET6;
    check(uv_ip_name((struct sockaddr *)&bound, ip, sizeof ip) == 0);
    snprintf(server->address, sizeof server->address, is_ip6 ? "[%s]:%u" : "%s:%u", ip,
             (unsigned)ntohs(is_ip6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                    : ((struct sockaddr_in *)&bound)->sin_port));
}

static int bind_and_listen(struct http_server *server, const char *address, uint16_t port)
{
    struct sockaddr_storage wanted;
    int status = parse_address(address, port, &wanted);

    if (status == 0)
        status = uv_tcp_bind(&server->listener, (struct sockaddr *)&wanted, 0);
    if (status == 0)
        status = uv_tcp_nodelay(&server->listener, 1); /* Linux: accepted sockets inherit it */
    if (status == 0)
        status = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    return status;
}

static void listener_gave_up(uv_handle_t *listener)
{
    mem_free(container_of(listener, struct http_server, listener));
}

enum err http_server_open(struct loop *loop, struct http_handler *handler, const struct http_limits *limits,
                          const char *address, uint16_t port, struct http_server **out_server,
                          struct err_detail *detail)
{
    struct http_server *server = mem_new(sizeof *server);
    int status;

    server->loop = loop;
    server->handler = handler;
    server->limits = *limits;
    check(uv_tcp_init(&loop->uv, &server->listener) == 0);
    status = bind_and_listen(server, address, port);
    if (status != 0) {
        err_explain(detail, "Cannot listen on %s, port %u: %s", address, (unsigned)port, uv_strerror(status));
        uv_close((uv_handle_t *)&server->listener, listener_gave_up);
        return ERR_IO;
    }
    name_address(server);
    list_init(&server->connections);
    list_init(&server->ready);
    list_init(&server->pool);
    list_init(&server->orphans);
    loop_later_init(&server->work_on_ready, work_on_ready);
    loop_timer_init(loop, &server->janitor, sweep_later);
    buf_init(&server->gathered, RESPONSE_BYTES_MAX);
    buf_init(&server->aside, RESPONSE_BYTES_MAX);
    *out_server = server;
    return ERR_NONE;
}

struct str http_server_address(const struct http_server *server)
{
    return str_from(server->address);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connection_count;
}

static void on_listener_closed(uv_handle_t *listener)
{
    struct http_server *server = container_of(listener, struct http_server, listener);

    server->is_listener_closed = true;
    close_when_drained(server);
}

void http_server_stop(struct http_server *server, int64_t grace_us, void (*drained)(void *ctx), void *ctx)
{
    check(!server->is_stopping);
    server->is_stopping = true;
    server->drained = drained;
    server->drained_ctx = ctx;
    server->now_us = clock_steady_us();
    server->abort_at_us = server->now_us + grace_us;
    uv_close((uv_handle_t *)&server->listener, on_listener_closed);
    list_each(link, following, &server->connections)
    {
        struct connection *connection = list_entry(link, struct connection, link);

        if (is_between_requests(connection) && connection->writes == 0 && server->working_on != connection)
            drop(connection);
    }
    if (server->connection_count > 0)
        loop_timer_start(&server->janitor, next_sweep_us(server));
}

void http_server_free(struct http_server **out_server)
{
    struct http_server *server = *out_server;
    struct list *link;

    if (server == NULL)
        return;
    check(server->is_listener_closed && server->connection_count == 0);
    while ((link = list_take(&server->pool)) != NULL)
        request_free(list_entry(link, struct http_request, link));
    while ((link = list_take(&server->orphans)) != NULL)
        list_entry(link, struct http_request, link)->server = NULL;
    buf_deinit(&server->gathered);
    buf_deinit(&server->aside);
    mem_free(server);
    *out_server = NULL;
}

/* --- what the handler sees ------------------------------------------------------- */

void http_request_want_body(struct http_request *request, size_t bytes_max)
{
    check(request->stage == REQUEST_AT_HEAD);
    request->stage = REQUEST_WANTED;
    request->body_bytes_max = bytes_max;
}

struct str http_request_method(const struct http_request *request)
{
    return request->parser.method;
}

struct str http_request_path(const struct http_request *request)
{
    return request->parser.path;
}

struct str http_request_query(const struct http_request *request)
{
    return request->parser.query;
}

struct str http_request_body(const struct http_request *request)
{
    return buf_str(&request->parser.body);
}

bool http_request_has_body(const struct http_request *request)
{
    return request->parser.has_body;
}

struct str http_request_header(const struct http_request *request, struct str name, size_t *out_count)
{
    return http_parser_field(&request->parser, name, out_count);
}

void *http_request_extra(struct http_request *request)
{
    return request->extra;
}
