#include "store/outbox.h"

#include "base/check.h"
#include "store/sqlite.h"

#include <sodium.h>

enum { PURGE_MAX = 500 };

static const char *const type_names[] = {
#define EVENT_TYPE(id, name) name,
    EVENT_TYPES(EVENT_TYPE)
#undef EVENT_TYPE
};

const char *event_type_name(enum event_type type)
{
    check(type < EVENT_TYPE_COUNT);
    return type_names[type];
}

bool event_type_from(struct str name, enum event_type *out_type)
{
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (str_is(name, str_from(type_names[i]))) {
            *out_type = (enum event_type)i;
            return true;
        }
    }
    return false;
}

/* Workspace and endpoint come first in every statement, then mostly the event. */
static sqlite3_stmt *statement_of(struct store_db *db, enum sql sql, struct id workspace_id, struct id endpoint_id)
{
    sqlite3_stmt *statement = db_statement(db, sql);

    db_bind_id(statement, 1, workspace_id);
    db_bind_id(statement, 2, endpoint_id);
    return statement;
}

static sqlite3_stmt *statement_of_event(struct store_db *db, enum sql sql, const struct event_row *event)
{
    sqlite3_stmt *statement = statement_of(db, sql, event->workspace_id, event->endpoint_id);

    db_bind_id(statement, 3, event->event_id);
    return statement;
}

/* --- endpoints ------------------------------------------------------------ */

static void read_endpoint(sqlite3_stmt *statement, struct endpoint_row *out)
{
    *out = (struct endpoint_row){.workspace_id = db_column_id(statement, 0),
                                 .endpoint_id = db_column_id(statement, 1),
                                 .kind = (enum endpoint_kind)sqlite3_column_int(statement, 2),
                                 .url = db_column_str(statement, 3),
                                 .events = (unsigned)sqlite3_column_int(statement, 4),
                                 .old_secret_until_us = sqlite3_column_int64(statement, 7),
                                 .is_before_answer = sqlite3_column_int(statement, 8) != 0,
                                 .deadline_ms = sqlite3_column_int64(statement, 9),
                                 .credits_below = sqlite3_column_int64(statement, 10),
                                 .created_at_us = sqlite3_column_int64(statement, 11),
                                 .disabled_at_us = sqlite3_column_int64(statement, 12),
                                 .disabled_why = db_column_str(statement, 13)};
    db_column_blob(statement, 5, out->secret, sizeof out->secret);
    db_column_blob(statement, 6, out->old_secret, sizeof out->old_secret);
}

enum err store_each_endpoint(struct store *store, void (*row)(void *ctx, const struct endpoint_row *row), void *ctx)
{
    sqlite3_stmt *statement = db_statement(db_before_start(store), SQL_EACH_ENDPOINT);
    struct endpoint_row endpoint;
    bool has_row;
    enum err err;

    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        read_endpoint(statement, &endpoint);
        row(ctx, &endpoint);
    }
    sodium_memzero(&endpoint, sizeof endpoint);
    return err;
}

static enum err run_put_endpoint(struct store_db *db, struct store_op *op)
{
    const struct endpoint_row *row = &container_of(op, struct store_endpoint, op)->row;
    sqlite3_stmt *statement = statement_of(db, SQL_PUT_ENDPOINT, row->workspace_id, row->endpoint_id);

    sqlite3_bind_int(statement, 3, (int)row->kind);
    db_bind_str(statement, 4, row->url);
    sqlite3_bind_int(statement, 5, (int)row->events);
    db_bind_blob(statement, 6, row->secret, sizeof row->secret);
    db_bind_blob(statement, 7, row->old_secret, sizeof row->old_secret);
    sqlite3_bind_int64(statement, 8, row->old_secret_until_us);
    sqlite3_bind_int(statement, 9, row->is_before_answer);
    sqlite3_bind_int64(statement, 10, row->deadline_ms);
    sqlite3_bind_int64(statement, 11, row->credits_below);
    sqlite3_bind_int64(statement, 12, row->created_at_us);
    sqlite3_bind_int64(statement, 13, row->disabled_at_us);
    db_bind_str(statement, 14, row->disabled_why);
    return db_run(db, statement, NULL);
}

