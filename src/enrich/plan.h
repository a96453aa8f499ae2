/* enrich/plan.h: what a lookup would do (dry_run): nothing is called or charged. */
#ifndef ENRICH_PLAN_H
#define ENRICH_PLAN_H

#include "base/buf.h"
#include "enrich/question.h"
#include "enrich/waterfall.h"

/* Writes the members behind `"dry_run":true`:
 *   "channels": {name: {"cached": true} or {"cached": false, "providers": […],
 *                "expected_credits", "worst_credits", "odds"}},
 *   "expected_credits", "worst_credits"
 * odds: the chance of a hit from this workspace's own history, each provider's
 * rate smoothed as (hits + 1) / (asked + 2); null (and expected_credits null)
 * where no provider of the waterfall has a history. `cached` is the set of
 * slots the store can answer. A company's fields are one entry, "account". */
void plan_put(struct buf *out, const struct question *question, unsigned cached, const struct waterfalls *waterfalls,
              const struct tally *tallies, size_t tally_count);

#endif
