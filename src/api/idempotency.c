#include "api/idempotency.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "enrich/lookup.h"
#include "workspace/suppression.h"

#include <sodium.h>
#include <uthash.h>

enum { KEY_CHARS_MAX = 255, SHOWN_MAX = 128, TEXT_BYTES_MAX = ANSWER_BYTES_MAX + 64 * 1024 };

#define KEEP_US LOOKUP_ONCE_US

struct claim_key {
    struct id workspace_id;
    uint8_t hash[ANSWER_HASH_BYTES];
};

struct claim {
    struct claim_key key;
    UT_hash_handle hh;
    struct exchange *x;
    void (*handler)(struct exchange *x);
    uint8_t fingerprint[ANSWER_HASH_BYTES];
    uint8_t seal[crypto_secretbox_KEYBYTES];
    struct id shown[SHOWN_MAX]; /* records in the answer */
    size_t shown_count;
    struct arena arena;
    struct buf text;       /* the sealed answer */
    struct buf head, body; /* the answer as it is sent */
    struct str kept;       /* the answer that was kept, opened, while it is looked at */
    int status;
    bool is_repeating; /* what it answers was kept before */
    union {            /* one at a time */
        struct store_find_answer find;
        struct store_read_shown shown;
        struct store_keep_answer keep;
    } op;
};

/* --- the key ------------------------------------------------------------- */

static struct str given_key(const struct exchange *x, size_t *out_count)
{
    return http_request_header(x->request, STR("idempotency-key"), out_count);
}

bool idempotency_is_asked(const struct exchange *x)
{
    size_t count;

    given_key(x, &count);
    return count != 0 && x->workspace != NULL && str_is(http_request_method(x->request), STR("POST"));
}

/* A structured-field string: "…" with \" and \\ inside. */
static bool read_quoted(struct str text, char out[KEY_CHARS_MAX], size_t *out_len)
{
    size_t len = 0;

    if (text.len < 2 || text.ptr[text.len - 1] != '"')
        return false;
    for (size_t i = 1; i < text.len - 1; i++) {
        bool is_escaped = text.ptr[i] == '\\';
        char c = text.ptr[is_escaped ? ++i : i];

        if (i == text.len - 1 || c < 0x20 || c > 0x7e || len == KEY_CHARS_MAX)
            return false;
        if (is_escaped != (c == '"' || c == '\\'))
            return false;
        out[len++] = c;
    }
    *out_len = len;
    return true;
}

/* As most clients send it: visible characters without a quote among them. */
static bool read_bare(struct str text, char out[KEY_CHARS_MAX], size_t *out_len)
{
    if (text.len > KEY_CHARS_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] > 0x7e || text.ptr[i] == '"')
            return false;
    }
    memcpy(out, text.ptr, text.len);
    *out_len = text.len;
    return true;
}

static bool read_key(const struct exchange *x, char out[KEY_CHARS_MAX], size_t *out_len)
{
    size_t count;
    struct str text = given_key(x, &count);
    bool is_right;

    if (count != 1 || text.len == 0)
        return false;
    is_right = text.ptr[0] == '"' ? read_quoted(text, out, out_len) : read_bare(text, out, out_len);
    return is_right && *out_len > 0;
}

static void hash_part(crypto_generichash_state *state, struct str part)
{
    crypto_generichash_update(state, (const uint8_t *)&part.len, sizeof part.len);
    crypto_generichash_update(state, (const uint8_t *)part.ptr, part.len);
}

/* Two values that tell nothing of each other: what the key is found by, and
 * what its answer is sealed with. */
static void hash_key(struct claim *claim, struct str key)
{
    static const uint8_t find_by[crypto_generichash_KEYBYTES_MIN] = "find";
    static const uint8_t seal_with[crypto_generichash_KEYBYTES_MIN] = "seal";

    crypto_generichash(claim->key.hash, sizeof claim->key.hash, (const uint8_t *)key.ptr, key.len, find_by,
                       sizeof find_by);
    crypto_generichash(claim->seal, sizeof claim->seal, (const uint8_t *)key.ptr, key.len, seal_with, sizeof seal_with);
}

