#include "identity/identity.h"

#include "base/check.h"
#include "identity/host.h"

enum { SLUG_BYTES_MIN = 3 }; /* LinkedIn gives no shorter one */

#define PROFILE "https://linkedin.com/in/"
#define REMEDY "give the address of a person's profile, such as https://linkedin.com/in/name"

/* First parts of a path that are known to be something else than a person. */
static const struct {
    const char *part;
    const char *what;
} other_pages[] = {
    {"company", "a company's page"},
    {"showcase", "a company's page"},
    {"organization", "a company's page"},
    {"school", "a school's page"},
    {"edu", "a school's page"},
    {"jobs", "a job's page"},
    {"job", "a job's page"},
    {"groups", "a group's page"},
    {"posts", "a post"},
    {"feed", "a post"},
    {"pulse", "an article"},
    {"events", "an event's page"},
    {"learning", "a course"},
    {"sales", "a Sales Navigator page"},
    {"talent", "a Recruiter page"},
    {"recruiter", "a Recruiter page"},
    {"search", "a search"},
    {"pub", "an old public profile, whose address leads elsewhere today"},
};

static bool refuse(struct err_detail *detail, const char *reason)
{
    err_explain(detail, "%s: " REMEDY, reason);
    return false;
}

static bool refuse_page(struct str part, struct err_detail *detail)
{
    for (size_t i = 0; i < LEN(other_pages); i++) {
        if (str_is_nocase(part, str_from(other_pages[i].part))) {
            err_explain(detail, "This is %s: " REMEDY, other_pages[i].what);
            return false;
        }
    }
    return refuse(detail, "This LinkedIn address is no person's profile");
}

static bool check_scheme(struct str text, struct err_detail *detail)
{
    size_t colon = str_find(text, ':');

    if (!str_starts(str_from_at(text, colon), STR("://")))
        return true;
    if (str_starts_nocase(text, STR("https://")) || str_starts_nocase(text, STR("http://")))
        return true;
    return refuse(detail, "A LinkedIn address begins with https://");
}

static bool check_host(struct str text, struct err_detail *detail)
{
    struct identity_text host;

    if (!host_normalise(text, &host, NULL))
        return refuse(detail, "This is no LinkedIn address");
    if (domain_is_under(identity_str(&host), STR("lnkd.in")))
        return refuse(detail, "This is a short link, which only LinkedIn can resolve");
    if (!domain_is_under(identity_str(&host), STR("linkedin.com")))
        return refuse(detail, "This address is not under linkedin.com");
    return true;
}

/* The next part of the path, without its slash; `rest` keeps what follows. */
static struct str take_part(struct str *rest)
{
    while (rest->len > 0 && rest->ptr[0] == '/')
        *rest = str_from_at(*rest, 1);
    return str_cut(rest, '/');
}

/* Behind "in/"; parts that mobile pages and mails put before it are passed over. */
static bool find_slug(struct str path, struct str *out_slug, struct err_detail *detail)
{
    struct str part;

    path.len = str_find(path, '#');
    path.len = str_find(path, '?');
    part = take_part(&path);
    while (str_is_nocase(part, STR("mwlite")) || str_is_nocase(part, STR("comm")))
        part = take_part(&path);
    if (!str_is_nocase(part, STR("in")))
        return refuse_page(part, detail);
    *out_slug = take_part(&path);
    if (out_slug->len == 0)
        return refuse(detail, "The name behind linkedin.com/in/ is missing");
    return true;
}

static int hex_digit(char c)
{
    char low = char_lower(c);

    if (char_is_digit(c))
        return c - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* One byte of the slug with its percent-encoding undone, or -1. */
static int take_byte(struct str *slug)
{
    unsigned char c = (unsigned char)slug->ptr[0];
    int high, low;

    if (c != '%') {
        *slug = str_from_at(*slug, 1);
        return c;
    }
    high = slug->len < 3 ? -1 : hex_digit(slug->ptr[1]);
    low = slug->len < 3 ? -1 : hex_digit(slug->ptr[2]);
    *slug = str_from_at(*slug, 3);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_slug_char(int byte)
{
    return byte < 0x80 && byte > 0 && (char_is_alnum((char)byte) || strchr("-_.~'", byte) != NULL);
}

/* One form for every spelling: plain where a byte may be, %xx where not. */
static bool put_slug(struct str slug, struct identity_text *out, struct err_detail *detail)
{
    static const char hex[] = "0123456789abcdef";

    while (slug.len > 0) {
        int byte = take_byte(&slug);

        if (out->len + 3 > LINKEDIN_BYTES_MAX)
            return refuse(detail, "The LinkedIn address is longer than 200 characters");
        if (is_slug_char(byte)) {
            out->text[out->len++] = char_lower((char)byte);
        } else if (byte >= 0x80) {
            out->text[out->len++] = '%';
            out->text[out->len++] = hex[byte >> 4];
            out->text[out->len++] = hex[byte & 15];
        } else {
            return refuse(detail, "The name behind linkedin.com/in/ has a character that none has");
        }
    }
    out->text[out->len] = '\0';
    return true;
}

static bool put_profile(struct str slug, struct identity_text *out, struct err_detail *detail)
{
    memcpy(out->text, PROFILE, sizeof PROFILE - 1);
    out->len = sizeof PROFILE - 1;
    return put_slug(slug, out, detail);
}

bool linkedin_normalise(struct str text, struct identity_text *out, struct err_detail *detail)
{
    struct str address = str_trim(text);
    struct str path, slug;
    struct str host = host_of_url(address, &path);

    if (!check_scheme(address, detail) || !check_host(host, detail) || !find_slug(path, &slug, detail))
        return false;
    return put_profile(slug, out, detail);
}

/* A number is LinkedIn's own, and no address leads to it. */
static bool is_number(struct str text)
{
    size_t digits = 0;

    while (digits < text.len && char_is_digit(text.ptr[digits]))
        digits++;
    return digits == text.len;
}

/* A name as it stands in addresses, without the address. Sorted: see str_is_among. */
static bool is_bare_slug(struct str text)
{
    static const char *const nothing[] = {"anonymous", "false",         "hidden",    "linkedin",  "nil",
                                          "none",      "not-available", "not-found", "not_found", "notfound",
                                          "null",      "private",       "true",      "undefined", "unknown"};
    char word[16];

    if (text.len < SLUG_BYTES_MIN || is_number(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("./:@?#\\", text.ptr[i]) != NULL) /* NUL too */
            return false;
    }
    for (size_t i = 0; i < text.len && text.len <= sizeof word; i++)
        word[i] = char_lower(text.ptr[i]);
    return text.len > sizeof word || !str_is_among((struct str){word, text.len}, nothing, LEN(nothing));
}

bool linkedin_read(struct str text, struct identity_text *out, struct err_detail *detail)
{
    struct str path = str_trim(text);
    struct str slug;

    if (is_bare_slug(path))
        return put_profile(path, out, detail);
    if (!str_starts_nocase(path, STR("in/")) && !str_starts_nocase(path, STR("/in/")))
        return linkedin_normalise(text, out, detail);
    return find_slug(path, &slug, detail) && put_profile(slug, out, detail);
}
