/* The sandbox: four providers that answer from made-up people (sandbox/) and
 * play every outcome for magic e-mails: see sandbox/README.md. */
#include "providers/kinds.h"

#include "base/check.h"
#include "base/embed.h"
#include "base/mem.h"
#include "identity/identity.h"
#include "providers/people.h"

#define MAGIC_DOMAIN "sandbox.example"

enum { SLOW_US = 1000000, TIMEOUT_US = 2000000 };

EMBED(sandbox_provider_a, "sandbox/provider_a.csv");
EMBED(sandbox_provider_b, "sandbox/provider_b.csv");
EMBED(sandbox_provider_c, "sandbox/provider_c.csv");
EMBED(sandbox_provider_d, "sandbox/provider_d.csv");
EMBED(sandbox_companies_a, "sandbox/companies_a.csv");
EMBED(sandbox_companies_c, "sandbox/companies_c.csv");
EMBED(sandbox_companies_d, "sandbox/companies_d.csv");

struct embedded {
    const char *file; /* NULL: none */
    const char *text;
    const uint64_t *bytes;
};

#define EMBEDDED(symbol, path)                                                                                         \
    {                                                                                                                  \
        path, symbol, &symbol##_bytes                                                                                  \
    }

struct profile {
    const char *name;
    struct embedded people, companies;
    int64_t prices[WATERFALL_COUNT]; /* 0: does not sell that */
    int64_t magic_ppm;               /* confidence of what it makes up */
};

static const struct profile profiles[SANDBOX_PROVIDERS] = {
    {"Provider A (sandbox)",
     EMBEDDED(sandbox_provider_a, "sandbox/provider_a.csv"),
     EMBEDDED(sandbox_companies_a, "sandbox/companies_a.csv"),
     {[CHANNEL_WORK_EMAIL] = 3, [CHANNEL_PHONE] = 8, [CHANNEL_ACCOUNT] = 2},
     950000},
    {"Provider B (sandbox)",
     EMBEDDED(sandbox_provider_b, "sandbox/provider_b.csv"),
     {.file = NULL},
     {[CHANNEL_PERSONAL_EMAIL] = 4, [CHANNEL_PHONE] = 6, [CHANNEL_LINKEDIN_URL] = 2},
     900000},
    {"Provider C (sandbox)",
     EMBEDDED(sandbox_provider_c, "sandbox/provider_c.csv"),
     EMBEDDED(sandbox_companies_c, "sandbox/companies_c.csv"),
     {[CHANNEL_WORK_EMAIL] = 4, [CHANNEL_PERSONAL_EMAIL] = 5, [CHANNEL_LINKEDIN_URL] = 2, [CHANNEL_ACCOUNT] = 3},
     850000},
    {"Provider D (sandbox)",
     EMBEDDED(sandbox_provider_d, "sandbox/provider_d.csv"),
     EMBEDDED(sandbox_companies_d, "sandbox/companies_d.csv"),
     {[CHANNEL_WORK_EMAIL] = 5,
      [CHANNEL_PERSONAL_EMAIL] = 6,
      [CHANNEL_PHONE] = 12,
      [CHANNEL_LINKEDIN_URL] = 3,
      [CHANNEL_ACCOUNT] = 4},
     800000},
};

struct sandbox {
    struct provider provider;
    struct loop *loop;
    const struct profile *profile;
    struct people people;
    struct people companies;
};

/* What a magic local part makes happen: its outcome, after how long, and which
 * values with which confidence (0: the provider's own). */
struct play {
    const char *word;
    enum outcome outcome;
    int64_t after_us;
    unsigned channels;
    int64_t confidence_ppm;
    enum email_status status;
    bool is_garbage;
};

static const struct play plays[] = {
    {.word = "hit", .outcome = OUTCOME_HIT, .channels = CHANNELS_ALL},
    {.word = "miss", .outcome = OUTCOME_MISS},
    {.word = "slow", .outcome = OUTCOME_HIT, .channels = CHANNELS_ALL, .after_us = SLOW_US},
    {.word = "timeout", .outcome = OUTCOME_TIMEOUT, .after_us = INT64_MAX},
    {.word = "ratelimited", .outcome = OUTCOME_RATE_LIMITED},
    {.word = "outofcredits", .outcome = OUTCOME_OUT_OF_CREDITS},
    {.word = "garbage", .outcome = OUTCOME_HIT, .channels = CHANNELS_ALL, .is_garbage = true},
    {.word = "catchall",
     .outcome = OUTCOME_HIT,
     .channels = 1u << CHANNEL_WORK_EMAIL,
     .confidence_ppm = 500000,
     .status = EMAIL_STATUS_CATCH_ALL},
    {.word = "lowconfidence", .outcome = OUTCOME_HIT, .channels = CHANNELS_ALL, .confidence_ppm = 200000},
    {.word = "blocked", .outcome = OUTCOME_BLOCKED},
};

