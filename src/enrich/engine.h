/* enrich/engine.h: what all lookups share. One per process, on the loop's thread. */
#ifndef ENRICH_ENGINE_H
#define ENRICH_ENGINE_H

#include "enrich/flight.h"
#include "enrich/waterfall.h"
#include "store/cache.h"
#include "store/store.h"

struct engine {
    struct loop *loop;
    struct store *store;
    struct record_cache *cache;
    const struct waterfalls *waterfalls;
    int64_t lookup_us_max;   /* from its start to the answer, committing apart */
    int64_t discover_us_max; /* the same of a discovery */
    size_t lookups_max;      /* under way at once */

    struct flights flights;
    size_t lookups; /* under way now */
};

#endif