void store_put_endpoint(struct store *store, struct store_endpoint *put,
                        void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &put->op, run_put_endpoint, done);
}

static enum err purge(struct store_db *db, const struct store_purge *purge, enum sql sql, int *out_changes)
{
    sqlite3_stmt *statement = statement_of(db, sql, purge->workspace_id, purge->endpoint_id);

    sqlite3_bind_int(statement, 3, PURGE_MAX);
    return db_run(db, statement, out_changes);
}

static enum err run_purge(struct store_db *db, struct store_op *op)
{
    struct store_purge *leaving = container_of(op, struct store_purge, op);
    int events = 0;
    enum err err = purge(db, leaving, SQL_PURGE_TRIES, NULL);

    if (err == ERR_NONE)
        err = purge(db, leaving, SQL_PURGE_EVENTS, &events);
    leaving->is_gone = err == ERR_NONE && events < PURGE_MAX;
    if (!leaving->is_gone)
        return err;
    return db_run(db, statement_of(db, SQL_DELETE_ENDPOINT, leaving->workspace_id, leaving->endpoint_id), NULL);
}

void store_purge_endpoint(struct store *store, struct store_purge *purge,
                          void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &purge->op, run_purge, done);
}

/* --- writing events ------------------------------------------------------- */

static enum err add_event(struct store_db *db, const struct event_row *event, struct str body)
{
    sqlite3_stmt *statement = statement_of_event(db, SQL_ADD_EVENT, event);

    sqlite3_bind_int(statement, 4, (int)event->type);
    db_bind_id(statement, 5, event->record_id);
    sqlite3_bind_int(statement, 6, event->channel);
    db_bind_str(statement, 7, body);
    sqlite3_bind_int64(statement, 8, event->at_us);
    return db_run(db, statement, NULL);
}

static enum err add_balance_event(struct store_db *db, const struct event_row *event, int64_t balance)
{
    struct buf body;
    enum err err;

    buf_init(&body, EVENT_BODY_BYTES_MAX);
    buf_put(&body, event->body);
    buf_put_i64(&body, balance);
    buf_put(&body, event->body_end);
    err = add_event(db, event, buf_str(&body));
    buf_deinit(&body);
    return err;
}

enum err db_add_events(struct store_db *db, const struct event_row *events, size_t count, int64_t balance_before,
                       int64_t balance_after)
{
    enum err err = ERR_NONE;

    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        const struct event_row *event = &events[i];

        if (event->credits_below == 0)
            err = add_event(db, event, event->body);
        else if (balance_before >= event->credits_below && balance_after < event->credits_below)
            err = add_balance_event(db, event, balance_after);
    }
    return err;
}

enum err db_erase_events(struct store_db *db, struct id workspace_id, struct id record_id)
{
    enum err err = db_run(db, statement_of(db, SQL_ERASE_TRIES, workspace_id, record_id), NULL);

    return err != ERR_NONE ? err : db_run(db, statement_of(db, SQL_ERASE_EVENTS, workspace_id, record_id), NULL);
}

static enum err run_add_event(struct store_db *db, struct store_op *op)
{
    return db_add_events(db, &container_of(op, struct store_event, op)->row, 1, 0, 0);
}

void store_add_event(struct store *store, struct store_event *add, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &add->op, run_add_event, done);
}

/* --- reading them --------------------------------------------------------- */

static void read_event(sqlite3_stmt *statement, struct arena *arena, struct event_row *out)
{
    out->event_id = db_column_id(statement, 0);
    out->type = (enum event_type)sqlite3_column_int(statement, 1);
    out->record_id = db_column_id(statement, 2);
    out->channel = sqlite3_column_int(statement, 3);
    out->body = arena_keep(arena, db_column_str(statement, 4));
    out->at_us = sqlite3_column_int64(statement, 5);
    out->state = (enum event_state)sqlite3_column_int(statement, 6);
    out->due_at_us = sqlite3_column_int64(statement, 7);
    out->tries = sqlite3_column_int(statement, 8);
}

