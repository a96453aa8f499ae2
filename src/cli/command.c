#include "cli/command.h"

#include "base/check.h"
#include "base/clock.h"
#include "workspace/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static const struct option_spec *find_option(const struct option_spec *options, struct str name)
{
    for (; options->name != NULL; options++) {
        if (str_is(name, str_from(options->name)))
            return options;
    }
    return NULL;
}

static bool misused(const struct command *command, const char *what, struct str word, int *out_status)
{
    fprintf(stderr, "unstuck %s: %s%.*s\n\n%s", command->name, what, STR_ARG(word), command->usage);
    *out_status = EXIT_USAGE;
    return false;
}

bool command_read_options(const struct command *command, int argc, char **argv, const struct option_spec *options,
                          int *out_status)
{
    for (int i = 1; i < argc; i++) {
        struct str rest = str_from(argv[i]);
        const struct option_spec *option;
        bool has_value;
        struct str name;

        if (str_is(rest, STR("--help")) || str_is(rest, STR("-h"))) {
            fputs(command->usage, stdout);
            *out_status = EXIT_DONE;
            return false;
        }
        if (!str_starts(rest, STR("--")))
            return misused(command, "unexpected argument: ", rest, out_status);
        rest = str_from_at(rest, 2);
        has_value = str_find(rest, '=') != rest.len;
        name = str_cut(&rest, '=');
        option = find_option(options, name);
        if (option == NULL)
            return misused(command, "unknown option: --", name, out_status);
        if (option->flag != NULL && has_value)
            return misused(command, "this option takes no value: --", name, out_status);
        if (option->flag != NULL) {
            *option->flag = true;
        } else if (has_value) {
            *option->value = rest.ptr;
        } else if (i + 1 < argc) {
            *option->value = argv[++i];
        } else {
            return misused(command, "this option needs a value: --", name, out_status);
        }
    }
    return true;
}

static bool make_key_file(const char *path, int *out_fd)
{
    *out_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*out_fd >= 0)
        return true;
    if (errno == EEXIST)
        fprintf(stderr, "unstuck: the key file %s exists already; name another or remove it\n", path);
    else
        fprintf(stderr, "unstuck: cannot make the key file %s: %s\n", path, strerror(errno));
    return false;
}

static bool write_key_file(const char *path, int fd, const char *secret)
{
    bool is_written = dprintf(fd, "%s\n", secret) > 0 && fsync(fd) == 0;

    if (!is_written)
        fprintf(stderr, "unstuck: cannot write the key file %s: %s\n", path, strerror(errno));
    return is_written;
}

/* The file comes first: a workspace whose only key was lost is of no use. */
bool command_make_workspace(struct store *store, const char *name, int64_t credits, const char *key_file,
                            struct id *out_id)
{
    char secret[KEY_LEN + 1];
    int fd = -1;
    bool is_shown = false;

    if (key_file != NULL && !make_key_file(key_file, &fd))
        return false;
    if (workspace_create(store, str_from(name), credits, clock_wall_us(), secret, out_id) != ERR_NONE) {
        fputs("unstuck: the workspace cannot be written; check the data folder's disk\n", stderr);
        if (key_file != NULL)
            unlink(key_file);
    } else if (key_file != NULL) {
        is_shown = write_key_file(key_file, fd, secret);
    } else {
        is_shown = printf("key: %s\n", secret) > 0 && fflush(stdout) == 0;
    }
    if (fd >= 0)
        close(fd);
    sodium_memzero(secret, sizeof secret);
    return is_shown;
}

bool command_first_workspace(struct store *store, long long credits, const char *key_file)
{
    struct id ignored;

    return command_make_workspace(store, "first workspace", credits, key_file, &ignored);
}

bool command_read_number(const char *option, const char *text, int64_t min, int64_t max, int64_t *out)
{
    uint64_t value;

    if (str_to_u64(str_from(text), (uint64_t)max, &value) && (int64_t)value >= min) {
        *out = (int64_t)value;
        return true;
    }
    fprintf(stderr, "unstuck: --%s must be a whole number from %lld to %lld\n", option, (long long)min, (long long)max);
    return false;
}
