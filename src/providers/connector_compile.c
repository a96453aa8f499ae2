/* From the connector's JSON to structs. Every function answers false after a
 * mistake, with c->pointer left at the place and c->detail filled: it is passed
 * up unchanged. `enter` and `leave` keep the pointer in step with the walk. */
#include "providers/connector_parts.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/shape.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_BYTES_MAX = 4 * 1024 * 1024, FORMAT_VERSION = 1 };

struct compiler {
    struct connector *connector;
    struct buf *pointer;
    struct err_detail *detail;
};

static bool mistake(struct compiler *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool mistake(struct compiler *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(c->detail->text, sizeof c->detail->text, format, args);
    va_end(args);
    return false;
}

static size_t enter(struct compiler *c, const char *name)
{
    size_t mark = c->pointer->len;

    buf_put_char(c->pointer, '/');
    json_put_pointer_token(c->pointer, str_from(name));
    return mark;
}

static size_t enter_index(struct compiler *c, size_t index)
{
    size_t mark = c->pointer->len;

    buf_printf(c->pointer, "/%zu", index);
    return mark;
}

static bool leave(struct compiler *c, size_t mark)
{
    if (c->pointer->len > mark) {
        c->pointer->len = mark;
        c->pointer->ptr[mark] = '\0';
    }
    return true;
}

static bool mistake_at(struct compiler *c, const char *member, const char *sentence)
{
    enter(c, member);
    return mistake(c, "%s", sentence);
}

static void *keep(struct compiler *c, size_t bytes)
{
    void *ptr = arena_alloc(&c->connector->arena, bytes);

    if (ptr == NULL)
        mistake(c, "The connector is too large");
    return ptr;
}

static bool is_word(const char *name, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(name, *words) == 0)
            return true;
    }
    return false;
}

/* jansson's iterators take no const; nothing is changed through this. */
static json_t *iterable(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static bool check_members(struct compiler *c, const json_t *object, const char *const *words)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return mistake(c, "must be an object, not %s", json_type_word(object));
    json_object_foreach(iterable(object), name, value)
    {
        const char *nearest = nearest_word(str_from(name), words);

        if (is_word(name, words))
            continue;
        enter(c, name);
        if (nearest != NULL)
            return mistake(c, "is not a known member; did you mean \"%s\"?", nearest);
        return mistake(c, "is not a known member");
    }
    return true;
}

static bool compile_template(struct compiler *c, struct str text, struct template *out)
{
    struct connector *connector = c->connector;
    enum err err = template_compile(text, &connector->secrets, &connector->arena, out, c->detail);

    if (err == ERR_FULL)
        return mistake(c, "The connector is too large");
    return err == ERR_NONE;
}

/* --- needs --- */

static bool compile_hint(struct compiler *c, const json_t *word, unsigned *mask)
{
    static const char *const hint_words[] = {
#define HINT(id, name) name,
        HINTS(HINT)
#undef HINT
            NULL,
    };
    const char *nearest;
    enum hint hint;

    if (hint_from(json_str(word), &hint)) {
        *mask |= 1u << hint;
        return true;
    }
    nearest = json_is_string(word) ? nearest_word(json_str(word), hint_words) : NULL;
    if (nearest != NULL)
        return mistake(c, "is no hint; did you mean \"%s\"?", nearest);
    return mistake(c, "must be one of email, linkedin_url, company_domain, first_name, last_name, company_name");
}

static bool compile_need(struct compiler *c, const json_t *need, unsigned *mask)
{
    if (!json_is_array(need) || json_array_size(need) == 0)
        return mistake(c, "must be an array of hints that together suffice, like [\"email\"]");
    for (size_t i = 0; i < json_array_size(need); i++) {
        size_t mark = enter_index(c, i);

        if (!compile_hint(c, json_array_get(need, i), mask))
            return false;
        leave(c, mark);
    }
    return true;
}

static bool compile_needs(struct compiler *c, const json_t *needs)
{
    struct connector *connector = c->connector;
    size_t count = json_array_size(needs);

    if (count == 0 || count > CONNECTOR_NEEDS_MAX)
        return mistake(c, "must be an array of 1 to %d alternatives, like [[\"email\"], [\"linkedin_url\"]]",
                       CONNECTOR_NEEDS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t mark = enter_index(c, i);

        if (!compile_need(c, json_array_get(needs, i), &connector->needs[i]))
            return false;
        leave(c, mark);
    }
    connector->needs_count = count;
    return true;
}

