/* A provider that says what a test tells it to, through the loop, and remembers
 * that it was asked. */
#ifndef TESTS_SCRIPTED_PROVIDER_H
#define TESTS_SCRIPTED_PROVIDER_H

#include "unit.h"

#include "enrich/waterfall.h"

struct scripted {
    struct provider provider; /* first member */
    struct loop *loop;

    enum outcome outcome; /* MISS unless it has a value: then HIT */
    const char *values[SLOT_COUNT];
    int64_t confidence_ppm;
    enum email_status verdict; /* as a verifier */
    bool is_holding;           /* answers only after scripted_release */
    void (*asked_hook)(struct scripted *scripted);

    int asked;
    unsigned channels_asked; /* of the latest call */
    int64_t timeout_us_asked;
    struct provider_call *held;
};

static char scripted_order[200]; /* the names in the order of being asked */

static inline void scripted_answer(struct scripted *scripted, struct provider_call *call)
{
    enum outcome outcome = scripted->outcome;

    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if (scripted->values[i] == NULL || (call->channels & 1u << i) == 0)
            continue;
        call->values[i] =
            (struct provider_value){.value = str_from(scripted->values[i]), .confidence_ppm = scripted->confidence_ppm};
        if (outcome == OUTCOME_MISS)
            outcome = OUTCOME_HIT;
    }
    call->verdict = scripted->verdict;
    if (call->channels == 0 && scripted->verdict != EMAIL_STATUS_NONE && outcome == OUTCOME_MISS)
        outcome = OUTCOME_HIT;
    provider_call_end(scripted->loop, call, outcome);
}

static inline void scripted_ask(struct provider *provider, struct provider_call *call)
{
    struct scripted *scripted = (struct scripted *)(void *)provider;

    scripted->asked++;
    scripted->channels_asked = call->channels;
    scripted->timeout_us_asked = call->timeout_us;
    strncat(scripted_order, provider->name.ptr, sizeof scripted_order - strlen(scripted_order) - 1);
    if (scripted->asked_hook != NULL)
        scripted->asked_hook(scripted);
    if (scripted->is_holding)
        scripted->held = call;
    else
        scripted_answer(scripted, call);
}

static inline void scripted_release(struct scripted *scripted)
{
    struct provider_call *call = scripted->held;

    assert_non_null(call);
    scripted->held = NULL;
    scripted_answer(scripted, call);
}

static const struct provider_kind scripted_kind = {.name = "scripted", .ask = scripted_ask};

/* Offers every channel for this price each, to anybody with an e-mail or a
 * LinkedIn URL; misses. `name` is a literal of one letter. */
static inline void scripted_init(struct scripted *scripted, struct loop *loop, const char *name, int64_t price)
{
    *scripted = (struct scripted){.provider = {.kind = &scripted_kind,
                                               .name = str_from(name),
                                               .channels = CHANNELS_ALL,
                                               .needs = {{1u << HINT_EMAIL, CHANNELS_ALL | FIELDS_ALL},
                                                         {1u << HINT_LINKEDIN_URL, CHANNELS_ALL | FIELDS_ALL}},
                                               .needs_count = 2,
                                               .timeout_us = 1000000},
                                  .loop = loop,
                                  .outcome = OUTCOME_MISS,
                                  .confidence_ppm = 900000};
    for (size_t i = 0; i < WATERFALL_COUNT; i++)
        scripted->provider.prices[i] = price;
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        scripted->provider.discovery_prices[i] = DISCOVERY_FACTOR * price;
}

#endif
