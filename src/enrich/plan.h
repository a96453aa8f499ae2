/* enrich/plan.h: what a lookup would do (dry_run): nothing is called or charged. */
#ifndef ENRICH_PLAN_H
#define ENRICH_PLAN_H

#include "base/buf.h"
#include "enrich/engine.h"
#include "enrich/question.h"
#include "workspace/workspace.h"

/* Writes the members behind `"dry_run":true`:
 *   "channels": {name: {"cached": true} or {"cached": false, "providers": […],
 *                "expected_credits", "worst_credits", "odds"}},
 *   "expected_credits", "worst_credits"
 * odds: the chance of a hit from this workspace's own history (old cases count
 * less), each provider's rate smoothed as (hits + 1) / (asked + 2); null (and
 * expected_credits null) where no provider of the waterfall has a history. The
 * providers stand in the order that is expected to be best. `cached` is the set
 * of slots the store can answer. A company's fields are one entry, "account". */
void plan_put(struct buf *out, struct engine *engine, const struct workspace *workspace,
              const struct question *question, unsigned cached, struct arena *arena);

#endif
