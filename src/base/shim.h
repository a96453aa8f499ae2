/* base/shim.h: libraries of C++, behind C, loaded when first needed.
 *
 * A shim (src/FOLDER/NAME_shim.cc, with a C face in NAME_shim.h) is compiled
 * into a shared object of its own, which is linked with its library and
 * embedded in the program (base/embed.h). A server that never needs it never
 * loads it, nor libstdc++. No exception may leave a shim. */
#ifndef BASE_SHIM_H
#define BASE_SHIM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Loads the object and answers what it calls `symbol`; it stays for the life of the process. NULL with the loader's
 * words in `why`: mostly that the library is not installed. */
void *shim_load(const char *object, uint64_t bytes, const char *symbol, struct err_detail *why);

#endif
