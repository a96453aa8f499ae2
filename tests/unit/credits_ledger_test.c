#include "data_folder.h"

static void a_hold_sets_credits_aside_and_a_release_gives_them_back(void **state)
{
    struct account account = {.balance = 10};
    struct hold a = {0}, b = {0}, c = {0};

    (void)state;
    assert_int_equal(hold_open(&account, 6, &a), ERR_NONE);
    assert_int_equal(account_available(&account), 4);
    assert_int_equal(hold_open(&account, 5, &b), ERR_NO_CREDIT);
    assert_false(b.is_open);
    assert_int_equal(account.held, 6);
    assert_int_equal(hold_open(&account, 4, &b), ERR_NONE);
    assert_int_equal(account_available(&account), 0);
    assert_int_equal(hold_open(&account, 0, &c), ERR_NONE);
    hold_release(&account, &a);
    assert_int_equal(account_available(&account), 6);
    hold_release(&account, &a); /* a closed one: nothing */
    assert_int_equal(account.held, 4);
    hold_release(&account, &b);
    hold_release(&account, &c);
    assert_int_equal(account.held, 0);
    assert_int_equal(account.balance, 10);
}

static void a_settled_hold_ends_and_the_balance_is_the_ledgers(void **state)
{
    struct account account = {.balance = 10, .month = 24000, .used_month = 1};
    const struct store_commit committed = {
        .entry = {.amount = -2, .balance_after = 8}, .month = 24001, .used_month = 2};
    struct hold hold = {0};

    (void)state;
    assert_int_equal(hold_open(&account, 6, &hold), ERR_NONE);
    hold_settle(&account, &hold, &committed);
    assert_false(hold.is_open);
    assert_int_equal(account.held, 0);
    assert_int_equal(account.balance, 8);
    assert_int_equal(account.month, 24001);
    assert_int_equal(account.used_month, 2);
}

/* Whatever became of it, what others hold is covered until the ledger says more. */
static void an_unsure_charge_counts_as_spent_until_the_ledger_says_otherwise(void **state)
{
    struct account account = {.balance = 10};
    const struct store_commit committed = {.entry = {.amount = -4, .balance_after = 6}};
    struct hold unsure = {0}, other = {0};

    (void)state;
    assert_int_equal(hold_open(&account, 6, &unsure), ERR_NONE);
    assert_int_equal(hold_open(&account, 4, &other), ERR_NONE);
    hold_write_off(&account, &unsure, 5);
    assert_false(unsure.is_open);
    assert_int_equal(account.balance, 5);
    assert_int_equal(account.held, 4);
    hold_settle(&account, &other, &committed); /* it was not written after all */
    assert_int_equal(account.balance, 6);
    assert_int_equal(account.held, 0);
}

static void months_are_counted_in_utc(void **state)
{
    static const struct {
        const char *time;
        int month;
    } cases[] = {{"1970-01-01T00:00:00Z", 1970 * 12},           {"2026-01-31T23:59:59Z", 2026 * 12},
                 {"2026-02-01T00:00:00Z", 2026 * 12 + 1},       {"2026-12-31T23:59:59Z", 2026 * 12 + 11},
                 {"2027-01-01T00:59:59+01:00", 2026 * 12 + 11}, {"2027-01-01T00:00:00Z", 2027 * 12}};
    struct account account = {.used_month = 5};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        int64_t time_us;

        assert_true(clock_read_time(str_from(cases[i].time), &time_us));
        assert_int_equal(month_of(time_us), cases[i].month);
        account.month = cases[i].month;
        assert_int_equal(account_used_month(&account, time_us), 5);
        account.month--;
        assert_int_equal(account_used_month(&account, time_us), 0);
    }
}

static void every_field_of_an_entry_is_sealed(void **state)
{
    const struct ledger_head head = {.seq = 4, .balance = 100, .hash = {7}};
    const struct ledger_entry entry = {.kind = LEDGER_LOOKUP, .amount = -3, .at_us = 9, .lookup_id = {{1}}};
    struct ledger_entry sealed = entry, changed[5] = {entry, entry, entry, entry, entry};
    struct ledger_head other_heads[3] = {head, head, head};

    (void)state;
    ledger_seal(&sealed, &head);
    assert_int_equal(sealed.seq, 5);
    assert_int_equal(sealed.balance_after, 97);
    assert_memory_equal(sealed.prev_hash, head.hash, 32);
    changed[0].kind = LEDGER_GRANT;
    changed[1].amount = -4;
    changed[2].at_us = 10;
    changed[3].lookup_id.bytes[15] = 1;
    changed[4].trail_digest[31] = 1;
    for (size_t i = 0; i < LEN(changed); i++) {
        ledger_seal(&changed[i], &head);
        assert_memory_not_equal(changed[i].hash, sealed.hash, 32);
    }
    other_heads[0].seq = 5;
    other_heads[1].balance = 101;
    other_heads[2].hash[31] = 1;
    for (size_t i = 0; i < LEN(other_heads); i++) {
        struct ledger_entry again = entry;

        ledger_seal(&again, &other_heads[i]);
        assert_memory_not_equal(again.hash, sealed.hash, 32);
    }
}

