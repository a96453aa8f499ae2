#include "unit.h"

#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/unstuck_settings_XXXXXX";
static struct settings settings;
static struct buf why;

static enum err read_text(const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    settings_deinit(&settings);
    buf_clear(&why);
    return settings_read(path, &settings, &why);
}

static void expect_defaults(void)
{
#define SETTING(section, name, min, max, by_default, what)                                                             \
    assert_true(settings.number.section##_##name == (by_default));
    SETTINGS(SETTING)
#undef SETTING
    assert_int_equal(settings.charge_policy, CHARGE_WINNER);
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_true(settings.checks_keys);
    assert_null(settings.providers);
    assert_null(settings.waterfalls);
}

static void without_a_file_everything_has_its_default(void **state)
{
    (void)state;
    settings_deinit(&settings);
    assert_int_equal(settings_read(NULL, &settings, &why), ERR_NONE);
    expect_defaults();
    assert_int_equal(read_text("{}"), ERR_NONE);
    expect_defaults();
    assert_int_equal(read_text("{\"server\":{},\"lookup\":{},\"store\":{},\"log\":{},\"health\":{}}"), ERR_NONE);
    expect_defaults();
    assert_int_equal(why.len, 0);
}

/* The defaults themselves obey their bounds. */
static void every_setting_takes_its_least_and_most_and_nothing_beyond(void **state)
{
    static const struct {
        const char *section, *name;
        int64_t min, max, by_default;
    } numbers[] = {
#define SETTING(section, name, min, max, by_default, what) {#section, #name, min, max, by_default},
        SETTINGS(SETTING)
#undef SETTING
    };

    (void)state;
    for (size_t i = 0; i < LEN(numbers); i++) {
        const int64_t values[] = {numbers[i].min, numbers[i].max, numbers[i].min - 1, numbers[i].max + 1};

        assert_true(numbers[i].by_default >= numbers[i].min && numbers[i].by_default <= numbers[i].max);
        for (size_t j = 0; j < LEN(values); j++) {
            char text[200], expected[200];

            snprintf(text, sizeof text, "{\"%s\":{\"%s\":%lld}}", numbers[i].section, numbers[i].name,
                     (long long)values[j]);
            assert_int_equal(read_text(text), j < 2 ? ERR_NONE : ERR_INVALID);
            snprintf(expected, sizeof expected, "  /%s/%s: must be from %lld to %lld\n", numbers[i].section,
                     numbers[i].name, (long long)numbers[i].min, (long long)numbers[i].max);
            assert_true(j < 2 || str_ends(buf_str(&why), str_from(expected)));
        }
    }
}

static void a_number_goes_to_its_own_place(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"server\":{\"idle_ms\":101,\"connections_max\":7},\"lookup\":{\"deadline_ms\":102},"
                               "\"store\":{\"cache_bytes\":0}}"),
                     ERR_NONE);
    assert_int_equal(settings.number.server_idle_ms, 101);
    assert_int_equal(settings.number.server_connections_max, 7);
    assert_int_equal(settings.number.lookup_deadline_ms, 102);
    assert_int_equal(settings.number.store_cache_bytes, 0);
    assert_int_equal(settings.number.server_write_ms, 30000);
}

static void words_are_read(void **state)
{
    static const struct {
        const char *text;
        enum charge_policy charge_policy;
        enum log_level log_level;
    } cases[] = {{"{\"lookup\":{\"charge_policy\":\"attempts\"}}", CHARGE_ATTEMPTS, LOG_INFO},
                 {"{\"lookup\":{\"charge_policy\":\"winner\"}}", CHARGE_WINNER, LOG_INFO},
                 {"{\"log\":{\"level\":\"debug\"}}", CHARGE_WINNER, LOG_DEBUG},
                 {"{\"log\":{\"level\":\"error\"}}", CHARGE_WINNER, LOG_ERROR}};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(read_text(cases[i].text), ERR_NONE);
        assert_int_equal(settings.charge_policy, cases[i].charge_policy);
        assert_int_equal(settings.log_level, cases[i].log_level);
    }
}

static void providers_and_waterfalls_are_handed_on(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"providers\":[{},{}],\"waterfalls\":{\"phone\":[]}}"), ERR_NONE);
    assert_int_equal(json_array_size(settings.providers), 2);
    assert_non_null(json_object_get(settings.waterfalls, "phone"));
}

