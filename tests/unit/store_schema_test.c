#include "data_folder.h"
#include "schema_v1.h"

#include "store/evidence.h"

#include <fcntl.h>
#include <sys/stat.h>

static void write_file(const struct data_folder *folder, const char *name, const char *text)
{
    char path[200];
    FILE *file;

    path_in(folder, name, path);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void expect_refusal(struct data_folder *folder, bool create, enum err expected, const char *reason)
{
    struct err_detail detail;
    enum err err = try_open(folder, create, &detail);

    assert_int_equal(err, expected);
    assert_null(folder->store);
    if (strstr(detail.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", detail.text, reason);
}

static void a_new_folder_is_made_for_its_owner_only(void **state)
{
    struct data_folder *folder = *state, inner = {.store = NULL};
    struct err_detail detail;
    char path[200];
    struct stat info;

    snprintf(inner.path, sizeof inner.path, "%.50s/new", folder->path);
    assert_int_equal(try_open(&inner, true, &detail), ERR_NONE);
    store_close(&inner.store);
    assert_int_equal(stat(inner.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    path_in(&inner, "unstuck.db", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    folder_remove(&inner);
}

static void closing_nothing_is_allowed(void **state)
{
    struct store *none = NULL;

    (void)state;
    store_close(&none);
    assert_null(none);
}

static void reopening_keeps_everything(void **state)
{
    struct data_folder *folder = *state;
    struct id record_id = id_random();
    const struct identity identity = {IDENTITY_EMAIL, STR("ann@acme.example"), STR("Ann@acme.example")};
    struct store_commit op;
    struct arena arena;
    struct record record;
    struct store_find lookup;
    struct workspace_row row;

    folder_open(folder);
    add_workspace(folder, 100);
    folder_start(folder);
    op = commit_of(folder, record_id, 3);
    op.identities = &identity;
    op.identity_count = 1;
    assert_int_equal(commit(folder, &op), ERR_NONE);
    folder_stop(folder);

    folder_open(folder);
    row = read_workspace(folder);
    assert_true(id_is(row.id, folder->workspace_id));
    assert_int_equal(row.head.balance, 97);
    assert_int_equal(row.head.seq, 2);
    assert_int_equal(row.used_month, 3);
    assert_int_equal(row.month, 24000);
    assert_memory_equal(row.head.hash, op.entry.hash, sizeof row.head.hash);
    folder_start(folder);
    arena_init(&arena, 10000);
    lookup = (struct store_find){.with_details = true,
                                 .workspace_id = folder->workspace_id,
                                 .identities = &identity,
                                 .identity_count = 1,
                                 .arena = &arena,
                                 .record = &record};
    assert_int_equal(find(folder, &lookup), ERR_NONE);
    assert_true(id_is(record.id, record_id));
    arena_deinit(&arena);
    folder_stop(folder);
}

static void closing_writes_what_is_queued_and_says_nothing_more(void **state)
{
    struct data_folder *folder = *state;
    struct store_commit ops[20];

    folder_open(folder);
    add_workspace(folder, 100);
    folder_start(folder);
    for (size_t i = 0; i < LEN(ops); i++) {
        ops[i] = commit_of(folder, id_random(), 1);
        start_commit(folder, &ops[i]);
    }
    folder_stop(folder);
    assert_int_equal(folder->pending, LEN(ops)); /* no `done` came */
    folder_open(folder);
    assert_int_equal(read_workspace(folder).head.balance, 80);
    store_close(&folder->store);
}

static void a_second_opener_is_refused(void **state)
{
    struct data_folder *folder = *state, second = *folder;

    folder_open(folder);
    expect_refusal(&second, false, ERR_IN_USE, "another process");
    store_close(&folder->store);
    folder_open(&second);
    store_close(&second.store);
}

static void a_newer_schema_is_refused(void **state)
{
    struct data_folder *folder = *state;

    folder_open(folder);
    store_close(&folder->store);
    tamper(folder, "PRAGMA user_version = 999");
    expect_refusal(folder, true, ERR_NEWER, "schema version 999");
    expect_refusal(folder, false, ERR_NEWER, "run the newer version");
}

static void a_foreign_database_is_refused_and_left_alone(void **state)
{
    static const char *const foreign[] = {
        "CREATE TABLE mine (a); PRAGMA user_version = 1",
        "CREATE TABLE mine (a)",
        "PRAGMA application_id = 77; CREATE TABLE mine (a)",
        "PRAGMA application_id = 77; PRAGMA user_version = 1",
    };
    struct data_folder *folder = *state;
    char path[200];

    path_in(folder, "unstuck.db", path);
    for (size_t i = 0; i < LEN(foreign); i++) {
        unlink(path);
        tamper(folder, foreign[i]);
        expect_refusal(folder, true, ERR_CORRUPT, "not made by this program");
        tamper(folder, "CREATE TABLE workspace (a)"); /* ours was not put in */
    }
}

/* A folder as version 1 left it: a workspace, a person whose e-mail was found and
 * whose phone was not, what was tallied. */
static void make_v1(struct data_folder *folder, struct id record_id)
{
    static const char mark[] = "PRAGMA user_version = 1; PRAGMA application_id = %d;";
    static const char rows[] =
        "INSERT INTO record VALUES ($w, $r, 7, 0);"
        "INSERT INTO identity VALUES ($w, 0, 'ann@acme.example', 'Ann@acme.example', $r);"
        "INSERT INTO channel VALUES ($w, $r, 'work_email', 'ann@acme.example', 'Acme', 940000, 11, NULL, 0, 0, 0, 0);"
        "INSERT INTO channel VALUES ($w, $r, 'phone', '', '', 0, 0, NULL, 12, 0, 1, 99);"
        "INSERT INTO tally VALUES ($w, 'work_email', 'Acme', 9, 4);"
        "INSERT INTO tally VALUES ($w, 'phone', 'Bolt', 3, 0);"
        "INSERT INTO tally VALUES (x'00112233445566778899aabbccddeeff', 'work_email', 'Acme', 1, 1);";
    char sql[4000], hex[2][40];
    size_t len = 0;

    for (size_t i = 0; i < 16; i++) {
        snprintf(hex[0] + 2 * i, 3, "%02x", folder->workspace_id.bytes[i]);
        snprintf(hex[1] + 2 * i, 3, "%02x", record_id.bytes[i]);
    }
    write_file(folder, "lock", "");
    tamper(folder, schema_v1);
    snprintf(sql, sizeof sql, mark, 0x756e7374);
    tamper(folder, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO workspace VALUES (x'%s', 'Acme', 1, 97, 2, zeroblob(32), 3, 24000, 0, 0, 0, 0, 0, 0, 1, 0, 0,"
             " 0)",
             hex[0]);
    tamper(folder, sql);
    for (const char *at = rows; *at != '\0'; at++) {
        if (*at == '$')
            len += (size_t)snprintf(sql + len, sizeof sql - len, "x'%s'", hex[*++at == 'r']);
        else
            sql[len++] = *at;
    }
    sql[len] = '\0';
    tamper(folder, sql);
}

static void sum_evidence(void *ctx, const struct evidence_row *row)
{
    double *sum = ctx;

    assert_int_equal(row->segment, SEGMENT_UNKNOWN);
    if (row->channel == CHANNEL_WORK_EMAIL && str_is(row->provider, STR("Acme")))
        assert_int_equal(row->sum.count[EVIDENCE_HIT], 5);
    *sum += row->sum.weight[EVIDENCE_ASKED];
}

static void a_folder_of_version_1_comes_forward_with_its_data(void **state)
{
    const struct identity ann = {IDENTITY_EMAIL, STR("ann@acme.example"), STR_NONE};
    struct data_folder *folder = *state;
    struct id record_id = id_random();
    struct record record;
    struct arena arena;
    struct store_find lookup = {.identities = &ann, .identity_count = 1, .arena = &arena, .record = &record};
    struct store_evidence own = {.arena = &arena};
    struct err_detail detail;
    double sum = 0;

    folder->workspace_id = lookup.workspace_id = own.workspace_id = id_random();
    make_v1(folder, record_id);
    folder_open(folder);
    assert_int_equal(read_workspace(folder).head.balance, 97);
    assert_int_equal(store_check_pages(folder->store, &detail), ERR_NONE);
    assert_int_equal(store_each_evidence(folder->store, sum_evidence, &sum), ERR_NONE);
    assert_int_equal((int)sum, 9 + 3 + 1);
    folder_start(folder);
    arena_init(&arena, 100000);
    assert_int_equal(find(folder, &lookup), ERR_NONE);
    assert_true(id_is(record.id, record_id));
    assert_str_is(record.channels[CHANNEL_WORK_EMAIL].value, "ann@acme.example");
    assert_str_is(record.channels[CHANNEL_WORK_EMAIL].provider, "Acme");
    assert_int_equal(record.channels[CHANNEL_WORK_EMAIL].traits.email_status, EMAIL_STATUS_NONE);
    assert_int_equal(record.channels[CHANNEL_PHONE].missed_at_us, 12);
    assert_str_is(record.channels[CHANNEL_PHONE].provider, "");
    folder->pending++;
    store_read_evidence(folder->store, &own, op_done);
    wait_for_all(folder);
    assert_non_null(own.rows);
    assert_non_null(own.rows->next);
    assert_null(own.rows->next->next);
    arena_deinit(&arena);
    folder_stop(folder);
}

static void missing_tables_are_refused(void **state)
{
    struct data_folder *folder = *state;

    folder_open(folder);
    store_close(&folder->store);
    tamper(folder, "DROP TABLE usage");
    expect_refusal(folder, false, ERR_CORRUPT, "restore it from a backup");
}

static void a_damaged_file_is_refused(void **state)
{
    struct data_folder *folder = *state;
    char text[5000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_file(folder, "lock", "");
    write_file(folder, "unstuck.db", text);
    expect_refusal(folder, false, ERR_CORRUPT, "damaged");
    expect_refusal(folder, true, ERR_CORRUPT, "damaged");
}

static void damaged_pages_are_found_by_the_check(void **state)
{
    struct data_folder *folder = *state;
    struct err_detail detail;
    char path[200], junk[4096];
    int fd;

    folder_open(folder);
    add_workspace(folder, 10);
    assert_int_equal(store_check_pages(folder->store, &detail), ERR_NONE);
    store_close(&folder->store);
    path_in(folder, "unstuck.db", path);
    memset(junk, 0x5a, sizeof junk);
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (int page = 1; page < 8; page++)
        assert_int_equal(pwrite(fd, junk, sizeof junk, page * (int)sizeof junk), sizeof junk);
    close(fd);
    if (try_open(folder, false, &detail) == ERR_NONE)
        assert_int_equal(store_check_pages(folder->store, &detail), ERR_CORRUPT);
    assert_non_null(strstr(detail.text, "backup"));
    store_close(&folder->store);
}

static void what_is_no_data_folder_is_refused(void **state)
{
    struct data_folder *folder = *state, absent = *folder;

    expect_refusal(folder, false, ERR_NOT_FOUND, "unstuck init --data");
    write_file(folder, "lock", "");
    expect_refusal(folder, false, ERR_NOT_FOUND, "");
    snprintf(absent.path, sizeof absent.path, "%.50s/absent", folder->path);
    expect_refusal(&absent, false, ERR_NOT_FOUND, "is not a data folder");
}

/* Below a regular file nothing can be written, not even by root. */
static void a_folder_that_cannot_be_written_is_refused(void **state)
{
    struct data_folder *folder = *state, inside = *folder;

    write_file(folder, "plain", "");
    snprintf(inside.path, sizeof inside.path, "%.50s/plain", folder->path);
    expect_refusal(&inside, true, ERR_IO, "cannot be written");
    expect_refusal(&inside, false, ERR_IO, "cannot be written");
    snprintf(inside.path, sizeof inside.path, "%.50s/plain/sub", folder->path);
    expect_refusal(&inside, true, ERR_IO, "cannot make the data folder");
    snprintf(inside.path, sizeof inside.path, "%.50s/a/b", folder->path);
    expect_refusal(&inside, true, ERR_IO, "cannot make the data folder");
}

static void a_database_that_cannot_be_opened_is_refused(void **state)
{
    struct data_folder *folder = *state;
    char path[200];

    path_in(folder, "unstuck.db", path);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_refusal(folder, true, ERR_IO, "unstuck.db");
    assert_int_equal(rmdir(path), 0);
}

static int set_up(void **state)
{
    static struct data_folder folder;

    folder_make(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_new_folder_is_made_for_its_owner_only),
        in_folder(closing_nothing_is_allowed),
        in_folder(reopening_keeps_everything),
        in_folder(closing_writes_what_is_queued_and_says_nothing_more),
        in_folder(a_second_opener_is_refused),
        in_folder(a_newer_schema_is_refused),
        in_folder(a_foreign_database_is_refused_and_left_alone),
        in_folder(a_folder_of_version_1_comes_forward_with_its_data),
        in_folder(missing_tables_are_refused),
        in_folder(a_damaged_file_is_refused),
        in_folder(damaged_pages_are_found_by_the_check),
        in_folder(what_is_no_data_folder_is_refused),
        in_folder(a_folder_that_cannot_be_written_is_refused),
        in_folder(a_database_that_cannot_be_opened_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
