#include "unit.h"

#include "base/mem.h"
#include "store/cache.h"

#include <stdio.h>

static const struct id ours = {{1}}, theirs = {{2}};
static const struct identity ann = {IDENTITY_EMAIL, STR("ann@acme.example"), STR_NONE};

static struct record record_of(uint8_t id, const char *phone)
{
    static struct kept_channel channels[100][CHANNEL_COUNT]; /* of the records made last */
    static size_t made;
    struct record record = {.id = {{id}}, .channels = channels[made++ % LEN(channels)]};

    memset(record.channels, 0, sizeof channels[0]);
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        record.channels[i].verified = -1;
    record.channels[CHANNEL_PHONE] = (struct kept_channel){.value = str_from(phone),
                                                           .source = STR("Provider A"),
                                                           .confidence_ppm = 940000,
                                                           .enriched_at_us = 77,
                                                           .verified = 0};
    return record;
}

static struct str find_phone(struct record_cache *cache, struct id workspace_id, const struct identity *identity,
                             struct arena *arena)
{
    struct record record;

    return record_cache_find(cache, workspace_id, identity, arena, &record) ? record.channels[CHANNEL_PHONE].value
                                                                            : STR_NONE;
}

struct caching {
    struct record_cache *cache;
    struct arena arena;
};

static void what_was_put_is_found_whole(void **state)
{
    struct caching *c = *state;
    struct record record = record_of(9, "+442079460001"), found;
    struct kept_channel *miss = &record.channels[CHANNEL_WORK_EMAIL];

    miss->missed_at_us = 88;
    miss->missed_ppm = 900000;
    miss->missed_hints = 0x3f;
    miss->missed_waterfall = UINT64_MAX - 1;
    assert_false(record_cache_find(c->cache, ours, &ann, &c->arena, &found));
    record_cache_put(c->cache, ours, &ann, &record);
    assert_true(record_cache_find(c->cache, ours, &ann, &c->arena, &found));
    assert_true(id_is(found.id, record.id));
    assert_int_equal(found.identity_count, 0);
    assert_str_is(found.channels[CHANNEL_PHONE].value, "+442079460001");
    assert_str_is(found.channels[CHANNEL_PHONE].source, "Provider A");
    assert_int_equal(found.channels[CHANNEL_PHONE].confidence_ppm, 940000);
    assert_int_equal(found.channels[CHANNEL_PHONE].enriched_at_us, 77);
    assert_int_equal(found.channels[CHANNEL_PHONE].verified, 0);
    assert_int_equal(found.channels[CHANNEL_WORK_EMAIL].value.len, 0);
    assert_int_equal(found.channels[CHANNEL_WORK_EMAIL].missed_at_us, 88);
    assert_int_equal(found.channels[CHANNEL_WORK_EMAIL].missed_ppm, 900000);
    assert_int_equal(found.channels[CHANNEL_WORK_EMAIL].missed_hints, 0x3f);
    assert_true(found.channels[CHANNEL_WORK_EMAIL].missed_waterfall == UINT64_MAX - 1);
    assert_int_equal(found.channels[CHANNEL_WORK_EMAIL].verified, -1);
    assert_int_equal(found.channels[CHANNEL_LINKEDIN_URL].value.len, 0);
    assert_int_equal(found.channels[CHANNEL_LINKEDIN_URL].verified, -1);
}

static void a_record_of_which_nothing_is_known_is_found_too(void **state)
{
    struct caching *c = *state;
    struct kept_channel nothing[CHANNEL_COUNT] = {{.verified = -1}};
    struct record record = {.id = {{3}}, .channels = nothing}, found;

    record_cache_put(c->cache, ours, &ann, &record);
    assert_true(record_cache_find(c->cache, ours, &ann, &c->arena, &found));
    assert_true(id_is(found.id, record.id));
}

static void the_copy_does_not_depend_on_what_was_put(void **state)
{
    struct caching *c = *state;
    char phone[] = "+442079460001", key[] = "bob@acme.example";
    struct identity bob = {IDENTITY_EMAIL, {key, sizeof key - 1}, STR_NONE};
    struct identity same = {IDENTITY_EMAIL, STR("bob@acme.example"), STR_NONE};
    struct record record = record_of(9, phone);

    record_cache_put(c->cache, ours, &bob, &record);
    memset(phone, 'x', sizeof phone - 1);
    memset(key, 'x', sizeof key - 1);
    assert_str_is(find_phone(c->cache, ours, &same, &c->arena), "+442079460001");
}

static void what_was_put_again_is_replaced(void **state)
{
    struct caching *c = *state;
    struct record first = record_of(9, "+442079460001"), second = record_of(9, "+442079460002");
    size_t bytes;

    record_cache_put(c->cache, ours, &ann, &first);
    bytes = record_cache_bytes(c->cache);
    record_cache_put(c->cache, ours, &ann, &second);
    assert_str_is(find_phone(c->cache, ours, &ann, &c->arena), "+442079460002");
    assert_int_equal(record_cache_bytes(c->cache), bytes);
}

