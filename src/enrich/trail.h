/* enrich/trail.h: why each provider was asked or skipped, as text.
 *
 * The text is what is stored, digested into the ledger and shown: one form, so
 * that the digest proves what people read. It names providers and outcomes,
 * never a person. */
#ifndef ENRICH_TRAIL_H
#define ENRICH_TRAIL_H

#include "base/buf.h"
#include "enrich/waterfall.h"
#include "store/store.h"

#define LOOKUP_PREFIX STR("look_")
#define RECORD_PREFIX STR("lead_")
#define ACCOUNT_PREFIX STR("acc_")

enum { TRAIL_BYTES_MAX = 256 * 1024 };

/* [{"channel","provider","rank","price","ms","outcome","credits"},…]; where the
 * order was learned also "index", and where it was drawn "draw": {"hit_rate",
 * "reply_rate"}: the two and the price make the index. Behind what a provider
 * found stand the verifiers, with "verifies" (its name) and "verdict". */
void trail_put_attempts(struct buf *out, const struct waterfall_run *run);

/* {"lookup_id","at","credits_used","attempts":[…]}; with drawn orders "seed"
 * too: the draws follow from it and from what was known. */
void trail_put(struct buf *out, struct id lookup_id, int64_t at_us, const struct waterfall_run *run);

/* What the usage counts: who was really asked, and hit. */
size_t trail_tally(const struct waterfall_run *run, struct arena *arena, struct tally **out_tallies);

#endif
