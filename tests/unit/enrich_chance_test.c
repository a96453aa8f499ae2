#include "unit.h"

#include "enrich/chance.h"

#include <math.h>

enum { DRAWS = 200000 };

struct moments {
    double mean, variance;
};

static struct moments moments_of(double (*draw)(struct chance *chance, double a, double b), double a, double b)
{
    struct chance chance;
    double sum = 0, squares = 0, mean;

    chance_seed(&chance, 7);
    for (int i = 0; i < DRAWS; i++) {
        double x = draw(&chance, a, b);

        sum += x;
        squares += x * x;
    }
    mean = sum / DRAWS;
    return (struct moments){mean, squares / DRAWS - mean * mean};
}

/* Within five standard errors of the mean, and 3 % of the variance. */
static void expect_moments(struct moments got, double mean, double variance)
{
    if (fabs(got.mean - mean) > 5 * sqrt(variance / DRAWS))
        fail_msg("the mean is %g, not %g", got.mean, mean);
    if (fabs(got.variance - variance) > 0.03 * variance)
        fail_msg("the variance is %g, not %g", got.variance, variance);
}

static double draw_unit(struct chance *chance, double a, double b)
{
    double x = chance_unit(chance);

    (void)a;
    (void)b;
    assert_true(x > 0 && x < 1);
    return x;
}

static double draw_normal(struct chance *chance, double a, double b)
{
    (void)a;
    (void)b;
    return chance_normal(chance);
}

static double draw_gamma(struct chance *chance, double a, double b)
{
    (void)b;
    return chance_gamma(chance, a);
}

static void the_same_seed_gives_the_same_draws_and_another_gives_others(void **state)
{
    struct chance a, b, c;
    int same = 0;

    (void)state;
    chance_seed(&a, 1);
    chance_seed(&b, 1);
    chance_seed(&c, 2);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = chance_next(&a);

        assert_true(x == chance_next(&b));
        same += x == chance_next(&c);
    }
    assert_int_equal(same, 0);
}

/* The first numbers of the authors' own programs for splitmix64 (seed 0) as state. */
static void the_generator_is_the_one_it_says(void **state)
{
    struct chance chance;

    (void)state;
    chance_seed(&chance, 0);
    assert_true(chance.state[0] == 0xe220a8397b1dcdafu);
    assert_true(chance.state[1] == 0x6e789e6aa1b965f4u);
    chance = (struct chance){{1, 2, 3, 4}};
    assert_true(chance_next(&chance) == 41943041u);
    assert_true(chance_next(&chance) == 58720359u);
}

static void uniforms_and_normals_have_their_moments(void **state)
{
    (void)state;
    expect_moments(moments_of(draw_unit, 0, 0), 0.5, 1.0 / 12);
    expect_moments(moments_of(draw_normal, 0, 0), 0, 1);
}

static void normals_lie_where_normals_lie(void **state)
{
    const double within[] = {0.6827, 0.9545, 0.9973};
    struct chance chance;
    int count[3] = {0};

    (void)state;
    chance_seed(&chance, 3);
    for (int i = 0; i < DRAWS; i++) {
        double x = fabs(chance_normal(&chance));

        for (int k = 0; k < 3; k++)
            count[k] += x < k + 1;
    }
    for (int k = 0; k < 3; k++)
        assert_true(fabs((double)count[k] / DRAWS - within[k]) < 0.005);
}

static void gammas_have_their_moments(void **state)
{
    const double shapes[] = {0.05, 0.5, 1, 2.5, 30, 5000};

    (void)state;
    for (size_t i = 0; i < LEN(shapes); i++)
        expect_moments(moments_of(draw_gamma, shapes[i], 0), shapes[i], shapes[i]);
}

static void betas_have_their_moments(void **state)
{
    const double pairs[][2] = {{1, 1}, {0.5, 0.5}, {1, 19}, {19, 1}, {3, 7}, {400, 9600}, {0.3, 3}};

    (void)state;
    for (size_t i = 0; i < LEN(pairs); i++) {
        double a = pairs[i][0], b = pairs[i][1], n = a + b;

        expect_moments(moments_of(chance_beta, a, b), a / n, a * b / (n * n * (n + 1)));
    }
}

static void a_beta_of_next_to_nothing_is_still_a_share(void **state)
{
    struct chance chance;

    (void)state;
    chance_seed(&chance, 5);
    for (int i = 0; i < 1000; i++) {
        double x = chance_beta(&chance, 1e-6, 1e-6);

        assert_true(x >= 0 && x <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_draws_and_another_gives_others),
        cmocka_unit_test(the_generator_is_the_one_it_says),
        cmocka_unit_test(uniforms_and_normals_have_their_moments),
        cmocka_unit_test(normals_lie_where_normals_lie),
        cmocka_unit_test(gammas_have_their_moments),
        cmocka_unit_test(betas_have_their_moments),
        cmocka_unit_test(a_beta_of_next_to_nothing_is_still_a_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
