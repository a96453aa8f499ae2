#include "enrich/lookup.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "enrich/learned.h"
#include "enrich/order.h"
#include "enrich/plan.h"
#include "enrich/setup.h"
#include "enrich/trail.h"
#include "workspace/suppression.h"

enum step_result {
    STEP_NEXT,  /* go on */
    STEP_WAIT,  /* something was started; its _done resumes us */
    STEP_FINISH /* the answer is here: go to the steps marked ALWAYS */
};

struct step {
    const char *name;
    enum step_result (*run)(struct lookup *lookup);
    bool always;
};

enum { ALWAYS = true, COMMIT_TRIES_MAX = 5, COMMIT_WAIT_FIRST_US = 20000 };

static enum step_result find_record(struct lookup *l);
static enum step_result answer_from_store(struct lookup *l);
static enum step_result know_evidence(struct lookup *l);
static enum step_result plan_only(struct lookup *l);
static enum step_result join_flight(struct lookup *l);
static enum step_result hold_credits(struct lookup *l);
static enum step_result run_waterfalls(struct lookup *l);
static enum step_result commit(struct lookup *l);
static enum step_result release_hold(struct lookup *l);
static enum step_result leave_flight(struct lookup *l);
static enum step_result respond(struct lookup *l);

/* The life of one lookup. Read this table first; each name is a function below,
 * in this order. An error or an answer skips to the steps marked ALWAYS.
 * Nothing else decides what comes next. Before it, common to all routes
 * (api/dispatch.c): authenticate, read body; then read the question. */
static const struct step story[] = {
    {"find_record", find_record, false},             /* waits for the store unless cached */
    {"answer_from_store", answer_from_store, false}, /* all channels known: a replay */
    {"know_evidence", know_evidence, false},         /* waits for the store when the workspace is new to us */
    {"plan_only", plan_only, false},                 /* dry_run ends here */
    {"join_flight", join_flight, false},             /* waits for whoever is under way with this record */
    {"hold_credits", hold_credits, false},           /* the most it may cost, or 402 */
    {"run_waterfalls", run_waterfalls, false},       /* waits for providers */
    {"commit", commit, false},                       /* one transaction; waits for the disk */
    {"release_hold", release_hold, ALWAYS},
    {"leave_flight", leave_flight, ALWAYS}, /* those who waited go on */
    {"respond", respond, ALWAYS},
};

/* Waiting to ask the store once more. */
struct commit_retry {
    struct loop_timer timer;
    struct lookup *lookup;
};

struct lookup {
    struct engine *engine;
    struct workspace *workspace;
    struct arena arena;
    struct question question;
    const char *endpoint; /* may be NULL */
    struct id once;       /* see lookup_set_origin */
    struct lookup_answer answer;
    void (*done)(void *ctx, struct lookup *lookup);
    void *ctx;

    size_t step;
    bool is_finishing;
    bool is_looking_again; /* leaving its flight without an answer */
    unsigned cleared;      /* the suppressions of this epoch do not hold what we know: see is_suppressed */
    struct later later;    /* going on after another, and responding, from the loop */

    struct record record; /* as the store knows it; then as it will be */
    unsigned known;       /* slots the store answers */
    struct flight flight;
    struct str fingerprint;
    struct hold hold;
    struct setup *setup; /* whose providers and prices are ours, from the hold on */
    struct waterfall_run run;
    struct commit_retry *retry; /* NULL until a commit was unsure */
    unsigned commit_tries;

    union { /* one at a time: what the current step waits for */
        struct store_find find;
        struct evidence_wait evidence;
        struct store_commit commit;
    } op;
};

/* --- the driver --------------------------------------------------------- */

static void lookup_advance(struct lookup *l)
{
    while (l->step < LEN(story)) {
        const struct step *step = &story[l->step];

        if (l->is_finishing && !step->always) {
            l->step++;
            continue;
        }
        fault_step(step->name);
        switch (step->run(l)) {
        case STEP_WAIT:
            return;
        case STEP_FINISH:
            l->is_finishing = true;
            break;
        case STEP_NEXT:
            break;
        }
        l->step++;
    }
}

