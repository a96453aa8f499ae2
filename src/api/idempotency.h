/* api/idempotency.h: Idempotency-Key, on every POST (draft-ietf-httpapi-idempotency-key-header).
 *
 * A key belongs to its workspace and to one request: method, path and body. It
 * is in use from the body to the answer (another request with it: 409), then
 * an answer of 2xx is kept for 24 hours and repeated (another request: 422).
 * Refusals are not kept: nothing was done, so the same key may try again.
 *
 * The answer goes out when it is on disk. A crash in between charges nobody
 * twice: the retry finds the channels in the store, and a forced lookup is
 * known by its key (exchange_once).
 *
 * What is kept is sealed with a key made of the Idempotency-Key, of which only
 * a hash is kept; erasing a record takes the answers that show it along. One
 * that shows somebody who was suppressed since is not repeated but made anew:
 * the lookup says 451 for that person, and replays the others. */
#ifndef API_IDEMPOTENCY_H
#define API_IDEMPOTENCY_H

#include "api/exchange.h"

bool idempotency_is_asked(const struct exchange *x);

/* Calls the handler, or answers in its place, now or later. */
void idempotency_begin(struct exchange *x, void (*handler)(struct exchange *x));

/* For exchange_respond_as. Notes the handler's answer, if it is one to keep;
 * then, with all headers there, keeps it and sends it. */
bool idempotency_note(struct exchange *x, int status, struct str content_type);
void idempotency_keep_and_send(struct exchange *x, int status);
void idempotency_end(struct exchange *x); /* the key is free again; nothing without one */

#endif
