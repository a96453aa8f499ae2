/* net/http_client.h: calls to providers and webhooks: libcurl's multi interface
 * on our loop.
 *
 * Redirects are never followed, proxies never used, only http and https spoken,
 * no cookies, no netrc. Connections are kept and shared. A call has one
 * deadline and a cap on the answer's bytes. libcurl is initialised at the first
 * call, so a server without HTTP providers does not pay for it.
 *
 * A request that has left this machine is not sent again, except GET, HEAD,
 * PUT, DELETE and OPTIONS when a kept connection turns out dead before a byte of
 * the answer: a POST cut off may have been acted on, and its call FAILED.
 * What cannot be sent as given (control bytes, a header line without a colon)
 * FAILED too. Nothing is added to the headers but Host, Accept (unless given),
 * Accept-Encoding and Content-Length.
 *
 * struct http_call is embedded by the caller and stays in place until `done`
 * (exactly once, from the loop). The in-fields are read during
 * http_client_start only. */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "net/loop.h"
#include "net/outgoing.h"

#include <stdint.h>

struct http_client;

enum http_call_result {
    HTTP_CALL_ANSWERED,  /* a whole response of any status is here */
    HTTP_CALL_TIMEOUT,   /* deadline passed: the other side may or may not have acted */
    HTTP_CALL_TOO_LARGE, /* the answer's body passed answer_bytes_max, or its headers 64 KiB */
    HTTP_CALL_FAILED,    /* no connection, cut short, not HTTP, TLS trouble */
    HTTP_CALL_REFUSED,   /* by the call's rules; nothing was sent */
    HTTP_CALL_CANCELLED
};

struct http_call {
    /* in */
    struct str method; /* GET or POST, PUT, … as is */
    struct str url;
    struct str headers; /* lines ended by CRLF or LF: "Name: value"; may be empty */
    struct str body;    /* copied; empty: none */
    int64_t timeout_us;
    size_t answer_bytes_max;
    bool keeps_headers;                 /* all of them, not only those that most look at */
    const struct outgoing_rules *rules; /* which addresses it may reach; lives until `done`; NULL: any */
    void (*done)(struct http_call *call);

    /* out, valid in and after `done` until http_call_deinit */
    enum http_call_result result;
    int status;
    bool has_left;     /* some of the request was sent: it may have arrived */
    struct buf answer; /* the body, decoded (gzip, deflate); empty when not ANSWERED */
    struct buf head;   /* "Name: value" lines of the final head: Content-Type and Retry-After, or all */
    const char *error; /* why not ANSWERED, libcurl's words or a sentence, else ""; constant; no URL, no secret */

    struct http_transfer *transfer; /* private */
};

/* `calls_max` at once; more are queued inside and their time counts. Calls of
 * different rules belong to different clients: connections are kept. */
struct http_client *http_client_new(struct loop *loop, size_t calls_max);

/* Who is asked for names, instead of the system's servers: see resolver_new. Before the first call. */
void http_client_set_name_servers(struct http_client *client, const char *servers);

/* Drops what is under way without `done`, freeing the answers. Not from a
 * `done`. The loop must turn once more (loop_deinit does). */
void http_client_free(struct http_client **client);

void http_client_start(struct http_client *client, struct http_call *call);
void http_client_cancel(struct http_client *client, struct http_call *call); /* `done` still comes */
/* The first header of that name in "Name: value" lines, trimmed; empty when there is none. */
struct str http_header_in(struct str lines, struct str name);

void http_call_deinit(struct http_call *call); /* frees the answer */

#endif
