#include "providers/fixture.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>

enum { ARENA_BYTES_MAX = 1024 * 1024, BODY_BYTES_MAX = 4 * 1024 * 1024, TEXT_SHOWN_MAX = 2000 };

#define CALL_US_MAX (INT64_C(3600) * SECOND_US)

/* --- the fixture, read -------------------------------------------------------
 */

struct exchange {
    int64_t waits_ms; /* -1: not said */
    struct str method, url;
    const json_t *headers, *body; /* NULL: not said */

    enum outcome fails; /* HIT: it does not */
    int64_t status;
    const json_t *answer_headers;
    struct str text; /* the answer's body */
    char *owned;     /* `text`, made from JSON */
};

struct fixture {
    struct hints hints;
    unsigned wanted;
    bool is_check;
    struct exchange exchanges[FIXTURE_EXCHANGES_MAX];
    size_t count;
    const json_t *expect;
};

static void put_pointer(struct buf *out, struct str above, const char *name)
{
    buf_put(out, above);
    buf_put_char(out, '/');
    json_put_pointer_token(out, str_from(name));
}

/* A member that is an object; the shape's pointer is in `pointer`. */
static bool begin_member(struct shape *above, const char *name, struct buf *pointer, struct shape *out)
{
    const json_t *value = shape_any(above, name);

    if (value == NULL) {
        shape_report_member(above, name, "is missing");
        return false;
    }
    put_pointer(pointer, above->pointer, name);
    return shape_begin(out, value, buf_str(pointer), above->mistakes);
}

/* The set of slots that a list of channel names is; "account" is all fields. */
static unsigned read_channels(struct shape *shape, const char *name)
{
    const json_t *list = shape_any(shape, name);
    unsigned slots = 0;

    if (list != NULL && !json_is_array(list))
        shape_report_member(shape, name, "must be an array of channels");
    for (size_t i = 0; i < json_array_size(list); i++) {
        enum channel channel;

        if (waterfall_from(json_str(json_array_get(list, i)), &channel))
            slots |= waterfall_slots(channel);
        else
            shape_report_member(shape, name,
                                "must have work_email, personal_email, phone, "
                                "linkedin_url or account");
    }
    return slots;
}

static void read_hints(struct shape *ask, struct hints *out)
{
    struct buf pointer;
    struct shape shape;

    buf_init(&pointer, 256);
    if (begin_member(ask, "hints", &pointer, &shape)) {
        for (unsigned i = 0; i < HINT_COUNT; i++)
            shape_str(&shape, hint_name((enum hint)i), 1, 2048, &out->of[i]);
        shape_end(&shape);
    }
    buf_deinit(&pointer);
}

static void read_ask(struct shape *top, struct fixture *out)
{
    struct buf pointer;
    struct shape shape;

    buf_init(&pointer, 256);
    if (begin_member(top, "ask", &pointer, &shape)) {
        shape_bool(&shape, "check", &out->is_check);
        if (!out->is_check) {
            read_hints(&shape, &out->hints);
            out->wanted = read_channels(&shape, "channels");
        }
        shape_end(&shape);
    }
    buf_deinit(&pointer);
}

static void read_headers(struct shape *shape, const json_t **out)
{
    const char *name;
    json_t *value;

    *out = shape_any(shape, "headers");
    if (*out != NULL && !json_is_object(*out))
        shape_report_member(shape, "headers", "must be an object of texts");
    json_object_foreach((json_t *)(uintptr_t)*out, name, value)
    {
        if (!json_is_string(value))
            shape_report_member(shape, "headers", "must be an object of texts");
    }
}

static void read_request(struct shape *above, struct exchange *out)
{
    struct buf pointer;
    struct shape shape;

    buf_init(&pointer, 256);
    if (begin_member(above, "request", &pointer, &shape)) {
        out->method = STR("GET");
        shape_str(&shape, "method", 1, 16, &out->method);
        if (!shape_str(&shape, "url", 1, CONNECTOR_URL_BYTES_MAX, &out->url) && out->url.len == 0)
            shape_report_member(&shape, "url", "is required");
        read_headers(&shape, &out->headers);
        out->body = shape_any(&shape, "body");
        shape_end(&shape);
    }
    buf_deinit(&pointer);
}

