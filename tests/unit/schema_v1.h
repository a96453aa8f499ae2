/* The tables of schema version 1, word for word as it shipped: what folders out there have. */
#ifndef TESTS_SCHEMA_V1_H
#define TESTS_SCHEMA_V1_H

static const char schema_v1[] =
    "CREATE TABLE workspace (workspace_id BLOB PRIMARY KEY NOT NULL, name TEXT NOT NULL, created_at BIGINT NOT NULL,"
    " balance BIGINT NOT NULL CHECK (balance >= 0), ledger_seq BIGINT NOT NULL, ledger_hash BLOB NOT NULL,"
    " used_month BIGINT NOT NULL, month INTEGER NOT NULL,"
    " limit_minute BIGINT NOT NULL, limit_bulk BIGINT NOT NULL, limit_day BIGINT NOT NULL,"
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

#endif
