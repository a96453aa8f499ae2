/* identity/phone_library.h: libphonenumber, brought into memory when it is needed. */
#ifndef IDENTITY_PHONE_LIBRARY_H
#define IDENTITY_PHONE_LIBRARY_H

#include "identity/phone_shim.h"

/* Loads it the first time; NULL when that failed, which is tried and told in
 * the log once. From the thread of the loop only. */
phone_shim_read_fn *phone_library(void);

#endif
