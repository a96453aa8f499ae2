/* enrich/waterfall.h: the ordered providers of each channel, and running down them.
 *
 * The fields of a company have one waterfall together (CHANNEL_ACCOUNT): it goes
 * on as long as a field is missing that the next provider has, and each one
 * that filled any is charged its price once.
 *
 * The channels of a lookup run side by side, the providers within one in order,
 * stopping at the first usable answer. A provider is called at most once in a
 * lookup: its one answer serves every channel that reaches it. A provider's
 * failure is an outcome and means "next". An answer is about one person: when a
 * value of it is suppressed, all of it is OUTCOME_BLOCKED.
 *
 * The order is the configured one, or one made for the lookup (enrich/order.h). */
#ifndef ENRICH_WATERFALL_H
#define ENRICH_WATERFALL_H

#include "base/arena.h"
#include "providers/provider.h"
#include "workspace/workspace.h"

enum { PROVIDERS_MAX = 64, VERIFIERS_MAX = 8 };

/* winner: a found channel costs the price of its finder. attempts: plus the
 * prices of the misses before the hit. Misses alone never cost. */
enum charge_policy { CHARGE_WINNER, CHARGE_ATTEMPTS };

/* What an e-mail is worth whose domain takes mail for any name. */
enum catch_all { CATCH_ALL_ACCEPT, CATCH_ALL_MISS, CATCH_ALL_VERIFY_NEXT };

struct waterfall {
    struct provider *providers[PROVIDERS_MAX];
    size_t count;
    struct provider *verifiers[VERIFIERS_MAX]; /* of what they find: see verification.h */
    size_t verifier_count;
    enum catch_all catch_all;
    uint64_t fingerprint; /* of all their names, in whatever order (of verifiers: in theirs) */
};

struct waterfalls {
    struct waterfall of[WATERFALL_COUNT];
    enum charge_policy charge_policy;
};

void waterfall_add(struct waterfall *waterfall, struct provider *provider);
void waterfall_add_verifier(struct waterfall *waterfall, struct provider *verifier);
void waterfall_set_catch_all(struct waterfall *waterfall, enum catch_all catch_all); /* once */

/* Sets of a waterfall's providers: bit 1 << place in `providers`. */
static inline bool set_has_provider(uint64_t set, size_t place)
{
    return (set & UINT64_C(1) << place) != 0;
}

/* Of those who are asked: a null is remembered against it. */
uint64_t waterfall_fingerprint(const struct waterfall *waterfall, uint64_t disabled);

/* The most that looking for these slots of a waterfall can cost with these
 * hints, whatever the order. */
int64_t waterfall_worst_credits(const struct waterfalls *waterfalls, enum channel channel, unsigned slots,
                                unsigned hints_mask, bool is_discovery, uint64_t disabled);

/* Whom a lookup asks for each channel, one after another: some are left out. */
enum order_kind {
    ORDER_CONFIGURED,
    ORDER_EXPECTED, /* by what is expected of each, as far as it is ranked */
    ORDER_DRAWN     /* by a draw of it */
};

struct order_place {
    uint8_t provider; /* in the waterfall */
    bool is_ranked;   /* has the following, of enrich/ranking.h */
    float index, hit_rate, reply_rate;
};

struct channel_order {
    uint64_t fingerprint;
    uint16_t first; /* in places */
    uint8_t count;
    uint8_t kind;
};

struct order {
    uint64_t seed; /* of what was drawn */
    struct channel_order of[WATERFALL_COUNT];
    struct order_place places[];
};

/* One provider asked or skipped for one channel. */
struct attempt {
    struct attempt *next;
    const struct provider *provider;
    struct verifier_attempt *verifications; /* of what it found */
    enum outcome outcome;
    unsigned rank; /* place in the lookup's order, from 1 */
    int64_t price;
    int64_t ms;
    int64_t credits; /* what it added to the bill */
};

/* One verifier asked or skipped about what an attempt found. */
struct verifier_attempt {
    struct verifier_attempt *next;
    const struct provider *verifier;
    unsigned rank;             /* place among the waterfall's verifiers, from 1 */
    enum outcome outcome;      /* HIT: it has a verdict */
    enum email_status verdict; /* NONE: it has none */
    int64_t ms;
};

/* Does it say what the provider knows? A failure says how it is. */
bool outcome_is_evidence(enum outcome outcome);

struct waterfall_run;

struct channel_run {
    struct waterfall_run *run;
    enum channel channel;
    unsigned cursor; /* the next place in the order */
    bool is_running;
    unsigned missing;    /* slots to be found yet */
    unsigned incomplete; /* of these: somebody did not really answer */
    struct attempt *first, *last;
    int64_t credits;        /* the bill for what was found */
    int64_t missed_credits; /* prices of the misses so far */
    int64_t reserved;       /* the bill if the provider being asked hits */
};

struct found {
    struct str value; /* in normal form; empty: not found */
    struct str source;
    struct str provider; /* who was asked */
    struct traits traits;
    bool is_verified; /* the customer's own judge has called it valid */
    int64_t confidence_ppm;
};

/* Embedded by the lookup; in place until `done`. */
struct waterfall_run {
    /* in */
    struct loop *loop;
    const struct waterfalls *waterfalls;
    const struct order *order; /* NULL: the configured one */
    const struct hints *hints;
    const struct workspace *workspace; /* whose suppressions hold; NULL: nobody's */
    unsigned channels;                 /* the slots to find */
    bool is_discovery;                 /* at that price */
    int64_t min_confidence_ppm;
    int64_t credits_max; /* the bill never exceeds it */
    int64_t deadline_us; /* steady time */
    struct arena *arena;
    struct provider *judge; /* the customer's own verifier, who has the last word; NULL: nobody */
    const char *request_id; /* for the log */
    const char *trace_id;   /* for the log; "" without */
    void (*done)(struct waterfall_run *run);

    /* out */
    struct channel_run channel_runs[WATERFALL_COUNT]; /* all zero where nothing was asked for */
    struct found *found;                              /* [slots_end(channels)], in the arena; NULL before it started */

    /* private */
    struct asked *asked;
    struct verification *verifications;
    struct provider_value *spare; /* [CHANNEL_COUNT], empty: the last one that knew nothing had no use for it */
    unsigned running;
};

/* True when everything was over at once: then `done` does not come. */
bool waterfall_run_start(struct waterfall_run *run);

/* What was found for a slot; NULL: nothing. */
const struct found *waterfall_run_found(const struct waterfall_run *run, unsigned slot);

/* The slots that were not found because somebody did not really answer. */
unsigned waterfall_run_incomplete(const struct waterfall_run *run);

int64_t waterfall_run_credits(const struct waterfall_run *run);

#endif
