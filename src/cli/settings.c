#include "cli/settings.h"

#include "base/check.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

enum { FILE_BYTES_MAX = 1024 * 1024 };

static enum err read_file(const char *path, struct buf *out, struct err_detail *why)
{
    FILE *file = fopen(path, "rbe");
    char chunk[4096];
    bool is_read;
    size_t got;

    if (file == NULL) {
        err_explain(why, "cannot read %s: %s", path, strerror(errno));
        return ERR_IO;
    }
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_put(out, (struct str){chunk, got});
    is_read = ferror(file) == 0;
    fclose(file);
    if (!is_read)
        err_explain(why, "cannot read %s: is it a file?", path);
    else if (out->is_overflown)
        err_explain(why, "%s is larger than %d bytes", path, FILE_BYTES_MAX);
    return is_read && !out->is_overflown ? ERR_NONE : ERR_IO;
}

static void put_on_one_line(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else
            buf_put_char(out, text.ptr[i]);
    }
}

static void put_mistake(struct buf *out, const char *before, const json_t *mistake)
{
    struct str pointer = json_str(json_object_get(mistake, "pointer"));

    buf_put(out, str_from(before));
    put_on_one_line(out, pointer.len != 0 ? pointer : STR("the document"));
    buf_puts(out, ": ");
    put_on_one_line(out, json_str(json_object_get(mistake, "detail")));
    buf_put_char(out, '\n');
}

void settings_put_mistakes(struct buf *out, const char *before, const struct shape_mistakes *mistakes)
{
    struct err_detail ignored;
    json_t *list;

    if (mistakes->count == 0 || json_read(buf_str(&mistakes->json), &list, &ignored) != ERR_NONE)
        return;
    for (size_t i = 0; i < json_array_size(list); i++)
        put_mistake(out, before, json_array_get(list, i));
    if (mistakes->count > json_array_size(list))
        buf_printf(out, "%sand %zu more mistakes\n", before, mistakes->count - json_array_size(list));
    json_decref(list);
}

