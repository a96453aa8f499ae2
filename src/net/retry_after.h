/* net/retry_after.h: how long the other side asks to be left alone.
 *
 * Retry-After in every form of RFC 9110: seconds, and the three forms of a date
 * ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
 * "Sun Nov  6 08:49:37 1994"). Seconds with a fraction are taken too, since
 * some send them. */
#ifndef NET_RETRY_AFTER_H
#define NET_RETRY_AFTER_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Nobody is left alone for longer without asking again. */
#define RETRY_AFTER_US_MAX (INT64_C(86400) * 1000000)

/* From the header's value and the wall clock to a wait of 0 (a date that has
 * passed) to RETRY_AFTER_US_MAX. False, `out_wait_us` untouched: none of these. */
bool retry_after_read(struct str text, int64_t wall_us, int64_t *out_wait_us);

#endif
