/* unstuck: the enrichment server and its command line. */
#include "base/check.h"
#include "base/str.h"
#include "base/version.h"
#include "cli/command.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>

static const struct command *const commands[] = {&command_init, &command_serve, &command_verify, &command_workspace,
                                                 &command_connector};

static void print_help(FILE *out)
{
    fputs("unstuck turns a hint about a person into contact channels: several providers asked in\n"
          "turn, each answer charged once, every step explained.\n"
          "\n"
          "usage: unstuck COMMAND [OPTIONS]\n"
          "\n",
          out);
    for (size_t i = 0; i < LEN(commands); i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n  unstuck COMMAND --help says more; unstuck --version says which this is.\n", out);
}

int main(int argc, char **argv)
{
    struct str word = argc > 1 ? str_from(argv[1]) : STR_NONE;

    check(sodium_init() >= 0);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < LEN(commands); i++) {
        if (str_is(word, str_from(commands[i]->name)))
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    }
    if (str_is(word, STR("--version"))) {
        puts("unstuck " UNSTUCK_VERSION);
        return EXIT_DONE;
    }
    if (str_is(word, STR("--help")) || str_is(word, STR("-h"))) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (word.len != 0)
        fprintf(stderr, "unstuck: unknown command: %s\n\n", argv[1]);
    print_help(stderr);
    return EXIT_USAGE;
}
