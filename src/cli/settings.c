#include "cli/settings.h"

#include "base/check.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

enum { FILE_BYTES_MAX = 1024 * 1024 };

static enum err read_file(const char *path, struct buf *out, struct buf *why)
{
    FILE *file = fopen(path, "rbe");
    char chunk[4096];
    size_t got;

    if (file == NULL) {
        buf_printf(why, "cannot read %s: %s\n", path, strerror(errno));
        return ERR_IO;
    }
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_put(out, (struct str){chunk, got});
    if (ferror(file) != 0)
        buf_printf(why, "cannot read %s: %s\n", path, strerror(errno));
    else if (out->is_overflown)
        buf_printf(why, "%s is larger than %d bytes\n", path, FILE_BYTES_MAX);
    fclose(file);
    return why->len == 0 ? ERR_NONE : ERR_IO;
}

void settings_put_mistakes(struct buf *out, const struct shape_mistakes *mistakes)
{
    struct err_detail ignored;
    json_t *list;
    const json_t *mistake;
    size_t index;

    if (mistakes->count == 0 || json_read(buf_str(&mistakes->json), &list, &ignored) != ERR_NONE)
        return;
    json_array_foreach(list, index, mistake)
    {
        buf_printf(out, "  %s: %s\n", json_string_value(json_object_get(mistake, "pointer")),
                   json_string_value(json_object_get(mistake, "detail")));
    }
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

static enum err read_doc(struct settings *out, const char *path, struct buf *why)
{
    static const char *const sections[] = {"server", "lookup", "limits", "ranking", "store", "log", "health"};
    struct shape_mistakes mistakes;
    struct shape shape;
    size_t count;

    shape_mistakes_init(&mistakes);
    if (shape_begin(&shape, out->doc, STR(""), &mistakes)) {
        for (size_t i = 0; i < LEN(sections); i++)
            read_section(&shape, sections[i], out);
        out->providers = shape_any(&shape, "providers");
        out->waterfalls = shape_any(&shape, "waterfalls");
        outgoing_read_settings(&shape, &out->outgoing);
        shape_end(&shape);
    }
    if (mistakes.count != 0)
        buf_printf(why, "%s:\n", path);
    settings_put_mistakes(why, &mistakes);
    count = mistakes.count;
    shape_mistakes_deinit(&mistakes);
    return count == 0 ? ERR_NONE : ERR_INVALID;
}

enum err settings_read(const char *path, struct settings *out, struct buf *why)
{
    struct buf text;
    struct err_detail detail;
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
        err = json_read(buf_str(&text), &out->doc, &detail);
        if (err != ERR_NONE)
            buf_printf(why, "%s, %s\n", path, detail.text);
    }
    buf_deinit(&text);
    return err == ERR_NONE ? read_doc(out, path, why) : err;
}

void settings_deinit(struct settings *settings)
{
    json_decref(settings->doc);
    settings->doc = NULL;
}
