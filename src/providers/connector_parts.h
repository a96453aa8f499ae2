/* providers/connector_parts.h: the compiled connector. For connector_compile.c,
 * which makes it, and connector.c, which uses it. */
#ifndef PROVIDERS_CONNECTOR_PARTS_H
#define PROVIDERS_CONNECTOR_PARTS_H

#include "providers/connector.h"
#include "providers/template.h"

struct query_param {
    struct str name; /* with its "="; empty for a parameter without one */
    struct template value;
};

struct url {
    struct str scheme;         /* "https://" */
    struct template authority; /* host and port; no hints */
    struct template path;
    struct query_param *params;
    size_t params_count;
};

struct header {
    struct str name;
    struct template value;
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

struct status_range {
    int from, to;
};

enum rule_test { TEST_NONE, TEST_EXISTS, TEST_ABSENT, TEST_EQUALS };

/* One of "outcomes": all that it has must hold. */
struct rule {
    struct status_range statuses[CONNECTOR_STATUSES_MAX];
    size_t statuses_count; /* 0: any */
    enum rule_test test;
    struct str at;
    const json_t *equals;
    enum outcome outcome; /* OUTCOME_HIT: go on to read */
};

struct channel_rule {
    struct str pointers[CONNECTOR_POINTERS_MAX];
    size_t pointers_count; /* 0: not a slot of this connector */
    bool has_at;
    struct str at;
    double scale;
    int64_t confidence_ppm; /* the constant, or the default */
};

struct connector {
    json_t *doc; /* texts point into it */
    struct arena arena;
    unsigned channels;
    unsigned needs[CONNECTOR_NEEDS_MAX];
    size_t needs_count;
    struct secret_names secrets;
    struct str method;
    struct url url;
    struct header *headers;
    size_t headers_count;
    bool has_accept, has_user_agent, has_content_type; /* among the headers */
    struct node *body;                                 /* NULL: none */
    struct rule *rules;
    size_t rules_count;
    struct channel_rule of[SLOT_COUNT];
};

/* Is a segment of this path "." or ".."? Others may resolve it. */
bool path_has_dots(struct str path);

#endif