static void a_wrong_file_is_refused_with_every_mistake(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        const char *why;
    } cases[] = {
        {"", ERR_MALFORMED_JSON, "line 1, column 1: the text is empty"},
        {"{\"server\":{}", ERR_MALFORMED_JSON, "line 1, column"},
        {"[]", ERR_INVALID, "  the document: must be an object, not an array\n"},
        {"{\"server\":[]}", ERR_INVALID, "  /server: must be an object, not an array\n"},
        {"{\"sever\":{}}", ERR_INVALID, "  /sever: is not a known member; did you mean \"server\"?\n"},
        {"{\"server\":{\"idle\":1}}", ERR_INVALID, "  /server/idle: is not a known member"},
        {"{\"server\":{\"charge_policy\":\"winner\"}}", ERR_INVALID, "  /server/charge_policy: is not a known member"},
        {"{\"lookup\":{\"charge_policy\":\"free\"}}", ERR_INVALID, "must be \"winner\" or \"attempts\"\n"},
        {"{\"lookup\":{\"charge_policy\":1}}", ERR_INVALID, "/lookup/charge_policy: must be a string"},
        {"{\"log\":{\"level\":\"loud\"}}", ERR_INVALID, "must be \"debug\", \"info\", \"warn\" or \"error\"\n"},
        {"{\"server\":{\"idle_ms\":\"5s\"}}", ERR_INVALID, "/server/idle_ms: must be a whole number from 100"},
        {"{\"store\":{\"cache_bytes\":1.5},\"log\":{\"level\":2},\"x\":3}", ERR_INVALID,
         ":\n  /store/cache_bytes: must be a whole number from 0 to 1099511627776\n"
         "  /log/level: must be a string, not a number\n  /x: is not a known member\n"},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(read_text(cases[i].text), cases[i].err);
        if (strstr(why.ptr, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].text, why.ptr);
        assert_true(str_starts(buf_str(&why), str_from(path)));
    }
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
    struct settings unread;

    (void)state;
    buf_clear(&why);
    assert_int_equal(settings_read("/tmp/unstuck/absent.json", &unread, &why), ERR_IO);
    assert_non_null(strstr(why.ptr, "cannot read /tmp/unstuck/absent.json: No such file"));
    settings_deinit(&unread);
    buf_clear(&why);
    assert_int_equal(settings_read("/tmp", &unread, &why), ERR_IO);
    settings_deinit(&unread);
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 2 << 20);
    while (text.len <= 1 << 20)
        buf_puts(&text, "                                                                ");
    assert_int_equal(read_text(text.ptr), ERR_IO);
    assert_non_null(strstr(why.ptr, "is larger than 1048576 bytes"));
    buf_deinit(&text);
}

static int set_up(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    buf_init(&why, 64 * 1024);
    return fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    settings_deinit(&settings);
    buf_deinit(&why);
    return unlink(path);
}

static struct buf differences;

static void note_difference(void *ctx, const char *section, const char *name)
{
    (void)ctx;
    buf_printf(&differences, "%s.%s ", section, name);
}

static void expect_differences(const char *from, const char *to, const char *expected)
{
    struct settings before;

    buf_clear(&differences);
    assert_int_equal(read_text(from), ERR_NONE);
    before = settings;
    settings.doc = NULL;
    assert_int_equal(read_text(to), ERR_NONE);
    settings_each_difference(&before, &settings, note_difference, NULL);
    if (strcmp(differences.len == 0 ? "" : differences.ptr, expected) != 0)
        fail_msg("from %s to %s differs in: %s", from, to, differences.ptr);
    settings_deinit(&before);
}

static void what_is_different_is_told_once_whichever_file_has_it(void **state)
{
    (void)state;
    buf_init(&differences, 1000);
    expect_differences("{}", "{}", "");
    expect_differences("{\"server\":{\"idle_ms\":75000}}", "{}", "");
    expect_differences("{}", "{\"server\":{\"idle_ms\":100},\"log\":{\"level\":\"warn\"}}",
                       "server.idle_ms log.level ");
    expect_differences("{\"server\":{\"idle_ms\":100},\"log\":{\"level\":\"warn\"}}", "{}",
                       "server.idle_ms log.level ");
    expect_differences("{\"server\":{\"idle_ms\":100}}", "{\"server\":{\"idle_ms\":101,\"write_ms\":30000}}",
                       "server.idle_ms ");
    expect_differences("{\"log\":{\"level\":\"warn\"}}", "{\"log\":{\"level\":\"warn\"}}", "");
    expect_differences("{\"providers\":[],\"waterfalls\":{\"phone\":[]}}", "{\"providers\":[{}]}", "waterfalls.phone ");
    buf_deinit(&differences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_different_is_told_once_whichever_file_has_it),
        cmocka_unit_test(without_a_file_everything_has_its_default),
        cmocka_unit_test(every_setting_takes_its_least_and_most_and_nothing_beyond),
        cmocka_unit_test(a_number_goes_to_its_own_place),
        cmocka_unit_test(words_are_read),
        cmocka_unit_test(providers_and_waterfalls_are_handed_on),
        cmocka_unit_test(a_wrong_file_is_refused_with_every_mistake),
        cmocka_unit_test(a_file_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_file_that_is_too_large_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
