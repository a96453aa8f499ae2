/* From the connector's JSON to structs: the whole, its ways and their steps. */
#include "providers/connector_compiler.h"

#include "base/check.h"
#include "base/mem.h"

enum { ARENA_BYTES_MAX = 8 * 1024 * 1024, POINTER_BYTES_MAX = 2048, FORMAT_VERSION = 1, ENV_BYTES_MAX = 64 };

#define POLL_AFTER_US (2000 * INT64_C(1000))
#define POLL_FOR_US (60000 * INT64_C(1000))

/* --- needs --- */

static bool compile_hint(struct compiler *c, const json_t *value, void *out)
{
    static const char *const words[] = {
#define HINT(id, name) name,
        HINTS(HINT)
#undef HINT
            NULL,
    };
    size_t index = 0;
    bool is_right = compile_word(c, value, words, "hint", &index);

    *(unsigned *)out = 1u << index;
    return is_right;
}

static bool compile_need(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"hints that together suffice, like [\"email\"]", 1, HINT_COUNT, sizeof(unsigned),
                                       compile_hint};
    void *hints = NULL;
    size_t count = 0;
    bool is_right = compile_items(c, value, &items, &hints, &count);

    for (size_t i = 0; i < count; i++)
        *(unsigned *)out |= ((unsigned *)hints)[i];
    return is_right;
}

static bool compile_needs(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"alternatives, like [[\"email\"], [\"linkedin_url\"]]", 1, CONNECTOR_NEEDS_MAX,
                                       sizeof(unsigned), compile_need};
    struct way *way = out;
    void *needs = NULL;

    size_t count = 0;

    if (!compile_items(c, value, &items, &needs, &count))
        return false; /* without needs no path is held against them */
    memcpy(way->needs, needs, count * sizeof *way->needs);
    way->needs_count = count;
    return true;
}

/* Does one alternative want nothing else? */
static bool can_ask_by(const struct way *way, enum hint hint)
{
    for (size_t i = 0; i < way->needs_count; i++) {
        if ((way->needs[i] & ~(1u << hint)) == 0)
            return true;
    }
    return false;
}

/* --- steps --- */

static bool compile_growth(struct compiler *c, const json_t *value, void *out)
{
    *(double *)out = json_number_value(value);
    return (json_number_value(value) >= 1 && json_number_value(value) <= 4) ||
           mistake(c, "must be a number from 1 to 4");
}

static bool compile_last(struct compiler *c, const json_t *value, void *out)
{
    struct request *request = keep_bytes(c, sizeof *request);

    *(struct request **)out = request;
    return request != NULL && compile_request(c, value, request);
}

static bool compile_every(struct compiler *c, const json_t *value, void *out)
{
    return compile_ms(c, value, out) && (*(int64_t *)out > 0 || mistake(c, "must be at least 1"));
}

static bool compile_poll(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"after_ms", compile_ms, offsetof(struct poll, after_us), false},
        {"every_ms", compile_every, offsetof(struct poll, every_us), false},
        {"every_ms_max", compile_every, offsetof(struct poll, every_us_max), false},
        {"growth", compile_growth, offsetof(struct poll, growth), false},
        {"for_ms", compile_every, offsetof(struct poll, for_us), false},
        {"last", compile_last, offsetof(struct poll, last), false},
    };
    struct poll *poll = keep_bytes(c, sizeof *poll);

    *(struct poll **)out = poll;
    if (poll == NULL)
        return false;
    *poll = (struct poll){.every_us = POLL_AFTER_US,
                          .every_us_max = CONNECTOR_MS_MAX * INT64_C(1000),
                          .for_us = POLL_FOR_US,
                          .growth = 1};
    return compile_members(c, value, members, LEN(members), poll);
}

