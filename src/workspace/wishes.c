#include "workspace/wishes.h"

#include "base/json.h"
#include "base/mem.h"

enum { WISHED_MAX = 64 };

static size_t bytes_of(const struct str *names, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += names[i].len;
    return bytes;
}

static char *keep(struct str *to, const struct str *names, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (struct str){text, names[i].len};
        memcpy(text, names[i].ptr, names[i].len);
        text += names[i].len;
    }
    return text;
}

struct wish *wish_new(const struct str *pinned, size_t pinned_count, const struct str *disabled, size_t disabled_count,
                      bool is_deterministic)
{
    size_t count = pinned_count + disabled_count;
    struct wish *wish = mem_new(sizeof *wish + count * sizeof wish->names[0] + bytes_of(pinned, pinned_count) +
                                bytes_of(disabled, disabled_count));
    char *text = (char *)&wish->names[count];

    wish->is_deterministic = is_deterministic;
    wish->pinned_count = pinned_count;
    wish->disabled_count = disabled_count;
    text = keep(wish->names, pinned, pinned_count, text);
    keep(wish->names + pinned_count, disabled, disabled_count, text);
    return wish;
}

static size_t read_names(const json_t *list, struct str out[WISHED_MAX])
{
    size_t count = 0, index;
    const json_t *item;

    json_array_foreach(list, index, item)
    {
        if (json_is_string(item) && count < WISHED_MAX)
            out[count++] = json_str(item);
    }
    return count;
}

struct wish *wish_read(struct str text)
{
    struct str pinned[WISHED_MAX], disabled[WISHED_MAX];
    struct wish *wish;
    json_t *doc;
    size_t pins;

    if (json_read(text, &doc, NULL) != ERR_NONE)
        return NULL;
    pins = read_names(json_object_get(doc, "pinned"), pinned);
    wish = wish_new(pinned, pins, disabled, read_names(json_object_get(doc, "disabled"), disabled),
                    json_is_true(json_object_get(doc, "deterministic")));
    json_decref(doc);
    return wish;
}

static void put_names(struct buf *out, const char *name, const struct str *names, size_t count)
{
    json_put_name(out, name);
    buf_put_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        json_put_comma(out);
        json_put_str(out, names[i]);
    }
    buf_put_char(out, ']');
}

void wish_put(struct buf *out, const struct wish *wish)
{
    buf_put_char(out, '{');
    put_names(out, "pinned", wish->names, wish->pinned_count);
    put_names(out, "disabled", wish->names + wish->pinned_count, wish->disabled_count);
    json_put_name(out, "deterministic");
    if (wish->is_deterministic)
        buf_puts(out, "true}");
    else
        buf_puts(out, "false}");
}

bool wish_is_nothing(const struct wish *wish)
{
    return wish == NULL || (wish->pinned_count + wish->disabled_count == 0 && !wish->is_deterministic);
}

bool wish_disables(const struct wish *wish, struct str name)
{
    for (size_t i = 0; wish != NULL && i < wish->disabled_count; i++) {
        if (str_is(wish->names[wish->pinned_count + i], name))
            return true;
    }
    return false;
}

void wishes_free(struct wishes **wishes_at)
{
    struct wishes *wishes = *wishes_at;

    if (wishes == NULL)
        return;
    for (size_t i = 0; i < WATERFALL_COUNT; i++)
        mem_free(wishes->of[i]);
    mem_free(wishes);
    *wishes_at = NULL;
}
