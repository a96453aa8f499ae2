/* unstuck connector try: one live call, everything of it shown but secrets.
 *
 * What is shown is not what is sent with the secrets taken out: it is made by a
 * second call, the shadow, which goes through the same answers and was never
 * given a secret or a token, only "***". */
#include "cli/connector.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "enrich/question.h"
#include "net/http_client.h"
#include "providers/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HIDDEN "***"

enum {
    ARENA_BYTES_MAX = 1024 * 1024,
    WORD_BYTES_MAX = 64,
    FORM_BYTES_MAX = 128 * 1024,
    NEEDS_BYTES_MAX = 4096,
    WHY_BYTES_MAX = 512
};

struct arguments {
    const char *hints[HINT_COUNT];
    const char *channels, *hosts, *secrets;
    bool is_check, shows_answers;
};

struct trial {
    struct loop loop;
    struct http_client *client;
    struct connector *connector;
    struct connector_settings settings, hidden; /* the second is the shadow's */
    struct secret secrets[CONNECTOR_SECRETS_MAX];
    struct question question;
    struct arena arena, request_arena, shadow_arena;
    struct provider_value values[SLOT_COUNT], shadow_values[SLOT_COUNT];
    struct connector_call call, shadow;
    struct http_call http;
    struct connector_request request;
    struct loop_timer timer;
    int64_t sent_us;
    struct buf why;   /* of the first failure */
    struct str token; /* empty: none yet */
    bool is_token;    /* what is under way asks for it */
    bool shows_answers;
};

static const struct connector_request unshowable = {
    .method = {"(a request that cannot be shown)", sizeof "(a request that cannot be shown)" - 1}};

