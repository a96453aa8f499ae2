/* What the parser takes and what it refuses. Every case is fed three ways
 * (whole, byte by byte, in threes) and must come out the same. */
#include "unit.h"

#include "net/http_parser.h"

#include <stdio.h>

enum { HEADER_BYTES_MAX = 1024, BODY_BYTES_MAX = 64, MORE = -1, TAKEN = 0 };

struct verdict {
    int status; /* TAKEN, MORE or the status of the refusal */
    size_t requests;
    size_t left; /* bytes behind the last whole request, or behind the refusal */
    char body[BODY_BYTES_MAX + 1];
    char host[64];
    char path[64];
    char query[64];
    bool keeps_alive;
};

static void copy(char *out, size_t size, struct str s)
{
    snprintf(out, size, "%.*s", STR_ARG(s));
}

static void note_request(struct verdict *verdict, const struct http_parser *parser)
{
    verdict->requests++;
    verdict->keeps_alive = parser->keeps_alive;
    copy(verdict->body, sizeof verdict->body, buf_str(&parser->body));
    copy(verdict->host, sizeof verdict->host, parser->host);
    copy(verdict->path, sizeof verdict->path, parser->path);
    copy(verdict->query, sizeof verdict->query, parser->query);
}

static enum http_parse feed(struct http_parser *parser, struct str *bytes)
{
    enum http_parse result = http_parser_feed(parser, bytes);

    return result == HTTP_PARSE_HEAD ? http_parser_want_body(parser, BODY_BYTES_MAX) : result;
}

static struct verdict judge(struct str input, size_t step)
{
    struct verdict verdict = {.status = TAKEN};
    struct http_parser parser = {0};
    size_t at = 0;

    http_parser_init(&parser, HEADER_BYTES_MAX);
    while (at < input.len && verdict.status == TAKEN) {
        struct str piece = {input.ptr + at, input.len - at < step ? input.len - at : step};
        size_t before = piece.len;
        enum http_parse result = feed(&parser, &piece);

        at += before - piece.len;
        if (result == HTTP_PARSE_REFUSED)
            verdict.status = err_status(parser.err);
        if (result == HTTP_PARSE_REFUSED)
            assert_non_null(parser.why);
        if (result == HTTP_PARSE_WHOLE) {
            note_request(&verdict, &parser);
            http_parser_reset(&parser, 4096);
        }
    }
    verdict.left = input.len - at;
    if (verdict.status == TAKEN && http_parser_has_begun(&parser))
        verdict.status = MORE;
    http_parser_deinit(&parser);
    return verdict;
}

/* --- the table ------------------------------------------------------------- */

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define END "\r\n"
#define NEXT GET END
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64
#define X1024 X256 X256 X256 X256
#define F8 "A: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n"

struct example {
    const char *name;
    struct str input;
    int status;
    size_t requests;
    const char *body; /* of the last request; NULL: not looked at */
};

#define CASE(name, input, status, requests, body)                                                                      \
    {                                                                                                                  \
#name, {input, sizeof(input) - 1 }, status, requests, body                                                     \
    }
#define TAKES(name, input, requests, body) CASE(name, input, TAKEN, requests, body)
#define REFUSES(name, input, status) CASE(name, input, status, 0, NULL)
#define WAITS(name, input) CASE(name, input, MORE, 0, NULL)

