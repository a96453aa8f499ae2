/* Compiling requests: URL, query, headers, body, form. */
#include "providers/connector_compiler.h"

#include "base/check.h"

enum { PARAM_NAME_BYTES_MAX = 128, HEADER_NAME_BYTES_MAX = 128 };

/* --- URL --- */

bool path_has_dots(struct str path)
{
    while (path.len > 0) {
        struct str segment = str_cut(&path, '/');

        if (str_is(segment, STR(".")) || str_is(segment, STR("..")))
            return true;
    }
    return false;
}

static bool is_url_byte(char c)
{
    return char_is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?%[]{}", c) != NULL);
}

/* Between braces anything goes: the template says what. */
static bool check_url_text(struct compiler *c, struct str url)
{
    bool in_place = false;

    if (url.len > CONNECTOR_URL_TEMPLATE_BYTES_MAX)
        return mistake(c, "must have at most %d bytes", CONNECTOR_URL_TEMPLATE_BYTES_MAX);
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] == '#')
            return mistake(c, "must have no fragment (#): it is never sent");
        if (!in_place && !is_url_byte(url.ptr[i]))
            return mistake(c, "byte %zu does not belong into a URL: percent-encode it", i + 1);
        if (url.ptr[i] == '{' && i + 1 < url.len && url.ptr[i + 1] == '{')
            return mistake(c, "a brace in a URL is written %%7B");
        in_place = url.ptr[i] == '{' || (in_place && url.ptr[i] != '}');
    }
    return true;
}

/* It decides who gets the secrets. */
static bool compile_authority(struct compiler *c, struct str text, struct url *url)
{
    struct template_scope scope = c->scope;
    bool is_right;

    if (text.len == 0 || text.ptr[0] == ':')
        return mistake(c, "has no host");
    if (str_find(text, '@') != text.len)
        return mistake(c, "must have no user or password before the host: use \"auth\", a header or the query");
    c->scope = (struct template_scope){.secrets = scope.secrets, .has_hints = scope.has_hints};
    is_right = compile_template_text(c, text, &url->authority);
    c->scope = scope;
    for (size_t i = 0; is_right && i < url->authority.count; i++) {
        if (url->authority.parts[i].kind != PART_TEXT && url->authority.parts[i].kind != PART_SECRET)
            return mistake(c, "the host must not depend on a hint: it decides who gets the secrets");
    }
    return is_right;
}

static bool compile_path(struct compiler *c, struct str text, struct url *url)
{
    if (path_has_dots(text))
        return mistake(c, "the path must have no \".\" or \"..\"");
    if (!compile_template_text(c, text, &url->path))
        return false;
    for (size_t i = 0; c->way != NULL && i < c->way->needs_count; i++) {
        if (!template_is_certain(&url->path, c->way->needs[i]))
            return mistake(c, "the path uses a value that number %zu of \"needs\" does not promise", i);
    }
    return true;
}

/* Encoded, with its "=". */
static bool put_param_name(struct compiler *c, struct str name, struct param *param)
{
    struct buf encoded;

    if (name.len == 0 || name.len > PARAM_NAME_BYTES_MAX)
        return mistake(c, "must have a name of 1 to %d bytes", PARAM_NAME_BYTES_MAX);
    buf_init(&encoded, 3 * PARAM_NAME_BYTES_MAX + 2);
    put_percent_encoded(&encoded, name);
    buf_put_char(&encoded, '=');
    param->name = arena_keep(&c->connector->arena, buf_str(&encoded));
    buf_deinit(&encoded);
    return param->name.len > 0 || too_large(c);
}

static struct param *add_param(struct compiler *c, struct params *params)
{
    if (params->items == NULL)
        params->items = keep_bytes(c, CONNECTOR_PARAMS_MAX * sizeof *params->items);
    if (params->items == NULL)
        return NULL;
    if (params->count == CONNECTOR_PARAMS_MAX) {
        mistake(c, "must have at most %d parameters, those of the URL and of the connector too", CONNECTOR_PARAMS_MAX);
        return NULL;
    }
    return &params->items[params->count++];
}

