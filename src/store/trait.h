/* store/trait.h: what is known of a value beside itself.
 *
 * Kept with the value, carried from the provider's words (connector: `status`,
 * `type`, `do_not_call`) or a verifier's verdict. Their numbers are in the
 * database: new ones go to the end. */
#ifndef STORE_TRAIT_H
#define STORE_TRAIT_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* EMAIL_STATUS(id, name) */
#define EMAIL_STATUSES(EMAIL_STATUS)                                                                                   \
    EMAIL_STATUS(DELIVERABLE, "deliverable")                                                                           \
    EMAIL_STATUS(CATCH_ALL, "catch_all") /* the domain takes mail for any name */                                      \
    EMAIL_STATUS(RISKY, "risky")                                                                                       \
    EMAIL_STATUS(UNDELIVERABLE, "undeliverable")                                                                       \
    EMAIL_STATUS(UNKNOWN, "unknown") /* somebody looked and could not tell */

enum email_status {
    EMAIL_STATUS_NONE, /* nobody looked */
#define EMAIL_STATUS(id, name) EMAIL_STATUS_##id,
    EMAIL_STATUSES(EMAIL_STATUS)
#undef EMAIL_STATUS
        EMAIL_STATUS_COUNT
};

/* PHONE_TYPE(id, name) */
#define PHONE_TYPES(PHONE_TYPE)                                                                                        \
    PHONE_TYPE(MOBILE, "mobile")                                                                                       \
    PHONE_TYPE(DIRECT, "direct") /* a line of the person's own at work */                                              \
    PHONE_TYPE(LANDLINE, "landline")

enum phone_type {
    PHONE_TYPE_NONE,
#define PHONE_TYPE(id, name) PHONE_TYPE_##id,
    PHONE_TYPES(PHONE_TYPE)
#undef PHONE_TYPE
        PHONE_TYPE_COUNT
};

struct traits {
    uint8_t email_status; /* enum email_status */
    uint8_t phone_type;   /* enum phone_type */
    bool do_not_call;     /* the number is on a list of those who must not be called */
};

const char *email_status_name(enum email_status status); /* "" for NONE */
bool email_status_from(struct str name, enum email_status *out_status);
const char *phone_type_name(enum phone_type type); /* "" for NONE */
bool phone_type_from(struct str name, enum phone_type *out_type);

#endif