/* Ends the wait of the current step. */
static void lookup_resume(struct lookup *l, enum err err)
{
    if (err != ERR_NONE) {
        l->answer.err = err;
        l->is_finishing = true;
    }
    l->step++;
    lookup_advance(l);
}

static void go_on_after(struct flight *flight);
static bool shares_answer(struct flight *flight, const struct flight *left);

static void advance_later(struct later *later)
{
    lookup_advance(container_of(later, struct lookup, later));
}

/* Must this person or company not be looked up? Asked again whenever more is
 * suppressed or more is known; for a workspace that suppresses nobody it is the
 * test of a pointer. */
static bool is_suppressed(struct lookup *l)
{
    const struct suppressions *set = l->workspace->suppressions;
    const struct question *question = &l->question;
    struct str domain = question->hints.of[HINT_COMPANY_DOMAIN];

    if (set == NULL || l->cleared == suppressions_epoch(set))
        return false;
    for (size_t i = 0; i < question->identity_count; i++) {
        if (suppressions_hold_identity(set, &question->identities[i]))
            return true;
    }
    if ((domain.len != 0 && suppressions_hold(set, SUPPRESSION_DOMAIN, domain)) ||
        suppressions_hold_record(set, &l->record))
        return true;
    l->cleared = suppressions_epoch(set);
    return false;
}

static enum step_result refuse_suppressed(struct lookup *l)
{
    l->answer.err = ERR_SUPPRESSED;
    return STEP_FINISH;
}

struct lookup *lookup_new(struct engine *engine, struct workspace *workspace)
{
    struct lookup *l;

    if (engine->lookups >= engine->lookups_max)
        return NULL;
    engine->lookups++;
    l = mem_new(sizeof *l);
    l->engine = engine;
    l->workspace = workspace;
    arena_init(&l->arena, LOOKUP_BYTES_MAX);
    flight_init(&l->flight, go_on_after, shares_answer);
    return l;
}

static void retry_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct commit_retry, timer));
}

void lookup_free(struct lookup **lookup_at)
{
    struct lookup *l = *lookup_at;

    if (l == NULL)
        return;
    check(!l->hold.is_open);
    check(l->flight.count == 0);
    l->engine->lookups--;
    arena_deinit(&l->arena);
    setup_give_back(&l->setup);
    if (l->retry != NULL)
        loop_timer_close(&l->retry->timer, retry_closed);
    mem_free(l);
    *lookup_at = NULL;
}

struct arena *lookup_arena(struct lookup *l)
{
    return &l->arena;
}

struct question *lookup_question(struct lookup *l)
{
    return &l->question;
}

void lookup_set_origin(struct lookup *l, const char *endpoint, struct id once)
{
    l->endpoint = endpoint;
    l->once = once;
}

const struct lookup_answer *lookup_answer(struct lookup *l)
{
    if (l->answer.err == ERR_NONE && is_suppressed(l))
        l->answer = (struct lookup_answer){.err = ERR_SUPPRESSED};
    return &l->answer;
}

void lookup_start(struct lookup *l, const char *request_id, const char *trace_id,
                  void (*done)(void *ctx, struct lookup *lookup), void *ctx)
{
    check(l->question.identity_count > 0);
    check(l->question.channels != 0);
    l->run.request_id = request_id;
    l->run.trace_id = trace_id;
    l->done = done;
    l->ctx = ctx;
    lookup_advance(l); /* `done` waits for the loop in any case: see respond */
}

/* --- find_record -------------------------------------------------------- */

/* Not while somebody else is under way with the record: that one may not know
 * of our identity, and would not forget it when the record changes. */
