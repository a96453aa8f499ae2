/* The ranking of src/enrich in made-up worlds whose rates are known: how much is
 * lost against who knows them, and how long an order takes. One JSON object on
 * stdout; tests/bench/rows/ranking.mjs makes the table and the plot of it. */
#include "base/check.h"
#include "base/clock.h"
#include "enrich/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PROVIDERS = 8,
    SOURCES = 6,
    STATES = 1 << SOURCES, /* which sources know somebody */
    LOOKUPS = 20000,
    LOOKUPS_A_DAY = 200,
    LIVES = 20, /* each with a seed of its own */
    POINTS = 100,
    ARRIVES_AFTER = LOOKUPS_A_DAY, /* reported a day later, replies three days later */
    REPLIES_AFTER = 3 * LOOKUPS_A_DAY
};

#define START_US (INT64_C(1790000000) * SECOND_US)
#define WORTH 100.0

struct rates_of {
    int price;
    double hit;       /* independent of the others … */
    unsigned sources; /* … or by whom it buys from */
    double arrive, reply, later_reply;
};

static const struct rates_of truth[PROVIDERS] = {
    {3, 0.60, 0x03, 0.92, 0.04, 0.04}, {8, 0.65, 0x26, 0.97, 0.06, 0.06}, {1, 0.35, 0x01, 0.80, 0.02, 0.02},
    {5, 0.70, 0x0b, 0.95, 0.05, 0.14}, {2, 0.50, 0x05, 0.90, 0.03, 0.03}, {6, 0.40, 0x18, 0.98, 0.12, 0.02},
    {4, 0.55, 0x14, 0.96, 0.08, 0.08}, {2, 0.30, 0x08, 0.97, 0.09, 0.09},
};
static const double coverage[SOURCES] = {0.35, 0.30, 0.25, 0.30, 0.20, 0.35};

struct world {
    const char *name;
    bool shares_sources, drifts, hits_nearly_always, by_attempts;
};

static const struct world worlds[] = {
    {.name = "independent providers"},
    {.name = "providers with shared sources", .shares_sources = true},
    {.name = "rates that change half-way", .drifts = true},
    {.name = "providers that nearly always hit", .hits_nearly_always = true},
    {.name = "shared sources, misses charged", .shares_sources = true, .by_attempts = true},
};

enum policy { LEARNED, LEARNED_MEANS, BY_PRICE, AT_RANDOM, POLICIES };

static const char *const policies[POLICIES] = {"learned", "learned, deterministic", "by price", "at random"};

/* --- what is true ------------------------------------------------------------- */

static double reply_rate(const struct world *world, size_t provider, int lookup)
{
    bool is_later = world->drifts && lookup >= LOOKUPS / 2;

    return is_later ? truth[provider].later_reply : truth[provider].reply;
}

static double hit_rate(const struct world *world, size_t provider)
{
    return world->hits_nearly_always ? 0.95 : truth[provider].hit;
}

static double state_chance(unsigned state)
{
    double chance = 1;

    for (size_t i = 0; i < SOURCES; i++)
        chance *= (state & 1u << i) != 0 ? coverage[i] : 1 - coverage[i];
    return chance;
}

/* What a hit of it brings on average. */
static double worth_of_hit(const struct world *world, size_t provider, int lookup)
{
    return WORTH * truth[provider].arrive * reply_rate(world, provider, lookup) - truth[provider].price;
}

/* With shared sources it is certain who has somebody that these sources know. */
static double value_in_state(const struct world *world, const uint8_t *order, unsigned state, int lookup)
{
    double missed = 0;

    for (size_t i = 0; i < PROVIDERS; i++) {
        if ((truth[order[i]].sources & state) != 0)
            return worth_of_hit(world, order[i], lookup) - missed;
        missed += world->by_attempts ? truth[order[i]].price : 0;
    }
    return 0; /* misses alone cost nothing */
}

