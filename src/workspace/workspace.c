#include "workspace/workspace.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/evidence.h"
#include "workspace/suppression.h"

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
    struct list changed_days; /* of struct workspace */
    struct list changed_uses; /* of struct api_key */
    bool has_suppressions;    /* the store had any */
    bool has_suppression_key;
    uint8_t suppression_key[SUPPRESSION_KEY_BYTES];
};

enum { USE_WRITTEN_S = 60 }; /* a key's use is written when it is so much newer than what the disk has */

static struct str copy_str(struct str s)
{
    return (struct str){mem_copy_text(s.ptr == NULL ? "" : s.ptr, s.len), s.len};
}

static void add_workspace(void *ctx, const struct workspace_row *row)
{
    struct directory *directory = ctx;
    struct workspace_node *node = mem_new(sizeof *node);

    node->workspace = (struct workspace){
        .id = row->id,
        .name = copy_str(row->name),
        .account = {.balance = row->head.balance, .used_month = row->used_month, .month = row->month},
        .limits = row->limits,
        .own_limits = row->limits,
        .bucket = row->bucket,
        .renews_at_us = bucket_renews_at(&row->bucket),
        .directory = directory,
        .cache_id = row->id};
    rate_limit_init(&node->workspace.rate, row->day, row->day_count);
    list_init(&node->workspace.keys);
    list_init(&node->workspace.changed);
    list_init(&node->workspace.endpoints);
    HASH_ADD(hh, directory->workspaces, workspace.id, sizeof node->workspace.id, node);
}

static struct api_key *new_key(struct directory *directory, struct workspace *owner, enum scope scope,
                               const struct key_row *row)
{
    struct key_node *node = mem_new(sizeof *node);
    struct api_key *key = &node->key;

    *key = (struct api_key){.workspace = owner,
                            .id = row->id,
                            .name = copy_str(row->name),
                            .scope = scope,
                            .created_at_us = row->created_at_us,
                            .expires_at_us = row->expires_at_us,
                            .revoked_at_us = row->revoked_at_us,
                            .last_used_at_us = row->last_used_at_us,
                            .use_written_at_us = row->last_used_at_us};
    memcpy(key->hint, row->hint.ptr, row->hint.len < KEY_HINT_LEN ? row->hint.len : KEY_HINT_LEN);
    memcpy(node->hash, row->hash, sizeof node->hash);
    list_init(&key->changed);
    list_append(&owner->keys, &key->link);
    owner->key_count++;
    HASH_ADD(hh, directory->keys, hash, sizeof node->hash, node);
    return key;
}

struct workspace *directory_workspace(const struct directory *directory, struct id id)
{
    struct workspace_node *node;

    HASH_FIND(hh, directory->workspaces, &id, sizeof id, node);
    return node == NULL ? NULL : &node->workspace;
}

void directory_each_workspace(struct directory *directory, void (*each)(void *ctx, struct workspace *workspace),
                              void *ctx)
{
    struct workspace_node *node, *next;

    HASH_ITER(hh, directory->workspaces, node, next)
    {
        each(ctx, &node->workspace);
    }
}

/* A key of an unknown scope or workspace (made by hand?) opens nothing. */
static void add_key(void *ctx, const struct key_row *row)
{
    struct workspace *owner = directory_workspace(ctx, row->workspace_id);
    enum scope scope;

    if (owner != NULL && scope_from(row->scope, &scope))
        new_key(ctx, owner, scope, row);
}

static void add_suppression(void *ctx, struct id workspace_id, struct suppression_hash hash)
{
    struct directory *directory = ctx;
    struct workspace *owner = directory_workspace(directory, workspace_id);

    if (owner != NULL && directory->has_suppression_key)
        suppressions_add(workspace_suppressions(owner), hash);
    directory->has_suppressions = true;
}

/* Without their key hashes hold nobody: better no server than one that looks up
 * whom it must not. */
static enum err read_suppressions(struct store *store, struct directory *directory)
{
    enum err err = store_read_suppression_key(store, directory->suppression_key, &directory->has_suppression_key);

