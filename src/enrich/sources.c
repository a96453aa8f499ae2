#include "enrich/sources.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "credits/ledger.h"
#include "providers/health.h"
#include "providers/kinds.h"

#include <stdio.h>

enum { TIMEOUT_MS_MAX = 600000 };

/* NULL after a report. */
typedef struct provider *make_fn(const struct sources_setup *setup, struct shape *shape);

static void report_place(struct shape *shape, struct provider_place *place)
{
    struct buf pointer;

    buf_init(&pointer, 2048);
    buf_put(&pointer, shape->pointer);
    buf_put(&pointer, buf_str(&place->pointer));
    shape_report(shape->mistakes, buf_str(&pointer), "%s", place->detail.text);
    buf_deinit(&pointer);
}

static struct provider *make_dataset(const struct sources_setup *setup, struct shape *shape)
{
    struct provider_place place = {.detail.text = ""};
    struct provider *provider = NULL;

    buf_init(&place.pointer, 1024);
    if (dataset_provider_new(setup->loop, setup->shelf, shape->object, setup->folder, &provider, &place) != ERR_NONE)
        report_place(shape, &place);
    buf_deinit(&place.pointer);
    return provider;
}

static struct provider *make_http(const struct sources_setup *setup, struct shape *shape)
{
    struct provider *provider = NULL;

    if (http_provider_new(setup->loop, setup->client, shape->object, shape->pointer, setup->folder, &provider,
                          shape->mistakes) != ERR_NONE)
        return NULL;
    if (setup->rules != NULL)
        http_provider_restrict(provider, setup->rules);
    return provider;
}

struct prices {
    int64_t of[WATERFALL_COUNT];
    int64_t discovery[CHANNEL_COUNT];
};

/* A kind and the members of an entry that are its own. */
static const struct {
    const char *name;
    make_fn *make;
    const char *members[5];
} kinds[] = {
    {"dataset", make_dataset, {"file", "columns", "confidence", NULL}},
    {"http", make_http, {"connector", "secrets", "hosts", "limits", NULL}},
};

struct provider *sources_find(const struct sources *sources, struct str name)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (str_is(sources->providers[i]->name, name))
            return sources->providers[i];
    }
    return NULL;
}

/* Begins an object that is a member of `shape`; false when it is absent or no object. */
static bool begin_member(struct shape *inner, struct shape *shape, const char *member, struct buf *pointer)
{
    const json_t *object = shape_any(shape, member);

    if (object == NULL)
        return false;
    buf_put(pointer, shape->pointer);
    buf_printf(pointer, "/%s", member);
    return shape_begin(inner, object, buf_str(pointer), shape->mistakes);
}

/* An object of channel names to credits; `prices` has the defaults. */
static void read_prices(struct shape *shape, const char *member, unsigned count, int64_t *prices)
{
    struct shape inner;
    struct buf pointer;

    buf_init(&pointer, 256);
    if (begin_member(&inner, shape, member, &pointer)) {
        for (unsigned i = 0; i < count; i++)
            shape_int(&inner, channel_name((enum channel)i), 0, CREDITS_MAX / 1000000, &prices[i]);
        shape_end(&inner);
    }
    buf_deinit(&pointer);
}

/* What the configuration says wins over the connector's. */
static void read_limits(struct shape *shape, struct provider_limits *limits)
{
    struct shape inner;
    struct buf pointer;
    int64_t timeout_ms;

    buf_init(&pointer, 256);
    if (begin_member(&inner, shape, "limits", &pointer)) {
        shape_int(&inner, "per_second", 1, PROVIDER_LIMIT_MAX, &limits->per_second);
        shape_int(&inner, "per_minute", 1, PROVIDER_LIMIT_MAX, &limits->per_minute);
        shape_int(&inner, "concurrent", 1, PROVIDER_LIMIT_MAX, &limits->concurrent);
        shape_int(&inner, "polls_per_minute", 1, PROVIDER_LIMIT_MAX, &limits->polls_per_minute);
        if (shape_int(&inner, "timeout_ms", 1, TIMEOUT_MS_MAX, &timeout_ms))
            limits->timeout_us = timeout_ms * MS_US;
        shape_end(&inner);
    }
    buf_deinit(&pointer);
}

