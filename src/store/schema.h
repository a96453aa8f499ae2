/* store/schema.h: the tables, as a list of migrations.
 *
 * PRAGMA user_version counts the migrations a database has had. Opening brings
 * it forward, one transaction each; a database with more than we know is
 * refused. A migration that has shipped is never edited. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "base/err.h"

#include <sqlite3.h>

enum { STORE_APPLICATION_ID = 0x756e7374 }; /* "unst", in the file's header */

must_use enum err schema_bring_forward(sqlite3 *handle, struct err_detail *detail);

#endif
