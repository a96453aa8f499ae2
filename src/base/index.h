/* base/index.h: from a 64-bit hash to the numbers of the rows that have it.
 *
 * For millions of rows that are put once and only looked up afterwards: open
 * addressing with linear probing, 8 bytes a slot and at most four slots in
 * five taken, so 10 bytes a row when the count is known at birth, 15 when it
 * had to grow. uthash, which we use elsewhere, costs 56 bytes a row and an
 * object for it.
 *
 * The index knows hashes, not keys: the caller compares the rows it is given.
 * Rows of one hash come in the order they were put. */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most so many rows of one hash are kept: probing stays short whatever the data. */
enum { INDEX_SAME_MAX = 64 };

struct index_slot {
    uint32_t tag; /* upper half of the hash; tells the slot, too */
    uint32_t row; /* number + 1; 0: free */
};

struct index {
    struct index_slot *slots; /* NULL while empty */
    size_t capacity;
    size_t count; /* rows in it */
};

/* Where a search stands. */
struct index_cursor {
    uint32_t tag;
    size_t at;
};

void index_init(struct index *index, size_t rows_expected);
void index_deinit(struct index *index);

/* `row` is below UINT32_MAX. False when INDEX_SAME_MAX rows of this hash are in
 * already: the row is left out. */
bool index_put(struct index *index, uint64_t hash, uint32_t row);

/* The rows that may have `hash` (rarely one that has not): index_next yields
 * one at a time and false after the last. */
struct index_cursor index_find(const struct index *index, uint64_t hash);
bool index_next(const struct index *index, struct index_cursor *cursor, uint32_t *out_row);

#endif
