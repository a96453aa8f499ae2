#include "workspace/upkeep.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

static void written(struct store_op *op, enum err err)
{
    struct upkeep *upkeep = container_of(op, struct upkeep, writing.op);

    if (err != ERR_NONE)
        log_write(LOG_WARN, "counters not written", log_text("why", err_slug(err)), LOG_END);
    directory_changes_written(upkeep->directory, &upkeep->writing, err);
    upkeep->is_out = false;
}

/* The one of upkeep_stop: nobody is there any more to be told. */
static void last_written(struct store_op *op, enum err err)
{
    (void)op;
    (void)err;
}

static bool take(struct upkeep *upkeep, struct store_counters *out)
{
    directory_take_changes(upkeep->directory, out);
    return out->day_count + out->use_count != 0;
}

static void tick(struct loop_timer *timer)
{
    struct upkeep *upkeep = container_of(timer, struct upkeep, timer);

    if (!upkeep->is_out && take(upkeep, &upkeep->writing)) {
        upkeep->is_out = true;
        store_put_counters(upkeep->store, &upkeep->writing, written);
    }
    loop_timer_start(&upkeep->timer, SECOND_US);
}

void upkeep_start(struct upkeep *upkeep, struct loop *loop, struct store *store, struct directory *directory)
{
    *upkeep = (struct upkeep){.store = store, .directory = directory, .is_started = true};
    loop_timer_init(loop, &upkeep->timer, tick);
    loop_timer_start(&upkeep->timer, SECOND_US);
}

void upkeep_stop(struct upkeep *upkeep)
{
    if (!upkeep->is_started)
        return;
    loop_timer_close(&upkeep->timer, NULL);
    if (take(upkeep, &upkeep->last))
        store_put_counters(upkeep->store, &upkeep->last, last_written);
}

void upkeep_deinit(struct upkeep *upkeep)
{
    if (!upkeep->is_started)
        return;
    directory_changes_written(upkeep->directory, &upkeep->last, ERR_NONE);
    if (upkeep->is_out)
        directory_changes_written(upkeep->directory, &upkeep->writing, ERR_NONE);
}
