/* base/clock.h: time. Inside: integer microseconds since 1970 (UTC).
 *
 * Wall time stamps what we keep; steady time measures and never goes back.
 * In test builds the environment variable UNSTUCK_CLOCK_FILE names a file of
 * one or two little-endian int64, microseconds added to both clocks and to the
 * wall clock alone, read at every call: a test moves time by writing it, in
 * place (it is mapped). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SECOND_US INT64_C(1000000)
#define MS_US INT64_C(1000)

int64_t clock_wall_us(void);
int64_t clock_steady_us(void);

/* "2026-05-26T14:30:00Z": RFC 3339, UTC, whole seconds (cut, not rounded). */
void clock_put_time(struct buf *out, int64_t time_us);

/* Reads RFC 3339 with any offset and fraction, years 1970 to 9999. */
bool clock_read_time(struct str text, int64_t *out_time_us);

/* Days since 1970 <-> the date, proleptic Gregorian. */
int64_t clock_days_of_date(int64_t year, int64_t month, int64_t day);
void clock_date_of_days(int64_t days, int *year, int *month, int *day);

#endif