/* --- verification ------------------------------------------------------------ */

/* A closed folder: a grant of 100, then lookups of 1, 2 and 3 credits. */
static void make_books(struct data_folder *folder)
{
    folder_set_up(folder, 100);
    for (int i = 1; i <= 3; i++) {
        struct store_commit op = commit_of(folder, id_random(), i);

        assert_int_equal(commit(folder, &op), ERR_NONE);
    }
    folder_stop(folder);
}

static enum err verify(struct data_folder *folder, struct ledger_report *report, struct err_detail *detail)
{
    struct workspace_row row;
    enum err err;

    detail->text[0] = '\0';
    folder_open(folder);
    row = read_workspace(folder);
    err = ledger_verify(folder->store, &row, report, detail);
    store_close(&folder->store);
    return err;
}

static void right_books_are_verified_and_counted(void **state)
{
    struct data_folder folder;
    struct ledger_report report;
    struct err_detail detail;

    (void)state;
    make_books(&folder);
    assert_int_equal(verify(&folder, &report, &detail), ERR_NONE);
    assert_int_equal(report.entries, 4);
    assert_int_equal(report.trails, 3);
    assert_int_equal(report.trails_erased, 0);
    assert_int_equal(report.balance, 94);
    tamper(&folder, "DELETE FROM trail WHERE seq = 3"); /* erased by request: the chain still stands */
    assert_int_equal(verify(&folder, &report, &detail), ERR_NONE);
    assert_int_equal(report.trails, 2);
    assert_int_equal(report.trails_erased, 1);
    folder_remove(&folder);
}

static const char *const tamperings[] = {
    "UPDATE ledger SET amount = amount + 1 WHERE seq = 2",
    "UPDATE ledger SET amount = amount - 1 WHERE seq = 1",
    "UPDATE ledger SET balance_after = balance_after + 1 WHERE seq = 3",
    "UPDATE ledger SET kind = 'grant' WHERE seq = 2",
    "UPDATE ledger SET kind = 'lookup' WHERE seq = 1",
    "UPDATE ledger SET kind = 'gift' WHERE seq = 2",
    "UPDATE ledger SET at = at + 1 WHERE seq = 4",
    "UPDATE ledger SET seq = 9 WHERE seq = 4",
    "UPDATE ledger SET lookup_id = x'00112233445566778899aabbccddeeff' WHERE seq = 2",
    "UPDATE ledger SET record_id = x'00112233445566778899aabbccddeeff' WHERE seq = 2",
    "UPDATE ledger SET trail_digest = zeroblob(32) WHERE seq = 2",
    "UPDATE ledger SET prev_hash = zeroblob(32) WHERE seq = 2",
    "UPDATE ledger SET prev_hash = x'00' WHERE seq = 2",
    "UPDATE ledger SET hash = zeroblob(32) WHERE seq = 2",
    "UPDATE ledger SET hash = zeroblob(32) WHERE seq = 4",
    "DELETE FROM ledger WHERE seq = 1",
    "DELETE FROM ledger WHERE seq = 3",
    "DELETE FROM ledger WHERE seq = 4",
    "DELETE FROM ledger",
    ("INSERT INTO ledger SELECT workspace_id, 5, kind, amount, balance_after, at, lookup_id, record_id, trail_digest, "
     "hash, hash FROM ledger WHERE seq = 4"),
    "UPDATE trail SET body = '{}' WHERE seq = 2",
    "UPDATE trail SET body = '' WHERE seq = 2",
    "UPDATE trail SET body = body || ' ' WHERE seq = 4",
    "UPDATE trail SET seq = 7 WHERE seq = 4",
    "UPDATE trail SET record_id = x'00112233445566778899aabbccddeeff' WHERE seq = 2",
    "INSERT INTO trail SELECT workspace_id, record_id, 99, lookup_id, body FROM trail WHERE seq = 2",
    "UPDATE workspace SET balance = balance + 1",
    "UPDATE workspace SET balance = 0",
    "UPDATE workspace SET ledger_seq = ledger_seq + 1",
    "UPDATE workspace SET ledger_hash = zeroblob(32)",
};

