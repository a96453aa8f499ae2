/* identity/host.h: the rules for host names that e-mails, domains and LinkedIn
 * addresses share. Inside identity only; others call domain_normalise. */
#ifndef IDENTITY_HOST_H
#define IDENTITY_HOST_H

#include "identity/identity.h"

/* Lower-case and IDNA-ASCII (UTS 46, non-transitional), at least two labels of
 * letters, digits and inner hyphens, no IP address in any spelling; one
 * trailing dot is dropped. An ASCII name costs no allocation. `out` must not
 * overlap `text`. */
must_use bool host_normalise(struct str text, struct identity_text *out, struct err_detail *detail);

/* The host of what may be a URL: scheme, user part, port, path, query and
 * fragment dropped. Not checked. `out_path`: what follows the host; may be NULL. */
struct str host_of_url(struct str text, struct str *out_path);

#endif
