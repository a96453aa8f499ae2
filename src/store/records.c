/* Reading and writing records: the operations that run on the store thread. */
#include "base/check.h"
#include "base/json.h"
#include "store/outbox.h"
#include "store/sqlite.h"

/* --- find --------------------------------------------------------------- */

static enum err find_id(struct store_db *db, const struct store_find *find, struct id *out_id)
{
    sqlite3_stmt *statement = db_statement(db, SQL_FIND_IDENTITY);
    bool has_row = false;
    enum err err = ERR_NONE;

    *out_id = find->record_id;
    if (!id_is_none(find->record_id))
        return ERR_NONE;
    for (size_t i = 0; i < find->identity_count && err == ERR_NONE && !has_row; i++) {
        db_bind_id(statement, 1, find->workspace_id);
        sqlite3_bind_int(statement, 2, (int)find->identities[i].kind);
        db_bind_str(statement, 3, find->identities[i].key);
        err = db_row(statement, &has_row);
        if (has_row)
            *out_id = db_column_id(statement, 0);
        sqlite3_reset(statement);
    }
    return err;
}

static void bind_record(sqlite3_stmt *statement, struct id workspace_id, struct id record_id)
{
    db_bind_id(statement, 1, workspace_id);
    db_bind_id(statement, 2, record_id);
}

static enum err read_identities(struct store_db *db, const struct store_find *find, struct record *record)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_IDENTITIES);
    bool has_row;
    enum err err;

    record->identities = arena_alloc(find->arena, IDENTITIES_MAX * sizeof *record->identities);
    if (record->identities == NULL)
        return ERR_OVERLOADED;
    bind_record(statement, find->workspace_id, record->id);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row && record->identity_count < IDENTITIES_MAX) {
        struct identity *identity = &record->identities[record->identity_count++];

        identity->kind = (enum identity_kind)sqlite3_column_int(statement, 0);
        identity->key = arena_keep(find->arena, db_column_str(statement, 1));
        identity->shown = arena_keep(find->arena, db_column_str(statement, 2));
    }
    sqlite3_reset(statement);
    return err;
}

static void read_channel(sqlite3_stmt *statement, struct arena *arena, struct kept_channel *kept)
{
    kept->value = arena_keep(arena, db_column_str(statement, 1));
    kept->source = arena_keep(arena, db_column_str(statement, 2));
    kept->confidence_ppm = sqlite3_column_int64(statement, 3);
    kept->enriched_at_us = sqlite3_column_int64(statement, 4);
    kept->verified = sqlite3_column_type(statement, 5) == SQLITE_NULL ? -1 : sqlite3_column_int(statement, 5);
    kept->missed_at_us = sqlite3_column_int64(statement, 6);
    kept->missed_ppm = sqlite3_column_int64(statement, 7);
    kept->missed_hints = (unsigned)sqlite3_column_int(statement, 8);
    kept->missed_waterfall = (uint64_t)sqlite3_column_int64(statement, 9);
    kept->provider = arena_keep(arena, db_column_str(statement, 10));
    kept->traits = (struct traits){.email_status = (uint8_t)sqlite3_column_int(statement, 11),
                                   .phone_type = (uint8_t)sqlite3_column_int(statement, 12),
                                   .do_not_call = sqlite3_column_int(statement, 13) != 0};
}

static enum err read_channels(struct store_db *db, const struct store_find *find, struct record *record)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_CHANNELS);
    bool has_row;
    enum err err;

    bind_record(statement, find->workspace_id, record->id);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        unsigned slot;

        if (slot_from(db_column_str(statement, 0), &slot) && (slot < CHANNEL_COUNT || find->is_account))
            read_channel(statement, find->arena, &record->channels[slot]);
    }
    return err;
}

static enum err read_record_row(struct store_db *db, const struct store_find *find, struct id id, struct record *record)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_RECORD);
    bool has_row;
    enum err err;

    bind_record(statement, find->workspace_id, id);
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && has_row) {
        record->id = id;
        record->created_at_us = sqlite3_column_int64(statement, 0);
        record->is_account = sqlite3_column_int(statement, 1) != 0;
    }
    sqlite3_reset(statement);
    return err;
}

static enum err read_details(struct store_db *db, const struct store_find *find, struct id id, struct record *record)
{
    enum err err = read_record_row(db, find, id, record);

    return err != ERR_NONE || id_is_none(record->id) ? err : read_identities(db, find, record);
}

enum err db_read_record(struct store_db *db, struct id workspace_id, struct id record_id, struct arena *arena,
                        struct record *out)
{
    const struct store_find find = {.workspace_id = workspace_id, .arena = arena};

