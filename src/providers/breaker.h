/* providers/breaker.h: whether a provider is asked at all: pure state, the
 * clock (steady, in microseconds) as a parameter, no timers.
 *
 *   in service    ── failures (in a row, or their share) ──▶ circuit open
 *                 ── out of credits, key refused ──────────▶ out of credits, auth error
 *                 ── asked to wait, too many requests ─────▶ rate limited
 *   circuit open, out of credits, auth error: after a cool-down a few calls are
 *       let through as probes. A good one brings it back, a bad one begins a
 *       cool-down twice as long, up to a maximum.
 *   rate limited: over when its time is.
 *
 * Cool-downs are jittered (half of it for certain, half by chance), so that
 * servers which lost a provider together do not come back together. */
#ifndef PROVIDERS_BREAKER_H
#define PROVIDERS_BREAKER_H

#include "providers/provider.h"

/* BREAKER_STATE(id, name, what is skipped says) */
#define BREAKER_STATES(BREAKER_STATE)                                                                                  \
    BREAKER_STATE(IN_SERVICE, "in_service", OUTCOME_HIT)                                                               \
    BREAKER_STATE(RATE_LIMITED, "rate_limited", OUTCOME_RATE_LIMITED)                                                  \
    BREAKER_STATE(CIRCUIT_OPEN, "circuit_open", OUTCOME_CIRCUIT_OPEN)                                                  \
    BREAKER_STATE(OUT_OF_CREDITS, "out_of_credits", OUTCOME_OUT_OF_CREDITS)                                            \
    BREAKER_STATE(AUTH_ERROR, "auth_error", OUTCOME_AUTH_ERROR)                                                        \
    BREAKER_STATE(UNUSABLE, "unusable", OUTCOME_AUTH_ERROR) /* never here: see provider.h */

enum breaker_state {
#define BREAKER_STATE(id, name, outcome) BREAKER_##id,
    BREAKER_STATES(BREAKER_STATE)
#undef BREAKER_STATE
        BREAKER_STATE_COUNT
};

enum {
    BREAKER_FAILURES_IN_A_ROW = 5,
    BREAKER_FAILURES_PERCENT = 50, /* of at least … */
    BREAKER_CALLS_MIN = 20,        /* … so many calls within … */
    BREAKER_WINDOW_S = 30,
    BREAKER_SLOTS = 10, /* … counted in as many parts */
    BREAKER_PROBES_MAX = 3
};

/* Cool-downs: the first, and the longest. */
#define BREAKER_CIRCUIT_US (10 * SECOND_US)
#define BREAKER_CIRCUIT_US_MAX (300 * SECOND_US)
#define BREAKER_REFUSED_US (300 * SECOND_US) /* out of credits, auth error: somebody has to act */
#define BREAKER_REFUSED_US_MAX (3600 * SECOND_US)
#define BREAKER_RATE_US (1 * SECOND_US) /* too many requests, and it did not say for how long */
#define BREAKER_RATE_US_MAX (60 * SECOND_US)
#define BREAKER_WELL_US (60 * SECOND_US)        /* so long in service, and the next cool-down is short again */
#define BREAKER_WAIT_US_MAX (86400 * SECOND_US) /* whatever it says */

struct breaker {
    enum breaker_state state;
    int64_t since_us;        /* out of service, or back in it, since */
    int64_t until_us;        /* out of service: not asked before */
    enum breaker_state away; /* the latest state out of service … */
    unsigned times;          /* … and how often it followed itself closely */
    unsigned probes;         /* under way */
    unsigned failures_in_a_row;
    enum outcome failure; /* the latest */
    struct {
        int64_t part; /* of time: which one this slot has counted */
        unsigned calls, failures;
    } slots[BREAKER_SLOTS];
    uint64_t random;
};

/* How a call ended. */
struct breaker_event {
    enum outcome outcome;
    int64_t wait_us;   /* beside a failure: it asked to be left alone for so long; 0: it did not say */
    bool is_probe;     /* as breaker_begin said */
    bool says_nothing; /* it failed for a reason of ours */
};

const char *breaker_state_name(enum breaker_state state);

void breaker_init(struct breaker *breaker, uint64_t seed);

/* Out of service for what an operator mends: in again, as after a reload. */
void breaker_forgive(struct breaker *breaker, int64_t now_us);

/* As it is now: a wait that is over is no state any more. */
enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_us);

/* OUTCOME_HIT: it may be asked now; else what the trail says instead. */
enum outcome breaker_reason_to_skip(const struct breaker *breaker, int64_t now_us);

/* A call begins, which may. True: it is a probe. */
bool breaker_begin(struct breaker *breaker, int64_t now_us);

/* It ended. True: the state is another one, or its time is. */
bool breaker_end(struct breaker *breaker, const struct breaker_event *event, int64_t now_us);

/* From `from` to `to`, both included, by chance. */
int64_t random_between(uint64_t *random, int64_t from, int64_t to);

#endif
