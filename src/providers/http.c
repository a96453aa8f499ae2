/* A provider that a connector describes: build, call, read. */
#include "providers/kinds.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/shape.h"
#include "providers/connector.h"
#include "providers/connector_file.h"
#include "providers/template.h"

#include <stdio.h>

enum { REQUEST_BYTES_MAX = 512 * 1024 };

struct http_provider {
    struct provider provider;
    struct loop *loop;
    struct http_client *client;
    struct connector *connector;
    struct secret secrets[SECRETS_MAX];
    struct str secret_texts[SECRETS_MAX]; /* the same, as connector_build wants them */
    struct list askings;                  /* of struct asking: the calls under way */
};

/* One call under way. On the heap and not in the asker's arena: thousands of
 * lookups may wait for their second provider, and need the first one's no more. */
struct asking {
    struct list link;
    struct http_call http;
    struct provider_call *call;
    struct http_provider *provider;
};

static struct http_provider *http_provider_of(struct provider *provider)
{
    return container_of(provider, struct http_provider, provider);
}

/* --- asking --- */

static enum outcome read_answer(struct asking *asking)
{
    struct provider_call *call = asking->call;
    struct connector_answer answer = {.status = asking->http.status, .body = buf_str(&asking->http.answer)};

    return connector_read(asking->provider->connector, &answer, call->channels, call->arena, call->values);
}

static void ask_done(struct http_call *http)
{
    struct asking *asking = container_of(http, struct asking, http);
    struct provider_call *call = asking->call;

    if (http->result == HTTP_CALL_ANSWERED)
        call->outcome = read_answer(asking);
    else
        call->outcome = http->result == HTTP_CALL_TIMEOUT ? OUTCOME_TIMEOUT : OUTCOME_ERROR;
    if (log_is_on(LOG_DEBUG))
        log_write(LOG_DEBUG, "provider answered", log_str("provider", asking->provider->provider.name),
                  log_num("status", http->status), log_text("outcome", outcome_name(call->outcome)),
                  log_text("error", http->error), LOG_END);
    http_call_deinit(http);
    list_remove(&asking->link);
    mem_free(asking);
    call->done(call);
}

static void start_call(struct http_provider *provider, struct provider_call *call, struct connector_request *request)
{
    struct asking *asking = mem_new(sizeof *asking);

    list_append(&provider->askings, &asking->link);
    asking->call = call;
    asking->provider = provider;
    asking->http = (struct http_call){
        .method = request->method,
        .url = request->url,
        .headers = request->headers,
        .body = request->body,
        .timeout_us = call->timeout_us,
        .answer_bytes_max = CONNECTOR_ANSWER_BYTES_MAX,
        .done = ask_done,
    };
    http_client_start(provider->client, &asking->http);
    connector_request_wipe(request);
}

static void ask(struct provider *provider, struct provider_call *call)
{
    struct http_provider *http_provider = http_provider_of(provider);
    struct connector_request request;
    struct err_detail why = {"the request is too large"};
    struct arena arena; /* of the request: the client copies it */

    arena_init(&arena, REQUEST_BYTES_MAX);
    if (connector_build(http_provider->connector, call->hints, http_provider->secret_texts, &arena, &request, &why)) {
        start_call(http_provider, call, &request);
    } else {
        log_write(LOG_WARN, "request not built", log_str("provider", provider->name), log_text("why", why.text),
                  LOG_END);
        provider_call_end(http_provider->loop, call, OUTCOME_ERROR);
    }
    arena_deinit(&arena);
}

static void http_provider_free(struct provider *provider)
{
    struct http_provider *http_provider = http_provider_of(provider);
    struct list *link;

    while ((link = list_take(&http_provider->askings)) != NULL)
        mem_free(list_entry(link, struct asking, link));
    connector_free(&http_provider->connector);
    for (size_t i = 0; i < SECRETS_MAX; i++)
        secret_deinit(&http_provider->secrets[i]);
    mem_free(http_provider);
}

static const struct provider_kind http_kind = {.name = "http", .ask = ask, .free = http_provider_free};

/* --- configuration --- */

static enum err mistake_at(struct provider_place *place, const char *member, const char *sentence)
{
    buf_put_char(&place->pointer, '/');
    buf_put(&place->pointer, str_from(member));
    err_explain(&place->detail, "%s", sentence);
    return ERR_INVALID;
}

/* "/pointer: detail" of a connector inside the configuration. */
static void place_first(struct provider_place *place, struct str first)
{
    buf_put(&place->pointer, str_cut(&first, ':'));
    err_explain(&place->detail, "%.*s", STR_ARG(str_trim_start(first)));
}

static struct str copy(struct str s)
{
    return s.len == 0 ? STR_NONE : (struct str){mem_copy_text(s.ptr, s.len), s.len};
}

/* Mistakes inside the file are told with their place in the file; the place in
 * the configuration is the path. */
static enum err compile_doc(const json_t *doc, struct str path, struct connector **out_connector,
                            struct provider_place *place)
{
    struct shape_mistakes mistakes;
    enum err err;

