#include "cli/reload.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "providers/health.h"
#include "workspace/workspace.h"

#include <stdio.h>

/* The settings that hold from a reload on; all others wait for a restart. */
static const struct {
    const char *section, *name;
} applied[] = {
    {"lookup", "deadline_ms"},   {"lookup", "discover_deadline_ms"},
    {"lookup", "charge_policy"}, {"limits", "minute"},
    {"limits", "bulk"},          {"limits", "day"},
    {"ranking", "order"},        {"ranking", "reply_worth"},
    {"ranking", "second_worth"}, {"ranking", "exploration_percent"},
    {"ranking", "outcomes_min"}, {"log", "level"},
    {"health", "check_keys"},    {"waterfalls", NULL}, /* all of it; providers are no section */
};

static bool is_applied(const char *section, const char *name)
{
    for (size_t i = 0; i < LEN(applied); i++) {
        if (strcmp(section, applied[i].section) == 0 && (applied[i].name == NULL || strcmp(name, applied[i].name) == 0))
            return true;
    }
    return false;
}

static struct ranking_settings ranking_of(const struct settings *settings)
{
    return (struct ranking_settings){.is_learned = settings->is_ranking_learned,
                                     .policy = {.reply_worth = (double)settings->number.ranking_reply_worth,
                                                .second_worth = (double)settings->number.ranking_second_worth / 1000,
                                                .by_attempts = settings->charge_policy == CHARGE_ATTEMPTS},
                                     .exploration = (double)settings->number.ranking_exploration_percent / 100,
                                     .reports_min = settings->number.ranking_outcomes_min};
}

void reloader_apply(struct engine *engine, struct directory *directory, const struct settings *settings)
{
    const struct rate_limits limits = {.max = {[WINDOW_MINUTE] = settings->number.limits_minute,
                                               [WINDOW_BULK] = settings->number.limits_bulk,
                                               [WINDOW_DAY] = settings->number.limits_day}};

    engine->lookup_us_max = settings->number.lookup_deadline_ms * MS_US;
    engine->discover_us_max = settings->number.lookup_discover_deadline_ms * MS_US;
    engine->ranking = ranking_of(settings);
    directory_set_limits(directory, &limits);
    log_set_level(settings->log_level);
}

void reloader_check_keys(struct engine *engine, const struct settings *settings)
{
    struct sources *sources = &engine->setup->sources;

    for (size_t i = 0; i < sources->count && settings->checks_keys; i++)
        health_check_key(sources->providers[i]);
}

/* --- providers ---------------------------------------------------------------- */

static struct str folder_of(const char *path)
{
    struct str text = str_from(path);
    size_t slash = str_find_last(text, '/');

    if (slash == text.len)
        return STR(".");
    return slash == 0 ? STR("/") : (struct str){text.ptr, slash};
}

static void note_loaded(const struct setup *setup)
{
    series_set(metric_only(METRIC_GENERATION), setup->number);
    series_set(metric_only(METRIC_LOADED_AT), clock_wall_us() / SECOND_US);
}

static struct setup *make_setup(struct reloader *r, const struct settings *settings, struct shape_mistakes *mistakes)
{
    const struct sources_setup wish = {.loop = r->loop,
                                       .client = r->client,
                                       .shelf = &r->shelf,
                                       .folder = folder_of(r->path),
                                       .rules = &settings->outgoing.providers,
                                       .with_sandbox = r->with_sandbox};
    struct setup *setup = setup_new(r->loop);

    if (sources_read(&wish, settings->providers, settings->waterfalls, &setup->sources, mistakes) != ERR_NONE)
        setup_give_back(&setup);
    else
        setup->sources.waterfalls.charge_policy = settings->charge_policy;
    return setup;
}

struct setup *reloader_first_setup(struct reloader *r, const struct settings *settings, struct shape_mistakes *mistakes)
{
    struct setup *setup = make_setup(r, settings, mistakes);

    if (setup != NULL)
        note_loaded(setup);
    return setup;
}

/* --- the end of a reload --------------------------------------------------------- */

static void start(struct reloader *r);

static void log_mistakes(const struct reloader *r)
{
    json_t *list = NULL;
    const json_t *mistake;
    size_t index;

    log_write(LOG_ERROR, "configuration not loaded, nothing changed", log_text("why", r->why.text),
              log_num("mistakes", (int64_t)r->mistakes.count), LOG_END);
    if (r->mistakes.count == 0 || json_read(buf_str(&r->mistakes.json), &list, NULL) != ERR_NONE)
        return;
    json_array_foreach(list, index, mistake)
    {
        log_write(LOG_ERROR, "configuration mistake", log_str("pointer", json_str(json_object_get(mistake, "pointer"))),
                  log_str("detail", json_str(json_object_get(mistake, "detail"))), LOG_END);
    }
    json_decref(list);
}

static void count_result(bool is_loaded)
{
    series_add(metric_series(METRIC_RELOADS, is_loaded ? STR("loaded") : STR("refused"), STR_NONE), 1);
}

static void forget_reload(struct reloader *r)
{
    for (size_t i = 0; i < r->file_count; i++)
        shelf_give_back(r->files[i]);
    r->file_count = 0;
    settings_deinit(&r->settings);
    shape_mistakes_deinit(&r->mistakes);
    buf_deinit(&r->needs_restart);
    r->is_under_way = false;
}

