#include "unit.h"

#include "base/fault.h"
#include "identity/phone.h"
#include "identity/phone_library.h"

#include <stdlib.h>

/* In this process the library cannot be loaded. */
static int set_up(void **state)
{
    (void)state;
    setenv("UNSTUCK_FAULT", "fail:shim:1", 1);
    fault_arm();
    return 0;
}

static void what_cannot_be_loaded_is_tried_once(void **state)
{
    (void)state;
    assert_null(phone_library());
    assert_null(phone_library()); /* the second try would not fail */
}

static void without_it_a_country_code_and_digits_make_a_number(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"+442079460123", "+442079460123"},        {"0044 20 7946 0123", "+442079460123"},
        {"+44 (0)20 7946-0123", "+442079460123"},  {"(+44) 20 7946 0123", "+442079460123"},
        {"tel:+44-20-7946-0123", "+442079460123"}, {"+1234567", "+1234567"},
        {"+123456789012345", "+123456789012345"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail;
        struct phone phone;

        if (!phone_normalise(str_from(cases[i].text), (struct region){"GB"}, &phone, &detail))
            fail_msg("%s was refused: %s", cases[i].text, detail.text);
        assert_string_equal(phone.e164.text, cases[i].expected);
        assert_int_equal(phone.e164.len, strlen(cases[i].expected));
        assert_int_equal(phone.type, PHONE_TYPE_NONE);
    }
}

static void without_it_no_number_is_guessed(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"020 7946 0123", "country code"},
        {"+123456", "fewer than 7"},
        {"+", "fewer than 7"},
        {"+1234567890123456", "more than 15"},
        {"+44 20 7946 0123 x12", "extension"},
        {"+0442079460123", "begins with 0"},
        {"000442079460123", "begins with 0"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail = {""};
        struct phone phone;

        assert_false(phone_normalise(str_from(cases[i].text), (struct region){"GB"}, &phone, &detail));
        if (strstr(detail.text, cases[i].reason) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, detail.text, cases[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_loaded_is_tried_once),
        cmocka_unit_test(without_it_a_country_code_and_digits_make_a_number),
        cmocka_unit_test(without_it_no_number_is_guessed),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
