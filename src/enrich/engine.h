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

struct engine {
    struct loop *loop;
    struct store *store;
    struct record_cache *cache;
    const struct waterfalls *waterfalls;
    int64_t lookup_us_max;   /* from its start to the answer, committing apart */
    int64_t discover_us_max; /* the same of a discovery */
    size_t lookups_max;      /* under way at once */
    struct ranking_settings ranking;
    struct evidence *evidence;
    struct chance chance; /* where the seeds of lookups' draws come from */

    struct flights flights;
    size_t lookups; /* under way now */
};

#endif
