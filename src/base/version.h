/* base/version.h: which unstuck this is. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#ifndef UNSTUCK_VERSION
#define UNSTUCK_VERSION "0.1.0"
#endif

#endif
