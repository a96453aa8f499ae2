#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *cond)
{
    fprintf(stderr, "{\"level\":\"fatal\",\"msg\":\"check failed\",\"at\":\"%s:%d\",\"check\":\"%s\"}\n", file, line,
            cond);
    abort();
}