static int fail(const char *format, const char *what)
{
    fputs("unstuck connector try: ", stderr);
    fprintf(stderr, format, what);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

/* --- what is asked
 * ----------------------------------------------------------------- */

/* The question as a body of POST /enrichment, so that hints are read by the
 * same rules. */
static json_t *make_doc(const struct arguments *arguments)
{
    json_t *doc = json_object();

    for (unsigned i = 0; i < HINT_COUNT; i++) {
        if (arguments->hints[i] != NULL)
            json_object_set_new(doc, hint_name((enum hint)i), json_string(arguments->hints[i]));
    }
    return doc;
}

static bool read_hints(struct trial *trial, const struct arguments *arguments)
{
    json_t *doc = make_doc(arguments);
    struct shape_mistakes mistakes;
    enum err err;

    shape_mistakes_init(&mistakes);
    err = question_read(QUESTION_ENRICH, doc, &trial->arena, &trial->question, &mistakes);
    if (err == ERR_INVALID)
        fail("%s", mistakes.first.text);
    else if (err == ERR_IDENTITY_REQUIRED && trial->question.hints.of[HINT_COMPANY_DOMAIN].len != 0)
        err = ERR_NONE; /* a company */
    else if (err != ERR_NONE)
        fail("%s", "whom? Say --email, --linkedin-url, or --first-name, "
                   "--last-name and --company-domain");
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
    return err == ERR_NONE;
}

/* The channels given, or all that it gives; none for a verifier. */
static bool read_channels(struct trial *trial, const char *text)
{
    struct str rest = str_from(text);
    unsigned slots = connector_about(trial->connector)->slots;

    trial->question.channels = rest.len == 0 ? slots : 0;
    while (rest.len > 0) {
        struct str word = str_trim(str_cut(&rest, ','));
        char shown[WORD_BYTES_MAX];
        enum channel channel;

        snprintf(shown, sizeof shown, "%.*s", STR_ARG(word));
        if (!waterfall_from(word, &channel)) {
            fail("there is no channel \"%s\"; there are work_email, personal_email, "
                 "phone, linkedin_url and account",
                 shown);
            return false;
        }
        if ((waterfall_slots(channel) & slots) == 0) {
            fail("this connector does not give %s", shown);
            return false;
        }
        trial->question.channels |= waterfall_slots(channel) & slots;
    }
    return true;
}

/* Does what is known of the person suffice for any of it? */
static bool is_enough(const struct connector_about *about, const struct question *question)
{
    unsigned mask = hints_mask(&question->hints);

    for (size_t i = 0; i < about->needs_count; i++) {
        const struct need *need = &about->needs[i];
        bool is_for_it = question->channels == 0 ? need->slots == 0 : (need->slots & question->channels) != 0;

        if (is_for_it && (need->hints & ~mask) == 0)
            return true;
    }
    return false;
}

static bool check_needs(const struct trial *trial)
{
    const struct connector_about *about = connector_about(trial->connector);
    struct buf needs;

    if (is_enough(about, &trial->question))
        return true;
    buf_init(&needs, NEEDS_BYTES_MAX);
    connector_put_needs(&needs, about, trial->question.channels);
    fail("nothing was sent: this connector needs %s", needs.len == 0 ? "something else" : needs.ptr);
    buf_deinit(&needs);
    return false;
}

/* --- hosts and secrets
 * ---------------------------------------------------------------- */

/* "name=value,name=value": the value of that name, or STR_NONE. */
static struct str given(const char *list, struct str name)
{
    struct str rest = str_from(list);

    while (rest.len > 0) {
        struct str value = str_cut(&rest, ',');
        struct str word = str_cut(&value, '=');

        if (str_is(str_trim(word), name))
            return str_trim(value);
    }
    return STR_NONE;
}

static void fail_name(const char *option, struct str word, const struct names *known)
{
    struct buf text;

    buf_init(&text, NEEDS_BYTES_MAX);
    buf_printf(&text, "%s: there is no \"%.*s\"; ", option,
               (int)(word.len < WORD_BYTES_MAX ? word.len : WORD_BYTES_MAX), word.ptr);
    buf_printf(&text, "the connector has %s", known->count == 0 ? "none" : "");
    for (size_t i = 0; i < known->count; i++)
        buf_printf(&text, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(known->of[i]));
    fail("%s", text.ptr);
    buf_deinit(&text);
}

/* Every name of the list is one of `known`: one that is not would be passed
 * over, and the real provider called. */
static bool check_names(const char *option, const char *list, const struct names *known)
{
    struct str rest = str_from(list);
    unsigned index;

    while (rest.len > 0) {
        struct str value = str_cut(&rest, ',');
        struct str word = str_trim(str_cut(&value, '='));

        if (!names_find(known, word, &index)) {
            fail_name(option, word, known);
            return false;
        }
    }
    return true;
}

static bool read_hosts(struct trial *trial, const char *list)
{
    const struct connector_host *hosts;
    size_t count = connector_hosts(trial->connector, &hosts);
    struct names known = {.count = 0};

    for (size_t i = 0; i < count; i++)
        known.of[known.count++] = hosts[i].name;
    if (!check_names("--hosts", list, &known))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct str url = given(list, hosts[i].name);
        struct err_detail detail;
        char name[WORD_BYTES_MAX];

        snprintf(name, sizeof name, "%.*s", STR_ARG(hosts[i].name));
        if (url.len == 0)
            url = hosts[i].url;
        if (url.len == 0) {
            fail("the connector does not know the URL of its host: say it, as "
                 "--hosts %s=https://...",
                 name);
            return false;
        }
        if (!connector_check_host(url, &detail)) {
            fail("%s", detail.text);
            return false;
        }
        trial->settings.hosts[i] = trial->hidden.hosts[i] = url;
    }
    return true;
}

/* As the server reads it, by the same rules. */
static bool take_secret(struct trial *trial, size_t i, const char *variable)
{
    json_t *reference = json_pack("{s:s}", "env", variable);
    struct err_detail detail = {""};
    enum err err = secret_read(reference, STR_NONE, &trial->secrets[i], &detail);

    json_decref(reference);
    if (err != ERR_NONE)
        fail("%s", detail.text);
    trial->settings.secrets[i] = secret_str(&trial->secrets[i]);
    trial->hidden.secrets[i] = STR(HIDDEN);
    return err == ERR_NONE;
}

static bool read_secret(struct trial *trial, size_t i, const struct connector_secret *secret, const char *list)
{
    struct str variable = given(list, secret->name);
    char name[WORD_BYTES_MAX + 1];
    const char *value;

    if (variable.len == 0)
        variable = secret->env;
    snprintf(name, sizeof name, "%.*s", STR_ARG(variable.len == 0 ? secret->name : variable));
    if (variable.len == 0) {
        fail("the connector does not say where its secret \"%s\" comes from: say "
             "it, as --secrets NAME=VARIABLE",
             name);
        return false;
    }
    value = getenv(name);
    if (value == NULL || value[0] == '\0') {
        fail("there is no key: put it into the environment variable %s", name);
        return false;
    }
    return take_secret(trial, i, name);
}

