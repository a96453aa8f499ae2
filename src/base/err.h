/* base/err.h: what the world can do to us, as one enum from one table.
 *
 * 0 (ERR_NONE) is success; functions that can fail return the enum, marked
 * must_use, and leave their out parameters untouched on failure. The function
 * that can do something about an error logs it; the ones below return it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

enum err {
    ERR_NONE,
#define ERR(id, status, slug, retryable, title) ERR_##id,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

#define must_use __attribute__((warn_unused_result))

int err_status(enum err err);        /* HTTP status; 0 for errors that stay inside */
const char *err_slug(enum err err);  /* stable machine word */
const char *err_title(enum err err); /* one sentence, the same at every occurrence */
bool err_is_retryable(enum err err); /* may the same request work later? */

/* A sentence for a human, filled by the callee: names the place and the remedy.
 * Optional for the caller: pass NULL. Never holds a secret or a person's data. */
struct err_detail {
    char text[512];
};

/* Formats into `detail` (cut at its size); does nothing for NULL. */
void err_explain(struct err_detail *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
