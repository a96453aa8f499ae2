#include "base/id.h"

#include <sodium.h>

__extension__ typedef unsigned __int128 uint128;

static const char alphabet[] = BASE62_ALPHABET;

/* 62^10: ten digits at a time need one division of 128 bits, not ten. */
#define CHUNK UINT64_C(839299365868340224)
enum { CHUNK_LEN = 10 };

/* The system's random bytes cost a call into it: take them by the page. */
struct id id_random(void)
{
    static _Thread_local unsigned char pool[4096];
    static _Thread_local size_t used = sizeof pool;
    struct id id;

    if (used == sizeof pool) {
        randombytes_buf(pool, sizeof pool);
        used = 0;
    }
    memcpy(id.bytes, pool + used, sizeof id.bytes);
    used += sizeof id.bytes;
    return id;
}

struct id id_of_time(int64_t time_us)
{
    struct id id = id_random();
    uint64_t ms = (uint64_t)time_us / 1000;

    for (size_t i = 0; i < ID_TIME_BYTES; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
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
    for (size_t end = ID_TEXT_LEN; end > 0; end = end > CHUNK_LEN ? end - CHUNK_LEN : 0) {
        uint64_t chunk = (uint64_t)(value % CHUNK);

        value /= CHUNK;
        for (size_t i = end; i > 0 && i + CHUNK_LEN > end; i--) {
            text[i - 1] = alphabet[chunk % 62];
            chunk /= 62;
        }
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
