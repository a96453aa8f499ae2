/* enrich/verification.h: does the mailbox exist that a provider found?
 *
 * A waterfall may name verifiers. An e-mail that passed the judge is asked about,
 * one verifier after another, until one can say; the channel waits. Within a
 * lookup an address is verified once, whoever found it and for whichever channel.
 *
 *   deliverable, risky      it stands, with that status
 *   undeliverable           it is no value: the waterfall goes on
 *   catch_all               as the channel's waterfall wants: it stands, it is no value, or the next one is asked
 *   unknown, or no verdict  the next one is asked; when none is left it stands with what is known
 *
 * What stands then is put to the customer's own judge, when the lookup has one:
 * what it calls invalid is no value, whatever the verifiers said.
 *
 * Nothing of it is charged, and a verifier's failure fails nothing. */
#ifndef ENRICH_VERIFICATION_H
#define ENRICH_VERIFICATION_H

#include "enrich/waterfall.h"

struct verification;

/* True: the verdict on an e-mail that `provider` found is not there yet, and
 * `go_on` comes from the loop with the channels (bits) that wait for it. */
bool verification_waits(struct channel_run *ch, const struct provider *provider, struct str email,
                        void (*go_on)(struct waterfall_run *run, unsigned channels));

/* Does it stand, as far as is known? `status` becomes the verifiers'; `is_verified`: the customer's judge called it
 * valid. */
bool verification_accepts(const struct channel_run *ch, struct str email, uint8_t *status, bool *is_verified);

/* Who was asked about what `provider` found for the channel. */
struct verifier_attempt *verification_attempts(const struct channel_run *ch, const struct provider *provider);

#endif
