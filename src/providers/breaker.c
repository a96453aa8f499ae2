#include "providers/breaker.h"

#include "base/check.h"
#include "base/clock.h"

static const struct {
    const char *name;
    enum outcome skipped;
} states[] = {
#define BREAKER_STATE(id, name, outcome) [BREAKER_##id] = {name, outcome},
    BREAKER_STATES(BREAKER_STATE)
#undef BREAKER_STATE
};

const char *breaker_state_name(enum breaker_state state)
{
    check((size_t)state < LEN(states));
    return states[state].name;
}

/* splitmix64: chance enough for jitter, and the same for the same seed. */
int64_t random_between(uint64_t *random, int64_t from, int64_t to)
{
    uint64_t z = *random += 0x9E3779B97F4A7C15u;

    check(from <= to);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return from + (int64_t)(z % (uint64_t)(to - from + 1));
}

void breaker_init(struct breaker *breaker, uint64_t seed)
{
    *breaker = (struct breaker){.state = BREAKER_IN_SERVICE, .random = seed};
}

/* --- coming and going ------------------------------------------------------- */

static void come_back(struct breaker *breaker, int64_t now_us)
{
    breaker->state = BREAKER_IN_SERVICE;
    breaker->since_us = now_us;
    breaker->failures_in_a_row = 0;
    memset(breaker->slots, 0, sizeof breaker->slots);
}

void breaker_forgive(struct breaker *breaker, int64_t now_us)
{
    if (breaker->state != BREAKER_OUT_OF_CREDITS && breaker->state != BREAKER_AUTH_ERROR)
        return;
    come_back(breaker, now_us);
    breaker->until_us = now_us;
    breaker->times = 0;
}

/* Half of it for certain, half by chance; twice as long each time. */
static int64_t cool_down(struct breaker *breaker, int64_t first_us, int64_t longest_us)
{
    int64_t us = first_us;

    for (unsigned i = 0; i < breaker->times && us < longest_us; i++)
        us *= 2;
    us = us < longest_us ? us : longest_us;
    return random_between(&breaker->random, us / 2, us);
}

static int64_t away_for(struct breaker *breaker, enum breaker_state state, int64_t asked_us)
{
    int64_t us;

    if (state == BREAKER_CIRCUIT_OPEN)
        us = cool_down(breaker, BREAKER_CIRCUIT_US, BREAKER_CIRCUIT_US_MAX);
    else if (state == BREAKER_RATE_LIMITED)
        us = asked_us > 0 ? 0 : cool_down(breaker, BREAKER_RATE_US, BREAKER_RATE_US_MAX);
    else
        us = cool_down(breaker, BREAKER_REFUSED_US, BREAKER_REFUSED_US_MAX);
    asked_us = asked_us < BREAKER_WAIT_US_MAX ? asked_us : BREAKER_WAIT_US_MAX;
    return us > asked_us ? us : asked_us;
}

static bool is_well(const struct breaker *breaker)
{
    return breaker->state == BREAKER_IN_SERVICE || breaker->state == BREAKER_RATE_LIMITED;
}

/* Cool-downs of one kind that follow each other closely grow. */
static bool is_again(const struct breaker *breaker, enum breaker_state state, int64_t now_us)
{
    int64_t well_since_us = breaker->state == BREAKER_IN_SERVICE ? breaker->since_us : breaker->until_us;

    return breaker->away == state && (!is_well(breaker) || now_us - well_since_us < BREAKER_WELL_US);
}

/* A cool-down begins. What it asked for earlier stays asked for. */
static void go_away(struct breaker *breaker, enum breaker_state state, int64_t wait_us, int64_t now_us)
{
    int64_t until_us;

    if (!is_again(breaker, state, now_us))
        breaker->times = 0;
    until_us = now_us + away_for(breaker, state, wait_us);
    if (breaker_state(breaker, now_us) != state)
        breaker->since_us = now_us;
    breaker->until_us = until_us > breaker->until_us ? until_us : breaker->until_us;
    breaker->state = state;
    breaker->away = state;
    breaker->times++;
}

enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_us)
{
    if (breaker->state == BREAKER_RATE_LIMITED && now_us >= breaker->until_us)
        return BREAKER_IN_SERVICE;
    return breaker->state;
}

/* --- calls ------------------------------------------------------------------- */

/* One probe is enough to see that a key is refused; a circuit wants a few, since
 * one of them may be slow. */
static unsigned probes_max(enum breaker_state state)
{
    return state == BREAKER_CIRCUIT_OPEN ? BREAKER_PROBES_MAX : 1;
}

enum outcome breaker_reason_to_skip(const struct breaker *breaker, int64_t now_us)
{
    enum breaker_state state = breaker_state(breaker, now_us);

    if (state == BREAKER_IN_SERVICE)
        return OUTCOME_HIT;
    if (state != BREAKER_RATE_LIMITED && now_us >= breaker->until_us && breaker->probes < probes_max(state))
        return OUTCOME_HIT;
    return states[state].skipped;
}

bool breaker_begin(struct breaker *breaker, int64_t now_us)
{
    bool is_probe = breaker_state(breaker, now_us) != BREAKER_IN_SERVICE;

    check(breaker_reason_to_skip(breaker, now_us) == OUTCOME_HIT);
    breaker->probes += is_probe;
    return is_probe;
}

