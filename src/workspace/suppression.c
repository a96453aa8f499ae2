#include "workspace/suppression.h"

#include "base/check.h"
#include "base/mem.h"

#include <sodium.h>

enum { CAPACITY_FIRST = 64 };

struct suppressions {
    uint8_t key[SUPPRESSION_KEY_BYTES];
    struct id workspace_id;
    unsigned epoch;
    size_t count;
    size_t capacity;                /* a power of two; three quarters of it at most are taken */
    struct suppression_hash *slots; /* all zero: free */
};

_Static_assert(sizeof(struct suppression_hash) == crypto_generichash_BYTES_MIN, "libsodium makes no shorter one");

struct suppressions *suppressions_new(struct id workspace_id, const uint8_t key[SUPPRESSION_KEY_BYTES])
{
    struct suppressions *set = mem_new(sizeof *set);

    memcpy(set->key, key, sizeof set->key);
    set->workspace_id = workspace_id;
    set->epoch = 1;
    set->capacity = CAPACITY_FIRST;
    set->slots = mem_new(set->capacity * sizeof *set->slots);
    return set;
}

void suppressions_free(struct suppressions **set_at)
{
    struct suppressions *set = *set_at;

    if (set == NULL)
        return;
    sodium_memzero(set->key, sizeof set->key);
    mem_free(set->slots);
    mem_free(set);
    *set_at = NULL;
}

const uint8_t *suppressions_key(const struct suppressions *set)
{
    return set->key;
}

size_t suppressions_count(const struct suppressions *set)
{
    return set->count;
}

unsigned suppressions_epoch(const struct suppressions *set)
{
    return set->epoch;
}

/* --- the table ------------------------------------------------------------ */

static bool is_free(const struct suppression_hash *slot)
{
    static const struct suppression_hash nothing;

    return memcmp(slot, &nothing, sizeof nothing) == 0;
}

static size_t home_of(const struct suppressions *set, const struct suppression_hash *hash)
{
    uint64_t bits;

    memcpy(&bits, hash->bytes, sizeof bits);
    return (size_t)bits & (set->capacity - 1);
}

static size_t next_to(const struct suppressions *set, size_t at)
{
    return (at + 1) & (set->capacity - 1);
}

/* Where it is, or the free place where it would be. */
static size_t find_place(const struct suppressions *set, const struct suppression_hash *hash)
{
    size_t at = home_of(set, hash);

    while (!is_free(&set->slots[at]) && memcmp(&set->slots[at], hash, sizeof *hash) != 0)
        at = next_to(set, at);
    return at;
}

static void grow(struct suppressions *set)
{
    struct suppression_hash *old = set->slots;
    size_t old_capacity = set->capacity;

    set->capacity *= 2;
    set->slots = mem_new(set->capacity * sizeof *set->slots);
    for (size_t i = 0; i < old_capacity; i++) {
        if (!is_free(&old[i]))
            set->slots[find_place(set, &old[i])] = old[i];
    }
    mem_free(old);
}

void suppressions_add(struct suppressions *set, struct suppression_hash hash)
{
    size_t at = find_place(set, &hash);

    if (is_free(&hash) || !is_free(&set->slots[at]))
        return;
    set->epoch++;
    set->slots[at] = hash;
    if (++set->count > set->capacity / 4 * 3)
        grow(set);
}

/* Those behind it that a free place would cut off from their home move up. */
void suppressions_remove(struct suppressions *set, struct suppression_hash hash)
{
    size_t at = find_place(set, &hash);

    if (is_free(&set->slots[at]))
        return;
    set->count--;
    for (size_t next = next_to(set, at); !is_free(&set->slots[next]); next = next_to(set, next)) {
        size_t home = home_of(set, &set->slots[next]);

        if (((next - home) & (set->capacity - 1)) < ((next - at) & (set->capacity - 1)))
            continue;
        set->slots[at] = set->slots[next];
        at = next;
    }
    set->slots[at] = (struct suppression_hash){{0}};
}

bool suppressions_have(const struct suppressions *set, struct suppression_hash hash)
{
    return !is_free(&set->slots[find_place(set, &hash)]);
}

/* --- values and their hashes ------------------------------------------------ */

static const char *const kind_names[SUPPRESSION_KIND_COUNT] = {
    [SUPPRESSION_EMAIL] = "email", [SUPPRESSION_LINKEDIN] = "linkedin_url", [SUPPRESSION_DOMAIN] = "domain"};

