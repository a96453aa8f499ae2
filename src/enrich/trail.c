#include "enrich/trail.h"

#include "base/clock.h"
#include "base/json.h"

static const struct order_place *place_of(const struct order *order, enum channel channel,
                                          const struct attempt *attempt)
{
    return &order->places[order->of[channel].first + attempt->rank - 1];
}

/* Why it stands where it stands. */
static void put_place(struct buf *out, const struct order *order, enum channel channel, const struct attempt *attempt)
{
    const struct order_place *place = order == NULL ? NULL : place_of(order, channel, attempt);

    if (place == NULL || !place->is_ranked)
        return;
    buf_puts(out, ",\"index\":");
    json_put_decimal(out, (double)place->index);
    if (order->of[channel].kind != ORDER_DRAWN)
        return;
    buf_puts(out, ",\"draw\":{\"hit_rate\":");
    json_put_decimal(out, (double)place->hit_rate);
    buf_puts(out, ",\"reply_rate\":");
    json_put_decimal(out, (double)place->reply_rate);
    buf_put_char(out, '}');
}

/* {"channel","provider","rank","price","ms","outcome","credits": without what may follow. */
static void put_start(struct buf *out, enum channel channel, const struct attempt *attempt)
{
    json_put_comma(out);
    buf_puts(out, "{\"channel\":\"");
    buf_put(out, str_from(channel_name(channel)));
    buf_puts(out, "\",\"provider\":");
    json_put_str(out, attempt->provider->name);
    buf_puts(out, ",\"rank\":");
    buf_put_i64(out, attempt->rank);
    buf_puts(out, ",\"price\":");
    buf_put_i64(out, attempt->price);
    buf_puts(out, ",\"ms\":");
    buf_put_i64(out, attempt->ms);
    buf_puts(out, ",\"outcome\":\"");
    buf_put(out, str_from(outcome_name(attempt->outcome)));
    buf_puts(out, "\",\"credits\":");
    buf_put_i64(out, attempt->credits);
}

/* A verifier has no price here: it is the operator's. */
static void put_verification(struct buf *out, enum channel channel, const struct attempt *found,
                             const struct verifier_attempt *at)
{
    const struct attempt attempt = {.provider = at->verifier, .rank = at->rank, .ms = at->ms, .outcome = at->outcome};

    put_start(out, channel, &attempt);
    json_put_name(out, "verifies");
    json_put_str(out, found->provider->name);
    if (at->verdict != EMAIL_STATUS_NONE)
        buf_printf(out, ",\"verdict\":\"%s\"", email_status_name(at->verdict));
    buf_put_char(out, '}');
}

static void put_attempt(struct buf *out, const struct order *order, enum channel channel, const struct attempt *attempt)
{
    put_start(out, channel, attempt);
    put_place(out, order, channel, attempt);
    buf_put_char(out, '}');
    for (const struct verifier_attempt *at = attempt->verifications; at != NULL; at = at->next)
        put_verification(out, channel, attempt, at);
}

void trail_put_attempts(struct buf *out, const struct waterfall_run *run)
{
    buf_put_char(out, '[');
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = run->channel_runs[i].first; at != NULL; at = at->next)
            put_attempt(out, run->order, (enum channel)i, at);
    }
    buf_put_char(out, ']');
}

static bool is_drawn(const struct order *order)
{
    bool result = false;

    for (size_t i = 0; order != NULL && i < WATERFALL_COUNT; i++)
        result |= order->of[i].kind == ORDER_DRAWN;
    return result;
}

void trail_put(struct buf *out, struct id lookup_id, int64_t at_us, const struct waterfall_run *run)
{
    buf_puts(out, "{\"lookup_id\":\"");
    id_put(out, LOOKUP_PREFIX, lookup_id);
    buf_puts(out, "\",\"at\":\"");
    clock_put_time(out, at_us);
    buf_puts(out, "\",\"credits_used\":");
    buf_put_i64(out, waterfall_run_credits(run));
    if (is_drawn(run->order))
        buf_printf(out, ",\"seed\":\"%016llx\"", (unsigned long long)run->order->seed);
    buf_puts(out, ",\"attempts\":");
    trail_put_attempts(out, run);
    buf_put_char(out, '}');
}

static size_t count_asked(const struct waterfall_run *run)
{
    size_t count = 0;

    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = run->channel_runs[i].first; at != NULL; at = at->next)
            count += outcome_is_evidence(at->outcome);
    }
    return count;
}

size_t trail_tally(const struct waterfall_run *run, struct arena *arena, struct tally **out_tallies)
{
    size_t count = 0;

    *out_tallies = arena_alloc(arena, count_asked(run) * sizeof **out_tallies);
    if (*out_tallies == NULL)
        return 0;
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = run->channel_runs[i].first; at != NULL; at = at->next) {
            if (outcome_is_evidence(at->outcome))
                (*out_tallies)[count++] = (struct tally){.channel = (enum channel)i,
                                                         .provider = at->provider->name,
                                                         .asked = 1,
                                                         .hits = at->outcome == OUTCOME_HIT,
                                                         .credits = at->credits};
        }
    }
    return count;
}