static void every_tampering_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(tamperings); i++) {
        struct data_folder folder;
        struct ledger_report report = {.entries = -1};
        struct err_detail detail;

        make_books(&folder);
        tamper(&folder, tamperings[i]);
        if (verify(&folder, &report, &detail) != ERR_CORRUPT)
            fail_msg("not found: %s", tamperings[i]);
        assert_int_not_equal(detail.text[0], '\0');
        assert_int_equal(report.entries, -1);
        folder_remove(&folder);
    }
}

/* Even who seals a wrong amount anew has to reseal all that follows. */
static void a_resealed_entry_breaks_the_chain_behind_it(void **state)
{
    struct data_folder folder;
    struct ledger_report report;
    struct err_detail detail;
    struct ledger_head head = {.seq = 0};
    struct ledger_entry forged = {.kind = LEDGER_GRANT, .amount = 200, .at_us = 1000};
    char hex[65], sql[200];

    (void)state;
    make_books(&folder);
    ledger_seal(&forged, &head);
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", forged.hash[i]);
    snprintf(sql, sizeof sql, "UPDATE ledger SET amount = 200, balance_after = 200, hash = x'%s' WHERE seq = 1", hex);
    tamper(&folder, sql);
    assert_int_equal(verify(&folder, &report, &detail), ERR_CORRUPT);
    assert_non_null(strstr(detail.text, "entry 2"));
    folder_remove(&folder);
}

static void an_empty_ledger_is_right(void **state)
{
    struct data_folder folder;
    struct ledger_report report;
    struct err_detail detail;

    (void)state;
    folder_set_up(&folder, 0);
    folder_stop(&folder);
    assert_int_equal(verify(&folder, &report, &detail), ERR_NONE);
    assert_int_equal(report.entries, 0);
    assert_int_equal(report.balance, 0);
    folder_remove(&folder);
}

/* --- the model: random operations against plain integers ----------------------- */

enum { SHOPS = 5, HOLDS = 40, STEPS_BETWEEN_RESTARTS = 800 };

struct shop {
    struct id id;
    int64_t balance, held, used; /* the model */
    struct account account;      /* what is tested */
};

struct held {
    struct shop *shop; /* NULL: free */
    struct hold hold;
    int64_t credits;
    bool is_settling;
    struct store_commit commit;
};

static struct {
    struct data_folder folder;
    struct shop shops[SHOPS];
    size_t shop_count, settling;
    struct held held[HOLDS];
    uint64_t seed, random;
    int step;
} m;

static uint64_t random_below(uint64_t bound)
{
    m.random ^= m.random << 13;
    m.random ^= m.random >> 7;
    m.random ^= m.random << 17;
    return m.random % bound;
}

#define expect(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("step %d of UNSTUCK_SEED=%llu: %s", m.step, (unsigned long long)m.seed, #condition);              \
    } while (0)

static void compare_with_model(void)
{
    for (size_t i = 0; i < m.shop_count; i++) {
        const struct shop *shop = &m.shops[i];

        expect(shop->account.balance == shop->balance);
        expect(shop->account.held == shop->held);
        expect(account_available(&shop->account) == shop->balance - shop->held);
        expect(shop->held >= 0 && shop->held <= shop->balance);
        expect(shop->account.used_month == shop->used);
    }
}

static void settled(struct store_op *op, enum err err)
{
    struct held *held = container_of(op, struct held, commit.op);
    struct shop *shop = held->shop;

    expect(err == ERR_NONE);
    shop->balance += held->commit.entry.amount;
    shop->used -= held->commit.entry.amount;
    shop->held -= held->credits;
    expect(held->commit.entry.balance_after == shop->balance);
    hold_settle(&shop->account, &held->hold, &held->commit);
    expect(!held->hold.is_open);
    *held = (struct held){.shop = NULL};
    m.settling--;
    compare_with_model();
}

static void model_hold(struct held *held)
{
    struct shop *shop = &m.shops[random_below(m.shop_count)];
    int64_t credits = (int64_t)random_below(30);
    bool fits = credits <= shop->balance - shop->held;

    expect((hold_open(&shop->account, credits, &held->hold) == ERR_NONE) == fits);
    expect(held->hold.is_open == fits);
    if (!fits)
        return;
    held->shop = shop;
    held->credits = credits;
    shop->held += credits;
}