static void hash_request(struct claim *claim)
{
    const struct http_request *request = claim->x->request;
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof claim->fingerprint);
    hash_part(&state, http_request_method(request));
    hash_part(&state, http_request_path(request));
    hash_part(&state, http_request_query(request));
    hash_part(&state, http_request_body(request));
    crypto_generichash_final(&state, claim->fingerprint, sizeof claim->fingerprint);
}

/* --- the claim ----------------------------------------------------------- */

static struct claim *make_claim(struct exchange *x, struct str key, void (*handler)(struct exchange *x))
{
    struct claim *claim = mem_new(sizeof *claim);

    claim->x = x;
    claim->handler = handler;
    claim->key.workspace_id = x->workspace->id;
    hash_key(claim, key);
    hash_request(claim);
    arena_init(&claim->arena, TEXT_BYTES_MAX);
    buf_init(&claim->text, TEXT_BYTES_MAX);
    buf_init(&claim->head, 64 * 1024);
    buf_init(&claim->body, ANSWER_BYTES_MAX);
    return claim;
}

static void free_claim(struct claim *claim)
{
    sodium_memzero(claim->seal, sizeof claim->seal);
    buf_deinit(&claim->text);
    buf_deinit(&claim->head);
    buf_deinit(&claim->body);
    arena_deinit(&claim->arena);
    mem_free(claim);
}

void idempotency_end(struct exchange *x)
{
    struct claim *claim = x->claim;

    if (claim == NULL)
        return;
    x->claim = NULL;
    HASH_DEL(x->api->claims, claim);
    free_claim(claim);
}

static void refuse_reused(struct exchange *x)
{
    exchange_refuse(x, ERR_KEY_REUSED, "use a new key for a new request");
}

static bool is_same_request(const struct claim *claim, const uint8_t fingerprint[ANSWER_HASH_BYTES])
{
    return memcmp(claim->fingerprint, fingerprint, sizeof claim->fingerprint) == 0;
}

struct id exchange_once(const struct exchange *x)
{
    struct id once = {{0}};
    crypto_generichash_state state;

    if (x->claim == NULL)
        return once;
    crypto_generichash_init(&state, NULL, 0, sizeof once.bytes);
    crypto_generichash_update(&state, x->claim->key.hash, sizeof x->claim->key.hash);
    crypto_generichash_update(&state, x->claim->fingerprint, sizeof x->claim->fingerprint);
    crypto_generichash_final(&state, once.bytes, sizeof once.bytes);
    return once;
}

void exchange_shows(struct exchange *x, struct id record_id)
{
    struct claim *claim = x->claim;

    if (claim == NULL || id_is_none(record_id))
        return;
    check(claim->shown_count < SHOWN_MAX);
    claim->shown[claim->shown_count++] = record_id;
}

/* --- repeating an answer -------------------------------------------------- */

/* "content type\r\n", header lines, "\r\n", body; STR_NONE when it cannot be opened. */
static struct str open_text(struct claim *claim, struct str sealed)
{
    const uint8_t *bytes = (const uint8_t *)sealed.ptr;
    size_t skip = crypto_secretbox_NONCEBYTES;
    char *text;

    if (sealed.len < skip + crypto_secretbox_MACBYTES)
        return STR_NONE;
    text = arena_alloc(&claim->arena, sealed.len);
    if (text == NULL ||
        crypto_secretbox_open_easy((uint8_t *)text, bytes + skip, sealed.len - skip, bytes, claim->seal) != 0)
        return STR_NONE;
    return (struct str){text, sealed.len - skip - crypto_secretbox_MACBYTES};
}

static struct str cut_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');

    return (struct str){line.ptr, line.len > 0 ? line.len - 1 : 0};
}

static void repeat(struct exchange *x)
{
    struct str text = x->claim->kept;
    struct str content_type = cut_line(&text);
    struct buf *body = exchange_body(x);
    struct str line;

    while ((line = cut_line(&text)).len != 0) {
        buf_put(&x->api->head, line);
        buf_puts(&x->api->head, "\r\n");
    }
    buf_put(body, text);
    x->claim->is_repeating = true;
    exchange_mark_replay(x);
    exchange_respond_as(x, x->claim->status, content_type);
}

