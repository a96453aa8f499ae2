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
    {CHANNEL_WORK_EMAIL, "info@acme.example", "", OUTCOME_INVALID, NULL},
    {CHANNEL_WORK_EMAIL, "Sales+EU@acme.example", "acme.example", OUTCOME_INVALID, NULL},
    {CHANNEL_PERSONAL_EMAIL, "no-reply@gmail.com", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PERSONAL_EMAIL, "ann@gmail.com", "acme.example", OUTCOME_HIT, "ann@gmail.com"},
    {CHANNEL_PERSONAL_EMAIL, "ann@post.example", "acme.example", OUTCOME_HIT, "ann@post.example"},
    {CHANNEL_PERSONAL_EMAIL, "ann", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "+44 (0)20 7946-0001", "", OUTCOME_HIT, "+442079460001"},
    {CHANNEL_PHONE, "020 7946 0001", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "020 7946 0001", "acme.co.uk", OUTCOME_HIT, "+442079460001"},
    {CHANNEL_PHONE, "020 7946 0001", "acme.co", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "+44 1632 960001", "", OUTCOME_INVALID, NULL}, /* an area that does not exist */
    {CHANNEL_PHONE, "+44 20 XXXX 0001", "", OUTCOME_INVALID, NULL},
    {CHANNEL_PHONE, "", "", OUTCOME_MISS, NULL},
    {CHANNEL_LINKEDIN_URL, "www.linkedin.com/in/Ann-Lee/?trk=x", "", OUTCOME_HIT, "https://linkedin.com/in/ann-lee"},
    {CHANNEL_LINKEDIN_URL, "in/Ann-Lee", "", OUTCOME_HIT, "https://linkedin.com/in/ann-lee"},
    {CHANNEL_LINKEDIN_URL, "ann-lee", "", OUTCOME_HIT, "https://linkedin.com/in/ann-lee"},
    {CHANNEL_LINKEDIN_URL, "unknown", "", OUTCOME_INVALID, NULL},
    {CHANNEL_LINKEDIN_URL, "https://linkedin.com/company/acme", "", OUTCOME_INVALID, NULL},
    {CHANNEL_LINKEDIN_URL, "https://acme.example/in/ann", "", OUTCOME_INVALID, NULL},
};

static void a_value_is_a_hit_only_when_it_is_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct provider_value value = {.value = str_from(cases[i].value), .confidence_ppm = 500000};
        const struct hints hints = {.of = {[HINT_COMPANY_DOMAIN] = str_from(cases[i].company_domain)}};
        struct judged judged;
        enum outcome outcome = judge_value(cases[i].channel, &value, &hints, 0, &judged);

        if (outcome != cases[i].outcome)
            fail_msg("\"%s\" is %s", cases[i].value, outcome_name(outcome));
        if (cases[i].normal != NULL)
            assert_str_is(identity_str(&judged.value), cases[i].normal);
    }
}

static void an_undeliverable_email_is_none_and_every_other_status_is_kept(void **state)
{
    const struct hints hints = {.of = {STR_NONE}};

    (void)state;
    for (unsigned i = EMAIL_STATUS_NONE; i < EMAIL_STATUS_COUNT; i++) {
        const struct provider_value value = {
            .value = STR("ann@acme.example"), .confidence_ppm = 1, .traits = {.email_status = (uint8_t)i}};
        struct judged judged;

        for (enum channel channel = CHANNEL_WORK_EMAIL; channel <= CHANNEL_PERSONAL_EMAIL; channel++) {
            assert_int_equal(judge_value(channel, &value, &hints, 0, &judged),
                             i == EMAIL_STATUS_UNDELIVERABLE ? OUTCOME_INVALID : OUTCOME_HIT);
            assert_int_equal(judged.traits.email_status, i);
        }
    }
}

