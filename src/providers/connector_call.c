/* The flow of a call: ways, their steps, polls, the token.
 *
 *   begin_way ─► begin_step ─► READY ─(wait, token)─► SENT ─► judge ─┬─ pending ─► READY again, later
 *       ▲            ▲                                               ├─ hit ─► read, the next step
 *       │            └───────────────────────────────────────────────┘
 *       └──── end_way ◄── everything else, and after the last step
 *
 * Ten thousand calls are in flight: a call keeps no request, no answer and no
 * template, only where it is. */
#include "providers/connector_parts.h"

#include "base/check.h"

#include <stdio.h>

enum call_state {
    STATE_READY, /* the step's request is to be sent at next_us */
    STATE_TOKEN, /* waiting for the token */
    STATE_SENT,  /* waiting for the answer */
    STATE_DONE
};

enum call_flag {
    FLAG_HIT = 1 << 0,           /* what the ways ended with */
    FLAG_MISS = 1 << 1,          /* … */
    FLAG_BAD_INPUT = 1 << 2,     /* … */
    FLAG_BLOCKED = 1 << 3,       /* … */
    FLAG_FAILED = 1 << 4,        /* … */
    FLAG_STOP = 1 << 5,          /* no further way */
    FLAG_STARTED = 1 << 6,       /* something that may not be repeated was done */
    FLAG_POLLING = 1 << 7,       /* this step's request asks for what was started earlier */
    FLAG_LAST = 1 << 8,          /* the poll's last request is the next */
    FLAG_TOKEN_RENEWED = 1 << 9, /* once a call */
    FLAG_TOKEN_STALE = 1 << 10,  /* the next token must be another */
    FLAG_REPEATABLE = 1 << 11,   /* the failure is one that may be tried again */
    FLAG_PACED = 1 << 12,        /* next_us is this request's turn among all of the provider's */
    FLAG_OURS = 1 << 13          /* it failed for a reason of ours */
};

enum { RETRIES_MAX = 3, NO_WAY = UINT8_MAX };

#define LAST_RESERVE_US (2 * INT64_C(1000000)) /* of the deadline, for the last request */

/* How "pending" is asked again without a "poll": after 1 s, 2 s, 4 s, … for 20 s. */
static const struct poll default_poll = {.every_us = 1000000,
                                         .every_us_max = CONNECTOR_MS_MAX * INT64_C(1000),
                                         .for_us = 20 * INT64_C(1000000),
                                         .growth = 2};

static const struct way *way_of(const struct connector_call *call)
{
    return call->is_check ? call->connector->check : &call->connector->ways[call->way];
}

static const struct step *step_of(const struct connector_call *call)
{
    return &way_of(call)->steps[call->step];
}

static const struct request *request_of(const struct connector_call *call)
{
    const struct step *step = step_of(call);

    return (call->flags & FLAG_LAST) != 0 ? step->poll->last : &step->request;
}

static const struct poll *poll_of(const struct connector_call *call)
{
    return step_of(call)->poll != NULL ? step_of(call)->poll : &default_poll;
}

static bool has_flag(const struct connector_call *call, enum call_flag flag)
{
    return (call->flags & flag) != 0;
}

static void set_flag(struct connector_call *call, enum call_flag flag, bool is_set)
{
    call->flags = (uint16_t)(is_set ? call->flags | flag : call->flags & ~flag);
}

/* Of this way, wanted and not found yet. */
static unsigned open_slots(const struct connector_call *call)
{
    return call->mine & ~(unsigned)call->found;
}

static struct template_values values_of(const struct connector_call *call)
{
    return (struct template_values){.hints = call->hints,
                                    .secrets = call->settings->secrets,
                                    .kept = call->kept,
                                    .token = call->token,
                                    .open = call->wanted & ~(unsigned)call->found & ~(unsigned)call->asked};
}

/* --- the end --- */

/* What became of all ways: what was found counts most, then what is known for good. */
static enum outcome outcome_of_ways(const struct connector_call *call)
{
    if (has_flag(call, FLAG_HIT))
        return OUTCOME_HIT;
    if (has_flag(call, FLAG_BLOCKED))
        return OUTCOME_BLOCKED;
    if (has_flag(call, FLAG_MISS))
        return OUTCOME_MISS;
    if (has_flag(call, FLAG_FAILED))
        return call->failure;
    return OUTCOME_NOT_APPLICABLE;
}

