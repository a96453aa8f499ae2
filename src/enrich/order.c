#include "enrich/order.h"

#include "base/check.h"
#include "base/json.h"
#include "base/log.h"

_Static_assert((int)CONTENDERS_MAX >= (int)PROVIDERS_MAX, "a waterfall can be ranked");

/* One channel's order in the making. */
struct making {
    const struct order_asking *asking;
    enum channel channel;
    const struct waterfall *waterfall;
    const struct wish *wish; /* NULL: none */
    uint64_t disabled;
    uint64_t placed; /* who has a place */
    struct order_place places[PROVIDERS_MAX];
    uint8_t count;
    enum order_kind kind;
};

uint8_t order_segment(const struct hints *hints)
{
    struct str domain = hints->of[HINT_COMPANY_DOMAIN];

    return domain.len != 0 ? segment_of_domain(domain) : segment_of_email(hints->of[HINT_EMAIL]);
}

/* --- wishes ------------------------------------------------------------------- */

static const struct wish *wish_of(const struct workspace *workspace, enum channel channel)
{
    return workspace->wishes == NULL ? NULL : workspace->wishes->of[channel];
}

uint64_t order_disabled(const struct workspace *workspace, enum channel channel, const struct waterfall *waterfall)
{
    const struct wish *wish = wish_of(workspace, channel);
    uint64_t disabled = 0;

    for (size_t i = 0; wish != NULL && i < waterfall->count; i++)
        disabled |= (uint64_t)wish_disables(wish, waterfall->providers[i]->name) << i;
    return disabled;
}

static void place(struct making *making, size_t provider, struct order_place with)
{
    check(making->count < PROVIDERS_MAX);
    if (set_has_provider(making->placed | making->disabled, provider))
        return;
    with.provider = (uint8_t)provider;
    making->placed |= UINT64_C(1) << provider;
    making->places[making->count++] = with;
}

static void place_pinned(struct making *making)
{
    const struct order_place unranked = {.is_ranked = false};

    for (size_t i = 0; making->wish != NULL && i < making->wish->pinned_count; i++) {
        for (size_t k = 0; k < making->waterfall->count; k++) {
            if (str_is(making->waterfall->providers[k]->name, making->wish->names[i]))
                place(making, k, unranked);
        }
    }
}

static void place_rest(struct making *making)
{
    const struct order_place unranked = {.is_ranked = false};

    for (size_t i = 0; i < making->waterfall->count; i++) {
        if (!set_has_provider(making->placed | making->disabled, i))
            place(making, i, unranked);
    }
}

/* --- ranking ------------------------------------------------------------------ */

bool order_is_learned(const struct engine *engine, enum channel channel, const struct evidence_view *view)
{
    int64_t enough = engine->ranking.reports_min;

    return engine->ranking.is_learned && channel < CHANNEL_COUNT &&
           (evidence_own_reports(view) >= enough || evidence_all_reports(view) >= REPORTS_OF_OTHERS * enough);
}

struct contender order_contender(const struct engine *engine, enum channel channel, const struct provider *provider,
                                 bool is_discovery, const struct evidence_view *view)
{
    struct contender contender = {.price = (double)provider_price(provider, channel, is_discovery),
                                  .seconds = evidence_seconds(engine->evidence, provider)};

    evidence_believe(view, provider, &contender.beliefs);
    ranking_expect(&contender, 1, &engine->ranking.policy);
    return contender;
}

/* Those who can be asked and have no place yet: their number, and who they are. */
static size_t gather(const struct making *making, const struct evidence_view *view, struct contender *contenders,
                     uint8_t *out_providers)
{
    const struct order_asking *asking = making->asking;
    size_t count = 0;

    for (size_t i = 0; i < making->waterfall->count; i++) {
        const struct provider *provider = making->waterfall->providers[i];

        if (set_has_provider(making->placed | making->disabled, i) ||
            !provider_can_answer(provider, asking->hints, making->channel))
            continue;
        out_providers[count] = (uint8_t)i;
        contenders[count++] = order_contender(asking->engine, making->channel, provider, asking->is_discovery, view);
    }
    return count;
}

/* May these contenders be drawn in this order? What it is expected to lose
 * against the best known one is paid from a budget: a share of what all lookups
 * of the channel so far were worth. */
static bool may_explore(const struct making *making, const struct contender *expected, const uint8_t *best,
                        const uint8_t *drawn, size_t count)
{
    const struct order_asking *asking = making->asking;
    const struct ranking_settings *settings = &asking->engine->ranking;
    struct exploration *so_far = evidence_exploration(asking->engine->evidence, asking->workspace->id, making->channel);
    struct ranking_value value = ranking_value(expected, best, count, &settings->policy);
    double lost = value.net - ranking_value(expected, drawn, count, &settings->policy).net;

    if (so_far == NULL)
        return false;
    so_far->worth += value.gross;
    if (so_far->spent + lost > settings->exploration * so_far->worth)
        return false;
    so_far->spent += lost;
    return true;
}

/* Draws an order and takes it, if it may. */
static bool explore(const struct making *making, const struct contender *expected, const uint8_t *best, size_t count,
                    struct chance *chance, struct contender *out_drawn, uint8_t *out_order)
{
    if (making->asking->is_plan || (making->wish != NULL && making->wish->is_deterministic))
        return false;
    memcpy(out_drawn, expected, count * sizeof *out_drawn);
    ranking_draw(out_drawn, count, &making->asking->engine->ranking.policy, chance);
    ranking_sort(out_drawn, count, out_order);
    return may_explore(making, expected, best, out_order, count);
}

