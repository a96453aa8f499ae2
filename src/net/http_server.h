/* net/http_server.h: HTTP/1.1 (RFC 9110, RFC 9112) for a JSON API: llhttp on libuv.
 *
 * What it takes: keep-alive, pipelining (answered in order, one request of a
 * connection at a time), Content-Length and chunked bodies,
 * Expect: 100-continue, HEAD, HTTP/1.0, absolute-form targets. Wherever the
 * RFC lets a server repair or refuse (obs-fold, bare CR or LF, TE with CL,
 * space before a colon, missing, double or malformed Host, …) it refuses with
 * 400 and closes: the side that is safe from request smuggling. Unknown
 * methods and CONNECT are 501, other versions 505, other expectations 417;
 * Upgrade is ignored.
 *
 * What it limits: see struct http_limits. A connection past connections_max is
 * answered 503 with Retry-After and closed. After a refusal the client's side
 * is read and dropped for a while (2 s, 256 KiB), so that the answer is not
 * lost in a reset. Time is looked at every half second.
 *
 * Who owns what: the server owns connections and requests. A request is lent
 * to the handler from on_head until its http_respond, exactly one, which may
 * come later; it stays valid until then even when the client has left (the
 * answer is then dropped). All calls on the loop's thread. */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct http_request;

struct http_limits {
    size_t header_bytes_max; /* request line and headers together, at most 65535; more, or more than 64
                              * fields, is 431 (414 for the target) */
    size_t connections_max;
    int64_t request_us_max; /* from a request's first byte to its last; later is 408 and close */
    int64_t idle_us_max;    /* between requests; then a silent close */
    int64_t write_us_max;   /* for the client to take an answer; then an abort */
};

struct http_response {
    int status;
    struct str headers; /* whole lines, each ended by CRLF, without Date, Content-Length, Connection; may be empty */
    struct str body;
    bool close; /* close the connection afterwards */
};

struct http_handler {
    /* The head is in. Either answer now with http_respond (the body is then
     * not read and the connection closed if one was coming), or call
     * http_request_want_body. Exactly one of the two, before returning. */
    void (*on_head)(struct http_handler *handler, struct http_request *request);

    /* The wanted body is in (it may be empty). Leads to one http_respond. A
     * body over the wanted maximum never comes here: the server refuses with
     * ERR_BODY_TOO_LARGE and on_gone tells the handler. */
    void (*on_body)(struct http_handler *handler, struct http_request *request);

    /* The request ended between on_head and on_body without an answer of the
     * handler's: client left, too slow, body too large or malformed (then
     * `refuse` was called before). Its memory is valid during this call only. */
    void (*on_gone)(struct http_handler *handler, struct http_request *request);

    /* The server itself refuses: fill `out` (status from err_status, headers,
     * body; all valid until the handler's next call). `request` is NULL when
     * no sound head was read. `why` is a plain sentence. The server adds
     * Retry-After to ERR_OVERLOADED when the handler does not. */
    void (*refuse)(struct http_handler *handler, struct http_request *request, enum err err, const char *why,
                   struct http_response *out);

    size_t extra_bytes; /* zeroed memory the handler gets with each request: http_request_extra */
};

/* Binds and listens on a numeric address ("127.0.0.1", "::1") and port; 0
 * picks a free one. The handler must outlive the server. ERR_IO with the
 * reason in `detail`. */
must_use enum err http_server_open(struct loop *loop, struct http_handler *handler, const struct http_limits *limits,
                                   const char *address, uint16_t port, struct http_server **out_server,
                                   struct err_detail *detail);

/* What it listens on: "127.0.0.1:8080", "[::1]:8080". */
struct str http_server_address(const struct http_server *server);
size_t http_server_connections(const struct http_server *server);

/* Stops accepting, closes idle connections at once and the others after their
 * answer; `drained` comes once, from the loop, when none is left. Connections
 * still there after `grace_us` are aborted; what the handler still owes them may
 * be answered even after http_server_free. */
void http_server_stop(struct http_server *server, int64_t grace_us, void (*drained)(void *ctx), void *ctx);
void http_server_free(struct http_server **server); /* only after `drained` */

void http_request_want_body(struct http_request *request, size_t bytes_max);

/* Callable from anywhere on the loop, also for another connection's request
 * from within on_body. Never calls the handler back. */
void http_respond(struct http_request *request, const struct http_response *response);

/* Valid until http_respond. Method and names as sent; HEAD is reported as HEAD. */
struct str http_request_method(const struct http_request *request);
struct str http_request_path(const struct http_request *request);  /* of the target, without the query; not decoded */
struct str http_request_query(const struct http_request *request); /* behind the '?'; empty without */
struct str http_request_body(const struct http_request *request);
bool http_request_has_body(const struct http_request *request); /* was one announced? */

/* The field's value, trimmed; name in any case. STR_NONE when absent. Of a
 * repeated field the first; `out_count` (may be NULL) says how many. Host reads
 * as the authority of an absolute-form target, when there was one. */
struct str http_request_header(const struct http_request *request, struct str name, size_t *out_count);
void *http_request_extra(struct http_request *request);

/* The reason phrase of a status, "" for an unknown one. */
const char *http_status_phrase(int status);

#endif
