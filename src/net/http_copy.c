#include "net/http_copy.h"

#include "base/check.h"
#include "base/mem.h"

#include <sodium.h>
#include <string.h>

static bool has_control_bytes(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

static struct str next_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');

    return str_ends(line, STR("\r")) ? (struct str){line.ptr, line.len - 1} : line;
}

/* Counts the lines; false when one is not "Name: value". */
static bool check_headers(struct str headers, size_t *out_count)
{
    *out_count = 0;
    while (headers.len > 0) {
        struct str line = next_line(&headers);
        size_t colon = str_find(line, ':');

        if (colon == 0 || colon == line.len || has_control_bytes(line))
            return false;
        (*out_count)++;
    }
    return true;
}

static char *put_text(char **at, struct str s)
{
    char *start = *at;

    if (s.len != 0)
        memcpy(start, s.ptr, s.len);
    start[s.len] = '\0';
    *at = start + s.len + 1;
    return start;
}

/* Headers of libcurl's own making that we do not want: a line without a value
 * stands for "do not send". A later line of the caller's is still sent. */
static const char *const unwanted[] = {"Expect:", "Content-Type:"};

static void keep_headers(struct http_copy *copy, struct str headers, size_t count, char **at)
{
    struct curl_slist *nodes = (struct curl_slist *)(void *)copy->block;
    size_t i = 0;

    for (; i < LEN(unwanted); i++)
        nodes[i].data = put_text(at, str_from(unwanted[i]));
    for (; i < count; i++)
        nodes[i].data = put_text(at, next_line(&headers));
    for (i = 0; i < count; i++)
        nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
    copy->headers = nodes;
}

bool http_copy_init(struct http_copy *copy, const struct http_call *call)
{
    size_t count;
    char *at;

    if (has_control_bytes(call->url) || has_control_bytes(call->method) || call->method.len == 0 ||
        !check_headers(call->headers, &count))
        return false;
    count += LEN(unwanted);
    copy->block_bytes =
        count * sizeof(struct curl_slist) + call->method.len + call->url.len + call->headers.len + call->body.len + 64;
    copy->block = mem_new(copy->block_bytes);
    at = copy->block + count * sizeof(struct curl_slist);
    keep_headers(copy, call->headers, count, &at);
    copy->method = put_text(&at, call->method);
    copy->url = put_text(&at, call->url);
    copy->body = (struct str){put_text(&at, call->body), call->body.len};
    check((size_t)(at - copy->block) <= copy->block_bytes);
    return true;
}

void http_copy_deinit(struct http_copy *copy)
{
    if (copy->block != NULL)
        sodium_memzero(copy->block, copy->block_bytes);
    mem_free(copy->block);
    *copy = (struct http_copy){.block = NULL};
}

static bool is_one_of(const char *method, const char *const *methods)
{
    for (; *methods != NULL; methods++) {
        if (strcmp(method, *methods) == 0)
            return true;
    }
    return false;
}

static void set_method(const struct http_copy *copy, CURL *easy)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    static const char *const known[] = {"GET", "POST", "HEAD", NULL};
    const char *method = copy->method;

    /* Each of the three undoes the others. */
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (copy->body.len > 0 || is_one_of(method, with_body)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, copy->body.ptr);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)copy->body.len);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    if (is_one_of(method, known) && (copy->body.len == 0 || strcmp(method, "POST") == 0))
        method = NULL;
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

void http_copy_set(const struct http_copy *copy, CURL *easy)
{
    set_method(copy, easy);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, copy->headers);
    curl_easy_setopt(easy, CURLOPT_URL, copy->url);
}

bool http_copy_is_repeatable(const struct http_copy *copy)
{
    static const char *const repeatable[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", NULL};

    return is_one_of(copy->method, repeatable);
}
