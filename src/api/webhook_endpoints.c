/* Where a workspace wants to be told: /settings/verification-webhook and /settings/webhooks. */
#include "api/webhooks.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shape.h"
#include "credits/ledger.h"
#include "webhooks/sign.h"

#include <sodium.h>
#include <stdio.h>

/* --- how one looks -------------------------------------------------------- */

static void put_events(struct buf *out, unsigned events)
{
    json_put_name(out, "events");
    buf_put_char(out, '[');
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        if ((events & 1u << i) == 0)
            continue;
        json_put_comma(out);
        json_put_str(out, str_from(event_type_name((enum event_type)i)));
    }
    buf_put_char(out, ']');
}

static void put_credits_below(struct buf *out, int64_t credits)
{
    json_put_name(out, "credits_below");
    if (credits == 0)
        buf_puts(out, "null");
    else
        buf_put_i64(out, credits);
}

/* Its members, without braces. */
static void put_endpoint(struct buf *out, const struct endpoint_row *row)
{
    buf_puts(out, "\"endpoint_id\":\"");
    id_put(out, ENDPOINT_PREFIX, row->endpoint_id);
    buf_puts(out, "\",\"url\":");
    json_put_str(out, row->url);
    if (row->kind == ENDPOINT_VERIFICATION) {
        buf_printf(out, ",\"mode\":\"%s\"", row->is_before_answer ? "before_answer" : "after_answer");
        buf_printf(out, ",\"deadline_ms\":%lld", (long long)row->deadline_ms);
    } else {
        put_events(out, row->events);
        put_credits_below(out, row->credits_below);
    }
    json_put_name(out, "created_at");
    json_put_time(out, row->created_at_us);
    json_put_name(out, "old_secret_until");
    json_put_time(out, row->old_secret_until_us);
    json_put_name(out, "disabled_at");
    json_put_time(out, row->disabled_at_us);
    json_put_name(out, "disabled_why");
    if (row->disabled_at_us == 0)
        buf_puts(out, "null");
    else
        json_put_str(out, row->disabled_why);
}

static void respond_endpoint(struct exchange *x, const struct endpoint_row *row)
{
    struct buf *body = exchange_body(x);

    buf_put_char(body, '{');
    put_endpoint(body, row);
    buf_put_char(body, '}');
    exchange_respond(x, 200);
}

struct endpoint *webhooks_verification(struct exchange *x)
{
    struct endpoint *endpoint = workspace_verification(x->workspace);

    if (endpoint == NULL)
        exchange_refuse(x, ERR_NOT_FOUND,
                        "no verification webhook is set; PUT /settings/verification-webhook sets one");
    return endpoint;
}

struct endpoint *webhooks_named(struct exchange *x)
{
    struct endpoint *endpoint = NULL;
    struct id id;

    if (id_read(x->id, ENDPOINT_PREFIX, &id))
        endpoint = workspace_endpoint(x->workspace, id);
    if (endpoint != NULL && endpoint->row.kind == ENDPOINT_EVENTS)
        return endpoint;
    exchange_refuse(x, ERR_NOT_FOUND, "this workspace has no webhook with that id");
    return NULL;
}

void verification_webhook_get(struct exchange *x)
{
    const struct endpoint *endpoint = webhooks_verification(x);

    if (endpoint != NULL)
        respond_endpoint(x, &endpoint->row);
}

void webhooks_get(struct exchange *x)
{
    struct buf *body = exchange_body(x);

    buf_puts(body, "{\"webhooks\":[");
    list_each(link, following, &x->workspace->endpoints)
    {
        const struct endpoint *endpoint = list_entry(link, struct endpoint, link);

        if (endpoint->row.kind != ENDPOINT_EVENTS)
            continue;
        json_put_comma(body);
        buf_put_char(body, '{');
        put_endpoint(body, &endpoint->row);
        buf_put_char(body, '}');
    }
    buf_puts(body, "]}");
    exchange_respond(x, 200);
}

/* --- what is wanted ------------------------------------------------------- */

/* An endpoint being saved: tried first, then written. */
struct saving {
    struct exchange *x;
    struct list link; /* in the api: one at a time for a workspace */
    struct trial trial;
    struct store_endpoint put;
    bool is_new;
    bool shows_secret;
    char url[ENDPOINT_URL_BYTES_MAX + 1];
};