static double value_of(const struct world *world, const uint8_t *order, int lookup)
{
    double value = 0, reached = 1;

    if (world->shares_sources) {
        for (unsigned state = 0; state < STATES; state++)
            value += state_chance(state) * value_in_state(world, order, state, lookup);
        return value;
    }
    for (size_t i = 0; i < PROVIDERS; i++) {
        value += reached * hit_rate(world, order[i]) * worth_of_hit(world, order[i], lookup);
        reached *= 1 - hit_rate(world, order[i]);
    }
    return value;
}

static void swap(uint8_t *a, uint8_t *b)
{
    uint8_t kept = *a;

    *a = *b;
    *b = kept;
}

/* Over all orders of order[from..). */
static double best_value(const struct world *world, uint8_t *order, size_t from, int lookup)
{
    double best = from == PROVIDERS ? value_of(world, order, lookup) : -INFINITY;

    for (size_t i = from; i < PROVIDERS; i++) {
        swap(&order[from], &order[i]);
        best = fmax(best, best_value(world, order, from + 1, lookup));
        swap(&order[from], &order[i]);
    }
    return best;
}

static double best_of(const struct world *world, int lookup)
{
    uint8_t order[PROVIDERS];

    for (uint8_t i = 0; i < PROVIDERS; i++)
        order[i] = i;
    return best_value(world, order, 0, lookup);
}

/* --- one life -------------------------------------------------------------------- */

struct pending {
    struct report report;
    int due;
};

static struct {
    struct provider providers[PROVIDERS];
    char names[PROVIDERS][2];
    struct waterfalls waterfalls;
    struct workspace workspace;
    struct engine engine;
    struct arena arena;
    struct chance nature;
    struct pending pending[2 * LOOKUPS];
    size_t told, pending_count;
} life;

static void begin_life(const struct world *world, enum policy policy, uint64_t seed)
{
    const struct evidence_scale scale = {.epoch_us = START_US, .half_life_us = INT64_C(21) * 86400 * SECOND_US};

    memset(&life, 0, sizeof life);
    for (int i = 0; i < PROVIDERS; i++) {
        struct provider *provider = &life.providers[i];

        life.names[i][0] = (char)('A' + i);
        provider->name = str_from(life.names[i]);
        provider->channels = CHANNELS_ALL;
        provider->needs[0] = (struct need){1u << HINT_EMAIL, CHANNELS_ALL};
        provider->needs_count = 1;
        provider->prices[CHANNEL_WORK_EMAIL] = truth[i].price;
        waterfall_add(&life.waterfalls.of[CHANNEL_WORK_EMAIL], provider);
    }
    life.workspace.id = id_random();
    life.engine.waterfalls = &life.waterfalls;
    life.engine.ranking = (struct ranking_settings){
        .is_learned = true,
        .policy = {.reply_worth = WORTH, .second_worth = 0.01, .by_attempts = world->by_attempts},
        .exploration = policy == LEARNED ? 0.05 : 0,
        .reports_min = 10};
    life.engine.evidence = evidence_new(NULL, NULL, &scale);
    check(evidence_load(life.engine.evidence) == ERR_NONE);
    check(evidence_know(life.engine.evidence, life.workspace.id, NULL));
    chance_seed(&life.engine.chance, seed);
    chance_seed(&life.nature, seed + 1000);
    arena_init(&life.arena, 1 << 20);
}

static void end_life(void)
{
    arena_deinit(&life.arena);
    evidence_free(&life.engine.evidence);
}

static int64_t time_of(int lookup)
{
    return START_US + lookup * (INT64_C(86400) * SECOND_US / LOOKUPS_A_DAY);
}

