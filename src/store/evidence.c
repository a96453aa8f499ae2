/* What the ranking learns from: adding it up, and reports of what became of values. */
#include "store/evidence.h"

#include "base/check.h"
#include "base/clock.h"
#include "store/sqlite.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>

/* --- weights ---------------------------------------------------------------- */

#define SCALE_NAME STR("evidence_scale")
enum { HALF_LIVES_MAX = 500, SCALE_BYTES_MAX = 64 }; /* 2^500 leaves room for as long a run */

/* Nothing fades beyond 900 half-lives without a restart, or a clock that is set: a
 * double ends at 2^1024, and there are many to add. */
double evidence_weight(const struct evidence_scale *scale, int64_t time_us)
{
    double half_lives = (double)(time_us - scale->epoch_us) / (double)scale->half_life_us;

    return exp2(half_lives < 900 ? half_lives : 900);
}

/* "EPOCH HALF-LIFE", both in microseconds. */
static bool read_scale_text(struct str text, struct evidence_scale *out)
{
    uint64_t epoch, half_life;
    struct str rest = text;
    struct str first = str_cut(&rest, ' ');

    if (!str_to_u64(first, INT64_MAX, &epoch) || !str_to_u64(rest, INT64_MAX, &half_life) || half_life == 0)
        return false;
    *out = (struct evidence_scale){.epoch_us = (int64_t)epoch, .half_life_us = (int64_t)half_life};
    return true;
}

static enum err read_scale(struct store_db *db, struct evidence_scale *out, bool *out_has_one)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_INSTALLATION);
    bool has_row;
    enum err err;

    db_bind_str(statement, 1, SCALE_NAME);
    err = db_row(statement, &has_row);
    *out_has_one = err == ERR_NONE && has_row && read_scale_text(db_column_str(statement, 0), out);
    sqlite3_reset(statement);
    return err;
}

static enum err write_scale(struct store_db *db, const struct evidence_scale *scale, double factor)
{
    sqlite3_stmt *statement = db_statement(db, SQL_SCALE_EVIDENCE);
    char text[SCALE_BYTES_MAX];
    enum err err;

    sqlite3_bind_double(statement, 1, factor);
    err = db_run(db, statement, NULL);
    if (err != ERR_NONE)
        return err;
    snprintf(text, sizeof text, "%lld %lld", (long long)scale->epoch_us, (long long)scale->half_life_us);
    statement = db_statement(db, SQL_PUT_INSTALLATION);
    db_bind_str(statement, 1, SCALE_NAME);
    db_bind_blob(statement, 2, text, strlen(text));
    return db_run(db, statement, NULL);
}

/* Without a scale on disk the weights there are the counts of before: as of now. */
enum err store_scale_evidence(struct store *store, int64_t half_life_us, int64_t now_us,
                              struct evidence_scale *out_scale)
{
    const struct evidence_scale wanted = {.epoch_us = now_us, .half_life_us = half_life_us};
    struct store_db *db = db_before_start(store);
    double factor = 1;
    bool has_one;
    enum err err = read_scale(db, out_scale, &has_one);

    if (err != ERR_NONE)
        return err;
    if (has_one && out_scale->half_life_us == half_life_us &&
        (now_us - out_scale->epoch_us) / half_life_us < HALF_LIVES_MAX)
        return ERR_NONE;
    if (has_one)
        factor = 1 / evidence_weight(out_scale, now_us);
    *out_scale = wanted;
    err = db_begin(db);
    if (err != ERR_NONE)
        return err;
    err = write_scale(db, &wanted, factor);
    if (err == ERR_NONE)
        return db_commit(db);
    db_rollback(db);
    return err;
}

/* --- rows --------------------------------------------------------------------- */

/* False for a row of a newer version's channel or segment. */
static bool read_row(sqlite3_stmt *statement, struct id workspace_id, struct evidence_row *out)
{
    *out = (struct evidence_row){.workspace_id = workspace_id, .provider = db_column_str(statement, 1)};
    for (int i = 0; i < EVIDENCE_KINDS; i++) {
        out->sum.count[i] = sqlite3_column_int64(statement, 3 + i);
        out->sum.weight[i] = sqlite3_column_double(statement, 3 + EVIDENCE_KINDS + i);
    }
    return waterfall_from(db_column_str(statement, 0), &out->channel) &&
           segment_from(db_column_str(statement, 2), &out->segment);
}

static sqlite3_stmt *rows_of(struct store_db *db, struct id workspace_id)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_EVIDENCE);

    db_bind_id(statement, 1, workspace_id);
    sqlite3_bind_int(statement, 2, EVIDENCE_ROWS_MAX);
    return statement;
}

enum err store_each_evidence(struct store *store, void (*row)(void *ctx, const struct evidence_row *row), void *ctx)
{
    const struct id everybody = {{0}};
    sqlite3_stmt *statement = rows_of(db_before_start(store), everybody);
    bool has_row;
    enum err err;

    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct evidence_row evidence;

