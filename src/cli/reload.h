/* cli/reload.h: reading the configuration again while the server runs.
 *
 * On SIGHUP and POST /admin/reload: the file that was named at the start, the
 * connectors, secrets and datasets that it names, whole or not at all. What is
 * right is in use for all lookups whose credits are held from then on; those
 * before finish on the setup they began with (enrich/setup.h). What cannot
 * change at run time is told (needs_restart) and stays as it is.
 *
 * Files of people that have changed are read by another thread, everything else
 * is small and read at once. One reload at a time; who asks meanwhile waits for
 * one more, all of them for the same. */
#ifndef CLI_RELOAD_H
#define CLI_RELOAD_H

#include "api/reload.h"
#include "cli/settings.h"
#include "enrich/engine.h"
#include "enrich/setup.h"
#include "providers/shelf.h"

struct reloader {
    /* in */
    const char *path; /* NULL: there is no file; then providers alone are made anew */
    bool with_sandbox;
    struct loop *loop;
    struct http_client *client;
    struct engine *engine;
    struct directory *directory;
    struct settings started; /* what the process runs with since its start; borrowed */

    struct reloadable reloadable; /* for the API */

    /* private */
    struct shelf shelf;
    bool is_under_way, is_wanted_again;
    struct list waiting, waiting_next; /* of struct reload_wait: for this reload, for the next one */
    struct settings settings;          /* of the reload under way, like all that follows */
    struct shape_mistakes mistakes;
    struct err_detail why;
    struct buf needs_restart;
    struct shelf_file *files[PROVIDERS_MAX];
    size_t file_count;
    int64_t started_us;
    uv_work_t work;
    struct later later;
};

void reloader_init(struct reloader *reloader);

/* The providers of the settings, for the start. NULL: with mistakes. */
struct setup *reloader_first_setup(struct reloader *reloader, const struct settings *settings,
                                   struct shape_mistakes *mistakes);

/* What of the settings may change at run time, to where it holds. */
void reloader_apply(struct engine *engine, struct directory *directory, const struct settings *settings);

/* Asks the providers in use whether their keys are right, unless the settings say not to. */
void reloader_check_keys(struct engine *engine, const struct settings *settings);

/* A reload that nobody waits for, as on SIGHUP. */
void reloader_start(struct reloader *reloader);

/* Another thread is at it: the loop may not be closed. */
bool reloader_is_busy(const struct reloader *reloader);

#endif
