#include "enrich/plan.h"

#include "base/check.h"
#include "base/json.h"

struct forecast {
    bool has_history;
    double odds;     /* that one of those so far hits */
    double expected; /* credits */
    int64_t missed;  /* what a hit costs beside its own price: the misses before it, where they count */
};

static const struct tally *find_tally(const struct tally *tallies, size_t count, enum channel channel, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (tallies[i].channel == channel && str_is(tallies[i].provider, name))
            return &tallies[i];
    }
    return NULL;
}

/* A company's providers are asked whatever the ones before them said: `price`
 * is due at any hit. */
static void add_provider(struct forecast *forecast, const struct tally *tally, int64_t price, bool is_account,
                         enum charge_policy policy)
{
    double rate = tally == NULL ? 0.5 : (double)(tally->hits + 1) / (double)(tally->asked + 2);
    double reached = 1 - forecast->odds;

    forecast->has_history |= tally != NULL && tally->asked > 0;
    if (is_account)
        forecast->expected += rate * (double)price;
    else
        forecast->expected += reached * rate * (double)(price + forecast->missed);
    forecast->missed += policy == CHARGE_ATTEMPTS ? price : 0;
    forecast->odds += reached * rate;
}

/* Two decimals say enough about a guess. */
static void put_guess(struct buf *out, const char *name, bool is_known, double guess)
{
    json_put_name(out, name);
    if (is_known)
        json_put_ppm(out, (int64_t)(guess * 100 + 0.5) * (PPM_ONE / 100));
    else
        buf_puts(out, "null");
}

static struct forecast put_providers(struct buf *out, const struct question *question, enum channel channel,
                                     unsigned missing, const struct waterfalls *waterfalls, const struct tally *tallies,
                                     size_t tally_count)
{
    const struct waterfall *waterfall = &waterfalls->of[channel];
    struct forecast forecast = {.has_history = false};

    json_put_name(out, "providers");
    buf_put_char(out, '[');
    for (size_t i = 0; i < waterfall->count; i++) {
        const struct provider *provider = waterfall->providers[i];

        if (!provider_can_answer(provider, hints_mask(&question->hints), channel) ||
            (provider->channels & missing) == 0)
            continue;
        json_put_comma(out);
        json_put_str(out, provider->name);
        add_provider(&forecast, find_tally(tallies, tally_count, channel, provider->name),
                     provider_price(provider, channel, question->kind == QUESTION_DISCOVER), channel == CHANNEL_ACCOUNT,
                     waterfalls->charge_policy);
    }
    buf_put_char(out, ']');
    return forecast;
}

void plan_put(struct buf *out, const struct question *question, unsigned cached, const struct waterfalls *waterfalls,
              const struct tally *tallies, size_t tally_count)
{
    int64_t worst_sum = 0;
    double expected_sum = 0;
    bool is_all_known = true;

    json_put_name(out, "channels");
    buf_put_char(out, '{');
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        enum channel channel = (enum channel)i;
        unsigned wanted = question->channels & waterfall_slots(channel);
        unsigned missing = wanted & ~cached;
        struct forecast forecast;
        int64_t worst;

        if (wanted == 0)
            continue;
        json_put_name(out, channel_name(channel));
        if (missing == 0) {
            buf_puts(out, "{\"cached\":true}");
            continue;
        }
        buf_puts(out, "{\"cached\":false");
        forecast = put_providers(out, question, channel, missing, waterfalls, tallies, tally_count);
        worst = waterfall_worst_credits(waterfalls, channel, missing, hints_mask(&question->hints),
                                        question->kind == QUESTION_DISCOVER);
        put_guess(out, "expected_credits", forecast.has_history, forecast.expected);
        json_put_name(out, "worst_credits");
        buf_put_i64(out, worst);
        put_guess(out, "odds", forecast.has_history, forecast.odds);
        buf_put_char(out, '}');
        worst_sum += worst;
        expected_sum += forecast.expected;
        is_all_known &= forecast.has_history;
    }
    buf_put_char(out, '}');
    put_guess(out, "expected_credits", is_all_known, expected_sum);
    json_put_name(out, "worst_credits");
    buf_put_i64(out, worst_sum < question->max_credits ? worst_sum : question->max_credits);
}
