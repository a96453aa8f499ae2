#include "unit.h"

#include "base/id.h"

#include <sodium.h>

static void an_id_reads_back_what_was_put(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct id id = id_random();
        struct id again;
        struct buf text;

        buf_init(&text, 100);
        id_put(&text, STR("lead_"), id);
        assert_int_equal(text.len, 5 + ID_TEXT_LEN);
        assert_true(id_read(buf_str(&text), STR("lead_"), &again));
        assert_true(id_is(id, again));
        assert_false(id_is_none(id));
        buf_deinit(&text);
    }
}

static void the_smallest_and_the_largest_id_fit(void **state)
{
    struct id id = {{0}};
    struct id again;
    struct buf text;

    (void)state;
    buf_init(&text, 100);
    id_put(&text, STR(""), id);
    assert_str_is(buf_str(&text), "0000000000000000000000");
    assert_true(id_is_none(id));
    memset(id.bytes, 0xff, sizeof id.bytes);
    buf_clear(&text);
    id_put(&text, STR(""), id);
    assert_str_is(buf_str(&text), "7n42DGM5Tflk9n8mt7Fhc7");
    assert_true(id_read(buf_str(&text), STR(""), &again));
    assert_true(id_is(id, again));
    buf_deinit(&text);
}

static void what_is_no_id_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "lead_",
        "lead_000000000000000000000",
        "lead_00000000000000000000000",
        "acc_0000000000000000000000",
        "lead_000000000000000000000-",
        "lead_7n42DGM5Tflk9n8mt7Fhc8",
        "lead_zzzzzzzzzzzzzzzzzzzzzz",
        "lead_8000000000000000000000",
        "LEAD_0000000000000000000000",
        "0000000000000000000000",
    };
    struct id id = {{42}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_false(id_read(str_from(cases[i]), STR("lead_"), &id));
    assert_false(id_read(STR("lead_000000000000000000000\0"), STR("lead_"), &id));
    assert_int_equal(id.bytes[0], 42);
}

static void base62_pads_and_stays_in_its_alphabet(void **state)
{
    char text[6];
    char random[200];

    (void)state;
    base62_put_u32(text, 6, 0);
    assert_memory_equal(text, "000000", 6);
    base62_put_u32(text, 6, UINT32_MAX);
    assert_memory_equal(text, "4gfFC3", 6);
    base62_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        assert_true(char_is_alnum(random[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_reads_back_what_was_put),
        cmocka_unit_test(the_smallest_and_the_largest_id_fit),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(base62_pads_and_stays_in_its_alphabet),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
