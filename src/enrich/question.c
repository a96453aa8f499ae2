#include "enrich/question.h"

#include "base/check.h"
#include "base/clock.h"
#include "credits/ledger.h"
#include "identity/identity.h"

#include <stdio.h>

typedef bool normalise_fn(struct str text, struct identity_text *out, struct err_detail *detail);

static const struct {
    enum hint hint;
    normalise_fn *normalise;
} hint_readers[] = {
    {HINT_EMAIL, email_normalise},     {HINT_LINKEDIN_URL, linkedin_normalise}, {HINT_COMPANY_DOMAIN, domain_normalise},
    {HINT_FIRST_NAME, name_normalise}, {HINT_LAST_NAME, name_normalise},        {HINT_COMPANY_NAME, name_normalise},
};

enum { HINT_BYTES_MAX = 2048, PERSON_HINTS = 1u << HINT_FIRST_NAME | 1u << HINT_LAST_NAME | 1u << HINT_COMPANY_DOMAIN };

static bool keep_hint(struct question *out, size_t reader, struct str text, struct arena *arena, struct err_detail *why)
{
    struct identity_text normal;

    if (!hint_readers[reader].normalise(text, &normal, why))
        return false;
    out->hints.of[hint_readers[reader].hint] = arena_keep(arena, identity_str(&normal));
    return true;
}

/* What each kind of question takes, and what it cannot do without. */
static const struct {
    unsigned hints;
    unsigned required;
    const char *domain; /* what the company's domain is called */
    unsigned channels;  /* when the question does not say */
} kinds[] = {
    [QUESTION_ENRICH] = {(1u << HINT_COUNT) - 1, 0, "company_domain", CHANNELS_ALL},
    [QUESTION_DISCOVER] = {PERSON_HINTS, PERSON_HINTS, "company_domain", CHANNELS_ALL},
    [QUESTION_ACCOUNT] = {1u << HINT_COMPANY_DOMAIN, 1u << HINT_COMPANY_DOMAIN, "domain", FIELDS_ALL},
};

static void read_hint(struct shape *shape, size_t reader, const char *name, struct arena *arena, struct question *out)
{
    bool is_required = (kinds[out->kind].required & 1u << hint_readers[reader].hint) != 0;
    struct err_detail why;
    struct str text;

    if (shape_str(shape, name, 1, HINT_BYTES_MAX, &text)) {
        if (!keep_hint(out, reader, text, arena, &why))
            shape_report_member(shape, name, "%s", why.text);
    } else if (is_required && shape_any(shape, name) == NULL) {
        shape_report_member(shape, name, "is required");
    }
}

static void read_hints(struct shape *shape, struct arena *arena, struct question *out)
{
    for (size_t i = 0; i < LEN(hint_readers); i++) {
        enum hint hint = hint_readers[i].hint;

        if ((kinds[out->kind].hints & 1u << hint) != 0)
            read_hint(shape, i, hint == HINT_COMPANY_DOMAIN ? kinds[out->kind].domain : hint_name(hint), arena, out);
    }
}

static void report_item(struct shape *shape, const char *name, size_t index, const char *what)
{
    char place[64];

    snprintf(place, sizeof place, "/%s/%zu", name, index);
    shape_report(shape->mistakes, str_from(place), "%s", what);
}

static void report_word(struct shape *shape, const char *name, size_t index, struct str word, const char *kind,
                        const char *const *words)
{
    char what[200];
    const char *nearest = nearest_word(word, words);
    size_t len = (size_t)snprintf(what, sizeof what, "is not a %s; ", kind);

    if (nearest != NULL)
        len += (size_t)snprintf(what + len, sizeof what - len, "did you mean \"%s\"? ", nearest);
    len += (size_t)snprintf(what + len, sizeof what - len, "known:");
    for (; *words != NULL && len < sizeof what; words++)
        len += (size_t)snprintf(what + len, sizeof what - len, " %s", *words);
    report_item(shape, name, index, what);
}