static bool read_secrets(struct trial *trial, const char *list)
{
    const struct connector_secret *secrets;
    size_t count = connector_secrets(trial->connector, &secrets);
    struct names known = {.count = 0};

    for (size_t i = 0; i < count; i++)
        known.of[known.count++] = secrets[i].name;
    if (!check_names("--secrets", list, &known))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_secret(trial, i, &secrets[i], list))
            return false;
    }
    return true;
}

/* --- showing
 * ------------------------------------------------------------------------ */

/* Prints a text, with `forms` of what must not be seen hidden. */
static void print_hiding(struct str text, const struct str *forms, size_t count)
{
    while (text.len > 0) {
        size_t len = 0;

        for (size_t i = 0; i < count; i++) {
            if (forms[i].len > len && str_starts(text, forms[i]))
                len = forms[i].len;
        }
        if (len != 0)
            fputs(HIDDEN, stdout);
        else
            putchar(text.ptr[0]);
        text = str_from_at(text, len != 0 ? len : 1);
    }
    putchar('\n');
}

/* Providers have been seen to repeat a key in their complaint about it: as it
 * is, or as JSON writes it. */
static void print_body(const struct trial *trial, struct str text)
{
    struct str forms[2 * CONNECTOR_SECRETS_MAX];
    struct buf quoted[CONNECTOR_SECRETS_MAX];

    for (size_t i = 0; i < CONNECTOR_SECRETS_MAX; i++) {
        buf_init(&quoted[i], FORM_BYTES_MAX);
        json_put_str(&quoted[i], trial->settings.secrets[i]);
        forms[2 * i] = trial->settings.secrets[i];
        forms[2 * i + 1] = (struct str){quoted[i].ptr + 1, quoted[i].len - 2};
    }
    fputs("< ", stdout);
    print_hiding(text, forms, LEN(forms));
    for (size_t i = 0; i < CONNECTOR_SECRETS_MAX; i++)
        buf_deinit(&quoted[i]);
}

/* What stands for a secret was percent-encoded like everything else. */
static void print_shown(struct str text)
{
    print_hiding(text, &(struct str){"%2A%2A%2A", 9}, 1);
}

static void print_headers(struct str lines)
{
    while (lines.len > 0) {
        struct str line = str_trim(str_cut(&lines, '\n'));

        if (str_starts_nocase(line, STR("Authorization: Basic ")))
            puts("> Authorization: Basic " HIDDEN);
        else
            printf("> %.*s\n", STR_ARG(line));
    }
}

static void print_request(const struct connector_request *request)
{
    printf("> %.*s ", STR_ARG(request->method));
    print_shown(request->url);
    print_headers(request->headers);
    if (request->body.len != 0) {
        fputs(">\n> ", stdout);
        print_shown(request->body);
    }
    fflush(stdout);
}

static struct str content_type(struct str lines)
{
    while (lines.len > 0) {
        struct str line = str_cut(&lines, '\n');

        if (str_starts_nocase(line, STR("Content-Type:")))
            return str_trim(str_from_at(line, sizeof "Content-Type:" - 1));
    }
    return STR_NONE;
}

static void print_answer(const struct trial *trial)
{
    const struct http_call *http = &trial->http;
    int64_t ms = (clock_steady_us() - trial->sent_us) / MS_US;
    struct str type = content_type(buf_str(&http->head));

    if (http->result != HTTP_CALL_ANSWERED) {
        printf("< %s after %" PRId64 " ms\n\n", http->result == HTTP_CALL_TIMEOUT ? "no answer" : http->error, ms);
        return;
    }
    printf("< %d after %" PRId64 " ms, %zu bytes%s%.*s\n", http->status, ms, http->answer.len,
           type.len == 0 ? "" : " of ", STR_ARG(type));
    if (trial->shows_answers && !trial->is_token)
        print_body(trial, buf_str(&http->answer));
    putchar('\n');
}

static void print_value(unsigned slot, const struct provider_value *value)
{
    struct buf text;

    buf_init(&text, 4096);
    buf_printf(&text, "%s: %.*s (confidence ", slot_name(slot), STR_ARG(value->value));
    json_put_ppm(&text, value->confidence_ppm);
    if (value->traits.email_status != EMAIL_STATUS_NONE)
        buf_printf(&text, ", %s", email_status_name(value->traits.email_status));
    if (value->traits.phone_type != PHONE_TYPE_NONE)
        buf_printf(&text, ", %s", phone_type_name(value->traits.phone_type));
    if (value->traits.do_not_call)
        buf_puts(&text, ", do not call");
    if (value->region[0] != '\0')
        buf_printf(&text, ", %.2s", value->region);
    if (value->source.len != 0)
        buf_printf(&text, ", from %.*s", STR_ARG(value->source));
    printf("%s)\n", text.ptr);
    buf_deinit(&text);
}

