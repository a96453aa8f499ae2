/* api/answer.h: how values and records look in JSON: the seed's shapes. */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include "enrich/lookup.h"

/* {"work_email": {"value","source","confidence","enriched_at"[,"verified"]}, …} for the channels of `set`; null where
 * not in `found`. With details the values have "status", "type" and "do_not_call" too, where known. */
void answer_put_channels(struct buf *out, const struct kept_channel *channels, unsigned set, unsigned found,
                         bool with_details);

/* {"industry": …, …}: all ten fields of a company, in their types; null where not in `found`. */
void answer_put_fields(struct buf *out, const struct kept_channel *channels, unsigned found);
/* The same with {"source","confidence","enriched_at"} for each. */
void answer_put_sources(struct buf *out, const struct kept_channel *channels, unsigned found);

/* "lead_…" or "acc_…" as the member `record_id` or `account_id`. */
void answer_put_id(struct buf *out, struct id record_id, bool is_account);

/* The answer of a lookup without an error. */
void answer_put_lookup(struct buf *out, const struct question *question, const struct lookup_answer *answer);

#endif