static bool compile_kept(struct compiler *c, const char *name, const json_t *value, struct step *step)
{
    struct keep *keep = &step->keep[step->keep_count];

    if (!is_template_name(str_from(name)))
        return mistake(c, "must be called by 1 to %d letters, digits or _", CONNECTOR_NAME_BYTES_MAX);
    if (!names_add(&c->way->kept, str_from(name), &keep->index))
        return mistake(c, "is one too many: a way keeps at most %d values", CONNECTOR_KEPT_MAX);
    step->keep_count++;
    return compile_pointers(c, value, &keep->at);
}

static bool compile_keep(struct compiler *c, const json_t *value, void *out)
{
    struct step *step = out;
    bool is_right = true;
    const char *name;
    json_t *item;

    if (!json_is_object(value) || json_object_size(value) > CONNECTOR_KEPT_MAX)
        return mistake(c, "must be an object of at most %d names and pointers", CONNECTOR_KEPT_MAX);
    step->keep = keep_bytes(c, CONNECTOR_KEPT_MAX * sizeof *step->keep);
    if (step->keep == NULL)
        return false;
    json_object_foreach(iterable(value), name, item)
    {
        size_t mark = enter(c, name);

        is_right &= compile_kept(c, name, item, step);
        leave(c, mark);
    }
    return is_right;
}

static bool compile_channel_bit(struct compiler *c, const json_t *value, void *out)
{
    static const char *const words[] = {
#define CHANNEL(id, name) name,
        CHANNELS(CHANNEL)
#undef CHANNEL
            NULL,
    };
    size_t index = 0;
    bool is_right = compile_word(c, value, words, "channel", &index);

    *(unsigned *)out = 1u << index;
    return is_right;
}

static bool compile_only_for(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"channels", 1, CHANNEL_COUNT, sizeof(unsigned), compile_channel_bit};
    void *bits = NULL;
    size_t count = 0;
    bool is_right = compile_items(c, value, &items, &bits, &count);

    for (size_t i = 0; i < count; i++)
        *(unsigned *)out |= ((unsigned *)bits)[i];
    return is_right;
}

/* "keep" after all that could use what it keeps: only later steps can. */
static const struct member step_members[] = {
    {"request", compile_request, offsetof(struct step, request), true},
    {"poll", compile_poll, offsetof(struct step, poll), false},
    {"channels", compile_channels, 0, false},
    {"account", compile_account, 0, false},
    {"verdict", compile_verdict, offsetof(struct step, verdict), false},
    {"outcomes", compile_outcomes, offsetof(struct step, outcomes), false},
    {"keep", compile_keep, 0, false},
    {"only_for", compile_only_for, offsetof(struct step, only_for), false},
};

/* Of those, what a connector without "ways" has at its top; "outcomes" there are for all answers. */
enum { SHORT_MEMBERS = 5 };

static bool compile_step(struct compiler *c, const json_t *value, void *out)
{
    return compile_members(c, value, step_members, LEN(step_members), out);
}

/* --- ways --- */

static bool compile_steps(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"steps", 1, CONNECTOR_STEPS_MAX, sizeof(struct step), compile_step};
    struct way *way = out;

    return compile_items(c, value, &items, (void **)&way->steps, &way->steps_count);
}

/* A way with its one step's members among its own. */
static bool compile_only_step(struct compiler *c, const json_t *value, struct way *way, size_t members_count)
{
    way->steps = keep_bytes(c, sizeof *way->steps);
    way->steps_count = 1;
    return way->steps != NULL && compile_some(c, value, step_members, members_count, way->steps);
}

static bool check_way(struct compiler *c, struct way *way)
{
    for (size_t i = 0; i < way->steps_count; i++) {
        way->slots |= way->steps[i].slots;
        way->has_verdict |= way->steps[i].verdict.count > 0;
    }
    if (way->slots == 0 && !way->has_verdict)
        return mistake(c, "gives nothing: say where the values are, in \"channels\", \"account\" or \"verdict\"");
    if ((way->slots & FIELDS_ALL) != 0 && !can_ask_by(way, HINT_COMPANY_DOMAIN))
        return mistake_at(c, "account",
                          "wants [\"company_domain\"] among \"needs\": nothing else is known of a company");
    return !way->has_verdict || can_ask_by(way, HINT_EMAIL) ||
           mistake_at(c, "verdict", "wants [\"email\"] among \"needs\": it is what is judged");
}

