/* webhooks/trial.h: one signed event that is not kept, to try an endpoint out:
 * when it is saved, and when somebody asks for it. */
#ifndef WEBHOOKS_TRIAL_H
#define WEBHOOKS_TRIAL_H

#include "webhooks/outbox.h"

/* Embedded by whoever asks; in place until `done`. */
struct trial {
    struct outbox *outbox;
    void (*done)(struct trial *trial);

    /* out, until trial_deinit */
    bool is_delivered;
    const char *why; /* it was not; else "" */
    int64_t ms;
    struct http_call http;

    struct list link; /* private */
    struct id workspace_id;
    int64_t started_us;
    struct buf body;
};

/* False: too many are under way, of all or of this workspace. */
bool trial_may_start(const struct outbox *outbox, struct id workspace_id);
/* `done` is set; `endpoint` is read now only. */
void trial_start(struct outbox *outbox, const struct endpoint_row *endpoint, struct trial *trial);
void trial_deinit(struct trial *trial);

/* Ends all that are under way: whoever asked is gone, or had to go; `done` frees what it holds. After the outbox's
 * clients are freed. */
void trials_end(struct outbox *outbox);

#endif
