/* enrich/waterfall.h: the ordered providers of each channel, and running down them.
 *
 * The channels of a lookup run side by side, the providers within one in order,
 * stopping at the first usable answer. A provider is called at most once in a
 * lookup: its one answer serves every channel that reaches it. A provider's
 * failure is an outcome and means "next". */
#ifndef ENRICH_WATERFALL_H
#define ENRICH_WATERFALL_H

#include "base/arena.h"
#include "providers/provider.h"

enum { PROVIDERS_MAX = 64 };

/* winner: a found channel costs the price of its finder. attempts: plus the
 * prices of the misses before the hit. Misses alone never cost. */
enum charge_policy { CHARGE_WINNER, CHARGE_ATTEMPTS };

struct waterfall {
    struct provider *providers[PROVIDERS_MAX];
    size_t count;
    uint64_t fingerprint; /* of the names in order: a null is remembered against it */
};

struct waterfalls {
    struct waterfall of[CHANNEL_COUNT];
    enum charge_policy charge_policy;
};

void waterfall_add(struct waterfall *waterfall, struct provider *provider);

/* The most a channel can cost with these hints. */
int64_t waterfall_worst_credits(const struct waterfalls *waterfalls, enum channel channel, unsigned hints_mask);

/* One provider asked or skipped for one channel. */
struct attempt {
    struct attempt *next;
    const struct provider *provider;
    unsigned rank; /* place in the waterfall, from 1 */
    int64_t price;
    int64_t ms;
    enum outcome outcome;
    int64_t credits; /* what it added to the bill */
};

struct waterfall_run;

struct channel_run {
    struct waterfall_run *run;
    enum channel channel;
    size_t cursor; /* the next place in the waterfall */
    bool is_running;
    bool is_incomplete; /* somebody did not really answer */
    struct attempt *first, *last;
    struct str value; /* in normal form; empty: not found */
    struct str source;
    int64_t confidence_ppm;
    int64_t credits;        /* the bill when found */
    int64_t missed_credits; /* prices of the misses so far */
    int64_t reserved;       /* the bill if the provider being asked hits */
};

/* Embedded by the lookup; in place until `done`. */
struct waterfall_run {
    /* in */
    struct loop *loop;
    const struct waterfalls *waterfalls;
    const struct hints *hints;
    unsigned channels; /* to find */
    int64_t min_confidence_ppm;
    int64_t credits_max; /* the bill never exceeds it */
    int64_t deadline_us; /* steady time */
    struct arena *arena;
    const char *request_id; /* for the log */
    const char *trace_id;   /* for the log; "" without */
    void (*done)(struct waterfall_run *run);

    /* out; [i] is meaningful for the channels asked for */
    struct channel_run channel_runs[CHANNEL_COUNT];

    /* private */
    struct asked *asked;
    unsigned running;
};

/* True when everything was over at once: then `done` does not come. */
bool waterfall_run_start(struct waterfall_run *run);

int64_t waterfall_run_credits(const struct waterfall_run *run);

#endif
