/* What the files that compile connectors share. */
#include "providers/connector_compiler.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_BYTES_MAX = 256 };

bool mistake(struct compiler *c, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    shape_report(c->mistakes, buf_str(&c->pointer), "%s", text);
    return false;
}

bool mistake_at(struct compiler *c, const char *member, const char *sentence)
{
    size_t mark = enter(c, member);

    mistake(c, "%s", sentence);
    leave(c, mark);
    return false;
}

/* A name that is too long to be useful is cut; so is a pointer that gets too long. */
size_t enter(struct compiler *c, const char *name)
{
    size_t mark = c->pointer.len;

    buf_put_char(&c->pointer, '/');
    json_put_pointer_token(&c->pointer, (struct str){name, strnlen(name, TEXT_BYTES_MAX)});
    return mark;
}

size_t enter_index(struct compiler *c, size_t index)
{
    size_t mark = c->pointer.len;

    buf_printf(&c->pointer, "/%zu", index);
    return mark;
}

void leave(struct compiler *c, size_t mark)
{
    c->pointer.is_overflown = false;
    if (c->pointer.len > mark) {
        c->pointer.len = mark;
        c->pointer.ptr[mark] = '\0';
    }
}

bool too_large(struct compiler *c)
{
    if (!c->is_full)
        mistake(c, "The connector gets too large here");
    c->is_full = true;
    return false;
}

void *keep_bytes(struct compiler *c, size_t bytes)
{
    void *ptr = arena_alloc(&c->connector->arena, bytes > 0 ? bytes : 1);

    if (ptr == NULL)
        too_large(c);
    return ptr;
}

json_t *iterable(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

/* --- objects --- */

static bool check_known(struct compiler *c, const json_t *object, const struct member *members, size_t count)
{
    const char *words[33] = {NULL};
    const char *name, *nearest;
    bool is_right = true;
    json_t *value;

    check(count < LEN(words));
    for (size_t i = 0; i < count; i++)
        words[i] = members[i].name;
    json_object_foreach(iterable(object), name, value)
    {
        size_t i = 0;

        while (i < count && strcmp(name, words[i]) != 0)
            i++;
        if (i < count)
            continue;
        nearest = nearest_word(str_from(name), words);
        i = enter(c, name);
        is_right = nearest != NULL ? mistake(c, "is not a known member; did you mean \"%s\"?", nearest)
                                   : mistake(c, "is not a known member");
        leave(c, i);
    }
    return is_right;
}

bool compile_some(struct compiler *c, const json_t *object, const struct member *members, size_t count, void *out)
{
    bool is_right = true;

    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, members[i].name);
        size_t mark = enter(c, members[i].name);

        if (value != NULL)
            is_right &= members[i].compile(c, value, (char *)out + members[i].offset);
        else if (members[i].is_needed)
            is_right = mistake(c, "is missing");
        leave(c, mark);
    }
    return is_right;
}

bool compile_members(struct compiler *c, const json_t *object, const struct member *members, size_t count, void *out)
{
    bool is_right;

    if (!json_is_object(object))
        return mistake(c, "must be an object, not %s", json_type_word(object));
    is_right = check_known(c, object, members, count);
    return compile_some(c, object, members, count, out) && is_right;
}

bool compile_items(struct compiler *c, const json_t *array, const struct items *items, void **out_items,
                   size_t *out_count)
{
    size_t count = json_array_size(array);
    bool is_right = true;
    char *made;

    if (!json_is_array(array) || count < items->min || count > items->max)
        return mistake(c, "must be an array of %zu to %zu %s", items->min, items->max, items->what);
    made = keep_bytes(c, count * items->item_bytes);
    if (made == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t mark = enter_index(c, i);

        is_right &= items->compile(c, json_array_get(array, i), made + i * items->item_bytes);
        leave(c, mark);
    }
    *out_items = made;
    *out_count = count;
    return is_right;
}

/* --- plain values --- */

static void put_words(struct buf *out, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", words[i]);
}

bool compile_word(struct compiler *c, const json_t *value, const char *const *words, const char *what,
                  size_t *out_index)
{
    struct str text = json_str(value);
    const char *nearest = json_is_string(value) ? nearest_word(text, words) : NULL;
    struct buf known;

    for (size_t i = 0; words[i] != NULL; i++) {
        if (str_is(text, str_from(words[i]))) {
            *out_index = i;
            return true;
        }
    }
    if (nearest != NULL)
        return mistake(c, "is no %s; did you mean \"%s\"?", what, nearest);
    buf_init(&known, TEXT_BYTES_MAX);
    put_words(&known, words);
    mistake(c, "must be one of %.*s", STR_ARG(buf_str(&known)));
    buf_deinit(&known);
    return false;
}

bool compile_text(struct compiler *c, const json_t *value, void *out)
{
    struct str text = json_str(value);

    if (text.len == 0 || text.len > TEXT_BYTES_MAX)
        return mistake(c, "must be a text of 1 to %d bytes", TEXT_BYTES_MAX);
    *(struct str *)out = text;
    return true;
}

bool compile_bool(struct compiler *c, const json_t *value, void *out)
{
    *(bool *)out = json_is_true(value);
    return json_is_boolean(value) || mistake(c, "must be true or false");
}

static bool compile_whole(struct compiler *c, const json_t *value, int64_t min, int64_t max, int64_t *out)
{
    if (json_whole(value, out) && *out >= min && *out <= max)
        return true;
    *out = 0;
    return mistake(c, "must be a whole number from %lld to %lld", (long long)min, (long long)max);
}

bool compile_ms(struct compiler *c, const json_t *value, void *out)
{
    int64_t ms = 0;
    bool is_right = compile_whole(c, value, 0, CONNECTOR_MS_MAX, &ms);

    *(int64_t *)out = ms * 1000;
    return is_right;
}

bool compile_count(struct compiler *c, const json_t *value, void *out)
{
    return compile_whole(c, value, 1, PROVIDER_LIMIT_MAX, out);
}

/* A connector that says which secrets it has has no others: such a name is a slip. */
static bool check_new_secrets(struct compiler *c, size_t known)
{
    const json_t *said = json_object_get(c->connector->doc, "secrets");
    struct names *names = &c->connector->secret_names;

    for (size_t i = known; json_is_object(said) && i < names->count; i++) {
        struct str name = names->of[i];

        if (json_object_getn(said, name.ptr, name.len) != NULL)
            continue;
        names->count = known;
        return mistake(c, "There is no \"%.*s\" among this connector's \"secrets\"", STR_ARG(name));
    }
    return true;
}

bool compile_template_text(struct compiler *c, struct str text, struct template *out)
{
    size_t secrets = c->connector->secret_names.count;
    struct err_detail detail = {""};
    enum err err = template_compile(text, &c->scope, &c->connector->arena, out, &detail);

    if (err == ERR_FULL)
        return too_large(c);
    if (err != ERR_NONE)
        return mistake(c, "%s", detail.text);
    return check_new_secrets(c, secrets);
}

bool compile_template(struct compiler *c, const json_t *value, void *out)
{
    if (!json_is_string(value))
        return mistake(c, "must be a text, not %s", json_type_word(value));
    return compile_template_text(c, json_str(value), out);
}
