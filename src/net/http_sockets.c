#include "net/http_sockets.h"

#include "base/check.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <string.h>

struct watch {
    uv_poll_t poll;
    struct http_sockets *sockets;
    void *owner;
    int wanted; /* libcurl's wish, in UV_READABLE and UV_WRITABLE */
    int polled; /* what the loop polls for; a superset while the connection is kept */
    bool is_connected;
};

void http_sockets_init(struct http_sockets *sockets, struct loop *loop, void (*ready)(void *owner, int fd, int events))
{
    *sockets = (struct http_sockets){.loop = loop, .ready = ready};
}

void http_sockets_deinit(struct http_sockets *sockets)
{
    for (size_t fd = 0; fd < sockets->watches_len; fd++)
        http_sockets_close(sockets, (int)fd);
    mem_free(sockets->watches);
}

static void watch_closed(uv_handle_t *handle)
{
    mem_free(container_of(handle, struct watch, poll));
}

static struct watch *find_watch(const struct http_sockets *sockets, int fd)
{
    return (size_t)fd < sockets->watches_len ? sockets->watches[fd] : NULL;
}

void http_sockets_close(struct http_sockets *sockets, int fd)
{
    struct watch *watch = find_watch(sockets, fd);

    if (watch == NULL)
        return;
    sockets->watches[fd] = NULL;
    watch->wanted = 0;
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

/* --- polling --- */

static void poll_socket(struct watch *watch, int events);

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = container_of(poll, struct watch, poll);
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    uv_os_fd_t fd = -1;

    if (status < 0) {
        watch->polled = 0; /* libuv has stopped it */
        flags = CURL_CSELECT_ERR;
    }
    if (watch->wanted == 0) { /* a kept connection that the other side has closed: seen when next used */
        uv_poll_stop(poll);
        watch->polled = 0;
        return;
    }
    check(uv_fileno((uv_handle_t *)poll, &fd) == 0);
    watch->sockets->ready(watch->owner, fd, flags);
    if (watch->polled == 0 && watch->wanted != 0)
        poll_socket(watch, watch->wanted);
}

static void poll_socket(struct watch *watch, int events)
{
    if (watch->polled == events)
        return;
    watch->polled = events;
    check(uv_poll_start(&watch->poll, events, socket_ready) == 0);
}

/* --- the table --- */

static void make_room(struct http_sockets *sockets, int fd)
{
    size_t len = ((size_t)fd + 64) * 2, had = sockets->watches_len;

    if ((size_t)fd < had)
        return;
    sockets->watches = mem_resize(sockets->watches, len * sizeof *sockets->watches);
    memset(sockets->watches + had, 0, (len - had) * sizeof *sockets->watches);
    sockets->watches_len = len;
}

/* The watch of `fd`, made when there is none; NULL when the loop cannot poll it. */
static struct watch *get_watch(struct http_sockets *sockets, void *owner, int fd)
{
    struct watch *watch = find_watch(sockets, fd);

    if (watch == NULL) {
        make_room(sockets, fd);
        watch = mem_new(sizeof *watch);
        if (uv_poll_init(&sockets->loop->uv, &watch->poll, fd) != 0) {
            mem_free(watch);
            return NULL;
        }
        watch->sockets = sockets;
        sockets->watches[fd] = watch;
    }
    watch->owner = owner;
    return watch;
}

/* A watch that bears the number of a new socket is of one whose end libcurl did
 * not tell. Its wish is taken over: libcurl may not repeat it for the same number. */
bool http_sockets_open(struct http_sockets *sockets, void *owner, int fd)
{
    struct watch *watch = find_watch(sockets, fd);
    int wish = watch == NULL ? 0 : watch->wanted;

    http_sockets_close(sockets, fd);
    watch = get_watch(sockets, owner, fd);
    if (watch == NULL)
        return false;
    watch->wanted = wish;
    if (wish != 0)
        poll_socket(watch, wish);
    return true;
}

void http_sockets_connected(struct http_sockets *sockets, int fd)
{
    struct watch *watch = find_watch(sockets, fd);

    if (watch != NULL)
        watch->is_connected = true;
}

static void want_nothing(struct http_sockets *sockets, int fd)
{
    struct watch *watch = find_watch(sockets, fd);

    if (watch != NULL && watch->is_connected)
        watch->wanted = 0;
    else
        http_sockets_close(sockets, fd);
}

bool http_sockets_want(struct http_sockets *sockets, void *owner, int fd, int what)
{
    struct watch *watch;

    if (what == CURL_POLL_REMOVE) {
        want_nothing(sockets, fd);
        return true;
    }
    watch = get_watch(sockets, owner, fd);
    if (watch == NULL)
        return false;
    watch->wanted = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    poll_socket(watch, watch->wanted);
    return true;
}
