/* The two pure functions. Compiling is in connector_compile.c. */
#include "providers/connector_parts.h"

#include "base/check.h"

#include <sodium.h>
#include <stdio.h>

#define WHOLE_MAX 9e15 /* doubles are exact up to there */

unsigned connector_channels(const struct connector *connector)
{
    return connector->channels;
}

size_t connector_needs(const struct connector *connector, unsigned out_needs[CONNECTOR_NEEDS_MAX])
{
    memcpy(out_needs, connector->needs, connector->needs_count * sizeof *out_needs);
    return connector->needs_count;
}

size_t connector_secret_names(const struct connector *connector, const struct str **out_names)
{
    *out_names = connector->secrets.names;
    return connector->secrets.count;
}

/* --- build --- */

static bool refuse(struct err_detail *detail, const char *why)
{
    err_explain(detail, "%s", why);
    return false;
}

static bool is_authority(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(text.ptr[i]) && (text.ptr[i] == '\0' || strchr(".-:[]", text.ptr[i]) == NULL))
            return false;
    }
    return text.len > 0;
}

static bool put_url(struct buf *out, const struct connector *connector, const struct template_values *values,
                    struct err_detail *detail)
{
    const struct url *url = &connector->url;
    char separator = '?';
    size_t start;

    buf_put(out, url->scheme);
    template_put(out, &url->authority, values);
    if (!is_authority(str_from_at(buf_str(out), url->scheme.len)))
        return refuse(detail, "the secret in the URL's host is no host name");
    start = out->len;
    template_put_url(out, &url->path, values);
    if (path_has_dots(str_from_at(buf_str(out), start)))
        return refuse(detail, "a value of dots cannot be put into the URL's path");
    for (size_t i = 0; i < url->params_count; i++) {
        const struct query_param *param = &url->params[i];

        if (template_is_absent(&param->value, values->hints))
            continue;
        buf_put_char(out, separator);
        buf_put(out, param->name);
        template_put_url(out, &param->value, values);
        separator = '&';
    }
    return !out->is_overflown || refuse(detail, "the URL gets too long");
}

static bool put_header(struct buf *out, const struct header *header, const struct template_values *values)
{
    size_t start = out->len;

    if (template_is_absent(&header->value, values->hints))
        return true;
    buf_put(out, header->name);
    buf_puts(out, ": ");
    template_put(out, &header->value, values);
    for (size_t i = start; i < out->len; i++) {
        if ((unsigned char)out->ptr[i] < 0x20 || out->ptr[i] == 0x7f)
            return false;
    }
    buf_puts(out, "\r\n");
    return true;
}

static bool put_headers(struct buf *out, const struct connector *connector, const struct template_values *values,
                        struct err_detail *detail)
{
    for (size_t i = 0; i < connector->headers_count; i++) {
        if (!put_header(out, &connector->headers[i], values))
            return refuse(detail, "a value with a line break or control byte cannot be put into a header");
    }
    if (!connector->has_accept)
        buf_puts(out, "Accept: application/json\r\n");
    if (!connector->has_user_agent)
        buf_puts(out, "User-Agent: unstuck\r\n");
    if (!connector->has_content_type && connector->body != NULL)
        buf_puts(out, "Content-Type: application/json\r\n");
    return !out->is_overflown || refuse(detail, "the headers get too long");
}

/* One body in the making. `text` is for strings of several parts. */
struct body {
    struct buf *out;
    struct buf *text;
    const struct template_values *values;
};

static bool put_node(struct body *body, const struct node *node);

