#include "net/outgoing.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>

enum { V4_BITS = 96, ADDRESS_BITS = 128 };

/* --- networks --- */

static void put_v4(uint8_t out[16], const void *four_bytes)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memcpy(out, mapped, sizeof mapped);
    memcpy(out + sizeof mapped, four_bytes, 4);
}

/* Either family in sixteen bytes; `out_bits`: how many of a whole address of its family. */
static bool read_address(const char *text, uint8_t out[16], unsigned *out_bits)
{
    uint8_t four[4];

    *out_bits = ADDRESS_BITS;
    if (inet_pton(AF_INET6, text, out) == 1)
        return true;
    *out_bits = ADDRESS_BITS - V4_BITS;
    if (inet_pton(AF_INET, text, four) != 1)
        return false;
    put_v4(out, four);
    return true;
}

static bool is_in(const uint8_t address[16], const struct network *network)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (memcmp(address, network->bytes, whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ network->bytes[whole]) >> (8 - rest)) == 0;
}

static bool is_clear_behind(const struct network *network)
{
    for (unsigned bit = network->bits; bit < ADDRESS_BITS; bit++) {
        if ((network->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return false;
    }
    return true;
}

bool network_read(struct str text, struct network *out)
{
    struct str rest = text;
    struct str address = str_cut(&rest, '/');
    char copy[INET6_ADDRSTRLEN];
    unsigned family_bits;
    uint64_t bits;

    if (address.len >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%.*s", STR_ARG(address));
    if (!read_address(copy, out->bytes, &family_bits))
        return false;
    bits = family_bits;
    if (address.len != text.len && !str_to_u64(rest, family_bits, &bits))
        return false;
    out->bits = (unsigned)bits + ADDRESS_BITS - family_bits;
    return is_clear_behind(out);
}

/* --- classes --- */

struct class
{
    const char *network;
    const char *refusal;
};

/* The first that an address is in decides. */
static const struct class classes[] = {
    {"0.0.0.0/8", "the address means this host"},
    {"10.0.0.0/8", "the address is private"},
    {"100.64.0.0/10", "the address is of a carrier's shared network"},
    {"127.0.0.0/8", "the address is loopback"},
    {"169.254.0.0/16", "the address is link-local"},
    {"172.16.0.0/12", "the address is private"},
    {"192.0.0.0/24", "the address is reserved for protocols"},
    {"192.0.2.0/24", "the address is for documentation"},
    {"192.88.99.0/24", "the address is a 6to4 relay's"},
    {"192.168.0.0/16", "the address is private"},
    {"198.18.0.0/15", "the address is for benchmarks"},
    {"198.51.100.0/24", "the address is for documentation"},
    {"203.0.113.0/24", "the address is for documentation"},
    {"224.0.0.0/4", "the address is multicast"},
    {"240.0.0.0/4", "the address is reserved"},
    {"0.0.0.0/0", NULL},
    {"::/128", "the address means this host"},
    {"::1/128", "the address is loopback"},
    {"::/96", "the address carries an IPv4 address"},
    {"64:ff9b::/96", "the address carries an IPv4 address"},
    {"64:ff9b:1::/48", "the address carries an IPv4 address"},
    {"2002::/16", "the address carries an IPv4 address"},
    {"2001::/32", "the address carries an IPv4 address"},
    {"2001::/23", "the address is reserved for protocols"},
    {"2001:db8::/32", "the address is for documentation"},
    {"3fff::/20", "the address is for documentation"},
    {"100::/64", "the address is a discard address"},
    {"5f00::/16", "the address is of segment routing"},
    {"fc00::/7", "the address is private"},
    {"fe80::/10", "the address is link-local"},
    {"fec0::/10", "the address is site-local"},
    {"ff00::/8", "the address is multicast"},
    {"2000::/3", NULL},
    {"::/0", "the address is not global unicast"},
};

static const char *class_refusal(const uint8_t address[16])
{
    static struct network networks[LEN(classes)];
    static bool is_read;

    for (size_t i = 0; i < LEN(classes) && !is_read; i++)
        check(network_read(str_from(classes[i].network), &networks[i]));
    is_read = true;
    for (size_t i = 0; i < LEN(classes); i++) {
        if (is_in(address, &networks[i]))
            return classes[i].refusal;
    }
    return "the address is not global unicast";
}

static bool read_sockaddr(const struct sockaddr *address, uint8_t out[16], uint16_t *out_port)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

    if (address->sa_family == AF_INET) {
        put_v4(out, &v4->sin_addr);
        *out_port = ntohs(v4->sin_port);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(out, &v6->sin6_addr, sizeof v6->sin6_addr);
    *out_port = ntohs(v6->sin6_port);
    return true;
}

static bool may_use_port(const struct outgoing_rules *rules, uint16_t port)
{
    if (port == 80 || port == 443)
        return true;
    for (size_t i = 0; i < rules->port_count; i++) {
        if (rules->ports[i] == port)
            return true;
    }
    return false;
}

/* For an address in no allowed network. */
static const char *way_refusal(const struct outgoing_rules *rules, bool is_http, uint16_t port)
{
    if (is_http && !rules->allows_http)
        return "http is not allowed, only https";
    return may_use_port(rules, port) ? NULL : "the port is not allowed, only 80 and 443";
}

const char *outgoing_refusal(const struct outgoing_rules *rules, bool is_http, const struct sockaddr *address)
{
    uint8_t bytes[16];
    const char *refusal;
    uint16_t port;

    if (!read_sockaddr(address, bytes, &port))
        return "the address is neither IPv4 nor IPv6";
    for (size_t i = 0; i < rules->allowed_count; i++) {
        if (is_in(bytes, &rules->allowed[i]))
            return NULL;
    }
    refusal = class_refusal(bytes);
    return refusal != NULL ? refusal : way_refusal(rules, is_http, port);
}

const char *outgoing_refusal_of_any(const struct outgoing_rules *rules, const struct outgoing_target *target)
{
    return rules->allowed_count == 0 ? way_refusal(rules, target->is_http, target->port) : NULL;
}

/* --- the URL --- */

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool is_there = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return is_there;
}

static bool copy_part(CURLU *url, CURLUPart part, unsigned flags, char *out, size_t out_bytes)
{
    char *text = NULL;
    bool is_kept = curl_url_get(url, part, &text, flags) == CURLUE_OK && strlen(text) < out_bytes;

    if (is_kept)
        snprintf(out, out_bytes, "%s", text);
    curl_free(text);
    return is_kept;
}

/* An address in brackets loses them; a zone is no part of a URL that we call. */
static void read_literal(struct outgoing_target *target)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&target->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&target->address;
    size_t len = strlen(target->host);

    if (len > 2 && target->host[0] == '[' && target->host[len - 1] == ']') {
        memmove(target->host, target->host + 1, len - 2);
        target->host[len - 2] = '\0';
    }
    if (inet_pton(AF_INET, target->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(target->port);
    } else if (inet_pton(AF_INET6, target->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(target->port);
    }
    target->is_literal = target->address.ss_family != AF_UNSPEC;
}

static const char *read_parts(CURLU *url, struct outgoing_target *out)
{
    char scheme[8], port[8];
    uint64_t number;

    if (!copy_part(url, CURLUPART_SCHEME, 0, scheme, sizeof scheme) ||
        (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        return "the URL must begin with https://";
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return "the URL must not have a user or password";
    if (!copy_part(url, CURLUPART_HOST, 0, out->host, sizeof out->host) || out->host[0] == '\0')
        return "the URL has no host that can be called";
    if (has_part(url, CURLUPART_ZONEID))
        return "the URL must not name a network zone";
    check(copy_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof port));
    if (!str_to_u64(str_from(port), UINT16_MAX, &number) || number == 0)
        return "the URL's port is none";
    out->port = (uint16_t)number;
    out->is_http = strcmp(scheme, "http") == 0;
    return NULL;
}

const char *outgoing_read(const char *url, struct outgoing_target *out)
{
    CURLU *parts = curl_url();
    const char *refusal = "the URL cannot be read";

    check(parts != NULL);
    *out = (struct outgoing_target){.port = 0};
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
        refusal = read_parts(parts, out);
    curl_url_cleanup(parts);
    if (refusal == NULL)
        read_literal(out);
    return refusal;
}
