#include "unit.h"

#include "base/tree.h"

#include "base/check.h"

#include <stdlib.h>

static struct tree *tree;

static int load(void **state)
{
    (void)state;
    return tree_load(NULL) != ERR_NONE;
}

static int tear_down(void **state)
{
    (void)state;
    tree_free(&tree);
    return 0;
}

static struct tree_node read_text(struct str text)
{
    tree_free(&tree);
    assert_int_equal(tree_read(text, &tree), ERR_NONE);
    return tree_root(tree);
}

static struct tree_node read_json(const char *text)
{
    return read_text(str_from(text));
}

static void assert_refused(struct str text)
{
    struct tree *none = NULL;

    assert_int_equal(tree_read(text, &none), ERR_MALFORMED_JSON);
    assert_null(none);
}

static void every_type_is_told(void **state)
{
    static const struct {
        const char *text;
        enum tree_type type;
    } cases[] = {{"null", TREE_NULL},   {"false", TREE_FALSE}, {"true", TREE_TRUE}, {" 1 ", TREE_NUMBER},
                 {"-1.5", TREE_NUMBER}, {"\"\"", TREE_TEXT},   {"[]", TREE_ARRAY},  {"{}", TREE_OBJECT}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_int_equal(tree_type(read_json(cases[i].text)), cases[i].type);
    assert_int_equal(tree_type(TREE_NODE_NONE), TREE_NONE);
}

static void members_and_elements_are_found(void **state)
{
    struct tree_node root =
        read_json("{\"a\":{\"b\":[1,{\"c\":[]},\"x\",null]},\"\":2,\"a\":3,\"z\":\"\\u00e9\\u0000!\"}");
    struct tree_node list = tree_member(tree_member(root, STR("a")), STR("b"));

    (void)state;
    assert_int_equal(tree_type(list), TREE_ARRAY);
    assert_int_equal((int)tree_number(tree_element(list, 0)), 1);
    assert_str_is(tree_text(tree_element(list, 2)), "x");
    assert_int_equal(tree_type(tree_element(list, 3)), TREE_NULL);
    assert_int_equal(tree_type(tree_element(list, 4)), TREE_NONE);
    assert_int_equal(tree_type(tree_element(list, UINT64_MAX)), TREE_NONE);
    assert_int_equal((int)tree_number(tree_member(root, STR(""))), 2);
    assert_true(str_is(tree_text(tree_member(root, STR("z"))), STR("\xc3\xa9\0!")));
    assert_int_equal(tree_type(tree_member(root, STR("b"))), TREE_NONE);
    assert_int_equal(tree_type(tree_member(list, STR("0"))), TREE_NONE);
    assert_int_equal(tree_type(tree_element(root, 0)), TREE_NONE);
    assert_int_equal(tree_type(tree_member(TREE_NODE_NONE, STR("a"))), TREE_NONE);
}

static void a_container_is_gone_through_in_order(void **state)
{
    struct tree_node root = read_json("{\"a\":[{}],\"b\":-7,\"c\":{\"d\":1.5},\"e\":\"f\"}");
    static const char *const names[] = {"a", "b", "c", "e"};
    size_t count = 0;

    (void)state;
    for (struct tree_node at = tree_first(root); at.at != 0; at = tree_next(root, at))
        assert_str_is(tree_name(at), names[count++]);
    assert_int_equal(count, LEN(names));
    assert_int_equal(tree_first(tree_member(root, STR("b"))).at, 0);
    assert_int_equal(tree_first(read_json("[]")).at, 0);
    assert_int_equal(tree_first(read_json("{}")).at, 0);
}

static void whole_numbers_keep_every_digit(void **state)
{
    static const struct {
        const char *text;
        const char *digits;
    } cases[] = {{"0", "0"},
                 {"1039995589705121900", "1039995589705121900"},
                 {"-9223372036854775808", "-9223372036854775808"},
                 {"9223372036854775807", "9223372036854775807"},
                 {"9223372036854775808", "9223372036854775808"},
                 {"18446744073709551615", "18446744073709551615"},
                 {"18446744073709551616", ""},
                 {"1.0", ""},
                 {"1e3", ""},
                 {"\"1\"", ""}};
    char digits[TREE_DIGITS_MAX];

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_str_is(tree_digits(read_json(cases[i].text), digits), cases[i].digits);
}

static void a_number_past_64_bits_does_not_spoil_the_rest(void **state)
{
    struct tree_node root = read_json("{\"18446744073709551616\":[123456789012345678901234567890,-98765432109876543210,"
                                      "\"\\\"123456789012345678901234567890\",1.2345678901234567890123],\"a\":1}");
    struct tree_node list = tree_first(root);

    (void)state;
    assert_str_is(tree_name(list), "18446744073709551616");
    assert_true(tree_number(tree_element(list, 0)) > 1.2345e29 && tree_number(tree_element(list, 0)) < 1.2346e29);
    assert_true(tree_number(tree_element(list, 1)) < -9.8765e19 && tree_number(tree_element(list, 1)) > -9.8766e19);
    assert_false(tree_is_whole(tree_element(list, 0)));
    assert_str_is(tree_text(tree_element(list, 2)), "\"123456789012345678901234567890");
    assert_int_equal((int)tree_number(tree_member(root, STR("a"))), 1);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const cases[] = {
        "",       " ",           "{",     "[1,]",  "{\"a\":1,}", "{\"a\"}",  "nul",      "01",    "+1",
        "1.",     "NaN",         "'a'",   "\"a",   "\"\t\"",     "\"\xff\"", "\"\\x\"",  "[1] 2", "<html>",
        "1e9999", "\"\\ud800\"", "{a:1}", "[1 2]", "//\n1",      "[1e5",     "{\"a\":1",
    };
    char *digits = malloc(2000);

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_refused(str_from(cases[i]));
    assert_refused(STR("[1]\0"));
    memset(digits, '9', 2000);
    assert_refused((struct str){digits, 2000});
    free(digits);
}

static void nesting_has_an_end(void **state)
{
    static char deep[4 * 1024 * 1024];

    (void)state;
    memset(deep, '[', 60);
    memset(deep + 60, ']', 60);
    assert_int_equal(tree_type(read_text((struct str){deep, 120})), TREE_ARRAY);
    memset(deep, '[', sizeof deep);
    assert_refused((struct str){deep, sizeof deep});
    assert_refused((struct str){deep, TREE_DEPTH_MAX + 1});
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(tree_type(read_json("\xef\xbb\xbf{}")), TREE_OBJECT);
    assert_refused(STR("\xef\xbb\xbf"));
}

static void two_trees_live_side_by_side(void **state)
{
    struct tree *other = NULL;
    struct tree_node first = read_json("{\"a\":\"one\"}");

    (void)state;
    assert_int_equal(tree_read(STR("{\"a\":\"two\"}"), &other), ERR_NONE);
    assert_str_is(tree_text(tree_member(first, STR("a"))), "one");
    assert_str_is(tree_text(tree_member(tree_root(other), STR("a"))), "two");
    tree_free(&other);
    assert_null(other);
    tree_free(&other);
    assert_str_is(tree_text(tree_member(first, STR("a"))), "one");
}

static void a_large_text_is_read_to_its_last_byte(void **state)
{
    size_t bytes = 4 * 1024 * 1024;
    char *text = malloc(bytes);

    (void)state;
    memset(text, '1', bytes);
    for (size_t i = 0; i < bytes; i += 2)
        text[i] = ',';
    text[0] = '[';
    text[bytes - 1] = ']';
    text[bytes - 2] = '7';
    text[bytes - 3] = '7';
    assert_int_equal((int)tree_number(tree_element(read_text((struct str){text, bytes}), bytes / 2 - 2)), 77);
    assert_true(tree_visits(tree) >= bytes / 2 - 2);
    free(text);
}

int main(void)
{
#define TREE(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TREE(every_type_is_told),
        TREE(members_and_elements_are_found),
        TREE(a_container_is_gone_through_in_order),
        TREE(whole_numbers_keep_every_digit),
        TREE(a_number_past_64_bits_does_not_spoil_the_rest),
        TREE(what_is_no_json_is_refused),
        TREE(nesting_has_an_end),
        TREE(a_byte_order_mark_is_passed_over),
        TREE(two_trees_live_side_by_side),
        TREE(a_large_text_is_read_to_its_last_byte),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
