/* GET /metrics: what metric.def lists, in Prometheus text. */
#include "api/exchange.h"
#include "base/metric.h"
#include "base/version.h"
#include "providers/health.h"

enum { LAG_EVERY_US = 500000 };

static void see_lag(struct loop_timer *timer)
{
    struct api *api = container_of(timer, struct api, lag_timer);
    uint64_t now_ns = uv_hrtime();

    series_observe(metric_only(METRIC_LOOP_LAG),
                   now_ns > api->lag_due_ns ? (int64_t)((now_ns - api->lag_due_ns) / 1000) : 0);
    api->lag_due_ns = now_ns + (uint64_t)LAG_EVERY_US * 1000;
    loop_timer_start(timer, LAG_EVERY_US);
}

void metrics_start(struct api *api)
{
    api->lag_due_ns = uv_hrtime() + (uint64_t)LAG_EVERY_US * 1000;
    loop_timer_init(api->engine->loop, &api->lag_timer, see_lag);
    loop_timer_start(&api->lag_timer, LAG_EVERY_US);
}

void metrics_stop(struct api *api)
{
    if (api->engine != NULL)
        loop_timer_close(&api->lag_timer, NULL);
}

static void set_gauges(const struct api *api)
{
    const struct engine *engine = api->engine;

    series_set(metric_series(METRIC_BUILD, STR(UNSTUCK_VERSION), STR_NONE), 1);
    series_set(metric_only(METRIC_STORE_QUEUE), (int64_t)store_queue_length(engine->store));
    series_set(metric_only(METRIC_IN_FLIGHT), (int64_t)engine->lookups);
    series_set(metric_only(METRIC_CACHE_BYTES), (int64_t)record_cache_bytes(engine->cache));
    if (api->http != NULL)
        series_set(metric_only(METRIC_CONNECTIONS), (int64_t)http_server_connections(api->http));
}

void metrics_get(struct exchange *x)
{
    set_gauges(x->api);
    health_set_gauges();
    metrics_put(exchange_body(x));
    exchange_respond_as(x, 200, STR("text/plain; version=0.0.4"));
}
