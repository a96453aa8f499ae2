/* base/tree.h: JSON that others send us, read fast (simdjson underneath).
 *
 * For answers of providers: up to some megabytes, looked at here and there and
 * dropped. As strict as base/json.h, but for what paid answers are not thrown
 * away for: a member that is there twice (the first counts), numbers past 64
 * bits (they lose digits), a byte order mark. Whole numbers of 64 bits keep
 * every digit.
 *
 * A tree is one block of memory; its nodes are small values that point into it
 * and die with it. Whoever looks at much of a tree on a stranger's behalf
 * watches tree_visits. The library is loaded by tree_load. */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { TREE_DEPTH_MAX = 64, TREE_DIGITS_MAX = 24 };

enum tree_type {
    TREE_NONE, /* there is no such value */
    TREE_NULL,
    TREE_FALSE,
    TREE_TRUE,
    TREE_NUMBER,
    TREE_TEXT,
    TREE_ARRAY,
    TREE_OBJECT
};

struct tree;

struct tree_node {
    struct tree *tree;
    size_t at; /* 0: no value */
};

#define TREE_NODE_NONE ((struct tree_node){NULL, 0})

/* Before the first tree_read. ERR_IO with the remedy when the library is not installed. */
must_use enum err tree_load(struct err_detail *detail);

/* ERR_MALFORMED_JSON for what is no JSON, or nested too deep. */
must_use enum err tree_read(struct str text, struct tree **out_tree);
void tree_free(struct tree **tree);

/* How many values have been passed over on the way to others. */
uint64_t tree_visits(const struct tree *tree);

struct tree_node tree_root(struct tree *tree);
enum tree_type tree_type(struct tree_node node);

struct str tree_text(struct tree_node node); /* of TREE_TEXT, else STR_NONE; as long as the tree */
double tree_number(struct tree_node node);   /* of TREE_NUMBER, else 0 */
bool tree_is_whole(struct tree_node node);   /* written without fraction and exponent, and within 64 bits */
struct str tree_digits(struct tree_node node, char out[TREE_DIGITS_MAX]); /* of a whole number, else STR_NONE */

/* The member, the element (from 0); TREE_NODE_NONE when there is none. */
struct tree_node tree_member(struct tree_node object, struct str name);
struct tree_node tree_element(struct tree_node array, uint64_t index);

/* The values of an array or object, in order; TREE_NODE_NONE after the last (and for everything else). */
struct tree_node tree_first(struct tree_node container);
struct tree_node tree_next(struct tree_node container, struct tree_node value);
struct str tree_name(struct tree_node value); /* of a member that tree_first or tree_next answered */

#endif