static void cache_record(struct lookup *l)
{
    struct flights *flights = &l->engine->flights;

    if (id_is_none(l->record.id) || l->question.identity_count != 1)
        return;
    if (l->flight.count == 0 && flights->taken != NULL) {
        struct flight_key key = flight_key_of_record(l->workspace->id, l->record.id);

        if (flight_is_taken(flights, &key))
            return;
    }
    record_cache_put(l->engine->cache, l->workspace->cache_id, &l->question.identities[0], &l->record);
}

static bool asks_once(const struct lookup *l)
{
    return l->question.force && !id_is_none(l->once);
}

/* What was read of the record; it is cached only when nothing holds it, so what
 * the cache answers needs no second look. */
static enum err take_record(struct lookup *l)
{
    l->cleared = 0;
    if (is_suppressed(l))
        return ERR_SUPPRESSED;
    cache_record(l);
    return ERR_NONE;
}

static void find_in_store(struct lookup *l);

static void find_record_done(struct store_op *op, enum err err)
{
    struct lookup *l = container_of(op, struct lookup, op.find.op);

    if (l->op.find.was_once)
        l->question.force = false; /* its answer was lost, not its work */
    if (err == ERR_NONE && l->workspace->suppressions != NULL && !l->op.find.with_details) {
        find_in_store(l); /* somebody was suppressed meanwhile: now it matters what else the record is known by */
        return;
    }
    if (err == ERR_NONE)
        err = take_record(l);
    lookup_resume(l, err);
}

static void find_in_store(struct lookup *l)
{
    bool is_forced_once = asks_once(l);

    l->op.find = (struct store_find){.workspace_id = l->workspace->id,
                                     .identities = l->question.identities,
                                     .identity_count = l->question.identity_count,
                                     .once = is_forced_once ? l->once : (struct id){{0}},
                                     .once_since_us = clock_wall_us() - LOOKUP_ONCE_US,
                                     .is_account = l->question.kind == QUESTION_ACCOUNT,
                                     .with_details = l->workspace->suppressions != NULL,
                                     .arena = &l->arena,
                                     .record = &l->record};
    store_find_record(l->engine->store, &l->op.find, find_record_done);
}

/* The cache knows a record by one identity; with several hints it takes the
 * store to say which record wins. Who is asked for is looked at before that. */
static enum step_result find_record(struct lookup *l)
{
    const struct question *question = &l->question;

    if (is_suppressed(l))
        return refuse_suppressed(l);
    if (question->identity_count == 1 && !asks_once(l) &&
        record_cache_find(l->engine->cache, l->workspace->cache_id, &question->identities[0], &l->arena, &l->record))
        return STEP_NEXT;
    find_in_store(l);
    return STEP_WAIT;
}

/* --- answer_from_store -------------------------------------------------- */

static bool is_fresh(const struct question *question, int64_t since_us, int64_t now_us)
{
    return question->max_age_us < 0 || now_us - since_us <= question->max_age_us;
}

static bool has_value(const struct question *question, const struct kept_channel *kept, int64_t now_us)
{
    return kept->value.len != 0 && kept->confidence_ppm >= question->min_confidence_ppm &&
           is_fresh(question, kept->enriched_at_us, now_us);
}

/* Whom the workspace has asked for this slot when nobody fails. */
static uint64_t asked_fingerprint(const struct lookup *l, unsigned slot)
{
    const struct waterfall *waterfall = &l->engine->waterfalls->of[slot_waterfall(slot)];

    return l->workspace->wishes == NULL
               ? waterfall->fingerprint
               : waterfall_fingerprint(waterfall, order_disabled(l->workspace, slot_waterfall(slot), waterfall));
}

/* A miss counts only if the same providers were asked, with no less known of the
 * person, for no higher confidence. */
static bool has_miss(const struct lookup *l, unsigned slot, int64_t now_us)
{
    const struct question *question = &l->question;
    const struct kept_channel *kept = &l->record.channels[slot];

    return kept->missed_at_us != 0 && kept->missed_ppm <= question->min_confidence_ppm &&
           (hints_mask(&question->hints) & ~kept->missed_hints) == 0 &&
           kept->missed_waterfall == asked_fingerprint(l, slot) && is_fresh(question, kept->missed_at_us, now_us);
}

