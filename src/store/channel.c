#include "store/channel.h"

#include "base/check.h"

static const char *const names[] = {
#define CHANNEL(id, name) [CHANNEL_##id] = name,
    CHANNELS(CHANNEL)
#undef CHANNEL
};

const char *channel_name(enum channel channel)
{
    check((size_t)channel < LEN(names));
    return names[channel];
}

bool channel_from(struct str name, enum channel *out_channel)
{
    for (size_t i = 0; i < LEN(names); i++) {
        if (str_is(name, str_from(names[i]))) {
            *out_channel = (enum channel)i;
            return true;
        }
    }
    return false;
}
