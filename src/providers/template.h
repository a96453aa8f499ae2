/* providers/template.h: text with places for hints and secrets: "Bearer {secret.key}".
 *
 * {email} is a hint, {secret.NAME} a secret, {{ a brace. Compiled once; filling
 * in parses nothing. A template points into the text it was compiled from. */
#ifndef PROVIDERS_TEMPLATE_H
#define PROVIDERS_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "providers/provider.h"

enum { SECRETS_MAX = 8, SECRET_NAME_BYTES_MAX = 32 };

enum part_kind { PART_TEXT, PART_HINT, PART_SECRET };

struct part {
    enum part_kind kind;
    unsigned index;  /* of the hint, or into the secrets */
    struct str text; /* PART_TEXT */
};

struct template
{
    struct part *parts;
    size_t count;
    unsigned hints; /* the set used */
};

/* The names of the secrets that templates use, in the order first seen. */
struct secret_names {
    struct str names[SECRETS_MAX];
    size_t count;
};

/* What the places are filled with. `secrets` is in the order of secret_names. */
struct template_values {
    const struct hints *hints;
    const struct str *secrets;
};

/* ERR_INVALID with the reason; ERR_FULL when the arena is. */
must_use enum err template_compile(struct str text, struct secret_names *secrets, struct arena *arena,
                                   struct template *out_template, struct err_detail *detail);

/* Is it exactly one hint, and that one absent? */
bool template_is_absent(const struct template *template, const struct hints *hints);

/* Absent hints are empty text. */
void template_put(struct buf *out, const struct template *template, const struct template_values *values);

/* The same with every filled-in value percent-encoded (all but unreserved bytes). */
void template_put_url(struct buf *out, const struct template *template, const struct template_values *values);

#endif