static void learned_order(int lookup, uint8_t *out_order)
{
    const struct order_asking asking = {.engine = &life.engine,
                                        .workspace = &life.workspace,
                                        .hints = 1u << HINT_EMAIL,
                                        .segment = SEGMENT_GENERIC,
                                        .channels = 1u << CHANNEL_WORK_EMAIL,
                                        .now_us = time_of(lookup)};
    const struct order *order;

    arena_deinit(&life.arena);
    order = order_make(&asking, &life.arena);
    for (uint8_t i = 0; i < PROVIDERS; i++)
        out_order[i] = order == NULL ? i : order->places[order->of[CHANNEL_WORK_EMAIL].first + i].provider;
}

static void shuffle(uint8_t *order)
{
    for (size_t i = PROVIDERS; i > 1; i--)
        swap(&order[i - 1], &order[chance_next(&life.nature) % i]);
}

static int by_price(const void *a, const void *b)
{
    return truth[*(const uint8_t *)a].price - truth[*(const uint8_t *)b].price;
}

static void choose_order(enum policy policy, int lookup, uint8_t *out_order)
{
    for (uint8_t i = 0; i < PROVIDERS; i++)
        out_order[i] = i;
    if (policy == BY_PRICE)
        qsort(out_order, PROVIDERS, 1, by_price);
    else if (policy == AT_RANDOM)
        shuffle(out_order);
    else
        learned_order(lookup, out_order);
}

static bool happens(double chance)
{
    return chance_unit(&life.nature) < chance;
}

static void report_later(size_t provider, enum contact contact, int lookup, int after)
{
    life.pending[life.pending_count++] = (struct pending){.report = {.channel = CHANNEL_WORK_EMAIL,
                                                                     .contact = contact,
                                                                     .fate = REPORT_COUNTED,
                                                                     .provider = life.providers[provider].name,
                                                                     .segment = SEGMENT_GENERIC,
                                                                     .found_at_us = time_of(lookup)},
                                                          .due = lookup + after};
}

/* Nature decides who has somebody, and what becomes of the value. */
static void run_lookup(const struct world *world, const uint8_t *order, int lookup)
{
    struct attempt attempts[PROVIDERS];
    struct waterfall_run run = {.channels = 1u << CHANNEL_WORK_EMAIL};
    unsigned state = 0;
    size_t count = 0;
    bool is_hit = false;

    for (size_t i = 0; i < SOURCES; i++)
        state |= happens(coverage[i]) ? 1u << i : 0;
    while (count < PROVIDERS && !is_hit) {
        size_t provider = order[count];

        is_hit = world->shares_sources ? (truth[provider].sources & state) != 0 : happens(hit_rate(world, provider));
        attempts[count] = (struct attempt){
            .provider = &life.providers[provider], .outcome = is_hit ? OUTCOME_HIT : OUTCOME_MISS, .ms = 300};
        if (count > 0)
            attempts[count - 1].next = &attempts[count];
        count++;
    }
    run.channel_runs[CHANNEL_WORK_EMAIL].first = attempts;
    evidence_count_run(life.engine.evidence, life.workspace.id, SEGMENT_GENERIC, &run, time_of(lookup));
    if (!is_hit)
        return;
    if (!happens(truth[order[count - 1]].arrive)) {
        report_later(order[count - 1], CONTACT_BOUNCED, lookup, ARRIVES_AFTER);
        return;
    }
    report_later(order[count - 1], CONTACT_DELIVERED, lookup, ARRIVES_AFTER);
    if (happens(reply_rate(world, order[count - 1], lookup)))
        report_later(order[count - 1], CONTACT_REPLIED, lookup, REPLIES_AFTER);
}

static void tell_due(int lookup)
{
    size_t kept = 0;

    for (size_t i = 0; i < life.pending_count; i++) {
        if (life.pending[i].due <= lookup)
            evidence_count_report(life.engine.evidence, life.workspace.id, &life.pending[i].report);
        else
            life.pending[kept++] = life.pending[i];
    }
    life.pending_count = kept;
}

