#include "unit.h"

#include "providers/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/unstuck_shelf_XXXXXX";
static char path[100];
static struct shelf shelf;

static void write_file(const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static json_t *entry_of(const char *text)
{
    json_t *entry;

    assert_int_equal(json_read(str_from(text), &entry, NULL), ERR_NONE);
    return entry;
}

static struct shelf_file *find(const char *text)
{
    json_t *entry = entry_of(text);
    struct shelf_file *file = shelf_find(&shelf, entry, str_from(folder));

    json_decref(entry);
    return file;
}

static struct shelf_file *read_and_put(const char *text)
{
    json_t *entry = entry_of(text);
    struct shelf_file *file = shelf_file_new(entry);

    json_decref(entry);
    shelf_file_read(file, str_from(folder));
    shelf_put(&shelf, file);
    return file;
}

static void who_wants_the_same_gets_the_same_until_the_last_gives_it_back(void **state)
{
    struct shelf_file *file;

    (void)state;
    write_file("email,phone\na@ex.org,+442079460001\n");
    assert_null(find("{\"file\":\"p.csv\"}"));
    file = read_and_put("{\"name\":\"one\",\"file\":\"p.csv\"}");
    assert_int_equal(file->err, ERR_NONE);
    assert_ptr_equal(find("{\"name\":\"two\",\"file\":\"p.csv\",\"prices\":{}}"), file);
    assert_null(find("{\"file\":\"p.csv\",\"confidence\":0.5}"));
    assert_null(find("{\"file\":\"p.csv\",\"columns\":{\"phone\":\"email\"}}"));
    assert_null(find("{\"file\":\"q.csv\"}"));
    shelf_give_back(file);
    assert_ptr_equal(find("{\"file\":\"p.csv\"}"), file);
    shelf_give_back(file);
    shelf_give_back(file);
    assert_null(find("{\"file\":\"p.csv\"}"));
}

static void a_file_that_changed_or_is_gone_is_not_found(void **state)
{
    struct shelf_file *file;

    (void)state;
    write_file("email,phone\na@ex.org,+442079460001\n");
    file = read_and_put("{\"file\":\"p.csv\"}");
    write_file("email,phone\nab@ex.org,+442079460001\n");
    assert_null(find("{\"file\":\"p.csv\"}"));
    unlink(path);
    assert_null(find("{\"file\":\"p.csv\"}"));
    shelf_give_back(file);
}

/* So that it is not read twice to be refused. */
static void a_file_with_a_mistake_is_kept_with_the_mistake(void **state)
{
    struct shelf_file *file;

    (void)state;
    write_file("email,phone\na@ex.org\n");
    file = read_and_put("{\"file\":\"p.csv\"}");
    assert_int_equal(file->err, ERR_INVALID);
    assert_str_is(buf_str(&file->place.pointer), "/file");
    assert_non_null(strstr(file->place.detail.text, "line 2"));
    assert_ptr_equal(find("{\"file\":\"p.csv\"}"), file);
    shelf_give_back(file);
    shelf_give_back(file);
    file = read_and_put("{}");
    assert_int_equal(file->err, ERR_INVALID);
    shelf_give_back(file);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/p.csv", folder);
    shelf_init(&shelf);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_true(list_is_empty(&shelf.files));
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_wants_the_same_gets_the_same_until_the_last_gives_it_back),
        cmocka_unit_test(a_file_that_changed_or_is_gone_is_not_found),
        cmocka_unit_test(a_file_with_a_mistake_is_kept_with_the_mistake),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