static void read_all_prices(struct shape *shape, struct prices *out)
{
    for (size_t i = 0; i < WATERFALL_COUNT; i++)
        out->of[i] = 1;
    read_prices(shape, "prices", WATERFALL_COUNT, out->of);
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        out->discovery[i] = DISCOVERY_FACTOR * out->of[i];
    read_prices(shape, "discovery_prices", CHANNEL_COUNT, out->discovery);
}

static size_t find_kind(struct str name)
{
    size_t i = 0;

    while (i < LEN(kinds) && !str_is(name, str_from(kinds[i].name)))
        i++;
    return i;
}

static void know_members(struct shape *shape, size_t kind)
{
    for (size_t i = 0; kinds[kind].members[i] != NULL; i++)
        shape_any(shape, kinds[kind].members[i]);
}

static struct provider *make(const struct sources_setup *setup, struct shape *shape, size_t kind)
{
    know_members(shape, kind);
    return kinds[kind].make(setup, shape);
}

/* Of no known kind: the slip may be in another member's name, so the rest is read as of any kind. */
static void refuse_kind(struct shape *shape)
{
    struct provider_limits ignored;

    shape_report_member(shape, "kind", "must be \"dataset\" or \"http\"");
    for (size_t i = 0; i < LEN(kinds); i++)
        know_members(shape, i);
    read_limits(shape, &ignored);
    shape_end(shape);
}

static void add_provider(struct sources *sources, struct shape *shape, struct provider *provider)
{
    if (sources->count == PROVIDERS_MAX) {
        shape_report(shape->mistakes, shape->pointer, "is one provider too many; there can be %d", PROVIDERS_MAX);
        provider_free(&provider);
        return;
    }
    sources->providers[sources->count++] = provider;
}

static bool has_connector(const struct shape *shape)
{
    return json_object_get(shape->object, "connector") != NULL;
}

static size_t read_kind(struct shape *shape)
{
    struct str name = STR_NONE;

    if (!shape_str(shape, "kind", 0, 64, &name) && has_connector(shape))
        name = STR("http");
    return find_kind(name);
}

/* What it is called here, or else by its own connector. */
static bool name_provider(const struct sources *sources, struct shape *shape, struct str name,
                          struct provider *provider)
{
    if (name.len != 0) {
        mem_free((char *)provider->name.ptr);
        provider->name = (struct str){mem_copy_text(name.ptr, name.len), name.len};
    }
    if (provider->name.len == 0 || provider->name.len > PROVIDER_NAME_BYTES_MAX) {
        if (has_connector(shape))
            shape_report_member(shape, "name", "is required: the connector has none, or a too long one");
        return false;
    }
    if (sources_find(sources, provider->name) != NULL) {
        shape_report_member(shape, "name", "is %s of an earlier provider too",
                            name.len != 0 ? "the name" : "not given, and the connector's own name is that");
        return false;
    }
    return true;
}

/* What the configuration says (0: nothing), else what the provider takes as it is. */
static void set_timeout(struct provider *provider, int64_t timeout_ms)
{
    if (timeout_ms > 0)
        provider->timeout_us = timeout_ms * MS_US;
    else if (provider->timeout_us == 0)
        provider->timeout_us = CALL_US_DEFAULT;
}

static void read_provider(const struct sources_setup *setup, struct sources *out, struct shape *shape)
{
    struct str name = STR_NONE;
    int64_t timeout_ms = 0;
    struct provider_limits no_limits;
    struct prices prices;
    size_t mistakes_before = shape->mistakes->count;
    struct provider *provider;
    size_t kind;

    if (!shape_str(shape, "name", 1, PROVIDER_NAME_BYTES_MAX, &name) && !has_connector(shape) &&
        mistakes_before == shape->mistakes->count)
        shape_report_member(shape, "name", "is required: what answers will call their source");
    kind = read_kind(shape);
    shape_int(shape, "timeout_ms", 1, TIMEOUT_MS_MAX, &timeout_ms);
    read_all_prices(shape, &prices);
    if (kind == LEN(kinds)) {
        refuse_kind(shape);
        return;
    }
    provider = make(setup, shape, kind);
    read_limits(shape, provider != NULL ? &provider->limits : &no_limits);
    shape_end(shape);
    if (provider == NULL)
        return;
    if (!name_provider(out, shape, name, provider)) {
        provider_free(&provider);
        return;
    }
    set_timeout(provider, timeout_ms);
    memcpy(provider->prices, prices.of, sizeof provider->prices);
    memcpy(provider->discovery_prices, prices.discovery, sizeof provider->discovery_prices);
    health_open(setup->loop, provider);
    add_provider(out, shape, provider);
}

