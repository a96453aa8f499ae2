#include "base/json.h"

#include "base/check.h"
#include "base/clock.h"

/* jansson would take 2048 levels and calls itself for each: count first. Also
 * finds the NUL bytes that it reports as a mere syntax error. */
static enum err check_shape(struct str text, struct err_detail *detail)
{
    size_t line = 1, line_start = 0;
    unsigned depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '\0') {
            err_explain(detail, "line %zu, column %zu: a NUL byte is not JSON", line, i - line_start + 1);
            return ERR_MALFORMED_JSON;
        }
        if (c == '\n') {
            line++;
            line_start = i + 1;
        }
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                err_explain(detail, "line %zu, column %zu: nested deeper than %d levels", line, i - line_start + 1,
                            JSON_DEPTH_MAX);
                return ERR_MALFORMED_JSON;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return ERR_NONE;
}

/* jansson counts columns in code points up to the last one read; we say bytes
 * from 1. Its message may quote the input ("near '…'"): cut that off. */
static void explain(struct str text, const json_error_t *error, struct err_detail *detail)
{
    size_t at = error->position > 0 ? (size_t)error->position : 0;
    size_t line_start = 0, line = 1;
    struct str message = str_from(error->text);
    const char *near = strstr(error->text, " near ");

    if (at > text.len)
        at = text.len;
    for (size_t i = 0; i < at; i++) {
        if (text.ptr[i] == '\n' && i + 1 < at) {
            line++;
            line_start = i + 1;
        }
    }
    if (near != NULL)
        message.len = (size_t)(near - error->text);
    err_explain(detail, "line %zu, column %zu: %.*s", line, at > line_start ? at - line_start : 1, STR_ARG(message));
}

/* A whole number past 64 bits is fine JSON: such a text is read with all its
 * numbers as reals. Whoever wants a whole number takes 3.0 as well. */
#define FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

enum err json_read(struct str text, json_t **out_doc, struct err_detail *detail)
{
    json_error_t error;
    json_t *doc;
    enum err err = check_shape(text, detail);

    if (err != ERR_NONE)
        return err;
    if (str_trim(text).len == 0) {
        err_explain(detail, "line 1, column 1: the text is empty");
        return ERR_MALFORMED_JSON;
    }
    doc = json_loadb(text.ptr, text.len, FLAGS, &error);
    if (doc == NULL && json_error_code(&error) == json_error_numeric_overflow)
        doc = json_loadb(text.ptr, text.len, FLAGS | JSON_DECODE_INT_AS_REAL, &error);
    if (doc == NULL) {
        explain(text, &error, detail);
        return ERR_MALFORMED_JSON;
    }
    *out_doc = doc;
    return ERR_NONE;
}

enum { TOKEN_BYTES_MAX = 256 };

/* One reference token with ~1 and ~0 undone; false when it is too long. */
static bool unescape_token(struct str token, char out[TOKEN_BYTES_MAX + 1], size_t *out_len)
{
    size_t len = 0;

    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];

        if (len == TOKEN_BYTES_MAX)
            return false;
        if (c == '~' && i + 1 < token.len)
            c = token.ptr[++i] == '1' ? '/' : '~';
        out[len++] = c;
    }
    out[len] = '\0';
    *out_len = len;
    return true;
}

static const json_t *child(const json_t *value, struct str token)
{
    char name[TOKEN_BYTES_MAX + 1];
    size_t len;
    uint64_t index;

    if (!unescape_token(token, name, &len))
        return NULL;
    if (json_is_object(value))
        return strlen(name) == len ? json_object_get(value, name) : NULL;
    if (json_is_array(value) && str_to_u64((struct str){name, len}, UINT32_MAX, &index) && (len == 1 || name[0] != '0'))
        return json_array_get(value, (size_t)index);
    return NULL;
}

const json_t *json_at(const json_t *doc, struct str pointer)
{
    struct str rest = pointer;

    if (rest.len == 0)
        return doc;
    if (rest.ptr[0] != '/')
        return NULL;
    rest = str_from_at(rest, 1);
    for (bool is_last = false; !is_last && doc != NULL;) {
        is_last = str_find(rest, '/') == rest.len;
        doc = child(doc, str_cut(&rest, '/'));
    }
    return doc;
}

