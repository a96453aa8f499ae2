/* Compiling what looks into answers: pointers, tests, outcomes, amounts. */
#include "providers/connector_compiler.h"

#include "base/check.h"

enum { SEGMENTS_MAX = 32 };

/* --- pointers --- */

/* With ~1 and ~0 undone; in place of it where there is none. */
static bool unescape(struct compiler *c, struct str token, struct str *out)
{
    char *text;
    size_t len = 0;

    *out = token;
    if (str_find(token, '~') == token.len)
        return true;
    text = keep_bytes(c, token.len);
    if (text == NULL)
        return false;
    for (size_t i = 0; i < token.len; i++)
        text[len++] = token.ptr[i] == '~' ? (token.ptr[++i] == '1' ? '/' : '~') : token.ptr[i];
    *out = (struct str){text, len};
    return true;
}

static bool compile_place(struct compiler *c, struct str token, struct segment *segment)
{
    struct template_scope scope = c->scope;
    struct err_detail detail = {""};
    struct str name;
    enum err err;

    scope.secrets = NULL;
    scope.has_token = false;
    segment->kind = SEGMENT_PLACE;
    segment->place = keep_bytes(c, sizeof *segment->place);
    if (segment->place == NULL || !unescape(c, (struct str){token.ptr + 1, token.len - 2}, &name))
        return false;
    err = template_compile_place(name, &scope, &c->connector->arena, segment->place, &detail);
    if (err == ERR_FULL)
        return too_large(c);
    return err == ERR_NONE || mistake(c, "%s", detail.text);
}

static bool compile_segment(struct compiler *c, struct str token, struct segment *segment)
{
    if (token.len > 2 && token.ptr[0] == '{' && token.ptr[token.len - 1] == '}')
        return compile_place(c, token, segment);
    segment->kind = str_is(token, STR("*")) ? SEGMENT_EACH : SEGMENT_NAME;
    segment->is_index = str_to_u64(token, UINT32_MAX, &segment->index) && (token.len == 1 || token.ptr[0] != '0');
    return unescape(c, token, &segment->name);
}

bool compile_pointer(struct compiler *c, const json_t *value, void *out)
{
    struct pointer *pointer = out;
    struct str rest = json_str(value);
    size_t count = 0;
    bool is_right = true;

    for (size_t i = 0; i < rest.len; i++)
        count += rest.ptr[i] == '/';
    if (!json_is_string(value) || rest.len > CONNECTOR_POINTER_BYTES_MAX || !json_is_pointer(rest) ||
        count > SEGMENTS_MAX)
        return mistake(c, "must be a JSON Pointer of at most %d bytes and %d parts, like \"/data/email\"",
                       CONNECTOR_POINTER_BYTES_MAX, SEGMENTS_MAX);
    pointer->segments = keep_bytes(c, count * sizeof *pointer->segments);
    if (pointer->segments == NULL)
        return false;
    str_cut(&rest, '/');
    while (pointer->count < count && is_right) {
        struct segment *segment = &pointer->segments[pointer->count++];

        is_right = compile_segment(c, str_cut(&rest, '/'), segment);
        pointer->has_each |= segment->kind == SEGMENT_EACH;
    }
    return is_right;
}

bool compile_pointers(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"JSON Pointers", 1, CONNECTOR_POINTERS_MAX, sizeof(struct pointer),
                                       compile_pointer};
    struct pointers *pointers = out;

    if (json_is_array(value))
        return compile_items(c, value, &items, (void **)&pointers->items, &pointers->count);
    pointers->items = keep_bytes(c, sizeof *pointers->items);
    pointers->count = 1;
    return pointers->items != NULL && compile_pointer(c, value, pointers->items);
}

/* --- tests --- */

static struct condition *add_condition(struct test *test, enum condition_kind kind)
{
    struct condition *condition = &test->conditions[test->conditions_count++];

    condition->kind = kind;
    return condition;
}

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool compile_equals(struct compiler *c, const json_t *value, void *out)
{
    add_condition(out, CONDITION_IN)->values = value;
    return is_scalar(value) || mistake(c, "must be a string, a number, true, false or null");
}

static bool check_list(struct compiler *c, const json_t *list)
{
    bool is_right = json_array_size(list) > 0 && json_array_size(list) <= CONNECTOR_WORDS_MAX;

    for (size_t i = 0; i < json_array_size(list); i++)
        is_right &= is_scalar(json_array_get(list, i));
    return is_right ||
           mistake(c, "must be an array of 1 to %d strings, numbers, true, false or null", CONNECTOR_WORDS_MAX);
}

