#include "identity/identity.h"

#include "identity/host.h"

enum { LOCAL_BYTES_MAX = 64 }; /* RFC 5321 4.5.3.1.1 */

static bool refuse(struct err_detail *detail, const char *sentence)
{
    err_explain(detail, "%s", sentence);
    return false;
}

static bool is_local_char(char c)
{
    return char_is_alnum(c) || (c != '\0' && strchr(".-_+!#$%&'*/=?^`{|}~", c) != NULL);
}

static bool check_local_char(char c, struct err_detail *detail)
{
    if (is_local_char(c))
        return true;
    if ((unsigned char)c >= 0x80)
        return refuse(detail, "Only ASCII characters are supported before the @ of an e-mail");
    if (c == '"')
        return refuse(detail, "Quoted e-mails are not supported: give the plain form, such as name@example.com");
    return refuse(detail, "A character before the @ is none that an e-mail has: give it as name@example.com, without "
                          "a display name or brackets");
}

static bool check_local(struct str local, struct err_detail *detail)
{
    char previous = '.';

    if (local.len == 0)
        return refuse(detail, "Nothing stands before the @ of the e-mail");
    if (local.len > LOCAL_BYTES_MAX)
        return refuse(detail, "The part before the @ is longer than 64 characters");
    for (size_t i = 0; i < local.len; i++) {
        if (!check_local_char(local.ptr[i], detail))
            return false;
        if (local.ptr[i] == '.' && previous == '.')
            return refuse(detail, "The part before the @ begins with a dot or has two in a row");
        previous = local.ptr[i];
    }
    if (previous == '.')
        return refuse(detail, "The part before the @ ends with a dot");
    return true;
}

bool email_normalise(struct str text, struct identity_text *out, struct err_detail *detail)
{
    struct str email = str_trim(text);
    size_t at = str_find_last(email, '@');
    struct str local = {email.ptr, at};
    struct identity_text host;

    if (at == email.len)
        return refuse(detail, "An e-mail has an @: give it as name@example.com");
    if (!check_local(local, detail) || !host_normalise(str_from_at(email, at + 1), &host, detail))
        return false;
    if (local.len + 1 + host.len > EMAIL_BYTES_MAX)
        return refuse(detail, "The e-mail is longer than 254 characters");
    memcpy(out->text, local.ptr, local.len);
    out->text[local.len] = '@';
    memcpy(out->text + local.len + 1, host.text, host.len + 1);
    out->len = local.len + 1 + host.len;
    return true;
}

bool email_key(struct str text, struct identity_text *out, struct err_detail *detail)
{
    if (!email_normalise(text, out, detail))
        return false;
    for (size_t i = 0; i < out->len; i++)
        out->text[i] = char_lower(out->text[i]);
    return true;
}

struct str email_domain(struct str email)
{
    return str_from_at(email, str_find_last(email, '@') + 1);
}
