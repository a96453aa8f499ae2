#include "data_folder.h"

#include "store/evidence.h"

#include <math.h>

#define DAY_US (INT64_C(86400) * SECOND_US)
#define NOW_US (INT64_C(1790000000) * SECOND_US)

static const struct evidence_scale by_day = {.epoch_us = NOW_US, .half_life_us = DAY_US};

static struct arena arena;
static struct id record_id;

static void expect_near(double got, double expected)
{
    if (fabs(got - expected) > 1e-9 * fabs(expected))
        fail_msg("%g is not %g", got, expected);
}

/* --- rows --------------------------------------------------------------------- */

static struct evidence_row row_of(struct id workspace_id, const char *provider, uint8_t segment, int64_t asked)
{
    struct evidence_row row = {
        .workspace_id = workspace_id, .channel = CHANNEL_PHONE, .segment = segment, .provider = str_from(provider)};

    for (int i = 0; i < EVIDENCE_KINDS; i++) {
        row.sum.count[i] = asked + i;
        row.sum.weight[i] = 0.5 * (double)(asked + i);
    }
    return row;
}

static void add(struct data_folder *folder, const struct evidence_row *rows, size_t count)
{
    struct store_evidence_add op = {.rows = rows, .count = count};

    folder->pending++;
    store_add_evidence(folder->store, &op, op_done);
    wait_for_all(folder);
    assert_int_equal(op.op.err, ERR_NONE);
}

/* The workspace's row of a provider and segment; NULL when there is none. */
static const struct evidence_row *read_row(struct data_folder *folder, struct id workspace_id, const char *provider,
                                           uint8_t segment)
{
    struct store_evidence op = {.workspace_id = workspace_id, .arena = &arena};
    const struct evidence_row *row;

    folder->pending++;
    store_read_evidence(folder->store, &op, op_done);
    wait_for_all(folder);
    assert_int_equal(op.op.err, ERR_NONE);
    for (row = op.rows; row != NULL; row = row->next) {
        assert_true(id_is(row->workspace_id, workspace_id));
        if (str_is(row->provider, str_from(provider)) && row->segment == segment)
            break;
    }
    return row;
}

static void what_is_added_adds_up_for_each_provider_and_segment(void **state)
{
    struct data_folder *folder = *state;
    const struct evidence_row rows[] = {row_of(folder->workspace_id, "A", SEGMENT_GENERIC, 10),
                                        row_of(folder->workspace_id, "A", SEGMENT_UNKNOWN, 100),
                                        row_of(folder->workspace_id, "B", SEGMENT_GENERIC, 1000)};
    const struct evidence_row *row;

    add(folder, rows, LEN(rows));
    add(folder, rows, 1);
    row = read_row(folder, folder->workspace_id, "A", SEGMENT_GENERIC);
    assert_int_equal(row->channel, CHANNEL_PHONE);
    for (int i = 0; i < EVIDENCE_KINDS; i++) {
        assert_int_equal(row->sum.count[i], 2 * (10 + i));
        expect_near(row->sum.weight[i], 10 + i);
    }
    assert_int_equal(read_row(folder, folder->workspace_id, "A", SEGMENT_UNKNOWN)->sum.count[0], 100);
    assert_int_equal(read_row(folder, folder->workspace_id, "B", SEGMENT_GENERIC)->sum.count[0], 1000);
    assert_null(read_row(folder, folder->workspace_id, "C", SEGMENT_GENERIC));
    assert_null(read_row(folder, id_random(), "A", SEGMENT_GENERIC));
}

static void count_row(void *ctx, const struct evidence_row *row)
{
    int64_t *sum = ctx;

    *sum += row->sum.count[EVIDENCE_ASKED];
}

