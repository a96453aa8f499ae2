#include "base/err.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>

struct row {
    int status;
    const char *slug;
    bool retryable;
    const char *title;
};

static const struct row table[ERR_COUNT] = {
    [ERR_NONE] = {200, "none", false, "Done"},
#define ERR(id, status, slug, retryable, title) [ERR_##id] = {status, slug, retryable, title},
#include "base/err.def"
#undef ERR
};

static const struct row *row_of(enum err err)
{
    check((size_t)err < LEN(table));
    return &table[err];
}

int err_status(enum err err)
{
    return row_of(err)->status;
}

const char *err_slug(enum err err)
{
    return row_of(err)->slug;
}

const char *err_title(enum err err)
{
    return row_of(err)->title;
}

bool err_is_retryable(enum err err)
{
    return row_of(err)->retryable;
}

void err_explain(struct err_detail *detail, const char *format, ...)
{
    va_list args;

    if (detail == NULL)
        return;
    va_start(args, format);
    vsnprintf(detail->text, sizeof detail->text, format, args);
    va_end(args);
}
