#include "net/resolver.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

#include <ares.h>
#include <uthash.h>

enum { TRY_MS = 2000, TRIES = 2 };

/* A name that is asked for, or known. */
struct name {
    UT_hash_handle hh;
    struct resolver *resolver;
    struct list waiting; /* of struct resolver_query */
    struct later answering;
    union resolver_address addresses[RESOLVER_ADDRESSES_MAX];
    size_t count;
    const char *error;
    int64_t expires_us;
    bool is_asked;     /* c-ares will tell */
    bool is_answering; /* its addresses are being shown */
    char host[];
};

/* One of c-ares' sockets on the loop. */
struct watch {
    uv_poll_t poll;
    struct list link;
    struct resolver *resolver;
    ares_socket_t fd;
};

struct resolver {
    struct loop *loop;
    char *servers; /* owned; NULL: the system's */
    ares_channel channel;
    bool is_open;
    bool is_closing; /* c-ares tells the queries' end: nobody is there to hear it */
    struct loop_timer timer;
    struct list watches;
    struct name *names;
};

static void timer_expired(struct loop_timer *timer);

struct resolver *resolver_new(struct loop *loop, const char *servers)
{
    struct resolver *resolver = mem_new(sizeof *resolver);

    resolver->loop = loop;
    resolver->servers = servers == NULL ? NULL : mem_copy_text(servers, strlen(servers));
    list_init(&resolver->watches);
    loop_timer_init(loop, &resolver->timer, timer_expired);
    return resolver;
}

/* --- c-ares on the loop --- */

static void keep_time(struct resolver *resolver)
{
    struct timeval left;

    if (ares_timeout(resolver->channel, NULL, &left) == NULL)
        loop_timer_stop(&resolver->timer);
    else
        loop_timer_start(&resolver->timer, left.tv_sec * SECOND_US + left.tv_usec);
}

static void timer_expired(struct loop_timer *timer)
{
    struct resolver *resolver = container_of(timer, struct resolver, timer);

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    keep_time(resolver);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = container_of(poll, struct watch, poll);
    struct resolver *resolver = watch->resolver;
    bool reads = status < 0 || (events & UV_READABLE) != 0;
    bool writes = status < 0 || (events & UV_WRITABLE) != 0;

    ares_process_fd(resolver->channel, reads ? watch->fd : ARES_SOCKET_BAD, writes ? watch->fd : ARES_SOCKET_BAD);
    keep_time(resolver);
}

