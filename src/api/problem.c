#include "api/problem.h"

#include "base/json.h"

void problem_put(struct buf *out, enum err err, const char *detail, struct str request_id, struct str errors,
                 struct str members)
{
    buf_printf(out, "{\"type\":\"urn:unstuck:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":", err_slug(err),
               err_title(err), err_status(err));
    json_put_str(out, str_from(detail != NULL ? detail : err_title(err)));
    buf_printf(out, ",\"code\":\"%s\",\"retryable\":%s,\"request_id\":", err_slug(err),
               err_is_retryable(err) ? "true" : "false");
    json_put_str(out, request_id);
    if (errors.len != 0) {
        buf_puts(out, ",\"errors\":");
        buf_put(out, errors);
    }
    if (members.len != 0) {
        buf_put_char(out, ',');
        buf_put(out, members);
    }
    buf_put_char(out, '}');
}
