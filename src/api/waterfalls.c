/* GET and PUT /waterfalls/{channel}: who is asked for a channel, in which order, and why. */
#include "api/exchange.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shape.h"
#include "enrich/order.h"
#include "providers/health.h"

#include <stdio.h>

enum { PLACES_BYTES_MAX = 64 * 1024 };

/* --- telling --------------------------------------------------------------- */

/* A waterfall on its way to an answer. */
struct showing {
    struct exchange *x;
    enum channel channel;
    struct evidence_wait wait;
};

/* What all its places are told from. */
struct scene {
    struct engine *engine;
    const struct workspace *workspace;
    enum channel channel;
    const struct waterfall *waterfall;
    const struct wish *wish;   /* NULL: none */
    const struct order *order; /* NULL: as configured */
    uint64_t disabled;
    bool is_learned;
    struct evidence_view view;
    struct contender drawn[PROVIDERS_MAX];
};

static void put_rate(struct buf *out, const char *name, const struct beta *beta, double times)
{
    double low, high;

    beta_interval(beta, &low, &high);
    json_put_name(out, name);
    buf_puts(out, "{\"mean\":");
    json_put_decimal(out, times * beta_mean(beta));
    buf_puts(out, ",\"low\":");
    json_put_decimal(out, times * low);
    buf_puts(out, ",\"high\":");
    json_put_decimal(out, times * high);
    buf_put_char(out, '}');
}

static void put_count(struct buf *out, const char *name, int64_t count)
{
    json_put_name(out, name);
    buf_put_i64(out, count);
}

static void put_bool(struct buf *out, const char *name, bool is_so)
{
    json_put_name(out, name);
    buf_put(out, str_from(is_so ? "true" : "false"));
}

static void put_draw(struct buf *out, const struct scene *scene, size_t provider)
{
    const struct contender *drawn = &scene->drawn[provider];

    json_put_name(out, "draw");
    if (!scene->is_learned || (scene->wish != NULL && scene->wish->is_deterministic)) {
        buf_puts(out, "null");
        return;
    }
    buf_puts(out, "{\"hit_rate\":");
    json_put_decimal(out, drawn->hit_rate);
    buf_puts(out, ",\"reply_rate\":");
    json_put_decimal(out, drawn->reply_rate);
    buf_puts(out, ",\"index\":");
    json_put_decimal(out, drawn->index);
    buf_put_char(out, '}');
}

/* What a company's providers find is not written to. */
static void put_worth(struct buf *out, const struct scene *scene, size_t provider, const struct contender *expected)
{
    if (scene->channel == CHANNEL_ACCOUNT) {
        buf_puts(out, ",\"reply_rate\":null,\"index\":null,\"draw\":null");
        return;
    }
    put_rate(out, "reply_rate", &expected->beliefs.reply, beta_mean(&expected->beliefs.arrive));
    json_put_name(out, "index");
    json_put_decimal(out, expected->index);
    put_draw(out, scene, provider);
}

static void put_evidence(struct buf *out, const struct scene *scene, size_t number)
{
    const struct provider *provider = scene->waterfall->providers[number];
    const struct evidence_sum sum = evidence_own_sum(&scene->view, provider);
    const struct contender expected = order_contender(scene->engine, scene->channel, provider, false, &scene->view);

    put_count(out, "attempts", sum.count[EVIDENCE_ASKED]);
    put_count(out, "hits", sum.count[EVIDENCE_HIT]);
    put_rate(out, "hit_rate", &expected.beliefs.hit, 1);
    put_count(out, "delivered", sum.count[EVIDENCE_DELIVERED]);
    put_count(out, "bounced", sum.count[EVIDENCE_BOUNCED]);
    put_count(out, "replied", sum.count[EVIDENCE_REPLIED]);
    put_worth(out, scene, number, &expected);
}

static bool is_pinned(const struct scene *scene, struct str name)
{
    for (size_t i = 0; scene->wish != NULL && i < scene->wish->pinned_count; i++) {
        if (str_is(scene->wish->names[i], name))
            return true;
    }
    return false;
}

/* `rank` 0: is never asked. */
static void put_place(struct buf *out, const struct scene *scene, size_t number, size_t rank)
{
    const struct provider *provider = scene->waterfall->providers[number];
    struct health_view health;

    health_describe(provider, &health);
    json_put_comma(out);
    if (rank == 0)
        buf_puts(out, "{\"rank\":null");
    else
        buf_printf(out, "{\"rank\":%zu", rank);
    json_put_name(out, "provider");
    json_put_str(out, provider->name);
    put_count(out, "price", provider_price(provider, scene->channel, false));
    if (scene->channel != CHANNEL_ACCOUNT)
        put_count(out, "discovery_price", provider_price(provider, scene->channel, true));
    buf_printf(out, ",\"state\":\"%s\",\"state_detail\":", health.state);
    json_put_str(out, str_from(health.sentence));
    put_bool(out, "pinned", rank != 0 && is_pinned(scene, provider->name));
    put_bool(out, "disabled", rank == 0);
    put_evidence(out, scene, number);
    buf_put_char(out, '}');
}

