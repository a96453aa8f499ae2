/* The head is gathered whole before llhttp sees it: then each of its slices is
 * one piece, and what stands behind a name or a value can be looked at. Bytes
 * are judged as they come all the same, so that a client who speaks something
 * else (TLS, say) hears of it at once and not at the deadline. */
#include "net/http_parser.h"

#include "base/check.h"
#include "base/mem.h"

#include <llhttp.h>

/* Classes of characters, RFC 9110 5.6.2 and RFC 3986 3.2.2. */
enum { TOKEN = 1, HOST = 2, HEX = 4 };

static const uint8_t class_of[256] = {
    ['0' ... '9'] = TOKEN | HOST | HEX,
    ['A' ... 'F'] = TOKEN | HOST | HEX,
    ['a' ... 'f'] = TOKEN | HOST | HEX,
    ['G' ... 'Z'] = TOKEN | HOST,
    ['g' ... 'z'] = TOKEN | HOST,
    ['!'] = TOKEN | HOST,
    ['#'] = TOKEN,
    ['$'] = TOKEN | HOST,
    ['%'] = TOKEN | HOST,
    ['&'] = TOKEN | HOST,
    ['\''] = TOKEN | HOST,
    ['('] = HOST,
    [')'] = HOST,
    ['*'] = TOKEN | HOST,
    ['+'] = TOKEN | HOST,
    [','] = HOST,
    ['-'] = TOKEN | HOST,
    ['.'] = TOKEN | HOST,
    [';'] = HOST,
    ['='] = HOST,
    ['^'] = TOKEN,
    ['_'] = TOKEN | HOST,
    ['`'] = TOKEN,
    ['|'] = TOKEN,
    ['~'] = TOKEN | HOST,
};

static bool is_of(char c, unsigned class)
{
    return (class_of[(uint8_t)c] & class) != 0;
}

static bool is_all(struct str s, unsigned class)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_of(s.ptr[i], class))
            return false;
    return s.len != 0;
}

/* May it stand inside a line: neither a control character nor an end of line? */
static bool is_text(char c)
{
    return ((uint8_t)c >= 0x20 && c != 0x7f) || c == '\t';
}

static enum http_parse read_head(struct http_parser *parser);
static enum http_parse gather_head(struct http_parser *parser, struct str *bytes);
static enum http_parse gather_body(struct http_parser *parser, struct str *bytes);
static enum http_parse gather_chunk(struct http_parser *parser, struct str *bytes);
static enum http_parse take_framing(struct http_parser *parser, char c);

static enum http_parse refuse(struct http_parser *parser, enum err err, const char *why)
{
    parser->phase = HTTP_AT_END;
    parser->err = err;
    parser->why = why;
    return HTTP_PARSE_REFUSED;
}

static enum http_parse refuse_bad(struct http_parser *parser, const char *why)
{
    return refuse(parser, ERR_BAD_REQUEST, why);
}

void http_parser_init(struct http_parser *parser, size_t header_bytes_max)
{
    check(header_bytes_max <= HTTP_HEADER_BYTES_LIMIT);
    buf_init(&parser->head, header_bytes_max);
    buf_init(&parser->body, 0);
    parser->fields = NULL;
    parser->field_room = 0;
    http_parser_reset(parser, 0);
}

void http_parser_deinit(struct http_parser *parser)
{
    buf_deinit(&parser->head);
    buf_deinit(&parser->body);
    mem_free(parser->fields);
}

static void empty_buf(struct buf *buf, size_t keep_bytes)
{
    if (buf->capacity > keep_bytes)
        buf_deinit(buf);
    else
        buf_clear(buf);
}

void http_parser_reset(struct http_parser *parser, size_t keep_bytes)
{
    struct buf head = parser->head;
    struct buf body = parser->body;

    empty_buf(&head, keep_bytes);
    empty_buf(&body, keep_bytes);
    memset(parser, 0, offsetof(struct http_parser, fields)); /* their room is kept */
    parser->head = head;
    parser->body = body;
}

bool http_parser_has_begun(const struct http_parser *parser)
{
    return parser->phase != HTTP_AT_EMPTY_LINES;
}

