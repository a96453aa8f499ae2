#include "unit.h"

#include "enrich/flight.h"

static const struct id ours = {{1}}, theirs = {{2}};
static const struct identity email = {IDENTITY_EMAIL, STR("a@x.example"), STR_NONE};
static const struct identity linkedin = {IDENTITY_LINKEDIN, STR("https://linkedin.com/in/a"), STR_NONE};
static const struct identity person = {IDENTITY_PERSON, STR("a|b|x.example"), STR_NONE};

static struct flight *join(struct flights *flights, struct flight *flight, const struct identity *first,
                           const struct identity *second)
{
    struct flight_key keys[2] = {flight_key_of_identity(ours, first)};

    if (second != NULL)
        keys[1] = flight_key_of_identity(ours, second);
    return flight_join(flights, flight, keys, second != NULL ? 2 : 1);
}

static struct list *gone_on; /* who went on, in their order */

static void go_on(struct flight *flight)
{
    assert_int_equal(flight->count, 0);
    list_append(gone_on, &flight->link);
}

static const struct flight *shared_of;
static int shared;

static bool shares(struct flight *flight, const struct flight *left)
{
    (void)flight;
    shared_of = left;
    shared++;
    return true;
}

static size_t leave(struct flights *flights, struct flight *flight, struct list *waiting)
{
    size_t count = 0;

    list_init(waiting);
    gone_on = waiting;
    flight_leave(flights, flight);
    list_each(link, following, waiting)
    {
        count++;
    }
    return count;
}

static void make_flights(struct flight *flights, size_t count)
{
    for (size_t i = 0; i < count; i++)
        flight_init(&flights[i], go_on, NULL);
}

static void who_comes_second_waits_for_the_first(void **state)
{
    struct flights flights = {NULL};
    struct flight all[3] = {{.count = 0}};
    struct list waiting;

    (void)state;
    make_flights(all, LEN(all));
    assert_null(join(&flights, &all[0], &email, NULL));
    assert_ptr_equal(join(&flights, &all[1], &email, NULL), &all[0]);
    assert_ptr_equal(join(&flights, &all[2], &email, NULL), &all[0]);
    assert_int_equal(all[0].count, 1);
    assert_int_equal(all[1].count, 0);
    assert_int_equal(leave(&flights, &all[0], &waiting), 1);
    assert_ptr_equal(list_take(&waiting), &all[1].link); /* the first of them; the other waits for it */
    assert_null(join(&flights, &all[1], &email, NULL));
    assert_int_equal(leave(&flights, &all[1], &waiting), 1);
    assert_ptr_equal(list_take(&waiting), &all[2].link);
    assert_null(join(&flights, &all[2], &email, NULL));
    assert_int_equal(leave(&flights, &all[2], &waiting), 0);
    assert_null(flights.taken);
}

static void who_can_share_what_is_left_behind_does_not_look_again(void **state)
{
    struct flights flights = {NULL};
    struct flight all[4] = {{.count = 0}};
    struct list waiting;

    (void)state;
    make_flights(all, LEN(all));
    all[1].shares = shares;
    all[3].shares = shares;
    shared = 0;
    assert_null(join(&flights, &all[0], &email, NULL));
    for (size_t i = 1; i < LEN(all); i++)
        assert_ptr_equal(join(&flights, &all[i], &email, NULL), &all[0]);
    assert_int_equal(leave(&flights, &all[0], &waiting), 1);
    assert_int_equal(shared, 2);
    assert_ptr_equal(shared_of, &all[0]);
    assert_ptr_equal(list_take(&waiting), &all[2].link);
    assert_true(list_is_empty(&all[2].waiting));
}

static void one_taken_key_is_enough_and_none_is_taken_while_waiting(void **state)
{
    struct flights flights = {NULL};
    struct flight all[3] = {{.count = 0}};
    struct list waiting;

    (void)state;
    make_flights(all, LEN(all));
    assert_null(join(&flights, &all[0], &linkedin, NULL));
    assert_ptr_equal(join(&flights, &all[1], &email, &linkedin), &all[0]);
    assert_null(join(&flights, &all[2], &email, NULL)); /* the waiting one has not taken it */
    assert_int_equal(leave(&flights, &all[0], &waiting), 1);
    assert_ptr_equal(list_take(&waiting), &all[1].link);
    assert_ptr_equal(join(&flights, &all[1], &email, &linkedin), &all[2]);
    assert_int_equal(leave(&flights, &all[2], &waiting), 1);
    assert_ptr_equal(list_take(&waiting), &all[1].link);
    assert_null(join(&flights, &all[1], &email, &linkedin));
    assert_int_equal(all[1].count, 2);
    assert_int_equal(leave(&flights, &all[1], &waiting), 0);
    assert_null(flights.taken);
}

static void different_people_do_not_wait_for_each_other(void **state)
{
    struct flights flights = {NULL};
    struct flight all[3] = {{.count = 0}};
    struct flight_key theirs_key = flight_key_of_identity(theirs, &email);
    struct list waiting;

    (void)state;
    make_flights(all, LEN(all));
    assert_null(join(&flights, &all[0], &email, NULL));
    assert_null(join(&flights, &all[1], &person, NULL));
    assert_null(flight_join(&flights, &all[2], &theirs_key, 1)); /* another workspace's same person */
    for (size_t i = 0; i < LEN(all); i++)
        assert_int_equal(leave(&flights, &all[i], &waiting), 0);
    assert_null(flights.taken);
}

static void leaving_without_having_joined_is_nothing(void **state)
{
    struct flights flights = {NULL};
    struct flight flight = {.count = 0};
    struct list waiting;

    (void)state;
    flight_init(&flight, go_on, NULL);
    assert_int_equal(leave(&flights, &flight, &waiting), 0);
}

static void keys_differ_by_workspace_kind_and_text(void **state)
{
    const struct identity same_text = {IDENTITY_DOMAIN, STR("a@x.example"), STR_NONE};
    struct id record_id;
    struct flight_key keys[6];

    (void)state;
    memcpy(record_id.bytes, "a@x.example\0\0\0\0\0", 16);
    keys[0] = flight_key_of_identity(ours, &email);
    keys[1] = flight_key_of_identity(theirs, &email);
    keys[2] = flight_key_of_identity(ours, &same_text);
    keys[3] = flight_key_of_identity(ours, &linkedin);
    keys[4] = flight_key_of_record(ours, record_id);
    keys[5] = flight_key_of_record(theirs, record_id);
    for (size_t i = 0; i < LEN(keys); i++) {
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&keys[i], &keys[j], sizeof keys[i]);
    }
    keys[1] = flight_key_of_identity(ours, &email);
    assert_memory_equal(&keys[0], &keys[1], sizeof keys[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_second_waits_for_the_first),
        cmocka_unit_test(who_can_share_what_is_left_behind_does_not_look_again),
        cmocka_unit_test(one_taken_key_is_enough_and_none_is_taken_while_waiting),
        cmocka_unit_test(different_people_do_not_wait_for_each_other),
        cmocka_unit_test(leaving_without_having_joined_is_nothing),
        cmocka_unit_test(keys_differ_by_workspace_kind_and_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
