/* api/exchange.h: one request and its answer, as the handlers see them.
 *
 * An exchange lives in the HTTP request's extra memory: from the head to its
 * exchange_respond (or exchange_refuse), exactly one. A handler is called with
 * the key checked, the permission given and the whole body in; it may answer
 * at once or later. */
#ifndef API_EXCHANGE_H
#define API_EXCHANGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "enrich/engine.h"
#include "net/http_server.h"
#include "workspace/renewal.h"
#include "workspace/usage.h"

enum {
    REQUEST_ID_BYTES_MAX = 64,
    TRACE_ID_LEN = 32,
    ANSWER_BYTES_MAX = 128 * 1024 * 1024, /* a hundred with their attempts */
    ANSWER_BYTES_KEPT = 4 * 1024 * 1024   /* the scratch buffer may stay this large */
};

struct route;
struct outbox;     /* webhooks/outbox.h */
struct claim;      /* api/idempotency.h */
struct reloadable; /* api/reload.h */

struct api {
    struct http_handler handler;
    struct engine *engine;
    struct directory *directory;
    const struct http_server *http; /* NULL until it listens */
    struct loop_timer lag_timer;    /* sees how late the loop is */
    uint64_t lag_due_ns;
    struct usage_meter *usage;
    struct claim *claims; /* Idempotency-Keys in use: uthash */
    struct outbox *outbox;
    struct reloadable *reloadable; /* NULL: there is nothing to reload */
    struct list webhook_savings;   /* under way */
    bool is_stopping;              /* /ready says so before the listener goes */
    struct buf head;               /* scratch: the header lines of the answer being written */
    struct buf body;               /* scratch: its body */
};

struct exchange {
    struct api *api;
    struct http_request *request;
    const struct route *route;
    const struct api_key *key; /* NULL on routes without */
    struct workspace *workspace;
    struct str id;       /* the path's {id}, or whatever stands there */
    struct claim *claim; /* of its Idempotency-Key; NULL without */
    int64_t started_us, started_wall_us;
    int64_t retry_s; /* of a 429: for Retry-After */
    struct renewal_wait renewal_wait;
    bool is_replay;       /* all of the answer was in the store */
    int64_t credits_used; /* what this request was charged; told in a header */
    char request_id[REQUEST_ID_BYTES_MAX + 1];
    char trace_id[TRACE_ID_LEN + 1]; /* "" without traceparent */
};

void api_init(struct api *api, struct engine *engine, struct directory *directory, struct outbox *outbox);
void api_flush(struct api *api); /* hands to the store what was counted; before it is closed */
void api_deinit(struct api *api);

/* The loop's lag, for GET /metrics: from api_init to api_deinit (which may come without the former). */
void metrics_start(struct api *api);
void metrics_stop(struct api *api);

/* Starts an answer: both scratch buffers empty. Fill api->body, add header
 * lines, then exchange_respond, without returning to the loop in between. */
struct buf *exchange_body(struct exchange *x);
void exchange_header(struct exchange *x, const char *name, struct str value);
void exchange_header_i64(struct exchange *x, const char *name, int64_t value);
void exchange_mark_replay(struct exchange *x);         /* all of the answer was in the store: header and counter */
void exchange_respond(struct exchange *x, int status); /* application/json */
void exchange_respond_as(struct exchange *x, int status, struct str content_type);

/* A problem (RFC 9457). `detail` may be NULL: the title says it all. */
void exchange_refuse(struct exchange *x, enum err err, const char *detail);
/* `errors`: a JSON array text; `members`: further members ("\"balance\":3"); either may be empty. */
void exchange_refuse_with(struct exchange *x, enum err err, const char *detail, struct str errors, struct str members);

/* The body as a JSON document, the caller's; else refuses and answers false. */
must_use bool exchange_read_json(struct exchange *x, json_t **out_doc);

/* With an Idempotency-Key: a name for what the request forces (none without),
 * and the records that its answer shows, at most 128: erasing one takes the
 * kept answer along. */
struct id exchange_once(const struct exchange *x);
void exchange_shows(struct exchange *x, struct id record_id);

bool exchange_looks_up(const struct exchange *x); /* is it one of the enrichment endpoints? */

/* What the route is called where it is counted: "GET /records/{id}". */
const char *exchange_endpoint(const struct exchange *x);

/* The value of a query parameter (not decoded), STR_NONE when absent. */
struct str exchange_query(const struct exchange *x, struct str name);

bool exchange_has_csv(const struct exchange *x); /* is the body text/csv? */

/* The query's cursor, a next_cursor of an earlier page; 0 without. False: refused. */
bool exchange_cursor(struct exchange *x, int64_t *out_before);

/* The handlers, one file per resource. */
#define ROUTE(method, path, handler, permission, limit, body_bytes_max, query, what) void handler(struct exchange *x);
#include "api/routes.def"
#undef ROUTE

#endif
