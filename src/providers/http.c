/* A provider that a connector describes: the flow of a call, over the network. */
#include "providers/http_parts.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "providers/health.h"
#include "providers/kinds.h"

#include <sodium.h>

enum { REQUEST_BYTES_MAX = 512 * 1024, TOKEN_ARENA_BYTES = 64 * 1024 };

#define TOKEN_TIMEOUT_US (20 * SECOND_US) /* unless the connector limits it */

/* A pause of one call. On its own, since most calls have none, and since it outlives the call until the loop has let go
 * of the timer. */
struct pause {
    struct loop_timer timer;
    struct asking *asking; /* NULL: it has ended */
};

/* One call under way. On the heap and not in the asker's arena: thousands of
 * lookups may wait for their second provider, and need the first one's no more. */
struct asking {
    struct list link;
    struct http_provider *provider;
    struct provider_call *call;
    struct pause *pause; /* NULL: none yet */
    unsigned token_number;
    bool waits_for_token;
    struct connector_call flow;
    struct http_call http;
};

static void drive(struct asking *asking);

/* --- pauses --- */

static void pause_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct pause, timer));
}

static void pause_over(struct loop_timer *timer)
{
    struct asking *asking = container_of(timer, struct pause, timer)->asking;

    check(asking != NULL);
    if (asking->waits_for_token) {
        asking->waits_for_token = false;
        connector_call_token_failed(&asking->flow, OUTCOME_TIMEOUT, 0);
    }
    drive(asking);
}

static void pause_until(struct asking *asking, int64_t until_us)
{
    int64_t now_us = clock_steady_us();

    if (asking->pause == NULL) {
        asking->pause = mem_new(sizeof *asking->pause);
        asking->pause->asking = asking;
        loop_timer_init(asking->provider->loop, &asking->pause->timer, pause_over);
    }
    loop_timer_start(&asking->pause->timer, until_us > now_us ? until_us - now_us : 0);
}

static void stop_pause(struct asking *asking)
{
    if (asking->pause != NULL)
        loop_timer_stop(&asking->pause->timer);
}

/* --- the end of a call --- */

static void free_asking(struct asking *asking)
{
    list_remove(&asking->link);
    if (asking->pause != NULL) {
        asking->pause->asking = NULL;
        loop_timer_close(&asking->pause->timer, pause_closed);
    }
    mem_free(asking);
}

static void note_amounts(struct provider *provider, const struct connector_call *flow)
{
    if (flow->cost.is_known)
        provider_note_cost(provider, flow->cost.ppm);
    if (flow->balance.is_known)
        provider_note_balance(provider, flow->balance.ppm);
}

static void tell_outcome(const struct asking *asking)
{
    const struct connector_call *flow = &asking->flow;
    struct provider_call *call = asking->call;

    call->outcome = flow->outcome;
    call->unanswered = flow->unanswered;
    call->failure = flow->failure;
    call->verdict = flow->verdict;
    call->is_repeatable = flow->is_repeatable;
    call->is_ours = flow->is_ours;
    call->wait_us = flow->wait_us;
}

/* The trail has the outcome; this is for whoever has to mend it. */
static void tell_failure(const struct asking *asking)
{
    const struct connector_call *flow = &asking->flow;
    bool is_answer = outcome_is_answer(flow->outcome);

    if (flow->why[0] != '\0' && (!is_answer || flow->unanswered != 0))
        log_write(LOG_INFO, "provider failed", log_str("provider", asking->provider->provider.name),
                  log_text("outcome", outcome_name(is_answer ? flow->failure : flow->outcome)),
                  log_text("why", flow->why), log_num("last_status", asking->http.status), LOG_END);
}

/* What `done` will find. The asking is gone after it. */
static struct provider_call *end(struct asking *asking)
{
    struct provider *provider = &asking->provider->provider;
    struct provider_call *call = asking->call;

    tell_outcome(asking);
    note_amounts(provider, &asking->flow);
    tell_failure(asking);
    free_asking(asking);
    return call;
}

/* --- one request --- */

static struct connector_answer answer_of(const struct http_call *http)
{
    return (struct connector_answer){.status = http->status,
                                     .headers = buf_str(&http->head),
                                     .body = buf_str(&http->answer),
                                     .wall_us = clock_wall_us()};
}

/* Once: it is the configuration that has to change. */
static void tell_refusal(struct http_provider *provider, const struct http_call *http)
{
    if (http->result != HTTP_CALL_REFUSED || provider->has_told_refusal)
        return;
    provider->has_told_refusal = true;
    log_write(LOG_WARN, "provider's address is not allowed", log_str("provider", provider->provider.name),
              log_text("why", http->error),
              log_text("remedy", "allow its network in the configuration's outgoing.providers, see docs/operations.md"),
              LOG_END);
}

void http_provider_restrict(struct provider *provider, const struct outgoing_rules *rules)
{
    struct http_provider *http_provider = http_provider_of(provider);

    check(http_provider->rules == NULL);
    http_provider->rules = mem_new(sizeof *rules);
    *http_provider->rules = *rules;
}

