#include "unit.h"

#include "base/index.h"
#include "base/mem.h"

/* A hash whose upper half is spread over all values. */
static uint64_t hash_of(uint32_t n)
{
    return ((uint64_t)n + 1) * 0x9e3779b97f4a7c15u;
}

static bool has_row(const struct index *index, uint64_t hash, uint32_t row)
{
    struct index_cursor cursor = index_find(index, hash);
    uint32_t found;

    while (index_next(index, &cursor, &found)) {
        if (found == row)
            return true;
    }
    return false;
}

static void an_empty_index_finds_nothing(void **state)
{
    struct index index;

    (void)state;
    index_init(&index, 0);
    assert_false(has_row(&index, 1, 0));
    index_deinit(&index);
    index_init(&index, 10);
    assert_false(has_row(&index, UINT64_MAX, 0));
    index_deinit(&index);
    index_deinit(&index);
}

static void every_row_is_found_however_the_index_was_sized(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 50000};
    enum { ROWS = 50000 };

    (void)state;
    for (size_t s = 0; s < LEN(sizes); s++) {
        struct index index;

        index_init(&index, sizes[s]);
        for (uint32_t i = 0; i < ROWS; i++)
            assert_true(index_put(&index, hash_of(i), i));
        assert_int_equal(index.count, ROWS);
        assert_true(index.capacity * sizeof(struct index_slot) <= ROWS * 16);
        for (uint32_t i = 0; i < ROWS; i++)
            assert_true(has_row(&index, hash_of(i), i));
        for (uint32_t i = ROWS; i < 2 * ROWS; i++)
            assert_false(has_row(&index, hash_of(i), i));
        index_deinit(&index);
    }
}

static void a_known_size_costs_ten_bytes_a_row(void **state)
{
    struct index index;
    size_t before;

    (void)state;
    index_init(&index, 100000);
    before = index.capacity;
    assert_true(before * sizeof(struct index_slot) <= 1000200);
    for (uint32_t i = 0; i < 100000; i++)
        index_put(&index, hash_of(i), i);
    assert_int_equal(index.capacity, before);
    index_deinit(&index);
}

/* Also when their run of slots wraps around the end and the index grows. */
static void rows_of_one_hash_come_in_the_order_they_were_put(void **state)
{
    static const uint64_t hashes[] = {0, UINT64_MAX, UINT64_MAX - (UINT64_C(1) << 33), UINT64_C(1) << 60};
    struct index index;

    (void)state;
    index_init(&index, 0);
    for (uint32_t row = 0; row < 40; row++) {
        for (uint32_t h = 0; h < LEN(hashes); h++)
            assert_true(index_put(&index, hashes[h], row * 10 + h));
    }
    for (uint32_t i = 0; i < 5000; i++)
        index_put(&index, hash_of(i), 1000000 + i);
    for (uint32_t h = 0; h < LEN(hashes); h++) {
        struct index_cursor cursor = index_find(&index, hashes[h]);
        uint32_t row;

        for (uint32_t i = 0; i < 40; i++) {
            assert_true(index_next(&index, &cursor, &row));
            assert_int_equal(row, i * 10 + h);
        }
        assert_false(index_next(&index, &cursor, &row));
    }
    index_deinit(&index);
}

static void too_many_rows_of_one_hash_are_left_out(void **state)
{
    struct index index;

    (void)state;
    index_init(&index, 0);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(index_put(&index, 7, i), i < INDEX_SAME_MAX);
    assert_int_equal(index.count, INDEX_SAME_MAX);
    assert_true(index_put(&index, UINT64_C(9) << 32, 1));
    index_deinit(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_index_finds_nothing),
        cmocka_unit_test(every_row_is_found_however_the_index_was_sized),
        cmocka_unit_test(a_known_size_costs_ten_bytes_a_row),
        cmocka_unit_test(rows_of_one_hash_come_in_the_order_they_were_put),
        cmocka_unit_test(too_many_rows_of_one_hash_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
