#include "workspace/usage.h"

#include "base/clock.h"
#include "base/mem.h"

#include <uthash.h>

enum { FLUSH_AFTER_US = 1000000 };

struct count_key {
    struct id workspace_id;
    int64_t day;
    const char *endpoint;
};

struct count {
    struct count_key key;
    int64_t requests, replays;
    UT_hash_handle hh;
};

/* On its way to the store. */
struct flush {
    struct list link; /* in the meter's flushes */
    struct usage_meter *meter;
    struct store_usage_add add;
    struct usage_row rows[]; /* the names are endpoints: static texts */
};

struct usage_meter {
    struct loop_timer timer;
    struct store *store;
    struct count *counts; /* uthash by key */
    struct list flushes;
};

static void flush_later(struct loop_timer *timer)
{
    usage_meter_flush(container_of(timer, struct usage_meter, timer));
}

struct usage_meter *usage_meter_new(struct loop *loop, struct store *store)
{
    struct usage_meter *meter = mem_new(sizeof *meter);

    meter->store = store;
    list_init(&meter->flushes);
    loop_timer_init(loop, &meter->timer, flush_later);
    return meter;
}

static void timer_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct usage_meter, timer));
}

static void forget_counts(struct usage_meter *meter)
{
    struct count *count, *next;

    HASH_ITER(hh, meter->counts, count, next)
    {
        HASH_DEL(meter->counts, count);
        mem_free(count);
    }
}

void usage_meter_free(struct usage_meter **meter_at)
{
    struct usage_meter *meter = *meter_at;
    struct list *link;

    if (meter == NULL)
        return;
    forget_counts(meter);
    while ((link = list_take(&meter->flushes)) != NULL)
        mem_free(list_entry(link, struct flush, link));
    loop_timer_close(&meter->timer, timer_closed);
    *meter_at = NULL;
}

static void add(struct usage_meter *meter, const struct count_key *key, int64_t requests, int64_t replays)
{
    struct count *count;

    if (meter->counts == NULL)
        loop_timer_start(&meter->timer, FLUSH_AFTER_US);
    HASH_FIND(hh, meter->counts, key, sizeof *key, count);
    if (count == NULL) {
        count = mem_new(sizeof *count);
        count->key = *key;
        HASH_ADD(hh, meter->counts, key, sizeof *key, count);
    }
    count->requests += requests;
    count->replays += replays;
}

void usage_meter_count(struct usage_meter *meter, struct id workspace_id, const char *endpoint, bool is_replay)
{
    const struct count_key key = {workspace_id, usage_day(clock_wall_us()), endpoint};

    add(meter, &key, 1, is_replay);
}

/* What certainly was not written is counted again; of an unsure commit we would
 * rather lose a second than count it twice. */
static void flush_done(struct store_op *op, enum err err)
{
    struct flush *flush = container_of(op, struct flush, add.op);

    for (size_t i = 0; i < flush->add.count && err == ERR_STORE_DOWN; i++) {
        const struct usage_row *row = &flush->rows[i];
        const struct count_key key = {row->workspace_id, row->day, row->name.ptr};

        add(flush->meter, &key, row->total, row->part);
    }
    list_remove(&flush->link);
    mem_free(flush);
}

void usage_meter_flush(struct usage_meter *meter)
{
    size_t count = HASH_COUNT(meter->counts), at = 0;
    struct flush *flush;

    if (count == 0)
        return;
    loop_timer_stop(&meter->timer);
    flush = mem_new(sizeof *flush + count * sizeof flush->rows[0]);
    flush->meter = meter;
    for (const struct count *each = meter->counts; each != NULL; each = each->hh.next)
        flush->rows[at++] = (struct usage_row){.workspace_id = each->key.workspace_id,
                                               .day = each->key.day,
                                               .subject = USAGE_ENDPOINT,
                                               .name = str_from(each->key.endpoint),
                                               .total = each->requests,
                                               .part = each->replays};
    forget_counts(meter);
    list_init(&flush->link);
    list_append(&meter->flushes, &flush->link);
    flush->add = (struct store_usage_add){.rows = flush->rows, .count = count};
    store_add_usage(meter->store, &flush->add, flush_done);
}
