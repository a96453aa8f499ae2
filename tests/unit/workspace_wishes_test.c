#include "unit.h"

#include "base/mem.h"
#include "workspace/wishes.h"

static void expect_text(const struct wish *wish, const char *expected)
{
    struct buf text;

    buf_init(&text, 1000);
    wish_put(&text, wish);
    assert_str_is(buf_str(&text), expected);
    buf_deinit(&text);
}

static void a_wish_reads_back_as_it_was_written(void **state)
{
    static const char *const texts[] = {"{\"pinned\":[],\"disabled\":[],\"deterministic\":false}",
                                        "{\"pinned\":[\"B \\\"x\\\"\",\"A\"],\"disabled\":[],\"deterministic\":true}",
                                        "{\"pinned\":[\"A\"],\"disabled\":[\"C\",\"D\"],\"deterministic\":false}"};

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        struct wish *wish = wish_read(str_from(texts[i]));

        assert_non_null(wish);
        expect_text(wish, texts[i]);
        mem_free(wish);
    }
}

static void a_wish_keeps_its_names_itself(void **state)
{
    char text[] = "AB";
    const struct str names[] = {{text, 1}, {text + 1, 1}};
    struct wish *wish = wish_new(names, 1, names + 1, 1, true);

    (void)state;
    text[0] = text[1] = 'x';
    expect_text(wish, "{\"pinned\":[\"A\"],\"disabled\":[\"B\"],\"deterministic\":true}");
    assert_true(wish_disables(wish, STR("B")));
    assert_false(wish_disables(wish, STR("A")));
    mem_free(wish);
}

static void nothing_is_wished_without_names_and_by_default(void **state)
{
    const struct str name = STR("A");
    struct wish *wishes[] = {wish_new(NULL, 0, NULL, 0, false), wish_new(NULL, 0, NULL, 0, true),
                             wish_new(&name, 1, NULL, 0, false), wish_new(NULL, 0, &name, 1, false)};

    (void)state;
    assert_true(wish_is_nothing(NULL));
    assert_false(wish_disables(NULL, name));
    for (size_t i = 0; i < LEN(wishes); i++) {
        assert_int_equal(wish_is_nothing(wishes[i]), i == 0);
        mem_free(wishes[i]);
    }
}

static void what_is_no_wish_reads_as_none(void **state)
{
    struct wish *wish;

    (void)state;
    assert_null(wish_read(STR("")));
    assert_null(wish_read(STR("{")));
    wish = wish_read(STR("{\"pinned\":[1,\"A\"],\"disabled\":7}"));
    expect_text(wish, "{\"pinned\":[\"A\"],\"disabled\":[],\"deterministic\":false}");
    mem_free(wish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wish_reads_back_as_it_was_written),
        cmocka_unit_test(a_wish_keeps_its_names_itself),
        cmocka_unit_test(nothing_is_wished_without_names_and_by_default),
        cmocka_unit_test(what_is_no_wish_reads_as_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
