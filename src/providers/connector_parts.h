/* providers/connector_parts.h: the compiled connector. Made by the files
 * connector_compile*.c, used by those that build requests, read answers and
 * run the flow of a call. Everything is in the connector's arena; texts point
 * into its document. */
#ifndef PROVIDERS_CONNECTOR_PARTS_H
#define PROVIDERS_CONNECTOR_PARTS_H

#include "base/tree.h"
#include "providers/connector.h"
#include "providers/template.h"

/* --- pointers and tests --- */

enum segment_kind { SEGMENT_NAME, SEGMENT_EACH, SEGMENT_PLACE };

struct segment {
    enum segment_kind kind;
    struct str name; /* with ~0 and ~1 undone */
    bool is_index;   /* the name is an index of arrays too */
    uint64_t index;
    struct part *place; /* SEGMENT_PLACE */
};

struct pointer {
    struct segment *segments;
    size_t count;
    bool has_each;
};

/* Tried in order. */
struct pointers {
    struct pointer *items;
    size_t count;
};

enum condition_kind {
    CONDITION_IN, /* "equals" too */
    CONDITION_NOT_IN,
    CONDITION_CONTAINS,
    CONDITION_STARTS,
    CONDITION_ENDS,
    CONDITION_AT_LEAST,
    CONDITION_EXISTS,
    CONDITION_EMPTY,
    CONDITION_COUNT
};

struct condition {
    enum condition_kind kind;
    const json_t *values; /* IN, NOT_IN: an array, or the one value */
    struct str text;
    double number;
    bool is_wanted; /* EXISTS, EMPTY: true or false */
};

/* All conditions must hold, of one value. */
struct test {
    struct str header; /* empty: of the body */
    struct pointer at;
    struct condition *conditions;
    size_t conditions_count;
};

struct tests {
    struct test *items;
    size_t count;
};

/* --- outcomes --- */

/* What a rule makes of an answer: JUDGED(id, word) */
#define JUDGEMENTS(JUDGED)                                                                                             \
    JUDGED(HIT, "hit")                                                                                                 \
    JUDGED(MISS, "miss")                                                                                               \
    JUDGED(PENDING, "pending")                                                                                         \
    JUDGED(RATE_LIMITED, "rate_limited")                                                                               \
    JUDGED(OUT_OF_CREDITS, "out_of_credits")                                                                           \
    JUDGED(AUTH_ERROR, "auth_error")                                                                                   \
    JUDGED(BAD_INPUT, "bad_input")                                                                                     \
    JUDGED(BLOCKED, "blocked")                                                                                         \
    JUDGED(TRANSIENT, "transient")                                                                                     \
    JUDGED(ERROR, "error")

enum judged {
#define JUDGED(id, word) JUDGED_##id,
    JUDGEMENTS(JUDGED)
#undef JUDGED
        JUDGED_COUNT
};

struct status_range {
    int from, to;
};

enum body_state { BODY_ANY, BODY_EMPTY, BODY_JSON, BODY_NOT_JSON };

/* All that it has must hold. */
struct rule {
    struct status_range *statuses;
    size_t statuses_count; /* 0: any */
    struct str content_type;
    enum body_state body;
    struct tests tests; /* its own, and "and" */
    enum judged judged;
};

struct rules {
    struct rule *items;
    size_t count;
};

enum wait_form { WAIT_SECONDS, WAIT_MS, WAIT_EPOCH, WAIT_TIMESTAMP };

/* Where a number is: of "wait", "cost" and "balance". */
struct amount_at {
    struct str header;  /* empty: in the body */
    struct pointers at; /* in the body, or in the JSON in that header; none: the header itself */
    enum wait_form form;
};

/* --- values --- */

enum choice_kind {
    CHOICE_CONSTANT,
    CHOICE_WORDS,
    CHOICE_WHERE,
    CHOICE_NUMBER, /* of a confidence, as the two below */
    CHOICE_MIN,
    CHOICE_PRODUCT
};

struct word {
    struct str text;
    int64_t value;
};

/* Says a number: a confidence in millionths, an e-mail's status or a phone's
 * type; or nothing. */
struct choice {
    enum choice_kind kind;
    int64_t value;      /* CONSTANT, WHERE */
    struct pointers at; /* WORDS, NUMBER */
    struct word *words;
    size_t words_count;
    double scale; /* NUMBER */
    bool has_default;
    int64_t by_default;
    struct tests where;
    struct choices *parts; /* MIN, PRODUCT */
    size_t parts_count;
};

/* The first that says something counts. */
struct choices {
    struct choice *items;
    size_t count;
};

struct order {
    struct pointers at;
    struct word *words; /* best first; none: the largest number first */
    size_t words_count;
};

enum form { FORM_NONE, FORM_YEAR, FORM_RANGE, FORM_DAY };

/* Where one slot's value is. */
struct value_rule {
    bool has_each;
    struct pointer each;
    struct tests where;
    struct order *order; /* NULL: as they come */
    struct pointers value;
    struct str prefix;
    struct choices confidence;
    struct choices trait; /* of an e-mail: its status; of a phone: its type */
    struct pointers region, do_not_call, source;
    enum form form;
};

struct value_rules {
    struct value_rule *items;
    size_t count;
};

/* --- requests --- */

struct param {
    struct str name; /* encoded, with its "="; without one for a parameter that has none */
    struct template value;
    bool is_encoded; /* its text stood in a URL */
};

struct params {
    struct param *items;
    size_t count;
};

struct url {
    int host;          /* its number; -1: absolute */
    struct str scheme; /* "https://" */
    struct template authority;
    struct template path;
};

