/* store/evidence.h: what the ranking learns from, and what workspaces want otherwise.
 *
 * Evidence is kept as counts and as the same counts in weights that fade: what
 * was found at time t weighs 2 ^ ((t - epoch) / half-life), so rows are only
 * ever added to, in any order, and a reader divides by the weight of now. Each
 * row is there for a workspace and, under no id, for all workspaces together. */
#ifndef STORE_EVIDENCE_H
#define STORE_EVIDENCE_H

#include "store/segment.h"
#include "store/store.h"

enum evidence_kind {
    EVIDENCE_ASKED, /* really: it answered */
    EVIDENCE_HIT,
    EVIDENCE_DELIVERED,
    EVIDENCE_BOUNCED,
    EVIDENCE_REPLIED,
    EVIDENCE_KINDS
};

struct evidence_sum {
    int64_t count[EVIDENCE_KINDS];
    double weight[EVIDENCE_KINDS];
};

struct evidence_row {
    struct evidence_row *next; /* of store_evidence only */
    struct id workspace_id;    /* none: all workspaces */
    enum channel channel;      /* CHANNEL_ACCOUNT too */
    uint8_t segment;
    struct str provider;
    struct evidence_sum sum;
};

struct evidence_scale {
    int64_t epoch_us;
    int64_t half_life_us;
};

double evidence_weight(const struct evidence_scale *scale, int64_t time_us);

/* The scale of the weights on disk. When the half-life is another than the one
 * wanted, or weights would grow beyond numbers, they are turned into a new one:
 * what is left of each today stays, and fades differently from today on. */
must_use enum err store_scale_evidence(struct store *store, int64_t half_life_us, int64_t now_us,
                                       struct evidence_scale *out_scale);

/* The rows of all workspaces together. Before store_start. */
must_use enum err store_each_evidence(struct store *store, void (*row)(void *ctx, const struct evidence_row *row),
                                      void *ctx);

/* A workspace's rows, the first EVIDENCE_ROWS_MAX. */
enum { EVIDENCE_ROWS_MAX = 20000 };
struct store_evidence {
    struct store_op op;
    struct id workspace_id;
    struct arena *arena;
    struct evidence_row *rows; /* out, in the arena */
};
void store_read_evidence(struct store *store, struct store_evidence *evidence,
                         void (*done)(struct store_op *op, enum err err));

/* Adds these to the rows. */
struct store_evidence_add {
    struct store_op op;
    const struct evidence_row *rows;
    size_t count;
};
void store_add_evidence(struct store *store, struct store_evidence_add *add,
                        void (*done)(struct store_op *op, enum err err));

/* --- what became of values --------------------------------------------------- */

/* Their numbers are in the database: new ones go to the end. */
enum contact { CONTACT_DELIVERED, CONTACT_BOUNCED, CONTACT_REPLIED, CONTACT_COUNT };

const char *contact_name(enum contact contact);
bool contact_from(struct str name, enum contact *out_contact);
enum evidence_kind contact_kind(enum contact contact);

struct report {
    struct id record_id;
    enum channel channel;
    enum contact contact;
    int64_t occurred_at_us;

    enum { REPORT_COUNTED, REPORT_KNOWN, REPORT_NO_RECORD, REPORT_NO_VALUE } fate; /* out */
    struct str provider; /* out, when counted: who found the value, in the arena … */
    uint8_t segment;     /* … of what segment the person is … */
    int64_t found_at_us; /* … and when: the report weighs as if it had come then, so that no rate grows by the time
                            until somebody answers */
};

/* Writes the reports that are new for the value that the record has now, and
 * adds them to the evidence, in one transaction. Of a value an event counts once. */
struct store_report {
    struct store_op op;
    struct id workspace_id;
    struct report *reports;
    size_t count;
    struct evidence_scale scale;
    struct arena *arena;
};
void store_report_outcomes(struct store *store, struct store_report *report,
                           void (*done)(struct store_op *op, enum err err));

/* --- wishes --------------------------------------------------------------------- */

/* What a workspace wants of a waterfall otherwise than learned, as JSON text
 * (workspace/wishes.h); empty: nothing any more. */
struct store_wish {
    struct store_op op;
    struct id workspace_id;
    enum channel channel;
    struct str text;
};
void store_put_wish(struct store *store, struct store_wish *wish, void (*done)(struct store_op *op, enum err err));

/* Before store_start. */
must_use enum err store_each_wish(struct store *store,
                                  void (*row)(void *ctx, struct id workspace_id, enum channel channel, struct str text),
                                  void *ctx);

#endif
