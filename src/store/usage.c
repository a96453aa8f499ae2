/* The counters behind GET /usage. */
#include "base/clock.h"
#include "store/sqlite.h"

int64_t usage_day(int64_t time_us)
{
    return time_us / SECOND_US / 86400;
}

enum err db_add_usage(struct store_db *db, const struct usage_row *row)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_USAGE);

    db_bind_id(statement, 1, row->workspace_id);
    sqlite3_bind_int64(statement, 2, row->day);
    sqlite3_bind_int(statement, 3, (int)row->subject);
    db_bind_str(statement, 4, row->name);
    sqlite3_bind_int64(statement, 5, row->total);
    sqlite3_bind_int64(statement, 6, row->part);
    sqlite3_bind_int64(statement, 7, row->credits);
    return db_run(db, statement, NULL);
}

static enum err run_add(struct store_db *db, struct store_op *op)
{
    const struct store_usage_add *add = container_of(op, struct store_usage_add, op);
    enum err err = ERR_NONE;

    for (size_t i = 0; i < add->count && err == ERR_NONE; i++)
        err = db_add_usage(db, &add->rows[i]);
    return err;
}

void store_add_usage(struct store *store, struct store_usage_add *add, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &add->op, run_add, done);
}

static void read_row(sqlite3_stmt *statement, struct store_usage *usage, struct usage_row *out)
{
    *out = (struct usage_row){.workspace_id = usage->workspace_id,
                              .day = sqlite3_column_int64(statement, 0),
                              .subject = (enum usage_subject)sqlite3_column_int(statement, 1),
                              .name = arena_keep(usage->arena, db_column_str(statement, 2)),
                              .total = sqlite3_column_int64(statement, 3),
                              .part = sqlite3_column_int64(statement, 4),
                              .credits = sqlite3_column_int64(statement, 5)};
}

static enum err run_read(struct store_db *db, struct store_op *op)
{
    struct store_usage *usage = container_of(op, struct store_usage, op);
    sqlite3_stmt *statement = db_statement(db, SQL_READ_USAGE);
    struct usage_row **last = &usage->rows;
    bool has_row;
    enum err err;

    usage->rows = NULL;
    db_bind_id(statement, 1, usage->workspace_id);
    sqlite3_bind_int64(statement, 2, usage->from_day);
    sqlite3_bind_int64(statement, 3, usage->to_day);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        *last = arena_alloc(usage->arena, sizeof **last);
        if (*last == NULL)
            break;
        read_row(statement, usage, *last);
        last = &(*last)->next;
    }
    sqlite3_reset(statement);
    return err != ERR_NONE ? err : usage->arena->is_full ? ERR_OVERLOADED : ERR_NONE;
}

void store_read_usage(struct store *store, struct store_usage *usage, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &usage->op, run_read, done);
}
