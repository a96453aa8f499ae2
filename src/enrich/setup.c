#include "enrich/setup.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "enrich/engine.h"
#include "providers/health.h"

#define LOOK_EVERY_US (200 * MS_US)

/* Setups that nobody uses and that are busy. */
static struct list waiting = {&waiting, &waiting};

static void timer_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct setup, timer));
}

static void free_setup(struct setup *setup)
{
    list_remove(&setup->link);
    sources_deinit(&setup->sources);
    loop_timer_close(&setup->timer, timer_closed);
}

static bool is_busy(const struct setup *setup)
{
    for (size_t i = 0; i < setup->sources.count; i++) {
        if (provider_is_busy(setup->sources.providers[i]))
            return true;
    }
    return false;
}

static void look(struct loop_timer *timer)
{
    struct setup *setup = container_of(timer, struct setup, timer);

    if (is_busy(setup))
        loop_timer_start(timer, LOOK_EVERY_US);
    else
        free_setup(setup);
}

struct setup *setup_new(struct loop *loop)
{
    struct setup *setup = mem_new(sizeof *setup);

    setup->number = 1;
    setup->users = 1;
    list_init(&setup->link);
    loop_timer_init(loop, &setup->timer, look);
    return setup;
}

struct setup *setup_take(struct setup *setup)
{
    if (setup != NULL)
        setup->users++;
    return setup;
}

void setup_give_back(struct setup **setup_at)
{
    struct setup *setup = *setup_at;

    if (setup == NULL)
        return;
    check(setup->users > 0);
    *setup_at = NULL;
    if (--setup->users > 0)
        return;
    list_append(&waiting, &setup->link);
    look(&setup->timer);
}

void setups_end(void)
{
    list_each(link, following, &waiting)
    {
        free_setup(list_entry(link, struct setup, link));
    }
}

void setup_use(struct setup *setup, struct engine *engine)
{
    struct setup *before = engine->setup;

    engine->setup = setup;
    engine->waterfalls = &setup->sources.waterfalls;
    setup_give_back(&before);
}
