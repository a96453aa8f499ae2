#include "data_folder.h"

#include "cli/command.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Adds a key of this scope and these times; `secret` gets it. */
static void add_key(struct data_folder *folder, const char *scope, int64_t expires_at_us, int64_t revoked_at_us,
                    char secret[KEY_LEN + 1])
{
    struct id workspace_id = id_random();
    struct key_row key;

    key_make(secret, workspace_id, SCOPE_READ, 1000, &key);
    key.scope = str_from(scope);
    key.expires_at_us = expires_at_us;
    key.revoked_at_us = revoked_at_us;
    assert_int_equal(store_create_workspace(folder->store, workspace_id, STR("Other"), 0, &key, 1000, ledger_seal),
                     ERR_NONE);
}

static struct directory *load(struct data_folder *folder)
{
    struct directory *directory = NULL;

    assert_int_equal(directory_new(folder->store, &directory), ERR_NONE);
    return directory;
}

static void a_key_opens_its_own_workspace(void **state)
{
    struct data_folder *folder = *state;
    char other_secret[KEY_LEN + 1];
    struct directory *directory;
    const struct api_key *key, *other;

    add_workspace(folder, 50);
    add_key(folder, "read", 9000, 0, other_secret);
    directory = load(folder);
    assert_int_equal(directory_workspaces(directory), 2);
    key = directory_authenticate(directory, str_from(folder->secret), 5000);
    other = directory_authenticate(directory, str_from(other_secret), 5000);
    assert_non_null(key);
    assert_non_null(other);
    assert_true(id_is(key->workspace->id, folder->workspace_id));
    assert_str_is(key->workspace->name, "Acme");
    assert_int_equal(key->workspace->account.balance, 50);
    assert_int_equal(key->workspace->account.held, 0);
    assert_int_equal(key->scope, SCOPE_FULL);
    assert_int_equal(other->scope, SCOPE_READ);
    assert_true(key->workspace != other->workspace);
    directory_free(&directory);
    assert_null(directory);
    directory_free(&directory);
}

static void an_unknown_or_malformed_key_opens_nothing(void **state)
{
    struct data_folder *folder = *state;
    char unknown[KEY_LEN + 1];
    struct directory *directory;
    struct key_row row;

    add_workspace(folder, 50);
    directory = load(folder);
    key_make(unknown, folder->workspace_id, SCOPE_FULL, 1000, &row);
    assert_null(directory_authenticate(directory, str_from(unknown), 5000));
    assert_null(directory_authenticate(directory, STR(""), 5000));
    assert_null(directory_authenticate(directory, STR_NONE, 5000));
    assert_null(directory_authenticate(directory, (struct str){folder->secret, KEY_LEN - 1}, 5000));
    folder->secret[20] = folder->secret[20] == 'a' ? 'b' : 'a';
    assert_null(directory_authenticate(directory, str_from(folder->secret), 5000));
    directory_free(&directory);
}

static void an_expired_or_revoked_key_opens_nothing(void **state)
{
    struct data_folder *folder = *state;
    char expiring[KEY_LEN + 1], revoked[KEY_LEN + 1];
    struct directory *directory;

    add_key(folder, "full", 9000, 0, expiring);
    add_key(folder, "full", 9000, 1, revoked);
    directory = load(folder);
    assert_non_null(directory_authenticate(directory, str_from(expiring), 8999));
    assert_null(directory_authenticate(directory, str_from(expiring), 9000));
    assert_null(directory_authenticate(directory, str_from(expiring), 9001));
    assert_null(directory_authenticate(directory, str_from(revoked), 5000));
    directory_free(&directory);
}

static void a_key_of_an_unknown_scope_or_workspace_opens_nothing(void **state)
{
    struct data_folder *folder = *state;
    char unknown_scope[KEY_LEN + 1];
    struct directory *directory;

    add_workspace(folder, 0);
    add_key(folder, "everything", 9000, 0, unknown_scope);
    store_close(&folder->store);
    tamper(folder, "UPDATE api_key SET workspace_id = x'00000000000000000000000000000001' WHERE scope = 'full'");
    folder_open(folder);
    directory = load(folder);
    assert_null(directory_authenticate(directory, str_from(unknown_scope), 5000));
    assert_null(directory_authenticate(directory, str_from(folder->secret), 5000));
    directory_free(&directory);
}

