#include "data_folder.h"
#include "scripted_provider.h"
#include "unsure_store.h"

#include "enrich/evidence.h"

#include <math.h>

#define DAY_US (INT64_C(86400) * SECOND_US)
#define NOW_US (INT64_C(1790000000) * SECOND_US)

static const struct evidence_scale scale = {.epoch_us = NOW_US, .half_life_us = 10 * DAY_US};
static const struct id other_workspace = {{1, 2, 3}};

static struct data_folder folder;
static struct evidence *evidence;
static struct scripted a, b;
static struct id workspace_id;

static void expect_near(double got, double expected)
{
    if (fabs(got - expected) > 1e-6)
        fail_msg("%g is not %g", got, expected);
}

/* So many times: asked for the phone of somebody in a segment. */
static void asked(struct id id, const struct scripted *scripted, uint8_t segment, int times, int hits, int64_t now_us)
{
    for (int i = 0; i < times; i++) {
        struct attempt attempt = {.provider = &scripted->provider, .outcome = i < hits ? OUTCOME_HIT : OUTCOME_MISS};
        struct waterfall_run run = {.channels = 1u << CHANNEL_PHONE};

        run.channel_runs[CHANNEL_PHONE].first = &attempt;
        evidence_count_run(evidence, id, segment, &run, now_us);
    }
}

static void reported(struct id id, const struct scripted *scripted, enum contact contact, int times)
{
    for (int i = 0; i < times; i++) {
        const struct report report = {.channel = CHANNEL_PHONE,
                                      .contact = contact,
                                      .fate = REPORT_COUNTED,
                                      .provider = scripted->provider.name,
                                      .segment = SEGMENT_GENERIC,
                                      .found_at_us = NOW_US};

        evidence_count_report(evidence, id, &report);
    }
}

static struct evidence_view look(struct id id, uint8_t segment, int64_t now_us)
{
    struct evidence_view view;

    evidence_look(evidence, id, CHANNEL_PHONE, segment, now_us, &view);
    return view;
}

static struct beliefs believed(struct id id, const struct scripted *scripted, uint8_t segment)
{
    struct evidence_view view = look(id, segment, NOW_US);
    struct beliefs beliefs;

    evidence_believe(&view, &scripted->provider, &beliefs);
    return beliefs;
}

static int64_t own_count(const struct scripted *scripted, enum evidence_kind kind)
{
    struct evidence_view view = look(workspace_id, SEGMENT_UNKNOWN, NOW_US);

    return evidence_own_sum(&view, &scripted->provider).count[kind];
}

/* --- in memory ------------------------------------------------------------------- */

static void what_was_asked_and_hit_is_counted(void **state)
{
    struct evidence_view view;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 10, 4, NOW_US);
    asked(workspace_id, &b, SEGMENT_GENERIC, 5, 5, NOW_US);
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 10);
    assert_int_equal(own_count(&a, EVIDENCE_HIT), 4);
    assert_int_equal(own_count(&b, EVIDENCE_HIT), 5);
    view = look(other_workspace, SEGMENT_UNKNOWN, NOW_US);
    assert_int_equal(evidence_own_sum(&view, &a.provider).count[EVIDENCE_ASKED], 0);
}

static void failures_are_no_evidence(void **state)
{
    (void)state;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        struct attempt attempt = {.provider = &a.provider, .outcome = (enum outcome)i};
        struct waterfall_run run = {.channels = 1u << CHANNEL_PHONE};

        run.channel_runs[CHANNEL_PHONE].first = &attempt;
        evidence_count_run(evidence, workspace_id, SEGMENT_GENERIC, &run, NOW_US);
    }
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 4); /* hit, miss, below_confidence, invalid */
    assert_int_equal(own_count(&a, EVIDENCE_HIT), 1);
}

static void what_was_seen_fades(void **state)
{
    struct evidence_view now, later;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 100, 40, NOW_US);
    now = look(workspace_id, SEGMENT_UNKNOWN, NOW_US);
    later = look(workspace_id, SEGMENT_UNKNOWN, NOW_US + 20 * DAY_US);
    expect_near(evidence_own_hits(&now, &a.provider).trials, 100);
    expect_near(evidence_own_hits(&later, &a.provider).trials, 25);
    expect_near(evidence_own_hits(&later, &a.provider).hits, 10);
    assert_int_equal(evidence_own_sum(&later, &a.provider).count[EVIDENCE_ASKED], 100);
}

