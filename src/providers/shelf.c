#include "providers/shelf.h"

#include "base/check.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>

enum { NAMES_BYTES_MAX = 16 * 1024, POINTER_BYTES_MAX = 1024 };

/* --- reading one ------------------------------------------------------------ */

static enum err mistake(struct provider_place *place, const char *pointer, const char *sentence)
{
    buf_put(&place->pointer, str_from(pointer));
    err_explain(&place->detail, "%s", sentence);
    return ERR_INVALID;
}

static enum err mistake_in_column(struct provider_place *place, const char *word, const char *sentence)
{
    buf_puts(&place->pointer, "/columns/");
    json_put_pointer_token(&place->pointer, str_from(word));
    err_explain(&place->detail, "%s", sentence);
    return ERR_INVALID;
}

static enum err unknown_column(struct provider_place *place, const char *word)
{
    unsigned nearest = 0;

    for (unsigned i = 1; i < PEOPLE_COLUMN_COUNT; i++) {
        const char *best = people_column_name((enum people_column)nearest);
        const char *name = people_column_name((enum people_column)i);

        if (str_distance(str_from(word), str_from(name)) < str_distance(str_from(word), str_from(best)))
            nearest = i;
    }
    mistake_in_column(place, word, "");
    err_explain(&place->detail, "This is none of our words for a column; did you mean %s?",
                people_column_name((enum people_column)nearest));
    return ERR_INVALID;
}

static enum err check_no_other(const struct people *people, const char *word, struct provider_place *place)
{
    enum people_column column = PEOPLE_EMAIL;

    check(people_column_from(str_from(word), &column));
    for (unsigned i = 0; i < PEOPLE_COLUMN_COUNT; i++) {
        if (i != column && str_is_nocase(people->names[i], people->names[column])) {
            mistake_in_column(place, word, "");
            err_explain(&place->detail, "The file's column is that of %s, too: name another one for either of them",
                        people_column_name((enum people_column)i));
            return ERR_INVALID;
        }
    }
    return ERR_NONE;
}

static enum err read_column(struct shelf_file *file, const char *word, const json_t *value,
                            struct provider_place *place)
{
    struct str name = str_trim(json_str(value));
    enum people_column column;

    if (!people_column_from(str_from(word), &column))
        return unknown_column(place, word);
    name = name.len == 0 ? STR_NONE : arena_keep(&file->names, name);
    if (name.len == 0)
        return mistake_in_column(place, word, "Give the name of the file's column as text");
    file->people.names[column] = name;
    return ERR_NONE;
}

static enum err read_columns(struct shelf_file *file, const json_t *columns, struct provider_place *place)
{
    const char *word;
    json_t *value;
    enum err err = ERR_NONE;

    if (columns == NULL)
        return ERR_NONE;
    if (!json_is_object(columns))
        return mistake(place, "/columns", "Give an object of our words and the file's column names");
    json_object_foreach((json_t *)(uintptr_t)columns, word, value)
    {
        if (err == ERR_NONE)
            err = read_column(file, word, value, place);
    }
    json_object_foreach((json_t *)(uintptr_t)columns, word, value)
    {
        if (err == ERR_NONE)
            err = check_no_other(&file->people, word, place);
    }
    return err;
}

/* A mapping that leads nowhere is a spelling mistake. */
static enum err check_columns_exist(const struct people *people, const json_t *columns, struct provider_place *place)
{
    const char *word;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)columns, word, value)
    {
        enum people_column column = PEOPLE_EMAIL;

        check(people_column_from(str_from(word), &column));
        if (!people_has(people, column))
            return mistake_in_column(place, word, "The file has no such column: see its header line");
    }
    return ERR_NONE;
}

static enum err read_confidence(struct people *people, const json_t *confidence, struct provider_place *place)
{
    double value = json_number_value(confidence);

    if (confidence == NULL)
        return ERR_NONE;
    if (!json_is_number(confidence) || !(value >= 0 && value <= 1))
        return mistake(place, "/confidence", "Give a number from 0 to 1, such as 0.9");
    people->confidence_ppm = (int64_t)(value * PPM_ONE + 0.5);
    return ERR_NONE;
}

