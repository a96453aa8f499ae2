/* From a provider's answer to values: a person of People Data Labs at full
 * length through its connector as shipped, and beside it what jansson takes to
 * parse the same bytes. One JSON object on stdout; tests/bench/rows/reading.mjs
 * makes the row of it. */
#include "base/check.h"
#include "base/clock.h"
#include "base/tree.h"
#include "providers/builtin.h"
#include "providers/connector.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES = 30 * 1024, ROUNDS = 15, CALLS = 400 };

/* One employer after another until the size is reached, then what is looked for. */
static void put_answer(struct buf *out)
{
    buf_puts(out,
             "{\"status\":200,\"likelihood\":8,\"data\":{\"full_name\":\"mira okafor\",\"sex\":\"female\",\"skills\":["
             "\"supply chain\",\"caf\xc3\xa9 operations\"],\"experience\":[");
    for (int i = 0; out->len < BYTES - 1200; i++)
        buf_printf(
            out,
            "%s{\"company\":{\"name\":\"northwind demo %d\",\"size\":\"51-200\",\"id\":\"nw-%d\",\"founded\":%d,"
            "\"industry\":\"logistics and supply chain\",\"location\":{\"name\":\"lisbon, portugal\",\"locality\":"
            "\"lisbon\",\"metro\":null,\"country\":\"portugal\",\"geo\":\"38.72,-9.14\",\"street_address\":null},"
            "\"linkedin_url\":\"linkedin.com/company/northwind-%d\",\"linkedin_id\":\"%d\",\"website\":"
            "\"northwind-%d.example\"},\"start_date\":\"2015-03\",\"end_date\":null,\"title\":{\"name\":\"head of "
            "supply\",\"role\":\"logistics\",\"sub_role\":null,\"levels\":[\"manager\"]},\"is_primary\":%s,"
            "\"summary\":\"Leads \\u201csupply\\u201d planning\\nacross warehouses\"}",
            i == 0 ? "" : ",", i, i, 1990 + i % 30, i, 10000 + i, i, i == 0 ? "true" : "false");
    buf_puts(
        out,
        "],\"linkedin_url\":\"linkedin.com/in/mira-okafor-demo\",\"work_email\":\"mira.okafor@northwind-demo.example\","
        "\"personal_emails\":[\"mira.o@mailbox.example\"],\"mobile_phone\":\"+15550100123\",\"phone_numbers\":"
        "[\"+15550100123\"],\"emails\":[{\"address\":\"mira.okafor@northwind-demo.example\",\"type\":"
        "\"current_professional\"}]},\"dataset_version\":\"30.1\"}");
}

/* One call that is answered with this: how long the answer took to become values. */
static int64_t read_once(const struct connector *connector, struct str body)
{
    static const struct hints hints = {.of = {[HINT_EMAIL] = {"mira.okafor@northwind-demo.example", 34}}};
    struct connector_settings settings = {.hosts = {STR("https://a.example")}, .secrets = {STR("k")}};
    struct provider_value values[SLOT_COUNT];
    struct connector_answer answer = {.status = 200, .body = body};
    struct connector_request request;
    struct arena arena, request_arena;
    struct connector_call call = {.connector = connector,
                                  .settings = &settings,
                                  .hints = &hints,
                                  .wanted = CHANNELS_ALL,
                                  .deadline_us = INT64_MAX,
                                  .arena = &arena,
                                  .values = values};
    int64_t began_us, took_us;

    arena_init(&arena, 1 << 16);
    arena_init(&request_arena, 1 << 16);
    connector_call_start(&call, 0);
    check(connector_call_next(&call, &request_arena, &request, 0) == CONNECTOR_SEND);
    began_us = clock_steady_us();
    connector_call_answer(&call, &answer, 0);
    took_us = clock_steady_us() - began_us;
    check(connector_call_next(&call, &request_arena, &request, 0) == CONNECTOR_DONE && call.outcome == OUTCOME_HIT);
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        check(values[i].value.len > 0);
    arena_deinit(&arena);
    arena_deinit(&request_arena);
    return took_us;
}

static int64_t parse_once(struct str body)
{
    int64_t began_us = clock_steady_us(), took_us;
    json_t *doc = NULL;

    check(json_read(body, &doc, NULL) == ERR_NONE);
    took_us = clock_steady_us() - began_us;
    json_decref(doc);
    return took_us;
}

static int compare(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

static double median(double *of)
{
    qsort(of, ROUNDS, sizeof *of, compare);
    return of[ROUNDS / 2];
}

int main(void)
{
    double reading[ROUNDS], parsing[ROUNDS];
    struct connector *connector = NULL;
    struct shape_mistakes mistakes;
    json_t *doc = NULL;
    struct buf body;

    shape_mistakes_init(&mistakes);
    buf_init(&body, 2 * BYTES);
    put_answer(&body);
    check(tree_load(NULL) == ERR_NONE);
    check(json_read(builtin_connector(STR("people_data_labs")), &doc, NULL) == ERR_NONE);
    check(connector_compile(doc, &connector, &mistakes) == ERR_NONE);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t reading_us = 0, parsing_us = 0;

        for (int j = 0; j < CALLS; j++) {
            reading_us += read_once(connector, buf_str(&body));
            parsing_us += parse_once(buf_str(&body));
        }
        reading[i] = (double)reading_us / CALLS;
        parsing[i] = (double)parsing_us / CALLS;
    }
    printf("{\"bytes\":%zu,\"reading_us\":%.1f,\"parsing_us\":%.1f}\n", body.len, median(reading), median(parsing));
    connector_free(&connector);
    json_decref(doc);
    shape_mistakes_deinit(&mistakes);
    buf_deinit(&body);
    return 0;
}
