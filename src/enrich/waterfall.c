#include "enrich/waterfall.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "enrich/judge.h"

/* One provider in one lookup: asked once, for all channels that may reach it. */
struct asked {
    struct asked *next;
    struct waterfall_run *run;
    struct provider *provider;
    struct provider_call call;
    int64_t started_us;
    int64_t ms;
    bool is_done;
    unsigned waiting; /* channels that go on when the answer is here */
};

static void channel_try_next(struct channel_run *ch);

void waterfall_add(struct waterfall *waterfall, struct provider *provider)
{
    check(waterfall->count < PROVIDERS_MAX);
    waterfall->providers[waterfall->count++] = provider;
    waterfall->fingerprint = str_hash(provider->name, waterfall->fingerprint + 1);
}

int64_t waterfall_worst_credits(const struct waterfalls *waterfalls, enum channel channel, unsigned hints_mask)
{
    const struct waterfall *waterfall = &waterfalls->of[channel];
    int64_t dearest = 0, sum = 0;

    for (size_t i = 0; i < waterfall->count; i++) {
        int64_t price = waterfall->providers[i]->prices[channel];

        if (!provider_can_answer(waterfall->providers[i], hints_mask, channel))
            continue;
        sum += price;
        dearest = price > dearest ? price : dearest;
    }
    return waterfalls->charge_policy == CHARGE_ATTEMPTS ? sum : dearest;
}

int64_t waterfall_run_credits(const struct waterfall_run *run)
{
    int64_t credits = 0;

    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        credits += run->channel_runs[i].credits;
    return credits;
}

static struct asked *find_asked(const struct waterfall_run *run, const struct provider *provider)
{
    struct asked *asked = run->asked;

    while (asked != NULL && asked->provider != provider)
        asked = asked->next;
    return asked;
}

/* --- one channel -------------------------------------------------------- */

static struct provider *next_provider(const struct channel_run *ch)
{
    const struct waterfall *waterfall = &ch->run->waterfalls->of[ch->channel];

    return ch->cursor < waterfall->count ? waterfall->providers[ch->cursor] : NULL;
}

/* Notes what became of the provider at the cursor and moves on. A trail that
 * does not fit the lookup's memory makes the channel incomplete, not wrong. */
static struct attempt *note(struct channel_run *ch, enum outcome outcome, int64_t ms)
{
    const struct provider *provider = next_provider(ch);
    struct attempt *attempt = arena_alloc(ch->run->arena, sizeof *attempt);

    ch->cursor++;
    ch->is_incomplete |= !outcome_is_answer(outcome) || attempt == NULL;
    if (attempt == NULL)
        return NULL;
    *attempt = (struct attempt){.provider = provider,
                                .rank = (unsigned)ch->cursor,
                                .price = provider->prices[ch->channel],
                                .ms = ms,
                                .outcome = outcome};
    if (ch->last == NULL)
        ch->first = attempt;
    else
        ch->last->next = attempt;
    ch->last = attempt;
    return attempt;
}

static void finish(struct channel_run *ch)
{
    check(ch->is_running);
    ch->is_running = false;
    ch->reserved = 0;
    ch->run->running--;
}

/* The bill of all channels if this one's next provider hits. */
static int64_t bill_with(const struct channel_run *ch, int64_t price)
{
    int64_t bill = ch->missed_credits + price;

    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        const struct channel_run *other = &ch->run->channel_runs[i];

        if (other != ch)
            bill += other->credits + other->reserved;
    }
    return bill;
}

static void charge(struct channel_run *ch, struct attempt *hit)
{
    ch->credits = ch->missed_credits + hit->price;
    hit->credits = hit->price;
    if (ch->missed_credits == 0)
        return;
    for (struct attempt *attempt = ch->first; attempt != hit; attempt = attempt->next)
        attempt->credits = attempt->outcome == OUTCOME_MISS ? attempt->price : 0;
}

static bool take_value(struct channel_run *ch, const struct asked *asked, const struct identity_text *normal)
{
    const struct provider_value *said = &asked->call.values[ch->channel];
    struct str value = arena_keep(ch->run->arena, identity_str(normal));
    struct attempt *hit = note(ch, OUTCOME_HIT, asked->ms);

    if (value.len == 0 || hit == NULL)
        return false;
    ch->value = value;
    ch->source = said->source.len != 0 ? said->source : asked->provider->name;
    ch->confidence_ppm = said->confidence_ppm;
    ch->is_incomplete = false;
    charge(ch, hit);
    return true;
}

/* What a provider's answer is worth for this channel. True when it is found. */
static bool weigh(struct channel_run *ch, const struct asked *asked)
{
    const struct waterfall_run *run = ch->run;
    enum outcome outcome = asked->call.outcome;
    struct identity_text normal;

    ch->reserved = 0;
    if (outcome == OUTCOME_HIT || outcome == OUTCOME_MISS)
        outcome =
            judge_value(ch->channel, &asked->call.values[ch->channel], run->hints, run->min_confidence_ppm, &normal);
    if (outcome == OUTCOME_HIT)
        return take_value(ch, asked, &normal);
    if (outcome == OUTCOME_MISS && run->waterfalls->charge_policy == CHARGE_ATTEMPTS)
        ch->missed_credits += asked->provider->prices[ch->channel];
    note(ch, outcome, asked->ms);
    return false;
}

