#include "enrich/erase.h"

enum { ERASURE_BYTES_MAX = 256 * 1024 };

static void forget_cached(struct erasure *e)
{
    for (size_t i = 0; i < e->op.record.identity_count; i++)
        record_cache_forget(e->engine->cache, e->workspace->cache_id, &e->op.record.identities[i]);
}

/* Even when nobody knows whether it is on disk: a forgotten record is read again. */
static void erase_done(struct store_op *op, enum err err)
{
    struct erasure *e = container_of(op, struct erasure, op.op);

    forget_cached(e);
    flight_leave(&e->engine->flights, &e->flight);
    arena_deinit(&e->arena);
    e->done(e, err);
}

static void join(struct erasure *e)
{
    struct flight_key key = flight_key_of_record(e->op.workspace_id, e->op.record_id);

    if (flight_join(&e->engine->flights, &e->flight, &key, 1) == NULL)
        store_erase_record(e->engine->store, &e->op, erase_done);
}

static void join_again(struct later *later)
{
    join(container_of(later, struct erasure, later));
}

static void go_on_after(struct flight *flight)
{
    struct erasure *e = container_of(flight, struct erasure, flight);

    loop_later(e->engine->loop, &e->later);
}

void erasure_start(struct erasure *e)
{
    arena_init(&e->arena, ERASURE_BYTES_MAX);
    flight_init(&e->flight, go_on_after, NULL);
    loop_later_init(&e->later, join_again);
    e->op.workspace_id = e->workspace->id;
    e->op.arena = &e->arena;
    join(e);
}