    *out = (struct record){.identity_count = 0};
    return read_details(db, &find, record_id, out);
}

/* Ids begin with the time, so they compare like it. */
static enum err find_once(struct store_db *db, struct store_find *find, struct id record_id)
{
    sqlite3_stmt *statement = db_statement(db, SQL_HAS_LOOKUP);
    struct id since = id_of_time(find->once_since_us);
    enum err err;

    bind_record(statement, find->workspace_id, record_id);
    db_bind_id(statement, 3, since);
    db_bind_blob(statement, 4, find->once.bytes + ID_TIME_BYTES, sizeof find->once.bytes - ID_TIME_BYTES);
    err = db_row(statement, &find->was_once);
    sqlite3_reset(statement);
    return err;
}

static enum err run_find(struct store_db *db, struct store_op *op)
{
    struct store_find *find = container_of(op, struct store_find, op);
    struct id id;
    enum err err = find_id(db, find, &id);

    *find->record = (struct record){.identity_count = 0};
    find->record->channels = channels_new(find->arena, find->is_account);
    if (find->record->channels == NULL)
        return ERR_OVERLOADED;
    if (err == ERR_NONE && !id_is_none(id) && !id_is_none(find->once))
        err = find_once(db, find, id);
    if (err != ERR_NONE || id_is_none(id))
        return err;
    if (find->with_details)
        err = read_details(db, find, id, find->record);
    else
        find->record->id = id;
    return err != ERR_NONE || id_is_none(find->record->id) ? err : read_channels(db, find, find->record);
}

void store_find_record(struct store *store, struct store_find *find, void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &find->op, run_find, done);
}

/* --- commit a lookup ---------------------------------------------------- */

enum err db_read_head(struct store_db *db, struct id workspace_id, struct db_head *out)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_HEAD);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, workspace_id);
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && has_row) {
        out->ledger.seq = sqlite3_column_int64(statement, 0);
        out->ledger.balance = sqlite3_column_int64(statement, 1);
        db_column_blob(statement, 2, out->ledger.hash, sizeof out->ledger.hash);
        out->used_month = sqlite3_column_int64(statement, 3);
        out->month = sqlite3_column_int(statement, 4);
        out->bucket_left = sqlite3_column_int64(statement, 5);
    }
    sqlite3_reset(statement);
    return err != ERR_NONE ? err : has_row ? ERR_NONE : ERR_STORE_DOWN;
}

static enum err write_entry(struct store_db *db, struct id workspace_id, const struct ledger_entry *entry)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_ENTRY);

    db_bind_id(statement, 1, workspace_id);
    sqlite3_bind_int64(statement, 2, entry->seq);
    db_bind_str(statement, 3, ledger_kind_name(entry->kind));
    sqlite3_bind_int64(statement, 4, entry->amount);
    sqlite3_bind_int64(statement, 5, entry->balance_after);
    sqlite3_bind_int64(statement, 6, entry->at_us);
    db_bind_id(statement, 7, entry->lookup_id);
    db_bind_id(statement, 8, entry->record_id);
    db_bind_blob(statement, 9, entry->trail_digest, sizeof entry->trail_digest);
    db_bind_blob(statement, 10, entry->prev_hash, sizeof entry->prev_hash);
    db_bind_blob(statement, 11, entry->hash, sizeof entry->hash);
    return db_run(db, statement, NULL);
}

/* What is used is taken from the month's credits first. */
static void count_use(struct db_head *head, const struct ledger_entry *entry, int month)
{
    if (entry->kind == LEDGER_LOOKUP) {
        head->used_month = (head->month == month ? head->used_month : 0) - entry->amount;
        head->month = month;
    }
    if (entry->kind != LEDGER_GRANT)
        head->bucket_left = head->bucket_left + entry->amount > 0 ? head->bucket_left + entry->amount : 0;
}

/* The balance moves by one conditional statement: it refuses to go below zero
 * whatever anybody believed before. */
enum err db_append_entry(struct store_db *db, struct id workspace_id, struct ledger_entry *entry, int month,
                         ledger_seal_fn *seal, int64_t *out_used_month)
{
    sqlite3_stmt *statement = db_statement(db, SQL_MOVE_HEAD);
    struct db_head head;
    int changes;
    enum err err = db_read_head(db, workspace_id, &head);

    if (err != ERR_NONE)
        return err;
    if (head.ledger.balance + entry->amount < 0)
        return ERR_NO_CREDIT;
    seal(entry, &head.ledger);
    count_use(&head, entry, month);
    *out_used_month = head.used_month;
    db_bind_id(statement, 1, workspace_id);
    sqlite3_bind_int64(statement, 2, entry->amount);
    sqlite3_bind_int64(statement, 3, entry->seq);
    db_bind_blob(statement, 4, entry->hash, sizeof entry->hash);
    sqlite3_bind_int64(statement, 5, head.used_month);
    sqlite3_bind_int(statement, 6, head.month);
    sqlite3_bind_int64(statement, 7, head.bucket_left);
    err = db_run(db, statement, &changes);
    if (err != ERR_NONE)
        return err;
    return changes == 1 ? write_entry(db, workspace_id, entry) : ERR_STORE_DOWN;
}

