/* unstuck connector: for whoever writes a connector, or has a key and wonders
 * whether it works. */
#include "cli/connector.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/tree.h"
#include "cli/settings.h"
#include "providers/builtin.h"
#include "providers/connector_file.h"
#include "providers/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PATH_BYTES_MAX = 1024, FIXTURES_MAX = 1000, LINES_BYTES_MAX = 128 * 1024 };

static const char usage[] = "usage: unstuck connector list\n"
                            "       unstuck connector check CONNECTOR...\n"
                            "       unstuck connector test CONNECTOR...\n"
                            "       unstuck connector try CONNECTOR HINTS [--channels A,B] [--check] "
                            "[--answers]\n"
                            "                             [--hosts NAME=URL,...] [--secrets "
                            "NAME=VARIABLE,...]\n"
                            "\n"
                            "A CONNECTOR is the name of a built-in one, a file, or a folder with a "
                            "connector.json.\n"
                            "\n"
                            "  list     the built-in ones: what each gives, from what, and the "
                            "variable of its key\n"
                            "  check    every mistake with its place; exits 1 when there is one\n"
                            "  test     replays the cases beside it (fixtures/*.json), without a "
                            "network; exits 1\n"
                            "           when one comes out differently\n"
                            "  try      one live call with your key: shows every request, with *** for "
                            "secrets, and\n"
                            "           what came of it; exits 0 when the provider knew or did not "
                            "know, else 1.\n"
                            "           It may cost what the provider takes for a call\n"
                            "\n"
                            "Hints of try:\n"
                            "  --email E --linkedin-url URL --first-name N --last-name N "
                            "--company-domain D\n"
                            "  --company-name N\n"
                            "  --channels A,B    of work_email, personal_email, phone, linkedin_url, "
                            "account; default:\n"
                            "                    all that it gives. With --email alone a verifier "
                            "gives its verdict\n"
                            "  --check           the call that proves the key, and costs nothing\n"
                            "  --answers         shows what came back, too\n"
                            "  --hosts, --secrets\n"
                            "                    another URL for a host; another variable for a "
                            "secret, for example\n"
                            "                    --secrets key=MY_OTHER_KEY\n";

static int misuse(const char *what)
{
    fprintf(stderr, "unstuck connector: %s\n\n%s", what, usage);
    return EXIT_USAGE;
}

/* --- finding one
 * ----------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A bare name is the built-in one, even where a folder is called like that;
 * else whatever is there is meant. */
static bool is_path(const char *word)
{
    struct stat status;

    return connector_is_path(str_from(word)) ||
           (builtin_connector(str_from(word)).len == 0 && word[0] != '\0' && stat(word, &status) == 0);
}

static void locate_file(struct str text, char path[PATH_BYTES_MAX], char folder[PATH_BYTES_MAX])
{
    size_t slash = str_find_last(text, '/');
    bool is_here = slash == text.len;

    snprintf(path, PATH_BYTES_MAX, "%s%.*s", is_here && !connector_is_path(text) ? "./" : "", STR_ARG(text));
    if (is_here)
        snprintf(folder, PATH_BYTES_MAX, ".");
    else
        snprintf(folder, PATH_BYTES_MAX, "%.*s", (int)slash, text.ptr);
}

/* What to read for a word, and for a file the folder that it stands in. */
static void locate(const char *word, char path[PATH_BYTES_MAX], char folder[PATH_BYTES_MAX])
{
    struct str text = str_from(word);

    if (!is_path(word)) {
        snprintf(path, PATH_BYTES_MAX, "%s", word);
        snprintf(folder, PATH_BYTES_MAX, "connectors/%s", word);
        return;
    }
    while (text.len > 1 && text.ptr[text.len - 1] == '/')
        text.len--;
    if (is_folder(word)) {
        snprintf(folder, PATH_BYTES_MAX, "%.*s", STR_ARG(text));
        snprintf(path, PATH_BYTES_MAX, "%.*s/connector.json", STR_ARG(text));
    } else {
        locate_file(text, path, folder);
    }
}

static void print_mistakes(const char *what, const struct shape_mistakes *mistakes)
{
    char before[PATH_BYTES_MAX + 2];
    struct buf lines;

    snprintf(before, sizeof before, "%s: ", what);
    buf_init(&lines, LINES_BYTES_MAX);
    settings_put_mistakes(&lines, before, mistakes);
    printf("%.*s", STR_ARG(buf_str(&lines)));
    buf_deinit(&lines);
}