static void a_segment_is_known_for_itself(void **state)
{
    uint8_t german = segment_of_domain(STR("x.de"));
    struct beliefs there, here, anywhere;

    (void)state;
    asked(workspace_id, &a, german, 1000, 900, NOW_US);
    asked(workspace_id, &a, SEGMENT_GENERIC, 1000, 100, NOW_US);
    there = believed(workspace_id, &a, german);
    here = believed(workspace_id, &a, SEGMENT_GENERIC);
    anywhere = believed(workspace_id, &a, SEGMENT_UNKNOWN);
    assert_true(beta_mean(&there.hit) > 0.88);
    assert_true(beta_mean(&here.hit) < 0.12);
    assert_true(fabs(beta_mean(&anywhere.hit) - 0.5) < 0.01);
}

static void a_new_workspace_believes_what_the_others_saw(void **state)
{
    struct beliefs beliefs;

    (void)state;
    asked(other_workspace, &a, SEGMENT_GENERIC, 1000, 900, NOW_US);
    asked(other_workspace, &b, SEGMENT_GENERIC, 1000, 100, NOW_US);
    beliefs = believed(workspace_id, &a, SEGMENT_GENERIC);
    assert_true(beta_mean(&beliefs.hit) > 0.85);
    assert_true(beliefs.hit.hits + beliefs.hit.misses < 50); /* and is ready to learn better */
}

static void what_was_seen_once_counts_once(void **state)
{
    struct beliefs beliefs;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 10, 10, NOW_US);
    beliefs = believed(workspace_id, &a, SEGMENT_GENERIC);
    expect_near(beliefs.hit.hits + beliefs.hit.misses, RANKING_STRENGTH + 10);
    assert_true(beliefs.hit.hits < 10 + 0.62 * RANKING_STRENGTH); /* but for the little that one says of all */
}

/* --- what reports are measured by ---------------------------------------------------- */

static void with_deliveries_replies_are_measured_by_what_arrived(void **state)
{
    struct beliefs beliefs;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 5000, 5000, NOW_US);
    reported(workspace_id, &a, CONTACT_DELIVERED, 900);
    reported(workspace_id, &a, CONTACT_BOUNCED, 100);
    reported(workspace_id, &a, CONTACT_REPLIED, 90);
    beliefs = believed(workspace_id, &a, SEGMENT_UNKNOWN);
    assert_true(fabs(beta_mean(&beliefs.arrive) - 0.9) < 0.01);
    assert_true(fabs(beta_mean(&beliefs.reply) - 0.1) < 0.01);
}

static void without_deliveries_all_that_was_found_counts_as_written_to(void **state)
{
    struct beliefs beliefs;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 1000, 1000, NOW_US);
    reported(workspace_id, &a, CONTACT_BOUNCED, 100);
    reported(workspace_id, &a, CONTACT_REPLIED, 90);
    beliefs = believed(workspace_id, &a, SEGMENT_UNKNOWN);
    assert_true(fabs(beta_mean(&beliefs.arrive) - 0.9) < 0.01);
    assert_true(fabs(beta_mean(&beliefs.reply) - 0.1) < 0.01);
}

static void where_nobody_ever_replied_nothing_is_known_of_replies(void **state)
{
    struct beliefs few, many;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 1000, 1000, NOW_US);
    asked(workspace_id, &b, SEGMENT_GENERIC, 10, 10, NOW_US);
    reported(workspace_id, &a, CONTACT_DELIVERED, 900);
    many = believed(workspace_id, &a, SEGMENT_UNKNOWN);
    few = believed(workspace_id, &b, SEGMENT_UNKNOWN);
    expect_near(beta_mean(&many.reply), 0.05);
    expect_near(beta_mean(&few.reply), 0.05);
}

static void reports_are_counted_for_the_workspace_and_for_all(void **state)
{
    struct evidence_view view;

    (void)state;
    asked(workspace_id, &a, SEGMENT_GENERIC, 1, 1, NOW_US);
    asked(other_workspace, &b, SEGMENT_GENERIC, 1, 1, NOW_US);
    reported(workspace_id, &a, CONTACT_DELIVERED, 3);
    reported(other_workspace, &b, CONTACT_REPLIED, 4);
    view = look(workspace_id, SEGMENT_GENERIC, NOW_US);
    assert_int_equal(evidence_own_reports(&view), 3);
    assert_int_equal(evidence_all_reports(&view), 7);
    assert_int_equal(own_count(&a, EVIDENCE_DELIVERED), 3);
}

