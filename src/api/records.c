/* GET and DELETE /records/{id}, and its attempts. */
#include "api/answer.h"
#include "api/exchange.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "enrich/erase.h"
#include "enrich/trail.h"
#include "webhooks/outbox.h"
#include "workspace/suppression.h"

enum { RECORD_BYTES_MAX = 256 * 1024, TRAILS_BYTES_MAX = 2 * 1024 * 1024 };

static const char *const identity_kinds[] = {[IDENTITY_EMAIL] = "email",
                                             [IDENTITY_LINKEDIN] = "linkedin_url",
                                             [IDENTITY_PERSON] = "name_and_domain",
                                             [IDENTITY_DOMAIN] = "company_domain",
                                             [IDENTITY_ACCOUNT_DOMAIN] = "domain"};

/* "lead_…" or "acc_…"; one never serves for the other. */
static bool read_id(struct str text, struct id *out_id, bool *out_is_account)
{
    *out_is_account = str_starts(text, ACCOUNT_PREFIX);
    return id_read(text, *out_is_account ? ACCOUNT_PREFIX : RECORD_PREFIX, out_id);
}

static void refuse_unknown(struct exchange *x)
{
    exchange_refuse(x, ERR_NOT_FOUND, "this workspace has no record with that id");
}

/* --- the record ---------------------------------------------------------- */

struct record_reading {
    struct exchange *x;
    bool is_account;
    struct arena arena;
    struct record record;
    struct store_find find;
};

static void put_identities(struct buf *body, const struct record *record)
{
    buf_puts(body, ",\"identities\":[");
    for (size_t i = 0; i < record->identity_count; i++) {
        const struct identity *identity = &record->identities[i];

        check((size_t)identity->kind < LEN(identity_kinds));
        json_put_comma(body);
        buf_printf(body, "{\"kind\":\"%s\",\"value\":", identity_kinds[identity->kind]);
        json_put_str(body, identity->shown.len != 0 ? identity->shown : identity->key);
        buf_put_char(body, '}');
    }
    buf_put_char(body, ']');
}

static const char *status_of(const struct record *record)
{
    unsigned found = 0, all = record->is_account ? FIELDS_ALL : CHANNELS_ALL;

    for (unsigned i = 0; i < slots_end(all); i++)
        found |= record->channels[i].value.len != 0 ? 1u << i : 0;
    return found == 0 ? "empty" : found == all ? "full" : "partial";
}

static void put_record(struct buf *body, const struct record *record)
{
    buf_put_char(body, '{');
    answer_put_id(body, record->id, record->is_account);
    buf_printf(body, ",\"status\":\"%s\",\"created_at\":\"", status_of(record));
    clock_put_time(body, record->created_at_us);
    buf_put_char(body, '"');
    put_identities(body, record);
    if (record->is_account) {
        buf_puts(body, ",\"fields\":");
        answer_put_fields(body, record->channels, FIELDS_ALL);
        buf_puts(body, ",\"sources\":");
        answer_put_sources(body, record->channels, FIELDS_ALL);
    } else {
        buf_puts(body, ",\"channels\":");
        answer_put_channels(body, record->channels, CHANNELS_ALL, CHANNELS_ALL, true);
    }
    buf_put_char(body, '}');
}

static bool is_suppressed(const struct workspace *workspace, const struct record *record)
{
    return workspace->suppressions != NULL && suppressions_hold_record(workspace->suppressions, record);
}

static void record_read(struct store_op *op, enum err err)
{
    struct record_reading *reading = container_of(op, struct record_reading, find.op);
    struct exchange *x = reading->x;

    if (err != ERR_NONE) {
        exchange_refuse(x, err, NULL);
    } else if (id_is_none(reading->record.id) || reading->record.is_account != reading->is_account) {
        refuse_unknown(x);
    } else if (is_suppressed(x->workspace, &reading->record)) {
        exchange_refuse(x, ERR_SUPPRESSED, "what is known is kept and not shown; DELETE /records/{id} erases it");
    } else {
        put_record(exchange_body(x), &reading->record);
        exchange_respond(x, 200);
    }
    arena_deinit(&reading->arena);
    mem_free(reading);
}

