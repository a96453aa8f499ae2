#include "enrich/learned.h"

#include "identity/identity.h"

static void keep_value(struct kept_channel *kept, const struct found *found, int64_t now_us)
{
    bool is_same = str_is(kept->value, found->value);

    *kept = (struct kept_channel){.value = found->value,
                                  .source = found->source,
                                  .provider = found->provider,
                                  .traits = found->traits,
                                  .confidence_ppm = found->confidence_ppm,
                                  .enriched_at_us = now_us,
                                  .verified = found->is_verified ? 1
                                              : is_same          ? kept->verified
                                                                 : -1};
}

/* A value that is good enough for the question but was not found again is gone. */
static void keep_miss(struct kept_channel *kept, unsigned slot, const struct question *question,
                      const struct waterfall_run *run, int64_t now_us)
{
    if (kept->confidence_ppm >= question->min_confidence_ppm)
        *kept = (struct kept_channel){.verified = -1};
    kept->missed_at_us = now_us;
    kept->missed_ppm = question->min_confidence_ppm;
    kept->missed_hints = hints_mask(&question->hints);
    kept->missed_waterfall = run->order != NULL ? run->order->of[slot_waterfall(slot)].fingerprint
                                                : run->waterfalls->of[slot_waterfall(slot)].fingerprint;
}

unsigned learn_channels(struct record *record, const struct question *question, const struct waterfall_run *run,
                        int64_t now_us)
{
    unsigned changed = run->channels & ~waterfall_run_incomplete(run);

    for (unsigned i = 0; i < slots_end(question->channels); i++) {
        const struct found *found = waterfall_run_found(run, i);

        if ((changed & 1u << i) == 0)
            continue;
        if (found != NULL)
            keep_value(&record->channels[i], found, now_us);
        else
            keep_miss(&record->channels[i], i, question, run, now_us);
    }
    return changed;
}

static bool has_identity(const struct record *record, const struct identity *identity)
{
    for (size_t i = 0; i < record->identity_count; i++) {
        if (record->identities[i].kind == identity->kind && str_is(record->identities[i].key, identity->key))
            return true;
    }
    return false;
}

static void add_identity(struct record *record, struct identity identity)
{
    if (identity.key.len != 0 && record->identity_count < IDENTITIES_MAX && !has_identity(record, &identity))
        record->identities[record->identity_count++] = identity;
}

static void add_found(struct record *record, unsigned channel, struct str value, struct arena *arena)
{
    struct identity_text key;

    if (channel == CHANNEL_LINKEDIN_URL)
        add_identity(record, (struct identity){IDENTITY_LINKEDIN, value, STR_NONE});
    else if (channel != CHANNEL_PHONE && email_key(value, &key, NULL))
        add_identity(record, (struct identity){IDENTITY_EMAIL, arena_keep(arena, identity_str(&key)), value});
}

/* What is found for an office's mailbox is somebody's of the office: it names no
 * person, and the record of the mailbox must not become that of one. */
static bool is_about_mailbox(const struct question *question)
{
    return question->kind == QUESTION_ENRICH && question->identity_count == 1 &&
           question->identities[0].kind == IDENTITY_EMAIL && is_role_mailbox(question->identities[0].key);
}

void learn_identities(struct record *record, const struct question *question, const struct waterfall_run *run,
                      struct arena *arena)
{
    if (record->identities == NULL)
        record->identities = arena_alloc(arena, (QUESTION_IDENTITIES_MAX + CHANNEL_COUNT) * sizeof *record->identities);
    if (record->identities == NULL)
        return;
    for (size_t i = 0; i < question->identity_count; i++)
        add_identity(record, question->identities[i]);
    for (unsigned i = 0; i < CHANNEL_COUNT && !is_about_mailbox(question); i++) {
        const struct found *found = waterfall_run_found(run, i);

        if (found != NULL)
            add_found(record, i, found->value, arena);
    }
}