static enum err is_there_already(struct store_db *db, struct store_commit *commit, bool *out_is_there)
{
    sqlite3_stmt *statement = db_statement(db, SQL_HAS_TRAIL);
    struct db_head head;
    enum err err;

    bind_record(statement, commit->workspace_id, commit->record_id);
    db_bind_id(statement, 3, commit->entry.lookup_id);
    err = db_row(statement, out_is_there);
    if (err == ERR_NONE && *out_is_there)
        commit->entry.seq = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    if (err != ERR_NONE || !*out_is_there)
        return err;
    /* Others may have written since: what the caller needs is today's balance. */
    err = db_read_head(db, commit->workspace_id, &head);
    if (err == ERR_NONE) {
        commit->entry.balance_after = head.ledger.balance;
        commit->used_month = head.used_month;
    }
    return err;
}

static enum err write_identities(struct store_db *db, const struct store_commit *commit)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_IDENTITY);
    enum err err = ERR_NONE;

    for (size_t i = 0; i < commit->identity_count && err == ERR_NONE; i++) {
        const struct identity *identity = &commit->identities[i];

        db_bind_id(statement, 1, commit->workspace_id);
        sqlite3_bind_int(statement, 2, (int)identity->kind);
        db_bind_str(statement, 3, identity->key);
        db_bind_str(statement, 4, identity->shown);
        db_bind_id(statement, 5, commit->record_id);
        err = db_run(db, statement, NULL);
    }
    return err;
}

static enum err write_channel(struct store_db *db, const struct store_commit *commit, unsigned slot)
{
    sqlite3_stmt *statement = db_statement(db, SQL_PUT_CHANNEL);
    const struct kept_channel *kept = &commit->channels[slot];

    bind_record(statement, commit->workspace_id, commit->record_id);
    db_bind_str(statement, 3, str_from(slot_name(slot)));
    db_bind_str(statement, 4, kept->value);
    db_bind_str(statement, 5, kept->source);
    sqlite3_bind_int64(statement, 6, kept->confidence_ppm);
    sqlite3_bind_int64(statement, 7, kept->enriched_at_us);
    if (kept->verified < 0)
        sqlite3_bind_null(statement, 8);
    else
        sqlite3_bind_int(statement, 8, kept->verified);
    sqlite3_bind_int64(statement, 9, kept->missed_at_us);
    sqlite3_bind_int64(statement, 10, kept->missed_ppm);
    sqlite3_bind_int(statement, 11, (int)kept->missed_hints);
    sqlite3_bind_int64(statement, 12, (int64_t)kept->missed_waterfall);
    db_bind_str(statement, 13, kept->provider);
    sqlite3_bind_int(statement, 14, kept->traits.email_status);
    sqlite3_bind_int(statement, 15, kept->traits.phone_type);
    sqlite3_bind_int(statement, 16, kept->traits.do_not_call);
    return db_run(db, statement, NULL);
}

static enum err write_channels(struct store_db *db, const struct store_commit *commit)
{
    enum err err = ERR_NONE;

    for (unsigned i = 0; i < SLOT_COUNT && err == ERR_NONE; i++) {
        if ((commit->changed & 1u << i) != 0)
            err = write_channel(db, commit, i);
    }
    return err;
}

static enum err write_record(struct store_db *db, const struct store_commit *commit)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_RECORD);

    if (!commit->is_new_record)
        return ERR_NONE;
    bind_record(statement, commit->workspace_id, commit->record_id);
    sqlite3_bind_int64(statement, 3, commit->at_us);
    sqlite3_bind_int(statement, 4, commit->is_account);
    return db_run(db, statement, NULL);
}

static enum err write_trail(struct store_db *db, const struct store_commit *commit)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_TRAIL);

    bind_record(statement, commit->workspace_id, commit->record_id);
    sqlite3_bind_int64(statement, 3, commit->entry.seq);
    db_bind_id(statement, 4, commit->entry.lookup_id);
    db_bind_str(statement, 5, commit->trail);
    return db_run(db, statement, NULL);
}

