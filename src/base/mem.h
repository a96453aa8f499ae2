/* base/mem.h: the heap. Running out of memory ends the process: everything
 * whose size an outsider chooses has a maximum, so it is a set-up fault. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_new(size_t bytes);                      /* zeroed; never NULL */
void *mem_resize(void *ptr, size_t bytes);        /* like realloc; never NULL */
char *mem_copy_text(const char *ptr, size_t len); /* a NUL-terminated copy */
void mem_free(void *ptr);                         /* accepts NULL */

#endif
