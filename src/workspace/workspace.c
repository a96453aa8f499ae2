#include "workspace/workspace.h"

#include "base/mem.h"

#include <sodium.h>
#include <uthash.h>

struct workspace_node {
    struct workspace workspace;
    UT_hash_handle hh; /* by workspace.id */
};

struct key_node {
    struct api_key key;
    uint8_t hash[32];
    UT_hash_handle hh; /* by hash */
};

struct directory {
    struct workspace_node *workspaces;
    struct key_node *keys;
};

static void add_workspace(void *ctx, const struct workspace_row *row)
{
    struct directory *directory = ctx;
    struct workspace_node *node = mem_new(sizeof *node);

    node->workspace.id = row->id;
    node->workspace.name = (struct str){mem_copy_text(row->name.ptr, row->name.len), row->name.len};
    node->workspace.account.balance = row->head.balance;
    node->workspace.account.used_month = row->used_month;
    node->workspace.account.month = row->month;
    HASH_ADD(hh, directory->workspaces, workspace.id, sizeof node->workspace.id, node);
}

/* A key of an unknown scope or workspace (made by hand?) opens nothing. */
static void add_key(void *ctx, const struct key_row *row)
{
    struct directory *directory = ctx;
    struct workspace_node *owner;
    struct key_node *node;
    enum scope scope;

    HASH_FIND(hh, directory->workspaces, &row->workspace_id, sizeof row->workspace_id, owner);
    if (owner == NULL || !scope_from(row->scope, &scope))
        return;
    node = mem_new(sizeof *node);
    node->key = (struct api_key){.workspace = &owner->workspace,
                                 .id = row->id,
                                 .scope = scope,
                                 .expires_at_us = row->expires_at_us,
                                 .revoked_at_us = row->revoked_at_us};
    memcpy(node->hash, row->hash, sizeof node->hash);
    HASH_ADD(hh, directory->keys, hash, sizeof node->hash, node);
}

enum err directory_new(struct store *store, struct directory **out_directory)
{
    struct directory *directory = mem_new(sizeof *directory);
    enum err err = store_each_workspace(store, add_workspace, directory);

    if (err == ERR_NONE)
        err = store_each_key(store, add_key, directory);
    if (err != ERR_NONE)
        directory_free(&directory);
    else
        *out_directory = directory;
    return err;
}

void directory_free(struct directory **directory_at)
{
    struct directory *directory = *directory_at;
    struct workspace_node *workspace, *next_workspace;
    struct key_node *key, *next_key;

    if (directory == NULL)
        return;
    HASH_ITER(hh, directory->keys, key, next_key)
    {
        HASH_DEL(directory->keys, key);
        mem_free(key);
    }
    HASH_ITER(hh, directory->workspaces, workspace, next_workspace)
    {
        HASH_DEL(directory->workspaces, workspace);
        mem_free((char *)workspace->workspace.name.ptr);
        mem_free(workspace);
    }
    mem_free(directory);
    *directory_at = NULL;
}

size_t directory_workspaces(const struct directory *directory)
{
    return HASH_COUNT(directory->workspaces);
}

const struct api_key *directory_authenticate(struct directory *directory, struct str secret, int64_t now_us)
{
    struct key_node *node;
    uint8_t hash[32];

    if (!key_is_well_formed(secret))
        return NULL;
    key_hash(secret, hash);
    HASH_FIND(hh, directory->keys, hash, sizeof hash, node);
    if (node == NULL || sodium_memcmp(node->hash, hash, sizeof hash) != 0)
        return NULL;
    if (node->key.revoked_at_us != 0 || node->key.expires_at_us <= now_us)
        return NULL;
    return &node->key;
}

enum err workspace_create(struct store *store, struct str name, int64_t credits, int64_t now_us,
                          char out_secret[KEY_LEN + 1])
{
    struct id id = id_random();
    struct key_row key;

    key_make(out_secret, id, SCOPE_FULL, now_us, &key);
    return store_create_workspace(store, id, name, credits, &key, now_us, ledger_seal);
}
