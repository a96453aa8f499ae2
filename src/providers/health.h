/* providers/health.h: asking a provider with regard to how it is.
 *
 * Between whoever asks (the waterfall) and the kind that does: out of service,
 * it is not asked; too fast, calls wait their turn; where it cannot cost twice, a
 * failed call is sent again. All of it ends within the call's own time.
 *
 *   provider_ask ── out of service, no turn in time ──▶ done: circuit_open, out_of_credits, auth_error, rate_limited
 *        │
 *        ├── waits for its turn (declared rates, calls at once), at most half of its time, in order
 *        ▼
 *   the kind's ask ──▶ done: what it said
 *        │
 *        └── failed, is_repeatable, in the budget: waits (jittered, or as long as it was told), and once again
 *
 * A provider without a health (the sandbox's, those of tests) is asked as it is.
 * Healths outlive a reload: the new provider of the same name takes it over. */
#ifndef PROVIDERS_HEALTH_H
#define PROVIDERS_HEALTH_H

#include "providers/provider.h"

enum {
    CALLS_WAITING_MAX = 10000, /* for one provider */
    CALL_TRIES_MAX = 2         /* the first one included */
};

/* --- asking ------------------------------------------------------------------ */

/* As kind->ask; `done` comes exactly once, from the loop. */
void provider_ask(struct provider *provider, struct provider_call *call);

/* Why provider_ask would end a call that has so much time without asking (and this is a skip, then, in /metrics);
 * OUTCOME_HIT: it would not. For those who spare themselves the call. */
enum outcome provider_reason_to_skip(struct provider *provider, int64_t timeout_us);

/* For kinds whose call sends more than one request, before each one after the first: after how many microseconds it may
 * leave (it is counted now). Less than 0: not within `left_us`; it is not counted. Polls have a rate of their own where
 * one is declared. */
int64_t provider_pace_request(struct provider *provider, bool is_poll, int64_t left_us);

/* --- coming and going --------------------------------------------------------- */

/* When name and limits are known. */
void health_open(struct loop *loop, struct provider *provider);

/* At a reload: `to` (opened) takes over the health of `from`, a provider of the same name. What an operator mends
 * (credits, key) is forgotten; so are answers that `from` gets to an old key. Limits are those of `to`. */
void health_carry_over(struct provider *from, struct provider *to);

/* A call is out or waits: it may not be freed yet. */
bool provider_is_busy(const struct provider *provider);

/* By provider_free. Calls that wait end as errors. */
void health_close(struct provider *provider);

/* Asks a provider that has a free call for it whether its key is right, within a second; a wrong key takes it out
 * before a lookup is hurt. */
void health_check_key(struct provider *provider);

/* --- telling ------------------------------------------------------------------ */

struct health_view {
    const char *state; /* in_service, circuit_open, out_of_credits, auth_error, rate_limited, unusable */
    int64_t since_us;  /* wall time; 0: not known */
    int64_t until_us;  /* wall time: not asked before; 0: asked (again), or not known */
    char sentence[320];
};

void health_describe(const struct provider *provider, struct health_view *out);

/* For GET /metrics: what is true at this moment, of all providers. */
void health_set_gauges(void);

#endif