static struct watch *find_watch(struct resolver *resolver, ares_socket_t fd)
{
    list_each(at, following, &resolver->watches)
    {
        struct watch *watch = list_entry(at, struct watch, link);

        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static struct watch *add_watch(struct resolver *resolver, ares_socket_t fd)
{
    struct watch *watch = mem_new(sizeof *watch);

    watch->resolver = resolver;
    watch->fd = fd;
    if (uv_poll_init(&resolver->loop->uv, &watch->poll, fd) != 0) {
        mem_free(watch); /* its query will run out of time */
        return NULL;
    }
    list_append(&resolver->watches, &watch->link);
    return watch;
}

static void watch_closed(uv_handle_t *handle)
{
    mem_free(container_of(handle, struct watch, poll));
}

static void drop_watch(struct watch *watch)
{
    list_remove(&watch->link);
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static void want_socket(void *ctx, ares_socket_t fd, int reads, int writes)
{
    struct resolver *resolver = ctx;
    struct watch *watch = find_watch(resolver, fd);
    int events = (reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0);

    if (watch == NULL && events != 0)
        watch = add_watch(resolver, fd);
    if (watch == NULL)
        return;
    if (events == 0)
        drop_watch(watch);
    else
        check(uv_poll_start(&watch->poll, events, socket_ready) == 0);
}

static bool open_channel(struct resolver *resolver)
{
    struct ares_options options = {
        .timeout = TRY_MS, .tries = TRIES, .sock_state_cb = want_socket, .sock_state_cb_data = resolver};

    if (resolver->is_open)
        return true;
    check(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
    if (ares_init_options(&resolver->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
        ARES_SUCCESS)
        return false;
    resolver->is_open = true;
    return resolver->servers == NULL ||
           ares_set_servers_ports_csv(resolver->channel, resolver->servers) == ARES_SUCCESS;
}

/* --- names --- */

static void drop_name(struct resolver *resolver, struct name *name)
{
    HASH_DEL(resolver->names, name);
    loop_later_cancel(resolver->loop, &name->answering);
    mem_free(name);
}

/* A `done` may start a query for the name again: those wait for the next time. */
static void answer(struct later *later)
{
    struct name *name = container_of(later, struct name, answering);
    struct list waiting;
    struct list *link;

    list_init(&waiting);
    list_move_all(&waiting, &name->waiting);
    name->is_answering = true;
    while ((link = list_take(&waiting)) != NULL) {
        struct resolver_query *query = list_entry(link, struct resolver_query, link);

        query->addresses = name->addresses;
        query->count = name->count;
        query->error = name->error;
        query->done(query);
    }
    name->is_answering = false;
}

static void answer_later(struct name *name)
{
    if (list_is_empty(&name->answering.link))
        loop_later(name->resolver->loop, &name->answering);
}

static bool keep_address(struct name *name, const struct ares_addrinfo_node *node)
{
    bool fits = node->ai_addrlen <= sizeof name->addresses[0];

    if (!fits || name->count == RESOLVER_ADDRESSES_MAX)
        return false;
    memcpy(&name->addresses[name->count++], node->ai_addr, node->ai_addrlen);
    return true;
}

/* All of them or none: an address that is not looked at must not be dialled. */
static const char *keep_addresses(struct name *name, const struct ares_addrinfo *found)
{
    int64_t kept_s = RESOLVER_KEPT_S_MAX;

    for (const struct ares_addrinfo_node *node = found->nodes; node != NULL; node = node->ai_next) {
        if (!keep_address(name, node))
            return "the host has too many addresses";
        kept_s = node->ai_ttl < kept_s ? node->ai_ttl : kept_s;
    }
    name->expires_us = clock_steady_us() + kept_s * SECOND_US;
    return name->count == 0 ? "the host has no address" : NULL;
}

static void found(void *ctx, int status, int timeouts, struct ares_addrinfo *result)
{
    struct name *name = ctx;

    (void)timeouts;
    if (name->resolver->is_closing) {
        ares_freeaddrinfo(result);
        return;
    }
    name->is_asked = false;
    if (status == ARES_SUCCESS)
        name->error = keep_addresses(name, result);
    else
        name->error = status == ARES_ENOTFOUND || status == ARES_ENODATA ? "the host's name is not known"
                                                                         : "the host's name could not be looked up";
    ares_freeaddrinfo(result);
    answer_later(name);
}

static void ask(struct name *name)
{
    struct resolver *resolver = name->resolver;
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    name->count = 0;
    name->expires_us = 0;
    if (!open_channel(resolver)) {
        name->error = "name servers cannot be asked";
        answer_later(name);
        return;
    }
    name->is_asked = true;
    ares_getaddrinfo(resolver->channel, name->host, NULL, &hints, found, name);
    keep_time(resolver);
}

/* Those that nobody waits for go when there are many. */
static void make_room(struct resolver *resolver)
{
    struct name *name, *next;

    if (HASH_COUNT(resolver->names) < RESOLVER_NAMES_MAX)
        return;
    HASH_ITER(hh, resolver->names, name, next)
    {
        if (!name->is_asked && !name->is_answering && list_is_empty(&name->waiting))
            drop_name(resolver, name);
    }
}

static struct name *get_name(struct resolver *resolver, const char *host)
{
    size_t len = strlen(host);
    struct name *name;

    HASH_FIND(hh, resolver->names, host, len, name);
    if (name != NULL)
        return name;
    make_room(resolver);
    name = mem_new(sizeof *name + len + 1);
    name->resolver = resolver;
    memcpy(name->host, host, len);
    list_init(&name->waiting);
    loop_later_init(&name->answering, answer);
    HASH_ADD(hh, resolver->names, host, len, name);
    return name;
}

void resolver_start(struct resolver *resolver, struct resolver_query *query)
{
    struct name *name = get_name(resolver, query->host);
    bool is_known = name->expires_us > clock_steady_us();

    list_append(&name->waiting, &query->link);
    if (is_known)
        answer_later(name);
    else if (!name->is_asked)
        ask(name);
}

void resolver_cancel(struct resolver_query *query)
{
    list_remove(&query->link);
}

static void timer_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct resolver, timer));
}

void resolver_free(struct resolver **resolver_at)
{
    struct resolver *resolver = *resolver_at;
    struct name *name, *next;

    if (resolver == NULL)
        return;
    *resolver_at = NULL;
    resolver->is_closing = true;
    if (resolver->is_open)
        ares_destroy(resolver->channel);
    HASH_ITER(hh, resolver->names, name, next)
    {
        drop_name(resolver, name);
    }
    while (!list_is_empty(&resolver->watches))
        drop_watch(list_entry(resolver->watches.next, struct watch, link));
    mem_free(resolver->servers);
    loop_timer_close(&resolver->timer, timer_closed);
}
