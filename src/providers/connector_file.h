/* providers/connector_file.h: the document of a connector: built in, by its
 * bare name ("hunter"), or a file, by its path ("connectors/acme.json"). */
#ifndef PROVIDERS_CONNECTOR_FILE_H
#define PROVIDERS_CONNECTOR_FILE_H

#include "base/err.h"
#include "base/json.h"

/* Has it a slash, or does it end with ".json"? Everything else is a name. */
bool connector_is_path(struct str word);

/* Reads it; paths are relative to `folder` (empty: to where the process is).
 * The caller owns the document. ERR_IO for a file that cannot be read,
 * ERR_INVALID for one that is too large or not JSON, and for a name that no
 * connector has; the remedy is in `detail`: of a name a sentence that has it, of a
 * path what is to be said of it ("is not JSON: line 1, …"). */
must_use enum err connector_find(struct str word, struct str folder, json_t **out_doc, struct err_detail *detail);

#endif
