#include "data_folder.h"
#include "unsure_store.h"

#include "base/log.h"
#include "base/mem.h"

static const struct identity ann_email = {IDENTITY_EMAIL, STR("ann@acme.example"), STR("Ann@acme.example")};
static const struct identity ann_linkedin = {IDENTITY_LINKEDIN, STR("https://linkedin.com/in/ann"), STR_NONE};
static const struct identity ann_person = {IDENTITY_PERSON, STR("ann|lee|acme.example"), STR_NONE};
static const struct identity acme = {IDENTITY_DOMAIN, STR("acme.example"), STR_NONE};

static struct arena arena;
static struct record found;

static enum err find_by(struct data_folder *folder, const struct identity *identities, size_t count)
{
    struct store_find op = {.with_details = true,
                            .workspace_id = folder->workspace_id,
                            .identities = identities,
                            .identity_count = count,
                            .arena = &arena,
                            .record = &found};

    return find(folder, &op);
}

static enum err find_by_id(struct data_folder *folder, struct id workspace_id, struct id record_id)
{
    struct store_find op = {
        .with_details = true, .workspace_id = workspace_id, .record_id = record_id, .arena = &arena, .record = &found};

    return find(folder, &op);
}

/* A new record known by these. */
static struct id add_record(struct data_folder *folder, const struct identity *identities, size_t count)
{
    struct store_commit op = commit_of(folder, id_random(), 0);

    op.identities = identities;
    op.identity_count = count;
    assert_int_equal(commit(folder, &op), ERR_NONE);
    return op.record_id;
}

static void expect_found(struct data_folder *folder, struct identity identity, struct id record_id)
{
    assert_int_equal(find_by(folder, &identity, 1), ERR_NONE);
    assert_true(id_is(found.id, record_id));
}

static void a_record_is_found_by_each_kind_of_identity(void **state)
{
    const struct identity identities[] = {ann_email, ann_linkedin, ann_person, acme};
    struct data_folder *folder = *state;
    struct id record_id = add_record(folder, identities, LEN(identities));

    for (size_t i = 0; i < LEN(identities); i++) {
        expect_found(folder, identities[i], record_id);
        assert_int_equal(found.identity_count, LEN(identities));
        assert_int_equal(found.created_at_us, 2000);
        assert_str_is(found.identities[0].key, "ann@acme.example");
        assert_str_is(found.identities[0].shown, "Ann@acme.example");
        assert_int_equal(found.identities[3].kind, IDENTITY_DOMAIN);
    }
}

static void nobody_is_found_by_what_is_not_known(void **state)
{
    const struct identity wrong_kind = {IDENTITY_LINKEDIN, STR("ann@acme.example"), STR_NONE};
    const struct identity wrong_key = {IDENTITY_EMAIL, STR("ann@acme.example "), STR_NONE};
    struct data_folder *folder = *state;
    struct id record_id = add_record(folder, &ann_email, 1);

    assert_int_equal(find_by(folder, &wrong_kind, 1), ERR_NONE);
    assert_true(id_is_none(found.id));
    assert_int_equal(find_by(folder, &wrong_key, 1), ERR_NONE);
    assert_true(id_is_none(found.id));
    assert_int_equal(find_by(folder, NULL, 0), ERR_NONE);
    assert_true(id_is_none(found.id));
    assert_int_equal(find_by_id(folder, folder->workspace_id, id_random()), ERR_NONE);
    assert_true(id_is_none(found.id));
    assert_int_equal(find_by_id(folder, id_random(), record_id), ERR_NONE); /* another workspace's */
    assert_true(id_is_none(found.id));
    assert_int_equal(found.channels[CHANNEL_PHONE].verified, -1);
    assert_int_equal(find_by_id(folder, folder->workspace_id, record_id), ERR_NONE);
    assert_true(id_is(found.id, record_id));
}

static void the_first_identity_that_is_known_decides(void **state)
{
    const struct identity email_first[] = {ann_email, ann_linkedin};
    const struct identity linkedin_first[] = {ann_linkedin, ann_email};
    const struct identity unknown_first[] = {acme, ann_linkedin, ann_email};
    struct data_folder *folder = *state;
    struct id by_email = add_record(folder, &ann_email, 1);
    struct id by_linkedin = add_record(folder, &ann_linkedin, 1);

    assert_int_equal(find_by(folder, email_first, 2), ERR_NONE);
    assert_true(id_is(found.id, by_email));
    assert_int_equal(find_by(folder, linkedin_first, 2), ERR_NONE);
    assert_true(id_is(found.id, by_linkedin));
    assert_int_equal(find_by(folder, unknown_first, 3), ERR_NONE);
    assert_true(id_is(found.id, by_linkedin));
}

