/* enrich/setup.h: what a reload replaces, as one thing: the providers and the
 * waterfalls over them.
 *
 * A lookup stays on the setup that there was when its credits were held: prices
 * and providers do not change under it. A setup that nobody uses any more goes
 * as soon as none of its providers has a call under way (a key's check may be). */
#ifndef ENRICH_SETUP_H
#define ENRICH_SETUP_H

#include "enrich/sources.h"

struct engine;

struct setup {
    struct sources sources;
    int64_t number;          /* 1 at the start, one more with each reload */
    size_t users;            /* lookups, and the engine as long as it is the current one */
    struct loop_timer timer; /* looks whether its providers are still busy, when nobody uses it */
    struct list link;        /* among those that wait for that */
};

struct setup *setup_new(struct loop *loop); /* its user is the caller */
struct setup *setup_take(struct setup *setup);
void setup_give_back(struct setup **setup); /* accepts NULL, leaves NULL */

/* Frees those that still wait, at the end: their calls were dropped. */
void setups_end(void);

/* From here on lookups begin with this one, which has the caller's place. */
void setup_use(struct setup *setup, struct engine *engine);

#endif
