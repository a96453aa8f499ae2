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
#include "store/trait.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_db;  /* one connection: store/sqlite.h */
struct event_row; /* store/outbox.h */

struct store_op {
    struct list link;
    bool is_write;
    enum err (*run)(struct store_db *db, struct store_op *op); /* on the store thread */
    void (*done)(struct store_op *op, enum err err);           /* on the loop */
    enum err err;
};

/* --- what is kept ------------------------------------------------------- */

enum identity_kind {
    IDENTITY_EMAIL,
    IDENTITY_LINKEDIN,
    IDENTITY_PERSON,
    IDENTITY_DOMAIN,         /* somebody unknown at a company */
    IDENTITY_ACCOUNT_DOMAIN, /* the company itself: never the same record */
    IDENTITY_KIND_COUNT
};

enum { IDENTITIES_MAX = 16 }; /* of one record; further ones are not kept */

struct identity {
    enum identity_kind kind;
    struct str key;   /* normal form that is compared */
    struct str shown; /* as it was given or found; empty: like key */
};

/* What is known of one slot (a person's channel, a company's field) of a record. A value and a miss can stand side
 * by side: a value of 0.6, and the knowledge that nobody has one of 0.9. */
struct kept_channel {
    struct str value; /* empty: none */
    struct str source;
    struct str provider; /* who was asked; the source unless that named another. Not in the cache */
    struct traits traits;
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
    bool is_account;             /* a company; read with details */
    struct identity *identities; /* read with details: room for IDENTITIES_MAX; NULL: not read */
    size_t identity_count;
    struct kept_channel *channels; /* [SLOT_COUNT] of a company, else [CHANNEL_COUNT]; in the reader's arena */
};

/* Nothing is known of any slot; NULL when the arena is full. */
struct kept_channel *channels_new(struct arena *arena, bool is_account);

/* The end of a workspace's ledger: what the next entry is chained to. */
struct ledger_head {
    int64_t seq; /* of the newest entry; 0: none */
    int64_t balance;
    uint8_t hash[32];
};

/* Their numbers are part of the hashes: new ones go to the end. */
enum ledger_kind { LEDGER_GRANT, LEDGER_LOOKUP, LEDGER_RENEWAL, LEDGER_EXPIRY, LEDGER_KIND_COUNT };

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

/* How many requests a workspace may send: for single records in a minute, bulk
 * in a minute, all of them in a UTC day. In a row 0 is the server's default. */
enum limit_window { WINDOW_MINUTE, WINDOW_BULK, WINDOW_DAY, WINDOW_COUNT };

struct rate_limits {
    int64_t max[WINDOW_COUNT];
};

/* Credits that come every month. */
struct bucket {
    int64_t credits;   /* a month; 0: none */
    int day;           /* of the month, 1 to 28, on which they come */
    bool carries_over; /* what is left of them stays; otherwise it expires */
    int renewed;       /* the month (year * 12 + month - 1) in which they came last */
};

struct workspace_row {
    struct id id;
    struct str name;
    struct ledger_head head;
    int64_t used_month; /* credits used in `month` */
    int month;          /* year * 12 + month - 1 */
    struct rate_limits limits;
    int64_t day, day_count; /* requests counted for the day's limit */
    struct bucket bucket;
};