static void read_failure(struct shape *shape, struct exchange *out)
{
    struct str word;

    out->fails = OUTCOME_HIT;
    if (!shape_str(shape, "fails", 0, 64, &word))
        return;
    if (str_is(word, STR("timeout")))
        out->fails = OUTCOME_TIMEOUT;
    else if (str_is(word, STR("connection")))
        out->fails = OUTCOME_ERROR;
    else
        shape_report_member(shape, "fails", "must be \"timeout\" or \"connection\"");
}

static void read_answer_body(struct shape *shape, struct exchange *out)
{
    const json_t *body = shape_any(shape, "body");
    struct buf text;

    if (shape_str(shape, "text", 0, BODY_BYTES_MAX, &out->text) && body != NULL)
        shape_report_member(shape, "text", "cannot stand beside \"body\"");
    if (body == NULL || out->owned != NULL)
        return;
    buf_init(&text, BODY_BYTES_MAX);
    json_put_doc(&text, body);
    out->owned = mem_copy_text(text.ptr, text.len);
    out->text = (struct str){out->owned, text.len};
    buf_deinit(&text);
}

static void read_answer(struct shape *above, struct exchange *out)
{
    struct buf pointer;
    struct shape shape;

    buf_init(&pointer, 256);
    if (begin_member(above, "answer", &pointer, &shape)) {
        read_failure(&shape, out);
        if (!shape_int(&shape, "status", 100, 599, &out->status) && out->fails == OUTCOME_HIT && out->status == 0)
            shape_report_member(&shape, "status", "is required, unless it \"fails\"");
        read_headers(&shape, &out->answer_headers);
        read_answer_body(&shape, out);
        shape_end(&shape);
    }
    buf_deinit(&pointer);
}

static void read_exchanges(struct shape *top, struct fixture *out)
{
    const json_t *list = shape_any(top, "exchanges");

    if (!json_is_array(list) || json_array_size(list) > FIXTURE_EXCHANGES_MAX) {
        shape_report_member(top, "exchanges", "must be an array of at most %d", FIXTURE_EXCHANGES_MAX);
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct exchange *exchange = &out->exchanges[out->count++];
        struct shape shape;
        char pointer[32];

        snprintf(pointer, sizeof pointer, "/exchanges/%zu", i);
        exchange->waits_ms = -1;
        if (!shape_begin(&shape, json_array_get(list, i), str_from(pointer), top->mistakes))
            continue;
        shape_int(&shape, "waits_ms", 0, CONNECTOR_MS_MAX, &exchange->waits_ms);
        read_request(&shape, exchange);
        read_answer(&shape, exchange);
        shape_end(&shape);
    }
}

static void check_expect(struct shape *top, struct fixture *out)
{
    static const char *const words[] = {"values", "verdict", "wait_s", "cost", "balance"};
    struct str outcome = STR_NONE;
    struct buf pointer;
    struct shape shape;
    enum outcome ignored;

    buf_init(&pointer, 256);
    if (begin_member(top, "expect", &pointer, &shape)) {
        out->expect = shape.object;
        shape_str(&shape, "outcome", 0, 64, &outcome);
        if (!outcome_from(outcome, &ignored))
            shape_report_member(&shape, "outcome", "must be a word of the trail, like \"hit\"");
        for (size_t i = 0; i < LEN(words); i++)
            shape_any(&shape, words[i]);
        read_channels(&shape, "unanswered");
        shape_end(&shape);
    }
    buf_deinit(&pointer);
}

static void read_fixture(const json_t *doc, struct fixture *out, struct shape_mistakes *mistakes)
{
    struct str about;
    struct shape top;

    if (!shape_begin(&top, doc, STR(""), mistakes))
        return;
    shape_str(&top, "about", 1, 200, &about);
    read_ask(&top, out);
    read_exchanges(&top, out);
    check_expect(&top, out);
    shape_end(&top);
}

/* --- what differs ------------------------------------------------------------
 */

struct replay {
    const struct connector *connector;
    struct connector_settings settings;
    const struct fixture *fixture;
    struct connector_call call;
    struct arena arena; /* of the call */
    struct arena own;   /* what the settings point to */
    struct buf *out;
    size_t next; /* exchange */
    int64_t now_us, waited_us;
    struct str token; /* as long as it lives */
    int64_t token_ends_us;
};

