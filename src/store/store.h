/* store/store.h: what we ask of a database, in our words.
 *
 * Behind it: one thread with one SQLite connection (WAL, synchronous=FULL).
 * Group commit: all writes that wait when the thread looks go into one
 * transaction and one fsync; then their answers go back to the loop. So an
 * answer that says "done" is on disk. Reads that wait then go before them.
 *
 * Order is a promise others build on: writes run and are answered in the order
 * they were started, and so are reads; and a read never misses a write that
 * was answered before the read is: what it does not see yet is told later.
 *
 * Every operation embeds struct store_op as its first member, belongs to the
 * caller, and stays in place until `done` (exactly once, on the loop). While it
 * is out, its arena belongs to the store thread.
 *
 * Errors of every operation: ERR_STORE_DOWN (nothing was written),
 * ERR_STORE_UNSURE (a commit failed half-way: it may or may not be there; ask
 * again with `is_retry`, which is safe as often as one likes). */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/list.h"
#include "net/loop.h"
#include "store/channel.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_db; /* one connection: store/sqlite.h */

struct store_op {
    struct list link;
    bool is_write;
    enum err (*run)(struct store_db *db, struct store_op *op); /* on the store thread */
    void (*done)(struct store_op *op, enum err err);           /* on the loop */
    enum err err;
};

/* --- what is kept ------------------------------------------------------- */

enum identity_kind { IDENTITY_EMAIL, IDENTITY_LINKEDIN, IDENTITY_PERSON, IDENTITY_DOMAIN, IDENTITY_KIND_COUNT };

enum { IDENTITIES_MAX = 16 }; /* of one record; further ones are not kept */

struct identity {
    enum identity_kind kind;
    struct str key;   /* normal form that is compared */
    struct str shown; /* as it was given or found; empty: like key */
};

/* What is known of one channel of a record. A value and a miss can stand side
 * by side: a value of 0.6, and the knowledge that nobody has one of 0.9. */
struct kept_channel {
    struct str value; /* empty: none */
    struct str source;
    int64_t confidence_ppm;
    int64_t enriched_at_us; /* 0: no value */
    int verified;           /* -1 not judged, 0 false, 1 true */

    int64_t missed_at_us;      /* 0: never ran to its end without a value */
    int64_t missed_ppm;        /* the confidence that was asked for */
    unsigned missed_hints;     /* what was known of the person then */
    uint64_t missed_waterfall; /* whom was asked: fingerprint of the waterfall */
};

struct record {
    struct id id;                /* none: no such record */
    int64_t created_at_us;       /* 0: not read */
    struct identity *identities; /* read with details: room for IDENTITIES_MAX; NULL: not read */
    size_t identity_count;
    struct kept_channel channels[CHANNEL_COUNT];
};

/* The end of a workspace's ledger: what the next entry is chained to. */
struct ledger_head {
    int64_t seq; /* of the newest entry; 0: none */
    int64_t balance;
    uint8_t hash[32];
};

enum ledger_kind { LEDGER_GRANT, LEDGER_LOOKUP, LEDGER_KIND_COUNT };

struct str ledger_kind_name(enum ledger_kind kind);

struct ledger_entry {
    int64_t seq;
    enum ledger_kind kind;
    int64_t amount; /* signed */
    int64_t balance_after;
    int64_t at_us;
    struct id lookup_id; /* none unless LEDGER_LOOKUP */
    struct id record_id; /* where the trail is found; not part of the hash */
    uint8_t trail_digest[32];
    uint8_t prev_hash[32];
    uint8_t hash[32];
};

/* Completes `entry` (seq, balance_after, prev_hash, hash) from the head. Pure;
 * called on the store thread: credits/ledger.h has the one implementation. */
typedef void ledger_seal_fn(struct ledger_entry *entry, const struct ledger_head *head);

struct workspace_row {
    struct id id;
    struct str name;
    struct ledger_head head;
    int64_t used_month; /* credits used in `month` */
    int month;          /* year * 12 + month - 1 */
};

struct key_row {
    struct id workspace_id;
    struct id id;
    struct str name;
    struct str scope;
    struct str hint;                                     /* the last eight characters, for display */
    uint8_t hash[32];                                    /* SHA-256 of the whole key */
    int64_t created_at_us, expires_at_us, revoked_at_us; /* revoked 0: no */
};

/* --- opening ------------------------------------------------------------ */

