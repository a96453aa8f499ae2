#include "providers/provider.h"

#include "base/check.h"
#include "base/mem.h"
#include "providers/health.h"
#include "providers/kinds.h"

static const struct {
    const char *name;
    bool is_answer;
} outcomes[] = {
#define OUTCOME(id, name, is_answer) [OUTCOME_##id] = {name, is_answer},
    OUTCOMES(OUTCOME)
#undef OUTCOME
};

static const char *const hint_names[] = {
#define HINT(id, name) [HINT_##id] = name,
    HINTS(HINT)
#undef HINT
};

const char *outcome_name(enum outcome outcome)
{
    check((size_t)outcome < LEN(outcomes));
    return outcomes[outcome].name;
}

bool outcome_from(struct str name, enum outcome *out_outcome)
{
    for (size_t i = 0; i < LEN(outcomes); i++) {
        if (str_is(name, str_from(outcomes[i].name))) {
            *out_outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}

bool outcome_is_answer(enum outcome outcome)
{
    check((size_t)outcome < LEN(outcomes));
    return outcomes[outcome].is_answer;
}

const char *hint_name(enum hint hint)
{
    check((size_t)hint < LEN(hint_names));
    return hint_names[hint];
}

bool hint_from(struct str name, enum hint *out_hint)
{
    for (size_t i = 0; i < LEN(hint_names); i++) {
        if (str_is(name, str_from(hint_names[i]))) {
            *out_hint = (enum hint)i;
            return true;
        }
    }
    return false;
}

unsigned hints_mask(const struct hints *hints)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < HINT_COUNT; i++) {
        if (hints->of[i].len != 0)
            mask |= 1u << i;
    }
    return mask;
}

bool provider_can_answer(const struct provider *provider, unsigned hints_mask, enum channel channel)
{
    if (!provider_offers(provider, channel))
        return false;
    if (channel == CHANNEL_ACCOUNT)
        return (hints_mask & 1u << HINT_COMPANY_DOMAIN) != 0;
    for (size_t i = 0; i < provider->needs_count; i++) {
        const struct need *need = &provider->needs[i];

        if ((need->hints & ~hints_mask) == 0 && (need->slots & waterfall_slots(channel)) != 0)
            return true;
    }
    return false;
}

bool provider_offers(const struct provider *provider, enum channel channel)
{
    return (provider->channels & waterfall_slots(channel)) != 0;
}

int64_t provider_price(const struct provider *provider, enum channel channel, bool is_discovery)
{
    check(!is_discovery || channel < CHANNEL_COUNT);
    return is_discovery ? provider->discovery_prices[channel] : provider->prices[channel];
}

static void call_done(struct later *later)
{
    struct provider_call *call = container_of(later, struct provider_call, later);

    call->done(call);
}

void provider_call_end(struct loop *loop, struct provider_call *call, enum outcome outcome)
{
    call->outcome = outcome;
    loop_later_init(&call->later, call_done);
    loop_later(loop, &call->later);
}

bool provider_call_has_value(const struct provider_call *call)
{
    for (size_t i = 0; i < slots_end(call->channels); i++) {
        if (call->values[i].value.len != 0)
            return true;
    }
    return false;
}

void provider_free(struct provider **provider)
{
    if (*provider == NULL)
        return;
    health_close(*provider);
    mem_free((char *)(uintptr_t)(*provider)->name.ptr);
    mem_free((*provider)->unusable);
    (*provider)->kind->free(*provider);
    *provider = NULL;
}

void provider_count_call(struct provider *provider, enum outcome outcome, int64_t us)
{
    struct series **calls = &provider->calls[outcome];

    if (*calls == NULL)
        *calls = metric_series(METRIC_CALLS, provider->name, str_from(outcome_name(outcome)));
    if (provider->call_seconds == NULL)
        provider->call_seconds = metric_series(METRIC_CALL_SECONDS, provider->name, STR_NONE);
    series_add(*calls, 1);
    series_observe(provider->call_seconds, us);
}

void provider_note_cost(struct provider *provider, int64_t cost_ppm)
{
    if (provider->spent == NULL)
        provider->spent = metric_series(METRIC_PROVIDER_SPENT, provider->name, STR_NONE);
    series_add(provider->spent, cost_ppm);
}

void provider_note_balance(struct provider *provider, int64_t balance_ppm)
{
    if (provider->balance == NULL)
        provider->balance = metric_series(METRIC_PROVIDER_BALANCE, provider->name, STR_NONE);
    series_set(provider->balance, balance_ppm);
}
