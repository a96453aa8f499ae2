#include "enrich/plan.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "enrich/order.h"

struct forecast {
    bool has_history;
    double odds;     /* that one of those so far hits */
    double expected; /* credits */
    int64_t missed;  /* what a hit costs beside its own price: the misses before it, where they count */
};

/* What the plan of one waterfall is made from. */
struct planning {
    struct engine *engine;
    const struct workspace *workspace;
    const struct question *question;
    const struct order *order; /* NULL: as configured */
    enum channel channel;
    unsigned missing;
    struct evidence_view view;
};

/* A company's providers are asked whatever the ones before them said: `price`
 * is due at any hit. */
static void add_provider(struct forecast *forecast, const struct share *hits, int64_t price, bool is_account,
                         enum charge_policy policy)
{
    double rate = (hits->hits + 1) / (hits->trials + 2);
    double reached = 1 - forecast->odds;

    forecast->has_history |= hits->trials > 0;
    if (is_account)
        forecast->expected += rate * (double)price;
    else
        forecast->expected += reached * rate * (double)(price + forecast->missed);
    forecast->missed += policy == CHARGE_ATTEMPTS ? price : 0;
    forecast->odds += reached * rate;
}

/* Two decimals say enough about a guess. */
static void put_guess(struct buf *out, const char *name, bool is_known, double guess)
{
    json_put_name(out, name);
    if (is_known)
        json_put_ppm(out, (int64_t)(guess * 100 + 0.5) * (PPM_ONE / 100));
    else
        buf_puts(out, "null");
}

static void put_provider(struct buf *out, const struct planning *planning, const struct provider *provider,
                         struct forecast *forecast)
{
    const struct question *question = planning->question;
    struct share hits;

    if (!provider_can_answer(provider, hints_mask(&question->hints), planning->channel) ||
        (provider->channels & planning->missing) == 0)
        return;
    json_put_comma(out);
    json_put_str(out, provider->name);
    hits = evidence_own_hits(&planning->view, provider);
    add_provider(forecast, &hits, provider_price(provider, planning->channel, question->kind == QUESTION_DISCOVER),
                 planning->channel == CHANNEL_ACCOUNT, planning->engine->waterfalls->charge_policy);
}

static struct forecast put_providers(struct buf *out, const struct planning *planning)
{
    const struct waterfall *waterfall = &planning->engine->waterfalls->of[planning->channel];
    const struct channel_order *order = planning->order == NULL ? NULL : &planning->order->of[planning->channel];
    size_t count = order == NULL ? waterfall->count : order->count;
    struct forecast forecast = {.has_history = false};

    json_put_name(out, "providers");
    buf_put_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        size_t at = order == NULL ? i : planning->order->places[order->first + i].provider;

        put_provider(out, planning, waterfall->providers[at], &forecast);
    }
    buf_put_char(out, ']');
    return forecast;
}

static int64_t put_waterfall(struct buf *out, const struct planning *planning, struct forecast *out_forecast)
{
    const struct question *question = planning->question;
    const struct waterfalls *waterfalls = planning->engine->waterfalls;
    int64_t worst = waterfall_worst_credits(
        waterfalls, planning->channel, planning->missing, hints_mask(&question->hints),
        question->kind == QUESTION_DISCOVER,
        order_disabled(planning->workspace, planning->channel, &waterfalls->of[planning->channel]));

    buf_puts(out, "{\"cached\":false");
    *out_forecast = put_providers(out, planning);
    put_guess(out, "expected_credits", out_forecast->has_history, out_forecast->expected);
    json_put_name(out, "worst_credits");
    buf_put_i64(out, worst);
    put_guess(out, "odds", out_forecast->has_history, out_forecast->odds);
    buf_put_char(out, '}');
    return worst;
}

static void put_waterfalls(struct buf *out, struct planning *planning, unsigned cached, int64_t now_us)
{
    const struct question *question = planning->question;
    int64_t worst_sum = 0;
    double expected_sum = 0;
    bool is_all_known = true;

    json_put_name(out, "channels");
    buf_put_char(out, '{');
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        unsigned wanted = question->channels & waterfall_slots((enum channel)i);
        struct forecast forecast;

        if (wanted == 0)
            continue;
        planning->channel = (enum channel)i;
        planning->missing = wanted & ~cached;
        json_put_name(out, channel_name(planning->channel));
        if (planning->missing == 0) {
            buf_puts(out, "{\"cached\":true}");
            continue;
        }
        evidence_look(planning->engine->evidence, planning->workspace->id, planning->channel, SEGMENT_UNKNOWN, now_us,
                      &planning->view);
        worst_sum += put_waterfall(out, planning, &forecast);
        expected_sum += forecast.expected;
        is_all_known &= forecast.has_history;
    }
    buf_put_char(out, '}');
    put_guess(out, "expected_credits", is_all_known, expected_sum);
    json_put_name(out, "worst_credits");
    buf_put_i64(out, worst_sum < question->max_credits ? worst_sum : question->max_credits);
}

void plan_put(struct buf *out, struct engine *engine, const struct workspace *workspace,
              const struct question *question, unsigned cached, struct arena *arena)
{
    const struct order_asking asking = {.engine = engine,
                                        .workspace = workspace,
                                        .hints = hints_mask(&question->hints),
                                        .segment = order_segment(&question->hints),
                                        .channels = question->channels & ~cached,
                                        .is_discovery = question->kind == QUESTION_DISCOVER,
                                        .is_plan = true,
                                        .now_us = clock_wall_us()};
    struct planning planning = {
        .engine = engine, .workspace = workspace, .question = question, .order = order_make(&asking, arena)};

    put_waterfalls(out, &planning, cached, asking.now_us);
}