/* The connector itself, when it has no "ways", and each of them. */
static bool compile_way_of(struct compiler *c, const json_t *value, struct way *way, size_t members_count)
{
    static const struct member members[] = {
        {"needs", compile_needs, 0, true},
        {"steps", compile_steps, 0, false},
    };
    bool has_steps = json_object_get(value, "steps") != NULL;
    bool is_right;

    c->way = way;
    c->scope.kept = &way->kept;
    is_right = compile_some(c, value, members, LEN(members), way);
    for (size_t i = 0; has_steps && i < LEN(step_members); i++) {
        if (json_object_get(value, step_members[i].name) != NULL)
            is_right = mistake_at(c, step_members[i].name, "belongs into one of \"steps\"");
    }
    if (!has_steps)
        is_right &= compile_only_step(c, value, way, members_count);
    is_right = is_right && check_way(c, way);
    c->scope.kept = NULL;
    c->way = NULL;
    return is_right;
}

static bool pass(struct compiler *c, const json_t *value, void *out)
{
    (void)c;
    (void)value;
    (void)out;
    return true;
}

static bool compile_way(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"needs", pass, 0, false},   {"steps", pass, 0, false},   {"request", pass, 0, false},
        {"poll", pass, 0, false},    {"keep", pass, 0, false},    {"channels", pass, 0, false},
        {"account", pass, 0, false}, {"verdict", pass, 0, false}, {"outcomes", pass, 0, false},
    };

    bool is_right = compile_members(c, value, members, LEN(members), out);

    return json_is_object(value) && compile_way_of(c, value, out, LEN(step_members) - 1) && is_right;
}

static bool compile_ways(struct compiler *c, const json_t *value, void *out)
{
    static const struct items items = {"ways", 1, CONNECTOR_WAYS_MAX, sizeof(struct way), compile_way};
    struct connector *connector = out;

    return compile_items(c, value, &items, (void **)&connector->ways, &connector->ways_count);
}

static bool compile_short(struct compiler *c, const json_t *doc)
{
    struct connector *connector = c->connector;

    connector->ways = keep_bytes(c, sizeof *connector->ways);
    connector->ways_count = 1;
    return connector->ways != NULL && compile_way_of(c, doc, connector->ways, SHORT_MEMBERS);
}

/* --- what holds for all requests --- */

static bool compile_version(struct compiler *c, const json_t *value, void *out)
{
    (void)out;
    return (json_is_integer(value) && json_integer_value(value) == FORMAT_VERSION) ||
           mistake(c, "must be 1, the version of this format");
}

/* It stands in logs, metrics and on terminals. */
static bool compile_name(struct compiler *c, const json_t *value, void *out)
{
    struct str name = json_str(value);
    bool is_right = name.len > 0 && name.len <= PROVIDER_NAME_BYTES_MAX;

    for (size_t i = 0; i < name.len; i++)
        is_right = is_right && (unsigned char)name.ptr[i] >= 0x20 && name.ptr[i] != 0x7f;
    *(struct str *)out = name;
    return is_right ||
           mistake(c, "must be a text of 1 to %d bytes without line breaks or control bytes", PROVIDER_NAME_BYTES_MAX);
}

static bool compile_host(struct compiler *c, const char *name, const json_t *value)
{
    struct connector *connector = c->connector;
    struct err_detail why = {""};
    unsigned index = 0;

    if (!is_template_name(str_from(name)))
        return mistake(c, "must be called by 1 to %d letters, digits or _", CONNECTOR_NAME_BYTES_MAX);
    check(names_add(&connector->host_names, str_from(name), &index));
    connector->hosts[index] = (struct connector_host){str_from(name), json_str(value)};
    if (json_is_null(value))
        return true;
    if (!json_is_string(value))
        return mistake(c, "must be a URL, or null where the operator has to say it");
    return connector_check_host(json_str(value), &why) || mistake(c, "%s", why.text);
}