static void what_was_forgotten_is_gone(void **state)
{
    struct caching *c = *state;
    struct record record = record_of(9, "+442079460001");

    record_cache_forget(c->cache, ours, &ann);
    record_cache_put(c->cache, ours, &ann, &record);
    record_cache_forget(c->cache, theirs, &ann);
    assert_str_is(find_phone(c->cache, ours, &ann, &c->arena), "+442079460001");
    record_cache_forget(c->cache, ours, &ann);
    assert_int_equal(find_phone(c->cache, ours, &ann, &c->arena).len, 0);
    assert_int_equal(record_cache_bytes(c->cache), 0);
}

static void two_workspaces_do_not_see_each_others(void **state)
{
    struct caching *c = *state;
    struct record record = record_of(9, "+442079460001"), other = record_of(8, "+442079460002");

    record_cache_put(c->cache, ours, &ann, &record);
    assert_int_equal(find_phone(c->cache, theirs, &ann, &c->arena).len, 0);
    record_cache_put(c->cache, theirs, &ann, &other);
    assert_str_is(find_phone(c->cache, ours, &ann, &c->arena), "+442079460001");
    assert_str_is(find_phone(c->cache, theirs, &ann, &c->arena), "+442079460002");
}

static void the_same_text_of_two_kinds_is_two_identities(void **state)
{
    struct caching *c = *state;
    struct record record = record_of(9, "+442079460001");

    for (unsigned kind = 0; kind < IDENTITY_KIND_COUNT; kind++) {
        struct identity identity = {(enum identity_kind)kind, STR("acme.example"), STR_NONE};

        assert_int_equal(find_phone(c->cache, ours, &identity, &c->arena).len, 0);
        record.id.bytes[0] = (uint8_t)(kind + 1);
        record_cache_put(c->cache, ours, &identity, &record);
    }
    for (unsigned kind = 0; kind < IDENTITY_KIND_COUNT; kind++) {
        struct identity identity = {(enum identity_kind)kind, STR("acme.example"), STR_NONE};
        struct record found;

        assert_true(record_cache_find(c->cache, ours, &identity, &c->arena, &found));
        assert_int_equal(found.id.bytes[0], kind + 1);
    }
}

static void the_bytes_stay_within_the_bound_whatever_is_put(void **state)
{
    static const size_t bounds[] = {0, 100, 1000, 20000};
    struct caching *c = *state;

    for (size_t i = 0; i < LEN(bounds); i++) {
        struct record_cache *cache = record_cache_new(bounds[i]);
        struct record record = record_of(9, "+442079460001");

        for (int j = 0; j < 2000; j++) {
            char key[32];
            struct identity identity = {.kind = IDENTITY_EMAIL};

            snprintf(key, sizeof key, "p%d@acme.example", j);
            identity.key = str_from(key);
            record_cache_put(cache, ours, &identity, &record);
            assert_true(record_cache_bytes(cache) <= bounds[i]);
            if (bounds[i] >= 1000) /* the newest is always there */
                assert_str_is(find_phone(cache, ours, &identity, &c->arena), "+442079460001");
        }
        assert_true(bounds[i] < 1000 || record_cache_bytes(cache) > 0);
        record_cache_free(&cache);
        assert_null(cache);
        record_cache_free(&cache);
        arena_deinit(&c->arena);
    }
}

static void a_text_too_long_to_keep_is_passed_over(void **state)
{
    struct caching *c = *state;
    char *text = mem_new(70000);
    struct record record = record_of(9, "+442079460001");

    memset(text, 'x', 70000);
    record_cache_put(c->cache, ours, &ann, &record);
    record.channels[CHANNEL_PHONE].value = (struct str){text, 70000};
    record_cache_put(c->cache, ours, &ann, &record); /* and what was there is gone: it would be stale */
    assert_int_equal(find_phone(c->cache, ours, &ann, &c->arena).len, 0);
    assert_int_equal(record_cache_bytes(c->cache), 0);
    mem_free(text);
}

static void without_memory_for_the_copy_nothing_is_found(void **state)
{
    struct caching *c = *state;
    struct record record = record_of(9, "+442079460001"), found;
    struct arena small;

    arena_init(&small, 8);
    record_cache_put(c->cache, ours, &ann, &record);
    assert_false(record_cache_find(c->cache, ours, &ann, &small, &found));
    arena_deinit(&small);
}

static int set_up(void **state)
{
    struct caching *c = mem_new(sizeof *c);

    c->cache = record_cache_new(1 << 20);
    arena_init(&c->arena, 1 << 20);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct caching *c = *state;

    record_cache_free(&c->cache);
    arena_deinit(&c->arena);
    mem_free(c);
    return 0;
}

#define with_cache(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_cache(what_was_put_is_found_whole),
        with_cache(a_record_of_which_nothing_is_known_is_found_too),
        with_cache(the_copy_does_not_depend_on_what_was_put),
        with_cache(what_was_put_again_is_replaced),
        with_cache(what_was_forgotten_is_gone),
        with_cache(two_workspaces_do_not_see_each_others),
        with_cache(the_same_text_of_two_kinds_is_two_identities),
        with_cache(the_bytes_stay_within_the_bound_whatever_is_put),
        with_cache(a_text_too_long_to_keep_is_passed_over),
        with_cache(without_memory_for_the_copy_nothing_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
