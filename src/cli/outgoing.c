#include "cli/outgoing.h"

#include "base/check.h"

#include <stdio.h>

/* A list of at most `max` items, each taken by `take` or reported as `wanted`. */
struct list_reading {
    const char *member;
    size_t max;
    bool (*take)(const json_t *item, void *out);
    const char *wanted;
};

static void read_list(struct shape *shape, const struct list_reading *reading, void *out)
{
    const json_t *list = shape_any(shape, reading->member);
    const json_t *item;
    char pointer[80];
    size_t index;

    if (list == NULL)
        return;
    if (!json_is_array(list) || json_array_size(list) > reading->max) {
        shape_report_member(shape, reading->member, "must be an array of at most %zu, each %s", reading->max,
                            reading->wanted);
        return;
    }
    json_array_foreach(list, index, item)
    {
        snprintf(pointer, sizeof pointer, "%.*s/%s/%zu", STR_ARG(shape->pointer), reading->member, index);
        if (!reading->take(item, out))
            shape_report(shape->mistakes, str_from(pointer), "must be %s", reading->wanted);
    }
}

static bool take_network(const json_t *item, void *out)
{
    struct outgoing_rules *rules = out;

    return network_read(json_str(item), &rules->allowed[rules->allowed_count]) && ++rules->allowed_count > 0;
}

static bool take_port(const json_t *item, void *out)
{
    struct outgoing_rules *rules = out;
    int64_t port;

    if (!json_whole(item, &port) || port < 1 || port > UINT16_MAX)
        return false;
    rules->ports[rules->port_count++] = (uint16_t)port;
    return true;
}

static bool take_name_server(const json_t *item, void *out)
{
    struct outgoing_settings *settings = out;
    size_t used = strlen(settings->name_servers);
    struct str text = json_str(item);
    struct outgoing_target target;
    char url[96];

    snprintf(url, sizeof url, "https://%.*s/", STR_ARG(text));
    if (text.len == 0 || text.len > 64 || outgoing_read(url, &target) != NULL || !target.is_literal)
        return false;
    snprintf(settings->name_servers + used, sizeof settings->name_servers - used, "%s%.*s", used > 0 ? "," : "",
             STR_ARG(text));
    return true;
}

static void read_rules(struct shape *outer, const char *member, struct outgoing_rules *out)
{
    static const struct list_reading networks = {"allow", OUTGOING_NETWORKS_MAX, take_network,
                                                 "a network, like \"10.0.0.0/8\" or \"fd00::/8\""};
    static const struct list_reading ports = {"ports", OUTGOING_PORTS_MAX, take_port, "a port, 1 to 65535"};
    const json_t *object = shape_any(outer, member);
    struct shape shape;
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/outgoing/%s", member);
    if (object == NULL || !shape_begin(&shape, object, str_from(pointer), outer->mistakes))
        return;
    read_list(&shape, &networks, out);
    read_list(&shape, &ports, out);
    shape_bool(&shape, "http", &out->allows_http);
    shape_end(&shape);
}

void outgoing_read_settings(struct shape *top, struct outgoing_settings *out)
{
    static const struct list_reading servers = {"name_servers", 3, take_name_server,
                                                "an address with a port, like \"192.0.2.1:53\""};
    const json_t *object = shape_any(top, "outgoing");
    struct shape shape;

    if (object == NULL || !shape_begin(&shape, object, STR("/outgoing"), top->mistakes))
        return;
    read_rules(&shape, "providers", &out->providers);
    read_rules(&shape, "webhooks", &out->webhooks);
    read_list(&shape, &servers, out);
    shape_end(&shape);
}
