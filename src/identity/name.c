#include "identity/identity.h"

static bool refuse(struct err_detail *detail, const char *sentence)
{
    err_explain(detail, "%s", sentence);
    return false;
}

static bool is_continued(struct str s, size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        if (i >= s.len || ((unsigned char)s.ptr[i] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

/* The code point at the front of `s` (not empty), or -1 when there is no
 * well-formed one; its length in bytes. */
static int32_t code_point(struct str s, size_t *out_len)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)s.ptr[0];
    size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    int32_t value = more == 0 ? first : first & (0x3f >> more);

    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || !is_continued(s, more))
        return -1;
    for (size_t i = 1; i <= more; i++)
        value = value << 6 | ((unsigned char)s.ptr[i] & 0x3f);
    if (value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return -1;
    *out_len = more + 1;
    return value;
}

static bool is_space(int32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool name_normalise(struct str text, struct identity_text *out, struct err_detail *detail)
{
    bool is_space_due = false;
    size_t bytes = 0;

    out->len = 0;
    for (struct str rest = text; rest.len > 0; rest = str_from_at(rest, bytes)) {
        int32_t c = code_point(rest, &bytes);

        if (c < 0)
            return refuse(detail, "The name is not valid UTF-8");
        if (is_space(c)) {
            is_space_due = out->len > 0;
            continue;
        }
        if (is_control(c))
            return refuse(detail, "The name has a control character: leave it out");
        if (out->len + is_space_due + bytes > NAME_BYTES_MAX)
            return refuse(detail, "The name is longer than 100 bytes: shorten it");
        if (is_space_due)
            out->text[out->len++] = ' ';
        is_space_due = false;
        memcpy(out->text + out->len, rest.ptr, bytes);
        out->len += bytes;
    }
    out->text[out->len] = '\0';
    return out->len > 0 || refuse(detail, "The name is empty: give one or leave the member out");
}

/* A bar inside a name becomes a control character, which no name has, so that
 * two different persons never get one key. */
static void put_part(struct identity_text *out, struct str part)
{
    for (size_t i = 0; i < part.len && out->len < IDENTITY_BYTES_MAX; i++)
        out->text[out->len++] = part.ptr[i] == '|' ? '\x1f' : char_lower(part.ptr[i]);
}

void person_key(struct str first_name, struct str last_name, struct str domain, struct identity_text *out)
{
    out->len = 0;
    put_part(out, first_name);
    out->text[out->len++] = '|';
    put_part(out, last_name);
    out->text[out->len++] = '|';
    put_part(out, domain);
    out->text[out->len] = '\0';
}
