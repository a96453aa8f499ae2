#include "enrich/judge.h"

#include "base/check.h"

static bool is_at_company(struct str email, struct str company_domain)
{
    struct str domain = email_domain(email);

    if (is_free_mail_domain(domain))
        return false;
    return company_domain.len == 0 || domain_is_under(domain, company_domain);
}

static bool normalise(enum channel channel, struct str value, const struct hints *hints, struct identity_text *out)
{
    switch (channel) {
    case CHANNEL_WORK_EMAIL:
        return email_normalise(value, out, NULL) && is_at_company(identity_str(out), hints->of[HINT_COMPANY_DOMAIN]);
    case CHANNEL_PERSONAL_EMAIL:
        return email_normalise(value, out, NULL);
    case CHANNEL_PHONE:
        return phone_normalise(value, out, NULL);
    case CHANNEL_LINKEDIN_URL:
        return linkedin_normalise(value, out, NULL);
    case CHANNEL_COUNT:
        break;
    }
    check(false);
    return false;
}

enum outcome judge_value(enum channel channel, const struct provider_value *value, const struct hints *hints,
                         int64_t min_confidence_ppm, struct identity_text *out)
{
    if (value->value.len == 0)
        return OUTCOME_MISS;
    if (is_masked(value->value) || !normalise(channel, value->value, hints, out))
        return OUTCOME_INVALID;
    return value->confidence_ppm < min_confidence_ppm ? OUTCOME_BELOW_CONFIDENCE : OUTCOME_HIT;
}
