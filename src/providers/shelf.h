/* providers/shelf.h: the files of datasets as they were read, for all who need them.
 *
 * A reload makes all providers anew; a file of a million people that has not
 * changed since (the same place in the file system, size and time of change)
 * is not read again but shared with the providers before. What has to be read
 * can be read by another thread beforehand (shelf_read): a struct shelf_file is
 * nobody else's until it is put on the shelf. All other calls on the loop's
 * thread. */
#ifndef PROVIDERS_SHELF_H
#define PROVIDERS_SHELF_H

#include "providers/kinds.h"
#include "providers/people.h"

#include <sys/stat.h>

/* What a dataset's entry says of its file, and what was found in it. */
struct shelf_file {
    struct list link;
    json_t *wish;       /* "file", "columns" and "confidence" of the entry; owned */
    struct stat before; /* of the file, when reading began */
    size_t users;
    enum err err;                /* why it cannot be used … */
    struct provider_place place; /* … and where in the entry; empty when it can */
    struct people people;
    struct arena names; /* of columns */
};

struct shelf {
    struct list files;
};

void shelf_init(struct shelf *shelf);

/* What an entry of kind dataset wants, not read yet. */
struct shelf_file *shelf_file_new(const json_t *entry);
/* Reads it; from any thread, and the one call that takes time. */
void shelf_file_read(struct shelf_file *file, struct str folder);
void shelf_file_free(struct shelf_file *file);

/* Puts it there for one user more. */
void shelf_put(struct shelf *shelf, struct shelf_file *file);
/* What the shelf has for the entry, unchanged on disk since: for one user more. NULL: nothing. */
struct shelf_file *shelf_find(struct shelf *shelf, const json_t *entry, struct str folder);
/* One user less; without any it goes. */
void shelf_give_back(struct shelf_file *file);

#endif
