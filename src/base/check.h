/* base/check.h: assertions for what cannot happen.
 *
 * check() stays on in release builds: a broken invariant in a program that
 * moves money is worse than a restart. It never judges what a client, a
 * provider or a disk did: that is `enum err`. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stddef.h>

/* Aborts the process with the place and the condition when `cond` is false. */
#define check(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))

/* The object of which `ptr` is the member `member`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

_Noreturn void check_failed(const char *file, int line, const char *cond);

#endif
