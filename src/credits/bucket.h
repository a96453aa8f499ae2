/* credits/bucket.h: credits that come every month, on the workspace's day of it
 * (UTC), and when they are due. What is used comes out of them before anything
 * that was granted; what is left of them at the next renewal expires, or stays.
 * The store counts it along the ledger (store/store.h: store_renew). */
#ifndef CREDITS_BUCKET_H
#define CREDITS_BUCKET_H

#include "store/store.h"

#include <stdint.h>

enum { RENEWAL_DAY_MAX = 28 }; /* every month has it */

/* The month (year * 12 + month - 1) whose renewal day came last. */
int bucket_month(const struct bucket *bucket, int64_t now_us);

/* When the next ones are due; INT64_MAX for an empty bucket. */
int64_t bucket_renews_at(const struct bucket *bucket);

/* How many come in `month`: those that carry over also for the months that
 * nobody asked in. */
int64_t bucket_credits(const struct bucket *bucket, int month);

#endif
