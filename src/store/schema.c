#include "store/schema.h"

#include "base/check.h"

#include <stdio.h>

/* Ids are 16 bytes, hashes 32, times microseconds since 1970, credits whole.
 * The workspace leads every key, so that tenants can be spread over machines. */
static const char first[] =
    "CREATE TABLE workspace (workspace_id BLOB PRIMARY KEY NOT NULL, name TEXT NOT NULL, created_at BIGINT NOT NULL,"
    " balance BIGINT NOT NULL CHECK (balance >= 0), ledger_seq BIGINT NOT NULL, ledger_hash BLOB NOT NULL,"
    " used_month BIGINT NOT NULL, month INTEGER NOT NULL,"
    " limit_minute BIGINT NOT NULL, limit_bulk BIGINT NOT NULL, limit_day BIGINT NOT NULL," /* 0: the server's */
    " day BIGINT NOT NULL, day_count BIGINT NOT NULL,"
    " monthly_credits BIGINT NOT NULL, renewal_day INTEGER NOT NULL, carries_over INTEGER NOT NULL,"
    " renewed_month INTEGER NOT NULL, monthly_left BIGINT NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE api_key (workspace_id BLOB NOT NULL, key_id BLOB NOT NULL, name TEXT NOT NULL, scope TEXT NOT NULL,"
    " hint TEXT NOT NULL, hash BLOB NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,"
    " revoked_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL, PRIMARY KEY (workspace_id, key_id)) WITHOUT ROWID;"

    "CREATE TABLE record (workspace_id BLOB NOT NULL, record_id BLOB NOT NULL, created_at BIGINT NOT NULL,"
    " is_account INTEGER NOT NULL,"
    " PRIMARY KEY (workspace_id, record_id)) WITHOUT ROWID;"

    "CREATE TABLE identity (workspace_id BLOB NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL,"
    " shown TEXT NOT NULL, record_id BLOB NOT NULL, PRIMARY KEY (workspace_id, kind, key)) WITHOUT ROWID;"
    "CREATE INDEX identity_record ON identity (workspace_id, record_id, kind, key, shown);"

    "CREATE TABLE channel (workspace_id BLOB NOT NULL, record_id BLOB NOT NULL, channel TEXT NOT NULL,"
    " value TEXT, source TEXT, confidence_ppm BIGINT NOT NULL, enriched_at BIGINT NOT NULL, verified INTEGER,"
    " missed_at BIGINT NOT NULL, missed_ppm BIGINT NOT NULL, missed_hints INTEGER NOT NULL,"
    " missed_waterfall BIGINT NOT NULL, PRIMARY KEY (workspace_id, record_id, channel)) WITHOUT ROWID;"

    "CREATE TABLE ledger (workspace_id BLOB NOT NULL, seq BIGINT NOT NULL, kind TEXT NOT NULL, amount BIGINT NOT NULL,"
    " balance_after BIGINT NOT NULL, at BIGINT NOT NULL, lookup_id BLOB, record_id BLOB, trail_digest BLOB NOT NULL,"
    " prev_hash BLOB NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (workspace_id, seq)) WITHOUT ROWID;"

    /* Not WITHOUT ROWID: bodies are large, and come in the order of their writing. */
    "CREATE TABLE trail (workspace_id BLOB NOT NULL, record_id BLOB NOT NULL, seq BIGINT NOT NULL,"
    " lookup_id BLOB NOT NULL, body TEXT NOT NULL, PRIMARY KEY (workspace_id, record_id, seq));"

    "CREATE TABLE tally (workspace_id BLOB NOT NULL, channel TEXT NOT NULL, provider TEXT NOT NULL,"
    " asked BIGINT NOT NULL, hits BIGINT NOT NULL, PRIMARY KEY (workspace_id, channel, provider)) WITHOUT ROWID;"

    "CREATE TABLE answer (workspace_id BLOB NOT NULL, key BLOB NOT NULL, fingerprint BLOB NOT NULL,"
    " status INTEGER NOT NULL, at BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (workspace_id, key));"
    "CREATE INDEX answer_at ON answer (workspace_id, at, key);"

    "CREATE TABLE answer_record (workspace_id BLOB NOT NULL, key BLOB NOT NULL, record_id BLOB NOT NULL,"
    " PRIMARY KEY (workspace_id, key, record_id)) WITHOUT ROWID;"
    "CREATE INDEX answer_of_record ON answer_record (workspace_id, record_id, key);"

    "CREATE TABLE usage (workspace_id BLOB NOT NULL, day BIGINT NOT NULL, subject INTEGER NOT NULL, name TEXT NOT NULL,"
    " total BIGINT NOT NULL, part BIGINT NOT NULL, credits BIGINT NOT NULL,"
    " PRIMARY KEY (workspace_id, day, subject, name)) WITHOUT ROWID;";