static void an_identity_of_another_record_stays_there(void **state)
{
    const struct identity both[] = {ann_linkedin, ann_email};
    struct data_folder *folder = *state;
    struct id first = add_record(folder, &ann_email, 1);
    struct id second = add_record(folder, both, 2);

    expect_found(folder, ann_email, first);
    expect_found(folder, ann_linkedin, second);
    assert_int_equal(found.identity_count, 1);
}

static void a_known_record_gets_identities_and_channels_added(void **state)
{
    struct kept_channel channels[SLOT_COUNT] = {
        [CHANNEL_PHONE] = {.value = STR("+442079460001"), .source = STR("B"), .verified = -1}};
    struct data_folder *folder = *state;
    struct id record_id = add_record(folder, &ann_email, 1);
    struct store_commit op = commit_of(folder, record_id, 1);

    op.is_new_record = false;
    op.identities = &ann_linkedin;
    op.identity_count = 1;
    op.channels = channels;
    op.changed = 1u << CHANNEL_PHONE;
    assert_int_equal(commit(folder, &op), ERR_NONE);
    expect_found(folder, ann_linkedin, record_id);
    assert_int_equal(found.identity_count, 2);
    assert_str_is(found.channels[CHANNEL_PHONE].value, "+442079460001");
    assert_int_equal(found.created_at_us, 2000);
}

static void a_channel_comes_back_as_it_was_written(void **state)
{
    struct kept_channel channels[SLOT_COUNT] = {
        [CHANNEL_WORK_EMAIL] = {.value = STR("ann@acme.example"),
                                .source = STR("Provider A"),
                                .confidence_ppm = 600000,
                                .enriched_at_us = INT64_C(1764000000123456),
                                .verified = 1,
                                .missed_at_us = INT64_C(1764000000999999),
                                .missed_ppm = 900000,
                                .missed_hints = 0x2a,
                                .missed_waterfall = UINT64_C(0xfedcba9876543210)},
        [CHANNEL_PERSONAL_EMAIL] = {.value = STR("a@post.example"), .source = STR("\xc3\xa9"), .verified = 0},
        [CHANNEL_PHONE] = {.verified = -1, .missed_at_us = 5, .missed_hints = 1, .missed_waterfall = 7},
        [CHANNEL_LINKEDIN_URL] = {.value = STR("not written"), .verified = -1}};
    struct data_folder *folder = *state;
    struct store_commit op = commit_of(folder, id_random(), 0);

    op.channels = channels;
    op.changed = CHANNELS_ALL & ~(1u << CHANNEL_LINKEDIN_URL);
    assert_int_equal(commit(folder, &op), ERR_NONE);
    assert_int_equal(find_by_id(folder, folder->workspace_id, op.record_id), ERR_NONE);
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        const struct kept_channel *was = &channels[i], *is = &found.channels[i];

        if ((op.changed & 1u << i) == 0)
            continue;
        assert_true(str_is(is->value, was->value) && str_is(is->source, was->source));
        assert_int_equal(is->confidence_ppm, was->confidence_ppm);
        assert_int_equal(is->enriched_at_us, was->enriched_at_us);
        assert_int_equal(is->verified, was->verified);
        assert_int_equal(is->missed_at_us, was->missed_at_us);
        assert_int_equal(is->missed_ppm, was->missed_ppm);
        assert_int_equal(is->missed_hints, was->missed_hints);
        assert_true(is->missed_waterfall == was->missed_waterfall);
    }
    assert_int_equal(found.channels[CHANNEL_LINKEDIN_URL].value.len, 0);
    assert_int_equal(found.channels[CHANNEL_LINKEDIN_URL].verified, -1);
}

