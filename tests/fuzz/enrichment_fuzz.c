/* Input: the body of POST /enrichment. Whatever is read keeps to the bounds that
 * everybody behind it relies on; whatever is refused says where and why. And
 * the plain reader reads as the full one does, or not at all. */
#include "base/check.h"
#include "credits/ledger.h"
#include "enrich/question.h"
#include "identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 1024 * 1024 };

static void check_hints(const struct question *question)
{
    for (size_t i = 0; i < HINT_COUNT; i++) {
        const struct str hint = question->hints.of[i];

        check(hint.len <= IDENTITY_BYTES_MAX);
        for (size_t at = 0; at < hint.len; at++)
            check((unsigned char)hint.ptr[at] >= 0x20 && hint.ptr[at] != 0x7f);
    }
}

static void check_identities(const struct question *question)
{
    check(question->identity_count >= 1 && question->identity_count <= QUESTION_IDENTITIES_MAX);
    for (size_t i = 0; i < question->identity_count; i++) {
        check(question->identities[i].key.len > 0);
        check(question->identities[i].kind < IDENTITY_KIND_COUNT);
        check(i == 0 || question->identities[i - 1].kind < question->identities[i].kind); /* precedence */
    }
}

static void check_metadata(const struct question *question)
{
    json_t *doc = NULL;

    if (question->metadata.len == 0)
        return;
    check(json_read(question->metadata, &doc, NULL) == ERR_NONE);
    check(json_is_object(doc) && json_object_size(doc) <= METADATA_MEMBERS_MAX);
    json_decref(doc);
}

static void check_question(const struct question *question)
{
    check(question->channels != 0 && (question->channels & ~CHANNELS_ALL) == 0);
    check(question->max_credits >= 0 && question->max_credits <= CREDITS_MAX);
    check(question->max_age_us >= -1 && question->max_age_us <= MAX_AGE_S_MAX * 1000000);
    check(question->min_confidence_ppm >= 0 && question->min_confidence_ppm <= PPM_ONE);
    check_hints(question);
    check_identities(question);
    check_metadata(question);
}

static void check_mistakes(enum err err, const struct shape_mistakes *mistakes)
{
    const json_t *mistake;
    json_t *list = NULL;
    size_t index;

    check((mistakes->count != 0) == (err == ERR_INVALID));
    if (err != ERR_INVALID)
        return;
    check(mistakes->first.text[0] != '\0');
    check(json_read(buf_str(&mistakes->json), &list, NULL) == ERR_NONE);
    check(json_array_size(list) >= 1 && json_array_size(list) <= SHAPE_MISTAKES_MAX);
    json_array_foreach(list, index, mistake)
    {
        check(json_is_pointer(json_str(json_object_get(mistake, "pointer"))));
        check(json_str(json_object_get(mistake, "detail")).len > 0);
    }
    json_decref(list);
}

/* NULL: not even JSON. */
static const struct question *read_whole(enum question_kind kind, struct str text, struct arena *arena,
                                         struct question *out)
{
    struct shape_mistakes mistakes;
    struct err_detail detail = {""};
    json_t *doc = NULL;
    enum err err;

    if (json_read(text, &doc, &detail) != ERR_NONE) {
        check(str_starts(str_from(detail.text), STR("line ")));
        return NULL;
    }
    shape_mistakes_init(&mistakes);
    err = question_read(kind, doc, arena, out, &mistakes);
    check(err == ERR_NONE || err == ERR_INVALID || err == ERR_IDENTITY_REQUIRED || err == ERR_OVERLOADED);
    check_mistakes(err, &mistakes);
    shape_mistakes_deinit(&mistakes);
    json_decref(doc);
    return err == ERR_NONE ? out : NULL;
}

static void check_same(const struct question *a, const struct question *b, struct arena *arena)
{
    check(str_is(question_fingerprint(a, arena), question_fingerprint(b, arena)));
    check(a->dry_run == b->dry_run && a->include_attempts == b->include_attempts);
    check(str_is(a->metadata, b->metadata));
    for (size_t i = 0; i < HINT_COUNT; i++)
        check(str_is(a->hints.of[i], b->hints.of[i]));
    for (size_t i = 0; i < a->identity_count; i++)
        check(str_is(a->identities[i].shown, b->identities[i].shown));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct question whole, plain;
    struct arena arena;
    bool is_whole, is_plain;

    arena_init(&arena, ARENA_BYTES_MAX);
    is_whole = read_whole(QUESTION_ENRICH, text, &arena, &whole) != NULL;
    is_plain = question_read_plain(text, &arena, &plain);
    if (is_whole)
        check_question(&whole);
    check(is_whole || !is_plain);
    if (is_plain)
        check_same(&plain, &whole, &arena);
    if (read_whole(QUESTION_DISCOVER, text, &arena, &whole) != NULL)
        check_question(&whole);
    if (read_whole(QUESTION_ACCOUNT, text, &arena, &whole) != NULL)
        check(whole.channels == FIELDS_ALL && whole.identity_count == 1);
    arena_deinit(&arena);
    return 0;
}
