/* base/buf.h: a byte buffer that grows up to a maximum given at birth.
 *
 * Passing the maximum is not an error of the caller: the bytes are dropped,
 * `is_overflown` stays set until buf_clear, and whoever uses the content asks
 * for it once at the end. The content is always NUL-terminated for free. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *ptr; /* NULL while empty */
    size_t len;
    size_t capacity;
    size_t bytes_max;
    bool is_overflown;
};

void buf_init(struct buf *buf, size_t bytes_max);
void buf_deinit(struct buf *buf); /* frees the memory; the buffer may be used again */
void buf_clear(struct buf *buf);  /* keeps the memory */

/* Makes room for `bytes` more; false (and is_overflown) past the maximum. */
bool buf_reserve(struct buf *buf, size_t bytes);

void buf_put_slowly(struct buf *buf, struct str s); /* where the memory must grow */

static inline void buf_put(struct buf *buf, struct str s)
{
    if (s.len >= buf->capacity - buf->len) {
        buf_put_slowly(buf, s);
        return;
    }
    if (s.len != 0)
        memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
    buf->ptr[buf->len] = '\0';
}

static inline void buf_put_char(struct buf *buf, char c)
{
    buf_put(buf, (struct str){&c, 1});
}

void buf_put_i64(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define buf_puts(buf, literal) buf_put((buf), STR(literal))

/* Drops the first `bytes`. */
void buf_consume(struct buf *buf, size_t bytes);

/* The content; valid until the next change. */
static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr, buf->len};
}

#endif