static void without_credit_nothing_is_written(void **state)
{
    const struct tally tally = {CHANNEL_PHONE, STR("A"), 1, 1, 0};
    struct data_folder *folder = *state;
    struct store_commit op = commit_of(folder, id_random(), 1001), after;
    struct store_usage usage = {.workspace_id = folder->workspace_id, .to_day = INT64_MAX, .arena = &arena};

    op.identities = &ann_email;
    op.identity_count = 1;
    op.changed = CHANNELS_ALL;
    op.tallies = &tally;
    op.tally_count = 1;
    assert_int_equal(commit(folder, &op), ERR_NO_CREDIT);
    assert_int_equal(find_by(folder, &ann_email, 1), ERR_NONE);
    assert_true(id_is_none(found.id));
    assert_int_equal(find_by_id(folder, folder->workspace_id, op.record_id), ERR_NONE);
    assert_true(id_is_none(found.id));
    folder->pending++;
    store_read_usage(folder->store, &usage, op_done);
    wait_for_all(folder);
    assert_null(usage.rows);
    after = commit_of(folder, id_random(), 1000); /* to the last credit */
    assert_int_equal(commit(folder, &after), ERR_NONE);
    assert_int_equal(after.entry.balance_after, 0);
    assert_int_equal(after.entry.seq, 2);
}

static void a_refusal_does_not_disturb_its_group(void **state)
{
    struct data_folder *folder = *state;
    struct store_commit ops[30];
    int64_t balance = 1000;

    for (size_t i = 0; i < LEN(ops); i++) {
        ops[i] = commit_of(folder, id_random(), i % 3 == 1 ? 5000 : 10);
        start_commit(folder, &ops[i]);
    }
    wait_for_all(folder);
    for (size_t i = 0; i < LEN(ops); i++) {
        assert_int_equal(ops[i].op.err, i % 3 == 1 ? ERR_NO_CREDIT : ERR_NONE);
        if (i % 3 != 1)
            assert_int_equal(ops[i].entry.balance_after, balance -= 10);
    }
}

static void one_operations_trouble_stays_its_own(void **state)
{
    struct data_folder *folder = *state;
    struct id taken = add_record(folder, &ann_email, 1);
    struct store_commit ops[9];

    log_set_level(LOG_ERROR + 1);
    for (size_t i = 0; i < LEN(ops); i++) {
        ops[i] = commit_of(folder, i == 4 ? taken : id_random(), 10); /* a new record that exists is an error */
        start_commit(folder, &ops[i]);
    }
    wait_for_all(folder);
    for (size_t i = 0; i < LEN(ops); i++)
        assert_int_equal(ops[i].op.err, i == 4 ? ERR_STORE_DOWN : ERR_NONE);
    assert_int_equal(ops[8].entry.balance_after, 1000 - 80);
    assert_true(store_is_healthy(folder->store));
    log_set_level(LOG_INFO);
}

static void a_month_counts_from_nothing_again(void **state)
{
    struct data_folder *folder = *state;
    struct store_commit first = commit_of(folder, id_random(), 10), second, third;

    assert_int_equal(commit(folder, &first), ERR_NONE);
    assert_int_equal(first.used_month, 10);
    second = commit_of(folder, id_random(), 5);
    assert_int_equal(commit(folder, &second), ERR_NONE);
    assert_int_equal(second.used_month, 15);
    third = commit_of(folder, id_random(), 7);
    third.month++;
    assert_int_equal(commit(folder, &third), ERR_NONE);
    assert_int_equal(third.used_month, 7);
}

/* --- not knowing ----------------------------------------------------------- */

static void expect_charged_once(struct data_folder *folder, struct store_commit *op, int attempts)
{
    struct store_commit after;

    for (int i = 0; i < attempts; i++)
        assert_int_equal(commit(folder, op), ERR_NONE);
    assert_int_equal(op->entry.balance_after, 990);
    assert_int_equal(op->used_month, 10);
    after = commit_of(folder, id_random(), 1);
    assert_int_equal(commit(folder, &after), ERR_NONE);
    assert_int_equal(after.entry.balance_after, 989);
    assert_int_equal(after.entry.seq, 3); /* the grant, the charge, this */
    expect_found(folder, ann_email, op->record_id);
}

static void asking_again_after_an_unsure_commit_charges_once(void **state)
{
    struct data_folder *folder = *state;

    log_set_level(LOG_ERROR + 1);
    for (int is_written = 0; is_written <= 1; is_written++) {
        struct store_commit op = commit_of(folder, id_random(), 10);

        op.identities = &ann_email;
        op.identity_count = 1;
        atomic_store(is_written ? &commits_to_deny : &commits_to_refuse, 1);
        assert_int_equal(commit(folder, &op), ERR_STORE_UNSURE);
        assert_false(store_is_healthy(folder->store));
        op.is_retry = true;
        expect_charged_once(folder, &op, 3);
        assert_true(store_is_healthy(folder->store));
        folder_stop(folder); /* the second round on a fresh one */
        folder_remove(folder);
        folder_make(folder);
        folder_open(folder);
        hook_store();
        add_workspace(folder, 1000);
        folder_start(folder);
    }
    log_set_level(LOG_INFO);
}

