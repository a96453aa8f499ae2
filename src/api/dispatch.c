/* From an HTTP request to its handler: the part that all routes share. The
 * order of the checks is the API's: 404, 405, 401, 403, 429, 415, 413, and then
 * the handler's own 400, 422, 402. */
#include "api/exchange.h"
#include "api/idempotency.h"
#include "api/problem.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/shape.h"

struct route {
    const char *method;
    const char *path;
    const char *endpoint; /* "GET /records/{id}" */
    void (*handler)(struct exchange *x);
    unsigned permission;
    enum limit_class limit;
    size_t body_bytes_max;
    const char *const *query; /* names, ended by NULL; NULL: not looked at */
};

#define QUERY(...) ((const char *const[]){__VA_ARGS__, NULL})
static const struct route routes[] = {
#define ROUTE(method, path, handler, permission, limit, body_bytes_max, query, what)                                   \
    {method, path, method " " path, handler, permission, limit, body_bytes_max, query},
#include "api/routes.def"
#undef ROUTE
};
#undef QUERY

/* --- answering ---------------------------------------------------------- */

struct buf *exchange_body(struct exchange *x)
{
    buf_clear(&x->api->head);
    buf_clear(&x->api->body);
    return &x->api->body;
}

void exchange_header(struct exchange *x, const char *name, struct str value)
{
    buf_put(&x->api->head, str_from(name));
    buf_puts(&x->api->head, ": ");
    buf_put(&x->api->head, value);
    buf_puts(&x->api->head, "\r\n");
}

void exchange_header_i64(struct exchange *x, const char *name, int64_t value)
{
    buf_put(&x->api->head, str_from(name));
    buf_puts(&x->api->head, ": ");
    buf_put_i64(&x->api->head, value);
    buf_puts(&x->api->head, "\r\n");
}

void exchange_mark_replay(struct exchange *x)
{
    x->is_replay = true;
    exchange_header(x, "Idempotent-Replayed", STR("true"));
}

/* A refusal at the door is no use of the API. */
static void count_usage(const struct exchange *x, int status)
{
    if (x->workspace != NULL && status != 403 && status != 429)
        usage_meter_count(x->api->usage, x->workspace->id, x->route->endpoint, x->is_replay);
}

/* `route`: LEN(routes) for what never found one. */
static void count_request(const struct route *route, int status)
{
    static struct series *answered[LEN(routes) + 1][6]; /* by class of status */
    static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
    size_t class = (size_t)status / 100;
    struct series **series = &answered[route != NULL ? (size_t)(route - routes) : LEN(routes)][class];

    if (*series == NULL)
        *series = metric_series(METRIC_REQUESTS, str_from(route != NULL ? route->endpoint : "none"),
                                str_from(classes[class]));
    series_add(*series, 1);
}

static void log_request(const struct exchange *x, int status)
{
    if (!log_is_on(LOG_INFO))
        return;
    log_write(LOG_INFO, "request", log_text("request_id", x->request_id),
              log_str("method", http_request_method(x->request)),
              log_text("route", x->route == NULL ? "" : x->route->path), log_num("status", status),
              log_num("us", clock_steady_us() - x->started_us),
              x->trace_id[0] == '\0' ? LOG_END : log_text("trace_id", x->trace_id), LOG_END);
}

bool exchange_looks_up(const struct exchange *x)
{
    return x->route->limit != LIMIT_NONE;
}

/* On every answer of an enrichment endpoint to somebody we know, problems too. */
static void put_credit_headers(struct exchange *x)
{
    if (x->workspace == NULL || !exchange_looks_up(x))
        return;
    exchange_header_i64(x, "Unstuck-Credits-Used", x->credits_used);
    exchange_header_i64(x, "Unstuck-Credits-Remaining", account_available(&x->workspace->account));
}