static bool compile_in(struct compiler *c, const json_t *value, void *out)
{
    add_condition(out, CONDITION_IN)->values = value;
    return check_list(c, value);
}

static bool compile_not_in(struct compiler *c, const json_t *value, void *out)
{
    add_condition(out, CONDITION_NOT_IN)->values = value;
    return check_list(c, value);
}

static bool compile_contains(struct compiler *c, const json_t *value, void *out)
{
    return compile_text(c, value, &add_condition(out, CONDITION_CONTAINS)->text);
}

static bool compile_starts(struct compiler *c, const json_t *value, void *out)
{
    return compile_text(c, value, &add_condition(out, CONDITION_STARTS)->text);
}

static bool compile_ends(struct compiler *c, const json_t *value, void *out)
{
    return compile_text(c, value, &add_condition(out, CONDITION_ENDS)->text);
}

static bool compile_at_least(struct compiler *c, const json_t *value, void *out)
{
    add_condition(out, CONDITION_AT_LEAST)->number = json_number_value(value);
    return json_is_number(value) || mistake(c, "must be a number");
}

static bool compile_exists(struct compiler *c, const json_t *value, void *out)
{
    return compile_bool(c, value, &add_condition(out, CONDITION_EXISTS)->is_wanted);
}

static bool compile_empty(struct compiler *c, const json_t *value, void *out)
{
    return compile_bool(c, value, &add_condition(out, CONDITION_EMPTY)->is_wanted);
}

/* The members of a test; a rule has them among its own. */
#define TEST_MEMBERS                                                                                                   \
    {"at", compile_pointer, offsetof(struct test, at), false},                                                         \
        {"header", compile_header_name, offsetof(struct test, header), false}, {"equals", compile_equals, 0, false},   \
        {"in", compile_in, 0, false}, {"not_in", compile_not_in, 0, false}, {"contains", compile_contains, 0, false},  \
        {"starts", compile_starts, 0, false}, {"ends", compile_ends, 0, false},                                        \
        {"at_least", compile_at_least, 0, false}, {"exists", compile_exists, 0, false},                                \
    {                                                                                                                  \
        "empty", compile_empty, 0, false                                                                               \
    }

/* How many places it names, to look at. */
static int places(const json_t *object)
{
    return (json_object_get(object, "at") != NULL) + (json_object_get(object, "header") != NULL);
}

static bool check_test(struct compiler *c, const json_t *object, const struct test *test)
{
    if (places(object) == 2)
        return mistake(c, "looks \"at\" the body or at a \"header\", not both");
    if (places(object) == 0)
        return mistake_at(c, "at", "is missing: it says where to look");
    return test->conditions_count > 0 ||
           mistake(c, "needs one of equals, in, not_in, contains, starts, ends, at_least, exists, empty");
}

static bool compile_test(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {TEST_MEMBERS};
    struct test *test = out;

    test->conditions = keep_bytes(c, LEN(members) * sizeof *test->conditions);
    if (test->conditions == NULL)
        return false;
    return compile_members(c, value, members, LEN(members), out) && check_test(c, value, test);
}

bool compile_tests(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"tests", 1, CONNECTOR_TESTS_MAX, sizeof(struct test), compile_test};
    struct tests *tests = out;

    return compile_items(c, value, &items, (void **)&tests->items, &tests->count);
}

/* --- outcomes --- */

/* A rule in the making: what a test has comes first, so that the members of tests find their places. */
struct draft {
    struct test own;
    struct tests and;
    struct rule rule;
};

static bool compile_status(struct compiler *c, const json_t *value, void *out)
{
    struct status_range *range = out;
    struct str text = json_str(value);

    if (text.len == 3 && text.ptr[0] >= '1' && text.ptr[0] <= '5' && str_is(str_from_at(text, 1), STR("xx"))) {
        range->from = (text.ptr[0] - '0') * 100;
        range->to = range->from + 99;
        return true;
    }
    if (json_integer_value(value) < 100 || json_integer_value(value) > 599)
        return mistake(c, "must be a status like 404, a class like \"4xx\", or an array of these");
    range->from = range->to = (int)json_integer_value(value);
    return true;
}

static bool compile_statuses(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"statuses", 1, CONNECTOR_STATUSES_MAX, sizeof(struct status_range),
                                       compile_status};
    struct rule *rule = &((struct draft *)out)->rule;

    if (json_is_array(value))
        return compile_items(c, value, &items, (void **)&rule->statuses, &rule->statuses_count);
    rule->statuses = keep_bytes(c, sizeof *rule->statuses);
    rule->statuses_count = 1;
    return rule->statuses != NULL && compile_status(c, value, rule->statuses);
}

