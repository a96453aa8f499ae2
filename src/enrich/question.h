/* enrich/question.h: one question about one record, as it was asked.
 *
 * Read from a JSON object (POST /enrichment, a row of bulk, an MCP call alike);
 * every mistake is gathered with its pointer. Hints come out in normal form. */
#ifndef ENRICH_QUESTION_H
#define ENRICH_QUESTION_H

#include "base/arena.h"
#include "base/shape.h"
#include "providers/provider.h"
#include "store/store.h"

enum { METADATA_MEMBERS_MAX = 10, METADATA_CHARS_MAX = 100, QUESTION_IDENTITIES_MAX = 3 };
#define MAX_AGE_S_MAX INT64_C(315360000) /* ten years */

/* enrich: whom by any hint. discover: a person by name and company. account: a
 * company by its domain. */
enum question_kind { QUESTION_ENRICH, QUESTION_DISCOVER, QUESTION_ACCOUNT };

struct question {
    enum question_kind kind;
    struct hints hints;
    struct identity identities[QUESTION_IDENTITIES_MAX]; /* in order of precedence */
    size_t identity_count;
    unsigned channels; /* the slots asked for: of an account all its fields */
    bool force;
    bool dry_run;
    bool include_attempts;
    bool include_sources;       /* of an account */
    bool include_details;       /* of a person's values */
    int64_t max_credits;        /* CREDITS_MAX when not given */
    int64_t max_age_us;         /* -1: any age */
    int64_t min_confidence_ppm; /* 0: any */
    struct str metadata;        /* compact JSON; empty: none */
};

/* Nothing asked yet: every option as when it is not given. */
void question_init(struct question *out, enum question_kind kind);

/* All texts are kept in `arena`. ERR_INVALID with the mistakes,
 * ERR_IDENTITY_REQUIRED when nothing names a person or a domain. */
must_use enum err question_read(enum question_kind kind, const json_t *doc, struct arena *arena, struct question *out,
                                struct shape_mistakes *mistakes);

/* The two halves of a bulk request: what is the same for all its records (the
 * caller reads the member `records` and ends the shape), and one record, which
 * gets the rest from `common`. */
void question_read_common(struct shape *shape, struct arena *arena, struct question *out);
must_use enum err question_read_record(const struct question *common, const json_t *record, struct str pointer,
                                       struct arena *arena, struct question *out, struct shape_mistakes *mistakes);

/* The everyday question, read in one pass without building a document: hints,
 * channels, force and dry_run, in printable ASCII without escapes. False for
 * everything else, right or wrong: then json_read and question_read have the
 * word. Where it answers true, they would have read the same (fuzzed). It
 * exists because the document costs a replay as much as all the rest of it. */
bool question_read_plain(struct str text, struct arena *arena, struct question *out);

/* What makes two questions the same, in whatever spelling: a text in `arena`.
 * metadata and include only change how the answer is dressed. */
struct str question_fingerprint(const struct question *question, struct arena *arena);

#endif