/* Does anything in a question's hints name who must not be looked up? */
static bool names_suppressed(const struct suppressions *set, const json_t *question)
{
    static const struct {
        const char *name;
        enum suppression_kind kind;
    } hints[] = {{"email", SUPPRESSION_EMAIL},
                 {"linkedin_url", SUPPRESSION_LINKEDIN},
                 {"company_domain", SUPPRESSION_DOMAIN},
                 {"domain", SUPPRESSION_DOMAIN}};

    for (size_t i = 0; i < LEN(hints); i++) {
        struct str text = json_str(json_object_get(question, hints[i].name));
        struct identity_text normal;

        if (text.len != 0 && suppression_normalise(hints[i].kind, text, &normal, NULL) &&
            suppressions_hold(set, hints[i].kind, identity_str(&normal)))
            return true;
    }
    return false;
}

static bool asks_for_suppressed(const struct suppressions *set, struct str body)
{
    const json_t *record;
    bool is_suppressed;
    size_t index;
    json_t *doc;

    if (json_read(body, &doc, NULL) != ERR_NONE)
        return false;
    is_suppressed = names_suppressed(set, doc);
    json_array_foreach(json_object_get(doc, "records"), index, record)
    {
        is_suppressed = is_suppressed || names_suppressed(set, record);
    }
    json_decref(doc);
    return is_suppressed;
}

static bool shows_suppressed(const struct suppressions *set, const struct shown_item *items)
{
    for (const struct shown_item *item = items; item != NULL; item = item->next) {
        if (item->is_value ? suppressions_hold_value(set, item->slot, item->value)
                           : suppressions_hold_identity(set, &item->identity))
            return true;
    }
    return false;
}

/* An answer that shows somebody who has been suppressed since is made anew. */
static void looked_at(struct store_op *op, enum err err)
{
    struct claim *claim = container_of(op, struct claim, op.shown.op);
    struct exchange *x = claim->x;
    const struct suppressions *set = x->workspace->suppressions;

    if (err != ERR_NONE)
        exchange_refuse(x, err, NULL);
    else if (shows_suppressed(set, claim->op.shown.items) || asks_for_suppressed(set, http_request_body(x->request)))
        claim->handler(x);
    else
        repeat(x);
}

static void look_at_kept(struct claim *claim)
{
    struct store_read_shown *shown = &claim->op.shown;

    *shown = (struct store_read_shown){.workspace_id = claim->key.workspace_id, .arena = &claim->arena};
    memcpy(shown->key, claim->key.hash, sizeof shown->key);
    store_read_shown(claim->x->api->engine->store, shown, looked_at);
}

static void found_answer(struct store_op *op, enum err err)
{
    struct claim *claim = container_of(op, struct claim, op.find.op);
    struct exchange *x = claim->x;
    const struct kept_answer answer = claim->op.find.answer;

    if (err == ERR_NONE && answer.text.len != 0 && is_same_request(claim, answer.fingerprint))
        claim->kept = open_text(claim, answer.text);
    claim->status = answer.status;
    if (err != ERR_NONE)
        exchange_refuse(x, err, NULL);
    else if (claim->kept.len != 0 && exchange_looks_up(x) && x->workspace->suppressions != NULL)
        look_at_kept(claim);
    else if (claim->kept.len != 0)
        repeat(x);
    else if (answer.text.len != 0)
        refuse_reused(x);
    else
        claim->handler(x);
}

/* --- keeping one ---------------------------------------------------------- */

static bool is_kept_header(struct str line)
{
    return str_starts_nocase(line, STR("unstuck-incomplete:")) || str_starts_nocase(line, STR("location:"));
}

static void put_plain(struct buf *out, const struct exchange *x, struct str content_type)
{
    struct str lines = buf_str(&x->api->head);

    buf_put(out, content_type);
    buf_puts(out, "\r\n");
    while (lines.len != 0) {
        struct str line = cut_line(&lines);

        if (!is_kept_header(line))
            continue;
        buf_put(out, line);
        buf_puts(out, "\r\n");
    }
    buf_puts(out, "\r\n");
    buf_put(out, buf_str(&x->api->body));
}

