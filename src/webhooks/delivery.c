#include "webhooks/delivery.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/retry_after.h"
#include "webhooks/sign.h"

enum { SIGNATURES_BYTES_MAX = 256, ID_BYTES_MAX = 64 };

void delivery_begin_body(struct buf *out, enum event_type type, int64_t at_us)
{
    buf_printf(out, "{\"type\":\"%s\",\"timestamp\":", event_type_name(type));
    json_put_time(out, at_us);
    buf_puts(out, ",\"data\":{");
}

void delivery_put_headers(struct buf *out, const struct endpoint_row *endpoint, struct id event_id, struct str body,
                          int64_t now_us)
{
    struct signing signing = {.timestamp_s = now_us / SECOND_US, .body = body};
    struct buf id, signatures;

    buf_init(&id, ID_BYTES_MAX);
    buf_init(&signatures, SIGNATURES_BYTES_MAX);
    id_put(&id, EVENT_PREFIX, event_id);
    signing.id = buf_str(&id);
    webhook_put_signature(&signatures, &signing, endpoint->secret, sizeof endpoint->secret);
    if (now_us < endpoint->old_secret_until_us)
        webhook_put_signature(&signatures, &signing, endpoint->old_secret, sizeof endpoint->old_secret);
    buf_puts(out, "Content-Type: application/json\r\nUser-Agent: unstuck\r\nAccept: application/json\r\nwebhook-id: ");
    buf_put(out, signing.id);
    buf_printf(out, "\r\nwebhook-timestamp: %lld\r\nwebhook-signature: ", (long long)signing.timestamp_s);
    buf_put(out, buf_str(&signatures));
    buf_puts(out, "\r\n");
    buf_deinit(&id);
    buf_deinit(&signatures);
}

/* {"valid": true} or {"valid": false}; other members are passed over. */
static int read_verdict(struct str body)
{
    const json_t *valid;
    json_t *doc = NULL;
    int verdict = -1;

    if (json_read(body, &doc, NULL) != ERR_NONE)
        return -1;
    valid = json_object_get(doc, "valid");
    if (json_is_boolean(valid))
        verdict = json_is_true(valid);
    json_decref(doc);
    return verdict;
}

static const char *why_unanswered(const struct http_call *call)
{
    switch (call->result) {
    case HTTP_CALL_TIMEOUT:
        return "no whole answer in time";
    case HTTP_CALL_TOO_LARGE:
        return "the answer is over 64 KiB";
    default:
        return call->error[0] == '\0' ? "it could not be called" : call->error;
    }
}

static const char *why_of_status(int status)
{
    if (status >= 300 && status < 400)
        return "redirects are not followed";
    if (status == 410)
        return "410: it wants no more events";
    return status >= 500 ? "it failed" : "it did not accept the event";
}

void delivery_judge(const struct http_call *call, enum event_type type, int64_t now_us, struct delivery_result *out)
{
    *out = (struct delivery_result){.verdict = -1, .why = ""};
    if (call->result != HTTP_CALL_ANSWERED) {
        out->why = why_unanswered(call);
        return;
    }
    out->is_gone = call->status == 410;
    retry_after_read(http_header_in(buf_str(&call->head), STR("retry-after")), now_us, &out->wait_us);
    if (call->status < 200 || call->status >= 300) {
        out->why = why_of_status(call->status);
        return;
    }
    if (type == EVENT_VERIFICATION_REQUESTED) {
        out->verdict = read_verdict(buf_str(&call->answer));
        out->why = out->verdict < 0 ? "the answer is not {\"valid\": true} or {\"valid\": false}" : "";
    }
    out->is_delivered = out->why[0] == '\0';
}

/* --- redacting ------------------------------------------------------------ */

static bool is_address_char(char c)
{
    return char_is_alnum(c) || (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL) || (unsigned char)c >= 0x80;
}

/* How much of the text behind `at` is the local part of an address: 0 when it is none. */
static size_t local_part(struct str text, size_t at)
{
    size_t end = at;

    while (end < text.len && is_address_char(text.ptr[end]))
        end++;
    return end > at && end < text.len && text.ptr[end] == '@' ? end - at : 0;
}

void delivery_put_redacted(struct buf *out, struct str text, size_t bytes_max)
{
    size_t end = text.len < bytes_max ? text.len : bytes_max;
    size_t i = 0;

    /* An address that the end cuts in two is one all the same. */
    while (i < end) {
        size_t local = i == 0 || !is_address_char(text.ptr[i - 1]) ? local_part(text, i) : 0;

        if (local > 0)
            buf_puts(out, "***");
        else
            buf_put_char(out, (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? ' ' : text.ptr[i]);
        i += local > 0 ? local : 1;
    }
}