/* --- request: URL --- */

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

static bool check_url_text(struct compiler *c, struct str url)
{
    if (url.len > CONNECTOR_URL_TEMPLATE_BYTES_MAX)
        return mistake(c, "must have at most %d bytes", CONNECTOR_URL_TEMPLATE_BYTES_MAX);
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] == '#')
            return mistake(c, "must have no fragment (#): it is never sent");
        if (!is_url_byte(url.ptr[i]))
            return mistake(c, "byte %zu does not belong into a URL: percent-encode it", i + 1);
        if (url.ptr[i] == '{' && i + 1 < url.len && url.ptr[i + 1] == '{')
            return mistake(c, "a brace in a URL is written %%7B");
    }
    return true;
}

static bool compile_authority(struct compiler *c, struct str text)
{
    struct template *authority = &c->connector->url.authority;

    if (text.len == 0 || text.ptr[0] == ':')
        return mistake(c, "has no host");
    if (str_find(text, '@') != text.len)
        return mistake(c, "must have no user or password before the host: use a header, or a query parameter");
    if (!compile_template(c, text, authority))
        return false;
    if (authority->hints != 0)
        return mistake(c, "the host must not depend on a hint: it decides who gets the secrets");
    return true;
}

static bool compile_path(struct compiler *c, struct str text)
{
    struct connector *connector = c->connector;
    struct template *path = &connector->url.path;

    if (path_has_dots(text))
        return mistake(c, "the path must have no \".\" or \"..\"");
    if (!compile_template(c, text, path))
        return false;
    for (size_t i = 0; i < connector->needs_count; i++) {
        if ((path->hints & ~connector->needs[i]) != 0)
            return mistake(c, "the path uses a hint that /needs/%zu does not promise", i);
    }
    return true;
}

static bool compile_param(struct compiler *c, struct str text)
{
    struct url *url = &c->connector->url;
    struct query_param *param = &url->params[url->params_count];
    size_t equals = str_find(text, '=');

    if (url->params_count == CONNECTOR_PARAMS_MAX)
        return mistake(c, "must have at most %d query parameters", CONNECTOR_PARAMS_MAX);
    url->params_count++;
    if (equals < text.len) {
        param->name = (struct str){text.ptr, equals + 1};
        text = str_from_at(text, equals + 1);
    }
    if (str_find(param->name, '{') != param->name.len)
        return mistake(c, "the name of a query parameter cannot be filled in");
    return compile_template(c, text, &param->value);
}

static bool compile_query(struct compiler *c, struct str text)
{
    struct url *url = &c->connector->url;

    url->params = keep(c, CONNECTOR_PARAMS_MAX * sizeof *url->params);
    if (url->params == NULL)
        return false;
    while (text.len > 0) {
        if (!compile_param(c, str_cut(&text, '&')))
            return false;
    }
    return true;
}

static bool compile_url(struct compiler *c, const json_t *value)
{
    struct url *url = &c->connector->url;
    struct str rest = json_str(value);
    size_t end = 0;

    if (str_starts(rest, STR("https://")) || str_starts(rest, STR("http://")))
        url->scheme = (struct str){rest.ptr, str_find(rest, '/') + 2};
    else
        return mistake(c, "must be an absolute URL: https://… (or http://…)");
    if (!check_url_text(c, rest))
        return false;
    rest = str_from_at(rest, url->scheme.len);
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    if (!compile_authority(c, (struct str){rest.ptr, end}))
        return false;
    rest = str_from_at(rest, end);
    return compile_path(c, str_cut(&rest, '?')) && compile_query(c, rest);
}

/* --- request: headers --- */

static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.ptr[i]) && strchr("!#$%&'*+-.^_`|~", name.ptr[i]) == NULL)
            return false;
    }
    return name.len > 0;
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