        if (read_row(statement, everybody, &evidence))
            row(ctx, &evidence);
    }
    return err;
}

static enum err run_read(struct store_db *db, struct store_op *op)
{
    struct store_evidence *evidence = container_of(op, struct store_evidence, op);
    sqlite3_stmt *statement = rows_of(db, evidence->workspace_id);
    struct evidence_row **last = &evidence->rows;
    bool has_row;
    enum err err;

    *last = NULL;
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row && !evidence->arena->is_full) {
        struct evidence_row *row = arena_alloc(evidence->arena, sizeof *row);

        if (row == NULL || !read_row(statement, evidence->workspace_id, row))
            continue;
        row->provider = arena_keep(evidence->arena, row->provider);
        *last = row;
        last = &row->next;
    }
    sqlite3_reset(statement);
    return err;
}

void store_read_evidence(struct store *store, struct store_evidence *evidence,
                         void (*done)(struct store_op *op, enum err err))
{
    store_start_read(store, &evidence->op, run_read, done);
}

static enum err add_row(struct store_db *db, const struct evidence_row *row)
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_EVIDENCE);

    db_bind_id(statement, 1, row->workspace_id);
    db_bind_str(statement, 2, str_from(channel_name(row->channel)));
    db_bind_str(statement, 3, row->provider);
    db_bind_str(statement, 4, segment_name(row->segment));
    for (int i = 0; i < EVIDENCE_KINDS; i++) {
        sqlite3_bind_int64(statement, 5 + i, row->sum.count[i]);
        sqlite3_bind_double(statement, 5 + EVIDENCE_KINDS + i, row->sum.weight[i]);
    }
    return db_run(db, statement, NULL);
}

static enum err run_add(struct store_db *db, struct store_op *op)
{
    const struct store_evidence_add *add = container_of(op, struct store_evidence_add, op);
    enum err err = ERR_NONE;

    for (size_t i = 0; i < add->count && err == ERR_NONE; i++)
        err = add_row(db, &add->rows[i]);
    return err;
}

void store_add_evidence(struct store *store, struct store_evidence_add *add,
                        void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &add->op, run_add, done);
}

/* --- reports ------------------------------------------------------------------ */

enum { VALUE_HASH_BYTES = 16 };

static const struct {
    const char *name;
    enum evidence_kind kind;
} contacts[CONTACT_COUNT] = {
    [CONTACT_DELIVERED] = {"delivered", EVIDENCE_DELIVERED},
    [CONTACT_BOUNCED] = {"bounced", EVIDENCE_BOUNCED},
    [CONTACT_REPLIED] = {"replied", EVIDENCE_REPLIED},
};

const char *contact_name(enum contact contact)
{
    check((size_t)contact < LEN(contacts));
    return contacts[contact].name;
}

bool contact_from(struct str name, enum contact *out_contact)
{
    for (size_t i = 0; i < LEN(contacts); i++) {
        if (str_is(name, str_from(contacts[i].name))) {
            *out_contact = (enum contact)i;
            return true;
        }
    }
    return false;
}

enum evidence_kind contact_kind(enum contact contact)
{
    check((size_t)contact < LEN(contacts));
    return contacts[contact].kind;
}

/* The record is part of it: the same value of two records has two hashes. */
static void hash_value(const struct report *report, struct str value, uint8_t out_hash[VALUE_HASH_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, VALUE_HASH_BYTES);
    crypto_generichash_update(&state, report->record_id.bytes, sizeof report->record_id.bytes);
    crypto_generichash_update(&state, (const unsigned char *)value.ptr, value.len);
    crypto_generichash_final(&state, out_hash, VALUE_HASH_BYTES);
}

static enum err has_record(struct store_db *db, const struct store_report *op, struct report *report)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_RECORD);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, op->workspace_id);
    db_bind_id(statement, 2, report->record_id);
    err = db_row(statement, &has_row);
    report->fate =
        err == ERR_NONE && has_row && sqlite3_column_int(statement, 1) == 0 ? REPORT_COUNTED : REPORT_NO_RECORD;
    sqlite3_reset(statement);
    return err;
}

/* Who found the value that is kept, when, and its hash. */
static enum err read_value(struct store_db *db, const struct store_report *op, struct report *report,
                           uint8_t out_hash[VALUE_HASH_BYTES])
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_CHANNEL);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, op->workspace_id);
    db_bind_id(statement, 2, report->record_id);
    db_bind_str(statement, 3, str_from(channel_name(report->channel)));
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && (!has_row || db_column_str(statement, 0).len == 0)) {
        report->fate = REPORT_NO_VALUE;
    } else if (err == ERR_NONE) {
        hash_value(report, db_column_str(statement, 0), out_hash);
        report->provider = arena_keep(op->arena, db_column_str(statement, 1));
        report->found_at_us = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return err != ERR_NONE ? err : op->arena->is_full ? ERR_OVERLOADED : ERR_NONE;
}

