/* unstuck serve: puts the pieces together, and takes them apart again. */
#include "api/exchange.h"
#include "base/clock.h"
#include "base/fault.h"
#include "cli/command.h"
#include "cli/reload.h"
#include "webhooks/telling.h"
#include "workspace/upkeep.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define LISTEN_DEFAULT "127.0.0.1:8080"
enum { GRACE_US = 10 * 1000000, DRAIN_CHECK_US = 20000, CREDITS_DEFAULT = 10000, SPARE_FDS = 64, CALLS_MIN = 64 };

static const char usage[] =
    "usage: unstuck serve --data DIR [--listen ADDR:PORT] [--sandbox] [--config FILE]\n"
    "                     [--key-file FILE] [--behind-proxy]\n"
    "\n"
    "Runs the server. Prints one line, \"listening on http://ADDR:PORT\", when it is ready;\n"
    "logs go to stderr, one JSON object a line. SIGTERM and SIGINT stop it: no new\n"
    "connections, up to 10 seconds for what is under way. SIGHUP reads the configuration\n"
    "again.\n"
    "\n"
    "  --data DIR           the data folder; an empty one is initialised, its key printed once\n"
    "  --listen ADDR:PORT   default " LISTEN_DEFAULT "; port 0 picks a free one\n"
    "  --sandbox            four made-up providers with made-up people; see the README\n"
    "  --config FILE        providers, waterfalls, limits (JSON); all have defaults\n"
    "  --key-file FILE      where to write the first key when the folder is initialised\n"
    "  --behind-proxy       allow an address that is not loopback: only behind a proxy that\n"
    "                       speaks TLS, because keys would travel in the clear\n";

struct options {
    const char *data, *listen, *config, *key_file;
    bool with_sandbox, is_behind_proxy;
};

struct server {
    struct settings settings;
    struct loop loop;
    struct store *store;
    struct directory *directory;
    struct http_client *client;
    size_t calls_max; /* to providers at once; what the open files allow */
    struct evidence *evidence;
    struct reloader reloader;
    struct setup *setup; /* the first one, until the engine has it */
    struct engine engine;
    struct api api;
    struct upkeep upkeep;
    struct outbox outbox;
    struct telling telling;
    struct http_server *http;
    uv_signal_t on_term, on_int, on_hup;
    struct loop_timer drain_check;
    int64_t stop_by_us;
    bool is_drained; /* of connections */
};

static bool fail(const char *format, const char *what)
{
    fputs("unstuck serve: ", stderr);
    fprintf(stderr, format, what);
    fputc('\n', stderr);
    return false;
}

/* --- the address ---------------------------------------------------------- */

static bool is_loopback(struct str address)
{
    return str_starts(address, STR("127.")) || str_is(address, STR("::1"));
}

/* "127.0.0.1:8080", "[::1]:0". */
static bool read_listen(const struct options *options, char address[64], uint16_t *out_port)
{
    struct str text = str_from(options->listen);
    size_t colon = str_find_last(text, ':');
    struct str host = {text.ptr, colon};
    uint64_t port;

    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct str){host.ptr + 1, host.len - 2};
    if (colon == text.len || host.len == 0 || host.len > 63 ||
        !str_to_u64(str_from_at(text, colon + 1), UINT16_MAX, &port))
        return fail("--listen must be a numeric address and a port, like 127.0.0.1:8080 or [::1]:8080, not %s",
                    options->listen);
    if (!is_loopback(host) && !options->is_behind_proxy)
        return fail("%s is not a loopback address: keys would travel in the clear. Put a proxy that speaks TLS in "
                    "front and say --behind-proxy",
                    options->listen);
    memcpy(address, host.ptr, host.len);
    address[host.len] = '\0';
    *out_port = (uint16_t)port;
    return true;
}

/* --- starting -------------------------------------------------------------- */

/* A descriptor for each client, for each call to a provider and for webhooks
 * (an eighth at most). Where the system does not give that many, calls beyond it
 * wait their turn; clients are turned away only when not even CALLS_MIN calls
 * would be left. */
