/* cli/command.h: one file per command; main.c has the table.
 *
 * A command gets its own arguments (argv[0] is its name) and answers the exit
 * status: 0 done, 1 it did not work or did not add up, 2 it was called wrongly.
 * What the user asked for goes to stdout, why something failed to stderr. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "workspace/key.h"

#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary;
    const char *usage; /* whole help text */
    int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_connector;
extern const struct command command_init;
extern const struct command command_serve;
extern const struct command command_verify;
extern const struct command command_workspace;

/* One option: a flag (`flag` set) or one with a value. `--name value` and
 * `--name=value` both work. */
struct option_spec {
    const char *name; /* without the dashes */
    const char **value;
    bool *flag;
};

/* Reads the options; on a mistake or --help prints and answers false with the
 * exit status. Options end with a NULL name. */
bool command_read_options(const struct command *command, int argc, char **argv, const struct option_spec *options,
                          int *out_status);

/* Makes a workspace in an opened store and shows its key: on stdout, or in
 * `key_file` (0600, must not exist). */
struct store;
bool command_make_workspace(struct store *store, const char *name, int64_t credits, const char *key_file,
                            struct id *out_id);

/* The same for the first one of a data folder. */
bool command_first_workspace(struct store *store, long long credits, const char *key_file);

/* A whole number from `min` to `max`, or false with a sentence on stderr. */
bool command_read_number(const char *option, const char *text, int64_t min, int64_t max, int64_t *out);

#endif
