/* Judging answers: tests, rules, and the amounts that they name. */
#include "providers/connector_parts.h"

#include "base/check.h"
#include "base/clock.h"
#include "net/http_client.h"
#include "net/retry_after.h"

#include <math.h>
#include <stdio.h>

#define AMOUNT_MAX 9e12 /* in millionths it still fits */

/* --- conditions --- */

/* What a test looks at: a value of the body, or a header. */
struct looked_at {
    struct tree_node node;
    struct str header; /* when there is no node */
};

static bool is_same_number(double a, double b)
{
    return !(a < b) && !(a > b);
}

/* 1 is 1.0; whole numbers are compared by every digit. */
static bool number_is(struct tree_node node, const json_t *value)
{
    char digits[TREE_DIGITS_MAX], wanted[TREE_DIGITS_MAX];
    int len;

    if (!json_is_integer(value) || !tree_is_whole(node))
        return is_same_number(tree_number(node), json_number_value(value));
    len = snprintf(wanted, sizeof wanted, "%lld", (long long)json_integer_value(value));
    return str_is(tree_digits(node, digits), (struct str){wanted, (size_t)len});
}

static bool header_is(struct str header, const json_t *value)
{
    double number;

    if (json_is_string(value))
        return str_is_nocase(header, json_str(value));
    return json_is_number(value) && text_number(header, &number) && is_same_number(number, json_number_value(value));
}

static bool equals(const struct looked_at *at, const json_t *value)
{
    if (at->header.len > 0)
        return header_is(at->header, value);
    switch (tree_type(at->node)) {
    case TREE_NULL:
        return json_is_null(value);
    case TREE_TRUE:
        return json_is_true(value);
    case TREE_FALSE:
        return json_is_false(value);
    case TREE_NUMBER:
        return json_is_number(value) && number_is(at->node, value);
    case TREE_TEXT:
        return json_is_string(value) && str_is_nocase(tree_text(at->node), json_str(value));
    default:
        return false;
    }
}

static bool is_in(const struct looked_at *at, const json_t *values)
{
    if (!json_is_array(values))
        return equals(at, values);
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (equals(at, json_array_get(values, i)))
            return true;
    }
    return false;
}

static struct str text_of(const struct looked_at *at)
{
    return at->header.len > 0 ? at->header : tree_text(at->node);
}

static bool contains(struct str text, struct str part)
{
    for (; text.len >= part.len; text = str_from_at(text, 1)) {
        if (str_starts_nocase(text, part))
            return true;
    }
    return false;
}

static bool ends(struct str text, struct str part)
{
    return text.len >= part.len && str_is_nocase(str_from_at(text, text.len - part.len), part);
}

static bool is_at_least(const struct looked_at *at, double least)
{
    double number;

    if (tree_type(at->node) == TREE_NUMBER)
        return tree_number(at->node) >= least;
    return text_number(text_of(at), &number) && number >= least;
}

static bool is_empty(const struct looked_at *at)
{
    switch (tree_type(at->node)) {
    case TREE_NONE:
        return at->header.len == 0;
    case TREE_NULL:
        return true;
    case TREE_TEXT:
        return tree_text(at->node).len == 0;
    case TREE_ARRAY:
    case TREE_OBJECT:
        return tree_first(at->node).at == 0;
    default:
        return false;
    }
}

static bool condition_holds(const struct condition *condition, const struct looked_at *at)
{
    switch (condition->kind) {
    case CONDITION_IN:
        return is_in(at, condition->values);
    case CONDITION_NOT_IN:
        return !is_in(at, condition->values);
    case CONDITION_CONTAINS:
        return contains(text_of(at), condition->text);
    case CONDITION_STARTS:
        return str_starts_nocase(text_of(at), condition->text);
    case CONDITION_ENDS:
        return ends(text_of(at), condition->text);
    case CONDITION_AT_LEAST:
        return is_at_least(at, condition->number);
    case CONDITION_EXISTS:
        return (at->node.at != 0 || at->header.len > 0) == condition->is_wanted;
    case CONDITION_EMPTY:
        return is_empty(at) == condition->is_wanted;
    case CONDITION_COUNT:
        break;
    }
    check(false);
    return false;
}

/* --- tests --- */

static bool all_hold(const struct test *test, const struct looked_at *at)
{
    for (size_t i = 0; i < test->conditions_count; i++) {
        if (!condition_holds(&test->conditions[i], at))
            return false;
    }
    return true;
}