static void a_free_mailbox_given_as_work_serves_as_personal(void **state)
{
    static const struct {
        const char *work, *personal;
        enum channel channel;
        const char *picked;
    } answers[] = {
        {"ann@gmail.com", "", CHANNEL_PERSONAL_EMAIL, "ann@gmail.com"},
        {" Ann@GMAIL.com ", "", CHANNEL_PERSONAL_EMAIL, " Ann@GMAIL.com "},
        {"ann@gmail.com", "ann@post.example", CHANNEL_PERSONAL_EMAIL, "ann@post.example"},
        {"ann@acme.example", "", CHANNEL_PERSONAL_EMAIL, ""},
        {"", "", CHANNEL_PERSONAL_EMAIL, ""},
        {"ann@gmail.com", "", CHANNEL_WORK_EMAIL, "ann@gmail.com"},
        {"", "ann@gmail.com", CHANNEL_WORK_EMAIL, ""},
        {"ann@gmail.com", "", CHANNEL_PHONE, ""},
    };

    (void)state;
    for (size_t i = 0; i < LEN(answers); i++) {
        const struct provider_value values[CHANNEL_COUNT] = {
            [CHANNEL_WORK_EMAIL] = {.value = str_from(answers[i].work)},
            [CHANNEL_PERSONAL_EMAIL] = {.value = str_from(answers[i].personal)}};

        assert_str_is(judge_pick(answers[i].channel, values)->value, answers[i].picked);
    }
}