struct key_row {
    struct id workspace_id;
    struct id id;
    struct str name;
    struct str scope;
    struct str hint;                                     /* the last eight characters, for display */
    uint8_t hash[32];                                    /* SHA-256 of the whole key */
    int64_t created_at_us, expires_at_us, revoked_at_us; /* revoked 0: no */
    int64_t last_used_at_us;                             /* 0: never */
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

/* The workspace must be there. */
must_use enum err store_grant(struct store *store, struct id workspace_id, int64_t credits, int64_t now_us,
                              ledger_seal_fn *seal);
must_use enum err store_put_limits(struct store *store, struct id workspace_id, const struct rate_limits *limits);
must_use enum err store_put_bucket(struct store *store, struct id workspace_id, const struct bucket *bucket);

/* Every ledger entry of a workspace in order, with the trail's text (STR_NONE when erased). */
must_use enum err store_each_entry(struct store *store, struct id workspace_id,
                                   bool (*entry)(void *ctx, const struct ledger_entry *entry, struct str trail),
                                   void *ctx);
must_use enum err store_count_trails(struct store *store, struct id workspace_id, int64_t *out_count);
must_use enum err store_check_pages(struct store *store, struct err_detail *detail); /* the file's own integrity */

/* --- workspaces --------------------------------------------------------- */

/* Writing a key again, or revoking it again, changes nothing more. */
struct store_key {
    struct store_op op;
    struct key_row row;
};
void store_add_key(struct store *store, struct store_key *key, void (*done)(struct store_op *op, enum err err));
void store_revoke_key(struct store *store, struct store_key *key, void (*done)(struct store_op *op, enum err err));

/* What is counted in memory and written now and then. */
struct day_row {
    struct id workspace_id;
    int64_t day, count;
};
struct key_use_row {
    struct id workspace_id, key_id;
    int64_t at_us;
};
struct store_counters {
    struct store_op op;
    const struct day_row *days;
    size_t day_count;
    const struct key_use_row *uses;
    size_t use_count;
};
void store_put_counters(struct store *store, struct store_counters *counters,
                        void (*done)(struct store_op *op, enum err err));

/* The month's credits: what is left of the last ones expires (at most
 * `expire_max`), new ones come; entries of the ledger, in one transaction. When
 * that month was renewed before, nothing is written: it may be asked again. */
struct store_renewal {
    struct store_op op;
    struct id workspace_id;
    int month; /* that is due */
    int64_t credits;
    int64_t credits_max; /* of the balance: what is over it does not come */
    int64_t expire_max;  /* 0: carried over */
    int64_t at_us;
    ledger_seal_fn *seal;
    int64_t balance; /* out */
};
void store_renew(struct store *store, struct store_renewal *renewal, void (*done)(struct store_op *op, enum err err));

/* A page of the ledger, newest first; a record that was erased is no longer named. */
enum { ENTRIES_PAGE = 50 };
struct store_entries {
    struct store_op op;
    struct id workspace_id;
    int64_t before_seq; /* 0: from the newest */
    struct ledger_entry entries[ENTRIES_PAGE];
    bool is_account[ENTRIES_PAGE]; /* what kind of record each is about */
    size_t count;
    bool has_more;
};
void store_read_entries(struct store *store, struct store_entries *entries,
                        void (*done)(struct store_op *op, enum err err));

/* --- records ------------------------------------------------------------ */

/* Finds the record of the first identity that is known (order is precedence),
 * or of `record_id` when that is set. */
struct store_find {
    struct store_op op;
    struct id workspace_id;
    struct id record_id;
    const struct identity *identities;
    size_t identity_count;
    struct id once;        /* not none: was a lookup whose id ends like this committed for the record … */
    int64_t once_since_us; /* … after this time? */
    bool was_once;         /* out: it was */
    bool is_account;       /* looks for a company */
    bool with_details;     /* the record's identities and age too, and whether record_id exists */
    struct arena *arena;   /* the record's texts are kept here */
    struct record *record; /* out: id none when nothing is found */
};
void store_find_record(struct store *store, struct store_find *find, void (*done)(struct store_op *op, enum err err));

/* A page of the people known, newest first, with their channels, without identities. */
enum { RECORDS_PAGE = 50 };
struct store_records {
    struct store_op op;
    struct id workspace_id;
    struct id before;     /* none: from the newest */
    bool with_identities; /* what each is known by, too */
    struct arena *arena;
    struct record *records; /* out, [RECORDS_PAGE] in the arena */
    size_t count;
    bool has_more;
};
void store_list_records(struct store *store, struct store_records *list,
                        void (*done)(struct store_op *op, enum err err));

/* Takes a record out, with its values, identities and trails, and the kept
 * answers that show it, in one transaction. The ledger keeps its entries. */
struct store_erase {
    struct store_op op;
    struct id workspace_id;
    struct id record_id;
    bool is_account; /* what kind of record it has to be */
    struct arena *arena;
    struct record record; /* out: what it was, with its identities; id none when there is no such record */
    int channels;         /* out: rows that went */
    int identities;
    int trails;
    int outcomes;
};
void store_erase_record(struct store *store, struct store_erase *erase,
                        void (*done)(struct store_op *op, enum err err));

/* How often a provider was really asked for a channel, and hit: for the usage. */
struct tally {
    enum channel channel; /* CHANNEL_ACCOUNT too */
    struct str provider;
    int64_t asked;
    int64_t hits;
    int64_t credits; /* charged for it */
};

/* Everything one lookup leaves behind, in one transaction or not at all.
 * ERR_NO_CREDIT when the balance is smaller than the charge. ERR_MOVED when the
 * record would be new, but one of its first `asked_identities` belongs to a
 * record by now, or (asked by name) one of those found always did, and that
 * record has got the asked ones: nothing else is written then, look again. */
struct store_commit {
    struct store_op op;
    bool is_retry; /* after ERR_STORE_UNSURE: do nothing if it is there already */
    struct id workspace_id;
    struct id record_id;
    bool is_new_record;
    bool is_account; /* of a new record: a company */
    int64_t at_us;
    const struct identity *identities; /* to add; one that another record has stays there */
    size_t identity_count;
    size_t asked_identities;             /* of them, from the front: those of the question */
    bool is_asked_by_name;               /* which are no more than a name and a company */
    unsigned changed;                    /* the slots to write */
    const struct kept_channel *channels; /* as in the record */
    struct str trail;
    const struct tally *tallies;
    size_t tally_count;
    const struct event_row *events; /* that tell of it: store/outbox.h */
    size_t event_count;
    struct str endpoint; /* where it was asked for, to count what was used; empty: nowhere */
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
    bool is_account;    /* what kind of record it has to be */
    int64_t before_seq; /* 0: from the newest */
    struct buf *out;    /* initialised by the caller */
    bool found;         /* is there such a record? */
    int64_t next_seq;   /* out: 0 when these were all */
};
void store_read_trails(struct store *store, struct store_trails *trails,
                       void (*done)(struct store_op *op, enum err err));

/* --- kept answers --------------------------------------------------------- */

enum { ANSWER_HASH_BYTES = 32 };

/* What a request with an Idempotency-Key was answered. `key` is a hash of it. */
struct kept_answer {
    uint8_t key[ANSWER_HASH_BYTES];
    uint8_t fingerprint[ANSWER_HASH_BYTES]; /* of the request */
    int status;
    int64_t at_us;
    struct str text; /* as the caller wants it; empty: no such answer */
};

struct store_find_answer {
    struct store_op op;
    struct id workspace_id;
    int64_t since_us;          /* older ones are as good as gone */
    struct arena *arena;       /* the text is kept here */
    struct kept_answer answer; /* in: key; out: the rest */
};
void store_find_answer(struct store *store, struct store_find_answer *find,
                       void (*done)(struct store_op *op, enum err err));

/* What the records that a kept answer shows are known by, and their values. */
struct shown_item {
    struct shown_item *next;
    bool is_value;
    struct identity identity; /* kind and key, unless … */
    unsigned slot;            /* … it is a value of this slot */
    struct str value;
};
struct store_read_shown {
    struct store_op op;
    struct id workspace_id;
    uint8_t key[ANSWER_HASH_BYTES];
    struct arena *arena;
    struct shown_item *items; /* out, in the arena */
};
void store_read_shown(struct store *store, struct store_read_shown *shown,
                      void (*done)(struct store_op *op, enum err err));

/* Keeps it, unless one of the records that it shows has been erased meanwhile;
 * some that are older than `expired_us` go. */
struct store_keep_answer {
    struct store_op op;
    struct id workspace_id;
    struct kept_answer answer;
    const struct id *record_ids;
    size_t record_count;
    int64_t expired_us;
};
void store_keep_answer(struct store *store, struct store_keep_answer *keep,
                       void (*done)(struct store_op *op, enum err err));

/* --- suppressions ----------------------------------------------------------- */

/* Whom or what never to look up. Their numbers are in the database and in the
 * hashes: new ones go to the end. */
enum suppression_kind { SUPPRESSION_EMAIL, SUPPRESSION_LINKEDIN, SUPPRESSION_DOMAIN, SUPPRESSION_KIND_COUNT };

enum { SUPPRESSION_KEY_BYTES = 32, SUPPRESSIONS_PAGE = 100 };

/* The value itself is nowhere: workspace/suppression.h makes the hash. */
struct suppression_hash {
    uint8_t bytes[16];
};

struct suppression_row {
    struct id id; /* made when it was added: see id_of_time */
    enum suppression_kind kind;
    struct suppression_hash hash;
    struct str note;
    int64_t created_at_us;
    bool was_there; /* out of adding; id, note and created_at are then those of the one that was */
};

/* The key of all hashes, kept in the installation at the first need. Before store_start. */
must_use enum err store_read_suppression_key(struct store *store, uint8_t out_key[SUPPRESSION_KEY_BYTES],
                                             bool *out_found);
must_use enum err store_each_suppression(struct store *store,
                                         void (*row)(void *ctx, struct id workspace_id, struct suppression_hash hash),
                                         void *ctx);

/* All of them in one transaction; adding again changes nothing. */
struct store_suppress {
    struct store_op op;
    struct id workspace_id;
    const uint8_t *key;           /* what the hashes were made with; kept when none is yet */
    struct suppression_row *rows; /* in and out */
    size_t count;
    struct arena *arena; /* for the notes of those that were there; NULL: not wanted */
};
void store_add_suppressions(struct store *store, struct store_suppress *suppress,
                            void (*done)(struct store_op *op, enum err err));

struct store_unsuppress {
    struct store_op op;
    struct id workspace_id;
    struct arena *arena;
    struct suppression_row row; /* in: id; out: what went */
    bool found;
};
void store_remove_suppression(struct store *store, struct store_unsuppress *unsuppress,
                              void (*done)(struct store_op *op, enum err err));

/* A page, newest first; or, with hashes, those that are among them. */
struct store_suppressions {
    struct store_op op;
    struct id workspace_id;
    struct id before; /* none: from the newest */
    const struct suppression_hash *hashes;
    size_t hash_count; /* 0: all */
    struct arena *arena;
    struct suppression_row *rows; /* out, in the arena */
    size_t count;
    bool has_more;
};
void store_read_suppressions(struct store *store, struct store_suppressions *suppressions,
                             void (*done)(struct store_op *op, enum err err));

/* --- usage ---------------------------------------------------------------- */

/* What a workspace did on a UTC day, as counters: at an endpoint (total:
 * requests, part: replays) and with a provider (asked, hits). */
enum usage_subject { USAGE_ENDPOINT, USAGE_PROVIDER };

struct usage_row {
    struct usage_row *next; /* of store_usage only */
    struct id workspace_id;
    int64_t day; /* since 1970 */
    enum usage_subject subject;
    struct str name;
    int64_t total, part, credits;
};

int64_t usage_day(int64_t time_us);

/* Adds these to the counters. */
struct store_usage_add {
    struct store_op op;
    const struct usage_row *rows;
    size_t count;
};
void store_add_usage(struct store *store, struct store_usage_add *add, void (*done)(struct store_op *op, enum err err));

/* The counters of some days, in order of day, subject, name. Waits behind the
 * writes: what was added before is in it. */
struct store_usage {
    struct store_op op;
    struct id workspace_id;
    int64_t from_day, to_day;
    struct arena *arena;
    struct usage_row *rows; /* out, in the arena */
};
void store_read_usage(struct store *store, struct store_usage *usage, void (*done)(struct store_op *op, enum err err));

#endif
