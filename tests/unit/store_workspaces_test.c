#include "data_folder.h"

#include "unsure_store.h"

static enum err renew(struct data_folder *folder, struct store_renewal *op)
{
    folder->pending++;
    store_renew(folder->store, op, op_done);
    wait_for_all(folder);
    return op->op.err;
}

static struct store_renewal renewal_of(const struct data_folder *folder, int month, int64_t credits)
{
    return (struct store_renewal){.workspace_id = folder->workspace_id,
                                  .month = month,
                                  .credits = credits,
                                  .credits_max = CREDITS_MAX,
                                  .expire_max = CREDITS_MAX,
                                  .at_us = 5000,
                                  .seal = ledger_seal};
}

static struct store_entries read_entries(struct data_folder *folder, int64_t before_seq)
{
    struct store_entries op = {.workspace_id = folder->workspace_id, .before_seq = before_seq};

    folder->pending++;
    store_read_entries(folder->store, &op, op_done);
    wait_for_all(folder);
    assert_int_equal(op.op.err, ERR_NONE);
    return op;
}

static void verify(struct data_folder *folder)
{
    struct ledger_report report;
    struct err_detail detail;
    struct workspace_row row;

    folder_stop(folder);
    folder_open(folder);
    row = read_workspace(folder);
    if (ledger_verify(folder->store, &row, &report, &detail) != ERR_NONE)
        fail_msg("%s", detail.text);
    folder_start(folder);
}

static void a_month_is_renewed_once(void **state)
{
    struct data_folder *folder = *state;
    struct store_renewal op = renewal_of(folder, 24000, 30);

    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 130);
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 130);
    op.month = 23999;
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 130);
    op.month = 24001;
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 130); /* 30 expired, 30 came */
    assert_int_equal(read_entries(folder, 0).count, 4);
    verify(folder);
}

static void what_was_used_came_out_of_the_month_first(void **state)
{
    struct data_folder *folder = *state;
    struct store_renewal op = renewal_of(folder, 24000, 30);
    struct store_commit used = commit_of(folder, id_random(), 12);
    struct store_entries page;

    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(commit(folder, &used), ERR_NONE);
    op.month++;
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 130);
    page = read_entries(folder, 0);
    assert_int_equal(page.entries[1].kind, LEDGER_EXPIRY);
    assert_int_equal(page.entries[1].amount, -18);
    verify(folder);
}

static void no_more_expires_and_no_more_comes_than_is_allowed(void **state)
{
    struct data_folder *folder = *state;
    struct store_renewal op = renewal_of(folder, 24000, 30);

    assert_int_equal(renew(folder, &op), ERR_NONE);
    op.month++;
    op.expire_max = 10;
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 150);
    op.month++;
    op.expire_max = 0;
    op.credits_max = 155;
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 155);
    verify(folder);
}

static void an_unsure_renewal_may_be_asked_again(void **state)
{
    struct data_folder *folder = *state;
    struct store_renewal op = renewal_of(folder, 24000, 30);

    hook_store();
    atomic_store(&commits_to_refuse, 1);
    assert_int_equal(renew(folder, &op), ERR_STORE_UNSURE);
    assert_int_equal(renew(folder, &op), ERR_NONE);
    assert_int_equal(op.balance, 130);
    verify(folder);
}

static void the_month_that_was_used_in_stays_counted(void **state)
{
    struct data_folder *folder = *state;
    struct store_renewal op = renewal_of(folder, 24000, 30);
    struct store_commit used = commit_of(folder, id_random(), 12);

    assert_int_equal(commit(folder, &used), ERR_NONE);
    assert_int_equal(renew(folder, &op), ERR_NONE);
    used = commit_of(folder, id_random(), 3);
    assert_int_equal(commit(folder, &used), ERR_NONE);
    assert_int_equal(used.used_month, 15);
}