static bool compile_header(struct compiler *c, struct str name, const json_t *value)
{
    struct connector *connector = c->connector;
    struct header *header = &connector->headers[connector->headers_count];

    if (!is_token(name))
        return mistake(c, "is not the name of a header");
    if (is_ours(name))
        return mistake(c, "is set by the server itself: leave it out");
    if (!json_is_string(value) || has_control_bytes(json_str(value)))
        return mistake(c, "must be a string without line breaks or control bytes");
    for (size_t i = 0; i < connector->headers_count; i++) {
        if (str_is_nocase(name, connector->headers[i].name))
            return mistake(c, "is there twice, in different spellings");
    }
    connector->has_accept |= str_is_nocase(name, STR("accept"));
    connector->has_user_agent |= str_is_nocase(name, STR("user-agent"));
    connector->has_content_type |= str_is_nocase(name, STR("content-type"));
    connector->headers_count++;
    header->name = name;
    return compile_template(c, json_str(value), &header->value);
}

static bool compile_headers(struct compiler *c, const json_t *headers)
{
    const char *name;
    json_t *value;

    if (!json_is_object(headers) || json_object_size(headers) > CONNECTOR_HEADERS_MAX)
        return mistake(c, "must be an object of at most %d headers", CONNECTOR_HEADERS_MAX);
    c->connector->headers = keep(c, CONNECTOR_HEADERS_MAX * sizeof(struct header));
    if (c->connector->headers == NULL)
        return false;
    json_object_foreach(iterable(headers), name, value)
    {
        size_t mark = enter(c, name);

        if (!compile_header(c, str_from(name), value))
            return false;
        leave(c, mark);
    }
    return true;
}

/* --- request: body --- */

static bool compile_node(struct compiler *c, const json_t *value, struct node *out);

static bool compile_object(struct compiler *c, const json_t *object, struct node *node)
{
    const char *name;
    json_t *value;

    node->kind = NODE_OBJECT;
    json_object_foreach(iterable(object), name, value)
    {
        struct node *child = &node->children[node->children_count++];
        size_t mark = enter(c, name);

        child->name = name;
        if (!compile_node(c, value, child))
            return false;
        leave(c, mark);
    }
    return true;
}

static bool compile_array(struct compiler *c, const json_t *array, struct node *node)
{
    node->kind = NODE_ARRAY;
    for (size_t i = 0; i < json_array_size(array); i++) {
        size_t mark = enter_index(c, i);

        if (!compile_node(c, json_array_get(array, i), &node->children[node->children_count++]))
            return false;
        leave(c, mark);
    }
    return true;
}

static bool compile_constant(struct compiler *c, const json_t *value, struct node *node)
{
    struct buf text;

    node->kind = NODE_CONSTANT;
    buf_init(&text, 64);
    json_put_doc(&text, value);
    node->constant = arena_keep(&c->connector->arena, buf_str(&text));
    buf_deinit(&text);
    return node->constant.ptr != NULL || mistake(c, "The connector is too large");
}

/* Calls itself for each level; json_read has limited those. */
static bool compile_node(struct compiler *c, const json_t *value, struct node *node)
{
    size_t count = json_is_object(value) ? json_object_size(value) : json_array_size(value);

    if (json_is_string(value)) {
        node->kind = NODE_TEXT;
        return compile_template(c, json_str(value), &node->text);
    }
    if (!json_is_object(value) && !json_is_array(value))
        return compile_constant(c, value, node);
    node->children = keep(c, count * sizeof *node->children);
    if (node->children == NULL)
        return false;
    return json_is_object(value) ? compile_object(c, value, node) : compile_array(c, value, node);
}

static bool compile_body(struct compiler *c, const json_t *body)
{
    if (str_is(c->connector->method, STR("GET")))
        return mistake(c, "a GET has no body: set \"method\" to \"POST\", or move it to the query");
    c->connector->body = keep(c, sizeof *c->connector->body);
    return c->connector->body != NULL && compile_node(c, body, c->connector->body);
}

static bool compile_method(struct compiler *c, const json_t *value)
{
    c->connector->method = STR("GET");
    if (value == NULL || str_is(json_str(value), STR("GET")))
        return true;
    c->connector->method = STR("POST");
    return str_is(json_str(value), STR("POST")) || mistake(c, "must be \"GET\" or \"POST\"");
}

/* A member that has a function to compile it. */
struct member {
    const char *name;
    bool is_needed;
    bool (*compile)(struct compiler *c, const json_t *value);
};