/* NULL, or why the rules forbid it. What its name stands for is looked at by each try. */
static const char *target_refusal(const struct outgoing_rules *rules, const struct outgoing_target *target)
{
    if (target->is_literal)
        return outgoing_refusal(rules, target->is_http, (const struct sockaddr *)&target->address);
    return outgoing_refusal_of_any(rules, target);
}

static void read_url(struct shape *shape, const struct exchange *x, struct saving *saving)
{
    const char *refusal, *remedy = "";
    struct outgoing_target target;
    struct str url;

    if (!shape_str(shape, "url", 1, ENDPOINT_URL_BYTES_MAX, &url)) {
        if (json_object_get(shape->object, "url") == NULL)
            shape_report_member(shape, "url", "is required: an https address of yours");
        return;
    }
    snprintf(saving->url, sizeof saving->url, "%.*s", STR_ARG(url));
    refusal = strlen(saving->url) == url.len ? outgoing_read(saving->url, &target) : "the URL cannot be read";
    if (refusal == NULL) {
        refusal = target_refusal(&x->api->outbox->rules, &target);
        remedy = "; the operator may allow it in outgoing.webhooks";
    }
    if (refusal != NULL)
        shape_report_member(shape, "url", "%s%s", refusal, remedy);
    saving->put.row.url = str_from(saving->url);
}

static void read_mode(struct shape *shape, struct endpoint_row *row)
{
    struct str mode;

    if (shape_str(shape, "mode", 1, 32, &mode)) {
        row->is_before_answer = str_is(mode, STR("before_answer"));
        if (!row->is_before_answer && !str_is(mode, STR("after_answer")))
            shape_report_member(shape, "mode", "must be \"after_answer\" or \"before_answer\"");
    }
    shape_int(shape, "deadline_ms", 100, ENDPOINT_DEADLINE_MS_MAX, &row->deadline_ms);
}

static void read_event(struct shape *shape, size_t index, const json_t *item, struct endpoint_row *row)
{
    enum event_type type;
    char pointer[32];

    if (event_type_from(json_str(item), &type) && (type == EVENT_RECORD_ENRICHED || type == EVENT_CREDITS_LOW)) {
        row->events |= 1u << type;
        return;
    }
    snprintf(pointer, sizeof pointer, "/events/%zu", index);
    shape_report(shape->mistakes, str_from(pointer), "must be \"%s\" or \"%s\"", event_type_name(EVENT_RECORD_ENRICHED),
                 event_type_name(EVENT_CREDITS_LOW));
}

static void read_events(struct shape *shape, struct endpoint_row *row)
{
    const json_t *events = shape_any(shape, "events");
    const json_t *item;
    size_t index;

    if (json_array_size(events) == 0 || json_array_size(events) > EVENT_TYPE_COUNT) {
        shape_report_member(shape, "events", "must be a list of events: \"record.enriched\", \"credits.low\"");
        return;
    }
    json_array_foreach(events, index, item)
    {
        read_event(shape, index, item, row);
    }
    if (!shape_int(shape, "credits_below", 1, CREDITS_MAX, &row->credits_below) &&
        (row->events & 1u << EVENT_CREDITS_LOW) != 0)
        shape_report_member(shape, "credits_below", "is required with credits.low: below how many credits to tell");
}

/* False: refused, and `saving` is gone. */
static bool read_wish(struct saving *saving, bool *out_rotates)
{
    struct exchange *x = saving->x;
    struct shape_mistakes mistakes;
    struct shape shape;
    json_t *doc;
    bool is_right;

    if (!exchange_read_json(x, &doc))
        return false;
    shape_mistakes_init(&mistakes);
    if (shape_begin(&shape, doc, STR(""), &mistakes)) {
        read_url(&shape, x, saving);
        if (saving->put.row.kind == ENDPOINT_VERIFICATION)
            read_mode(&shape, &saving->put.row);
        else
            read_events(&shape, &saving->put.row);
        if (!saving->is_new)
            shape_bool(&shape, "rotate_secret", out_rotates);
        shape_end(&shape);
    }
    is_right = mistakes.count == 0;
    if (!is_right)
        exchange_refuse_with(x, ERR_INVALID, mistakes.first.text, buf_str(&mistakes.json), STR_NONE);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
    return is_right;
}