static void finish(struct connector_call *call)
{
    call->state = STATE_DONE;
    call->outcome = outcome_of_ways(call);
    if (call->arena != NULL && call->arena->is_full) {
        call->outcome = call->failure = OUTCOME_ERROR;
        call->why = "there is no memory left for this lookup";
        set_flag(call, FLAG_REPEATABLE, false);
        set_flag(call, FLAG_OURS, true);
    }
    call->unanswered = outcome_is_answer(call->outcome) ? call->unanswered & ~(unsigned)call->found : 0;
    call->is_repeatable = !outcome_is_answer(call->outcome) && has_flag(call, FLAG_REPEATABLE);
    call->is_ours = (!outcome_is_answer(call->outcome) || call->unanswered != 0) && has_flag(call, FLAG_OURS);
}

/* --- ways and steps --- */

static bool needs_are_met(const struct connector_call *call, const struct way *way)
{
    unsigned mask = hints_mask(call->hints);

    for (size_t i = 0; i < way->needs_count; i++) {
        if ((way->needs[i] & ~mask) == 0)
            return true;
    }
    return false;
}

/* What the way gives of what is wanted, and no earlier way of this call gave. */
static bool is_useful(const struct connector_call *call, const struct way *way, unsigned *out_mine)
{
    *out_mine = way->slots & call->wanted & ~(unsigned)call->asked;
    return (*out_mine != 0 || (call->wanted == 0 && way->has_verdict)) && needs_are_met(call, way);
}

/* What this step and those after it give. */
static unsigned slots_from(const struct way *way, size_t step)
{
    unsigned slots = 0;

    for (; step < way->steps_count; step++)
        slots |= way->steps[step].slots;
    return slots;
}

static bool is_left_out(const struct connector_call *call, const struct step *step)
{
    return step->only_for != 0 && (step->only_for & open_slots(call)) == 0;
}

static void ready_step(struct connector_call *call, bool is_polling, int64_t now_us)
{
    const struct poll *poll = poll_of(call);

    call->state = STATE_READY;
    call->began_us = now_us;
    call->next_us = now_us + poll->after_us;
    call->every_us = poll->every_us;
    call->retries = 0;
    set_flag(call, FLAG_LAST, false);
    set_flag(call, FLAG_POLLING, is_polling && step_of(call)->poll != NULL);
}

static void begin_next_way(struct connector_call *call, int64_t now_us);

static void end_way(struct connector_call *call, unsigned flags, int64_t now_us)
{
    call->flags |= (uint16_t)flags;
    call->asked |= call->mine;
    if (has_flag(call, FLAG_STOP))
        finish(call);
    else
        begin_next_way(call, now_us);
}

/* The way answered to its end. */
static void complete_way(struct connector_call *call, int64_t now_us)
{
    bool is_hit = call->is_check || call->verdict != EMAIL_STATUS_NONE || (call->mine & call->found) != 0;

    end_way(call, is_hit ? FLAG_HIT : FLAG_MISS, now_us);
}

/* Goes to the first step from `step` on that is not left out. Nothing that is wanted is to come: the way is done. */
static void begin_step(struct connector_call *call, size_t step, int64_t now_us)
{
    const struct way *way = way_of(call);
    bool is_first = step == 0;

    while (step < way->steps_count && is_left_out(call, &way->steps[step]))
        step++;
    if (step == way->steps_count || (call->mine != 0 && (slots_from(way, step) & open_slots(call)) == 0)) {
        complete_way(call, now_us);
        return;
    }
    call->step = (uint8_t)step;
    ready_step(call, !is_first, now_us);
}

static void begin_way(struct connector_call *call, unsigned mine, int64_t now_us)
{
    size_t kept_count = way_of(call)->kept.count;

    call->mine = (uint16_t)mine;
    call->kept = kept_count == 0 ? NULL : arena_alloc(call->arena, kept_count * sizeof *call->kept);
    if (kept_count > 0 && call->kept == NULL)
        finish(call); /* the arena is full */
    else
        begin_step(call, 0, now_us);
}

static void begin_next_way(struct connector_call *call, int64_t now_us)
{
    const struct connector *connector = call->connector;
    size_t at = call->way == NO_WAY ? 0 : (size_t)call->way + 1;
    unsigned mine = 0;

    if (call->is_check || (call->wanted == 0 && has_flag(call, FLAG_HIT)))
        at = connector->ways_count;
    while (at < connector->ways_count && !is_useful(call, &connector->ways[at], &mine))
        at++;
    if (at == connector->ways_count) {
        finish(call);
        return;
    }
    call->way = (uint8_t)at;
    begin_way(call, mine, now_us);
}

