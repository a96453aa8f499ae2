#include "base/arena.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdalign.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(ptr, bytes) ((void)(ptr), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, bytes) ((void)(ptr), (void)(bytes))
#endif

enum { BLOCK_BYTES = 1480 }; /* a lookup that waits for its second provider fits into one */

struct arena_block {
    struct arena_block *older;
    size_t bytes;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){.bytes_max = bytes_max};
}

void arena_deinit(struct arena *arena)
{
    while (arena->block != NULL) {
        struct arena_block *block = arena->block;

        arena->block = block->older;
        ASAN_UNPOISON_MEMORY_REGION(block->data, block->bytes);
        mem_free(block);
    }
    arena_init(arena, arena->bytes_max);
}

static bool add_block(struct arena *arena, size_t bytes)
{
    size_t bytes_left = arena->bytes_max - arena->bytes_total;
    size_t block_bytes = bytes_left < BLOCK_BYTES ? bytes_left : BLOCK_BYTES;
    size_t data_bytes = bytes > block_bytes ? bytes : block_bytes;
    struct arena_block *block;

    if (bytes > bytes_left)
        return false;
    block = mem_new(sizeof *block + data_bytes);
    block->bytes = data_bytes;
    block->older = arena->block;
    ASAN_POISON_MEMORY_REGION(block->data, data_bytes);
    arena->block = block;
    arena->used = 0;
    arena->bytes_total += data_bytes;
    return true;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    void *ptr;

    check(bytes < SIZE_MAX - align);
    bytes = (bytes + align - 1) / align * align;
    if (arena->block == NULL || bytes > arena->block->bytes - arena->used) {
        if (!add_block(arena, bytes)) {
            arena->is_full = true;
            return NULL;
        }
    }
    ptr = arena->block->data + arena->used;
    arena->used += bytes;
    ASAN_UNPOISON_MEMORY_REGION(ptr, bytes);
    return ptr;
}

struct str arena_keep(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);

    if (copy == NULL)
        return STR_NONE;
    if (s.len != 0)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}
