#include "webhooks/judge.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "webhooks/delivery.h"

/* One question under way. */
struct judging {
    struct list link;
    struct http_call http;
    struct provider_call *call;
};

static enum outcome outcome_of(const struct http_call *http, const struct delivery_result *result)
{
    if (result->verdict >= 0)
        return OUTCOME_HIT;
    return http->result == HTTP_CALL_TIMEOUT ? OUTCOME_TIMEOUT : OUTCOME_ERROR;
}

static void judged(struct http_call *http)
{
    struct judging *judging = container_of(http, struct judging, http);
    struct provider_call *call = judging->call;
    struct delivery_result result;

    delivery_judge(http, EVENT_VERIFICATION_REQUESTED, clock_wall_us(), &result);
    call->outcome = outcome_of(http, &result);
    call->verdict = result.verdict < 0   ? EMAIL_STATUS_NONE
                    : result.verdict > 0 ? EMAIL_STATUS_DELIVERABLE
                                         : EMAIL_STATUS_UNDELIVERABLE;
    http_call_deinit(http);
    list_remove(&judging->link);
    mem_free(judging);
    call->done(call);
}

/* Nothing but the address: whose it is shows when it is found to be good. */
static void put_event(struct buf *out, struct str email, int64_t now_us)
{
    delivery_begin_body(out, EVENT_VERIFICATION_REQUESTED, now_us);
    json_put_name(out, "email");
    json_put_str(out, email);
    buf_puts(out, "}}");
}

static void ask_endpoint(struct judge *judge, struct provider_call *call, const struct endpoint_row *endpoint)
{
    struct judging *judging = mem_new(sizeof *judging);
    int64_t now_us = clock_wall_us(), deadline_us = endpoint->deadline_ms * MS_US;
    struct buf headers, body;

    buf_init(&headers, DELIVERY_HEADERS_BYTES_MAX);
    buf_init(&body, EVENT_BODY_BYTES_MAX);
    put_event(&body, call->hints->of[HINT_EMAIL], now_us);
    delivery_put_headers(&headers, endpoint, id_of_time(now_us), buf_str(&body), now_us);
    list_append(&judge->calls, &judging->link);
    judging->call = call;
    judging->http = (struct http_call){.method = STR("POST"),
                                       .url = endpoint->url,
                                       .headers = buf_str(&headers),
                                       .body = buf_str(&body),
                                       .timeout_us = deadline_us < call->timeout_us ? deadline_us : call->timeout_us,
                                       .answer_bytes_max = OUTBOX_ANSWER_BYTES_MAX,
                                       .rules = &judge->outbox->rules,
                                       .done = judged};
    http_client_start(judge->outbox->asking, &judging->http);
    buf_deinit(&headers);
    buf_deinit(&body);
}

/* A workspace gets at most as many as are left for others, so that one that
 * hangs leaves a place for everybody. */
static bool has_place(const struct judge *judge, const struct workspace *workspace)
{
    size_t all = 0, its = 0;

    list_each(link, following, &judge->calls)
    {
        all++;
        its += list_entry(link, struct judging, link)->call->workspace == workspace;
    }
    return its < OUTBOX_QUESTIONS_MAX - all;
}

/* The endpoint may have gone since the lookup began. */
static void ask(struct provider *provider, struct provider_call *call)
{
    struct judge *judge = container_of(provider, struct judge, provider);
    const struct endpoint *endpoint = workspace_verification(call->workspace);

    if (endpoint == NULL || !endpoint_is_live(endpoint) || judge->outbox->is_stopping ||
        !has_place(judge, call->workspace))
        provider_call_end(judge->outbox->loop, call, OUTCOME_ERROR);
    else
        ask_endpoint(judge, call, &endpoint->row);
}

static const struct provider_kind judge_kind = {.name = "webhook", .ask = ask};

void judge_init(struct judge *judge, struct outbox *outbox)
{
    *judge = (struct judge){.provider = {.kind = &judge_kind,
                                         .name = STR("verification webhook"),
                                         .is_verifier = true,
                                         .timeout_us = OUTBOX_TIMEOUT_MS * MS_US,
                                         .needs = {{1u << HINT_EMAIL, 0}},
                                         .needs_count = 1},
                            .outbox = outbox};
    list_init(&judge->calls);
}

void judge_deinit(struct judge *judge)
{
    struct list *link;

    if (judge->outbox == NULL)
        return;
    while ((link = list_take(&judge->calls)) != NULL)
        mem_free(list_entry(link, struct judging, link));
}

struct provider *judge_of(struct judge *judge, const struct workspace *workspace)
{
    const struct endpoint *endpoint;

    if (list_is_empty(&workspace->endpoints))
        return NULL;
    endpoint = workspace_verification(workspace);
    return endpoint != NULL && endpoint->row.is_before_answer && endpoint_is_live(endpoint) ? &judge->provider : NULL;
}
