/* webhooks/endpoint.h: where each workspace wants to be told, in memory.
 *
 * All of them are read at the start and live until they are deleted; what
 * changes is on disk first. A workspace has at most one for verification and
 * ENDPOINTS_MAX in all. */
#ifndef WEBHOOKS_ENDPOINT_H
#define WEBHOOKS_ENDPOINT_H

#include "store/outbox.h"
#include "workspace/workspace.h"

#define ENDPOINT_PREFIX STR("hook_")

enum {
    ENDPOINTS_MAX = 10,
    ENDPOINT_DEADLINE_MS_MAX = 15000,
    ENDPOINT_DEADLINE_MS_DEFAULT = 3000,
    SECRET_OVERLAP_S = 24 * 3600 /* for how long the old secret signs too */
};

struct page; /* webhooks/outbox.c */

struct endpoint {
    struct list link; /* in its workspace */
    struct workspace *workspace;
    struct endpoint_row row; /* its texts are owned */
    bool is_being_deleted;   /* it is on its way to the disk as leaving */

    /* The outbox's own. */
    struct list turn;       /* in one of its lists, or in none */
    struct page *page;      /* what is being delivered; NULL: nothing */
    int64_t next_due_us;    /* nothing is due before; INT64_MAX: nothing waits */
    unsigned failures;      /* in a row */
    int64_t quiet_until_us; /* it has asked to be left alone */
    bool is_purged;         /* not on disk any more: goes with its page */
    bool has_news;          /* something was written since its page was read */
};

/* Reads them all. Before store_start. */
must_use enum err endpoints_load(struct store *store, struct directory *directory);

/* A new one, owned by the workspace; `row` is copied. */
struct endpoint *endpoint_add(struct workspace *workspace, const struct endpoint_row *row);
void endpoint_set(struct endpoint *endpoint, const struct endpoint_row *row);
void endpoint_free(struct endpoint *endpoint);

/* In use: neither disabled nor leaving. */
bool endpoint_is_live(const struct endpoint *endpoint);

struct endpoint *workspace_endpoint(const struct workspace *workspace, struct id endpoint_id); /* NULL: none such */
struct endpoint *workspace_verification(const struct workspace *workspace);                    /* NULL: none */
size_t workspace_endpoints(const struct workspace *workspace);

#endif
