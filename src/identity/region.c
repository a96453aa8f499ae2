#include "identity/phone.h"

#include "base/check.h"

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static bool is_letter(char c)
{
    return char_is_alnum(c) && !char_is_digit(c);
}

struct region region_from(struct str letters)
{
    if (letters.len != 2 || !is_letter(letters.ptr[0]) || !is_letter(letters.ptr[1]))
        return (struct region){""};
    if (str_is_nocase(letters, STR("uk")))
        return (struct region){"GB"};
    return (struct region){{upper(letters.ptr[0]), upper(letters.ptr[1]), '\0'}};
}

/* Top levels of countries that say nothing of where somebody is: those that
 * search engines count as generic, and others that are sold widely. */
static const char generic[] = " ac ad ag ai am as bz cc cd cf co dj fm ga gg gl gq im io is la ly me ml ms mu nu pw "
                              "sc sh so sr st su tk tl to tv vc ws ";

static bool is_generic(const char *letters)
{
    for (const char *at = generic; at[1] != '\0'; at += 3) {
        if (char_lower(letters[0]) == at[1] && char_lower(letters[1]) == at[2])
            return true;
    }
    return false;
}

struct region region_of_domain(struct str domain)
{
    struct region region = region_from(str_from_at(domain, str_find_last(domain, '.') + 1));

    if (is_generic(region.letters))
        region.letters[0] = '\0';
    return region;
}