static void a_number_is_read_as_one_of_the_country_at_hand(void **state)
{
    static const struct {
        const char *region, *company_domain, *email;
        const char *normal; /* NULL: invalid */
    } numbers[] = {
        {"GB", "", "", "+442079460001"},
        {"uk", "acme.de", "", "+442079460001"},
        {"", "acme.co.uk", "", "+442079460001"},
        {"", "", "ann@acme.co.uk", "+442079460001"},
        {"", "acme.uk", "ann@acme.de", "+442079460001"},
        {"", "acme.example", "ann@acme.uk", "+442079460001"},
        {"", "acme.example", "ann@acme.io", NULL},
        {"US", "acme.co.uk", "", NULL},
        {"\xff\x01", "", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LEN(numbers); i++) {
        struct provider_value value = {.value = STR("(020) 7946 0001"), .confidence_ppm = 500000};
        const struct hints hints = {.of = {[HINT_EMAIL] = str_from(numbers[i].email),
                                           [HINT_COMPANY_DOMAIN] = str_from(numbers[i].company_domain)}};
        struct judged judged;
        enum outcome outcome;

        if (numbers[i].region[0] != '\0')
            memcpy(value.region, numbers[i].region, sizeof value.region);
        outcome = judge_value(CHANNEL_PHONE, &value, &hints, 0, &judged);
        if (outcome != (numbers[i].normal == NULL ? OUTCOME_INVALID : OUTCOME_HIT))
            fail_msg("%zu: %s", i, outcome_name(outcome));
        if (numbers[i].normal != NULL)
            assert_str_is(identity_str(&judged.value), numbers[i].normal);
    }
}

static void the_number_tells_its_type_unless_the_provider_did(void **state)
{
    static const struct {
        const char *number;
        enum phone_type said, type;
    } numbers[] = {
        {"+61 491 570 006", PHONE_TYPE_NONE, PHONE_TYPE_MOBILE},
        {"+44 20 7946 0001", PHONE_TYPE_NONE, PHONE_TYPE_LANDLINE},
        {"+1 (415) 555-0123", PHONE_TYPE_NONE, PHONE_TYPE_NONE}, /* there they look alike */
        {"+44 20 7946 0001", PHONE_TYPE_DIRECT, PHONE_TYPE_DIRECT},
        {"+1 (415) 555-0123", PHONE_TYPE_MOBILE, PHONE_TYPE_MOBILE},
    };
    const struct hints hints = {.of = {STR_NONE}};

    (void)state;
    for (size_t i = 0; i < LEN(numbers); i++) {
        const struct provider_value value = {.value = str_from(numbers[i].number),
                                             .confidence_ppm = 500000,
                                             .traits = {.phone_type = (uint8_t)numbers[i].said, .do_not_call = i == 0}};
        struct judged judged;

        assert_int_equal(judge_value(CHANNEL_PHONE, &value, &hints, 0, &judged), OUTCOME_HIT);
        assert_int_equal(judged.traits.phone_type, numbers[i].type);
        assert_int_equal(judged.traits.do_not_call, i == 0);
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
    struct judged judged;

    (void)state;
    for (size_t i = 0; i < LEN(confidences); i++) {
        const struct provider_value value = {.value = STR("+442079460001"), .confidence_ppm = confidences[i].has};

        assert_int_equal(judge_value(CHANNEL_PHONE, &value, &hints, confidences[i].wanted, &judged),
                         confidences[i].outcome);
    }
}

static void what_is_unusable_is_invalid_whatever_its_confidence(void **state)
{
    const struct provider_value value = {.value = STR("none"), .confidence_ppm = 0};
    const struct hints hints = {.of = {STR_NONE}};
    struct judged judged;

    (void)state;
    assert_int_equal(judge_value(CHANNEL_PHONE, &value, &hints, 900000, &judged), OUTCOME_INVALID);
}

static void fields_are_kept_in_their_types_or_not_at_all(void **state)
{
    static const struct {
        unsigned slot;
        const char *value;
        const char *kept; /* NULL: invalid */
    } fields[] = {
        {SLOT_INDUSTRY, " Robotics / Hardware ", "Robotics / Hardware"},
        {SLOT_INDUSTRY, "a\nb", NULL},
        {SLOT_EMPLOYEE_COUNT, "240", "240"},
        {SLOT_EMPLOYEE_COUNT, "0007", "7"},
        {SLOT_EMPLOYEE_COUNT, "0", "0"},
        {SLOT_EMPLOYEE_COUNT, "-1", NULL},
        {SLOT_EMPLOYEE_COUNT, "1,000", NULL},
        {SLOT_EMPLOYEE_COUNT, "1e3", NULL},
        {SLOT_TOTAL_RAISED_USD, "9007199254740991", "9007199254740991"},
        {SLOT_TOTAL_RAISED_USD, "9007199254740992", NULL},
        {SLOT_LAST_FUNDING_DATE, "2024-02-29", "2024-02-29"},
        {SLOT_LAST_FUNDING_DATE, "2025-02-29", NULL},
        {SLOT_LAST_FUNDING_DATE, "2025-9-15", NULL},
        {SLOT_LAST_FUNDING_DATE, "2025-09-15T00:00:00Z", NULL},
        {SLOT_LAST_FUNDING_DATE, "15.09.2025", NULL},
        {SLOT_TECH_STACK, "Snowflake; Okta ;Datadog", "[\"Snowflake\",\"Okta\",\"Datadog\"]"},
        {SLOT_TECH_STACK, "[\"A;B\",\"C\"]", "[\"A;B\",\"C\"]"},
        {SLOT_TECH_STACK, "[\"A\",7]", NULL},
        {SLOT_TECH_STACK, "[]", NULL},
        {SLOT_TECH_STACK, "[\"A\"", NULL},
        {SLOT_TECH_STACK, "A;;B", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LEN(fields); i++) {
        const struct provider_value value = {.value = str_from(fields[i].value), .confidence_ppm = 500000};
        struct buf kept;

        buf_init(&kept, FIELD_LIST_BYTES_MAX + 1);
        if (judge_field(fields[i].slot, &value, 0, &kept) != (fields[i].kept == NULL ? OUTCOME_INVALID : OUTCOME_HIT))
            fail_msg("\"%s\"", fields[i].value);
        if (fields[i].kept != NULL)
            assert_str_is(buf_str(&kept), fields[i].kept);
        buf_deinit(&kept);
    }
}

static void an_endless_list_is_invalid_and_an_unsure_field_below_confidence(void **state)
{
    static char many[3 * FIELD_LIST_BYTES_MAX];
    struct provider_value value = {.value = {many, sizeof many - 1}, .confidence_ppm = 500000};
    struct buf kept;

    (void)state;
    memset(many, 'x', sizeof many - 1);
    for (size_t i = 1; i < sizeof many - 1; i += 2)
        many[i] = ';';
    buf_init(&kept, FIELD_LIST_BYTES_MAX + 1);
    assert_int_equal(judge_field(SLOT_TECH_STACK, &value, 0, &kept), OUTCOME_INVALID);
    buf_clear(&kept);
    value.value = STR("Pumps");
    assert_int_equal(judge_field(SLOT_INDUSTRY, &value, 600000, &kept), OUTCOME_BELOW_CONFIDENCE);
    value.value = STR_NONE;
    assert_int_equal(judge_field(SLOT_INDUSTRY, &value, 600000, &kept), OUTCOME_MISS);
    buf_deinit(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_a_hit_only_when_it_is_usable),
        cmocka_unit_test(an_undeliverable_email_is_none_and_every_other_status_is_kept),
        cmocka_unit_test(a_free_mailbox_given_as_work_serves_as_personal),
        cmocka_unit_test(a_number_is_read_as_one_of_the_country_at_hand),
        cmocka_unit_test(the_number_tells_its_type_unless_the_provider_did),
        cmocka_unit_test(confidence_is_compared_to_the_millionth),
        cmocka_unit_test(what_is_unusable_is_invalid_whatever_its_confidence),
        cmocka_unit_test(fields_are_kept_in_their_types_or_not_at_all),
        cmocka_unit_test(an_endless_list_is_invalid_and_an_unsure_field_below_confidence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