/* RFC 9112 2.2: empty lines before the request line are no part of it. */
static enum http_parse skip_empty_lines(struct http_parser *parser, struct str *bytes)
{
    while (bytes->len > 0) {
        char c = bytes->ptr[0];

        if (c != (parser->has_cr ? '\n' : '\r')) {
            if (parser->has_cr)
                return refuse_bad(parser, "A CR without LF stands before the request line.");
            parser->phase = HTTP_AT_HEAD;
            return gather_head(parser, bytes);
        }
        if (parser->has_cr && ++parser->empty_lines > HTTP_EMPTY_LINES_MAX)
            return refuse_bad(parser, "There are too many empty lines before the request line.");
        parser->has_cr = !parser->has_cr;
        *bytes = str_from_at(*bytes, 1);
    }
    return HTTP_PARSE_MORE;
}

enum http_parse http_parser_feed(struct http_parser *parser, struct str *bytes)
{
    switch (parser->phase) {
    case HTTP_AT_EMPTY_LINES:
        return skip_empty_lines(parser, bytes);
    case HTTP_AT_HEAD:
        return gather_head(parser, bytes);
    case HTTP_AT_BODY:
        return gather_body(parser, bytes);
    default:
        check(parser->phase != HTTP_AT_DECISION && parser->phase != HTTP_AT_END);
        return gather_chunk(parser, bytes);
    }
}

/* --- the head, as bytes -------------------------------------------------- */

/* Judges one byte that ends a line or may not stand there at all. True when
 * the head ends with it. */
static bool end_line(struct http_parser *parser, char c)
{
    if (c == '\r' && !parser->has_cr) {
        parser->has_cr = true;
        return false;
    }
    if (c == '\n' && parser->has_cr) {
        bool is_end = parser->line_len == 0;

        parser->has_cr = false;
        parser->line_len = 0;
        return is_end;
    }
    if (c == '\n')
        refuse_bad(parser, "A line ends with LF alone; it must end with CRLF.");
    else if (c == '\r')
        refuse_bad(parser, "A CR stands without LF.");
    else
        refuse_bad(parser, "There is a control character in the request line or a header field.");
    return false;
}

/* The count of text bytes at the front. */
static size_t text_len(struct str bytes)
{
    size_t len = 0;

    while (len < bytes.len && is_text(bytes.ptr[len]))
        len++;
    return len;
}

/* A run of text inside a line. */
static void take_text(struct http_parser *parser, struct str text, bool is_first_line)
{
    if (parser->has_cr)
        refuse_bad(parser, "A CR stands without LF.");
    else if (parser->line_len == 0 && !is_first_line && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        refuse_bad(parser, "A header field is folded over several lines, or white space stands before it.");
    else if (parser->line_len == 0 && text.ptr[0] == ':')
        refuse_bad(parser, "A header field has no name.");
    parser->line_len = (uint16_t)(parser->line_len + text.len);
}

/* How many of `bytes` belong to the head; `*out_ends` when it ends with them. */
static size_t scan_head(struct http_parser *parser, struct str bytes, bool *out_ends)
{
    bool is_first_line = parser->head.len == parser->line_len;
    size_t at = 0;

    *out_ends = false;
    while (at < bytes.len && parser->phase == HTTP_AT_HEAD && !*out_ends) {
        size_t len = text_len(str_from_at(bytes, at));

        if (len > 0) {
            take_text(parser, (struct str){bytes.ptr + at, len}, is_first_line);
            at += len;
        } else {
            *out_ends = end_line(parser, bytes.ptr[at++]);
            is_first_line = false;
        }
    }
    return at;
}

/* Is the request line what does not end? Then its target is what is too long. */
static enum http_parse refuse_long_head(struct http_parser *parser)
{
    if (memchr(parser->head.ptr, '\n', parser->head.len) == NULL)
        return refuse(parser, ERR_URI_TOO_LONG, "The request target is longer than this server takes.");
    return refuse(parser, ERR_HEADERS_TOO_LARGE, "Request line and header fields are larger than this server takes.");
}

static enum http_parse gather_head(struct http_parser *parser, struct str *bytes)
{
    size_t room = parser->head.bytes_max - parser->head.len;
    struct str candidate = {bytes->ptr, bytes->len < room ? bytes->len : room};
    bool ends;
    size_t taken = scan_head(parser, candidate, &ends);

    buf_put(&parser->head, (struct str){bytes->ptr, taken});
    *bytes = str_from_at(*bytes, taken);
    if (parser->phase == HTTP_AT_END)
        return HTTP_PARSE_REFUSED;
    if (ends)
        return read_head(parser);
    return taken == room ? refuse_long_head(parser) : HTTP_PARSE_MORE;
}

/* --- the head, as a request line and fields ------------------------------- */

static struct str str_up_to(struct str s, size_t len)
{
    return (struct str){s.ptr, len};
}

static bool is_port(struct str text)
{
    uint64_t port;

    return text.len == 0 || (text.len <= 5 && str_to_u64(text, UINT16_MAX, &port));
}

static bool is_ip_literal(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_of(text.ptr[i], HEX) && text.ptr[i] != ':' && text.ptr[i] != '.')
            return false;
    return text.len >= 2;
}

