/* providers/http_parts.h: a provider that a connector describes. Made by
 * http_load.c from the configuration, asked by http.c. */
#ifndef PROVIDERS_HTTP_PARTS_H
#define PROVIDERS_HTTP_PARTS_H

#include "base/list.h"
#include "base/secret.h"
#include "net/http_client.h"
#include "providers/connector.h"

/* What all calls of the provider share. Asked for by the first that needs it,
 * while the others wait. */
struct shared_token {
    char *text; /* NULL: none */
    size_t len;
    int64_t expires_us;
    unsigned number; /* of the text: it grows with each new one */
    bool is_asked_for;
    struct http_call http;
};

struct http_provider {
    struct provider provider;
    struct loop *loop;
    struct http_client *client;
    struct connector *connector;
    struct secret secrets[CONNECTOR_SECRETS_MAX];
    char *hosts[CONNECTOR_HOSTS_MAX]; /* those that the configuration gives; NULL: the connector's own */
    struct connector_settings settings;
    struct shared_token token;
    struct list askings;          /* of struct asking: the calls under way */
    struct outgoing_rules *rules; /* owned; NULL: any address may be called */
    bool has_told_refusal;
};

static inline struct http_provider *http_provider_of(struct provider *provider)
{
    return container_of(provider, struct http_provider, provider);
}

extern const struct provider_kind http_kind;

#endif
