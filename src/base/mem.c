#include "base/mem.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void *mem_new(size_t bytes)
{
    void *ptr = calloc(1, bytes != 0 ? bytes : 1);

    check(ptr != NULL);
    return ptr;
}

void *mem_resize(void *ptr, size_t bytes)
{
    void *moved = realloc(ptr, bytes != 0 ? bytes : 1);

    check(moved != NULL);
    return moved;
}

char *mem_copy_text(const char *ptr, size_t len)
{
    char *copy = mem_new(len + 1);

    if (len != 0)
        memcpy(copy, ptr, len);
    return copy;
}

void mem_free(void *ptr)
{
    free(ptr);
}