/* False: it is none, or too long. */
static bool make_path(const json_t *wish, struct str folder, char out[PATH_MAX])
{
    struct str path = json_str(json_object_get(wish, "file"));
    int len;

    if (path.len == 0)
        return false;
    if (path.ptr[0] == '/' || folder.len == 0)
        len = snprintf(out, PATH_MAX, "%.*s", STR_ARG(path));
    else
        len = snprintf(out, PATH_MAX, "%.*s/%.*s", STR_ARG(folder), STR_ARG(path));
    return len > 0 && len < PATH_MAX;
}

static enum err load_file(struct shelf_file *file, struct str folder, struct provider_place *place)
{
    char path[PATH_MAX];
    enum err err;

    if (!make_path(file->wish, folder, path))
        return mistake(place, "/file", "Give the path of a .csv or .jsonl file");
    if (stat(path, &file->before) != 0)
        file->before = (struct stat){.st_size = 0}; /* reading it will say why */
    err = people_load_file(&file->people, path, &place->detail);
    if (err != ERR_NONE)
        buf_puts(&place->pointer, "/file");
    file->people.table.name = NULL; /* only reading needs it */
    return err;
}

static enum err fill(struct shelf_file *file, struct str folder, struct provider_place *place)
{
    const json_t *columns = json_object_get(file->wish, "columns");
    struct people *people = &file->people;
    enum err err = read_columns(file, columns, place);

    if (err == ERR_NONE)
        err = read_confidence(people, json_object_get(file->wish, "confidence"), place);
    if (err == ERR_NONE)
        err = load_file(file, folder, place);
    if (err == ERR_NONE && people_columns_are_known(people))
        err = check_columns_exist(people, columns, place);
    if (err != ERR_NONE || people_check(people, &place->detail) == ERR_NONE)
        return err;
    buf_puts(&place->pointer, "/file");
    return ERR_INVALID;
}

void shelf_file_read(struct shelf_file *file, struct str folder)
{
    file->err = fill(file, folder, &file->place);
}

/* --- the shelf --------------------------------------------------------------- */

void shelf_init(struct shelf *shelf)
{
    list_init(&shelf->files);
}

/* A copy: the configuration is the loop's, this may be another thread's. */
static json_t *wish_of(const json_t *entry)
{
    static const char *const members[] = {"file", "columns", "confidence"};
    json_t *wish = json_object();

    for (size_t i = 0; i < LEN(members); i++) {
        const json_t *value = json_object_get(entry, members[i]);

        if (value != NULL)
            json_object_set_new(wish, members[i], json_deep_copy(value));
    }
    return wish;
}

struct shelf_file *shelf_file_new(const json_t *entry)
{
    struct shelf_file *file = mem_new(sizeof *file);

    list_init(&file->link);
    file->wish = wish_of(entry);
    arena_init(&file->names, NAMES_BYTES_MAX);
    buf_init(&file->place.pointer, POINTER_BYTES_MAX);
    people_init(&file->people);
    return file;
}

void shelf_file_free(struct shelf_file *file)
{
    check(file->users == 0);
    people_deinit(&file->people);
    arena_deinit(&file->names);
    buf_deinit(&file->place.pointer);
    json_decref(file->wish);
    mem_free(file);
}

void shelf_put(struct shelf *shelf, struct shelf_file *file)
{
    list_append(&shelf->files, &file->link);
    file->users++;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_unchanged(const struct shelf_file *file, struct str folder)
{
    char path[PATH_MAX];
    struct stat now;

    return make_path(file->wish, folder, path) && stat(path, &now) == 0 && is_same_file(&now, &file->before);
}

struct shelf_file *shelf_find(struct shelf *shelf, const json_t *entry, struct str folder)
{
    struct shelf_file *found = NULL;
    json_t *wish = wish_of(entry);

    list_each(link, following, &shelf->files)
    {
        struct shelf_file *file = list_entry(link, struct shelf_file, link);

        if (found == NULL && json_equal(file->wish, wish) != 0 && is_unchanged(file, folder))
            found = file;
    }
    json_decref(wish);
    if (found != NULL)
        found->users++;
    return found;
}

void shelf_give_back(struct shelf_file *file)
{
    check(file->users > 0);
    if (--file->users > 0)
        return;
    list_remove(&file->link);
    shelf_file_free(file);
}