static void print_amount(const char *name, const struct connector_amount *amount)
{
    if (amount->is_known)
        printf("%s: %.6g\n", name, (double)amount->ppm / PPM_ONE);
}

/* "error: status 500" */
static void print_outcome(const struct trial *trial, enum outcome outcome)
{
    const char *why = outcome == OUTCOME_HIT || outcome == OUTCOME_MISS ? "" : trial->call.why;

    if (!outcome_is_answer(outcome) && trial->why.len != 0)
        why = trial->why.ptr; /* says more than the server would log */
    printf("%s%s%s", outcome_name(outcome), why[0] == '\0' ? "" : ": ", why);
}

static void print_unanswered(const struct trial *trial)
{
    for (unsigned i = 0; i < WATERFALL_COUNT; i++) {
        if ((trial->call.unanswered & waterfall_slots((enum channel)i)) == 0)
            continue;
        printf("%s: no answer (", channel_name((enum channel)i));
        print_outcome(trial, trial->call.failure);
        puts(")");
    }
}

static void print_result(const struct trial *trial)
{
    const struct connector_call *call = &trial->call;

    fputs("outcome: ", stdout);
    print_outcome(trial, call->outcome);
    putchar('\n');
    for (unsigned slot = 0; slot < slots_end(call->wanted) && call->outcome == OUTCOME_HIT; slot++) {
        if (trial->values[slot].value.len != 0)
            print_value(slot, &trial->values[slot]);
    }
    if (call->verdict != EMAIL_STATUS_NONE)
        printf("verdict: %s\n", email_status_name(call->verdict));
    print_unanswered(trial);
    print_amount("cost", &call->cost);
    print_amount("balance", &call->balance);
    if (call->wait_us != 0)
        printf("wait: %.6g s\n", (double)call->wait_us / SECOND_US);
}

/* --- the call
 * ----------------------------------------------------------------------- */

static void go_on(struct trial *trial);

static void waited(struct loop_timer *timer)
{
    go_on(container_of(timer, struct trial, timer));
}

static struct connector_answer answer_of(const struct http_call *http)
{
    return (struct connector_answer){.status = http->status,
                                     .headers = buf_str(&http->head),
                                     .body = buf_str(&http->answer),
                                     .wall_us = clock_wall_us()};
}

static void give_token(struct trial *trial)
{
    connector_call_token(&trial->call, trial->token);
    connector_call_token(&trial->shadow, STR(HIDDEN));
}

static void take_token(struct trial *trial, const struct connector_answer *answer)
{
    struct connector_token token = {.text = STR_NONE};
    enum outcome outcome = connector_token_read(trial->connector, answer, &trial->arena, &token);

    trial->token = token.text;
    if (outcome == OUTCOME_HIT) {
        give_token(trial);
    } else {
        connector_call_token_failed(&trial->call, outcome, token.wait_us);
        connector_call_token_failed(&trial->shadow, outcome, token.wait_us);
    }
}

static void take_answer(struct trial *trial, int64_t now_us)
{
    const struct connector_answer answer = answer_of(&trial->http);

    if (trial->is_token) {
        take_token(trial, &answer);
        return;
    }
    connector_call_answer(&trial->call, &answer, now_us);
    connector_call_answer(&trial->shadow, &answer, now_us);
}

static void take_failure(struct trial *trial, int64_t now_us)
{
    enum outcome failure = trial->http.result == HTTP_CALL_TIMEOUT ? OUTCOME_TIMEOUT : OUTCOME_ERROR;

    if (trial->is_token) {
        connector_call_token_failed(&trial->call, failure, 0);
        connector_call_token_failed(&trial->shadow, failure, 0);
    } else if (trial->http.result == HTTP_CALL_TOO_LARGE) {
        connector_call_spoil(&trial->call, "the answer is too large", now_us);
        connector_call_spoil(&trial->shadow, "the answer is too large", now_us);
    } else {
        connector_call_fail(&trial->call, failure, trial->http.error, trial->http.has_left, now_us);
        connector_call_fail(&trial->shadow, failure, trial->http.error, trial->http.has_left, now_us);
    }
}

