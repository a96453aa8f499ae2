/* Why an exchange with a provider failed, for whoever tries a connector. */
#include "cli/connector.h"

#include "base/tree.h"
#include "net/http_client.h"

static unsigned depth_of(struct str text)
{
    unsigned depth = 0, deepest = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '"')
            in_string = !in_string;
        else if (in_string)
            i += c == '\\';
        else if (c == '{' || c == '[')
            deepest = ++depth > deepest ? depth : deepest;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return deepest;
}

static void put_no_json(struct buf *out, struct str body)
{
    struct err_detail detail = {""};
    unsigned depth = depth_of(body);
    json_t *doc = NULL;

    if (body.len == 0)
        buf_puts(out, "the answer is empty, not JSON");
    else if (depth > TREE_DEPTH_MAX)
        buf_printf(out, "the answer is nested deeper than %d levels", TREE_DEPTH_MAX);
    else if (depth <= JSON_DEPTH_MAX && json_read(body, &doc, &detail) != ERR_NONE)
        buf_printf(out, "the answer is not JSON: %s", detail.text);
    else
        buf_puts(out, "the answer is not JSON");
    json_decref(doc);
}

static void put_of_answer(struct buf *out, const struct http_call *http, const char *otherwise)
{
    struct tree *tree = NULL;

    if (http->status >= 300 && http->status < 400) {
        buf_printf(out, "status %d: redirects are not followed", http->status);
        return;
    }
    if (http->status < 200 || http->status >= 400)
        buf_printf(out, "status %d", http->status);
    else if (tree_read(buf_str(&http->answer), &tree) != ERR_NONE)
        put_no_json(out, buf_str(&http->answer));
    else
        buf_printf(out, "status %d, %s", http->status, otherwise);
    tree_free(&tree);
}

void connector_put_why(struct buf *out, const struct http_call *http, enum outcome failure, const char *otherwise)
{
    if (http->result == HTTP_CALL_TIMEOUT)
        buf_puts(out, "no answer in time");
    else if (http->result != HTTP_CALL_ANSWERED)
        buf_put(out, str_from(http->error));
    else if (failure == OUTCOME_TIMEOUT)
        buf_puts(out, "it was still pending when its time was over");
    else if (failure == OUTCOME_ERROR)
        put_of_answer(out, http, otherwise);
}