/* On every answer to somebody we know, problems too. */
static void put_limit_headers(struct exchange *x)
{
    const struct rate_time now = {.steady_us = clock_steady_us(), .wall_us = clock_wall_us()};

    if (x->workspace != NULL)
        rate_limit_put_headers(&x->api->head, &x->workspace->rate, &x->workspace->limits, now);
}

void exchange_respond_as(struct exchange *x, int status, struct str content_type)
{
    struct api *api = x->api;
    bool is_kept;

    check(!api->body.is_overflown && !api->head.is_overflown);
    is_kept = idempotency_note(x, status, content_type);
    put_credit_headers(x);
    put_limit_headers(x);
    exchange_header(x, "Content-Type", content_type);
    exchange_header(x, "X-Request-Id", str_from(x->request_id));
    count_request(x->route, status);
    count_usage(x, status);
    log_request(x, status);
    if (is_kept) {
        idempotency_keep_and_send(x, status);
        return;
    }
    idempotency_end(x);
    http_respond(x->request, &(struct http_response){
                                 .status = status, .headers = buf_str(&api->head), .body = buf_str(&api->body)});
    if (api->body.capacity > ANSWER_BYTES_KEPT)
        buf_deinit(&api->body);
}

void exchange_respond(struct exchange *x, int status)
{
    exchange_respond_as(x, status, STR("application/json"));
}

const char *exchange_endpoint(const struct exchange *x)
{
    return x->route->endpoint;
}

void exchange_refuse_with(struct exchange *x, enum err err, const char *detail, struct str errors, struct str members)
{
    struct buf *body = exchange_body(x);

    problem_put(body, err, detail, str_from(x->request_id), errors, members);
    if (err == ERR_UNAUTHORIZED)
        exchange_header(x, "WWW-Authenticate", STR("Bearer"));
    if (err_status(err) == 503 || err == ERR_RATE_LIMITED || err == ERR_KEY_IN_USE)
        exchange_header_i64(x, "Retry-After", x->retry_s > 0 ? x->retry_s : 1);
    exchange_respond_as(x, err_status(err), STR("application/problem+json"));
}

void exchange_refuse(struct exchange *x, enum err err, const char *detail)
{
    exchange_refuse_with(x, err, detail, STR_NONE, STR_NONE);
}

bool exchange_read_json(struct exchange *x, json_t **out_doc)
{
    struct err_detail detail;

    if (json_read(http_request_body(x->request), out_doc, &detail) == ERR_NONE)
        return true;
    exchange_refuse(x, ERR_MALFORMED_JSON, detail.text);
    return false;
}

struct str exchange_query(const struct exchange *x, struct str name)
{
    struct str rest = http_request_query(x->request);

    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        struct str key = str_cut(&value, '=');

        if (str_is(key, name))
            return value;
    }
    return STR_NONE;
}

bool exchange_cursor(struct exchange *x, int64_t *out_before)
{
    struct str cursor = exchange_query(x, STR("cursor"));
    uint64_t before = 0;

    if (cursor.ptr != NULL && !str_to_u64(cursor, INT64_MAX, &before)) {
        exchange_refuse(x, ERR_INVALID, "cursor must be the next_cursor of an earlier answer");
        return false;
    }
    *out_before = (int64_t)before;
    return true;
}

/* --- request id and trace ----------------------------------------------- */

static bool is_request_id(struct str text)
{
    if (text.len == 0 || text.len > REQUEST_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(text.ptr[i]) && strchr("-_.:", text.ptr[i]) == NULL)
            return false;
    }
    return true;
}

static void put_text(char *out, struct str text)
{
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
}

static void set_request_id(struct exchange *x, struct str given)
{
    struct buf *scratch = &x->api->head;

    if (!is_request_id(given)) {
        buf_clear(scratch);
        id_put(scratch, STR("req_"), id_random());
        given = buf_str(scratch);
    }
    put_text(x->request_id, given);
}

static bool is_lower_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.ptr[i]) && !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    }
    return true;
}

