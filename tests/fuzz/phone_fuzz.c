/* Input: a region (a line), then a number. Read as the judge does, and given
 * to libphonenumber as it is. */
#include "base/check.h"
#include "base/mem.h"
#include "identity/phone.h"
#include "identity/phone_library.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_e164(const char *e164)
{
    size_t digits = strspn(e164 + 1, "0123456789");

    check(e164[0] == '+' && e164[1] != '0' && e164[1 + digits] == '\0' && digits <= 15);
}

static void read_as_judged(struct str text, struct region region)
{
    struct phone phone, again;
    struct err_detail detail = {""};

    if (!phone_normalise(text, region, &phone, &detail)) {
        check(detail.text[0] != '\0');
        return;
    }
    check_e164(phone.e164.text);
    check(phone_normalise(identity_str(&phone.e164), (struct region){""}, &again, NULL));
    check(str_is(identity_str(&phone.e164), identity_str(&again.e164)) && phone.type == again.type);
}

static void read_raw(const char *text, const char *region)
{
    phone_shim_read_fn *library = phone_library();
    struct phone_shim_number number;

    check(library != NULL);
    if (library(text, region, &number) == PHONE_SHIM_NUMBER)
        check_e164(number.e164);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str letters = str_cut(&rest, '\n');
    char *region = mem_copy_text(letters.ptr, letters.len);
    char *text = mem_copy_text(rest.ptr, rest.len);

    read_as_judged(rest, region_from(letters));
    read_raw(text, region);
    mem_free(region);
    mem_free(text);
    return 0;
}
