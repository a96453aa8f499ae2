/* providers/builtin.h: the connectors of connectors/, part of the program.
 *
 * Adding one is adding a folder with a connector.json; the Makefile makes the
 * list. A text is not touched before it is asked for, and then costs the pages
 * it stands on. */
#ifndef PROVIDERS_BUILTIN_H
#define PROVIDERS_BUILTIN_H

#include "base/str.h"

/* The document of that name; STR_NONE when there is none. */
struct str builtin_connector(struct str name);

/* All names in the order of the alphabet, ended by NULL. */
const char *const *builtin_names(void);

#endif
