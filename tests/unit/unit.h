/* What every unit test includes: cmocka with what it needs before it. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/str.h"

/* A str against a C text; prints both when they differ. */
#define assert_str_is(s, expected)                                                                                     \
    do {                                                                                                               \
        struct str s_ = (s);                                                                                           \
                                                                                                                       \
        if (!str_is(s_, str_from(expected)))                                                                           \
            fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(s_), (const char *)(expected));                                 \
    } while (0)

#endif