static void share_descriptors(struct server *s)
{
    int64_t *connections = &s->settings.number.server_connections_max;
    rlim_t wanted = (rlim_t)(*connections + s->settings.number.lookup_in_flight_max + SPARE_FDS + OUTBOX_SOCKETS_MAX);
    struct rlimit limit;
    int64_t rest;

    check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    rest = (int64_t)limit.rlim_cur - SPARE_FDS;
    rest -= rest / 8 < OUTBOX_SOCKETS_MAX ? rest / 8 : OUTBOX_SOCKETS_MAX;
    if (*connections > rest - CALLS_MIN) {
        *connections = rest - CALLS_MIN;
        check(*connections > 0);
        log_write(LOG_WARN, "fewer connections than configured: raise the limit of open files",
                  log_num("connections_max", *connections), LOG_END);
    }
    s->calls_max = (size_t)(rest - *connections);
    s->calls_max -= s->calls_max / 64; /* the client itself takes two for every 256 calls */
    if (s->calls_max > (size_t)s->settings.number.lookup_in_flight_max)
        s->calls_max = (size_t)s->settings.number.lookup_in_flight_max;
}

static bool read_settings(struct server *s, const struct options *options)
{
    struct buf why;
    bool is_right;

    buf_init(&why, 64 * 1024);
    is_right = settings_read(options->config, &s->settings, &why) == ERR_NONE;
    if (!is_right)
        fail("the configuration is not usable\n%s", why.ptr);
    buf_deinit(&why);
    return is_right;
}

static bool open_store(struct server *s, const struct options *options)
{
    struct err_detail detail;

    if (store_open(options->data, true, &s->store, &detail) != ERR_NONE)
        return fail("%s", detail.text);
    if (directory_new(s->store, &s->directory) != ERR_NONE)
        return fail("the workspaces in %s cannot be read; the database may be damaged", options->data);
    if (directory_workspaces(s->directory) > 0)
        return endpoints_load(s->store, s->directory) == ERR_NONE;
    directory_free(&s->directory);
    if (!command_first_workspace(s->store, CREDITS_DEFAULT, options->key_file))
        return false;
    return directory_new(s->store, &s->directory) == ERR_NONE;
}

static bool read_evidence(struct server *s, const struct options *options)
{
    const int64_t day_us = 86400 * SECOND_US;
    struct evidence_scale scale;

    if (store_scale_evidence(s->store, s->settings.number.ranking_half_life_days * day_us, clock_wall_us(), &scale) !=
        ERR_NONE)
        return fail("what the ranking knows in %s cannot be brought up to date; check the disk", options->data);
    s->evidence = evidence_new(&s->loop, s->store, &scale);
    if (evidence_load(s->evidence) != ERR_NONE)
        return fail("what the ranking knows in %s cannot be read; the database may be damaged", options->data);
    return true;
}

static void seed_draws(struct chance *chance)
{
    uint64_t seed;

    randombytes_buf(&seed, sizeof seed);
    chance_seed(chance, seed);
}

static bool read_sources(struct server *s, const struct options *options)
{
    struct shape_mistakes mistakes;
    struct buf why;

    shape_mistakes_init(&mistakes);
    s->setup = reloader_first_setup(&s->reloader, &s->settings, &mistakes);
    if (s->setup == NULL) {
        buf_init(&why, 64 * 1024);
        settings_put_mistakes(&why, "  ", &mistakes);
        fail("the configuration is not usable\n%s", why.ptr != NULL ? why.ptr : "");
        buf_deinit(&why);
    }
    shape_mistakes_deinit(&mistakes);
    if (s->setup != NULL && s->setup->sources.count == 0)
        log_write(LOG_WARN, "no providers: every channel will be null; see --config and --sandbox", LOG_END);
    if (s->setup != NULL && options->with_sandbox)
        log_write(LOG_WARN, "this is a sandbox: its providers, people and values are made up", LOG_END);
    return s->setup != NULL;
}

