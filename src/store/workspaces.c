/* Keys, counters, the month's credits and the ledger's pages. */
#include "base/check.h"
#include "store/sqlite.h"

/* --- before store_start --------------------------------------------------- */

/* Runs one bound statement in a transaction of its own; one row must change. */
static enum err run_alone(struct store_db *db, sqlite3_stmt *statement)
{
    int changes = 0;
    enum err err = db_begin(db);

    if (err == ERR_NONE)
        err = db_run(db, statement, &changes);
    if (err == ERR_NONE && changes == 0)
        err = ERR_NOT_FOUND;
    if (err == ERR_NONE)
        return db_commit(db);
    db_rollback(db);
    return err;
}

enum err store_put_limits(struct store *store, struct id workspace_id, const struct rate_limits *limits)
{
    struct store_db *db = db_before_start(store);
    sqlite3_stmt *statement = db_statement(db, SQL_PUT_LIMITS);

    db_bind_id(statement, 1, workspace_id);
    for (int i = 0; i < WINDOW_COUNT; i++)
        sqlite3_bind_int64(statement, 2 + i, limits->max[i]);
    return run_alone(db, statement);
}

enum err store_put_bucket(struct store *store, struct id workspace_id, const struct bucket *bucket)
{
    struct store_db *db = db_before_start(store);
    sqlite3_stmt *statement = db_statement(db, SQL_PUT_BUCKET);

    db_bind_id(statement, 1, workspace_id);
    sqlite3_bind_int64(statement, 2, bucket->credits);
    sqlite3_bind_int(statement, 3, bucket->day);
    sqlite3_bind_int(statement, 4, bucket->carries_over);
    sqlite3_bind_int(statement, 5, bucket->renewed);
    return run_alone(db, statement);
}

enum err store_grant(struct store *store, struct id workspace_id, int64_t credits, int64_t now_us, ledger_seal_fn *seal)
{
    struct store_db *db = db_before_start(store);
    struct ledger_entry grant = {.kind = LEDGER_GRANT, .amount = credits, .at_us = now_us};
    int64_t used_month;
    enum err err = db_begin(db);

    if (err == ERR_NONE)
        err = db_append_entry(db, workspace_id, &grant, 0, seal, &used_month);
    if (err == ERR_NONE)
        return db_commit(db);
    db_rollback(db);
    return err;
}

/* --- keys ----------------------------------------------------------------- */

static enum err run_add_key(struct store_db *db, struct store_op *op)
{
    return db_add_key(db, &container_of(op, struct store_key, op)->row);
}

void store_add_key(struct store *store, struct store_key *key, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &key->op, run_add_key, done);
}

/* Sets the time of a key that `sql` names. */
static enum err put_key_time(struct store_db *db, enum sql sql, struct id workspace_id, struct id key_id, int64_t at_us)
{
    sqlite3_stmt *statement = db_statement(db, sql);

    db_bind_id(statement, 1, workspace_id);
    db_bind_id(statement, 2, key_id);
    sqlite3_bind_int64(statement, 3, at_us);
    return db_run(db, statement, NULL);
}

static enum err run_revoke_key(struct store_db *db, struct store_op *op)
{
    const struct key_row *row = &container_of(op, struct store_key, op)->row;

    return put_key_time(db, SQL_REVOKE_KEY, row->workspace_id, row->id, row->revoked_at_us);
}

void store_revoke_key(struct store *store, struct store_key *key, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &key->op, run_revoke_key, done);
}

/* --- counters ------------------------------------------------------------- */

static enum err run_counters(struct store_db *db, struct store_op *op)
{
    const struct store_counters *counters = container_of(op, struct store_counters, op);
    sqlite3_stmt *statement = db_statement(db, SQL_PUT_DAY);
    enum err err = ERR_NONE;

