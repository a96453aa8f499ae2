/* api/reload.h: the configuration, read again while the server runs, as the
 * API sees it. Who can do that is one layer up (cli/reload.h). */
#ifndef API_RELOAD_H
#define API_RELOAD_H

#include "base/list.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct reload_result {
    bool is_loaded;     /* else nothing changed */
    int64_t generation; /* the number of the configuration in use: 1 at the start */
    size_t providers;
    struct str needs_restart; /* settings that differ and wait for a restart: JSON strings with commas between */
    const char *why;          /* it is not loaded */
    struct str mistakes;      /* of the file, JSON [{"pointer","detail"}]; may be empty */
};

/* Embedded by whoever waits. `done` comes once, from the loop. */
struct reload_wait {
    struct list link;
    void (*done)(struct reload_wait *wait, const struct reload_result *result);
};

struct reloadable {
    /* Reads the configuration as it is from now on; `wait` may be NULL. */
    void (*reload)(struct reloadable *reloadable, struct reload_wait *wait);
};

#endif
