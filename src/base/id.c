#include "base/id.h"

#include <sodium.h>

__extension__ typedef unsigned __int128 uint128;

static const char alphabet[] = BASE62_ALPHABET;

struct id id_random(void)
{
    struct id id;

    randombytes_buf(id.bytes, sizeof id.bytes);
    return id;
}

bool id_is(struct id a, struct id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

bool id_is_none(struct id id)
{
    return id_is(id, (struct id){{0}});
}

void id_put(struct buf *out, struct str prefix, struct id id)
{
    char text[ID_TEXT_LEN];
    uint128 value = 0;

    for (size_t i = 0; i < sizeof id.bytes; i++)
        value = value << 8 | id.bytes[i];
    for (size_t i = ID_TEXT_LEN; i > 0; i--) {
        text[i - 1] = alphabet[value % 62];
        value /= 62;
    }
    buf_put(out, prefix);
    buf_put(out, (struct str){text, sizeof text});
}

bool id_read(struct str text, struct str prefix, struct id *out_id)
{
    struct str digits = str_from_at(text, prefix.len);
    uint128 value = 0;

    if (!str_starts(text, prefix) || digits.len != ID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        const char *at = memchr(alphabet, digits.ptr[i], 62);

        uint128 digit = at == NULL ? 0 : (uint128)(at - alphabet);

        if (at == NULL || value > (~(uint128)0 - digit) / 62)
            return false;
        value *= 62;
        value += digit;
    }
    for (size_t i = sizeof out_id->bytes; i > 0; i--) {
        out_id->bytes[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    return true;
}

void base62_random(char *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = alphabet[randombytes_uniform(62)];
}

void base62_put_u32(char *out, size_t count, uint32_t value)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = alphabet[value % 62];
        value /= 62;
    }
}