static void prepare_reloads(struct server *s, const struct options *options)
{
    s->reloader = (struct reloader){.path = options->config,
                                    .with_sandbox = options->with_sandbox,
                                    .loop = &s->loop,
                                    .engine = &s->engine,
                                    .started = s->settings};
    reloader_init(&s->reloader);
}

static bool listen_on(struct server *s, const char *address, uint16_t port)
{
    const struct http_limits limits = {.header_bytes_max = (size_t)s->settings.number.server_header_bytes_max,
                                       .connections_max = (size_t)s->settings.number.server_connections_max,
                                       .request_us_max = s->settings.number.server_request_ms * 1000,
                                       .idle_us_max = s->settings.number.server_idle_ms * 1000,
                                       .write_us_max = s->settings.number.server_write_ms * 1000};
    struct err_detail detail;

    s->engine = (struct engine){.loop = &s->loop,
                                .store = s->store,
                                .cache = record_cache_new((size_t)s->settings.number.store_cache_bytes),
                                .lookups_max = (size_t)s->settings.number.lookup_in_flight_max,
                                .evidence = s->evidence};
    setup_use(s->setup, &s->engine);
    s->setup = NULL;
    s->reloader.directory = s->directory;
    reloader_apply(&s->engine, s->directory, &s->settings);
    seed_draws(&s->engine.chance);
    outbox_init(&s->outbox, &s->loop, s->store, s->engine.cache, &s->settings.outgoing.webhooks);
    if (s->settings.outgoing.name_servers[0] != '\0')
        outbox_set_name_servers(&s->outbox, s->settings.outgoing.name_servers);
    telling_init(&s->telling, &s->outbox);
    s->engine.listener = &s->telling.listener;
    api_init(&s->api, &s->engine, s->directory, &s->outbox);
    s->api.reloadable = &s->reloader.reloadable;
    if (http_server_open(&s->loop, &s->api.handler, &limits, address, port, &s->http, &detail) != ERR_NONE)
        return fail("%s", detail.text);
    s->api.http = s->http;
    return true;
}

/* --- stopping ---------------------------------------------------------------- */

/* Lookups whose clients left may still be on their way to the store. */
static bool is_at_rest(const struct server *s)
{
    return s->is_drained && s->engine.lookups == 0 && !reloader_is_busy(&s->reloader);
}

static void check_drained(struct loop_timer *timer)
{
    struct server *s = container_of(timer, struct server, drain_check);
    bool is_late = uv_hrtime() / 1000 >= (uint64_t)s->stop_by_us;

    if (is_at_rest(s) || is_late)
        loop_stop(&s->loop);
    else
        loop_timer_start(&s->drain_check, DRAIN_CHECK_US);
}

static void drained(void *ctx)
{
    struct server *s = ctx;

    s->is_drained = true;
}

static void stop(uv_signal_t *signal, int number)
{
    struct server *s = signal->data;

    if (s->api.is_stopping)
        return;
    log_write(LOG_INFO, "stopping", log_num("signal", number), LOG_END);
    s->api.is_stopping = true;
    s->stop_by_us = (int64_t)(uv_hrtime() / 1000) + GRACE_US + 10 * DRAIN_CHECK_US;
    http_server_stop(s->http, GRACE_US, drained, s);
    loop_timer_start(&s->drain_check, DRAIN_CHECK_US);
}

static void hang_up(uv_signal_t *signal, int number)
{
    struct server *s = signal->data;

    (void)number;
    if (!s->api.is_stopping)
        reloader_start(&s->reloader);
}

static void watch_signals(struct server *s)
{
    uv_signal_init(&s->loop.uv, &s->on_term);
    uv_signal_init(&s->loop.uv, &s->on_int);
    uv_signal_init(&s->loop.uv, &s->on_hup);
    s->on_term.data = s;
    s->on_int.data = s;
    s->on_hup.data = s;
    uv_signal_start(&s->on_term, stop, SIGTERM);
    uv_signal_start(&s->on_int, stop, SIGINT);
    uv_signal_start(&s->on_hup, hang_up, SIGHUP);
    loop_timer_init(&s->loop, &s->drain_check, check_drained);
}