void connector_call_start(struct connector_call *call, int64_t now_us)
{
    check(call->wanted <= UINT16_MAX && (!call->is_check || call->connector->check != NULL));
    if (call->values != NULL)
        memset(call->values, 0, slots_end(call->wanted) * sizeof *call->values);
    call->why = "";
    call->way = NO_WAY;
    if (!call->is_check) {
        begin_next_way(call, now_us);
        return;
    }
    begin_way(call, 0, now_us);
}

/* --- failing --- */

/* The way ends without an answer. Its steps from here on are to be tried again by a later lookup. */
static void fail_way(struct connector_call *call, enum outcome failure, bool is_repeatable, int64_t now_us)
{
    bool is_first = !has_flag(call, FLAG_FAILED);

    call->unanswered |= slots_from(way_of(call), call->step) & open_slots(call);
    if (is_first)
        call->failure = failure;
    is_repeatable = is_repeatable && !has_flag(call, FLAG_STARTED);
    set_flag(call, FLAG_REPEATABLE, is_repeatable && (is_first || has_flag(call, FLAG_REPEATABLE)));
    end_way(call, (call->mine & call->found) != 0 ? FLAG_FAILED | FLAG_HIT : FLAG_FAILED, now_us);
}

/* The provider as a whole does not answer now, or must not: the ways to come are not gone, and failed like this one. */
static void stop(struct connector_call *call, enum outcome failure, bool is_repeatable, int64_t now_us)
{
    const struct connector *connector = call->connector;
    unsigned mine = 0;

    for (size_t i = (size_t)call->way + 1; !call->is_check && i < connector->ways_count; i++) {
        if (is_useful(call, &connector->ways[i], &mine))
            call->unanswered |= mine & ~(unsigned)call->mine;
    }
    set_flag(call, FLAG_STOP, true);
    fail_way(call, failure, is_repeatable, now_us);
}

/* --- asking again --- */

/* When the poll is over: `last` must still fit before the deadline. */
static int64_t poll_end_us(const struct connector_call *call)
{
    const struct poll *poll = poll_of(call);
    int64_t end_us = call->began_us + poll->for_us;
    int64_t deadline_us = call->deadline_us - (poll->last != NULL ? LAST_RESERVE_US : 0);

    return end_us < deadline_us ? end_us : deadline_us;
}

/* Pending: the request again, later; or the last one; or it is over. */
static void ask_again(struct connector_call *call, int64_t wait_us, int64_t now_us)
{
    const struct poll *poll = poll_of(call);
    int64_t end_us = poll_end_us(call);
    double every_us = (double)call->every_us * poll->growth;

    call->next_us = now_us + (wait_us > call->every_us ? wait_us : call->every_us);
    call->every_us = every_us > (double)poll->every_us_max ? poll->every_us_max : (int64_t)every_us;
    call->state = STATE_READY;
    if (call->next_us <= end_us)
        return;
    if (poll->last == NULL || has_flag(call, FLAG_LAST)) {
        fail_way(call, OUTCOME_TIMEOUT, false, now_us);
        return;
    }
    set_flag(call, FLAG_LAST, true);
    call->next_us = end_us > now_us ? end_us : now_us;
}

/* Something was started, and its result is asked for: a failure in passing does not end that, if there is time for it.
 */
static bool retry(struct connector_call *call, int64_t wait_us, int64_t now_us)
{
    if (!has_flag(call, FLAG_POLLING) || !request_of(call)->is_repeatable || call->retries == RETRIES_MAX ||
        now_us + wait_us > poll_end_us(call))
        return false;
    call->retries++;
    ask_again(call, wait_us, now_us);
    return true;
}

/* --- the next turn --- */

static int64_t timeout_of(const struct connector *connector, const struct connector_settings *settings)
{
    return settings->timeout_us > 0 ? settings->timeout_us : connector->about.limits.timeout_us;
}

static bool build(struct connector_call *call, struct arena *request_arena, struct connector_request *out_request,
                  int64_t now_us)
{
    const struct connector *connector = call->connector;
    struct template_values values = values_of(call);
    int64_t left_us = call->deadline_us - now_us, timeout_us = timeout_of(connector, call->settings);

    if (!request_build(connector, request_of(call), call->settings, &values, request_arena, out_request, &call->why))
        return false;
    out_request->is_poll = has_flag(call, FLAG_POLLING);
    out_request->timeout_us = timeout_us > 0 && timeout_us < left_us ? timeout_us : left_us;
    return true;
}

