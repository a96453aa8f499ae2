#include "unit.h"

#include "store/segment.h"

static void expect_domain(const char *domain, const char *name)
{
    assert_str_is(segment_name(segment_of_domain(str_from(domain))), name);
}

static void a_country_code_is_a_segment(void **state)
{
    (void)state;
    expect_domain("acme.de", "de");
    expect_domain("www.acme.co.uk", "uk");
    expect_domain("acme.ad", "ad"); /* the first, and the last */
    expect_domain("acme.zw", "zw");
}

static void endings_that_are_sold_to_anybody_are_generic(void **state)
{
    static const char *const domains[] = {"acme.com", "acme.example", "acme.io", "acme.ai", "acme.co",
                                          "acme.me",  "acme.tv",      "acme.zz", "acme.x",  "acme"};

    (void)state;
    for (size_t i = 0; i < LEN(domains); i++)
        expect_domain(domains[i], "generic");
}

static void without_a_domain_it_is_unknown(void **state)
{
    (void)state;
    expect_domain("", "");
    assert_int_equal(segment_of_email(STR_NONE), SEGMENT_UNKNOWN);
    assert_int_equal(segment_of_email(STR("nobody")), SEGMENT_UNKNOWN);
}

static void an_email_has_the_segment_of_its_domain(void **state)
{
    (void)state;
    assert_str_is(segment_name(segment_of_email(STR("ann@acme.fr"))), "fr");
    assert_int_equal(segment_of_email(STR("ann@acme.example")), SEGMENT_GENERIC);
}

static void every_name_reads_back_and_others_do_not(void **state)
{
    static const char *const wrong[] = {"com", "d", "xx", "io", "DE", "de "};
    uint8_t segment;
    size_t count = 0;

    (void)state;
    for (char x = 'a'; x <= 'z'; x++) {
        for (char y = 'a'; y <= 'z'; y++) {
            const char code[2] = {x, y};
            const struct str name = {code, 2};

            if (!segment_from(name, &segment))
                continue;
            assert_true(str_is(segment_name(segment), name));
            count++;
        }
    }
    assert_in_range(count, 190, 230);
    assert_true(segment_from(STR("generic"), &segment) && segment == SEGMENT_GENERIC);
    assert_true(segment_from(STR(""), &segment) && segment == SEGMENT_UNKNOWN);
    for (size_t i = 0; i < LEN(wrong); i++)
        assert_false(segment_from(str_from(wrong[i]), &segment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_country_code_is_a_segment),
        cmocka_unit_test(endings_that_are_sold_to_anybody_are_generic),
        cmocka_unit_test(without_a_domain_it_is_unknown),
        cmocka_unit_test(an_email_has_the_segment_of_its_domain),
        cmocka_unit_test(every_name_reads_back_and_others_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
