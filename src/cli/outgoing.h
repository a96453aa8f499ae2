/* cli/outgoing.h: the configuration's "outgoing": which addresses our own calls may reach.
 *
 *   {"providers": RULES, "webhooks": RULES, "name_servers": ["192.0.2.1:53"]}
 *
 * RULES: {"allow": ["10.0.0.0/8"], "ports": [8443], "http": true}, each optional:
 * net/outgoing.h says what they mean. Without an entry the strict rules hold. */
#ifndef CLI_OUTGOING_H
#define CLI_OUTGOING_H

#include "base/shape.h"
#include "net/outgoing.h"

enum { NAME_SERVERS_BYTES_MAX = 256 };

struct outgoing_settings {
    struct outgoing_rules providers;
    struct outgoing_rules webhooks;
    char name_servers[NAME_SERVERS_BYTES_MAX]; /* "" the system's */
};

/* Reads the member `outgoing` of the configuration; mistakes are reported. */
void outgoing_read_settings(struct shape *top, struct outgoing_settings *out);

#endif