static bool is_all_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '0')
            return false;
    }
    return true;
}

/* W3C Trace Context: version-traceid-parentid-flags; a bad one is ignored. */
static void set_trace_id(struct exchange *x, struct str traceparent)
{
    struct str rest = traceparent;
    struct str version = str_cut(&rest, '-');
    struct str trace_id = str_cut(&rest, '-');
    struct str parent_id = str_cut(&rest, '-');
    struct str flags = str_cut(&rest, '-');

    if (version.len != 2 || trace_id.len != TRACE_ID_LEN || parent_id.len != 16 || flags.len != 2)
        return;
    if (!is_lower_hex(version) || !is_lower_hex(trace_id) || !is_lower_hex(parent_id) || !is_lower_hex(flags))
        return;
    if (str_is(version, STR("ff")) || (str_is(version, STR("00")) && traceparent.len != 55) || is_all_zero(trace_id) ||
        is_all_zero(parent_id))
        return;
    put_text(x->trace_id, trace_id);
}

/* --- finding the route --------------------------------------------------- */

/* Does `path` fit the pattern? "{…}" takes one non-empty segment. */
static bool path_fits(struct str pattern, struct str path, struct str *out_id)
{
    do {
        struct str want = str_cut(&pattern, '/');
        struct str have = str_cut(&path, '/');

        if (str_starts(want, STR("{")) && have.len != 0)
            *out_id = have;
        else if (!str_is(want, have))
            return false;
    } while (pattern.len != 0 && path.len != 0);
    return pattern.len == 0 && path.len == 0;
}

static void refuse_method(struct exchange *x, const char *const *methods, size_t count)
{
    struct buf allow;

    buf_init(&allow, 256);
    for (size_t i = 0; i < count; i++)
        buf_printf(&allow, "%s%s%s", i == 0 ? "" : ", ", methods[i], strcmp(methods[i], "GET") == 0 ? ", HEAD" : "");
    exchange_body(x);
    problem_put(&x->api->body, ERR_METHOD, NULL, str_from(x->request_id), STR_NONE, STR_NONE);
    exchange_header(x, "Allow", buf_str(&allow));
    exchange_respond_as(x, err_status(ERR_METHOD), STR("application/problem+json"));
    buf_deinit(&allow);
}

/* Sets the route, or answers 404 or 405 and leaves it NULL. */
static void find_route(struct exchange *x)
{
    struct str method = http_request_method(x->request);
    struct str path = http_request_path(x->request);
    const char *others[LEN(routes)];
    size_t other_count = 0;

    if (str_is(method, STR("HEAD")))
        method = STR("GET");
    for (size_t i = 0; i < LEN(routes); i++) {
        if (!path_fits(str_from(routes[i].path), path, &x->id))
            continue;
        if (str_is(str_from(routes[i].method), method)) {
            x->route = &routes[i];
            return;
        }
        others[other_count++] = routes[i].method;
    }
    if (other_count == 0)
        exchange_refuse(x, ERR_NOT_FOUND, "no such path; see the API's documentation");
    else
        refuse_method(x, others, other_count);
}

/* --- the checks before the body ------------------------------------------ */

static enum err authenticate(struct exchange *x)
{
    size_t count;
    struct str credentials = http_request_header(x->request, STR("authorization"), &count);
    struct str scheme = str_cut(&credentials, ' ');

    if (count != 1 || !str_is_nocase(scheme, STR("bearer")))
        return ERR_UNAUTHORIZED;
    x->key = directory_authenticate(x->api->directory, str_trim(credentials), x->started_wall_us);
    if (x->key == NULL)
        return ERR_UNAUTHORIZED;
    x->workspace = x->key->workspace;
    return (scope_permissions(x->key->scope) & x->route->permission) != 0 ? ERR_NONE : ERR_FORBIDDEN;
}