/* A registered name or IPv4 address: every '%' leads two hexadecimal digits. */
static bool is_host_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '%' && !(i + 2 < text.len && is_all((struct str){text.ptr + i + 1, 2}, HEX)))
            return false;
    return is_all(text, HOST);
}

/* uri-host [ ":" port ], and the host not empty (RFC 9110 7.2, 4.2.1). */
static bool is_authority(struct str text)
{
    size_t end;

    if (text.len == 0 || text.ptr[0] != '[') {
        end = str_find(text, ':');
        return is_host_name(str_up_to(text, end)) && is_port(str_from_at(text, end + 1));
    }
    end = str_find(text, ']');
    if (end == text.len || !is_ip_literal(str_from_at(str_up_to(text, end), 1)))
        return false;
    text = str_from_at(text, end + 1);
    return text.len == 0 || (text.ptr[0] == ':' && is_port(str_from_at(text, 1)));
}

/* http://authority/path: the authority replaces Host (RFC 9112 3.2.2). */
static bool read_absolute_target(struct http_parser *parser, struct str target)
{
    size_t scheme_len = str_starts_nocase(target, STR("https://")) ? 8 : 7;
    size_t end = 0;

    if (scheme_len == 7 && !str_starts_nocase(target, STR("http://")))
        return false;
    target = str_from_at(target, scheme_len);
    while (end < target.len && target.ptr[end] != '/' && target.ptr[end] != '?')
        end++;
    parser->host = str_up_to(target, end);
    parser->query = str_from_at(target, end);
    parser->path = str_cut(&parser->query, '?');
    if (parser->path.len == 0)
        parser->path = STR("/");
    return is_authority(parser->host);
}

static bool read_target(struct http_parser *parser, struct str target)
{
    for (size_t i = 0; i < target.len; i++)
        if ((uint8_t)target.ptr[i] <= 0x20 || (uint8_t)target.ptr[i] >= 0x7f || target.ptr[i] == '#')
            return false;
    if (target.len == 0 || target.ptr[0] != '/') {
        parser->path = target;
        return (str_is(target, STR("*")) && str_is(parser->method, STR("OPTIONS"))) ||
               read_absolute_target(parser, target);
    }
    parser->query = target;
    parser->path = str_cut(&parser->query, '?');
    return true;
}

static enum http_parse read_version(struct http_parser *parser, struct str version)
{
    if (version.len != 8 || !str_starts(version, STR("HTTP/")) || !char_is_digit(version.ptr[5]) ||
        version.ptr[6] != '.' || !char_is_digit(version.ptr[7]))
        return refuse_bad(parser, "The request line is not METHOD, target and HTTP version, one space between them.");
    if (version.ptr[5] != '1' || version.ptr[7] > '1')
        return refuse(parser, ERR_HTTP_VERSION, "This server speaks HTTP/1.1 and HTTP/1.0.");
    parser->is_http_1_0 = version.ptr[7] == '0';
    return HTTP_PARSE_MORE;
}

/* MORE: so far it is well. */
static enum http_parse read_request_line(struct http_parser *parser)
{
    struct str rest = buf_str(&parser->head);
    struct str line = str_cut(&rest, '\r');
    struct str target;
    enum http_parse result;

