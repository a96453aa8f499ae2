/* Input: a connector, a NUL, and what a provider answers, one after another:
 * each begins with a byte that picks status and headers and ends with a NUL.
 * Whatever compiles is called with fixed hints until the calls are over; when
 * the answers are used up, requests fail. */
#include "base/check.h"
#include "base/clock.h"
#include "base/tree.h"
#include "providers/connector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hints all_hints = {.of = {
                                           [HINT_EMAIL] = {"a+b@c.example", 13},
                                           [HINT_LINKEDIN_URL] = {"https://linkedin.com/in/a", 25},
                                           [HINT_COMPANY_DOMAIN] = {"c.example", 9},
                                           [HINT_FIRST_NAME] = {"\"A\\\xff", 4},
                                           [HINT_LAST_NAME] = {"..", 2},
                                           [HINT_COMPANY_NAME] = {"C & D/\r\nX: y", 12},
                                       }};
static const struct hints one_hint = {.of = {[HINT_EMAIL] = {"a+b@c.example", 13}}};

enum { TURNS_MAX = 3 * CONNECTOR_REQUESTS_MAX };

/* A request that may be sent keeps to these, whatever the connector says. */
static void check_request(const struct connector_request *request)
{
    struct str rest = request->headers;

    check(str_starts(request->url, STR("https://")) || str_starts(request->url, STR("http://")));
    for (size_t i = 0; i < request->url.len; i++)
        check((unsigned char)request->url.ptr[i] > 0x20 && request->url.ptr[i] != 0x7f);
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');

        check(str_ends(line, STR("\r")) && str_find(line, ':') < line.len && str_find(line, '\r') == line.len - 1);
    }
}

static void check_body(const struct connector_request *request)
{
    json_t *doc = NULL;

    if (request->body.len == 0 || request->body.ptr[0] != '{')
        return;
    check(json_read(request->body, &doc, NULL) == ERR_NONE || request->body.len > 1024);
    json_decref(doc);
}

/* What a provider says. */
struct script {
    struct str rest;
    int64_t now_us;
};

static bool next_answer(struct script *script, struct connector_answer *out)
{
    static const int statuses[] = {200, 202, 204, 302, 400, 401, 404, 429, 503};
    static const char *const headers[] = {"", "Content-Type: application/json\r\nRetry-After: 3\r\n",
                                          "X-Left: {\"minute\": 7}\r\nx-cost: 1.5\r\nRetry-After: x\r\n"};
    struct str text = str_cut(&script->rest, '\0');
    unsigned pick;

    if (text.len == 0)
        return false;
    pick = (unsigned char)text.ptr[0];
    *out = (struct connector_answer){.status = statuses[pick % LEN(statuses)],
                                     .headers = str_from(headers[pick / LEN(statuses) % LEN(headers)]),
                                     .body = str_from_at(text, 1),
                                     .wall_us = script->now_us};
    return true;
}

static void take_answer(struct connector_call *call, struct script *script)
{
    struct connector_answer answer;

    if (next_answer(script, &answer))
        connector_call_answer(call, &answer, script->now_us);
    else
        connector_call_fail(call, OUTCOME_TIMEOUT, "", script->now_us % 2 == 0, script->now_us);
}

static void take_token(struct connector_call *call, struct script *script)
{
    struct connector_token token;
    struct connector_answer answer;
    enum outcome outcome = OUTCOME_TIMEOUT;
    struct arena arena;

    arena_init(&arena, 1 << 16);
    if (next_answer(script, &answer))
        outcome = connector_token_read(call->connector, &answer, &arena, &token);
    if (outcome == OUTCOME_HIT)
        connector_call_token(call, arena_keep(call->arena, token.text));
    else
        connector_call_token_failed(call, outcome, 0);
    arena_deinit(&arena);
}

