/* Input: a connector file, a NUL, the body of an answer. Whatever compiles is
 * built with fixed hints and reads the answer under several statuses. */
#include "base/check.h"
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

static void build(const struct connector *connector, const struct hints *hints)
{
    static const struct str secrets[] = {{"k", 1}, {"k", 1}, {"k", 1}, {"k", 1},
                                         {"k", 1}, {"k", 1}, {"k", 1}, {"k", 1}};
    struct connector_request request;
    struct err_detail detail = {""};
    struct arena arena;

    arena_init(&arena, 1 << 20);
    if (connector_build(connector, hints, secrets, &arena, &request, &detail)) {
        check_request(&request);
        if (request.body.len > 0) {
            json_t *doc = NULL;

            check(json_read(request.body, &doc, NULL) == ERR_NONE);
            json_decref(doc);
        }
        connector_request_wipe(&request);
    } else {
        check(detail.text[0] != '\0');
    }
    arena_deinit(&arena);
}

static void read_answer(const struct connector *connector, struct str body)
{
    static const int statuses[] = {200, 204, 302, 400, 404, 503};

    for (size_t i = 0; i < LEN(statuses); i++) {
        struct provider_value values[SLOT_COUNT];
        struct connector_answer answer = {.status = statuses[i], .body = body};
        struct arena arena;
        enum outcome outcome;
        bool has_value = false;

        arena_init(&arena, 64 * 1024);
        outcome = connector_read(connector, &answer, CHANNELS_ALL | FIELDS_ALL, &arena, values);
        for (size_t j = 0; j < SLOT_COUNT; j++) {
            check(values[j].confidence_ppm >= 0 && values[j].confidence_ppm <= PPM_ONE);
            has_value = has_value || values[j].value.len > 0;
        }
        check(has_value == (outcome == OUTCOME_HIT));
        arena_deinit(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str text = str_cut(&rest, '\0');
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;
    json_t *doc = NULL;

    if (json_read(text, &doc, NULL) != ERR_NONE)
        return 0;
    shape_mistakes_init(&mistakes);
    if (connector_compile(doc, &connector, &mistakes) == ERR_NONE) {
        check(mistakes.count == 0);
        build(connector, &all_hints);
        build(connector, &one_hint);
        read_answer(connector, rest);
    } else {
        check(mistakes.count > 0);
    }
    connector_free(&connector);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
    return 0;
}
