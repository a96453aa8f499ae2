#include "unit.h"

#include "base/buf.h"

static void what_is_put_stands_in_order_with_a_nul(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10000);
    assert_int_equal(buf_str(&buf).len, 0);
    buf_puts(&buf, "a");
    buf_put_char(&buf, '-');
    buf_put_i64(&buf, 0);
    buf_put_i64(&buf, INT64_MIN);
    buf_put_i64(&buf, INT64_MAX);
    buf_printf(&buf, "%s %d", "x", 7);
    assert_string_equal(buf.ptr, "a-0-92233720368547758089223372036854775807x 7");
    assert_int_equal(buf.len, strlen(buf.ptr));
    for (int i = 0; i < 1000; i++)
        buf_puts(&buf, "12345678");
    assert_int_equal(strlen(buf.ptr), buf.len);
    assert_false(buf.is_overflown);
    buf_deinit(&buf);
    assert_null(buf.ptr);
}

static void past_the_maximum_bytes_are_dropped_and_it_shows(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 5);
    buf_puts(&buf, "12345");
    assert_false(buf.is_overflown);
    buf_puts(&buf, "");
    assert_false(buf.is_overflown);
    buf_puts(&buf, "6");
    assert_true(buf.is_overflown);
    assert_string_equal(buf.ptr, "12345");
    buf_printf(&buf, "%d", 7);
    assert_string_equal(buf.ptr, "12345");
    assert_false(buf_reserve(&buf, SIZE_MAX));
    buf_clear(&buf);
    assert_false(buf.is_overflown);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.ptr, ""); /* always terminated, emptied too */
    buf_deinit(&buf);

    buf_init(&buf, 0);
    buf_puts(&buf, "x");
    assert_true(buf.is_overflown);
    buf_clear(&buf);
    buf_deinit(&buf);
}

static void consuming_drops_the_front(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    buf_consume(&buf, 0);
    buf_puts(&buf, "abcdef");
    buf_consume(&buf, 0);
    buf_consume(&buf, 2);
    assert_string_equal(buf.ptr, "cdef");
    buf_consume(&buf, 4);
    assert_string_equal(buf.ptr, "");
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_stands_in_order_with_a_nul),
        cmocka_unit_test(past_the_maximum_bytes_are_dropped_and_it_shows),
        cmocka_unit_test(consuming_drops_the_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
