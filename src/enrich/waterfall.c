#include "enrich/waterfall.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "enrich/judge.h"
#include "enrich/verification.h"
#include "providers/health.h"
#include "workspace/suppression.h"

/* One provider in one lookup: asked once, for all channels that may reach it. */
struct asked {
    struct asked *next;
    struct waterfall_run *run;
    struct provider_call call;
    union {
        int64_t started_us; /* until it is done, then … */
        int64_t ms;         /* … how long it took */
    };
    bool is_done;
    unsigned waiting; /* channels that go on when the answer is here */
};

static void channel_try_next(struct channel_run *ch);

void waterfall_add(struct waterfall *waterfall, struct provider *provider)
{
    check(waterfall->count < PROVIDERS_MAX);
    waterfall->providers[waterfall->count++] = provider;
    waterfall->fingerprint += str_hash(provider->name, 0);
}

uint64_t waterfall_fingerprint(const struct waterfall *waterfall, uint64_t disabled)
{
    uint64_t fingerprint = waterfall->fingerprint;

    for (size_t i = 0; disabled != 0 && i < waterfall->count; i++)
        fingerprint -= set_has_provider(disabled, i) ? str_hash(waterfall->providers[i]->name, 0) : 0;
    return fingerprint;
}

/* A null is remembered against whoever may have refused a value, too. */
void waterfall_add_verifier(struct waterfall *waterfall, struct provider *verifier)
{
    check(waterfall->verifier_count < VERIFIERS_MAX);
    waterfall->verifiers[waterfall->verifier_count++] = verifier;
    waterfall->fingerprint += str_hash(verifier->name, waterfall->verifier_count);
}

void waterfall_set_catch_all(struct waterfall *waterfall, enum catch_all catch_all)
{
    waterfall->catch_all = catch_all;
    waterfall->fingerprint += catch_all == CATCH_ALL_ACCEPT ? 0 : str_hash(STR("catch_all"), catch_all);
}

int64_t waterfall_worst_credits(const struct waterfalls *waterfalls, enum channel channel, unsigned slots,
                                unsigned hints_mask, bool is_discovery, uint64_t disabled)
{
    const struct waterfall *waterfall = &waterfalls->of[channel];
    int64_t dearest = 0, sum = 0;

    for (size_t i = 0; i < waterfall->count; i++) {
        const struct provider *provider = waterfall->providers[i];
        int64_t price = provider_price(provider, channel, is_discovery);

        if (set_has_provider(disabled, i) || !provider_can_answer(provider, hints_mask, channel) ||
            (provider->channels & slots) == 0)
            continue;
        sum += price;
        dearest = price > dearest ? price : dearest;
    }
    return channel == CHANNEL_ACCOUNT || waterfalls->charge_policy == CHARGE_ATTEMPTS ? sum : dearest;
}

bool outcome_is_evidence(enum outcome outcome)
{
    return outcome == OUTCOME_HIT || outcome == OUTCOME_MISS || outcome == OUTCOME_BELOW_CONFIDENCE ||
           outcome == OUTCOME_INVALID;
}

const struct found *waterfall_run_found(const struct waterfall_run *run, unsigned slot)
{
    bool is_found = (run->channels & 1u << slot) != 0 && run->found != NULL && run->found[slot].value.len != 0;

    return is_found ? &run->found[slot] : NULL;
}

unsigned waterfall_run_incomplete(const struct waterfall_run *run)
{
    unsigned slots = 0;

    for (size_t i = 0; i < WATERFALL_COUNT; i++)
        slots |= run->channel_runs[i].incomplete;
    return slots;
}

int64_t waterfall_run_credits(const struct waterfall_run *run)
{
    int64_t credits = 0;

    for (size_t i = 0; i < WATERFALL_COUNT; i++)
        credits += run->channel_runs[i].credits;
    return credits;
}

static struct asked *find_asked(const struct waterfall_run *run, const struct provider *provider)
{
    struct asked *asked = run->asked;

    while (asked != NULL && asked->call.provider != provider)
        asked = asked->next;
    return asked;
}

/* --- one channel -------------------------------------------------------- */

/* The provider at a place of the order; NULL behind the last. */
static struct provider *provider_at(const struct waterfall_run *run, enum channel channel, size_t place)
{
    const struct waterfall *waterfall = &run->waterfalls->of[channel];
    const struct channel_order *order = run->order == NULL ? NULL : &run->order->of[channel];

    if (place >= (order == NULL ? waterfall->count : order->count))
        return NULL;
    return waterfall->providers[order == NULL ? place : run->order->places[order->first + place].provider];
}

