/* identity/phone_shim.h: libphonenumber, as far as we need it, for C.
 *
 * A shim as base/shim.h describes; phone_library.c loads it. */
#ifndef IDENTITY_PHONE_SHIM_H
#define IDENTITY_PHONE_SHIM_H

enum phone_shim_result {
    PHONE_SHIM_NUMBER,
    PHONE_SHIM_NO_COUNTRY, /* neither a country code that exists nor a region */
    PHONE_SHIM_NO_NUMBER,  /* none that the country could have given to anybody */
    PHONE_SHIM_FAILED
};

enum phone_shim_type { PHONE_SHIM_OTHER, PHONE_SHIM_MOBILE, PHONE_SHIM_LANDLINE };

struct phone_shim_number {
    char e164[17]; /* '+', at most 15 digits, NUL */
    enum phone_shim_type type;
};

/* `digits`: '+' or none, then digits. `region`: two capital letters, or "". Any
 * bytes do no harm; `out` is untouched unless there is a number. */
typedef enum phone_shim_result phone_shim_read_fn(const char *digits, const char *region,
                                                  struct phone_shim_number *out);

#define PHONE_SHIM_READ "phone_shim_read" /* the name to find it by */

#endif
