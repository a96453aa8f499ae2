/* providers/template.h: text with places to fill in: "Bearer {secret.key}".
 *
 * Compiled once; filling in parses nothing. What may stand in braces is in
 * docs/connectors.md; {{ is a brace. A template points into the text that it
 * was compiled from. A place whose value is not there is absent: empty in a
 * longer text, and whoever uses a template that is exactly one absent place
 * leaves it out. */
#ifndef PROVIDERS_TEMPLATE_H
#define PROVIDERS_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "providers/provider.h"

enum { TEMPLATE_NAMES_MAX = 8, TEMPLATE_NAME_BYTES_MAX = 32, TEMPLATE_CHOICES_MAX = 8 };

/* Names that a connector gives: of secrets, of kept values; in the order first seen. */
struct names {
    struct str of[TEMPLATE_NAMES_MAX];
    size_t count;
};

/* Adds it unless it is there; false when there is no room. */
bool names_add(struct names *names, struct str name, unsigned *out_index);
bool names_find(const struct names *names, struct str name, unsigned *out_index);

/* Letters, digits and _, at most TEMPLATE_NAME_BYTES_MAX. */
bool is_template_name(struct str name);

enum part_kind {
    PART_TEXT,
    PART_HINT,
    PART_FULL_NAME,
    PART_LINKEDIN_SLUG,
    PART_EMAIL_DOMAIN,
    PART_COMPANY_URL,
    PART_SECRET,
    PART_KEPT,
    PART_TOKEN,
    PART_WANTS,
    PART_LACKS,
    PART_VALUE,
    PART_FIRST_OF /* {a|b} */
};

struct part {
    enum part_kind kind;
    unsigned index;       /* of the hint, secret, kept value or channel */
    struct str text;      /* PART_TEXT; PART_WANTS: what stands for true, may be empty */
    struct part *choices; /* PART_FIRST_OF */
    size_t choices_count;
};

struct template
{
    struct part *parts;
    size_t count;
};

/* Which names there are where a template stands. */
struct template_scope {
    bool has_hints; /* and what derives from them */
    bool has_wants; /* wants.CHANNEL and lacks.CHANNEL */
    bool has_token;
    bool has_value;
    struct names *secrets;    /* NULL: none; else names not yet in it are added */
    const struct names *kept; /* NULL: none */
};

struct kept {
    struct str text; /* empty: absent */
    bool is_number;
};

/* What the places are filled with. */
struct template_values {
    const struct hints *hints;
    const struct str *secrets; /* in the order of the names */
    const struct kept *kept;
    struct str token;
    struct str value; /* the one just found */
    unsigned open;    /* channels that are wanted and not found yet */
};

/* ERR_INVALID with the reason; ERR_FULL when the arena is. */
must_use enum err template_compile(struct str text, const struct template_scope *scope, struct arena *arena,
                                   struct template *out_template, struct err_detail *detail);

/* What stands between the braces of one place, or between two | of it. */
must_use enum err template_compile_place(struct str name, const struct template_scope *scope, struct arena *arena,
                                         struct part *out_part, struct err_detail *detail);

bool template_uses_token(const struct template *template);

/* Does every place have a value when these hints are there? Kept values are taken to be there. */
bool template_is_certain(const struct template *template, unsigned hints_mask);

/* Is it exactly one place, and that one absent? */
bool template_is_absent(const struct template *template, const struct template_values *values);

/* Has it any place that is absent? */
bool template_has_absent(const struct template *template, const struct template_values *values);

/* Is it exactly one place whose value is JSON, not text: true, false, a number? */
bool template_is_json(const struct template *template, const struct template_values *values);

/* Absent places are empty. */
void template_put(struct buf *out, const struct template *template, const struct template_values *values);

/* The same percent-encoded: of filled-in values all but unreserved bytes, of the text between what cannot stand in a
 * query; `is_encoded`: the text is that already. */
void template_put_url(struct buf *out, const struct template *template, const struct template_values *values,
                      bool is_encoded);

/* One place; false when it is absent. */
bool part_put(struct buf *out, const struct part *part, const struct template_values *values);

/* All but unreserved bytes percent-encoded. */
void put_percent_encoded(struct buf *out, struct str s);

#endif
