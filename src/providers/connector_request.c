/* Building requests. */
#include "providers/connector_parts.h"

#include "base/check.h"

#include <sodium.h>

/* What a request is built from. */
struct building {
    const struct connector *connector;
    const struct request *request;
    const struct connector_settings *settings;
    const struct template_values *values;
    const char **why;
};

static bool refuse(const char **out_why, const char *why)
{
    *out_why = why;
    return false;
}

/* --- URL --- */

static bool is_authority(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(text.ptr[i]) && (text.ptr[i] == '\0' || strchr(".-:[]", text.ptr[i]) == NULL))
            return false;
    }
    return text.len > 0;
}

/* What is wrong with it; NULL: nothing. */
static const char *fault_of_host(struct str url)
{
    size_t scheme = str_starts(url, STR("https://")) ? 8 : str_starts(url, STR("http://")) ? 7 : 0;
    struct str path = str_from_at(url, scheme);
    struct str authority = str_cut(&path, '/');

    if (scheme == 0)
        return "must be an absolute URL: https://… (or http://…)";
    if (url.len > CONNECTOR_URL_TEMPLATE_BYTES_MAX)
        return "is too long";
    if (!is_authority(authority) || authority.ptr[0] == ':')
        return "must have a host, and no user or password";
    for (size_t i = 0; i < path.len; i++) {
        if (!char_is_alnum(path.ptr[i]) && (path.ptr[i] == '\0' || strchr("-._~!$&'()*+,;=:@/%", path.ptr[i]) == NULL))
            return "must have no query, no fragment, and nothing to fill in";
    }
    if (str_ends(url, STR("/")) || path_has_dots(path))
        return "must not end with a slash, nor have \".\" or \"..\" in its path";
    return NULL;
}

bool connector_check_host(struct str url, struct err_detail *detail)
{
    const char *fault = fault_of_host(url);

    if (fault != NULL)
        err_explain(detail, "%s", fault);
    return fault == NULL;
}

/* Dots in an operator's host are his; those of values are not. */
static bool put_address(const struct building *building, struct buf *out)
{
    const struct url *url = &building->request->url;
    size_t start;

    if (url->host >= 0) {
        buf_put(out, building->settings->hosts[url->host]);
    } else {
        buf_put(out, url->scheme);
        template_put(out, &url->authority, building->values);
        if (!is_authority(str_from_at(buf_str(out), url->scheme.len)))
            return refuse(building->why, "the secret in the URL's host is no host name");
    }
    start = out->len;
    if (template_has_absent(&url->path, building->values))
        return refuse(building->why, "a value in the URL's path is not there");
    template_put_url(out, &url->path, building->values, true);
    return !path_has_dots(str_from_at(buf_str(out), start)) ||
           refuse(building->why, "a value of dots cannot be put into the URL's path");
}

/* Those that are there, each with `separator` before it; the next one's is &. */
static void put_params(const struct building *building, const struct params *params, char separator, struct buf *out)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct param *param = &params->items[i];

        if (template_is_absent(&param->value, building->values))
            continue;
        if (separator != '\0')
            buf_put_char(out, separator);
        buf_put(out, param->name);
        template_put_url(out, &param->value, building->values, param->is_encoded);
        separator = '&';
    }
}

static bool put_url(const struct building *building, struct buf *out)
{
    if (!put_address(building, out))
        return false;
    put_params(building, &building->request->query, '?', out);
    return !out->is_overflown || refuse(building->why, "the URL gets too long");
}

/* --- headers --- */

/* False when the text since `start` cannot stand in a header. */
static bool end_header(struct buf *out, size_t start)
{
    for (size_t i = start; i < out->len; i++) {
        if ((unsigned char)out->ptr[i] < 0x20 || out->ptr[i] == 0x7f)
            return false;
    }
    buf_puts(out, "\r\n");
    return true;
}

static bool put_header(const struct building *building, const struct header *header, struct buf *out)
{
    size_t start = out->len;

    if (template_is_absent(&header->value, building->values))
        return true;
    buf_put(out, header->name);
    buf_puts(out, ": ");
    template_put(out, &header->value, building->values);
    return end_header(out, start);
}

static void put_basic(const struct building *building, struct buf *out)
{
    const struct basic *basic = building->connector->basic;
    char encoded[2 * CONNECTOR_HEADER_BYTES_MAX];
    struct buf text;

    buf_init(&text, CONNECTOR_HEADER_BYTES_MAX);
    template_put(&text, &basic->user, building->values);
    buf_put_char(&text, ':');
    template_put(&text, &basic->password, building->values);
    out->is_overflown |= text.is_overflown;
    sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)text.ptr, text.len,
                      sodium_base64_VARIANT_ORIGINAL);
    buf_printf(out, "Authorization: Basic %s\r\n", encoded);
    sodium_memzero(encoded, sizeof encoded);
    sodium_memzero(text.ptr, text.len);
    buf_deinit(&text);
}