/* Its turn among all requests to the provider, which was looked at when the call began. False: there is none in time.
 */
static bool pace(struct connector_call *call, int64_t now_us)
{
    int64_t wait_us;

    if (call->pace == NULL || call->requests == 0 || has_flag(call, FLAG_PACED) || now_us < call->next_us)
        return true;
    wait_us = call->pace(call, has_flag(call, FLAG_POLLING), call->deadline_us - now_us);
    if (wait_us < 0)
        return false;
    set_flag(call, FLAG_PACED, true);
    call->next_us = now_us + wait_us;
    return true;
}

/* Whether the turn is over; else something was done, and there is a next one. */
static bool take_turn(struct connector_call *call, struct arena *request_arena, struct connector_request *out_request,
                      int64_t now_us, enum connector_turn *out_turn)
{
    *out_turn = CONNECTOR_SEND;
    if (!pace(call, now_us)) {
        set_flag(call, FLAG_OURS, true);
        stop(call, OUTCOME_RATE_LIMITED, false, now_us);
        return false;
    }
    if (now_us >= call->deadline_us || call->next_us >= call->deadline_us || call->requests == CONNECTOR_REQUESTS_MAX) {
        fail_way(call, OUTCOME_TIMEOUT, false, now_us);
        return false;
    }
    if (now_us < call->next_us) {
        call->until_us = call->next_us;
        *out_turn = CONNECTOR_WAIT;
        return true;
    }
    if (request_of(call)->uses_token && call->token.len == 0) {
        call->is_token_stale = has_flag(call, FLAG_TOKEN_STALE);
        call->state = STATE_TOKEN;
        *out_turn = CONNECTOR_TOKEN;
        return true;
    }
    if (!build(call, request_arena, out_request, now_us)) {
        call->token = STR_NONE;
        set_flag(call, FLAG_OURS, true);
        fail_way(call, OUTCOME_ERROR, false, now_us);
        return false;
    }
    call->token = STR_NONE;
    set_flag(call, FLAG_TOKEN_STALE, false);
    set_flag(call, FLAG_PACED, false);
    call->state = STATE_SENT;
    call->requests++;
    return true;
}

enum connector_turn connector_call_next(struct connector_call *call, struct arena *request_arena,
                                        struct connector_request *out_request, int64_t now_us)
{
    enum connector_turn turn;

    while (call->state != STATE_DONE) {
        check(call->state == STATE_READY);
        if (take_turn(call, request_arena, out_request, now_us, &turn))
            return turn;
    }
    return CONNECTOR_DONE;
}

/* --- the token --- */

void connector_call_token(struct connector_call *call, struct str token)
{
    check(call->state == STATE_TOKEN && token.len > 0);
    call->token = token;
    call->state = STATE_READY;
}

void connector_call_token_failed(struct connector_call *call, enum outcome failure, int64_t wait_us)
{
    check(call->state == STATE_TOKEN && !outcome_is_answer(failure));
    call->wait_us = wait_us > call->wait_us ? wait_us : call->wait_us;
    stop(call, failure, failure != OUTCOME_AUTH_ERROR && failure != OUTCOME_OUT_OF_CREDITS, call->began_us);
}

/* --- the answer --- */

static void add_amounts(struct connector_call *call, struct reading *reading)
{
    struct connector_amount cost = answer_amount(call->connector->cost, reading);
    struct connector_amount balance = answer_amount(call->connector->balance, reading);

    if (cost.is_known && call->cost.ppm <= INT64_MAX - cost.ppm)
        call->cost = (struct connector_amount){true, call->cost.ppm + cost.ppm};
    if (balance.is_known)
        call->balance = balance;
}

static void read_answer(struct connector_call *call, struct reading *reading)
{
    const struct step *step = step_of(call);
    int64_t verdict = EMAIL_STATUS_NONE;

    reading->values = values_of(call);
    if (call->mine != 0)
        call->found |= (uint16_t)step_read_values(step, reading, open_slots(call), call->values);
    else if (choices_say(&step->verdict, reading, reading_root(reading), &verdict))
        call->verdict = (enum email_status)verdict;
    step_read_kept(step, reading, call->kept);
}

/* A hit: read it, and on to the next step. */
static void take_hit(struct connector_call *call, struct reading *reading, int64_t now_us)
{
    read_answer(call, reading);
    if (reading_is_exhausted(reading)) {
        call->why = "the answer takes too long to read";
        fail_way(call, OUTCOME_ERROR, false, now_us);
        return;
    }
    begin_step(call, (size_t)call->step + 1, now_us);
}