static void put_text(struct body *body, const struct template *template)
{
    buf_clear(body->text);
    template_put(body->text, template, body->values);
    if (body->text->is_overflown)
        body->out->is_overflown = true;
    else
        json_put_str(body->out, buf_str(body->text));
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
        if (template_is_absent(&node->text, body->values->hints))
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

static bool put_body(struct buf *out, const struct connector *connector, const struct template_values *values,
                     struct err_detail *detail)
{
    struct buf text;
    struct body body = {out, &text, values};

    if (connector->body == NULL)
        return true;
    buf_init(&text, CONNECTOR_BODY_BYTES_MAX);
    put_node(&body, connector->body); /* the body itself stays, even when empty */
    buf_deinit(&text);
    return !out->is_overflown || refuse(detail, "the body gets too large");
}

static struct str move_to(struct arena *arena, struct buf *text)
{
    struct str kept = text->len == 0 ? STR_NONE : arena_keep(arena, buf_str(text));

    if (text->ptr != NULL)
        sodium_memzero(text->ptr, text->capacity);
    buf_deinit(text);
    return kept;
}

bool connector_build(const struct connector *connector, const struct hints *hints, const struct str *secrets,
                     struct arena *arena, struct connector_request *out_request, struct err_detail *detail)
{
    struct template_values values = {hints, secrets};
    struct connector_request request = {.method = connector->method};
    struct buf url, headers, body;
    bool is_built;

    buf_init(&url, CONNECTOR_URL_BYTES_MAX);
    buf_init(&headers, CONNECTOR_HEADER_BYTES_MAX);
    buf_init(&body, CONNECTOR_BODY_BYTES_MAX);
    is_built = put_url(&url, connector, &values, detail) && put_headers(&headers, connector, &values, detail) &&
               put_body(&body, connector, &values, detail);
    request.url = move_to(arena, &url);
    request.headers = move_to(arena, &headers);
    request.body = move_to(arena, &body);
    if (!is_built || arena->is_full) {
        connector_request_wipe(&request);
        return is_built ? refuse(detail, "there is no memory left for this lookup") : false;
    }
    *out_request = request;
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

/* --- read --- */

/* An answer while it is judged. Its body is parsed when first looked into. */
struct reading {
    const struct connector_answer *answer;
    bool is_parsed;
    json_t *doc; /* NULL: no JSON */
};

static const json_t *doc_of(struct reading *reading)
{
    if (!reading->is_parsed && json_read(reading->answer->body, &reading->doc, NULL) != ERR_NONE)
        reading->doc = NULL;
    reading->is_parsed = true;
    return reading->doc;
}

static bool status_fits(const struct rule *rule, int status)
{
    for (size_t i = 0; i < rule->statuses_count; i++) {
        if (status >= rule->statuses[i].from && status <= rule->statuses[i].to)
            return true;
    }
    return rule->statuses_count == 0;
}

/* Is it the same number, whether written 1 or 1.0? Else the same value? */
static bool is_equal(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    if (json_is_number(a) && json_is_number(b))
        return !(json_number_value(a) < json_number_value(b)) && !(json_number_value(a) > json_number_value(b));
    return json_equal(a, b) != 0;
}

static bool test_holds(const struct rule *rule, struct reading *reading)
{
    const json_t *doc, *value;

    if (rule->test == TEST_NONE)
        return true;
    doc = doc_of(reading);
    if (doc == NULL)
        return false;
    value = json_at(doc, rule->at);
    if (rule->test == TEST_EQUALS)
        return value != NULL && is_equal(value, rule->equals);
    return (value != NULL) == (rule->test == TEST_EXISTS);
}

static enum outcome outcome_of_status(int status, bool is_empty)
{
    switch (status) {
    case 204:
        return is_empty ? OUTCOME_MISS : OUTCOME_HIT;
    case 401:
    case 403:
        return OUTCOME_AUTH_ERROR;
    case 402:
        return OUTCOME_OUT_OF_CREDITS;
    case 404:
        return OUTCOME_MISS;
    case 429:
        return OUTCOME_RATE_LIMITED;
    case 451:
        return OUTCOME_BLOCKED;
    default:
        return status >= 200 && status <= 299 ? OUTCOME_HIT : OUTCOME_ERROR;
    }
}

static enum outcome judge(const struct connector *connector, struct reading *reading)
{
    const struct connector_answer *answer = reading->answer;

    for (size_t i = 0; i < connector->rules_count; i++) {
        const struct rule *rule = &connector->rules[i];

        if (status_fits(rule, answer->status) && test_holds(rule, reading))
            return rule->outcome;
    }
    return outcome_of_status(answer->status, str_trim(answer->body).len == 0);
}

/* Only text with something in it is a value. */
static struct str value_in(const json_t *value)
{
    struct str text = str_trim(json_str(value));

    if (text.len > CONNECTOR_VALUE_BYTES_MAX)
        return STR_NONE;
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return STR_NONE;
    }
    return text;
}

/* A whole number as JSON has it, or as text. */
static struct str integer_in(const json_t *value, struct arena *arena)
{
    char digits[32];
    uint64_t number = 0;

    if (json_is_string(value))
        return str_to_u64(str_trim(json_str(value)), INT64_MAX, &number) ? str_trim(json_str(value)) : STR_NONE;
    if (!json_is_number(value) || !(json_number_value(value) >= 0) || json_number_value(value) > WHOLE_MAX)
        return STR_NONE;
    number = (uint64_t)json_number_value(value);
    if (json_number_value(value) > (double)number)
        return STR_NONE;
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    return arena_keep(arena, str_from(digits));
}

/* All texts or nothing: an array of something else is no list. */
static struct str list_in(const json_t *value, struct arena *arena)
{
    struct buf list;
    struct str kept = STR_NONE;
    const json_t *item;
    bool is_list = json_array_size(value) > 0;
    size_t index;

    buf_init(&list, CONNECTOR_BODY_BYTES_MAX);
    buf_put_char(&list, '[');
    json_array_foreach(value, index, item)
    {
        is_list = is_list && value_in(item).len != 0;
        if (is_list && index < CONNECTOR_LIST_MAX) {
            json_put_comma(&list);
            json_put_str(&list, value_in(item));
        }
    }
    buf_put_char(&list, ']');
    if (is_list && !list.is_overflown)
        kept = arena_keep(arena, buf_str(&list));
    buf_deinit(&list);
    return kept;
}

/* The value of a slot, in the type that it has. */
static struct str value_of(unsigned slot, const json_t *value, struct arena *arena)
{
    if (slot >= CHANNEL_COUNT && field_type(slot) == FIELD_INTEGER)
        return integer_in(value, arena);
    if (slot >= CHANNEL_COUNT && field_type(slot) == FIELD_LIST)
        return list_in(value, arena);
    return value_in(value);
}

static int64_t confidence_in(const struct channel_rule *rule, const json_t *doc)
{
    const json_t *value = rule->has_at ? json_at(doc, rule->at) : NULL;
    double share;

    if (!json_is_number(value))
        return rule->confidence_ppm;
    share = json_number_value(value) / rule->scale;
    if (!(share > 0))
        return 0;
    return share >= 1 ? PPM_ONE : (int64_t)(share * PPM_ONE + 0.5);
}

static void read_slot(unsigned slot, const struct channel_rule *rule, const json_t *doc, struct arena *arena,
                      struct provider_value *out)
{
    struct str value = STR_NONE;

    for (size_t i = 0; i < rule->pointers_count && value.len == 0; i++)
        value = value_of(slot, json_at(doc, rule->pointers[i]), arena);
    if (value.len == 0)
        return;
    out->value = arena_keep(arena, value);
    out->confidence_ppm = confidence_in(rule, doc);
}

static enum outcome read_slots(const struct connector *connector, const json_t *doc, unsigned wanted,
                               struct arena *arena, struct provider_value *values)
{
    enum outcome outcome = OUTCOME_MISS;

    for (unsigned i = 0; i < slots_end(wanted); i++) {
        if ((wanted & connector->channels & 1u << i) != 0)
            read_slot(i, &connector->of[i], doc, arena, &values[i]);
        if (values[i].value.len != 0)
            outcome = OUTCOME_HIT;
    }
    return arena->is_full ? OUTCOME_ERROR : outcome;
}

enum outcome connector_read(const struct connector *connector, const struct connector_answer *answer, unsigned wanted,
                            struct arena *arena, struct provider_value *out_values)
{
    struct reading reading = {.answer = answer};
    enum outcome outcome = judge(connector, &reading);

    memset(out_values, 0, slots_end(wanted) * sizeof *out_values);
    if (outcome == OUTCOME_HIT) {
        const json_t *doc = doc_of(&reading);

        outcome = doc == NULL ? OUTCOME_ERROR : read_slots(connector, doc, wanted, arena, out_values);
    }
    json_decref(reading.doc);
    return outcome;
}
