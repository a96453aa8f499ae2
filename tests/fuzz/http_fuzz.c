/* The HTTP parser: any bytes, cut into pieces in any way. The first byte seeds
 * the cuts. However the bytes are cut, the same requests come out, limits hold,
 * and what the parser answers points into what it was given. */
#include "base/check.h"
#include "net/http_parser.h"

#include <stdlib.h>

enum { HEADER_BYTES_MAX = 2048, BODY_BYTES_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* All that must not depend on the cuts. */
struct outcome {
    size_t requests;
    size_t taken; /* bytes up to the end of the latest request */
    enum err err;
    uint64_t digest;
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void digest_str(struct outcome *outcome, struct str s)
{
    outcome->digest = str_hash(s, outcome->digest + s.len + 1);
}

static bool is_inside(const struct http_parser *parser, struct str s)
{
    return s.len == 0 || str_is(s, STR("/")) ||
           (s.ptr >= parser->head.ptr && s.ptr + s.len <= parser->head.ptr + parser->head.len);
}

static bool is_line(struct str s)
{
    return s.len == 0 || (memchr(s.ptr, '\0', s.len) == NULL && memchr(s.ptr, '\r', s.len) == NULL &&
                          memchr(s.ptr, '\n', s.len) == NULL);
}

static void check_fields(const struct http_parser *parser)
{
    check(parser->field_count <= HTTP_FIELDS_MAX);
    for (size_t i = 0; i < parser->field_count; i++) {
        const struct http_field *field = &parser->fields[i];
        struct str name = {parser->head.ptr + field->name_at, field->name_len};
        struct str value = {parser->head.ptr + field->value_at, field->value_len};
        size_t count = 0;

        check(is_inside(parser, name) && name.len > 0 && is_line(name) && memchr(name.ptr, ' ', name.len) == NULL);
        check(is_inside(parser, value) && is_line(value));
        check(http_parser_field(parser, name, &count).ptr != NULL && count >= 1);
    }
}

static void check_head(const struct http_parser *parser)
{
    size_t hosts;

    check(parser->head.len <= HEADER_BYTES_MAX);
    check(parser->method.len > 0 && is_inside(parser, parser->method));
    check(parser->path.len > 0 && is_inside(parser, parser->path) && is_line(parser->path));
    check(parser->path.ptr[0] == '/' || str_is(parser->path, STR("*")));
    check(is_inside(parser, parser->query) && is_inside(parser, parser->host));
    http_parser_field(parser, STR("host"), &hosts);
    check(parser->is_http_1_0 ? hosts <= 1 : hosts == 1);
    check(!(parser->is_http_1_0 && parser->is_chunked));
    check_fields(parser);
}

static void note_request(struct outcome *outcome, const struct http_parser *parser, size_t taken)
{
    check(parser->body.len <= BODY_BYTES_MAX);
    outcome->requests++;
    outcome->taken = taken;
    digest_str(outcome, parser->method);
    digest_str(outcome, parser->path);
    digest_str(outcome, parser->query);
    digest_str(outcome, parser->host);
    digest_str(outcome, buf_str(&parser->body));
}

static enum http_parse feed(struct http_parser *parser, struct str *piece)
{
    size_t before = piece->len;
    enum http_parse result = http_parser_feed(parser, piece);

    check(piece->len <= before);
    check(result != HTTP_PARSE_MORE || piece->len == 0);
    if (result != HTTP_PARSE_HEAD)
        return result;
    check_head(parser);
    return http_parser_want_body(parser, BODY_BYTES_MAX);
}

/* `seed` 0: in one piece. */
static struct outcome parse(struct str input, uint32_t seed)
{
    struct http_parser parser = {0};
    struct outcome outcome = {0};
    size_t at = 0;

    http_parser_init(&parser, HEADER_BYTES_MAX);
    while (at < input.len && outcome.err == ERR_NONE) {
        size_t most = seed == 0 ? input.len : 1 + next_random(&seed) % 40;
        struct str piece = {input.ptr + at, input.len - at < most ? input.len - at : most};
        size_t before = piece.len;
        enum http_parse result = feed(&parser, &piece);

        at += before - piece.len;
        if (result == HTTP_PARSE_WHOLE) {
            note_request(&outcome, &parser, at);
            http_parser_reset(&parser, next_random(&seed) % 1024);
        } else if (result == HTTP_PARSE_REFUSED) {
            check(err_status(parser.err) >= 400 && parser.why != NULL);
            outcome.err = parser.err;
        }
    }
    http_parser_deinit(&parser);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str input = {(const char *)bytes + 1, len - 1};
    struct outcome whole, cut;

    if (len < 2)
        return 0;
    whole = parse(input, 0);
    cut = parse(input, 1 + bytes[0]);
    check(whole.requests == cut.requests && whole.taken == cut.taken);
    check(whole.err == cut.err && whole.digest == cut.digest);
    return 0;
}