static void finish(struct reloader *r, bool is_loaded)
{
    const struct setup *setup = r->engine->setup;
    const struct reload_result result = {.is_loaded = is_loaded,
                                         .generation = setup->number,
                                         .providers = setup->sources.count,
                                         .needs_restart = buf_str(&r->needs_restart),
                                         .why = r->why.text,
                                         .mistakes = buf_str(&r->mistakes.json)};
    struct list *link;

    count_result(is_loaded);
    if (!is_loaded)
        log_mistakes(r);
    while ((link = list_take(&r->waiting)) != NULL) {
        struct reload_wait *wait = list_entry(link, struct reload_wait, link);

        wait->done(wait, &result);
    }
    forget_reload(r);
    if (r->is_wanted_again)
        start(r);
}

/* --- its beginning ------------------------------------------------------------------ */

static void tell_difference(void *ctx, const char *section, const char *name)
{
    struct reloader *r = ctx;

    if (!is_applied(section, name))
        buf_printf(&r->needs_restart, "%s\"%s.%s\"", r->needs_restart.len == 0 ? "" : ",", section, name);
}

static void log_loaded(const struct reloader *r, const struct setup *setup)
{
    log_write(LOG_INFO, "configuration loaded", log_num("generation", setup->number),
              log_num("providers", (int64_t)setup->sources.count), log_num("us", clock_steady_us() - r->started_us),
              LOG_END);
    if (r->needs_restart.len != 0)
        log_write(LOG_WARN, "settings that wait for a restart", log_str("settings", buf_str(&r->needs_restart)),
                  LOG_END);
}

/* A provider of the same name goes on as it was: out of service, or with its rates used up. */
static void carry_over(const struct sources *from, const struct sources *to)
{
    for (size_t i = 0; i < to->count; i++) {
        struct provider *before = sources_find(from, to->providers[i]->name);

        if (before != NULL && before->health != NULL && to->providers[i]->health != NULL)
            health_carry_over(before, to->providers[i]);
    }
}

/* Everything is read: all of it is used, or nothing. */
static void use(struct reloader *r)
{
    struct setup *setup = make_setup(r, &r->settings, &r->mistakes);

    if (setup == NULL) {
        r->why = r->mistakes.first;
        finish(r, false);
        return;
    }
    setup->number = r->engine->setup->number + 1;
    carry_over(&r->engine->setup->sources, &setup->sources);
    setup_use(setup, r->engine);
    reloader_apply(r->engine, r->directory, &r->settings);
    settings_each_difference(&r->started, &r->settings, tell_difference, r);
    reloader_check_keys(r->engine, &r->settings);
    note_loaded(setup);
    log_loaded(r, setup);
    finish(r, true);
}

/* On another thread: the files are nobody else's. */
static void read_files(uv_work_t *work)
{
    struct reloader *r = container_of(work, struct reloader, work);

    for (size_t i = 0; i < r->file_count; i++)
        shelf_file_read(r->files[i], folder_of(r->path));
}

static void files_read(uv_work_t *work, int status)
{
    struct reloader *r = container_of(work, struct reloader, work);

    check(status == 0);
    for (size_t i = 0; i < r->file_count; i++)
        shelf_put(&r->shelf, r->files[i]);
    use(r);
}

static bool is_among(const struct reloader *r, const struct shelf_file *file)
{
    for (size_t i = 0; i < r->file_count; i++) {
        if (json_equal(r->files[i]->wish, file->wish) != 0)
            return true;
    }
    return false;
}

static void want_file(struct reloader *r, const json_t *entry)
{
    struct shelf_file *file = shelf_find(&r->shelf, entry, folder_of(r->path));

    if (file != NULL) {
        shelf_give_back(file);
        return;
    }
    file = shelf_file_new(entry);
    if (r->file_count == LEN(r->files) || is_among(r, file))
        shelf_file_free(file);
    else
        r->files[r->file_count++] = file;
}

/* What is not on the shelf, or has changed. */
static void want_files(struct reloader *r)
{
    const json_t *entry;
    size_t index;

    json_array_foreach(r->settings.providers, index, entry)
    {
        if (str_is(json_str(json_object_get(entry, "kind")), STR("dataset")))
            want_file(r, entry);
    }
}

static void run(struct later *later)
{
    struct reloader *r = container_of(later, struct reloader, later);

    if (settings_load(r->path, &r->settings, &r->mistakes, &r->why) != ERR_NONE) {
        if (r->mistakes.count != 0)
            r->why = r->mistakes.first;
        finish(r, false);
        return;
    }
    want_files(r);
    if (r->file_count != 0)
        check(uv_queue_work(&r->loop->uv, &r->work, read_files, files_read) == 0);
    else
        use(r);
}

static void start(struct reloader *r)
{
    r->is_under_way = true;
    r->is_wanted_again = false;
    r->started_us = clock_steady_us();
    r->why.text[0] = '\0';
    list_move_all(&r->waiting, &r->waiting_next);
    shape_mistakes_init(&r->mistakes);
    buf_init(&r->needs_restart, 16 * 1024);
    loop_later_init(&r->later, run);
    loop_later(r->loop, &r->later);
}

static void reload(struct reloadable *reloadable, struct reload_wait *wait)
{
    struct reloader *r = container_of(reloadable, struct reloader, reloadable);

    if (wait != NULL) {
        list_init(&wait->link);
        list_append(&r->waiting_next, &wait->link);
    }
    if (r->is_under_way)
        r->is_wanted_again = true;
    else
        start(r);
}

void reloader_start(struct reloader *r)
{
    reload(&r->reloadable, NULL);
}

bool reloader_is_busy(const struct reloader *r)
{
    return r->is_under_way;
}

void reloader_init(struct reloader *r)
{
    r->reloadable.reload = reload;
    shelf_init(&r->shelf);
    list_init(&r->waiting);
    list_init(&r->waiting_next);
}
