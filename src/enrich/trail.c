#include "enrich/trail.h"

#include "base/clock.h"
#include "base/json.h"

static void put_attempt(struct buf *out, enum channel channel, const struct attempt *attempt)
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
    buf_put_char(out, '}');
}

void trail_put_attempts(struct buf *out, const struct waterfall_run *run)
{
    buf_put_char(out, '[');
    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = run->channel_runs[i].first; at != NULL; at = at->next)
            put_attempt(out, (enum channel)i, at);
    }
    buf_put_char(out, ']');
}

void trail_put(struct buf *out, struct id lookup_id, int64_t at_us, const struct waterfall_run *run)
{
    buf_puts(out, "{\"lookup_id\":\"");
    id_put(out, LOOKUP_PREFIX, lookup_id);
    buf_puts(out, "\",\"at\":\"");
    clock_put_time(out, at_us);
    buf_puts(out, "\",\"credits_used\":");
    buf_put_i64(out, waterfall_run_credits(run));
    buf_puts(out, ",\"attempts\":");
    trail_put_attempts(out, run);
    buf_put_char(out, '}');
}

static bool was_asked(enum outcome outcome)
{
    return outcome == OUTCOME_HIT || outcome == OUTCOME_MISS || outcome == OUTCOME_BELOW_CONFIDENCE ||
           outcome == OUTCOME_INVALID;
}

static size_t count_asked(const struct waterfall_run *run)
{
    size_t count = 0;

    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = run->channel_runs[i].first; at != NULL; at = at->next)
            count += was_asked(at->outcome);
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
            if (was_asked(at->outcome))
                (*out_tallies)[count++] = (struct tally){.channel = (enum channel)i,
                                                         .provider = at->provider->name,
                                                         .asked = 1,
                                                         .hits = at->outcome == OUTCOME_HIT,
                                                         .credits = at->credits};
        }
    }
    return count;
}
