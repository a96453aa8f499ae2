/* providers/provider.h: an outside source, whatever its kind.
 *
 * A kind (dataset, http, sandbox) is a table of functions; a provider is one
 * configured source of a kind. A provider answers a question with values per
 * channel and an outcome; judging the values (format, domain, confidence)
 * belongs to the waterfall, in one place for all kinds. A provider's failure is
 * an outcome too: nothing a provider does can fail a lookup. */
#ifndef PROVIDERS_PROVIDER_H
#define PROVIDERS_PROVIDER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/metric.h"
#include "base/str.h"
#include "net/loop.h"
#include "store/channel.h"
#include "store/trait.h"

#include <stdbool.h>
#include <stdint.h>

/* OUTCOME(id, name, is_answer): is_answer says that the provider really
 * answered, so that a null built on it may be remembered. The first four and
 * the last two are judged by the waterfall; the rest come from a call. */
#define OUTCOMES(OUTCOME)                                                                                              \
    OUTCOME(HIT, "hit", true)                                                                                          \
    OUTCOME(MISS, "miss", true)                                                                                        \
    OUTCOME(BELOW_CONFIDENCE, "below_confidence", true)                                                                \
    OUTCOME(INVALID, "invalid", true)                                                                                  \
    OUTCOME(TIMEOUT, "timeout", false)                                                                                 \
    OUTCOME(RATE_LIMITED, "rate_limited", false)                                                                       \
    OUTCOME(OUT_OF_CREDITS, "out_of_credits", false)                                                                   \
    OUTCOME(AUTH_ERROR, "auth_error", false)                                                                           \
    OUTCOME(BLOCKED, "blocked", true)                                                                                  \
    OUTCOME(ERROR, "error", false)                                                                                     \
    OUTCOME(CIRCUIT_OPEN, "circuit_open", false)                                                                       \
    OUTCOME(OVER_BUDGET, "over_budget", false)                                                                         \
    OUTCOME(NOT_APPLICABLE, "not_applicable", true)

enum outcome {
#define OUTCOME(id, name, is_answer) OUTCOME_##id,
    OUTCOMES(OUTCOME)
#undef OUTCOME
        OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome);
bool outcome_from(struct str name, enum outcome *out_outcome);
bool outcome_is_answer(enum outcome outcome);

/* What may be known of a person when asking; a set of them is bits 1 << hint.
 * HINT(id, name in templates and needs) */
#define HINTS(HINT)                                                                                                    \
    HINT(EMAIL, "email")                                                                                               \
    HINT(LINKEDIN_URL, "linkedin_url")                                                                                 \
    HINT(COMPANY_DOMAIN, "company_domain")                                                                             \
    HINT(FIRST_NAME, "first_name")                                                                                     \
    HINT(LAST_NAME, "last_name")                                                                                       \
    HINT(COMPANY_NAME, "company_name")

enum hint {
#define HINT(id, name) HINT_##id,
    HINTS(HINT)
#undef HINT
        HINT_COUNT
};

const char *hint_name(enum hint hint);
bool hint_from(struct str name, enum hint *out_hint);

/* The hints in normal form; absent ones are STR_NONE. */
struct hints {
    struct str of[HINT_COUNT];
};

unsigned hints_mask(const struct hints *hints);

struct workspace; /* workspace/workspace.h */

struct provider_value {
    struct str value;       /* as the provider said it, trimmed; empty: no value */
    int64_t confidence_ppm; /* 0 to PPM_ONE */
    struct str source;      /* who said it, when not the provider itself; empty: the provider's name */
    struct traits traits;
    char region[2]; /* of a phone number: the country's two letters; zeros: not said */
};

/* One exchange. Embedded by the caller, in place until `done`. */
struct provider_call {
    /* in */
    const struct hints *hints;     /* valid until done */
    struct arena *arena;           /* answers are kept here */
    struct provider_value *values; /* out: zeroed, [slots_end(channels)] */
    void (*done)(struct provider_call *call);
    union {
        int64_t timeout_us;
        int64_t due_us; /* of health.c, while it has the call */
    };
    unsigned channels;                 /* wanted: a set of slots; none: the verdict on hints' e-mail is */
    const struct workspace *workspace; /* who asks; NULL: nobody in particular */

