#include "store/sqlite.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

/* Few pages of our own (cache_size in KiB): the system's cache has the file, and
 * what is asked often is in the record cache. The log is folded back every
 * 4,000 pages (16 MiB). */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4000;"
                               "PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;"
                               "PRAGMA journal_size_limit = 67108864;";

static const char *const texts[SQL_COUNT] = {
#define SQL(id, text) [SQL_##id] = text,
#include "store/sql.def"
#undef SQL
};

static enum err take_folder(struct store_db *db, const char *folder, bool create, struct err_detail *detail)
{
    char path[PATH_BYTES_MAX];

    if (create && mkdir(folder, 0700) != 0 && errno != EEXIST) {
        err_explain(detail, "cannot make the data folder %s: %s", folder, strerror(errno));
        return ERR_IO;
    }
    if ((size_t)snprintf(path, sizeof path, "%s/lock", folder) >= sizeof path - 16) {
        err_explain(detail, "the data folder's path is too long");
        return ERR_IO;
    }
    db->lock_fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (db->lock_fd < 0) {
        bool is_absent = errno == ENOENT;

        err_explain(detail,
                    is_absent ? "%s is not a data folder; make one with: unstuck init --data %s"
                              : "the data folder %s cannot be written; check owner and permissions (%s)",
                    folder, is_absent ? folder : strerror(errno));
        return is_absent ? ERR_NOT_FOUND : ERR_IO;
    }
    if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        err_explain(detail, "another process uses the data folder %s; stop it first", folder);
        return ERR_IN_USE;
    }
    return ERR_NONE;
}

static enum err open_file(struct store_db *db, const char *folder, bool create, struct err_detail *detail)
{
    char path[PATH_BYTES_MAX];
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int result;

    snprintf(path, sizeof path, "%s/unstuck.db", folder);
    result = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (result != SQLITE_OK) {
        err_explain(detail, "cannot open %s (%s)", path, db->handle == NULL ? "memory" : sqlite3_errmsg(db->handle));
        return create || access(path, F_OK) == 0 ? ERR_IO : ERR_NOT_FOUND;
    }
    sqlite3_extended_result_codes(db->handle, 0);
    result = sqlite3_exec(db->handle, settings, NULL, NULL, NULL);
    if (result == SQLITE_OK && chmod(path, 0600) == 0)
        return ERR_NONE;
    err_explain(detail,
                result == SQLITE_CORRUPT || result == SQLITE_NOTADB
                    ? "%s is damaged (%s); restore it from a backup"
                    : "%s cannot be written (%s); check the disk, owner and permissions",
                path, result == SQLITE_OK ? strerror(errno) : sqlite3_errmsg(db->handle));
    return result == SQLITE_CORRUPT || result == SQLITE_NOTADB ? ERR_CORRUPT : ERR_IO;
}

static enum err prepare_all(struct store_db *db, struct err_detail *detail)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        int result = sqlite3_prepare_v3(db->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL);

        if (result != SQLITE_OK) {
            err_explain(detail, "the database's tables are not as expected (%s); restore it from a backup",
                        sqlite3_errmsg(db->handle));
            return ERR_CORRUPT;
        }
    }
    return ERR_NONE;
}

enum err db_open(struct store_db *db, const char *folder, bool create, struct err_detail *detail)
{
    enum err err;

    *db = (struct store_db){.lock_fd = -1};
    err = take_folder(db, folder, create, detail);
    if (err == ERR_NONE)
        err = open_file(db, folder, create, detail);
    if (err == ERR_NONE)
        err = schema_bring_forward(db->handle, detail);
    if (err == ERR_NONE)
        err = prepare_all(db, detail);
    if (err != ERR_NONE)
        db_close(db);
    return err;
}

void db_close(struct store_db *db)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    *db = (struct store_db){.lock_fd = -1};
}

static enum err failed(struct store_db *db, const char *what)
{
    log_write(LOG_ERROR, "store failed", log_text("what", what), log_text("why", sqlite3_errmsg(db->handle)), LOG_END);
    return ERR_STORE_DOWN;
}

enum err db_begin(struct store_db *db)
{
    if (fault_fails("store"))
        return ERR_STORE_DOWN;
    if (db_run(db, db_statement(db, SQL_BEGIN), NULL) == ERR_NONE)
        return ERR_NONE;
    db_rollback(db); /* it may have begun all the same */
    return ERR_STORE_DOWN;
}

/* The second fault is the one that matters: written, but reported as failed. */
enum err db_commit(struct store_db *db)
{
    bool is_failed = fault_fails("store");

    fault_step("store_commit");
    if (is_failed || db_run(db, db_statement(db, SQL_COMMIT), NULL) != ERR_NONE) {
        db_rollback(db);
        return ERR_STORE_UNSURE;
    }
    fault_step("store_committed");
    return fault_fails("store") ? ERR_STORE_UNSURE : ERR_NONE;
}

void db_rollback(struct store_db *db)
{
    if (sqlite3_get_autocommit(db->handle) == 0 && db_run(db, db_statement(db, SQL_ROLLBACK), NULL) != ERR_NONE)
        check(sqlite3_get_autocommit(db->handle) != 0);
}

sqlite3_stmt *db_statement(struct store_db *db, enum sql sql)
{
    return db->statements[sql];
}

enum err db_run(struct store_db *db, sqlite3_stmt *statement, int *out_changes)
{
    int result = sqlite3_step(statement);

    check(result != SQLITE_ROW);
    sqlite3_reset(statement);
    if (result != SQLITE_DONE)
        return failed(db, sqlite3_sql(statement));
    if (out_changes != NULL)
        *out_changes = sqlite3_changes(db->handle);
    return ERR_NONE;
}

enum err db_row(sqlite3_stmt *statement, bool *out_row)
{
    int result = fault_fails("store") ? SQLITE_IOERR : sqlite3_step(statement);

    *out_row = result == SQLITE_ROW;
    if (result == SQLITE_ROW)
        return ERR_NONE;
    sqlite3_reset(statement);
    if (result == SQLITE_DONE)
        return ERR_NONE;
    log_write(LOG_ERROR, "store failed", log_text("what", sqlite3_sql(statement)),
              log_text("why", sqlite3_errstr(result)), LOG_END);
    return ERR_STORE_DOWN;
}

void db_bind_id(sqlite3_stmt *statement, int at, struct id id)
{
    sqlite3_bind_blob(statement, at, id.bytes, sizeof id.bytes, SQLITE_TRANSIENT);
}

void db_bind_str(sqlite3_stmt *statement, int at, struct str s)
{
    sqlite3_bind_text(statement, at, s.ptr == NULL ? "" : s.ptr, (int)s.len, SQLITE_STATIC);
}

void db_bind_blob(sqlite3_stmt *statement, int at, const void *ptr, size_t bytes)
{
    sqlite3_bind_blob(statement, at, ptr, (int)bytes, SQLITE_STATIC);
}

struct id db_column_id(sqlite3_stmt *statement, int at)
{
    struct id id = {{0}};

    db_column_blob(statement, at, id.bytes, sizeof id.bytes);
    return id;
}

struct str db_column_str(sqlite3_stmt *statement, int at)
{
    const unsigned char *text = sqlite3_column_text(statement, at);

    return (struct str){(const char *)text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, at)};
}

void db_column_blob(sqlite3_stmt *statement, int at, void *out, size_t bytes)
{
    const void *blob = sqlite3_column_blob(statement, at);

    memset(out, 0, bytes);
    if (blob != NULL && (size_t)sqlite3_column_bytes(statement, at) == bytes)
        memcpy(out, blob, bytes);
}
