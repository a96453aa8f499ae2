#include "cli/command.h"

#include "credits/ledger.h"
#include "store/store.h"
#include "workspace/workspace.h"

#include <stdio.h>

#define CREDITS_DEFAULT "10000"

static const char usage[] = "usage: unstuck init --data DIR [--credits N] [--key-file FILE]\n"
                            "\n"
                            "Makes a data folder (readable by its owner only) with one workspace and its first\n"
                            "key, of scope full. The key is shown once: on stdout, or in FILE.\n"
                            "\n"
                            "  --data DIR       the folder to make\n"
                            "  --credits N      what the workspace starts with (default " CREDITS_DEFAULT ")\n"
                            "  --key-file FILE  write the key there (mode 0600; must not exist) instead of stdout\n";

static bool is_empty(struct store *store)
{
    struct directory *directory;
    bool has_none;

    if (directory_new(store, &directory) != ERR_NONE)
        return false;
    has_none = directory_workspaces(directory) == 0;
    directory_free(&directory);
    return has_none;
}

static int initialise(const char *data, long long credits, const char *key_file)
{
    struct store *store;
    struct err_detail detail;
    bool is_done;

    if (store_open(data, true, &store, &detail) != ERR_NONE) {
        fprintf(stderr, "unstuck init: %s\n", detail.text);
        return EXIT_FAILED;
    }
    if (!is_empty(store)) {
        fprintf(stderr, "unstuck init: %s has a workspace already; nothing was changed\n", data);
        store_close(&store);
        return EXIT_FAILED;
    }
    is_done = command_first_workspace(store, credits, key_file);
    store_close(&store);
    return is_done ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    const char *data = NULL, *credits_text = CREDITS_DEFAULT, *key_file = NULL;
    const struct option_spec options[] = {
        {"data", &data, NULL}, {"credits", &credits_text, NULL}, {"key-file", &key_file, NULL}, {NULL, NULL, NULL}};
    uint64_t credits;
    int status;

    if (!command_read_options(command, argc, argv, options, &status))
        return status;
    if (data == NULL) {
        fprintf(stderr, "unstuck init: --data is required\n\n%s", usage);
        return EXIT_USAGE;
    }
    if (!str_to_u64(str_from(credits_text), CREDITS_MAX, &credits)) {
        fprintf(stderr, "unstuck init: --credits must be a whole number from 0 to %lld\n", (long long)CREDITS_MAX);
        return EXIT_USAGE;
    }
    return initialise(data, (long long)credits, key_file);
}

const struct command command_init = {"init", "make a data folder with a workspace and its first key", usage, run};
