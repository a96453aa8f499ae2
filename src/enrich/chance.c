#include "enrich/chance.h"

#include "base/check.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void chance_seed(struct chance *chance, uint64_t seed)
{
    for (size_t i = 0; i < LEN(chance->state); i++)
        chance->state[i] = splitmix(&seed);
}

static inline uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t chance_next(struct chance *chance)
{
    uint64_t *s = chance->state;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

double chance_unit(struct chance *chance)
{
    return ((double)(chance_next(chance) >> 11) + 0.5) * 0x1p-53;
}

/* The constants are Leva's: two parabolas that hug the region from both sides,
 * so that the logarithm is needed in one case in a hundred. */
double chance_normal(struct chance *chance)
{
    for (;;) {
        double u = chance_unit(chance);
        double v = 1.7156 * (chance_unit(chance) - 0.5);
        double x = u - 0.449871;
        double y = fabs(v) + 0.386595;
        double q = x * x + y * (0.19600 * y - 0.25472 * x);

        if (q < 0.27597 || (q <= 0.27846 && v * v <= -4 * log(u) * u * u))
            return v / u;
    }
}

double chance_gamma(struct chance *chance, double shape)
{
    double boost = 1;
    double d, c;

    check(shape > 0);
    if (shape < 1) {
        boost = pow(chance_unit(chance), 1 / shape);
        shape += 1;
    }
    d = shape - 1.0 / 3;
    c = 1 / sqrt(9 * d);
    for (;;) {
        double x = chance_normal(chance);
        double root = 1 + c * x;
        double v = root * root * root;
        double u = chance_unit(chance);

        if (v <= 0)
            continue;
        if (u < 1 - 0.0331 * x * x * x * x || log(u) < 0.5 * x * x + d * (1 - v + log(v)))
            return boost * d * v;
    }
}

/* Both may be too small for a double: then neither outweighs the other. */
double chance_beta(struct chance *chance, double a, double b)
{
    double x = chance_gamma(chance, a);
    double y = chance_gamma(chance, b);

    return x + y > 0 ? x / (x + y) : a / (a + b);
}