/* The first failure counts, as it does for the call. */
static void note_why(struct trial *trial)
{
    if (trial->call.failure == OUTCOME_HIT || trial->why.len != 0)
        return;
    if (!trial->is_token) {
        connector_put_why(&trial->why, &trial->http, trial->call.failure, "by a rule of the connector");
        return;
    }
    buf_puts(&trial->why, "no token: ");
    connector_put_why(&trial->why, &trial->http, OUTCOME_ERROR, "and no token in it");
}

static void answered(struct http_call *http)
{
    struct trial *trial = container_of(http, struct trial, http);
    int64_t now_us = clock_steady_us();

    print_answer(trial);
    if (http->result == HTTP_CALL_ANSWERED)
        take_answer(trial, now_us);
    else
        take_failure(trial, now_us);
    note_why(trial);
    http_call_deinit(http);
    go_on(trial);
}

/* Its own limit, but not past the end of the call. */
static int64_t timeout_of(const struct trial *trial, const struct connector_request *request)
{
    int64_t left_us = trial->call.deadline_us - trial->sent_us;

    if (request->timeout_us > 0 && request->timeout_us < left_us)
        return request->timeout_us;
    return left_us > 0 ? left_us : 1;
}

static void send_request(struct trial *trial, struct connector_request *request, const struct connector_request *shown)
{
    print_request(shown);
    trial->sent_us = clock_steady_us();
    trial->http = (struct http_call){.method = request->method,
                                     .url = request->url,
                                     .headers = request->headers,
                                     .body = request->body,
                                     .timeout_us = timeout_of(trial, request),
                                     .answer_bytes_max = CONNECTOR_ANSWER_BYTES_MAX,
                                     .keeps_headers = connector_about(trial->connector)->wants_headers,
                                     .done = answered};
    http_client_start(trial->client, &trial->http);
    connector_request_wipe(request);
}

static void send_for_token(struct trial *trial)
{
    struct connector_request request, shown;
    const char *why = "";

    if (trial->token.len != 0 && !trial->call.is_token_stale) {
        give_token(trial);
        go_on(trial);
        return;
    }
    if (connector_token_request(trial->connector, &trial->settings, &trial->request_arena, &request, &why)) {
        const char *ignored;

        if (!connector_token_request(trial->connector, &trial->hidden, &trial->shadow_arena, &shown, &ignored))
            shown = unshowable;
        send_request(trial, &request, &shown);
        return;
    }
    printf("the request for a token cannot be made: %s\n", why);
    connector_call_token_failed(&trial->call, OUTCOME_ERROR, 0);
    connector_call_token_failed(&trial->shadow, OUTCOME_ERROR, 0);
    go_on(trial);
}

static void wait_for_call(struct trial *trial, int64_t now_us)
{
    printf("… waiting %" PRId64 " ms\n\n", (trial->call.until_us - now_us) / MS_US);
    fflush(stdout);
    loop_timer_start(&trial->timer, trial->call.until_us - now_us);
}

/* The shadow could not go where the call went: a secret is in a URL's host, where "***" cannot stand. */
static void keep_step(struct trial *trial)
{
    trial->shadow = trial->call;
    trial->shadow.settings = &trial->hidden;
    trial->shadow.values = trial->shadow_values;
    trial->shadow.token = STR_NONE;
    memcpy(trial->shadow_values, trial->values, sizeof trial->values);
}

static void go_on(struct trial *trial)
{
    struct connector_request request, shown;
    int64_t now_us = clock_steady_us();
    enum connector_turn turn;

    arena_deinit(&trial->request_arena);
    arena_deinit(&trial->shadow_arena);
    turn = connector_call_next(&trial->call, &trial->request_arena, &request, now_us);
    if (connector_call_next(&trial->shadow, &trial->shadow_arena, &shown, now_us) != turn) {
        shown = unshowable;
        keep_step(trial);
    }
    trial->is_token = turn == CONNECTOR_TOKEN;
    switch (turn) {
    case CONNECTOR_SEND:
        send_request(trial, &request, &shown);
        break;
    case CONNECTOR_WAIT:
        wait_for_call(trial, now_us);
        break;
    case CONNECTOR_TOKEN:
        send_for_token(trial);
        break;
    case CONNECTOR_DONE:
        loop_stop(&trial->loop);
    }
}

/* --- the whole
 * ----------------------------------------------------------------------- */

/* What the server gives a provider of which the configuration says nothing. */
static int64_t call_us(const struct connector *connector)
{
    int64_t us = connector_about(connector)->call_us;

    return us > 0 ? us : CALL_US_DEFAULT;
}

