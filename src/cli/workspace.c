/* unstuck workspace: the operator's side of customers, on a data folder that no server uses. */
#include "workspace/workspace.h"
#include "base/check.h"
#include "base/clock.h"
#include "cli/command.h"
#include "credits/bucket.h"
#include "credits/ledger.h"

#include <stdio.h>

enum { NAME_BYTES_MAX = 100 };

static const char usage[] =
    "usage: unstuck workspace create --data DIR --name NAME [--credits N] [--key-file FILE]\n"
    "                                [--monthly N [--renewal-day D] [--carry-over]]\n"
    "       unstuck workspace list --data DIR\n"
    "       unstuck workspace grant --data DIR --workspace ID --credits N\n"
    "       unstuck workspace monthly --data DIR --workspace ID --monthly N [--renewal-day D] [--carry-over]\n"
    "       unstuck workspace limits --data DIR --workspace ID [--minute N] [--bulk N] [--day N]\n"
    "\n"
    "Makes, lists and changes workspaces (customers) in a data folder that no server is using.\n"
    "\n"
    "  --data DIR        the data folder\n"
    "  --workspace ID    which one: ws_...\n"
    "  --name NAME       what it is called, at most 100 bytes\n"
    "  --credits N       credits to start with (default 0), or to add\n"
    "  --key-file FILE   write the new workspace's key there (mode 0600) instead of stdout\n"
    "  --monthly N       credits that come every month; 0: none\n"
    "  --renewal-day D   the day of the month (UTC) on which they come, 1 to 28 (default 1)\n"
    "  --carry-over      what is left of them stays; otherwise it expires\n"
    "  --minute N, --bulk N, --day N\n"
    "                    requests in 60 seconds, bulk requests in 60 seconds, requests in a UTC\n"
    "                    day; one that is not given, or 0, is the server's\n";

struct arguments {
    const char *data, *workspace, *name, *credits, *key_file, *monthly, *renewal_day, *minute, *bulk, *day;
    bool carries_over;
};

static int misuse(const char *what)
{
    fprintf(stderr, "unstuck workspace: %s\n\n%s", what, usage);
    return EXIT_USAGE;
}

static int not_written(enum err err)
{
    fprintf(stderr, "unstuck workspace: it cannot be written (%s); check the data folder's disk\n", err_title(err));
    return EXIT_FAILED;
}

/* --- finding one ---------------------------------------------------------- */

struct wanted {
    struct id id;
    bool is_found;
    struct workspace_row row; /* its name is not kept */
};

static void look_at(void *ctx, const struct workspace_row *row)
{
    struct wanted *wanted = ctx;

    if (!id_is(row->id, wanted->id))
        return;
    wanted->is_found = true;
    wanted->row = *row;
}

/* EXIT_DONE with the row, or a sentence and another status. */
static int find(struct store *store, const struct arguments *arguments, struct workspace_row *out)
{
    struct wanted wanted = {.is_found = false};

    if (arguments->workspace == NULL)
        return misuse("--workspace is required");
    if (id_read(str_from(arguments->workspace), WORKSPACE_PREFIX, &wanted.id) &&
        store_each_workspace(store, look_at, &wanted) == ERR_NONE && wanted.is_found) {
        *out = wanted.row;
        return EXIT_DONE;
    }
    fprintf(stderr, "unstuck workspace: there is no workspace %s; see: unstuck workspace list\n", arguments->workspace);
    return EXIT_FAILED;
}

/* --- create, monthly ------------------------------------------------------ */

/* Leaves `bucket` as it is without --monthly. When it was empty before, the
 * first credits come at once. */
static bool read_bucket(const struct arguments *arguments, struct bucket *bucket)
{
    int64_t day = 1, credits;

    if (arguments->monthly == NULL)
        return true;
    if (!command_read_number("monthly", arguments->monthly, 0, CREDITS_MAX, &credits))
        return false;
    if (arguments->renewal_day != NULL &&
        !command_read_number("renewal-day", arguments->renewal_day, 1, RENEWAL_DAY_MAX, &day))
        return false;
    bucket->day = (int)day;
    bucket->carries_over = arguments->carries_over;
    if (bucket->credits == 0 && bucket->renewed < bucket_month(bucket, clock_wall_us()))
        bucket->renewed = bucket_month(bucket, clock_wall_us()) - 1;
    bucket->credits = credits;
    return true;
}

static int create(struct store *store, const struct arguments *arguments)
{
    struct bucket bucket = {.day = 1};
    int64_t credits = 0;
    struct buf text;
    enum err err = ERR_NONE;
    struct id id;

    if (arguments->name == NULL || arguments->name[0] == '\0' || strlen(arguments->name) > NAME_BYTES_MAX)
        return misuse("--name is required, at most 100 bytes");
    if ((arguments->credits != NULL && !command_read_number("credits", arguments->credits, 0, CREDITS_MAX, &credits)) ||
        !read_bucket(arguments, &bucket))
        return EXIT_USAGE;
    if (!command_make_workspace(store, arguments->name, credits, arguments->key_file, &id))
        return EXIT_FAILED;
    if (bucket.credits != 0)
        err = store_put_bucket(store, id, &bucket);
    buf_init(&text, 64);
    id_put(&text, WORKSPACE_PREFIX, id);
    printf("workspace: %s\n", text.ptr);
    buf_deinit(&text);
    return err == ERR_NONE ? EXIT_DONE : not_written(err);
}