static void providers_without_number_are_not_learned_of_and_harm_nobody(void **state)
{
    static struct scripted many[EVIDENCE_PROVIDERS_MAX + 10];
    static char names[EVIDENCE_PROVIDERS_MAX + 10][8];
    struct evidence_view view;

    (void)state;
    for (size_t i = 0; i < LEN(many); i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        scripted_init(&many[i], NULL, names[i], 1);
        asked(workspace_id, &many[i], SEGMENT_GENERIC, 1, 1, NOW_US);
    }
    view = look(workspace_id, SEGMENT_UNKNOWN, NOW_US);
    for (size_t i = 0; i < LEN(many); i++)
        assert_int_equal(evidence_own_sum(&view, &many[i].provider).count[EVIDENCE_HIT], i < EVIDENCE_PROVIDERS_MAX);
}

static void the_last_provider_with_a_number_may_be_the_first_of_a_segment(void **state)
{
    static struct scripted many[EVIDENCE_PROVIDERS_MAX];
    static char names[EVIDENCE_PROVIDERS_MAX][8];
    const struct scripted *last = &many[EVIDENCE_PROVIDERS_MAX - 1];

    (void)state;
    for (size_t i = 0; i < LEN(many); i++) {
        struct attempt attempt = {.provider = &many[i].provider, .outcome = OUTCOME_MISS};
        struct waterfall_run run = {.channels = 1u << CHANNEL_WORK_EMAIL};

        snprintf(names[i], sizeof names[i], "p%zu", i);
        scripted_init(&many[i], NULL, names[i], 1);
        run.channel_runs[CHANNEL_WORK_EMAIL].first = &attempt;
        evidence_count_run(evidence, workspace_id, SEGMENT_GENERIC, &run, NOW_US);
    }
    asked(workspace_id, last, SEGMENT_GENERIC, 1, 1, NOW_US);
    assert_int_equal(own_count(last, EVIDENCE_HIT), 1);
}

static int remember(void **state)
{
    (void)state;
    evidence = evidence_new(NULL, NULL, &scale);
    assert_int_equal(evidence_load(evidence), ERR_NONE);
    workspace_id = id_random();
    assert_true(evidence_know(evidence, workspace_id, NULL));
    assert_true(evidence_know(evidence, other_workspace, NULL));
    scripted_init(&a, NULL, "A", 1);
    scripted_init(&b, NULL, "B", 1);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    evidence_free(&evidence);
    assert_null(evidence);
    return 0;
}

/* --- and on disk ----------------------------------------------------------------------- */

struct waiting {
    struct evidence_wait wait;
    int done;
    enum err err;
};

static void go_on(struct evidence_wait *wait, enum err err)
{
    struct waiting *waiting = container_of(wait, struct waiting, wait);

    waiting->done++;
    waiting->err = err;
}

static void know(struct id id)
{
    struct waiting waiting = {.wait.go_on = go_on};

    if (!evidence_know(evidence, id, &waiting.wait))
        loop_while(&folder.loop, waiting.done == 0);
    assert_int_equal(waiting.err, ERR_NONE);
}

static void open_evidence(void)
{
    folder_open(&folder);
    hook_store();
    loop_init(&folder.loop);
    evidence = evidence_new(&folder.loop, folder.store, &scale);
    assert_int_equal(evidence_load(evidence), ERR_NONE);
    store_start(folder.store, &folder.loop);
}

static void close_evidence(void)
{
    store_close(&folder.store);
    evidence_free(&evidence);
    loop_deinit(&folder.loop);
}

static void what_was_flushed_is_known_after_a_restart(void **state)
{
    struct beliefs before, after;

    (void)state;
    know(workspace_id);
    asked(workspace_id, &a, SEGMENT_GENERIC, 30, 10, NOW_US);
    asked(workspace_id, &b, SEGMENT_UNKNOWN, 3, 0, NOW_US);
    before = believed(workspace_id, &a, SEGMENT_GENERIC);
    evidence_flush(evidence);
    close_evidence();
    open_evidence();
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 0); /* nobody asked for it yet */
    know(workspace_id);
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 30);
    assert_int_equal(own_count(&a, EVIDENCE_HIT), 10);
    assert_int_equal(own_count(&b, EVIDENCE_ASKED), 3);
    after = believed(workspace_id, &a, SEGMENT_GENERIC);
    expect_near(beta_mean(&after.hit), beta_mean(&before.hit));
}

