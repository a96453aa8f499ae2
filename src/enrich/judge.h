/* enrich/judge.h: is what a provider said usable?
 *
 * One place for all kinds of providers: masked, malformed and foreign values
 * are not hits (OUTCOME_INVALID); a value under the asked confidence is
 * OUTCOME_BELOW_CONFIDENCE. A work e-mail must not be at a free mailbox, and
 * must be at the asked company's domain (or below it) when one was asked. */
#ifndef ENRICH_JUDGE_H
#define ENRICH_JUDGE_H

#include "identity/identity.h"
#include "providers/provider.h"

/* OUTCOME_HIT with the normal form in `out`, or why it is none. */
enum outcome judge_value(enum channel channel, const struct provider_value *value, const struct hints *hints,
                         int64_t min_confidence_ppm, struct identity_text *out);

#endif