/* Adds what is lost, summed up so far, at each point. */
static void live(const struct world *world, enum policy policy, uint64_t seed, const double best[2],
                 double regret[POINTS])
{
    double lost = 0;

    begin_life(world, policy, seed);
    for (int lookup = 0; lookup < LOOKUPS; lookup++) {
        uint8_t order[PROVIDERS];

        choose_order(policy, lookup, order);
        lost += best[lookup >= LOOKUPS / 2] - value_of(world, order, lookup);
        run_lookup(world, order, lookup);
        if (lookup % 50 == 0)
            tell_due(lookup);
        if ((lookup + 1) % (LOOKUPS / POINTS) == 0)
            regret[lookup / (LOOKUPS / POINTS)] += lost / LIVES;
    }
    end_life();
}

static void put_world(const struct world *world)
{
    double best[2];

    best[0] = best_of(world, 0);
    best[1] = world->drifts ? best_of(world, LOOKUPS - 1) : best[0];
    printf("{\"name\":\"%s\",\"best\":[%.4f,%.4f],\"policies\":[", world->name, best[0], best[1]);
    for (int policy = 0; policy < POLICIES; policy++) {
        double regret[POINTS] = {0};

        for (uint64_t seed = 1; seed <= LIVES; seed++)
            live(world, (enum policy)policy, seed, best, regret);
        printf("%s{\"name\":\"%s\",\"regret\":[", policy == 0 ? "" : ",", policies[policy]);
        for (int i = 0; i < POINTS; i++)
            printf("%s%.2f", i == 0 ? "" : ",", regret[i]);
        printf("]}");
    }
    printf("]}");
}

/* --- how long an order takes --------------------------------------------------------- */

enum { RANKED = 12, TURNS = 100000, ROUNDS = 9 };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double cpu_us(void)
{
    struct timespec time;

    check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Microseconds of CPU for one channel of twelve providers with evidence at every level, drawn. */
static double measure(void)
{
    static struct provider many[RANKED];
    static char names[RANKED][8];
    double rounds[ROUNDS];

    begin_life(&worlds[0], LEARNED, 1);
    life.engine.ranking.exploration = 1;
    memset(&life.waterfalls, 0, sizeof life.waterfalls);
    for (int i = 0; i < RANKED; i++) {
        struct attempt attempt = {.provider = &many[i], .outcome = OUTCOME_HIT, .ms = 300 + i};
        struct waterfall_run run = {.channels = 1u << CHANNEL_WORK_EMAIL};

        many[i] = life.providers[i % PROVIDERS];
        snprintf(names[i], sizeof names[i], "many%d", i);
        many[i].name = str_from(names[i]);
        waterfall_add(&life.waterfalls.of[CHANNEL_WORK_EMAIL], &many[i]);
        run.channel_runs[CHANNEL_WORK_EMAIL].first = &attempt;
        for (int k = 0; k < 100; k++) {
            struct report report = {.channel = CHANNEL_WORK_EMAIL,
                                    .contact = k % 10 == 0 ? CONTACT_REPLIED : CONTACT_DELIVERED,
                                    .fate = REPORT_COUNTED,
                                    .provider = many[i].name,
                                    .segment = SEGMENT_GENERIC,
                                    .found_at_us = START_US};

            evidence_count_run(life.engine.evidence, life.workspace.id, SEGMENT_GENERIC, &run, START_US);
            evidence_count_report(life.engine.evidence, life.workspace.id, &report);
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t order[RANKED];
        double before = cpu_us();

        for (int turn = 0; turn < TURNS; turn++)
            learned_order(1, order);
        rounds[round] = (cpu_us() - before) / TURNS;
    }
    end_life();
    qsort(rounds, ROUNDS, sizeof rounds[0], by_size);
    return rounds[ROUNDS / 2];
}

int main(void)
{
    printf("{\"us\":%.3f,\"lookups\":%d,\"lives\":%d,\"worlds\":[", measure(), LOOKUPS, LIVES);
    for (size_t i = 0; i < LEN(worlds); i++) {
        if (i > 0)
            putchar(',');
        put_world(&worlds[i]);
    }
    puts("]}");
    return 0;
}