/* Sets `known`, and hides what is kept of a channel but is no answer here. */
static int64_t note_known(struct lookup *l, int64_t now_us)
{
    int64_t oldest_us = now_us;

    l->known = 0;
    for (unsigned i = 0; i < slots_end(l->question.channels) && !l->question.force; i++) {
        const struct kept_channel *kept = &l->record.channels[i];
        bool is_value = has_value(&l->question, kept, now_us);

        if ((l->question.channels & 1u << i) == 0 || !(is_value || has_miss(l, i, now_us)))
            continue;
        l->known |= 1u << i;
        if ((is_value ? kept->enriched_at_us : kept->missed_at_us) < oldest_us)
            oldest_us = is_value ? kept->enriched_at_us : kept->missed_at_us;
    }
    return oldest_us;
}

/* The answer shows a kept value only where it answers this question. */
static void show_channels(struct lookup *l, int64_t now_us)
{
    l->answer.channels = l->record.channels;
    l->answer.found = 0;
    for (unsigned i = 0; i < slots_end(l->question.channels); i++) {
        bool is_found = waterfall_run_found(&l->run, i) != NULL;

        if (is_found || ((l->known & 1u << i) != 0 && has_value(&l->question, &l->record.channels[i], now_us)))
            l->answer.found |= 1u << i;
    }
}

static enum step_result answer_from_store(struct lookup *l)
{
    int64_t now_us = clock_wall_us();
    int64_t oldest_us = note_known(l, now_us);

    l->answer.record_id = l->record.id;
    if (l->known != l->question.channels || l->question.dry_run)
        return STEP_NEXT;
    l->answer.is_replay = true;
    l->answer.age_s = (now_us - oldest_us) / SECOND_US;
    l->answer.attempts = STR("[]");
    show_channels(l, now_us);
    return STEP_FINISH;
}

/* --- know_evidence ------------------------------------------------------ */

static void know_evidence_done(struct evidence_wait *wait, enum err err)
{
    lookup_resume(container_of(wait, struct lookup, op.evidence), err);
}

static enum step_result know_evidence(struct lookup *l)
{
    l->op.evidence.go_on = know_evidence_done;
    return evidence_know(l->engine->evidence, l->workspace->id, &l->op.evidence) ? STEP_NEXT : STEP_WAIT;
}

/* --- plan_only ---------------------------------------------------------- */

static enum step_result plan_only(struct lookup *l)
{
    struct buf plan;

    if (!l->question.dry_run)
        return STEP_NEXT;
    buf_init(&plan, 64 * 1024);
    buf_put_char(&plan, '{'); /* so that the first name gets no comma */
    plan_put(&plan, l->engine, l->workspace, &l->question, l->known, &l->arena);
    l->answer.plan = arena_keep(&l->arena, str_from_at(buf_str(&plan), 1));
    buf_deinit(&plan);
    return STEP_FINISH;
}

/* --- join_flight -------------------------------------------------------- */

static void join_flight_done(struct store_op *op, enum err err)
{
    struct lookup *l = container_of(op, struct lookup, op.find.op);

    if (err == ERR_NONE)
        err = take_record(l);
    if (err == ERR_NONE)
        l->is_finishing = answer_from_store(l) == STEP_FINISH;
    lookup_resume(l, err);
}

/* Why looking again is not needed once we are in: whoever had our keys left
 * them when its commit was answered, and a read that missed that commit is
 * answered before it (store.h), so it would have met the flight still taken. */