/* What is known of a value beside itself (store/trait.h); what the ranking learns
 * from (store/evidence.h); whom never to look up. In evidence no workspace (16
 * zero bytes) is all of them together, and an empty segment an unknown one. */
static const char second[] =
    "ALTER TABLE channel ADD COLUMN provider TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE channel ADD COLUMN email_status INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE channel ADD COLUMN phone_type INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE channel ADD COLUMN do_not_call INTEGER NOT NULL DEFAULT 0;"
    "UPDATE channel SET provider = source WHERE value <> '';"

    "CREATE TABLE evidence (workspace_id BLOB NOT NULL, channel TEXT NOT NULL, provider TEXT NOT NULL,"
    " segment TEXT NOT NULL, asked BIGINT NOT NULL, hits BIGINT NOT NULL, delivered BIGINT NOT NULL,"
    " bounced BIGINT NOT NULL, replied BIGINT NOT NULL, asked_weight DOUBLE PRECISION NOT NULL,"
    " hits_weight DOUBLE PRECISION NOT NULL, delivered_weight DOUBLE PRECISION NOT NULL,"
    " bounced_weight DOUBLE PRECISION NOT NULL, replied_weight DOUBLE PRECISION NOT NULL,"
    " PRIMARY KEY (workspace_id, channel, provider, segment)) WITHOUT ROWID;"
    /* What was tallied goes on as evidence, of a segment that nobody noted. */
    "INSERT INTO evidence SELECT workspace_id, channel, provider, '', asked, hits, 0, 0, 0, asked, hits, 0, 0, 0"
    " FROM tally;"
    "INSERT INTO evidence SELECT zeroblob(16), channel, provider, '', sum(asked), sum(hits), 0, 0, 0, sum(asked),"
    " sum(hits), 0, 0, 0 FROM tally GROUP BY channel, provider;"
    "DROP TABLE tally;"

    /* One event of a kind for a value; the value is known by a hash. */
    "CREATE TABLE outcome (workspace_id BLOB NOT NULL, record_id BLOB NOT NULL, channel TEXT NOT NULL,"
    " value_hash BLOB NOT NULL, event INTEGER NOT NULL, occurred_at BIGINT NOT NULL,"
    " PRIMARY KEY (workspace_id, record_id, channel, value_hash, event)) WITHOUT ROWID;"

    /* What a workspace wants otherwise than learned: pinned and disabled providers, as JSON. */
    "CREATE TABLE waterfall (workspace_id BLOB NOT NULL, channel TEXT NOT NULL, wishes TEXT NOT NULL,"
    " PRIMARY KEY (workspace_id, channel)) WITHOUT ROWID;"

    /* Matched on keyed hashes; the person's data is not here. */
    "CREATE TABLE suppression (workspace_id BLOB NOT NULL, suppression_id BLOB NOT NULL, kind INTEGER NOT NULL,"
    " hash BLOB NOT NULL, note TEXT NOT NULL, created_at BIGINT NOT NULL,"
    " PRIMARY KEY (workspace_id, suppression_id)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX suppression_hash ON suppression (workspace_id, hash);"

    /* Keys of the installation that are no user's: made at the first need. */
    "CREATE TABLE installation (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;";