/* What is still under way after the grace is cut off: nothing of it is in the
 * books, and its client will ask again. */
static void cut_off(struct server *s)
{
    log_write(LOG_WARN, "stopped with lookups under way", log_num("lookups", (int64_t)s->engine.lookups), LOG_END);
    upkeep_stop(&s->upkeep);
    api_flush(&s->api);
    evidence_flush(s->evidence);
    store_close(&s->store);
    log_flush();
    _exit(EXIT_DONE);
}

static void take_apart(struct server *s)
{
    if (s->http != NULL && !is_at_rest(s))
        cut_off(s);
    http_server_free(&s->http);
    outbox_stop(&s->outbox);
    http_client_free(&s->client);
    setup_give_back(&s->setup);
    setup_give_back(&s->engine.setup);
    setups_end();
    upkeep_stop(&s->upkeep);
    api_flush(&s->api);
    evidence_flush(s->evidence);
    store_close(&s->store);
    evidence_free(&s->evidence);
    upkeep_deinit(&s->upkeep);
    record_cache_free(&s->engine.cache);
    api_deinit(&s->api);
    if (s->directory != NULL)
        outbox_deinit(&s->outbox, s->directory);
    telling_deinit(&s->telling);
    directory_free(&s->directory);
    settings_deinit(&s->settings);
    log_flush();
}

/* --- the whole ---------------------------------------------------------------- */

static bool start(struct server *s, const struct options *options)
{
    char address[64];
    uint16_t port = 0;

    if (!read_listen(options, address, &port) || !read_settings(s, options))
        return false;
    log_set_level(s->settings.log_level);
    prepare_reloads(s, options);
    share_descriptors(s);
    s->client = http_client_new(&s->loop, s->calls_max);
    if (s->settings.outgoing.name_servers[0] != '\0')
        http_client_set_name_servers(s->client, s->settings.outgoing.name_servers);
    s->reloader.client = s->client;
    if (!read_sources(s, options) || !open_store(s, options) || !read_evidence(s, options) ||
        !listen_on(s, address, port))
        return false;
    store_start(s->store, &s->loop);
    upkeep_start(&s->upkeep, &s->loop, s->store, s->directory);
    outbox_start(&s->outbox, s->directory);
    watch_signals(s);
    fault_arm();
    printf("listening on http://%.*s\n", STR_ARG(http_server_address(s->http)));
    fflush(stdout);
    reloader_check_keys(&s->engine, &s->settings);
    return true;
}

static int run_server(const struct options *options)
{
    static struct server server; /* large, and there is one */
    bool is_started;

    loop_init(&server.loop);
    is_started = start(&server, options);
    if (is_started) {
        loop_run(&server.loop);
        uv_close((uv_handle_t *)&server.on_term, NULL);
        uv_close((uv_handle_t *)&server.on_int, NULL);
        uv_close((uv_handle_t *)&server.on_hup, NULL);
        loop_timer_close(&server.drain_check, NULL);
    }
    if (!is_started && server.http != NULL)
        server.is_drained = true;
    take_apart(&server);
    loop_deinit(&server.loop);
    return is_started ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct options options = {.listen = LISTEN_DEFAULT};
    const struct option_spec specs[] = {{"data", &options.data, NULL},
                                        {"listen", &options.listen, NULL},
                                        {"config", &options.config, NULL},
                                        {"key-file", &options.key_file, NULL},
                                        {"sandbox", NULL, &options.with_sandbox},
                                        {"behind-proxy", NULL, &options.is_behind_proxy},
                                        {NULL, NULL, NULL}};
    int status;

    if (!command_read_options(command, argc, argv, specs, &status))
        return status;
    if (options.data == NULL) {
        fprintf(stderr, "unstuck serve: --data is required\n\n%s", usage);
        return EXIT_USAGE;
    }
    return run_server(&options);
}

const struct command command_serve = {"serve", "run the server", usage, run};
