/* Input: a Retry-After, read as of four days. Without a NUL behind it, so that
 * the sanitizer sees a step too far. */
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/retry_after.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t days[] = {0, 20778, 47481, 2932896}; /* 1970, 2026, 2099, 9999 */
    char *copy = mem_new(size + (size == 0));

    if (size != 0)
        memcpy(copy, data, size);
    for (size_t i = 0; i < LEN(days); i++) {
        int64_t wait_us = -1;
        bool is_read = retry_after_read((struct str){copy, size}, days[i] * 86400 * SECOND_US, &wait_us);

        check(is_read ? wait_us >= 0 && wait_us <= RETRY_AFTER_US_MAX : wait_us == -1);
    }
    mem_free(copy);
    return 0;
}
