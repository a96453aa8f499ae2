#include "store/cache.h"

#include "base/check.h"
#include "base/mem.h"

enum { WAYS = 4, SETS_FIRST = 256, TEXT_BYTES_MAX = 65535, MALLOC_BYTES = 16 };

/* One channel of a record, packed; its value and source follow the array. */
struct packed_channel {
    int64_t enriched_at_us, missed_at_us;
    uint64_t missed_waterfall;
    uint32_t confidence_ppm, missed_ppm;
    uint16_t value_len, source_len;
    uint8_t channel, missed_hints;
    int8_t verified;
    struct traits traits;
};

struct entry {
    struct id workspace_id;
    struct id record_id;
    uint32_t bytes;
    uint16_t key_len;
    uint8_t kind, channel_count;
    struct packed_channel channels[]; /* then the key's bytes, then each channel's texts */
};

struct place {
    uint64_t hash;
    struct entry *entry;
};

struct record_cache {
    struct place *places; /* WAYS for each set */
    size_t sets;          /* a power of two; doubles when they are half full */
    size_t count;
    size_t bytes, bytes_max;
    size_t hand;  /* the next place to give up */
    uint8_t turn; /* which way of a full set goes next */
};

struct record_cache *record_cache_new(size_t bytes_max)
{
    struct record_cache *cache = mem_new(sizeof *cache);

    cache->bytes_max = bytes_max;
    cache->sets = SETS_FIRST;
    cache->places = mem_new(cache->sets * WAYS * sizeof *cache->places);
    return cache;
}

static void drop(struct record_cache *cache, struct place *place)
{
    if (place->entry == NULL)
        return;
    cache->count--;
    cache->bytes -= place->entry->bytes + MALLOC_BYTES;
    mem_free(place->entry);
    *place = (struct place){.entry = NULL};
}

void record_cache_free(struct record_cache **cache_at)
{
    struct record_cache *cache = *cache_at;

    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->sets * WAYS; i++)
        drop(cache, &cache->places[i]);
    mem_free(cache->places);
    mem_free(cache);
    *cache_at = NULL;
}

size_t record_cache_bytes(const struct record_cache *cache)
{
    return cache->bytes;
}

static uint64_t hash_of(struct id workspace_id, const struct identity *identity)
{
    uint64_t seed =
        str_hash((struct str){(const char *)workspace_id.bytes, sizeof workspace_id.bytes}, (uint64_t)identity->kind);

    return str_hash(identity->key, seed);
}

static char *texts_of(struct entry *entry)
{
    return (char *)&entry->channels[entry->channel_count];
}

static struct place *set_of(struct record_cache *cache, uint64_t hash)
{
    return &cache->places[(hash & (cache->sets - 1)) * WAYS];
}

static struct place *find_place(struct record_cache *cache, struct id workspace_id, const struct identity *identity)
{
    uint64_t hash = hash_of(workspace_id, identity);
    struct place *set = set_of(cache, hash);

    for (size_t i = 0; i < WAYS; i++) {
        struct entry *entry = set[i].entry;

        if (entry != NULL && set[i].hash == hash && entry->kind == identity->kind &&
            id_is(entry->workspace_id, workspace_id) &&
            str_is((struct str){texts_of(entry), entry->key_len}, identity->key))
            return &set[i];
    }
    return NULL;
}

static struct str take_text(char **texts, size_t len, struct arena *arena)
{
    struct str text = {*texts, len};

    *texts += len;
    return len == 0 ? STR_NONE : arena_keep(arena, text);
}

static void unpack(struct entry *entry, struct arena *arena, struct record *out)
{
    char *texts = texts_of(entry) + entry->key_len;

    *out = (struct record){.id = entry->record_id,
                           .channels = channels_new(arena, entry->kind == IDENTITY_ACCOUNT_DOMAIN)};
    if (out->channels == NULL)
        return;
    for (size_t i = 0; i < entry->channel_count; i++) {
        const struct packed_channel *packed = &entry->channels[i];
        struct kept_channel *kept = &out->channels[packed->channel];

        kept->value = take_text(&texts, packed->value_len, arena);
        kept->source = take_text(&texts, packed->source_len, arena);
        kept->confidence_ppm = packed->confidence_ppm;
        kept->enriched_at_us = packed->enriched_at_us;
        kept->verified = packed->verified;
        kept->traits = packed->traits;
        kept->missed_at_us = packed->missed_at_us;
        kept->missed_ppm = packed->missed_ppm;
        kept->missed_hints = packed->missed_hints;
        kept->missed_waterfall = packed->missed_waterfall;
    }
}

bool record_cache_find(struct record_cache *cache, struct id workspace_id, const struct identity *identity,
                       struct arena *arena, struct record *out_record)
{
    struct place *place = find_place(cache, workspace_id, identity);

    if (place == NULL)
        return false;
    unpack(place->entry, arena, out_record);
    return !arena->is_full;
}

