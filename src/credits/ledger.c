#include "credits/ledger.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/metric.h"

#include <sodium.h>

/* An open hold more, or one less. */
static void count_hold(int holds, int64_t credits)
{
    static struct series *open, *held;

    if (open == NULL) {
        open = metric_only(METRIC_HOLDS);
        held = metric_only(METRIC_HELD_CREDITS);
    }
    series_add(open, holds);
    series_add(held, holds * credits);
}

static void count_entry(void)
{
    static struct series *entries;

    if (entries == NULL)
        entries = metric_series(METRIC_ENTRIES, ledger_kind_name(LEDGER_LOOKUP), STR_NONE);
    series_add(entries, 1);
}

static void check_account(const struct account *account)
{
    check(account->held >= 0);
    check(account->held <= account->balance);
    check(account->balance <= CREDITS_MAX);
}

int64_t account_available(const struct account *account)
{
    return account->balance - account->held;
}

int month_of(int64_t time_us)
{
    int year, month, day;

    clock_date_of_days(time_us / SECOND_US / 86400, &year, &month, &day);
    return year * 12 + month - 1;
}

int64_t account_used_month(const struct account *account, int64_t now_us)
{
    return account->month == month_of(now_us) ? account->used_month : 0;
}

enum err hold_open(struct account *account, int64_t credits, struct hold *hold)
{
    check(!hold->is_open);
    check(credits >= 0);
    if (credits > account_available(account))
        return ERR_NO_CREDIT;
    account->held += credits;
    *hold = (struct hold){.credits = credits, .is_open = true};
    count_hold(1, credits);
    check_account(account);
    return ERR_NONE;
}

void hold_release(struct account *account, struct hold *hold)
{
    if (!hold->is_open)
        return;
    account->held -= hold->credits;
    count_hold(-1, hold->credits);
    *hold = (struct hold){.is_open = false};
    check_account(account);
}

/* Commits are delivered in the order in which they were written, so the newest
 * balance wins; taking it whole also heals whatever an unsure commit left open. */
void hold_settle(struct account *account, struct hold *hold, const struct store_commit *committed)
{
    check(hold->is_open);
    check(-committed->entry.amount <= hold->credits);
    account->held -= hold->credits;
    count_hold(-1, hold->credits);
    count_entry();
    account->balance = committed->entry.balance_after;
    account->month = committed->month;
    account->used_month = committed->used_month;
    *hold = (struct hold){.is_open = false};
    check_account(account);
}

void hold_write_off(struct account *account, struct hold *hold, int64_t credits)
{
    check(hold->is_open);
    check(credits >= 0 && credits <= hold->credits);
    account->held -= hold->credits;
    count_hold(-1, hold->credits);
    account->balance -= credits;
    *hold = (struct hold){.is_open = false};
    check_account(account);
}

void hold_renew(struct account *account, struct hold *hold, int64_t balance)
{
    account->held -= hold->credits;
    account->balance = balance;
    *hold = (struct hold){.is_open = false};
    check_account(account);
}

static void put_i64(crypto_hash_sha256_state *state, int64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    crypto_hash_sha256_update(state, bytes, sizeof bytes);
}

/* SHA-256 over a version word, the predecessor's hash, and every field at a
 * fixed width, big-endian. */
static void hash_entry(const struct ledger_entry *entry, uint8_t out_hash[32])
{
    static const uint8_t version[8] = "ledger1";
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, version, sizeof version);
    crypto_hash_sha256_update(&state, entry->prev_hash, sizeof entry->prev_hash);
    put_i64(&state, entry->seq);
    put_i64(&state, (int64_t)entry->kind);
    put_i64(&state, entry->amount);
    put_i64(&state, entry->balance_after);
    put_i64(&state, entry->at_us);
    crypto_hash_sha256_update(&state, entry->lookup_id.bytes, sizeof entry->lookup_id.bytes);
    crypto_hash_sha256_update(&state, entry->trail_digest, sizeof entry->trail_digest);
    crypto_hash_sha256_final(&state, out_hash);
}