static void put_text(struct buf *out, struct str text)
{
    bool is_cut = text.len > TEXT_SHOWN_MAX;

    if (is_cut)
        text.len = TEXT_SHOWN_MAX;
    buf_put(out, text);
    if (is_cut)
        buf_puts(out, " …");
    if (text.len == 0)
        buf_puts(out, "(nothing)");
}

static void differ(struct replay *r, const char *pointer, struct str expected, struct str got)
{
    buf_printf(r->out, "  %s\n    expected: ", pointer);
    put_text(r->out, expected);
    buf_puts(r->out, "\n    got:      ");
    put_text(r->out, got);
    buf_put_char(r->out, '\n');
}

static void differ_number(struct replay *r, const char *pointer, double expected, double got)
{
    char texts[2][40];

    snprintf(texts[0], sizeof texts[0], "%.6g", expected);
    snprintf(texts[1], sizeof texts[1], "%.6g", got);
    differ(r, pointer, str_from(texts[0]), str_from(texts[1]));
}

static void differ_doc(struct replay *r, const char *pointer, const json_t *expected, struct str got)
{
    struct buf text;

    buf_init(&text, BODY_BYTES_MAX);
    if (json_is_string(expected))
        buf_put(&text, json_str(expected));
    else
        json_put_doc(&text, expected);
    differ(r, pointer, buf_str(&text), got);
    buf_deinit(&text);
}

/* Is this text that value: a text as it is, everything else as JSON? */
static bool is_same(const json_t *expected, struct str got)
{
    json_t *doc = NULL;
    bool is_equal;

    if (json_is_string(expected))
        return str_is(json_str(expected), got);
    if (json_read(got, &doc, NULL) != ERR_NONE)
        return false;
    is_equal = json_equal(expected, doc) == 1;
    json_decref(doc);
    return is_equal;
}

/* --- requests ----------------------------------------------------------------
 */

/* The value of a header among lines "Name: value"; STR_NONE. */
static struct str header_value(struct str lines, struct str name)
{
    while (lines.len > 0) {
        struct str line = str_cut(&lines, '\n');
        struct str found = str_cut(&line, ':');

        if (str_is_nocase(found, name))
            return str_trim(line);
    }
    return STR_NONE;
}

static void compare_headers(struct replay *r, const char *pointer, const json_t *expected, struct str lines)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)expected, name, value)
    {
        struct str got = header_value(lines, str_from(name));
        char place[200];

        if (str_is(got, json_str(value)))
            continue;
        snprintf(place, sizeof place, "%s/headers/%s", pointer, name);
        differ(r, place, json_str(value), got);
    }
}

static void compare_request(struct replay *r, const struct exchange *expected, const struct connector_request *got)
{
    char pointer[64], place[80];

    snprintf(pointer, sizeof pointer, "/exchanges/%zu/request", r->next);
    snprintf(place, sizeof place, "%s/method", pointer);
    if (!str_is(expected->method, got->method))
        differ(r, place, expected->method, got->method);
    snprintf(place, sizeof place, "%s/url", pointer);
    if (!str_is(expected->url, got->url))
        differ(r, place, expected->url, got->url);
    compare_headers(r, pointer, expected->headers, got->headers);
    snprintf(place, sizeof place, "%s/body", pointer);
    if (expected->body != NULL && !is_same(expected->body, got->body))
        differ_doc(r, place, expected->body, got->body);
    snprintf(place, sizeof place, "/exchanges/%zu/waits_ms", r->next);
    if (expected->waits_ms >= 0 && expected->waits_ms * MS_US != r->waited_us)
        differ_number(r, place, (double)expected->waits_ms, (double)r->waited_us / MS_US);
    r->waited_us = 0;
}

/* The exchange that this request belongs to; NULL (and a word about it) when
 * the fixture has no more. */
static const struct exchange *take_exchange(struct replay *r, const struct connector_request *request)
{
    const struct exchange *exchange = &r->fixture->exchanges[r->next];
    char place[40];

    if (r->next == r->fixture->count) {
        snprintf(place, sizeof place, "/exchanges/%zu/request", r->next);
        buf_printf(r->out, "  %s\n    expected: no further request\n    got:      %.*s ", place,
                   STR_ARG(request->method));
        put_text(r->out, request->url);
        buf_put_char(r->out, '\n');
        return NULL;
    }
    compare_request(r, exchange, request);
    r->next++;
    if (exchange->fails == OUTCOME_TIMEOUT)
        r->now_us += request->timeout_us;
    return exchange;
}