static enum step_result join_flight(struct lookup *l)
{
    struct flight_key keys[FLIGHT_KEYS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < l->question.identity_count; i++)
        keys[count++] = flight_key_of_identity(l->workspace->id, &l->question.identities[i]);
    if (!id_is_none(l->record.id))
        keys[count++] = flight_key_of_record(l->workspace->id, l->record.id);
    if (l->fingerprint.len == 0)
        l->fingerprint = question_fingerprint(&l->question, &l->arena);
    if (flight_join(&l->engine->flights, &l->flight, keys, count) != NULL)
        return STEP_WAIT;
    if (id_is_none(l->record.id))
        return STEP_NEXT;
    /* The commit must forget every identity of the record in the cache; and what
     * is charged for is decided by what the store says now. */
    l->op.find = (struct store_find){.workspace_id = l->workspace->id,
                                     .record_id = l->record.id,
                                     .with_details = true,
                                     .is_account = l->question.kind == QUESTION_ACCOUNT,
                                     .arena = &l->arena,
                                     .record = &l->record};
    store_find_record(l->engine->store, &l->op.find, join_flight_done);
    return STEP_WAIT;
}

/* --- hold_credits ------------------------------------------------------- */

static int64_t worst_credits(const struct lookup *l, enum channel channel, unsigned slots)
{
    const struct waterfalls *waterfalls = l->engine->waterfalls;

    return waterfall_worst_credits(waterfalls, channel, slots, hints_mask(&l->question.hints),
                                   l->question.kind == QUESTION_DISCOVER,
                                   order_disabled(l->workspace, channel, &waterfalls->of[channel]));
}

static enum step_result hold_credits(struct lookup *l)
{
    const struct question *question = &l->question;
    int64_t worst = 0;

    check(l->flight.count > 0);
    check(!l->hold.is_open);
    check(l->setup == NULL);
    l->setup = setup_take(l->engine->setup);
    l->run.channels = question->channels & ~l->known;
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        unsigned slots = l->run.channels & waterfall_slots((enum channel)i);

        if (slots != 0)
            worst += worst_credits(l, (enum channel)i, slots);
    }
    l->answer.required = worst < question->max_credits ? worst : question->max_credits;
    l->answer.balance = l->workspace->account.balance;
    l->answer.held = l->workspace->account.held;
    l->answer.err = hold_open(&l->workspace->account, l->answer.required, &l->hold);
    return l->answer.err == ERR_NONE ? STEP_NEXT : STEP_FINISH;
}

/* --- run_waterfalls ----------------------------------------------------- */

static void run_waterfalls_done(struct waterfall_run *run)
{
    lookup_resume(container_of(run, struct lookup, run), ERR_NONE);
}

static enum step_result run_waterfalls(struct lookup *l)
{
    struct waterfall_run *run = &l->run;
    bool is_discovery = l->question.kind == QUESTION_DISCOVER;
    const struct order_asking asking = {.engine = l->engine,
                                        .workspace = l->workspace,
                                        .hints = hints_mask(&l->question.hints),
                                        .segment = order_segment(&l->question.hints),
                                        .channels = run->channels,
                                        .is_discovery = is_discovery,
                                        .now_us = clock_wall_us()};

    check(l->hold.is_open);
    run->order = order_make(&asking, &l->arena);
    order_log(run->order, l->engine->waterfalls, run->request_id);
    run->loop = l->engine->loop;
    run->workspace = l->workspace;
    run->waterfalls = l->engine->waterfalls;
    run->hints = &l->question.hints;
    run->min_confidence_ppm = l->question.min_confidence_ppm;
    run->credits_max = l->hold.credits;
    run->is_discovery = is_discovery;
    run->deadline_us = clock_steady_us() + (is_discovery ? l->engine->discover_us_max : l->engine->lookup_us_max);
    run->arena = &l->arena;
    run->done = run_waterfalls_done;
    run->judge = l->engine->listener == NULL ? NULL : l->engine->listener->judge(l->engine->listener, l->workspace);
    return waterfall_run_start(run) ? STEP_NEXT : STEP_WAIT;
}

/* --- commit ------------------------------------------------------------- */

