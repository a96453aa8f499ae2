#include "unit.h"

#include "base/mem.h"
#include "enrich/engine.h"
#include "enrich/setup.h"

static struct loop loop;
static int freed;

static void free_provider(struct provider *provider)
{
    freed++;
    mem_free(provider);
}

static const struct provider_kind kind = {.name = "test", .free = free_provider};

static struct setup *new_setup(void)
{
    struct setup *setup = setup_new(&loop);
    struct provider *provider = mem_new(sizeof *provider);

    provider->kind = &kind;
    setup->sources.providers[setup->sources.count++] = provider;
    return setup;
}

static void a_setup_goes_with_its_last_user(void **state)
{
    struct engine engine = {.loop = &loop};
    struct setup *lookup;

    (void)state;
    setup_use(new_setup(), &engine);
    assert_ptr_equal(engine.waterfalls, &engine.setup->sources.waterfalls);
    lookup = setup_take(engine.setup);
    setup_use(new_setup(), &engine);
    assert_ptr_not_equal(lookup, engine.setup);
    assert_int_equal(freed, 0);
    setup_give_back(&lookup);
    assert_null(lookup);
    assert_int_equal(freed, 1);
    setup_give_back(&lookup);
    setup_give_back(&engine.setup);
    assert_int_equal(freed, 2);
}

static void without_a_setup_there_is_nothing_to_take(void **state)
{
    (void)state;
    assert_null(setup_take(NULL));
}

static void a_setup_whose_provider_is_busy_goes_when_it_is_not_any_more(void **state)
{
    struct setup *setup = new_setup();
    struct provider *provider = setup->sources.providers[0];

    (void)state;
    provider->calls_out = 1;
    setup_give_back(&setup);
    assert_int_equal(freed, 0);
    uv_run(&loop.uv, UV_RUN_ONCE);
    assert_int_equal(freed, 0);
    provider->calls_out = 0;
    while (freed == 0)
        uv_run(&loop.uv, UV_RUN_ONCE);
}

static void at_the_end_those_that_are_busy_go_too(void **state)
{
    struct setup *setups[] = {new_setup(), new_setup()};

    (void)state;
    for (size_t i = 0; i < LEN(setups); i++) {
        setups[i]->sources.providers[0]->calls_out = 1;
        setup_give_back(&setups[i]);
    }
    setups_end();
    assert_int_equal(freed, 2);
    setups_end();
}

static int set_up(void **state)
{
    (void)state;
    freed = 0;
    loop_init(&loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_deinit(&loop);
    return 0;
}

#define on_a_loop(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_loop(a_setup_goes_with_its_last_user),
        on_a_loop(without_a_setup_there_is_nothing_to_take),
        on_a_loop(a_setup_whose_provider_is_busy_goes_when_it_is_not_any_more),
        on_a_loop(at_the_end_those_that_are_busy_go_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