    for (size_t i = 0; i < counters->day_count && err == ERR_NONE; i++) {
        db_bind_id(statement, 1, counters->days[i].workspace_id);
        sqlite3_bind_int64(statement, 2, counters->days[i].day);
        sqlite3_bind_int64(statement, 3, counters->days[i].count);
        err = db_run(db, statement, NULL);
    }
    for (size_t i = 0; i < counters->use_count && err == ERR_NONE; i++) {
        const struct key_use_row *use = &counters->uses[i];

        err = put_key_time(db, SQL_PUT_KEY_USE, use->workspace_id, use->key_id, use->at_us);
    }
    return err;
}

void store_put_counters(struct store *store, struct store_counters *counters,
                        void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &counters->op, run_counters, done);
}

/* --- the month's credits -------------------------------------------------- */

static enum err read_renewed(struct store_db *db, struct id workspace_id, int *out_month)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_RENEWED);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, workspace_id);
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && has_row)
        *out_month = sqlite3_column_int(statement, 0);
    sqlite3_reset(statement);
    return err != ERR_NONE ? err : has_row ? ERR_NONE : ERR_STORE_DOWN;
}

/* An entry of the renewal; one of nothing is not written. */
static enum err append(struct store_db *db, struct store_renewal *renewal, enum ledger_kind kind, int64_t amount)
{
    struct ledger_entry entry = {.kind = kind, .amount = amount, .at_us = renewal->at_us};
    int64_t used_month;
    enum err err;

    if (amount == 0)
        return ERR_NONE;
    err = db_append_entry(db, renewal->workspace_id, &entry, 0, renewal->seal, &used_month);
    renewal->balance = entry.balance_after;
    return err;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum err renew(struct store_db *db, struct store_renewal *renewal, int64_t left)
{
    sqlite3_stmt *statement = db_statement(db, SQL_PUT_RENEWED);
    enum err err = append(db, renewal, LEDGER_EXPIRY, -smaller(left, renewal->expire_max));

    if (err == ERR_NONE)
        err = append(db, renewal, LEDGER_RENEWAL, smaller(renewal->credits, renewal->credits_max - renewal->balance));
    if (err != ERR_NONE)
        return err;
    db_bind_id(statement, 1, renewal->workspace_id);
    sqlite3_bind_int(statement, 2, renewal->month);
    return db_run(db, statement, NULL);
}

static enum err run_renewal(struct store_db *db, struct store_op *op)
{
    struct store_renewal *renewal = container_of(op, struct store_renewal, op);
    struct db_head head;
    int renewed = 0;
    enum err err = db_read_head(db, renewal->workspace_id, &head);

    if (err == ERR_NONE)
        err = read_renewed(db, renewal->workspace_id, &renewed);
    if (err != ERR_NONE)
        return err;
    renewal->balance = head.ledger.balance;
    return renewed >= renewal->month ? ERR_NONE : renew(db, renewal, head.bucket_left);
}

void store_renew(struct store *store, struct store_renewal *renewal, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &renewal->op, run_renewal, done);
}

/* --- the ledger's pages --------------------------------------------------- */

static void add_entry(struct store_entries *entries, sqlite3_stmt *statement)
{
    struct ledger_entry *entry = &entries->entries[entries->count];

    db_read_entry(statement, entry);
    if (sqlite3_column_type(statement, 10) == SQLITE_NULL)
        entry->record_id = (struct id){{0}};
    entries->is_account[entries->count++] = sqlite3_column_int(statement, 10) != 0;
}

static enum err run_entries(struct store_db *db, struct store_op *op)
{
    struct store_entries *entries = container_of(op, struct store_entries, op);
    sqlite3_stmt *statement = db_statement(db, SQL_READ_ENTRIES);
    bool has_row;
    enum err err;

    entries->count = 0;
    entries->has_more = false;
    db_bind_id(statement, 1, entries->workspace_id);
    sqlite3_bind_int64(statement, 2, entries->before_seq != 0 ? entries->before_seq : INT64_MAX);
    sqlite3_bind_int(statement, 3, ENTRIES_PAGE + 1);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row && !entries->has_more) {
        if (entries->count < ENTRIES_PAGE)
            add_entry(entries, statement);
        else
            entries->has_more = true;
    }
    sqlite3_reset(statement);
    return err;
}

void store_read_entries(struct store *store, struct store_entries *entries,
                        void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &entries->op, run_entries, done);
}