/* No hit, and it may have something nevertheless. */
static void read_rest(struct connector_call *call, struct reading *reading)
{
    if (call->mine != 0 && reading_root(reading).at != 0 && !reading_is_exhausted(reading))
        read_answer(call, reading);
}

/* What this step has not given is to be tried again by a later lookup. */
static void leave_rest(struct connector_call *call, enum outcome failure)
{
    unsigned rest = step_of(call)->slots & open_slots(call);

    if (rest != 0 && !has_flag(call, FLAG_FAILED))
        call->failure = failure;
    set_flag(call, FLAG_FAILED, has_flag(call, FLAG_FAILED) || rest != 0);
    call->unanswered |= rest;
}

/* Ask again; or, when the time is over, take what is there. */
static void take_pending(struct connector_call *call, struct reading *reading, int64_t wait_us, int64_t now_us)
{
    unsigned found_before = call->found;

    call->retries = 0;
    set_flag(call, FLAG_POLLING, true);
    if (has_flag(call, FLAG_LAST) && reading_root(reading).at != 0) {
        read_answer(call, reading);
        if (call->found != found_before || call->verdict != EMAIL_STATUS_NONE) {
            leave_rest(call, OUTCOME_TIMEOUT);
            begin_step(call, (size_t)call->step + 1, now_us);
            return;
        }
    }
    ask_again(call, wait_us, now_us);
}

/* The token was refused: once more with another one. */
static bool renew_token(struct connector_call *call)
{
    if (!request_of(call)->uses_token || has_flag(call, FLAG_TOKEN_RENEWED))
        return false;
    set_flag(call, FLAG_TOKEN_RENEWED, true);
    set_flag(call, FLAG_TOKEN_STALE, true);
    call->state = STATE_READY;
    return true;
}

static void take_block(struct connector_call *call, int64_t now_us)
{
    set_flag(call, FLAG_STOP, true);
    end_way(call, FLAG_BLOCKED, now_us);
}

static void follow(struct connector_call *call, enum judged judged, struct reading *reading, int64_t wait_us,
                   int64_t now_us)
{
    switch (judged) {
    case JUDGED_HIT:
        take_hit(call, reading, now_us);
        break;
    case JUDGED_MISS:
        complete_way(call, now_us);
        break;
    case JUDGED_PENDING:
        take_pending(call, reading, wait_us, now_us);
        break;
    case JUDGED_RATE_LIMITED:
        if (!retry(call, wait_us, now_us))
            stop(call, OUTCOME_RATE_LIMITED, true, now_us);
        break;
    case JUDGED_OUT_OF_CREDITS:
        read_rest(call, reading); /* found before they ended */
        stop(call, OUTCOME_OUT_OF_CREDITS, false, now_us);
        break;
    case JUDGED_AUTH_ERROR:
        if (!renew_token(call))
            stop(call, OUTCOME_AUTH_ERROR, false, now_us);
        break;
    case JUDGED_BAD_INPUT:
        end_way(call, (call->mine & call->found) != 0 ? FLAG_HIT : FLAG_BAD_INPUT, now_us);
        break;
    case JUDGED_BLOCKED:
        take_block(call, now_us);
        break;
    case JUDGED_TRANSIENT:
        if (!retry(call, wait_us, now_us)) /* a gateway's 502 says nothing of what lies behind it; a rule does */
            fail_way(call, OUTCOME_ERROR, reading->is_by_rule || request_of(call)->is_repeatable, now_us);
        break;
    default:
        fail_way(call, OUTCOME_ERROR, false, now_us);
        break;
    }
}

/* Of an answer that is a failure, for whoever has to mend it. */
static const char *why_failed(enum judged judged, struct reading *reading)
{
    int status = reading->answer->status;

    if (judged == JUDGED_OUT_OF_CREDITS)
        return "it says that there are no credits left, for this at least";
    if (judged == JUDGED_AUTH_ERROR)
        return "it refuses the key, for this at least";
    if (reading->is_by_rule)
        return "a rule of its connector calls the answer a failure";
    if (status >= 300 && status <= 399)
        return "the answer is a redirect, which is not followed";
    if (status < 200 || status > 299)
        return "the answer has the status of a failure";
    if (reading->answer->body.len == 0)
        return "the answer is empty";
    return reading_root(reading).at == 0 ? "the answer is not JSON, cut short, or nested deeper than 64 levels" : "";
}

