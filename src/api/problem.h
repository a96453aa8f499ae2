/* api/problem.h: errors as application/problem+json (RFC 9457), from base/err.def. */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "base/buf.h"
#include "base/err.h"

/* {"type","title","status","detail","code","retryable","request_id"[,"errors"][,members]} */
void problem_put(struct buf *out, enum err err, const char *detail, struct str request_id, struct str errors,
                 struct str members);

#endif
