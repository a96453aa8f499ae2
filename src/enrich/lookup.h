/* enrich/lookup.h: one question about one record (a person or a company), from question to answer.
 *
 * The module owns a lookup's memory: lookup_new, fill `question` (with texts in
 * `arena`), lookup_start, and lookup_free in or after `done`, which comes once,
 * from the loop, never before lookup_start returns. Nothing cancels a lookup:
 * whoever asked may lose interest, the result is kept and charged once. */
#ifndef ENRICH_LOOKUP_H
#define ENRICH_LOOKUP_H

#include "base/clock.h"
#include "enrich/engine.h"
#include "enrich/question.h"
#include "workspace/workspace.h"

enum { LOOKUP_BYTES_MAX = 1024 * 1024 }; /* everything one lookup may remember */

struct lookup;

struct lookup_answer {
    enum err err; /* not ERR_NONE: only the fields named for that error hold */
    struct id record_id;
    const struct kept_channel *channels; /* as in the record; of them */
    unsigned found;                      /* these have a value that answers the question; the others are null */
    int64_t credits_used;
    bool is_replay;      /* all of it came from the store */
    int64_t age_s;       /* of a replay: since its oldest channel */
    unsigned incomplete; /* slots that are null because somebody failed */
    struct str attempts; /* JSON array, when asked for */
    struct str plan;     /* of a dry run: JSON members */

    int64_t required, balance, held; /* ERR_NO_CREDIT: the worst case, and the account then */
};

/* NULL when too many lookups are under way. */
struct lookup *lookup_new(struct engine *engine, struct workspace *workspace);
void lookup_free(struct lookup **lookup);

struct arena *lookup_arena(struct lookup *lookup);
struct question *lookup_question(struct lookup *lookup);

/* Optional, before the start. `endpoint`: where it was asked for, for the
 * counters of usage; must live until `done`. `once` (none: not given): names a
 * forced lookup, so that the same one never runs twice for a record within
 * LOOKUP_ONCE_US: the second time it is answered like one without force. */
#define LOOKUP_ONCE_US (24 * 3600 * SECOND_US)
void lookup_set_origin(struct lookup *lookup, const char *endpoint, struct id once);

/* `request_id` and `trace_id` stand in the log lines about its calls; they must
 * live until `done`. Neither goes to a provider. */
void lookup_start(struct lookup *lookup, const char *request_id, const char *trace_id,
                  void (*done)(void *ctx, struct lookup *lookup), void *ctx);

/* For whoever shows it: asked for once more before, it is ERR_SUPPRESSED when the
 * person was suppressed while others were waited for. */
const struct lookup_answer *lookup_answer(struct lookup *lookup);

#endif
