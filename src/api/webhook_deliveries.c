/* Trying a webhook out, looking at its deliveries, sending one again. */
#include "api/webhooks.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "webhooks/delivery.h"
#include "webhooks/sign.h"

enum { SHOWN_BYTES_MAX = 1024, PAGE_BYTES_MAX = 8 * 1024 * 1024 };

static void put_redacted(struct buf *out, const char *name, struct str text)
{
    struct buf redacted;

    buf_init(&redacted, 4 * SHOWN_BYTES_MAX);
    delivery_put_redacted(&redacted, text, SHOWN_BYTES_MAX);
    json_put_name(out, name);
    json_put_str(out, buf_str(&redacted));
    buf_deinit(&redacted);
}

/* --- trying it out -------------------------------------------------------- */

void webhooks_put_trial(struct buf *out, const struct trial *trial)
{
    buf_printf(out, "{\"delivered\":%s,\"status\":", trial->is_delivered ? "true" : "false");
    if (trial->http.result == HTTP_CALL_ANSWERED)
        buf_put_i64(out, trial->http.status);
    else
        buf_puts(out, "null");
    buf_printf(out, ",\"ms\":%lld", (long long)trial->ms);
    json_put_name(out, "why");
    json_put_str(out, str_from(trial->why));
    put_redacted(out, "answer", buf_str(&trial->http.answer));
    buf_put_char(out, '}');
}

struct testing {
    struct exchange *x;
    struct trial trial;
};

static void tested(struct trial *trial)
{
    struct testing *testing = container_of(trial, struct testing, trial);
    struct exchange *x = testing->x;

    webhooks_put_trial(exchange_body(x), trial);
    exchange_respond(x, 200);
    trial_deinit(trial);
    mem_free(testing);
}

static void test(struct exchange *x, const struct endpoint *endpoint)
{
    struct testing *testing;

    if (endpoint == NULL)
        return;
    if (!trial_may_start(x->api->outbox, x->workspace->id)) {
        exchange_refuse(x, ERR_WEBHOOK_BUSY, "too many tests are under way");
        return;
    }
    testing = mem_new(sizeof *testing);
    testing->x = x;
    testing->trial.done = tested;
    trial_start(x->api->outbox, &endpoint->row, &testing->trial);
}

void verification_webhook_test_post(struct exchange *x)
{
    test(x, webhooks_verification(x));
}

void webhook_test_post(struct exchange *x)
{
    test(x, webhooks_named(x));
}

/* --- deliveries ----------------------------------------------------------- */

struct reading {
    struct exchange *x;
    struct arena arena;
    struct store_deliveries page;
};

static void put_event_id(struct buf *out, const char *name, struct id id)
{
    json_put_name(out, name);
    buf_put_char(out, '"');
    id_put(out, EVENT_PREFIX, id);
    buf_put_char(out, '"');
}

static void put_try(struct buf *out, const struct event_try *attempt)
{
    json_put_comma(out);
    buf_printf(out, "{\"number\":%d", attempt->number);
    json_put_name(out, "at");
    json_put_time(out, attempt->at_us);
    json_put_name(out, "status");
    if (attempt->status == 0)
        buf_puts(out, "null");
    else
        buf_put_i64(out, attempt->status);
    buf_printf(out, ",\"ms\":%lld", (long long)attempt->ms);
    json_put_name(out, "why");
    json_put_str(out, attempt->why);
    json_put_name(out, "answer");
    json_put_str(out, attempt->said);
    buf_put_char(out, '}');
}

static const char *state_name(enum event_state state)
{
    static const char *const names[] = {"waiting", "delivered", "dead"};

    check(state < (int)LEN(names));
    return names[state];
}

static void put_delivery(struct buf *out, const struct delivery *delivery)
{
    const struct event_row *event = &delivery->event;

    json_put_comma(out);
    buf_put_char(out, '{');
    put_event_id(out, "event_id", event->event_id);
    buf_printf(out, ",\"type\":\"%s\",\"state\":\"%s\"", event_type_name(event->type), state_name(event->state));
    json_put_name(out, "at");
    json_put_time(out, event->at_us);
    json_put_name(out, "next_try_at");
    json_put_time(out, event->state == EVENT_WAITING ? event->due_at_us : 0);
    put_redacted(out, "body", event->body);
    json_put_name(out, "tries");
    buf_put_char(out, '[');
    for (size_t i = delivery->try_count; i-- > 0;) /* read newest first */
        put_try(out, &delivery->tries[i]);
    buf_puts(out, "]}");
}

