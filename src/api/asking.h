/* api/asking.h: what the routes that look up share: their headers, and why
 * there is no answer, as a problem of a request or of one record of many. */
#ifndef API_ASKING_H
#define API_ASKING_H

#include "api/exchange.h"
#include "base/shape.h"
#include "enrich/lookup.h"

/* What one or many answers have to say in the headers. */
struct asking {
    int64_t credits_used;
    unsigned incomplete; /* slots */
    bool is_replay;      /* all of them were */
    int64_t age_s;       /* the oldest replay's */
};

/* Zero credits, and a replay as long as no answer was none. */
void asking_init(struct asking *asking);
void asking_add(struct asking *asking, const struct lookup_answer *answer);

/* The headers of an answer that was begun with exchange_body. */
void asking_put_headers(struct exchange *x, const struct asking *asking);

struct refusal {
    enum err err;
    struct err_detail detail; /* empty: the title says it all */
    struct str errors;        /* borrowed from the mistakes */
    char members[160];
};

void refusal_of_question(struct refusal *out, enum err err, const struct shape_mistakes *mistakes);
void refusal_of_answer(struct refusal *out, const struct lookup_answer *answer);
void refusal_of_overload(struct refusal *out);

void refusal_respond(const struct refusal *refusal, struct exchange *x);
void refusal_put(const struct refusal *refusal, struct str request_id, struct buf *out);

#endif