void connector_call_answer(struct connector_call *call, const struct connector_answer *answer, int64_t now_us)
{
    const struct connector *connector = call->connector;
    struct reading reading;
    enum judged judged;
    int64_t wait_us;

    check(call->state == STATE_SENT);
    reading_init(&reading, answer, call->arena);
    reading.values = values_of(call);
    judged = answer_judge(&step_of(call)->outcomes, &connector->outcomes, &reading);
    if (!request_of(call)->is_repeatable && (judged == JUDGED_HIT || judged == JUDGED_PENDING))
        set_flag(call, FLAG_STARTED, true);
    add_amounts(call, &reading);
    wait_us = answer_wait_us(connector, &reading);
    if (judged == JUDGED_RATE_LIMITED || judged == JUDGED_TRANSIENT)
        call->wait_us = wait_us;
    if (judged == JUDGED_TRANSIENT || judged == JUDGED_ERROR || judged == JUDGED_OUT_OF_CREDITS ||
        judged == JUDGED_AUTH_ERROR)
        call->why = why_failed(judged, &reading);
    follow(call, judged, &reading, wait_us, now_us);
    reading_deinit(&reading);
}

void connector_call_fail(struct connector_call *call, enum outcome failure, const char *why, bool may_have_arrived,
                         int64_t now_us)
{
    check(call->state == STATE_SENT && (failure == OUTCOME_TIMEOUT || failure == OUTCOME_ERROR));
    call->why = why;
    if (!retry(call, 0, now_us))
        fail_way(call, failure, request_of(call)->is_repeatable || !may_have_arrived, now_us);
}

void connector_call_spoil(struct connector_call *call, const char *why, int64_t now_us)
{
    check(call->state == STATE_SENT);
    call->why = why;
    fail_way(call, OUTCOME_ERROR, false, now_us);
}

/* --- the token's own request --- */

bool connector_token_request(const struct connector *connector, const struct connector_settings *settings,
                             struct arena *request_arena, struct connector_request *out_request, const char **out_why)
{
    struct template_values values = {.secrets = settings->secrets};

    check(connector->token != NULL);
    if (!request_build(connector, &connector->token->request, settings, &values, request_arena, out_request, out_why))
        return false;
    out_request->timeout_us = timeout_of(connector, settings);
    return true;
}

static bool is_token_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    return text.len > 0 && text.len <= CONNECTOR_TOKEN_BYTES_MAX;
}

static enum outcome read_token(const struct token_source *source, struct reading *reading, struct arena *arena,
                               struct connector_token *out)
{
    struct str text = pointers_text(&source->at, reading_root(reading), &reading->values);
    double seconds;

    if (!is_token_text(text))
        return OUTCOME_ERROR;
    out->text = arena_keep(arena, text);
    out->lifetime_us = source->lifetime_us;
    if (pointers_number(&source->lifetime_at, reading_root(reading), &reading->values, &seconds) && seconds >= 1)
        out->lifetime_us =
            seconds < CONNECTOR_LIFETIME_S_MAX ? (int64_t)(seconds * 1e6) : CONNECTOR_LIFETIME_S_MAX * INT64_C(1000000);
    return arena->is_full ? OUTCOME_ERROR : OUTCOME_HIT;
}

/* Whoever refuses to give a token refuses the key. */
static enum outcome failure_of_token(enum judged judged)
{
    switch (judged) {
    case JUDGED_AUTH_ERROR:
    case JUDGED_BAD_INPUT:
    case JUDGED_BLOCKED:
        return OUTCOME_AUTH_ERROR;
    case JUDGED_RATE_LIMITED:
        return OUTCOME_RATE_LIMITED;
    case JUDGED_OUT_OF_CREDITS:
        return OUTCOME_OUT_OF_CREDITS;
    default:
        return OUTCOME_ERROR;
    }
}

enum outcome connector_token_read(const struct connector *connector, const struct connector_answer *answer,
                                  struct arena *arena, struct connector_token *out_token)
{
    static const struct rules none = {.count = 0};
    struct reading reading;
    enum outcome outcome;
    enum judged judged;

    *out_token = (struct connector_token){.wait_us = 0};
    reading_init(&reading, answer, arena);
    judged = answer_judge(&none, &connector->outcomes, &reading);
    if (judged == JUDGED_HIT)
        outcome = read_token(connector->token, &reading, arena, out_token);
    else
        outcome = failure_of_token(judged);
    if (outcome != OUTCOME_HIT)
        out_token->wait_us = answer_wait_us(connector, &reading);
    reading_deinit(&reading);
    return outcome;
}