static void model_release(struct held *held)
{
    held->shop->held -= held->credits;
    hold_release(&held->shop->account, &held->hold);
    *held = (struct held){.shop = NULL};
}

static void model_settle(struct held *held)
{
    int64_t used = (int64_t)random_below((uint64_t)held->credits + 1);

    m.folder.workspace_id = held->shop->id;
    held->commit = commit_of(&m.folder, id_random(), used);
    held->is_settling = true;
    m.settling++;
    store_commit_lookup(m.folder.store, &held->commit, settled);
}

static void model_step(void)
{
    struct held *held = &m.held[random_below(HOLDS)];

    m.step++;
    if (held->shop == NULL)
        model_hold(held);
    else if (!held->is_settling && random_below(4) == 0)
        model_release(held);
    else if (!held->is_settling)
        model_settle(held);
    if (random_below(20) == 0)
        loop_while(&m.folder.loop, m.settling > 0);
    compare_with_model();
}

static void load_shop(void *ctx, const struct workspace_row *row)
{
    (void)ctx;
    for (size_t i = 0; i < m.shop_count; i++) {
        struct shop *shop = &m.shops[i];

        if (!id_is(shop->id, row->id))
            continue;
        expect(shop->held == 0);
        expect(row->head.balance == shop->balance);
        shop->account =
            (struct account){.balance = row->head.balance, .used_month = row->used_month, .month = row->month};
    }
}

static void verify_shop(void *ctx, const struct workspace_row *row)
{
    struct workspace_row *rows = ctx;

    while (!id_is_none(rows->id))
        rows++;
    *rows = *row;
}

static void verify_shops(void)
{
    struct workspace_row rows[SHOPS + 1] = {{.month = 0}};
    struct ledger_report report;
    struct err_detail detail;

    expect(store_each_workspace(m.folder.store, verify_shop, rows) == ERR_NONE);
    for (size_t i = 0; i < m.shop_count; i++) {
        if (ledger_verify(m.folder.store, &rows[i], &report, &detail) != ERR_NONE)
            fail_msg("UNSTUCK_SEED=%llu: %s", (unsigned long long)m.seed, detail.text);
    }
}

/* A new workspace with a grant, then many steps, then everything ends. */
static void model_run_until_restart(void)
{
    int64_t grant = (int64_t)random_below(4000);

    folder_open(&m.folder);
    verify_shops();
    add_workspace(&m.folder, grant);
    m.shops[m.shop_count++] = (struct shop){.id = m.folder.workspace_id, .balance = grant};
    expect(store_each_workspace(m.folder.store, load_shop, NULL) == ERR_NONE);
    compare_with_model();
    folder_start(&m.folder);
    for (int i = 0; i < STEPS_BETWEEN_RESTARTS; i++)
        model_step();
    loop_while(&m.folder.loop, m.settling > 0);
    for (size_t i = 0; i < HOLDS; i++) {
        if (m.held[i].shop != NULL)
            model_release(&m.held[i]);
    }
    compare_with_model();
    folder_stop(&m.folder);
}

static uint64_t choose_seed(void)
{
    const char *text = getenv("UNSTUCK_SEED");

    return text != NULL ? strtoull(text, NULL, 10) : (uint64_t)clock_wall_us();
}

static void credits_behave_like_plain_integers(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    m.seed = choose_seed();
    m.random = m.seed * 2 + 1; /* never zero */
    printf("# UNSTUCK_SEED=%llu\n", (unsigned long long)m.seed);
    fflush(stdout);
    folder_make(&m.folder);
    while (m.shop_count < SHOPS)
        model_run_until_restart();
    folder_open(&m.folder);
    expect(store_each_workspace(m.folder.store, load_shop, NULL) == ERR_NONE);
    verify_shops();
    store_close(&m.folder.store);
    folder_remove(&m.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_sets_credits_aside_and_a_release_gives_them_back),
        cmocka_unit_test(a_settled_hold_ends_and_the_balance_is_the_ledgers),
        cmocka_unit_test(an_unsure_charge_counts_as_spent_until_the_ledger_says_otherwise),
        cmocka_unit_test(months_are_counted_in_utc),
        cmocka_unit_test(every_field_of_an_entry_is_sealed),
        cmocka_unit_test(right_books_are_verified_and_counted),
        cmocka_unit_test(every_tampering_is_found),
        cmocka_unit_test(a_resealed_entry_breaks_the_chain_behind_it),
        cmocka_unit_test(an_empty_ledger_is_right),
        cmocka_unit_test(credits_behave_like_plain_integers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