static void tell_flow(struct asking *asking)
{
    const struct http_call *http = &asking->http;
    struct connector_answer answer = answer_of(http);
    int64_t now_us = clock_steady_us();

    if (http->result == HTTP_CALL_ANSWERED)
        connector_call_answer(&asking->flow, &answer, now_us);
    else if (http->result == HTTP_CALL_TOO_LARGE)
        connector_call_spoil(&asking->flow, "the answer is too large", now_us);
    else
        connector_call_fail(&asking->flow, http->result == HTTP_CALL_TIMEOUT ? OUTCOME_TIMEOUT : OUTCOME_ERROR,
                            http->error, http->has_left, now_us);
}

static void request_done(struct http_call *http)
{
    struct asking *asking = container_of(http, struct asking, http);

    if (log_is_on(LOG_DEBUG))
        log_write(LOG_DEBUG, "provider answered", log_str("provider", asking->provider->provider.name),
                  log_num("status", http->status), log_text("error", http->error), LOG_END);
    tell_refusal(asking->provider, http);
    tell_flow(asking);
    http_call_deinit(http);
    drive(asking);
}

static void start_http(struct http_provider *provider, struct http_call *http, const struct connector_request *request,
                       void (*done)(struct http_call *http))
{
    *http = (struct http_call){
        .method = request->method,
        .url = request->url,
        .headers = request->headers,
        .body = request->body,
        .timeout_us = request->timeout_us,
        .answer_bytes_max = CONNECTOR_ANSWER_BYTES_MAX,
        .rules = provider->rules,
        .keeps_headers = connector_about(provider->connector)->wants_headers,
        .done = done,
    };
    http_client_start(provider->client, http);
}

/* --- the token --- */

static void drop_token(struct shared_token *token)
{
    if (token->text != NULL)
        sodium_memzero(token->text, token->len);
    mem_free(token->text);
    token->text = NULL;
}

/* A tenth before its end it counts no more. */
static void keep_token(struct shared_token *token, const struct connector_token *given)
{
    drop_token(token);
    token->text = mem_copy_text(given->text.ptr, given->text.len);
    token->len = given->text.len;
    token->expires_us = clock_steady_us() + given->lifetime_us / 10 * 9;
    token->number++;
}

static void give_token(struct asking *asking)
{
    const struct shared_token *token = &asking->provider->token;

    asking->token_number = token->number;
    connector_call_token(&asking->flow, (struct str){token->text, token->len});
}

/* All that waited go on. One that ends may bring new calls, which wait for the next token. */
static void resume_waiting(struct http_provider *provider, enum outcome outcome, int64_t wait_us)
{
    struct list waiting, *link;

    list_init(&waiting);
    list_each(at, following, &provider->askings)
    {
        if (list_entry(at, struct asking, link)->waits_for_token) {
            list_remove(at);
            list_append(&waiting, at);
        }
    }
    while ((link = list_take(&waiting)) != NULL) {
        struct asking *asking = list_entry(link, struct asking, link);

        list_append(&provider->askings, link);
        asking->waits_for_token = false;
        stop_pause(asking);
        if (outcome == OUTCOME_HIT && provider->token.text != NULL)
            give_token(asking);
        else
            connector_call_token_failed(&asking->flow, outcome == OUTCOME_HIT ? OUTCOME_ERROR : outcome, wait_us);
        drive(asking);
    }
}

static enum outcome read_token(struct http_provider *provider, struct arena *arena, struct connector_token *out)
{
    const struct http_call *http = &provider->token.http;
    struct connector_answer answer = answer_of(http);

    *out = (struct connector_token){.wait_us = 0};
    if (http->result == HTTP_CALL_ANSWERED)
        return connector_token_read(provider->connector, &answer, arena, out);
    return http->result == HTTP_CALL_TIMEOUT ? OUTCOME_TIMEOUT : OUTCOME_ERROR;
}

static void token_done(struct http_call *http)
{
    struct http_provider *provider = container_of(http, struct http_provider, token.http);
    struct connector_token given;
    enum outcome outcome;
    struct arena arena;

    arena_init(&arena, TOKEN_ARENA_BYTES);
    outcome = read_token(provider, &arena, &given);
    if (outcome == OUTCOME_HIT) {
        keep_token(&provider->token, &given);
        sodium_memzero((char *)(uintptr_t)given.text.ptr, given.text.len);
    } else {
        log_write(LOG_WARN, "no token from the provider", log_str("provider", provider->provider.name),
                  log_num("status", http->status), log_text("outcome", outcome_name(outcome)),
                  log_text("error", http->error), LOG_END);
    }
    if (http->answer.ptr != NULL)
        sodium_memzero(http->answer.ptr, http->answer.len);
    http_call_deinit(http);
    arena_deinit(&arena);
    provider->token.is_asked_for = false;
    provider->provider.calls_out--;
    resume_waiting(provider, outcome, given.wait_us);
}

