#include "workspace/renewal.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct renewal {
    struct store_renewal op;
    struct workspace *workspace;
    struct hold hold; /* on what may expire: nobody spends it meanwhile */
    bool is_out;
    bool is_unsure; /* it may be on disk: the hold stays until that is known */
    struct list waiting;
};

enum { TRY_AGAIN_US = 1000000 };

static void let_go_on(struct list *waiting)
{
    struct list *link;

    while ((link = list_take(waiting)) != NULL) {
        struct renewal_wait *wait = list_entry(link, struct renewal_wait, link);

        wait->go_on(wait);
    }
}

static void succeed(struct renewal *r)
{
    struct workspace *workspace = r->workspace;

    hold_renew(&workspace->account, &r->hold, r->op.balance);
    workspace->bucket.renewed = r->op.month;
    workspace->renews_at_us = bucket_renews_at(&workspace->bucket);
    workspace->renewal = NULL;
    mem_free(r);
}

static void fail(struct renewal *r, enum err err)
{
    struct workspace *workspace = r->workspace;

    log_write(LOG_ERROR, "month's credits not renewed", log_text("why", err_slug(err)), LOG_END);
    r->is_unsure = r->is_unsure || err == ERR_STORE_UNSURE;
    workspace->renews_at_us = r->op.at_us + TRY_AGAIN_US;
    if (!r->is_unsure)
        hold_release(&workspace->account, &r->hold);
}

static void renewed(struct store_op *op, enum err err)
{
    struct renewal *r = container_of(op, struct renewal, op.op);
    struct list waiting;

    r->is_out = false;
    list_init(&waiting);
    list_move_all(&waiting, &r->waiting);
    if (err == ERR_NONE)
        succeed(r);
    else
        fail(r, err);
    let_go_on(&waiting);
}

static void start(struct store *store, struct renewal *r, int64_t now_us)
{
    struct workspace *workspace = r->workspace;
    struct account *account = &workspace->account;

    if (!workspace->bucket.carries_over && !r->hold.is_open)
        check(hold_open(account, account_available(account), &r->hold) == ERR_NONE);
    r->op = (struct store_renewal){.workspace_id = workspace->id,
                                   .month = bucket_month(&workspace->bucket, now_us),
                                   .credits_max = CREDITS_MAX,
                                   .expire_max = r->hold.credits,
                                   .at_us = now_us,
                                   .seal = ledger_seal};
    r->op.credits = bucket_credits(&workspace->bucket, r->op.month);
    r->is_out = true;
    store_renew(store, &r->op, renewed);
}

static struct renewal *renewal_of(struct workspace *workspace)
{
    struct renewal *r = workspace->renewal;

    if (r != NULL)
        return r;
    r = mem_new(sizeof *r);
    r->workspace = workspace;
    list_init(&r->waiting);
    workspace->renewal = r;
    return r;
}

void renewal_join(struct store *store, struct workspace *workspace, int64_t now_us, struct renewal_wait *wait)
{
    struct renewal *r = renewal_of(workspace);

    check(renewal_is_due(workspace, now_us));
    list_append(&r->waiting, &wait->link);
    if (!r->is_out)
        start(store, r, now_us);
}
