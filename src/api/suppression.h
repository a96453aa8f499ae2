/* api/suppression.h: the two ways in of POST /suppressions. */
#ifndef API_SUPPRESSION_H
#define API_SUPPRESSION_H

#include "api/exchange.h"
#include "workspace/suppression.h"

enum { IMPORT_ROWS_MAX = 20000, IMPORT_REFUSALS_MAX = 100 };

/* A table of many, in text/csv: a header line with any of the columns email,
 * linkedin_url and domain. Its mistakes as a table refuse all of it; a row with
 * a value that is none is left out and told. It is read and written in pieces,
 * so that lookups go on meanwhile; a failure half-way leaves what was written,
 * and sending it again does the rest. */
void suppressions_import(struct exchange *x);

#endif
