/* enrich/erase.h: taking a record out of the store so that nothing of it comes back.
 *
 * It waits for the lookup that is under way with the record, and lookups that
 * come meanwhile wait for it: they find no record afterwards and begin a new
 * one. The cache forgets the record before they look. */
#ifndef ENRICH_ERASE_H
#define ENRICH_ERASE_H

#include "enrich/engine.h"

struct erasure {
    struct engine *engine;
    struct workspace *workspace;
    struct store_erase op; /* in: record_id, is_account; out: as store.h says */
    struct arena arena;
    struct flight flight;
    struct later later;
    void (*done)(struct erasure *erasure, enum err err);
};

/* Embedded by the caller, `engine`, `workspace`, what `op` wants and `done` filled in, the rest
 * zero; in place until `done`, which comes once, from the loop. */
void erasure_start(struct erasure *erasure);

#endif