/* "hunter" is short for {"connector": "hunter"}. */
static json_t *whole_entry(const json_t *entry)
{
    if (json_is_string(entry))
        return json_pack("{s:O}", "connector", entry);
    return json_incref((json_t *)(uintptr_t)entry);
}

static void read_providers(const struct sources_setup *setup, const json_t *providers, struct sources *out,
                           struct shape_mistakes *mistakes)
{
    const json_t *entry;
    size_t index;

    if (providers == NULL)
        return;
    if (!json_is_array(providers)) {
        shape_report(mistakes, STR("/providers"), "must be an array, not %s", json_type_word(providers));
        return;
    }
    json_array_foreach(providers, index, entry)
    {
        json_t *whole = whole_entry(entry);
        char pointer[48];
        struct shape shape;

        snprintf(pointer, sizeof pointer, "/providers/%zu", index);
        if (shape_begin(&shape, whole, str_from(pointer), mistakes))
            read_provider(setup, out, &shape);
        json_decref(whole);
    }
}

static void add_provider_at_end(struct sources *out, struct provider **provider)
{
    out->providers[out->count++] = *provider;
    *provider = NULL;
}

static void add_sandbox(const struct sources_setup *setup, struct sources *out, struct shape_mistakes *mistakes)
{
    for (size_t i = 0; i < SANDBOX_PROVIDERS; i++) {
        struct provider_place place = {.detail.text = ""};
        struct provider *provider = NULL;

        buf_init(&place.pointer, 1024);
        if (sandbox_provider_new(setup->loop, i, &provider, &place) != ERR_NONE)
            shape_report(mistakes, STR(""), "the sandbox cannot be loaded: %s", place.detail.text);
        else if (out->count == PROVIDERS_MAX || sources_find(out, provider->name) != NULL)
            shape_report(mistakes, STR("/providers"), "leaves no room or no name for the sandbox's provider");
        else
            add_provider_at_end(out, &provider);
        provider_free(&provider);
        buf_deinit(&place.pointer);
    }
}

/* --- waterfalls ------------------------------------------------------------- */

static bool is_among(const struct provider *provider, struct provider *const *providers, size_t count)
{
    size_t i = 0;

    while (i < count && providers[i] != provider)
        i++;
    return i < count;
}

/* Adds a provider to a waterfall, or says what is wrong with that. */
typedef const char *add_fn(struct waterfall *waterfall, enum channel channel, struct provider *provider);

static const char *add_finder(struct waterfall *waterfall, enum channel channel, struct provider *provider)
{
    if (provider->is_verifier)
        return "names a verifier, which finds nothing: it belongs under \"verifiers\"";
    if (!provider_offers(provider, channel))
        return channel == CHANNEL_ACCOUNT ? "names a provider that has no field of a company"
                                          : "names a provider that does not offer this channel";
    if (is_among(provider, waterfall->providers, waterfall->count))
        return "names a provider twice";
    waterfall_add(waterfall, provider);
    return NULL;
}

static const char *add_verifier(struct waterfall *waterfall, enum channel channel, struct provider *provider)
{
    (void)channel;
    if (!provider->is_verifier)
        return "names a provider that verifies nothing";
    if (is_among(provider, waterfall->verifiers, waterfall->verifier_count))
        return "names a verifier twice";
    if (waterfall->verifier_count == VERIFIERS_MAX)
        return "is one verifier too many";
    waterfall_add_verifier(waterfall, provider);
    return NULL;
}

/* `place`: of the list in the configuration. */
static void read_names(struct sources *out, enum channel channel, const char *place, const json_t *names, add_fn *add,
                       struct shape_mistakes *mistakes)
{
    const json_t *item;
    size_t index;

    if (!json_is_array(names)) {
        shape_report(mistakes, str_from(place), "must be an array of provider names");
        return;
    }
    json_array_foreach(names, index, item)
    {
        const struct provider *found = sources_find(out, json_str(item));
        const char *problem = found == NULL
                                  ? "is not the name of a provider"
                                  : add(&out->waterfalls.of[channel], channel, (struct provider *)(uintptr_t)found);
        char pointer[80];

        snprintf(pointer, sizeof pointer, "%s/%zu", place, index);
        if (problem != NULL)
            shape_report(mistakes, str_from(pointer), "%s", problem);
    }
}

