/* credits/ledger.h: credits, as holds in memory over an append-only ledger on disk.
 *
 * The ledger (store/) is a hash chain per workspace: every entry carries the
 * SHA-256 of its predecessor and, for a lookup, of its trail. The balance is
 * the sum of the entries; the copy in the workspace's row moves in the same
 * transaction and can never go below zero.
 *
 * A hold sets credits aside before any provider is asked and ends exactly once:
 * when its lookup is settled (the charge is committed) or released. Holds live
 * in this process only: it alone works on the data folder, and a lookup that a
 * crash cut off has charged nothing, so its hold has nothing to outlive for
 * (docs/decisions/0003).
 *
 * Invariants, checked at every change: 0 <= held <= balance. */
#ifndef CREDITS_LEDGER_H
#define CREDITS_LEDGER_H

#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* The most credits an account, a price or a grant may have: sums never overflow. */
#define CREDITS_MAX INT64_C(1000000000000)

struct account {
    int64_t balance; /* as last committed */
    int64_t held;
    int64_t used_month; /* in `month` */
    int month;
};

struct hold {
    int64_t credits;
    bool is_open;
};

/* What can still be held. */
int64_t account_available(const struct account *account);

/* Credits used in the month of `now_us` (UTC). */
int64_t account_used_month(const struct account *account, int64_t now_us);
int month_of(int64_t time_us); /* year * 12 + month - 1 */

/* ERR_NO_CREDIT when the balance minus holds is smaller. */
must_use enum err hold_open(struct account *account, int64_t credits, struct hold *hold);
void hold_release(struct account *account, struct hold *hold); /* nothing for a closed hold */

/* The charge of a held lookup is on disk: the hold ends, the balance is the
 * ledger's. */
void hold_settle(struct account *account, struct hold *hold, const struct store_commit *committed);

/* Nobody knows whether the charge is on disk: the hold ends, and the charge
 * counts as spent until the next settled lookup brings the ledger's balance. */
void hold_write_off(struct account *account, struct hold *hold, int64_t credits);

/* The month's credits came, and `hold`, if open, kept those that were to expire
 * from being spent: it ends, the balance is the ledger's. */
void hold_renew(struct account *account, struct hold *hold, int64_t balance);

/* Chains `entry` to `head`: see ledger_seal_fn. */
void ledger_seal(struct ledger_entry *entry, const struct ledger_head *head);
void ledger_digest(struct str trail, uint8_t out_digest[32]);

/* What a verification found. */
struct ledger_report {
    int64_t entries;
    int64_t trails;        /* whose digest was recomputed */
    int64_t trails_erased; /* gone by request; the chain still proves their digest */
    int64_t balance;       /* the sum */
};

/* Recomputes a workspace's whole chain, sums, trail digests, and compares with
 * the head. ERR_CORRUPT with the first thing that does not add up. Before
 * store_start only. */
must_use enum err ledger_verify(struct store *store, const struct workspace_row *workspace,
                                struct ledger_report *out_report, struct err_detail *detail);

#endif
