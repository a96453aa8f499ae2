/* The queue, the thread and group commit; and the synchronous calls of start-up. */
#include "store/store.h"

#include "base/check.h"
#include "base/mem.h"
#include "store/sqlite.h"

#include <pthread.h>
#include <stdatomic.h>

struct store {
    struct store_db db;
    struct loop *loop;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards the four below */
    pthread_cond_t is_work;
    struct list reads, writes; /* of store_op, waiting, in the order of the calls */
    struct list finished;      /* of store_op, in the order of their answers */
    bool is_closing;
    uv_async_t wake_loop;
    atomic_size_t queue_length;
    atomic_bool is_healthy;
};

enum err store_open(const char *folder, bool create, struct store **out_store, struct err_detail *detail)
{
    struct store *store = mem_new(sizeof *store);
    enum err err = db_open(&store->db, folder, create, detail);

    if (err != ERR_NONE) {
        mem_free(store);
        return err;
    }
    list_init(&store->reads);
    list_init(&store->writes);
    list_init(&store->finished);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->is_work, NULL);
    atomic_store(&store->is_healthy, true);
    *out_store = store;
    return ERR_NONE;
}

size_t store_queue_length(const struct store *store)
{
    return atomic_load(&store->queue_length);
}

bool store_is_healthy(const struct store *store)
{
    return atomic_load(&store->is_healthy);
}

/* --- on the store thread ------------------------------------------------ */

/* One transaction around `ops`. When one of them fails on the database nothing
 * of it stays; a refusal (no credit) is an answer and leaves no trace itself. */
static enum err run_together(struct store_db *db, struct list *ops)
{
    enum err err = db_begin(db);

    if (err != ERR_NONE)
        return err;
    list_each(link, following, ops)
    {
        struct store_op *op = list_entry(link, struct store_op, link);

        op->err = op->run(db, op);
        if (op->err == ERR_STORE_DOWN) {
            db_rollback(db);
            return ERR_STORE_DOWN;
        }
    }
    return db_commit(db);
}

static void fail_all(struct list *ops, enum err err)
{
    list_each(link, following, ops)
    {
        list_entry(link, struct store_op, link)->err = err;
    }
}

/* A batch that could not be run together is run again one by one, so that one
 * operation's trouble stays its own. An unsure commit is never run again here:
 * only the owner knows how to ask. */
static void run_batch(struct store *store, struct list *ops)
{
    bool is_single = ops->next->next == ops;
    enum err err = run_together(&store->db, ops);
    struct list alone, done;
    struct list *link;

    atomic_store(&store->is_healthy, err == ERR_NONE);
    if (err == ERR_NONE)
        return;
    if (is_single || err == ERR_STORE_UNSURE) {
        fail_all(ops, err);
        return;
    }
    list_init(&done);
    while ((link = list_take(ops)) != NULL) {
        list_init(&alone);
        list_append(&alone, link);
        run_batch(store, &alone);
        list_move_all(&done, &alone);
    }
    list_move_all(ops, &done);
}

/* No transaction: nobody else writes, so what a read sees stands still. */
static void run_reads(struct store *store, struct list *reads)
{
    list_each(link, following, reads)
    {
        struct store_op *op = list_entry(link, struct store_op, link);

        op->err = op->run(&store->db, op);
    }
}

static void hand_over(struct store *store, struct list *ops)
{
    if (list_is_empty(ops))
        return;
    pthread_mutex_lock(&store->lock);
    list_move_all(&store->finished, ops);
    pthread_mutex_unlock(&store->lock);
    uv_async_send(&store->wake_loop);
}

/* Waits for work and takes all of it; false when there will be no more. */
static bool take_work(struct store *store, struct list *reads, struct list *writes)
{
    pthread_mutex_lock(&store->lock);
    while (list_is_empty(&store->reads) && list_is_empty(&store->writes) && !store->is_closing)
        pthread_cond_wait(&store->is_work, &store->lock);
    list_move_all(reads, &store->reads);
    list_move_all(writes, &store->writes);
    pthread_mutex_unlock(&store->lock);
    return !list_is_empty(reads) || !list_is_empty(writes);
}

/* Reads go first and are answered before the writes' fsync: nobody waits for a
 * disk to be told what was known. */
static void *run_store(void *arg)
{
    struct store *store = arg;
    struct list reads, writes;

    list_init(&reads);
    list_init(&writes);
    while (take_work(store, &reads, &writes)) {
        run_reads(store, &reads);
        hand_over(store, &reads);
        if (!list_is_empty(&writes))
            run_batch(store, &writes);
        hand_over(store, &writes);
    }
    return NULL;
}

/* --- on the loop -------------------------------------------------------- */