/* --- answers -----------------------------------------------------------------
 */

static void put_headers(struct buf *out, const json_t *headers)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)headers, name, value)
    {
        buf_printf(out, "%s: %s\r\n", name, json_string_value(value));
    }
}

static struct connector_answer make_answer(const struct replay *r, const struct exchange *exchange, struct buf *headers)
{
    bool has_type = json_object_get(exchange->answer_headers, "Content-Type") != NULL ||
                    json_object_get(exchange->answer_headers, "content-type") != NULL;

    put_headers(headers, exchange->answer_headers);
    if (!has_type && exchange->owned != NULL)
        buf_puts(headers, "Content-Type: application/json\r\n");
    return (struct connector_answer){.status = (int)exchange->status,
                                     .headers = buf_str(headers),
                                     .body = exchange->text,
                                     .wall_us = FIXTURE_BEGINS_US + r->now_us};
}

static void answer_call(struct replay *r, const struct exchange *exchange)
{
    struct connector_answer answer;
    struct buf headers;

    if (exchange->fails != OUTCOME_HIT) {
        connector_call_fail(&r->call, exchange->fails, "", true, r->now_us);
        return;
    }
    buf_init(&headers, CONNECTOR_HEADER_BYTES_MAX);
    answer = make_answer(r, exchange, &headers);
    connector_call_answer(&r->call, &answer, r->now_us);
    buf_deinit(&headers);
}

static void answer_token(struct replay *r, const struct exchange *exchange)
{
    struct connector_token token = {.text = STR_NONE};
    struct connector_answer answer;
    struct buf headers;
    enum outcome outcome;

    if (exchange->fails != OUTCOME_HIT) {
        connector_call_token_failed(&r->call, exchange->fails, 0);
        return;
    }
    buf_init(&headers, CONNECTOR_HEADER_BYTES_MAX);
    answer = make_answer(r, exchange, &headers);
    outcome = connector_token_read(r->connector, &answer, &r->arena, &token);
    r->token = token.text;
    r->token_ends_us = outcome == OUTCOME_HIT ? r->now_us + token.lifetime_us : 0;
    if (outcome == OUTCOME_HIT)
        connector_call_token(&r->call, token.text);
    else
        connector_call_token_failed(&r->call, outcome, token.wait_us);
    buf_deinit(&headers);
}

/* --- the result --------------------------------------------------------------
 */

static void compare_word(struct replay *r, const char *pointer, const json_t *expected, const char *got)
{
    if (expected != NULL && !str_is(json_str(expected), str_from(got)))
        differ(r, pointer, json_str(expected), str_from(got));
}

static void compare_number(struct replay *r, const char *pointer, const json_t *expected, bool is_known, double got)
{
    if (expected == NULL)
        return;
    if (!is_known)
        differ_doc(r, pointer, expected, STR_NONE);
    else if (!(fabs(json_number_value(expected) - got) < 2e-6))
        differ_number(r, pointer, json_number_value(expected), got);
}

static void compare_value(struct replay *r, unsigned slot, const json_t *expected, const struct provider_value *got)
{
    const json_t *wanted = json_object_get(expected, "value");
    char above[64], place[96];

    snprintf(above, sizeof above, "/expect/values/%s", slot_name(slot));
    if (expected == NULL || got->value.len == 0) {
        differ(r, above, expected == NULL ? STR_NONE : STR("a value"), got->value);
        return;
    }
    snprintf(place, sizeof place, "%s/value", above);
    if (!is_same(wanted, got->value))
        differ_doc(r, place, wanted, got->value);
    snprintf(place, sizeof place, "%s/confidence", above);
    compare_number(r, place, json_object_get(expected, "confidence"), true, (double)got->confidence_ppm / PPM_ONE);
    snprintf(place, sizeof place, "%s/status", above);
    compare_word(r, place, json_object_get(expected, "status"), email_status_name(got->traits.email_status));
    snprintf(place, sizeof place, "%s/type", above);
    compare_word(r, place, json_object_get(expected, "type"), phone_type_name(got->traits.phone_type));
    snprintf(place, sizeof place, "%s/do_not_call", above);
    if (json_is_boolean(json_object_get(expected, "do_not_call")) &&
        json_is_true(json_object_get(expected, "do_not_call")) != got->traits.do_not_call)
        differ(r, place, got->traits.do_not_call ? STR("false") : STR("true"),
               got->traits.do_not_call ? STR("true") : STR("false"));
    snprintf(place, sizeof place, "%s/source", above);
    if (json_object_get(expected, "source") != NULL && !is_same(json_object_get(expected, "source"), got->source))
        differ(r, place, json_str(json_object_get(expected, "source")), got->source);
    snprintf(place, sizeof place, "%s/region", above);
    if (json_object_get(expected, "region") != NULL &&
        !is_same(json_object_get(expected, "region"), (struct str){got->region, got->region[0] == '\0' ? 0 : 2}))
        differ(r, place, json_str(json_object_get(expected, "region")), (struct str){got->region, 2});
}

