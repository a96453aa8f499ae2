#include "base/buf.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t bytes_max)
{
    *buf = (struct buf){.bytes_max = bytes_max};
}

void buf_deinit(struct buf *buf)
{
    mem_free(buf->ptr);
    buf_init(buf, buf->bytes_max);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->is_overflown = false;
    if (buf->ptr != NULL)
        buf->ptr[0] = '\0';
}

bool buf_reserve(struct buf *buf, size_t bytes)
{
    size_t capacity;

    if (bytes > buf->bytes_max - buf->len) {
        buf->is_overflown = true;
        return false;
    }
    if (buf->capacity > buf->len + bytes)
        return true;
    capacity = buf->capacity != 0 ? buf->capacity : FIRST_BYTES;
    while (capacity <= buf->len + bytes)
        capacity *= 2;
    if (capacity > buf->bytes_max)
        capacity = buf->bytes_max + 1; /* room that is there may be used: see buf_put */
    buf->ptr = mem_resize(buf->ptr, capacity);
    buf->capacity = capacity;
    return true;
}

void buf_put_slowly(struct buf *buf, struct str s)
{
    if (!buf_reserve(buf, s.len))
        return;
    if (s.len != 0)
        memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
    buf->ptr[buf->len] = '\0';
}

void buf_put_i64(struct buf *buf, int64_t value)
{
    char text[24];
    char *end = text + sizeof text;
    char *at = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        *--at = '-';
    buf_put(buf, (struct str){at, (size_t)(end - at)});
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    check(len >= 0);
    if (buf_reserve(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_consume(struct buf *buf, size_t bytes)
{
    check(bytes <= buf->len);
    if (bytes == 0)
        return;
    memmove(buf->ptr, buf->ptr + bytes, buf->len - bytes);
    buf->len -= bytes;
    buf->ptr[buf->len] = '\0';
}
