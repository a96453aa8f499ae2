#include "unit.h"

#include "base/clock.h"
#include "workspace/key.h"

#include <regex.h>

static void a_key_has_the_published_format(void **state)
{
    char secret[KEY_LEN + 1];
    struct key_row row;
    regex_t format;

    (void)state;
    assert_int_equal(regcomp(&format, "^unstuck_[0-9A-Za-z]{30}[0-9A-Za-z]{6}$", REG_EXTENDED | REG_NOSUB), 0);
    for (int i = 0; i < 100; i++) {
        key_make(secret, id_random(), SCOPE_ENRICH, 5 * SECOND_US, &row);
        assert_int_equal(strlen(secret), KEY_LEN);
        assert_int_equal(regexec(&format, secret, 0, NULL, 0), 0);
        assert_true(key_is_well_formed(str_from(secret)));
    }
    regfree(&format);
}

static void the_row_holds_the_hash_and_a_hint_but_not_the_secret(void **state)
{
    struct id workspace_id = id_random();
    char secret[KEY_LEN + 1];
    struct key_row row;
    uint8_t hash[32];

    (void)state;
    key_make(secret, workspace_id, SCOPE_SIGNALS, 5 * SECOND_US, &row);
    key_hash(str_from(secret), hash);
    assert_memory_equal(row.hash, hash, sizeof hash);
    assert_true(id_is(row.workspace_id, workspace_id));
    assert_false(id_is_none(row.id));
    assert_str_is(row.scope, "signals");
    assert_int_equal(row.hint.len, 8);
    assert_str_is(row.hint, secret + KEY_LEN - 8);
    assert_int_equal(row.created_at_us, 5 * SECOND_US);
    assert_int_equal(row.expires_at_us, (5 + INT64_C(365) * 86400) * SECOND_US);
    assert_int_equal(row.revoked_at_us, 0);
}

static void two_keys_differ(void **state)
{
    char a[KEY_LEN + 1], b[KEY_LEN + 1];
    struct key_row row;

    (void)state;
    key_make(a, id_random(), SCOPE_FULL, 0, &row);
    key_make(b, id_random(), SCOPE_FULL, 0, &row);
    assert_string_not_equal(a, b);
}

/* GitHub's published sample: same length, alphabet and CRC. */
static void the_checksum_is_the_one_that_github_uses(void **state)
{
    (void)state;
    assert_true(key_is_well_formed(STR("unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17")));
    assert_false(key_is_well_formed(STR("unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18")));
}

static void every_change_of_one_character_is_refused(void **state)
{
    static const char alphabet[] = BASE62_ALPHABET;
    char secret[KEY_LEN + 1];
    struct key_row row;

    (void)state;
    key_make(secret, id_random(), SCOPE_FULL, 0, &row);
    for (size_t at = 0; at < KEY_LEN; at++) {
        char was = secret[at];

        for (size_t i = 0; i < 62; i++) {
            secret[at] = alphabet[i];
            if (key_is_well_formed(str_from(secret)) != (alphabet[i] == was))
                fail_msg("position %zu, %c for %c", at, alphabet[i], was);
        }
        secret[at] = was;
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "unstuck_",
        "unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1",
        "unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq177",
        " unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        "Unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        "unstuck-zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
        "unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxk-0mLq17",
        "unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkx\303\2510mLq17",
    };

    (void)state;
    for (size_t i = 0; i < LEN(texts); i++)
        assert_false(key_is_well_formed(str_from(texts[i])));
    assert_false(key_is_well_formed(STR("unstuck_zQWBuTSOoRi4A9spHcVY5ncnsDkxk\0000mLq17")));
    assert_false(key_is_well_formed(STR_NONE));
}

static void the_hash_is_sha256_of_the_whole_key(void **state)
{
    static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t hash[32];

    (void)state;
    key_hash(STR("abc"), hash);
    assert_memory_equal(hash, abc, sizeof abc);
}

static void scopes_give_what_their_table_says(void **state)
{
    static const struct {
        const char *name;
        unsigned permissions;
    } cases[SCOPE_COUNT] = {{"read", MAY_READ},
                            {"enrich", MAY_READ | MAY_ENRICH},
                            {"signals", MAY_READ | MAY_SIGNAL},
                            {"full", MAY_READ | MAY_ENRICH | MAY_SIGNAL | MAY_ADMIN}};

    (void)state;
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        enum scope scope = SCOPE_COUNT;

        assert_true(scope_from(str_from(cases[i].name), &scope));
        assert_int_equal(scope, i);
        assert_string_equal(scope_name(scope), cases[i].name);
        assert_int_equal(scope_permissions(scope), cases[i].permissions);
    }
}

static void an_unknown_scope_is_none(void **state)
{
    static const char *const names[] = {"", "Full", "admin", "read ", "rea"};
    enum scope scope = SCOPE_READ;

    (void)state;
    for (size_t i = 0; i < LEN(names); i++)
        assert_false(scope_from(str_from(names[i]), &scope));
    assert_int_equal(scope, SCOPE_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_the_published_format),
        cmocka_unit_test(the_row_holds_the_hash_and_a_hint_but_not_the_secret),
        cmocka_unit_test(two_keys_differ),
        cmocka_unit_test(the_checksum_is_the_one_that_github_uses),
        cmocka_unit_test(every_change_of_one_character_is_refused),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(the_hash_is_sha256_of_the_whole_key),
        cmocka_unit_test(scopes_give_what_their_table_says),
        cmocka_unit_test(an_unknown_scope_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
