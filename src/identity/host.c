#include "identity/host.h"

#include "base/check.h"

#include <idn2.h>

enum { LABEL_BYTES_MAX = 63, UNICODE_BYTES_MAX = 4 * DOMAIN_BYTES_MAX };

#define EXAMPLE "give a name such as example.com"

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

static bool refuse(struct err_detail *detail, const char *reason)
{
    err_explain(detail, "%s: " EXAMPLE, reason);
    return false;
}

/* A label that old resolvers read as a number: decimal, octal or 0x-hex. A name
 * that ends in one is an IPv4 address to them. */
static bool is_number(struct str label)
{
    bool is_hex = label.len >= 2 && label.ptr[0] == '0' && label.ptr[1] == 'x';

    for (size_t i = is_hex ? 2 : 0; i < label.len; i++) {
        char c = label.ptr[i];

        if (!char_is_digit(c) && !(is_hex && c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

static bool check_label(struct str label, struct err_detail *detail)
{
    if (label.len == 0)
        return refuse(detail, "The domain has an empty part between its dots");
    if (label.len > LABEL_BYTES_MAX)
        return refuse(detail, "A part of the domain is longer than 63 characters");
    if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return refuse(detail, "A part of the domain begins or ends with a hyphen");
    for (size_t i = 0; i < label.len; i++) {
        if (!char_is_alnum(label.ptr[i]) && label.ptr[i] != '-')
            return refuse(detail, "The domain has a character that no host name has");
    }
    return true;
}

/* `host` is lower-case ASCII. */
static bool check_host(struct str host, struct err_detail *detail)
{
    size_t last_dot = str_find_last(host, '.');

    if (last_dot == host.len)
        return refuse(detail, "The domain has no dot");
    for (struct str rest = host; rest.len > 0;) {
        if (!check_label(str_cut(&rest, '.'), detail))
            return false;
    }
    if (host.ptr[host.len - 1] == '.')
        return refuse(detail, "The domain has an empty part between its dots");
    if (is_number(str_from_at(host, last_dot + 1)))
        return refuse(detail, "An IP address is not a domain");
    return true;
}

/* Through libidn2, which allocates and wants a NUL at the end. */
static bool to_ascii(struct str host, struct identity_text *out, struct err_detail *detail)
{
    char text[UNICODE_BYTES_MAX + 1];
    char *ascii = NULL;
    bool fits = false;

    if (host.len > UNICODE_BYTES_MAX || memchr(host.ptr, '\0', host.len) != NULL)
        return refuse(detail, "The domain is too long or has a NUL character");
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
        return refuse(detail, "The domain is no valid internationalised name");
    out->len = strlen(ascii);
    fits = out->len <= DOMAIN_BYTES_MAX + 1; /* the mapping may have made a trailing dot */
    if (fits)
        memcpy(out->text, ascii, out->len + 1);
    idn2_free(ascii);
    return fits || refuse(detail, "The domain is longer than 253 characters");
}

static bool copy_lower(struct str host, struct identity_text *out, struct err_detail *detail)
{
    if (host.len > DOMAIN_BYTES_MAX + 1)
        return refuse(detail, "The domain is longer than 253 characters");
    for (size_t i = 0; i < host.len; i++)
        out->text[i] = char_lower(host.ptr[i]);
    out->len = host.len;
    return true;
}

bool host_normalise(struct str text, struct identity_text *out, struct err_detail *detail)
{
    bool is_copied;

    if (text.len == 0)
        return refuse(detail, "The domain is empty");
    if (text.ptr[0] == '[' || (str_find(text, ':') != text.len && str_find(text, ':') != str_find_last(text, ':')))
        return refuse(detail, "An IP address is not a domain");
    is_copied = is_ascii(text) ? copy_lower(text, out, detail) : to_ascii(text, out, detail);
    if (!is_copied)
        return false;
    if (out->len > 0 && out->text[out->len - 1] == '.')
        out->len--;
    if (out->len > DOMAIN_BYTES_MAX)
        return refuse(detail, "The domain is longer than 253 characters");
    out->text[out->len] = '\0';
    return check_host(identity_str(out), detail);
}

/* A colon with nothing but digits behind it is a port; any other stays, and is
 * refused by host_normalise. */
static struct str without_port(struct str authority)
{
    size_t colon = str_find_last(authority, ':');

    for (size_t i = colon; i + 1 < authority.len; i++) {
        if (!char_is_digit(authority.ptr[i + 1]))
            return authority;
    }
    return (struct str){authority.ptr, colon};
}

/* Browsers take a backslash for a slash. */
static bool ends_authority(char c)
{
    return c == '/' || c == '?' || c == '#' || c == '\\';
}

struct str host_of_url(struct str text, struct str *out_path)
{
    size_t colon = str_find(text, ':');
    size_t end = 0;
    size_t at;

    if (str_starts(str_from_at(text, colon), STR("://")))
        text = str_from_at(text, colon + 3);
    else if (str_starts(text, STR("//")))
        text = str_from_at(text, 2);
    while (end < text.len && !ends_authority(text.ptr[end]))
        end++;
    if (out_path != NULL)
        *out_path = str_from_at(text, end);
    text.len = end;
    at = str_find_last(text, '@');
    if (at != text.len)
        text = str_from_at(text, at + 1);
    return without_port(text);
}