/* Moves on past those who have nothing that is missing of a company. */
static struct provider *next_provider(struct channel_run *ch)
{
    struct provider *next = provider_at(ch->run, ch->channel, ch->cursor);

    while (ch->channel == CHANNEL_ACCOUNT && next != NULL && (next->channels & ch->missing) == 0)
        next = provider_at(ch->run, ch->channel, ++ch->cursor);
    return next;
}

static int64_t price_of(const struct channel_run *ch, const struct provider *provider)
{
    return provider_price(provider, ch->channel, ch->run->is_discovery);
}

/* Notes what became of the provider at the cursor and moves on. A trail that
 * does not fit the lookup's memory makes the channel incomplete, not wrong. */
static struct attempt *note(struct channel_run *ch, enum outcome outcome, int64_t ms)
{
    const struct provider *provider = provider_at(ch->run, ch->channel, ch->cursor);
    struct attempt *attempt = arena_alloc(ch->run->arena, sizeof *attempt);

    ch->cursor++;
    if (!outcome_is_answer(outcome) || attempt == NULL)
        ch->incomplete |= ch->missing & provider->channels;
    if (attempt == NULL)
        return NULL;
    *attempt = (struct attempt){.provider = provider,
                                .rank = (unsigned)ch->cursor,
                                .price = price_of(ch, provider),
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
    int64_t bill = ch->credits + ch->missed_credits + price;

    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        const struct channel_run *other = &ch->run->channel_runs[i];

        if (other != ch)
            bill += other->credits + other->reserved;
    }
    return bill;
}

static void charge(struct channel_run *ch, struct attempt *hit)
{
    ch->credits += ch->missed_credits + hit->price;
    hit->credits = hit->price;
    if (ch->missed_credits == 0)
        return;
    for (struct attempt *attempt = ch->first; attempt != hit; attempt = attempt->next)
        attempt->credits = attempt->outcome == OUTCOME_MISS ? attempt->price : 0;
}

static void keep_found(struct channel_run *ch, unsigned slot, const struct asked *asked,
                       const struct provider_value *said, struct str value, struct traits traits)
{
    value = arena_keep(ch->run->arena, value);
    if (value.len == 0 || ch->run->found == NULL)
        return; /* the arena is full: the lookup ends as overloaded */
    ch->run->found[slot] = (struct found){.value = value,
                                          .source = said->source.len != 0 ? said->source : asked->call.provider->name,
                                          .provider = asked->call.provider->name,
                                          .traits = traits,
                                          .confidence_ppm = said->confidence_ppm};
    ch->missing &= ~(1u << slot);
    ch->incomplete &= ~(1u << slot);
}

static enum outcome take_field(struct channel_run *ch, unsigned slot, const struct asked *asked)
{
    enum outcome outcome;
    struct buf text;

    buf_init(&text, FIELD_LIST_BYTES_MAX + 1);
    outcome = judge_field(slot, &asked->call.values[slot], ch->run->min_confidence_ppm, &text);
    if (outcome == OUTCOME_HIT)
        keep_found(ch, slot, asked, &asked->call.values[slot], buf_str(&text), (struct traits){0});
    buf_deinit(&text);
    return outcome;
}

static enum outcome judge(const struct channel_run *ch, const struct asked *asked, struct judged *out)
{
    const struct provider_value *said = judge_pick(ch->channel, asked->call.values);

    return judge_value(ch->channel, said, ch->run->hints, ch->run->min_confidence_ppm, out);
}

static bool has_verifiers(const struct channel_run *ch)
{
    bool is_email = ch->channel == CHANNEL_WORK_EMAIL || ch->channel == CHANNEL_PERSONAL_EMAIL;

    return ch->run->waterfalls->of[ch->channel].verifier_count != 0 || (is_email && ch->run->judge != NULL);
}

static enum outcome take_channel(struct channel_run *ch, const struct asked *asked)
{
    struct judged judged;
    enum outcome outcome = judge(ch, asked, &judged);
    bool is_verified = false;
    struct str value;

    if (outcome != OUTCOME_HIT)
        return outcome;
    value = identity_str(&judged.value);
    if (has_verifiers(ch) && !verification_accepts(ch, value, &judged.traits.email_status, &is_verified))
        return OUTCOME_INVALID;
    keep_found(ch, ch->channel, asked, judge_pick(ch->channel, asked->call.values), value, judged.traits);
    if (ch->run->found != NULL)
        ch->run->found[ch->channel].is_verified = is_verified;
    return OUTCOME_HIT;
}

/* Of several fields: a hit when any was one, else the reason that says most. */
static enum outcome take_values(struct channel_run *ch, const struct asked *asked)
{
    unsigned wanted = ch->missing & asked->call.provider->channels;
    enum outcome result = OUTCOME_MISS;
    bool is_hit = false;

