/* A store whose commits fail when a test says so: hooks of SQLite itself, so
 * nothing of ours is replaced. */
#ifndef TESTS_UNSURE_STORE_H
#define TESTS_UNSURE_STORE_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

static sqlite3 *hooked_handle;
static atomic_int commits_to_refuse; /* so many next ones fail and are not written */
static atomic_int commits_to_deny;   /* so many next ones are written but reported as failed */

static atomic_int stops_after_refusal; /* a refused commit makes so many statements after it fail */
static atomic_int statements_to_stop;

static inline int hook_commit(void *ctx)
{
    bool is_refused = atomic_load(&commits_to_refuse) > 0 && atomic_fetch_sub(&commits_to_refuse, 1) > 0;

    (void)ctx;
    if (is_refused)
        atomic_store(&statements_to_stop, atomic_load(&stops_after_refusal));
    return is_refused;
}

static inline int hook_statement(void *ctx)
{
    (void)ctx;
    return !sqlite3_get_autocommit(hooked_handle) && atomic_load(&statements_to_stop) > 0 &&
           atomic_fetch_sub(&statements_to_stop, 1) > 0;
}

static inline int hook_wal(void *ctx, sqlite3 *handle, const char *name, int pages)
{
    (void)ctx;
    (void)handle;
    (void)name;
    (void)pages;
    return atomic_load(&commits_to_deny) > 0 && atomic_fetch_sub(&commits_to_deny, 1) > 0 ? SQLITE_IOERR : SQLITE_OK;
}

static inline int note_handle(sqlite3 *handle, const char **message, const void *api)
{
    (void)message;
    (void)api;
    hooked_handle = handle;
    return SQLITE_OK;
}

/* Once, before the store is opened. */
static inline void watch_stores(void)
{
    sqlite3_auto_extension((void (*)(void))note_handle);
}

/* Between opening and starting. */
static inline void hook_store(void)
{
    atomic_store(&commits_to_refuse, 0);
    atomic_store(&commits_to_deny, 0);
    atomic_store(&stops_after_refusal, 0);
    atomic_store(&statements_to_stop, 0);
    sqlite3_progress_handler(hooked_handle, 1, hook_statement, NULL);
    sqlite3_commit_hook(hooked_handle, hook_commit, NULL);
    sqlite3_wal_hook(hooked_handle, hook_wal, NULL);
}

#endif
