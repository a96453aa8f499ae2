#include "unit.h"

#include "base/check.h"
#include "workspace/suppression.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t key[SUPPRESSION_KEY_BYTES] = "a key that is as long as it must";

static struct suppressions *make(uint8_t workspace)
{
    return suppressions_new((struct id){{workspace}}, key);
}

static void suppress(struct suppressions *set, enum suppression_kind kind, const char *text)
{
    struct identity_text normal;

    assert_true(suppression_normalise(kind, str_from(text), &normal, NULL));
    suppressions_add(set, suppressions_hash(set, kind, identity_str(&normal)));
}

static bool holds(const struct suppressions *set, enum suppression_kind kind, const char *text)
{
    struct identity_text normal;

    assert_true(suppression_normalise(kind, str_from(text), &normal, NULL));
    return suppressions_hold(set, kind, identity_str(&normal));
}

/* Few homes, so that many share one and the table wraps around. */
static struct suppression_hash crowded(unsigned n)
{
    struct suppression_hash hash = {{0}};

    hash.bytes[0] = (uint8_t)(n % 7 * 37);
    hash.bytes[15] = (uint8_t)(n / 256);
    hash.bytes[14] = (uint8_t)n;
    hash.bytes[13] = 1;
    return hash;
}

static void a_set_has_what_was_added_and_not_removed(void **state)
{
    enum { HASHES = 700, MOVES = 40000 };
    struct suppressions *set = make(1);
    bool model[HASHES] = {false};
    size_t count = 0;

    (void)state;
    srand(20261121);
    for (int move = 0; move < MOVES; move++) {
        unsigned n = (unsigned)rand() % HASHES;

        bool is_adding = rand() % 2 == 0;

        if (is_adding)
            suppressions_add(set, crowded(n));
        else
            suppressions_remove(set, crowded(n));
        count = count + is_adding - model[n];
        model[n] = is_adding;
        assert_int_equal(suppressions_count(set), count);
        if (move % 100 != 0)
            continue;
        for (unsigned i = 0; i < HASHES; i++)
            assert_int_equal(suppressions_have(set, crowded(i)), model[i]);
    }
    assert_true(count > HASHES / 4);
    suppressions_free(&set);
    assert_null(set);
    suppressions_free(&set);
}

static void adding_and_removing_do_what_they_say(void **state)
{
    struct suppressions *set = make(1);
    unsigned epoch = suppressions_epoch(set);

    (void)state;
    assert_false(suppressions_have(set, crowded(5)));
    suppressions_add(set, crowded(5));
    assert_true(suppressions_have(set, crowded(5)));
    assert_int_not_equal(suppressions_epoch(set), epoch);
    epoch = suppressions_epoch(set);
    suppressions_add(set, crowded(5));
    assert_int_equal(suppressions_count(set), 1);
    assert_int_equal(suppressions_epoch(set), epoch);
    suppressions_remove(set, crowded(6));
    assert_int_equal(suppressions_count(set), 1);
    suppressions_remove(set, crowded(5));
    assert_false(suppressions_have(set, crowded(5)));
    assert_int_equal(suppressions_count(set), 0);
    suppressions_add(set, (struct suppression_hash){{0}});
    assert_int_equal(suppressions_count(set), 0);
    suppressions_free(&set);
}

static void an_email_is_held_by_itself_and_by_every_domain_that_it_is_under(void **state)
{
    static const char *const domains[] = {"mail.eu.acme.example", "eu.acme.example", "acme.example"};
    struct suppressions *by_email = make(1);

    (void)state;
    for (size_t i = 0; i < LEN(domains); i++) {
        struct suppressions *set = make(1);

        assert_false(holds(set, SUPPRESSION_EMAIL, "Ann@mail.eu.acme.example"));
        suppress(set, SUPPRESSION_DOMAIN, domains[i]);
        assert_true(holds(set, SUPPRESSION_EMAIL, "Ann@mail.eu.acme.example"));
        assert_true(holds(set, SUPPRESSION_DOMAIN, "www.mail.EU.acme.example"));
        assert_false(holds(set, SUPPRESSION_EMAIL, "ann@notacme.example"));
        assert_int_equal(holds(set, SUPPRESSION_EMAIL, "ann@acme.example"), i == 2);
        suppressions_free(&set);
    }
    suppress(by_email, SUPPRESSION_EMAIL, "ANN@acme.example");
    assert_true(holds(by_email, SUPPRESSION_EMAIL, "ann@ACME.example"));
    assert_false(holds(by_email, SUPPRESSION_EMAIL, "bob@acme.example"));
    assert_false(holds(by_email, SUPPRESSION_DOMAIN, "acme.example"));
    suppressions_free(&by_email);
}

