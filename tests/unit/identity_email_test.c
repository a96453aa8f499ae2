#include "unit.h"

#include "identity/identity.h"

static void expect_email(const char *text, const char *expected)
{
    struct identity_text out;
    struct err_detail detail = {""};

    if (!email_normalise(str_from(text), &out, &detail))
        fail_msg("%s was refused: %s", text, detail.text);
    assert_string_equal(out.text, expected);
    assert_int_equal(out.len, strlen(expected));
}

static void expect_refused(struct str text, const char *reason)
{
    struct identity_text out;
    struct err_detail detail = {""};

    if (email_normalise(text, &out, &detail))
        fail_msg("%.*s was taken as %s", STR_ARG(text), out.text);
    if (strstr(detail.text, reason) == NULL)
        fail_msg("%.*s: \"%s\" does not say \"%s\"", STR_ARG(text), detail.text, reason);
    assert_false(email_normalise(text, &out, NULL));
}

static void the_domain_is_lower_case_and_the_local_part_stays(void **state)
{
    (void)state;
    expect_email("Chloe.Walker@WestmarkRobotics.COM", "Chloe.Walker@westmarkrobotics.com");
    expect_email(" \t a@b.example\r\n", "a@b.example");
    expect_email("a+tag_1-2!#$%&'*/=?^`{|}~@b.example", "a+tag_1-2!#$%&'*/=?^`{|}~@b.example");
    expect_email("a@b.example.", "a@b.example");
    expect_email("a@123.example", "a@123.example");
    expect_email("a@b.xn--p1ai", "a@b.xn--p1ai");
}

static void an_international_domain_becomes_ascii(void **state)
{
    (void)state;
    expect_email("a@exämple.org", "a@xn--exmple-cua.org");
    expect_email("a@EXÄMPLE.org", "a@xn--exmple-cua.org");
    expect_email("a@exa\xcc\x88mple.org", "a@xn--exmple-cua.org"); /* a and a combining diaeresis */
    expect_email("a@faß.de", "a@xn--fa-hia.de");
    expect_email("a@例え。テスト", "a@xn--r8jz45g.xn--zckzah");
    expect_email("a@ｅｘａｍｐｌｅ.com", "a@example.com");
}

static void what_is_no_email_is_refused_with_the_reason(void **state)
{
    char long_local[80];
    char long_domain[400];
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "has an @"},
        {"example.com", "has an @"},
        {"@example.com", "before the @"},
        {"a@", "empty"},
        {"a@b", "no dot"},
        {"a@b..example", "empty part"},
        {"a@.example", "empty part"},
        {"a@b.example..", "empty part"},
        {"a@b.", "no dot"},
        {".a@b.example", "begins with a dot"},
        {"a.@b.example", "ends with a dot"},
        {"a..b@c.example", "two in a row"},
        {"\"quoted x\"@ex.org", "Quoted"},
        {"ü@exämple.org", "Only ASCII"},
        {"Ann <a@b.example>", "before the @"},
        {"a b@c.example", "before the @"},
        {"a@b@c.example", "before the @"},
        {"a@b c.example", "character"},
        {"a@b_c.example", "character"},
        {"a@-b.example", "hyphen"},
        {"a@b-.example", "hyphen"},
        {"a@[127.0.0.1]", "IP address"},
        {"a@127.0.0.1", "IP address"},
        {"a@1.2.3.4.", "IP address"},
        {"a@0x7f.0.0.0x1", "IP address"},
        {"a@1.0x7f000001", "IP address"},
        {"a@b.0x", "IP address"},
        {"a@example.123", "IP address"},
        {"a@１２７.０.０.１", "IP address"},
        {"a@2130706433", "no dot"},
        {"a@::1", "IP address"},
        {"a@b.example:25", "character"},
        {"a@b.example/c", "character"},
        {"a@\xff\xfe.example", "internationalised"},
        {"a@ex\xc3\xa4mple_x.org", "o"}, /* whichever reason: an underscore must not pass */
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        expect_refused(str_from(cases[i].text), cases[i].reason);
    expect_refused(STR("a\0b@c.example"), "before the @");
    expect_refused(STR("a@b\0c.example"), "character");
    expect_refused(STR("a@\xc3\xa4\0c.example"), "NUL");

    memset(long_local, 'a', sizeof long_local);
    memcpy(long_local + 64, "@b.example", 11);
    expect_email(long_local, long_local);
    memset(long_local, 'a', sizeof long_local);
    memcpy(long_local + 65, "@b.example", 11);
    expect_refused(str_from(long_local), "64");

    strcpy(long_domain, "a@");
    memset(long_domain + 2, 'b', 64);
    strcpy(long_domain + 66, ".example");
    expect_refused(str_from(long_domain), "63");
    for (size_t i = 0; i < sizeof long_domain; i++)
        long_domain[i] = i == 1 ? '@' : i % 2 == 0 ? 'a' : '.';
    expect_refused((struct str){long_domain, 1 + 1 + 255}, "253");
    expect_refused((struct str){long_domain, 1 + 1 + 253}, "254");
}

static void two_spellings_have_one_key(void **state)
{
    struct identity_text a, b;

    (void)state;
    assert_true(email_key(STR("Chloe.Walker@Example.com"), &a, NULL));
    assert_true(email_key(STR(" chloe.walker@EXAMPLE.COM. "), &b, NULL));
    assert_string_equal(a.text, "chloe.walker@example.com");
    assert_string_equal(a.text, b.text);
    assert_false(email_key(STR("nobody"), &a, NULL));
}

static void the_domain_is_what_follows_the_last_at(void **state)
{
    (void)state;
    assert_true(str_is(email_domain(STR("a@b.example")), STR("b.example")));
    assert_int_equal(email_domain(STR("nobody")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_domain_is_lower_case_and_the_local_part_stays),
        cmocka_unit_test(an_international_domain_becomes_ascii),
        cmocka_unit_test(what_is_no_email_is_refused_with_the_reason),
        cmocka_unit_test(two_spellings_have_one_key),
        cmocka_unit_test(the_domain_is_what_follows_the_last_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
