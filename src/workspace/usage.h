/* workspace/usage.h: counting requests, in memory, written at most once a second.
 *
 * A crash loses the counts of its last second. Credits are not counted here:
 * they go into the same counters with the lookup's own transaction. */
#ifndef WORKSPACE_USAGE_H
#define WORKSPACE_USAGE_H

#include "net/loop.h"
#include "store/store.h"

struct usage_meter;

struct usage_meter *usage_meter_new(struct loop *loop, struct store *store);
void usage_meter_free(struct usage_meter **meter); /* when the store is closed; accepts NULL */

/* `endpoint` lives as long as the program. */
void usage_meter_count(struct usage_meter *meter, struct id workspace_id, const char *endpoint, bool is_replay);

/* Hands over now what has gathered: whoever reads the store's counters next finds it there. */
void usage_meter_flush(struct usage_meter *meter);

#endif