static bool compile_hosts(struct compiler *c, const json_t *value, void *out)
{
    bool is_right = true;
    const char *name;
    json_t *item;

    (void)out;
    if (!json_is_object(value) || json_object_size(value) > CONNECTOR_HOSTS_MAX)
        return mistake(c, "must be an object of at most %d names and URLs", CONNECTOR_HOSTS_MAX);
    json_object_foreach(iterable(value), name, item)
    {
        size_t mark = enter(c, name);

        is_right &= compile_host(c, name, item);
        leave(c, mark);
    }
    return is_right;
}

static bool is_env_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!char_is_alnum(name.ptr[i]) && name.ptr[i] != '_')
            return false;
    }
    return name.len > 0 && name.len <= ENV_BYTES_MAX && !char_is_digit(name.ptr[0]);
}

static bool compile_secret(struct compiler *c, const char *name, const json_t *value)
{
    struct connector *connector = c->connector;
    unsigned index = 0;

    if (!is_template_name(str_from(name)))
        return mistake(c, "must be called by 1 to %d letters, digits or _", CONNECTOR_NAME_BYTES_MAX);
    if (!is_env_name(json_str(value)))
        return mistake(c, "must be the name of an environment variable, like ACME_API_KEY");
    check(names_add(&connector->secret_names, str_from(name), &index));
    connector->secrets[index].env = json_str(value);
    return true;
}

static bool compile_secrets(struct compiler *c, const json_t *value, void *out)
{
    bool is_right = true;
    const char *name;
    json_t *item;

    (void)out;
    if (!json_is_object(value) || json_object_size(value) > CONNECTOR_SECRETS_MAX)
        return mistake(c, "must be an object of at most %d names and environment variables", CONNECTOR_SECRETS_MAX);
    json_object_foreach(iterable(value), name, item)
    {
        size_t mark = enter(c, name);

        is_right &= compile_secret(c, name, item);
        leave(c, mark);
    }
    return is_right;
}

static bool compile_timeout(struct compiler *c, const json_t *value, void *out)
{
    return compile_every(c, value, out);
}

static bool compile_limits(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"per_second", compile_count, offsetof(struct provider_limits, per_second), false},
        {"per_minute", compile_count, offsetof(struct provider_limits, per_minute), false},
        {"concurrent", compile_count, offsetof(struct provider_limits, concurrent), false},
        {"polls_per_minute", compile_count, offsetof(struct provider_limits, polls_per_minute), false},
        {"timeout_ms", compile_timeout, offsetof(struct provider_limits, timeout_us), false},
    };

    return compile_members(c, value, members, LEN(members), out);
}

/* --- auth and check: nobody is asked for in them --- */

static bool compile_basic(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"user", compile_template, offsetof(struct basic, user), true},
        {"password", compile_template, offsetof(struct basic, password), true},
    };
    struct basic *basic = keep_bytes(c, sizeof *basic);

    *(struct basic **)out = basic;
    return basic != NULL && compile_members(c, value, members, LEN(members), basic);
}

static bool compile_lifetime(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {{"at", compile_pointers, 0, true}};

    return compile_members(c, value, members, LEN(members), out);
}

static bool compile_lifetime_s(struct compiler *c, const json_t *value, void *out)
{
    int64_t seconds = json_integer_value(value);

    if (seconds < 1 || seconds > CONNECTOR_LIFETIME_S_MAX)
        return mistake(c, "must be a whole number from 1 to %d", CONNECTOR_LIFETIME_S_MAX);
    *(int64_t *)out = seconds * 1000000;
    return true;
}

