/* workspace/upkeep.h: writes what the directory counts in memory, once a second:
 * the day's count of each workspace that asked something since, and when keys
 * were last used. A crash loses the last second, an orderly stop nothing. */
#ifndef WORKSPACE_UPKEEP_H
#define WORKSPACE_UPKEEP_H

#include "workspace/workspace.h"

struct upkeep {
    struct store *store;
    struct directory *directory;
    struct loop_timer timer;
    struct store_counters writing; /* on its way while is_out */
    struct store_counters last;    /* that of upkeep_stop */
    bool is_started, is_out;
};

void upkeep_start(struct upkeep *upkeep, struct loop *loop, struct store *store, struct directory *directory);
void upkeep_stop(struct upkeep *upkeep);   /* before store_close: hands it what is left; needs no start before */
void upkeep_deinit(struct upkeep *upkeep); /* after store_close, before the directory goes */

#endif
