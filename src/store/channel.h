/* store/channel.h: what can be found: a person's contact channels and a
 * company's fields, one line each: the seed's words.
 *
 * A slot is what a record keeps a value of: a channel (the same number) or a
 * field. A waterfall is run down for each channel, and one for all the fields
 * of a company together. */
#ifndef STORE_CHANNEL_H
#define STORE_CHANNEL_H

#include "base/str.h"

#include <stdbool.h>

/* CHANNEL(id, member name) */
#define CHANNELS(CHANNEL)                                                                                              \
    CHANNEL(WORK_EMAIL, "work_email")                                                                                  \
    CHANNEL(PERSONAL_EMAIL, "personal_email")                                                                          \
    CHANNEL(PHONE, "phone")                                                                                            \
    CHANNEL(LINKEDIN_URL, "linkedin_url")

/* FIELD(id, member name, type) */
#define FIELDS(FIELD)                                                                                                  \
    FIELD(INDUSTRY, "industry", TEXT)                                                                                  \
    FIELD(EMPLOYEE_COUNT, "employee_count", INTEGER)                                                                   \
    FIELD(REVENUE_BAND, "revenue_band", TEXT)                                                                          \
    FIELD(FOUNDED_YEAR, "founded_year", INTEGER)                                                                       \
    FIELD(HQ_COUNTRY, "hq_country", TEXT)                                                                              \
    FIELD(HQ_CITY, "hq_city", TEXT)                                                                                    \
    FIELD(TECH_STACK, "tech_stack", LIST)                                                                              \
    FIELD(FUNDING_STAGE, "funding_stage", TEXT)                                                                        \
    FIELD(LAST_FUNDING_DATE, "last_funding_date", DATE)                                                                \
    FIELD(TOTAL_RAISED_USD, "total_raised_usd", INTEGER)

enum channel {
#define CHANNEL(id, name) CHANNEL_##id,
    CHANNELS(CHANNEL)
#undef CHANNEL
        CHANNEL_COUNT,
    CHANNEL_ACCOUNT = CHANNEL_COUNT, /* no channel of a person: the waterfall of a company's fields */
    WATERFALL_COUNT
};

enum {
    SLOT_BEFORE_FIELDS = CHANNEL_COUNT - 1,
#define FIELD(id, name, type) SLOT_##id,
    FIELDS(FIELD)
#undef FIELD
        SLOT_COUNT,
    FIELD_COUNT = SLOT_COUNT - CHANNEL_COUNT
};

/* How a field's value is kept and shown: TEXT and DATE (YYYY-MM-DD) as JSON
 * strings, INTEGER as digits, LIST as a JSON array of strings. */
enum field_type { FIELD_TEXT, FIELD_INTEGER, FIELD_LIST, FIELD_DATE };

/* Sets of slots: bit 1 << slot. */
#define CHANNELS_ALL ((1u << CHANNEL_COUNT) - 1)
#define FIELDS_ALL (((1u << SLOT_COUNT) - 1) & ~CHANNELS_ALL)

const char *channel_name(enum channel channel); /* "account" too */
bool channel_from(struct str name, enum channel *out_channel);
bool waterfall_from(struct str name, enum channel *out_channel); /* takes "account" too */

const char *slot_name(unsigned slot);
bool slot_from(struct str name, unsigned *out_slot);
enum field_type field_type(unsigned slot);

/* How long an array must be that has these slots: short, as long as there is no field among them. */
static inline unsigned slots_end(unsigned slots)
{
    return (slots & FIELDS_ALL) != 0 ? SLOT_COUNT : CHANNEL_COUNT;
}

/* Whose waterfall fills it, and what a waterfall fills. */
enum channel slot_waterfall(unsigned slot);
unsigned waterfall_slots(enum channel channel);

#endif