static void a_retry_gets_todays_balance_when_others_wrote_meanwhile(void **state)
{
    struct data_folder *folder = *state;
    struct store_commit op = commit_of(folder, id_random(), 10), other = commit_of(folder, id_random(), 100);

    log_set_level(LOG_ERROR + 1);
    atomic_store(&commits_to_deny, 1);
    assert_int_equal(commit(folder, &op), ERR_STORE_UNSURE);
    log_set_level(LOG_INFO);
    assert_int_equal(commit(folder, &other), ERR_NONE);
    op.is_retry = true;
    assert_int_equal(commit(folder, &op), ERR_NONE);
    assert_int_equal(op.entry.balance_after, 890);
    assert_int_equal(op.entry.seq, 2);
    assert_int_equal(op.used_month, 110);
}

/* --- order ------------------------------------------------------------------ */

enum { ORDERED_OPS = 300 };

/* A write of a new record, and a read for it started before, another after. */
struct ordered {
    struct store_commit write;
    struct store_find before, after;
    struct record record_before, record_after;
    bool is_write_answered;
};

static struct {
    struct ordered *all;
    size_t reads, writes; /* answered */
} order;

static void write_in_order(struct store_op *op, enum err err)
{
    assert_int_equal(err, ERR_NONE);
    assert_ptr_equal(op, &order.all[order.writes].write.op);
    order.all[order.writes++].is_write_answered = true;
}

static void read_in_order(struct store_op *op, enum err err)
{
    struct ordered *pair = &order.all[order.reads / 2];

    assert_int_equal(err, ERR_NONE);
    assert_ptr_equal(op, order.reads % 2 == 0 ? &pair->before.op : &pair->after.op);
    if (order.reads++ % 2 == 0) {
        assert_true(id_is_none(pair->record_before.id)); /* started before the write: never sees it, */
        assert_false(pair->is_write_answered);           /* and is answered before it */
    } else if (pair->is_write_answered) {
        assert_true(id_is(pair->record_after.id, pair->write.record_id)); /* misses nothing that was answered */
    }
}

static void reads_and_writes_keep_their_order_and_no_read_misses_what_was_answered(void **state)
{
    struct data_folder *folder = *state;

    order.all = mem_new(ORDERED_OPS * sizeof *order.all);
    order.reads = order.writes = 0;
    for (size_t i = 0; i < ORDERED_OPS; i++) {
        struct ordered *pair = &order.all[i];

        pair->write = commit_of(folder, id_random(), 1);
        pair->before = pair->after = (struct store_find){.with_details = true,
                                                         .workspace_id = folder->workspace_id,
                                                         .record_id = pair->write.record_id,
                                                         .arena = &arena};
        pair->before.record = &pair->record_before;
        pair->after.record = &pair->record_after;
        store_find_record(folder->store, &pair->before, read_in_order);
        store_commit_lookup(folder->store, &pair->write, write_in_order);
        store_find_record(folder->store, &pair->after, read_in_order);
        assert_int_equal(order.reads + order.writes, 0); /* never before the loop runs */
    }
    loop_while(&folder->loop, order.reads < 2 * ORDERED_OPS || order.writes < ORDERED_OPS);
    for (size_t i = 0; i < ORDERED_OPS; i++) {
        assert_int_equal(order.all[i].write.entry.balance_after, 999 - (int64_t)i);
        assert_int_equal(order.all[i].write.entry.seq, i + 2);
    }
    assert_int_equal(store_queue_length(folder->store), 0);
    mem_free(order.all);
}

/* --- trails and usage -------------------------------------------------------- */

static struct buf trails_text;

static void read_trails(struct data_folder *folder, struct store_trails *trails)
{
    folder->pending++;
    trails->out = &trails_text;
    store_read_trails(folder->store, trails, op_done);
    wait_for_all(folder);
    assert_int_equal(trails->op.err, ERR_NONE);
}