    if (err == ERR_NONE && directory->has_suppression_key &&
        sodium_is_zero(directory->suppression_key, sizeof directory->suppression_key))
        err = ERR_CORRUPT;
    if (err == ERR_NONE)
        err = store_each_suppression(store, add_suppression, directory);
    return err == ERR_NONE && directory->has_suppressions && !directory->has_suppression_key ? ERR_CORRUPT : err;
}

void workspace_set_wish(struct workspace *workspace, enum channel channel, struct wish *wish)
{
    if (workspace->wishes == NULL)
        workspace->wishes = mem_new(sizeof *workspace->wishes);
    mem_free(workspace->wishes->of[channel]);
    workspace->wishes->of[channel] = wish;
}

static void add_wish(void *ctx, struct id workspace_id, enum channel channel, struct str text)
{
    struct workspace *workspace = directory_workspace(ctx, workspace_id);

    if (workspace != NULL)
        workspace_set_wish(workspace, channel, wish_read(text));
}

enum err directory_new(struct store *store, struct directory **out_directory)
{
    struct directory *directory = mem_new(sizeof *directory);
    enum err err;

    list_init(&directory->changed_days);
    list_init(&directory->changed_uses);
    err = store_each_workspace(store, add_workspace, directory);
    if (err == ERR_NONE)
        err = store_each_key(store, add_key, directory);
    if (err == ERR_NONE)
        err = read_suppressions(store, directory);
    if (err == ERR_NONE)
        err = store_each_wish(store, add_wish, directory);
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
        mem_free((char *)key->key.name.ptr);
        mem_free(key);
    }
    HASH_ITER(hh, directory->workspaces, workspace, next_workspace)
    {
        HASH_DEL(directory->workspaces, workspace);
        mem_free((char *)workspace->workspace.name.ptr);
        mem_free(workspace->workspace.renewal);
        suppressions_free(&workspace->workspace.suppressions);
        wishes_free(&workspace->workspace.wishes);
        rate_limit_deinit(&workspace->workspace.rate);
        mem_free(workspace);
    }
    mem_free(directory);
    *directory_at = NULL;
}

size_t directory_workspaces(const struct directory *directory)
{
    return HASH_COUNT(directory->workspaces);
}

/* uthash keeps the order in which they were read: by the time they were made. */
bool workspace_is_first(const struct workspace *workspace)
{
    return workspace == &workspace->directory->workspaces->workspace;
}

static void fill_limits(struct rate_limits *limits, const struct rate_limits *own, const struct rate_limits *by_default)
{
    for (size_t i = 0; i < WINDOW_COUNT; i++)
        limits->max[i] = own->max[i] != 0 ? own->max[i] : by_default->max[i];
}

void directory_set_limits(struct directory *directory, const struct rate_limits *by_default)
{
    struct workspace_node *node, *next;

    HASH_ITER(hh, directory->workspaces, node, next)
    {
        fill_limits(&node->workspace.limits, &node->workspace.own_limits, by_default);
    }
}

bool key_is_live(const struct api_key *key, int64_t now_us)
{
    return key->revoked_at_us == 0 && key->expires_at_us > now_us;
}

static void note_use(struct directory *directory, struct api_key *key, int64_t now_us)
{
    key->last_used_at_us = now_us;
    if (now_us - key->use_written_at_us >= USE_WRITTEN_S * SECOND_US && list_is_empty(&key->changed))
        list_append(&directory->changed_uses, &key->changed);
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
    if (!key_is_live(&node->key, now_us))
        return NULL;
    note_use(directory, &node->key, now_us);
    return &node->key;
}

/* --- keys ----------------------------------------------------------------- */

const struct api_key *directory_add_key(struct directory *directory, const struct key_row *row)
{
    struct workspace *owner = directory_workspace(directory, row->workspace_id);
    enum scope scope;

    check(owner != NULL && scope_from(row->scope, &scope));
    return new_key(directory, owner, scope, row);
}

struct api_key *workspace_key(const struct workspace *workspace, struct id key_id)
{
    list_each(link, following, &workspace->keys)
    {
        struct api_key *key = list_entry(link, struct api_key, link);

        if (id_is(key->id, key_id))
            return key;
    }
    return NULL;
}