static enum err read_record_of(struct store_db *db, struct event_row *event, struct arena *arena)
{
    struct record *record;

    if (event->type != EVENT_VERIFICATION_REQUESTED)
        return ERR_NONE;
    record = arena_alloc(arena, sizeof *record);
    if (record == NULL)
        return ERR_OVERLOADED;
    event->record = record;
    return db_read_record(db, event->workspace_id, event->record_id, arena, record);
}

/* One more than is taken, to tell when the next is due. */
static enum err read_due(struct store_db *db, struct store_due *due)
{
    sqlite3_stmt *statement = statement_of(db, SQL_READ_DUE, due->workspace_id, due->endpoint_id);
    bool has_row = false;
    enum err err = ERR_NONE;

    check(due->max > 0 && due->max <= EVENTS_PAGE);
    due->rows = arena_alloc(due->arena, due->max * sizeof *due->rows);
    if (due->rows == NULL)
        return ERR_OVERLOADED;
    sqlite3_bind_int64(statement, 3, (int64_t)due->max + 1);
    while (due->next_due_us == 0 && (err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        if (due->count == due->max || sqlite3_column_int64(statement, 7) > due->now_us) {
            due->next_due_us = sqlite3_column_int64(statement, 7);
            break;
        }
        due->rows[due->count] = (struct event_row){.workspace_id = due->workspace_id, .endpoint_id = due->endpoint_id};
        read_event(statement, due->arena, &due->rows[due->count++]);
    }
    sqlite3_reset(statement);
    return err;
}

static enum err run_read_due(struct store_db *db, struct store_op *op)
{
    struct store_due *due = container_of(op, struct store_due, op);
    enum err err = read_due(db, due);

    for (size_t i = 0; i < due->count && due->with_records && err == ERR_NONE; i++)
        err = read_record_of(db, &due->rows[i], due->arena);
    return err != ERR_NONE ? err : due->arena->is_full ? ERR_OVERLOADED : ERR_NONE;
}

void store_read_due(struct store *store, struct store_due *due, void (*done)(struct store_op *op, enum err err))
{
    due->count = 0;
    due->next_due_us = 0;
    store_start_read(store, &due->op, run_read_due, done);
}

static enum err read_tries(struct store_db *db, struct store_deliveries *deliveries, struct delivery *delivery)
{
    sqlite3_stmt *statement = statement_of_event(db, SQL_READ_TRIES, &delivery->event);
    bool has_row = false;
    enum err err;

    delivery->tries = arena_alloc(deliveries->arena, TRIES_MAX * sizeof *delivery->tries);
    if (delivery->tries == NULL)
        return ERR_OVERLOADED;
    sqlite3_bind_int(statement, 4, TRIES_MAX);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row)
        delivery->tries[delivery->try_count++] =
            (struct event_try){.number = sqlite3_column_int(statement, 0),
                               .at_us = sqlite3_column_int64(statement, 1),
                               .ms = sqlite3_column_int64(statement, 2),
                               .status = sqlite3_column_int(statement, 3),
                               .why = arena_keep(deliveries->arena, db_column_str(statement, 4)),
                               .said = arena_keep(deliveries->arena, db_column_str(statement, 5))};
    return err;
}

static enum err count_events(struct store_db *db, struct store_deliveries *deliveries, enum event_state state,
                             int64_t *out_count)
{
    sqlite3_stmt *statement = statement_of(db, SQL_COUNT_EVENTS, deliveries->workspace_id, deliveries->endpoint_id);
    bool has_row;
    enum err err;

    sqlite3_bind_int(statement, 3, (int)state);
    sqlite3_bind_int(statement, 4, COUNTED_MAX);
    err = db_row(statement, &has_row);
    if (err == ERR_NONE && has_row)
        *out_count = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return err;
}

