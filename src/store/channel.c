#include "store/channel.h"

#include "base/check.h"

static const char *const waterfall_names[WATERFALL_COUNT] = {
#define CHANNEL(id, name) [CHANNEL_##id] = name,
    CHANNELS(CHANNEL)
#undef CHANNEL
        [CHANNEL_ACCOUNT] = "account",
};

static const char *const slot_names[SLOT_COUNT] = {
#define CHANNEL(id, name) [CHANNEL_##id] = name,
    CHANNELS(CHANNEL)
#undef CHANNEL
#define FIELD(id, name, type) [SLOT_##id] = name,
        FIELDS(FIELD)
#undef FIELD
};

static const enum field_type field_types[SLOT_COUNT] = {
#define FIELD(id, name, type) [SLOT_##id] = FIELD_##type,
    FIELDS(FIELD)
#undef FIELD
};

static bool find_name(struct str name, const char *const *names, unsigned count, unsigned *out_index)
{
    for (unsigned i = 0; i < count; i++) {
        if (str_is(name, str_from(names[i]))) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

const char *channel_name(enum channel channel)
{
    check((size_t)channel < WATERFALL_COUNT);
    return waterfall_names[channel];
}

bool waterfall_from(struct str name, enum channel *out_channel)
{
    unsigned index;

    if (!find_name(name, waterfall_names, WATERFALL_COUNT, &index))
        return false;
    *out_channel = (enum channel)index;
    return true;
}

bool channel_from(struct str name, enum channel *out_channel)
{
    return !str_is(name, STR("account")) && waterfall_from(name, out_channel);
}

const char *slot_name(unsigned slot)
{
    check(slot < SLOT_COUNT);
    return slot_names[slot];
}

bool slot_from(struct str name, unsigned *out_slot)
{
    return find_name(name, slot_names, SLOT_COUNT, out_slot);
}

enum field_type field_type(unsigned slot)
{
    check(slot >= CHANNEL_COUNT && slot < SLOT_COUNT);
    return field_types[slot];
}

enum channel slot_waterfall(unsigned slot)
{
    return slot < CHANNEL_COUNT ? (enum channel)slot : CHANNEL_ACCOUNT;
}

unsigned waterfall_slots(enum channel channel)
{
    return channel == CHANNEL_ACCOUNT ? FIELDS_ALL : 1u << channel;
}
