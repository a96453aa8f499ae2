/* workspace/renewal.h: the month's credits come with the first request after the
 * workspace's day: that request, and those that come meanwhile, wait until they
 * are in the books. When the store cannot be written they go on without, and a
 * later one tries again; a renewal happens once, however often it is tried. */
#ifndef WORKSPACE_RENEWAL_H
#define WORKSPACE_RENEWAL_H

#include "workspace/workspace.h"

/* Somebody who waits. Embedded. */
struct renewal_wait {
    struct list link;
    void (*go_on)(struct renewal_wait *wait); /* from the loop, exactly once */
};

static inline bool renewal_is_due(const struct workspace *workspace, int64_t now_us)
{
    return now_us >= workspace->renews_at_us;
}

/* Only when one is due. Starts it, unless it is under way. */
void renewal_join(struct store *store, struct workspace *workspace, int64_t now_us, struct renewal_wait *wait);

#endif
