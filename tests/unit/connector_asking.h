/* A connector compiled from text with single quotes for double ones, and a call
 * to it, driven by hand: for the tests of the connector language. */
#ifndef TESTS_CONNECTOR_ASKING_H
#define TESTS_CONNECTOR_ASKING_H

#include "unit.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/tree.h"
#include "providers/connector.h"

#include <stdio.h>
#include <stdlib.h>

/* A connector of one way of one step, of the parts given. */
#define WHOLE(needs, req, outcomes, channels)                                                                          \
    "{'connector':1,'needs':" needs ",'request':" req ",'outcomes':" outcomes ",'channels':" channels "}"
#define NEEDS "[['email']]"
#define REQUEST "{'url':'https://a.example/x?e={email}'}"
#define CHANNELS_ONE "{'work_email':{'value':'/email','confidence':0.8}}"
#define WITH_REQUEST(req) WHOLE(NEEDS, req, "[]", CHANNELS_ONE)
#define WITH_OUTCOMES(outcomes) WHOLE(NEEDS, REQUEST, outcomes, CHANNELS_ONE)
#define WITH_CHANNELS(channels) WHOLE(NEEDS, REQUEST, "[]", channels)

struct connector_asking {
    struct connector *connector;
    struct connector_settings settings;
    struct hints hints;
    struct arena arena;         /* of the call */
    struct arena request_arena; /* of its last request */
    struct provider_value values[SLOT_COUNT];
    struct connector_call call;
    struct connector_request request;
    int64_t now_us;
};

static inline int asking_load(void **state)
{
    (void)state;
    return tree_load(NULL) != ERR_NONE;
}

static inline void asking_set_up(struct connector_asking *asking)
{
    *asking = (struct connector_asking){.now_us = 1000 * SECOND_US};
    arena_init(&asking->arena, 1 << 20);
    arena_init(&asking->request_arena, 1 << 20);
    asking->hints.of[HINT_EMAIL] = STR("a+b@c.example");
    for (size_t i = 0; i < CONNECTOR_SECRETS_MAX; i++)
        asking->settings.secrets[i] = STR("k3y");
}

static inline void asking_tear_down(struct connector_asking *asking)
{
    connector_free(&asking->connector);
    arena_deinit(&asking->arena);
    arena_deinit(&asking->request_arena);
}

static inline json_t *doc_of(const char *text)
{
    struct err_detail detail = {""};
    char *copy = strdup(text);
    json_t *doc = NULL;

    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    if (json_read(str_from(copy), &doc, &detail) != ERR_NONE)
        fail_msg("%s in %s", detail.text, copy);
    free(copy);
    return doc;
}

/* The hosts are the connector's own; those that the operator has to say are https://op.example/base. */
static inline void compile(struct connector_asking *asking, const char *text)
{
    const struct connector_host *hosts;
    struct shape_mistakes mistakes;
    json_t *doc = doc_of(text);

    connector_free(&asking->connector);
    shape_mistakes_init(&mistakes);
    if (connector_compile(doc, &asking->connector, &mistakes) != ERR_NONE)
        fail_msg("%s", mistakes.first.text);
    assert_int_equal(mistakes.count, 0);
    for (size_t i = connector_hosts(asking->connector, &hosts); i > 0; i--)
        asking->settings.hosts[i - 1] = hosts[i - 1].url.len > 0 ? hosts[i - 1].url : STR("https://op.example/base");
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
}

static inline void start(struct connector_asking *asking, unsigned wanted)
{
    asking->call = (struct connector_call){.connector = asking->connector,
                                           .settings = &asking->settings,
                                           .hints = &asking->hints,
                                           .wanted = wanted,
                                           .deadline_us = asking->now_us + 600 * SECOND_US,
                                           .arena = &asking->arena,
                                           .values = asking->values};
    connector_call_start(&asking->call, asking->now_us);
}

static inline enum connector_turn next(struct connector_asking *asking)
{
    arena_deinit(&asking->request_arena);
    return connector_call_next(&asking->call, &asking->request_arena, &asking->request, asking->now_us);
}

static inline void answer_with(struct connector_asking *asking, int status, const char *headers, const char *body)
{
    struct connector_answer answer = {.status = status,
                                      .headers = str_from(headers),
                                      .body = str_from(body),
                                      .wall_us = INT64_C(1767225600) * SECOND_US}; /* 2026-01-01T00:00:00Z */

    connector_call_answer(&asking->call, &answer, asking->now_us);
}

/* The first request of a call for all channels. */
static inline void build(struct connector_asking *asking, const char *text)
{
    compile(asking, text);
    start(asking, CHANNELS_ALL);
    if (next(asking) != CONNECTOR_SEND)
        fail_msg("nothing to send: %s, %s", outcome_name(asking->call.outcome), asking->call.why);
}

/* One call of one request: what comes of this answer. */
static inline enum outcome read_answer(struct connector_asking *asking, unsigned wanted, int status,
                                       const char *headers, const char *body)
{
    start(asking, wanted);
    assert_int_equal(next(asking), CONNECTOR_SEND);
    answer_with(asking, status, headers, body);
    assert_int_equal(next(asking), CONNECTOR_DONE);
    return asking->call.outcome;
}

static inline void assert_outcome_is(enum outcome outcome, enum outcome expected)
{
    assert_string_equal(outcome_name(outcome), outcome_name(expected));
}

#endif