static void the_rows_of_all_workspaces_are_read_before_the_start(void **state)
{
    struct data_folder *folder = *state;
    const struct id everybody = {{0}};
    const struct evidence_row rows[] = {row_of(folder->workspace_id, "A", SEGMENT_GENERIC, 10),
                                        row_of(everybody, "A", SEGMENT_GENERIC, 100),
                                        row_of(everybody, "B", SEGMENT_UNKNOWN, 1000)};
    int64_t sum = 0;

    add(folder, rows, LEN(rows));
    folder_stop(folder);
    folder_open(folder);
    assert_int_equal(store_each_evidence(folder->store, count_row, &sum), ERR_NONE);
    assert_int_equal(sum, 1100);
    folder_start(folder);
}

/* --- the scale -------------------------------------------------------------------- */

static struct evidence_scale scale_at(struct data_folder *folder, int64_t half_life_us, int64_t now_us)
{
    struct evidence_scale scale;

    folder_stop(folder);
    folder_open(folder);
    assert_int_equal(store_scale_evidence(folder->store, half_life_us, now_us, &scale), ERR_NONE);
    folder_start(folder);
    return scale;
}

/* What the only row is worth at a time. */
static double worth_at(struct data_folder *folder, const struct evidence_scale *scale, int64_t time_us)
{
    return read_row(folder, folder->workspace_id, "A", SEGMENT_GENERIC)->sum.weight[EVIDENCE_ASKED] /
           evidence_weight(scale, time_us);
}

static void what_was_seen_counts_half_after_the_half_life(void **state)
{
    (void)state;
    expect_near(evidence_weight(&by_day, NOW_US), 1);
    expect_near(evidence_weight(&by_day, NOW_US + DAY_US), 2);
    expect_near(evidence_weight(&by_day, NOW_US - 3 * DAY_US), 0.125);
}

static void the_scale_stays_through_restarts(void **state)
{
    struct data_folder *folder = *state;
    struct evidence_scale first = scale_at(folder, DAY_US, NOW_US);
    struct evidence_scale later = scale_at(folder, DAY_US, NOW_US + 100 * DAY_US);

    assert_int_equal(first.epoch_us, NOW_US);
    assert_int_equal(later.epoch_us, NOW_US);
    assert_int_equal(later.half_life_us, DAY_US);
}

static void with_another_half_life_what_is_left_stays_and_fades_differently(void **state)
{
    struct data_folder *folder = *state;
    const struct evidence_row row = row_of(folder->workspace_id, "A", SEGMENT_GENERIC, 80);
    struct evidence_scale scale = scale_at(folder, DAY_US, NOW_US);

    add(folder, &row, 1); /* weighs 40 */
    expect_near(worth_at(folder, &scale, NOW_US + 2 * DAY_US), 10);
    scale = scale_at(folder, 10 * DAY_US, NOW_US + 2 * DAY_US);
    expect_near(worth_at(folder, &scale, NOW_US + 2 * DAY_US), 10);
    expect_near(worth_at(folder, &scale, NOW_US + 12 * DAY_US), 5);
}

static void weights_never_outgrow_numbers(void **state)
{
    struct data_folder *folder = *state;
    const struct evidence_row row = row_of(folder->workspace_id, "A", SEGMENT_GENERIC, 80);
    struct evidence_scale scale = scale_at(folder, DAY_US, NOW_US);

    for (int year = 1; year <= 30; year++) {
        int64_t now_us = NOW_US + year * 365 * DAY_US;

        scale = scale_at(folder, DAY_US, now_us);
        assert_true(isfinite(evidence_weight(&scale, now_us + 500 * DAY_US)));
    }
    assert_true(scale.epoch_us > NOW_US);
    assert_true(isfinite(1e6 * evidence_weight(&by_day, INT64_MAX / 2)));
    add(folder, &row, 1);
    assert_true(isfinite(worth_at(folder, &scale, NOW_US + 31 * 365 * DAY_US)));
}

/* --- reports ------------------------------------------------------------------------ */