static struct example examples[] = {
    /* framing that is right */
    TAKES(a_get_without_a_body_is_taken, GET END, 1, ""),
    TAKES(a_body_of_known_length_is_taken, POST "Content-Length: 5\r\n\r\nhello", 1, "hello"),
    TAKES(a_length_of_zero_leaves_the_next_request_alone, POST "Content-Length: 0\r\n\r\n" NEXT, 2, ""),
    TAKES(a_chunked_body_is_put_together, CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" NEXT CHUNKED "1\r\nx\r\n0\r\n\r\n",
          3, "x"),
    TAKES(chunk_sizes_are_hexadecimal_in_either_case, CHUNKED "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", 1,
          "01234567890123456789"),
    TAKES(leading_zeros_of_a_chunk_size_are_taken, CHUNKED "0001\r\nx\r\n000\r\n\r\n", 1, "x"),
    TAKES(chunk_extensions_are_ignored, CHUNKED "1;a=b;c=\"d e\"\r\nx\r\n0;z\r\n\r\n", 1, "x"),
    TAKES(trailers_are_read_and_dropped, CHUNKED "1\r\nx\r\n0\r\nDigest: 1\r\nB:\r\n\r\n" NEXT, 2, NULL),
    TAKES(a_trailing_content_length_frames_nothing, CHUNKED "1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n" NEXT, 2, NULL),
    TAKES(the_coding_chunked_is_taken_in_any_case, POST "transfer-encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n", 1,
          "x"),
    TAKES(three_pipelined_requests_are_three, NEXT POST "Content-Length: 1\r\n\r\nx" NEXT, 3, ""),
    TAKES(a_body_of_exactly_the_maximum_is_taken, POST "Content-Length: 64\r\n\r\n" X64, 1, X64),
    TAKES(a_chunked_body_of_exactly_the_maximum_is_taken, CHUNKED "40\r\n" X64 "\r\n0\r\n\r\n", 1, X64),
    TAKES(an_upgrade_is_ignored,
          GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n" NEXT, 2, ""),
    TAKES(an_upgrade_with_a_body_is_ignored,
          POST "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi" NEXT, 2, ""),

    /* the beginning */
    TAKES(empty_lines_before_a_request_are_skipped, "\r\n\r\n" NEXT "\r\n" NEXT, 2, ""),
    TAKES(empty_lines_alone_are_no_request, "\r\n\r\n", 0, NULL),
    REFUSES(too_many_empty_lines_are_refused, "\r\n\r\n\r\n\r\n\r\n" NEXT, 400),
    REFUSES(a_bare_lf_before_a_request_is_refused, "\n" NEXT, 400),
    REFUSES(a_bare_cr_before_a_request_is_refused, "\r" NEXT, 400),
    REFUSES(a_space_before_a_request_is_refused, " " NEXT, 400),
    REFUSES(tls_is_refused_at_its_first_bytes, "\x16\x03\x01\x02", 400),
    CASE(a_cr_behind_a_body_belongs_to_the_next_request, POST "Content-Length: 1\r\n\r\nx\r\n", TAKEN, 1, "x"),

    /* the request line */
    REFUSES(a_request_line_without_version_is_refused, "GET /\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_request_line_without_target_is_refused, "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(two_spaces_before_the_target_are_refused, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(two_spaces_behind_the_target_are_refused, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_tab_in_the_request_line_is_refused, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_space_behind_the_version_is_refused, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    REFUSES(a_third_word_is_refused, "GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_bare_lf_behind_the_request_line_is_refused, "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    REFUSES(a_lf_inside_the_request_line_is_refused, "GET /\n HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_nul_in_the_target_is_refused, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_byte_over_127_in_the_target_is_refused, "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_fragment_in_the_target_is_refused, "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(http_0_9_is_not_supported, "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    REFUSES(http_1_2_is_not_supported, "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    REFUSES(http_2_0_is_not_supported, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    REFUSES(http_9_9_is_not_supported, "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    REFUSES(the_preface_of_http_2_is_not_supported, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    REFUSES(a_version_that_overflows_a_byte_is_refused, "GET / HTTP/1.257\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_version_of_two_digits_is_refused, "GET / HTTP/11.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_lower_case_version_is_refused, "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(icecast_is_refused, "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", 400),
    REFUSES(rtsp_is_refused, "DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", 400),

    /* the method */
    REFUSES(an_unknown_method_is_not_implemented, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(a_method_that_begins_like_a_known_one_is_not_implemented, "GETX / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(the_beginning_of_a_known_method_is_not_implemented, "GE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(a_lower_case_method_is_not_implemented, "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(a_method_of_rtsp_is_not_implemented, "DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(the_method_pri_is_not_implemented, "PRI / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(connect_is_not_implemented, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    REFUSES(a_method_that_is_no_token_is_refused, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    TAKES(options_of_everything_is_taken, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 1, ""),
    REFUSES(an_asterisk_is_for_options_only, "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_target_that_is_an_authority_is_refused, "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(a_target_without_leading_slash_is_refused, "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(an_absolute_target_of_another_scheme_is_refused, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(an_absolute_target_with_a_user_is_refused, "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(an_absolute_target_without_authority_is_refused, "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    REFUSES(an_absolute_target_does_not_excuse_a_missing_host, "GET http://a/ HTTP/1.1\r\n\r\n", 400),

    /* Host */
    REFUSES(a_missing_host_is_refused, "GET / HTTP/1.1\r\n\r\n", 400),
    REFUSES(two_hosts_are_refused, GET "Host: a\r\n\r\n", 400),
    REFUSES(two_hosts_in_different_case_are_refused, GET "hOST: b\r\n\r\n", 400),
    REFUSES(an_empty_host_is_refused, "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    REFUSES(a_host_with_a_path_is_refused, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    REFUSES(a_host_with_a_user_is_refused, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    REFUSES(a_host_with_a_space_is_refused, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    REFUSES(a_host_list_is_refused, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    REFUSES(a_host_with_a_bad_port_is_refused, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400),
    REFUSES(a_host_with_a_port_over_65535_is_refused, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
    REFUSES(a_host_with_a_broken_escape_is_refused, "GET / HTTP/1.1\r\nHost: a%2\r\n\r\n", 400),
    REFUSES(a_host_with_an_open_bracket_is_refused, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    TAKES(a_host_with_a_port_is_taken, "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", 1, ""),
    TAKES(a_host_of_ipv6_is_taken, "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 1, ""),
    TAKES(a_host_of_ipv4_is_taken, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 1, ""),
    TAKES(http_1_0_may_lack_a_host, "GET / HTTP/1.0\r\n\r\n", 1, ""),

    /* header fields */
    TAKES(a_field_may_be_empty, GET "A:\r\nB: \r\nC: \t \r\n\r\n", 1, ""),
    TAKES(a_value_may_hold_tabs_and_bytes_over_127, GET "A: a\tb\xc3\xa4\r\n\r\n", 1, ""),
    REFUSES(a_space_before_a_colon_is_refused, GET "A : 1\r\n\r\n", 400),
    REFUSES(a_space_before_the_colon_of_host_is_refused, "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    REFUSES(a_tab_before_a_colon_is_refused, GET "A\t: 1\r\n\r\n", 400),
    REFUSES(a_folded_field_is_refused, GET "A: 1\r\n 2\r\n\r\n", 400),
    REFUSES(a_field_folded_with_a_tab_is_refused, GET "A: 1\r\n\t2\r\n\r\n", 400),
    REFUSES(white_space_before_the_first_field_is_refused, "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    REFUSES(a_field_without_colon_is_refused, GET "A\r\n\r\n", 400),
    REFUSES(a_field_without_name_is_refused, GET ": 1\r\n\r\n", 400),
    REFUSES(a_name_with_a_space_is_refused, GET "A B: 1\r\n\r\n", 400),
    REFUSES(a_name_with_a_parenthesis_is_refused, GET "A(: 1\r\n\r\n", 400),
    REFUSES(a_name_with_a_byte_over_127_is_refused, GET "A\xa0: 1\r\n\r\n", 400),
    REFUSES(a_name_with_a_nul_is_refused, GET "A\0: 1\r\n\r\n", 400),
    REFUSES(a_value_with_a_nul_is_refused, GET "A: 1\0\r\n\r\n", 400),
    REFUSES(a_value_with_a_control_character_is_refused, GET "A: 1\x01\r\n\r\n", 400),
    REFUSES(a_value_with_a_delete_is_refused, GET "A: 1\x7f\r\n\r\n", 400),
    REFUSES(a_bare_cr_in_a_value_is_refused, GET "A: 1\r2\r\n\r\n", 400),
    REFUSES(two_crs_before_a_lf_are_refused, GET "A: 1\r\r\n\r\n", 400),
    REFUSES(a_bare_lf_behind_a_field_is_refused, GET "A: 1\nB: 2\r\n\r\n", 400),
    REFUSES(a_bare_lf_as_the_empty_line_is_refused, GET "\n", 400),
    REFUSES(a_cr_without_lf_as_the_empty_line_is_refused, GET "\rX", 400),
    REFUSES(a_vertical_tab_around_a_value_is_refused,
            POST "Content-Length:\x0b"
                 "1\r\n\r\nx",
            400),

    /* Content-Length */
    REFUSES(a_length_with_a_plus_is_refused, POST "Content-Length: +1\r\n\r\nx", 400),
    REFUSES(a_negative_length_is_refused, POST "Content-Length: -1\r\n\r\nx", 400),
    REFUSES(a_hexadecimal_length_is_refused, POST "Content-Length: 0x1\r\n\r\nx", 400),
    REFUSES(a_length_with_an_underscore_is_refused, POST "Content-Length: 1_0\r\n\r\nx", 400),
    REFUSES(a_length_with_a_space_inside_is_refused, POST "Content-Length: 1 0\r\n\r\nx", 400),
    REFUSES(a_length_of_no_digits_is_refused, POST "Content-Length: abc\r\n\r\nx", 400),
    REFUSES(a_length_with_a_fraction_is_refused, POST "Content-Length: 1.0\r\n\r\nx", 400),
    REFUSES(an_empty_length_is_refused, POST "Content-Length:\r\n\r\n", 400),
    REFUSES(a_blank_length_is_refused, POST "Content-Length: \r\n\r\n", 400),
    REFUSES(a_length_trimmed_of_a_strange_space_is_refused, POST "Content-Length: 1\xa0\r\n\r\nx", 400),
    REFUSES(a_length_trimmed_of_a_next_line_is_refused,
            POST "Content-Length: \x85"
                 "1\r\n\r\nx",
            400),
    REFUSES(a_length_that_overflows_is_refused, POST "Content-Length: 18446744073709551617\r\n\r\nx", 400),
    REFUSES(two_equal_lengths_are_refused, POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    REFUSES(two_different_lengths_are_refused, POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
    REFUSES(a_list_of_lengths_is_refused, POST "Content-Length: 1, 1\r\n\r\nx", 400),
    REFUSES(a_length_over_the_maximum_is_too_large, POST "Content-Length: 65\r\n\r\n", 413),
    REFUSES(a_length_of_exabytes_is_too_large, POST "Content-Length: 18446744073709551615\r\n\r\n", 413),

    /* Transfer-Encoding */
    REFUSES(a_length_before_chunked_is_refused, POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
    REFUSES(a_length_behind_chunked_is_refused, POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
            400),
    REFUSES(a_length_of_zero_with_chunked_is_refused,
            POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    REFUSES(chunked_twice_is_refused, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
    REFUSES(chunked_twice_in_a_list_is_refused, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    REFUSES(chunked_with_a_leading_comma_is_refused, POST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 400),
    REFUSES(chunked_with_a_trailing_comma_is_refused, POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400),
    REFUSES(chunked_that_is_not_last_is_refused, POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    REFUSES(a_coding_that_is_not_chunked_is_refused, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    REFUSES(the_coding_identity_is_refused, POST "Transfer-Encoding: identity\r\n\r\n", 400),
    REFUSES(an_empty_coding_is_refused, POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    REFUSES(a_coding_in_quotes_is_refused, POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
    REFUSES(a_coding_with_a_parameter_is_refused, POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400),
    REFUSES(a_coding_behind_a_vertical_tab_is_refused,
            POST "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n0\r\n\r\n",
            400),
    REFUSES(an_unknown_coding_under_chunked_is_not_implemented,
            POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    REFUSES(chunked_in_http_1_0_is_refused, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),

    /* chunks */
    REFUSES(a_chunk_size_with_0x_is_refused, CHUNKED "0x1\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_chunk_size_with_an_underscore_is_refused, CHUNKED "1_0\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_chunk_size_with_a_plus_is_refused, CHUNKED "+1\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_chunk_size_with_a_minus_is_refused, CHUNKED "-1\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_space_before_a_chunk_size_is_refused, CHUNKED " 1\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_space_behind_a_chunk_size_is_refused, CHUNKED "1 \r\nx\r\n0\r\n\r\n", 400),
    REFUSES(an_empty_chunk_size_is_refused, CHUNKED "\r\n0\r\n\r\n", 400),
    REFUSES(an_extension_without_a_chunk_size_is_refused, CHUNKED ";a\r\n0\r\n\r\n", 400),
    REFUSES(a_chunk_size_that_is_a_word_is_refused, CHUNKED "hello\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_chunk_size_that_overflows_is_too_large, CHUNKED "10000000000000001\r\nx\r\n0\r\n\r\n", 413),
    REFUSES(a_chunk_size_over_the_maximum_is_too_large, CHUNKED "41\r\n", 413),
    REFUSES(chunks_that_add_up_over_the_maximum_are_too_large, CHUNKED "40\r\n" X64 "\r\n1\r\n", 413),
    REFUSES(a_bare_lf_behind_a_chunk_size_is_refused, CHUNKED "1\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_bare_cr_behind_a_chunk_size_is_refused, CHUNKED "1\rXx\r\n0\r\n\r\n", 400),
    REFUSES(a_bare_lf_behind_a_chunk_extension_is_refused, CHUNKED "1;a\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_bare_cr_in_a_chunk_extension_is_refused, CHUNKED "1;a\rb\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_nul_in_a_chunk_extension_is_refused, CHUNKED "1;\0\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(a_chunk_that_ends_with_two_other_bytes_is_refused, CHUNKED "1\r\nxXX0\r\n\r\n", 400),
    REFUSES(a_chunk_that_ends_with_a_bare_lf_is_refused, CHUNKED "1\r\nx\n0\r\n\r\n", 400),
    REFUSES(a_chunk_longer_than_its_size_is_refused, CHUNKED "1\r\nxx\r\n0\r\n\r\n", 400),
    REFUSES(a_bare_lf_at_the_end_of_chunks_is_refused, CHUNKED "0\r\n\n", 400),
    REFUSES(a_bare_cr_at_the_end_of_chunks_is_refused, CHUNKED "0\r\n\rX", 400),
    REFUSES(a_long_chunk_line_is_refused, CHUNKED "1;" X256 "\r\nx\r\n0\r\n\r\n", 400),
    REFUSES(
        a_chunk_size_of_many_zeros_is_refused,
        CHUNKED
        "00000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001\r\nx\r\n",
        400),
    REFUSES(a_trailer_with_a_space_before_the_colon_is_refused, CHUNKED "0\r\nA : 1\r\n\r\n", 400),
    REFUSES(a_trailer_without_colon_is_refused, CHUNKED "0\r\nA\r\n\r\n", 400),
    REFUSES(a_trailer_without_name_is_refused, CHUNKED "0\r\n: 1\r\n\r\n", 400),
    REFUSES(a_folded_trailer_is_refused, CHUNKED "0\r\nA: 1\r\n 2\r\n\r\n", 400),
    REFUSES(a_trailer_with_a_nul_is_refused, CHUNKED "0\r\nA: \0\r\n\r\n", 400),
    REFUSES(a_trailer_that_ends_with_a_bare_lf_is_refused, CHUNKED "0\r\nA: 1\n\r\n", 400),
    REFUSES(trailers_without_end_are_too_large, CHUNKED "0\r\nA: " X1024 X1024 X1024 X1024 "\r\n\r\n", 431),

    /* limits */
    REFUSES(a_long_target_is_too_long, "GET /" X1024 " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    REFUSES(a_long_field_is_too_large, GET "A: " X1024 "\r\n\r\n", 431),
    REFUSES(more_than_64_fields_are_too_large, GET F8 F8 F8 F8 F8 F8 F8 F8 END, 431),
    TAKES(a_head_of_63_and_a_host_field_is_taken, GET F8 F8 F8 F8 F8 F8 F8 "A: 1\r\nA: 1\r\n" END, 1, ""),

    /* not all there yet */
    WAITS(a_part_of_a_method_is_waited_for, "GE"),
    WAITS(a_part_of_a_target_is_waited_for, "GET /v1"),
    WAITS(a_part_of_a_version_is_waited_for, "GET / HTTP/1."),
    WAITS(a_part_of_a_field_is_waited_for, GET "A"),
    WAITS(a_part_of_the_last_line_is_waited_for, GET "\r"),
    WAITS(a_part_of_a_body_is_waited_for, POST "Content-Length: 5\r\n\r\nhell"),
    WAITS(a_part_of_a_chunk_is_waited_for, CHUNKED "5\r\nhell"),
    WAITS(the_last_chunk_is_waited_for, CHUNKED "5\r\nhello\r\n"),
    WAITS(the_end_of_trailers_is_waited_for, CHUNKED "0\r\nA: 1\r\n"),
};

static void check_example(const struct example *example, size_t step)
{
    struct verdict verdict = judge(example->input, step);

    if (verdict.status != example->status || verdict.requests < example->requests)
        fail_msg("%s, fed in pieces of %zu: status %d after %zu requests, not %d after %zu", example->name, step,
                 verdict.status, verdict.requests, example->status, example->requests);
    assert_int_equal(verdict.requests, example->requests);
    if (example->body != NULL)
        assert_string_equal(verdict.body, example->body);
}

static void example_comes_out(void **state)
{
    check_example(*state, SIZE_MAX);
    check_example(*state, 1);
    check_example(*state, 3);
}

/* --- single questions --------------------------------------------------------- */

static struct verdict judge_text(const char *text)
{
    return judge(str_from(text), SIZE_MAX);
}

static void an_absolute_target_replaces_host(void **state)
{
    struct verdict verdict = judge_text("GET HTTP://b.example:81/p?q=1?2 HTTP/1.1\r\nHost: a\r\n\r\n");

    (void)state;
    assert_string_equal(verdict.host, "b.example:81");
    assert_string_equal(verdict.path, "/p");
    assert_string_equal(verdict.query, "q=1?2");
    assert_string_equal(judge_text("GET https://b?x HTTP/1.1\r\nHost: a\r\n\r\n").path, "/");
    assert_string_equal(judge_text("GET https://b?x HTTP/1.1\r\nHost: a\r\n\r\n").query, "x");
}

static void the_target_is_cut_at_its_first_question_mark(void **state)
{
    struct verdict verdict = judge_text("GET /a%20b?c=d&e=?f HTTP/1.1\r\nHost: a\r\n\r\n");

    (void)state;
    assert_string_equal(verdict.path, "/a%20b");
    assert_string_equal(verdict.query, "c=d&e=?f");
}

static void a_connection_lives_as_the_client_says(void **state)
{
    (void)state;
    assert_true(judge_text(GET END).keeps_alive);
    assert_false(judge_text(GET "Connection: close\r\n\r\n").keeps_alive);
    assert_false(judge_text(GET "connection: foo, CLOSE\r\n\r\n").keeps_alive);
    assert_false(judge_text("GET / HTTP/1.0\r\n\r\n").keeps_alive);
    assert_true(judge_text("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps_alive);
}

static struct http_parser *parser_of(const char *text)
{
    static struct http_parser parser;
    struct str bytes = str_from(text);

    http_parser_init(&parser, HEADER_BYTES_MAX);
    assert_int_equal(http_parser_feed(&parser, &bytes), HTTP_PARSE_HEAD);
    return &parser;
}

static void a_field_is_found_by_its_name_in_any_case(void **state)
{
    struct http_parser *parser = parser_of(GET "X-One:  1 \t\r\nX-Two: 2\r\nx-two: 3\r\nX-Empty:\r\n\r\n");
    size_t count;

    (void)state;
    assert_true(str_is(http_parser_field(parser, STR("x-one"), NULL), STR("1")));
    assert_true(str_is(http_parser_field(parser, STR("X-TWO"), &count), STR("2")));
    assert_int_equal(count, 2);
    assert_true(http_parser_field(parser, STR("X-Empty"), &count).ptr != NULL);
    assert_int_equal(count, 1);
    assert_true(http_parser_field(parser, STR("X-None"), &count).ptr == NULL);
    assert_int_equal(count, 0);
    http_parser_deinit(parser);
}

static void the_host_field_reads_as_the_absolute_target_says(void **state)
{
    struct http_parser *parser = parser_of("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n");

    (void)state;
    assert_true(str_is(http_parser_field(parser, STR("host"), NULL), STR("b")));
    http_parser_deinit(parser);
}

static void an_expectation_is_noted(void **state)
{
    struct http_parser *parser = parser_of(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n");

    (void)state;
    assert_true(parser->expects_continue && !parser->has_unknown_expectation);
    http_parser_deinit(parser);
    parser = parser_of(POST "Expect: a-pony\r\nContent-Length: 1\r\n\r\n");
    assert_true(!parser->expects_continue && parser->has_unknown_expectation);
    http_parser_deinit(parser);
    parser = parser_of("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    assert_true(!parser->expects_continue && !parser->has_unknown_expectation);
    http_parser_deinit(parser);
}

/* A body of few bytes in very many lines of extensions. */
static void a_body_that_is_mostly_chunk_lines_is_refused(void **state)
{
    struct http_parser parser = {0};
    struct str head = STR(CHUNKED);
    enum http_parse result;
    size_t chunks = 0;

    (void)state;
    http_parser_init(&parser, HEADER_BYTES_MAX);
    assert_int_equal(http_parser_feed(&parser, &head), HTTP_PARSE_HEAD);
    result = http_parser_want_body(&parser, 1 << 20);
    for (; result == HTTP_PARSE_MORE && chunks < 10000; chunks++) {
        struct str chunk = STR("1;" X64 X64 "\r\nx\r\n");

        result = http_parser_feed(&parser, &chunk);
    }
    assert_int_equal(result, HTTP_PARSE_REFUSED);
    assert_in_range(chunks, 50, 500);
    http_parser_deinit(&parser);
}

static void one_byte_chunks_are_no_attack(void **state)
{
    struct http_parser parser = {0};
    struct str head = STR(CHUNKED);

    (void)state;
    http_parser_init(&parser, HEADER_BYTES_MAX);
    assert_int_equal(http_parser_feed(&parser, &head), HTTP_PARSE_HEAD);
    assert_int_equal(http_parser_want_body(&parser, 1 << 20), HTTP_PARSE_MORE);
    for (size_t i = 0; i < 100000; i++) {
        struct str chunk = STR("1\r\nx\r\n");

        assert_int_equal(http_parser_feed(&parser, &chunk), HTTP_PARSE_MORE);
    }
    http_parser_deinit(&parser);
}

static void a_reset_gives_large_buffers_back(void **state)
{
    struct http_parser parser = {0};
    struct str bytes = STR(POST "Content-Length: 10\r\nA: " X256 X256 "\r\n\r\n0123456789");

    (void)state;
    http_parser_init(&parser, HEADER_BYTES_MAX);
    assert_int_equal(http_parser_feed(&parser, &bytes), HTTP_PARSE_HEAD);
    assert_int_equal(http_parser_want_body(&parser, 100), HTTP_PARSE_MORE);
    assert_int_equal(http_parser_feed(&parser, &bytes), HTTP_PARSE_WHOLE);
    http_parser_reset(&parser, 300);
    assert_int_equal(parser.head.capacity, 0);
    assert_int_not_equal(parser.body.capacity, 0);
    http_parser_deinit(&parser);
}

static const struct CMUnitTest questions[] = {
    cmocka_unit_test(an_absolute_target_replaces_host),
    cmocka_unit_test(the_target_is_cut_at_its_first_question_mark),
    cmocka_unit_test(a_connection_lives_as_the_client_says),
    cmocka_unit_test(a_field_is_found_by_its_name_in_any_case),
    cmocka_unit_test(the_host_field_reads_as_the_absolute_target_says),
    cmocka_unit_test(an_expectation_is_noted),
    cmocka_unit_test(a_body_that_is_mostly_chunk_lines_is_refused),
    cmocka_unit_test(one_byte_chunks_are_no_attack),
    cmocka_unit_test(a_reset_gives_large_buffers_back),
};

int main(void)
{
    struct CMUnitTest tests[LEN(examples) + LEN(questions)];

    for (size_t i = 0; i < LEN(examples); i++)
        tests[i] = (struct CMUnitTest){examples[i].name, example_comes_out, NULL, NULL, &examples[i]};
    memcpy(tests + LEN(examples), questions, sizeof questions);
    return cmocka_run_group_tests_name("http_parser", tests, NULL, NULL);
}