/* What was charged, where it was asked for and by whom it was found. */
static enum err write_usage(struct store_db *db, const struct store_commit *commit)
{
    struct usage_row row = {.workspace_id = commit->workspace_id,
                            .day = usage_day(commit->at_us),
                            .subject = USAGE_ENDPOINT,
                            .name = commit->endpoint,
                            .credits = -commit->entry.amount};
    enum err err = row.credits != 0 && row.name.len != 0 ? db_add_usage(db, &row) : ERR_NONE;

    row.subject = USAGE_PROVIDER;
    for (size_t i = 0; i < commit->tally_count && err == ERR_NONE; i++) {
        const struct tally *tally = &commit->tallies[i];

        row.name = tally->provider;
        row.total = tally->asked;
        row.part = tally->hits;
        row.credits = tally->credits;
        err = db_add_usage(db, &row);
    }
    return err;
}

/* A record found under another name may have got our question's identity since
 * we looked: one person must not become two records, each charged. */
static enum err check_unclaimed(struct store_db *db, const struct store_commit *commit)
{
    const struct store_find find = {.workspace_id = commit->workspace_id,
                                    .identities = commit->identities,
                                    .identity_count = commit->asked_identities};
    struct id id;
    enum err err;

    if (!commit->is_new_record)
        return ERR_NONE;
    err = find_id(db, &find, &id);
    return err == ERR_NONE && !id_is_none(id) ? ERR_MOVED : err;
}

/* Asked by name and company alone, who it is shows in what was found: when its
 * e-mail or LinkedIn URL is a known record's, that record is known by the name
 * too from now on. */
static enum err recognise(struct store_db *db, const struct store_commit *commit)
{
    const struct store_find find = {.workspace_id = commit->workspace_id,
                                    .identities = commit->identities + commit->asked_identities,
                                    .identity_count = commit->identity_count - commit->asked_identities};
    struct store_commit known = *commit;
    enum err err;

    if (!commit->is_new_record || !commit->is_asked_by_name)
        return ERR_NONE;
    err = find_id(db, &find, &known.record_id);
    if (err != ERR_NONE || id_is_none(known.record_id))
        return err;
    known.identity_count = commit->asked_identities;
    err = write_identities(db, &known);
    return err != ERR_NONE ? err : ERR_MOVED;
}

/* What may refuse comes first, so that a refusal has written nothing else. */
static enum err run_commit(struct store_db *db, struct store_op *op)
{
    struct store_commit *commit = container_of(op, struct store_commit, op);
    bool is_there = false;
    enum err err = ERR_NONE;

    if (commit->is_retry)
        err = is_there_already(db, commit, &is_there);
    if (err != ERR_NONE || is_there)
        return err;
    err = check_unclaimed(db, commit);
    if (err == ERR_NONE)
        err = recognise(db, commit);
    if (err == ERR_NONE)
        err =
            db_append_entry(db, commit->workspace_id, &commit->entry, commit->month, commit->seal, &commit->used_month);
    if (err == ERR_NONE)
        err = write_record(db, commit);
    if (err == ERR_NONE)
        err = write_identities(db, commit);
    if (err == ERR_NONE)
        err = write_channels(db, commit);
    if (err == ERR_NONE)
        err = write_trail(db, commit);
    if (err == ERR_NONE)
        err = db_add_events(db, commit->events, commit->event_count, commit->entry.balance_after - commit->entry.amount,
                            commit->entry.balance_after);
    return err != ERR_NONE ? err : write_usage(db, commit);
}

void store_commit_lookup(struct store *store, struct store_commit *commit,
                         void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &commit->op, run_commit, done);
}

/* --- list --------------------------------------------------------------- */

static enum err list_ids(struct store_db *db, struct store_records *list)
{
    sqlite3_stmt *statement = db_statement(db, SQL_LIST_RECORDS);
    struct id last;
    bool has_row = false;
    enum err err;

    memset(last.bytes, 0xff, sizeof last.bytes);
    db_bind_id(statement, 1, list->workspace_id);
    db_bind_id(statement, 2, id_is_none(list->before) ? last : list->before);
    sqlite3_bind_int(statement, 3, RECORDS_PAGE + 1);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        list->has_more = list->count == RECORDS_PAGE;
        if (list->has_more)
            break;
        list->records[list->count++] = (struct record){.id = db_column_id(statement, 0),
                                                       .created_at_us = sqlite3_column_int64(statement, 1),
                                                       .channels = channels_new(list->arena, false)};
    }
    sqlite3_reset(statement);
    return err;
}

