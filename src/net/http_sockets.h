/* net/http_sockets.h: libcurl's sockets on the loop, by file descriptor. Private to http_client.c.
 *
 * A watch lives as long as its socket: a kept connection stays polled for
 * reading after its call, so that it costs no epoll_ctl per call. libcurl tells
 * the end of a socket only once it is connected; others, and those of name
 * look-ups, it closes behind our back. So a watch outlives what libcurl wants of
 * it only when http_sockets_connected was told: polling a number that is closed
 * ends the process, and polling it when it stands for something else is worse. */
#ifndef NET_HTTP_SOCKETS_H
#define NET_HTTP_SOCKETS_H

#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct watch;

struct http_sockets {
    struct loop *loop;
    /* Something has come or may be sent; `events` as curl_multi_socket_action takes them. */
    void (*ready)(void *owner, int fd, int events);
    struct watch **watches; /* by file descriptor */
    size_t watches_len;
};

void http_sockets_init(struct http_sockets *sockets, struct loop *loop, void (*ready)(void *owner, int fd, int events));
void http_sockets_deinit(struct http_sockets *sockets);

/* One that was just opened for `owner`. False when the loop cannot poll it: then it is the caller's to close. */
bool http_sockets_open(struct http_sockets *sockets, void *owner, int fd);
/* A request is going over it. */
void http_sockets_connected(struct http_sockets *sockets, int fd);
/* Before it is closed. */
void http_sockets_close(struct http_sockets *sockets, int fd);
/* What libcurl's socket callback says (CURL_POLL_…). False when the loop cannot poll it. */
bool http_sockets_want(struct http_sockets *sockets, void *owner, int fd, int what);

#endif