/* A record with a phone number that A found two days ago. */
static void add_record(struct data_folder *folder, const char *number)
{
    static const struct identity identities[] = {{IDENTITY_EMAIL, STR("ann@mail.com"), STR_NONE},
                                                 {IDENTITY_PERSON, STR("ann|lee|acme.de"), STR_NONE}};
    struct kept_channel channels[SLOT_COUNT] = {
        [CHANNEL_PHONE] = {.value = str_from(number), .provider = STR("A"), .enriched_at_us = NOW_US - 2 * DAY_US}};
    struct store_commit op = commit_of(folder, record_id, 0);

    op.is_new_record = id_is_none(record_id);
    if (op.is_new_record)
        op.record_id = record_id = id_random();
    op.identities = identities;
    op.identity_count = LEN(identities);
    op.changed = 1u << CHANNEL_PHONE | 1u << CHANNEL_WORK_EMAIL;
    op.channels = channels;
    assert_int_equal(commit(folder, &op), ERR_NONE);
}

static struct report report_of(enum contact contact)
{
    return (struct report){
        .record_id = record_id, .channel = CHANNEL_PHONE, .contact = contact, .occurred_at_us = NOW_US};
}

static void tell(struct data_folder *folder, struct report *reports, size_t count)
{
    struct store_report op = {
        .workspace_id = folder->workspace_id, .reports = reports, .count = count, .scale = by_day, .arena = &arena};

    folder->pending++;
    store_report_outcomes(folder->store, &op, op_done);
    wait_for_all(folder);
    assert_int_equal(op.op.err, ERR_NONE);
}

static uint8_t german(void)
{
    return segment_of_domain(STR("acme.de"));
}

static void a_report_counts_for_whoever_found_the_value_when_it_was_found(void **state)
{
    struct data_folder *folder = *state;
    const struct id everybody = {{0}}, owners[] = {folder->workspace_id, everybody};
    struct report report;

    add_record(folder, "+442079460001");
    report = report_of(CONTACT_REPLIED);
    tell(folder, &report, 1);
    assert_int_equal(report.fate, REPORT_COUNTED);
    assert_str_is(report.provider, "A");
    assert_int_equal(report.segment, german());
    assert_int_equal(report.found_at_us, NOW_US - 2 * DAY_US);
    for (size_t i = 0; i < LEN(owners); i++) {
        const struct evidence_row *row = read_row(folder, owners[i], "A", german());

        assert_non_null(row);
        assert_int_equal(row->sum.count[EVIDENCE_REPLIED], 1);
        assert_int_equal(row->sum.count[EVIDENCE_DELIVERED] + row->sum.count[EVIDENCE_ASKED], 0);
        expect_near(row->sum.weight[EVIDENCE_REPLIED], 0.25);
    }
}

static void an_event_of_a_value_counts_once(void **state)
{
    struct data_folder *folder = *state;
    struct report reports[3];

    add_record(folder, "+442079460001");
    for (size_t i = 0; i < LEN(reports); i++)
        reports[i] = report_of(i == 2 ? CONTACT_REPLIED : CONTACT_DELIVERED);
    tell(folder, reports, LEN(reports));
    assert_int_equal(reports[0].fate, REPORT_COUNTED);
    assert_int_equal(reports[1].fate, REPORT_KNOWN);
    assert_int_equal(reports[2].fate, REPORT_COUNTED);
    tell(folder, reports, LEN(reports));
    for (size_t i = 0; i < LEN(reports); i++)
        assert_int_equal(reports[i].fate, REPORT_KNOWN);
    assert_int_equal(read_row(folder, folder->workspace_id, "A", german())->sum.count[EVIDENCE_DELIVERED], 1);
    add_record(folder, "+442079460002"); /* another value: another person may answer */
    tell(folder, reports, 1);
    assert_int_equal(reports[0].fate, REPORT_COUNTED);
    assert_int_equal(read_row(folder, folder->workspace_id, "A", german())->sum.count[EVIDENCE_DELIVERED], 2);
}

