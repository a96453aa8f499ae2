/* cli/connector.h: what the verbs of `unstuck connector` share. */
#ifndef CLI_CONNECTOR_H
#define CLI_CONNECTOR_H

#include "base/json.h"
#include "cli/command.h"
#include "providers/connector.h"

/* The word that names a connector: a folder with a connector.json, a file, or a
 * built-in one. Prints what is wrong, each mistake on a line of its own with
 * its pointer, and answers NULL. */
struct connector *connector_open(const char *word);

/* Before the first answer is read. Prints what is missing, and answers false.
 */
bool connector_load_reader(void);

/* The sets of hints that suffice for these slots (none: for a verdict), each
 * once: "email, or first_name + last_name + company_domain". */
void connector_put_needs(struct buf *out, const struct connector_about *about, unsigned slots);

/* Why this exchange was a failure, in words without anything of the answer:
 * none for an outcome that says it all. `otherwise` is for JSON of a good
 * status. After connector_load_reader. */
struct http_call;
void connector_put_why(struct buf *out, const struct http_call *http, enum outcome failure, const char *otherwise);

/* unstuck connector try: argv[0] is "try". */
int connector_try(const struct command *command, int argc, char **argv);

#endif
