/* net/guard.h: may this call be made, and to which addresses?
 *
 * Looks the host's name up, classifies every address of the answer
 * (net/outgoing.h), and refuses when one is bad. What passed is pinned: the call
 * dials these addresses and no others, so that a name which changes its answer
 * in between gains nothing. Each call asks anew. */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include "net/outgoing.h"
#include "net/resolver.h"

#include <curl/curl.h>

struct guard {
    const struct outgoing_rules *rules;
    struct outgoing_target target;
    struct resolver_query query;
    void (*done)(struct guard *guard);
    void *owner; /* for `done` */

    /* out */
    const char *refusal;       /* NULL: it may be made */
    bool is_unknown;           /* refused because the name has no address that is known */
    struct curl_slist *pinned; /* for CURLOPT_RESOLVE; NULL: the URL's host is an address */
};

/* True when that is decided at once: then `done` does not come. `guard` is
 * zeroed by the caller and in place until guard_deinit. */
bool guard_start(struct guard *guard, struct resolver *resolver, const struct outgoing_rules *rules, const char *url,
                 void (*done)(struct guard *guard));

/* At any time; `done` does not come any more. */
void guard_deinit(struct guard *guard);

#endif