static enum err run_list(struct store_db *db, struct store_op *op)
{
    struct store_records *list = container_of(op, struct store_records, op);
    const struct store_find find = {.workspace_id = list->workspace_id, .arena = list->arena};
    enum err err;

    list->records = arena_alloc(list->arena, RECORDS_PAGE * sizeof *list->records);
    if (list->records == NULL)
        return ERR_OVERLOADED;
    err = list_ids(db, list);
    for (size_t i = 0; i < list->count && err == ERR_NONE && !list->arena->is_full; i++) {
        err = read_channels(db, &find, &list->records[i]);
        if (err == ERR_NONE && list->with_identities)
            err = read_identities(db, &find, &list->records[i]);
    }
    return err != ERR_NONE ? err : list->arena->is_full ? ERR_OVERLOADED : ERR_NONE;
}

void store_list_records(struct store *store, struct store_records *list,
                        void (*done)(struct store_op *op, enum err err))
{
    list->count = 0;
    list->has_more = false;
    store_start_read(store, &list->op, run_list, done);
}

/* --- erase --------------------------------------------------------------- */

static enum err erase_rows(struct store_db *db, const struct store_erase *erase, enum sql sql, int *out_rows)
{
    sqlite3_stmt *statement = db_statement(db, sql);

    bind_record(statement, erase->workspace_id, erase->record_id);
    return db_run(db, statement, out_rows);
}

static enum err run_erase(struct store_db *db, struct store_op *op)
{
    struct store_erase *erase = container_of(op, struct store_erase, op);
    enum err err = db_read_record(db, erase->workspace_id, erase->record_id, erase->arena, &erase->record);

    if (err == ERR_NONE && erase->record.is_account != erase->is_account)
        erase->record = (struct record){.identity_count = 0};
    if (err != ERR_NONE || id_is_none(erase->record.id))
        return err;
    err = erase_rows(db, erase, SQL_ERASE_CHANNELS, &erase->channels);
    if (err == ERR_NONE)
        err = erase_rows(db, erase, SQL_ERASE_IDENTITIES, &erase->identities);
    if (err == ERR_NONE)
        err = erase_rows(db, erase, SQL_ERASE_TRAILS, &erase->trails);
    if (err == ERR_NONE)
        err = erase_rows(db, erase, SQL_ERASE_OUTCOMES, &erase->outcomes);
    if (err == ERR_NONE)
        err = db_erase_events(db, erase->workspace_id, erase->record_id);
    if (err == ERR_NONE)
        err = erase_rows(db, erase, SQL_ERASE_ANSWERS, NULL);
    if (err == ERR_NONE)
        err = erase_rows(db, erase, SQL_ERASE_SHOWN, NULL);
    return err != ERR_NONE ? err : erase_rows(db, erase, SQL_ERASE_RECORD, NULL);
}

void store_erase_record(struct store *store, struct store_erase *erase, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &erase->op, run_erase, done);
}

/* --- trails ------------------------------------------------------------- */

static enum err run_trails(struct store_db *db, struct store_op *op)
{
    struct store_trails *trails = container_of(op, struct store_trails, op);
    sqlite3_stmt *statement = db_statement(db, SQL_READ_RECORD);
    int64_t last_seq = 0;
    unsigned rows = 0;
    struct str body;
    bool has_row;
    enum err err;

    buf_clear(trails->out);
    trails->next_seq = 0;
    bind_record(statement, trails->workspace_id, trails->record_id);
    err = db_row(statement, &trails->found);
    trails->found = trails->found && (sqlite3_column_int(statement, 1) != 0) == trails->is_account;
    sqlite3_reset(statement);
    if (err != ERR_NONE)
        return err;
    statement = db_statement(db, SQL_READ_TRAILS);
    bind_record(statement, trails->workspace_id, trails->record_id);
    sqlite3_bind_int64(statement, 3, trails->before_seq != 0 ? trails->before_seq : INT64_MAX);
    sqlite3_bind_int(statement, 4, TRAILS_PAGE + 1);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        if (rows++ == TRAILS_PAGE) {
            trails->next_seq = last_seq;
            break;
        }
        body = db_column_str(statement, 1);
        if (rows > 1 && body.len + 1 > trails->out->bytes_max - trails->out->len) {
            trails->next_seq = last_seq; /* a page of long trails is a short one */
            break;
        }
        last_seq = sqlite3_column_int64(statement, 0);
        json_put_comma(trails->out);
        buf_put(trails->out, body);
    }
    sqlite3_reset(statement);
    return err;
}

void store_read_trails(struct store *store, struct store_trails *trails,
                       void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &trails->op, run_trails, done);
}
