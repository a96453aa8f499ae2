/* identity/identity.h: from what people type to what can be compared.
 *
 * Each function reads one hint and writes its normal form (docs: api section
 * "Normalisation"). Normal forms are stable: they are keys in the store, so a
 * change of one is a migration. All take any bytes; none allocates past `out`.
 * On refusal they answer false and put a sentence with the remedy, without the
 * value itself, into `detail` (may be NULL); `out` is then worth nothing. `out`
 * never overlaps an input. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum {
    EMAIL_BYTES_MAX = 254,  /* RFC 5321 4.5.3.1.3 as commonly read */
    DOMAIN_BYTES_MAX = 253, /* RFC 1035 2.3.4 */
    LINKEDIN_BYTES_MAX = 200,
    NAME_BYTES_MAX = 100,
    IDENTITY_BYTES_MAX = 512
};

/* A normal form, in place. */
struct identity_text {
    char text[IDENTITY_BYTES_MAX + 1];
    size_t len;
};

static inline struct str identity_str(const struct identity_text *t)
{
    return (struct str){t->text, t->len};
}

/* Trimmed, domain lower-cased and IDNA-ASCII, local part kept as typed (ASCII
 * only: letters, digits and !#$%&'*+/=?^_`{|}~-. , no leading, trailing or
 * double dot, no quotes). */
must_use bool email_normalise(struct str text, struct identity_text *out, struct err_detail *detail);

/* The form two e-mails are compared by: email_normalise, local part lower-case. */
must_use bool email_key(struct str text, struct identity_text *out, struct err_detail *detail);
struct str email_domain(struct str email); /* behind the last @ */

/* "https://linkedin.com/in/<slug, lower-case>" from any host under
 * linkedin.com, with or without scheme, locale, tracking, trailing parts. A
 * company, school or other page is not a person and refused. What is not ASCII
 * in a slug is percent-encoded (hex lower-case), however it was given; an
 * encoded letter, digit or hyphen is decoded. */
must_use bool linkedin_normalise(struct str text, struct identity_text *out, struct err_detail *detail);

/* Scheme, user part, "www.", port, path dropped; lower-case, IDNA-ASCII; must
 * have a dot and be no IP address. */
must_use bool domain_normalise(struct str text, struct identity_text *out, struct err_detail *detail);

/* A first, last or company name: trimmed, inner white space to one space, no
 * control characters, 1 to NAME_BYTES_MAX bytes of UTF-8. */
must_use bool name_normalise(struct str text, struct identity_text *out, struct err_detail *detail);

/* "first|last|domain", names lower-cased (ASCII letters): the identity of a
 * person known by name and company. Inputs are normal forms. */
void person_key(struct str first_name, struct str last_name, struct str domain, struct identity_text *out);

/* What providers say for a LinkedIn URL: as linkedin_normalise, and "in/slug"
 * and the bare slug too; not "none" and what else stands for nothing. */
must_use bool linkedin_read(struct str text, struct identity_text *out, struct err_detail *detail);

/* Is it masked ("c***@x.example", "+44 *** 23", "+44 20 XXXX") or a vendor's
 * place holder for a value not paid for? Such a value is no value. */
bool is_masked(struct str value);

/* Is it an office's mailbox (info@, no-reply@, sales+eu@), which is nobody's own?
 * Takes a normal form. */
bool is_role_mailbox(struct str email);

/* Is it the domain of a free mailbox (gmail.com, outlook.com, …)? Takes a normal form. */
bool is_free_mail_domain(struct str domain);

/* Is `domain` the same as `of` or below it? Both are normal forms. */
bool domain_is_under(struct str domain, struct str of);

#endif