/* What connector_find says: of a path without the path. */
static void print_not_found(const char *what, const char *why)
{
    printf("%s%s%s\n", what, connector_is_path(str_from(what)) ? " " : ": ", why);
}

static struct connector *compile(const char *what, const json_t *doc)
{
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;

    shape_mistakes_init(&mistakes);
    if (connector_compile(doc, &connector, &mistakes) != ERR_NONE)
        print_mistakes(what, &mistakes);
    shape_mistakes_deinit(&mistakes);
    return connector;
}

struct connector *connector_open(const char *word)
{
    char path[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
    struct connector *connector;
    struct err_detail detail;
    json_t *doc = NULL;

    locate(word, path, folder);
    if (connector_find(str_from(path), STR_NONE, &doc, &detail) != ERR_NONE) {
        print_not_found(path, detail.text);
        return NULL;
    }
    connector = compile(path, doc);
    json_decref(doc);
    return connector;
}

bool connector_load_reader(void)
{
    struct err_detail detail;

    if (tree_load(&detail) == ERR_NONE)
        return true;
    fprintf(stderr, "unstuck connector: %s\n", detail.text);
    return false;
}

/* --- what a connector gives
 * --------------------------------------------------------- */

static void put_hints(struct buf *out, unsigned hints)
{
    const char *between = "";

    for (unsigned i = 0; i < HINT_COUNT; i++) {
        if ((hints & 1u << i) == 0)
            continue;
        buf_printf(out, "%s%s", between, hint_name((enum hint)i));
        between = " + ";
    }
}

void connector_put_needs(struct buf *out, const struct connector_about *about, unsigned slots)
{
    unsigned seen[NEEDS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < about->needs_count; i++) {
        const struct need *need = &about->needs[i];
        bool is_seen = slots == 0 ? need->slots != 0 : (need->slots & slots) == 0;

        for (size_t k = 0; k < count; k++)
            is_seen = is_seen || seen[k] == need->hints;
        if (is_seen)
            continue;
        buf_printf(out, "%s", count == 0 ? "" : ", or ");
        put_hints(out, need->hints);
        seen[count++] = need->hints;
    }
}

static void print_gift(const struct connector_about *about, const char *name, unsigned slots)
{
    struct buf text;

    buf_init(&text, 4096);
    connector_put_needs(&text, about, slots);
    printf("    %-15s from %s\n", name, text.len == 0 ? "anything" : text.ptr);
    buf_deinit(&text);
}

static void print_gifts(const struct connector_about *about)
{
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        unsigned slots = about->slots & waterfall_slots((enum channel)i);

        if (slots != 0)
            print_gift(about, channel_name((enum channel)i), slots);
    }
    if (about->is_verifier)
        print_gift(about, "verdict", 0);
}

/* --- list
 * ------------------------------------------------------------------------- */

static void print_settings(const struct connector *connector)
{
    const struct connector_secret *secrets;
    const struct connector_host *hosts;
    size_t count = connector_secrets(connector, &secrets);

    for (size_t i = 0; i < count; i++)
        printf("%s%.*s", i == 0 ? ": " : ", ", STR_ARG(secrets[i].env.len != 0 ? secrets[i].env : secrets[i].name));
    count = connector_hosts(connector, &hosts);
    for (size_t i = 0; i < count; i++) {
        if (hosts[i].url.len == 0)
            printf("; wants the URL of \"%.*s\"", STR_ARG(hosts[i].name));
    }
    putchar('\n');
}

static int list(char **words, size_t count)
{
    const char *const *names = builtin_names();

    (void)words;
    if (count != 0)
        return misuse("list takes no argument");
    for (size_t i = 0; names[i] != NULL; i++) {
        struct connector *connector = connector_open(names[i]);

        if (connector == NULL)
            return EXIT_FAILED;
        printf("%s", names[i]);
        print_settings(connector);
        print_gifts(connector_about(connector));
        connector_free(&connector);
    }
    return EXIT_DONE;
}

/* --- check
 * ------------------------------------------------------------------------ */

