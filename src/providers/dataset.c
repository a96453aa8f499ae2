/* A provider whose answers come from a file: see kinds.h for its configuration
 * and people.h for what is found how. */
#include "providers/kinds.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"
#include "providers/people.h"

#include <limits.h>
#include <stdio.h>

enum { NAMES_BYTES_MAX = 16 * 1024 };

struct dataset {
    struct provider provider;
    struct loop *loop;
    struct people people;
    struct arena names; /* of columns: the configuration they come from may go */
};

static struct dataset *dataset_of(struct provider *provider)
{
    return container_of(provider, struct dataset, provider);
}

static void ask(struct provider *provider, struct provider_call *call)
{
    struct dataset *dataset = dataset_of(provider);
    enum outcome outcome;

    people_find(&dataset->people, call->hints, call->channels & provider->channels, call->arena, call->values);
    outcome = provider_call_has_value(call) ? OUTCOME_HIT : OUTCOME_MISS;
    provider_call_end(dataset->loop, call, call->arena->is_full ? OUTCOME_ERROR : outcome);
}

static void dataset_free(struct provider *provider)
{
    struct dataset *dataset = dataset_of(provider);

    people_deinit(&dataset->people);
    arena_deinit(&dataset->names);
    mem_free(dataset);
}

static const struct provider_kind dataset_kind = {.name = "dataset", .ask = ask, .free = dataset_free};

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

static enum err read_column(struct dataset *dataset, const char *word, const json_t *value,
                            struct provider_place *place)
{
    struct str name = str_trim(json_str(value));
    enum people_column column;

    if (!people_column_from(str_from(word), &column))
        return unknown_column(place, word);
    name = name.len == 0 ? STR_NONE : arena_keep(&dataset->names, name);
    if (name.len == 0)
        return mistake_in_column(place, word, "Give the name of the file's column as text");
    dataset->people.names[column] = name;
    return ERR_NONE;
}

static enum err read_columns(struct dataset *dataset, const json_t *columns, struct provider_place *place)
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
            err = read_column(dataset, word, value, place);
    }
    json_object_foreach((json_t *)(uintptr_t)columns, word, value)
    {
        if (err == ERR_NONE)
            err = check_no_other(&dataset->people, word, place);
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

static enum err load_file(struct people *people, const json_t *file, struct str folder, struct provider_place *place)
{
    struct str path = json_str(file);
    char text[PATH_MAX];
    int len;
    enum err err;

    if (path.len == 0)
        return mistake(place, "/file", "Give the path of a .csv or .jsonl file");
    if (path.ptr[0] == '/' || folder.len == 0)
        len = snprintf(text, sizeof text, "%.*s", STR_ARG(path));
    else
        len = snprintf(text, sizeof text, "%.*s/%.*s", STR_ARG(folder), STR_ARG(path));
    if (len < 0 || (size_t)len >= sizeof text)
        return mistake(place, "/file", "The path is too long");
    err = people_load_file(people, text, &place->detail);
    if (err != ERR_NONE)
        buf_puts(&place->pointer, "/file");
    people->table.name = NULL; /* only reading needs it */
    return err;
}

static enum err fill(struct dataset *dataset, const json_t *entry, struct str folder, struct provider_place *place)
{
    const json_t *columns = json_object_get(entry, "columns");
    struct people *people = &dataset->people;
    enum err err = read_columns(dataset, columns, place);

    if (err == ERR_NONE)
        err = read_confidence(people, json_object_get(entry, "confidence"), place);
    if (err == ERR_NONE)
        err = load_file(people, json_object_get(entry, "file"), folder, place);
    if (err == ERR_NONE && people_columns_are_known(people))
        err = check_columns_exist(people, columns, place);
    if (err != ERR_NONE || people_check(people, &place->detail) == ERR_NONE)
        return err;
    buf_puts(&place->pointer, "/file");
    return ERR_INVALID;
}

enum err dataset_provider_new(struct loop *loop, const json_t *entry, struct str folder, struct provider **out_provider,
                              struct provider_place *place)
{
    struct dataset *dataset = mem_new(sizeof *dataset);
    struct people *people = &dataset->people;
    enum err err;

    dataset->loop = loop;
    dataset->provider.kind = &dataset_kind;
    arena_init(&dataset->names, NAMES_BYTES_MAX);
    people_init(people);
    err = fill(dataset, entry, folder, place);
    if (err != ERR_NONE) {
        dataset_free(&dataset->provider);
        return err;
    }
    dataset->provider.channels = people->channels;
    dataset->provider.needs_count = people->needs_count;
    memcpy(dataset->provider.needs, people->needs, sizeof people->needs);
    *out_provider = &dataset->provider;
    return ERR_NONE;
}
