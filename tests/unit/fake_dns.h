/* A name server on a thread of its own, on a free port of 127.0.0.1: answers
 * with the A records that a test scripts, question by question. */
#ifndef TESTS_FAKE_DNS_H
#define TESTS_FAKE_DNS_H

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAKE_DNS_ANSWERS = 8 };

struct fake_dns {
    int fd;
    uint16_t port;
    pthread_t thread;
    char server[32]; /* "127.0.0.1:5353" */
    /* The n-th question for an address is answered with the n-th of these, and
     * then with the last: addresses with ',' between them; "" there is no such name; "-" no answer at all. */
    const char *answers[FAKE_DNS_ANSWERS];
    size_t answer_count;
    atomic_int questions; /* for A records */
};

/* Behind the name of the question: its type. */
static inline size_t fake_dns_question_end(const uint8_t *packet, size_t len)
{
    size_t at = 12;

    while (at < len && packet[at] != 0)
        at += packet[at] + 1u;
    return at + 1 + 4;
}

static inline size_t fake_dns_put(uint8_t *packet, size_t at, const char *address)
{
    static const uint8_t head[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4}; /* TTL 0 */

    memcpy(packet + at, head, sizeof head);
    assert_int_equal(inet_pton(AF_INET, address, packet + at + sizeof head), 1);
    return at + sizeof head + 4;
}

static inline size_t fake_dns_answer(uint8_t *packet, size_t end, const char *answer)
{
    char copy[256], *rest = copy, *address;
    size_t at = end;
    uint8_t count = 0;

    snprintf(copy, sizeof copy, "%s", answer);
    while (*answer != '\0' && (address = strsep(&rest, ",")) != NULL) {
        at = fake_dns_put(packet, at, address);
        count++;
    }
    packet[2] = 0x81; /* an answer; recursion was desired */
    packet[3] = *answer == '\0' ? 0x83 : 0x80;
    packet[7] = count;
    packet[8] = packet[9] = packet[10] = packet[11] = 0;
    return at;
}

static inline void *fake_dns_run(void *ctx)
{
    struct fake_dns *dns = ctx;
    struct sockaddr_in from;
    uint8_t packet[1024];

    for (;;) {
        socklen_t from_len = sizeof from;
        ssize_t len = recvfrom(dns->fd, packet, 512, 0, (struct sockaddr *)&from, &from_len);
        const char *answer = "-";
        size_t end;

        if (len < 17)
            return NULL; /* fake_dns_stop says so */
        end = fake_dns_question_end(packet, (size_t)len);
        if (packet[end - 3] == 1) {
            size_t n = (size_t)atomic_fetch_add(&dns->questions, 1);

            answer = dns->answers[n < dns->answer_count ? n : dns->answer_count - 1];
        }
        if (packet[end - 3] != 1) { /* AAAA: the name is there, but has none */
            len = (ssize_t)fake_dns_answer(packet, end, "");
            packet[3] = 0x80;
        } else if (strcmp(answer, "-") == 0) {
            continue;
        } else {
            len = (ssize_t)fake_dns_answer(packet, end, answer);
        }
        sendto(dns->fd, packet, (size_t)len, 0, (struct sockaddr *)&from, from_len);
    }
}

static inline void fake_dns_start(struct fake_dns *dns)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;

    *dns = (struct fake_dns){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    assert_true(dns->fd >= 0);
    assert_int_equal(bind(dns->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(dns->fd, (struct sockaddr *)&address, &len), 0);
    dns->port = ntohs(address.sin_port);
    snprintf(dns->server, sizeof dns->server, "127.0.0.1:%u", (unsigned)dns->port);
    assert_int_equal(pthread_create(&dns->thread, NULL, fake_dns_run, dns), 0);
}

static inline void fake_dns_stop(struct fake_dns *dns)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(dns->port)};

    sendto(dns->fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
    pthread_join(dns->thread, NULL);
    close(dns->fd);
}

#endif