static void it_is_written_within_about_a_second_by_itself(void **state)
{
    struct store_evidence read = {.workspace_id = workspace_id};
    struct arena arena;

    (void)state;
    arena_init(&arena, 100000);
    read.arena = &arena;
    know(workspace_id);
    asked(workspace_id, &a, SEGMENT_GENERIC, 1, 1, NOW_US);
    while (read.rows == NULL) { /* the timer is what the loop waits for */
        uv_run(&folder.loop.uv, UV_RUN_ONCE);
        folder.pending++;
        store_read_evidence(folder.store, &read, op_done);
        wait_for_all(&folder);
    }
    assert_int_equal(read.rows->sum.count[EVIDENCE_HIT], 1);
    arena_deinit(&arena);
}

static void what_was_not_written_is_written_the_next_time(void **state)
{
    (void)state;
    know(workspace_id);
    asked(workspace_id, &a, SEGMENT_GENERIC, 5, 2, NOW_US);
    atomic_store(&statements_to_stop, 1);
    evidence_flush(evidence);
    loop_while(&folder.loop, store_queue_length(folder.store) > 0);
    asked(workspace_id, &a, SEGMENT_GENERIC, 1, 1, NOW_US);
    evidence_flush(evidence);
    close_evidence();
    open_evidence();
    know(workspace_id);
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 6);
    assert_int_equal(own_count(&a, EVIDENCE_HIT), 3);
}

static void all_who_wait_for_one_workspace_go_on_after_one_reading(void **state)
{
    struct waiting waiting[3];

    (void)state;
    for (size_t i = 0; i < LEN(waiting); i++) {
        waiting[i] = (struct waiting){.wait.go_on = go_on};
        assert_false(evidence_know(evidence, workspace_id, &waiting[i].wait));
    }
    assert_int_equal(store_queue_length(folder.store), 1);
    loop_while(&folder.loop, store_queue_length(folder.store) > 0);
    for (size_t i = 0; i < LEN(waiting); i++)
        assert_int_equal(waiting[i].done, 1);
    assert_true(evidence_know(evidence, workspace_id, NULL));
}

static void a_workspace_that_asked_long_ago_is_read_again_and_lacks_nothing(void **state)
{
    struct waiting waiting = {.wait.go_on = go_on};

    (void)state;
    know(workspace_id);
    asked(workspace_id, &a, SEGMENT_GENERIC, 7, 7, NOW_US);
    for (int i = 0; i < EVIDENCE_WORKSPACES_MAX + 10; i++)
        know(id_random());
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 7); /* kept while it is not on disk */
    evidence_flush(evidence);
    loop_while(&folder.loop, store_queue_length(folder.store) > 0);
    know(id_random());
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 0);
    assert_false(evidence_know(evidence, workspace_id, &waiting.wait));
    loop_while(&folder.loop, waiting.done == 0);
    assert_int_equal(own_count(&a, EVIDENCE_ASKED), 7);
}

static int open_folder(void **state)
{
    (void)state;
    workspace_id = id_random();
    scripted_init(&a, NULL, "A", 1);
    scripted_init(&b, NULL, "B", 1);
    folder_make(&folder);
    open_evidence();
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    close_evidence();
    folder_remove(&folder);
    return 0;
}

#define in_memory(test) cmocka_unit_test_setup_teardown(test, remember, forget)
#define on_disk(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_memory(what_was_asked_and_hit_is_counted),
        in_memory(failures_are_no_evidence),
        in_memory(what_was_seen_fades),
        in_memory(a_segment_is_known_for_itself),
        in_memory(a_new_workspace_believes_what_the_others_saw),
        in_memory(what_was_seen_once_counts_once),
        in_memory(with_deliveries_replies_are_measured_by_what_arrived),
        in_memory(without_deliveries_all_that_was_found_counts_as_written_to),
        in_memory(where_nobody_ever_replied_nothing_is_known_of_replies),
        in_memory(reports_are_counted_for_the_workspace_and_for_all),
        in_memory(providers_without_number_are_not_learned_of_and_harm_nobody),
        in_memory(the_last_provider_with_a_number_may_be_the_first_of_a_segment),
        on_disk(what_was_flushed_is_known_after_a_restart),
        on_disk(it_is_written_within_about_a_second_by_itself),
        on_disk(what_was_not_written_is_written_the_next_time),
        on_disk(all_who_wait_for_one_workspace_go_on_after_one_reading),
        on_disk(a_workspace_that_asked_long_ago_is_read_again_and_lacks_nothing),
    };

    watch_stores();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
