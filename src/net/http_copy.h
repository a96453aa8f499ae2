/* net/http_copy.h: a request as libcurl takes it, copied from a call. Private to http_client.c.
 *
 * One block has the header list and all texts; it is wiped when it is freed,
 * for it may hold keys. What could smuggle a second request (control bytes, a
 * header line that is none) is not copied at all. */
#ifndef NET_HTTP_COPY_H
#define NET_HTTP_COPY_H

#include "net/http_client.h"

#include <curl/curl.h>

struct http_copy {
    char *block; /* NULL: there is none */
    size_t block_bytes;
    struct curl_slist *headers;
    const char *method;
    const char *url;
    struct str body;
};

/* False when it cannot be sent as it is. */
must_use bool http_copy_init(struct http_copy *copy, const struct http_call *call);
void http_copy_deinit(struct http_copy *copy);

/* Sets method, URL, headers and body of `easy`, which had others before. */
void http_copy_set(const struct http_copy *copy, CURL *easy);

/* May it be sent a second time, though the first may have been acted on? */
bool http_copy_is_repeatable(const struct http_copy *copy);

#endif
