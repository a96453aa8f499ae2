/* net/resolver.h: names to addresses, without waiting for them.
 *
 * c-ares on our loop: /etc/hosts, then the servers of /etc/resolv.conf, or
 * those that are given. What is found is kept for as long as the answer says, at
 * most RESOLVER_KEPT_S_MAX; a name that is asked for meanwhile by others is
 * asked for once. It answers with all addresses of the name or with none. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/list.h"
#include "net/loop.h"

#include <netinet/in.h>
#include <stddef.h>

enum { RESOLVER_ADDRESSES_MAX = 32, RESOLVER_NAMES_MAX = 1024, RESOLVER_KEPT_S_MAX = 60 };

struct resolver;

union resolver_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Embedded by the caller, in place until `done`. */
struct resolver_query {
    const char *host; /* read during resolver_start only */
    void (*done)(struct resolver_query *query);

    /* out, valid during `done` only; ports are 0 */
    const union resolver_address *addresses;
    size_t count;
    const char *error; /* none of them: a constant sentence; else NULL */

    struct list link; /* private */
};

/* `servers`: "192.0.2.1:53,192.0.2.2:53"; NULL: the system's. Nothing is opened before the first query. */
struct resolver *resolver_new(struct loop *loop, const char *servers);

/* Drops the queries that are out, without `done`. Accepts NULL inside. The loop must turn once more. */
void resolver_free(struct resolver **resolver);

void resolver_start(struct resolver *resolver, struct resolver_query *query);
void resolver_cancel(struct resolver_query *query); /* `done` does not come */

#endif
