#include "webhooks/trial.h"

#include "base/clock.h"
#include "webhooks/delivery.h"

static void tried(struct http_call *http)
{
    struct trial *trial = container_of(http, struct trial, http);
    struct delivery_result result;

    list_remove(&trial->link);
    delivery_judge(http, EVENT_TEST, clock_wall_us(), &result);
    trial->is_delivered = result.is_delivered;
    trial->why = result.why;
    trial->ms = (clock_steady_us() - trial->started_us) / MS_US;
    trial->done(trial);
}

static void put_test_event(struct buf *out, int64_t now_us)
{
    delivery_begin_body(out, EVENT_TEST, now_us);
    buf_puts(out, "\"message\":\"This is a test. No answer is needed but a 2xx.\"}}");
}

void trial_start(struct outbox *outbox, const struct endpoint_row *endpoint, struct trial *trial)
{
    int64_t now_us = clock_wall_us();
    struct buf headers;

    trial->outbox = outbox;
    trial->started_us = clock_steady_us();
    trial->workspace_id = endpoint->workspace_id;
    list_append(&outbox->trials, &trial->link);
    buf_init(&trial->body, EVENT_BODY_BYTES_MAX);
    buf_init(&headers, DELIVERY_HEADERS_BYTES_MAX);
    put_test_event(&trial->body, now_us);
    delivery_put_headers(&headers, endpoint, id_of_time(now_us), buf_str(&trial->body), now_us);
    trial->http = (struct http_call){.method = STR("POST"),
                                     .url = endpoint->url,
                                     .headers = buf_str(&headers),
                                     .body = buf_str(&trial->body),
                                     .timeout_us = OUTBOX_TIMEOUT_MS * MS_US,
                                     .answer_bytes_max = OUTBOX_ANSWER_BYTES_MAX,
                                     .rules = &outbox->rules,
                                     .done = tried};
    http_client_start(outbox->asking, &trial->http);
    buf_deinit(&headers);
}

bool trial_may_start(const struct outbox *outbox, struct id workspace_id)
{
    size_t all = 0, its = 0;

    list_each(link, following, &outbox->trials)
    {
        all++;
        its += id_is(list_entry(link, struct trial, link)->workspace_id, workspace_id);
    }
    return all < OUTBOX_TRIALS_MAX && its < OUTBOX_TRIALS_EACH_MAX;
}

void trial_deinit(struct trial *trial)
{
    http_call_deinit(&trial->http);
    buf_deinit(&trial->body);
}

void trials_end(struct outbox *outbox)
{
    struct list *link;

    while ((link = list_take(&outbox->trials)) != NULL) {
        struct trial *trial = list_entry(link, struct trial, link);

        trial->http.result = HTTP_CALL_CANCELLED;
        trial->why = "the server is stopping";
        trial->done(trial);
    }
}