static void seal_text(struct claim *claim, struct str plain)
{
    size_t skip = crypto_secretbox_NONCEBYTES;
    size_t bytes = skip + crypto_secretbox_MACBYTES + plain.len;
    uint8_t *out;

    if (!buf_reserve(&claim->text, bytes))
        return;
    out = (uint8_t *)claim->text.ptr;
    randombytes_buf(out, skip);
    crypto_secretbox_easy(out + skip, (const uint8_t *)plain.ptr, plain.len, out, claim->seal);
    claim->text.len = bytes;
}

bool idempotency_note(struct exchange *x, int status, struct str content_type)
{
    struct claim *claim = x->claim;
    struct buf plain;

    if (claim == NULL || status < 200 || status > 299 || claim->is_repeating)
        return false;
    buf_init(&plain, TEXT_BYTES_MAX);
    put_plain(&plain, x, content_type);
    seal_text(claim, buf_str(&plain));
    sodium_memzero(plain.ptr, plain.len);
    buf_deinit(&plain);
    return claim->text.len != 0;
}

static void send_answer(struct claim *claim)
{
    struct exchange *x = claim->x;
    struct http_request *request = x->request;

    x->claim = NULL;
    HASH_DEL(x->api->claims, claim);
    http_respond(request, &(struct http_response){.status = claim->status,
                                                  .headers = buf_str(&claim->head),
                                                  .body = buf_str(&claim->body)});
    free_claim(claim);
}

/* The work is done and in the store, so its answer goes out even if it could
 * not be kept. */
static void kept_answer(struct store_op *op, enum err err)
{
    if (err != ERR_NONE)
        log_write(LOG_ERROR, "answer not kept for its Idempotency-Key", log_text("why", err_slug(err)), LOG_END);
    send_answer(container_of(op, struct claim, op.keep.op));
}

void idempotency_keep_and_send(struct exchange *x, int status)
{
    struct claim *claim = x->claim;
    int64_t now_us = clock_wall_us();
    struct store_keep_answer *keep = &claim->op.keep;

    claim->status = status;
    buf_put(&claim->head, buf_str(&x->api->head));
    buf_put(&claim->body, buf_str(&x->api->body));
    *keep = (struct store_keep_answer){.workspace_id = claim->key.workspace_id,
                                       .answer = {.status = status, .at_us = now_us, .text = buf_str(&claim->text)},
                                       .record_ids = claim->shown,
                                       .record_count = claim->shown_count,
                                       .expired_us = now_us - KEEP_US};
    memcpy(keep->answer.key, claim->key.hash, sizeof keep->answer.key);
    memcpy(keep->answer.fingerprint, claim->fingerprint, sizeof keep->answer.fingerprint);
    store_keep_answer(x->api->engine->store, keep, kept_answer);
}

/* --- the beginning -------------------------------------------------------- */

static void find_answer(struct claim *claim)
{
    struct store_find_answer *find = &claim->op.find;

    *find = (struct store_find_answer){
        .workspace_id = claim->key.workspace_id, .since_us = clock_wall_us() - KEEP_US, .arena = &claim->arena};
    memcpy(find->answer.key, claim->key.hash, sizeof find->answer.key);
    store_find_answer(claim->x->api->engine->store, find, found_answer);
}

static void begin(struct claim *claim)
{
    struct exchange *x = claim->x;
    struct claim *other;

    HASH_FIND(hh, x->api->claims, &claim->key, sizeof claim->key, other);
    if (other == NULL) {
        HASH_ADD(hh, x->api->claims, key, sizeof claim->key, claim);
        x->claim = claim;
        find_answer(claim);
        return;
    }
    if (is_same_request(claim, other->fingerprint))
        exchange_refuse(x, ERR_KEY_IN_USE, "wait for its answer, or send the request again in a second");
    else
        refuse_reused(x);
    free_claim(claim);
}

void idempotency_begin(struct exchange *x, void (*handler)(struct exchange *x))
{
    char key[KEY_CHARS_MAX];
    size_t len = 0;

    if (read_key(x, key, &len))
        begin(make_claim(x, (struct str){key, len}, handler));
    else
        exchange_refuse(x, ERR_BAD_REQUEST,
                        "Idempotency-Key must be one text of 1 to 255 visible characters, quoted or bare");
}