static void put_page(struct buf *out, const struct store_deliveries *page)
{
    buf_printf(out, "{\"waiting\":%lld,\"dead\":%lld,\"deliveries\":[", (long long)page->waiting,
               (long long)page->dead);
    for (size_t i = 0; i < page->count; i++)
        put_delivery(out, &page->deliveries[i]);
    buf_put_char(out, ']');
    if (page->has_more)
        put_event_id(out, "next_cursor", page->deliveries[page->count - 1].event.event_id);
    else
        buf_puts(out, ",\"next_cursor\":null");
    buf_put_char(out, '}');
}

static void page_read(struct store_op *op, enum err err)
{
    struct reading *reading = container_of(op, struct reading, page.op);
    struct exchange *x = reading->x;

    if (err == ERR_NONE) {
        put_page(exchange_body(x), &reading->page);
        exchange_respond(x, 200);
    } else {
        exchange_refuse(x, err, NULL);
    }
    arena_deinit(&reading->arena);
    mem_free(reading);
}

static void read_deliveries(struct exchange *x, const struct endpoint *endpoint)
{
    struct reading *reading;
    struct id before = {{0}};
    struct str cursor;

    if (endpoint == NULL)
        return; /* refused: the exchange is over */
    cursor = exchange_query(x, STR("cursor"));
    if (cursor.len != 0 && !id_read(cursor, EVENT_PREFIX, &before)) {
        exchange_refuse(x, ERR_INVALID, "cursor must be the next_cursor of an earlier page");
        return;
    }
    reading = mem_new(sizeof *reading);
    reading->x = x;
    arena_init(&reading->arena, PAGE_BYTES_MAX);
    reading->page = (struct store_deliveries){.workspace_id = x->workspace->id,
                                              .endpoint_id = endpoint->row.endpoint_id,
                                              .before = before,
                                              .arena = &reading->arena};
    store_read_deliveries(x->api->engine->store, &reading->page, page_read);
}

void verification_webhook_deliveries_get(struct exchange *x)
{
    read_deliveries(x, webhooks_verification(x));
}

void webhook_deliveries_get(struct exchange *x)
{
    read_deliveries(x, webhooks_named(x));
}

/* --- once more ------------------------------------------------------------ */

struct redelivering {
    struct exchange *x;
    struct store_redeliver op;
};

static void redelivered(struct store_op *op, enum err err)
{
    struct redelivering *again = container_of(op, struct redelivering, op.op);
    struct exchange *x = again->x;
    struct endpoint *endpoint = workspace_endpoint(x->workspace, again->op.endpoint_id);

    if (err == ERR_NONE && !again->op.is_found) {
        exchange_refuse(x, ERR_NOT_FOUND, "this webhook has no event with that id; they are kept for 30 days");
    } else if (err == ERR_NONE) {
        struct buf *body = exchange_body(x);

        if (endpoint != NULL)
            outbox_hurry(x->api->outbox, endpoint);
        buf_put_char(body, '{');
        put_event_id(body, "event_id", again->op.event_id);
        buf_puts(body, ",\"state\":\"waiting\"}");
        exchange_respond(x, 202);
    } else {
        exchange_refuse(x, err, NULL);
    }
    mem_free(again);
}

void verification_webhook_redeliver_post(struct exchange *x)
{
    const struct endpoint *endpoint = webhooks_verification(x);
    struct redelivering *again;
    struct id event_id;

    if (endpoint == NULL)
        return;
    if (!id_read(x->id, EVENT_PREFIX, &event_id)) {
        exchange_refuse(x, ERR_NOT_FOUND, "this webhook has no event with that id");
        return;
    }
    again = mem_new(sizeof *again);
    again->x = x;
    again->op = (struct store_redeliver){.workspace_id = x->workspace->id,
                                         .endpoint_id = endpoint->row.endpoint_id,
                                         .event_id = event_id,
                                         .now_us = clock_wall_us()};
    store_redeliver_event(x->api->engine->store, &again->op, redelivered);
}
