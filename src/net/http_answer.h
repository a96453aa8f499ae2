/* net/http_answer.h: the bytes of one answer (RFC 9112 4, RFC 9110 6.6.1). */
#ifndef NET_HTTP_ANSWER_H
#define NET_HTTP_ANSWER_H

#include "base/buf.h"
#include "net/http_parser.h"
#include "net/http_server.h"

enum { HTTP_DATE_LINE_LEN = 37 }; /* "Date: Tue, 26 May 2026 14:30:00 GMT" and CRLF */

/* The Date field of the second it was last asked for. Zeroed at first. */
struct http_date {
    int64_t second;
    char line[HTTP_DATE_LINE_LEN + 1];
};

/* Status line, Date, the response's own fields, Content-Length, Connection and
 * the body: none for HEAD, 204 and 304. `parser` has the request it answers, or
 * is NULL when not even a head was read. */
void http_answer_put(struct buf *out, const struct http_response *response, struct http_date *date,
                     const struct http_parser *parser, bool closes);

#endif
