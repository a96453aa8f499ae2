/* api/answer.h: how values and records look in JSON: the seed's shapes. */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include "base/buf.h"
#include "store/store.h"

/* {"value","source","confidence","enriched_at"[,"verified"]}, or null without a value. */
void answer_put_channel(struct buf *out, const struct kept_channel *kept);

/* {"work_email": …, …} for the channels of `set`; null where not in `found`. */
void answer_put_channels(struct buf *out, const struct kept_channel *channels, unsigned set, unsigned found);

#endif
