#include "net/http_answer.h"

#include "base/check.h"
#include "base/clock.h"

#include <stdio.h>

const char *http_status_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < LEN(known); i++)
        if (known[i].status == status)
            return known[i].phrase;
    return "";
}

/* "Date: Tue, 26 May 2026 14:30:00 GMT" (RFC 9110 5.6.7). */
static void print_date(struct http_date *date, int64_t second)
{
    static const char weekdays[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970 began on a Thursday */
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t days = second / 86400;
    unsigned in_day = (unsigned)(second % 86400);
    int year, month, day;

    clock_date_of_days(days, &year, &month, &day);
    snprintf(date->line, sizeof date->line, "Date: %s, %02u %s %04u %02u:%02u:%02u GMT\r\n", weekdays[days % 7],
             (unsigned)day % 100, months[month - 1], (unsigned)year % 10000, in_day / 3600, in_day / 60 % 60,
             in_day % 60);
}

/* Printed once a second. */
static struct str date_line(struct http_date *date)
{
    int64_t second = clock_wall_us() / SECOND_US;

    if (second != date->second) {
        print_date(date, second);
        date->second = second;
    }
    return (struct str){date->line, HTTP_DATE_LINE_LEN};
}

static void put_status_line(struct buf *out, int status)
{
    if (status == 200) {
        buf_puts(out, "HTTP/1.1 200 OK\r\n");
        return;
    }
    buf_puts(out, "HTTP/1.1 ");
    buf_put_i64(out, status);
    buf_put_char(out, ' ');
    buf_put(out, str_from(http_status_phrase(status)));
    buf_puts(out, "\r\n");
}

void http_answer_put(struct buf *out, const struct http_response *response, struct http_date *date,
                     const struct http_parser *parser, bool closes)
{
    bool is_empty = response->status == 204 || response->status == 304;
    bool is_head = parser != NULL && str_is(parser->method, STR("HEAD"));

    check(response->status >= 200 && response->status <= 599);
    buf_reserve(out, response->headers.len + response->body.len + 256);
    put_status_line(out, response->status);
    buf_put(out, date_line(date));
    buf_put(out, response->headers);
    if (!is_empty) {
        buf_puts(out, "Content-Length: ");
        buf_put_i64(out, (int64_t)response->body.len);
        buf_puts(out, "\r\n");
    }
    if (closes)
        buf_puts(out, "Connection: close\r\n");
    else if (parser != NULL && parser->is_http_1_0)
        buf_puts(out, "Connection: keep-alive\r\n");
    buf_puts(out, "\r\n");
    if (!is_empty && !is_head)
        buf_put(out, response->body);
    check(!out->is_overflown);
}