static enum err read_page(struct store_db *db, struct store_deliveries *page)
{
    sqlite3_stmt *statement = statement_of(db, SQL_READ_DELIVERIES, page->workspace_id, page->endpoint_id);
    struct id last;
    bool has_row = false;
    enum err err;

    memset(last.bytes, 0xff, sizeof last.bytes);
    db_bind_id(statement, 3, id_is_none(page->before) ? last : page->before);
    sqlite3_bind_int(statement, 4, DELIVERIES_PAGE + 1);
    while ((err = db_row(statement, &has_row)) == ERR_NONE && has_row) {
        struct event_row *event = &page->deliveries[page->count].event;

        page->has_more = page->count == DELIVERIES_PAGE;
        if (page->has_more)
            break;
        *event = (struct event_row){.workspace_id = page->workspace_id, .endpoint_id = page->endpoint_id};
        read_event(statement, page->arena, event);
        page->count++;
    }
    sqlite3_reset(statement);
    return err;
}

static enum err run_read_deliveries(struct store_db *db, struct store_op *op)
{
    struct store_deliveries *page = container_of(op, struct store_deliveries, op);
    enum err err;

    page->deliveries = arena_alloc(page->arena, DELIVERIES_PAGE * sizeof *page->deliveries);
    if (page->deliveries == NULL)
        return ERR_OVERLOADED;
    err = read_page(db, page);
    for (size_t i = 0; i < page->count && err == ERR_NONE; i++)
        err = read_tries(db, page, &page->deliveries[i]);
    if (err == ERR_NONE)
        err = count_events(db, page, EVENT_WAITING, &page->waiting);
    if (err == ERR_NONE)
        err = count_events(db, page, EVENT_DEAD, &page->dead);
    return err != ERR_NONE ? err : page->arena->is_full ? ERR_OVERLOADED : ERR_NONE;
}

void store_read_deliveries(struct store *store, struct store_deliveries *deliveries,
                           void (*done)(struct store_op *op, enum err err))
{
    deliveries->count = 0;
    deliveries->has_more = false;
    store_start_read(store, &deliveries->op, run_read_deliveries, done);
}

/* --- what became of them -------------------------------------------------- */

/* Nothing changes when it was told before, or the record has been erased. */
static enum err end_event(struct store_db *db, const struct event_row *event, int *out_changes)
{
    sqlite3_stmt *statement = statement_of_event(db, SQL_END_EVENT, event);

    sqlite3_bind_int(statement, 4, (int)event->state);
    sqlite3_bind_int64(statement, 5, event->due_at_us);
    sqlite3_bind_int(statement, 6, event->tries);
    return db_run(db, statement, out_changes);
}

static enum err add_try(struct store_db *db, const struct store_try *end)
{
    sqlite3_stmt *statement = statement_of_event(db, SQL_ADD_TRY, &end->event);

    sqlite3_bind_int64(statement, 4, end->attempt.at_us);
    sqlite3_bind_int64(statement, 5, end->attempt.ms);
    sqlite3_bind_int(statement, 6, end->attempt.status);
    db_bind_str(statement, 7, end->attempt.why);
    db_bind_str(statement, 8, end->attempt.said);
    return db_run(db, statement, NULL);
}

static enum err put_verdict(struct store_db *db, struct store_try *end)
{
    sqlite3_stmt *statement = statement_of(db, SQL_PUT_VERDICT, end->event.workspace_id, end->event.record_id);

    if (end->verdict < 0)
        return ERR_NONE;
    check(end->event.channel >= 0 && end->event.channel < CHANNEL_COUNT);
    db_bind_str(statement, 3, str_from(channel_name((enum channel)end->event.channel)));
    db_bind_str(statement, 4, end->value);
    sqlite3_bind_int(statement, 5, end->verdict);
    return db_run(db, statement, NULL);
}