    parser->method = str_cut(&line, ' ');
    target = str_cut(&line, ' ');
    if (!is_all(parser->method, TOKEN))
        return refuse_bad(parser, "The request does not begin with a method.");
    result = read_version(parser, line);
    if (result != HTTP_PARSE_MORE)
        return result;
    if (str_is(parser->method, STR("CONNECT")))
        return refuse(parser, ERR_UNKNOWN_METHOD, "This server is not a proxy.");
    if (!read_target(parser, target))
        return refuse_bad(parser, "The request target must be a path, or an http URL without user and fragment.");
    return HTTP_PARSE_MORE;
}

static struct str field_name(const struct http_parser *parser, const struct http_field *field)
{
    return (struct str){parser->head.ptr + field->name_at, field->name_len};
}

static struct str field_value(const struct http_parser *parser, const struct http_field *field)
{
    return (struct str){parser->head.ptr + field->value_at, field->value_len};
}

/* Callbacks of llhttp answer 0 to go on and -1 to stop: then `err` is set. */
static int stop_if(bool refused)
{
    return refused ? -1 : 0;
}

/* Few requests have more than a dozen fields, and many requests may wait at once. */
static void make_field_room(struct http_parser *parser)
{
    enum { ROOM_FIRST = 16 };

    if (parser->field_count < parser->field_room)
        return;
    parser->field_room = parser->field_room == 0 ? ROOM_FIRST : (uint8_t)(parser->field_room * 2);
    check(parser->field_room <= HTTP_FIELDS_MAX);
    parser->fields = mem_resize(parser->fields, parser->field_room * sizeof *parser->fields);
}

static int on_field_name(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parser *parser = llhttp->data;
    struct http_field *field;

    if (parser->field_count == HTTP_FIELDS_MAX)
        return stop_if(refuse(parser, ERR_HEADERS_TOO_LARGE, "There are too many header fields."));
    make_field_room(parser);
    field = &parser->fields[parser->field_count];
    field->name_at = (uint16_t)(at - parser->head.ptr);
    field->name_len = (uint16_t)len;
    field->value_at = (uint16_t)(field->name_at + len + 1);
    field->value_len = 0;
    parser->field_count++;
    if (at[len] != ':' || !is_all((struct str){at, len}, TOKEN))
        return stop_if(refuse_bad(parser, "A header field's name is not a token with a colon right behind it."));
    return 0;
}

/* Comes not at all for an empty value. */
static int on_field_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parser *parser = llhttp->data;
    struct http_field *field = &parser->fields[parser->field_count - 1];

    check(parser->field_count > 0);
    if (field->value_len == 0)
        field->value_at = (uint16_t)(at - parser->head.ptr);
    field->value_len = (uint16_t)(at + len - parser->head.ptr - field->value_at);
    return 0;
}

static int take_host(struct http_parser *parser, struct str value)
{
    if (parser->host_count++ > 0)
        return stop_if(refuse_bad(parser, "There is more than one Host field."));
    if (!is_authority(value))
        return stop_if(refuse_bad(parser, "The Host field is not a host name with an optional port."));
    if (parser->host.len == 0)
        parser->host = value;
    return 0;
}

/* Codings we do not know, properly wrapped in chunked, are 501; whatever leaves
 * the end of the body unclear is 400 (RFC 9112 6.1, 6.3). */
static bool is_other_coding_then_chunked(struct str value)
{
    struct str coding = str_trim(str_cut(&value, ','));

    while (value.len > 0 && is_all(coding, TOKEN) && !str_is_nocase(coding, STR("chunked"))) {
        coding = str_trim(str_cut(&value, ','));
        if (value.len == 0)
            return str_is_nocase(coding, STR("chunked"));
    }
    return false;
}