struct header {
    struct str name;
    struct template value;
};

struct headers {
    struct header *items;
    size_t count;
};

enum node_kind { NODE_CONSTANT, NODE_TEXT, NODE_OBJECT, NODE_ARRAY };

/* A value of the body. */
struct node {
    enum node_kind kind;
    const char *name;    /* in an object, else NULL */
    struct str constant; /* JSON text */
    struct template text;
    struct node *children;
    size_t children_count;
};

struct request {
    bool is_post;
    bool is_repeatable;
    bool uses_token;
    bool has_form;
    bool has_authorization, has_accept, has_user_agent, has_content_type; /* among the headers */
    struct url url;
    struct params query; /* the URL's own, the request's, the connector's */
    struct headers headers;
    struct node *body; /* NULL: none */
    struct params form;
};

/* --- ways --- */

struct poll {
    int64_t after_us, every_us, every_us_max, for_us;
    double growth;
    struct request *last; /* NULL: none */
};

struct keep {
    unsigned index; /* into the way's kept names */
    struct pointers at;
};

struct step {
    struct request request;
    struct poll *poll; /* NULL: none */
    struct rules outcomes;
    struct keep *keep;
    size_t keep_count;
    unsigned only_for; /* 0: always */
    unsigned slots;    /* that it gives */
    struct value_rules of[SLOT_COUNT];
    struct choices verdict;
};

struct way {
    unsigned needs[CONNECTOR_NEEDS_MAX];
    size_t needs_count;
    struct step *steps;
    size_t steps_count;
    struct names kept;
    unsigned slots;
    bool has_verdict;
};

struct basic {
    struct template user, password;
};

struct token_source {
    struct request request;
    struct pointers at;
    int64_t lifetime_us; /* unless the answer says else */
    struct pointers lifetime_at;
};

struct connector {
    json_t *doc; /* texts point into it */
    struct arena arena;
    struct connector_about about;
    struct connector_host hosts[CONNECTOR_HOSTS_MAX];
    struct names host_names; /* the same names */
    struct connector_secret secrets[CONNECTOR_SECRETS_MAX];
    struct names secret_names; /* the same; those that only templates name come last */
    struct headers headers;
    struct params query;
    struct basic *basic;        /* NULL: none */
    struct token_source *token; /* NULL: none */
    struct rules outcomes;
    struct amount_at *waits;
    size_t waits_count;
    struct amount_at *cost, *balance; /* NULL: not said */
    struct way *ways;
    size_t ways_count;
    struct way *check; /* as a way of one step; NULL: none */
};

/* Is a segment of this path "." or ".."? Others may resolve it. */
bool path_has_dots(struct str path);

/* --- building (connector_request.c) --- */

bool request_build(const struct connector *connector, const struct request *request,
                   const struct connector_settings *settings, const struct template_values *values, struct arena *arena,
                   struct connector_request *out_request, const char **out_why);

/* --- reading (connector_read.c, connector_rules.c, connector_values.c) --- */

/* An answer while it is looked at. Its body is parsed when first looked into. */
struct reading {
    const struct connector_answer *answer;
    struct template_values values; /* for places in pointers */
    struct arena *arena;           /* what is found is kept here */
    struct tree *tree;             /* NULL: no JSON, or not looked yet */
    bool is_parsed;
    bool is_by_rule; /* out of answer_judge: a rule decided, not the status */
};

void reading_init(struct reading *reading, const struct connector_answer *answer, struct arena *arena);
void reading_deinit(struct reading *reading);

/* The body; none when it is no JSON. */
struct tree_node reading_root(struct reading *reading);

/* Has it been looked at for longer than answers may take? */
bool reading_is_exhausted(const struct reading *reading);

/* Calls `take` with each value that the pointer reaches, until it answers true; tells whether one did. */
typedef bool take_fn(struct tree_node node, void *ctx);
bool pointer_each(const struct pointer *pointer, struct tree_node from, const struct template_values *values,
                  take_fn *take, void *ctx);
bool pointers_each(const struct pointers *pointers, struct tree_node from, const struct template_values *values,
                   take_fn *take, void *ctx);

/* The first text that is not empty, trimmed; else STR_NONE. */
struct str pointers_text(const struct pointers *pointers, struct tree_node from, const struct template_values *values);

/* The first number, or its digits as text. */
bool pointers_number(const struct pointers *pointers, struct tree_node from, const struct template_values *values,
                     double *out_number);

/* A number written in decimal: "-1.5". */
bool text_number(struct str text, double *out_number);

/* A text, a number's digits, true or false, as words are compared; else STR_NONE. */
struct str scalar_text(struct tree_node node, char digits[TREE_DIGITS_MAX]);

bool tests_hold(const struct tests *tests, struct reading *reading, struct tree_node from);

/* The first rule of the lists that fits decides, else the status. A HIT is JSON. */
enum judged answer_judge(const struct rules *own, const struct rules *common, struct reading *reading);

/* How long the answer asks to wait; 0: it does not say. */
int64_t answer_wait_us(const struct connector *connector, struct reading *reading);
struct connector_amount answer_amount(const struct amount_at *at, struct reading *reading);

/* False when the choices say nothing. */
bool choices_say(const struct choices *choices, struct reading *reading, struct tree_node from, int64_t *out_value);

/* Fills the slots of `wanted` that the step gives and that are empty in `out_values`; answers those filled. */
unsigned step_read_values(const struct step *step, struct reading *reading, unsigned wanted,
                          struct provider_value *out_values);

/* Fills `kept` (of the way's names). */
void step_read_kept(const struct step *step, struct reading *reading, struct kept *kept);

#endif
