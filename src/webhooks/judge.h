/* webhooks/judge.h: the customer's verification webhook as a verifier, for mode "before_answer".
 *
 * One provider for all workspaces: whom it asks is in the call. It answers
 * "deliverable" for {"valid": true} and "undeliverable" for {"valid": false};
 * anything else is a failure, and the value stands unjudged until the outbox has
 * asked again. It has no health: an endpoint that fails is its owner's affair.
 * A workspace that has as many questions under way as there are places left is
 * not asked further ones: they are failures at once. */
#ifndef WEBHOOKS_JUDGE_H
#define WEBHOOKS_JUDGE_H

#include "providers/provider.h"
#include "webhooks/outbox.h"

struct judge {
    struct provider provider;
    struct outbox *outbox;
    struct list calls; /* under way */
};

void judge_init(struct judge *judge, struct outbox *outbox);
void judge_deinit(struct judge *judge); /* after outbox_stop; accepts one that is all zero */

/* The verifier of that workspace's e-mails; NULL: they are not judged before the answer. */
struct provider *judge_of(struct judge *judge, const struct workspace *workspace);

#endif