struct trial {
    const struct test *test;
    bool has_reached;
};

/* One that fails is not the end when the pointer reaches several. */
static bool try_node(struct tree_node node, void *ctx)
{
    struct trial *trial = ctx;
    struct looked_at at = {.node = node};

    trial->has_reached = true;
    return all_hold(trial->test, &at);
}

static bool test_holds(const struct test *test, struct reading *reading, struct tree_node from)
{
    struct looked_at at = {.node = TREE_NODE_NONE};
    struct trial trial = {test, false};

    if (test->header.len > 0)
        at.header = http_header_in(reading->answer->headers, test->header);
    else if (pointer_each(&test->at, from, &reading->values, try_node, &trial))
        return true;
    return !trial.has_reached && all_hold(test, &at);
}

bool tests_hold(const struct tests *tests, struct reading *reading, struct tree_node from)
{
    for (size_t i = 0; i < tests->count; i++) {
        if (!test_holds(&tests->items[i], reading, from))
            return false;
    }
    return true;
}

/* --- rules --- */

static bool status_fits(const struct rule *rule, int status)
{
    for (size_t i = 0; i < rule->statuses_count; i++) {
        if (status >= rule->statuses[i].from && status <= rule->statuses[i].to)
            return true;
    }
    return rule->statuses_count == 0;
}

static bool body_is_empty(const struct reading *reading)
{
    return str_trim(reading->answer->body).len == 0;
}

static bool body_fits(enum body_state state, struct reading *reading)
{
    switch (state) {
    case BODY_ANY:
        return true;
    case BODY_EMPTY:
        return body_is_empty(reading);
    case BODY_JSON:
        return reading_root(reading).at != 0;
    case BODY_NOT_JSON:
        return reading_root(reading).at == 0;
    }
    check(false);
    return false;
}

/* Tests that look into the body fail when it is no JSON, even those of what is absent. */
static bool rule_tests_hold(const struct rule *rule, struct reading *reading)
{
    for (size_t i = 0; i < rule->tests.count; i++) {
        const struct test *test = &rule->tests.items[i];

        if (test->header.len == 0 && reading_root(reading).at == 0)
            return false;
        if (!test_holds(test, reading, reading_root(reading)))
            return false;
    }
    return true;
}

static bool rule_fits(const struct rule *rule, struct reading *reading)
{
    struct str type;

    if (!status_fits(rule, reading->answer->status) || !body_fits(rule->body, reading))
        return false;
    if (rule->content_type.len > 0) {
        type = http_header_in(reading->answer->headers, STR("content-type"));
        if (!str_starts_nocase(type, rule->content_type))
            return false;
    }
    return rule_tests_hold(rule, reading);
}

static const struct rule *find_rule(const struct rules *rules, struct reading *reading)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (rule_fits(&rules->items[i], reading))
            return &rules->items[i];
    }
    return NULL;
}

static enum judged judge_status(int status, bool is_empty_body)
{
    switch (status) {
    case 202:
        return is_empty_body ? JUDGED_PENDING : JUDGED_HIT;
    case 204:
    case 404:
        return JUDGED_MISS;
    case 400:
    case 422:
        return JUDGED_BAD_INPUT;
    case 401:
    case 403:
        return JUDGED_AUTH_ERROR;
    case 402:
        return JUDGED_OUT_OF_CREDITS;
    case 408:
    case 425:
        return JUDGED_TRANSIENT;
    case 429:
        return JUDGED_RATE_LIMITED;
    case 451:
        return JUDGED_BLOCKED;
    default:
        break;
    }
    if (status >= 500 && status <= 599)
        return JUDGED_TRANSIENT;
    return status >= 200 && status <= 299 ? JUDGED_HIT : JUDGED_ERROR;
}

enum judged answer_judge(const struct rules *own, const struct rules *common, struct reading *reading)
{
    const struct rule *rule = find_rule(own, reading);
    enum judged judged;

    if (rule == NULL)
        rule = find_rule(common, reading);
    reading->is_by_rule = rule != NULL;
    judged = rule != NULL ? rule->judged : judge_status(reading->answer->status, body_is_empty(reading));
    if (reading_is_exhausted(reading) || (judged == JUDGED_HIT && reading_root(reading).at == 0))
        return JUDGED_ERROR;
    return judged;
}