static enum err write_outcome(struct store_db *db, const struct store_report *op, struct report *report,
                              const uint8_t hash[VALUE_HASH_BYTES])
{
    sqlite3_stmt *statement = db_statement(db, SQL_ADD_OUTCOME);
    int changes = 0;
    enum err err;

    db_bind_id(statement, 1, op->workspace_id);
    db_bind_id(statement, 2, report->record_id);
    db_bind_str(statement, 3, str_from(channel_name(report->channel)));
    db_bind_blob(statement, 4, hash, VALUE_HASH_BYTES);
    sqlite3_bind_int(statement, 5, (int)report->contact);
    sqlite3_bind_int64(statement, 6, report->occurred_at_us);
    err = db_run(db, statement, &changes);
    if (err == ERR_NONE && changes == 0)
        report->fate = REPORT_KNOWN;
    return err;
}

static uint8_t segment_of_identity(enum identity_kind kind, struct str key)
{
    if (kind == IDENTITY_EMAIL)
        return segment_of_email(key);
    if (kind == IDENTITY_PERSON)
        return segment_of_domain(str_from_at(key, str_find_last(key, '|') + 1));
    return kind == IDENTITY_DOMAIN ? segment_of_domain(key) : SEGMENT_UNKNOWN;
}

/* As a question's is found (enrich/order.h): a company's domain says more than an e-mail. */
static enum err read_segment(struct store_db *db, const struct store_report *op, struct report *report)
{
    sqlite3_stmt *statement = db_statement(db, SQL_READ_IDENTITIES);
    bool has_row;
    enum err err;

    db_bind_id(statement, 1, op->workspace_id);
    db_bind_id(statement, 2, report->record_id);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        enum identity_kind kind = (enum identity_kind)sqlite3_column_int(statement, 0);
        uint8_t segment = segment_of_identity(kind, db_column_str(statement, 1));

        if (segment != SEGMENT_UNKNOWN && (kind != IDENTITY_EMAIL || report->segment == SEGMENT_UNKNOWN))
            report->segment = segment;
    }
    sqlite3_reset(statement);
    return err;
}

static enum err add_evidence(struct store_db *db, const struct store_report *op, const struct report *report)
{
    struct evidence_row row = {.workspace_id = op->workspace_id,
                               .channel = report->channel,
                               .segment = report->segment,
                               .provider = report->provider};
    enum evidence_kind kind = contact_kind(report->contact);
    enum err err;

    row.sum.count[kind] = 1;
    row.sum.weight[kind] = evidence_weight(&op->scale, report->found_at_us);
    err = add_row(db, &row);
    row.workspace_id = (struct id){{0}};
    return err != ERR_NONE ? err : add_row(db, &row);
}

static enum err report_one(struct store_db *db, const struct store_report *op, struct report *report)
{
    uint8_t hash[VALUE_HASH_BYTES];
    enum err err = has_record(db, op, report);

    report->segment = SEGMENT_UNKNOWN;
    if (err == ERR_NONE && report->fate == REPORT_COUNTED)
        err = read_value(db, op, report, hash);
    if (err == ERR_NONE && report->fate == REPORT_COUNTED)
        err = write_outcome(db, op, report, hash);
    if (err == ERR_NONE && report->fate == REPORT_COUNTED)
        err = read_segment(db, op, report);
    return err == ERR_NONE && report->fate == REPORT_COUNTED ? add_evidence(db, op, report) : err;
}

static enum err run_report(struct store_db *db, struct store_op *op)
{
    const struct store_report *report = container_of(op, struct store_report, op);
    enum err err = ERR_NONE;

    for (size_t i = 0; i < report->count && err == ERR_NONE; i++)
        err = report_one(db, report, &report->reports[i]);
    return err;
}

void store_report_outcomes(struct store *store, struct store_report *report,
                           void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &report->op, run_report, done);
}

/* --- wishes --------------------------------------------------------------------- */

static enum err run_wish(struct store_db *db, struct store_op *op)
{
    const struct store_wish *wish = container_of(op, struct store_wish, op);
    sqlite3_stmt *statement = db_statement(db, wish->text.len == 0 ? SQL_DROP_WISH : SQL_PUT_WISH);

    db_bind_id(statement, 1, wish->workspace_id);
    db_bind_str(statement, 2, str_from(channel_name(wish->channel)));
    if (wish->text.len != 0)
        db_bind_str(statement, 3, wish->text);
    return db_run(db, statement, NULL);
}

void store_put_wish(struct store *store, struct store_wish *wish, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &wish->op, run_wish, done);
}

enum err store_each_wish(struct store *store,
                         void (*row)(void *ctx, struct id workspace_id, enum channel channel, struct str text),
                         void *ctx)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_EACH_WISH);
    bool has_row;
    enum err err;

    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        enum channel channel;

        if (waterfall_from(db_column_str(statement, 1), &channel))
            row(ctx, db_column_id(statement, 0), channel, db_column_str(statement, 2));
    }
    return err;
}
