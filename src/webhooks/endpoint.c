#include "webhooks/endpoint.h"

#include "base/mem.h"

#include <sodium.h>

static struct str copy(struct str text)
{
    return (struct str){mem_copy_text(text.ptr == NULL ? "" : text.ptr, text.len), text.len};
}

static void free_texts(struct endpoint_row *row)
{
    mem_free((char *)(uintptr_t)row->url.ptr);
    mem_free((char *)(uintptr_t)row->disabled_why.ptr);
}

static void take(struct endpoint *endpoint, const struct endpoint_row *row)
{
    endpoint->row = *row;
    endpoint->row.url = copy(row->url);
    endpoint->row.disabled_why = copy(row->disabled_why);
}

struct endpoint *endpoint_add(struct workspace *workspace, const struct endpoint_row *row)
{
    struct endpoint *endpoint = mem_new(sizeof *endpoint);

    endpoint->workspace = workspace;
    endpoint->next_due_us = INT64_MAX;
    list_init(&endpoint->turn);
    take(endpoint, row);
    list_append(&workspace->endpoints, &endpoint->link);
    return endpoint;
}

void endpoint_set(struct endpoint *endpoint, const struct endpoint_row *row)
{
    struct endpoint_row old = endpoint->row;

    take(endpoint, row);
    free_texts(&old);
}

void endpoint_free(struct endpoint *endpoint)
{
    list_remove(&endpoint->link);
    list_remove(&endpoint->turn);
    free_texts(&endpoint->row);
    sodium_memzero(endpoint, sizeof *endpoint);
    mem_free(endpoint);
}

static void add_row(void *ctx, const struct endpoint_row *row)
{
    struct workspace *workspace = directory_workspace(ctx, row->workspace_id);

    if (workspace != NULL)
        endpoint_add(workspace, row);
}

enum err endpoints_load(struct store *store, struct directory *directory)
{
    return store_each_endpoint(store, add_row, directory);
}

bool endpoint_is_live(const struct endpoint *endpoint)
{
    return endpoint->row.kind != ENDPOINT_LEAVING && endpoint->row.disabled_at_us == 0;
}

struct endpoint *workspace_endpoint(const struct workspace *workspace, struct id endpoint_id)
{
    list_each(link, following, &workspace->endpoints)
    {
        struct endpoint *endpoint = list_entry(link, struct endpoint, link);

        if (id_is(endpoint->row.endpoint_id, endpoint_id) && endpoint->row.kind != ENDPOINT_LEAVING)
            return endpoint;
    }
    return NULL;
}

struct endpoint *workspace_verification(const struct workspace *workspace)
{
    list_each(link, following, &workspace->endpoints)
    {
        struct endpoint *endpoint = list_entry(link, struct endpoint, link);

        if (endpoint->row.kind == ENDPOINT_VERIFICATION)
            return endpoint;
    }
    return NULL;
}

size_t workspace_endpoints(const struct workspace *workspace)
{
    size_t count = 0;

    list_each(link, following, &workspace->endpoints)
    {
        count++;
    }
    return count;
}
