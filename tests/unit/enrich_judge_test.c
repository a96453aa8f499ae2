#include "unit.h"

#include "enrich/judge.h"

static const struct {
    enum channel channel;
    const char *value, *company_domain;
    enum outcome outcome;
    const char *normal;
} cases[] = {
    {CHANNEL_WORK_EMAIL, "", "", OUTCOME_MISS, NULL},
    {CHANNEL_WORK_EMAIL, " Ann@ACME.example ", "", OUTCOME_HIT, "Ann@acme.example"},
    {CHANNEL_WORK_EMAIL, "ann@acme.example", "acme.example", OUTCOME_HIT, "ann@acme.example"},
    {CHANNEL_WORK_EMAIL, "ann@eu.acme.example", "acme.example", OUTCOME_HIT, "ann@eu.acme.example"},
    {CHANNEL_WORK_EMAIL, "ann@notacme.example", "acme.example", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "ann@acme.example.evil.example", "acme.example", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "ann@other.example", "acme.example", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "ann@gmail.com", "", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "a***@acme.example", "", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "email_not_unlocked@domain.com", "", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "ann at acme", "", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "N/A", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PERSONAL_EMAIL, "ann@gmail.com", "acme.example", OUTCOME_HIT, "ann@gmail.com"},
    {CHANNEL_PERSONAL_EMAIL, "ann@post.example", "acme.example", OUTCOME_HIT, "ann@post.example"},
    {CHANNEL_PERSONAL_EMAIL, "ann", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "+44 (0)20 7946-0001", "", OUTCOME_HIT, "+442079460001"},
    {CHANNEL_PHONE, "020 7946 0001", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "+44 20 XXXX 0001", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "", "", OUTCOME_MISS, NULL},
    {CHANNEL_LINKEDIN_URL, "www.linkedin.com/in/Ann-Lee/?trk=x", "", OUTCOME_HIT, "https://linkedin.com/in/ann-lee"},
    {CHANNEL_LINKEDIN_URL, "https://linkedin.com/company/acme", "", OUTCOME_INVALID, NULL},
    {CHANNEL_LINKEDIN_URL, "https://acme.example/in/ann", "", OUTCOME_INVALID, NULL},
};

static void a_value_is_a_hit_only_when_it_is_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct provider_value value = {.value = str_from(cases[i].value), .confidence_ppm = 500000};
        const struct hints hints = {.of = {[HINT_COMPANY_DOMAIN] = str_from(cases[i].company_domain)}};
        struct identity_text normal;
        enum outcome outcome = judge_value(cases[i].channel, &value, &hints, 0, &normal);

        if (outcome != cases[i].outcome)
            fail_msg("\"%s\" is %s", cases[i].value, outcome_name(outcome));
        if (cases[i].normal != NULL)
            assert_str_is(identity_str(&normal), cases[i].normal);
    }
}

static void confidence_is_compared_to_the_millionth(void **state)
{
    static const struct {
        int64_t has, wanted;
        enum outcome outcome;
    } confidences[] = {{0, 0, OUTCOME_HIT},
                       {899999, 900000, OUTCOME_BELOW_CONFIDENCE},
                       {900000, 900000, OUTCOME_HIT},
                       {1000000, 1000000, OUTCOME_HIT},
                       {0, 1, OUTCOME_BELOW_CONFIDENCE}};
    const struct hints hints = {.of = {STR_NONE}};
    struct identity_text normal;

    (void)state;
    for (size_t i = 0; i < LEN(confidences); i++) {
        const struct provider_value value = {.value = STR("+442079460001"), .confidence_ppm = confidences[i].has};

        assert_int_equal(judge_value(CHANNEL_PHONE, &value, &hints, confidences[i].wanted, &normal),
                         confidences[i].outcome);
    }
}

static void what_is_unusable_is_invalid_whatever_its_confidence(void **state)
{
    const struct provider_value value = {.value = STR("none"), .confidence_ppm = 0};
    const struct hints hints = {.of = {STR_NONE}};
    struct identity_text normal;

    (void)state;
    assert_int_equal(judge_value(CHANNEL_PHONE, &value, &hints, 900000, &normal), OUTCOME_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_a_hit_only_when_it_is_usable),
        cmocka_unit_test(confidence_is_compared_to_the_millionth),
        cmocka_unit_test(what_is_unusable_is_invalid_whatever_its_confidence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