static int check_all(char **words, size_t count)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < count; i++) {
        struct connector *connector = connector_open(words[i]);

        if (connector == NULL)
            status = EXIT_FAILED;
        else
            printf("%s: ok\n", words[i]);
        connector_free(&connector);
    }
    return status;
}

/* --- test
 * ------------------------------------------------------------------------- */

struct tally_of_tests {
    size_t passed, failed;
};

static int is_fixture(const struct dirent *entry)
{
    return str_ends(str_from(entry->d_name), STR(".json")) ? 1 : 0;
}

static void test_fixture(const struct connector *connector, const char *path, struct tally_of_tests *tally)
{
    struct err_detail detail = {""};
    struct shape_mistakes mistakes;
    struct buf differences;
    json_t *doc = NULL;
    bool is_right = false;

    shape_mistakes_init(&mistakes);
    buf_init(&differences, FIXTURE_DIFFERENCES_BYTES_MAX);
    if (connector_find(str_from(path), STR_NONE, &doc, &detail) != ERR_NONE)
        printf("FAILED %s %s\n", path, detail.text);
    else if (fixture_replay(connector, doc, &differences, &mistakes) != ERR_NONE)
        printf("FAILED %s: is no fixture\n", path);
    else
        is_right = differences.len == 0;
    if (is_right || differences.len != 0)
        printf("%s %s: %s\n%s", is_right ? "ok    " : "FAILED", path,
               json_string_value(json_object_get(doc, "about")) != NULL
                   ? json_string_value(json_object_get(doc, "about"))
                   : "",
               differences.len == 0 ? "" : differences.ptr);
    print_mistakes(path, &mistakes);
    tally->passed += is_right;
    tally->failed += !is_right;
    json_decref(doc);
    buf_deinit(&differences);
    shape_mistakes_deinit(&mistakes);
}

static void test_folder(const struct connector *connector, const char *word, const char *folder,
                        struct tally_of_tests *tally)
{
    char path[PATH_BYTES_MAX + 300];
    struct dirent **entries = NULL;
    int count;

    snprintf(path, sizeof path, "%s/fixtures", folder);
    count = scandir(path, &entries, is_fixture, alphasort);
    if (count <= 0) {
        printf("FAILED %s has no fixtures: a connector without a case in %s/*.json proves nothing\n", word, path);
        tally->failed++;
    }
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/fixtures/%s", folder, entries[i]->d_name);
        test_fixture(connector, path, tally);
        mem_free(entries[i]);
    }
    mem_free(entries);
}

static int test_all(char **words, size_t count)
{
    struct tally_of_tests tally = {.passed = 0};

    if (!connector_load_reader())
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
        struct connector *connector = connector_open(words[i]);

        locate(words[i], path, folder);
        if (connector == NULL)
            tally.failed++;
        else
            test_folder(connector, words[i], folder, &tally);
        connector_free(&connector);
    }
    printf("%zu connector%s, %zu ok, %zu failed\n", count, count == 1 ? "" : "s", tally.passed, tally.failed);
    return tally.failed == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* --- the whole
 * -------------------------------------------------------------------- */

static int run_on_words(const struct command *command, int (*verb)(char **words, size_t count), bool is_list, int argc,
                        char **argv)
{
    const struct option_spec none[] = {{NULL, NULL, NULL}};
    int words = 0, status;

    while (words + 1 < argc && argv[words + 1][0] != '-')
        words++;
    if (!command_read_options(command, argc - words, argv + words, none, &status))
        return status;
    if (words == 0 && !is_list)
        return misuse("name a connector: a built-in one, a file or a folder");
    return verb(argv + 1, (size_t)words);
}

static int run(const struct command *command, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    int status;

    if (strcmp(verb, "list") == 0)
        return run_on_words(command, list, true, argc - 1, argv + 1);
    if (strcmp(verb, "check") == 0)
        return run_on_words(command, check_all, false, argc - 1, argv + 1);
    if (strcmp(verb, "test") == 0)
        return run_on_words(command, test_all, false, argc - 1, argv + 1);
    if (strcmp(verb, "try") == 0)
        return connector_try(command, argc - 1, argv + 1);
    if (!command_read_options(command, argc, argv, (const struct option_spec[]){{NULL, NULL, NULL}}, &status))
        return status;
    return misuse("say what to do: list, check, test or try");
}

const struct command command_connector = {"connector", "check, test and try the connectors of providers", usage, run};
