/* webhooks/outbox.h: delivers what waits, to each endpoint by itself.
 *
 * At least once, each event under one id for ever; order is not promised. What
 * is promised is isolation: an endpoint that hangs or fails is asked with one
 * call at a time, and all of those that fail together get at most half of the
 * calls, so it slows neither a lookup nor another endpoint. Events are read from
 * the store a page at a time; a million that wait cost no more than that. An
 * endpoint that answers with Retry-After is left alone for so long, with all its
 * events.
 *
 * A try succeeds with a 2xx (and, for a verification, the body {"valid": true}
 * or {"valid": false}). Anything else is tried again: see outbox_schedule. A 410
 * disables the endpoint; what waits for it waits until it is enabled again.
 * What became of a try is on disk before the next one. */
#ifndef WEBHOOKS_OUTBOX_H
#define WEBHOOKS_OUTBOX_H

#include "net/http_client.h"
#include "store/cache.h"
#include "webhooks/endpoint.h"

enum {
    OUTBOX_CALLS_MAX = 128,
    OUTBOX_CALLS_EACH_MAX = 16,
    OUTBOX_TRIALS_MAX = 64,
    OUTBOX_TRIALS_EACH_MAX = 4, /* of a workspace */
    OUTBOX_QUESTIONS_MAX = 512, /* before the answer: webhooks/judge.h */
    OUTBOX_SOCKETS_MAX = OUTBOX_CALLS_MAX + OUTBOX_TRIALS_MAX + OUTBOX_QUESTIONS_MAX,
    OUTBOX_ANSWER_BYTES_MAX = 64 * 1024,
    OUTBOX_TIMEOUT_MS = 15000,
    OUTBOX_PAGES_MAX = 256,
    OUTBOX_FORGET_S = 3600 /* how much longer than OUTBOX_KEPT_US something may be kept */
};

/* When a try follows the one before it; behind them the event is dead. With up
 * to a fifth more at random. */
#define OUTBOX_SCHEDULE_S                                                                                              \
    {                                                                                                                  \
        0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600                                                           \
    }

struct outbox {
    struct loop *loop;
    struct store *store;
    struct record_cache *cache;
    struct http_client *client; /* of its own: its rules are not those of providers */
    struct http_client *asking; /* for trials and the judge: what hangs there delays no delivery */
    struct outgoing_rules rules;

    struct list ready;   /* endpoints with something due, waiting for a page … */
    struct list failing; /* … and those that failed the last time: at most half of the pages are theirs */
    struct list busy;    /* endpoints with a page */
    struct list resting; /* endpoints whose next is due later */
    size_t pages, failing_pages, calls, failing_calls;
    struct loop_timer tick;
    struct store_forget forget; /* what has been kept long enough */
    int64_t forget_at_us;       /* the next time; INT64_MAX: it is under way */
    struct list purges;         /* of endpoints that are leaving */
    struct list trials;         /* under way */
    bool is_stopping;
};

void outbox_init(struct outbox *outbox, struct loop *loop, struct store *store, struct record_cache *cache,
                 const struct outgoing_rules *rules);

void outbox_set_name_servers(struct outbox *outbox, const char *servers); /* see resolver_new */

/* Looks what waits for each endpoint. After store_start. */
void outbox_start(struct outbox *outbox, struct directory *directory);

/* Starts nothing more, and drops the calls that are under way: they are made
 * again after the next start. Trials end now. Before store_close. */
void outbox_stop(struct outbox *outbox);
void outbox_deinit(struct outbox *outbox, struct directory *directory); /* after store_close; the endpoints go too */

/* Something was written for it. */
void outbox_wake(struct outbox *outbox, struct endpoint *endpoint);
/* Somebody wants it tried now: it is in use again, or an event is. That it asked to be left alone counts no more. */
void outbox_hurry(struct outbox *outbox, struct endpoint *endpoint);

/* It is erased: what was read of its events is not sent any more. */
void outbox_forget_record(const struct workspace *workspace, struct id record_id);

/* It is on disk as leaving: its events go, then itself. */
void outbox_purge(struct outbox *outbox, struct endpoint *endpoint);

/* Seconds until the next try after so many; -1: there is none. */
int64_t outbox_wait_s(int tries);

#endif