static bool compile_members(struct compiler *c, const json_t *object, const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, members[i].name);
        size_t mark = enter(c, members[i].name);

        if (value == NULL && members[i].is_needed)
            return mistake(c, "is missing");
        if (value != NULL && !members[i].compile(c, value))
            return false;
        leave(c, mark);
    }
    return true;
}

static bool compile_request(struct compiler *c, const json_t *request)
{
    static const char *const words[] = {"method", "url", "headers", "body", NULL};
    static const struct member members[] = {
        {"method", false, compile_method},
        {"url", true, compile_url},
        {"headers", false, compile_headers},
        {"body", false, compile_body},
    };

    return compile_method(c, NULL) && check_members(c, request, words) &&
           compile_members(c, request, members, LEN(members));
}

/* --- outcomes --- */

static bool compile_status(struct compiler *c, const json_t *value, struct rule *rule)
{
    struct status_range *range = &rule->statuses[rule->statuses_count];
    struct str text = json_str(value);

    if (rule->statuses_count == CONNECTOR_STATUSES_MAX)
        return mistake(c, "must have at most %d statuses", CONNECTOR_STATUSES_MAX);
    rule->statuses_count++;
    if (text.len == 3 && text.ptr[0] >= '1' && text.ptr[0] <= '5' && str_is(str_from_at(text, 1), STR("xx"))) {
        range->from = (text.ptr[0] - '0') * 100;
        range->to = range->from + 99;
        return true;
    }
    range->from = range->to = (int)json_integer_value(value);
    return (json_integer_value(value) >= 100 && json_integer_value(value) <= 599) ||
           mistake(c, "must be a status like 404, a class like \"4xx\", or an array of these");
}

static bool compile_statuses(struct compiler *c, const json_t *value, struct rule *rule)
{
    if (value == NULL)
        return true;
    if (!json_is_array(value))
        return compile_status(c, value, rule);
    if (json_array_size(value) == 0)
        return mistake(c, "must not be empty");
    for (size_t i = 0; i < json_array_size(value); i++) {
        size_t mark = enter_index(c, i);

        if (!compile_status(c, json_array_get(value, i), rule))
            return false;
        leave(c, mark);
    }
    return true;
}

static bool compile_pointer(struct compiler *c, const json_t *value, struct str *out)
{
    *out = json_str(value);
    return (json_is_string(value) && out->len <= CONNECTOR_POINTER_BYTES_MAX && json_is_pointer(*out)) ||
           mistake(c, "must be a JSON Pointer of at most %d bytes, like \"/data/email\"", CONNECTOR_POINTER_BYTES_MAX);
}

static bool compile_test(struct compiler *c, const json_t *object, struct rule *rule)
{
    const json_t *exists = json_object_get(object, "exists");

    rule->equals = json_object_get(object, "equals");
    if ((exists != NULL) == (rule->equals != NULL))
        return mistake(c, "\"at\" needs one of \"equals\" and \"exists\"");
    if (rule->equals != NULL && (json_is_object(rule->equals) || json_is_array(rule->equals)))
        return mistake_at(c, "equals", "must be a string, a number, true, false or null");
    if (exists != NULL && !json_is_boolean(exists))
        return mistake_at(c, "exists", "must be true or false");
    rule->test = rule->equals != NULL ? TEST_EQUALS : json_is_true(exists) ? TEST_EXISTS : TEST_ABSENT;
    return true;
}

static bool compile_at(struct compiler *c, const json_t *object, struct rule *rule)
{
    const json_t *at = json_object_get(object, "at");
    size_t mark;

    if (at == NULL && (json_object_get(object, "equals") != NULL || json_object_get(object, "exists") != NULL))
        return mistake_at(c, "at", "is missing: it says where to look");
    if (at == NULL)
        return rule->statuses_count > 0 || mistake(c, "needs \"status\" or \"at\", else it fits every answer");
    mark = enter(c, "at");
    if (!compile_pointer(c, at, &rule->at))
        return false;
    leave(c, mark);
    return compile_test(c, object, rule);
}

