#include "data_folder.h"

#include "store/sqlite.h"

/* Statements that read a whole table or a whole workspace, on purpose, or count what a LIMIT bounds. */
static bool reads_all(enum sql sql)
{
    return sql == SQL_EACH_WORKSPACE || sql == SQL_EACH_KEY || sql == SQL_EACH_SUPPRESSION || sql == SQL_EACH_WISH ||
           sql == SQL_SCALE_EVIDENCE || sql == SQL_EACH_ENDPOINT || sql == SQL_EACH_OLD_EVENT ||
           sql == SQL_COUNT_EVENTS;
}

/* How many columns of a key the plan's line compares: "(a=? AND b=?)" is two. */
static int keys_compared(const char *line)
{
    int count = 0;

    for (const char *at = line; (at = strpbrk(at, "=<>")) != NULL; at++)
        count++;
    return count;
}

static int keys_wanted(const char *text)
{
    if (strstr(text, "record_id = ?2") != NULL || strstr(text, "seq < ?3") != NULL)
        return 2;
    return 1;
}

static void expect_plan(sqlite3 *handle, enum sql sql, const char *text)
{
    sqlite3_stmt *plan;
    char question[4000];

    snprintf(question, sizeof question, "EXPLAIN QUERY PLAN %s", text);
    assert_int_equal(sqlite3_prepare_v2(handle, question, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(plan, 3);

        if (strncmp(line, "SCAN", 4) == 0 && !reads_all(sql))
            fail_msg("%s\n  scans: %s", text, line);
        if (strstr(line, "TEMP B-TREE") != NULL && !reads_all(sql))
            fail_msg("%s\n  sorts: %s", text, line);
        if (strncmp(line, "SEARCH", 6) == 0 && keys_compared(line) < keys_wanted(text))
            fail_msg("%s\n  searches too widely: %s", text, line);
    }
    sqlite3_finalize(plan);
}

static void no_statement_reads_more_than_it_needs(void **state)
{
    struct data_folder *folder = *state;
    struct store_db db;
    struct err_detail detail;

    assert_int_equal(db_open(&db, folder->path, true, &detail), ERR_NONE);
    for (size_t i = 0; i < SQL_COUNT; i++)
        expect_plan(db.handle, (enum sql)i, sqlite3_sql(db_statement(&db, (enum sql)i)));
    db_close(&db);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_statement_reads_more_than_it_needs, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
