/* base/shape.h: reading a JSON object member by member, gathering every
 * mistake with its JSON Pointer instead of stopping at the first.
 *
 * Use: shape_begin on an object, then one shape_* call per member it may have
 * (each marks the member as known), then shape_end, which reports the members
 * nobody asked for, naming the nearest known one. A missing member leaves the
 * out value as it was and answers false; so does a wrong one, after a report.
 * Reports never quote a value, only names: values may be secrets or people. */
#ifndef BASE_SHAPE_H
#define BASE_SHAPE_H

#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHAPE_MISTAKES_MAX = 32, SHAPE_MEMBERS_MAX = 32 };

/* The mistakes so far as a JSON array text: [{"pointer","detail"},…]. After
 * SHAPE_MISTAKES_MAX, or where there is no room, further ones are only counted. */
struct shape_mistakes {
    struct buf json;
    size_t count;
    struct err_detail first; /* "/channels/0: …", for places that show one line */
};

void shape_mistakes_init(struct shape_mistakes *mistakes);
void shape_mistakes_deinit(struct shape_mistakes *mistakes);
void shape_report(struct shape_mistakes *mistakes, struct str pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct shape {
    const json_t *object;
    struct str pointer; /* of the object; borrowed */
    struct shape_mistakes *mistakes;
    const char *known[SHAPE_MEMBERS_MAX];
    size_t known_count;
};

/* False (with a report) when `value` is no object. */
bool shape_begin(struct shape *shape, const json_t *value, struct str pointer, struct shape_mistakes *mistakes);
void shape_end(struct shape *shape);

/* Any type; NULL when absent. */
const json_t *shape_any(struct shape *shape, const char *name);
/* A string of min to max bytes. */
bool shape_str(struct shape *shape, const char *name, size_t bytes_min, size_t bytes_max, struct str *out);
bool shape_int(struct shape *shape, const char *name, int64_t min, int64_t max, int64_t *out);
bool shape_bool(struct shape *shape, const char *name, bool *out);
/* A number from 0 to 1 as millionths. */
bool shape_ppm(struct shape *shape, const char *name, int64_t *out);

/* A report about one member. */
void shape_report_member(struct shape *shape, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The word of `words` (ended by NULL) nearest to `word`, or NULL when none is near. */
const char *nearest_word(struct str word, const char *const *words);

/* "string", "array", … for messages. */
const char *json_type_word(const json_t *value);

#endif