static void forget_cached(struct lookup *l)
{
    for (size_t i = 0; i < l->record.identity_count; i++)
        record_cache_forget(l->engine->cache, l->workspace->cache_id, &l->record.identities[i]);
    for (size_t i = 0; i < l->question.identity_count; i++)
        record_cache_forget(l->engine->cache, l->workspace->cache_id, &l->question.identities[i]);
}

static void commit_done(struct store_op *op, enum err err);

static void start_commit(struct lookup *l)
{
    store_commit_lookup(l->engine->store, &l->op.commit, commit_done);
}

static void retry_commit(struct loop_timer *timer)
{
    start_commit(container_of(timer, struct commit_retry, timer)->lookup);
}

/* Unsure: it may be on disk. Ask again with the same lookup id, a little later
 * each time, until the store says which. */
static bool retries_commit(struct lookup *l)
{
    if (++l->commit_tries >= COMMIT_TRIES_MAX)
        return false;
    if (l->retry == NULL) {
        l->retry = mem_new(sizeof *l->retry);
        l->retry->lookup = l;
        loop_timer_init(l->engine->loop, &l->retry->timer, retry_commit);
    }
    l->op.commit.is_retry = true;
    loop_timer_start(&l->retry->timer, (int64_t)COMMIT_WAIT_FIRST_US << l->commit_tries);
    return true;
}

/* The person is known under another name, since we asked or all along: start
 * over, and most of it is in the store. Nothing was charged. */
static void look_again(struct lookup *l)
{
    hold_release(&l->workspace->account, &l->hold);
    l->run.channels = 0;
    memset(l->run.channel_runs, 0, sizeof l->run.channel_runs); /* they name providers of the setup */
    setup_give_back(&l->setup);
    l->answer = (struct lookup_answer){.err = ERR_NONE};
    l->is_looking_again = true;
    flight_leave(&l->engine->flights, &l->flight);
    l->is_looking_again = false;
    l->step = 0;
    lookup_advance(l);
}

static void tell_committed(const struct lookup *l)
{
    if (l->op.commit.event_count != 0)
        l->engine->listener->committed(l->engine->listener, l->workspace, l->op.commit.events,
                                       l->op.commit.event_count);
}

static void commit_done(struct store_op *op, enum err err)
{
    struct lookup *l = container_of(op, struct lookup, op.commit.op);

    if (err == ERR_STORE_DOWN && l->op.commit.is_retry)
        err = ERR_STORE_UNSURE; /* this time nothing was written; the time before is as open as it was */
    if (err == ERR_STORE_UNSURE && retries_commit(l))
        return;
    forget_cached(l);
    if (err == ERR_MOVED) {
        look_again(l);
        return;
    }
    if (err == ERR_NONE) {
        tell_committed(l);
        hold_settle(&l->workspace->account, &l->hold, &l->op.commit);
        evidence_count_run(l->engine->evidence, l->workspace->id, order_segment(&l->question.hints), &l->run,
                           l->op.commit.at_us);
        l->answer.credits_used = -l->op.commit.entry.amount;
    } else {
        if (err == ERR_STORE_UNSURE)
            hold_write_off(&l->workspace->account, &l->hold, -l->op.commit.entry.amount);
        l->answer.incomplete = 0;
        log_write(LOG_ERROR, "lookup not committed", log_text("why", err_slug(err)), LOG_END);
    }
    lookup_resume(l, err);
}

static struct str keep_attempts(struct lookup *l, const struct waterfall_run *run)
{
    struct buf text;
    struct str kept;

    buf_init(&text, TRAIL_BYTES_MAX);
    trail_put_attempts(&text, run);
    kept = arena_keep(&l->arena, buf_str(&text));
    buf_deinit(&text);
    return kept;
}

static struct str make_trail(struct lookup *l, struct id lookup_id, int64_t now_us)
{
    struct buf text;
    struct str kept = STR_NONE;