static bool compile_token(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"request", compile_request, offsetof(struct token_source, request), true},
        {"at", compile_pointers, offsetof(struct token_source, at), true},
        {"lifetime_s", compile_lifetime_s, offsetof(struct token_source, lifetime_us), false},
        {"lifetime", compile_lifetime, offsetof(struct token_source, lifetime_at), false},
    };
    struct token_source *token = keep_bytes(c, sizeof *token);

    *(struct token_source **)out = token;
    if (token == NULL)
        return false;
    token->lifetime_us = CONNECTOR_LIFETIME_S * INT64_C(1000000);
    return compile_members(c, value, members, LEN(members), token);
}

static bool compile_auth(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"basic", compile_basic, offsetof(struct connector, basic), false},
        {"token", compile_token, offsetof(struct connector, token), false},
    };
    struct template_scope scope = c->scope;
    bool is_right;

    c->scope = (struct template_scope){.secrets = scope.secrets};
    is_right = compile_members(c, value, members, LEN(members), out);
    c->scope = scope;
    if (json_object_size(value) != 1)
        return mistake(c, "needs one of \"basic\" and \"token\"");
    return is_right;
}

static bool compile_check(struct compiler *c, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"request", compile_request, offsetof(struct step, request), true},
        {"outcomes", compile_outcomes, offsetof(struct step, outcomes), false},
    };
    struct template_scope scope = c->scope;
    struct way *way = keep_bytes(c, sizeof *way);
    bool is_right;

    *(struct way **)out = way;
    if (way == NULL)
        return false;
    way->steps = keep_bytes(c, sizeof *way->steps);
    way->steps_count = 1;
    c->scope = (struct template_scope){.secrets = scope.secrets, .has_token = scope.has_token};
    is_right = way->steps != NULL && compile_members(c, value, members, LEN(members), way->steps);
    c->scope = scope;
    return is_right;
}

/* --- the whole --- */

/* In an order in which each finds what it uses; those that are passed over belong to the way that a connector without
 * "ways" is. */
static const struct member members_of_all[] = {
    {"connector", compile_version, 0, true},
    {"name", compile_name, offsetof(struct connector, about.name), false},
    {"hosts", compile_hosts, 0, false},
    {"secrets", compile_secrets, 0, false},
    {"limits", compile_limits, offsetof(struct connector, about.limits), false},
    {"headers", compile_headers, offsetof(struct connector, headers), false},
    {"query", compile_params, offsetof(struct connector, query), false},
    {"auth", compile_auth, 0, false},
    {"outcomes", compile_outcomes, offsetof(struct connector, outcomes), false},
    {"wait", compile_waits, 0, false},
    {"cost", compile_amount, offsetof(struct connector, cost), false},
    {"balance", compile_amount, offsetof(struct connector, balance), false},
    {"check", compile_check, offsetof(struct connector, check), false},
    {"ways", compile_ways, 0, false},
    {"needs", pass, 0, false},
    {"request", pass, 0, false},
    {"poll", pass, 0, false},
    {"channels", pass, 0, false},
    {"account", pass, 0, false},
    {"verdict", pass, 0, false},
};

static bool compile_all(struct compiler *c, const json_t *doc)
{
    static const char *const of_way[] = {"needs", "request", "poll", "channels", "account", "verdict"};
    bool has_ways = json_object_get(doc, "ways") != NULL;
    bool is_right = compile_members(c, doc, members_of_all, LEN(members_of_all), c->connector);

    if (!json_is_object(doc))
        return false;
    for (size_t i = 0; has_ways && i < LEN(of_way); i++) {
        if (json_object_get(doc, of_way[i]) != NULL)
            is_right = mistake_at(c, of_way[i], "belongs into one of \"ways\"");
    }
    return (has_ways || compile_short(c, doc)) && is_right;
}

