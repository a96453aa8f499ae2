#include "identity/phone.h"

#include "base/check.h"
#include "identity/phone_library.h"

/* E.164 has at most 15 digits; dialled, with what leads out of a country, some more. */
enum { DIGITS_MIN = 7, DIGITS_MAX = 15, DIALLED_DIGITS_MAX = 20 };

#define EXAMPLE "give it with its country code, such as +44 20 7946 0000"

static bool refuse(struct err_detail *detail, const char *reason)
{
    err_explain(detail, "%s: " EXAMPLE, reason);
    return false;
}

static bool is_punctuation(char c)
{
    return c != '\0' && strchr(" -.()/\t", c) != NULL;
}

/* Drops a mark that people and their programs put between digits; false when
 * there is none. Beyond ASCII: no-break space, and the dashes U+2010 to U+2015. */
static bool take_mark(struct str *rest)
{
    size_t bytes = 0;

    if (is_punctuation(rest->ptr[0]))
        bytes = 1;
    else if (str_starts(*rest, STR("\xc2\xa0")))
        bytes = 2;
    else if (str_starts(*rest, STR("\xe2\x80")) && rest->len > 2 && (unsigned char)rest->ptr[2] >= 0x90 &&
             (unsigned char)rest->ptr[2] <= 0x95)
        bytes = 3;
    *rest = str_from_at(*rest, bytes);
    return bytes != 0;
}

/* The '+' or the 00 before the country code. */
static bool take_international(struct str *rest)
{
    while (rest->len > 0 && take_mark(rest))
        continue;
    if (rest->len > 0 && rest->ptr[0] == '+') {
        *rest = str_from_at(*rest, 1);
        return true;
    }
    if (str_starts(*rest, STR("00"))) {
        *rest = str_from_at(*rest, 2);
        return true;
    }
    return false;
}

/* "(0)" is dialled inside the country only: dropped once, behind its code. */
static bool take_trunk_zero(struct str *rest, size_t digits)
{
    if (digits == 0 || digits > 3 || !str_starts(*rest, STR("(0)")))
        return false;
    *rest = str_from_at(*rest, 3);
    return true;
}

/* The digits alone. libphonenumber knows what to do with "(0)"; the simple rules
 * drop it. */
static bool put_digits(struct str rest, bool is_simple, struct identity_text *out, struct err_detail *detail)
{
    size_t digits_max = is_simple ? DIGITS_MAX : DIALLED_DIGITS_MAX;
    size_t digits = 0;

    while (rest.len > 0) {
        if ((is_simple && take_trunk_zero(&rest, digits)) || take_mark(&rest))
            continue;
        if (!char_is_digit(rest.ptr[0]))
            return refuse(detail, "The phone number has a character that none has (an extension is not taken)");
        if (digits++ == digits_max)
            return refuse(detail, "The phone number has more than 15 digits");
        out->text[out->len++] = rest.ptr[0];
        rest = str_from_at(rest, 1);
    }
    out->text[out->len] = '\0';
    return true;
}

/* What is to be known without the library. */
static bool read_simply(struct str rest, struct phone *out, struct err_detail *detail)
{
    if (!put_digits(rest, true, &out->e164, detail))
        return false;
    if (out->e164.len - 1 < DIGITS_MIN)
        return refuse(detail, "The phone number has fewer than 7 digits");
    return out->e164.text[1] != '0' || refuse(detail, "No country code begins with 0");
}

static bool read_with(phone_shim_read_fn *library, struct str rest, struct region region, struct phone *out,
                      struct err_detail *detail)
{
    static const enum phone_type types[] = {[PHONE_SHIM_OTHER] = PHONE_TYPE_NONE,
                                            [PHONE_SHIM_MOBILE] = PHONE_TYPE_MOBILE,
                                            [PHONE_SHIM_LANDLINE] = PHONE_TYPE_LANDLINE};
    struct phone_shim_number number;
    enum phone_shim_result result;

    if (!put_digits(rest, false, &out->e164, detail))
        return false;
    result = library(out->e164.text, region.letters, &number);
    if (result == PHONE_SHIM_NO_COUNTRY)
        return refuse(detail, "The phone number has no country code");
    if (result != PHONE_SHIM_NUMBER)
        return refuse(detail, "There is no such phone number");
    check(number.type < LEN(types));
    out->type = types[number.type];
    out->e164.len = strlen(number.e164);
    memcpy(out->e164.text, number.e164, out->e164.len + 1);
    return true;
}

bool phone_normalise(struct str text, struct region region, struct phone *out, struct err_detail *detail)
{
    struct str rest = str_trim(text);
    bool is_international;
    phone_shim_read_fn *library;

    if (str_starts_nocase(rest, STR("tel:")))
        rest = str_from_at(rest, 4);
    is_international = take_international(&rest);
    if (!is_international && region.letters[0] == '\0')
        return refuse(detail, "The phone number has no country code");
    out->type = PHONE_TYPE_NONE;
    out->e164.text[0] = '+';
    out->e164.len = is_international ? 1 : 0;
    library = phone_library();
    if (library != NULL)
        return read_with(library, rest, region, out, detail);
    return is_international ? read_simply(rest, out, detail) : refuse(detail, "The phone number has no country code");
}