static bool compile_url_param(struct compiler *c, struct str text, struct params *params)
{
    struct param *param = add_param(c, params);
    size_t equals = str_find(text, '=');

    if (param == NULL)
        return false;
    if (equals < text.len) {
        param->name = (struct str){text.ptr, equals + 1};
        text = str_from_at(text, equals + 1);
    }
    param->is_encoded = true;
    if (str_find(param->name, '{') != param->name.len)
        return mistake(c, "the name of a query parameter cannot be filled in");
    return compile_template_text(c, text, &param->value);
}

static bool compile_url_query(struct compiler *c, struct str text, struct params *params)
{
    bool is_right = true;

    while (text.len > 0 && is_right)
        is_right = compile_url_param(c, str_cut(&text, '&'), params);
    return is_right;
}

/* {host.NAME}: one of "hosts". */
static bool compile_host(struct compiler *c, struct str *rest, struct url *url)
{
    struct str name = str_from_at(*rest, STR("{host.").len);
    unsigned index;

    name = str_cut(&name, '}');
    if (!names_find(&c->connector->host_names, name, &index))
        return mistake(c, "there is no host \"%.*s\" in \"hosts\"", (int)(name.len > 40 ? 40 : name.len), name.ptr);
    url->host = (int)index;
    *rest = str_from_at(*rest, STR("{host.").len + name.len + 1);
    if (rest->len > 0 && rest->ptr[0] != '/' && rest->ptr[0] != '?')
        return mistake(c, "a host is followed by / or ?");
    return true;
}

static bool compile_absolute(struct compiler *c, struct str *rest, struct url *url)
{
    size_t end = 0;

    url->host = -1;
    if (!str_starts(*rest, STR("https://")) && !str_starts(*rest, STR("http://")))
        return mistake(c, "must begin with {host.NAME}, or be an absolute URL: https://… (or http://…)");
    url->scheme = (struct str){rest->ptr, str_find(*rest, '/') + 2};
    *rest = str_from_at(*rest, url->scheme.len);
    while (end < rest->len && rest->ptr[end] != '/' && rest->ptr[end] != '?')
        end++;
    if (!compile_authority(c, (struct str){rest->ptr, end}, url))
        return false;
    *rest = str_from_at(*rest, end);
    return true;
}

static bool compile_url(struct compiler *c, const json_t *value, void *out)
{
    struct request *request = out;
    struct str rest = json_str(value);
    bool has_host = str_starts(rest, STR("{host."));

    if (!check_url_text(c, rest))
        return false;
    if (has_host ? !compile_host(c, &rest, &request->url) : !compile_absolute(c, &rest, &request->url))
        return false;
    return compile_path(c, str_cut(&rest, '?'), &request->url) && compile_url_query(c, rest, &request->query);
}

bool compile_params(struct compiler *c, const json_t *value, void *out)
{
    struct params *params = out;
    bool is_right = true;
    const char *name;
    json_t *item;

    if (!json_is_object(value))
        return mistake(c, "must be an object of names and texts, not %s", json_type_word(value));
    json_object_foreach(iterable(value), name, item)
    {
        size_t mark = enter(c, name);
        struct param *param = add_param(c, params);

        is_right &=
            param != NULL && put_param_name(c, str_from(name), param) && compile_template(c, item, &param->value);
        leave(c, mark);
    }
    return is_right;
}

/* --- headers --- */

static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.ptr[i]) && strchr("!#$%&'*+-.^_`|~", name.ptr[i]) == NULL)
            return false;
    }
    return name.len > 0 && name.len <= HEADER_NAME_BYTES_MAX;
}

/* Of an answer. */
bool compile_header_name(struct compiler *c, const json_t *value, void *out)
{
    struct str name = json_str(value);

    *(struct str *)out = name;
    if (!str_is_nocase(name, STR("content-type")) && !str_is_nocase(name, STR("retry-after")))
        c->connector->about.wants_headers = true;
    return is_token(name) || mistake(c, "must be the name of a header");
}