static void deliver(uv_async_t *wake)
{
    struct store *store = container_of(wake, struct store, wake_loop);
    struct list finished;
    struct list *link;

    list_init(&finished);
    pthread_mutex_lock(&store->lock);
    list_move_all(&finished, &store->finished);
    pthread_mutex_unlock(&store->lock);
    while ((link = list_take(&finished)) != NULL) {
        struct store_op *op = list_entry(link, struct store_op, link);

        atomic_fetch_sub(&store->queue_length, 1);
        op->done(op, op->err);
    }
}

void store_start(struct store *store, struct loop *loop)
{
    check(!store->is_started);
    store->loop = loop;
    check(uv_async_init(&loop->uv, &store->wake_loop, deliver) == 0);
    check(pthread_create(&store->thread, NULL, run_store, store) == 0);
    store->is_started = true;
}

static void enqueue(struct store *store, struct store_op *op)
{
    check(store->is_started);
    check(op->run != NULL && op->done != NULL);
    atomic_fetch_add(&store->queue_length, 1);
    pthread_mutex_lock(&store->lock);
    list_init(&op->link);
    list_append(op->is_write ? &store->writes : &store->reads, &op->link);
    pthread_cond_signal(&store->is_work);
    pthread_mutex_unlock(&store->lock);
}

void store_start_read(struct store *store, struct store_op *op, enum err (*run)(struct store_db *, struct store_op *),
                      void (*done)(struct store_op *, enum err))
{
    op->run = run;
    op->done = done;
    op->err = ERR_NONE;
    enqueue(store, op);
}

void store_start_write(struct store *store, struct store_op *op, enum err (*run)(struct store_db *, struct store_op *),
                       void (*done)(struct store_op *, enum err))
{
    op->is_write = true;
    store_start_read(store, op, run, done);
}

static void stop_thread(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    store->is_closing = true;
    pthread_cond_signal(&store->is_work);
    pthread_mutex_unlock(&store->lock);
    check(pthread_join(store->thread, NULL) == 0);
    uv_close((uv_handle_t *)&store->wake_loop, NULL);
    uv_run(&store->loop->uv, UV_RUN_NOWAIT);
}

void store_close(struct store **store_at)
{
    struct store *store = *store_at;

    if (store == NULL)
        return;
    if (store->is_started)
        stop_thread(store);
    db_close(&store->db);
    pthread_cond_destroy(&store->is_work);
    pthread_mutex_destroy(&store->lock);
    mem_free(store);
    *store_at = NULL;
}

/* --- start-up ----------------------------------------------------------- */

struct store_db *db_before_start(struct store *store)
{
    check(!store->is_started);
    return &store->db;
}

enum err store_each_workspace(struct store *store, void (*row)(void *ctx, const struct workspace_row *row), void *ctx)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_EACH_WORKSPACE);
    bool has_row;
    enum err err;

    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct workspace_row workspace = {
            .id = db_column_id(statement, 0),
            .name = db_column_str(statement, 1),
            .head = {.balance = sqlite3_column_int64(statement, 2), .seq = sqlite3_column_int64(statement, 3)},
            .used_month = sqlite3_column_int64(statement, 5),
            .month = sqlite3_column_int(statement, 6),
            .limits = {.max = {sqlite3_column_int64(statement, 7), sqlite3_column_int64(statement, 8),
                               sqlite3_column_int64(statement, 9)}},
            .day = sqlite3_column_int64(statement, 10),
            .day_count = sqlite3_column_int64(statement, 11),
            .bucket = {.credits = sqlite3_column_int64(statement, 12),
                       .day = sqlite3_column_int(statement, 13),
                       .carries_over = sqlite3_column_int(statement, 14) != 0,
                       .renewed = sqlite3_column_int(statement, 15)}};

        db_column_blob(statement, 4, workspace.head.hash, sizeof workspace.head.hash);
        row(ctx, &workspace);
    }
    return err;
}

enum err store_each_key(struct store *store, void (*row)(void *ctx, const struct key_row *row), void *ctx)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_EACH_KEY);
    bool has_row;
    enum err err;

    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct key_row key = {.workspace_id = db_column_id(statement, 0),
                              .id = db_column_id(statement, 1),
                              .name = db_column_str(statement, 2),
                              .scope = db_column_str(statement, 3),
                              .hint = db_column_str(statement, 4),
                              .created_at_us = sqlite3_column_int64(statement, 6),
                              .expires_at_us = sqlite3_column_int64(statement, 7),
                              .revoked_at_us = sqlite3_column_int64(statement, 8),
                              .last_used_at_us = sqlite3_column_int64(statement, 9)};

        db_column_blob(statement, 5, key.hash, sizeof key.hash);
        row(ctx, &key);
    }
    return err;
}

static enum err add_workspace(struct store_db *db, struct id id, struct str name, int64_t now_us)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_WORKSPACE);

    db_bind_id(statement, 1, id);
    db_bind_str(statement, 2, name);
    sqlite3_bind_int64(statement, 3, now_us);
    return db_run(db, statement, NULL);
}