static void commit_trails(struct data_folder *folder, struct id record_id, int count)
{
    for (int i = 0; i < count; i++) {
        struct store_commit op = commit_of(folder, record_id, 0);
        char text[24];

        snprintf(text, sizeof text, "{\"n\":%d}", i);
        op.trail = str_from(text);
        op.is_new_record = i == 0;
        assert_int_equal(commit(folder, &op), ERR_NONE);
    }
}

static void trails_are_paged_newest_first(void **state)
{
    struct data_folder *folder = *state;
    struct store_trails trails = {.workspace_id = folder->workspace_id, .record_id = id_random()};

    commit_trails(folder, trails.record_id, TRAILS_PAGE + 1);
    read_trails(folder, &trails);
    assert_true(trails.found);
    assert_true(str_starts(buf_str(&trails_text), STR("{\"n\":50},{\"n\":49},{\"n\":48}")));
    assert_true(str_ends(buf_str(&trails_text), STR("{\"n\":2},{\"n\":1}")));
    assert_int_not_equal(trails.next_seq, 0);
    trails.before_seq = trails.next_seq;
    read_trails(folder, &trails);
    assert_str_is(buf_str(&trails_text), "{\"n\":0}");
    assert_int_equal(trails.next_seq, 0);
}

static void a_full_last_page_has_no_next(void **state)
{
    struct data_folder *folder = *state;
    struct store_trails trails = {.workspace_id = folder->workspace_id, .record_id = id_random()};

    commit_trails(folder, trails.record_id, TRAILS_PAGE);
    read_trails(folder, &trails);
    assert_int_equal(trails.next_seq, 0);
    trails.before_seq = 1;
    read_trails(folder, &trails);
    assert_true(trails.found);
    assert_int_equal(trails_text.len, 0);
    trails.record_id = id_random();
    read_trails(folder, &trails);
    assert_false(trails.found);
}

static void what_was_asked_and_hit_adds_up_in_the_usage(void **state)
{
    static const struct tally tallies[] = {{CHANNEL_PHONE, STR("A"), 1, 1, 0},
                                           {CHANNEL_PHONE, STR("B"), 1, 0, 0},
                                           {CHANNEL_WORK_EMAIL, STR("A"), 1, 0, 0}};
    struct data_folder *folder = *state;
    struct store_usage read = {.workspace_id = folder->workspace_id, .to_day = INT64_MAX, .arena = &arena};

    for (int i = 0; i < 3; i++) {
        struct store_commit op = commit_of(folder, id_random(), 0);

        op.tallies = tallies;
        op.tally_count = LEN(tallies);
        assert_int_equal(commit(folder, &op), ERR_NONE);
    }
    folder->pending++;
    store_read_usage(folder->store, &read, op_done);
    wait_for_all(folder);
    assert_str_is(read.rows->name, "A");
    assert_int_equal(read.rows->total, 6);
    assert_int_equal(read.rows->part, 3);
    assert_str_is(read.rows->next->name, "B");
    assert_int_equal(read.rows->next->total, 3);
    assert_int_equal(read.rows->next->part, 0);
    assert_null(read.rows->next->next);
}

static int set_up(void **state)
{
    static struct data_folder folder;

    arena_init(&arena, 1 << 20);
    buf_init(&trails_text, 1 << 20);
    folder_make(&folder);
    folder_open(&folder);
    hook_store();
    add_workspace(&folder, 1000);
    folder_start(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_tear_down(*state);
    arena_deinit(&arena);
    buf_deinit(&trails_text);
    return 0;
}

#define in_store(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_store(a_record_is_found_by_each_kind_of_identity),
        in_store(nobody_is_found_by_what_is_not_known),
        in_store(the_first_identity_that_is_known_decides),
        in_store(an_identity_of_another_record_stays_there),
        in_store(a_known_record_gets_identities_and_channels_added),
        in_store(a_channel_comes_back_as_it_was_written),
        in_store(without_credit_nothing_is_written),
        in_store(a_refusal_does_not_disturb_its_group),
        in_store(one_operations_trouble_stays_its_own),
        in_store(a_month_counts_from_nothing_again),
        in_store(asking_again_after_an_unsure_commit_charges_once),
        in_store(a_retry_gets_todays_balance_when_others_wrote_meanwhile),
        in_store(reads_and_writes_keep_their_order_and_no_read_misses_what_was_answered),
        in_store(trails_are_paged_newest_first),
        in_store(a_full_last_page_has_no_next),
        in_store(what_was_asked_and_hit_adds_up_in_the_usage),
    };

    watch_stores();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
