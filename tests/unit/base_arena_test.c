#include "unit.h"

#include "base/arena.h"

#include <stdalign.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    struct arena arena;
    char *previous = NULL;

    (void)state;
    arena_init(&arena, 1000000);
    for (size_t bytes = 0; bytes < 300; bytes++) {
        char *ptr = arena_alloc(&arena, bytes);

        assert_non_null(ptr);
        assert_int_equal((uintptr_t)ptr % alignof(max_align_t), 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(ptr[i], 0);
        if (bytes != 0)
            memset(ptr, 0xff, bytes);
        assert_true(bytes < 2 || ptr != previous);
        previous = ptr;
    }
    assert_false(arena.is_full);
    arena_deinit(&arena);
    assert_int_equal(arena.bytes_total, 0);
}

static void what_does_not_fit_is_refused_and_it_shows(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 10000);
    assert_null(arena_alloc(&arena, 10001));
    assert_true(arena.is_full);
    arena_deinit(&arena);
    assert_false(arena.is_full);
    assert_non_null(arena_alloc(&arena, 9000));
    assert_null(arena_alloc(&arena, 2000));
    assert_non_null(arena_alloc(&arena, 900)); /* a small one still fits */
    assert_true(arena.is_full);
    arena_deinit(&arena);
}

static void all_of_a_small_maximum_can_be_used(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 160);
    for (int i = 0; i < 10; i++)
        assert_non_null(arena_alloc(&arena, 16));
    assert_null(arena_alloc(&arena, 16));
    arena_deinit(&arena);

    arena_init(&arena, 4800); /* more than one block; the ends of blocks may be lost */
    for (int i = 0; i < 280; i++)
        assert_non_null(arena_alloc(&arena, 16));
    arena_deinit(&arena);
}

static void kept_text_is_a_terminated_copy(void **state)
{
    struct arena arena;
    char text[] = "hello";
    struct str kept;

    (void)state;
    arena_init(&arena, 1000);
    kept = arena_keep(&arena, str_from(text));
    text[0] = 'j';
    assert_string_equal(kept.ptr, "hello");
    assert_int_equal(kept.len, 5);
    kept = arena_keep(&arena, STR_NONE);
    assert_string_equal(kept.ptr, "");
    assert_null(arena_keep(&arena, (struct str){text, 100000}).ptr);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(what_does_not_fit_is_refused_and_it_shows),
        cmocka_unit_test(all_of_a_small_maximum_can_be_used),
        cmocka_unit_test(kept_text_is_a_terminated_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
