#include "workspace/key.h"

#include "base/check.h"
#include "base/clock.h"

#include <sodium.h>
#include <zlib.h>

#define PREFIX STR("unstuck_")
enum { RANDOM_LEN = 30, CRC_LEN = 6 };

static const struct {
    const char *name;
    unsigned permissions;
} scopes[SCOPE_COUNT] = {
    [SCOPE_READ] = {"read", MAY_READ},
    [SCOPE_ENRICH] = {"enrich", MAY_READ | MAY_ENRICH},
    [SCOPE_SIGNALS] = {"signals", MAY_READ | MAY_SIGNAL},
    [SCOPE_FULL] = {"full", MAY_READ | MAY_ENRICH | MAY_SIGNAL | MAY_ADMIN},
};

const char *scope_name(enum scope scope)
{
    check((size_t)scope < LEN(scopes));
    return scopes[scope].name;
}

bool scope_from(struct str name, enum scope *out_scope)
{
    for (size_t i = 0; i < LEN(scopes); i++) {
        if (str_is(name, str_from(scopes[i].name))) {
            *out_scope = (enum scope)i;
            return true;
        }
    }
    return false;
}

unsigned scope_permissions(enum scope scope)
{
    check((size_t)scope < LEN(scopes));
    return scopes[scope].permissions;
}

static void put_checksum(const char *random, char out[CRC_LEN])
{
    base62_put_u32(out, CRC_LEN, (uint32_t)crc32(0, (const unsigned char *)random, RANDOM_LEN));
}

void key_make(char secret[KEY_LEN + 1], struct id workspace_id, enum scope scope, int64_t now_us,
              struct key_row *out_row)
{
    memcpy(secret, PREFIX.ptr, PREFIX.len);
    base62_random(secret + PREFIX.len, RANDOM_LEN);
    put_checksum(secret + PREFIX.len, secret + PREFIX.len + RANDOM_LEN);
    secret[KEY_LEN] = '\0';
    *out_row = (struct key_row){.workspace_id = workspace_id,
                                .id = id_random(),
                                .name = STR("first key"),
                                .scope = str_from(scope_name(scope)),
                                .hint = {secret + KEY_LEN - KEY_HINT_LEN, KEY_HINT_LEN},
                                .created_at_us = now_us,
                                .expires_at_us = now_us + KEY_LIFE_DAYS * INT64_C(86400) * SECOND_US};
    key_hash((struct str){secret, KEY_LEN}, out_row->hash);
}

bool key_is_well_formed(struct str secret)
{
    char checksum[CRC_LEN];

    if (secret.len != KEY_LEN || !str_starts(secret, PREFIX))
        return false;
    for (size_t i = PREFIX.len; i < secret.len; i++) {
        if (!char_is_alnum(secret.ptr[i]))
            return false;
    }
    put_checksum(secret.ptr + PREFIX.len, checksum);
    return memcmp(checksum, secret.ptr + PREFIX.len + RANDOM_LEN, CRC_LEN) == 0;
}

void key_hash(struct str secret, uint8_t out_hash[32])
{
    crypto_hash_sha256(out_hash, (const unsigned char *)secret.ptr, secret.len);
}
