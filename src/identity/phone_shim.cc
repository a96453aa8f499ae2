/* See phone_shim.h. */
#include "identity/phone_shim.h"

#include <cstring>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

phone_shim_type type_of(const PhoneNumberUtil &util, const PhoneNumber &number)
{
    switch (util.GetNumberType(number)) {
    case PhoneNumberUtil::MOBILE:
        return PHONE_SHIM_MOBILE;
    case PhoneNumberUtil::FIXED_LINE:
        return PHONE_SHIM_LANDLINE;
    default:
        return PHONE_SHIM_OTHER; /* in North America most: fixed line or mobile */
    }
}

phone_shim_result read(const std::string &digits, const std::string &region, phone_shim_number *out)
{
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    std::string e164;
    auto error = util.Parse(digits, region, &number);

    if (error == PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR)
        return PHONE_SHIM_NO_COUNTRY;
    if (error != PhoneNumberUtil::NO_PARSING_ERROR || !util.IsValidNumber(number))
        return PHONE_SHIM_NO_NUMBER;
    util.Format(number, PhoneNumberUtil::E164, &e164);
    if (e164.size() >= sizeof out->e164)
        return PHONE_SHIM_NO_NUMBER;
    std::memcpy(out->e164, e164.c_str(), e164.size() + 1);
    out->type = type_of(util, number);
    return PHONE_SHIM_NUMBER;
}

} // namespace

extern "C" __attribute__((visibility("default"))) phone_shim_result phone_shim_read(const char *digits,
                                                                                    const char *region,
                                                                                    phone_shim_number *out) noexcept
{
    try {
        return read(digits, region[0] != '\0' ? region : "ZZ", out);
    } catch (...) {
        return PHONE_SHIM_FAILED;
    }
}
