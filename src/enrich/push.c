#include "enrich/push.h"

bool value_is_pushable(const struct kept_channel *kept)
{
    return kept->value.len != 0 && kept->verified != 0 && kept->traits.email_status != EMAIL_STATUS_UNDELIVERABLE &&
           !kept->traits.do_not_call;
}

unsigned record_pushable(const struct record *record)
{
    unsigned slots = 0;

    for (unsigned i = 0; i < CHANNEL_COUNT; i++)
        slots |= value_is_pushable(&record->channels[i]) ? 1u << i : 0;
    return slots;
}