/* --- saving --------------------------------------------------------------- */

static void end_saving(struct saving *saving)
{
    list_remove(&saving->link);
    sodium_memzero(saving, sizeof *saving);
    mem_free(saving);
}

static void put_secret(struct buf *body, const struct endpoint_row *row)
{
    struct buf secret;

    buf_init(&secret, 128);
    webhook_put_secret(&secret, row->secret, sizeof row->secret);
    json_put_name(body, "secret");
    json_put_str(body, buf_str(&secret));
    sodium_memzero(secret.ptr, secret.len);
    buf_deinit(&secret);
}

static void respond_saved(const struct saving *saving)
{
    struct exchange *x = saving->x;
    struct buf *body = exchange_body(x);

    buf_put_char(body, '{');
    put_endpoint(body, &saving->put.row);
    if (saving->shows_secret)
        put_secret(body, &saving->put.row);
    json_put_name(body, "test");
    webhooks_put_trial(body, &saving->trial);
    buf_put_char(body, '}');
    exchange_header(x, "Cache-Control", STR("no-store"));
    exchange_respond(x, saving->is_new ? 201 : 200);
}

static void saved(struct store_op *op, enum err err)
{
    struct saving *saving = container_of(op, struct saving, put.op);
    struct exchange *x = saving->x;
    struct endpoint *endpoint = workspace_endpoint(x->workspace, saving->put.row.endpoint_id);

    if (err == ERR_NONE) {
        if (endpoint == NULL)
            endpoint = endpoint_add(x->workspace, &saving->put.row);
        else
            endpoint_set(endpoint, &saving->put.row);
        outbox_hurry(x->api->outbox, endpoint);
        respond_saved(saving);
    } else {
        exchange_refuse(x, err, NULL);
    }
    trial_deinit(&saving->trial);
    end_saving(saving);
}

static void refuse_url(struct exchange *x, const char *why)
{
    struct buf errors;

    buf_init(&errors, 1024);
    buf_puts(&errors, "[{\"pointer\":\"/url\",\"detail\":");
    json_put_str(&errors, str_from(why));
    buf_puts(&errors, "}]");
    exchange_refuse_with(x, ERR_INVALID, why, buf_str(&errors), STR_NONE);
    buf_deinit(&errors);
}

static void trial_done(struct trial *trial)
{
    struct saving *saving = container_of(trial, struct saving, trial);

    if (trial->outbox->is_stopping) {
        exchange_refuse(saving->x, ERR_SHUTTING_DOWN, NULL);
    } else if (trial->http.result == HTTP_CALL_REFUSED) {
        refuse_url(saving->x, trial->why);
    } else {
        store_put_endpoint(saving->x->api->engine->store, &saving->put, saved);
        return;
    }
    trial_deinit(trial);
    end_saving(saving);
}

/* The workspace's that is under way; NULL: none. */
static const struct saving *find_saving(const struct exchange *x)
{
    list_each(link, following, &x->api->webhook_savings)
    {
        if (list_entry(link, struct saving, link)->x->workspace == x->workspace)
            return list_entry(link, struct saving, link);
    }
    return NULL;
}

static void begin_saving(struct exchange *x, const struct endpoint_row *row, bool is_new)
{
    struct saving *saving;
    bool rotates = is_new;

    if (find_saving(x) != NULL || !trial_may_start(x->api->outbox, x->workspace->id)) {
        exchange_refuse(x, ERR_WEBHOOK_BUSY, NULL);
        return;
    }
    saving = mem_new(sizeof *saving);
    list_init(&saving->link);
    saving->x = x;
    saving->is_new = is_new;
    saving->put.row = *row;
    if (!read_wish(saving, &rotates)) {
        end_saving(saving);
        return;
    }
    saving->shows_secret = rotates;
    if (rotates && !is_new) {
        memcpy(saving->put.row.old_secret, row->secret, sizeof row->secret);
        saving->put.row.old_secret_until_us = clock_wall_us() + SECRET_OVERLAP_S * SECOND_US;
    }
    if (rotates)
        randombytes_buf(saving->put.row.secret, sizeof saving->put.row.secret);
    list_append(&x->api->webhook_savings, &saving->link);
    saving->trial.done = trial_done;
    trial_start(x->api->outbox, &saving->put.row, &saving->trial);
}

