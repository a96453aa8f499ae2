#include "store/trait.h"

#include "base/check.h"

static const char *const statuses[EMAIL_STATUS_COUNT] = {"",
#define EMAIL_STATUS(id, name) name,
                                                         EMAIL_STATUSES(EMAIL_STATUS)
#undef EMAIL_STATUS
};

static const char *const types[PHONE_TYPE_COUNT] = {"",
#define PHONE_TYPE(id, name) name,
                                                    PHONE_TYPES(PHONE_TYPE)
#undef PHONE_TYPE
};

static unsigned find(const char *const *names, unsigned count, struct str name)
{
    unsigned i = 1;

    while (i < count && !str_is(name, str_from(names[i])))
        i++;
    return i;
}

const char *email_status_name(enum email_status status)
{
    check(status < EMAIL_STATUS_COUNT);
    return statuses[status];
}

bool email_status_from(struct str name, enum email_status *out_status)
{
    *out_status = (enum email_status)find(statuses, EMAIL_STATUS_COUNT, name);
    return *out_status < EMAIL_STATUS_COUNT;
}

const char *phone_type_name(enum phone_type type)
{
    check(type < PHONE_TYPE_COUNT);
    return types[type];
}

bool phone_type_from(struct str name, enum phone_type *out_type)
{
    *out_type = (enum phone_type)find(types, PHONE_TYPE_COUNT, name);
    return *out_type < PHONE_TYPE_COUNT;
}
