#include "unit.h"

#include "base/secret.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/unstuck_secret_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/key", folder);
    unlink(path);
    return rmdir(folder);
}

static void put_file(const char *text, size_t len)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "%s/key", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static enum err read_text(const char *reference, struct secret *secret, struct err_detail *detail)
{
    json_t *doc = NULL;
    enum err err;

    assert_int_equal(json_read(str_from(reference), &doc, NULL), ERR_NONE);
    err = secret_read(doc, str_from(folder), secret, detail);
    json_decref(doc);
    return err;
}

static void assert_secret(const char *reference, const char *expected)
{
    struct secret secret = {.ptr = NULL};

    assert_int_equal(read_text(reference, &secret, NULL), ERR_NONE);
    assert_string_equal(secret_str(&secret).ptr, expected);
    assert_int_equal(secret.len, strlen(expected));
    secret_deinit(&secret);
    assert_null(secret.ptr);
    secret_deinit(&secret);
}

static void assert_refused(const char *reference, const char *words)
{
    struct secret secret = {.ptr = NULL};
    struct err_detail detail = {""};

    assert_int_equal(read_text(reference, &secret, &detail), ERR_INVALID);
    assert_non_null(strstr(detail.text, words));
    assert_null(strstr(detail.text, "s3cret"));
    assert_null(secret.ptr);
}

static void a_secret_comes_from_the_environment(void **state)
{
    (void)state;
    setenv("UNSTUCK_TEST_KEY", "s3cret", 1);
    assert_secret("{\"env\": \"UNSTUCK_TEST_KEY\"}", "s3cret");
}

static void a_secret_comes_from_a_file_without_its_last_line_break(void **state)
{
    (void)state;
    put_file("s3cret\n", 7);
    assert_secret("{\"file\": \"key\"}", "s3cret");
    put_file("s3cret\r\n", 8);
    assert_secret("{\"file\": \"key\"}", "s3cret");
    put_file("s3cret", 6);
    assert_secret("{\"file\": \"key\"}", "s3cret");
    put_file(" s3cret ", 8);
    assert_secret("{\"file\": \"key\"}", " s3cret ");
}

static void a_missing_secret_names_what_to_do(void **state)
{
    (void)state;
    unsetenv("UNSTUCK_TEST_KEY");
    assert_refused("{\"env\": \"UNSTUCK_TEST_KEY\"}", "UNSTUCK_TEST_KEY is not set");
    assert_refused("{\"file\": \"/no/such/file\"}", "cannot be read");
    setenv("UNSTUCK_TEST_KEY", "", 1);
    assert_refused("{\"env\": \"UNSTUCK_TEST_KEY\"}", "is empty");
    put_file("\n", 1);
    assert_refused("{\"file\": \"key\"}", "is empty");
}

static void a_secret_that_could_break_a_header_is_refused_and_not_shown(void **state)
{
    (void)state;
    setenv("UNSTUCK_TEST_KEY", "s3cret\r\nX: y", 1);
    assert_refused("{\"env\": \"UNSTUCK_TEST_KEY\"}", "line break");
    put_file("s3cret\n\n", 8);
    assert_refused("{\"file\": \"key\"}", "line break");
    put_file("s3cret\0x", 8);
    assert_refused("{\"file\": \"key\"}", "control byte");
}

static void a_secret_has_a_size_limit(void **state)
{
    char *text = malloc(SECRET_BYTES_MAX + 2);

    (void)state;
    memset(text, 'a', SECRET_BYTES_MAX + 1);
    text[SECRET_BYTES_MAX + 1] = '\0';
    put_file(text, SECRET_BYTES_MAX + 1);
    assert_refused("{\"file\": \"key\"}", "longer than");
    text[SECRET_BYTES_MAX] = '\0';
    put_file(text, SECRET_BYTES_MAX);
    assert_secret("{\"file\": \"key\"}", text);
    free(text);
}

static void a_reference_is_one_of_two_forms(void **state)
{
    static const char *const wrong[] = {
        "\"s3cret\"", "{}", "{\"env\": 1}", "{\"env\": \"A\", \"file\": \"B\"}", "{\"value\": \"s3cret\"}",
        "null",       "[]"};

    (void)state;
    for (size_t i = 0; i < LEN(wrong); i++)
        assert_refused(wrong[i], "by reference");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_comes_from_the_environment),
        cmocka_unit_test(a_secret_comes_from_a_file_without_its_last_line_break),
        cmocka_unit_test(a_missing_secret_names_what_to_do),
        cmocka_unit_test(a_secret_that_could_break_a_header_is_refused_and_not_shown),
        cmocka_unit_test(a_secret_has_a_size_limit),
        cmocka_unit_test(a_reference_is_one_of_two_forms),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
