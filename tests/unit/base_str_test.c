#include "unit.h"

static void comparing_knows_length_and_case(void **state)
{
    (void)state;
    assert_true(str_is(STR("abc"), STR("abc")));
    assert_false(str_is(STR("abc"), STR("abcd")));
    assert_false(str_is(STR("abc"), STR("abC")));
    assert_true(str_is(STR_NONE, STR("")));
    assert_true(str_is_nocase(STR("aBc-1"), STR("AbC-1")));
    assert_false(str_is_nocase(STR("["), STR("{"))); /* differ by the case bit */
    assert_false(str_is_nocase(STR("ab"), STR("abc")));
    assert_true(str_starts(STR("abc"), STR("")));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_starts_nocase(STR("ABc"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_true(str_ends(STR("abc"), STR("")));
    assert_true(str_ends(STR_NONE, STR("")));
    assert_false(str_ends(STR("c"), STR("bc")));
    assert_true(str_from(NULL).ptr == NULL);
}

static void trimming_takes_ascii_white_space_at_both_ends(void **state)
{
    (void)state;
    assert_str_is(str_trim(STR(" \t\r\n a b \n")), "a b");
    assert_int_equal(str_trim(STR(" \n ")).len, 0);
    assert_int_equal(str_trim(STR_NONE).len, 0);
    assert_str_is(str_trim(STR("\va")), "\va");
}

static void finding_answers_the_length_when_there_is_none(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("a.b.c"), '.'), 1);
    assert_int_equal(str_find_last(STR("a.b.c"), '.'), 3);
    assert_int_equal(str_find(STR("abc"), '.'), 3);
    assert_int_equal(str_find_last(STR("abc"), '.'), 3);
    assert_int_equal(str_find(STR_NONE, '.'), 0);
    assert_int_equal(str_find_last(STR_NONE, '.'), 0);
    assert_int_equal(str_find(STR("a\0b"), '\0'), 1);
    assert_str_is(str_from_at(STR("abc"), 1), "bc");
    assert_int_equal(str_from_at(STR("abc"), 3).len, 0);
    assert_int_equal(str_from_at(STR("abc"), 9).len, 0);
}

static void cutting_yields_each_piece_once(void **state)
{
    struct str rest = STR("a,,b");

    (void)state;
    assert_str_is(str_cut(&rest, ','), "a");
    assert_str_is(str_cut(&rest, ','), "");
    assert_str_is(rest, "b");
    assert_str_is(str_cut(&rest, ','), "b"); /* the last piece leaves nothing */
    assert_int_equal(rest.len, 0);
    assert_int_equal(str_cut(&rest, ',').len, 0);
    rest = STR("a,");
    assert_str_is(str_cut(&rest, ','), "a");
    assert_int_equal(rest.len, 0);
}

static void numbers_have_a_maximum(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_true(str_to_u64(STR("0"), 0, &value));
    assert_int_equal(value, 0);
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(str_to_u64(STR("007"), 7, &value));
    assert_int_equal(value, 7);
    assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &value));
    assert_false(str_to_u64(STR("99999999999999999999999"), UINT64_MAX, &value));
    assert_false(str_to_u64(STR("8"), 7, &value));
    assert_false(str_to_u64(STR(""), 7, &value));
    assert_false(str_to_u64(STR("+1"), 7, &value));
    assert_false(str_to_u64(STR("-1"), 7, &value));
    assert_false(str_to_u64(STR("1 "), 7, &value));
    assert_int_equal(value, 7);
}

static void characters_are_ascii_whatever_the_byte(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        bool is_upper = c >= 'A' && c <= 'Z';
        bool is_lower = c >= 'a' && c <= 'z';
        bool is_digit = c >= '0' && c <= '9';

        assert_int_equal(char_lower((char)c), is_upper ? c + 32 : c);
        assert_int_equal(char_is_digit((char)c), is_digit);
        assert_int_equal(char_is_alnum((char)c), is_upper || is_lower || is_digit);
    }
}

static void hashes_depend_on_every_byte_and_the_seed(void **state)
{
    (void)state;
    assert_true(str_hash(STR("abc"), 0) == str_hash(STR("abc"), 0));
    assert_true(str_hash(STR("abc"), 0) != str_hash(STR("abc"), 1));
    assert_true(str_hash(STR("abc"), 0) != str_hash(STR("abd"), 0));
    assert_true(str_hash(STR("abc"), 0) >> 32 != str_hash(STR("abd"), 0) >> 32);
    assert_true(str_hash(STR(""), 0) != str_hash(STR("\0"), 0));
    assert_true(str_hash(STR_NONE, 5) == str_hash(STR(""), 5));
}

static void distance_counts_edits(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned edits;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"kitten", "sitting", 3},
        {"emial", "email", 2},
        {"phone", "phones", 1},
        {"flaw", "lawn", 2},
        {"abc", "abc", 0},
        {"12345678901234567890123456789012", "12345678901234567890123456789012", 0},
        {"12345678901234567890123456789012x", "12345678901234567890123456789012x", 32},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(str_distance(str_from(cases[i].a), str_from(cases[i].b)), cases[i].edits);
        assert_int_equal(str_distance(str_from(cases[i].b), str_from(cases[i].a)), cases[i].edits);
    }
}

static void a_text_is_found_among_sorted_ones(void **state)
{
    static const char *const sorted[] = {"", "ab", "abc", "b", "\xc3\xa4"};

    (void)state;
    for (size_t i = 0; i < LEN(sorted); i++) {
        assert_true(str_is_among(str_from(sorted[i]), sorted, LEN(sorted)));
        assert_int_equal(str_is_among(str_from(sorted[i]), sorted, i), false);
    }
    assert_true(str_is_among(STR_NONE, sorted, LEN(sorted)));
    assert_false(str_is_among(STR("a"), sorted, LEN(sorted)));
    assert_false(str_is_among(STR("abcd"), sorted, LEN(sorted)));
    assert_false(str_is_among(STR("z"), sorted, LEN(sorted)));
    assert_false(str_is_among(STR("ab\0"), sorted, LEN(sorted)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing_knows_length_and_case),
        cmocka_unit_test(trimming_takes_ascii_white_space_at_both_ends),
        cmocka_unit_test(finding_answers_the_length_when_there_is_none),
        cmocka_unit_test(cutting_yields_each_piece_once),
        cmocka_unit_test(numbers_have_a_maximum),
        cmocka_unit_test(characters_are_ascii_whatever_the_byte),
        cmocka_unit_test(hashes_depend_on_every_byte_and_the_seed),
        cmocka_unit_test(a_text_is_found_among_sorted_ones),
        cmocka_unit_test(distance_counts_edits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
