#include "base/shim.h"

#include "base/fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);

        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        count -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* The loader wants a file: one in memory, without a name in any folder. */
static int open_memory(const char *object, uint64_t bytes)
{
    int fd = fault_fails("shim") ? -1 : memfd_create("shim", MFD_CLOEXEC);

    if (fd >= 0 && !write_all(fd, object, (size_t)bytes)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void *shim_load(const char *object, uint64_t bytes, const char *symbol, struct err_detail *why)
{
    int fd = open_memory(object, bytes);
    void *library, *found = NULL;
    char path[32];

    if (fd < 0) {
        err_explain(why, "no file can be made in memory: %s", strerror(errno));
        return NULL;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL)
        found = dlsym(library, symbol);
    if (found == NULL)
        err_explain(why, "%s", dlerror());
    close(fd);
    return found;
}