/* 429, with the windows that are full. */
static void refuse_for_now(struct exchange *x, const struct rate_refusal *refusal)
{
    struct buf members;

    buf_init(&members, 256);
    buf_puts(&members, "\"violated-policies\":[");
    for (enum limit_window window = 0; window < WINDOW_COUNT; window++) {
        if ((refusal->windows & 1u << window) == 0)
            continue;
        json_put_comma(&members);
        json_put_str(&members, str_from(limit_window_name(window)));
    }
    buf_put_char(&members, ']');
    x->retry_s = refusal->retry_s;
    exchange_refuse_with(x, ERR_RATE_LIMITED, NULL, STR_NONE, buf_str(&members));
    buf_deinit(&members);
}

bool exchange_has_csv(const struct exchange *x)
{
    struct str type = http_request_header(x->request, STR("content-type"), NULL);

    return str_is_nocase(str_trim(str_cut(&type, ';')), STR("text/csv"));
}

static bool is_json(struct str content_type)
{
    struct str rest = content_type;

    return str_is_nocase(str_trim(str_cut(&rest, ';')), STR("application/json"));
}

/* The one route that takes a table too. */
static bool takes_csv(const struct route *route)
{
    return route->handler == suppressions_post;
}

static enum err check_media_type(const struct exchange *x)
{
    bool is_right;
    size_t count;

    if (x->route->body_bytes_max == 0)
        return ERR_NONE;
    is_right = is_json(http_request_header(x->request, STR("content-type"), &count)) ||
               (takes_csv(x->route) && exchange_has_csv(x));
    if (!is_right || count != 1)
        return ERR_MEDIA_TYPE;
    http_request_header(x->request, STR("content-encoding"), &count);
    return count == 0 ? ERR_NONE : ERR_MEDIA_TYPE;
}

static const char *say_why(const struct exchange *x, enum err err)
{
    if (err == ERR_UNAUTHORIZED)
        return "send a valid key as: Authorization: Bearer <UNSTUCK_API_KEY>";
    if (err == ERR_MEDIA_TYPE && takes_csv(x->route))
        return "send the body as Content-Type: application/json or text/csv, without Content-Encoding";
    if (err == ERR_MEDIA_TYPE)
        return "send the body as: Content-Type: application/json, without Content-Encoding";
    return NULL;
}

static void on_head(struct http_handler *handler, struct http_request *request)
{
    enum { STRAY_BODY_BYTES_MAX = 64 * 1024 }; /* a body nobody asked for is read and dropped */
    struct exchange *x = http_request_extra(request);
    struct rate_refusal refusal;
    struct rate_time now;
    enum err err;

    x->api = container_of(handler, struct api, handler);
    x->request = request;
    x->started_us = clock_steady_us();
    x->started_wall_us = clock_wall_us();
    now = (struct rate_time){.steady_us = x->started_us, .wall_us = x->started_wall_us};
    set_request_id(x, http_request_header(request, STR("x-request-id"), NULL));
    set_trace_id(x, http_request_header(request, STR("traceparent"), NULL));
    find_route(x);
    if (x->route == NULL)
        return;
    err = x->route->permission != 0 ? authenticate(x) : ERR_NONE;
    if (err == ERR_NONE && x->workspace != NULL && !workspace_take(x->workspace, x->route->limit, now, &refusal)) {
        refuse_for_now(x, &refusal);
        return;
    }
    if (err == ERR_NONE)
        err = check_media_type(x);
    if (err != ERR_NONE)
        exchange_refuse(x, err, say_why(x, err));
    else
        http_request_want_body(request,
                               x->route->body_bytes_max != 0 ? x->route->body_bytes_max : STRAY_BODY_BYTES_MAX);
}

static bool is_one_of(struct str name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (str_is(name, str_from(*names)))
            return true;
    }
    return false;
}

