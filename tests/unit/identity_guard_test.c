#include "unit.h"

#include "identity/guard.c"

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

static void an_offices_mailbox_is_known_however_it_is_spelt(void **state)
{
    static const char *const offices[] = {
        "info@x.example",    "INFO@x.example",     "sales+eu@x.example",     "no-reply@x.example",
        "noreply@x.example", "no.reply@x.example", "do_not_reply@x.example", "customer.service@x.example",
        "hr@x.example",      "i.n.f.o@x.example",  "contact@gmail.com",      "abuse@x.example",
        "www@x.example",     "it+@x.example",      "support-team@x.example"};
    static const char *const people[] = {"",
                                         "chloe@x.example",
                                         "h.r@x.example",
                                         "info.walker@x.example",
                                         "informer@x.example",
                                         "chloe.info@x.example",
                                         "chloe+info@x.example",
                                         "salesman@x.example",
                                         "mark.eting.x@x.example",
                                         "+info@x.example",
                                         "@x.example",
                                         "a@info.example",
                                         "a-very-long-name-that-is-no-role-at-all@x.example"};

    (void)state;
    for (size_t i = 0; i < LEN(offices); i++) {
        if (!is_role_mailbox(str_from(offices[i])))
            fail_msg("%s", offices[i]);
    }
    for (size_t i = 0; i < LEN(people); i++) {
        if (is_role_mailbox(str_from(people[i])))
            fail_msg("%s", people[i]);
    }
}

static void the_roles_are_sorted_and_short_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(roles); i++) {
        assert_true(i == 0 || strcmp(roles[i - 1], roles[i]) < 0);
        assert_true(strlen(roles[i]) <= ROLE_BYTES_MAX);
        assert_int_equal(strspn(roles[i], "abcdefghijklmnopqrstuvwxyz"), strlen(roles[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masked_values_are_seen),
        cmocka_unit_test(an_offices_mailbox_is_known_however_it_is_spelt),
        cmocka_unit_test(the_roles_are_sorted_and_short_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