static void what_there_is_no_value_of_counts_nothing(void **state)
{
    struct data_folder *folder = *state;
    struct report reports[3];

    add_record(folder, "+442079460001");
    for (size_t i = 0; i < LEN(reports); i++)
        reports[i] = report_of(CONTACT_BOUNCED);
    reports[0].record_id = id_random();
    reports[1].channel = CHANNEL_LINKEDIN_URL; /* never asked for */
    reports[2].channel = CHANNEL_WORK_EMAIL;   /* asked for, not found */
    tell(folder, reports, LEN(reports));
    assert_int_equal(reports[0].fate, REPORT_NO_RECORD);
    assert_int_equal(reports[1].fate, REPORT_NO_VALUE);
    assert_int_equal(reports[2].fate, REPORT_NO_VALUE);
    assert_null(read_row(folder, folder->workspace_id, "A", german()));
}

static void an_erased_record_takes_its_reports_along(void **state)
{
    struct data_folder *folder = *state;
    struct store_erase erase = {.workspace_id = folder->workspace_id, .arena = &arena};
    struct report reports[2];

    add_record(folder, "+442079460001");
    reports[0] = report_of(CONTACT_DELIVERED);
    reports[1] = report_of(CONTACT_REPLIED);
    tell(folder, reports, LEN(reports));
    erase.record_id = record_id;
    folder->pending++;
    store_erase_record(folder->store, &erase, op_done);
    wait_for_all(folder);
    assert_int_equal(erase.op.err, ERR_NONE);
    assert_int_equal(erase.outcomes, 2);
    tell(folder, reports, 1);
    assert_int_equal(reports[0].fate, REPORT_NO_RECORD);
    /* What was learned names nobody, and stays. */
    assert_int_equal(read_row(folder, folder->workspace_id, "A", german())->sum.count[EVIDENCE_REPLIED], 1);
}

/* --- wishes ------------------------------------------------------------------------- */

static char wishes[200];

static void note_wish(void *ctx, struct id workspace_id, enum channel channel, struct str text)
{
    const struct data_folder *folder = ctx;
    size_t len = strlen(wishes);

    assert_true(id_is(workspace_id, folder->workspace_id));
    snprintf(wishes + len, sizeof wishes - len, "%s %.*s;", channel_name(channel), STR_ARG(text));
}

static void put_wish(struct data_folder *folder, enum channel channel, const char *text)
{
    struct store_wish op = {.workspace_id = folder->workspace_id, .channel = channel, .text = str_from(text)};

    folder->pending++;
    store_put_wish(folder->store, &op, op_done);
    wait_for_all(folder);
    assert_int_equal(op.op.err, ERR_NONE);
}

static void a_wish_is_kept_replaced_and_dropped(void **state)
{
    struct data_folder *folder = *state;

    put_wish(folder, CHANNEL_PHONE, "{1}");
    put_wish(folder, CHANNEL_ACCOUNT, "{2}");
    put_wish(folder, CHANNEL_PHONE, "{3}");
    put_wish(folder, CHANNEL_LINKEDIN_URL, "{4}");
    put_wish(folder, CHANNEL_LINKEDIN_URL, "");
    folder_stop(folder);
    folder_open(folder);
    wishes[0] = '\0';
    assert_int_equal(store_each_wish(folder->store, note_wish, folder), ERR_NONE);
    assert_string_equal(wishes, "account {2};phone {3};");
    folder_start(folder);
}

static int set_up(void **state)
{
    static struct data_folder folder;

    arena_init(&arena, 1 << 20);
    record_id = (struct id){{0}};
    folder_set_up(&folder, 1000);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_tear_down(*state);
    arena_deinit(&arena);
    return 0;
}

#define in_store(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_store(what_is_added_adds_up_for_each_provider_and_segment),
        in_store(the_rows_of_all_workspaces_are_read_before_the_start),
        in_store(what_was_seen_counts_half_after_the_half_life),
        in_store(the_scale_stays_through_restarts),
        in_store(with_another_half_life_what_is_left_stays_and_fades_differently),
        in_store(weights_never_outgrow_numbers),
        in_store(a_report_counts_for_whoever_found_the_value_when_it_was_found),
        in_store(an_event_of_a_value_counts_once),
        in_store(what_there_is_no_value_of_counts_nothing),
        in_store(an_erased_record_takes_its_reports_along),
        in_store(a_wish_is_kept_replaced_and_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
