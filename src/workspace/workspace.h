/* workspace/workspace.h: the customers: who they are, their keys, their account.
 *
 * All of them are in memory from the start: authenticating touches no disk.
 * Revoking or adding a key changes this directory first, so it works at once. */
#ifndef WORKSPACE_WORKSPACE_H
#define WORKSPACE_WORKSPACE_H

#include "credits/ledger.h"
#include "workspace/key.h"

struct directory;

struct workspace {
    struct id id;
    struct str name; /* owned */
    struct account account;
};

/* A key as the directory knows it; lives as long as the directory. */
struct api_key {
    struct workspace *workspace;
    struct id id;
    enum scope scope;
    int64_t expires_at_us;
    int64_t revoked_at_us; /* 0: not revoked */
};

/* Reads all workspaces and keys. Before store_start. */
must_use enum err directory_new(struct store *store, struct directory **out_directory);
void directory_free(struct directory **directory);
size_t directory_workspaces(const struct directory *directory);

/* The key of a secret, or NULL: malformed, unknown, expired or revoked (which
 * of them is nobody's business). The hash is compared in constant time. */
const struct api_key *directory_authenticate(struct directory *directory, struct str secret, int64_t now_us);

/* Makes a new workspace with its first key of scope full: one transaction. */
must_use enum err workspace_create(struct store *store, struct str name, int64_t credits, int64_t now_us,
                                   char out_secret[KEY_LEN + 1]);

#endif