/* Whom a workspace wants to be told, what is to be told, and how that went. */
static const char third[] =
    "CREATE TABLE endpoint (workspace_id BLOB NOT NULL, endpoint_id BLOB NOT NULL, kind INTEGER NOT NULL,"
    " url TEXT NOT NULL, events INTEGER NOT NULL, secret BLOB NOT NULL, old_secret BLOB NOT NULL,"
    " old_secret_until BIGINT NOT NULL, before_answer INTEGER NOT NULL, deadline_ms BIGINT NOT NULL,"
    " credits_below BIGINT NOT NULL, created_at BIGINT NOT NULL, disabled_at BIGINT NOT NULL,"
    " disabled_why TEXT NOT NULL, PRIMARY KEY (workspace_id, endpoint_id)) WITHOUT ROWID;"

    /* Not WITHOUT ROWID: bodies are large. state 0: waits. */
    "CREATE TABLE event (workspace_id BLOB NOT NULL, endpoint_id BLOB NOT NULL, event_id BLOB NOT NULL,"
    " type INTEGER NOT NULL, record_id BLOB NOT NULL, channel INTEGER NOT NULL, body TEXT NOT NULL,"
    " at BIGINT NOT NULL, state INTEGER NOT NULL, due_at BIGINT NOT NULL, tries INTEGER NOT NULL,"
    " PRIMARY KEY (workspace_id, endpoint_id, event_id));"
    "CREATE INDEX event_due ON event (workspace_id, endpoint_id, state, due_at, event_id);"
    "CREATE INDEX event_record ON event (workspace_id, record_id);"

    "CREATE TABLE event_try (workspace_id BLOB NOT NULL, endpoint_id BLOB NOT NULL, event_id BLOB NOT NULL,"
    " number INTEGER NOT NULL, at BIGINT NOT NULL, ms BIGINT NOT NULL, status INTEGER NOT NULL, why TEXT NOT NULL,"
    " said TEXT NOT NULL, PRIMARY KEY (workspace_id, endpoint_id, event_id, number)) WITHOUT ROWID;";

static const char *const migrations[] = {first, second, third};

static int read_number(sqlite3 *handle, const char *sql, int *out_value)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);

    if (result != SQLITE_OK)
        return result;
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out_value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? SQLITE_OK : result;
}

/* A database without our mark must be empty: with tables it is somebody else's. */
static int is_foreign(sqlite3 *handle, int version, int application, bool *out_is_foreign)
{
    int tables = 0;
    int result = read_number(handle, "SELECT count(*) FROM sqlite_master", &tables);

    *out_is_foreign = application != STORE_APPLICATION_ID && (version != 0 || application != 0 || tables != 0);
    return result;
}

static int migrate(sqlite3 *handle, int version)
{
    char mark[96];
    int result = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (result != SQLITE_OK)
        return result;
    snprintf(mark, sizeof mark, "PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", version + 1,
             (int)STORE_APPLICATION_ID);
    result = sqlite3_exec(handle, migrations[version], NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(handle, mark, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

static enum err cannot(sqlite3 *handle, int result, struct err_detail *detail)
{
    bool is_damaged = result == SQLITE_CORRUPT || result == SQLITE_NOTADB;

    err_explain(detail,
                is_damaged ? "the database file is damaged (%s); restore it from a backup"
                           : "the database cannot be read or written (%s); check the disk and permissions",
                sqlite3_errmsg(handle));
    return is_damaged ? ERR_CORRUPT : ERR_IO;
}

enum err schema_bring_forward(sqlite3 *handle, struct err_detail *detail)
{
    int version = 0, application = 0;
    bool foreign = false;
    int result = read_number(handle, "PRAGMA user_version", &version);

    if (result == SQLITE_OK)
        result = read_number(handle, "PRAGMA application_id", &application);
    if (result == SQLITE_OK)
        result = is_foreign(handle, version, application, &foreign);
    if (result != SQLITE_OK)
        return cannot(handle, result, detail);
    if (foreign) {
        err_explain(detail, "the database was not made by this program");
        return ERR_CORRUPT;
    }
    if (version > (int)LEN(migrations)) {
        err_explain(detail, "the data has schema version %d, this program knows up to %d; run the newer version",
                    version, (int)LEN(migrations));
        return ERR_NEWER;
    }
    for (; version < (int)LEN(migrations); version++) {
        result = migrate(handle, version);
        if (result != SQLITE_OK)
            return cannot(handle, result, detail);
    }
    return ERR_NONE;
}
