/* providers/connector.h: how to talk to one provider, as a data file
 * (docs/providers.md) compiled once into structs.
 *
 * A provider is two pure functions: connector_build makes the request from
 * hints and secrets, connector_read makes outcome and values from the answer.
 * No I/O, no memory but the arena given, no template or file is parsed in them. */
#ifndef PROVIDERS_CONNECTOR_H
#define PROVIDERS_CONNECTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "providers/kinds.h"
#include "providers/provider.h"

enum {
    CONNECTOR_FILE_BYTES_MAX = 256 * 1024,
    CONNECTOR_HEADERS_MAX = 32,
    CONNECTOR_HEADER_BYTES_MAX = 16 * 1024, /* of a request, all lines */
    CONNECTOR_PARAMS_MAX = 64,              /* in the URL's query */
    CONNECTOR_RULES_MAX = 64,
    CONNECTOR_NEEDS_MAX = 8,     /* of one way */
    CONNECTOR_STATUSES_MAX = 16, /* in one rule */
    CONNECTOR_POINTERS_MAX = 8,  /* of one channel */
    CONNECTOR_POINTER_BYTES_MAX = 256,
    CONNECTOR_URL_TEMPLATE_BYTES_MAX = 2 * 1024,
    CONNECTOR_URL_BYTES_MAX = 8 * 1024,
    CONNECTOR_BODY_BYTES_MAX = 64 * 1024,
    CONNECTOR_VALUE_BYTES_MAX = 1024, /* longer texts are no contact data */
    CONNECTOR_LIST_MAX = 200,         /* texts of a list; further ones are left out */
    CONNECTOR_ANSWER_BYTES_MAX = 4 * 1024 * 1024
};

struct connector;

struct connector_request {
    struct str method;
    struct str url;
    struct str headers; /* "Name: value" CRLF … */
    struct str body;    /* empty: none */
};

struct connector_answer {
    int status;
    struct str body;
};

/* Compiles a document that json_read made; keeps a reference to it. ERR_INVALID
 * with the JSON Pointer of the mistake appended to place->pointer and the
 * remedy in place->detail. */
must_use enum err connector_compile(const json_t *doc, struct connector **out_connector, struct provider_place *place);
void connector_free(struct connector **connector);

/* What it can answer: the set of slots, and up to CONNECTOR_NEEDS_MAX sets of hints of
 * which any suffices. */
unsigned connector_channels(const struct connector *connector);
size_t connector_needs(const struct connector *connector, unsigned out_needs[CONNECTOR_NEEDS_MAX]);

/* Names of the secrets it uses, in the order connector_build wants them. */
size_t connector_secrets(const struct connector *connector, const struct str **out_names);

/* The request, in `arena`. False with the reason (without hint or secret) when
 * these values make no request that may be sent: over a size limit, control
 * bytes in a header, dots as a path segment, a secret that is no host. */
bool connector_build(const struct connector *connector, const struct hints *hints, const struct str *secrets,
                     struct arena *arena, struct connector_request *out_request, struct err_detail *detail);

/* Zeroes the texts of a request: they hold secrets. */
void connector_request_wipe(struct connector_request *request);

/* `out_values` is an array of slots_end(wanted). The outcome of an answer, and with OUTCOME_HIT the values of the
 * wanted slots in `arena`; values not found are empty. */
enum outcome connector_read(const struct connector *connector, const struct connector_answer *answer, unsigned wanted,
                            struct arena *arena, struct provider_value *out_values);

#endif
