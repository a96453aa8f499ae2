/* enrich/judge.h: is what a provider said usable?
 *
 * One place for all kinds of providers: masked, malformed and foreign values
 * are not hits (OUTCOME_INVALID); a value under the asked confidence is
 * OUTCOME_BELOW_CONFIDENCE. An e-mail must be a person's (no info@), and one to
 * which the provider itself says mail cannot be delivered is none. A work e-mail must
 * not be at a free mailbox, and must be at the asked company's domain (or below
 * it) when one was asked. */
#ifndef ENRICH_JUDGE_H
#define ENRICH_JUDGE_H

#include "base/buf.h"
#include "identity/phone.h"
#include "providers/provider.h"

struct judged {
    struct identity_text value; /* in normal form */
    struct traits traits;       /* as the provider said, and what the value itself tells */
};

/* What an answer has for a person's channel. A free mailbox that was given as the
 * work e-mail serves as the personal one where there is none. */
const struct provider_value *judge_pick(enum channel channel, const struct provider_value *values);

/* OUTCOME_HIT with `out`, or why it is none. A phone number without country
 * code is read as one of the country that the provider named, else of that
 * under whose top level the company's domain is, or the e-mail's. */
enum outcome judge_value(enum channel channel, const struct provider_value *value, const struct hints *hints,
                         int64_t min_confidence_ppm, struct judged *out);

enum { FIELD_TEXT_BYTES_MAX = 256, FIELD_LIST_BYTES_MAX = 16 * 1024 };

/* The same for a field of a company; the form it is kept in (store/channel.h)
 * is appended to `out`. A list is a JSON array of strings, or texts with ';'
 * between them; a number has digits only; a date is one of the calendar. */
enum outcome judge_field(unsigned slot, const struct provider_value *value, int64_t min_confidence_ppm,
                         struct buf *out);

#endif
