/* A data folder of its own for one test, the store in it, and waiting for what
 * the store does. */
#ifndef TESTS_DATA_FOLDER_H
#define TESTS_DATA_FOLDER_H

#include "unit.h"

#include "base/clock.h"
#include "credits/ledger.h"
#include "workspace/workspace.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs the loop, without sleeping, as long as `condition` holds. */
#define loop_while(loop, condition)                                                                                    \
    do {                                                                                                               \
        while (condition)                                                                                              \
            uv_run(&(loop)->uv, UV_RUN_ONCE);                                                                          \
    } while (0)

struct data_folder {
    char path[64];
    struct loop loop;
    struct store *store;
    struct id workspace_id; /* of the workspace made last */
    char secret[KEY_LEN + 1];
    size_t pending; /* operations whose `done` has not come */
};

static struct data_folder *folder_in_use; /* what op_done counts in */

static inline void path_in(const struct data_folder *folder, const char *name, char out[200])
{
    snprintf(out, 200, "%s/%s", folder->path, name);
}

static inline void folder_make(struct data_folder *folder)
{
    *folder = (struct data_folder){.path = "/tmp/unstuck_store_XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
    folder_in_use = folder;
}

static inline void folder_remove(struct data_folder *folder)
{
    DIR *dir = opendir(folder->path);
    struct dirent *entry;
    char path[400];

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(dir);
    assert_int_equal(rmdir(folder->path), 0);
}

static inline enum err try_open(struct data_folder *folder, bool create, struct err_detail *detail)
{
    detail->text[0] = '\0';
    return store_open(folder->path, create, &folder->store, detail);
}

static inline void folder_open(struct data_folder *folder)
{
    struct err_detail detail;

    if (try_open(folder, true, &detail) != ERR_NONE)
        fail_msg("%s", detail.text);
}

static inline void add_workspace(struct data_folder *folder, int64_t credits)
{
    struct key_row key;

    folder->workspace_id = id_random();
    key_make(folder->secret, folder->workspace_id, SCOPE_FULL, 1000, &key);
    assert_int_equal(
        store_create_workspace(folder->store, folder->workspace_id, STR("Acme"), credits, &key, 1000, ledger_seal),
        ERR_NONE);
}

static inline void folder_start(struct data_folder *folder)
{
    loop_init(&folder->loop);
    store_start(folder->store, &folder->loop);
}

/* Stops what folder_start started; what was queued is on disk. */
static inline void folder_stop(struct data_folder *folder)
{
    store_close(&folder->store);
    loop_deinit(&folder->loop);
}

/* A started store with one workspace of so many credits. */
static inline void folder_set_up(struct data_folder *folder, int64_t credits)
{
    folder_make(folder);
    folder_open(folder);
    add_workspace(folder, credits);
    folder_start(folder);
}

static inline void folder_tear_down(struct data_folder *folder)
{
    folder_stop(folder);
    folder_remove(folder);
}

static inline void op_done(struct store_op *op, enum err err)
{
    op->err = err;
    folder_in_use->pending--;
}

static inline void wait_for_all(struct data_folder *folder)
{
    loop_while(&folder->loop, folder->pending > 0);
}

static inline enum err find(struct data_folder *folder, struct store_find *op)
{
    folder->pending++;
    store_find_record(folder->store, op, op_done);
    wait_for_all(folder);
    return op->op.err;
}

static inline void start_commit(struct data_folder *folder, struct store_commit *op)
{
    folder->pending++;
    store_commit_lookup(folder->store, op, op_done);
}

static inline enum err commit(struct data_folder *folder, struct store_commit *op)
{
    start_commit(folder, op);
    wait_for_all(folder);
    return op->op.err;
}

/* What a lookup that used so many credits leaves behind, for a new record. */
static inline struct store_commit commit_of(const struct data_folder *folder, struct id record_id, int64_t credits)
{
    static const struct kept_channel nothing[SLOT_COUNT];
    struct store_commit op = {.workspace_id = folder->workspace_id,
                              .record_id = record_id,
                              .is_new_record = true,
                              .at_us = 2000,
                              .channels = nothing,
                              .trail = STR("{\"attempts\":[]}"),
                              .month = 24000,
                              .seal = ledger_seal,
                              .entry = {.kind = LEDGER_LOOKUP,
                                        .amount = -credits,
                                        .at_us = 2000,
                                        .lookup_id = id_random(),
                                        .record_id = record_id}};

    ledger_digest(op.trail, op.entry.trail_digest);
    return op;
}

static inline void only_workspace(void *ctx, const struct workspace_row *row)
{
    *(struct workspace_row *)ctx = *row;
}

/* The last workspace's row; before folder_start. */
static inline struct workspace_row read_workspace(struct data_folder *folder)
{
    struct workspace_row row = {.month = 0};

    assert_int_equal(store_each_workspace(folder->store, only_workspace, &row), ERR_NONE);
    return row;
}

/* Changes the closed database behind the store's back. */
static inline void tamper(const struct data_folder *folder, const char *sql)
{
    char path[200];
    sqlite3 *handle;

    path_in(folder, "unstuck.db", path);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

#endif
