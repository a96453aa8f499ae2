/* workspace/wishes.h: what a workspace wants of its waterfalls otherwise than learned.
 *
 * Names of providers as the configuration has them; one that is not there (any
 * more) counts for nothing. Kept as JSON: {"pinned": […], "disabled": […],
 * "deterministic": …}. */
#ifndef WORKSPACE_WISHES_H
#define WORKSPACE_WISHES_H

#include "base/buf.h"
#include "store/channel.h"

struct wish {
    bool is_deterministic; /* the best known order, nothing tried out */
    size_t pinned_count;   /* come first, in this order */
    size_t disabled_count; /* are never asked */
    struct str names[];    /* the pinned ones, then the disabled ones; texts behind them */
};

/* In one piece of memory, for mem_free. */
struct wish *wish_new(const struct str *pinned, size_t pinned_count, const struct str *disabled, size_t disabled_count,
                      bool is_deterministic);

/* NULL when the text is not what wish_put writes. */
struct wish *wish_read(struct str text);
void wish_put(struct buf *out, const struct wish *wish);

bool wish_is_nothing(const struct wish *wish); /* NULL, or as if nothing were wished */
bool wish_disables(const struct wish *wish, struct str name);

/* Of all waterfalls of a workspace; NULL: as learned. */
struct wishes {
    struct wish *of[WATERFALL_COUNT]; /* owned */
};

void wishes_free(struct wishes **wishes); /* accepts NULL */

#endif
