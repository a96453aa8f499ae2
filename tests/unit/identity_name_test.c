#include "unit.h"

#include "identity/identity.h"

static void white_space_is_trimmed_and_folded(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"Chloe", "Chloe"},
        {"  Anna \t Maria\r\n", "Anna Maria"},
        {"\xc2\xa0Zo\xc3\xab\xc2\xa0\xe3\x80\x80Q", "Zo\xc3\xab Q"},
        {"O'Neill-Smith, Jr.", "O'Neill-Smith, Jr."},
        {"\xe6\x9d\x8e", "\xe6\x9d\x8e"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    struct identity_text out;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_true(name_normalise(str_from(cases[i].text), &out, NULL));
        assert_string_equal(out.text, cases[i].expected);
        assert_int_equal(out.len, strlen(cases[i].expected));
    }
}

static void what_is_no_name_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "empty"},
        {" \t\xc2\xa0", "empty"},
        {"a\x01", "control"},
        {"a\x7f", "control"},
        {"a\xc2\x85", "control"},
        {"\xff", "UTF-8"},
        {"\xc0\xaf", "UTF-8"},
        {"\xc3", "UTF-8"},
        {"\xe2\x82", "UTF-8"},
        {"\xe0\x80\xaf", "UTF-8"},
        {"\xed\xa0\x80", "UTF-8"},
        {"\xf4\x90\x80\x80", "UTF-8"},
        {"\xf0\x80\x80\xaf", "UTF-8"},
        {"\x80", "UTF-8"},
    };
    struct identity_text out;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail = {""};

        assert_false(name_normalise(str_from(cases[i].text), &out, &detail));
        if (strstr(detail.text, cases[i].reason) == NULL)
            fail_msg("case %zu: \"%s\"", i, detail.text);
    }
    assert_false(name_normalise(STR("a\0b"), &out, NULL));
}

static void a_name_has_at_most_a_hundred_bytes(void **state)
{
    struct identity_text out;
    char text[300];

    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(name_normalise((struct str){text, 100}, &out, NULL));
    assert_false(name_normalise((struct str){text, 101}, &out, NULL));
    memset(text, ' ', 200);
    assert_true(name_normalise((struct str){text, 300}, &out, NULL));
    assert_int_equal(out.len, 100);
}

static void a_person_is_names_and_domain_in_lower_case(void **state)
{
    struct identity_text out, other;

    (void)state;
    person_key(STR("Chloe"), STR("WALKER"), STR("westmarkrobotics.com"), &out);
    assert_string_equal(out.text, "chloe|walker|westmarkrobotics.com");
    assert_int_equal(out.len, strlen(out.text));
    person_key(STR("a|"), STR("b"), STR("c.example"), &out);
    person_key(STR("a"), STR("|b"), STR("c.example"), &other);
    assert_string_not_equal(out.text, other.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_is_trimmed_and_folded),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(a_name_has_at_most_a_hundred_bytes),
        cmocka_unit_test(a_person_is_names_and_domain_in_lower_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