    buf_init(&text, TRAIL_BYTES_MAX);
    trail_put(&text, lookup_id, now_us, &l->run);
    if (!text.is_overflown)
        kept = arena_keep(&l->arena, buf_str(&text));
    buf_deinit(&text);
    if (l->question.include_attempts)
        l->answer.attempts = keep_attempts(l, &l->run);
    return kept;
}

/* The time, then what the lookup is known by: see store_find.once. */
static struct id make_lookup_id(const struct lookup *l, int64_t now_us)
{
    struct id id = id_of_time(now_us);

    if (!id_is_none(l->once))
        memcpy(id.bytes + ID_TIME_BYTES, l->once.bytes + ID_TIME_BYTES, sizeof id.bytes - ID_TIME_BYTES);
    return id;
}

/* What this run found is told to whom the workspace named. */
static void add_events(struct lookup *l, struct store_commit *op)
{
    struct lookup_told told = {.workspace = l->workspace,
                               .record_id = op->record_id,
                               .is_account = op->is_account,
                               .channels = op->channels,
                               .credits = -op->entry.amount,
                               .at_us = op->at_us};
    struct event_row *events;

    if (l->engine->listener == NULL)
        return;
    for (unsigned i = 0; i < slots_end(l->run.channels); i++)
        told.found |= waterfall_run_found(&l->run, i) != NULL ? 1u << i : 0;
    op->event_count = l->engine->listener->events(l->engine->listener, &told, &l->arena, &events);
    op->events = events;
}

static enum step_result commit(struct lookup *l)
{
    struct store_commit *op = &l->op.commit;
    int64_t now_us = clock_wall_us();
    struct id lookup_id = make_lookup_id(l, now_us);
    bool is_new = id_is_none(l->record.id);
    size_t identities_before = l->record.identity_count;
    struct tally *tallies;
    size_t tally_count = trail_tally(&l->run, &l->arena, &tallies);
    unsigned changed = learn_channels(&l->record, &l->question, &l->run, now_us);

    check(l->hold.is_open);
    check(waterfall_run_credits(&l->run) <= l->hold.credits);
    if (is_new) {
        l->record.id = id_of_time(now_us);
        l->record.created_at_us = now_us;
    }
    learn_identities(&l->record, &l->question, &l->run, &l->arena);
    l->answer.incomplete = waterfall_run_incomplete(&l->run);
    *op = (struct store_commit){.workspace_id = l->workspace->id,
                                .record_id = l->record.id,
                                .is_new_record = is_new,
                                .is_account = l->question.kind == QUESTION_ACCOUNT,
                                .at_us = now_us,
                                .identities = l->record.identities + identities_before,
                                .identity_count = l->record.identity_count - identities_before,
                                .asked_identities = l->question.identity_count,
                                .is_asked_by_name = l->question.identities[0].kind == IDENTITY_PERSON,
                                .changed = changed,
                                .channels = l->record.channels,
                                .trail = make_trail(l, lookup_id, now_us),
                                .tallies = tallies,
                                .tally_count = tally_count,
                                .endpoint = str_from(l->endpoint),
                                .month = month_of(now_us),
                                .seal = ledger_seal,
                                .entry = {.kind = LEDGER_LOOKUP,
                                          .amount = -waterfall_run_credits(&l->run),
                                          .at_us = now_us,
                                          .lookup_id = lookup_id,
                                          .record_id = l->record.id}};
    add_events(l, op);
    l->answer.record_id = l->record.id;
    show_channels(l, now_us);
    if (l->arena.is_full) {
        l->answer.err = ERR_OVERLOADED;
        return STEP_FINISH;
    }
    if (is_suppressed(l)) /* while providers were asked: nothing is kept, nothing is charged */
        return refuse_suppressed(l);
    ledger_digest(op->trail, op->entry.trail_digest);
    start_commit(l);
    return STEP_WAIT;
}

/* --- release_hold, leave_flight, respond -------------------------------- */

