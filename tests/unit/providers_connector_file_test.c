/* Connectors by name, out of the program, and by path. */
#include "unit.h"

#include "base/check.h"
#include "providers/builtin.h"
#include "providers/connector_file.h"

#include <stdio.h>

static enum err find(const char *word, const char *folder, json_t **out_doc, struct err_detail *detail)
{
    *out_doc = NULL;
    *detail = (struct err_detail){""};
    return connector_find(str_from(word), str_from(folder), out_doc, detail);
}

static void assert_refused(const char *word, enum err expected, const char *why)
{
    struct err_detail detail;
    json_t *doc;

    assert_int_equal(find(word, "tests/unit", &doc, &detail), expected);
    assert_null(doc);
    if (strstr(detail.text, why) == NULL)
        fail_msg("\"%s\" is not in: %s", why, detail.text);
}

static void a_word_with_a_slash_or_an_ending_is_a_path(void **state)
{
    (void)state;
    assert_true(connector_is_path(STR("./acme")));
    assert_true(connector_is_path(STR("acme.json")));
    assert_true(connector_is_path(STR("/etc/acme")));
    assert_false(connector_is_path(STR("acme")));
    assert_false(connector_is_path(STR_NONE));
}

static void every_built_in_connector_is_found_by_its_name(void **state)
{
    const char *const *names = builtin_names();

    (void)state;
    for (size_t i = 0; names[i] != NULL; i++) {
        struct err_detail detail;
        json_t *doc;

        assert_int_equal(find(names[i], "", &doc, &detail), ERR_NONE);
        assert_int_equal(json_integer_value(json_object_get(doc, "connector")), 1);
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        json_decref(doc);
    }
}

static void an_unknown_name_is_answered_with_the_nearest_ones(void **state)
{
    const char *const *names = builtin_names();

    (void)state;
    assert_refused("no such connector", ERR_INVALID, "No connector is called \"no such connector\"");
    assert_refused("", ERR_INVALID, "No connector is called \"\"");
    for (size_t i = 0; names[i] != NULL; i++) {
        char word[80], why[80];

        snprintf(word, sizeof word, "%s_", names[i]);
        snprintf(why, sizeof why, "there are %s", names[i]);
        assert_refused(word, ERR_INVALID, why);
    }
}

static void a_file_that_is_not_there_or_no_connector_is_explained(void **state)
{
    (void)state;
    assert_refused("./nothing.json", ERR_IO, "cannot be opened: No such file");
    assert_refused("/nothing.json", ERR_IO, "cannot be opened");
    assert_refused("../unit/", ERR_IO, "cannot be read: is it a file?");
    assert_refused("./unit.h", ERR_INVALID, "is not JSON: line 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_with_a_slash_or_an_ending_is_a_path),
        cmocka_unit_test(every_built_in_connector_is_found_by_its_name),
        cmocka_unit_test(an_unknown_name_is_answered_with_the_nearest_ones),
        cmocka_unit_test(a_file_that_is_not_there_or_no_connector_is_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
