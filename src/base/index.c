#include "base/index.h"

#include "base/check.h"
#include "base/mem.h"

enum { SLOTS_MIN = 16 };

void index_init(struct index *index, size_t rows_expected)
{
    *index = (struct index){0};
    if (rows_expected == 0)
        return;
    index->capacity = rows_expected + rows_expected / 4 + SLOTS_MIN;
    index->slots = mem_new(index->capacity * sizeof *index->slots);
}

void index_deinit(struct index *index)
{
    mem_free(index->slots);
    *index = (struct index){0};
}

/* Scales the tag to the capacity instead of masking: the capacity may be any
 * number, and slots stand in the order of their tags. */
static size_t first_slot(const struct index *index, uint32_t tag)
{
    return (size_t)(((uint64_t)tag * index->capacity) >> 32);
}

static size_t next_slot(const struct index *index, size_t at)
{
    return at + 1 == index->capacity ? 0 : at + 1;
}

static bool put(struct index *index, struct index_slot slot)
{
    size_t at = first_slot(index, slot.tag);
    size_t same = 0;

    for (; index->slots[at].row != 0; at = next_slot(index, at)) {
        if (index->slots[at].tag == slot.tag && ++same == INDEX_SAME_MAX)
            return false;
    }
    index->slots[at] = slot;
    index->count++;
    return true;
}

/* Begins behind a free slot, so that a run of rows that wraps around the end is
 * put again in its old order. */
static void grow(struct index *index)
{
    struct index old = *index;
    size_t at = 0;

    index->capacity = old.capacity + old.capacity / 2 + SLOTS_MIN;
    index->slots = mem_new(index->capacity * sizeof *index->slots);
    index->count = 0;
    while (at < old.capacity && old.slots[at].row != 0)
        at++;
    for (size_t i = 0; i < old.capacity; i++) {
        at = next_slot(&old, at == old.capacity ? 0 : at);
        if (old.slots[at].row != 0)
            check(put(index, old.slots[at]));
    }
    index_deinit(&old);
}

bool index_put(struct index *index, uint64_t hash, uint32_t row)
{
    check(row < UINT32_MAX);
    if (index->count + 1 > index->capacity / 5 * 4)
        grow(index);
    return put(index, (struct index_slot){.tag = (uint32_t)(hash >> 32), .row = row + 1});
}

struct index_cursor index_find(const struct index *index, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);

    return (struct index_cursor){.tag = tag, .at = index->capacity == 0 ? 0 : first_slot(index, tag)};
}

bool index_next(const struct index *index, struct index_cursor *cursor, uint32_t *out_row)
{
    while (index->capacity != 0 && index->slots[cursor->at].row != 0) {
        struct index_slot slot = index->slots[cursor->at];

        cursor->at = next_slot(index, cursor->at);
        if (slot.tag == cursor->tag) {
            *out_row = slot.row - 1;
            return true;
        }
    }
    return false;
}