    /* out */
    enum outcome outcome;      /* HIT when any wanted channel has a value (or there is a verdict), MISS when it answered
                                  without, else a failure */
    unsigned unanswered;       /* of the wanted, beside a HIT or MISS: those for which it failed … */
    enum outcome failure;      /* … like this */
    enum email_status verdict; /* of a verifier */
    bool is_repeatable;        /* it failed in a way that asking again cannot pay twice, and may help */
    bool is_ours; /* it failed (in part: `unanswered`) for a reason of ours that says nothing of the provider */

    /* of health.c */
    bool is_probe, is_check;
    uint8_t tries;
    int64_t deadline_us;
    struct provider *provider;
    void (*asker_done)(struct provider_call *call);

    int64_t wait_us; /* out: it asked to be left alone for so long; 0: it did not say */

    void *state;        /* the kind's own, in the arena */
    struct later later; /* the kind's own: see provider_call_end */
};

struct provider;

struct provider_kind {
    const char *name;
    /* Starts asking; `done` comes from the loop, at the latest shortly after timeout_us. */
    void (*ask)(struct provider *provider, struct provider_call *call);
    /* Asks what costs nothing and proves the key: HIT or MISS when it is right, else a failure. Without hints, channels
     * and values. For those that has_check. */
    void (*check_key)(struct provider *provider, struct provider_call *call);
    void (*free)(struct provider *provider);
};

enum { NEEDS_MAX = 32, PROVIDER_NAME_BYTES_MAX = 64 };

/* These hints suffice to be asked for these slots. */
struct need {
    unsigned hints;
    unsigned slots;
};

enum { PROVIDER_LIMIT_MAX = 1000000 };

/* How much it may be asked, kept on our side; 0: not limited. */
struct provider_limits {
    int64_t per_second; /* calls begun */
    int64_t per_minute;
    int64_t concurrent;
    int64_t polls_per_minute; /* requests that ask again for what a call started: their own count */
    int64_t timeout_us;       /* of one request */
};

/* How long a call may take unless the connector or the configuration says else. */
#define CALL_US_DEFAULT (10 * INT64_C(1000000))

struct provider {
    const struct provider_kind *kind;
    struct str name;              /* what `source` says; owned */
    unsigned channels;            /* the slots that it can fill */
    struct need needs[NEEDS_MAX]; /* alternatives */
    size_t needs_count;
    bool is_verifier;                        /* answers verdicts; no channels then */
    int64_t prices[WATERFALL_COUNT];         /* credits for a channel found, or for any fields of a company */
    int64_t discovery_prices[CHANNEL_COUNT]; /* when the person was asked for by name */
    int64_t timeout_us;                      /* of a call, all its requests together */
    struct provider_limits limits;
    char *unusable; /* why it cannot be asked at all, with the remedy (no key is configured); NULL: it can; owned */
    bool has_check;

    struct health *health;       /* NULL: it is asked as it is; see health.h */
    struct key_check *key_check; /* of health.c: under way */
    unsigned calls_out;          /* given to provider_ask, not done yet; and the kind's own */

    struct series *calls[OUTCOME_COUNT]; /* for GET /metrics: see provider_count_call */
    struct series *call_seconds;
    struct series *spent, *balance;
};

/* A call to it has ended after so long. */
void provider_count_call(struct provider *provider, enum outcome outcome, int64_t us);

/* What an answer said of the provider's own credits, in millionths. */
void provider_note_cost(struct provider *provider, int64_t cost_ppm);
void provider_note_balance(struct provider *provider, int64_t balance_ppm);

/* For kinds whose answer is there at once: `done` with this outcome, from the loop. */
void provider_call_end(struct loop *loop, struct provider_call *call, enum outcome outcome);

/* Does any of the call's values say something? */
bool provider_call_has_value(const struct provider_call *call);

/* Can it be asked with these hints for this channel? For the fields of a
 * company the domain is enough for whoever has any. */
bool provider_can_answer(const struct provider *provider, unsigned hints_mask, enum channel channel);

/* Has it anything for that waterfall? */
bool provider_offers(const struct provider *provider, enum channel channel);

int64_t provider_price(const struct provider *provider, enum channel channel, bool is_discovery);

/* A channel costs twice as much to discover, unless the configuration says else. */
enum { DISCOVERY_FACTOR = 2 };

#endif