/* Why the provider at the cursor is not asked; OUTCOME_HIT when it may be. */
static enum outcome reason_to_skip(const struct channel_run *ch, const struct provider *provider)
{
    const struct waterfall_run *run = ch->run;

    if (!provider_can_answer(provider, hints_mask(run->hints), ch->channel))
        return OUTCOME_NOT_APPLICABLE;
    if (bill_with(ch, provider->prices[ch->channel]) > run->credits_max)
        return OUTCOME_OVER_BUDGET;
    if (find_asked(run, provider) == NULL && clock_steady_us() >= run->deadline_us)
        return OUTCOME_TIMEOUT;
    return OUTCOME_HIT;
}

/* The channels that may reach this provider in this lookup. */
static unsigned channels_for(const struct waterfall_run *run, const struct provider *provider)
{
    unsigned channels = 0;

    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        const struct waterfall *waterfall = &run->waterfalls->of[i];

        if ((run->channels & 1u << i) == 0 || run->channel_runs[i].value.len != 0)
            continue;
        for (size_t at = run->channel_runs[i].cursor; at < waterfall->count; at++) {
            if (waterfall->providers[at] == provider)
                channels |= 1u << i;
        }
    }
    return channels;
}

static void log_call(const struct asked *asked)
{
    const struct waterfall_run *run = asked->run;

    if (log_is_on(LOG_DEBUG))
        log_write(LOG_DEBUG, "provider called", log_text("request_id", run->request_id),
                  log_text("trace_id", run->trace_id), log_str("provider", asked->provider->name),
                  log_text("outcome", outcome_name(asked->call.outcome)), log_num("ms", asked->ms), LOG_END);
}

static void ask_done(struct provider_call *call)
{
    struct asked *asked = container_of(call, struct asked, call);
    struct waterfall_run *run = asked->run;
    unsigned waiting = asked->waiting;
    int64_t us = clock_steady_us() - asked->started_us;

    check(!asked->is_done);
    asked->is_done = true;
    asked->waiting = 0;
    asked->ms = us / MS_US;
    provider_count_call(asked->provider, call->outcome, us);
    log_call(asked);
    run->running++; /* our own place while the channels go on */
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if ((waiting & 1u << i) != 0)
            channel_try_next(&run->channel_runs[i]);
    }
    if (--run->running == 0)
        run->done(run);
}

/* Asks the provider, or joins those who wait for it. False without memory. */
static bool ask(struct channel_run *ch, struct provider *provider)
{
    struct waterfall_run *run = ch->run;
    struct asked *asked = find_asked(run, provider);
    int64_t left_us;

    if (asked != NULL) {
        asked->waiting |= 1u << ch->channel;
        return true;
    }
    asked = arena_alloc(run->arena, sizeof *asked);
    if (asked == NULL)
        return false;
    asked->next = run->asked;
    run->asked = asked;
    asked->run = run;
    asked->provider = provider;
    asked->waiting = 1u << ch->channel;
    asked->started_us = clock_steady_us();
    left_us = run->deadline_us - asked->started_us;
    asked->call = (struct provider_call){.hints = run->hints,
                                         .channels = channels_for(run, provider),
                                         .timeout_us = provider->timeout_us < left_us ? provider->timeout_us : left_us,
                                         .arena = run->arena,
                                         .done = ask_done};
    provider->kind->ask(provider, &asked->call);
    return true;
}

/* Asks the providers one after another until one is good enough or all were
 * asked. Stops where it has to wait; ask_done calls it again. */
static void channel_try_next(struct channel_run *ch)
{
    for (struct provider *next; (next = next_provider(ch)) != NULL;) {
        enum outcome skip = reason_to_skip(ch, next);
        struct asked *asked = find_asked(ch->run, next);

        if (skip != OUTCOME_HIT) {
            note(ch, skip, 0);
        } else if (asked != NULL && asked->is_done) {
            if (weigh(ch, asked))
                break;
        } else {
            ch->reserved = ch->missed_credits + next->prices[ch->channel];
            if (ask(ch, next))
                return;
            note(ch, OUTCOME_ERROR, 0);
        }
    }
    finish(ch);
}

bool waterfall_run_start(struct waterfall_run *run)
{
    run->asked = NULL;
    run->running = 1; /* our own place while we start them */
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        run->channel_runs[i] = (struct channel_run){.run = run, .channel = (enum channel)i};
        run->channel_runs[i].is_running = (run->channels & 1u << i) != 0;
        run->running += run->channel_runs[i].is_running;
    }
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if (run->channel_runs[i].is_running)
            channel_try_next(&run->channel_runs[i]);
    }
    return --run->running == 0;
}