static bool has_control_bytes(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

/* Those that frame the message or pick its receiver are made by the client. */
static bool is_ours(struct str name)
{
    static const char *const ours[] = {"host",    "content-length", "transfer-encoding",   "connection",
                                       "expect",  "keep-alive",     "accept-encoding",     "te",
                                       "trailer", "upgrade",        "proxy-authorization", "proxy-connection"};

    for (size_t i = 0; i < LEN(ours); i++) {
        if (str_is_nocase(name, str_from(ours[i])))
            return true;
    }
    return false;
}

static bool has_header(const struct headers *headers, struct str name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (str_is_nocase(name, headers->items[i].name))
            return true;
    }
    return false;
}

static bool compile_header(struct compiler *c, struct str name, const json_t *value, struct headers *headers)
{
    struct header *header = &headers->items[headers->count];

    if (!is_token(name))
        return mistake(c, "is not the name of a header");
    if (is_ours(name))
        return mistake(c, "is set by the server itself: leave it out");
    if (!json_is_string(value) || has_control_bytes(json_str(value)))
        return mistake(c, "must be a string without line breaks or control bytes");
    if (has_header(headers, name))
        return mistake(c, "is there twice, in different spellings");
    headers->count++;
    header->name = name;
    return compile_template(c, value, &header->value);
}

bool compile_headers(struct compiler *c, const json_t *value, void *out)
{
    struct headers *headers = out;
    bool is_right = true;
    const char *name;
    json_t *item;

    if (!json_is_object(value) || json_object_size(value) > CONNECTOR_HEADERS_MAX)
        return mistake(c, "must be an object of at most %d headers", CONNECTOR_HEADERS_MAX);
    headers->items = keep_bytes(c, 2 * CONNECTOR_HEADERS_MAX * sizeof *headers->items); /* room for the connector's */
    if (headers->items == NULL)
        return false;
    json_object_foreach(iterable(value), name, item)
    {
        size_t mark = enter(c, name);

        is_right &= compile_header(c, str_from(name), item, headers);
        leave(c, mark);
    }
    return is_right;
}

/* --- body --- */

static bool compile_node(struct compiler *c, const json_t *value, struct node *out);

static bool compile_object(struct compiler *c, const json_t *object, struct node *node)
{
    bool is_right = true;
    const char *name;
    json_t *value;

    node->kind = NODE_OBJECT;
    json_object_foreach(iterable(object), name, value)
    {
        struct node *child = &node->children[node->children_count++];
        size_t mark = enter(c, name);

        child->name = name;
        is_right &= compile_node(c, value, child);
        leave(c, mark);
    }
    return is_right;
}

static bool compile_array(struct compiler *c, const json_t *array, struct node *node)
{
    bool is_right = true;

    node->kind = NODE_ARRAY;
    for (size_t i = 0; i < json_array_size(array); i++) {
        size_t mark = enter_index(c, i);

        is_right &= compile_node(c, json_array_get(array, i), &node->children[node->children_count++]);
        leave(c, mark);
    }
    return is_right;
}

static bool compile_constant(struct compiler *c, const json_t *value, struct node *node)
{
    struct buf text;

    node->kind = NODE_CONSTANT;
    buf_init(&text, 64);
    json_put_doc(&text, value);
    node->constant = arena_keep(&c->connector->arena, buf_str(&text));
    buf_deinit(&text);
    return node->constant.ptr != NULL || too_large(c);
}

/* Calls itself for each level; json_read has limited those. */
static bool compile_node(struct compiler *c, const json_t *value, struct node *node)
{
    size_t count = json_is_object(value) ? json_object_size(value) : json_array_size(value);

    if (json_is_string(value)) {
        node->kind = NODE_TEXT;
        return compile_template(c, value, &node->text);
    }
    if (!json_is_object(value) && !json_is_array(value))
        return compile_constant(c, value, node);
    node->children = keep_bytes(c, count * sizeof *node->children);
    if (node->children == NULL)
        return false;
    return json_is_object(value) ? compile_object(c, value, node) : compile_array(c, value, node);
}

static bool check_may_have_body(struct compiler *c, const struct request *request)
{
    if (!request->is_post)
        return mistake(c, "a GET has no body: set \"method\" to \"POST\", or move it to the query");
    return (request->body == NULL && !request->has_form) ||
           mistake(c, "a request has a \"body\" or a \"form\", not both");
}