/* --- amounts --- */

/* What a place says, as a number, or as the text of a time. */
struct said {
    bool has_number;
    double number;
    struct str text;
};

static bool take_said(struct tree_node node, void *ctx)
{
    struct said *said = ctx;

    if (tree_type(node) == TREE_NUMBER)
        said->number = tree_number(node);
    said->has_number = tree_type(node) == TREE_NUMBER || text_number(tree_text(node), &said->number);
    said->text = str_trim(tree_text(node));
    return said->has_number || said->text.len > 0;
}

static bool say_header(struct str header, struct said *said)
{
    said->has_number = text_number(header, &said->number);
    said->text = header;
    return header.len > 0;
}

/* The text of a time dies with the tree that it stands in: it is read before. */
typedef bool use_fn(const struct said *said, void *ctx);

static bool use_header_json(const struct amount_at *at, struct reading *reading, struct str header, use_fn *use,
                            void *ctx)
{
    struct tree *tree = NULL;
    struct said said = {.has_number = false};
    bool is_used = false;

    if (tree_read(header, &tree) != ERR_NONE)
        return false;
    if (pointers_each(&at->at, tree_root(tree), &reading->values, take_said, &said))
        is_used = use(&said, ctx);
    tree_free(&tree);
    return is_used;
}

static bool use_amount(const struct amount_at *at, struct reading *reading, use_fn *use, void *ctx)
{
    struct str header = at->header.len > 0 ? http_header_in(reading->answer->headers, at->header) : STR_NONE;
    struct said said = {.has_number = false};

    if (at->header.len > 0 && at->at.count > 0)
        return use_header_json(at, reading, header, use, ctx);
    if (at->header.len > 0)
        return say_header(header, &said) && use(&said, ctx);
    return pointers_each(&at->at, reading_root(reading), &reading->values, take_said, &said) && use(&said, ctx);
}

static bool use_number(const struct said *said, void *ctx)
{
    struct connector_amount *amount = ctx;

    if (!said->has_number || !(said->number >= 0) || said->number > AMOUNT_MAX)
        return false; /* -1 is how some say "unlimited" */
    *amount = (struct connector_amount){true, llround(said->number * PPM_ONE)};
    return true;
}

struct connector_amount answer_amount(const struct amount_at *at, struct reading *reading)
{
    struct connector_amount amount = {.is_known = false};

    if (at != NULL)
        use_amount(at, reading, use_number, &amount);
    return amount;
}

/* A wait in the making. */
struct waiting {
    enum wait_form form;
    int64_t wall_us;
    int64_t wait_us;
};

static int64_t us_of(double number, double unit_us)
{
    double us = number * unit_us;

    if (!(us > 0))
        return 0;
    return us > (double)RETRY_AFTER_US_MAX ? RETRY_AFTER_US_MAX : (int64_t)us;
}

static bool use_wait(const struct said *said, void *ctx)
{
    struct waiting *waiting = ctx;
    int64_t time_us;

    switch (waiting->form) {
    case WAIT_SECONDS:
        waiting->wait_us = said->has_number ? us_of(said->number, 1e6) : 0;
        break;
    case WAIT_MS:
        waiting->wait_us = said->has_number ? us_of(said->number, 1e3) : 0;
        break;
    case WAIT_EPOCH:
        waiting->wait_us = said->has_number ? us_of(said->number - (double)waiting->wall_us / 1e6, 1e6) : 0;
        break;
    case WAIT_TIMESTAMP:
        if (clock_read_time(said->text, &time_us))
            waiting->wait_us = us_of((double)(time_us - waiting->wall_us), 1);
        break;
    }
    return waiting->wait_us > 0;
}

int64_t answer_wait_us(const struct connector *connector, struct reading *reading)
{
    struct str retry_after = http_header_in(reading->answer->headers, STR("retry-after"));
    struct waiting waiting = {.wall_us = reading->answer->wall_us};

    for (size_t i = 0; i < connector->waits_count; i++) {
        waiting.form = connector->waits[i].form;
        if (use_amount(&connector->waits[i], reading, use_wait, &waiting))
            return waiting.wait_us;
    }
    if (retry_after.len > 0 && retry_after_read(retry_after, reading->answer->wall_us, &waiting.wait_us))
        return waiting.wait_us;
    return 0;
}