static void every_identity_and_value_of_a_record_can_hold_it(void **state)
{
    static const struct {
        enum suppression_kind kind;
        const char *text;
        struct identity identity;
    } cases[] = {
        {SUPPRESSION_EMAIL, "a@b.example", {IDENTITY_EMAIL, {"a@b.example", 11}, {NULL, 0}}},
        {SUPPRESSION_LINKEDIN, "linkedin.com/in/A", {IDENTITY_LINKEDIN, {"https://linkedin.com/in/a", 25}, {NULL, 0}}},
        {SUPPRESSION_DOMAIN, "b.example", {IDENTITY_PERSON, {"a|x|y|c.b.example", 17}, {NULL, 0}}},
        {SUPPRESSION_DOMAIN, "b.example", {IDENTITY_DOMAIN, {"b.example", 9}, {NULL, 0}}},
        {SUPPRESSION_DOMAIN, "b.example", {IDENTITY_ACCOUNT_DOMAIN, {"c.b.example", 11}, {NULL, 0}}},
    };
    struct identity stranger = {IDENTITY_EMAIL, STR("z@z.example"), STR_NONE};
    struct kept_channel channels[CHANNEL_COUNT] = {[CHANNEL_PHONE] = {.value = STR("+442079460958")}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct identity identities[] = {stranger, cases[i].identity};
        struct record record = {.identities = identities, .identity_count = 2};
        struct suppressions *set = make(1);

        assert_false(suppressions_hold_record(set, &record));
        suppress(set, cases[i].kind, cases[i].text);
        assert_true(suppressions_hold_record(set, &record));
        record.identity_count = 1;
        record.channels = channels;
        assert_false(suppressions_hold_record(set, &record));
        channels[CHANNEL_PERSONAL_EMAIL].value = STR("A@B.example");
        channels[CHANNEL_LINKEDIN_URL].value = STR("https://www.linkedin.com/in/a/");
        assert_true(suppressions_hold_record(set, &record));
        channels[CHANNEL_PERSONAL_EMAIL].value = STR_NONE;
        channels[CHANNEL_LINKEDIN_URL].value = STR_NONE;
        suppressions_free(&set);
    }
}

static void a_hash_belongs_to_its_workspace_kind_and_key(void **state)
{
    static const uint8_t other_key[SUPPRESSION_KEY_BYTES] = "another key";
    struct suppressions *sets[] = {make(1), make(2), suppressions_new((struct id){{1}}, other_key)};
    struct suppression_hash first = suppressions_hash(sets[0], SUPPRESSION_DOMAIN, STR("b.example"));
    struct suppression_hash hash = suppressions_hash(sets[0], SUPPRESSION_EMAIL, STR("b.example"));

    (void)state;
    assert_memory_not_equal(&first, &hash, sizeof hash);
    for (size_t i = 1; i < LEN(sets); i++) {
        hash = suppressions_hash(sets[i], SUPPRESSION_DOMAIN, STR("b.example"));
        assert_memory_not_equal(&first, &hash, sizeof hash);
    }
    for (size_t i = 0; i < LEN(sets); i++)
        suppressions_free(&sets[i]);
}

/* 126 labels: the most that a domain has. */
static void the_longest_domain_has_a_hash_for_each_domain_above_it(void **state)
{
    struct suppression_hash hashes[SUPPRESSION_HASHES_MAX];
    struct suppressions *set = make(1);
    char text[DOMAIN_BYTES_MAX + 3] = "a@";
    size_t len = 2;

    (void)state;
    while (len + 2 < DOMAIN_BYTES_MAX)
        len += (size_t)snprintf(text + len, sizeof text - len, "a.");
    snprintf(text + len, sizeof text - len, "aa");
    assert_int_equal(suppressions_hashes(set, SUPPRESSION_EMAIL, str_from(text), hashes), 1 + (len - 2) / 2);
    assert_int_equal(suppressions_hashes(set, SUPPRESSION_LINKEDIN, STR("https://linkedin.com/in/a.b.c"), hashes), 1);
    suppressions_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_has_what_was_added_and_not_removed),
        cmocka_unit_test(adding_and_removing_do_what_they_say),
        cmocka_unit_test(an_email_is_held_by_itself_and_by_every_domain_that_it_is_under),
        cmocka_unit_test(every_identity_and_value_of_a_record_can_hold_it),
        cmocka_unit_test(a_hash_belongs_to_its_workspace_kind_and_key),
        cmocka_unit_test(the_longest_domain_has_a_hash_for_each_domain_above_it),
    };

    check(sodium_init() >= 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