/* Opens (and creates, if `create`) the database in the data folder, brings its
 * schema forward. The folder is locked until closed. ERR_IO, ERR_CORRUPT,
 * ERR_NEWER, ERR_IN_USE, ERR_NOT_FOUND (not a data folder), with a sentence. */
must_use enum err store_open(const char *folder, bool create, struct store **out_store, struct err_detail *detail);
void store_start(struct store *store, struct loop *loop); /* starts the thread; asynchronous calls from here on */
void store_close(struct store **store);                   /* finishes what is queued, without `done`s; accepts NULL */
size_t store_queue_length(const struct store *store);
bool store_is_healthy(const struct store *store); /* did the last transaction succeed? */

/* --- before store_start, synchronous ------------------------------------ */

must_use enum err store_each_workspace(struct store *store, void (*row)(void *ctx, const struct workspace_row *row),
                                       void *ctx);
must_use enum err store_each_key(struct store *store, void (*row)(void *ctx, const struct key_row *row), void *ctx);

/* A workspace with its first key and, when credits > 0, a grant, all or nothing. */
must_use enum err store_create_workspace(struct store *store, struct id id, struct str name, int64_t credits,
                                         const struct key_row *key, int64_t now_us, ledger_seal_fn *seal);

/* Every ledger entry of a workspace in order, with the trail's text (STR_NONE when erased). */
must_use enum err store_each_entry(struct store *store, struct id workspace_id,
                                   bool (*entry)(void *ctx, const struct ledger_entry *entry, struct str trail),
                                   void *ctx);
must_use enum err store_count_trails(struct store *store, struct id workspace_id, int64_t *out_count);
must_use enum err store_check_pages(struct store *store, struct err_detail *detail); /* the file's own integrity */

/* --- records ------------------------------------------------------------ */

/* Finds the record of the first identity that is known (order is precedence),
 * or of `record_id` when that is set. */
struct store_find {
    struct store_op op;
    struct id workspace_id;
    struct id record_id;
    const struct identity *identities;
    size_t identity_count;
    bool with_details;     /* the record's identities and age too, and whether record_id exists */
    struct arena *arena;   /* the record's texts are kept here */
    struct record *record; /* out: id none when nothing is found */
};
void store_find_record(struct store *store, struct store_find *find, void (*done)(struct store_op *op, enum err err));

/* How often a provider was really asked for a channel, and hit. */
struct tally {
    enum channel channel;
    struct str provider;
    int64_t asked;
    int64_t hits;
};

/* Everything one lookup leaves behind, in one transaction or not at all.
 * ERR_NO_CREDIT when the balance is smaller than the charge, ERR_MOVED when the
 * record is new but one of its first `asked_identities` belongs to a record by
 * now: nothing is written then, look again. */
struct store_commit {
    struct store_op op;
    bool is_retry; /* after ERR_STORE_UNSURE: do nothing if it is there already */
    struct id workspace_id;
    struct id record_id;
    bool is_new_record;
    int64_t at_us;
    const struct identity *identities; /* to add; one that another record has stays there */
    size_t identity_count;
    size_t asked_identities;             /* of them, from the front: those of the question */
    unsigned changed;                    /* the channels to write */
    const struct kept_channel *channels; /* [CHANNEL_COUNT] */
    struct str trail;
    const struct tally *tallies;
    size_t tally_count;
    int month;
    ledger_seal_fn *seal;
    struct ledger_entry entry; /* in: kind, amount, at, ids, digest; out: sealed */
    int64_t used_month;        /* out */
};
void store_commit_lookup(struct store *store, struct store_commit *commit,
                         void (*done)(struct store_op *op, enum err err));

/* The trails of a record, newest first, as JSON objects joined by commas. */
enum { TRAILS_PAGE = 50 };
struct store_trails {
    struct store_op op;
    struct id workspace_id;
    struct id record_id;
    int64_t before_seq; /* 0: from the newest */
    struct buf *out;    /* initialised by the caller */
    bool found;         /* is there such a record? */
    int64_t next_seq;   /* out: 0 when these were all */
};
void store_read_trails(struct store *store, struct store_trails *trails,
                       void (*done)(struct store_op *op, enum err err));

/* A workspace's tallies of all providers, for odds. */
enum { TALLIES_MAX = 256 };
struct store_tallies {
    struct store_op op;
    struct id workspace_id;
    struct arena *arena;
    struct tally *tallies; /* out, in the arena */
    size_t count;
};
void store_read_tallies(struct store *store, struct store_tallies *tallies,
                        void (*done)(struct store_op *op, enum err err));

#endif
