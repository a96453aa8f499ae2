/* enrich/ranking.h: from what is known of providers to the order of asking them.
 *
 * Pure: numbers in, an order out. The first usable value ends a waterfall, so
 * the order that is worth most, with the rates known, is by descending index
 *
 *     worth of a hit - price of a hit - price of an attempt / chance of a hit
 *
 * where the worth of a hit is the reply it may bring: worth of a reply x share
 * of its values that arrive x replies to those; and an attempt costs the time
 * that it takes (and, where misses are charged, the price). The rates are not
 * known: they are Beta distributions, and an order is made of their means
 * (greedy) or of one draw each (Thompson sampling, which tries out whom little
 * is known of). Nobody is left out for a bad index: the user asked for the
 * channel, and the index says only who comes first. */
#ifndef ENRICH_RANKING_H
#define ENRICH_RANKING_H

#include "enrich/chance.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONTENDERS_MAX = 64 };

struct ranking_policy {
    double reply_worth;  /* of one reply, in credits */
    double second_worth; /* of one second of waiting, in credits */
    bool by_attempts;    /* misses before a hit are charged too */
};

/* What was counted: `hits` of `trials`, old ones for less (enrich/evidence.h). */
struct share {
    double hits, trials;
};

struct shares {
    struct share hit;    /* usable values of what was asked */
    struct share arrive; /* values that did not bounce, of those written to */
    struct share reply;  /* values that were replied to, of those that arrived */
};

struct rates {
    double hit, arrive, reply;
};

/* What somebody new can be expected to be like: the average of the others, who
 * count for one each (less, when little is known of them), and of what is usual. */
void ranking_pool(const struct shares *of_each, size_t count, struct rates *out);

/* What is believed of a rate: so many hits and misses, not all of them counted. */
struct beta {
    double hits, misses;
};

struct beliefs {
    struct beta hit, arrive, reply;
};

/* Where what is known comes from. Each draws its beliefs towards those of the
 * level it is part of, with the strength of RANKING_STRENGTH cases; a workspace
 * in a segment is part of both, and takes the odds of its workspace times what
 * the segment does to everybody's. Without a segment (NULL) the workspace's are
 * the last. */
enum { RANKING_STRENGTH = 20 };

struct ranking_levels {
    const struct rates *pool;       /* the channel's providers on average */
    const struct shares *others;    /* this provider, in all other workspaces */
    const struct shares *segment;   /* the same, of the segment */
    const struct shares *workspace; /* in this workspace, of other segments */
    const struct shares *here;      /* in this workspace, of the segment */
};

void ranking_believe(const struct ranking_levels *levels, struct beliefs *out);

double beta_mean(const struct beta *beta);
/* The middle 90 % of it (Wilson's score interval for as many cases). */
void beta_interval(const struct beta *beta, double *out_low, double *out_high);

struct contender {
    /* in */
    struct beliefs beliefs;
    double price;   /* of a hit, in credits */
    double seconds; /* that an answer takes */

    /* out */
    double hit_rate;
    double reply_rate; /* replies for each value that it finds */
    double index;
};

/* Fills the out members from the means, or from one draw of each rate. */
void ranking_expect(struct contender *contenders, size_t count, const struct ranking_policy *policy);
void ranking_draw(struct contender *contenders, size_t count, const struct ranking_policy *policy,
                  struct chance *chance);

/* Numbers of the contenders, the best index first; of the same index the
 * cheaper, then the earlier one. */
void ranking_sort(const struct contender *contenders, size_t count, uint8_t *out_order);

/* What going down the order is expected to bring, in credits, by the
 * contenders' out members; and the same before anything is paid. */
struct ranking_value {
    double net, gross;
};
struct ranking_value ranking_value(const struct contender *contenders, const uint8_t *order, size_t count,
                                   const struct ranking_policy *policy);

#endif
