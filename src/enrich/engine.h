/* enrich/engine.h: what all lookups share. One per process, on the loop's thread. */
#ifndef ENRICH_ENGINE_H
#define ENRICH_ENGINE_H

#include "enrich/evidence.h"
#include "enrich/flight.h"
#include "enrich/waterfall.h"
#include "store/cache.h"
#include "store/store.h"

struct ranking_settings {
    bool is_learned; /* the order of people's channels; else the configured one */
    struct ranking_policy policy;
    double exploration; /* share of what lookups are worth that trying out others may cost */
    int64_t reports_min;
};

struct setup; /* enrich/setup.h */
struct workspace;

/* A lookup about to be committed, for those who tell others of it. */
struct lookup_told {
    struct workspace *workspace;
    struct id record_id;
    bool is_account;
    unsigned found;                      /* slots that this run has filled */
    const struct kept_channel *channels; /* as they will be kept */
    int64_t credits;
    int64_t at_us;
};

/* Whoever tells others what happens here: one layer up (webhooks/telling.h). */
struct lookup_listener {
    /* Events to be written with it, in `arena`. */
    size_t (*events)(struct lookup_listener *listener, const struct lookup_told *told, struct arena *arena,
                     struct event_row **out_events);
    /* Who judges that workspace's found e-mails before the answer; NULL: nobody. */
    struct provider *(*judge)(struct lookup_listener *listener, const struct workspace *workspace);
    /* They are on disk (one for credits.low only if it was its time). */
    void (*committed)(struct lookup_listener *listener, struct workspace *workspace, const struct event_row *events,
                      size_t count);
};

struct engine {
    struct loop *loop;
    struct store *store;
    struct record_cache *cache;
    struct setup *setup;                 /* the current one; NULL: waterfalls are nobody's */
    const struct waterfalls *waterfalls; /* of the setup */
    int64_t lookup_us_max;               /* from its start to the answer, committing apart */
    int64_t discover_us_max;             /* the same of a discovery */
    size_t lookups_max;                  /* under way at once */
    struct ranking_settings ranking;
    struct evidence *evidence;
    struct chance chance;             /* where the seeds of lookups' draws come from */
    struct lookup_listener *listener; /* NULL: nobody */

    struct flights flights;
    size_t lookups; /* under way now */
};

#endif
