/* providers/connector.h: how to talk to one provider, as a data file
 * (docs/connectors.md) compiled once into structs, and the flow of a call.
 *
 * Nothing here does I/O. A call is a small state machine: whoever drives it
 * (http.c over the network, `unstuck connector test` over fixtures, the fuzzer)
 * asks for its next turn, does what that says, and tells what came of it:
 *
 *   connector_call_start
 *   connector_call_next ── SEND:  send the request, then connector_call_answer or connector_call_fail
 *        ▲  │              WAIT:  let `until_us` pass
 *        │  │              TOKEN: connector_call_token or connector_call_token_failed
 *        │  └────────────── DONE: the out fields are there
 *        └─ after each of these
 *
 * No template, file or pointer is parsed during a call, and no memory is taken
 * but from the arenas given. */
#ifndef PROVIDERS_CONNECTOR_H
#define PROVIDERS_CONNECTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/shape.h"
#include "providers/provider.h"

enum {
    CONNECTOR_FILE_BYTES_MAX = 256 * 1024,
    CONNECTOR_HOSTS_MAX = 8,
    CONNECTOR_SECRETS_MAX = 8,
    CONNECTOR_NAME_BYTES_MAX = 32, /* of a host, a secret, a kept value */
    CONNECTOR_WAYS_MAX = 16,
    CONNECTOR_STEPS_MAX = 4,
    CONNECTOR_NEEDS_MAX = 8, /* of one way */
    CONNECTOR_KEPT_MAX = 8,  /* of one way */
    CONNECTOR_HEADERS_MAX = 32,
    CONNECTOR_HEADER_BYTES_MAX = 16 * 1024, /* of a request, all lines */
    CONNECTOR_PARAMS_MAX = 64,              /* of a URL's query, of a form */
    CONNECTOR_RULES_MAX = 64,               /* of one "outcomes" */
    CONNECTOR_STATUSES_MAX = 16,            /* in one rule */
    CONNECTOR_TESTS_MAX = 16,               /* in one "and", one "where" */
    CONNECTOR_WORDS_MAX = 64,               /* in one "in", one "words" */
    CONNECTOR_CHOICES_MAX = 16,             /* in one list of choices */
    CONNECTOR_VALUE_RULES_MAX = 8,          /* of one channel or field; of one "min", "product" */
    CONNECTOR_WAITS_MAX = 8,
    CONNECTOR_POINTERS_MAX = 8, /* where a list of them may stand */
    CONNECTOR_POINTER_BYTES_MAX = 256,
    CONNECTOR_URL_TEMPLATE_BYTES_MAX = 2 * 1024,
    CONNECTOR_URL_BYTES_MAX = 8 * 1024,
    CONNECTOR_BODY_BYTES_MAX = 64 * 1024,
    CONNECTOR_VALUE_BYTES_MAX = 1024, /* longer texts are no contact data */
    CONNECTOR_KEPT_BYTES_MAX = 1024,
    CONNECTOR_TOKEN_BYTES_MAX = 8 * 1024,
    CONNECTOR_LIST_MAX = 200,        /* texts of a list; further ones are left out */
    CONNECTOR_CANDIDATES_MAX = 1000, /* of an "each"; further ones are not looked at */
    CONNECTOR_VISITS_MAX = 1000000,  /* values of an answer looked at; past that it is an error */
    CONNECTOR_REQUESTS_MAX = 200,    /* of one call, polls and all; past that it is a timeout */
    CONNECTOR_MS_MAX = 600 * 1000,   /* of every time in a connector */
    CONNECTOR_LIFETIME_S = 3600,     /* of a token that does not say */
    CONNECTOR_LIFETIME_S_MAX = 31536000,
    CONNECTOR_ANSWER_BYTES_MAX = 4 * 1024 * 1024
};

/* --- compiling ------------------------------------------------------------ */

struct connector;
struct kept;

/* Compiles a document that json_read made; keeps a reference to it. ERR_INVALID with every mistake, each with its JSON
 * Pointer and the remedy. */
must_use enum err connector_compile(const json_t *doc, struct connector **out_connector,
                                    struct shape_mistakes *mistakes);
void connector_free(struct connector **connector);

/* What a connector is, for whoever makes a provider of it. */
struct connector_about {
    struct str name;              /* empty: not said */
    unsigned slots;               /* that it can fill */
    struct need needs[NEEDS_MAX]; /* which hints suffice for which slots; without slots: for a verdict */
    size_t needs_count;
    bool is_verifier; /* has a way that answers verdicts */
    bool has_check;
    bool has_token;
    bool wants_headers; /* looks at headers of answers beside Content-Type and Retry-After */
    struct provider_limits limits;
    int64_t call_us; /* what its longest way may take; 0: it does not say */
};

const struct connector_about *connector_about(const struct connector *connector);

/* What the operator may say, in the order of struct connector_settings. */
struct connector_host {
    struct str name;
    struct str url; /* empty: the operator has to say it */
};

struct connector_secret {
    struct str name;
    struct str env; /* where it comes from unless the configuration says else; empty: it has to */
};

size_t connector_hosts(const struct connector *connector, const struct connector_host **out_hosts);
size_t connector_secrets(const struct connector *connector, const struct connector_secret **out_secrets);

/* Hosts and secrets as the operator set them; all of them. Borrowed. */
struct connector_settings {
    struct str hosts[CONNECTOR_HOSTS_MAX]; /* URL prefixes that connector_check_host took */
    struct str secrets[CONNECTOR_SECRETS_MAX];
    int64_t timeout_us; /* of one request; 0: the connector's own limit */
};

