/* webhooks/telling.h: what a lookup has to tell, and to whom.
 *
 * Made before the lookup is committed and written with it. A newly found e-mail
 * that nobody has judged yet goes to the workspace's verification endpoint; what
 * was found at all to those who asked for record.enriched; and when the charge
 * takes the balance below an endpoint's threshold, credits.low. No event but the
 * first carries a person's data: it says where to look. */
#ifndef WEBHOOKS_TELLING_H
#define WEBHOOKS_TELLING_H

#include "enrich/engine.h"
#include "webhooks/judge.h"
#include "webhooks/outbox.h"

struct telling {
    struct lookup_listener listener;
    struct judge judge;
    struct outbox *outbox;
};

void telling_init(struct telling *telling, struct outbox *outbox);
void telling_deinit(struct telling *telling); /* after outbox_stop; accepts one that is all zero */

#endif