/* One entry for each set of hints. */
static bool add_need(struct compiler *c, unsigned hints, unsigned slots)
{
    struct connector_about *about = &c->connector->about;
    size_t i = 0;

    while (i < about->needs_count && (about->needs[i].hints != hints || (about->needs[i].slots == 0) != (slots == 0)))
        i++;
    if (i == NEEDS_MAX)
        return mistake(c, "needs too many different sets of hints: at most %d", NEEDS_MAX);
    if (i == about->needs_count)
        about->needs[about->needs_count++].hints = hints;
    about->needs[i].slots |= slots;
    return true;
}

/* What its requests may take one after another; one that is asked again, for as long as that goes on. */
static int64_t way_us(const struct connector_about *about, const struct way *way)
{
    int64_t request_us = about->limits.timeout_us;
    int64_t us = 0;
    bool is_said = request_us > 0;

    for (size_t i = 0; i < way->steps_count; i++) {
        const struct poll *poll = way->steps[i].poll;

        is_said |= poll != NULL;
        if (poll != NULL)
            us += poll->for_us;
        else
            us += request_us > 0 ? request_us : CALL_US_DEFAULT;
    }
    if (us > CONNECTOR_MS_MAX * INT64_C(1000))
        us = CONNECTOR_MS_MAX * INT64_C(1000);
    return is_said ? us : 0;
}

static bool tell_way(struct compiler *c, const struct way *way)
{
    struct connector_about *about = &c->connector->about;
    int64_t us = way_us(about, way);
    bool is_right = true;

    about->call_us = us > about->call_us ? us : about->call_us;

    about->slots |= way->slots;
    about->is_verifier |= way->has_verdict;
    for (size_t i = 0; i < way->needs_count && is_right; i++) {
        is_right = (way->slots == 0 || add_need(c, way->needs[i], way->slots)) &&
                   (!way->has_verdict || add_need(c, way->needs[i], 0));
    }
    return is_right;
}

static bool tell(struct compiler *c)
{
    struct connector *connector = c->connector;
    bool is_right = true;

    connector->about.has_check = connector->check != NULL;
    connector->about.has_token = connector->token != NULL;
    for (size_t i = 0; i < connector->secret_names.count; i++)
        connector->secrets[i].name = connector->secret_names.of[i];
    for (size_t i = 0; i < connector->ways_count && is_right; i++)
        is_right = tell_way(c, &connector->ways[i]);
    return is_right;
}

enum err connector_compile(const json_t *doc, struct connector **out_connector, struct shape_mistakes *mistakes)
{
    struct connector *connector = mem_new(sizeof *connector);
    struct compiler c = {.connector = connector, .mistakes = mistakes};

    c.scope = (struct template_scope){
        .has_hints = true,
        .has_wants = true,
        .has_token = json_object_get(json_object_get(doc, "auth"), "token") != NULL,
        .secrets = &connector->secret_names,
    };
    connector->doc = json_incref(iterable(doc));
    arena_init(&connector->arena, ARENA_BYTES_MAX);
    buf_init(&c.pointer, POINTER_BYTES_MAX);
    if (compile_all(&c, doc) && tell(&c))
        *out_connector = connector;
    else
        connector_free(&connector);
    buf_deinit(&c.pointer);
    return connector != NULL ? ERR_NONE : ERR_INVALID;
}

void connector_free(struct connector **connector_ptr)
{
    struct connector *connector = *connector_ptr;

    if (connector == NULL)
        return;
    *connector_ptr = NULL;
    json_decref(connector->doc);
    arena_deinit(&connector->arena);
    mem_free(connector);
}

const struct connector_about *connector_about(const struct connector *connector)
{
    return &connector->about;
}

size_t connector_hosts(const struct connector *connector, const struct connector_host **out_hosts)
{
    *out_hosts = connector->hosts;
    return connector->host_names.count;
}

size_t connector_secrets(const struct connector *connector, const struct connector_secret **out_secrets)
{
    *out_secrets = connector->secrets;
    return connector->secret_names.count;
}
