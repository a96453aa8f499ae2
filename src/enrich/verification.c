#include "enrich/verification.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "providers/health.h"

/* One address of a lookup, in its arena. */
struct verification {
    struct verification *next;
    struct waterfall_run *run;
    enum channel channel;            /* whose verifiers are asked */
    const struct provider *provider; /* who found it */
    struct hints hints;              /* the e-mail, and nothing else of the person */
    size_t cursor;                   /* the next verifier */
    enum email_status status;        /* so far, by the verifiers */
    enum email_status judgement;     /* by the customer's judge */
    bool is_judging;                 /* it is the judge that is asked */
    bool is_done;
    unsigned waiting; /* channels that go on then */
    void (*go_on)(struct waterfall_run *run, unsigned channels);
    struct verifier_attempt *first, *last;

    int64_t started_us;
    struct provider_call call;
    struct provider_value no_values[CHANNEL_COUNT];
};

static const struct waterfall *waterfall_of(const struct waterfall_run *run, enum channel channel)
{
    return &run->waterfalls->of[channel];
}

static struct verification *find(const struct waterfall_run *run, struct str email)
{
    struct verification *v = run->verifications;

    while (v != NULL && !str_is_nocase(v->hints.of[HINT_EMAIL], email))
        v = v->next;
    return v;
}

static struct provider *asked_now(const struct verification *v)
{
    return v->is_judging ? v->run->judge : waterfall_of(v->run, v->channel)->verifiers[v->cursor - 1];
}

static unsigned rank_of(const struct verification *v)
{
    return (unsigned)(v->is_judging ? waterfall_of(v->run, v->channel)->verifier_count + 1 : v->cursor);
}

/* A trail that does not fit the lookup's memory ends the lookup as overloaded. */
static void note(struct verification *v, enum outcome outcome, enum email_status verdict, int64_t ms)
{
    struct verifier_attempt *attempt = arena_alloc(v->run->arena, sizeof *attempt);

    if (attempt == NULL)
        return;
    *attempt = (struct verifier_attempt){
        .verifier = asked_now(v), .rank = rank_of(v), .outcome = outcome, .verdict = verdict, .ms = ms};
    if (v->last == NULL)
        v->first = attempt;
    else
        v->last->next = attempt;
    v->last = attempt;
}

/* Takes a verdict in; true when it leaves nothing to ask. */
static bool settles(struct verification *v, enum email_status verdict)
{
    switch (verdict) {
    case EMAIL_STATUS_NONE:
        return false;
    case EMAIL_STATUS_UNKNOWN:
        if (v->status == EMAIL_STATUS_NONE)
            v->status = verdict;
        return false;
    case EMAIL_STATUS_CATCH_ALL:
        v->status = verdict;
        return waterfall_of(v->run, v->channel)->catch_all != CATCH_ALL_VERIFY_NEXT;
    default:
        v->status = verdict;
        return true;
    }
}

/* A verifier's own, or what is left of the lookup's. */
static int64_t timeout_of(const struct verification *v, const struct provider *verifier)
{
    int64_t left_us = v->run->deadline_us - clock_steady_us();

    return verifier->timeout_us < left_us ? verifier->timeout_us : left_us;
}

/* Why a verifier is not asked; OUTCOME_HIT when it may be. */
static enum outcome reason_to_skip(const struct verification *v, struct provider *verifier)
{
    int64_t timeout_us = timeout_of(v, verifier);
    bool can_answer = false;

    for (size_t i = 0; i < verifier->needs_count; i++)
        can_answer |= (verifier->needs[i].hints & ~hints_mask(&v->hints)) == 0;
    if (!can_answer)
        return OUTCOME_NOT_APPLICABLE;
    return timeout_us <= 0 ? OUTCOME_TIMEOUT : provider_reason_to_skip(verifier, timeout_us);
}

static void log_call(const struct verification *v, int64_t ms)
{
    if (log_is_on(LOG_DEBUG))
        log_write(LOG_DEBUG, "verifier called", log_text("request_id", v->run->request_id),
                  log_text("trace_id", v->run->trace_id), log_str("provider", v->call.provider->name),
                  log_text("outcome", outcome_name(v->call.outcome)), log_num("ms", ms), LOG_END);
}

static void ask_next(struct verification *v);
static void ask_judge(struct verification *v);

