/* store/sqlite.h: one SQLite connection with its prepared statements.
 *
 * Used by one thread at a time: the opener's before store_start, the store
 * thread's afterwards. Statements are prepared once, in sql.def order. SQL is
 * kept to what PostgreSQL takes too: workspace first in every key, no triggers,
 * times as parameters, one conditional UPDATE for the balance. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

#include <sqlite3.h>

enum sql {
#define SQL(id, text) SQL_##id,
#include "store/sql.def"
#undef SQL
    SQL_COUNT
};

struct store_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_COUNT];
    int lock_fd;
};

/* Sentence for what SQLite last complained of; never holds a value. */
must_use enum err db_open(struct store_db *db, const char *folder, bool create, struct err_detail *detail);
void db_close(struct store_db *db);
must_use enum err db_begin(struct store_db *db);
must_use enum err db_commit(
    struct store_db *db); /* ERR_STORE_UNSURE when it fails: rolled back here, but it may be on disk */
void db_rollback(struct store_db *db);

/* A statement ready to be bound. */
sqlite3_stmt *db_statement(struct store_db *db, enum sql sql);
/* Runs a statement without rows; `out_changes` may be NULL. */
must_use enum err db_run(struct store_db *db, sqlite3_stmt *statement, int *out_changes);
/* Steps to the next row: ERR_NONE with *out_row false at the end. */
must_use enum err db_row(sqlite3_stmt *statement, bool *out_row);

/* A workspace's end of the ledger, and what is counted along it. */
struct db_head {
    struct ledger_head ledger;
    int64_t used_month;
    int month;
    int64_t bucket_left; /* of the month's credits */
};

must_use enum err db_read_head(struct store_db *db, struct id workspace_id, struct db_head *out);

/* Seals `entry` behind the workspace's head and moves balance and head, in the
 * running transaction. ERR_NO_CREDIT (nothing written) below zero. `month`: of
 * a lookup's charge. */
must_use enum err db_append_entry(struct store_db *db, struct id workspace_id, struct ledger_entry *entry, int month,
                                  ledger_seal_fn *seal, int64_t *out_used_month);

/* A record with its identities, without its channels; id none when there is no such record. */
must_use enum err db_read_record(struct store_db *db, struct id workspace_id, struct id record_id, struct arena *arena,
                                 struct record *out);

/* Adds to the counters, in the running transaction. */
must_use enum err db_add_usage(struct store_db *db, const struct usage_row *row);

/* Hands an operation to the store thread. */
void store_start_read(struct store *store, struct store_op *op, enum err (*run)(struct store_db *, struct store_op *),
                      void (*done)(struct store_op *, enum err));
void store_start_write(struct store *store, struct store_op *op, enum err (*run)(struct store_db *, struct store_op *),
                       void (*done)(struct store_op *, enum err));

/* For calls before store_start: the connection is the caller's. */
struct store_db *db_before_start(struct store *store);

/* Nothing when it is there already. */
must_use enum err db_add_key(struct store_db *db, const struct key_row *key);

/* A ledger entry from the columns of SQL_EACH_ENTRY and SQL_READ_ENTRIES. */
void db_read_entry(sqlite3_stmt *statement, struct ledger_entry *out);

void db_bind_id(sqlite3_stmt *statement, int at, struct id id);
void db_bind_str(sqlite3_stmt *statement, int at, struct str s); /* not copied: bind, run, forget */
void db_bind_blob(sqlite3_stmt *statement, int at, const void *ptr, size_t bytes);
struct id db_column_id(sqlite3_stmt *statement, int at);
struct str db_column_str(sqlite3_stmt *statement, int at);                     /* until the next step */
void db_column_blob(sqlite3_stmt *statement, int at, void *out, size_t bytes); /* zeros when of another size */

#endif