static void place_ranked(struct making *making, const struct evidence_view *view, struct chance *chance)
{
    struct contender expected[CONTENDERS_MAX], drawn[CONTENDERS_MAX];
    uint8_t providers[CONTENDERS_MAX], best[CONTENDERS_MAX], tried[CONTENDERS_MAX];
    size_t count = gather(making, view, expected, providers);
    bool is_drawn;

    ranking_sort(expected, count, best);
    is_drawn = explore(making, expected, best, count, chance, drawn, tried);
    making->kind = is_drawn ? ORDER_DRAWN : ORDER_EXPECTED;
    for (size_t i = 0; i < count; i++) {
        size_t at = is_drawn ? tried[i] : best[i];
        const struct contender *contender = is_drawn ? &drawn[at] : &expected[at];

        place(making, providers[at],
              (struct order_place){.is_ranked = true,
                                   .index = (float)contender->index,
                                   .hit_rate = (float)contender->hit_rate,
                                   .reply_rate = (float)contender->reply_rate});
    }
}

/* --- the whole ----------------------------------------------------------------- */

static void make_channel(struct making *making, const struct order_asking *asking, enum channel channel,
                         struct chance *chance)
{
    struct evidence_view view;

    *making = (struct making){.asking = asking,
                              .channel = channel,
                              .waterfall = &asking->engine->waterfalls->of[channel],
                              .wish = wish_of(asking->workspace, channel),
                              .kind = ORDER_CONFIGURED};
    making->disabled = order_disabled(asking->workspace, channel, making->waterfall);
    evidence_look(asking->engine->evidence, asking->workspace->id, channel, asking->segment, asking->now_us, &view);
    place_pinned(making);
    if (order_is_learned(asking->engine, channel, &view))
        place_ranked(making, &view, chance);
    place_rest(making);
}

static bool is_as_configured(const struct making *making)
{
    return making->kind == ORDER_CONFIGURED && wish_is_nothing(making->wish);
}

static struct order *copy(const struct making *makings, struct arena *arena)
{
    struct order *order;
    size_t places = 0;

    for (size_t i = 0; i < WATERFALL_COUNT; i++)
        places += makings[i].count;
    order = arena_alloc(arena, sizeof *order + places * sizeof order->places[0]);
    if (order == NULL)
        return NULL;
    places = 0;
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        const struct making *making = &makings[i];

        order->of[i] =
            (struct channel_order){.first = (uint16_t)places, .count = making->count, .kind = (uint8_t)making->kind};
        if (making->waterfall != NULL)
            order->of[i].fingerprint = waterfall_fingerprint(making->waterfall, making->disabled);
        memcpy(&order->places[places], making->places, making->count * sizeof order->places[0]);
        places += making->count;
    }
    return order;
}

const struct order *order_make(const struct order_asking *asking, struct arena *arena)
{
    struct making makings[WATERFALL_COUNT];
    struct chance chance;
    struct order *order;
    uint64_t seed = asking->is_plan ? 0 : chance_next(&asking->engine->chance);
    bool is_configured = true;

    chance_seed(&chance, seed);
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        makings[i].count = 0;
        makings[i].waterfall = NULL;
        makings[i].kind = ORDER_CONFIGURED;
        if ((asking->channels & waterfall_slots((enum channel)i)) == 0)
            continue;
        make_channel(&makings[i], asking, (enum channel)i, &chance);
        is_configured &= is_as_configured(&makings[i]);
    }
    if (is_configured)
        return NULL;
    order = copy(makings, arena);
    if (order != NULL)
        order->seed = seed;
    return order;
}

/* "B 3.2 (0.5 0.06) A 1.1 (0.9 0.02)": index, and the rates it is made of. */
static void put_channel(struct buf *out, const struct order *order, const struct waterfalls *waterfalls, size_t channel)
{
    const struct channel_order *of = &order->of[channel];

    for (size_t i = of->first; i < (size_t)of->first + of->count; i++) {
        const struct order_place *at = &order->places[i];

        if (out->len != 0)
            buf_put_char(out, ' ');
        buf_put(out, waterfalls->of[channel].providers[at->provider]->name);
        if (at->is_ranked)
            buf_printf(out, " %.4g (%.4g %.4g)", (double)at->index, (double)at->hit_rate, (double)at->reply_rate);
    }
}

void order_log(const struct order *order, const struct waterfalls *waterfalls, const char *request_id)
{
    static const char *const kinds[] = {
        [ORDER_CONFIGURED] = "configured", [ORDER_EXPECTED] = "expected", [ORDER_DRAWN] = "drawn"};
    struct buf text;

    if (order == NULL || !log_is_on(LOG_DEBUG))
        return;
    buf_init(&text, 16 * 1024);
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        buf_clear(&text);
        put_channel(&text, order, waterfalls, i);
        if (order->of[i].count != 0)
            log_write(LOG_DEBUG, "ordered", log_text("request_id", request_id),
                      log_text("channel", channel_name((enum channel)i)), log_text("kind", kinds[order->of[i].kind]),
                      log_str("order", buf_str(&text)), LOG_END);
    }
    buf_deinit(&text);
}
