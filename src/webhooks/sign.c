#include "webhooks/sign.h"

#include "base/check.h"

#include <sodium.h>
#include <stdio.h>

enum { BASE64_BYTES_MAX = 128 };

static void put_base64(struct buf *out, const uint8_t *bytes, size_t len)
{
    char text[BASE64_BYTES_MAX];

    check(sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL) <= sizeof text);
    sodium_bin2base64(text, sizeof text, bytes, len, sodium_base64_VARIANT_ORIGINAL);
    buf_put(out, str_from(text));
    sodium_memzero(text, sizeof text);
}

static void update(crypto_auth_hmacsha256_state *state, struct str text)
{
    crypto_auth_hmacsha256_update(state, (const unsigned char *)text.ptr, text.len);
}

void webhook_put_signature(struct buf *out, const struct signing *what, const uint8_t *secret, size_t secret_bytes)
{
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char middle[32];

    snprintf(middle, sizeof middle, ".%lld.", (long long)what->timestamp_s);
    crypto_auth_hmacsha256_init(&state, secret, secret_bytes);
    update(&state, what->id);
    update(&state, str_from(middle));
    update(&state, what->body);
    crypto_auth_hmacsha256_final(&state, mac);
    if (out->len > 0)
        buf_put_char(out, ' ');
    buf_puts(out, "v1,");
    put_base64(out, mac, sizeof mac);
    sodium_memzero(&state, sizeof state);
}

void webhook_put_secret(struct buf *out, const uint8_t *secret, size_t secret_bytes)
{
    buf_puts(out, "whsec_");
    put_base64(out, secret, secret_bytes);
}
