/* store/outbox.h: events that are to be told to others, and what became of them.
 *
 * An event is written in the transaction of what it tells of (store_commit), for
 * one endpoint, under an id that stays for ever. It waits until its endpoint has
 * answered or the last try has failed; then it stays as a delivery to look at
 * for OUTBOX_KEPT_US. A million that wait cost no memory: they are read a page
 * at a time, endpoint by endpoint. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "store/store.h"

#define OUTBOX_KEPT_US (30 * 86400 * INT64_C(1000000))

enum {
    ENDPOINT_URL_BYTES_MAX = 2048,
    ENDPOINT_SECRET_BYTES = 32,
    EVENT_BODY_BYTES_MAX = 20000, /* Standard Webhooks */
    TRY_TEXT_BYTES_MAX = 512,
    TRIES_MAX = 16
};

/* What an endpoint is for; one that is leaving is on its way out with all its
 * events, a few at a time. Their numbers are in the database. */
enum endpoint_kind { ENDPOINT_VERIFICATION, ENDPOINT_EVENTS, ENDPOINT_LEAVING };

/* EVENT_TYPE(id, name): what an event tells. Bits 1 << id are in the database. */
#define EVENT_TYPES(EVENT_TYPE)                                                                                        \
    EVENT_TYPE(VERIFICATION_REQUESTED, "email.verification_requested")                                                 \
    EVENT_TYPE(RECORD_ENRICHED, "record.enriched")                                                                     \
    EVENT_TYPE(CREDITS_LOW, "credits.low")                                                                             \
    EVENT_TYPE(TEST, "webhook.test")

enum event_type {
#define EVENT_TYPE(id, name) EVENT_##id,
    EVENT_TYPES(EVENT_TYPE)
#undef EVENT_TYPE
        EVENT_TYPE_COUNT
};

const char *event_type_name(enum event_type type);
bool event_type_from(struct str name, enum event_type *out_type);

/* Where a workspace wants to be told. */
struct endpoint_row {
    struct id workspace_id;
    struct id endpoint_id;
    enum endpoint_kind kind;
    struct str url;
    unsigned events; /* a set of event types; of ENDPOINT_EVENTS */
    uint8_t secret[ENDPOINT_SECRET_BYTES];
    uint8_t old_secret[ENDPOINT_SECRET_BYTES]; /* signs too, until … */
    int64_t old_secret_until_us;               /* 0: there is none */
    bool is_before_answer;                     /* of ENDPOINT_VERIFICATION: asked before the lookup answers … */
    int64_t deadline_ms;                       /* … for so long */
    int64_t credits_below;                     /* for credits.low; 0: never */
    int64_t created_at_us;
    int64_t disabled_at_us; /* 0: in use */
    struct str disabled_why;
};

/* Before store_start. */
must_use enum err store_each_endpoint(struct store *store, void (*row)(void *ctx, const struct endpoint_row *row),
                                      void *ctx);

/* Writes it, new or again. */
struct store_endpoint {
    struct store_op op;
    struct endpoint_row row;
};
void store_put_endpoint(struct store *store, struct store_endpoint *put,
                        void (*done)(struct store_op *op, enum err err));

/* Some of the events of one that is leaving; itself with the last of them. */
struct store_purge {
    struct store_op op;
    struct id workspace_id, endpoint_id;
    bool is_gone; /* out */
};
void store_purge_endpoint(struct store *store, struct store_purge *purge,
                          void (*done)(struct store_op *op, enum err err));

enum event_state { EVENT_WAITING, EVENT_DELIVERED, EVENT_DEAD };

struct event_row {
    struct id workspace_id;
    struct id endpoint_id;
    struct id event_id; /* begins with the time: later ones are larger */
    enum event_type type;
    struct id record_id; /* what it is about; none: no record. Erasing that takes it along */
    int channel;         /* of EVENT_VERIFICATION_REQUESTED; else -1 */
    struct str body;     /* the JSON as it is sent */
    int64_t at_us;

    /* Of an event to be written: the body is `body`, the balance after the
     * commit, `body_end`; written only when that balance has come below this. 0: plain. */
    int64_t credits_below;
    struct str body_end;

