/* enrich/sources.h: the configured providers and the waterfalls over them.
 *
 * Read at the start and at every reload from the configuration's "providers" (array) and
 * "waterfalls" (channel, or "account", to provider names in order; one without
 * an entry asks every provider that offers it, in the order of "providers"). In
 * place of the names may stand {"providers", "verifiers", "catch_all"}: a verifier
 * is asked only where it is named. An entry with a connector needs no kind and no
 * name; "hunter" alone is short for {"connector": "hunter"}. With the sandbox its
 * four providers stand behind the configured ones. */
#ifndef ENRICH_SOURCES_H
#define ENRICH_SOURCES_H

#include "base/shape.h"
#include "enrich/waterfall.h"
#include "net/http_client.h"

struct sources {
    struct provider *providers[PROVIDERS_MAX];
    size_t count;
    struct waterfalls waterfalls;
};

struct sources_setup {
    struct loop *loop;
    struct http_client *client;
    struct shelf *shelf;                /* of the datasets' files: providers/shelf.h */
    struct str folder;                  /* what paths in the configuration are relative to */
    const struct outgoing_rules *rules; /* of HTTP providers' calls; NULL: any address */
    bool with_sandbox;
};

/* ERR_INVALID with the mistakes, each with its pointer. `providers` and
 * `waterfalls` may be NULL. The sources are freed in any case. */
must_use enum err sources_read(const struct sources_setup *setup, const json_t *providers, const json_t *waterfalls,
                               struct sources *out, struct shape_mistakes *mistakes);
struct provider *sources_find(const struct sources *sources, struct str name); /* NULL: has none of that name */
void sources_deinit(struct sources *sources);

#endif
