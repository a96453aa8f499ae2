/* POST /enrichment: a question in, its answer out. */
#include "api/answer.h"
#include "api/exchange.h"
#include "base/json.h"
#include "enrich/lookup.h"
#include "enrich/trail.h"

static void put_incomplete_header(struct exchange *x, unsigned incomplete)
{
    struct buf names;

    if (incomplete == 0)
        return;
    buf_init(&names, 256);
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if ((incomplete & 1u << i) != 0)
            buf_printf(&names, "%s%s", names.len == 0 ? "" : ", ", channel_name((enum channel)i));
    }
    exchange_header(x, "Unstuck-Incomplete", buf_str(&names));
    buf_deinit(&names);
}

static void put_record_id(struct buf *body, struct id record_id)
{
    buf_puts(body, "{\"record_id\":");
    if (id_is_none(record_id)) {
        buf_puts(body, "null");
        return;
    }
    buf_put_char(body, '"');
    id_put(body, RECORD_PREFIX, record_id);
    buf_put_char(body, '"');
}

static void put_extras(struct buf *body, const struct question *question, const struct lookup_answer *answer)
{
    if (question->metadata.len != 0) {
        buf_puts(body, ",\"metadata\":");
        buf_put(body, question->metadata);
    }
    if (question->include_attempts && !question->dry_run) {
        buf_puts(body, ",\"attempts\":");
        buf_put(body, answer->attempts.len != 0 ? answer->attempts : STR("[]"));
    }
}

static void put_answer(struct buf *body, const struct question *question, const struct lookup_answer *answer)
{
    put_record_id(body, answer->record_id);
    if (question->dry_run) {
        buf_puts(body, ",\"dry_run\":true");
        buf_put_char(body, ',');
        buf_put(body, answer->plan);
    } else {
        buf_puts(body, ",\"channels\":");
        answer_put_channels(body, answer->channels, question->channels, answer->found);
    }
    buf_puts(body, ",\"credits_used\":");
    buf_put_i64(body, answer->credits_used);
    put_extras(body, question, answer);
    buf_put_char(body, '}');
}

static void refuse_credit(struct exchange *x, const struct lookup_answer *answer)
{
    struct buf members;
    struct err_detail detail;
    long long balance = answer->balance, held = answer->held, required = answer->required;

    buf_init(&members, 256);
    buf_printf(&members, "\"balance\":%lld,\"held\":%lld,\"required\":%lld,\"shortfall\":%lld", balance, held, required,
               required - (balance - held));
    err_explain(&detail,
                "this request may cost up to %lld credits and %lld are free; grant credits, ask for fewer channels, "
                "or set max_credits",
                required, balance - held);
    exchange_refuse_with(x, ERR_NO_CREDIT, detail.text, STR_NONE, buf_str(&members));
    buf_deinit(&members);
}

static void answer_lookup(struct exchange *x, struct lookup *lookup)
{
    const struct lookup_answer *answer = lookup_answer(lookup);

    if (answer->err == ERR_NO_CREDIT) {
        refuse_credit(x, answer);
        return;
    }
    if (answer->err != ERR_NONE) {
        exchange_refuse(x, answer->err, "nothing was charged for what is not in the store; send the request again");
        return;
    }
    x->credits_used = answer->credits_used;
    put_answer(exchange_body(x), lookup_question(lookup), answer);
    put_incomplete_header(x, answer->incomplete);
    if (answer->is_replay) {
        exchange_header(x, "Idempotent-Replayed", STR("true"));
        exchange_header_i64(x, "Age", answer->age_s > 0 ? answer->age_s : 0);
    }
    exchange_respond(x, 200);
}

static void lookup_done(void *ctx, struct lookup *lookup)
{
    answer_lookup(ctx, lookup);
    lookup_free(&lookup);
}

static void refuse_question(struct exchange *x, enum err err, const struct shape_mistakes *mistakes)
{
    if (err == ERR_IDENTITY_REQUIRED)
        exchange_refuse(x, err, "give at least one of email, linkedin_url, company_domain");
    else
        exchange_refuse_with(x, err, err == ERR_INVALID ? mistakes->first.text : NULL, buf_str(&mistakes->json),
                             STR_NONE);
}

/* Fills the lookup's question, or refuses the request. */
static bool read_question(struct exchange *x, struct lookup *lookup)
{
    struct shape_mistakes mistakes;
    struct err_detail detail;
    json_t *doc;
    enum err err;

    if (question_read_plain(http_request_body(x->request), lookup_arena(lookup), lookup_question(lookup)))
        return true;
    if (json_read(http_request_body(x->request), &doc, &detail) != ERR_NONE) {
        exchange_refuse(x, ERR_MALFORMED_JSON, detail.text);
        return false;
    }
    shape_mistakes_init(&mistakes);
    err = question_read(doc, lookup_arena(lookup), lookup_question(lookup), &mistakes);
    if (err != ERR_NONE)
        refuse_question(x, err, &mistakes);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
    return err == ERR_NONE;
}

void enrichment_post(struct exchange *x)
{
    struct lookup *lookup = lookup_new(x->api->engine, x->workspace);

    if (lookup == NULL)
        exchange_refuse(x, ERR_OVERLOADED, "too many lookups are under way; try again in a second");
    else if (read_question(x, lookup))
        lookup_start(lookup, x->request_id, x->trace_id, lookup_done, x);
    else
        lookup_free(&lookup);
}