bool json_is_pointer(struct str pointer)
{
    if (pointer.len == 0)
        return true;
    if (pointer.ptr[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.len; i++) {
        if (pointer.ptr[i] == '~' && (i + 1 == pointer.len || (pointer.ptr[i + 1] != '0' && pointer.ptr[i + 1] != '1')))
            return false;
    }
    return true;
}

struct str json_str(const json_t *value)
{
    if (!json_is_string(value))
        return STR_NONE;
    return (struct str){json_string_value(value), json_string_length(value)};
}

bool json_whole(const json_t *value, int64_t *out_number)
{
    const double exact = 9007199254740992.0; /* 2^53: up to here a real is what was written */
    double real = json_is_real(value) ? json_real_value(value) : 0;

    if (json_is_real(value) && (real < -exact || real > exact || real != (double)(int64_t)real))
        return false;
    if (!json_is_number(value))
        return false;
    *out_number = json_is_real(value) ? (int64_t)real : json_integer_value(value);
    return true;
}

/* Length of the UTF-8 sequence at `s`, or 0 when it is not one (overlong,
 * surrogate, above U+10FFFF, cut short). Table 3-7 of the Unicode Standard. */
static size_t utf8_sequence(struct str s)
{
    const unsigned char *u = (const unsigned char *)s.ptr;
    size_t len = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > s.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf0 && u[1] < 0x90) ||
        (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return len;
}

static void put_escaped(struct buf *out, char c)
{
    static const char short_forms[] = "\bb\tt\nn\ff\rr\"\"\\\\";

    for (size_t i = 0; i + 1 < sizeof short_forms; i += 2) {
        if (short_forms[i] == c) {
            buf_put_char(out, '\\');
            buf_put_char(out, short_forms[i + 1]);
            return;
        }
    }
    buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

void json_put_str(struct buf *out, struct str s)
{
    buf_put_char(out, '"');
    while (s.len > 0) {
        size_t plain = 0;
        size_t sequence;

        while (plain < s.len && is_plain(s.ptr[plain]))
            plain++;
        buf_put(out, (struct str){s.ptr, plain});
        s = str_from_at(s, plain);
        if (s.len == 0)
            break;
        sequence = utf8_sequence(s);
        if (sequence == 0)
            buf_puts(out, "\xef\xbf\xbd");
        else if (sequence == 1)
            put_escaped(out, s.ptr[0]);
        else
            buf_put(out, (struct str){s.ptr, sequence});
        s = str_from_at(s, sequence == 0 ? 1 : sequence);
    }
    buf_put_char(out, '"');
}

void json_put_comma(struct buf *out)
{
    if (out->len > 0 && out->ptr[out->len - 1] != '{' && out->ptr[out->len - 1] != '[')
        buf_put_char(out, ',');
}

void json_put_name(struct buf *out, const char *name)
{
    json_put_comma(out);
    json_put_str(out, str_from(name));
    buf_put_char(out, ':');
}

void json_put_time(struct buf *out, int64_t time_us)
{
    if (time_us == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_put_char(out, '"');
    clock_put_time(out, time_us);
    buf_put_char(out, '"');
}

void json_put_ppm(struct buf *out, int64_t ppm)
{
    char digits[8];
    int count = 6;

    check(ppm >= 0);
    buf_put_i64(out, ppm / PPM_ONE);
    ppm %= PPM_ONE;
    if (ppm == 0)
        return;
    for (; ppm % 10 == 0; count--)
        ppm /= 10;
    for (int i = count; i > 0; i--) {
        digits[i - 1] = (char)('0' + ppm % 10);
        ppm /= 10;
    }
    buf_put_char(out, '.');
    buf_put(out, (struct str){digits, (size_t)count});
}

void json_put_decimal(struct buf *out, double value)
{
    const double most = 1e12;
    double size = value < 0 ? -value : value;
    int64_t rounded = (int64_t)((size < most ? size : most) * 10000 + 0.5);

    if (value < 0 && rounded != 0)
        buf_put_char(out, '-');
    json_put_ppm(out, rounded * (PPM_ONE / 10000));
}

void json_put_pointer_token(struct buf *out, struct str token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~')
            buf_puts(out, "~0");
        else if (token.ptr[i] == '/')
            buf_puts(out, "~1");
        else
            buf_put_char(out, token.ptr[i]);
    }
}

static int put_chunk(const char *chunk, size_t len, void *out)
{
    buf_put(out, (struct str){chunk, len});
    return 0;
}

void json_put_doc(struct buf *out, const json_t *doc)
{
    json_dump_callback(doc, put_chunk, out, JSON_COMPACT | JSON_ENCODE_ANY);
}
