#include "base/shape.h"

#include "base/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { MISTAKES_BYTES_MAX = 32 * 1024, NEAR_EDITS_MAX = 3 };

void shape_mistakes_init(struct shape_mistakes *mistakes)
{
    *mistakes = (struct shape_mistakes){.count = 0};
    buf_init(&mistakes->json, MISTAKES_BYTES_MAX);
}

void shape_mistakes_deinit(struct shape_mistakes *mistakes)
{
    buf_deinit(&mistakes->json);
}

/* What began at `len` does not fit: the array ends before it. */
static void close_at(struct buf *json, size_t len)
{
    json->is_overflown = false;
    json->len = len;
    json->ptr[len] = '\0';
    if (len > 0)
        json->ptr[len - 1] = ']';
}

static void add_mistake(struct shape_mistakes *mistakes, struct str pointer, const char *text)
{
    struct buf *json = &mistakes->json;
    size_t before = json->len;

    if (mistakes->count++ == 0)
        err_explain(&mistakes->first, "%.*s: %s", STR_ARG(pointer), text);
    if (mistakes->count > SHAPE_MISTAKES_MAX)
        return;
    if (json->len == 0)
        buf_put_char(json, '[');
    else
        json->len--; /* reopen the array */
    json_put_comma(json);
    buf_puts(json, "{\"pointer\":");
    json_put_str(json, pointer);
    buf_puts(json, ",\"detail\":");
    json_put_str(json, str_from(text));
    buf_puts(json, "}]");
    if (json->is_overflown)
        close_at(json, before);
}

void shape_report(struct shape_mistakes *mistakes, struct str pointer, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_mistake(mistakes, pointer, text);
}

static void pointer_of(const struct shape *shape, struct str name, struct buf *out)
{
    buf_put(out, shape->pointer);
    buf_put_char(out, '/');
    json_put_pointer_token(out, name);
}

void shape_report_member(struct shape *shape, const char *name, const char *format, ...)
{
    char text[300];
    struct buf pointer;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_init(&pointer, 1024);
    pointer_of(shape, str_from(name), &pointer);
    add_mistake(shape->mistakes, buf_str(&pointer), text);
    buf_deinit(&pointer);
}

const char *json_type_word(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

bool shape_begin(struct shape *shape, const json_t *value, struct str pointer, struct shape_mistakes *mistakes)
{
    *shape = (struct shape){.object = value, .pointer = pointer, .mistakes = mistakes};
    if (json_is_object(value))
        return true;
    shape_report(mistakes, pointer, "must be an object, not %s", json_type_word(value));
    return false;
}

const char *nearest_word(struct str word, const char *const *words)
{
    const char *nearest = NULL;
    unsigned least = NEAR_EDITS_MAX + 1;

    for (; *words != NULL; words++) {
        unsigned distance = str_distance(word, str_from(*words));

        if (distance < least && distance < strlen(*words)) {
            least = distance;
            nearest = *words;
        }
    }
    return nearest;
}

static bool is_known(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->known_count; i++) {
        if (strcmp(shape->known[i], name) == 0)
            return true;
    }
    return false;
}

/* Names that are too long to be useful are not repeated. */
static void report_unknown(struct shape *shape, const char *name)
{
    const char *known[SHAPE_MEMBERS_MAX + 1] = {NULL};
    const char *nearest;

    for (size_t i = 0; i < shape->known_count; i++)
        known[i] = shape->known[i];
    nearest = nearest_word(str_from(name), known);
    if (strlen(name) > 64)
        shape_report(shape->mistakes, shape->pointer, "has an unknown member with a name of over 64 bytes");
    else if (nearest != NULL)
        shape_report_member(shape, name, "is not a known member; did you mean \"%s\"?", nearest);
    else
        shape_report_member(shape, name, "is not a known member");
}

void shape_end(struct shape *shape)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)shape->object, name, value)
    {
        if (!is_known(shape, name))
            report_unknown(shape, name);
    }
}

const json_t *shape_any(struct shape *shape, const char *name)
{
    check(shape->known_count < SHAPE_MEMBERS_MAX);
    shape->known[shape->known_count++] = name;
    return json_object_get(shape->object, name);
}

bool shape_str(struct shape *shape, const char *name, size_t bytes_min, size_t bytes_max, struct str *out)
{
    const json_t *value = shape_any(shape, name);
    struct str text;

    if (value == NULL)
        return false;
    if (!json_is_string(value)) {
        shape_report_member(shape, name, "must be a string, not %s", json_type_word(value));
        return false;
    }
    text = json_str(value);
    if (text.len < bytes_min || text.len > bytes_max) {
        shape_report_member(shape, name, "must have %zu to %zu bytes", bytes_min, bytes_max);
        return false;
    }
    *out = text;
    return true;
}

bool shape_int(struct shape *shape, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *value = shape_any(shape, name);
    int64_t number;

    if (value == NULL)
        return false;
    if (!json_whole(value, &number)) {
        shape_report_member(shape, name, "must be a whole number from %lld to %lld", (long long)min, (long long)max);
        return false;
    }
    if (number < min || number > max) {
        shape_report_member(shape, name, "must be from %lld to %lld", (long long)min, (long long)max);
        return false;
    }
    *out = number;
    return true;
}

bool shape_bool(struct shape *shape, const char *name, bool *out)
{
    const json_t *value = shape_any(shape, name);

    if (value == NULL)
        return false;
    if (!json_is_boolean(value)) {
        shape_report_member(shape, name, "must be true or false, not %s", json_type_word(value));
        return false;
    }
    *out = json_is_true(value);
    return true;
}

bool shape_ppm(struct shape *shape, const char *name, int64_t *out)
{
    const json_t *value = shape_any(shape, name);
    double number;

    if (value == NULL)
        return false;
    number = json_is_number(value) ? json_number_value(value) : -1;
    if (!(number >= 0 && number <= 1)) {
        shape_report_member(shape, name, "must be a number from 0 to 1");
        return false;
    }
    *out = (int64_t)llround(number * PPM_ONE);
    return true;
}
