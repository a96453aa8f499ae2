/* workspace/workspace.h: the customers: who they are, their keys, their account.
 *
 * All of them are in memory from the start: authenticating touches no disk.
 * Revoking a key changes this directory first, so it works at once; a new key is
 * on disk before it is here. The day's counts and when keys were last used are
 * kept here and written now and then (workspace/upkeep.h). */
#ifndef WORKSPACE_WORKSPACE_H
#define WORKSPACE_WORKSPACE_H

#include "credits/bucket.h"
#include "credits/ledger.h"
#include "workspace/key.h"
#include "workspace/rate_limit.h"
#include "workspace/wishes.h"

#define WORKSPACE_PREFIX STR("ws_")

enum { KEYS_LIVE_MAX = 100, KEYS_MAX = 10000, KEY_NAME_BYTES_MAX = 100 }; /* of one workspace */

struct directory;
struct renewal;      /* workspace/renewal.h */
struct suppressions; /* workspace/suppression.h */

struct workspace {
    struct id id;
    struct str name; /* owned */
    struct account account;
    struct rate_limits limits;
    struct rate_limits own_limits; /* 0: the server's */
    struct rate_limit rate;
    struct bucket bucket;
    int64_t renews_at_us;    /* the month's credits are due then; INT64_MAX: never */
    struct renewal *renewal; /* under way, or to be tried again; owned */
    struct wishes *wishes;   /* for its waterfalls; NULL: none; owned */
    struct list keys;        /* of struct api_key, oldest first */
    size_t key_count;        /* and those on their way to the disk */
    struct directory *directory;
    struct list changed; /* in the directory: its day's count is to be written */

    struct suppressions *suppressions; /* owned; NULL: nobody was ever suppressed */
    size_t suppressions_coming;        /* on their way to the disk */
    struct id cache_id;                /* its name in the record cache: see workspace_suppress */
    struct list endpoints;             /* whom it wants to be told: of struct endpoint (webhooks/endpoint.h) */
};

/* A key as the directory knows it; lives as long as the directory. */
struct api_key {
    struct workspace *workspace;
    struct id id;
    struct str name; /* owned */
    char hint[KEY_HINT_LEN + 1];
    enum scope scope;
    int64_t created_at_us, expires_at_us;
    int64_t revoked_at_us;     /* 0: not revoked */
    int64_t last_used_at_us;   /* 0: never */
    int64_t use_written_at_us; /* what the disk has for it */
    struct list link;          /* in its workspace */
    struct list changed;       /* in the directory: its use is to be written */
};

/* Reads all workspaces, keys and suppressions. Before store_start. */
must_use enum err directory_new(struct store *store, struct directory **out_directory);
void directory_free(struct directory **directory);
size_t directory_workspaces(const struct directory *directory);
struct workspace *directory_workspace(const struct directory *directory, struct id id); /* NULL: none such */
void directory_each_workspace(struct directory *directory, void (*each)(void *ctx, struct workspace *workspace),
                              void *ctx);

/* Was it made before all others? Its keys are those of the installation's owner. */
bool workspace_is_first(const struct workspace *workspace);

/* What holds for workspaces that have no limits of their own. */
void directory_set_limits(struct directory *directory, const struct rate_limits *by_default);

/* The key of a secret, or NULL: malformed, unknown, expired or revoked (which
 * of them is nobody's business). The hash is compared in constant time. */
const struct api_key *directory_authenticate(struct directory *directory, struct str secret, int64_t now_us);

/* Counts a request of `workspace`: see rate_limit_take. */
bool workspace_take(struct workspace *workspace, enum limit_class class, struct rate_time now,
                    struct rate_refusal *out_refusal);

/* Takes over `wish` (NULL: nothing is wished any more) for a waterfall. */
void workspace_set_wish(struct workspace *workspace, enum channel channel, struct wish *wish);

/* A key that is on disk works from here on. */
const struct api_key *directory_add_key(struct directory *directory, const struct key_row *row);

bool key_is_live(const struct api_key *key, int64_t now_us);
struct api_key *workspace_key(const struct workspace *workspace, struct id key_id); /* NULL: has none such */
/* Would nobody be left who may do everything? */
bool key_is_last_full(const struct api_key *key, int64_t now_us);

/* The workspace's set, made at the first need. */
struct suppressions *workspace_suppressions(struct workspace *workspace);

/* These are held from here on. What the record cache has for the workspace was
 * looked at when they were not: it is under another name from now on, so that
 * nothing of it is found again. */
void workspace_suppress(struct workspace *workspace, const struct suppression_row *rows, size_t count);

/* The counts and uses that changed since the last call, in arrays that the
 * caller hands back, when they are on disk or not, with the write's result. */
void directory_take_changes(struct directory *directory, struct store_counters *out);
void directory_changes_written(struct directory *directory, struct store_counters *written, enum err err);

/* Makes a new workspace with its first key of scope full: one transaction. */
must_use enum err workspace_create(struct store *store, struct str name, int64_t credits, int64_t now_us,
                                   char out_secret[KEY_LEN + 1], struct id *out_id);

#endif
