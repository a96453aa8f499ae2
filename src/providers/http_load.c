/* A provider from its entry in the configuration: the connector, and what the
 * operator says to it. A key that is missing does not stop the server: the
 * provider is there, and says why it cannot be asked. */
#include "providers/http_parts.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tree.h"
#include "providers/connector_file.h"
#include "providers/kinds.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_SHOWN_MAX = 150 };

/* One entry while it is read. */
struct loading {
    struct http_provider *provider;
    const json_t *entry;
    struct str folder;
    struct str pointer; /* of the entry */
    struct shape_mistakes *mistakes;
};

static void report_at(const struct loading *loading, const char *member, struct str name, const char *sentence)
{
    struct buf pointer;

    buf_init(&pointer, 1024);
    buf_put(&pointer, loading->pointer);
    buf_printf(&pointer, "/%s", member);
    if (name.len > 0) {
        buf_put_char(&pointer, '/');
        json_put_pointer_token(&pointer, name);
    }
    shape_report(loading->mistakes, buf_str(&pointer), "%s", sentence);
    buf_deinit(&pointer);
}

/* The first reason why it cannot be asked stays. */
static void make_unusable(const struct loading *loading, const char *why)
{
    struct provider *provider = &loading->provider->provider;

    if (provider->unusable == NULL)
        provider->unusable = mem_copy_text(why, strlen(why));
}

/* --- the connector --- */

/* Of a connector inside the configuration with its place there; of a file with the place in the file. */
static void report_mistake(const struct loading *loading, struct str path, const json_t *mistake)
{
    struct str place = json_str(json_object_get(mistake, "pointer"));
    struct str detail = json_str(json_object_get(mistake, "detail"));
    struct buf text;

    buf_init(&text, 1024);
    if (path.len > 0) {
        buf_put(&text, path);
        if (place.len > 0)
            buf_printf(&text, ", at \"%.*s\"", STR_ARG(place));
        buf_printf(&text, ": %.*s", STR_ARG(detail));
        report_at(loading, "connector", STR_NONE, text.ptr);
    } else {
        buf_put(&text, loading->pointer);
        buf_puts(&text, "/connector");
        buf_put(&text, place);
        shape_report(loading->mistakes, buf_str(&text), "%.*s", STR_ARG(detail));
    }
    buf_deinit(&text);
}

static bool compile(const struct loading *loading, const json_t *doc, struct str path)
{
    struct shape_mistakes mistakes;
    json_t *list = NULL;
    bool is_right;

    shape_mistakes_init(&mistakes);
    is_right = connector_compile(doc, &loading->provider->connector, &mistakes) == ERR_NONE;
    if (!is_right)
        check(json_read(buf_str(&mistakes.json), &list, NULL) == ERR_NONE);
    for (size_t i = 0; i < json_array_size(list); i++)
        report_mistake(loading, path, json_array_get(list, i));
    json_decref(list);
    shape_mistakes_deinit(&mistakes);
    return is_right;
}

static void report_word(const struct loading *loading, struct str word, const char *why)
{
    struct buf text;

    buf_init(&text, 2048);
    if (connector_is_path(word))
        buf_printf(&text, "%.*s ", (int)(word.len < PATH_SHOWN_MAX ? word.len : PATH_SHOWN_MAX), word.ptr);
    buf_put(&text, str_from(why));
    report_at(loading, "connector", STR_NONE, text.ptr);
    buf_deinit(&text);
}

static bool load_connector(const struct loading *loading)
{
    const json_t *value = json_object_get(loading->entry, "connector");
    struct str word = json_str(value);
    struct err_detail detail = {""};
    json_t *doc = NULL;
    bool is_right;

    if (json_is_object(value)) {
        doc = json_incref((json_t *)(uintptr_t)value);
    } else if (word.len == 0) {
        report_at(loading, "connector", STR_NONE,
                  "must be the name of a built-in connector, the path of a file, or the connector itself");
    } else if (connector_find(word, loading->folder, &doc, &detail) != ERR_NONE) {
        report_word(loading, word, detail.text);
    }
    is_right = doc != NULL && compile(loading, doc, word);
    json_decref(doc);
    return is_right;
}

/* --- names that the configuration gives --- */