static int take_transfer_coding(struct http_parser *parser, struct str value)
{
    if (parser->is_http_1_0)
        return stop_if(refuse_bad(parser, "There is no Transfer-Encoding in HTTP/1.0."));
    if (parser->transfer_coding_count++ > 0)
        return stop_if(refuse_bad(parser, "There is more than one Transfer-Encoding field."));
    if (is_other_coding_then_chunked(value))
        return stop_if(refuse(parser, ERR_UNKNOWN_METHOD, "The one transfer coding this server takes is chunked."));
    if (!str_is_nocase(value, STR("chunked")))
        return stop_if(refuse_bad(parser, "Transfer-Encoding must be exactly: chunked."));
    parser->is_chunked = true;
    return 0;
}

static int take_expectation(struct http_parser *parser, struct str value)
{
    if (parser->is_http_1_0)
        return 0;
    if (str_is_nocase(value, STR("100-continue")))
        parser->expects_continue = true;
    else
        parser->has_unknown_expectation = true;
    return 0;
}

static int on_field_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    struct http_field *field = &parser->fields[parser->field_count - 1];
    struct str name = field_name(parser, field);
    struct str value = str_trim(field_value(parser, field));

    field->value_len = (uint16_t)value.len;
    switch (name.len) {
    case 4:
        return str_is_nocase(name, STR("Host")) ? take_host(parser, value) : 0;
    case 6:
        return str_is_nocase(name, STR("Expect")) ? take_expectation(parser, value) : 0;
    case 17:
        return str_is_nocase(name, STR("Transfer-Encoding")) ? take_transfer_coding(parser, value) : 0;
    default:
        return 0;
    }
}

static int on_fields_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;

    if (parser->is_chunked && (llhttp->flags & F_CONTENT_LENGTH) != 0)
        return stop_if(refuse_bad(parser, "There are both Transfer-Encoding and Content-Length."));
    parser->keeps_alive = llhttp_should_keep_alive(llhttp) != 0;
    parser->body_left = parser->is_chunked ? 0 : llhttp->content_length;
    parser->has_body = parser->is_chunked || parser->body_left > 0;
    parser->phase = HTTP_AT_DECISION;
    return 0;
}

/* The version is known to be good, so these three are all about the method. */
static bool is_about_method(enum llhttp_errno code)
{
    return code == HPE_INVALID_METHOD || code == HPE_INVALID_CONSTANT || code == HPE_INVALID_VERSION;
}

static enum http_parse refuse_as_llhttp(struct http_parser *parser, enum llhttp_errno code)
{
    switch (code) {
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
        return refuse_bad(parser, "Content-Length must be one decimal number, without Transfer-Encoding.");
    case HPE_INVALID_TRANSFER_ENCODING:
        return refuse_bad(parser, "Transfer-Encoding must be exactly: chunked.");
    case HPE_INVALID_URL:
        return refuse_bad(parser, "The request target is not a valid URL.");
    default:
        return refuse_bad(parser, "A header field is malformed.");
    }
}

static enum http_parse read_fields(struct http_parser *parser)
{
    static const llhttp_settings_t settings = {
        .on_header_field = on_field_name,
        .on_header_value = on_field_value,
        .on_header_value_complete = on_field_complete,
        .on_headers_complete = on_fields_complete,
    };
    llhttp_t llhttp;
    enum llhttp_errno code;

    llhttp_init(&llhttp, HTTP_REQUEST, &settings);
    llhttp.data = parser;
    code = llhttp_execute(&llhttp, parser->head.ptr, parser->head.len);
    if (parser->err != ERR_NONE)
        return HTTP_PARSE_REFUSED;
    if (parser->phase == HTTP_AT_DECISION && (code == HPE_OK || code == HPE_PAUSED_UPGRADE))
        return HTTP_PARSE_HEAD; /* an Upgrade is ignored: we stay with HTTP */
    if (is_about_method(code))
        return refuse(parser, ERR_UNKNOWN_METHOD, "This method is not known.");
    return refuse_as_llhttp(parser, code);
}

static enum http_parse read_head(struct http_parser *parser)
{
    enum http_parse result = read_request_line(parser);

    if (result == HTTP_PARSE_MORE)
        result = read_fields(parser);
    if (result == HTTP_PARSE_HEAD && parser->host_count == 0 && !parser->is_http_1_0)
        return refuse_bad(parser, "The Host field is missing.");
    return result;
}

/* --- the body ------------------------------------------------------------ */

