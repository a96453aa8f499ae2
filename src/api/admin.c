/* POST /admin/reload: for whoever runs the installation. */
#include "api/exchange.h"
#include "api/reload.h"
#include "base/clock.h"
#include "base/mem.h"

struct reloading {
    struct exchange *x;
    struct reload_wait wait;
};

static void reloaded(struct reload_wait *wait, const struct reload_result *result)
{
    struct reloading *reloading = container_of(wait, struct reloading, wait);
    struct exchange *x = reloading->x;

    mem_free(reloading);
    if (!result->is_loaded) {
        exchange_refuse_with(x, ERR_CONFIGURATION, result->why, result->mistakes, STR_NONE);
        return;
    }
    buf_printf(exchange_body(x), "{\"generation\":%lld,\"providers\":%zu,\"needs_restart\":[%.*s]}",
               (long long)result->generation, result->providers, STR_ARG(result->needs_restart));
    exchange_respond(x, 200);
}

void admin_reload_post(struct exchange *x)
{
    struct reloading *reloading;

    if (!workspace_is_first(x->workspace)) {
        exchange_refuse(x, ERR_FORBIDDEN,
                        "only a key of the installation's first workspace may; or send the process SIGHUP");
        return;
    }
    if (x->api->reloadable == NULL) {
        exchange_refuse(x, ERR_CONFIGURATION, "this server has no configuration that could be read again");
        return;
    }
    reloading = mem_new(sizeof *reloading);
    reloading->x = x;
    reloading->wait.done = reloaded;
    x->api->reloadable->reload(x->api->reloadable, &reloading->wait);
}