enum err db_add_key(struct store_db *db, const struct key_row *key)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_KEY);

    db_bind_id(statement, 1, key->workspace_id);
    db_bind_id(statement, 2, key->id);
    db_bind_str(statement, 3, key->name);
    db_bind_str(statement, 4, key->scope);
    db_bind_str(statement, 5, key->hint);
    db_bind_blob(statement, 6, key->hash, sizeof key->hash);
    sqlite3_bind_int64(statement, 7, key->created_at_us);
    sqlite3_bind_int64(statement, 8, key->expires_at_us);
    sqlite3_bind_int64(statement, 9, key->revoked_at_us);
    return db_run(db, statement, NULL);
}

enum err store_create_workspace(struct store *store, struct id id, struct str name, int64_t credits,
                                const struct key_row *key, int64_t now_us, ledger_seal_fn *seal)
{
    struct store_db *db = db_before_start(store);
    struct ledger_entry grant = {.kind = LEDGER_GRANT, .amount = credits, .at_us = now_us};
    int64_t used_month;
    enum err err = db_begin(db);

    if (err == ERR_NONE)
        err = add_workspace(db, id, name, now_us);
    if (err == ERR_NONE)
        err = db_add_key(db, key);
    if (err == ERR_NONE && credits > 0)
        err = db_append_entry(db, id, &grant, 0, seal, &used_month);
    if (err != ERR_NONE) {
        db_rollback(db);
        return err;
    }
    return db_commit(db);
}

static const char *const ledger_kinds[] = {
    [LEDGER_GRANT] = "grant", [LEDGER_LOOKUP] = "lookup", [LEDGER_RENEWAL] = "renewal", [LEDGER_EXPIRY] = "expiry"};

struct str ledger_kind_name(enum ledger_kind kind)
{
    check((size_t)kind < LEN(ledger_kinds));
    return str_from(ledger_kinds[kind]);
}

static enum ledger_kind kind_from(struct str name)
{
    for (size_t i = 0; i < LEN(ledger_kinds); i++) {
        if (str_is(name, str_from(ledger_kinds[i])))
            return (enum ledger_kind)i;
    }
    return LEDGER_KIND_COUNT;
}

void db_read_entry(sqlite3_stmt *statement, struct ledger_entry *out)
{
    *out = (struct ledger_entry){.seq = sqlite3_column_int64(statement, 0),
                                 .kind = kind_from(db_column_str(statement, 1)),
                                 .amount = sqlite3_column_int64(statement, 2),
                                 .balance_after = sqlite3_column_int64(statement, 3),
                                 .at_us = sqlite3_column_int64(statement, 4),
                                 .lookup_id = db_column_id(statement, 5),
                                 .record_id = db_column_id(statement, 6)};
    db_column_blob(statement, 7, out->trail_digest, sizeof out->trail_digest);
    db_column_blob(statement, 8, out->prev_hash, sizeof out->prev_hash);
    db_column_blob(statement, 9, out->hash, sizeof out->hash);
}

enum err store_each_entry(struct store *store, struct id workspace_id,
                          bool (*entry)(void *ctx, const struct ledger_entry *entry, struct str trail), void *ctx)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_EACH_ENTRY);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, workspace_id);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct ledger_entry row;

        db_read_entry(statement, &row);
        if (!entry(ctx, &row, db_column_str(statement, 10)))
            break;
    }
    sqlite3_reset(statement);
    return err;
}

enum err store_count_trails(struct store *store, struct id workspace_id, int64_t *out_count)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_COUNT_TRAILS);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, workspace_id);
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && has_row)
        *out_count = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return err;
}

enum err store_check_pages(struct store *store, struct err_detail *detail)
{
    sqlite3_stmt *statement;
    sqlite3 *handle = db_before_start(store)->handle;
    enum err err = ERR_CORRUPT;

    if (sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &statement, NULL) != SQLITE_OK) {
        err_explain(detail, "the database cannot be checked (%s)", sqlite3_errmsg(handle));
        return ERR_CORRUPT;
    }
    if (sqlite3_step(statement) == SQLITE_ROW && str_is(db_column_str(statement, 0), STR("ok")))
        err = ERR_NONE;
    else
        err_explain(detail, "the database file is damaged; restore it from a backup");
    sqlite3_finalize(statement);
    return err;
}

struct kept_channel *channels_new(struct arena *arena, bool is_account)
{
    size_t count = is_account ? SLOT_COUNT : CHANNEL_COUNT;
    struct kept_channel *channels = arena_alloc(arena, count * sizeof *channels);

    for (size_t i = 0; channels != NULL && i < count; i++)
        channels[i].verified = -1;
    return channels;
}
