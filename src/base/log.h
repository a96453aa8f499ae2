/* base/log.h: one JSON object a line on stderr.
 *
 * Lines are gathered and written by log_flush (the loop calls it once a turn,
 * exit and fatal paths too), so a busy server pays one write for many lines.
 * Never log a key, a secret, or a person's data above LOG_DEBUG. Callable from
 * any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* One member of a line. Build with the three functions below. */
struct log_field {
    const char *name; /* NULL ends the list */
    struct str text;
    int64_t number;
    bool is_number;
};

#define LOG_END ((struct log_field){.name = NULL})

void log_set_level(enum log_level level);
bool log_level_from(struct str name, enum log_level *out_level); /* debug info warn error */
bool log_is_on(enum log_level level);

/* {"ts":…,"level":…,"msg":…, fields…}; fields end with LOG_END. */
void log_write(enum log_level level, const char *message, ...);
void log_flush(void);

struct log_field log_str(const char *name, struct str text);
struct log_field log_text(const char *name, const char *text);
struct log_field log_num(const char *name, int64_t number);

#endif