void record_get(struct exchange *x)
{
    struct record_reading *reading;
    struct id id;
    bool is_account;

    if (!read_id(x->id, &id, &is_account)) {
        refuse_unknown(x);
        return;
    }
    reading = mem_new(sizeof *reading);
    reading->x = x;
    reading->is_account = is_account;
    arena_init(&reading->arena, RECORD_BYTES_MAX);
    reading->find = (struct store_find){.workspace_id = x->workspace->id,
                                        .record_id = id,
                                        .is_account = is_account,
                                        .with_details = true,
                                        .arena = &reading->arena,
                                        .record = &reading->record};
    store_find_record(x->api->engine->store, &reading->find, record_read);
}

/* --- its attempts --------------------------------------------------------- */

struct trails_reading {
    struct exchange *x;
    struct buf text;
    struct store_trails trails;
};

static void put_trails(struct buf *body, const struct trails_reading *reading)
{
    buf_put_char(body, '{');
    answer_put_id(body, reading->trails.record_id, reading->trails.is_account);
    buf_puts(body, ",\"lookups\":[");
    buf_put(body, buf_str(&reading->text));
    if (reading->trails.next_seq != 0)
        buf_printf(body, "],\"next_cursor\":\"%lld\"}", (long long)reading->trails.next_seq);
    else
        buf_puts(body, "],\"next_cursor\":null}");
}

static void trails_read(struct store_op *op, enum err err)
{
    struct trails_reading *reading = container_of(op, struct trails_reading, trails.op);
    struct exchange *x = reading->x;

    if (err == ERR_NONE && reading->text.is_overflown)
        err = ERR_INTERNAL;
    if (err != ERR_NONE) {
        exchange_refuse(x, err, NULL);
    } else if (!reading->trails.found) {
        refuse_unknown(x);
    } else {
        put_trails(exchange_body(x), reading);
        exchange_respond(x, 200);
    }
    buf_deinit(&reading->text);
    mem_free(reading);
}

void record_attempts_get(struct exchange *x)
{
    struct trails_reading *reading;
    int64_t before;
    struct id id;
    bool is_account;

    if (!read_id(x->id, &id, &is_account)) {
        refuse_unknown(x);
        return;
    }
    if (!exchange_cursor(x, &before))
        return;
    reading = mem_new(sizeof *reading);
    reading->x = x;
    buf_init(&reading->text, TRAILS_BYTES_MAX);
    reading->trails = (struct store_trails){.workspace_id = x->workspace->id,
                                            .record_id = id,
                                            .is_account = is_account,
                                            .before_seq = before,
                                            .out = &reading->text};
    store_read_trails(x->api->engine->store, &reading->trails, trails_read);
}

/* --- erasing it ------------------------------------------------------------ */

struct record_erasing {
    struct exchange *x;
    struct erasure erasure;
};

static void put_receipt(struct buf *body, const struct store_erase *erased)
{
    int64_t now_us = clock_wall_us();

    buf_puts(body, "{\"receipt_id\":\"");
    id_put(body, STR("era_"), id_of_time(now_us));
    buf_put_char(body, '"');
    answer_put_id(body, erased->record_id, erased->is_account);
    buf_puts(body, ",\"erased_at\":\"");
    clock_put_time(body, now_us);
    buf_printf(body, "\",\"erased\":{\"channels\":%d,\"identities\":%d,\"trails\":%d,\"outcomes\":%d}}",
               erased->channels, erased->identities, erased->trails, erased->outcomes);
}

static void record_erased(struct erasure *erasure, enum err err)
{
    struct record_erasing *erasing = container_of(erasure, struct record_erasing, erasure);
    struct exchange *x = erasing->x;

    outbox_forget_record(x->workspace, erasure->op.record_id);
    if (err != ERR_NONE) {
        exchange_refuse(x, err, "ask again: 404 then means that the record is gone");
    } else if (id_is_none(erasure->op.record.id)) {
        refuse_unknown(x);
    } else {
        put_receipt(exchange_body(x), &erasure->op);
        exchange_respond(x, 200);
    }
    mem_free(erasing);
}

void record_delete(struct exchange *x)
{
    struct record_erasing *erasing;
    struct id id;
    bool is_account;

    if (!read_id(x->id, &id, &is_account)) {
        refuse_unknown(x);
        return;
    }
    erasing = mem_new(sizeof *erasing);
    erasing->x = x;
    erasing->erasure.engine = x->api->engine;
    erasing->erasure.workspace = x->workspace;
    erasing->erasure.op.record_id = id;
    erasing->erasure.op.is_account = is_account;
    erasing->erasure.done = record_erased;
    erasure_start(&erasing->erasure);
}
