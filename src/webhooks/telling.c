#include "webhooks/telling.h"

#include "base/check.h"
#include "base/json.h"
#include "enrich/trail.h"
#include "webhooks/delivery.h"

enum { EVENTS_OF_LOOKUP_MAX = ENDPOINTS_MAX * 2 + CHANNEL_COUNT };

static bool is_email(unsigned slot)
{
    return slot == CHANNEL_WORK_EMAIL || slot == CHANNEL_PERSONAL_EMAIL;
}

static bool asks_for(const struct endpoint *endpoint, enum event_type type)
{
    return endpoint->row.kind == ENDPOINT_EVENTS && (endpoint->row.events & 1u << type) != 0;
}

/* --- bodies --------------------------------------------------------------- */

static void put_record_id(struct buf *out, const struct lookup_told *told)
{
    json_put_name(out, told->is_account ? "account_id" : "record_id");
    buf_put_char(out, '"');
    id_put(out, told->is_account ? ACCOUNT_PREFIX : RECORD_PREFIX, told->record_id);
    buf_put_char(out, '"');
}

static void put_verification(struct buf *out, const struct lookup_told *told, unsigned slot)
{
    const struct kept_channel *kept = &told->channels[slot];

    delivery_begin_body(out, EVENT_VERIFICATION_REQUESTED, told->at_us);
    put_record_id(out, told);
    json_put_name(out, "channel");
    json_put_str(out, str_from(slot_name(slot)));
    json_put_name(out, "email");
    json_put_str(out, kept->value);
    json_put_name(out, "source");
    json_put_str(out, kept->source);
    json_put_name(out, "confidence");
    json_put_ppm(out, kept->confidence_ppm);
    buf_puts(out, "}}");
}

static void put_enriched(struct buf *out, const struct lookup_told *told)
{
    delivery_begin_body(out, EVENT_RECORD_ENRICHED, told->at_us);
    put_record_id(out, told);
    json_put_name(out, "found");
    buf_put_char(out, '[');
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if ((told->found & 1u << i) == 0)
            continue;
        json_put_comma(out);
        json_put_str(out, str_from(slot_name(i)));
    }
    buf_printf(out, "],\"credits_used\":%lld}}", (long long)told->credits);
}

/* --- events --------------------------------------------------------------- */

struct making {
    const struct lookup_told *told;
    struct arena *arena;
    struct event_row *events;
    size_t count;
};

static struct event_row *add(struct making *making, const struct endpoint *endpoint, enum event_type type)
{
    const struct lookup_told *told = making->told;
    struct event_row *event = &making->events[making->count++];

    check(making->count <= EVENTS_OF_LOOKUP_MAX);
    *event = (struct event_row){.workspace_id = told->workspace->id,
                                .endpoint_id = endpoint->row.endpoint_id,
                                .event_id = id_of_time(told->at_us),
                                .type = type,
                                .channel = -1,
                                .at_us = told->at_us};
    return event;
}

static void add_verifications(struct making *making, const struct endpoint *endpoint)
{
    const struct lookup_told *told = making->told;
    struct buf body;

    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        struct event_row *event;

        if (!is_email(i) || (told->found & 1u << i) == 0 || told->channels[i].verified >= 0)
            continue;
        buf_init(&body, EVENT_BODY_BYTES_MAX);
        put_verification(&body, told, i);
        event = add(making, endpoint, EVENT_VERIFICATION_REQUESTED);
        event->record_id = told->record_id;
        event->channel = (int)i;
        event->body = arena_keep(making->arena, buf_str(&body));
        buf_deinit(&body);
    }
}

static void add_enriched(struct making *making, const struct endpoint *endpoint)
{
    struct event_row *event;
    struct buf body;

    if (making->told->found == 0)
        return;
    buf_init(&body, EVENT_BODY_BYTES_MAX);
    put_enriched(&body, making->told);
    event = add(making, endpoint, EVENT_RECORD_ENRICHED);
    event->record_id = making->told->record_id;
    event->body = arena_keep(making->arena, buf_str(&body));
    buf_deinit(&body);
}

static void add_credits_low(struct making *making, const struct endpoint *endpoint)
{
    struct event_row *event;
    struct buf body;

    if (making->told->credits == 0 || endpoint->row.credits_below == 0)
        return;
    buf_init(&body, EVENT_BODY_BYTES_MAX);
    delivery_begin_body(&body, EVENT_CREDITS_LOW, making->told->at_us);
    buf_printf(&body, "\"threshold\":%lld,\"balance\":", (long long)endpoint->row.credits_below);
    event = add(making, endpoint, EVENT_CREDITS_LOW);
    event->credits_below = endpoint->row.credits_below;
    event->body = arena_keep(making->arena, buf_str(&body));
    event->body_end = STR("}}");
    buf_deinit(&body);
}

static void add_for(struct making *making, const struct endpoint *endpoint)
{
    if (endpoint->row.kind == ENDPOINT_VERIFICATION)
        add_verifications(making, endpoint);
    if (asks_for(endpoint, EVENT_RECORD_ENRICHED))
        add_enriched(making, endpoint);
    if (asks_for(endpoint, EVENT_CREDITS_LOW))
        add_credits_low(making, endpoint);
}

static size_t make_events(struct lookup_listener *listener, const struct lookup_told *told, struct arena *arena,
                          struct event_row **out_events)
{
    struct making making = {.told = told, .arena = arena};

    (void)listener;
    *out_events = NULL;
    if (list_is_empty(&told->workspace->endpoints))
        return 0;
    making.events = arena_alloc(arena, EVENTS_OF_LOOKUP_MAX * sizeof *making.events);
    if (making.events == NULL)
        return 0; /* the arena is full: the lookup ends as overloaded */
    list_each(link, following, &told->workspace->endpoints)
    {
        const struct endpoint *endpoint = list_entry(link, struct endpoint, link);

        if (endpoint_is_live(endpoint))
            add_for(&making, endpoint);
    }
    *out_events = making.events;
    return making.count;
}

static void committed(struct lookup_listener *listener, struct workspace *workspace, const struct event_row *events,
                      size_t count)
{
    struct telling *telling = container_of(listener, struct telling, listener);

    for (size_t i = 0; i < count; i++) {
        struct endpoint *endpoint = workspace_endpoint(workspace, events[i].endpoint_id);

        if (endpoint != NULL)
            outbox_wake(telling->outbox, endpoint);
    }
}

static struct provider *find_judge(struct lookup_listener *listener, const struct workspace *workspace)
{
    return judge_of(&container_of(listener, struct telling, listener)->judge, workspace);
}

void telling_init(struct telling *telling, struct outbox *outbox)
{
    *telling = (struct telling){.listener = {.events = make_events, .judge = find_judge, .committed = committed},
                                .outbox = outbox};
    judge_init(&telling->judge, outbox);
}

void telling_deinit(struct telling *telling)
{
    judge_deinit(&telling->judge);
}
