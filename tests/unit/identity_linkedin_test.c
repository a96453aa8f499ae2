#include "unit.h"

#include "identity/identity.h"

static void every_spelling_of_a_profile_has_one_form(void **state)
{
    static const struct {
        const char *text;
        const char *slug;
    } cases[] = {
        {"https://linkedin.com/in/chloewalker", "chloewalker"},
        {"HTTPS://WWW.LinkedIn.com/in/ChloeWalker/", "chloewalker"},
        {"http://uk.linkedin.com/in/chloewalker?trk=x", "chloewalker"},
        {"m.linkedin.com/in/chloewalker#frag", "chloewalker"},
        {"www.linkedin.com/in/chloewalker/en?trk=a&b=/c#d?e", "chloewalker"},
        {"//linkedin.com/in/chloewalker", "chloewalker"},
        {"linkedin.com/in/chloewalker/overlay/contact-info/", "chloewalker"},
        {"linkedin.com:443/IN//chloewalker", "chloewalker"},
        {"https://www.linkedin.com/mwlite/in/chloewalker", "chloewalker"},
        {"https://www.linkedin.com/comm/in/chloewalker?lipi=urn", "chloewalker"},
        {"  https://linkedin.com./in/chloe-walker-1a2b  ", "chloe-walker-1a2b"},
        {"linkedin.com/in/J%C3%A9r%c3%b4me", "j%c3%a9r%c3%b4me"},
        {"linkedin.com/in/jérôme", "j%c3%a9r%c3%b4me"},
        {"linkedin.com/in/%41nna%2Db", "anna-b"},
        {"linkedin.com/in/a_b.c~d'e", "a_b.c~d'e"},
    };
    struct identity_text out;
    struct err_detail detail;
    char expected[256];

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        if (!linkedin_normalise(str_from(cases[i].text), &out, &detail))
            fail_msg("%s was refused: %s", cases[i].text, detail.text);
        strcpy(expected, "https://linkedin.com/in/");
        strcat(expected, cases[i].slug);
        assert_string_equal(out.text, expected);
        assert_int_equal(out.len, strlen(expected));
    }
}

static void what_is_no_profile_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "no LinkedIn address"},
        {"chloewalker", "no LinkedIn address"},
        {"in/chloewalker", "no LinkedIn address"},
        {"https://example.com/in/chloewalker", "not under linkedin.com"},
        {"https://notlinkedin.com/in/chloewalker", "not under linkedin.com"},
        {"https://linkedin.com.evil.example/in/chloewalker", "not under linkedin.com"},
        {"https://linkedin.com@evil.example/in/chloewalker", "not under linkedin.com"},
        {"https://evil.example\\@linkedin.com/in/chloewalker", "not under linkedin.com"},
        {"ftp://linkedin.com/in/chloewalker", "https://"},
        {"https://lnkd.in/abc", "short link"},
        {"https://linkedin.com/company/westmark", "a company's page"},
        {"https://www.linkedin.com/showcase/westmark", "a company's page"},
        {"https://www.linkedin.com/school/mit", "a school's page"},
        {"https://www.linkedin.com/jobs/view/1", "a job's page"},
        {"https://www.linkedin.com/groups/1", "a group's page"},
        {"https://www.linkedin.com/posts/x", "a post"},
        {"https://www.linkedin.com/sales/lead/1", "Sales Navigator"},
        {"https://www.linkedin.com/pub/jane-doe/1/2a/3b4", "old public profile"},
        {"https://www.linkedin.com/", "no person's profile"},
        {"https://www.linkedin.com", "no person's profile"},
        {"https://www.linkedin.com?x=/in/chloewalker", "no person's profile"},
        {"https://www.linkedin.com/in/", "missing"},
        {"https://www.linkedin.com/in/?x", "missing"},
        {"https://www.linkedin.com/in/a b", "character"},
        {"https://www.linkedin.com/in/a%2Fb", "character"},
        {"https://www.linkedin.com/in/a%00b", "character"},
        {"https://www.linkedin.com/in/a%4", "character"},
        {"https://www.linkedin.com/in/a%zz", "character"},
        {"https://www.linkedin.com/in/a%", "character"},
        {"https://www.linkedin.com/in/a<b", "character"},
    };
    struct identity_text out;
    struct err_detail detail;
    char text[400] = "linkedin.com/in/";

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        if (linkedin_normalise(str_from(cases[i].text), &out, &detail))
            fail_msg("%s was taken as %s", cases[i].text, out.text);
        if (strstr(detail.text, cases[i].reason) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, detail.text, cases[i].reason);
    }
    memset(text + 16, 'a', 300);
    assert_false(linkedin_normalise(str_from(text), &out, NULL));
    assert_true(linkedin_normalise((struct str){text, 16 + 170}, &out, NULL));
    assert_true(out.len <= LINKEDIN_BYTES_MAX);
}

/* A key in the store must not change when it is read again. */
static void a_normal_form_stays_what_it_is(void **state)
{
    struct identity_text once, twice;

    (void)state;
    assert_true(linkedin_normalise(STR("linkedin.com/in/J\xc3\xa9r%C3%B4me-%41"), &once, NULL));
    assert_true(linkedin_normalise(identity_str(&once), &twice, NULL));
    assert_string_equal(once.text, twice.text);
}

static void providers_say_a_profile_in_shorter_forms_too(void **state)
{
    static const struct {
        const char *text;
        const char *slug; /* NULL: refused */
    } cases[] = {
        {"https://uk.linkedin.com/in/Mira-Okafor/?trk=x", "mira-okafor"},
        {"linkedin.com/in/mira-okafor", "mira-okafor"},
        {"in/mira-okafor", "mira-okafor"},
        {"/IN/Mira-Okafor/de?x#y", "mira-okafor"},
        {" Mira-Okafor ", "mira-okafor"},
        {"mira_okafor", "mira_okafor"},
        {"j%C3%A9r%C3%B4me", "j%c3%a9r%c3%b4me"},
        {"jérôme", "j%c3%a9r%c3%b4me"},
        {"nonesuch", "nonesuch"},
        {"none-of-the-above-but-a-person", "none-of-the-above-but-a-person"},
        {"", NULL},
        {"-", NULL},
        {"ab", NULL},
        {"None", NULL},
        {"NULL", NULL},
        {"n/a", NULL},
        {"not found", NULL},
        {"Mira Okafor", NULL},
        {"12345678", NULL},
        {"in/", NULL},
        {"company/westmark", NULL},
        {"https://linkedin.com/company/westmark", NULL},
        {"https://acme.example/in/mira", NULL},
        {"acme.example", NULL},
        {"mira@acme.example", NULL},
        {"urn:li:person:1", NULL},
        {"mira<script>", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct identity_text out;
        bool is_taken = linkedin_read(str_from(cases[i].text), &out, NULL);

        if (is_taken != (cases[i].slug != NULL))
            fail_msg("\"%s\"", cases[i].text);
        if (is_taken)
            assert_str_is(str_from_at(identity_str(&out), strlen("https://linkedin.com/in/")), cases[i].slug);
    }
    assert_false(linkedin_read(STR("mira\0okafor"), &(struct identity_text){0}, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_profile_has_one_form),
        cmocka_unit_test(what_is_no_profile_is_refused_with_the_reason),
        cmocka_unit_test(providers_say_a_profile_in_shorter_forms_too),
        cmocka_unit_test(a_normal_form_stays_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