/* False when it cannot even be asked for. */
static bool ask_for_token(struct http_provider *provider)
{
    struct connector_request request;
    struct arena arena;
    const char *why = "";
    bool is_built;

    arena_init(&arena, REQUEST_BYTES_MAX);
    is_built = connector_token_request(provider->connector, &provider->settings, &arena, &request, &why);
    if (is_built) {
        if (request.timeout_us == 0)
            request.timeout_us = TOKEN_TIMEOUT_US;
        provider->token.is_asked_for = true;
        provider->provider.calls_out++; /* busy until it is here, whoever waits for it */
        start_http(provider, &provider->token.http, &request, token_done);
        connector_request_wipe(&request);
    } else {
        log_write(LOG_WARN, "request for a token not built", log_str("provider", provider->provider.name),
                  log_text("why", why), LOG_END);
    }
    arena_deinit(&arena);
    return is_built;
}

/* True when the call may go on at once. */
static bool want_token(struct asking *asking)
{
    struct http_provider *provider = asking->provider;
    struct shared_token *token = &provider->token;

    if (token->text != NULL && ((asking->flow.is_token_stale && asking->token_number == token->number) ||
                                clock_steady_us() >= token->expires_us))
        drop_token(token);
    if (token->text != NULL) {
        give_token(asking);
        return true;
    }
    if (!token->is_asked_for && !ask_for_token(provider)) {
        connector_call_token_failed(&asking->flow, OUTCOME_ERROR, 0);
        return true;
    }
    asking->waits_for_token = true;
    pause_until(asking, asking->flow.deadline_us);
    return false;
}

/* --- the flow --- */

static enum connector_turn take_turn(struct asking *asking)
{
    struct connector_request request;
    enum connector_turn turn;
    struct arena arena; /* of the request: the client copies it */

    arena_init(&arena, REQUEST_BYTES_MAX);
    turn = connector_call_next(&asking->flow, &arena, &request, clock_steady_us());
    if (turn == CONNECTOR_SEND) {
        start_http(asking->provider, &asking->http, &request, request_done);
        connector_request_wipe(&request);
    }
    arena_deinit(&arena);
    return turn;
}

/* Until something has to be waited for. True when it is over. */
static bool advance(struct asking *asking)
{
    enum connector_turn turn = take_turn(asking);

    while (turn == CONNECTOR_TOKEN && want_token(asking))
        turn = take_turn(asking);
    if (turn == CONNECTOR_WAIT)
        pause_until(asking, asking->flow.until_us);
    return turn == CONNECTOR_DONE;
}

/* Goes on, from the loop. */
static void drive(struct asking *asking)
{
    struct provider_call *call;

    if (!advance(asking))
        return;
    call = end(asking);
    call->done(call);
}

static int64_t pace(struct connector_call *flow, bool is_poll, int64_t left_us)
{
    struct asking *asking = container_of(flow, struct asking, flow);

    return provider_pace_request(&asking->provider->provider, is_poll, left_us);
}

static void start(struct provider *provider, struct provider_call *call, bool is_check)
{
    struct http_provider *http_provider = http_provider_of(provider);
    struct asking *asking;

    call->unanswered = 0;
    call->is_repeatable = call->is_ours = false;
    call->wait_us = 0;
    if (provider->unusable != NULL) {
        provider_call_end(http_provider->loop, call, OUTCOME_AUTH_ERROR);
        return;
    }
    asking = mem_new(sizeof *asking);
    list_append(&http_provider->askings, &asking->link);
    asking->call = call;
    asking->provider = http_provider;
    asking->flow = (struct connector_call){.connector = http_provider->connector,
                                           .settings = &http_provider->settings,
                                           .pace = pace,
                                           .hints = call->hints,
                                           .wanted = is_check ? 0 : call->channels,
                                           .is_check = is_check,
                                           .deadline_us = clock_steady_us() + call->timeout_us,
                                           .arena = call->arena,
                                           .values = is_check ? NULL : call->values};
    connector_call_start(&asking->flow, clock_steady_us());
    if (advance(asking)) {
        end(asking);
        provider_call_end(http_provider->loop, call, call->outcome);
    }
}

static void ask(struct provider *provider, struct provider_call *call)
{
    start(provider, call, false);
}

static void check_key(struct provider *provider, struct provider_call *call)
{
    check(provider->has_check);
    start(provider, call, true);
}

static void http_provider_free(struct provider *provider)
{
    struct http_provider *http_provider = http_provider_of(provider);
    struct list *link;

    while ((link = list_take(&http_provider->askings)) != NULL)
        free_asking(list_entry(link, struct asking, link));
    drop_token(&http_provider->token);
    connector_free(&http_provider->connector);
    for (size_t i = 0; i < CONNECTOR_SECRETS_MAX; i++)
        secret_deinit(&http_provider->secrets[i]);
    for (size_t i = 0; i < CONNECTOR_HOSTS_MAX; i++)
        mem_free(http_provider->hosts[i]);
    mem_free(http_provider->rules);
    mem_free(http_provider);
}

const struct provider_kind http_kind = {.name = "http", .ask = ask, .check_key = check_key, .free = http_provider_free};
