#include "providers/connector_file.h"

#include "providers/builtin.h"
#include "providers/connector.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { PATH_BYTES_MAX = 1024, NAMES_SHOWN_MAX = 8, NAME_BYTES_MAX = 64 };

bool connector_is_path(struct str word)
{
    return str_find(word, '/') != word.len || str_ends(word, STR(".json"));
}

static enum err read_file(const char *path, struct buf *out, struct err_detail *detail)
{
    char chunk[4096];
    FILE *file = fopen(path, "rbe");
    bool is_read;
    size_t len;

    if (file == NULL) {
        err_explain(detail, "cannot be opened: %s", strerror(errno));
        return ERR_IO;
    }
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0 && !out->is_overflown)
        buf_put(out, (struct str){chunk, len});
    is_read = !ferror(file);
    fclose(file);
    if (!is_read) {
        err_explain(detail, "cannot be read: is it a file?");
        return ERR_IO;
    }
    if (out->is_overflown) {
        err_explain(detail, "is over %d bytes", CONNECTOR_FILE_BYTES_MAX);
        return ERR_INVALID;
    }
    return ERR_NONE;
}

static enum err read_doc(struct str text, json_t **out_doc, struct err_detail *detail)
{
    struct err_detail why = {""};

    if (json_read(text, out_doc, &why) == ERR_NONE)
        return ERR_NONE;
    err_explain(detail, "is not JSON: %.250s", why.text);
    return ERR_INVALID;
}

static enum err find_file(struct str word, struct str folder, json_t **out_doc, struct err_detail *detail)
{
    bool is_relative = word.ptr[0] != '/' && folder.len != 0;
    char path[PATH_BYTES_MAX];
    struct buf text;
    enum err err;
    int len;

    len = is_relative ? snprintf(path, sizeof path, "%.*s/%.*s", STR_ARG(folder), STR_ARG(word))
                      : snprintf(path, sizeof path, "%.*s", STR_ARG(word));
    if (len >= PATH_BYTES_MAX) {
        err_explain(detail, "is a path of over %d bytes", PATH_BYTES_MAX - 1);
        return ERR_INVALID;
    }
    buf_init(&text, CONNECTOR_FILE_BYTES_MAX);
    err = read_file(path, &text, detail);
    if (err == ERR_NONE)
        err = read_doc(buf_str(&text), out_doc, detail);
    buf_deinit(&text);
    return err;
}

/* The name nearest to `word` that comes after `last` in the order of nearness. */
static const char *next_nearest(struct str word, const char *last)
{
    unsigned past = last == NULL ? 0 : str_distance(word, str_from(last));
    const char *const *names = builtin_names();
    bool is_passed = last == NULL;
    const char *nearest = NULL;
    unsigned least = UINT_MAX;

    for (size_t i = 0; names[i] != NULL; i++) {
        unsigned distance = str_distance(word, str_from(names[i]));

        if (names[i] == last)
            is_passed = true;
        else if ((distance > past || (distance == past && is_passed)) && distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

/* The nearest names first, and how many more there are. */
static void explain_unknown(struct str word, struct err_detail *detail)
{
    const char *name = NULL;
    struct buf known;
    size_t count = 0;

    buf_init(&known, NAMES_SHOWN_MAX * (NAME_BYTES_MAX + 2));
    while (builtin_names()[count] != NULL)
        count++;
    for (size_t i = 0; i < count && i < NAMES_SHOWN_MAX; i++) {
        name = next_nearest(word, name);
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", name);
    }
    if (count > NAMES_SHOWN_MAX)
        buf_printf(&known, " and %zu more", count - NAMES_SHOWN_MAX);
    err_explain(
        detail, "No connector is called \"%.*s\"; there are %s. A file is named by its path, like \"./acme.json\"",
        (int)(word.len < NAME_BYTES_MAX ? word.len : NAME_BYTES_MAX), word.ptr, known.len != 0 ? known.ptr : "none");
    buf_deinit(&known);
}

enum err connector_find(struct str word, struct str folder, json_t **out_doc, struct err_detail *detail)
{
    struct str text = builtin_connector(word);

    if (word.len != 0 && connector_is_path(word))
        return find_file(word, folder, out_doc, detail);
    if (text.len != 0)
        return read_doc(text, out_doc, detail);
    explain_unknown(word, detail);
    return ERR_INVALID;
}