static void a_new_workspace_works_at_once_after_loading(void **state)
{
    struct data_folder *folder = *state;
    char secret[KEY_LEN + 1];
    struct directory *directory;
    const struct api_key *key;
    struct id id;

    assert_int_equal(workspace_create(folder->store, STR("New"), 7, 1000, secret, &id), ERR_NONE);
    directory = load(folder);
    key = directory_authenticate(directory, str_from(secret), 2000);
    assert_non_null(key);
    assert_int_equal(key->scope, SCOPE_FULL);
    assert_true(id_is(key->workspace->id, id));
    assert_int_equal(key->workspace->account.balance, 7);
    directory_free(&directory);
}

static void a_workspace_without_credits_has_an_empty_ledger(void **state)
{
    struct data_folder *folder = *state;
    struct workspace_row row;

    add_workspace(folder, 0);
    row = read_workspace(folder);
    assert_int_equal(row.head.seq, 0);
    assert_int_equal(row.head.balance, 0);
}

/* A workspace whose only key nobody has seen would be of no use. */
static void a_key_file_that_cannot_be_made_leaves_no_workspace(void **state)
{
    struct data_folder *folder = *state;
    struct directory *directory;
    int stderr_was = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    char path[200];

    assert_int_equal(dup2(nowhere, STDERR_FILENO), STDERR_FILENO);
    path_in(folder, "absent/key", path);
    assert_false(command_first_workspace(folder->store, 10, path));
    path_in(folder, "lock", path);
    assert_false(command_first_workspace(folder->store, 10, path)); /* exists */
    assert_int_equal(dup2(stderr_was, STDERR_FILENO), STDERR_FILENO);
    close(stderr_was);
    close(nowhere);
    directory = load(folder);
    assert_int_equal(directory_workspaces(directory), 0);
    directory_free(&directory);
}

static void a_key_file_holds_the_key_for_its_owner_only(void **state)
{
    struct data_folder *folder = *state;
    char path[200], text[KEY_LEN + 2] = "";
    struct directory *directory;
    struct stat info;
    FILE *file;

    path_in(folder, "key", path);
    assert_true(command_first_workspace(folder->store, 10, path));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text, file), KEY_LEN + 1);
    fclose(file);
    assert_int_equal(text[KEY_LEN], '\n');
    directory = load(folder);
    assert_non_null(directory_authenticate(directory, (struct str){text, KEY_LEN}, clock_wall_us()));
    directory_free(&directory);
}

static int set_up(void **state)
{
    static struct data_folder folder;

    folder_make(&folder);
    folder_open(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    struct data_folder *folder = *state;

    store_close(&folder->store);
    folder_remove(folder);
    return 0;
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Better no server than one that looks up whom it must not. */
static void suppressions_whose_key_is_lost_are_no_data(void **state)
{
    static const char *const damages[] = {"DELETE FROM installation", "UPDATE installation SET value = x'00'"};
    struct data_folder *folder = *state;
    struct directory *directory = NULL;

    for (size_t i = 0; i < LEN(damages); i++) {
        store_close(&folder->store);
        tamper(folder, "INSERT OR REPLACE INTO installation VALUES ('suppression_key', randomblob(32));"
                       "INSERT OR REPLACE INTO suppression VALUES (x'01', x'02', 0, randomblob(16), '', 0)");
        folder_open(folder);
        directory = load(folder);
        directory_free(&directory);
        store_close(&folder->store);
        tamper(folder, damages[i]);
        folder_open(folder);
        assert_int_equal(directory_new(folder->store, &directory), ERR_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(suppressions_whose_key_is_lost_are_no_data),
        in_folder(a_key_opens_its_own_workspace),
        in_folder(an_unknown_or_malformed_key_opens_nothing),
        in_folder(an_expired_or_revoked_key_opens_nothing),
        in_folder(a_key_of_an_unknown_scope_or_workspace_opens_nothing),
        in_folder(a_new_workspace_works_at_once_after_loading),
        in_folder(a_workspace_without_credits_has_an_empty_ledger),
        in_folder(a_key_file_that_cannot_be_made_leaves_no_workspace),
        in_folder(a_key_file_holds_the_key_for_its_owner_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
