#include "api/asking.h"

#include "api/problem.h"

#include <stdio.h>

void asking_init(struct asking *asking)
{
    *asking = (struct asking){.is_replay = true};
}

void asking_add(struct asking *asking, const struct lookup_answer *answer)
{
    asking->credits_used += answer->credits_used;
    asking->incomplete |= answer->incomplete;
    asking->is_replay &= answer->is_replay;
    if (answer->age_s > asking->age_s)
        asking->age_s = answer->age_s;
}

static void put_incomplete(struct exchange *x, unsigned incomplete)
{
    struct buf names;

    buf_init(&names, 256);
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        if ((incomplete & waterfall_slots((enum channel)i)) != 0)
            buf_printf(&names, "%s%s", names.len == 0 ? "" : ", ", channel_name((enum channel)i));
    }
    exchange_header(x, "Unstuck-Incomplete", buf_str(&names));
    buf_deinit(&names);
}

void asking_put_headers(struct exchange *x, const struct asking *asking)
{
    x->credits_used = asking->credits_used;
    if (asking->incomplete != 0)
        put_incomplete(x, asking->incomplete);
    if (asking->is_replay) {
        exchange_mark_replay(x);
        exchange_header_i64(x, "Age", asking->age_s);
    }
}

/* --- refusals ----------------------------------------------------------- */

void refusal_of_question(struct refusal *out, enum err err, const struct shape_mistakes *mistakes)
{
    *out = (struct refusal){.err = err, .errors = buf_str(&mistakes->json)};
    if (err == ERR_IDENTITY_REQUIRED)
        err_explain(&out->detail, "give at least one of email, linkedin_url, company_domain");
    else if (err == ERR_INVALID)
        out->detail = mistakes->first;
}

static void refuse_credit(struct refusal *out, const struct lookup_answer *answer)
{
    long long balance = answer->balance, held = answer->held, required = answer->required;

    snprintf(out->members, sizeof out->members, "\"balance\":%lld,\"held\":%lld,\"required\":%lld,\"shortfall\":%lld",
             balance, held, required, required - (balance - held));
    err_explain(&out->detail,
                "this request may cost up to %lld credits and %lld are free; grant credits, ask for fewer channels, "
                "or set max_credits",
                required, balance - held);
}

void refusal_of_answer(struct refusal *out, const struct lookup_answer *answer)
{
    *out = (struct refusal){.err = answer->err};
    if (answer->err == ERR_NO_CREDIT)
        refuse_credit(out, answer);
    else if (answer->err == ERR_SUPPRESSED)
        err_explain(&out->detail, "it is on the workspace's list: GET /suppressions; no provider was asked for more");
    else
        err_explain(&out->detail, "nothing was charged for what is not in the store; send the request again");
}

void refusal_of_overload(struct refusal *out)
{
    *out = (struct refusal){.err = ERR_OVERLOADED};
    err_explain(&out->detail, "too many lookups are under way; try again in a second");
}

static const char *detail_of(const struct refusal *refusal)
{
    return refusal->detail.text[0] != '\0' ? refusal->detail.text : NULL;
}

void refusal_respond(const struct refusal *refusal, struct exchange *x)
{
    exchange_refuse_with(x, refusal->err, detail_of(refusal), refusal->errors, str_from(refusal->members));
}

void refusal_put(const struct refusal *refusal, struct str request_id, struct buf *out)
{
    problem_put(out, refusal->err, detail_of(refusal), request_id, refusal->errors, str_from(refusal->members));
}
