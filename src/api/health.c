/* GET /health, GET /ready: for whoever restarts us and whoever sends us work. */
#include "api/exchange.h"

void health_get(struct exchange *x)
{
    buf_puts(exchange_body(x), "{\"status\":\"ok\"}");
    exchange_respond(x, 200);
}

void ready_get(struct exchange *x)
{
    if (x->api->is_stopping) {
        exchange_refuse(x, ERR_SHUTTING_DOWN, NULL);
    } else if (!store_is_healthy(x->api->engine->store)) {
        exchange_refuse(x, ERR_STORE_DOWN, "the last write failed; check the data folder's disk");
    } else {
        buf_puts(exchange_body(x), "{\"status\":\"ready\"}");
        exchange_respond(x, 200);
    }
}