/* Also when it was told before: whoever asks again does not know whether it was heard. */
static enum err read_judged(struct store_db *db, struct store_try *end)
{
    end->record = (struct record){.identity_count = 0};
    if (end->verdict < 0)
        return ERR_NONE;
    return db_read_record(db, end->event.workspace_id, end->event.record_id, end->arena, &end->record);
}

static enum err disable_endpoint(struct store_db *db, const struct store_try *end)
{
    sqlite3_stmt *statement = statement_of(db, SQL_DISABLE_ENDPOINT, end->event.workspace_id, end->event.endpoint_id);

    if (end->disable_why.len == 0)
        return ERR_NONE;
    sqlite3_bind_int64(statement, 3, end->attempt.at_us);
    db_bind_str(statement, 4, end->disable_why);
    return db_run(db, statement, NULL);
}

static enum err run_end_try(struct store_db *db, struct store_op *op)
{
    struct store_try *end = container_of(op, struct store_try, op);
    int changes = 0;
    enum err err;

    err = read_judged(db, end);
    if (err == ERR_NONE)
        err = end_event(db, &end->event, &changes);
    if (err != ERR_NONE || changes == 0)
        return err;
    err = add_try(db, end);
    if (err == ERR_NONE)
        err = put_verdict(db, end);
    return err != ERR_NONE ? err : disable_endpoint(db, end);
}

void store_end_try(struct store *store, struct store_try *end, void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &end->op, run_end_try, done);
}

/* --- forgetting ------------------------------------------------------------ */

static enum err find_old(struct store_db *db, struct store_forget *forget, struct event_row *out)
{
    sqlite3_stmt *statement = db_statement(db, SQL_EACH_OLD_EVENT);
    bool has_row = true;
    enum err err = ERR_NONE;

    sqlite3_bind_int64(statement, 1, forget->before_us);
    sqlite3_bind_int(statement, 2, FORGET_MAX);
    for (forget->count = 0; has_row && err == ERR_NONE; forget->count += has_row) {
        err = db_row(statement, &has_row);
        has_row = has_row && err == ERR_NONE;
        if (has_row)
            out[forget->count] = (struct event_row){.workspace_id = db_column_id(statement, 0),
                                                    .endpoint_id = db_column_id(statement, 1),
                                                    .event_id = db_column_id(statement, 2)};
    }
    sqlite3_reset(statement);
    return err;
}

static enum err run_forget(struct store_db *db, struct store_op *op)
{
    struct store_forget *forget = container_of(op, struct store_forget, op);
    struct event_row old[FORGET_MAX];
    enum err err = find_old(db, forget, old);

    for (size_t i = 0; i < forget->count && err == ERR_NONE; i++) {
        err = db_run(db, statement_of_event(db, SQL_DELETE_TRIES, &old[i]), NULL);
        if (err == ERR_NONE)
            err = db_run(db, statement_of_event(db, SQL_DELETE_EVENT, &old[i]), NULL);
    }
    return err;
}

void store_forget_events(struct store *store, struct store_forget *forget,
                         void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &forget->op, run_forget, done);
}

/* --- once more --------------------------------------------------------------- */

static enum err run_redeliver(struct store_db *db, struct store_op *op)
{
    struct store_redeliver *redeliver = container_of(op, struct store_redeliver, op);
    sqlite3_stmt *statement = statement_of(db, SQL_REDELIVER, redeliver->workspace_id, redeliver->endpoint_id);
    int changes = 0;
    enum err err;

    db_bind_id(statement, 3, redeliver->event_id);
    sqlite3_bind_int64(statement, 4, redeliver->now_us);
    err = db_run(db, statement, &changes);
    redeliver->is_found = changes > 0;
    return err;
}

void store_redeliver_event(struct store *store, struct store_redeliver *redeliver,
                           void (*done)(struct store_op *op, enum err err))
{
    store_start_write(store, &redeliver->op, run_redeliver, done);
}