static void ask_done(struct provider_call *call)
{
    struct verification *v = container_of(call, struct verification, call);
    int64_t ms = (clock_steady_us() - v->started_us) / MS_US;
    bool has_verdict = call->outcome == OUTCOME_HIT && call->verdict != EMAIL_STATUS_NONE;
    enum email_status verdict = has_verdict ? call->verdict : EMAIL_STATUS_NONE;

    log_call(v, ms);
    note(v, call->outcome == OUTCOME_HIT && !has_verdict ? OUTCOME_MISS : call->outcome, verdict, ms);
    if (v->is_judging) {
        v->judgement = verdict;
        v->is_done = true;
    } else if (settles(v, verdict)) {
        ask_judge(v);
    } else {
        ask_next(v);
    }
    if (v->is_done)
        v->go_on(v->run, v->waiting);
}

static void ask(struct verification *v, struct provider *verifier)
{
    v->started_us = clock_steady_us();
    v->call = (struct provider_call){.provider = verifier,
                                     .hints = &v->hints,
                                     .values = v->no_values,
                                     .timeout_us = timeout_of(v, verifier),
                                     .arena = v->run->arena,
                                     .workspace = v->run->workspace,
                                     .done = ask_done};
    provider_ask(verifier, &v->call);
}

static bool stands(const struct verification *v, enum channel channel)
{
    if (v->status == EMAIL_STATUS_CATCH_ALL)
        return waterfall_of(v->run, channel)->catch_all != CATCH_ALL_MISS;
    return v->status != EMAIL_STATUS_UNDELIVERABLE;
}

/* The verifiers have said what they could. */
static void ask_judge(struct verification *v)
{
    struct provider *judge = v->run->judge;

    if (judge == NULL || !stands(v, v->channel) || timeout_of(v, judge) <= 0) {
        v->is_done = true;
        return;
    }
    v->is_judging = true;
    ask(v, judge);
}

static void ask_next(struct verification *v)
{
    const struct waterfall *waterfall = waterfall_of(v->run, v->channel);

    while (v->cursor < waterfall->verifier_count) {
        struct provider *verifier = waterfall->verifiers[v->cursor++];
        enum outcome skip = reason_to_skip(v, verifier);

        if (skip == OUTCOME_HIT) {
            ask(v, verifier);
            return;
        }
        note(v, skip, EMAIL_STATUS_NONE, 0);
    }
    ask_judge(v);
}

/* NULL without memory: the lookup ends as overloaded. */
static struct verification *start(struct channel_run *ch, const struct provider *provider, struct str email)
{
    struct waterfall_run *run = ch->run;
    struct verification *v = arena_alloc(run->arena, sizeof *v);

    email = arena_keep(run->arena, email);
    if (v == NULL || email.len == 0)
        return NULL;
    *v = (struct verification){.next = run->verifications,
                               .run = run,
                               .channel = ch->channel,
                               .provider = provider,
                               .hints.of[HINT_EMAIL] = email};
    run->verifications = v;
    ask_next(v);
    return v;
}

bool verification_waits(struct channel_run *ch, const struct provider *provider, struct str email,
                        void (*go_on)(struct waterfall_run *run, unsigned channels))
{
    struct verification *v = find(ch->run, email);

    if (v == NULL)
        v = start(ch, provider, email);
    if (v == NULL || v->is_done)
        return false;
    v->go_on = go_on;
    v->waiting |= 1u << ch->channel;
    return true;
}

bool verification_accepts(const struct channel_run *ch, struct str email, uint8_t *status, bool *is_verified)
{
    const struct verification *v = find(ch->run, email);

    if (v == NULL)
        return true;
    check(v->is_done);
    if (v->status != EMAIL_STATUS_NONE)
        *status = (uint8_t)v->status;
    *is_verified = v->judgement == EMAIL_STATUS_DELIVERABLE;
    return stands(v, ch->channel) && v->judgement != EMAIL_STATUS_UNDELIVERABLE;
}

struct verifier_attempt *verification_attempts(const struct channel_run *ch, const struct provider *provider)
{
    const struct verification *v = ch->run->verifications;

    while (v != NULL && (v->channel != ch->channel || v->provider != provider))
        v = v->next;
    return v == NULL ? NULL : v->first;
}