static void read_channel(struct shape *shape, size_t index, const json_t *item, struct question *out)
{
    static const char *const words[] = {
#define CHANNEL(id, name) name,
        CHANNELS(CHANNEL)
#undef CHANNEL
            NULL};
    enum channel channel;

    if (!json_is_string(item))
        report_item(shape, "channels", index, "must be a string");
    else if (!channel_from(json_str(item), &channel))
        report_word(shape, "channels", index, json_str(item), "channel", words);
    else if ((out->channels & 1u << channel) != 0)
        report_item(shape, "channels", index, "is named twice");
    else
        out->channels |= 1u << channel;
}

static void read_channels(struct shape *shape, struct question *out)
{
    const json_t *list = out->kind == QUESTION_ACCOUNT ? NULL : shape_any(shape, "channels");
    const json_t *item;
    size_t index;

    if (list == NULL) {
        out->channels = kinds[out->kind].channels;
        return;
    }
    if (!json_is_array(list)) {
        shape_report_member(shape, "channels", "must be an array of channel names, not %s", json_type_word(list));
        return;
    }
    if (json_array_size(list) == 0)
        shape_report_member(shape, "channels", "must not be empty; leave it out to ask for all channels");
    json_array_foreach(list, index, item)
    {
        read_channel(shape, index, item, out);
    }
}

static void read_include(struct shape *shape, struct question *out)
{
    static const char *const account_words[] = {"attempts", "sources", NULL};
    static const char *const person_words[] = {"attempts", "details", NULL};
    bool is_account = out->kind == QUESTION_ACCOUNT;
    const json_t *list = shape_any(shape, "include");
    const json_t *item;
    size_t index;

    if (list == NULL)
        return;
    if (!json_is_array(list)) {
        shape_report_member(shape, "include", "must be an array, not %s", json_type_word(list));
        return;
    }
    json_array_foreach(list, index, item)
    {
        if (str_is(json_str(item), STR("attempts")))
            out->include_attempts = true;
        else if (is_account && str_is(json_str(item), STR("sources")))
            out->include_sources = true;
        else if (!is_account && str_is(json_str(item), STR("details")))
            out->include_details = true;
        else if (json_is_string(item))
            report_word(shape, "include", index, json_str(item), "known part",
                        is_account ? account_words : person_words);
        else
            report_item(shape, "include", index, "must be a string");
    }
}

/* Characters, not bytes: continuation bytes do not count. jansson has checked
 * the UTF-8. */
