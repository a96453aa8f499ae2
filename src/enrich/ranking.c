#include "enrich/ranking.h"

#include "base/check.h"

#include <math.h>

/* What is usual, as long as nothing is known. */
static const struct rates usual = {.hit = 0.5, .arrive = 0.95, .reply = 0.05};

/* --- beliefs -------------------------------------------------------------- */

/* libm's are calls that care for what is no number. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double smaller(double a, double b)
{
    return a < b ? a : b;
}

double beta_mean(const struct beta *beta)
{
    return beta->hits / (beta->hits + beta->misses);
}

void beta_interval(const struct beta *beta, double *out_low, double *out_high)
{
    const double z = 1.6449; /* 5 % on either side */
    double n = beta->hits + beta->misses, mean = beta_mean(beta);
    double middle = (mean + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(mean * (1 - mean) / n + z * z / (4 * n * n));

    *out_low = larger(0, middle - half);
    *out_high = smaller(1, middle + half);
}

/* Corrections may come without what they correct: never more hits than trials. */
static inline struct share sound(struct share share)
{
    double trials = larger(share.trials, 0);

    return (struct share){smaller(larger(share.hits, 0), trials), trials};
}

/* What is counted here, drawn towards the rate of what it is part of. */
static inline double rate_towards(double parent, struct share share)
{
    struct share counted = sound(share);

    return (RANKING_STRENGTH * parent + counted.hits) / (RANKING_STRENGTH + counted.trials);
}

/* The same as a belief; the parent is neither certain nor impossible. */
static struct beta belief_towards(double parent, struct share share)
{
    double rate = smaller(larger(parent, 1e-4), 1 - 1e-4);
    struct share counted = sound(share);

    return (struct beta){RANKING_STRENGTH * rate + counted.hits,
                         RANKING_STRENGTH * (1 - rate) + counted.trials - counted.hits};
}

/* One rate at all levels. */
struct line {
    double pool;
    struct share others, segment, workspace, here;
    bool has_segment;
};

static struct beta believe(const struct line *line)
{
    double others = rate_towards(line->pool, line->others);
    double workspace = rate_towards(others, line->workspace);
    double segment, yes, no;

    if (!line->has_segment)
        return belief_towards(others, line->workspace);
    segment = rate_towards(others, line->segment);
    yes = workspace * segment * (1 - others);
    no = (1 - workspace) * (1 - segment) * others;
    return belief_towards(yes / (yes + no), line->here);
}

#define LINE(levels, rate)                                                                                             \
    {                                                                                                                  \
        (levels)->pool->rate, (levels)->others->rate, (levels)->segment == NULL ? nothing : (levels)->segment->rate,   \
            (levels)->workspace->rate, (levels)->here->rate, (levels)->segment != NULL                                 \
    }

void ranking_believe(const struct ranking_levels *levels, struct beliefs *out)
{
    const struct share nothing = {0, 0};
    const struct line hit = LINE(levels, hit), arrive = LINE(levels, arrive), reply = LINE(levels, reply);

    out->hit = believe(&hit);
    out->arrive = believe(&arrive);
    out->reply = believe(&reply);
}

struct average {
    double sum, weight;
};

/* One of whom little is known is usual rather. */
static void average_in(struct average *average, struct share share, double usually)
{
    struct share counted = sound(share);
    double cases = 1 / (counted.trials + RANKING_STRENGTH);
    double weight = counted.trials * cases;

    average->sum += weight * (RANKING_STRENGTH * usually + counted.hits) * cases;
    average->weight += weight;
}

void ranking_pool(const struct shares *of_each, size_t count, struct rates *out)
{
    struct average hit = {usual.hit, 1}, arrive = {usual.arrive, 1}, reply = {usual.reply, 1};

    for (size_t i = 0; i < count; i++) {
        average_in(&hit, of_each[i].hit, usual.hit);
        average_in(&arrive, of_each[i].arrive, usual.arrive);
        average_in(&reply, of_each[i].reply, usual.reply);
    }
    *out = (struct rates){hit.sum / hit.weight, arrive.sum / arrive.weight, reply.sum / reply.weight};
}

/* --- the index -------------------------------------------------------------- */

static double price_of_hit(const struct contender *contender, const struct ranking_policy *policy)
{
    return policy->by_attempts ? 0 : contender->price;
}

static double price_of_attempt(const struct contender *contender, const struct ranking_policy *policy)
{
    return policy->second_worth * contender->seconds + (policy->by_attempts ? contender->price : 0);
}

static void set_index(struct contender *contender, const struct ranking_policy *policy)
{
    contender->index = policy->reply_worth * contender->reply_rate - price_of_hit(contender, policy) -
                       price_of_attempt(contender, policy) / larger(contender->hit_rate, 1e-6);
}

void ranking_expect(struct contender *contenders, size_t count, const struct ranking_policy *policy)
{
    for (size_t i = 0; i < count; i++) {
        struct contender *contender = &contenders[i];

        contender->hit_rate = beta_mean(&contender->beliefs.hit);
        contender->reply_rate = beta_mean(&contender->beliefs.arrive) * beta_mean(&contender->beliefs.reply);
        set_index(contender, policy);
    }
}

/* What arrives is known soon and well: its mean will do. */
void ranking_draw(struct contender *contenders, size_t count, const struct ranking_policy *policy,
                  struct chance *chance)
{
    for (size_t i = 0; i < count; i++) {
        struct contender *contender = &contenders[i];
        const struct beliefs *beliefs = &contender->beliefs;

        contender->hit_rate = chance_beta(chance, beliefs->hit.hits, beliefs->hit.misses);
        contender->reply_rate =
            beta_mean(&beliefs->arrive) * chance_beta(chance, beliefs->reply.hits, beliefs->reply.misses);
        set_index(contender, policy);
    }
}

static bool comes_before(const struct contender *a, const struct contender *b)
{
    return a->index > b->index || (a->index >= b->index && a->price < b->price);
}

void ranking_sort(const struct contender *contenders, size_t count, uint8_t *out_order)
{
    check(count <= CONTENDERS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t at = i;

        for (; at > 0 && comes_before(&contenders[i], &contenders[out_order[at - 1]]); at--)
            out_order[at] = out_order[at - 1];
        out_order[at] = (uint8_t)i;
    }
}

struct ranking_value ranking_value(const struct contender *contenders, const uint8_t *order, size_t count,
                                   const struct ranking_policy *policy)
{
    struct ranking_value value = {0, 0};
    double reached = 1;

    for (size_t i = 0; i < count; i++) {
        const struct contender *contender = &contenders[order[i]];
        double worth = contender->hit_rate * policy->reply_worth * contender->reply_rate;

        value.gross += reached * worth;
        value.net += reached * (worth - contender->hit_rate * price_of_hit(contender, policy) -
                                price_of_attempt(contender, policy));
        reached *= 1 - contender->hit_rate;
    }
    return value;
}
