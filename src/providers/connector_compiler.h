/* providers/connector_compiler.h: what the files connector_compile*.c share.
 *
 * A function compiles one JSON value into one struct. After a mistake it has
 * reported, it answers false and everything else is still compiled, so that
 * all mistakes are told at once; what it made is then never used. `enter` and
 * `leave` keep the pointer in step with the walk. */
#ifndef PROVIDERS_CONNECTOR_COMPILER_H
#define PROVIDERS_CONNECTOR_COMPILER_H

#include "providers/connector_parts.h"

struct compiler {
    struct connector *connector;
    struct shape_mistakes *mistakes;
    struct buf pointer;
    struct template_scope scope; /* which names there are where we are */
    struct way *way;             /* that we are in; NULL: none */
    unsigned slot;               /* whose value rules we are in */
    bool is_full;                /* told already */
};

/* From a JSON value to what `out` points at. */
typedef bool compile_fn(struct compiler *c, const json_t *value, void *out);

/* A member of an object: what compiles it, and where that goes in the object's struct. */
struct member {
    const char *name;
    compile_fn *compile;
    size_t offset;
    bool is_needed;
};

/* Reports at the place where we are; false. */
bool mistake(struct compiler *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool mistake_at(struct compiler *c, const char *member, const char *sentence);

size_t enter(struct compiler *c, const char *name);
size_t enter_index(struct compiler *c, size_t index);
void leave(struct compiler *c, size_t mark);

/* The arena is full: reported once; false. */
bool too_large(struct compiler *c);

/* Zeroed; NULL when the connector is too large. */
void *keep_bytes(struct compiler *c, size_t bytes);

/* jansson's iterators take no const; nothing is changed through this. */
json_t *iterable(const json_t *value);

/* An object with these members, in their order. Others are mistakes, but for compile_some. */
bool compile_members(struct compiler *c, const json_t *object, const struct member *members, size_t count, void *out);
bool compile_some(struct compiler *c, const json_t *object, const struct member *members, size_t count, void *out);

/* An array of `min` to `max` things of `item_bytes`; `what` says which. */
struct items {
    const char *what;
    size_t min, max, item_bytes;
    compile_fn *compile;
};

bool compile_items(struct compiler *c, const json_t *array, const struct items *items, void **out_items,
                   size_t *out_count);

/* The number of the word in `words` (ended by NULL); `what` says what such words are. */
bool compile_word(struct compiler *c, const json_t *value, const char *const *words, const char *what,
                  size_t *out_index);

bool compile_template_text(struct compiler *c, struct str text, struct template *out);

/* Each into the type that stands behind it. */
compile_fn compile_text;        /* struct str: 1 to 256 bytes */
compile_fn compile_bool;        /* bool */
compile_fn compile_ms;          /* int64_t, in microseconds; 0 to CONNECTOR_MS_MAX */
compile_fn compile_count;       /* int64_t, 1 to a million */
compile_fn compile_template;    /* struct template */
compile_fn compile_request;     /* struct request */
compile_fn compile_headers;     /* struct headers */
compile_fn compile_params;      /* struct params */
compile_fn compile_header_name; /* struct str */
compile_fn compile_pointer;     /* struct pointer */
compile_fn compile_pointers;    /* struct pointers */
compile_fn compile_tests;       /* struct tests */
compile_fn compile_outcomes;    /* struct rules */
compile_fn compile_amount;      /* struct amount_at * */
compile_fn compile_waits;       /* struct connector */
compile_fn compile_channels;    /* struct step */
compile_fn compile_account;     /* struct step */
compile_fn compile_verdict;     /* struct choices */

/* Adds the connector's own headers and query that the request does not have; `is_for_token`: without those that need
 * the token. */
bool complete_request(struct compiler *c, struct request *request, bool is_for_token);

#endif