/* A call that is put off. In the call's arena. */
struct wait {
    struct loop_timer timer;
    struct provider_call *call;
};

static const struct play *find_play(struct str word)
{
    for (size_t i = 0; i < LEN(plays); i++) {
        if (str_is(word, str_from(plays[i].word)))
            return &plays[i];
    }
    return NULL;
}

/* ---- the values of a person that a tag makes up ---- */

static void put_work_email(struct buf *out, struct str local)
{
    buf_put(out, local);
    buf_puts(out, "@" MAGIC_DOMAIN);
}

static void put_personal_email(struct buf *out, struct str local)
{
    buf_put(out, local);
    buf_puts(out, "@home.example");
}

/* +44 20 7946 0000 to 0999: kept free for fiction by Ofcom. */
static void put_phone(struct buf *out, struct str local)
{
    buf_printf(out, "+442079460%03u", (unsigned)(str_hash(local, 0) % 1000));
}

/* "sandbox-<tag>" for hit, "sandbox-<word>" without a tag, else both. A number
 * keeps tags apart that would otherwise read the same. */
static void put_linkedin(struct buf *out, struct str local)
{
    struct str tag = local;
    struct str word = str_cut(&tag, '+');
    struct str shown = tag.len == 0 ? word : str_is(word, STR("hit")) ? tag : local;
    bool is_changed = tag.len != 0 && find_play(tag) != NULL;

    buf_puts(out, "https://linkedin.com/in/sandbox-");
    for (size_t i = 0; i < shown.len && i < 40; i++) {
        bool is_plain = char_is_alnum(shown.ptr[i]) || shown.ptr[i] == '-';

        is_changed = is_changed || !is_plain;
        buf_put_char(out, is_plain ? shown.ptr[i] : '-');
    }
    if (is_changed || shown.len > 40)
        buf_printf(out, "-%08x", (unsigned)str_hash(local, 0));
}

static void put_value(struct buf *out, enum channel channel, struct str local)
{
    switch (channel) {
    case CHANNEL_WORK_EMAIL:
        put_work_email(out, local);
        break;
    case CHANNEL_PERSONAL_EMAIL:
        put_personal_email(out, local);
        break;
    case CHANNEL_PHONE:
        put_phone(out, local);
        break;
    default:
        put_linkedin(out, local);
    }
}

static void put_garbage(struct buf *out, enum channel channel)
{
    static const char *const garbage[] = {
        [CHANNEL_WORK_EMAIL] = "not an e-mail",
        [CHANNEL_PERSONAL_EMAIL] = "someone@@nowhere",
        [CHANNEL_PHONE] = "12",
        [CHANNEL_LINKEDIN_URL] = "https://linkedin.com/company/garbage",
    };

    buf_put(out, str_from(garbage[channel]));
}

static void make_up(const struct sandbox *sandbox, const struct play *play, struct str local,
                    struct provider_call *call)
{
    unsigned channels = play->channels & call->channels & sandbox->provider.channels;
    struct buf text;

    buf_init(&text, IDENTITY_BYTES_MAX);
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if ((channels & 1u << i) == 0)
            continue;
        buf_clear(&text);
        if (play->is_garbage)
            put_garbage(&text, (enum channel)i);
        else
            put_value(&text, (enum channel)i, local);
        call->values[i].value = arena_keep(call->arena, buf_str(&text));
        call->values[i].traits.email_status = (uint8_t)play->status;
        call->values[i].confidence_ppm = play->confidence_ppm != 0 ? play->confidence_ppm : sandbox->profile->magic_ppm;
    }
    buf_deinit(&text);
}

/* ---- asking ---- */

static void wait_closed(struct loop_timer *timer)
{
    struct wait *wait = container_of(timer, struct wait, timer);

    wait->call->done(wait->call);
}

static void wait_expired(struct loop_timer *timer)
{
    loop_timer_close(timer, wait_closed);
}

/* `done` with the call's outcome after a while, or with a timeout when that
 * comes first. */
