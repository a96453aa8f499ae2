/* providers/people.h: a table of people, found by any identity they have, and of
 * companies, found by their domain.
 *
 * The table is read once; per identity of a row an index keeps 10 to 15 bytes.
 * A million rows of 120 bytes take about 180 MB and a second. Read-only
 * afterwards. Used by the providers of kind dataset and by the sandbox. */
#ifndef PROVIDERS_PEOPLE_H
#define PROVIDERS_PEOPLE_H

#include "base/index.h"
#include "providers/provider.h"
#include "providers/table_file.h"

/* The columns that we know: PEOPLE_COLUMN(id, our word) */
#define PEOPLE_COLUMNS(PEOPLE_COLUMN)                                                                                  \
    PEOPLE_COLUMN(EMAIL, "email")                                                                                      \
    PEOPLE_COLUMN(WORK_EMAIL, "work_email")                                                                            \
    PEOPLE_COLUMN(PERSONAL_EMAIL, "personal_email")                                                                    \
    PEOPLE_COLUMN(PHONE, "phone")                                                                                      \
    PEOPLE_COLUMN(LINKEDIN_URL, "linkedin_url")                                                                        \
    PEOPLE_COLUMN(COMPANY_DOMAIN, "company_domain")                                                                    \
    PEOPLE_COLUMN(FIRST_NAME, "first_name")                                                                            \
    PEOPLE_COLUMN(LAST_NAME, "last_name")                                                                              \
    PEOPLE_COLUMN(COMPANY_NAME, "company_name")                                                                        \
    PEOPLE_COLUMN(CONFIDENCE, "confidence") /* 0 to 1 */                                                               \
    PEOPLE_COLUMN(SOURCE, "source")         /* who said it, when not the provider */                                   \
    PEOPLE_COLUMN(DOMAIN, "domain")         /* serves as company_domain where that is empty */

/* After them come the fields of a company (store/channel.h), in that order. */

enum people_column {
#define PEOPLE_COLUMN(id, name) PEOPLE_##id,
    PEOPLE_COLUMNS(PEOPLE_COLUMN)
#undef PEOPLE_COLUMN
        PEOPLE_FIELDS,
    PEOPLE_COLUMN_COUNT = PEOPLE_FIELDS + FIELD_COUNT
};

/* What a row can be found by, in the order in which a question is tried. */
enum people_identity {
    BY_EMAIL, /* email, work_email, personal_email */
    BY_LINKEDIN,
    BY_PERSON,  /* first name, last name and domain (of the company, else of the work e-mail) */
    BY_DOMAIN,  /* only rows that tell of no person: a switchboard's number */
    BY_ACCOUNT, /* rows with a company's fields: alone asked for those, and for nothing else */
    PEOPLE_IDENTITY_COUNT
};

struct people {
    /* in; people_init fills in the defaults */
    struct str names[PEOPLE_COLUMN_COUNT]; /* what the file calls our columns, all different; borrowed */
    int64_t confidence_ppm;                /* of rows that do not say */

    /* out, as in struct provider */
    unsigned channels;
    struct need needs[NEEDS_MAX];
    size_t needs_count;

    /* private */
    struct table table;
    struct index by[PEOPLE_IDENTITY_COUNT];
};

const char *people_column_name(enum people_column column);
bool people_column_from(struct str name, enum people_column *out_column);

void people_init(struct people *people);
void people_deinit(struct people *people);

/* ERR_IO or ERR_INVALID, with the place and the remedy in `detail`; people_deinit
 * is due in any case. The text must outlive `people`. */
must_use enum err people_load_file(struct people *people, const char *path, struct err_detail *detail);
must_use enum err people_load_text(struct people *people, const char *name, struct str text, enum table_format format,
                                   struct err_detail *detail);

/* Does the file have that column? Not known of JSON Lines without a line. */
bool people_has(const struct people *people, enum people_column column);
bool people_columns_are_known(const struct people *people);

/* ERR_INVALID when the file lacks the columns to find anybody or anything by. */
must_use enum err people_check(const struct people *people, struct err_detail *detail);

/* Fills the empty ones of `values` for the wanted slots, copied to `arena`.
 * The first identity of the question that a row is known by decides; of its
 * rows the first in the file wins, later ones fill what is still empty. A
 * plain `email` column serves as the work (or, on a free mail domain, the
 * personal) e-mail of files that have no such column. False: nobody known. */
bool people_find(struct people *people, const struct hints *hints, unsigned slots, struct arena *arena,
                 struct provider_value *values);

#endif
