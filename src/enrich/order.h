/* enrich/order.h: in which order a lookup asks the providers of a channel.
 *
 * Pinned ones first, in the order of their pins; disabled ones never. The rest
 * in the order learned (enrich/ranking.h), as soon as enough is reported of the
 * channel's values; before that, and for the fields of companies, as configured.
 * Who cannot be asked with what is known of the person stands last then: the
 * trail says so. */
#ifndef ENRICH_ORDER_H
#define ENRICH_ORDER_H

#include "enrich/engine.h"
#include "enrich/question.h"
#include "workspace/workspace.h"

/* Reports of all workspaces that count like one of the workspace itself. */
enum { REPORTS_OF_OTHERS = 10 };

struct order_asking {
    struct engine *engine;
    const struct workspace *workspace;
    unsigned hints;    /* what is known of the person */
    uint8_t segment;   /* see order_segment */
    unsigned channels; /* the slots to find */
    bool is_discovery;
    bool is_plan; /* what is expected, nothing drawn and nothing noted */
    int64_t now_us;
};

/* In the arena; NULL when all of it is as configured, or the arena is full. */
const struct order *order_make(const struct order_asking *asking, struct arena *arena);

/* Tells the log why, at the level debug. */
void order_log(const struct order *order, const struct waterfalls *waterfalls, const char *request_id);

/* Is the channel's order learned by now? Enough was reported by the workspace,
 * or REPORTS_OF_OTHERS times as much by all of them. */
bool order_is_learned(const struct engine *engine, enum channel channel, const struct evidence_view *view);

/* What the ranking knows of a provider; its out members as expected. */
struct contender order_contender(const struct engine *engine, enum channel channel, const struct provider *provider,
                                 bool is_discovery, const struct evidence_view *view);

/* Where the person works, as evidence is kept by. */
uint8_t order_segment(const struct hints *hints);

/* Of a waterfall: those whom the workspace never asks. */
uint64_t order_disabled(const struct workspace *workspace, enum channel channel, const struct waterfall *waterfall);

#endif
