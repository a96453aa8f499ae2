/* store/cache.h: records asked for lately, by the identity they were asked by.
 *
 * It makes a replay cost no disk and no other thread. One entry a (workspace,
 * identity), packed into one allocation; a record asked for by two identities
 * is there twice. Four places a hash; when the bytes given at birth are used
 * up, entries go in turn. Only what is committed gets in, and whoever commits a
 * change of a record forgets all identities of it first: so an entry is never
 * stale. Used on the loop's thread. */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "store/store.h"

struct record_cache;

struct record_cache *record_cache_new(size_t bytes_max);
void record_cache_free(struct record_cache **cache);

/* The record without details (store.h), texts kept in `arena`; false when it is
 * not here (which says nothing about the store). */
bool record_cache_find(struct record_cache *cache, struct id workspace_id, const struct identity *identity,
                       struct arena *arena, struct record *out_record);
void record_cache_put(struct record_cache *cache, struct id workspace_id, const struct identity *identity,
                      const struct record *record);
void record_cache_forget(struct record_cache *cache, struct id workspace_id, const struct identity *identity);
size_t record_cache_bytes(const struct record_cache *cache);

#endif
