/* webhooks/sign.h: Standard Webhooks 1.0.0 signatures.
 *
 * What is signed is "id.timestamp.body" with HMAC-SHA256 under the endpoint's
 * own secret, which is shown once as "whsec_" and base64. During a rotation the
 * header carries a signature by each of the two secrets. */
#ifndef WEBHOOKS_SIGN_H
#define WEBHOOKS_SIGN_H

#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>

#define EVENT_PREFIX STR("evt_")

struct signing {
    struct str id;       /* of the event, the same at every try */
    int64_t timestamp_s; /* of this try */
    struct str body;
};

/* Appends "v1,<base64>", after a space when there is one before. */
void webhook_put_signature(struct buf *out, const struct signing *what, const uint8_t *secret, size_t secret_bytes);

/* Appends "whsec_<base64>". */
void webhook_put_secret(struct buf *out, const uint8_t *secret, size_t secret_bytes);

#endif