    /* read only */
    enum event_state state;
    int64_t due_at_us; /* when it is tried next; when it ended */
    int tries;
    const struct record *record; /* by what its record is known; NULL: not asked for. See store_due */
};

/* In the running transaction; `balance_before`/`_after` decide about credits.low. */
struct store_db;
must_use enum err db_add_events(struct store_db *db, const struct event_row *events, size_t count,
                                int64_t balance_before, int64_t balance_after);
must_use enum err db_erase_events(struct store_db *db, struct id workspace_id, struct id record_id);

/* Writes one event outside a lookup. */
struct store_event {
    struct store_op op;
    struct event_row row;
};
void store_add_event(struct store *store, struct store_event *add, void (*done)(struct store_op *op, enum err err));

/* What waits for an endpoint, in the order of being due, and is due by now. */
enum { EVENTS_PAGE = 128 };
struct store_due {
    struct store_op op;
    struct id workspace_id;
    struct id endpoint_id;
    int64_t now_us;
    size_t max;        /* 1 to EVENTS_PAGE */
    bool with_records; /* each event that carries an e-mail comes with the identities of its record */
    struct arena *arena;
    struct event_row *rows; /* out, [EVENTS_PAGE] in the arena */
    size_t count;
    int64_t next_due_us; /* out: of the first that is not among them; 0: there is none */
};
void store_read_due(struct store *store, struct store_due *due, void (*done)(struct store_op *op, enum err err));

/* One try, as it is shown: numbered by the store, from 1. Texts are redacted by whoever made them. */
struct event_try {
    int number; /* from 1 */
    int64_t at_us, ms;
    int status;      /* 0: no answer */
    struct str why;  /* why it was none, or not the answer wanted; empty: it was */
    struct str said; /* the beginning of the answer's body */
};

/* What became of a try, in one transaction. `verdict`: of a verification, 0 or
 * 1: the value (if the record still has it) is marked; -1: none. */
struct store_try {
    struct store_op op;
    struct event_row event; /* its ids, channel, record; state, due_at_us, tries as they are from now on */
    struct event_try attempt;
    int verdict;
    struct str value;    /* the e-mail the verdict is about */
    struct arena *arena; /* for the identities */
    struct record
        record; /* out, after a verdict: the record's identities, so that it can be forgotten; id none: gone */
    struct str disable_why; /* not empty: the endpoint is not used any more, because … */
};
void store_end_try(struct store *store, struct store_try *end, void (*done)(struct store_op *op, enum err err));

/* Deletes what ended before, of all endpoints: at most FORGET_MAX events at a time. */
enum { FORGET_MAX = 200 };
struct store_forget {
    struct store_op op;
    int64_t before_us;
    size_t count; /* out: how many went; FORGET_MAX: there may be more */
};
void store_forget_events(struct store *store, struct store_forget *forget,
                         void (*done)(struct store_op *op, enum err err));

/* A page of an endpoint's deliveries, newest first, with their tries. */
enum { DELIVERIES_PAGE = 50 };
struct delivery {
    struct event_row event;
    struct event_try *tries; /* [try_count], oldest first */
    size_t try_count;
};
struct store_deliveries {
    struct store_op op;
    struct id workspace_id;
    struct id endpoint_id;
    struct id before; /* none: from the newest */
    struct arena *arena;
    struct delivery *deliveries; /* out, [DELIVERIES_PAGE] in the arena */
    size_t count;
    bool has_more;
    int64_t waiting, dead; /* out: of all of the endpoint's, counted to COUNTED_MAX */
};
enum { COUNTED_MAX = 10000 };
void store_read_deliveries(struct store *store, struct store_deliveries *deliveries,
                           void (*done)(struct store_op *op, enum err err));

/* Lets an event that has ended wait again, due now. */
struct store_redeliver {
    struct store_op op;
    struct id workspace_id, endpoint_id, event_id;
    int64_t now_us;
    bool is_found; /* out */
};
void store_redeliver_event(struct store *store, struct store_redeliver *redeliver,
                           void (*done)(struct store_op *op, enum err err));

#endif
