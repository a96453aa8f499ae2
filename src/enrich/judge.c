#include "enrich/judge.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"

#include <stdio.h>

static bool is_at_company(struct str email, struct str company_domain)
{
    struct str domain = email_domain(email);

    if (is_free_mail_domain(domain))
        return false;
    return company_domain.len == 0 || domain_is_under(domain, company_domain);
}

static struct region region_of(const struct provider_value *value, const struct hints *hints)
{
    struct region region = region_from((struct str){value->region, value->region[0] != '\0' ? 2 : 0});

    if (region.letters[0] == '\0')
        region = region_of_domain(hints->of[HINT_COMPANY_DOMAIN]);
    if (region.letters[0] == '\0')
        region = region_of_domain(email_domain(hints->of[HINT_EMAIL]));
    return region;
}

/* The provider may know better what the number is for than the number shows. */
static bool normalise_phone(const struct provider_value *value, const struct hints *hints, struct judged *out)
{
    struct phone phone;

    if (!phone_normalise(value->value, region_of(value, hints), &phone, NULL))
        return false;
    out->value = phone.e164;
    if (out->traits.phone_type == PHONE_TYPE_NONE)
        out->traits.phone_type = (uint8_t)phone.type;
    return true;
}

static bool normalise_email(const struct provider_value *value, struct judged *out)
{
    return value->traits.email_status != EMAIL_STATUS_UNDELIVERABLE &&
           email_normalise(value->value, &out->value, NULL) && !is_role_mailbox(identity_str(&out->value));
}

static bool normalise(enum channel channel, const struct provider_value *value, const struct hints *hints,
                      struct judged *out)
{
    switch (channel) {
    case CHANNEL_WORK_EMAIL:
        return normalise_email(value, out) && is_at_company(identity_str(&out->value), hints->of[HINT_COMPANY_DOMAIN]);
    case CHANNEL_PERSONAL_EMAIL:
        return normalise_email(value, out);
    case CHANNEL_PHONE:
        return normalise_phone(value, hints, out);
    case CHANNEL_LINKEDIN_URL:
        return linkedin_read(value->value, &out->value, NULL);
    default:
        break;
    }
    check(false);
    return false;
}

const struct provider_value *judge_pick(enum channel channel, const struct provider_value *values)
{
    const struct provider_value *value = &values[channel];
    const struct provider_value *work = &values[CHANNEL_WORK_EMAIL];
    struct identity_text email;

    if (channel == CHANNEL_PERSONAL_EMAIL && value->value.len == 0 && email_normalise(work->value, &email, NULL) &&
        is_free_mail_domain(email_domain(identity_str(&email))))
        value = work;
    return value;
}

enum outcome judge_value(enum channel channel, const struct provider_value *value, const struct hints *hints,
                         int64_t min_confidence_ppm, struct judged *out)
{
    out->traits = value->traits;
    if (value->value.len == 0)
        return OUTCOME_MISS;
    if (is_masked(value->value) || !normalise(channel, value, hints, out))
        return OUTCOME_INVALID;
    return value->confidence_ppm < min_confidence_ppm ? OUTCOME_BELOW_CONFIDENCE : OUTCOME_HIT;
}

/* --- fields ------------------------------------------------------------- */

#define FIELD_NUMBER_MAX UINT64_C(9007199254740991) /* what every reader of JSON takes exactly */

static bool put_text(struct str text, struct buf *out)
{
    if (text.len == 0 || text.len > FIELD_TEXT_BYTES_MAX || is_masked(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    buf_put(out, text);
    return true;
}

static bool put_integer(struct str text, struct buf *out)
{
    uint64_t number;

    if (!str_to_u64(text, FIELD_NUMBER_MAX, &number))
        return false;
    buf_put_i64(out, (int64_t)number);
    return true;
}

static bool put_date(struct str text, struct buf *out)
{
    char time[32];
    int64_t time_us;

    if (text.len != sizeof "2025-09-15" - 1)
        return false;
    snprintf(time, sizeof time, "%.*sT00:00:00Z", STR_ARG(text));
    if (!clock_read_time(str_from(time), &time_us))
        return false;
    buf_put(out, text);
    return true;
}

static bool put_item(struct str text, struct buf *out)
{
    struct buf item;
    bool is_text;

    buf_init(&item, FIELD_TEXT_BYTES_MAX + 1);
    is_text = put_text(str_trim(text), &item);
    if (is_text) {
        json_put_comma(out);
        json_put_str(out, buf_str(&item));
    }
    buf_deinit(&item);
    return is_text;
}

static bool put_json_list(struct str text, struct buf *out)
{
    json_t *list;
    const json_t *item;
    size_t index;
    bool is_list;

    if (json_read(text, &list, NULL) != ERR_NONE)
        return false;
    is_list = json_array_size(list) > 0;
    json_array_foreach(list, index, item)
    {
        is_list = is_list && put_item(json_str(item), out);
    }
    json_decref(list);
    return is_list;
}

static bool put_list(struct str text, struct buf *out)
{
    struct str rest = text;
    bool is_list = true;

    buf_put_char(out, '[');
    if (str_starts(text, STR("[")))
        is_list = put_json_list(text, out);
    while (is_list && rest.len != 0 && !str_starts(text, STR("[")))
        is_list = put_item(str_cut(&rest, ';'), out);
    buf_put_char(out, ']');
    return is_list && !out->is_overflown && out->len <= FIELD_LIST_BYTES_MAX;
}

static bool put_field(unsigned slot, struct str text, struct buf *out)
{
    switch (field_type(slot)) {
    case FIELD_TEXT:
        return put_text(text, out);
    case FIELD_INTEGER:
        return put_integer(text, out);
    case FIELD_LIST:
        return put_list(text, out);
    case FIELD_DATE:
        return put_date(text, out);
    }
    check(false);
    return false;
}

enum outcome judge_field(unsigned slot, const struct provider_value *value, int64_t min_confidence_ppm, struct buf *out)
{
    if (value->value.len == 0)
        return OUTCOME_MISS;
    if (!put_field(slot, str_trim(value->value), out))
        return OUTCOME_INVALID;
    return value->confidence_ppm < min_confidence_ppm ? OUTCOME_BELOW_CONFIDENCE : OUTCOME_HIT;
}