static enum step_result release_hold(struct lookup *l)
{
    hold_release(&l->workspace->account, &l->hold);
    return STEP_NEXT;
}

/* The same question gets the same answer, for nothing. */
static void copy_answer(struct lookup *follower, const struct lookup *leader)
{
    struct kept_channel *channels = follower->record.channels;

    follower->answer = leader->answer;
    follower->answer.credits_used = 0;
    follower->answer.attempts = follower->question.include_attempts ? keep_attempts(follower, &leader->run) : STR_NONE;
    follower->answer.channels = channels;
    for (size_t i = 0; i < slots_end(follower->question.channels); i++) {
        channels[i] = leader->record.channels[i];
        channels[i].value = arena_keep(&follower->arena, channels[i].value);
        channels[i].source = arena_keep(&follower->arena, channels[i].source);
        channels[i].provider = arena_keep(&follower->arena, channels[i].provider);
    }
    follower->is_finishing = true;
}

/* Who asked the same as the one that left gets its answer, if it had one. */
static bool shares_answer(struct flight *flight, const struct flight *left)
{
    struct lookup *waiting = container_of(flight, struct lookup, flight);
    const struct lookup *leader = left->go_on == go_on_after ? container_of(left, struct lookup, flight) : NULL;

    if (leader == NULL || leader->is_looking_again || !str_is(waiting->fingerprint, leader->fingerprint))
        return false;
    copy_answer(waiting, leader);
    loop_later_init(&waiting->later, advance_later);
    loop_later(waiting->engine->loop, &waiting->later);
    return true;
}

/* Others look again: some of their channels are in the store now. */
static void go_on_after(struct flight *flight)
{
    struct lookup *waiting = container_of(flight, struct lookup, flight);

    waiting->step = 0;
    loop_later_init(&waiting->later, advance_later);
    loop_later(waiting->engine->loop, &waiting->later);
}

static enum step_result leave_flight(struct lookup *l)
{
    flight_leave(&l->engine->flights, &l->flight);
    return STEP_NEXT;
}

/* `done` may free the lookup: it comes from the loop, with nobody of ours below it. */
static void respond_later(struct later *later)
{
    struct lookup *l = container_of(later, struct lookup, later);

    l->done(l->ctx, l);
}

enum ending { REPLAY, SHARED, ENRICHED, EMPTY, INCOMPLETE, PLANNED, REFUSED, FAILED, ENDINGS };

static enum ending ending_of(const struct lookup *l)
{
    const struct lookup_answer *answer = &l->answer;

    if (answer->err != ERR_NONE)
        return answer->err == ERR_NO_CREDIT || answer->err == ERR_SUPPRESSED ? REFUSED : FAILED;
    if (l->question.dry_run)
        return PLANNED;
    if (answer->is_replay || l->run.channels == 0)
        return answer->is_replay ? REPLAY : SHARED;
    if (answer->incomplete != 0)
        return INCOMPLETE;
    return answer->found != 0 ? ENRICHED : EMPTY;
}

static void count_ending(enum ending ending)
{
    static const char *const names[ENDINGS] = {
        [REPLAY] = "replay",         [SHARED] = "shared",   [ENRICHED] = "enriched", [EMPTY] = "empty",
        [INCOMPLETE] = "incomplete", [PLANNED] = "planned", [REFUSED] = "refused",   [FAILED] = "failed"};
    static struct series *series[ENDINGS];

    if (series[ending] == NULL)
        series[ending] = metric_series(METRIC_LOOKUPS, str_from(names[ending]), STR_NONE);
    series_add(series[ending], 1);
}

static enum step_result respond(struct lookup *l)
{
    if (l->answer.err == ERR_NONE && l->arena.is_full)
        l->answer.err = ERR_OVERLOADED;
    count_ending(ending_of(l));
    loop_later_init(&l->later, respond_later);
    loop_later(l->engine->loop, &l->later);
    return STEP_WAIT;
}
