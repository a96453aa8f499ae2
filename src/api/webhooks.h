/* api/webhooks.h: what the routes under /settings share. */
#ifndef API_WEBHOOKS_H
#define API_WEBHOOKS_H

#include "api/exchange.h"
#include "webhooks/trial.h"

/* The endpoint that a route is about: the verification's, or that of the path's
 * {id}. NULL: refused. */
struct endpoint *webhooks_verification(struct exchange *x);
struct endpoint *webhooks_named(struct exchange *x);

/* `"name":"2026-…"` or null. */

/* {"delivered","status","ms","why","answer"} */
void webhooks_put_trial(struct buf *out, const struct trial *trial);

#endif
