/* base/arena.h: memory with one lifetime: many allocations, one release.
 *
 * An arena belongs to one owner (a lookup, a request). It grows in blocks up
 * to `bytes_max` given at birth; past that arena_alloc answers NULL and
 * `is_full` stays set: running out is an outcome of one lookup, not a crash.
 * Memory comes zeroed. Unused bytes are poisoned for the address sanitizer. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *block; /* the newest; older ones are linked behind it */
    size_t used;               /* bytes handed out of the newest block */
    size_t bytes_total;        /* of all blocks */
    size_t bytes_max;
    bool is_full;
};

void arena_init(struct arena *arena, size_t bytes_max);
void arena_deinit(struct arena *arena); /* frees everything; the arena may be used again */

/* `bytes` aligned for any object, zeroed; NULL when the arena is full. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* A copy that lives as long as the arena, with a NUL behind it. STR_NONE when full. */
struct str arena_keep(struct arena *arena, struct str s);

#endif