bool key_is_last_full(const struct api_key *key, int64_t now_us)
{
    if (key->scope != SCOPE_FULL || !key_is_live(key, now_us))
        return false;
    list_each(link, following, &key->workspace->keys)
    {
        const struct api_key *other = list_entry(link, struct api_key, link);

        if (other != key && other->scope == SCOPE_FULL && key_is_live(other, now_us))
            return false;
    }
    return true;
}

/* --- suppressions ---------------------------------------------------------- */

struct suppressions *workspace_suppressions(struct workspace *workspace)
{
    struct directory *directory = workspace->directory;

    if (!directory->has_suppression_key)
        randombytes_buf(directory->suppression_key, sizeof directory->suppression_key);
    directory->has_suppression_key = true;
    if (workspace->suppressions == NULL)
        workspace->suppressions = suppressions_new(workspace->id, directory->suppression_key);
    return workspace->suppressions;
}

void workspace_suppress(struct workspace *workspace, const struct suppression_row *rows, size_t count)
{
    unsigned before = suppressions_epoch(workspace->suppressions);

    for (size_t i = 0; i < count; i++)
        suppressions_add(workspace->suppressions, rows[i].hash);
    if (suppressions_epoch(workspace->suppressions) != before)
        workspace->cache_id = id_random();
}

/* --- counters ------------------------------------------------------------- */

static void note_day(struct workspace *workspace)
{
    if (list_is_empty(&workspace->changed))
        list_append(&workspace->directory->changed_days, &workspace->changed);
}

bool workspace_take(struct workspace *workspace, enum limit_class class, struct rate_time now,
                    struct rate_refusal *out_refusal)
{
    if (!rate_limit_take(&workspace->rate, &workspace->limits, class, now, out_refusal))
        return false;
    if (class != LIMIT_NONE)
        note_day(workspace);
    return true;
}

static size_t count_links(const struct list *list)
{
    size_t count = 0;

    list_each(link, following, list)
    {
        count++;
    }
    return count;
}

static void take_days(struct directory *directory, struct store_counters *out)
{
    struct day_row *rows = mem_new(count_links(&directory->changed_days) * sizeof *rows);
    struct list *link;

    out->days = rows;
    while ((link = list_take(&directory->changed_days)) != NULL) {
        const struct workspace *workspace = list_entry(link, struct workspace, changed);

        rows[out->day_count++] = (struct day_row){workspace->id, workspace->rate.day, workspace->rate.day_count};
    }
}

static void take_uses(struct directory *directory, struct store_counters *out)
{
    struct key_use_row *rows = mem_new(count_links(&directory->changed_uses) * sizeof *rows);
    struct list *link;

    out->uses = rows;
    while ((link = list_take(&directory->changed_uses)) != NULL) {
        struct api_key *key = list_entry(link, struct api_key, changed);

        key->use_written_at_us = key->last_used_at_us;
        rows[out->use_count++] = (struct key_use_row){key->workspace->id, key->id, key->last_used_at_us};
    }
}

void directory_take_changes(struct directory *directory, struct store_counters *out)
{
    *out = (struct store_counters){.day_count = 0};
    if (!list_is_empty(&directory->changed_days))
        take_days(directory, out);
    if (!list_is_empty(&directory->changed_uses))
        take_uses(directory, out);
}

/* Days that are not on disk are tried again; uses wait for the key's next. */
void directory_changes_written(struct directory *directory, struct store_counters *written, enum err err)
{
    for (size_t i = 0; i < written->day_count && err != ERR_NONE; i++)
        note_day(directory_workspace(directory, written->days[i].workspace_id));
    mem_free((struct day_row *)written->days);
    mem_free((struct key_use_row *)written->uses);
    written->days = NULL;
    written->uses = NULL;
}

enum err workspace_create(struct store *store, struct str name, int64_t credits, int64_t now_us,
                          char out_secret[KEY_LEN + 1], struct id *out_id)
{
    struct id id = id_random();
    struct key_row key;

    *out_id = id;
    key_make(out_secret, id, SCOPE_FULL, now_us, &key);
    return store_create_workspace(store, id, name, credits, &key, now_us, ledger_seal);
}