enum http_parse http_parser_want_body(struct http_parser *parser, size_t bytes_max)
{
    check(parser->phase == HTTP_AT_DECISION && bytes_max <= UINT32_MAX);
    if (parser->body_left > bytes_max)
        return refuse(parser, ERR_BODY_TOO_LARGE, "The body is larger than this resource takes.");
    parser->body.bytes_max = bytes_max;
    if (!parser->has_body) {
        parser->phase = HTTP_AT_END;
        return HTTP_PARSE_WHOLE;
    }
    parser->phase = parser->is_chunked ? HTTP_AT_CHUNK_SIZE : HTTP_AT_BODY;
    return HTTP_PARSE_MORE;
}

/* Moves what there is of the body or chunk; the limit was looked at before. */
static void move_data(struct http_parser *parser, struct str *bytes)
{
    size_t len = bytes->len < parser->body_left ? bytes->len : (size_t)parser->body_left;

    buf_put(&parser->body, str_up_to(*bytes, len));
    check(!parser->body.is_overflown);
    parser->body_left -= len;
    *bytes = str_from_at(*bytes, len);
}

static enum http_parse gather_body(struct http_parser *parser, struct str *bytes)
{
    move_data(parser, bytes);
    if (parser->body_left > 0)
        return HTTP_PARSE_MORE;
    parser->phase = HTTP_AT_END;
    return HTTP_PARSE_WHOLE;
}

static enum http_parse gather_chunk(struct http_parser *parser, struct str *bytes)
{
    enum http_parse result = HTTP_PARSE_MORE;

    while (bytes->len > 0 && result == HTTP_PARSE_MORE) {
        if (parser->phase == HTTP_AT_CHUNK_DATA) {
            move_data(parser, bytes);
            if (parser->body_left == 0)
                parser->phase = HTTP_AT_CHUNK_DATA_CR;
        } else {
            result = take_framing(parser, bytes->ptr[0]);
            *bytes = str_from_at(*bytes, 1);
        }
    }
    return result;
}

static unsigned hex_value(char c)
{
    return char_is_digit(c) ? (unsigned)(c - '0') : (unsigned)(char_lower(c) - 'a' + 10);
}

/* Looked at digit by digit, a size can never overflow. */
static enum http_parse take_chunk_digit(struct http_parser *parser, char c)
{
    parser->phase = HTTP_AT_CHUNK_DIGITS;
    parser->body_left = parser->body_left * 16 + hex_value(c);
    if (parser->body_left > parser->body.bytes_max - parser->body.len)
        return refuse(parser, ERR_BODY_TOO_LARGE, "The body is larger than this resource takes.");
    return HTTP_PARSE_MORE;
}

static enum http_parse take_chunk_size(struct http_parser *parser, char c)
{
    if (is_of(c, HEX))
        return take_chunk_digit(parser, c);
    if (parser->phase == HTTP_AT_CHUNK_DIGITS && (c == ';' || c == '\r')) {
        parser->phase = c == ';' ? HTTP_AT_CHUNK_EXTENSION : HTTP_AT_CHUNK_LINE_LF;
        return HTTP_PARSE_MORE;
    }
    return refuse_bad(parser, "A chunk's size must be hexadecimal digits alone.");
}

/* Extensions are not for us (RFC 9112 7.1.1), but they have to be text. */
static enum http_parse take_chunk_extension(struct http_parser *parser, char c)
{
    if (c == '\r')
        parser->phase = HTTP_AT_CHUNK_LINE_LF;
    else if (!is_text(c))
        return refuse_bad(parser, "There is a control character in a chunk extension.");
    return HTTP_PARSE_MORE;
}

/* Trailers are read and dropped. */
static enum http_parse take_trailer_name(struct http_parser *parser, char c)
{
    bool is_first = parser->phase == HTTP_AT_TRAILER_LINE;

    if (is_first && c == '\r')
        parser->phase = HTTP_AT_LAST_LF;
    else if (is_of(c, TOKEN))
        parser->phase = HTTP_AT_TRAILER_NAME;
    else if (!is_first && c == ':')
        parser->phase = HTTP_AT_TRAILER_VALUE;
    else
        return refuse_bad(parser, "A trailer field is malformed.");
    return HTTP_PARSE_MORE;
}

