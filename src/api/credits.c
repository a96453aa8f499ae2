/* GET /credits and its ledger. */
#include "api/exchange.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "enrich/trail.h"

void credits_get(struct exchange *x)
{
    const struct account *account = &x->workspace->account;

    buf_printf(exchange_body(x), "{\"balance\":%lld,\"held\":%lld,\"used_this_month\":%lld}",
               (long long)account->balance, (long long)account->held,
               (long long)account_used_month(account, clock_wall_us()));
    exchange_respond(x, 200);
}

/* --- the ledger ----------------------------------------------------------- */

struct ledger_reading {
    struct exchange *x;
    struct store_entries entries;
};

static void put_id_or_null(struct buf *out, const char *name, struct str prefix, struct id id)
{
    json_put_name(out, name);
    if (id_is_none(id)) {
        buf_puts(out, "null");
        return;
    }
    buf_put_char(out, '"');
    id_put(out, prefix, id);
    buf_put_char(out, '"');
}

static void put_hash(struct buf *out, const uint8_t hash[32])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 32; i++) {
        buf_put_char(out, digits[hash[i] >> 4]);
        buf_put_char(out, digits[hash[i] & 15]);
    }
}

static void put_entry(struct buf *out, const struct ledger_entry *entry, bool is_account)
{
    json_put_comma(out);
    buf_printf(out, "{\"seq\":%lld,\"kind\":\"%.*s\",\"amount\":%lld,\"balance_after\":%lld,\"at\":\"",
               (long long)entry->seq, STR_ARG(ledger_kind_name(entry->kind)), (long long)entry->amount,
               (long long)entry->balance_after);
    clock_put_time(out, entry->at_us);
    buf_put_char(out, '"');
    put_id_or_null(out, "lookup_id", LOOKUP_PREFIX, entry->lookup_id);
    put_id_or_null(out, "record_id", is_account ? ACCOUNT_PREFIX : RECORD_PREFIX, entry->record_id);
    buf_puts(out, ",\"hash\":\"");
    put_hash(out, entry->hash);
    buf_puts(out, "\"}");
}

static void put_entries(struct buf *out, const struct store_entries *entries)
{
    buf_puts(out, "{\"entries\":[");
    for (size_t i = 0; i < entries->count; i++)
        put_entry(out, &entries->entries[i], entries->is_account[i]);
    if (entries->has_more)
        buf_printf(out, "],\"next_cursor\":\"%lld\"}", (long long)entries->entries[entries->count - 1].seq);
    else
        buf_puts(out, "],\"next_cursor\":null}");
}

static void ledger_read(struct store_op *op, enum err err)
{
    struct ledger_reading *reading = container_of(op, struct ledger_reading, entries.op);
    struct exchange *x = reading->x;

    if (err != ERR_NONE) {
        exchange_refuse(x, err, NULL);
    } else {
        put_entries(exchange_body(x), &reading->entries);
        exchange_respond(x, 200);
    }
    mem_free(reading);
}

void credits_ledger_get(struct exchange *x)
{
    struct ledger_reading *reading;
    int64_t before;

    if (!exchange_cursor(x, &before))
        return;
    reading = mem_new(sizeof *reading);
    reading->x = x;
    reading->entries = (struct store_entries){.workspace_id = x->workspace->id, .before_seq = before};
    store_read_entries(x->api->engine->store, &reading->entries, ledger_read);
}