static bool compile_outcome(struct compiler *c, const json_t *value, enum outcome *out)
{
    static const char *const words[] = {"hit",        "miss",    "rate_limited", "out_of_credits",
                                        "auth_error", "blocked", "error",        NULL};
    const char *word = json_string_value(value);
    const char *nearest = word != NULL ? nearest_word(str_from(word), words) : NULL;

    if (word != NULL && is_word(word, words))
        return outcome_from(str_from(word), out);
    if (nearest != NULL)
        return mistake(c, "is no outcome of an answer; did you mean \"%s\"?", nearest);
    return mistake(c, "must be one of hit, miss, rate_limited, out_of_credits, auth_error, blocked, error");
}

static bool compile_rule(struct compiler *c, const json_t *object, struct rule *rule)
{
    static const char *const words[] = {"status", "at", "equals", "exists", "outcome", NULL};
    size_t mark;

    if (!check_members(c, object, words))
        return false;
    mark = enter(c, "status");
    if (!compile_statuses(c, json_object_get(object, "status"), rule))
        return false;
    leave(c, mark);
    if (!compile_at(c, object, rule))
        return false;
    mark = enter(c, "outcome");
    return compile_outcome(c, json_object_get(object, "outcome"), &rule->outcome) && leave(c, mark);
}

static bool compile_outcomes(struct compiler *c, const json_t *outcomes)
{
    struct connector *connector = c->connector;
    size_t count = json_array_size(outcomes);

    if (!json_is_array(outcomes) || count > CONNECTOR_RULES_MAX)
        return mistake(c, "must be an array of at most %d rules", CONNECTOR_RULES_MAX);
    connector->rules = keep(c, count * sizeof *connector->rules);
    if (connector->rules == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t mark = enter_index(c, i);

        if (!compile_rule(c, json_array_get(outcomes, i), &connector->rules[i]))
            return false;
        leave(c, mark);
    }
    connector->rules_count = count;
    return true;
}

/* --- channels --- */

static bool compile_pointers(struct compiler *c, const json_t *value, struct channel_rule *rule)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value)) {
        rule->pointers_count = 1;
        return compile_pointer(c, value, &rule->pointers[0]);
    }
    if (count == 0 || count > CONNECTOR_POINTERS_MAX)
        return mistake(c, "must be a JSON Pointer or an array of 1 to %d", CONNECTOR_POINTERS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t mark = enter_index(c, i);

        if (!compile_pointer(c, json_array_get(value, i), &rule->pointers[i]))
            return false;
        leave(c, mark);
    }
    rule->pointers_count = count;
    return true;
}

static bool compile_ppm(struct compiler *c, const json_t *value, int64_t *out)
{
    double number = json_is_number(value) ? json_number_value(value) : -1;

    if (!(number >= 0 && number <= 1))
        return mistake(c, "must be a number from 0 to 1");
    *out = (int64_t)(number * PPM_ONE + 0.5);
    return true;
}

static bool compile_confidence_at(struct compiler *c, const json_t *object, struct channel_rule *rule)
{
    static const char *const words[] = {"at", "scale", "default", NULL};
    const json_t *scale = json_object_get(object, "scale");
    size_t mark;

    if (!check_members(c, object, words))
        return false;
    mark = enter(c, "at");
    if (!compile_pointer(c, json_object_get(object, "at"), &rule->at))
        return false;
    leave(c, mark);
    rule->has_at = true;
    rule->scale = scale == NULL ? 1 : json_number_value(scale);
    if (!(rule->scale > 0))
        return mistake_at(c, "scale", "must be a number over 0: what the provider says for certain, like 100");
    mark = enter(c, "default");
    if (!compile_ppm(c, json_object_get(object, "default"), &rule->confidence_ppm))
        return false;
    return leave(c, mark);
}

static bool compile_channel(struct compiler *c, const json_t *object, struct channel_rule *rule)
{
    static const char *const words[] = {"value", "confidence", NULL};
    const json_t *confidence = json_object_get(object, "confidence");
    size_t mark;

    if (!check_members(c, object, words))
        return false;
    mark = enter(c, "value");
    if (!compile_pointers(c, json_object_get(object, "value"), rule))
        return false;
    leave(c, mark);
    mark = enter(c, "confidence");
    if (confidence == NULL)
        return mistake(c, "is missing: say how sure a value of this provider is, like 0.8");
    if (json_is_object(confidence) ? !compile_confidence_at(c, confidence, rule)
                                   : !compile_ppm(c, confidence, &rule->confidence_ppm))
        return false;
    return leave(c, mark);
}