static void report_unknown(const struct loading *loading, const char *member, struct str name, struct str known)
{
    char text[160];

    if (known.len > 0)
        snprintf(text, sizeof text, "The connector does not use this; it uses \"%.*s\"", STR_ARG(known));
    else
        snprintf(text, sizeof text, "The connector does not use this");
    report_at(loading, member, name, text);
}

/* --- secrets --- */

static size_t find_secret(const struct connector *connector, struct str name)
{
    const struct connector_secret *secrets;
    size_t count = connector_secrets(connector, &secrets), i = 0;

    while (i < count && !str_is(secrets[i].name, name))
        i++;
    return i;
}

static void check_secret_names(const struct loading *loading, const json_t *object)
{
    const struct connector_secret *secrets;
    size_t count = connector_secrets(loading->provider->connector, &secrets);
    const char *name;
    json_t *value;

    if (object != NULL && !json_is_object(object))
        report_at(loading, "secrets", STR_NONE,
                  "must be an object of references, like {\"key\": {\"env\": \"ACME_KEY\"}}");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (find_secret(loading->provider->connector, str_from(name)) == count)
            report_unknown(loading, "secrets", str_from(name), count > 0 ? secrets[0].name : STR_NONE);
    }
}

/* {"env": NAME} of a variable that is not set, or empty. */
static const char *unset_variable(const json_t *reference)
{
    const char *name = json_string_value(json_object_get(reference, "env"));
    const char *value;

    if (name == NULL || json_object_size(reference) != 1)
        return NULL;
    value = getenv(name);
    return value == NULL || value[0] == '\0' ? name : NULL;
}

/* {"env": NAME} or {"file": PATH}: what it names is the operator's to mend, and no mistake of the configuration. */
static bool is_reference(const json_t *value)
{
    return json_object_size(value) == 1 &&
           (json_is_string(json_object_get(value, "env")) || json_is_string(json_object_get(value, "file")));
}

static void load_secret(const struct loading *loading, size_t i, const struct connector_secret *secret,
                        const json_t *reference)
{
    struct http_provider *provider = loading->provider;
    const char *unset = unset_variable(reference);
    struct err_detail detail = {""};
    char why[128];

    if (unset != NULL) {
        snprintf(why, sizeof why, "%.64s is not set in the environment", unset);
        make_unusable(loading, why);
    } else if (secret_read(reference, loading->folder, &provider->secrets[i], &detail) != ERR_NONE) {
        if (is_reference(reference))
            make_unusable(loading, detail.text);
        else
            report_at(loading, "secrets", secret->name, detail.text);
    }
    provider->settings.secrets[i] = secret_str(&provider->secrets[i]);
}

static void load_secrets(const struct loading *loading)
{
    const json_t *object = json_object_get(loading->entry, "secrets");
    const struct connector_secret *secrets;
    size_t count = connector_secrets(loading->provider->connector, &secrets);

    check_secret_names(loading, object);
    for (size_t i = 0; i < count; i++) {
        json_t *given = json_object_getn(object, secrets[i].name.ptr, secrets[i].name.len);
        json_t *by_default = NULL;

        if (given == NULL && secrets[i].env.len > 0)
            by_default = json_pack("{s:s%}", "env", secrets[i].env.ptr, secrets[i].env.len);
        if (given == NULL && by_default == NULL)
            report_at(loading, "secrets", secrets[i].name,
                      "The connector uses this secret: add it, like {\"env\": \"NAME\"}");
        else
            load_secret(loading, i, &secrets[i], given != NULL ? given : by_default);
        json_decref(by_default);
    }
}

/* --- hosts --- */

static void check_host_names(const struct loading *loading, const json_t *object)
{
    const struct connector_host *hosts;
    size_t count = connector_hosts(loading->provider->connector, &hosts);
    const char *name;
    json_t *value;

    if (object != NULL && !json_is_object(object))
        report_at(loading, "hosts", STR_NONE,
                  "must be an object of URLs, like {\"api\": \"https://acme.internal/v1\"}");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t i = 0;

        while (i < count && !str_is(hosts[i].name, str_from(name)))
            i++;
        if (i == count)
            report_unknown(loading, "hosts", str_from(name), count > 0 ? hosts[0].name : STR_NONE);
    }
}

