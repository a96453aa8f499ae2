#include "cli/command.h"

#include "base/mem.h"
#include "credits/ledger.h"
#include "workspace/workspace.h"

#include <stdio.h>

static const char usage[] = "usage: unstuck verify --data DIR\n"
                            "\n"
                            "Reads a data folder that no server is using and recomputes, for each workspace,\n"
                            "the ledger's hash chain, the balance as the sum of its entries, and the digest of\n"
                            "every trail. Says what it checked; exits 1 at the first thing that does not add up.\n"
                            "\n"
                            "  --data DIR       the data folder\n";

struct verification {
    struct store *store;
    bool has_failed;
    struct workspace_row *rows; /* texts are not kept: only ids and heads are used */
    size_t count, capacity;
};

static void gather(void *ctx, const struct workspace_row *row)
{
    struct verification *v = ctx;

    if (v->count == v->capacity) {
        v->capacity = v->capacity != 0 ? v->capacity * 2 : 16;
        v->rows = mem_resize(v->rows, v->capacity * sizeof *v->rows);
    }
    v->rows[v->count++] = *row;
}

static bool verify_workspace(struct store *store, const struct workspace_row *row)
{
    struct ledger_report report;
    struct err_detail detail;
    struct buf name;
    bool is_right = ledger_verify(store, row, &report, &detail) == ERR_NONE;

    buf_init(&name, 64);
    id_put(&name, WORKSPACE_PREFIX, row->id);
    if (is_right)
        printf("%s: %lld ledger entries chained, balance %lld is their sum, %lld trails match their digests"
               " (%lld erased)\n",
               name.ptr, (long long)report.entries, (long long)report.balance, (long long)report.trails,
               (long long)report.trails_erased);
    else
        printf("%s: DOES NOT ADD UP: %s\n", name.ptr, detail.text);
    buf_deinit(&name);
    return is_right;
}

static int verify(struct store *store)
{
    struct verification v = {.count = 0};
    struct err_detail detail;
    bool is_right = true;

    if (store_check_pages(store, &detail) != ERR_NONE) {
        printf("DOES NOT ADD UP: %s\n", detail.text);
        return EXIT_FAILED;
    }
    if (store_each_workspace(store, gather, &v) != ERR_NONE) {
        puts("DOES NOT ADD UP: the workspaces cannot be read");
        mem_free(v.rows);
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < v.count && is_right; i++)
        is_right = verify_workspace(store, &v.rows[i]);
    mem_free(v.rows);
    if (is_right)
        printf("verified: %zu workspace%s, nothing amiss\n", v.count, v.count == 1 ? "" : "s");
    return is_right ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    const char *data = NULL;
    const struct option_spec options[] = {{"data", &data, NULL}, {NULL, NULL, NULL}};
    struct err_detail detail;
    struct store *store;
    int status;

    if (!command_read_options(command, argc, argv, options, &status))
        return status;
    if (data == NULL) {
        fprintf(stderr, "unstuck verify: --data is required\n\n%s", usage);
        return EXIT_USAGE;
    }
    if (store_open(data, false, &store, &detail) != ERR_NONE) {
        fprintf(stderr, "unstuck verify: %s\n", detail.text);
        return EXIT_FAILED;
    }
    status = verify(store);
    store_close(&store);
    return status;
}

const struct command command_verify = {"verify", "recompute the books of a data folder", usage, run};