static void compare_values(struct replay *r, const json_t *expected)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)expected, name, value)
    {
        unsigned slot;
        char place[96];

        snprintf(place, sizeof place, "/expect/values/%.64s", name);
        if (!slot_from(str_from(name), &slot))
            differ(r, place, STR("a channel or field"), str_from(name));
        else if ((r->fixture->wanted & 1u << slot) == 0)
            differ(r, place, STR("a value"), STR("it is not asked for in /ask/channels"));
    }
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        const json_t *one = json_object_get(expected, slot_name(slot));

        if ((r->fixture->wanted & 1u << slot) != 0 && (one != NULL || r->call.values[slot].value.len != 0))
            compare_value(r, slot, one, &r->call.values[slot]);
    }
}

static void put_channels(struct buf *out, unsigned slots)
{
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        if ((slots & waterfall_slots((enum channel)i)) != 0)
            buf_printf(out, "%s%s", out->len == 0 ? "" : ", ", channel_name((enum channel)i));
    }
}

static void compare_unanswered(struct replay *r, const json_t *expected)
{
    struct buf texts[2];
    unsigned slots = 0;

    buf_init(&texts[0], 256);
    buf_init(&texts[1], 256);
    for (size_t i = 0; i < json_array_size(expected); i++) {
        enum channel channel;

        if (waterfall_from(json_str(json_array_get(expected, i)), &channel))
            slots |= waterfall_slots(channel);
    }
    put_channels(&texts[0], slots);
    put_channels(&texts[1], r->call.unanswered);
    if (!str_is(buf_str(&texts[0]), buf_str(&texts[1])))
        differ(r, "/expect/unanswered", buf_str(&texts[0]), buf_str(&texts[1]));
    buf_deinit(&texts[0]);
    buf_deinit(&texts[1]);
}

static void compare_outcome(struct replay *r)
{
    const json_t *expected = json_object_get(r->fixture->expect, "outcome");
    const char *got = outcome_name(r->call.outcome);
    char text[200];

    if (str_is(json_str(expected), str_from(got)))
        return;
    snprintf(text, sizeof text, "%s%s%s", got, r->call.why[0] == '\0' ? "" : ": ", r->call.why);
    differ(r, "/expect/outcome", json_str(expected), str_from(text));
}

static void compare_result(struct replay *r)
{
    const json_t *expect = r->fixture->expect;
    const struct connector_call *call = &r->call;

    compare_outcome(r);
    if (json_object_get(expect, "values") != NULL)
        compare_values(r, json_object_get(expect, "values"));
    compare_word(r, "/expect/verdict", json_object_get(expect, "verdict"), email_status_name(call->verdict));
    compare_number(r, "/expect/wait_s", json_object_get(expect, "wait_s"), true, (double)call->wait_us / SECOND_US);
    compare_number(r, "/expect/cost", json_object_get(expect, "cost"), call->cost.is_known,
                   (double)call->cost.ppm / PPM_ONE);
    compare_number(r, "/expect/balance", json_object_get(expect, "balance"), call->balance.is_known,
                   (double)call->balance.ppm / PPM_ONE);
    if (json_object_get(expect, "unanswered") != NULL)
        compare_unanswered(r, json_object_get(expect, "unanswered"));
    for (; r->next < r->fixture->count; r->next++) {
        char place[40];

        snprintf(place, sizeof place, "/exchanges/%zu/request", r->next);
        differ(r, place, r->fixture->exchanges[r->next].url, STR_NONE);
    }
}

