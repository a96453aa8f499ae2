/* Whom a workspace never looks up, as hashes. */
#include "store/sqlite.h"

#define KEY_NAME STR("suppression_key")

enum { ROW_HASH = 4 }; /* its column */

/* --- before store_start --------------------------------------------------- */

enum err store_read_suppression_key(struct store *store, uint8_t out_key[SUPPRESSION_KEY_BYTES], bool *out_found)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_READ_INSTALLATION);
    enum err err;

    db_bind_str(statement, 1, KEY_NAME);
    err = db_row(statement, out_found);
    if (err == ERR_NONE && *out_found)
        db_column_blob(statement, 0, out_key, SUPPRESSION_KEY_BYTES);
    sqlite3_reset(statement);
    return err;
}

enum err store_each_suppression(struct store *store,
                                void (*row)(void *ctx, struct id workspace_id, struct suppression_hash hash), void *ctx)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_EACH_SUPPRESSION);
    bool has_row;
    enum err err;

    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct suppression_hash hash;

        db_column_blob(statement, 1, hash.bytes, sizeof hash.bytes);
        row(ctx, db_column_id(statement, 0), hash);
    }
    return err;
}

/* --- adding --------------------------------------------------------------- */

static enum err keep_key(struct store_db *db, const uint8_t *key)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_INSTALLATION);

    db_bind_str(statement, 1, KEY_NAME);
    db_bind_blob(statement, 2, key, SUPPRESSION_KEY_BYTES);
    return db_run(db, statement, NULL);
}

static void read_row(sqlite3_stmt *statement, struct arena *arena, struct suppression_row *out)
{
    out->id = db_column_id(statement, 0);
    out->kind = (enum suppression_kind)sqlite3_column_int(statement, 1);
    out->note = arena != NULL ? arena_keep(arena, db_column_str(statement, 2)) : STR_NONE;
    out->created_at_us = sqlite3_column_int64(statement, 3);
    db_column_blob(statement, ROW_HASH, out->hash.bytes, sizeof out->hash.bytes);
}

/* The row that a bound statement finds. */
static enum err find_row(sqlite3_stmt *statement, struct arena *arena, struct suppression_row *out, bool *out_found)
{
    enum err err = db_row(statement, out_found);

    if (err == ERR_NONE && *out_found)
        read_row(statement, arena, out);
    sqlite3_reset(statement);
    return err;
}

static sqlite3_stmt *bind_hash(struct store_db *db, struct id workspace_id, const struct suppression_hash *hash)
{
    sqlite3_stmt *statement = db_statement(db, SQL_FIND_SUPPRESSION);

    db_bind_id(statement, 1, workspace_id);
    db_bind_blob(statement, 2, hash->bytes, sizeof hash->bytes);
    return statement;
}

static enum err add_row(struct store_db *db, const struct store_suppress *suppress, struct suppression_row *row)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_SUPPRESSION);
    int changes = 0;
    enum err err;

    db_bind_id(statement, 1, suppress->workspace_id);
    db_bind_id(statement, 2, row->id);
    sqlite3_bind_int(statement, 3, (int)row->kind);
    db_bind_blob(statement, 4, row->hash.bytes, sizeof row->hash.bytes);
    db_bind_str(statement, 5, row->note);
    sqlite3_bind_int64(statement, 6, row->created_at_us);
    err = db_run(db, statement, &changes);
    row->was_there = changes == 0;
    if (err != ERR_NONE || !row->was_there)
        return err;
    return find_row(bind_hash(db, suppress->workspace_id, &row->hash), suppress->arena, row, &row->was_there);
}

static enum err run_add(struct store_db *db, struct store_op *op)
{
    struct store_suppress *suppress = container_of(op, struct store_suppress, op);
    enum err err = keep_key(db, suppress->key);

    for (size_t i = 0; i < suppress->count && err == ERR_NONE; i++)
        err = add_row(db, suppress, &suppress->rows[i]);
    return err;
}

void store_add_suppressions(struct store *store, struct store_suppress *suppress,
                            void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &suppress->op, run_add, done);
}

/* --- removing ------------------------------------------------------------- */

static enum err run_remove(struct store_db *db, struct store_op *op)
{
    struct store_unsuppress *unsuppress = container_of(op, struct store_unsuppress, op);
    sqlite3_stmt *statement = db_statement(db, SQL_READ_SUPPRESSION);
    struct id id = unsuppress->row.id;
    enum err err;

    db_bind_id(statement, 1, unsuppress->workspace_id);
    db_bind_id(statement, 2, id);
    err = find_row(statement, unsuppress->arena, &unsuppress->row, &unsuppress->found);
    if (err != ERR_NONE || !unsuppress->found)
        return err;
    statement = db_statement(db, SQL_ERASE_SUPPRESSION);
    db_bind_id(statement, 1, unsuppress->workspace_id);
    db_bind_id(statement, 2, id);
    return db_run(db, statement, NULL);
}

void store_remove_suppression(struct store *store, struct store_unsuppress *unsuppress,
                              void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &unsuppress->op, run_remove, done);
}

/* --- reading -------------------------------------------------------------- */

static enum err read_page(struct store_db *db, struct store_suppressions *page)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_SUPPRESSIONS);
    struct id before = page->before;
    bool has_row;
    enum err err;

    if (id_is_none(before))
        memset(before.bytes, 0xff, sizeof before.bytes);
    db_bind_id(statement, 1, page->workspace_id);
    db_bind_id(statement, 2, before);
    sqlite3_bind_int(statement, 3, SUPPRESSIONS_PAGE + 1);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row && !page->has_more) {
        if (page->count < SUPPRESSIONS_PAGE)
            read_row(statement, page->arena, &page->rows[page->count++]);
        else
            page->has_more = true;
    }
    sqlite3_reset(statement);
    return err;
}

static enum err read_hashes(struct store_db *db, struct store_suppressions *page)
{
    enum err err = ERR_NONE;

    for (size_t i = 0; i < page->hash_count && err == ERR_NONE; i++) {
        bool found;

        err = find_row(bind_hash(db, page->workspace_id, &page->hashes[i]), page->arena, &page->rows[page->count],
                       &found);
        page->count += err == ERR_NONE && found;
    }
    return err;
}

static enum err run_read(struct store_db *db, struct store_op *op)
{
    struct store_suppressions *page = container_of(op, struct store_suppressions, op);

    page->count = 0;
    page->has_more = false;
    page->rows =
        arena_alloc(page->arena, (page->hash_count != 0 ? page->hash_count : SUPPRESSIONS_PAGE) * sizeof *page->rows);
    if (page->rows == NULL)
        return ERR_OVERLOADED;
    return page->hash_count != 0 ? read_hashes(db, page) : read_page(db, page);
}

void store_read_suppressions(struct store *store, struct store_suppressions *suppressions,
                             void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &suppressions->op, run_read, done);
}