static size_t count_chars(struct str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static void read_metadata(struct shape *shape, struct arena *arena, struct question *out)
{
    const json_t *metadata = shape_any(shape, "metadata");
    const char *name;
    json_t *value;
    struct buf text;

    if (metadata == NULL)
        return;
    if (!json_is_object(metadata)) {
        shape_report_member(shape, "metadata", "must be an object, not %s", json_type_word(metadata));
        return;
    }
    if (json_object_size(metadata) > METADATA_MEMBERS_MAX)
        shape_report_member(shape, "metadata", "must have at most %d members", METADATA_MEMBERS_MAX);
    json_object_foreach((json_t *)metadata, name, value)
    {
        if (!json_is_string(value) || count_chars(json_str(value)) > METADATA_CHARS_MAX ||
            count_chars(str_from(name)) > METADATA_CHARS_MAX) {
            shape_report_member(shape, "metadata", "every name and value must be a string of at most %d characters",
                                METADATA_CHARS_MAX);
            return;
        }
    }
    buf_init(&text, 16 * 1024);
    json_put_doc(&text, metadata);
    out->metadata = arena_keep(arena, buf_str(&text));
    buf_deinit(&text);
}

static void read_options(struct shape *shape, struct question *out)
{
    int64_t max_age_s;

    shape_bool(shape, "force", &out->force);
    shape_bool(shape, "dry_run", &out->dry_run);
    shape_int(shape, "max_credits", 0, CREDITS_MAX, &out->max_credits);
    if (shape_int(shape, "max_age", 0, MAX_AGE_S_MAX, &max_age_s))
        out->max_age_us = max_age_s * SECOND_US;
    shape_ppm(shape, "min_confidence", &out->min_confidence_ppm);
    read_include(shape, out);
}

static void add_identity(struct question *out, struct arena *arena, enum identity_kind kind,
                         const struct identity_text *key, struct str shown)
{
    out->identities[out->identity_count++] =
        (struct identity){.kind = kind, .key = arena_keep(arena, identity_str(key)), .shown = shown};
}

/* An office's mailbox says nothing of a person who is named otherwise: nobody is
 * known by it then, and no provider gets to see it. */
static void drop_role_mailbox(struct question *out)
{
    struct str *of = out->hints.of;
    bool has_name = of[HINT_FIRST_NAME].len != 0 && of[HINT_LAST_NAME].len != 0 && of[HINT_COMPANY_DOMAIN].len != 0;

    if ((has_name || of[HINT_LINKEDIN_URL].len != 0) && is_role_mailbox(of[HINT_EMAIL]))
        of[HINT_EMAIL] = STR_NONE;
}

/* E-mail wins over LinkedIn, which wins over name and domain; a domain alone is
 * a record of its own, and so is an office's mailbox. */
static void find_identities(struct question *out, struct arena *arena)
{
    const struct str *of = out->hints.of;
    struct identity_text key;

    if (out->kind == QUESTION_ACCOUNT) {
        out->identities[out->identity_count++] =
            (struct identity){IDENTITY_ACCOUNT_DOMAIN, of[HINT_COMPANY_DOMAIN], STR_NONE};
        return;
    }
    drop_role_mailbox(out);
    if (of[HINT_EMAIL].len != 0 && email_key(of[HINT_EMAIL], &key, NULL))
        add_identity(out, arena, IDENTITY_EMAIL, &key, of[HINT_EMAIL]);
    if (of[HINT_LINKEDIN_URL].len != 0)
        out->identities[out->identity_count++] = (struct identity){IDENTITY_LINKEDIN, of[HINT_LINKEDIN_URL], STR_NONE};
    if (of[HINT_FIRST_NAME].len != 0 && of[HINT_LAST_NAME].len != 0 && of[HINT_COMPANY_DOMAIN].len != 0) {
        person_key(of[HINT_FIRST_NAME], of[HINT_LAST_NAME], of[HINT_COMPANY_DOMAIN], &key);
        add_identity(out, arena, IDENTITY_PERSON, &key, STR_NONE);
    }
    if (out->identity_count == 0 && of[HINT_COMPANY_DOMAIN].len != 0)
        out->identities[out->identity_count++] = (struct identity){IDENTITY_DOMAIN, of[HINT_COMPANY_DOMAIN], STR_NONE};
}

void question_init(struct question *out, enum question_kind kind)
{
    *out = (struct question){.kind = kind, .max_credits = CREDITS_MAX, .max_age_us = -1};
}

void question_read_common(struct shape *shape, struct arena *arena, struct question *out)
{
    read_channels(shape, out);
    read_options(shape, out);
    read_metadata(shape, arena, out);
}

static enum err find_who(struct question *out, struct arena *arena, const struct shape_mistakes *mistakes)
{
    if (mistakes->count != 0)
        return ERR_INVALID;
    find_identities(out, arena);
    if (arena->is_full)
        return ERR_OVERLOADED;
    return out->identity_count == 0 ? ERR_IDENTITY_REQUIRED : ERR_NONE;
}

enum err question_read(enum question_kind kind, const json_t *doc, struct arena *arena, struct question *out,
                       struct shape_mistakes *mistakes)
{
    struct shape shape;

    question_init(out, kind);
    if (!shape_begin(&shape, doc, STR(""), mistakes))
        return ERR_INVALID;
    read_hints(&shape, arena, out);
    question_read_common(&shape, arena, out);
    shape_end(&shape);
    return find_who(out, arena, mistakes);
}

enum err question_read_record(const struct question *common, const json_t *record, struct str pointer,
                              struct arena *arena, struct question *out, struct shape_mistakes *mistakes)
{
    struct shape shape;

    *out = *common;
    out->metadata = arena_keep(arena, common->metadata);
    if (!shape_begin(&shape, record, pointer, mistakes))
        return ERR_INVALID;
    read_hints(&shape, arena, out);
    shape_end(&shape);
    return find_who(out, arena, mistakes);
}

/* --- the everyday question -------------------------------------------------- */

static bool take_byte(struct str *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = (struct str){rest->ptr + 1, rest->len - 1};
    return true;
}

/* A byte that JSON wants, with the white space around it. */
static bool take_mark(struct str *rest, char c)
{
    *rest = str_trim_start(*rest);
    if (!take_byte(rest, c))
        return false;
    *rest = str_trim_start(*rest);
    return true;
}

static bool take_plain_string(struct str *rest, struct str *out)
{
    size_t len = 0;

    if (!take_byte(rest, '"'))
        return false;
    while (len < rest->len && rest->ptr[len] != '"') {
        if (rest->ptr[len] < 0x20 || rest->ptr[len] > 0x7e || rest->ptr[len] == '\\')
            return false;
        len++;
    }
    *out = (struct str){rest->ptr, len};
    *rest = str_from_at(*rest, len);
    return take_byte(rest, '"');
}

static bool take_plain_channels(struct str *rest, struct question *out)
{
    if (!take_mark(rest, '['))
        return false;
    do {
        enum channel channel;
        struct str name;

        if (!take_plain_string(rest, &name) || !channel_from(name, &channel) || (out->channels & 1u << channel) != 0)
            return false;
        out->channels |= 1u << channel;
    } while (take_mark(rest, ','));
    return take_mark(rest, ']');
}

static bool take_word(struct str *rest, struct str word)
{
    if (!str_starts(*rest, word))
        return false;
    *rest = str_from_at(*rest, word.len);
    return true;
}

static bool take_plain_bool(struct str *rest, bool *out)
{
    *out = str_starts(*rest, STR("true"));
    return take_word(rest, *out ? STR("true") : STR("false"));
}

/* Each member once: `seen` has a bit for each hint and these three. */
static bool take_plain_member(struct str *rest, struct arena *arena, struct question *out, unsigned *seen)
{
    enum { SEEN_CHANNELS = HINT_COUNT, SEEN_FORCE, SEEN_DRY_RUN };
    struct str name, text;
    unsigned member = SEEN_DRY_RUN + 1;

    if (!take_plain_string(rest, &name) || !take_mark(rest, ':'))
        return false;
    for (unsigned i = 0; i < LEN(hint_readers); i++) {
        if (str_is(name, str_from(hint_name(hint_readers[i].hint))))
            member = i;
    }
    if (str_is(name, STR("channels")))
        member = SEEN_CHANNELS;
    else if (str_is(name, STR("force")))
        member = SEEN_FORCE;
    else if (str_is(name, STR("dry_run")))
        member = SEEN_DRY_RUN;
    if (member > SEEN_DRY_RUN || (*seen & 1u << member) != 0)
        return false;
    *seen |= 1u << member;
    if (member == SEEN_CHANNELS)
        return take_plain_channels(rest, out);
    if (member > SEEN_CHANNELS)
        return take_plain_bool(rest, member == SEEN_FORCE ? &out->force : &out->dry_run);
    return take_plain_string(rest, &text) && text.len > 0 && text.len <= HINT_BYTES_MAX &&
           keep_hint(out, member, text, arena, NULL);
}

bool question_read_plain(struct str text, struct arena *arena, struct question *out)
{
    unsigned seen = 0;

    question_init(out, QUESTION_ENRICH);
    if (!take_mark(&text, '{'))
        return false;
    do {
        if (!take_plain_member(&text, arena, out, &seen))
            return false;
    } while (take_mark(&text, ','));
    if (!take_mark(&text, '}') || text.len != 0)
        return false;
    if (out->channels == 0)
        out->channels = CHANNELS_ALL;
    find_identities(out, arena);
    return out->identity_count > 0 && !arena->is_full;
}

struct str question_fingerprint(const struct question *question, struct arena *arena)
{
    struct buf text;
    struct str kept;

    buf_init(&text, 16 * 1024);
    for (size_t i = 0; i < question->identity_count; i++)
        buf_printf(&text, "%d=%.*s\n", (int)question->identities[i].kind, STR_ARG(question->identities[i].key));
    for (size_t i = 0; i < HINT_COUNT; i++) {
        if (i != HINT_EMAIL) /* compared by its identity, whose letters are all lower-case */
            buf_printf(&text, "%.*s\n", STR_ARG(question->hints.of[i]));
    }
    buf_printf(&text, "%d %u %d %lld %lld %lld", (int)question->kind, question->channels, question->force,
               (long long)question->max_credits, (long long)question->max_age_us,
               (long long)question->min_confidence_ppm);
    kept = arena_keep(arena, buf_str(&text));
    buf_deinit(&text);
    return kept;
}
