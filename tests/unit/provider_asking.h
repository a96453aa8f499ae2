/* A provider asked once, on a loop of its own: for the tests of the kinds. */
#ifndef TESTS_PROVIDER_ASKING_H
#define TESTS_PROVIDER_ASKING_H

#include "unit.h"

#include "base/clock.h"
#include "providers/kinds.h"

struct asking {
    struct loop loop;
    struct arena arena;
    struct hints hints;
    struct provider_call call;
    struct provider_value values[SLOT_COUNT]; /* of the call */
    int done_count;
    int64_t took_us;
};

static inline void asking_done(struct provider_call *call)
{
    struct asking *asking = container_of(call, struct asking, call);

    asking->done_count++;
    loop_stop(&asking->loop);
}

static inline void asking_init(struct asking *asking)
{
    *asking = (struct asking){0};
    loop_init(&asking->loop);
    arena_init(&asking->arena, 64 * 1024);
}

static inline void asking_deinit(struct asking *asking)
{
    arena_deinit(&asking->arena);
    loop_deinit(&asking->loop);
}

/* Asks with the hints that are set, and drops them. */
static inline void ask_channels(struct asking *asking, struct provider *provider, unsigned channels)
{
    int64_t start_us = clock_steady_us();

    arena_deinit(&asking->arena);
    asking->done_count = 0;
    memset(asking->values, 0, sizeof asking->values);
    asking->call = (struct provider_call){.hints = &asking->hints,
                                          .channels = channels,
                                          .arena = &asking->arena,
                                          .values = asking->values,
                                          .timeout_us = provider->timeout_us,
                                          .done = asking_done};
    provider->kind->ask(provider, &asking->call);
    assert_int_equal(asking->done_count, 0); /* never before ask returns */
    loop_run(&asking->loop);
    assert_int_equal(asking->done_count, 1);
    asking->took_us = clock_steady_us() - start_us;
    asking->hints = (struct hints){0};
}

static inline void ask_email(struct asking *asking, struct provider *provider, const char *email)
{
    asking->hints.of[HINT_EMAIL] = str_from(email);
    ask_channels(asking, provider, CHANNELS_ALL);
}

static inline void expect_channel(const struct asking *asking, enum channel channel, const char *expected)
{
    assert_str_is(asking->call.values[channel].value, expected);
}

#endif
