/* store/segment.h: where somebody works, as far as a domain's ending tells.
 *
 * A provider that knows one country well may know another badly, so what is
 * learned of providers is kept by segment: the country of a domain's country
 * code, or generic for the others (.com, and codes that are sold to anybody,
 * like .io). Their number is known beforehand, whatever domains people ask for. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* A segment is a number in memory, a byte; kept is its name. */
enum { SEGMENT_UNKNOWN, SEGMENT_GENERIC, SEGMENT_COUNTRIES };

uint8_t segment_of_domain(struct str domain); /* in normal form; SEGMENT_UNKNOWN when empty */
uint8_t segment_of_email(struct str email);

struct str segment_name(uint8_t segment); /* "de", "generic", "" for unknown */
bool segment_from(struct str name, uint8_t *out_segment);

#endif
