/* POST /enrichment, /enrichment/discover, /enrichment/account: a question in,
 * its answer out. */
#include "api/answer.h"
#include "api/asking.h"
#include "base/json.h"

static void answer_lookup(struct exchange *x, struct lookup *lookup)
{
    const struct lookup_answer *answer = lookup_answer(lookup);
    struct refusal refusal;
    struct asking asking;

    if (answer->err != ERR_NONE) {
        refusal_of_answer(&refusal, answer);
        refusal_respond(&refusal, x);
        return;
    }
    asking_init(&asking);
    asking_add(&asking, answer);
    answer_put_lookup(exchange_body(x), lookup_question(lookup), answer);
    exchange_shows(x, answer->record_id);
    asking_put_headers(x, &asking);
    exchange_respond(x, 200);
}

static void lookup_done(void *ctx, struct lookup *lookup)
{
    answer_lookup(ctx, lookup);
    lookup_free(&lookup);
}

static bool read_document(struct exchange *x, enum question_kind kind, struct lookup *lookup, const json_t *doc)
{
    struct shape_mistakes mistakes;
    struct refusal refusal;
    enum err err;

    shape_mistakes_init(&mistakes);
    err = question_read(kind, doc, lookup_arena(lookup), lookup_question(lookup), &mistakes);
    if (err != ERR_NONE) {
        refusal_of_question(&refusal, err, &mistakes);
        refusal_respond(&refusal, x);
    }
    shape_mistakes_deinit(&mistakes);
    return err == ERR_NONE;
}

/* Fills the lookup's question, or refuses the request. */
static bool read_question(struct exchange *x, enum question_kind kind, struct lookup *lookup)
{
    struct str body = http_request_body(x->request);
    struct err_detail detail;
    json_t *doc;
    bool is_read;

    if (kind == QUESTION_ENRICH && question_read_plain(body, lookup_arena(lookup), lookup_question(lookup)))
        return true;
    if (json_read(body, &doc, &detail) != ERR_NONE) {
        exchange_refuse(x, ERR_MALFORMED_JSON, detail.text);
        return false;
    }
    is_read = read_document(x, kind, lookup, doc);
    json_decref(doc);
    return is_read;
}

static void ask(struct exchange *x, enum question_kind kind)
{
    struct lookup *lookup = lookup_new(x->api->engine, x->workspace);
    struct refusal refusal;

    if (lookup == NULL) {
        refusal_of_overload(&refusal);
        refusal_respond(&refusal, x);
    } else if (read_question(x, kind, lookup)) {
        lookup_set_origin(lookup, exchange_endpoint(x), exchange_once(x));
        lookup_start(lookup, x->request_id, x->trace_id, lookup_done, x);
    } else {
        lookup_free(&lookup);
    }
}

void enrichment_post(struct exchange *x)
{
    ask(x, QUESTION_ENRICH);
}

void discover_post(struct exchange *x)
{
    ask(x, QUESTION_DISCOVER);
}

void account_post(struct exchange *x)
{
    ask(x, QUESTION_ACCOUNT);
}