static const struct {
    const char *section, *name;
    size_t offset;
    int64_t min, max, by_default;
} numbers[] = {
#define SETTING(section, name, min, max, by_default, what)                                                             \
    {#section, #name, offsetof(struct settings, number.section##_##name), min, max, by_default},
    SETTINGS(SETTING)
#undef SETTING
};

static int64_t *number_at(struct settings *settings, size_t offset)
{
    return (int64_t *)(void *)((char *)settings + offset);
}

static void read_words(struct shape *shape, struct settings *out)
{
    struct str word;

    if (strcmp(shape->pointer.ptr, "/lookup") == 0 && shape_str(shape, "charge_policy", 0, 64, &word)) {
        if (str_is(word, STR("attempts")))
            out->charge_policy = CHARGE_ATTEMPTS;
        else if (!str_is(word, STR("winner")))
            shape_report_member(shape, "charge_policy", "must be \"winner\" or \"attempts\"");
    }
    if (strcmp(shape->pointer.ptr, "/ranking") == 0 && shape_str(shape, "order", 0, 64, &word)) {
        out->is_ranking_learned = str_is(word, STR("learned"));
        if (!out->is_ranking_learned && !str_is(word, STR("configured")))
            shape_report_member(shape, "order", "must be \"learned\" or \"configured\"");
    }
    if (strcmp(shape->pointer.ptr, "/log") == 0 && shape_str(shape, "level", 0, 64, &word)) {
        if (!log_level_from(word, &out->log_level))
            shape_report_member(shape, "level", "must be \"debug\", \"info\", \"warn\" or \"error\"");
    }
    if (strcmp(shape->pointer.ptr, "/health") == 0)
        shape_bool(shape, "check_keys", &out->checks_keys);
}

static void read_section(struct shape *top, const char *section, struct settings *out)
{
    const json_t *object = shape_any(top, section);
    struct shape shape;
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/%s", section);
    if (object == NULL || !shape_begin(&shape, object, str_from(pointer), top->mistakes))
        return;
    for (size_t i = 0; i < LEN(numbers); i++) {
        if (strcmp(numbers[i].section, section) == 0)
            shape_int(&shape, numbers[i].name, numbers[i].min, numbers[i].max, number_at(out, numbers[i].offset));
    }
    read_words(&shape, out);
    shape_end(&shape);
}

static void read_doc(struct settings *out, struct shape_mistakes *mistakes)
{
    static const char *const sections[] = {"server", "lookup", "limits", "ranking", "store", "log", "health"};
    struct shape shape;

    if (shape_begin(&shape, out->doc, STR(""), mistakes)) {
        for (size_t i = 0; i < LEN(sections); i++)
            read_section(&shape, sections[i], out);
        out->providers = shape_any(&shape, "providers");
        out->waterfalls = shape_any(&shape, "waterfalls");
        outgoing_read_settings(&shape, &out->outgoing);
        shape_end(&shape);
    }
}

enum err settings_load(const char *path, struct settings *out, struct shape_mistakes *mistakes, struct err_detail *why)
{
    struct buf text;
    struct err_detail place;
    enum err err;

    *out = (struct settings){
        .charge_policy = CHARGE_WINNER, .log_level = LOG_INFO, .checks_keys = true, .is_ranking_learned = true};
    for (size_t i = 0; i < LEN(numbers); i++)
        *number_at(out, numbers[i].offset) = numbers[i].by_default;
    if (path == NULL)
        return ERR_NONE;
    buf_init(&text, FILE_BYTES_MAX);
    err = read_file(path, &text, why);
    if (err == ERR_NONE) {
        err = json_read(buf_str(&text), &out->doc, &place);
        if (err != ERR_NONE)
            err_explain(why, "%.300s, %.150s", path, place.text);
    }
    buf_deinit(&text);
    if (err == ERR_NONE)
        read_doc(out, mistakes);
    return err == ERR_NONE && mistakes->count != 0 ? ERR_INVALID : err;
}

enum err settings_read(const char *path, struct settings *out, struct buf *why)
{
    struct shape_mistakes mistakes;
    struct err_detail detail = {""};
    enum err err;

    shape_mistakes_init(&mistakes);
    err = settings_load(path, out, &mistakes, &detail);
    if (mistakes.count != 0)
        buf_printf(why, "%s:\n", path);
    else if (err != ERR_NONE)
        buf_printf(why, "%s\n", detail.text);
    settings_put_mistakes(why, "  ", &mistakes);
    shape_mistakes_deinit(&mistakes);
    return err;
}

/* --- what is different ------------------------------------------------------ */

/* The number's place in the table; LEN(numbers): it is none. */
static size_t find_number(const char *section, const char *name)
{
    size_t i = 0;

    while (i < LEN(numbers) && (strcmp(numbers[i].section, section) != 0 || strcmp(numbers[i].name, name) != 0))
        i++;
    return i;
}

/* A number may be written out or left to its default. */
static bool is_same(const struct settings *a, const struct settings *b, const char *section, const char *name)
{
    size_t number = find_number(section, name);
    const json_t *in_a = json_object_get(json_object_get(a->doc, section), name);
    const json_t *in_b = json_object_get(json_object_get(b->doc, section), name);

    if (number < LEN(numbers))
        return *number_at((struct settings *)(uintptr_t)a, numbers[number].offset) ==
               *number_at((struct settings *)(uintptr_t)b, numbers[number].offset);
    return in_a == in_b || json_equal(in_a, in_b) != 0;
}

void settings_each_difference(const struct settings *a, const struct settings *b,
                              void (*tell)(void *ctx, const char *section, const char *name), void *ctx)
{
    json_t *all = a->doc != NULL ? json_deep_copy(a->doc) : json_object();
    const char *section, *name;
    json_t *members, *value;

    if (b->doc != NULL)
        check(json_object_update_recursive(all, b->doc) == 0);
    json_object_foreach(all, section, members)
    {
        json_object_foreach(members, name, value)
        {
            if (!is_same(a, b, section, name))
                tell(ctx, section, name);
        }
    }
    json_decref(all);
}

void settings_deinit(struct settings *settings)
{
    json_decref(settings->doc);
    settings->doc = NULL;
}
