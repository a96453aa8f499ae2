#include "unit.h"

#include "base/json.h"

static void expect_place(struct str text, const char *place)
{
    struct err_detail detail = {""};
    json_t *doc = NULL;

    assert_int_equal(json_read(text, &doc, &detail), ERR_MALFORMED_JSON);
    assert_null(doc);
    if (strncmp(detail.text, place, strlen(place)) != 0)
        fail_msg("%.*s: \"%s\" is not at %s", STR_ARG(text), detail.text, place);
    if (strstr(detail.text, " near ") != NULL)
        fail_msg("\"%s\" quotes the input", detail.text);
    assert_int_equal(json_read(text, &doc, NULL), ERR_MALFORMED_JSON);
}

static void mistakes_are_named_by_line_and_column(void **state)
{
    (void)state;
    expect_place(STR(""), "line 1, column 1:");
    expect_place(STR(" \n "), "line 1, column 1:");
    expect_place(STR("{\"a\":}"), "line 1, column 6:");
    expect_place(STR("{\"a\": 1,}"), "line 1, column 9:");
    expect_place(STR("{\n  \"a\": x\n}"), "line 2, column 8:");
    expect_place(STR("{\r\n\r\n  \"a\" 1}"), "line 3, column 7:");
    expect_place(STR("[1] 2"), "line 1, column 5:");
    expect_place(STR("{\"a\":1,\"a\":2}"), "line 1, column");
    expect_place(STR("[\"\xc3\xa4\", x]"), "line 1, column 8:"); /* columns count bytes */
    expect_place(STR("[1,\n2"), "line 2, column");
    expect_place(STR("[\"\xff\"]"), "line 1, column");
    expect_place(STR("[\"\\u0000\"]"), "line 1, column");
    expect_place(STR("[1,\0]"), "line 1, column 4: a NUL");
    expect_place(STR("[\n\"\0\"]"), "line 2, column 2: a NUL");
    expect_place(STR("\xef\xbb\xbf{}"), "line 1, column");
    expect_place(STR("[01]"), "line 1, column");
    expect_place(STR("[1.]"), "line 1, column");
    expect_place(STR("[NaN]"), "line 1, column");
    expect_place(STR("['a']"), "line 1, column 2:");
    expect_place(STR("[1e999]"), "line 1, column");
}