/* How many slots a record has that is asked for by that identity. */
static size_t slots_of(const struct identity *identity)
{
    return identity->kind == IDENTITY_ACCOUNT_DOMAIN ? SLOT_COUNT : CHANNEL_COUNT;
}

static bool is_known(const struct kept_channel *kept)
{
    return kept->value.len != 0 || kept->missed_at_us != 0;
}

/* Bytes of the entry, or 0 when a text is too long to be worth keeping. */
static size_t packed_bytes(const struct identity *identity, const struct record *record)
{
    size_t bytes = sizeof(struct entry) + identity->key.len;

    if (identity->key.len > TEXT_BYTES_MAX)
        return 0;
    for (size_t i = 0; i < slots_of(identity); i++) {
        const struct kept_channel *kept = &record->channels[i];

        if (kept->value.len > TEXT_BYTES_MAX || kept->source.len > TEXT_BYTES_MAX)
            return 0;
        if (is_known(kept))
            bytes += sizeof(struct packed_channel) + kept->value.len + kept->source.len;
    }
    return bytes;
}

static void put_text(char **texts, struct str text)
{
    if (text.len != 0)
        memcpy(*texts, text.ptr, text.len);
    *texts += text.len;
}

static void pack_channel(struct packed_channel *packed, size_t channel, const struct kept_channel *kept)
{
    *packed = (struct packed_channel){.enriched_at_us = kept->enriched_at_us,
                                      .missed_at_us = kept->missed_at_us,
                                      .missed_waterfall = kept->missed_waterfall,
                                      .confidence_ppm = (uint32_t)kept->confidence_ppm,
                                      .missed_ppm = (uint32_t)kept->missed_ppm,
                                      .value_len = (uint16_t)kept->value.len,
                                      .source_len = (uint16_t)kept->source.len,
                                      .channel = (uint8_t)channel,
                                      .missed_hints = (uint8_t)kept->missed_hints,
                                      .verified = (int8_t)kept->verified,
                                      .traits = kept->traits};
}

static struct entry *pack(struct id workspace_id, const struct identity *identity, const struct record *record,
                          size_t bytes)
{
    struct entry *entry = mem_new(bytes);
    char *texts;

    entry->workspace_id = workspace_id;
    entry->record_id = record->id;
    entry->bytes = (uint32_t)bytes;
    entry->kind = (uint8_t)identity->kind;
    entry->key_len = (uint16_t)identity->key.len;
    for (size_t i = 0; i < slots_of(identity); i++) {
        if (is_known(&record->channels[i]))
            pack_channel(&entry->channels[entry->channel_count++], i, &record->channels[i]);
    }
    texts = texts_of(entry);
    put_text(&texts, identity->key);
    for (size_t i = 0; i < entry->channel_count; i++) {
        put_text(&texts, record->channels[entry->channels[i].channel].value);
        put_text(&texts, record->channels[entry->channels[i].channel].source);
    }
    check(texts == (char *)entry + bytes);
    return entry;
}

static struct place *free_place(struct record_cache *cache, uint64_t hash)
{
    struct place *set = set_of(cache, hash);

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].entry == NULL)
            return &set[i];
    }
    set += cache->turn++ % WAYS;
    drop(cache, set);
    return set;
}

/* Twice the sets: each old set's entries part into two. Nothing is dropped. */
static void grow(struct record_cache *cache)
{
    struct place *old = cache->places;
    size_t old_count = cache->sets * WAYS;

    cache->sets *= 2;
    cache->places = mem_new(cache->sets * WAYS * sizeof *cache->places);
    for (size_t i = 0; i < old_count; i++) {
        struct place *set = set_of(cache, old[i].hash);

        if (old[i].entry == NULL)
            continue;
        while (set->entry != NULL)
            set++;
        *set = old[i];
    }
    mem_free(old);
    cache->hand = 0;
}

void record_cache_put(struct record_cache *cache, struct id workspace_id, const struct identity *identity,
                      const struct record *record)
{
    size_t bytes = packed_bytes(identity, record);
    struct place *place;
    uint64_t hash;

    check(!id_is_none(record->id));
    record_cache_forget(cache, workspace_id, identity);
    if (bytes == 0 || bytes + MALLOC_BYTES > cache->bytes_max)
        return;
    while (cache->bytes + bytes + MALLOC_BYTES > cache->bytes_max) {
        drop(cache, &cache->places[cache->hand]);
        cache->hand = (cache->hand + 1) & (cache->sets * WAYS - 1);
    }
    if (cache->count >= cache->sets * WAYS / 2)
        grow(cache);
    hash = hash_of(workspace_id, identity);
    place = free_place(cache, hash);
    cache->count++;
    *place = (struct place){.hash = hash, .entry = pack(workspace_id, identity, record, bytes)};
    cache->bytes += bytes + MALLOC_BYTES;
}

void record_cache_forget(struct record_cache *cache, struct id workspace_id, const struct identity *identity)
{
    struct place *place = find_place(cache, workspace_id, identity);

    if (place != NULL)
        drop(cache, place);
}