void ledger_seal(struct ledger_entry *entry, const struct ledger_head *head)
{
    entry->seq = head->seq + 1;
    entry->balance_after = head->balance + entry->amount;
    memcpy(entry->prev_hash, head->hash, sizeof entry->prev_hash);
    hash_entry(entry, entry->hash);
}

void ledger_digest(struct str trail, uint8_t out_digest[32])
{
    crypto_hash_sha256(out_digest, (const unsigned char *)trail.ptr, trail.len);
}

struct verification {
    struct ledger_report report;
    uint8_t last_hash[32];
    enum err err;
    struct err_detail *detail;
};

static bool object(struct verification *v, const struct ledger_entry *entry, const char *what)
{
    err_explain(v->detail, "ledger entry %lld: %s", (long long)entry->seq, what);
    v->err = ERR_CORRUPT;
    return false;
}

static bool verify_trail(struct verification *v, const struct ledger_entry *entry, struct str trail)
{
    uint8_t digest[32];

    if (entry->kind != LEDGER_LOOKUP)
        return true;
    if (trail.ptr == NULL) {
        v->report.trails_erased++;
        return true;
    }
    ledger_digest(trail, digest);
    v->report.trails++;
    return memcmp(digest, entry->trail_digest, sizeof digest) == 0 ||
           object(v, entry, "its trail is not the one that was sealed");
}

static bool verify_entry(void *ctx, const struct ledger_entry *entry, struct str trail)
{
    struct verification *v = ctx;
    uint8_t hash[32];

    if (entry->seq != v->report.entries + 1)
        return object(v, entry, "an entry before it is missing");
    if (entry->kind == LEDGER_KIND_COUNT)
        return object(v, entry, "its kind is not known");
    if (memcmp(entry->prev_hash, v->last_hash, sizeof v->last_hash) != 0)
        return object(v, entry, "it is not chained to its predecessor");
    hash_entry(entry, hash);
    if (memcmp(entry->hash, hash, sizeof hash) != 0)
        return object(v, entry, "its content is not the one that was sealed");
    if (entry->amount > CREDITS_MAX || entry->amount < -CREDITS_MAX ||
        entry->balance_after != v->report.balance + entry->amount)
        return object(v, entry, "its balance is not the sum of the entries so far");
    if (entry->balance_after < 0 || entry->balance_after > CREDITS_MAX)
        return object(v, entry, "the balance is out of bounds");
    v->report.entries++;
    v->report.balance = entry->balance_after;
    memcpy(v->last_hash, entry->hash, sizeof v->last_hash);
    return verify_trail(v, entry, trail);
}

enum err ledger_verify(struct store *store, const struct workspace_row *workspace, struct ledger_report *out_report,
                       struct err_detail *detail)
{
    struct verification v = {.err = ERR_NONE, .detail = detail};
    int64_t trails = 0;
    enum err err = store_each_entry(store, workspace->id, verify_entry, &v);

    if (err == ERR_NONE)
        err = store_count_trails(store, workspace->id, &trails);
    if (err != ERR_NONE) {
        err_explain(detail, "the ledger cannot be read; the database file may be damaged");
        return ERR_CORRUPT;
    }
    if (v.err != ERR_NONE)
        return v.err;
    if (workspace->head.seq != v.report.entries || workspace->head.balance != v.report.balance ||
        memcmp(workspace->head.hash, v.last_hash, sizeof v.last_hash) != 0) {
        err_explain(detail, "the balance of %lld at entry %lld is not the ledger's: %lld at entry %lld",
                    (long long)workspace->head.balance, (long long)workspace->head.seq, (long long)v.report.balance,
                    (long long)v.report.entries);
        return ERR_CORRUPT;
    }
    if (trails != v.report.trails) {
        err_explain(detail, "%lld trails belong to no ledger entry", (long long)(trails - v.report.trails));
        return ERR_CORRUPT;
    }
    *out_report = v.report;
    return ERR_NONE;
}
