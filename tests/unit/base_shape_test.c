#include "unit.h"

#include "base/shape.h"

#include <stdio.h>

struct reading {
    struct shape_mistakes mistakes;
    json_t *doc;
    struct shape shape;
};

static bool begin(struct reading *reading, const char *text)
{
    struct err_detail detail;

    if (json_read(str_from(text), &reading->doc, &detail) != ERR_NONE)
        fail_msg("%s", detail.text);
    shape_mistakes_init(&reading->mistakes);
    return shape_begin(&reading->shape, reading->doc, STR("/top"), &reading->mistakes);
}

static void end(struct reading *reading)
{
    shape_mistakes_deinit(&reading->mistakes);
    json_decref(reading->doc);
}

struct members {
    struct str name;
    int64_t count;
    bool on;
    int64_t share_ppm;
};

static void read_members(struct reading *reading, struct members *out)
{
    shape_str(&reading->shape, "name", 1, 5, &out->name);
    shape_int(&reading->shape, "count", -3, 9, &out->count);
    shape_bool(&reading->shape, "on", &out->on);
    shape_ppm(&reading->shape, "share", &out->share_ppm);
    shape_end(&reading->shape);
}

static void expect_mistakes(const char *text, const char *expected)
{
    struct members members = {STR_NONE, 0, false, 0};
    struct reading reading;

    if (begin(&reading, text))
        read_members(&reading, &members);
    if (!str_is(buf_str(&reading.mistakes.json), str_from(expected)))
        fail_msg("%s gives %s, not %s", text, reading.mistakes.json.ptr, expected);
    end(&reading);
}

static void each_member_is_read_into_its_place(void **state)
{
    struct members members = {STR_NONE, 0, false, 0};
    struct reading reading;

    (void)state;
    assert_true(begin(&reading, "{\"share\":0.94,\"on\":true,\"count\":-3,\"name\":\"Chloe\"}"));
    read_members(&reading, &members);
    assert_int_equal(reading.mistakes.count, 0);
    assert_int_equal(reading.mistakes.json.len, 0);
    assert_str_is(members.name, "Chloe");
    assert_int_equal(members.count, -3);
    assert_true(members.on);
    assert_int_equal(members.share_ppm, 940000);
    end(&reading);
}

static void a_missing_or_wrong_member_leaves_the_value_and_answers_false(void **state)
{
    static const char *const texts[] = {"{}", "{\"name\":1,\"count\":\"1\",\"on\":0,\"share\":\"1\"}",
                                        "{\"name\":\"\",\"count\":10,\"on\":null,\"share\":1.1}"};

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++) {
        struct members members = {STR("was"), 7, true, 8};
        struct reading reading;

        assert_true(begin(&reading, texts[i]));
        assert_false(shape_str(&reading.shape, "name", 1, 5, &members.name));
        assert_false(shape_int(&reading.shape, "count", -3, 9, &members.count));
        assert_false(shape_bool(&reading.shape, "on", &members.on));
        assert_false(shape_ppm(&reading.shape, "share", &members.share_ppm));
        assert_str_is(members.name, "was");
        assert_int_equal(members.count, 7);
        assert_true(members.on);
        assert_int_equal(members.share_ppm, 8);
        assert_int_equal(reading.mistakes.count, i == 0 ? 0 : 4);
        end(&reading);
    }
}

static void every_mistake_is_told_at_once_with_its_pointer(void **state)
{
    (void)state;
    expect_mistakes("{\"name\":1,\"count\":10,\"on\":\"yes\",\"share\":-0.1}",
                    "[{\"pointer\":\"/top/name\",\"detail\":\"must be a string, not a number\"},"
                    "{\"pointer\":\"/top/count\",\"detail\":\"must be from -3 to 9\"},"
                    "{\"pointer\":\"/top/on\",\"detail\":\"must be true or false, not a string\"},"
                    "{\"pointer\":\"/top/share\",\"detail\":\"must be a number from 0 to 1\"}]");
    expect_mistakes("{\"name\":\"\"}", "[{\"pointer\":\"/top/name\",\"detail\":\"must have 1 to 5 bytes\"}]");
    expect_mistakes("{\"name\":\"sixsix\"}", "[{\"pointer\":\"/top/name\",\"detail\":\"must have 1 to 5 bytes\"}]");
    expect_mistakes("{\"count\":1.5}",
                    "[{\"pointer\":\"/top/count\",\"detail\":\"must be a whole number from -3 to 9\"}]");
}

static void unknown_members_are_told_with_the_nearest_known_one(void **state)
{
    (void)state;
    expect_mistakes("{\"nmae\":\"x\"}",
                    "[{\"pointer\":\"/top/nmae\",\"detail\":\"is not a known member; did you mean \\\"name\\\"?\"}]");
    expect_mistakes("{\"elephant\":1}", "[{\"pointer\":\"/top/elephant\",\"detail\":\"is not a known member\"}]");
    expect_mistakes("{\"a/b~c long\":1}", "[{\"pointer\":\"/top/a~1b~0c long\",\"detail\":\"is not a known member\"}]");
    expect_mistakes("{\"123456789012345678901234567890123456789012345678901234567890_over\":1}",
                    "[{\"pointer\":\"/top\",\"detail\":\"has an unknown member with a name of over 64 bytes\"}]");
}

