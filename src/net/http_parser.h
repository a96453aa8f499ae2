/* net/http_parser.h: bytes in, one HTTP/1.1 request at a time out. No I/O.
 *
 * Two readers must agree on a head. Ours looks at the raw bytes: lines end with
 * CRLF and nothing else, no control characters, no folded lines, one shape of
 * request line, a colon right behind a name, one valid Host, one
 * Transfer-Encoding that is exactly "chunked". llhttp then takes the head to
 * pieces and judges names, values, Content-Length and Connection. llhttp 8.1
 * alone lets through, even in strict mode: folded lines, empty names, bare LF
 * behind the request line and the head, leading LF, two spaces in the request
 * line, HTTP/0.9 and 2.0, "gzip, chunked", ",chunked" and an empty
 * Transfer-Encoding; in its default mode also "Host :" and any two bytes behind
 * a chunk. Bodies are ours altogether, because of that last one and because
 * chunk extensions and trailers need a limit.
 *
 * The life of a request:
 *     feed … HEAD, want_body … (MORE, feed) … WHOLE, reset
 * and REFUSED may come instead of any answer; then only reset is left. */
#ifndef NET_HTTP_PARSER_H
#define NET_HTTP_PARSER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HTTP_HEADER_BYTES_LIMIT = UINT16_MAX, /* the most that header_bytes_max can be */
    HTTP_FIELDS_MAX = 64,                 /* more header fields are 431 */
    HTTP_EMPTY_LINES_MAX = 4,             /* before a request line */
    HTTP_CHUNK_LINE_MAX = 256,            /* a chunk's size and extensions */
    HTTP_TRAILER_BYTES_MAX = 4096
};

enum http_parse {
    HTTP_PARSE_MORE,   /* every byte is taken, and more are needed */
    HTTP_PARSE_HEAD,   /* the head is in; the body waits for http_parser_want_body */
    HTTP_PARSE_WHOLE,  /* the request is in; bytes left over belong to the next one */
    HTTP_PARSE_REFUSED /* `err` and `why` say it; nothing behind it can be trusted */
};

/* Where the next byte belongs. */
enum http_parser_phase {
    HTTP_AT_EMPTY_LINES,  /* CRLFs before the request line */
    HTTP_AT_HEAD,         /* request line and fields */
    HTTP_AT_DECISION,     /* nowhere: the caller has yet to want the body */
    HTTP_AT_BODY,         /* a body of known length */
    HTTP_AT_CHUNK_SIZE,   /* the first digit of a chunk's size */
    HTTP_AT_CHUNK_DIGITS, /* its other digits */
    HTTP_AT_CHUNK_EXTENSION,
    HTTP_AT_CHUNK_LINE_LF,
    HTTP_AT_CHUNK_DATA,
    HTTP_AT_CHUNK_DATA_CR,
    HTTP_AT_CHUNK_DATA_LF,
    HTTP_AT_TRAILER_LINE, /* the first byte of a trailer line, or the CR of the end */
    HTTP_AT_TRAILER_NAME,
    HTTP_AT_TRAILER_VALUE,
    HTTP_AT_TRAILER_LF,
    HTTP_AT_LAST_LF,
    HTTP_AT_END /* whole or refused */
};

/* A field's place in the head. */
struct http_field {
    uint16_t name_at, name_len;
    uint16_t value_at, value_len;
};

struct http_parser {
    /* The head, valid from HEAD to reset; slices of `head`. */
    struct str method;
    struct str path;  /* of the target, without the query; "*" for OPTIONS * */
    struct str query; /* behind the '?' */
    struct str host;  /* the target's authority, else Host; empty only in HTTP/1.0 */
    bool is_http_1_0;
    bool keeps_alive; /* the client lets the connection live */
    bool is_chunked;
    bool has_body;                /* one was announced, of one byte at least or chunked */
    bool expects_continue;        /* never in HTTP/1.0 */
    bool has_unknown_expectation; /* 417 */

    /* Why it was refused. */
    enum err err;
    const char *why; /* a plain sentence */

    struct buf body; /* what is in so far */

    /* private */
    enum http_parser_phase phase;
    bool has_cr; /* the last byte was a CR: LF must follow */
    uint8_t empty_lines;
    uint8_t field_count;
    uint8_t host_count;
    uint8_t transfer_coding_count;
    uint16_t line_len; /* of the line that is coming in, without CR */
    uint32_t trailer_bytes;
    uint64_t body_left;     /* of the body, or of the chunk that is coming in */
    uint64_t framing_bytes; /* of a chunked body: all that is not data */
    struct buf head;
    struct http_field *fields; /* room for field_room; grows up to HTTP_FIELDS_MAX */
    uint8_t field_room;
};

void http_parser_init(struct http_parser *parser, size_t header_bytes_max);
void http_parser_deinit(struct http_parser *parser);

/* Ready for the next request. Keeps buffers of up to `keep_bytes` each. */
void http_parser_reset(struct http_parser *parser, size_t keep_bytes);

/* Takes bytes off the front of `bytes` up to the next event. */
enum http_parse http_parser_feed(struct http_parser *parser, struct str *bytes);

/* After HEAD: the body is wanted, up to `bytes_max`. WHOLE when there is none,
 * REFUSED when its announced length is over the maximum. */
enum http_parse http_parser_want_body(struct http_parser *parser, size_t bytes_max);

/* Has a byte of the request come (empty lines do not count)? */
bool http_parser_has_begun(const struct http_parser *parser);

/* The value of the first field of that name, in any case; see http_server.h. */
struct str http_parser_field(const struct http_parser *parser, struct str name, size_t *out_count);

#endif
