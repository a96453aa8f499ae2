#include "unit.h"

#include "base/list.h"

struct bead {
    int number;
    struct list link;
};

static void append_all(struct list *list, struct bead *beads, size_t count)
{
    list_init(list);
    for (size_t i = 0; i < count; i++) {
        beads[i].number = (int)i;
        list_append(list, &beads[i].link);
    }
}

static int next_number(struct list *list)
{
    struct list *link = list_take(list);

    return link == NULL ? -1 : list_entry(link, struct bead, link)->number;
}

static void links_come_out_in_the_order_they_went_in(void **state)
{
    struct bead beads[3];
    struct list list;

    (void)state;
    append_all(&list, beads, 3);
    assert_false(list_is_empty(&list));
    for (int i = 0; i < 3; i++)
        assert_int_equal(next_number(&list), i);
    assert_int_equal(next_number(&list), -1);
    assert_true(list_is_empty(&list));
}

static void removing_twice_is_harmless(void **state)
{
    struct bead beads[3];
    struct list list;

    (void)state;
    append_all(&list, beads, 3);
    list_remove(&beads[1].link);
    list_remove(&beads[1].link);
    assert_int_equal(next_number(&list), 0);
    assert_int_equal(next_number(&list), 2);
    assert_int_equal(next_number(&list), -1);
}

static void a_walk_survives_removal(void **state)
{
    struct bead beads[4];
    struct list list;
    int sum = 0;

    (void)state;
    append_all(&list, beads, 4);
    list_each(at, following, &list)
    {
        struct bead *bead = list_entry(at, struct bead, link);

        sum += bead->number;
        if (bead->number % 2 == 0)
            list_remove(at);
    }
    assert_int_equal(sum, 6);
    assert_int_equal(next_number(&list), 1);
    assert_int_equal(next_number(&list), 3);
    assert_int_equal(next_number(&list), -1);
}

static void a_list_moves_behind_another(void **state)
{
    struct bead beads[2], more[2];
    struct list list, from;

    (void)state;
    append_all(&list, beads, 2);
    append_all(&from, more, 2);
    list_move_all(&list, &from);
    assert_true(list_is_empty(&from));
    list_move_all(&list, &from); /* nothing to move */
    list_move_all(&from, &list); /* to an empty one */
    assert_true(list_is_empty(&list));
    assert_int_equal(next_number(&from), 0);
    assert_int_equal(next_number(&from), 1);
    assert_int_equal(next_number(&from), 0);
    assert_int_equal(next_number(&from), 1);
    assert_int_equal(next_number(&from), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_come_out_in_the_order_they_went_in),
        cmocka_unit_test(removing_twice_is_harmless),
        cmocka_unit_test(a_walk_survives_removal),
        cmocka_unit_test(a_list_moves_behind_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