/* In the order of what is expected; then those who are never asked. */
static void put_places(struct buf *out, const struct scene *scene)
{
    size_t count = scene->order == NULL ? scene->waterfall->count : scene->order->of[scene->channel].count;

    json_put_name(out, "places");
    buf_put_char(out, '[');
    for (size_t i = 0; i < count; i++)
        put_place(out, scene,
                  scene->order == NULL ? i : scene->order->places[scene->order->of[scene->channel].first + i].provider,
                  i + 1);
    for (size_t i = 0; i < scene->waterfall->count; i++) {
        if (set_has_provider(scene->disabled, i))
            put_place(out, scene, i, 0);
    }
    buf_put_char(out, ']');
}

static void put_scene(struct buf *out, const struct scene *scene)
{
    buf_printf(out, "{\"channel\":\"%s\",\"order\":\"%s\"", channel_name(scene->channel),
               scene->is_learned ? "learned" : "configured");
    put_bool(out, "deterministic", scene->wish != NULL && scene->wish->is_deterministic);
    put_places(out, scene);
    if (scene->order != NULL && scene->order->of[scene->channel].count == 0)
        buf_puts(out, ",\"warning\":\"every provider of this waterfall is disabled: nothing is looked for\"");
    buf_put_char(out, '}');
}

/* What a lookup would draw now. */
static void draw(struct scene *scene)
{
    struct chance chance;

    chance_seed(&chance, chance_next(&scene->engine->chance));
    for (size_t i = 0; i < scene->waterfall->count; i++)
        scene->drawn[i] =
            order_contender(scene->engine, scene->channel, scene->waterfall->providers[i], false, &scene->view);
    ranking_draw(scene->drawn, scene->waterfall->count, &scene->engine->ranking.policy, &chance);
}

/* As for a person of whom everything is known but where the company is. */
static void respond_waterfall(struct exchange *x, enum channel channel)
{
    struct engine *engine = x->api->engine;
    const struct order_asking asking = {.engine = engine,
                                        .workspace = x->workspace,
                                        .hints = (1u << HINT_COUNT) - 1,
                                        .segment = SEGMENT_UNKNOWN,
                                        .channels = waterfall_slots(channel),
                                        .is_plan = true,
                                        .now_us = clock_wall_us()};
    struct scene scene = {.engine = engine,
                          .workspace = x->workspace,
                          .channel = channel,
                          .waterfall = &engine->waterfalls->of[channel],
                          .wish = x->workspace->wishes == NULL ? NULL : x->workspace->wishes->of[channel]};
    struct arena arena;

    arena_init(&arena, PLACES_BYTES_MAX);
    scene.order = order_make(&asking, &arena);
    scene.disabled = order_disabled(x->workspace, channel, scene.waterfall);
    evidence_look(engine->evidence, x->workspace->id, channel, SEGMENT_UNKNOWN, asking.now_us, &scene.view);
    scene.is_learned = order_is_learned(engine, channel, &scene.view);
    draw(&scene);
    put_scene(exchange_body(x), &scene);
    arena_deinit(&arena);
    exchange_respond(x, 200);
}

static void evidence_known(struct evidence_wait *wait, enum err err)
{
    struct showing *showing = container_of(wait, struct showing, wait);

    if (err == ERR_NONE)
        respond_waterfall(showing->x, showing->channel);
    else
        exchange_refuse(showing->x, err, NULL);
    mem_free(showing);
}

static void show(struct exchange *x, enum channel channel)
{
    struct showing *showing = mem_new(sizeof *showing);

    *showing = (struct showing){.x = x, .channel = channel, .wait.go_on = evidence_known};
    if (evidence_know(x->api->engine->evidence, x->workspace->id, &showing->wait))
        evidence_known(&showing->wait, ERR_NONE);
}

static bool read_channel(struct exchange *x, enum channel *out_channel)
{
    if (waterfall_from(x->id, out_channel))
        return true;
    exchange_refuse(x, ERR_NOT_FOUND,
                    "there is no such waterfall; there are work_email, personal_email, phone, linkedin_url, account");
    return false;
}

void waterfall_get(struct exchange *x)
{
    enum channel channel;

    if (read_channel(x, &channel))
        show(x, channel);
}