static void load_host(const struct loading *loading, size_t i, const struct connector_host *host, const json_t *given)
{
    struct http_provider *provider = loading->provider;
    struct err_detail detail = {""};
    struct str url = json_str(given);
    char why[128];

    while (str_ends(url, STR("/")))
        url.len--;
    if (given == NULL && host->url.len == 0) {
        snprintf(why, sizeof why, "its host \"%.*s\" is not in the configuration", STR_ARG(host->name));
        make_unusable(loading, why);
    } else if (given != NULL && !connector_check_host(url, &detail)) {
        report_at(loading, "hosts", host->name, detail.text);
    } else if (given != NULL) {
        provider->hosts[i] = mem_copy_text(url.ptr, url.len);
    }
    provider->settings.hosts[i] = provider->hosts[i] != NULL ? str_from(provider->hosts[i]) : host->url;
}

static void load_hosts(const struct loading *loading)
{
    const json_t *object = json_object_get(loading->entry, "hosts");
    const struct connector_host *hosts;
    size_t count = connector_hosts(loading->provider->connector, &hosts);

    check_host_names(loading, object);
    for (size_t i = 0; i < count; i++)
        load_host(loading, i, &hosts[i], json_object_getn(object, hosts[i].name.ptr, hosts[i].name.len));
}

/* --- limits --- */

/* Their mistakes are not told here: whoever reads an entry reads the limits of every kind, and tells them once. */
static void load_limits(const struct loading *loading)
{
    struct provider_limits *limits = &loading->provider->provider.limits;
    const json_t *object = json_object_get(loading->entry, "limits");
    int64_t timeout_ms = limits->timeout_us / 1000;
    struct shape_mistakes told_elsewhere;
    struct shape shape;

    if (object == NULL)
        return;
    shape_mistakes_init(&told_elsewhere);
    if (shape_begin(&shape, object, STR_NONE, &told_elsewhere)) {
        shape_int(&shape, "per_second", 1, PROVIDER_LIMIT_MAX, &limits->per_second);
        shape_int(&shape, "per_minute", 1, PROVIDER_LIMIT_MAX, &limits->per_minute);
        shape_int(&shape, "concurrent", 1, PROVIDER_LIMIT_MAX, &limits->concurrent);
        shape_int(&shape, "polls_per_minute", 1, PROVIDER_LIMIT_MAX, &limits->polls_per_minute);
        shape_int(&shape, "timeout_ms", 1, CONNECTOR_MS_MAX, &timeout_ms);
    }
    limits->timeout_us = timeout_ms * 1000;
    shape_mistakes_deinit(&told_elsewhere);
}

/* --- the whole --- */

static void tell(struct http_provider *provider)
{
    const struct connector_about *about = connector_about(provider->connector);
    struct provider *told = &provider->provider;

    told->kind = &http_kind;
    if (about->name.len > 0)
        told->name = (struct str){mem_copy_text(about->name.ptr, about->name.len), about->name.len};
    told->channels = about->slots;
    memcpy(told->needs, about->needs, about->needs_count * sizeof *told->needs);
    told->needs_count = about->needs_count;
    told->is_verifier = about->is_verifier;
    told->has_check = about->has_check;
    told->limits = about->limits;
    told->timeout_us = about->call_us;
}

static void load(const struct loading *loading)
{
    struct http_provider *provider = loading->provider;
    struct err_detail detail = {""};

    if (!load_connector(loading))
        return;
    if (tree_load(&detail) != ERR_NONE)
        report_at(loading, "connector", STR_NONE, detail.text);
    tell(provider);
    load_secrets(loading);
    load_hosts(loading);
    load_limits(loading);
    provider->settings.timeout_us = provider->provider.limits.timeout_us;
}

enum err http_provider_new(struct loop *loop, struct http_client *client, const json_t *entry, struct str pointer,
                           struct str folder, struct provider **out_provider, struct shape_mistakes *mistakes)
{
    struct http_provider *provider = mem_new(sizeof *provider);
    struct provider *made = &provider->provider;
    struct loading loading = {provider, entry, folder, pointer, mistakes};
    size_t mistakes_before = mistakes->count;

    provider->loop = loop;
    provider->client = client;
    provider->provider.kind = &http_kind;
    list_init(&provider->askings);
    load(&loading);
    if (mistakes->count > mistakes_before) {
        provider_free(&made);
        return ERR_INVALID;
    }
    *out_provider = made;
    return ERR_NONE;
}
