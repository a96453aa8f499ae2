/* store/channel.h: the contact channels, one line each: the seed's words. */
#ifndef STORE_CHANNEL_H
#define STORE_CHANNEL_H

#include "base/str.h"

#include <stdbool.h>

/* CHANNEL(id, member name) */
#define CHANNELS(CHANNEL)                                                                                              \
    CHANNEL(WORK_EMAIL, "work_email")                                                                                  \
    CHANNEL(PERSONAL_EMAIL, "personal_email")                                                                          \
    CHANNEL(PHONE, "phone")                                                                                            \
    CHANNEL(LINKEDIN_URL, "linkedin_url")

enum channel {
#define CHANNEL(id, name) CHANNEL_##id,
    CHANNELS(CHANNEL)
#undef CHANNEL
        CHANNEL_COUNT
};

/* A set of channels: bit 1 << channel. */
#define CHANNELS_ALL ((1u << CHANNEL_COUNT) - 1)

const char *channel_name(enum channel channel);
bool channel_from(struct str name, enum channel *out_channel);

#endif