/* --- the whole ---------------------------------------------------------------
 */

/* All calls of a provider share a token: it is asked for when there is none. */
static bool turn_for_token(struct replay *r, struct arena *request_arena)
{
    struct connector_request request;
    const struct exchange *exchange;
    const char *why = "";

    if (!r->call.is_token_stale && r->now_us < r->token_ends_us) {
        connector_call_token(&r->call, r->token);
        return true;
    }
    if (!connector_token_request(r->connector, &r->settings, request_arena, &request, &why)) {
        buf_printf(r->out, "  the request for a token cannot be made: %s\n", why);
        connector_call_token_failed(&r->call, OUTCOME_ERROR, 0);
        return true;
    }
    exchange = take_exchange(r, &request);
    if (exchange != NULL)
        answer_token(r, exchange);
    return exchange != NULL;
}

/* One turn; false when the call is done, or goes where the fixture cannot
 * follow. */
static bool turn(struct replay *r, struct arena *request_arena)
{
    struct connector_request request;
    const struct exchange *exchange;

    switch (connector_call_next(&r->call, request_arena, &request, r->now_us)) {
    case CONNECTOR_SEND:
        exchange = take_exchange(r, &request);
        if (exchange != NULL)
            answer_call(r, exchange);
        return exchange != NULL;
    case CONNECTOR_WAIT:
        r->waited_us += r->call.until_us - r->now_us;
        r->now_us = r->call.until_us;
        return true;
    case CONNECTOR_TOKEN:
        return turn_for_token(r, request_arena);
    case CONNECTOR_DONE:
        break;
    }
    compare_result(r);
    return false;
}

static void put_settings(struct replay *r)
{
    const struct connector_host *hosts;
    const struct connector_secret *secrets;
    size_t hosts_count = connector_hosts(r->connector, &hosts);
    size_t secrets_count = connector_secrets(r->connector, &secrets);
    char text[80];

    for (size_t i = 0; i < hosts_count; i++) {
        snprintf(text, sizeof text, "https://test-%.*s.example", STR_ARG(hosts[i].name));
        r->settings.hosts[i] = hosts[i].url.len != 0 ? hosts[i].url : arena_keep(&r->own, str_from(text));
    }
    for (size_t i = 0; i < secrets_count; i++) {
        snprintf(text, sizeof text, "test-%.*s", STR_ARG(secrets[i].name));
        r->settings.secrets[i] = arena_keep(&r->own, str_from(text));
    }
}

static void play(struct replay *r)
{
    struct provider_value values[SLOT_COUNT];
    struct arena request_arena;
    bool goes_on = true;

    r->call = (struct connector_call){.connector = r->connector,
                                      .settings = &r->settings,
                                      .hints = &r->fixture->hints,
                                      .wanted = r->fixture->wanted,
                                      .is_check = r->fixture->is_check,
                                      .deadline_us = CALL_US_MAX,
                                      .arena = &r->arena,
                                      .values = values};
    connector_call_start(&r->call, r->now_us);
    while (goes_on) {
        arena_init(&request_arena, ARENA_BYTES_MAX);
        goes_on = turn(r, &request_arena);
        arena_deinit(&request_arena);
    }
}

static void free_fixture(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++)
        mem_free(fixture->exchanges[i].owned);
    mem_free(fixture);
}

enum err fixture_replay(const struct connector *connector, const json_t *doc, struct buf *out,
                        struct shape_mistakes *mistakes)
{
    struct fixture *fixture = mem_new(sizeof *fixture);
    struct replay r = {.connector = connector, .fixture = fixture, .out = out};

    read_fixture(doc, fixture, mistakes);
    if (fixture->is_check && !connector_about(connector)->has_check)
        shape_report(mistakes, STR("/ask/check"), "asks for the check of a connector that has none");
    if (mistakes->count == 0) {
        arena_init(&r.arena, 8 * ARENA_BYTES_MAX);
        arena_init(&r.own, ARENA_BYTES_MAX);
        put_settings(&r);
        play(&r);
        arena_deinit(&r.own);
        arena_deinit(&r.arena);
    }
    free_fixture(fixture);
    return mistakes->count == 0 ? ERR_NONE : ERR_INVALID;
}
