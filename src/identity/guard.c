#include "identity/identity.h"

#include "base/check.h"

static bool has(struct str s, struct str part)
{
    for (size_t i = 0; i + part.len <= s.len; i++) {
        if (str_starts_nocase(str_from_at(s, i), part))
            return true;
    }
    return false;
}

bool is_masked(struct str value)
{
    bool is_like_phone = value.len > 0 && (char_is_digit(value.ptr[0]) || value.ptr[0] == '+');

    if (has(value, STR("*")) || has(value, STR("\xe2\x80\xa2")) || has(value, STR("\xe2\x97\x8f")))
        return true; /* asterisk, bullet, black circle */
    return (is_like_phone && str_find(value, '@') == value.len && has(value, STR("xx"))) ||
           str_starts_nocase(value, STR("email_not_unlocked@"));
}

/* What stands before the @ of an office, not of a person (RFC 2142 and usage);
 * without separators. Sorted: see str_is_among; a test checks the order. */
static const char *const roles[] = {
    "abuse",
    "accounting",
    "accounts",
    "accountspayable",
    "accountsreceivable",
    "admin",
    "administration",
    "administrator",
    "advertising",
    "affiliates",
    "all",
    "anfrage",
    "bewerbung",
    "billing",
    "booking",
    "bookings",
    "buero",
    "business",
    "career",
    "careers",
    "commercial",
    "communications",
    "community",
    "company",
    "compliance",
    "contact",
    "contacto",
    "contactus",
    "contatti",
    "customercare",
    "customerservice",
    "customersuccess",
    "customersupport",
    "datenschutz",
    "dev",
    "developers",
    "donotreply",
    "dpo",
    "editor",
    "editorial",
    "email",
    "engineering",
    "enquiries",
    "enquiry",
    "events",
    "everyone",
    "feedback",
    "finance",
    "frontdesk",
    "ftp",
    "gdpr",
    "general",
    "hello",
    "help",
    "helpdesk",
    "hey",
    "hi",
    "hiring",
    "hostmaster",
    "hr",
    "humanresources",
    "info",
    "information",
    "inquiries",
    "inquiry",
    "investorrelations",
    "investors",
    "invoice",
    "invoices",
    "invoicing",
    "it",
    "itsupport",
    "jobs",
    "kontakt",
    "legal",
    "logistics",
    "mail",
    "mailerdaemon",
    "main",
    "management",
    "marketing",
    "media",
    "news",
    "newsletter",
    "newsroom",
    "noc",
    "noreply",
    "office",
    "operations",
    "ops",
    "order",
    "orders",
    "partner",
    "partners",
    "partnerships",
    "payments",
    "payroll",
    "people",
    "post",
    "postmaster",
    "pr",
    "press",
    "privacy",
    "procurement",
    "product",
    "purchasing",
    "reception",
    "recruiting",
    "recruitment",
    "reservations",
    "returns",
    "root",
    "sales",
    "salesteam",
    "security",
    "service",
    "services",
    "shipping",
    "shop",
    "social",
    "staff",
    "store",
    "subscribe",
    "support",
    "supportteam",
    "talent",
    "team",
    "tech",
    "technical",
    "techsupport",
    "training",
    "unsubscribe",
    "usenet",
    "uucp",
    "ventas",
    "verkauf",
    "vertrieb",
    "verwaltung",
    "warranty",
    "web",
    "webmaster",
    "website",
    "welcome",
    "www",
};

enum { ROLE_BYTES_MAX = 32, INITIALS_MAX = 3 };

/* "Customer-Service+uk@…" is customerservice; but "h.r@…" has initials, and stays. */
bool is_role_mailbox(struct str email)
{
    struct str local = {email.ptr, str_find_last(email, '@')};
    bool has_separator = false;
    char word[ROLE_BYTES_MAX];
    size_t len = 0;

    local.len = str_find(local, '+');
    for (size_t i = 0; i < local.len; i++) {
        bool is_separator = local.ptr[i] == '.' || local.ptr[i] == '-' || local.ptr[i] == '_';

        has_separator |= is_separator;
        if (is_separator)
            continue;
        if (len == sizeof word)
            return false;
        word[len++] = char_lower(local.ptr[i]);
    }
    return (!has_separator || len > INITIALS_MAX) && str_is_among((struct str){word, len}, roles, LEN(roles));
}