static int monthly(struct store *store, const struct arguments *arguments)
{
    struct workspace_row row;
    enum err err;
    int status;

    if (arguments->monthly == NULL)
        return misuse("--monthly is required");
    status = find(store, arguments, &row);
    if (status != EXIT_DONE)
        return status;
    if (!read_bucket(arguments, &row.bucket))
        return EXIT_USAGE;
    err = store_put_bucket(store, row.id, &row.bucket);
    return err == ERR_NONE ? EXIT_DONE : not_written(err);
}

/* --- list, grant, limits -------------------------------------------------- */

static void print_row(void *ctx, const struct workspace_row *row)
{
    struct buf text;

    (void)ctx;
    buf_init(&text, 4096);
    id_put(&text, WORKSPACE_PREFIX, row->id);
    buf_printf(&text, "\t%.*s\tbalance %lld", STR_ARG(row->name), (long long)row->head.balance);
    if (row->bucket.credits != 0)
        buf_printf(&text, "\tmonthly %lld on day %d%s", (long long)row->bucket.credits, row->bucket.day,
                   row->bucket.carries_over ? ", carried over" : "");
    for (enum limit_window window = 0; window < WINDOW_COUNT; window++) {
        if (row->limits.max[window] != 0)
            buf_printf(&text, "\t%s %lld", limit_window_name(window), (long long)row->limits.max[window]);
    }
    puts(text.ptr);
    buf_deinit(&text);
}

static int list(struct store *store, const struct arguments *arguments)
{
    (void)arguments;
    if (store_each_workspace(store, print_row, NULL) == ERR_NONE)
        return EXIT_DONE;
    fputs("unstuck workspace: the workspaces cannot be read; the database may be damaged\n", stderr);
    return EXIT_FAILED;
}

static int grant(struct store *store, const struct arguments *arguments)
{
    struct workspace_row row;
    int64_t credits;
    enum err err;
    int status;

    if (arguments->credits == NULL)
        return misuse("--credits is required");
    status = find(store, arguments, &row);
    if (status != EXIT_DONE)
        return status;
    if (!command_read_number("credits", arguments->credits, 1, CREDITS_MAX - row.head.balance, &credits))
        return EXIT_USAGE;
    err = store_grant(store, row.id, credits, clock_wall_us(), ledger_seal);
    if (err != ERR_NONE)
        return not_written(err);
    printf("granted %lld, balance %lld\n", (long long)credits, (long long)(row.head.balance + credits));
    return EXIT_DONE;
}

static int limits(struct store *store, const struct arguments *arguments)
{
    const char *const texts[WINDOW_COUNT] = {
        [WINDOW_MINUTE] = arguments->minute, [WINDOW_BULK] = arguments->bulk, [WINDOW_DAY] = arguments->day};
    struct rate_limits wanted = {.max = {0}};
    struct workspace_row row;
    enum err err;
    int status = find(store, arguments, &row);

    if (status != EXIT_DONE)
        return status;
    for (enum limit_window window = 0; window < WINDOW_COUNT; window++) {
        if (texts[window] != NULL &&
            !command_read_number(limit_window_name(window), texts[window], 0, RATE_LIMIT_MAX, &wanted.max[window]))
            return EXIT_USAGE;
    }
    err = store_put_limits(store, row.id, &wanted);
    return err == ERR_NONE ? EXIT_DONE : not_written(err);
}

/* --- the whole ------------------------------------------------------------ */

static const struct {
    const char *name;
    int (*run)(struct store *store, const struct arguments *arguments);
} verbs[] = {{"create", create}, {"list", list}, {"grant", grant}, {"monthly", monthly}, {"limits", limits}};

static int run_verb(const char *name, const struct arguments *arguments)
{
    struct err_detail detail;
    struct store *store;
    int status = EXIT_USAGE;

    if (arguments->data == NULL)
        return misuse("--data is required");
    if (store_open(arguments->data, false, &store, &detail) != ERR_NONE) {
        fprintf(stderr, "unstuck workspace: %s\n", detail.text);
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < LEN(verbs); i++) {
        if (strcmp(name, verbs[i].name) == 0)
            status = verbs[i].run(store, arguments);
    }
    store_close(&store);
    return status;
}

static bool is_verb(const char *word)
{
    for (size_t i = 0; i < LEN(verbs); i++) {
        if (strcmp(word, verbs[i].name) == 0)
            return true;
    }
    return false;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments a = {.data = NULL};
    const struct option_spec options[] = {{"data", &a.data, NULL},
                                          {"workspace", &a.workspace, NULL},
                                          {"name", &a.name, NULL},
                                          {"credits", &a.credits, NULL},
                                          {"key-file", &a.key_file, NULL},
                                          {"monthly", &a.monthly, NULL},
                                          {"renewal-day", &a.renewal_day, NULL},
                                          {"carry-over", NULL, &a.carries_over},
                                          {"minute", &a.minute, NULL},
                                          {"bulk", &a.bulk, NULL},
                                          {"day", &a.day, NULL},
                                          {NULL, NULL, NULL}};
    bool has_verb = argc > 1 && is_verb(argv[1]);
    int status;

    if (!command_read_options(command, argc - has_verb, argv + has_verb, options, &status))
        return status;
    return has_verb ? run_verb(argv[1], &a) : misuse("say what to do: create, list, grant, monthly or limits");
}

const struct command command_workspace = {"workspace", "make, list and change workspaces", usage, run};