static enum http_parse take_trailer_value(struct http_parser *parser, char c)
{
    if (c == '\r')
        parser->phase = HTTP_AT_TRAILER_LF;
    else if (!is_text(c))
        return refuse_bad(parser, "There is a control character in a trailer field.");
    return HTTP_PARSE_MORE;
}

/* CR or LF and nothing else; what comes behind is `next`. */
static enum http_parse take_exactly(struct http_parser *parser, char c, char wanted, enum http_parser_phase next)
{
    if (c != wanted)
        return refuse_bad(parser, "CRLF is missing in a chunked body.");
    parser->phase = next;
    return next == HTTP_AT_END ? HTTP_PARSE_WHOLE : HTTP_PARSE_MORE;
}

static enum http_parse end_chunk_line(struct http_parser *parser, char c)
{
    parser->line_len = 0;
    return take_exactly(parser, c, '\n', parser->body_left > 0 ? HTTP_AT_CHUNK_DATA : HTTP_AT_TRAILER_LINE);
}

/* Everything of a chunked body that is not data. Its amount is limited for
 * each line, for the trailers, and altogether: else a body of a few bytes could
 * be spread over megabytes of extensions. */
static enum http_parse count_framing(struct http_parser *parser)
{
    bool is_trailer = parser->phase >= HTTP_AT_TRAILER_LINE;

    if (is_trailer && ++parser->trailer_bytes > HTTP_TRAILER_BYTES_MAX)
        return refuse(parser, ERR_HEADERS_TOO_LARGE, "The trailer fields are larger than this server takes.");
    if (!is_trailer && ++parser->line_len > HTTP_CHUNK_LINE_MAX)
        return refuse_bad(parser, "A chunk's size and extensions are longer than this server takes.");
    if (++parser->framing_bytes > 8 * (parser->body.len + 2048))
        return refuse_bad(parser, "The chunked body is mostly chunk lines.");
    return HTTP_PARSE_MORE;
}

static enum http_parse take_framing(struct http_parser *parser, char c)
{
    enum http_parse result = count_framing(parser);

    if (result != HTTP_PARSE_MORE)
        return result;
    switch (parser->phase) {
    case HTTP_AT_CHUNK_EXTENSION:
        return take_chunk_extension(parser, c);
    case HTTP_AT_CHUNK_LINE_LF:
        return end_chunk_line(parser, c);
    case HTTP_AT_CHUNK_DATA_CR:
        return take_exactly(parser, c, '\r', HTTP_AT_CHUNK_DATA_LF);
    case HTTP_AT_CHUNK_DATA_LF:
        parser->line_len = 0;
        return take_exactly(parser, c, '\n', HTTP_AT_CHUNK_SIZE);
    case HTTP_AT_TRAILER_LINE:
    case HTTP_AT_TRAILER_NAME:
        return take_trailer_name(parser, c);
    case HTTP_AT_TRAILER_VALUE:
        return take_trailer_value(parser, c);
    case HTTP_AT_TRAILER_LF:
        return take_exactly(parser, c, '\n', HTTP_AT_TRAILER_LINE);
    case HTTP_AT_LAST_LF:
        return take_exactly(parser, c, '\n', HTTP_AT_END);
    default:
        return take_chunk_size(parser, c);
    }
}

/* --- what was read --------------------------------------------------------- */

static bool is_field(const struct http_parser *parser, const struct http_field *field, struct str name)
{
    return field->name_len == name.len && str_is_nocase(field_name(parser, field), name);
}

struct str http_parser_field(const struct http_parser *parser, struct str name, size_t *out_count)
{
    struct str value = STR_NONE;
    size_t count = 0;

    for (size_t i = 0; i < parser->field_count; i++) {
        if (!is_field(parser, &parser->fields[i], name))
            continue;
        if (count++ == 0)
            value = field_value(parser, &parser->fields[i]);
        if (out_count == NULL)
            break;
    }
    if (out_count != NULL)
        *out_count = count;
    return count > 0 && str_is_nocase(name, STR("Host")) ? parser->host : value;
}
