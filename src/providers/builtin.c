#include "providers/builtin.h"

#include "base/embed.h"

/* clang-format off */
#define CONNECTOR(number, name) EMBED(builtin_##number, "connectors/" name "/connector.json");
#include "providers/connectors.def"
#undef CONNECTOR

static const char *const names[] = {
#define CONNECTOR(number, name) name,
#include "providers/connectors.def"
#undef CONNECTOR
    NULL
};

static const struct {
    const char *text;
    const uint64_t *bytes;
} texts[] = {
#define CONNECTOR(number, name) {builtin_##number, &builtin_##number##_bytes},
#include "providers/connectors.def"
#undef CONNECTOR
    {NULL, NULL}
};
/* clang-format on */

struct str builtin_connector(struct str name)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (str_is(name, str_from(names[i])))
            return (struct str){texts[i].text, (size_t)*texts[i].bytes};
    }
    return STR_NONE;
}

const char *const *builtin_names(void)
{
    return names;
}