static void check_end(const struct connector_call *call)
{
    bool has_value = call->verdict != EMAIL_STATUS_NONE || call->is_check;

    for (size_t i = 0; call->values != NULL && i < slots_end(call->wanted); i++) {
        check(call->values[i].confidence_ppm >= 0 && call->values[i].confidence_ppm <= PPM_ONE);
        has_value |= call->values[i].value.len > 0;
    }
    check(call->outcome != OUTCOME_HIT || has_value);
    check((call->unanswered & ~call->wanted) == 0 && call->wait_us >= 0);
    check(outcome_is_answer(call->outcome) ? !call->is_repeatable : call->unanswered == 0);
}

/* Every third request is late, every seventh comes too late. */
static int64_t pace(struct connector_call *call, bool is_poll, int64_t left_us)
{
    check(left_us > 0 && (call->requests > 0 || !is_poll));
    return call->requests % 7 == 6 ? -1 : call->requests % 3 == 2 ? SECOND_US / 2 : 0;
}

static void run(struct connector_call *call, struct script script)
{
    struct connector_request request;
    struct arena arena;
    int turns = 0;

    call->pace = script.rest.len % 2 == 0 ? pace : NULL;
    call->deadline_us = script.now_us + 3600 * SECOND_US;
    connector_call_start(call, script.now_us);
    for (bool is_over = false; !is_over; check(++turns < TURNS_MAX)) {
        arena_init(&arena, 1 << 20);
        switch (connector_call_next(call, &arena, &request, script.now_us)) {
        case CONNECTOR_SEND:
            check_request(&request);
            check_body(&request);
            connector_request_wipe(&request);
            take_answer(call, &script);
            break;
        case CONNECTOR_WAIT:
            check(call->until_us > script.now_us && call->until_us <= call->deadline_us);
            script.now_us = call->until_us;
            break;
        case CONNECTOR_TOKEN:
            take_token(call, &script);
            break;
        case CONNECTOR_DONE:
            is_over = true;
        }
        arena_deinit(&arena);
    }
    check_end(call);
}

static void call_with(const struct connector *connector, const struct hints *hints, unsigned wanted, bool is_check,
                      struct str answers)
{
    struct provider_value values[SLOT_COUNT];
    struct connector_settings settings = {.timeout_us = 0};
    struct script script = {answers, INT64_C(1767225600) * SECOND_US};
    struct connector_call call = {.connector = connector,
                                  .settings = &settings,
                                  .hints = hints,
                                  .wanted = wanted,
                                  .is_check = is_check,
                                  .values = is_check ? NULL : values};
    struct arena arena;

    arena_init(&arena, 1 << 18);
    call.arena = &arena;
    for (size_t i = 0; i < CONNECTOR_HOSTS_MAX; i++)
        settings.hosts[i] = STR("https://op.example/base");
    for (size_t i = 0; i < CONNECTOR_SECRETS_MAX; i++)
        settings.secrets[i] = STR("k");
    run(&call, script);
    arena_deinit(&arena);
}

static void call_all(const struct connector *connector, struct str answers)
{
    const struct connector_about *about = connector_about(connector);

    call_with(connector, &all_hints, CHANNELS_ALL, false, answers);
    call_with(connector, &one_hint, CHANNELS_ALL, false, answers);
    call_with(connector, &all_hints, FIELDS_ALL, false, answers);
    call_with(connector, &one_hint, 0, false, answers);
    if (about->has_check)
        call_with(connector, &all_hints, 0, true, answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, text = str_cut(&rest, '\0');
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;
    json_t *doc = NULL;

    check(tree_load(NULL) == ERR_NONE);
    if (json_read(text, &doc, NULL) != ERR_NONE)
        return 0;
    shape_mistakes_init(&mistakes);
    if (connector_compile(doc, &connector, &mistakes) == ERR_NONE) {
        check(mistakes.count == 0);
        call_all(connector, rest);
    } else {
        check(mistakes.count > 0);
    }
    connector_free(&connector);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
    return 0;
}