/* May this be a host's URL? https or http, no user, query or fragment, no final slash. */
bool connector_check_host(struct str url, struct err_detail *detail);

/* --- requests and answers --------------------------------------------------- */

struct connector_request {
    struct str method;
    struct str url;
    struct str headers; /* "Name: value" CRLF … */
    struct str body;    /* empty: none */
    bool is_repeatable; /* sent twice it does no harm */
    bool is_poll;       /* asks again for what an earlier request of the call started */
    int64_t timeout_us;
};

/* Zeroes the texts of a request: they hold secrets. */
void connector_request_wipe(struct connector_request *request);

struct connector_answer {
    int status;
    struct str headers; /* "Name: value" lines: Content-Type, Retry-After, and all when the connector wants_headers */
    struct str body;    /* decoded, at most CONNECTOR_ANSWER_BYTES_MAX */
    int64_t wall_us;    /* when it came: some name the time until which to wait */
};

/* --- the flow of a call ----------------------------------------------------- */

enum connector_turn { CONNECTOR_SEND, CONNECTOR_WAIT, CONNECTOR_TOKEN, CONNECTOR_DONE };

/* An amount that an answer may name. */
struct connector_amount {
    bool is_known;
    int64_t ppm;
};

struct connector_call {
    /* in; everything is borrowed until DONE */
    const struct connector *connector;
    const struct connector_settings *settings;
    const struct hints *hints;
    unsigned wanted;               /* slots; none: a verdict on hints' e-mail, or `is_check` */
    bool is_check;                 /* send the "check" of a connector that has_check; hints and values may be NULL */
    int64_t deadline_us;           /* of the whole call, on the clock of `now_us` */
    struct arena *arena;           /* values and kept texts; of a check: may be NULL */
    struct provider_value *values; /* out: [slots_end(wanted)], zeroed by connector_call_start */
    /* Before each request after the first: how long it has to wait for its turn (it is counted); less than 0: it has
     * none within `left_us`. NULL: they leave as they come. */
    int64_t (*pace)(struct connector_call *call, bool is_poll, int64_t left_us);

    /* out, by the turn */
    int64_t until_us;    /* WAIT */
    bool is_token_stale; /* TOKEN: the one given last was refused */

    /* out, when DONE */
    enum outcome outcome;      /* HIT, MISS, BLOCKED or NOT_APPLICABLE: it answered; else a failure. Of a check: HIT */
    unsigned unanswered;       /* of the wanted, when it answered: those for which it failed … */
    enum outcome failure;      /* … like this */
    enum email_status verdict; /* when a verdict was wanted and found */
    bool is_repeatable;        /* it failed, and asking again cannot pay twice and may help */
    bool is_ours;    /* it failed (in part: `unanswered`) for a reason of ours that says nothing of the provider */
    int64_t wait_us; /* it asked to be left alone for so long; 0: it did not say */
    struct connector_amount cost;    /* of all answers together */
    struct connector_amount balance; /* as the last one said */
    const char *why;                 /* of the last failure on the way, if there is more to say: constant; else "" */

    /* private: see connector_call.c */
    struct kept *kept;    /* of the way, in the arena */
    struct str token;     /* for the next request only */
    int64_t began_us;     /* when this step did */
    int64_t next_us;      /* when its request may be sent */
    int64_t every_us;     /* to wait when it is pending again */
    uint16_t asked, mine; /* slots of the ways gone through; of this way */
    uint16_t found;       /* slots that have a value */
    uint16_t flags;
    uint8_t state;
    uint8_t way, step;
    uint8_t requests; /* sent */
    uint8_t retries;  /* in a row, after failures in passing */
};

void connector_call_start(struct connector_call *call, int64_t now_us);

/* What is to be done next. With SEND the request is in `out_request`, its texts in `request_arena` (wipe them when they
 * are sent). Times are of a clock that does not go back. */
enum connector_turn connector_call_next(struct connector_call *call, struct arena *request_arena,
                                        struct connector_request *out_request, int64_t now_us);

/* After SEND. A failure is TIMEOUT or ERROR, `why` a constant; may_have_arrived: the request had left when it happened.
 */
void connector_call_answer(struct connector_call *call, const struct connector_answer *answer, int64_t now_us);
void connector_call_fail(struct connector_call *call, enum outcome failure, const char *why, bool may_have_arrived,
                         int64_t now_us);

/* After SEND, when an answer came that cannot be taken: it is too large. `why` is a constant. */
void connector_call_spoil(struct connector_call *call, const char *why, int64_t now_us);

/* After TOKEN. The text need be there only until the next turn. */
void connector_call_token(struct connector_call *call, struct str token);
void connector_call_token_failed(struct connector_call *call, enum outcome failure, int64_t wait_us);

/* --- the token, which all calls of a provider share --------------------------- */

struct connector_token {
    struct str text; /* in the arena */
    int64_t lifetime_us;
    int64_t wait_us; /* when it was refused: for so long; 0: it did not say */
};

/* As connector_call_next: false (with the reason, a constant without any value) when it cannot be built. */
bool connector_token_request(const struct connector *connector, const struct connector_settings *settings,
                             struct arena *request_arena, struct connector_request *out_request, const char **out_why);

/* OUTCOME_HIT with the token, or how asking for it failed. */
enum outcome connector_token_read(const struct connector *connector, const struct connector_answer *answer,
                                  struct arena *arena, struct connector_token *out_token);

#endif
