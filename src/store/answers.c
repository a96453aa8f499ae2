/* Answers kept for their Idempotency-Keys. */
#include "store/sqlite.h"

enum { PRUNE_MAX = 16 }; /* a little more than one comes */

static void bind_key(sqlite3_stmt *statement, struct id workspace_id, const struct kept_answer *answer)
{
    db_bind_id(statement, 1, workspace_id);
    db_bind_blob(statement, 2, answer->key, sizeof answer->key);
}

static enum err run_find(struct store_db *db, struct store_op *op)
{
    struct store_find_answer *find = container_of(op, struct store_find_answer, op);
    struct kept_answer *answer = &find->answer;
    sqlite3_stmt *statement = db_statement(db, SQL_FIND_ANSWER);
    bool has_row;
    enum err err;

    bind_key(statement, find->workspace_id, answer);
    sqlite3_bind_int64(statement, 3, find->since_us);
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && has_row) {
        db_column_blob(statement, 0, answer->fingerprint, sizeof answer->fingerprint);
        answer->status = sqlite3_column_int(statement, 1);
        answer->at_us = sqlite3_column_int64(statement, 2);
        answer->text = arena_keep(find->arena, db_column_str(statement, 3));
        if (answer->text.ptr == NULL)
            err = ERR_OVERLOADED;
    }
    sqlite3_reset(statement);
    return err;
}

void store_find_answer(struct store *store, struct store_find_answer *find,
                       void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &find->op, run_find, done);
}

static bool read_item(sqlite3_stmt *statement, struct arena *arena, struct shown_item *out)
{
    struct str text = arena_keep(arena, db_column_str(statement, 1));

    if (out->is_value)
        out->value = text;
    else
        out->identity = (struct identity){(enum identity_kind)sqlite3_column_int(statement, 0), text, STR_NONE};
    return !out->is_value || slot_from(db_column_str(statement, 0), &out->slot);
}

static enum err read_items(struct store_db *db, struct store_read_shown *shown, bool are_values)
{
    sqlite3_stmt *statement = db_statement(db, are_values ? SQL_SHOWN_VALUES : SQL_SHOWN_IDENTITIES);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, shown->workspace_id);
    db_bind_blob(statement, 2, shown->key, sizeof shown->key);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct shown_item *item = arena_alloc(shown->arena, sizeof *item);

        if (item == NULL)
            break;
        item->is_value = are_values;
        if (!read_item(statement, shown->arena, item))
            continue;
        item->next = shown->items;
        shown->items = item;
    }
    sqlite3_reset(statement);
    return err != ERR_NONE || !shown->arena->is_full ? err : ERR_OVERLOADED;
}

static enum err run_shown(struct store_db *db, struct store_op *op)
{
    struct store_read_shown *shown = container_of(op, struct store_read_shown, op);
    enum err err;

    shown->items = NULL;
    err = read_items(db, shown, false);
    return err != ERR_NONE ? err : read_items(db, shown, true);
}

void store_read_shown(struct store *store, struct store_read_shown *shown,
                      void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &shown->op, run_shown, done);
}

static enum err prune(struct store_db *db, const struct store_keep_answer *keep, enum sql sql)
{
    sqlite3_stmt *statement = db_statement(db, sql);

    db_bind_id(statement, 1, keep->workspace_id);
    sqlite3_bind_int64(statement, 2, keep->expired_us);
    sqlite3_bind_int(statement, 3, PRUNE_MAX);
    return db_run(db, statement, NULL);
}

static enum err is_erased(struct store_db *db, const struct store_keep_answer *keep, bool *out_is_erased)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_RECORD);
    enum err err = ERR_NONE;

    *out_is_erased = false;
    for (size_t i = 0; i < keep->record_count && err == ERR_NONE && !*out_is_erased; i++) {
        bool has_row = false;

        db_bind_id(statement, 1, keep->workspace_id);
        db_bind_id(statement, 2, keep->record_ids[i]);
        err = db_row(statement, &has_row);
        *out_is_erased = !has_row;
        sqlite3_reset(statement);
    }
    return err;
}

static enum err write_answer(struct store_db *db, const struct store_keep_answer *keep)
{
    sqlite3_stmt *statement = db_statement(db, SQL_KEEP_ANSWER);
    const struct kept_answer *answer = &keep->answer;

    bind_key(statement, keep->workspace_id, answer);
    db_bind_blob(statement, 3, answer->fingerprint, sizeof answer->fingerprint);
    sqlite3_bind_int(statement, 4, answer->status);
    sqlite3_bind_int64(statement, 5, answer->at_us);
    db_bind_blob(statement, 6, answer->text.ptr, answer->text.len);
    return db_run(db, statement, NULL);
}

static enum err write_shown(struct store_db *db, const struct store_keep_answer *keep)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_SHOWN);
    enum err err = ERR_NONE;

    for (size_t i = 0; i < keep->record_count && err == ERR_NONE; i++) {
        bind_key(statement, keep->workspace_id, &keep->answer);
        db_bind_id(statement, 3, keep->record_ids[i]);
        err = db_run(db, statement, NULL);
    }
    return err;
}

static enum err run_keep(struct store_db *db, struct store_op *op)
{
    const struct store_keep_answer *keep = container_of(op, struct store_keep_answer, op);
    bool has_erased = false;
    enum err err = prune(db, keep, SQL_PRUNE_SHOWN);

    if (err == ERR_NONE)
        err = prune(db, keep, SQL_PRUNE_ANSWERS);
    if (err == ERR_NONE)
        err = is_erased(db, keep, &has_erased);
    if (err != ERR_NONE || has_erased)
        return err;
    err = write_answer(db, keep);
    return err != ERR_NONE ? err : write_shown(db, keep);
}

void store_keep_answer(struct store *store, struct store_keep_answer *keep,
                       void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &keep->op, run_keep, done);
}
