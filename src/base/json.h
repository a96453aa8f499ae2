/* base/json.h: strict JSON in (jansson underneath), plain text out.
 *
 * In: RFC 8259, duplicates and trailing bytes refused, NUL refused, nesting at
 * most JSON_DEPTH_MAX; an error names line and column (columns count bytes,
 * from 1). Out: straight into a buf, member by member.
 * Confidence is kept as integer millionths (ppm) so that money-grade equality
 * holds; it reads from and prints as a decimal of at most six places. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 32, PPM_ONE = 1000000 };

/* A document of any type; the caller owns it (json_decref). ERR_MALFORMED_JSON
 * with "line 1, column 7: …" in `detail`. */
must_use enum err json_read(struct str text, json_t **out_doc, struct err_detail *detail);

/* The value at an RFC 6901 pointer ("" is the document), or NULL. Borrowed. */
const json_t *json_at(const json_t *doc, struct str pointer);

/* Is `pointer` well-formed RFC 6901: empty, or '/'-led with only ~0 and ~1? */
bool json_is_pointer(struct str pointer);

/* Text of a JSON string; STR_NONE for any other type. Borrowed. */
struct str json_str(const json_t *value);

/* A whole number within 64 bits, also when written as 3.0 (JSON Schema's
 * "integer"); false for anything else. */
bool json_whole(const json_t *value, int64_t *out_number);

/* A quoted string. Invalid UTF-8 comes out as U+FFFD: our output is always JSON. */
void json_put_str(struct buf *out, struct str s);

/* `"name":` with a leading comma unless the text so far ends with { or [. */
void json_put_name(struct buf *out, const char *name);
void json_put_comma(struct buf *out);

/* 940000 as 0.94; 1000000 as 1; 0 as 0. */
void json_put_ppm(struct buf *out, int64_t ppm);

/* Rounded to four places, within what an int64 of ppm holds: 2.5, -0.0312. */
void json_put_decimal(struct buf *out, double value);

/* A moment of the wall clock as a string; null for 0. */
void json_put_time(struct buf *out, int64_t time_us);

/* A reference token made safe for a pointer: ~ as ~0, / as ~1. */
void json_put_pointer_token(struct buf *out, struct str token);

/* A document as compact text. */
void json_put_doc(struct buf *out, const json_t *doc);

#endif