    shape_mistakes_init(&mistakes);
    err = connector_compile(doc, out_connector, &mistakes);
    if (err != ERR_NONE && path.len != 0)
        err_explain(&place->detail, "%.*s, at %.300s", (int)(path.len < 150 ? path.len : 150), path.ptr,
                    mistakes.first.text);
    else if (err != ERR_NONE)
        place_first(place, str_from(mistakes.first.text));
    shape_mistakes_deinit(&mistakes);
    return err;
}

static enum err load_connector(struct http_provider *provider, const json_t *value, struct str folder,
                               struct provider_place *place)
{
    struct str word = json_str(value);
    json_t *doc = NULL;
    enum err err = ERR_NONE;

    if (!json_is_object(value) && word.len == 0)
        return mistake_at(place, "connector",
                          "must be the name of a built-in connector, the path of a file, or the connector itself");
    buf_puts(&place->pointer, "/connector");
    if (json_is_object(value))
        doc = json_incref((json_t *)(uintptr_t)value);
    else
        err = connector_find(word, folder, &doc, &place->detail);
    if (err == ERR_NONE)
        err = compile_doc(doc, word, &provider->connector, place);
    if (err == ERR_NONE)
        provider->provider.name = copy(json_str(json_object_get(doc, "name")));
    json_decref(doc);
    return err;
}

static bool is_used(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(name, names[i]))
            return true;
    }
    return false;
}

static enum err check_secret_names(const json_t *secrets, const struct str *names, size_t count,
                                   struct provider_place *place)
{
    const char *name;
    json_t *value;

    if (secrets != NULL && !json_is_object(secrets))
        return mistake_at(place, "secrets", "must be an object of references, like {\"key\": {\"env\": \"ACME_KEY\"}}");
    json_object_foreach((json_t *)(uintptr_t)secrets, name, value)
    {
        if (is_used(str_from(name), names, count))
            continue;
        buf_puts(&place->pointer, "/secrets/");
        json_put_pointer_token(&place->pointer, str_from(name));
        err_explain(&place->detail, "The connector does not use this secret%s%.*s%s",
                    count > 0 ? "; it uses {secret." : "", count > 0 ? (int)names[0].len : 0,
                    count > 0 ? names[0].ptr : "", count > 0 ? "}" : "");
        return ERR_INVALID;
    }
    return ERR_NONE;
}

static enum err load_secret(struct http_provider *provider, size_t i, struct str name, const json_t *secrets,
                            struct str folder, struct provider_place *place)
{
    char text[SECRET_NAME_BYTES_MAX + 1];
    const json_t *reference;
    enum err err;

    snprintf(text, sizeof text, "%.*s", STR_ARG(name));
    reference = json_object_get(secrets, text);
    if (reference == NULL)
        err_explain(&place->detail, "The connector uses {secret.%s}: add it, like {\"env\": \"NAME\"}", text);
    err = reference == NULL ? ERR_INVALID : secret_read(reference, folder, &provider->secrets[i], &place->detail);
    if (err != ERR_NONE) {
        buf_printf(&place->pointer, "/secrets/%s", text);
        return err;
    }
    provider->secret_texts[i] = secret_str(&provider->secrets[i]);
    return ERR_NONE;
}

static enum err load_secrets(struct http_provider *provider, const json_t *secrets, struct str folder,
                             struct provider_place *place)
{
    const struct str *names;
    size_t count = connector_secret_names(provider->connector, &names);
    enum err err = check_secret_names(secrets, names, count, place);

    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        err = load_secret(provider, i, names[i], secrets, folder, place);
    return err;
}

static void read_needs(struct http_provider *provider)
{
    unsigned needs[CONNECTOR_NEEDS_MAX];

    provider->provider.needs_count = connector_needs(provider->connector, needs);
    for (size_t i = 0; i < provider->provider.needs_count; i++)
        provider->provider.needs[i] = (struct need){needs[i], provider->provider.channels};
}

static enum err load(struct http_provider *provider, const json_t *entry, struct str folder,
                     struct provider_place *place)
{
    size_t mark = place->pointer.len;
    enum err err = load_connector(provider, json_object_get(entry, "connector"), folder, place);

    if (err != ERR_NONE)
        return err;
    place->pointer.len = mark; /* that was right; on to the secrets */
    place->pointer.ptr[mark] = '\0';
    return load_secrets(provider, json_object_get(entry, "secrets"), folder, place);
}

enum err http_provider_new(struct loop *loop, struct http_client *client, const json_t *entry, struct str folder,
                           struct provider **out_provider, struct provider_place *place)
{
    struct http_provider *provider = mem_new(sizeof *provider);
    enum err err = load(provider, entry, folder, place);

    list_init(&provider->askings);
    provider->loop = loop;
    provider->client = client;
    if (err != ERR_NONE) {
        mem_free((char *)(uintptr_t)provider->provider.name.ptr);
        http_provider_free(&provider->provider);
        return err;
    }
    provider->provider.kind = &http_kind;
    provider->provider.channels = connector_channels(provider->connector);
    read_needs(provider);
    *out_provider = &provider->provider;
    return ERR_NONE;
}
