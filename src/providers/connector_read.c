/* Looking into answers: the body, its headers, pointers, and what they reach. */
#include "providers/connector_parts.h"

#include "base/check.h"

#include <math.h>
#include <stdio.h>

/* --- the answer --- */

void reading_init(struct reading *reading, const struct connector_answer *answer, struct arena *arena)
{
    *reading = (struct reading){.answer = answer, .arena = arena};
}

void reading_deinit(struct reading *reading)
{
    tree_free(&reading->tree);
}

struct tree_node reading_root(struct reading *reading)
{
    if (!reading->is_parsed && reading->answer->body.len <= CONNECTOR_ANSWER_BYTES_MAX &&
        tree_read(reading->answer->body, &reading->tree) != ERR_NONE)
        reading->tree = NULL;
    reading->is_parsed = true;
    return reading->tree == NULL ? TREE_NODE_NONE : tree_root(reading->tree);
}

bool reading_is_exhausted(const struct reading *reading)
{
    return reading->tree != NULL && tree_visits(reading->tree) > CONNECTOR_VISITS_MAX;
}

/* --- pointers --- */

/* A walk down a pointer. `names` is for places that are filled in. */
struct walk {
    const struct pointer *pointer;
    const struct template_values *values;
    take_fn *take;
    void *ctx;
};

static bool walk_from(const struct walk *walk, size_t at, struct tree_node node);

static bool walk_each(const struct walk *walk, size_t at, struct tree_node container)
{
    for (struct tree_node child = tree_first(container); child.at != 0; child = tree_next(container, child)) {
        if (tree_visits(container.tree) > CONNECTOR_VISITS_MAX)
            return false;
        if (walk_from(walk, at + 1, child))
            return true;
    }
    return false;
}

static struct tree_node walk_place(const struct walk *walk, const struct segment *segment, struct tree_node node)
{
    struct tree_node child = TREE_NODE_NONE;
    struct buf name;

    buf_init(&name, CONNECTOR_VALUE_BYTES_MAX + 1);
    if (part_put(&name, segment->place, walk->values) && !name.is_overflown)
        child = tree_member(node, buf_str(&name));
    buf_deinit(&name);
    return child;
}

static struct tree_node walk_name(const struct segment *segment, struct tree_node node)
{
    if (segment->is_index && tree_type(node) == TREE_ARRAY)
        return tree_element(node, segment->index);
    return tree_member(node, segment->name);
}

/* Calls itself for each segment; a pointer has few. True when `take` wants no more. */
static bool walk_from(const struct walk *walk, size_t at, struct tree_node node)
{
    for (; at < walk->pointer->count && node.at != 0; at++) {
        const struct segment *segment = &walk->pointer->segments[at];

        if (tree_visits(node.tree) > CONNECTOR_VISITS_MAX)
            return false;
        if (segment->kind == SEGMENT_EACH)
            return walk_each(walk, at, node);
        node = segment->kind == SEGMENT_PLACE ? walk_place(walk, segment, node) : walk_name(segment, node);
    }
    return node.at != 0 && walk->take(node, walk->ctx);
}

bool pointer_each(const struct pointer *pointer, struct tree_node from, const struct template_values *values,
                  take_fn *take, void *ctx)
{
    struct walk walk = {pointer, values, take, ctx};

    return walk_from(&walk, 0, from);
}

bool pointers_each(const struct pointers *pointers, struct tree_node from, const struct template_values *values,
                   take_fn *take, void *ctx)
{
    for (size_t i = 0; i < pointers->count; i++) {
        if (pointer_each(&pointers->items[i], from, values, take, ctx))
            return true;
    }
    return false;
}

/* --- what they reach --- */

static bool take_text(struct tree_node node, void *ctx)
{
    struct str *text = ctx;

    *text = str_trim(tree_text(node));
    return text->len > 0;
}

struct str pointers_text(const struct pointers *pointers, struct tree_node from, const struct template_values *values)
{
    struct str text = STR_NONE;

    return pointers_each(pointers, from, values, take_text, &text) ? text : STR_NONE;
}

/* Digits with at most one point; no exponent, no locale. */
bool text_number(struct str text, double *out_number)
{
    bool is_negative;
    double number = 0, unit = 1;
    bool has_point = false, has_digit = false;

    text = str_trim(text);
    is_negative = text.len > 0 && text.ptr[0] == '-';
    for (size_t i = is_negative; i < text.len; i++) {
        if (text.ptr[i] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!char_is_digit(text.ptr[i]))
            return false;
        has_digit = true;
        number = number * 10 + (text.ptr[i] - '0');
        unit *= has_point ? 10 : 1;
    }
    if (!has_digit || !isfinite(number) || !isfinite(unit))
        return false;
    *out_number = (is_negative ? -number : number) / unit;
    return true;
}

static bool take_number(struct tree_node node, void *ctx)
{
    double *number = ctx;

    if (tree_type(node) == TREE_NUMBER)
        *number = tree_number(node);
    return tree_type(node) == TREE_NUMBER || text_number(tree_text(node), number);
}

bool pointers_number(const struct pointers *pointers, struct tree_node from, const struct template_values *values,
                     double *out_number)
{
    return pointers_each(pointers, from, values, take_number, out_number);
}

struct str scalar_text(struct tree_node node, char digits[TREE_DIGITS_MAX])
{
    switch (tree_type(node)) {
    case TREE_TEXT:
        return str_trim(tree_text(node));
    case TREE_TRUE:
        return STR("true");
    case TREE_FALSE:
        return STR("false");
    case TREE_NUMBER:
        if (tree_is_whole(node))
            return tree_digits(node, digits);
        return (struct str){digits, (size_t)snprintf(digits, TREE_DIGITS_MAX, "%g", tree_number(node))};
    default:
        return STR_NONE;
    }
}
