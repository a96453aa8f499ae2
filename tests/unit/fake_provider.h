/* A fake provider on 127.0.0.1 for tests: real sockets, a thread for each
 * connection, behaviour chosen by the path of the request:
 *
 *   /ok            200, keeps the connection        /echo       the whole request as the answer's body
 *   /status/NNN    that status, body {}             /chunked    three chunks
 *   /once          answers once a connection, then  /half       half of the promised body, then close
 *                  closes when asked again          /close      closes without a byte
 *   /never         never answers                    /garbage    not HTTP
 *   /stream        200 MB without a length          /redirect   302 to /ok
 *   /bomb          1 MB of zeroes as gzip           /gzip       "hello, hello, hello" as gzip
 *   /retry         429 with Retry-After             /early      103, then 200 with trailers
 *   /headers       headers without end              /json       what fake->json says */
#ifndef TESTS_FAKE_PROVIDER_H
#define TESTS_FAKE_PROVIDER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { FAKE_CONNECTIONS_MAX = 512 };

struct fake_provider {
    int listener;
    int port;
    const char *json;
    atomic_int connections;
    atomic_int requests;
    pthread_t acceptor;
    pthread_t threads[FAKE_CONNECTIONS_MAX];
    int fds[FAKE_CONNECTIONS_MAX];
};

struct fake_peer {
    struct fake_provider *fake;
    int fd;
};

static inline int fake_send(int fd, const char *ptr, size_t len)
{
    return send(fd, ptr, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static inline int fake_text(int fd, const char *text)
{
    return fake_send(fd, text, strlen(text));
}

static inline int fake_answer(int fd, const char *head, const char *body, size_t len)
{
    char text[512];

    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, len);
    return fake_text(fd, text) && (len == 0 || fake_send(fd, body, len));
}

/* One request with its body into `text`; its length, 0 when the client left. */
static inline size_t fake_read(int fd, char *text, size_t bytes_max)
{
    size_t len = 0, body = 0;
    char *end = NULL;

    while (end == NULL || len < (size_t)(end + 4 - text) + body) {
        ssize_t got = recv(fd, text + len, bytes_max - 1 - len, 0);
        const char *announced;

        if (got <= 0)
            return 0;
        len += (size_t)got;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        announced = strcasestr(text, "\r\ncontent-length:");
        if (announced != NULL)
            body = strtoul(announced + 17, NULL, 10);
    }
    return len;
}

static inline size_t fake_gzip(const char *ptr, size_t len, char *out, size_t out_bytes)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)ptr, .avail_in = (uInt)len};

    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)out_bytes;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return out_bytes - z.avail_out;
}

static inline int fake_stream(int fd)
{
    static const char zeroes[65536];

    fake_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 3200 && fake_send(fd, zeroes, sizeof zeroes); i++)
        continue;
    return 0;
}

static inline int fake_headers(int fd)
{
    fake_text(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000000 && fake_text(fd, "X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
         i++)
        continue;
    return 0;
}

static inline int fake_is(const char *path, const char *name)
{
    return strncmp(path, name, strlen(name)) == 0;
}

/* True when the connection may go on. */
static inline int fake_behave(struct fake_provider *fake, int fd, const char *request, size_t len, int nth)
{
    static const char megabyte[1024 * 1024];
    char packed[8192], head[64];
    const char *path = strchr(request, ' ') + 1;

    if (fake_is(path, "/echo"))
        return fake_answer(fd, "200 OK", request, len);
    if (fake_is(path, "/status/")) {
        snprintf(head, sizeof head, "%.3s Some Words", path + 8);
        return fake_answer(fd, head, "{}", fake_is(path + 8, "204") ? 0 : 2);
    }
    if (fake_is(path, "/json"))
        return fake_answer(fd, "200 OK\r\nContent-Type: application/json", fake->json, strlen(fake->json));
    if (fake_is(path, "/never"))
        return recv(fd, head, sizeof head, 0) > 0;
    if (fake_is(path, "/close") || (fake_is(path, "/once") && nth > 1))
        return 0;
    if (fake_is(path, "/half"))
        return fake_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":") && 0;
    if (fake_is(path, "/garbage"))
        return fake_text(fd, "\x01\x02 this is not HTTP\r\n\r\n") && 0;
    if (fake_is(path, "/stream"))
        return fake_stream(fd);
    if (fake_is(path, "/headers"))
        return fake_headers(fd);
    if (fake_is(path, "/redirect"))
        return fake_answer(fd, "302 Found\r\nLocation: /ok", "", 0);
    if (fake_is(path, "/retry"))
        return fake_answer(fd, "429 Too Many\r\nRetry-After: 17", "{}", 2);
    if (fake_is(path, "/gzip"))
        return fake_answer(fd, "200 OK\r\nContent-Encoding: gzip", packed,
                           fake_gzip("hello, hello, hello", 19, packed, sizeof packed));
    if (fake_is(path, "/bomb"))
        return fake_answer(fd, "200 OK\r\nContent-Encoding: gzip", packed,
                           fake_gzip(megabyte, sizeof megabyte, packed, sizeof packed));
    if (fake_is(path, "/chunked"))
        return fake_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
    if (fake_is(path, "/early"))
        return fake_text(fd, "HTTP/1.1 103 Early Hints\r\nContent-Type: text/early\r\n\r\n"
                             "HTTP/1.1 200 OK\r\nContent-Type: text/final\r\nTrailer: Content-Type\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Type: text/late\r\n\r\n");
    return fake_answer(fd, "200 OK\r\nContent-Type: text/plain", "ok", 2);
}

static inline void *fake_serve(void *ctx)
{
    struct fake_peer *peer = ctx;
    char *request = malloc(1024 * 1024);
    size_t len;
    int nth = 1;

    while ((len = fake_read(peer->fd, request, 1024 * 1024)) > 0) {
        atomic_fetch_add(&peer->fake->requests, 1);
        if (!fake_behave(peer->fake, peer->fd, request, len, nth++))
            break;
    }
    shutdown(peer->fd, SHUT_RDWR); /* closed by fake_stop, so that the number stays ours */
    free(request);
    free(peer);
    return NULL;
}

static inline void *fake_accept(void *ctx)
{
    struct fake_provider *fake = ctx;
    int fd;

    while (fake->connections < FAKE_CONNECTIONS_MAX && (fd = accept(fake->listener, NULL, NULL)) >= 0) {
        struct fake_peer *peer = malloc(sizeof *peer);

        *peer = (struct fake_peer){fake, fd};
        fake->fds[fake->connections] = fd;
        pthread_create(&fake->threads[fake->connections], NULL, fake_serve, peer);
        fake->connections++;
    }
    return NULL;
}

static inline void fake_start(struct fake_provider *fake)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    memset(fake, 0, sizeof *fake);
    fake->json = "{}";
    fake->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fake->listener, (struct sockaddr *)&address, len) != 0 || listen(fake->listener, 512) != 0 ||
        getsockname(fake->listener, (struct sockaddr *)&address, &len) != 0)
        abort();
    fake->port = ntohs(address.sin_port);
    pthread_create(&fake->acceptor, NULL, fake_accept, fake);
}

static inline void fake_stop(struct fake_provider *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->acceptor, NULL);
    close(fake->listener);
    for (int i = 0; i < fake->connections; i++) {
        shutdown(fake->fds[i], SHUT_RDWR);
        pthread_join(fake->threads[i], NULL);
        close(fake->fds[i]);
    }
}

#endif
