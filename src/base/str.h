/* base/str.h: a text slice: pointer and length, not owned, not terminated.
 * Lives as long as what it points into. ASCII rules only: no locale. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_ARG(s) (int)(s).len, (s).ptr /* for "%.*s" */

static inline struct str str_from(const char *text)
{
    return text == NULL ? STR_NONE : (struct str){text, strlen(text)};
}

static inline bool str_is(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_is_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim_start(struct str s);           /* without them at the start */
struct str str_trim(struct str s);                 /* without spaces, tabs, CR, LF at both ends */
struct str str_from_at(struct str s, size_t from); /* the rest from `from` on; empty past the end */

/* Index of the first (last) `c`, or s.len when there is none. */
size_t str_find(struct str s, char c);
size_t str_find_last(struct str s, char c);

/* Is it one of these texts? They are sorted by bytes. */
bool str_is_among(struct str s, const char *const *sorted, size_t count);

/* The part before the first `c`, which is cut off `rest` together with `c`. */
struct str str_cut(struct str *rest, char c);

/* A decimal number without sign, at most `max`. False (out untouched) otherwise. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out_value);

static inline char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool char_is_alnum(char c)
{
    return char_is_digit(c) || (char_lower(c) >= 'a' && char_lower(c) <= 'z');
}

/* FNV-1a with a final mix; for hash tables of trusted size, not for secrets. */
uint64_t str_hash(struct str s, uint64_t seed);

/* Edits needed to make `a` into `b` (insert, drop, replace), at most 32 bytes
 * each; longer texts count as far apart. For "did you mean". */
unsigned str_distance(struct str a, struct str b);

#endif