static void end_after(struct sandbox *sandbox, struct provider_call *call, int64_t after_us)
{
    struct wait *wait = arena_alloc(call->arena, sizeof *wait);

    if (wait == NULL) {
        provider_call_end(sandbox->loop, call, OUTCOME_ERROR);
        return;
    }
    if (after_us >= call->timeout_us) {
        after_us = call->timeout_us;
        call->outcome = OUTCOME_TIMEOUT;
        memset(call->values, 0, slots_end(call->channels) * sizeof *call->values);
    }
    wait->call = call;
    loop_timer_init(sandbox->loop, &wait->timer, wait_expired);
    loop_timer_start(&wait->timer, after_us);
}

static void end(struct sandbox *sandbox, struct provider_call *call, const struct play *play)
{
    call->outcome = play->outcome;
    if (play->outcome == OUTCOME_HIT && !provider_call_has_value(call))
        call->outcome = OUTCOME_MISS;
    if (call->arena->is_full)
        call->outcome = OUTCOME_ERROR;
    if (play->after_us != 0)
        end_after(sandbox, call, play->after_us);
    else
        provider_call_end(sandbox->loop, call, call->outcome);
}

/* The play of a magic e-mail and its local part, lower-case; NULL: not magic. */
static const struct play *read_magic(const struct hints *hints, struct identity_text *email, struct str *out_local)
{
    struct str rest;

    if (hints->of[HINT_EMAIL].len == 0 || !email_key(hints->of[HINT_EMAIL], email, NULL))
        return NULL;
    rest = identity_str(email);
    *out_local = str_cut(&rest, '@');
    if (!str_is(rest, STR(MAGIC_DOMAIN)))
        return NULL;
    rest = *out_local;
    return find_play(str_cut(&rest, '+'));
}

static void ask(struct provider *provider, struct provider_call *call)
{
    struct sandbox *sandbox = container_of(provider, struct sandbox, provider);
    static const struct play known = {.outcome = OUTCOME_HIT};
    struct identity_text email;
    struct str local;
    const struct play *play = read_magic(call->hints, &email, &local);
    bool is_account = (call->channels & FIELDS_ALL) != 0;

    if (play != NULL)
        make_up(sandbox, play, local, call);
    else
        people_find(is_account ? &sandbox->companies : &sandbox->people, call->hints,
                    call->channels & provider->channels, call->arena, call->values);
    end(sandbox, call, play != NULL ? play : &known);
}

static void sandbox_free(struct provider *provider)
{
    struct sandbox *sandbox = container_of(provider, struct sandbox, provider);

    people_deinit(&sandbox->people);
    people_deinit(&sandbox->companies);
    mem_free(sandbox);
}

static const struct provider_kind sandbox_kind = {.name = "sandbox", .ask = ask, .free = sandbox_free};

static void fill_from_profile(struct provider *provider, const struct profile *profile)
{
    struct str name = str_from(profile->name);

    provider->name = (struct str){mem_copy_text(name.ptr, name.len), name.len};
    provider->timeout_us = TIMEOUT_US;
    memcpy(provider->prices, profile->prices, sizeof provider->prices);
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        provider->discovery_prices[i] = DISCOVERY_FACTOR * profile->prices[i];
        provider->channels |= profile->prices[i] != 0 ? 1u << i : 0;
    }
}

static enum err load(struct people *people, const struct embedded *embedded, struct err_detail *detail)
{
    if (embedded->file == NULL)
        return ERR_NONE;
    return people_load_text(people, embedded->file, (struct str){embedded->text, (size_t)*embedded->bytes}, TABLE_CSV,
                            detail);
}

enum err sandbox_provider_new(struct loop *loop, size_t index, struct provider **out_provider,
                              struct provider_place *place)
{
    struct sandbox *sandbox;
    const struct profile *profile;
    enum err err;

    check(index < SANDBOX_PROVIDERS);
    profile = &profiles[index];
    sandbox = mem_new(sizeof *sandbox);
    sandbox->provider.kind = &sandbox_kind;
    sandbox->loop = loop;
    sandbox->profile = profile;
    people_init(&sandbox->people);
    people_init(&sandbox->companies);
    err = load(&sandbox->people, &profile->people, &place->detail);
    if (err == ERR_NONE)
        err = load(&sandbox->companies, &profile->companies, &place->detail);
    if (err != ERR_NONE) {
        sandbox_free(&sandbox->provider);
        return err;
    }
    fill_from_profile(&sandbox->provider, profile);
    sandbox->provider.channels |= sandbox->companies.channels & FIELDS_ALL;
    sandbox->provider.needs_count = sandbox->people.needs_count;
    memcpy(sandbox->provider.needs, sandbox->people.needs, sizeof sandbox->people.needs);
    *out_provider = &sandbox->provider;
    return ERR_NONE;
}