static void start_call(struct trial *trial, struct connector_call *call, const struct connector_settings *settings,
                       struct provider_value *values, int64_t now_us)
{
    *call = (struct connector_call){.connector = trial->connector,
                                    .settings = settings,
                                    .hints = &trial->question.hints,
                                    .wanted = trial->question.channels,
                                    .is_check = call->is_check,
                                    .deadline_us = now_us + call_us(trial->connector),
                                    .arena = &trial->arena,
                                    .values = values};
    connector_call_start(call, now_us);
}

static void make_call(struct trial *trial)
{
    int64_t now_us = clock_steady_us();

    loop_init(&trial->loop);
    loop_timer_init(&trial->loop, &trial->timer, waited);
    trial->client = http_client_new(&trial->loop, 1);
    start_call(trial, &trial->call, &trial->settings, trial->values, now_us);
    start_call(trial, &trial->shadow, &trial->hidden, trial->shadow_values, now_us);
    loop_timer_start(&trial->timer, 0); /* from the loop from the first turn on: that may be the last one */
    loop_run(&trial->loop);
    http_client_free(&trial->client);
    loop_timer_close(&trial->timer, NULL);
    loop_deinit(&trial->loop);
}

static bool prepare(struct trial *trial, const struct arguments *arguments)
{
    const struct connector_about *about = connector_about(trial->connector);

    trial->shows_answers = arguments->shows_answers;
    trial->call.is_check = trial->shadow.is_check = arguments->is_check;
    if (arguments->is_check && !about->has_check) {
        fail("%s", "this connector has no check");
        return false;
    }
    question_init(&trial->question, QUESTION_ENRICH);
    if (!arguments->is_check &&
        (!read_hints(trial, arguments) || !read_channels(trial, arguments->channels) || !check_needs(trial)))
        return false;
    return read_hosts(trial, arguments->hosts) && read_secrets(trial, arguments->secrets);
}

static int try_connector(struct trial *trial, const struct arguments *arguments)
{
    if (!prepare(trial, arguments))
        return EXIT_USAGE;
    if (!connector_load_reader())
        return EXIT_FAILED;
    make_call(trial);
    print_result(trial);
    return trial->call.outcome == OUTCOME_HIT || trial->call.outcome == OUTCOME_MISS ? EXIT_DONE : EXIT_FAILED;
}

int connector_try(const struct command *command, int argc, char **argv)
{
    struct arguments a = {.channels = NULL};
    const struct option_spec options[] = {{"email", &a.hints[HINT_EMAIL], NULL},
                                          {"linkedin-url", &a.hints[HINT_LINKEDIN_URL], NULL},
                                          {"first-name", &a.hints[HINT_FIRST_NAME], NULL},
                                          {"last-name", &a.hints[HINT_LAST_NAME], NULL},
                                          {"company-domain", &a.hints[HINT_COMPANY_DOMAIN], NULL},
                                          {"company-name", &a.hints[HINT_COMPANY_NAME], NULL},
                                          {"channels", &a.channels, NULL},
                                          {"hosts", &a.hosts, NULL},
                                          {"secrets", &a.secrets, NULL},
                                          {"check", NULL, &a.is_check},
                                          {"answers", NULL, &a.shows_answers},
                                          {NULL, NULL, NULL}};
    bool has_word = argc > 1 && argv[1][0] != '-';
    struct trial *trial;
    int status;

    if (!command_read_options(command, argc - has_word, argv + has_word, options, &status))
        return status;
    if (!has_word)
        return fail("%s", "name a connector: a built-in one, a file or a folder");
    trial = mem_new(sizeof *trial);
    buf_init(&trial->why, WHY_BYTES_MAX);
    arena_init(&trial->arena, 8 * ARENA_BYTES_MAX);
    arena_init(&trial->request_arena, ARENA_BYTES_MAX);
    arena_init(&trial->shadow_arena, ARENA_BYTES_MAX);
    trial->connector = connector_open(argv[1]);
    status = trial->connector == NULL ? EXIT_FAILED : try_connector(trial, &a);
    connector_free(&trial->connector);
    for (size_t i = 0; i < CONNECTOR_SECRETS_MAX; i++)
        secret_deinit(&trial->secrets[i]);
    arena_deinit(&trial->shadow_arena);
    arena_deinit(&trial->request_arena);
    arena_deinit(&trial->arena);
    buf_deinit(&trial->why);
    mem_free(trial);
    return status;
}