    if (ch->channel != CHANNEL_ACCOUNT)
        return take_channel(ch, asked);
    for (unsigned i = CHANNEL_COUNT; i < SLOT_COUNT; i++) {
        enum outcome outcome = (wanted & 1u << i) != 0 ? take_field(ch, i, asked) : OUTCOME_MISS;

        is_hit |= outcome == OUTCOME_HIT;
        result = outcome > result ? outcome : result;
    }
    return is_hit ? OUTCOME_HIT : result;
}

/* What a provider's answer is worth here. True when nothing is missing any more. */
static bool weigh(struct channel_run *ch, const struct asked *asked)
{
    enum outcome outcome = asked->call.outcome;
    unsigned unanswered = 0;
    struct attempt *attempt;

    ch->reserved = 0;
    if (outcome == OUTCOME_HIT || outcome == OUTCOME_MISS) {
        outcome = take_values(ch, asked);
        unanswered = asked->call.unanswered & ch->missing;
    }
    if (outcome == OUTCOME_MISS && unanswered != 0)
        outcome = asked->call.failure;
    if (outcome == OUTCOME_MISS && ch->channel != CHANNEL_ACCOUNT &&
        ch->run->waterfalls->charge_policy == CHARGE_ATTEMPTS)
        ch->missed_credits += price_of(ch, asked->call.provider);
    attempt = note(ch, outcome, asked->ms);
    if (unanswered != 0 && !outcome_is_answer(asked->call.failure))
        ch->incomplete |= unanswered;
    if (attempt != NULL)
        attempt->verifications = verification_attempts(ch, asked->call.provider);
    if (outcome == OUTCOME_HIT && attempt != NULL)
        charge(ch, attempt);
    return ch->missing == 0;
}

/* A provider's own, or what is left of the lookup's. */
static int64_t timeout_of(const struct waterfall_run *run, const struct provider *provider)
{
    int64_t left_us = run->deadline_us - clock_steady_us();

    return provider->timeout_us < left_us ? provider->timeout_us : left_us;
}

/* Why the provider at the cursor is not asked; OUTCOME_HIT when it may be. */
static enum outcome reason_to_skip(const struct channel_run *ch, struct provider *provider)
{
    const struct waterfall_run *run = ch->run;
    int64_t timeout_us;

    if (!provider_can_answer(provider, hints_mask(run->hints), ch->channel))
        return OUTCOME_NOT_APPLICABLE;
    if (bill_with(ch, price_of(ch, provider)) > run->credits_max)
        return OUTCOME_OVER_BUDGET;
    if (find_asked(run, provider) != NULL)
        return OUTCOME_HIT;
    timeout_us = timeout_of(run, provider);
    return timeout_us <= 0 ? OUTCOME_TIMEOUT : provider_reason_to_skip(provider, timeout_us);
}

/* The slots whose waterfalls may reach this provider in this lookup. */
static unsigned slots_for(const struct waterfall_run *run, const struct provider *provider)
{
    unsigned slots = 0;

    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        const struct channel_run *ch = &run->channel_runs[i];
        const struct provider *each;

        for (size_t at = ch->cursor; ch->missing != 0 && (each = provider_at(run, ch->channel, at)) != NULL; at++)
            slots |= each == provider ? ch->missing : 0;
    }
    return slots;
}

static void log_call(const struct asked *asked)
{
    const struct waterfall_run *run = asked->run;

    if (log_is_on(LOG_DEBUG))
        log_write(LOG_DEBUG, "provider called", log_text("request_id", run->request_id),
                  log_text("trace_id", run->trace_id), log_str("provider", asked->call.provider->name),
                  log_text("outcome", outcome_name(asked->call.outcome)), log_num("ms", asked->ms), LOG_END);
}

static bool is_suppressed(const struct waterfall_run *run, const struct provider_call *call)
{
    const struct suppressions *set = run->workspace != NULL ? run->workspace->suppressions : NULL;

    for (unsigned i = 0; i < CHANNEL_COUNT && set != NULL; i++) {
        if ((call->channels & 1u << i) != 0 && suppressions_hold_value(set, i, call->values[i].value))
            return true;
    }
    return false;
}

/* These channels have what they waited for. */
static void go_on(struct waterfall_run *run, unsigned channels)
{
    run->running++; /* our own place while the channels go on */
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        if ((channels & 1u << i) != 0)
            channel_try_next(&run->channel_runs[i]);
    }
    if (--run->running == 0)
        run->done(run);
}