/* --- wishing ----------------------------------------------------------------- */

struct wishing {
    struct exchange *x;
    enum channel channel;
    struct wish *wish; /* NULL: nothing (any more) */
    struct buf text;
    struct store_wish op;
};

struct names {
    struct str of[PROVIDERS_MAX];
    size_t count;
};

static bool has_name(const struct names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (str_is(names->of[i], name))
            return true;
    }
    return false;
}

static bool is_provider(const struct waterfall *waterfall, struct str name)
{
    for (size_t i = 0; i < waterfall->count; i++) {
        if (str_is(waterfall->providers[i]->name, name))
            return true;
    }
    return false;
}

/* NULL: it is right. */
static const char *problem_with(const struct waterfall *waterfall, const json_t *item, const struct names *so_far,
                                const struct names *others)
{
    struct str name = json_str(item);

    if (!json_is_string(item))
        return "must be a provider's name";
    if (!is_provider(waterfall, name))
        return "is not the name of a provider of this waterfall; GET it for their names";
    if (has_name(so_far, name))
        return "is named twice";
    return has_name(others, name) ? "is pinned: it cannot be disabled too" : NULL;
}

static void read_names(struct shape *shape, const char *member, const struct waterfall *waterfall,
                       const struct names *others, struct names *out)
{
    const json_t *list = shape_any(shape, member);
    const json_t *item;
    size_t index;

    if (list == NULL)
        return;
    if (!json_is_array(list)) {
        shape_report_member(shape, member, "must be an array of providers' names, not %s", json_type_word(list));
        return;
    }
    json_array_foreach(list, index, item)
    {
        const char *problem = problem_with(waterfall, item, out, others);
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/%s/%zu", member, index);
        if (problem != NULL)
            shape_report(shape->mistakes, str_from(pointer), "%s", problem);
        else
            out->of[out->count++] = json_str(item);
    }
}

/* NULL with mistakes, or when nothing is wished. */
static struct wish *read_wish(const json_t *doc, const struct waterfall *waterfall, struct shape_mistakes *mistakes)
{
    struct names pinned = {.count = 0}, disabled = {.count = 0};
    bool is_deterministic = false, is_reset = false;
    struct shape shape;

    if (!shape_begin(&shape, doc, STR(""), mistakes))
        return NULL;
    read_names(&shape, "pinned", waterfall, &disabled, &pinned);
    read_names(&shape, "disabled", waterfall, &pinned, &disabled);
    shape_bool(&shape, "deterministic", &is_deterministic);
    if (shape_bool(&shape, "reset", &is_reset) && is_reset && json_object_size(doc) > 1)
        shape_report_member(&shape, "reset", "stands alone: it takes all wishes back");
    shape_end(&shape);
    if (mistakes->count != 0 || (pinned.count + disabled.count == 0 && !is_deterministic))
        return NULL;
    return wish_new(pinned.of, pinned.count, disabled.of, disabled.count, is_deterministic);
}

static void wish_written(struct store_op *op, enum err err)
{
    struct wishing *wishing = container_of(op, struct wishing, op.op);
    struct exchange *x = wishing->x;

    if (err == ERR_NONE) {
        workspace_set_wish(x->workspace, wishing->channel, wishing->wish);
        show(x, wishing->channel);
    } else {
        exchange_refuse(x, err, NULL);
        mem_free(wishing->wish);
    }
    buf_deinit(&wishing->text);
    mem_free(wishing);
}

static void write_wish(struct exchange *x, enum channel channel, struct wish *wish)
{
    struct wishing *wishing = mem_new(sizeof *wishing);

    wishing->x = x;
    wishing->channel = channel;
    wishing->wish = wish;
    buf_init(&wishing->text, PLACES_BYTES_MAX);
    if (wish != NULL)
        wish_put(&wishing->text, wish);
    wishing->op =
        (struct store_wish){.workspace_id = x->workspace->id, .channel = channel, .text = buf_str(&wishing->text)};
    store_put_wish(x->api->engine->store, &wishing->op, wish_written);
}

void waterfall_put(struct exchange *x)
{
    struct shape_mistakes mistakes;
    enum channel channel;
    struct wish *wish;
    json_t *doc;

    if (!read_channel(x, &channel))
        return;
    if (!exchange_read_json(x, &doc))
        return;
    shape_mistakes_init(&mistakes);
    wish = read_wish(doc, &x->api->engine->waterfalls->of[channel], &mistakes);
    if (mistakes.count != 0)
        exchange_refuse_with(x, ERR_INVALID, mistakes.first.text, buf_str(&mistakes.json), STR_NONE);
    else
        write_wish(x, channel, wish);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
}
