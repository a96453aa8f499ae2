/* cli/settings.h: the configuration file, every setting with its default.
 *
 * One table says name, range, default and unit of each number; a file with a
 * wrong or unknown setting is refused as a whole, each mistake with its
 * pointer and what is allowed. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "base/log.h"
#include "base/shape.h"
#include "cli/outgoing.h"
#include "enrich/waterfall.h"
#include "workspace/rate_limit.h"

/* SETTING(section, name, min, max, default, what it is) */
#define SETTINGS(SETTING)                                                                                              \
    SETTING(server, connections_max, 1, 100000, 10000, "clients connected at once; more get 503")                      \
    SETTING(server, header_bytes_max, 1024, 65535, 16384, "a request's line and headers")                              \
    SETTING(server, request_ms, 100, 600000, 30000, "for a whole request to arrive")                                   \
    SETTING(server, idle_ms, 100, 3600000, 75000, "between two requests of a connection")                              \
    SETTING(server, write_ms, 100, 600000, 30000, "for a client to take an answer")                                    \
    SETTING(lookup, deadline_ms, 10, 600000, 30000, "for all providers of one lookup together")                        \
    SETTING(lookup, discover_deadline_ms, 10, 600000, 60000, "the same of a discovery, which has more to find")        \
    SETTING(lookup, in_flight_max, 1, 100000, 10000, "lookups under way at once; more get 503")                        \
    SETTING(limits, minute, 1, RATE_LIMIT_MAX, 100, "single-record requests of a workspace in 60 seconds")             \
    SETTING(limits, bulk, 1, RATE_LIMIT_MAX, 20, "bulk requests of a workspace in 60 seconds")                         \
    SETTING(limits, day, 1, RATE_LIMIT_MAX, 10000, "requests of a workspace in a UTC day")                             \
    SETTING(ranking, reply_worth, 0, 1000000, 100, "credits that one reply is worth")                                  \
    SETTING(ranking, second_worth, 0, 1000000, 10, "thousandths of a credit that one second of waiting costs")         \
    SETTING(ranking, half_life_days, 1, 3650, 21, "after which what was seen counts half")                             \
    SETTING(ranking, exploration_percent, 0, 100, 5, "of what lookups are worth may be spent on trying out others")    \
    SETTING(ranking, outcomes_min, 0, 1000000, 10, "reported of a channel before its order is learned")                \
    SETTING(store, cache_bytes, 0, INT64_C(1) << 40, INT64_C(256) << 20, "memory for records asked for lately")

struct settings {
    struct {
#define SETTING(section, name, min, max, by_default, what) int64_t section##_##name;
        SETTINGS(SETTING)
#undef SETTING
    } number;
    enum charge_policy charge_policy; /* lookup.charge_policy: "winner", "attempts" */
    enum log_level log_level;         /* log.level */
    bool checks_keys;                 /* health.check_keys: of providers, at the start */
    bool is_ranking_learned;          /* ranking.order: "learned", "configured" */
    struct outgoing_settings outgoing;
    json_t *doc;              /* owned; keeps the two below; NULL without a file */
    const json_t *providers;  /* may be NULL */
    const json_t *waterfalls; /* may be NULL */
};

/* `path` may be NULL: all defaults. ERR_IO, ERR_MALFORMED_JSON, ERR_INVALID with
 * one line a mistake in `why`. */
must_use enum err settings_read(const char *path, struct settings *out, struct buf *why);
/* The same with each mistake for itself (ERR_INVALID); what else is wrong is in `why`. */
must_use enum err settings_load(const char *path, struct settings *out, struct shape_mistakes *mistakes,
                                struct err_detail *why);
void settings_deinit(struct settings *settings);

/* Tells every member of a section ("server", "connections_max") that has another value in `b` than in `a`. What is no
 * object (providers, an array) has no members. */
void settings_each_difference(const struct settings *a, const struct settings *b,
                              void (*tell)(void *ctx, const char *section, const char *name), void *ctx);

/* One line for each mistake, begun with `before`: "  /pointer: detail". What would break the line, or move the cursor,
 * is shown as JSON writes it. */
void settings_put_mistakes(struct buf *out, const char *before, const struct shape_mistakes *mistakes);

#endif