static bool put_headers(const struct building *building, struct buf *out)
{
    const struct request *request = building->request;

    for (size_t i = 0; i < request->headers.count; i++) {
        if (!put_header(building, &request->headers.items[i], out))
            return refuse(building->why, "a value with a line break or control byte cannot be put into a header");
    }
    if (building->connector->basic != NULL && !request->has_authorization)
        put_basic(building, out);
    if (!request->has_accept)
        buf_puts(out, "Accept: application/json\r\n");
    if (!request->has_user_agent)
        buf_puts(out, "User-Agent: unstuck\r\n");
    if (!request->has_content_type && request->body != NULL)
        buf_puts(out, "Content-Type: application/json\r\n");
    if (!request->has_content_type && request->has_form)
        buf_puts(out, "Content-Type: application/x-www-form-urlencoded\r\n");
    return !out->is_overflown || refuse(building->why, "the headers get too long");
}

/* --- body --- */

/* One body in the making. `text` is for strings of several parts. */
struct body {
    struct buf *out;
    struct buf text;
    const struct template_values *values;
};

static bool put_node(struct body *body, const struct node *node);

static void put_text(struct body *body, const struct template *template)
{
    buf_clear(&body->text);
    template_put(&body->text, template, body->values);
    if (body->text.is_overflown)
        body->out->is_overflown = true;
    else if (template_is_json(template, body->values))
        buf_put(body->out, buf_str(&body->text));
    else
        json_put_str(body->out, buf_str(&body->text));
}

static void cut_back(struct buf *out, size_t len)
{
    if (out->len > len) {
        out->len = len;
        out->ptr[len] = '\0';
    }
}

/* False when nothing is left of what had members. */
static bool put_children(struct body *body, const struct node *node)
{
    bool is_empty = node->children_count > 0;

    for (size_t i = 0; i < node->children_count; i++) {
        const struct node *child = &node->children[i];
        size_t start = body->out->len;

        if (child->name != NULL)
            json_put_name(body->out, child->name);
        else
            json_put_comma(body->out);
        if (put_node(body, child))
            is_empty = false;
        else
            cut_back(body->out, start);
    }
    return !is_empty;
}

/* False when it is to be left out. */
static bool put_node(struct body *body, const struct node *node)
{
    bool is_left = true;

    switch (node->kind) {
    case NODE_CONSTANT:
        buf_put(body->out, node->constant);
        break;
    case NODE_TEXT:
        if (template_is_absent(&node->text, body->values))
            return false;
        put_text(body, &node->text);
        break;
    case NODE_OBJECT:
        buf_put_char(body->out, '{');
        is_left = put_children(body, node);
        buf_put_char(body->out, '}');
        break;
    case NODE_ARRAY:
        buf_put_char(body->out, '[');
        is_left = put_children(body, node);
        buf_put_char(body->out, ']');
        break;
    }
    return is_left;
}

static bool put_body(const struct building *building, struct buf *out)
{
    const struct request *request = building->request;
    struct body body = {.out = out, .values = building->values};

    if (request->has_form)
        put_params(building, &request->form, '\0', out);
    if (request->body != NULL) {
        buf_init(&body.text, CONNECTOR_BODY_BYTES_MAX);
        put_node(&body, request->body); /* the body itself stays, even when empty */
        if (body.text.ptr != NULL)
            sodium_memzero(body.text.ptr, body.text.capacity);
        buf_deinit(&body.text);
    }
    return !out->is_overflown || refuse(building->why, "the body gets too large");
}

/* --- the whole --- */

static struct str move_to(struct arena *arena, struct buf *text)
{
    struct str kept = text->len == 0 ? STR_NONE : arena_keep(arena, buf_str(text));

    if (text->ptr != NULL)
        sodium_memzero(text->ptr, text->capacity);
    buf_deinit(text);
    return kept;
}

bool request_build(const struct connector *connector, const struct request *request,
                   const struct connector_settings *settings, const struct template_values *values, struct arena *arena,
                   struct connector_request *out_request, const char **out_why)
{
    struct building building = {connector, request, settings, values, out_why};
    struct connector_request built = {.method = request->is_post ? STR("POST") : STR("GET"),
                                      .is_repeatable = request->is_repeatable};
    struct buf url, headers, body;
    bool is_built;

    buf_init(&url, CONNECTOR_URL_BYTES_MAX);
    buf_init(&headers, CONNECTOR_HEADER_BYTES_MAX);
    buf_init(&body, CONNECTOR_BODY_BYTES_MAX);
    is_built = put_url(&building, &url) && put_headers(&building, &headers) && put_body(&building, &body);
    built.url = move_to(arena, &url);
    built.headers = move_to(arena, &headers);
    built.body = move_to(arena, &body);
    if (!is_built || arena->is_full) {
        connector_request_wipe(&built);
        return is_built ? refuse(out_why, "there is no memory left for this request") : false;
    }
    *out_request = built;
    return true;
}

static void wipe(struct str *text)
{
    if (text->len > 0)
        sodium_memzero((char *)(uintptr_t)text->ptr, text->len);
    *text = STR_NONE;
}

void connector_request_wipe(struct connector_request *request)
{
    wipe(&request->url);
    wipe(&request->headers);
    wipe(&request->body);
}