static void what_is_no_object_is_told_by_its_type(void **state)
{
    static const struct {
        const char *text, *word;
    } cases[] = {{"[]", "an array"}, {"\"a\"", "a string"}, {"1", "a number"},     {"1.5", "a number"},
                 {"null", "null"},   {"true", "a boolean"}, {"false", "a boolean"}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        char expected[200];

        snprintf(expected, sizeof expected, "[{\"pointer\":\"/top\",\"detail\":\"must be an object, not %s\"}]",
                 cases[i].word);
        expect_mistakes(cases[i].text, expected);
    }
}

static void past_the_maximum_mistakes_are_only_counted(void **state)
{
    struct shape_mistakes mistakes;
    struct err_detail detail;
    json_t *list;

    (void)state;
    shape_mistakes_init(&mistakes);
    for (int i = 0; i < SHAPE_MISTAKES_MAX + 10; i++)
        shape_report(&mistakes, STR("/a"), "mistake %d", i);
    assert_int_equal(mistakes.count, SHAPE_MISTAKES_MAX + 10);
    assert_int_equal(json_read(buf_str(&mistakes.json), &list, &detail), ERR_NONE);
    assert_int_equal(json_array_size(list), SHAPE_MISTAKES_MAX);
    assert_string_equal(mistakes.first.text, "/a: mistake 0");
    json_decref(list);
    shape_mistakes_deinit(&mistakes);
}

static void mistakes_without_room_are_only_counted(void **state)
{
    struct shape_mistakes mistakes;
    struct err_detail detail;
    char pointer[3000];
    json_t *list;

    (void)state;
    memset(pointer, 'a', sizeof pointer);
    shape_mistakes_init(&mistakes);
    for (int i = 0; i < 20; i++)
        shape_report(&mistakes, (struct str){pointer, sizeof pointer}, "mistake %d", i);
    shape_report(&mistakes, STR("/a"), "a small one");
    assert_int_equal(mistakes.count, 21);
    assert_int_equal(json_read(buf_str(&mistakes.json), &list, &detail), ERR_NONE);
    assert_int_equal(json_array_size(list), 11);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 10), "detail")), "a small one");
    json_decref(list);
    shape_mistakes_deinit(&mistakes);
}

static void the_worst_names_still_make_json(void **state)
{
    json_t *worst = json_object();
    struct shape_mistakes mistakes;
    struct shape shape;
    struct err_detail detail;
    json_t *list;

    (void)state;
    for (int i = 0; i < 40; i++) {
        char name[65];

        memset(name, '\1', 64);
        name[64] = '\0';
        name[i] = '\2';
        json_object_set_new(worst, name, json_null());
    }
    shape_mistakes_init(&mistakes);
    assert_true(shape_begin(&shape, worst, STR(""), &mistakes));
    shape_end(&shape);
    assert_false(mistakes.json.is_overflown);
    assert_int_equal(json_read(buf_str(&mistakes.json), &list, &detail), ERR_NONE);
    json_decref(list);
    json_decref(worst);
    shape_mistakes_deinit(&mistakes);
}

static void millionths_are_rounded(void **state)
{
    static const struct {
        const char *text;
        int64_t ppm;
    } cases[] = {{"{\"share\":0}", 0},
                 {"{\"share\":1}", 1000000},
                 {"{\"share\":0.1}", 100000},
                 {"{\"share\":0.29}", 290000},
                 {"{\"share\":0.9999996}", 1000000},
                 {"{\"share\":1e-6}", 1},
                 {"{\"share\":0.58}", 580000},
                 {"{\"share\":4e-7}", 0}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct members members = {STR_NONE, 0, false, -1};
        struct reading reading;

        begin(&reading, cases[i].text);
        read_members(&reading, &members);
        assert_int_equal(members.share_ppm, cases[i].ppm);
        end(&reading);
    }
}

static void the_nearest_word_is_near(void **state)
{
    static const char *const words[] = {"phone", "work_email", "on", NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {{"phone", "phone"}, {"fone", "phone"}, {"workemail", "work_email"}, {"work-mail", "work_email"},
                 {"xyz", NULL},      {"", NULL},        {"telephone", NULL}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *nearest = nearest_word(str_from(cases[i].word), words);

        if (cases[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, cases[i].nearest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_member_is_read_into_its_place),
        cmocka_unit_test(a_missing_or_wrong_member_leaves_the_value_and_answers_false),
        cmocka_unit_test(every_mistake_is_told_at_once_with_its_pointer),
        cmocka_unit_test(unknown_members_are_told_with_the_nearest_known_one),
        cmocka_unit_test(what_is_no_object_is_told_by_its_type),
        cmocka_unit_test(past_the_maximum_mistakes_are_only_counted),
        cmocka_unit_test(mistakes_without_room_are_only_counted),
        cmocka_unit_test(the_worst_names_still_make_json),
        cmocka_unit_test(millionths_are_rounded),
        cmocka_unit_test(the_nearest_word_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