static struct endpoint_row new_row(const struct exchange *x, enum endpoint_kind kind)
{
    int64_t now_us = clock_wall_us();

    return (struct endpoint_row){.workspace_id = x->workspace->id,
                                 .endpoint_id = id_of_time(now_us),
                                 .kind = kind,
                                 .deadline_ms = ENDPOINT_DEADLINE_MS_DEFAULT,
                                 .created_at_us = now_us};
}

/* What is not said anew goes back to its default, but for the secret. */
void verification_webhook_put(struct exchange *x)
{
    const struct endpoint *known = workspace_verification(x->workspace);
    struct endpoint_row row = new_row(x, ENDPOINT_VERIFICATION);

    if (known != NULL && known->is_being_deleted) {
        exchange_refuse(x, ERR_WEBHOOK_BUSY, "it is being deleted");
        return;
    }
    if (known != NULL) {
        row.endpoint_id = known->row.endpoint_id;
        row.created_at_us = known->row.created_at_us;
        memcpy(row.secret, known->row.secret, sizeof row.secret);
        memcpy(row.old_secret, known->row.old_secret, sizeof row.old_secret);
        row.old_secret_until_us = known->row.old_secret_until_us;
    }
    begin_saving(x, &row, known == NULL);
    sodium_memzero(&row, sizeof row);
}

void webhooks_post(struct exchange *x)
{
    struct endpoint_row row = new_row(x, ENDPOINT_EVENTS);

    if (workspace_endpoints(x->workspace) >= ENDPOINTS_MAX)
        exchange_refuse(x, ERR_WEBHOOK_LIMIT, "delete one that is not needed: 10 may be there at once");
    else
        begin_saving(x, &row, true);
}

/* --- deleting ------------------------------------------------------------- */

struct leaving {
    struct exchange *x;
    struct store_endpoint put;
};

static void left(struct store_op *op, enum err err)
{
    struct leaving *leaving = container_of(op, struct leaving, put.op);
    struct exchange *x = leaving->x;
    struct endpoint *endpoint = workspace_endpoint(x->workspace, leaving->put.row.endpoint_id);

    if (endpoint != NULL)
        endpoint->is_being_deleted = false;
    if (err == ERR_NONE && endpoint != NULL) {
        endpoint->row.kind = ENDPOINT_LEAVING;
        outbox_purge(x->api->outbox, endpoint);
    }
    if (err == ERR_NONE) {
        struct buf *body = exchange_body(x);

        buf_puts(body, "{\"endpoint_id\":\"");
        id_put(body, ENDPOINT_PREFIX, leaving->put.row.endpoint_id);
        buf_puts(body, "\",\"deleted\":true}");
        exchange_respond(x, 200);
    } else {
        exchange_refuse(x, err, NULL);
    }
    sodium_memzero(leaving, sizeof *leaving);
    mem_free(leaving);
}

/* Not while it is saved: its row would be written again, among those that are on their way out. */
static void begin_leaving(struct exchange *x, struct endpoint *endpoint)
{
    const struct saving *saving;
    struct leaving *leaving;

    if (endpoint == NULL)
        return; /* refused: the exchange is over */
    saving = find_saving(x);
    if (saving != NULL && id_is(saving->put.row.endpoint_id, endpoint->row.endpoint_id)) {
        exchange_refuse(x, ERR_WEBHOOK_BUSY, NULL);
        return;
    }
    endpoint->is_being_deleted = true;
    leaving = mem_new(sizeof *leaving);
    leaving->x = x;
    leaving->put.row = endpoint->row;
    leaving->put.row.kind = ENDPOINT_LEAVING;
    leaving->put.row.url = leaving->put.row.disabled_why = STR("");
    store_put_endpoint(x->api->engine->store, &leaving->put, left);
}

void verification_webhook_delete(struct exchange *x)
{
    begin_leaving(x, webhooks_verification(x));
}

void webhook_delete(struct exchange *x)
{
    begin_leaving(x, webhooks_named(x));
}
