/* base/id.h: 128 random bits, shown as a prefix and 22 base62 characters
 * ("lead_0aB…"). Made by us, never by the database. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct id {
    uint8_t bytes[16];
};

enum { ID_TEXT_LEN = 22, ID_TIME_BYTES = 6 /* of id_of_time */ };

#define BASE62_ALPHABET "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct id id_random(void);

/* 48 bits of milliseconds since 1970, then 80 random ones: what is made at the
 * same time stands side by side in an index (like RFC 9562 UUIDv7). Still
 * nobody's to guess; tells when it was made. */
struct id id_of_time(int64_t time_us);
bool id_is(struct id a, struct id b);
bool id_is_none(struct id id); /* all zero: no id */

/* Writes `prefix` and the 22 characters. */
void id_put(struct buf *out, struct str prefix, struct id id);

/* Reads what id_put wrote; false for another prefix, length, character or a
 * value over 128 bits. */
bool id_read(struct str text, struct str prefix, struct id *out_id);

/* `count` random base62 characters, unbiased, not terminated. */
void base62_random(char *out, size_t count);

/* `value` in base62, left-padded with '0' to `count` characters. */
void base62_put_u32(char *out, size_t count, uint32_t value);

#endif