static void refuse_parameter(struct exchange *x, struct str name)
{
    const char *nearest = nearest_word(name, x->route->query);
    struct err_detail detail;

    if (name.len > 64)
        err_explain(&detail, "the query has an unknown parameter with a name of over 64 bytes");
    else if (nearest != NULL)
        err_explain(&detail, "the query's %.*s is not known; did you mean %s?", STR_ARG(name), nearest);
    else
        err_explain(&detail, "the query's %.*s is not known", STR_ARG(name));
    exchange_refuse(x, ERR_INVALID, detail.text);
}

/* A filter that is mistyped must not show everything. */
static bool check_query(struct exchange *x)
{
    struct str rest = http_request_query(x->request);

    while (x->route->query != NULL && rest.len > 0) {
        struct str parameter = str_cut(&rest, '&');
        struct str name = str_cut(&parameter, '=');

        if (name.len > 0 && !is_one_of(name, x->route->query)) {
            refuse_parameter(x, name);
            return false;
        }
    }
    return true;
}

static void start_handler(struct exchange *x)
{
    if (!check_query(x))
        return;
    if (idempotency_is_asked(x))
        idempotency_begin(x, x->route->handler);
    else
        x->route->handler(x);
}

static void go_on(struct renewal_wait *wait)
{
    start_handler(container_of(wait, struct exchange, renewal_wait));
}

/* What this month brought is in the books before anything is asked of them. */
static void on_body(struct http_handler *handler, struct http_request *request)
{
    struct exchange *x = http_request_extra(request);

    (void)handler;
    if (x->workspace != NULL && renewal_is_due(x->workspace, x->started_wall_us)) {
        x->renewal_wait.go_on = go_on;
        renewal_join(x->api->engine->store, x->workspace, x->started_wall_us, &x->renewal_wait);
        return;
    }
    start_handler(x);
}

/* Nothing was started for it yet. */
static void on_gone(struct http_handler *handler, struct http_request *request)
{
    (void)handler;
    (void)request;
}

static void refuse(struct http_handler *handler, struct http_request *request, enum err err, const char *why,
                   struct http_response *out)
{
    struct api *api = container_of(handler, struct api, handler);
    struct exchange nobody = {.api = api};
    struct exchange *x = request == NULL ? &nobody : http_request_extra(request);

    if (x->api == NULL)
        *x = nobody;
    if (x->request_id[0] == '\0')
        set_request_id(x, STR_NONE);
    exchange_body(x);
    problem_put(&api->body, err, why, str_from(x->request_id), STR_NONE, STR_NONE);
    if (err_status(err) == 503)
        exchange_header_i64(x, "Retry-After", 1);
    put_limit_headers(x);
    exchange_header(x, "Content-Type", STR("application/problem+json"));
    exchange_header(x, "X-Request-Id", str_from(x->request_id));
    count_request(x->route, err_status(err));
    log_write(LOG_INFO, "request refused", log_text("request_id", x->request_id), log_num("status", err_status(err)),
              log_text("why", why), LOG_END);
    *out = (struct http_response){
        .status = err_status(err), .headers = buf_str(&api->head), .body = buf_str(&api->body), .close = true};
}

void api_init(struct api *api, struct engine *engine, struct directory *directory, struct outbox *outbox)
{
    *api = (struct api){.handler = {.on_head = on_head,
                                    .on_body = on_body,
                                    .on_gone = on_gone,
                                    .refuse = refuse,
                                    .extra_bytes = sizeof(struct exchange)},
                        .engine = engine,
                        .directory = directory,
                        .outbox = outbox};
    list_init(&api->webhook_savings);
    buf_init(&api->head, 64 * 1024);
    buf_init(&api->body, ANSWER_BYTES_MAX);
    api->usage = usage_meter_new(engine->loop, engine->store);
    metrics_start(api);
}

void api_flush(struct api *api)
{
    if (api->usage != NULL)
        usage_meter_flush(api->usage);
}

void api_deinit(struct api *api)
{
    usage_meter_free(&api->usage);
    metrics_stop(api);
    buf_deinit(&api->head);
    buf_deinit(&api->body);
}