static bool compile_body(struct compiler *c, const json_t *value, void *out)
{
    struct request *request = out;

    if (!check_may_have_body(c, request))
        return false;
    request->body = keep_bytes(c, sizeof *request->body);
    return request->body != NULL && compile_node(c, value, request->body);
}

static bool compile_form(struct compiler *c, const json_t *value, void *out)
{
    struct request *request = out;

    if (!check_may_have_body(c, request))
        return false;
    request->has_form = true;
    return compile_params(c, value, &request->form);
}

/* --- the whole --- */

static bool compile_method(struct compiler *c, const json_t *value, void *out)
{
    struct request *request = out;

    request->is_post = str_is(json_str(value), STR("POST"));
    request->is_repeatable = !request->is_post;
    return request->is_post || str_is(json_str(value), STR("GET")) || mistake(c, "must be \"GET\" or \"POST\"");
}

static bool is_overridden(const struct params *own, size_t own_count, const struct param *param)
{
    for (size_t i = 0; i < own_count; i++) {
        if (str_is(own->items[i].name, param->name))
            return true;
    }
    return false;
}

static bool complete_query(struct compiler *c, struct params *query, bool is_for_token)
{
    const struct params *common = &c->connector->query;
    size_t own_count = query->count;

    for (size_t i = 0; i < common->count; i++) {
        struct param *param;

        if (is_overridden(query, own_count, &common->items[i]) ||
            (is_for_token && template_uses_token(&common->items[i].value)))
            continue;
        param = add_param(c, query);
        if (param == NULL)
            return false;
        *param = common->items[i];
    }
    return true;
}

static bool complete_headers(struct compiler *c, struct headers *headers, bool is_for_token)
{
    const struct headers *common = &c->connector->headers;

    if (headers->items == NULL && common->count > 0)
        headers->items = keep_bytes(c, CONNECTOR_HEADERS_MAX * sizeof *headers->items);
    if (headers->items == NULL && common->count > 0)
        return false;
    for (size_t i = 0; i < common->count; i++) {
        if (!has_header(headers, common->items[i].name) &&
            !(is_for_token && template_uses_token(&common->items[i].value)))
            headers->items[headers->count++] = common->items[i];
    }
    return true;
}

static bool node_uses_token(const struct node *node)
{
    bool uses = node->kind == NODE_TEXT && template_uses_token(&node->text);

    for (size_t i = 0; i < node->children_count && !uses; i++)
        uses = node_uses_token(&node->children[i]);
    return uses;
}

static bool params_use_token(const struct params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        if (template_uses_token(&params->items[i].value))
            return true;
    }
    return false;
}

static void note_headers(struct request *request)
{
    const struct headers *headers = &request->headers;

    for (size_t i = 0; i < headers->count; i++)
        request->uses_token |= template_uses_token(&headers->items[i].value);
    request->has_authorization = has_header(headers, STR("authorization"));
    request->has_accept = has_header(headers, STR("accept"));
    request->has_user_agent = has_header(headers, STR("user-agent"));
    request->has_content_type = has_header(headers, STR("content-type"));
}

bool complete_request(struct compiler *c, struct request *request, bool is_for_token)
{
    if (!complete_query(c, &request->query, is_for_token) || !complete_headers(c, &request->headers, is_for_token))
        return false;
    note_headers(request);
    request->uses_token |= template_uses_token(&request->url.path) || params_use_token(&request->query) ||
                           params_use_token(&request->form) ||
                           (request->body != NULL && node_uses_token(request->body));
    return true;
}

/* "method" first: the others look at it. */
bool compile_request(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"method", compile_method, 0, false},
        {"url", compile_url, 0, true},
        {"query", compile_params, offsetof(struct request, query), false},
        {"headers", compile_headers, offsetof(struct request, headers), false},
        {"body", compile_body, 0, false},
        {"form", compile_form, 0, false},
        {"repeatable", compile_bool, offsetof(struct request, is_repeatable), false},
    };
    struct request *request = out;

    *request = (struct request){.is_repeatable = true, .url.host = -1};
    return compile_members(c, value, members, LEN(members), out) && complete_request(c, request, !c->scope.has_token);
}
