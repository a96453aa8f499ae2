#include "base/str.h"

enum { DISTANCE_LEN_MAX = 32 };

bool str_is_nocase(struct str a, struct str b)
{
    return a.len == b.len && str_starts_nocase(a, b);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_is((struct str){s.ptr, prefix.len}, prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        if (char_lower(s.ptr[i]) != char_lower(prefix.ptr[i]))
            return false;
    }
    return true;
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_is(str_from_at(s, s.len - suffix.len), suffix);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim_start(struct str s)
{
    while (s.len > 0 && is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    return s;
}

struct str str_trim(struct str s)
{
    s = str_trim_start(s);
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_from_at(struct str s, size_t from)
{
    if (from >= s.len)
        return (struct str){s.ptr, 0};
    return (struct str){s.ptr + from, s.len - from};
}

size_t str_find(struct str s, char c)
{
    const char *at = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

size_t str_find_last(struct str s, char c)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.ptr[i - 1] == c)
            return i - 1;
    }
    return s.len;
}

static int compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);

    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

bool str_is_among(struct str s, const char *const *sorted, size_t count)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(s, str_from(sorted[middle]));

        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

struct str str_cut(struct str *rest, char c)
{
    size_t at = str_find(*rest, c);
    struct str head = {rest->ptr, at};

    *rest = str_from_at(*rest, at + 1);
    return head;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out_value)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint64_t digit;

        if (!char_is_digit(s.ptr[i]))
            return false;
        digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out_value = value;
    return true;
}

/* 64-bit multiplication is meant to wrap here. */
uint64_t str_hash(struct str s, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u ^ seed;

    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (uint8_t)s.ptr[i]) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    return hash;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

unsigned str_distance(struct str a, struct str b)
{
    unsigned row[DISTANCE_LEN_MAX + 1];

    if (a.len > DISTANCE_LEN_MAX || b.len > DISTANCE_LEN_MAX)
        return DISTANCE_LEN_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned replaced = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);

            diagonal = row[j];
            row[j] = min3(replaced, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[b.len];
}
