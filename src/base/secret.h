/* base/secret.h: secrets by reference, so that no configuration file holds one:
 * {"env": "NAME"} or {"file": "PATH"}. Of a file one line break at the end is
 * not part of the secret. Memory is zeroed before it is freed. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

enum { SECRET_BYTES_MAX = 16 * 1024 };

struct secret {
    char *ptr; /* NULL: none */
    size_t len;
};

/* Reads what `reference` names; paths are relative to `folder`. ERR_INVALID
 * with the remedy in `detail`, which never holds the secret. A secret is
 * printable text: without line breaks, NUL or other control bytes inside. */
must_use enum err secret_read(const json_t *reference, struct str folder, struct secret *out_secret,
                              struct err_detail *detail);
void secret_deinit(struct secret *secret);

/* Valid until secret_deinit. */
static inline struct str secret_str(const struct secret *secret)
{
    return (struct str){secret->ptr, secret->len};
}

#endif
