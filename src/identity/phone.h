/* identity/phone.h: telephone numbers, in E.164.
 *
 * libphonenumber has the word: what is a number of which country, whether it
 * exists, and of what type it is. It comes into memory with the first number
 * (some 8 MB, once a hundredth of a second), so that a server that meets none
 * does not pay for it. Where it cannot be loaded simple rules remain: a country
 * code, 7 to 15 digits, no type; the log warns once. Decision 0016. */
#ifndef IDENTITY_PHONE_H
#define IDENTITY_PHONE_H

#include "identity/identity.h"
#include "store/trait.h"

/* A country by its two capital letters, as numbers without a country code are
 * read; "" none. */
struct region {
    char letters[3];
};

struct phone {
    struct identity_text e164;
    enum phone_type type; /* MOBILE, LANDLINE, or NONE when it cannot be told */
};

/* Takes the usual punctuation, "tel:", a leading 00 and "(0)"; no letters, and
 * no extension, which E.164 has no place for. Without a region the number needs its
 * country code. Refusals as in identity.h. */
must_use bool phone_normalise(struct str text, struct region region, struct phone *out, struct err_detail *detail);

/* Of two letters in either case, "UK" too; "" when they are none. */
struct region region_from(struct str letters);

/* Of a domain (a normal form) under a country's top level: "acme.co.uk" is GB.
 * "" for all others, and for those countries whose letters are sold to
 * everybody (.io, .co, .ai, …). */
struct region region_of_domain(struct str domain);

#endif
