/* enrich/chance.h: random numbers that can be had again: the same seed, the same draws.
 *
 * xoshiro256++ (Blackman and Vigna), seeded by splitmix64; normals by Leva's
 * ratio of uniforms, gammas by Marsaglia and Tsang, a beta as the share of one
 * gamma in two. For deciding whom to ask first, never for secrets. */
#ifndef ENRICH_CHANCE_H
#define ENRICH_CHANCE_H

#include <stdint.h>

struct chance {
    uint64_t state[4];
};

void chance_seed(struct chance *chance, uint64_t seed);
uint64_t chance_next(struct chance *chance);
double chance_unit(struct chance *chance); /* between 0 and 1, neither of them */
double chance_normal(struct chance *chance);
double chance_gamma(struct chance *chance, double shape); /* of scale 1; shape > 0 */

/* A share that hits in `a - 1` cases and misses in `b - 1` would speak for. */
double chance_beta(struct chance *chance, double a, double b);

#endif