static void the_ledger_is_read_in_pages(void **state)
{
    struct data_folder *folder = *state;
    struct store_entries page;

    for (int i = 0; i < ENTRIES_PAGE; i++) {
        struct store_commit used = commit_of(folder, id_random(), 1);

        assert_int_equal(commit(folder, &used), ERR_NONE);
    }
    page = read_entries(folder, 0);
    assert_int_equal(page.count, ENTRIES_PAGE);
    assert_true(page.has_more);
    assert_int_equal(page.entries[0].seq, ENTRIES_PAGE + 1);
    page = read_entries(folder, page.entries[ENTRIES_PAGE - 1].seq);
    assert_int_equal(page.count, 1);
    assert_false(page.has_more);
    assert_int_equal(page.entries[0].kind, LEDGER_GRANT);
}

static void counts_and_uses_come_back(void **state)
{
    struct data_folder *folder = *state;
    struct directory *directory;
    const struct api_key *key;
    struct rate_refusal refusal;
    struct store_counters op, none;
    const struct rate_limits limits = {.max = {100, 20, 1000}};
    const struct rate_time now = {.steady_us = 0, .wall_us = 20000 * INT64_C(86400) * SECOND_US};

    folder_stop(folder);
    folder_open(folder);
    assert_int_equal(directory_new(folder->store, &directory), ERR_NONE);
    directory_set_limits(directory, &limits);
    folder_start(folder);
    key = directory_authenticate(directory, str_from(folder->secret), 70 * SECOND_US);
    assert_non_null(key);
    assert_true(workspace_take(key->workspace, LIMIT_SINGLE, now, &refusal));
    assert_true(workspace_take(key->workspace, LIMIT_NONE, now, &refusal));
    directory_take_changes(directory, &op);
    directory_take_changes(directory, &none);
    assert_int_equal(op.day_count, 1);
    assert_int_equal(op.use_count, 1);
    assert_int_equal(none.day_count + none.use_count, 0);
    folder->pending++;
    store_put_counters(folder->store, &op, op_done);
    wait_for_all(folder);
    directory_changes_written(directory, &op, op.op.err);
    directory_free(&directory);
    folder_stop(folder);

    folder_open(folder);
    assert_int_equal(read_workspace(folder).day_count, 1);
    assert_int_equal(read_workspace(folder).day, 20000);
    assert_int_equal(directory_new(folder->store, &directory), ERR_NONE);
    key = directory_authenticate(directory, str_from(folder->secret), 80 * SECOND_US);
    assert_int_equal(key->use_written_at_us, 70 * SECOND_US);
    directory_take_changes(directory, &none); /* ten seconds later: not worth a write */
    assert_int_equal(none.use_count, 0);
    directory_free(&directory);
    folder_start(folder);
}

static void a_count_that_was_not_written_is_tried_again(void **state)
{
    struct data_folder *folder = *state;
    const struct rate_limits limits = {.max = {100, 20, 1000}};
    struct rate_time now = {.steady_us = 0, .wall_us = 0};
    struct store_counters op;
    struct directory *directory;
    const struct api_key *key;
    struct rate_refusal refusal;

    folder_stop(folder);
    folder_open(folder);
    assert_int_equal(directory_new(folder->store, &directory), ERR_NONE);
    directory_set_limits(directory, &limits);
    folder_start(folder);
    key = directory_authenticate(directory, str_from(folder->secret), 5000);
    assert_true(workspace_take(key->workspace, LIMIT_BULK, now, &refusal));
    directory_take_changes(directory, &op);
    directory_changes_written(directory, &op, ERR_STORE_DOWN);
    directory_take_changes(directory, &op);
    assert_int_equal(op.day_count, 1);
    assert_int_equal(op.days[0].count, 1);
    directory_changes_written(directory, &op, ERR_NONE);
    directory_free(&directory);
}

static int set_up(void **state)
{
    static struct data_folder folder;

    folder_set_up(&folder, 100);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_tear_down(*state);
    return 0;
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_month_is_renewed_once),
        in_folder(what_was_used_came_out_of_the_month_first),
        in_folder(no_more_expires_and_no_more_comes_than_is_allowed),
        in_folder(an_unsure_renewal_may_be_asked_again),
        in_folder(the_month_that_was_used_in_stays_counted),
        in_folder(the_ledger_is_read_in_pages),
        in_folder(counts_and_uses_come_back),
        in_folder(a_count_that_was_not_written_is_tried_again),
    };

    watch_stores();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
