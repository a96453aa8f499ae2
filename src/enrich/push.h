/* enrich/push.h: may a value be sent to where people are written to?
 *
 * The seed's rule: an e-mail that was judged invalid is kept and shown as such,
 * and left out of every push. So are addresses that a provider or verifier calls
 * undeliverable, and numbers that must not be called. Every push and every list
 * made for one asks here, and nowhere else. */
#ifndef ENRICH_PUSH_H
#define ENRICH_PUSH_H

#include "store/store.h"

bool value_is_pushable(const struct kept_channel *kept);

/* The slots of a person's record whose values may be pushed. */
unsigned record_pushable(const struct record *record);

#endif
