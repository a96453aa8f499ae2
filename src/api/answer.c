#include "api/answer.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "enrich/trail.h"

/* "source", "confidence" and "enriched_at", as in every place. */
static void put_origin(struct buf *out, const struct kept_channel *kept)
{
    buf_puts(out, "\"source\":");
    json_put_str(out, kept->source);
    buf_puts(out, ",\"confidence\":");
    json_put_ppm(out, kept->confidence_ppm);
    json_put_name(out, "enriched_at");
    json_put_time(out, kept->enriched_at_us);
}

/* What is known of the value beside itself; nothing of what is not. */
static void put_traits(struct buf *out, struct traits traits)
{
    if (traits.email_status != EMAIL_STATUS_NONE)
        buf_printf(out, ",\"status\":\"%s\"", email_status_name((enum email_status)traits.email_status));
    if (traits.phone_type != PHONE_TYPE_NONE)
        buf_printf(out, ",\"type\":\"%s\"", phone_type_name((enum phone_type)traits.phone_type));
    if (traits.do_not_call)
        buf_puts(out, ",\"do_not_call\":true");
}

static void put_channel(struct buf *out, const struct kept_channel *kept, bool with_details)
{
    if (kept->value.len == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_puts(out, "{\"value\":");
    json_put_str(out, kept->value);
    buf_put_char(out, ',');
    put_origin(out, kept);
    if (with_details)
        put_traits(out, kept->traits);
    if (kept->verified >= 0)
        buf_put(out, kept->verified != 0 ? STR(",\"verified\":true") : STR(",\"verified\":false"));
    buf_put_char(out, '}');
}

void answer_put_channels(struct buf *out, const struct kept_channel *channels, unsigned set, unsigned found,
                         bool with_details)
{
    buf_put_char(out, '{');
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if ((set & 1u << i) == 0)
            continue;
        json_put_comma(out);
        buf_put_char(out, '"');
        buf_put(out, str_from(channel_name((enum channel)i)));
        buf_puts(out, "\":");
        if ((found & 1u << i) != 0)
            put_channel(out, &channels[i], with_details);
        else
            buf_puts(out, "null");
    }
    buf_put_char(out, '}');
}

static void put_field(struct buf *out, unsigned slot, const struct kept_channel *kept)
{
    enum field_type type = field_type(slot);

    if (type == FIELD_INTEGER || type == FIELD_LIST)
        buf_put(out, kept->value); /* is JSON already */
    else
        json_put_str(out, kept->value);
}

static void put_source(struct buf *out, unsigned slot, const struct kept_channel *kept)
{
    (void)slot;
    buf_put_char(out, '{');
    put_origin(out, kept);
    buf_put_char(out, '}');
}

static void put_each_field(struct buf *out, const struct kept_channel *channels, unsigned found,
                           void (*put)(struct buf *out, unsigned slot, const struct kept_channel *kept))
{
    buf_put_char(out, '{');
    for (unsigned i = CHANNEL_COUNT; i < SLOT_COUNT; i++) {
        json_put_name(out, slot_name(i));
        if ((found & 1u << i) != 0 && channels[i].value.len != 0)
            put(out, i, &channels[i]);
        else
            buf_puts(out, "null");
    }
    buf_put_char(out, '}');
}

void answer_put_fields(struct buf *out, const struct kept_channel *channels, unsigned found)
{
    put_each_field(out, channels, found, put_field);
}

void answer_put_sources(struct buf *out, const struct kept_channel *channels, unsigned found)
{
    put_each_field(out, channels, found, put_source);
}

void answer_put_id(struct buf *out, struct id record_id, bool is_account)
{
    json_put_name(out, is_account ? "account_id" : "record_id");
    if (id_is_none(record_id)) {
        buf_puts(out, "null");
        return;
    }
    buf_put_char(out, '"');
    id_put(out, is_account ? ACCOUNT_PREFIX : RECORD_PREFIX, record_id);
    buf_put_char(out, '"');
}

static void put_extras(struct buf *out, const struct question *question, const struct lookup_answer *answer)
{
    if (question->metadata.len != 0) {
        json_put_name(out, "metadata");
        buf_put(out, question->metadata);
    }
    if (question->include_sources && !question->dry_run) {
        json_put_name(out, "sources");
        answer_put_sources(out, answer->channels, answer->found);
    }
    if (question->include_attempts && !question->dry_run) {
        json_put_name(out, "attempts");
        buf_put(out, answer->attempts.len != 0 ? answer->attempts : STR("[]"));
    }
}

static void put_values(struct buf *out, const struct question *question, const struct lookup_answer *answer)
{
    if (question->dry_run) {
        buf_puts(out, ",\"dry_run\":true,");
        buf_put(out, answer->plan);
    } else if (question->kind == QUESTION_ACCOUNT) {
        json_put_name(out, "fields");
        answer_put_fields(out, answer->channels, answer->found);
    } else {
        json_put_name(out, "channels");
        answer_put_channels(out, answer->channels, question->channels, answer->found, question->include_details);
    }
}

void answer_put_lookup(struct buf *out, const struct question *question, const struct lookup_answer *answer)
{
    check(answer->err == ERR_NONE);
    buf_put_char(out, '{');
    answer_put_id(out, answer->record_id, question->kind == QUESTION_ACCOUNT);
    put_values(out, question, answer);
    if (question->kind != QUESTION_ACCOUNT) { /* the seed tells an account's in a header alone */
        json_put_name(out, "credits_used");
        buf_put_i64(out, answer->credits_used);
    }
    put_extras(out, question, answer);
    buf_put_char(out, '}');
}
