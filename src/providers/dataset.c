/* A provider whose answers come from a file: see kinds.h for its configuration
 * and people.h for what is found how. */
#include "providers/kinds.h"

#include "base/check.h"
#include "base/mem.h"
#include "providers/shelf.h"

struct dataset {
    struct provider provider;
    struct loop *loop;
    struct shelf_file *file; /* shared with others that want the same */
};

static struct dataset *dataset_of(struct provider *provider)
{
    return container_of(provider, struct dataset, provider);
}

static void ask(struct provider *provider, struct provider_call *call)
{
    struct dataset *dataset = dataset_of(provider);
    enum outcome outcome;

    people_find(&dataset->file->people, call->hints, call->channels & provider->channels, call->arena, call->values);
    outcome = provider_call_has_value(call) ? OUTCOME_HIT : OUTCOME_MISS;
    provider_call_end(dataset->loop, call, call->arena->is_full ? OUTCOME_ERROR : outcome);
}

static void dataset_free(struct provider *provider)
{
    struct dataset *dataset = dataset_of(provider);

    shelf_give_back(dataset->file);
    mem_free(dataset);
}

static const struct provider_kind dataset_kind = {.name = "dataset", .ask = ask, .free = dataset_free};

static struct shelf_file *find_file(struct shelf *shelf, const json_t *entry, struct str folder)
{
    struct shelf_file *file = shelf_find(shelf, entry, folder);

    if (file == NULL) {
        file = shelf_file_new(entry);
        shelf_file_read(file, folder);
        shelf_put(shelf, file);
    }
    return file;
}

enum err dataset_provider_new(struct loop *loop, struct shelf *shelf, const json_t *entry, struct str folder,
                              struct provider **out_provider, struct provider_place *place)
{
    struct shelf_file *file = find_file(shelf, entry, folder);
    enum err err = file->err;
    struct dataset *dataset;

    if (err != ERR_NONE) {
        buf_put(&place->pointer, buf_str(&file->place.pointer));
        place->detail = file->place.detail;
        shelf_give_back(file);
        return err;
    }
    dataset = mem_new(sizeof *dataset);
    dataset->loop = loop;
    dataset->file = file;
    dataset->provider.kind = &dataset_kind;
    dataset->provider.channels = file->people.channels;
    dataset->provider.needs_count = file->people.needs_count;
    memcpy(dataset->provider.needs, file->people.needs, sizeof file->people.needs);
    *out_provider = &dataset->provider;
    return ERR_NONE;
}
