/* webhooks/delivery.h: one event to one endpoint: the request, and what its answer means. */
#ifndef WEBHOOKS_DELIVERY_H
#define WEBHOOKS_DELIVERY_H

#include "net/http_client.h"
#include "store/outbox.h"

/* The beginning of an event's body, up to where its data's members go; "}}" ends it. */
void delivery_begin_body(struct buf *out, enum event_type type, int64_t at_us);

enum { DELIVERY_HEADERS_BYTES_MAX = 1024 };

/* The signed header lines of a try at `now_us`. */
void delivery_put_headers(struct buf *out, const struct endpoint_row *endpoint, struct id event_id, struct str body,
                          int64_t now_us);

struct delivery_result {
    bool is_delivered;
    bool is_gone;    /* 410: never again */
    int verdict;     /* of a verification: 0, 1; else -1 */
    int64_t wait_us; /* asked for; 0: it did not say */
    const char *why; /* it is not delivered; constant; "" when it is */
};

void delivery_judge(const struct http_call *call, enum event_type type, int64_t now_us, struct delivery_result *out);

/* Appends the beginning of a text (at most `bytes_max`) as it may be shown:
 * e-mail addresses with their local part masked, control bytes as spaces. */
void delivery_put_redacted(struct buf *out, struct str text, size_t bytes_max);

#endif
