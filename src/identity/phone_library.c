#include "identity/phone_library.h"

#include "base/embed.h"
#include "base/log.h"
#include "base/shim.h"

#include <string.h>

EMBED(phone_shim, "phone_shim.so");

static phone_shim_read_fn *load(void)
{
    struct err_detail why;
    void *found = shim_load(phone_shim, phone_shim_bytes, PHONE_SHIM_READ, &why);
    phone_shim_read_fn *read_fn;

    memcpy(&read_fn, &found, sizeof read_fn); /* a cast is for POSIX, not for ISO C */
    if (read_fn == NULL)
        log_write(LOG_WARN, "phone numbers are judged by simple rules: is libphonenumber8 installed?",
                  log_text("why", why.text), LOG_END);
    return read_fn;
}

phone_shim_read_fn *phone_library(void)
{
    static phone_shim_read_fn *read_fn;
    static bool is_tried;

    if (!is_tried)
        read_fn = load();
    is_tried = true;
    return read_fn;
}
