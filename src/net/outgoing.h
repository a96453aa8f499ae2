/* net/outgoing.h: which addresses our own calls may reach.
 *
 * A URL that somebody else has chosen must not make this server call what only
 * this server can reach: itself, its neighbours, the cloud's metadata. So every
 * address is classified before it is dialled: only global unicast passes, and
 * what the operator has allowed by network. IPv6 forms that carry an IPv4
 * address are refused, but for the mapped one, which is judged by what it
 * carries. The list is that of IANA's special-purpose registries (RFC 6890 and
 * its updates), in the order of stripe/smokescreen's rules.
 *
 * An allowed network is one that the operator vouches for: any port, and http.
 * Everything else is reached by https, on port 443 (80 for http where that is
 * allowed) or a port that the operator names. */
#ifndef NET_OUTGOING_H
#define NET_OUTGOING_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { OUTGOING_NETWORKS_MAX = 32, OUTGOING_PORTS_MAX = 16, OUTGOING_HOST_BYTES_MAX = 253 };

/* A network; IPv4 as ::ffff:0:0/96. */
struct network {
    uint8_t bytes[16];
    unsigned bits;
};

struct outgoing_rules {
    struct network allowed[OUTGOING_NETWORKS_MAX];
    size_t allowed_count;
    uint16_t ports[OUTGOING_PORTS_MAX]; /* beside 80 and 443 */
    size_t port_count;
    bool allows_http; /* to any address */
};

/* "10.0.0.0/8", "fd00::/8", "192.0.2.7" (itself alone). False when it is none,
 * or has bits set behind its prefix. */
bool network_read(struct str text, struct network *out);

/* What a call is about to do. */
struct outgoing_target {
    char host[OUTGOING_HOST_BYTES_MAX + 1]; /* without brackets */
    uint16_t port;
    bool is_http;                    /* not https */
    bool is_literal;                 /* the host is an address: `address` has it */
    struct sockaddr_storage address; /* with the port */
};

/* Takes a URL apart as libcurl will. NULL, or why it must not be called: no
 * http or https, user or password in it, no host. The reasons here and below
 * are constant sentences without the URL. */
const char *outgoing_read(const char *url, struct outgoing_target *out);

/* NULL, or why that address (with its port) must not be dialled. `is_http`: not https. */
const char *outgoing_refusal(const struct outgoing_rules *rules, bool is_http, const struct sockaddr *address);

/* NULL, or why no address at all is reached so, whatever the name stands for. */
const char *outgoing_refusal_of_any(const struct outgoing_rules *rules, const struct outgoing_target *target);

#endif
