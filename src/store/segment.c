#include "store/segment.h"

#include "base/check.h"

/* Codes of countries in order, two letters each, without those that are sold to
 * anybody (ac ai bz cc co fm gd gg gl io la ly me ms mu nu pw sc sh so st su tk to tv vc vg ws). */
static const char countries[] =
    "adaeafagalamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbycacdcfcgchcickclcmcncrcucvcwcxcyczde"
    "djdkdmdodzeceeegereseteufifjfkfofrgagbgegfghgigmgngpgqgrgsgtgugwgyhkhnhrhthuidieiliminiqirisitjejmjo"
    "jpkekgkhkikmknkpkrkwkykzlblclilklrlsltlulvmamcmdmgmhmkmlmmmnmompmqmrmtmvmwmxmymznancnenfngninlnonpnr"
    "nzompapepfpgphpkplpmpnprpsptpyqarerorsrurwsasbsdsesgsiskslsmsnsrsssvsxsysztctdtftgthtjtltmtntrtttwtz"
    "uaugukusuyuzvavevivnvuwfyeytzazmzw";

enum { COUNTRIES = (sizeof countries - 1) / 2 };

_Static_assert(SEGMENT_COUNTRIES + COUNTRIES <= UINT8_MAX, "a segment is a byte");

static bool find_country(struct str code, uint8_t *out_segment)
{
    size_t low = 0, high = COUNTRIES;

    while (code.len == 2 && low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(code.ptr, countries + 2 * middle, 2);

        if (order == 0) {
            *out_segment = (uint8_t)(SEGMENT_COUNTRIES + middle);
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

uint8_t segment_of_domain(struct str domain)
{
    size_t dot = str_find_last(domain, '.');
    uint8_t found = SEGMENT_GENERIC;

    if (domain.len == 0)
        return SEGMENT_UNKNOWN;
    if (dot < domain.len)
        find_country(str_from_at(domain, dot + 1), &found);
    return found;
}

uint8_t segment_of_email(struct str email)
{
    size_t at = str_find_last(email, '@');

    return at == email.len ? SEGMENT_UNKNOWN : segment_of_domain(str_from_at(email, at + 1));
}

struct str segment_name(uint8_t segment)
{
    check(segment < SEGMENT_COUNTRIES + COUNTRIES);
    if (segment < SEGMENT_COUNTRIES)
        return segment == SEGMENT_GENERIC ? STR("generic") : STR("");
    return (struct str){countries + 2 * (segment - SEGMENT_COUNTRIES), 2};
}

bool segment_from(struct str name, uint8_t *out_segment)
{
    if (name.len == 0 || str_is(name, STR("generic"))) {
        *out_segment = name.len == 0 ? SEGMENT_UNKNOWN : SEGMENT_GENERIC;
        return true;
    }
    return find_country(name, out_segment);
}