static bool compile_body_state(struct compiler *c, const json_t *value, void *out)
{
    static const char *const words[] = {"empty", "json", "not_json", NULL};
    size_t index = 0;
    bool is_right = compile_word(c, value, words, "state of a body", &index);

    *(enum body_state *)out = (enum body_state)(BODY_EMPTY + index);
    return is_right;
}

static bool compile_judged(struct compiler *c, const json_t *value, void *out)
{
    static const char *const words[] = {
#define JUDGED(id, word) word,
        JUDGEMENTS(JUDGED)
#undef JUDGED
            NULL,
    };
    size_t index = JUDGED_ERROR;
    bool is_right = compile_word(c, value, words, "outcome of an answer", &index);

    *(enum judged *)out = (enum judged)index;
    return is_right;
}

static bool check_rule(struct compiler *c, const json_t *object, const struct draft *draft)
{
    bool has_test = places(object) > 0 || draft->own.conditions_count > 0;

    if (has_test)
        return check_test(c, object, &draft->own);
    return draft->rule.statuses_count > 0 || draft->rule.content_type.len > 0 || draft->rule.body != BODY_ANY ||
           draft->and.count > 0 ||
           mistake(c, "needs \"status\", \"content_type\", \"body\", \"at\", \"header\" or \"and\", else it fits every "
                      "answer");
}

/* Its own test and those of "and" in one list. */
static bool join_tests(struct compiler *c, struct draft *draft)
{
    struct tests *tests = &draft->rule.tests;

    tests->items = keep_bytes(c, (draft->and.count + 1) * sizeof *tests->items);
    if (tests->items == NULL)
        return false;
    if (draft->own.conditions_count > 0)
        tests->items[tests->count++] = draft->own;
    for (size_t i = 0; i < draft->and.count; i++)
        tests->items[tests->count++] = draft->and.items[i];
    return true;
}

static bool compile_rule(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        TEST_MEMBERS,
        {"and", compile_tests, offsetof(struct draft, and), false},
        {"status", compile_statuses, 0, false},
        {"content_type", compile_text, offsetof(struct draft, rule.content_type), false},
        {"body", compile_body_state, offsetof(struct draft, rule.body), false},
        {"outcome", compile_judged, offsetof(struct draft, rule.judged), true},
    };
    struct draft draft = {.own.conditions = keep_bytes(c, LEN(members) * sizeof(struct condition))};

    if (draft.own.conditions == NULL || !compile_members(c, value, members, LEN(members), &draft) ||
        !check_rule(c, value, &draft) || !join_tests(c, &draft))
        return false;
    *(struct rule *)out = draft.rule;
    return true;
}

bool compile_outcomes(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"rules", 0, CONNECTOR_RULES_MAX, sizeof(struct rule), compile_rule};
    struct rules *rules = out;

    return compile_items(c, value, &items, (void **)&rules->items, &rules->count);
}

/* --- amounts --- */

static bool compile_form(struct compiler *c, const json_t *value, void *out)
{
    static const char *const words[] = {"seconds", "ms", "epoch", "timestamp", NULL};
    size_t index = 0;
    bool is_right = compile_word(c, value, words, "way to say a time", &index);

    *(enum wait_form *)out = (enum wait_form)index;
    return is_right;
}

static bool compile_wait(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"header", compile_header_name, offsetof(struct amount_at, header), false},
        {"at", compile_pointers, offsetof(struct amount_at, at), false},
        {"as", compile_form, offsetof(struct amount_at, form), false},
    };

    return compile_members(c, value, members, LEN(members), out) &&
           (places(value) > 0 || mistake_at(c, "at", "is missing: it says where to look"));
}

bool compile_waits(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"places", 1, CONNECTOR_WAITS_MAX, sizeof(struct amount_at), compile_wait};
    struct connector *connector = out;

    return compile_items(c, value, &items, (void **)&connector->waits, &connector->waits_count);
}

bool compile_amount(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"header", compile_header_name, offsetof(struct amount_at, header), false},
        {"at", compile_pointers, offsetof(struct amount_at, at), false},
    };
    struct amount_at *amount = keep_bytes(c, sizeof *amount);

    *(struct amount_at **)out = amount;
    return amount != NULL && compile_members(c, value, members, LEN(members), amount) &&
           (places(value) > 0 || mistake_at(c, "at", "is missing: it says where to look"));
}