/* "channels" and "account": where each slot's value is. */
static bool compile_slots(struct compiler *c, const json_t *object, const char *const *words)
{
    if (!check_members(c, object, words))
        return false;
    for (; *words != NULL; words++) {
        const json_t *value = json_object_get(object, *words);
        size_t mark = enter(c, *words);
        unsigned slot = 0;

        check(slot_from(str_from(*words), &slot));
        if (value != NULL && !compile_channel(c, value, &c->connector->of[slot]))
            return false;
        if (value != NULL)
            c->connector->channels |= 1u << slot;
        leave(c, mark);
    }
    return true;
}

static bool compile_channels(struct compiler *c, const json_t *channels)
{
    static const char *const words[] = {
#define CHANNEL(id, name) name,
        CHANNELS(CHANNEL)
#undef CHANNEL
            NULL,
    };

    if (json_is_object(channels) && json_object_size(channels) == 0)
        return mistake(c, "must name at least one of work_email, personal_email, phone, linkedin_url");
    return compile_slots(c, channels, words);
}

/* A company is asked for by its domain and nothing else. */
static bool can_ask_by_domain(const struct connector *connector)
{
    for (size_t i = 0; i < connector->needs_count; i++) {
        if ((connector->needs[i] & ~(1u << HINT_COMPANY_DOMAIN)) == 0)
            return true;
    }
    return false;
}

static bool compile_account(struct compiler *c, const json_t *account)
{
    static const char *const words[] = {
#define FIELD(id, name, type) name,
        FIELDS(FIELD)
#undef FIELD
            NULL,
    };

    if (json_is_object(account) && json_object_size(account) == 0)
        return mistake(c, "must name at least one field of a company, like industry");
    if (!can_ask_by_domain(c->connector))
        return mistake(c, "wants [\"company_domain\"] among \"needs\": nothing else is known of a company");
    return compile_slots(c, account, words);
}

/* --- the whole --- */

static bool compile_version(struct compiler *c, const json_t *version)
{
    return (json_is_integer(version) && json_integer_value(version) == FORMAT_VERSION) ||
           mistake(c, "must be 1, the version of this format");
}

static bool compile_name(struct compiler *c, const json_t *name)
{
    return (json_is_string(name) && json_string_length(name) <= PROVIDER_NAME_BYTES_MAX) ||
           mistake(c, "must be a string of at most %d bytes", PROVIDER_NAME_BYTES_MAX);
}

/* "needs" before "request": the URL's path is checked against it. */
static bool compile(struct compiler *c, const json_t *doc)
{
    static const char *const words[] = {"connector", "name",     "needs",   "request",
                                        "outcomes",  "channels", "account", NULL};
    static const struct member members[] = {
        {"connector", true, compile_version},  {"name", false, compile_name},
        {"needs", true, compile_needs},        {"request", true, compile_request},
        {"outcomes", false, compile_outcomes}, {"channels", false, compile_channels},
        {"account", false, compile_account},
    };

    if (!check_members(c, doc, words) || !compile_members(c, doc, members, LEN(members)))
        return false;
    return c->connector->channels != 0 ||
           mistake_at(c, "channels", "is missing: say where the values are, here or in \"account\"");
}

enum err connector_compile(const json_t *doc, struct connector **out_connector, struct shape_mistakes *mistakes)
{
    struct connector *connector = mem_new(sizeof *connector);
    struct err_detail detail = {""};
    struct buf pointer;
    struct compiler c = {connector, &pointer, &detail};

    buf_init(&pointer, 1024);
    connector->doc = json_incref(iterable(doc));
    arena_init(&connector->arena, ARENA_BYTES_MAX);
    if (compile(&c, doc)) {
        *out_connector = connector;
    } else {
        shape_report(mistakes, buf_str(&pointer), "%s", detail.text);
        connector_free(&connector);
    }
    buf_deinit(&pointer);
    return connector != NULL ? ERR_NONE : ERR_INVALID;
}

void connector_free(struct connector **connector_ptr)
{
    struct connector *connector = *connector_ptr;

    if (connector == NULL)
        return;
    *connector_ptr = NULL;
    json_decref(connector->doc);
    arena_deinit(&connector->arena);
    mem_free(connector);
}
