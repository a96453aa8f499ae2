#include "unit.h"

#include "identity/identity.h"

static void punctuation_goes_and_e164_stays(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"+442079460123", "+442079460123"},
        {" +44 20 7946 0123 ", "+442079460123"},
        {"0044 20 7946 0123", "+442079460123"},
        {"+44 (0)20 7946-0123", "+442079460123"},
        {"+44 (0) 20/7946.0123", "+442079460123"},
        {"(+44) 20 7946 0123", "+442079460123"},
        {"tel:+44-20-7946-0123", "+442079460123"},
        {"+1 (415) 555-0123", "+14155550123"},
        {"+44\xc2\xa0"
         "20 7946\xe2\x80\x91"
         "0123",
         "+442079460123"},
        {"+1234567", "+1234567"},
        {"+123456789012345", "+123456789012345"},
    };
    struct identity_text out;
    struct err_detail detail;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        if (!phone_normalise(str_from(cases[i].text), &out, &detail))
            fail_msg("%s was refused: %s", cases[i].text, detail.text);
        assert_string_equal(out.text, cases[i].expected);
        assert_int_equal(out.len, strlen(cases[i].expected));
    }
}

static void what_is_no_phone_number_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "country code"},
        {"020 7946 0123", "country code"},
        {"(415) 555-0123", "country code"},
        {"12", "country code"},
        {"+123456", "fewer than 7"},
        {"+", "fewer than 7"},
        {"+1234567890123456", "more than 15"},
        {"+44 20 7946 0123 x12", "extension"},
        {"+44 20 7946 0123 ext. 12", "extension"},
        {"++44 20 7946 0123", "character"},
        {"+44 20 7946 +0123", "character"},
        {"+44 *** 23", "character"},
        {"+0442079460123", "begins with 0"},
        {"000442079460123", "begins with 0"},
        {"+\xc2", "character"},
    };
    struct identity_text out;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail = {""};

        if (phone_normalise(str_from(cases[i].text), &out, &detail))
            fail_msg("%s was taken as %s", cases[i].text, out.text);
        if (strstr(detail.text, cases[i].reason) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, detail.text, cases[i].reason);
    }
    assert_false(phone_normalise(STR("+44\0"
                                     "2079460123"),
                                 &out, NULL));
}

static void masked_values_are_seen(void **state)
{
    static const char *const masked[] = {"c***@x.example",
                                         "+44 *** 23",
                                         "+1555****23",
                                         "+44 20 7946 XXXX",
                                         "c\xe2\x80\xa2\xe2\x80\xa2@x.example",
                                         "email_not_unlocked@domain.com"};
    static const char *const plain[] = {
        "", "chloe@x.example", "xx@maxx.example", "1xx@x.example", "+442079460123", "https://linkedin.com/in/xxavier"};

    (void)state;
    for (size_t i = 0; i < LEN(masked); i++)
        assert_true(is_masked(str_from(masked[i])));
    for (size_t i = 0; i < LEN(plain); i++)
        assert_false(is_masked(str_from(plain[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(punctuation_goes_and_e164_stays),
        cmocka_unit_test(what_is_no_phone_number_is_refused),
        cmocka_unit_test(masked_values_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