static void count(struct breaker *breaker, bool is_failure, int64_t now_us)
{
    int64_t part = now_us / (BREAKER_WINDOW_S * SECOND_US / BREAKER_SLOTS);
    size_t at = (size_t)(part % BREAKER_SLOTS);

    if (breaker->slots[at].part != part) {
        breaker->slots[at].part = part;
        breaker->slots[at].calls = 0;
        breaker->slots[at].failures = 0;
    }
    breaker->slots[at].calls++;
    breaker->slots[at].failures += is_failure;
    breaker->failures_in_a_row = is_failure ? breaker->failures_in_a_row + 1 : 0;
}

static bool is_too_much(const struct breaker *breaker, int64_t now_us)
{
    int64_t part = now_us / (BREAKER_WINDOW_S * SECOND_US / BREAKER_SLOTS);
    uint64_t calls = 0, failures = 0;

    for (size_t i = 0; i < BREAKER_SLOTS; i++) {
        if (part - breaker->slots[i].part >= BREAKER_SLOTS)
            continue;
        calls += breaker->slots[i].calls;
        failures += breaker->slots[i].failures;
    }
    return breaker->failures_in_a_row >= BREAKER_FAILURES_IN_A_ROW ||
           (calls >= BREAKER_CALLS_MIN && failures * 100 >= calls * BREAKER_FAILURES_PERCENT);
}

static bool is_failure(enum outcome outcome)
{
    return outcome == OUTCOME_ERROR || outcome == OUTCOME_TIMEOUT;
}

/* Its credits are used up, its key is refused: whatever else it was out for. */
static bool refused(struct breaker *breaker, const struct breaker_event *event, int64_t now_us)
{
    enum breaker_state state = event->outcome == OUTCOME_AUTH_ERROR ? BREAKER_AUTH_ERROR : BREAKER_OUT_OF_CREDITS;

    if (event->says_nothing)
        return false;
    if (breaker->state == state && !event->is_probe)
        return false; /* those that were under way when it went */
    go_away(breaker, state, event->wait_us, now_us);
    return true;
}

/* Calls under way together may all be told to wait: one cool-down. */
static bool told_to_wait(struct breaker *breaker, int64_t wait_us, int64_t now_us)
{
    int64_t until_us = breaker->until_us;

    if (breaker_state(breaker, now_us) != BREAKER_RATE_LIMITED) {
        go_away(breaker, BREAKER_RATE_LIMITED, wait_us, now_us);
        return true;
    }
    if (wait_us > 0 && now_us + away_for(breaker, BREAKER_RATE_LIMITED, wait_us) > until_us)
        breaker->until_us = now_us + away_for(breaker, BREAKER_RATE_LIMITED, wait_us);
    return breaker->until_us != until_us;
}

/* While it is out only a probe says something new. */
static bool end_probe(struct breaker *breaker, const struct breaker_event *event, int64_t now_us)
{
    bool is_refused = breaker->state == BREAKER_OUT_OF_CREDITS || breaker->state == BREAKER_AUTH_ERROR;

    if (!event->is_probe || event->says_nothing || now_us < breaker->until_us)
        return false;
    if (is_failure(event->outcome) || (is_refused && event->outcome == OUTCOME_RATE_LIMITED))
        go_away(breaker, breaker->state, event->wait_us, now_us);
    else if (event->outcome == OUTCOME_RATE_LIMITED)
        go_away(breaker, BREAKER_RATE_LIMITED, event->wait_us, now_us);
    else if (is_refused && event->outcome == OUTCOME_NOT_APPLICABLE)
        return false; /* it may not have come to the key */
    else
        come_back(breaker, now_us);
    return true;
}

static bool end_in_service(struct breaker *breaker, const struct breaker_event *event, int64_t now_us)
{
    bool is_back = breaker->state == BREAKER_RATE_LIMITED && now_us >= breaker->until_us;

    if (event->says_nothing)
        return false;
    if (event->outcome == OUTCOME_RATE_LIMITED)
        return told_to_wait(breaker, event->wait_us, now_us);
    if (is_back) {
        breaker->state = BREAKER_IN_SERVICE;
        breaker->since_us = breaker->until_us;
    }
    count(breaker, is_failure(event->outcome), now_us);
    if (!is_failure(event->outcome))
        return is_back;
    breaker->failure = event->outcome;
    if (is_too_much(breaker, now_us)) {
        go_away(breaker, BREAKER_CIRCUIT_OPEN, event->wait_us, now_us);
        return true;
    }
    return (event->wait_us > 0 && told_to_wait(breaker, event->wait_us, now_us)) || is_back;
}

bool breaker_end(struct breaker *breaker, const struct breaker_event *event, int64_t now_us)
{
    if (event->is_probe) {
        check(breaker->probes > 0);
        breaker->probes--;
    }
    if (event->outcome == OUTCOME_AUTH_ERROR || event->outcome == OUTCOME_OUT_OF_CREDITS)
        return refused(breaker, event, now_us);
    if (is_well(breaker))
        return end_in_service(breaker, event, now_us);
    return end_probe(breaker, event, now_us);
}