/* Where a call puts what it finds about a person. Most calls of a long waterfall
 * find nothing, so theirs serves the next one. */
static struct provider_value *take_values_for(struct waterfall_run *run, unsigned slots)
{
    struct provider_value *spare = run->spare;

    if (spare == NULL || slots_end(slots) != CHANNEL_COUNT)
        return arena_alloc(run->arena, slots_end(slots) * sizeof *spare);
    run->spare = NULL;
    memset(spare, 0, CHANNEL_COUNT * sizeof *spare);
    return spare;
}

static void spare_values_of(struct waterfall_run *run, struct provider_call *call)
{
    static const struct provider_value nothing[CHANNEL_COUNT];

    if (slots_end(call->channels) != CHANNEL_COUNT || provider_call_has_value(call))
        return;
    run->spare = call->values;
    call->values = (struct provider_value *)(uintptr_t)nothing; /* done: only read from now on */
}

static void ask_done(struct provider_call *call)
{
    struct asked *asked = container_of(call, struct asked, call);
    struct waterfall_run *run = asked->run;
    unsigned waiting = asked->waiting;

    check(!asked->is_done);
    asked->is_done = true;
    asked->waiting = 0;
    asked->ms = (clock_steady_us() - asked->started_us) / MS_US;
    log_call(asked);
    if (is_suppressed(run, call))
        call->outcome = OUTCOME_BLOCKED;
    spare_values_of(run, call);
    go_on(run, waiting);
}

/* Asks the provider, or joins those who wait for it. False without memory. */
static bool ask(struct channel_run *ch, struct provider *provider)
{
    struct waterfall_run *run = ch->run;
    struct asked *asked = find_asked(run, provider);
    struct provider_value *values;
    unsigned slots;

    if (asked != NULL) {
        asked->waiting |= 1u << ch->channel;
        return true;
    }
    asked = arena_alloc(run->arena, sizeof *asked);
    if (asked == NULL)
        return false;
    slots = slots_for(run, provider);
    values = take_values_for(run, slots);
    if (values == NULL)
        return false;
    asked->next = run->asked;
    run->asked = asked;
    asked->run = run;
    asked->waiting = 1u << ch->channel;
    asked->started_us = clock_steady_us();
    asked->call = (struct provider_call){.provider = provider,
                                         .hints = run->hints,
                                         .channels = slots,
                                         .values = values,
                                         .timeout_us = timeout_of(run, provider),
                                         .arena = run->arena,
                                         .done = ask_done};
    provider_ask(provider, &asked->call);
    return true;
}

/* What the provider found is still with the verifiers. Its price stays reserved. */
static bool waits_for_verdict(struct channel_run *ch, const struct asked *asked)
{
    bool is_answer = asked->call.outcome == OUTCOME_HIT || asked->call.outcome == OUTCOME_MISS;
    struct judged judged;

    if (!has_verifiers(ch) || !is_answer || judge(ch, asked, &judged) != OUTCOME_HIT)
        return false;
    ch->reserved = ch->missed_credits + price_of(ch, asked->call.provider);
    return verification_waits(ch, asked->call.provider, identity_str(&judged.value), go_on);
}

/* Asks the providers one after another until one is good enough or all were
 * asked. Stops where it has to wait; go_on calls it again. */
static void channel_try_next(struct channel_run *ch)
{
    for (struct provider *next; (next = next_provider(ch)) != NULL;) {
        enum outcome skip = reason_to_skip(ch, next);
        struct asked *asked = find_asked(ch->run, next);

        if (skip != OUTCOME_HIT) {
            note(ch, skip, 0);
        } else if (asked != NULL && asked->is_done) {
            if (waits_for_verdict(ch, asked))
                return;
            if (weigh(ch, asked))
                break;
        } else {
            ch->reserved = ch->missed_credits + price_of(ch, next);
            if (ask(ch, next))
                return;
            note(ch, OUTCOME_ERROR, 0);
        }
    }
    finish(ch);
}

bool waterfall_run_start(struct waterfall_run *run)
{
    run->found = arena_alloc(run->arena, slots_end(run->channels) * sizeof *run->found);
    run->asked = NULL;
    run->verifications = NULL;
    run->spare = NULL;
    run->running = 1; /* our own place while we start them */
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        unsigned missing = run->channels & waterfall_slots((enum channel)i);

        run->channel_runs[i] = (struct channel_run){.run = run, .channel = (enum channel)i, .missing = missing};
        run->channel_runs[i].is_running = missing != 0;
        run->running += run->channel_runs[i].is_running;
    }
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        if (run->channel_runs[i].is_running)
            channel_try_next(&run->channel_runs[i]);
    }
    return --run->running == 0;
}