static void a_whole_number_may_be_written_in_any_way_and_size(void **state)
{
    static const struct {
        struct str text;
        bool is_whole;
        int64_t number;
    } cases[] = {
        {STR("7"), true, 7},       {STR("3.0"), true, 3},
        {STR("-2e2"), true, -200}, {STR("9223372036854775807"), true, INT64_MAX},
        {STR("1.5"), false, 0},    {STR("\"7\""), false, 0},
        {STR("true"), false, 0},   {STR("99999999999999999999"), false, 0},
        {STR("1e300"), false, 0},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail;
        int64_t number = 0;
        json_t *doc;

        assert_int_equal(json_read(cases[i].text, &doc, &detail), ERR_NONE);
        assert_int_equal(json_whole(doc, &number), cases[i].is_whole);
        assert_int_equal(number, cases[i].number);
        json_decref(doc);
    }
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * JSON_DEPTH_MAX + 3];
    struct err_detail detail;
    json_t *doc;

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(json_read((struct str){text, 2 * JSON_DEPTH_MAX}, &doc, &detail), ERR_NONE);
    json_decref(doc);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(json_read((struct str){text, 2 * JSON_DEPTH_MAX + 2}, &doc, &detail), ERR_MALFORMED_JSON);
    assert_string_equal(detail.text, "line 1, column 33: nested deeper than 32 levels");
    assert_int_equal(json_read(STR("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"]"), &doc, &detail), ERR_NONE);
    json_decref(doc);
}

static void pointers_lead_to_values(void **state)
{
    static const struct {
        const char *pointer;
        const char *expected; /* NULL: nothing there */
    } cases[] = {
        {"", "{\"a\":[1,{\"b\":\"c\"}],\"\":{\"\":2},\"x/y\":3,\"~\":4,\"01\":5}"},
        {"/a/0", "1"},
        {"/a/1/b", "\"c\""},
        {"/", "{\"\":2}"},
        {"//", "2"},
        {"/x~1y", "3"},
        {"/~0", "4"},
        {"/01", "5"},
        {"/a/2", NULL},
        {"/a/00", NULL},
        {"/a/01", NULL},
        {"/a/-", NULL},
        {"/a/", NULL},
        {"/b", NULL},
        {"a", NULL},
        {"/a/0/b", NULL},
        {"/x/y", NULL},
        {"/a/1/b/", NULL},
    };
    json_t *doc;

    (void)state;
    assert_int_equal(json_read(str_from(cases[0].expected), &doc, NULL), ERR_NONE);
    for (size_t i = 0; i < LEN(cases); i++) {
        const json_t *value = json_at(doc, str_from(cases[i].pointer));
        struct buf text;

        buf_init(&text, 1000);
        if ((value == NULL) != (cases[i].expected == NULL))
            fail_msg("\"%s\" leads to %s", cases[i].pointer, value == NULL ? "nothing" : "something");
        if (value != NULL) {
            json_put_doc(&text, value);
            assert_str_is(buf_str(&text), cases[i].expected);
        }
        buf_deinit(&text);
    }
    assert_str_is(json_str(json_at(doc, STR("/a/1/b"))), "c");
    assert_int_equal(json_str(json_at(doc, STR("/a"))).len, 0);
    assert_null(json_str(NULL).ptr);
    json_decref(doc);
}

static void pointers_are_checked(void **state)
{
    (void)state;
    assert_true(json_is_pointer(STR("")));
    assert_true(json_is_pointer(STR("/a~0~1/b")));
    assert_false(json_is_pointer(STR("a")));
    assert_false(json_is_pointer(STR("/~")));
    assert_false(json_is_pointer(STR("/~2")));
}

static void text_comes_out_as_json_whatever_it_holds(void **state)
{
    static const struct {
        struct str text;
        const char *expected;
    } cases[] = {
        {STR_NONE, "\"\""},
        {{"a\"b\\c/", 6}, "\"a\\\"b\\\\c/\""},
        {{"\b\t\n\f\r", 5}, "\"\\b\\t\\n\\f\\r\""},
        {{"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\\u007f\""},
        {{"\xc3\xa4\xf0\x9f\x98\x80", 6}, "\"\xc3\xa4\xf0\x9f\x98\x80\""},
        {{"\xc3", 1}, "\"\xef\xbf\xbd\""},
        {{"\xc0\xaf", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {{"a\xffz", 3}, "\"a\xef\xbf\xbdz\""},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct buf out;

        buf_init(&out, 1000);
        json_put_str(&out, cases[i].text);
        assert_str_is(buf_str(&out), cases[i].expected);
        buf_deinit(&out);
    }
}

static void members_get_their_commas(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    buf_puts(&out, "{");
    json_put_name(&out, "a");
    buf_puts(&out, "[");
    json_put_comma(&out);
    buf_puts(&out, "1");
    json_put_comma(&out);
    buf_puts(&out, "\"{\"]");
    json_put_name(&out, "b");
    buf_puts(&out, "2}");
    assert_str_is(buf_str(&out), "{\"a\":[1,\"{\"],\"b\":2}");
    buf_clear(&out);
    json_put_pointer_token(&out, STR("a/b~c"));
    assert_str_is(buf_str(&out), "a~1b~0c");
    buf_deinit(&out);
}

static void millionths_print_without_trailing_zeroes(void **state)
{
    static const struct {
        int64_t ppm;
        const char *expected;
    } cases[] = {
        {0, "0"},        {1, "0.000001"},  {10, "0.00001"},         {940000, "0.94"},
        {900000, "0.9"}, {100, "0.0001"},  {333333, "0.333333"},    {999999, "0.999999"},
        {1000000, "1"},  {1500000, "1.5"}, {12000001, "12.000001"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct buf out;

        buf_init(&out, 100);
        json_put_ppm(&out, cases[i].ppm);
        assert_str_is(buf_str(&out), cases[i].expected);
        buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named_by_line_and_column),
        cmocka_unit_test(a_whole_number_may_be_written_in_any_way_and_size),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(pointers_lead_to_values),
        cmocka_unit_test(pointers_are_checked),
        cmocka_unit_test(text_comes_out_as_json_whatever_it_holds),
        cmocka_unit_test(members_get_their_commas),
        cmocka_unit_test(millionths_print_without_trailing_zeroes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
