/* base/tree_shim.h: the C face of simdjson (base/shim.h), for tree.c alone.
 *
 * What comes out is the library's tape, as its doc/tape.md describes it: a word
 * a value, numbers two, strings in a buffer of their own. */
#ifndef BASE_TREE_SHIM_H
#define BASE_TREE_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TREE_SHIM_PADDING = 64, TREE_SHIM_DEPTH_MAX = 64 };

enum tree_shim_result { TREE_SHIM_READ, TREE_SHIM_NOT_JSON, TREE_SHIM_BAD_NUMBER };

struct tree_shim_tape {
    const uint64_t *words;
    const uint8_t *texts; /* each with its length, 4 bytes, before it */
};

struct tree_shim {
    void *(*reader_new)(void); /* NULL without memory */
    void (*reader_free)(void *reader);
    /* Reads `len` bytes with TREE_SHIM_PADDING more that may be read. The tape is the reader's, until it reads again.
     */
    enum tree_shim_result (*read)(void *reader, const char *text, size_t len, struct tree_shim_tape *out_tape);
};

#define TREE_SHIM "tree_shim" /* the symbol: a const struct tree_shim */

#ifdef __cplusplus
}
#else
struct err_detail;

/* Loads it; NULL with the remedy. */
const struct tree_shim *tree_library(struct err_detail *detail);
#endif

#endif