const char *suppression_kind_name(enum suppression_kind kind)
{
    check((size_t)kind < LEN(kind_names));
    return kind_names[kind];
}

bool suppression_normalise(enum suppression_kind kind, struct str text, struct identity_text *out,
                           struct err_detail *detail)
{
    switch (kind) {
    case SUPPRESSION_EMAIL:
        return email_key(text, out, detail);
    case SUPPRESSION_LINKEDIN:
        return linkedin_normalise(text, out, detail);
    case SUPPRESSION_DOMAIN:
        return domain_normalise(text, out, detail);
    default:
        break;
    }
    check(false);
    return false;
}

struct suppression_hash suppressions_hash(const struct suppressions *set, enum suppression_kind kind, struct str value)
{
    uint8_t number = (uint8_t)kind;
    crypto_generichash_state state;
    struct suppression_hash hash;

    crypto_generichash_init(&state, set->key, sizeof set->key, sizeof hash.bytes);
    crypto_generichash_update(&state, set->workspace_id.bytes, sizeof set->workspace_id.bytes);
    crypto_generichash_update(&state, &number, sizeof number);
    crypto_generichash_update(&state, (const uint8_t *)value.ptr, value.len);
    crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes);
    return hash;
}

/* What follows after a value and its kind: an e-mail's domain, a domain's
 * parent. False: nothing, for what has no dot is no domain. */
static bool go_up(enum suppression_kind *kind, struct str *value)
{
    if (*kind == SUPPRESSION_LINKEDIN)
        return false;
    *value = *kind == SUPPRESSION_EMAIL ? email_domain(*value) : str_from_at(*value, str_find(*value, '.') + 1);
    *kind = SUPPRESSION_DOMAIN;
    return str_find(*value, '.') < value->len;
}

size_t suppressions_hashes(const struct suppressions *set, enum suppression_kind kind, struct str value,
                           struct suppression_hash out[SUPPRESSION_HASHES_MAX])
{
    size_t count = 0;

    do {
        check(count < SUPPRESSION_HASHES_MAX);
        out[count++] = suppressions_hash(set, kind, value);
    } while (go_up(&kind, &value));
    return count;
}

bool suppressions_hold(const struct suppressions *set, enum suppression_kind kind, struct str value)
{
    do {
        if (suppressions_have(set, suppressions_hash(set, kind, value)))
            return true;
    } while (go_up(&kind, &value));
    return false;
}

/* --- records --------------------------------------------------------------- */

bool suppressions_hold_identity(const struct suppressions *set, const struct identity *identity)
{
    struct str key = identity->key;

    switch (identity->kind) {
    case IDENTITY_EMAIL:
        return suppressions_hold(set, SUPPRESSION_EMAIL, key);
    case IDENTITY_LINKEDIN:
        return suppressions_hold(set, SUPPRESSION_LINKEDIN, key);
    case IDENTITY_PERSON: /* first|last|domain */
        return suppressions_hold(set, SUPPRESSION_DOMAIN, str_from_at(key, str_find_last(key, '|') + 1));
    case IDENTITY_DOMAIN:
    case IDENTITY_ACCOUNT_DOMAIN:
        return suppressions_hold(set, SUPPRESSION_DOMAIN, key);
    default:
        break;
    }
    check(false);
    return true;
}

bool suppressions_hold_value(const struct suppressions *set, unsigned slot, struct str value)
{
    enum suppression_kind kind = slot == CHANNEL_LINKEDIN_URL ? SUPPRESSION_LINKEDIN : SUPPRESSION_EMAIL;
    struct identity_text normal;

    if (value.len == 0 || slot >= CHANNEL_COUNT || slot == CHANNEL_PHONE)
        return false;
    return suppression_normalise(kind, value, &normal, NULL) && suppressions_hold(set, kind, identity_str(&normal));
}

bool suppressions_hold_record(const struct suppressions *set, const struct record *record)
{
    for (size_t i = 0; i < record->identity_count; i++) {
        if (suppressions_hold_identity(set, &record->identities[i]))
            return true;
    }
    for (unsigned i = 0; i < CHANNEL_COUNT && record->channels != NULL; i++) {
        if (suppressions_hold_value(set, i, record->channels[i].value))
            return true;
    }
    return false;
}
