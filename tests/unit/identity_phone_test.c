#include "unit.h"

#include "identity/phone.h"

static void a_number_becomes_e164_with_its_type(void **state)
{
    static const struct {
        const char *text, *region, *expected;
        enum phone_type type;
    } cases[] = {
        {"+442079460123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {" +44 20 7946 0123 ", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"0044 20 7946 0123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"+44 (0)20 7946-0123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"+44 (0) 20/7946.0123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"+44 020 7946 0123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"(+44) 20 7946 0123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"tel:+44-20-7946-0123", "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"+1 (415) 555-0123", "", "+14155550123", PHONE_TYPE_NONE}, /* fixed or mobile: nobody can tell */
        {"+61 491 570 006", "", "+61491570006", PHONE_TYPE_MOBILE},
        {"+39 06 698 12345", "", "+390669812345", PHONE_TYPE_LANDLINE}, /* Italy keeps the zero */
        {"+39 (0)6 698 12345", "", "+390669812345", PHONE_TYPE_LANDLINE},
        {"+800 1234 5678", "", "+80012345678", PHONE_TYPE_NONE}, /* of no country */
        {"+44\xc2\xa0"
         "20 7946\xe2\x80\x91"
         "0123",
         "", "+442079460123", PHONE_TYPE_LANDLINE},
        {"020 7946 0123", "GB", "+442079460123", PHONE_TYPE_LANDLINE},
        {"(415) 555-0123", "US", "+14155550123", PHONE_TYPE_NONE},
        {"1-415-555-0123", "US", "+14155550123", PHONE_TYPE_NONE},
        {"011 44 20 7946 0123", "US", "+442079460123", PHONE_TYPE_LANDLINE},
        {"44 20 7946 0123", "GB", "+442079460123", PHONE_TYPE_LANDLINE},
        {"0491 570 006", "AU", "+61491570006", PHONE_TYPE_MOBILE},
        {"+442079460123", "US", "+442079460123", PHONE_TYPE_LANDLINE},
        {"+442079460123", "ZZ", "+442079460123", PHONE_TYPE_LANDLINE},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail;
        struct phone phone;

        if (!phone_normalise(str_from(cases[i].text), region_from(str_from(cases[i].region)), &phone, &detail))
            fail_msg("%s was refused: %s", cases[i].text, detail.text);
        assert_string_equal(phone.e164.text, cases[i].expected);
        assert_int_equal(phone.e164.len, strlen(cases[i].expected));
        assert_int_equal(phone.type, cases[i].type);
        assert_true(
            phone_normalise(identity_str(&phone.e164), (struct region){""}, &phone, NULL)); /* stays what it is */
        assert_string_equal(phone.e164.text, cases[i].expected);
    }
}

static void what_is_no_phone_number_is_refused(void **state)
{
    static const struct {
        const char *text, *region, *reason;
    } cases[] = {
        {"", "", "country code"},
        {"020 7946 0123", "", "country code"},
        {"(415) 555-0123", "", "country code"},
        {"415 555 0123", "ZZ", "country code"},
        {"+999 20 7946 0123", "", "country code"},
        {"+0442079460123", "", "country code"},
        {"+1 555 010 0123", "", "no such"}, /* there is no area 555 */
        {"+44 20 7946 01234", "", "no such"},
        {"+44 20 7946", "", "no such"},
        {"+442079460123", "", NULL},
        {"020 7946 0123", "US", "no such"},
        {"+", "", "no such"},
        {"", "GB", "no such"},
        {"1", "GB", "no such"},
        {"+12345678901234567890", "", "no such"},
        {"+123456789012345678901", "", "more than 15"},
        {"+44 20 7946 0123 x12", "", "extension"},
        {"+44 20 7946 0123 ext. 12", "", "extension"},
        {"+1 800 FLOWERS", "", "character"},
        {"++44 20 7946 0123", "", "character"},
        {"+44 20 7946 +0123", "", "character"},
        {"+44 *** 23", "", "character"},
        {"+\xc2", "", "character"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail = {""};
        struct phone phone;
        bool is_taken =
            phone_normalise(str_from(cases[i].text), region_from(str_from(cases[i].region)), &phone, &detail);

        if (is_taken != (cases[i].reason == NULL))
            fail_msg("%s", cases[i].text);
        if (!is_taken && strstr(detail.text, cases[i].reason) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, detail.text, cases[i].reason);
    }
}

static void a_nul_is_no_part_of_a_number(void **state)
{
    struct phone phone;

    (void)state;
    assert_false(phone_normalise(STR("+44\0"
                                     "2079460123"),
                                 (struct region){""}, &phone, NULL));
}

static void a_region_is_two_letters(void **state)
{
    static const char *const none[] = {"", "G", "GBR", "1A", "A-", "\xc3\x84"};

    (void)state;
    assert_string_equal(region_from(STR("gb")).letters, "GB");
    assert_string_equal(region_from(STR("De")).letters, "DE");
    assert_string_equal(region_from(STR("uk")).letters, "GB");
    for (size_t i = 0; i < LEN(none); i++)
        assert_string_equal(region_from(str_from(none[i])).letters, "");
}

static void a_domain_under_a_countrys_top_level_has_a_region(void **state)
{
    static const struct {
        const char *domain, *region;
    } cases[] = {
        {"acme.de", "DE"},     {"acme.co.uk", "GB"},   {"mail.acme.fr", "FR"},
        {"acme.com.au", "AU"}, {"acme.us", "US"},      {"acme.in", "IN"},
        {"acme.com", ""},      {"acme.example", ""},   {"acme.io", ""},
        {"acme.co", ""},       {"acme.ai", ""},        {"acme.me", ""},
        {"acme.tv", ""},       {"acme.ac", ""},        {"acme.ws", ""},
        {"acme.xn--p1ai", ""}, {"sc.acme.museum", ""}, {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_string_equal(region_of_domain(str_from(cases[i].domain)).letters, cases[i].region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_becomes_e164_with_its_type),
        cmocka_unit_test(what_is_no_phone_number_is_refused),
        cmocka_unit_test(a_nul_is_no_part_of_a_number),
        cmocka_unit_test(a_region_is_two_letters),
        cmocka_unit_test(a_domain_under_a_countrys_top_level_has_a_region),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
