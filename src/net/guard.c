#include "net/guard.h"

#include "base/buf.h"
#include "base/check.h"

#include <arpa/inet.h>

static const char *judge(const struct guard *guard, union resolver_address address)
{
    if (address.any.sa_family == AF_INET6)
        address.v6.sin6_port = htons(guard->target.port);
    else
        address.v4.sin_port = htons(guard->target.port);
    return outgoing_refusal(guard->rules, guard->target.is_http, &address.any);
}

static void put_address(struct buf *out, const union resolver_address *address)
{
    bool is_v6 = address->any.sa_family == AF_INET6;
    const void *bytes = is_v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
    char text[INET6_ADDRSTRLEN];

    check(inet_ntop(address->any.sa_family, bytes, text, sizeof text) != NULL);
    buf_printf(out, is_v6 ? "[%s]" : "%s", text);
}

/* "+host:port:address,address"; with the plus libcurl forgets it again after a while. */
static void pin(struct guard *guard, const struct resolver_query *query)
{
    struct buf text;

    buf_init(&text, 4096);
    buf_printf(&text, "+%s:%u:", guard->target.host, (unsigned)guard->target.port);
    for (size_t i = 0; i < query->count; i++) {
        if (i > 0)
            buf_put_char(&text, ',');
        put_address(&text, &query->addresses[i]);
    }
    guard->pinned = curl_slist_append(NULL, text.ptr);
    check(guard->pinned != NULL && !text.is_overflown);
    buf_deinit(&text);
}

static void looked_up(struct resolver_query *query)
{
    struct guard *guard = container_of(query, struct guard, query);

    guard->refusal = query->error;
    guard->is_unknown = query->error != NULL;
    for (size_t i = 0; i < query->count && guard->refusal == NULL; i++)
        guard->refusal = judge(guard, query->addresses[i]);
    if (guard->refusal == NULL)
        pin(guard, query);
    guard->done(guard);
}

bool guard_start(struct guard *guard, struct resolver *resolver, const struct outgoing_rules *rules, const char *url,
                 void (*done)(struct guard *guard))
{
    guard->rules = rules;
    guard->done = done;
    list_init(&guard->query.link);
    guard->refusal = outgoing_read(url, &guard->target);
    if (guard->refusal == NULL && !guard->target.is_literal)
        guard->refusal = outgoing_refusal_of_any(rules, &guard->target);
    else if (guard->refusal == NULL)
        guard->refusal =
            outgoing_refusal(rules, guard->target.is_http, (const struct sockaddr *)&guard->target.address);
    if (guard->refusal != NULL || guard->target.is_literal)
        return true;
    guard->query.host = guard->target.host;
    guard->query.done = looked_up;
    resolver_start(resolver, &guard->query);
    return false;
}

void guard_deinit(struct guard *guard)
{
    list_remove(&guard->query.link);
    curl_slist_free_all(guard->pinned);
    guard->pinned = NULL;
}
