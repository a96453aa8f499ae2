/* providers/kinds.h: how a provider of each kind is made.
 *
 * Every maker reads its part of one entry of the configuration's `providers`
 * (name, prices and timeout are read by the caller, who fills them in
 * afterwards), and answers ERR_NONE with a provider that the caller frees with
 * provider_free, or ERR_INVALID (ERR_IO for unreadable files) with `pointer`
 * relative to the entry ("/file") and the remedy in `detail`. */
#ifndef PROVIDERS_KINDS_H
#define PROVIDERS_KINDS_H

#include "base/json.h"
#include "base/shape.h"
#include "net/http_client.h"
#include "providers/provider.h"

struct provider_place {
    struct buf pointer; /* where in the entry the mistake is; initialised by the caller */
    struct err_detail detail;
};

struct shelf; /* providers/shelf.h */

/* Files of people or companies, shared on the shelf with whoever wants the same. Entry members: "file" (path; .csv with
 * a header line or .jsonl), "columns" (optional object: our word to the file's column or member name), "confidence" (0
 * to 1, default 0.9; a column "confidence" wins, per row). Recognised columns: the hints, channels and fields of a
 * company by their own names, "domain", and "confidence" and "source"; others are passed over. What answers what:
 * providers/people.h. Paths are relative to `folder`. */
must_use enum err dataset_provider_new(struct loop *loop, struct shelf *shelf, const json_t *entry, struct str folder,
                                       struct provider **out_provider, struct provider_place *place);

/* Calls under way when the server stops: free the client first (it drops them
 * without `done`), then the provider.
 * A connector: docs/connectors.md. Entry members: "connector" (the name of a
 * built-in one, a path, or the connector itself as an object; its name becomes
 * the provider's), "secrets" (name to {"env"|"file"}), "hosts" (name to URL) and
 * "limits", which all go before the connector's own. Every mistake is reported,
 * its pointer beginning with the entry's. A secret that is not set, or a host
 * that nobody gives, is none: the provider is `unusable`. */
must_use enum err http_provider_new(struct loop *loop, struct http_client *client, const json_t *entry,
                                    struct str pointer, struct str folder, struct provider **out_provider,
                                    struct shape_mistakes *mistakes);

/* From now on an HTTP provider's calls reach only what these rules (copied) allow; without: any address. */
void http_provider_restrict(struct provider *provider, const struct outgoing_rules *rules);

/* One of the sandbox's four providers, index 0 to SANDBOX_PROVIDERS - 1, with
 * name, channels, prices and timeout filled in. */
enum { SANDBOX_PROVIDERS = 4 };
must_use enum err sandbox_provider_new(struct loop *loop, size_t index, struct provider **out_provider,
                                       struct provider_place *place);

/* Frees the name and, through its kind, the rest. No call may be out. Accepts
 * NULL inside, leaves NULL. */
void provider_free(struct provider **provider);

#endif
