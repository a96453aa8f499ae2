#include "identity/identity.h"

#include "base/check.h"
#include "identity/host.h"

/* Without "www.", unless nothing with a dot is left ("www.com" is a domain). As
 * often as it stands there: a normal form must stay what it is. */
static void drop_www(struct identity_text *host)
{
    for (;;) {
        struct str rest = str_from_at(identity_str(host), 4);

        if (!str_starts(identity_str(host), STR("www.")) || str_find(rest, '.') == rest.len)
            return;
        memmove(host->text, rest.ptr, rest.len + 1);
        host->len = rest.len;
    }
}

bool domain_normalise(struct str text, struct identity_text *out, struct err_detail *detail)
{
    if (!host_normalise(host_of_url(str_trim(text), NULL), out, detail))
        return false;
    drop_www(out);
    return true;
}

bool domain_is_under(struct str domain, struct str of)
{
    if (!str_ends(domain, of) || of.len == 0)
        return false;
    return domain.len == of.len || domain.ptr[domain.len - of.len - 1] == '.';
}

/* Sorted: see str_is_among; a test checks the order. */
static const char *const free_mail_domains[] = {
    "126.com",        "163.com",        "aim.com",        "aol.com",        "att.net",     "bigpond.com",
    "bk.ru",          "bluewin.ch",     "bol.com.br",     "btinternet.com", "charter.net", "comcast.net",
    "cox.net",        "duck.com",       "fastmail.com",   "fastmail.fm",    "free.fr",     "freenet.de",
    "gmail.com",      "gmx.at",         "gmx.ch",         "gmx.com",        "gmx.de",      "gmx.net",
    "googlemail.com", "hey.com",        "hotmail.co.uk",  "hotmail.com",    "hotmail.de",  "hotmail.fr",
    "hotmail.it",     "hushmail.com",   "icloud.com",     "inbox.ru",       "laposte.net", "libero.it",
    "list.ru",        "live.co.uk",     "live.com",       "live.fr",        "mac.com",     "mail.com",
    "mail.ru",        "me.com",         "msn.com",        "naver.com",      "orange.fr",   "outlook.com",
    "outlook.de",     "outlook.fr",     "pm.me",          "posteo.de",      "proton.me",   "protonmail.com",
    "qq.com",         "rediffmail.com", "rocketmail.com", "sbcglobal.net",  "sky.com",     "t-online.de",
    "terra.com.br",   "tuta.com",       "tutanota.com",   "uol.com.br",     "verizon.net", "virginmedia.com",
    "web.de",         "yahoo.ca",       "yahoo.co.in",    "yahoo.co.jp",    "yahoo.co.uk", "yahoo.com",
    "yahoo.com.br",   "yahoo.de",       "yahoo.es",       "yahoo.fr",       "yahoo.it",    "yandex.com",
    "yandex.ru",      "ymail.com",      "zoho.com",
};

bool is_free_mail_domain(struct str domain)
{
    return str_is_among(domain, free_mail_domains, LEN(free_mail_domains));
}