static void add_all_offering(struct sources *out, enum channel channel)
{
    for (size_t i = 0; i < out->count; i++) {
        if (provider_offers(out->providers[i], channel))
            waterfall_add(&out->waterfalls.of[channel], out->providers[i]);
    }
}

static void read_catch_all(struct shape *shape, struct waterfall *waterfall)
{
    static const char *const words[] = {
        [CATCH_ALL_ACCEPT] = "accept", [CATCH_ALL_MISS] = "miss", [CATCH_ALL_VERIFY_NEXT] = "verify_next"};
    struct str word;
    size_t i = 0;

    if (!shape_str(shape, "catch_all", 0, 64, &word))
        return;
    while (i < LEN(words) && !str_is(word, str_from(words[i])))
        i++;
    if (i == LEN(words))
        shape_report_member(shape, "catch_all", "must be \"accept\", \"miss\" or \"verify_next\"");
    else if (waterfall->verifier_count == 0)
        shape_report_member(shape, "catch_all", "says what a verifier's word means: name \"verifiers\" too");
    else
        waterfall_set_catch_all(waterfall, (enum catch_all)i);
}

static void read_verifiers(struct sources *out, struct shape *shape, enum channel channel)
{
    const json_t *verifiers = shape_any(shape, "verifiers");
    char place[64];

    if (verifiers == NULL)
        return;
    snprintf(place, sizeof place, "%.*s/verifiers", STR_ARG(shape->pointer));
    if (channel == CHANNEL_WORK_EMAIL || channel == CHANNEL_PERSONAL_EMAIL)
        read_names(out, channel, place, verifiers, add_verifier, shape->mistakes);
    else
        shape_report_member(shape, "verifiers", "are of e-mails only");
}

/* {"providers": […], "verifiers": […], "catch_all": …}, none of them required. */
static void read_waterfall_object(struct sources *out, enum channel channel, const char *place, const json_t *object,
                                  struct shape_mistakes *mistakes)
{
    const json_t *providers;
    struct shape shape;
    char inner[64];

    if (!shape_begin(&shape, object, str_from(place), mistakes))
        return;
    snprintf(inner, sizeof inner, "%s/providers", place);
    providers = shape_any(&shape, "providers");
    if (providers == NULL)
        add_all_offering(out, channel);
    else
        read_names(out, channel, inner, providers, add_finder, mistakes);
    read_verifiers(out, &shape, channel);
    read_catch_all(&shape, &out->waterfalls.of[channel]);
    shape_end(&shape);
}

static void read_waterfall(struct sources *out, struct shape *shape, enum channel channel)
{
    const json_t *value = shape_any(shape, channel_name(channel));
    char place[48];

    snprintf(place, sizeof place, "/waterfalls/%s", channel_name(channel));
    if (value == NULL)
        add_all_offering(out, channel);
    else if (json_is_object(value))
        read_waterfall_object(out, channel, place, value, shape->mistakes);
    else if (json_is_array(value))
        read_names(out, channel, place, value, add_finder, shape->mistakes);
    else
        shape_report_member(shape, channel_name(channel), "must be an array of provider names, or an object");
}

static void read_waterfalls(const json_t *waterfalls, struct sources *out, struct shape_mistakes *mistakes)
{
    json_t *none = json_object();
    struct shape shape;

    if (shape_begin(&shape, waterfalls != NULL ? waterfalls : none, STR("/waterfalls"), mistakes)) {
        for (unsigned i = 0; i < WATERFALL_COUNT; i++)
            read_waterfall(out, &shape, (enum channel)i);
        shape_end(&shape);
    }
    json_decref(none);
}

enum err sources_read(const struct sources_setup *setup, const json_t *providers, const json_t *waterfalls,
                      struct sources *out, struct shape_mistakes *mistakes)
{
    *out = (struct sources){.count = 0};
    read_providers(setup, providers, out, mistakes);
    if (setup->with_sandbox)
        add_sandbox(setup, out, mistakes);
    read_waterfalls(waterfalls, out, mistakes);
    return mistakes->count == 0 ? ERR_NONE : ERR_INVALID;
}

void sources_deinit(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        provider_free(&sources->providers[i]);
    *sources = (struct sources){.count = 0};
}
