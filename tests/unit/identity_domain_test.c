#include "unit.h"

#include "identity/domain.c"

static void what_people_paste_becomes_the_bare_domain(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"westmarkrobotics.com", "westmarkrobotics.com"},
        {" WWW.WestmarkRobotics.com. ", "westmarkrobotics.com"},
        {"https://www.westmarkrobotics.com/about?x=1#y", "westmarkrobotics.com"},
        {"http://user:secret@westmarkrobotics.com:8080/", "westmarkrobotics.com"},
        {"//westmarkrobotics.com", "westmarkrobotics.com"},
        {"westmarkrobotics.com:443", "westmarkrobotics.com"},
        {"westmarkrobotics.com?x", "westmarkrobotics.com"},
        {"chloe@westmarkrobotics.com", "westmarkrobotics.com"},
        {"shop.westmarkrobotics.co.uk", "shop.westmarkrobotics.co.uk"},
        {"www.com", "www.com"},
        {"www.www.example", "www.example"},
        {"www.www.a.example", "a.example"},
        {"wwwx.example", "wwwx.example"},
        {"bücher.example", "xn--bcher-kva.example"},
        {"www.BÜCHER.example", "xn--bcher-kva.example"},
    };
    struct identity_text out, again;
    struct err_detail detail;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        if (!domain_normalise(str_from(cases[i].text), &out, &detail))
            fail_msg("%s was refused: %s", cases[i].text, detail.text);
        assert_string_equal(out.text, cases[i].expected);
        assert_int_equal(out.len, strlen(cases[i].expected));
        assert_true(domain_normalise(identity_str(&out), &again, NULL));
        assert_string_equal(again.text, out.text); /* a key in the store must not change when read again */
    }
}

static void what_is_no_domain_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "localhost",
        "westmark",
        "http://",
        "https:///path",
        "127.0.0.1",
        "http://127.1/",
        "[::1]",
        "http://[::1]:80/",
        "::1",
        "0x7f.1",
        "a.b.0x1f",
        "2130706433",
        "a..example",
        ".example.com",
        "-a.example",
        "a-.example",
        "a_b.example",
        "a b.example",
        "a.example:x",
        "a.123",
        "mailto:a.example",
        "a.example:80:81",
        "%61.example",
        "a.example\x01",
    };
    struct identity_text out;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct err_detail detail = {""};

        if (domain_normalise(str_from(cases[i]), &out, &detail))
            fail_msg("%s was taken as %s", cases[i], out.text);
        assert_true(strlen(detail.text) > 20);
    }
    assert_false(domain_normalise(STR("a.example\0.com"), &out, NULL));
    assert_false(domain_normalise(STR_NONE, &out, NULL));
}

static void the_longest_domain_has_253_characters(void **state)
{
    struct identity_text out;
    char text[256];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 63; i < sizeof text; i += 64)
        text[i] = '.';
    assert_true(domain_normalise((struct str){text, 253}, &out, NULL));
    assert_false(domain_normalise((struct str){text, 254}, &out, NULL));
    text[253] = '.';
    assert_true(domain_normalise((struct str){text, 254}, &out, NULL));
    assert_int_equal(out.len, 253);
}

static void free_mailboxes_are_known(void **state)
{
    static const char *const some[] = {"126.com",        "gmail.com",     "outlook.com", "zoho.com",
                                       "t-online.de",    "qq.com",        "yahoo.com",   "yahoo.com.br",
                                       "googlemail.com", "hotmail.co.uk", "web.de"};
    static const char *const others[] = {"",
                                         "gmail",
                                         "gmail.co",
                                         "gmail.com.evil.example",
                                         "westmarkrobotics.com",
                                         "a.gmail.com",
                                         "zzz.example",
                                         "000.example"};

    (void)state;
    for (size_t i = 0; i < LEN(some); i++)
        assert_true(is_free_mail_domain(str_from(some[i])));
    for (size_t i = 1; i < LEN(free_mail_domains); i++)
        assert_true(strcmp(free_mail_domains[i - 1], free_mail_domains[i]) < 0);
    for (size_t i = 0; i < LEN(others); i++)
        assert_false(is_free_mail_domain(str_from(others[i])));
}

static void a_domain_is_under_itself_and_its_parents(void **state)
{
    (void)state;
    assert_true(domain_is_under(STR("linkedin.com"), STR("linkedin.com")));
    assert_true(domain_is_under(STR("uk.linkedin.com"), STR("linkedin.com")));
    assert_false(domain_is_under(STR("notlinkedin.com"), STR("linkedin.com")));
    assert_false(domain_is_under(STR("com"), STR("linkedin.com")));
    assert_false(domain_is_under(STR("linkedin.com"), STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_paste_becomes_the_bare_domain), cmocka_unit_test(what_is_no_domain_is_refused),
        cmocka_unit_test(the_longest_domain_has_253_characters),     cmocka_unit_test(free_mailboxes_are_known),
        cmocka_unit_test(a_domain_is_under_itself_and_its_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
