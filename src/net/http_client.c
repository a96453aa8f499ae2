/* Two layers meet here:
 *
 *   call      the caller's question, in his memory
 *   transfer  our side of it: a copy of the request, the deadline, an easy
 *             handle; pooled, because easy handles are dear to make
 *
 * libcurl looks for a connection to reuse by walking through all of that host,
 * busy ones too: with 10,000 in flight a call costs 300 us. So there are several
 * multi handles ("shards") of SHARD_CALLS_MAX calls each; the first with room
 * takes the call, so that few calls share few connections.
 *
 * A transfer is in exactly one list: guarded (its addresses are being looked
 * up), waiting (calls_max are running), running (inside libcurl), ending (has
 * its result, `done` is put off) or pool.
 * libcurl only ever calls the callbacks at the end of this file; none of them
 * calls libcurl back or a `done`. Completions are collected afterwards. */
#include "net/http_client.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "net/guard.h"
#include "net/http_copy.h"
#include "net/http_sockets.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_BUFFER_BYTES = 1024, /* libcurl's least, for each running call; answers are small */
    SHARD_CALLS_MAX = 256,
    HEADER_BYTES_MAX = 64 * 1024, /* of an answer, all lines together */
    POOL_MAX = 512                /* transfers kept for reuse */
};

/* One multi handle with its timer. */
struct shard {
    struct http_client *client;
    CURLM *multi;
    size_t running_count;
    struct loop_timer timer; /* libcurl's wish */
    struct later kick;       /* the same with a timeout of 0 */
};

struct http_transfer {
    struct list link;
    struct http_client *client;
    struct shard *shard; /* while it is running, else NULL */
    struct http_call *call;
    CURL *easy;          /* NULL until it runs for the first time */
    struct guard *guard; /* of a call with rules, as long as it is needed */
    const struct outgoing_rules *rules;
    bool is_http;
    struct loop_timer deadline;
    struct later ending;

    struct http_copy copy; /* the request */

    /* The answer's head. */
    size_t header_bytes;
    bool has_head; /* the final (not 1xx) head is in; what follows is trailers */

    /* Sockets opened for this call, and the last of them; none when a kept connection served. */
    unsigned opened_count;
    int opened;
};

struct http_client {
    struct loop *loop;
    size_t calls_max;
    size_t running_count;
    size_t pool_count;
    struct resolver *resolver; /* NULL until a call with rules names a host */
    char *name_servers;        /* owned; NULL: the system's */
    struct list guarded;
    struct list waiting;
    struct list running;
    struct list ending;
    struct list pool;
    struct shard **shards;
    size_t shards_len;
    struct http_sockets sockets;
};

static size_t take_header(char *ptr, size_t size, size_t count, void *ctx);
static size_t take_body(char *ptr, size_t size, size_t count, void *ctx);
static int before_request(void *ctx, char *remote, char *local, int remote_port, int local_port);
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address);
static int close_socket(void *ctx, curl_socket_t fd);
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx);
static int want_timer(CURLM *multi, long timeout_ms, void *ctx);

static void socket_ready(void *owner, int fd, int events);
static void timer_expired(struct loop_timer *timer);
static void kick_run(struct later *kick);
static void deadline_expired(struct loop_timer *timer);
static void run_waiting(struct http_client *client);

/* --- birth and death --- */

struct http_client *http_client_new(struct loop *loop, size_t calls_max)
{
    struct http_client *client = mem_new(sizeof *client);

    check(calls_max > 0);
    client->loop = loop;
    client->calls_max = calls_max;
    http_sockets_init(&client->sockets, loop, socket_ready);
    list_init(&client->guarded);
    list_init(&client->waiting);
    list_init(&client->running);
    list_init(&client->ending);
    list_init(&client->pool);
    client->shards_len = (calls_max + SHARD_CALLS_MAX - 1) / SHARD_CALLS_MAX;
    client->shards = mem_new(client->shards_len * sizeof(struct shard *));
    return client;
}

static struct shard *make_shard(struct http_client *client)
{
    static bool is_initialised;
    struct shard *shard = mem_new(sizeof *shard);

    if (!is_initialised)
        check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    is_initialised = true;
    shard->client = client;
    loop_timer_init(client->loop, &shard->timer, timer_expired);
    loop_later_init(&shard->kick, kick_run);
    shard->multi = curl_multi_init();
    check(shard->multi != NULL);
    curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
    /* Counts busy connections too: fewer would close what is about to be reused. */
    curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)SHARD_CALLS_MAX);
    return shard;
}

void http_client_set_name_servers(struct http_client *client, const char *servers)
{
    check(client->resolver == NULL && client->name_servers == NULL);
    client->name_servers = mem_copy_text(servers, strlen(servers));
}

/* The first shard with room; there is one, since calls_max is not reached. */
static struct shard *choose_shard(struct http_client *client)
{
    for (size_t i = 0; i < client->shards_len; i++) {
        if (client->shards[i] == NULL)
            client->shards[i] = make_shard(client);
        if (client->shards[i]->running_count < SHARD_CALLS_MAX)
            return client->shards[i];
    }
    check(false);
    return NULL;
}

/* What is the same for every call; the rest is set in run_transfer. */
static CURL *make_easy(struct http_transfer *transfer)
{
    CURL *easy = curl_easy_init();

    check(easy != NULL);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BUFFER_BYTES);
    /* Else ending a call waits for its name look-up, and the loop with it. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    return easy;
}

static void free_guard(struct http_transfer *transfer)
{
    if (transfer->guard == NULL)
        return;
    guard_deinit(transfer->guard);
    mem_free(transfer->guard);
    transfer->guard = NULL;
}

static void transfer_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct http_transfer, deadline));
}

static void drop_answer(struct http_call *call)
{
    buf_deinit(&call->answer);
    buf_deinit(&call->head);
}

static void free_transfer(struct http_transfer *transfer)
{
    if (transfer->shard != NULL)
        curl_multi_remove_handle(transfer->shard->multi, transfer->easy);
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    if (transfer->call != NULL) {
        transfer->call->transfer = NULL;
        drop_answer(transfer->call);
    }
    http_copy_deinit(&transfer->copy);
    free_guard(transfer);
    loop_later_cancel(transfer->client->loop, &transfer->ending);
    loop_timer_close(&transfer->deadline, transfer_closed);
}

static void free_transfers(struct list *list)
{
    struct list *link;

    while ((link = list_take(list)) != NULL)
        free_transfer(list_entry(link, struct http_transfer, link));
}

static void shard_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct shard, timer));
}

static void free_shard(struct shard *shard)
{
    if (shard == NULL)
        return;
    curl_multi_cleanup(shard->multi);
    loop_later_cancel(shard->client->loop, &shard->kick);
    loop_timer_close(&shard->timer, shard_closed);
}

void http_client_free(struct http_client **client_ptr)
{
    struct http_client *client = *client_ptr;

    if (client == NULL)
        return;
    *client_ptr = NULL;
    free_transfers(&client->guarded);
    free_transfers(&client->waiting);
    free_transfers(&client->running);
    free_transfers(&client->ending);
    free_transfers(&client->pool);
    for (size_t i = 0; i < client->shards_len; i++)
        free_shard(client->shards[i]);
    http_sockets_deinit(&client->sockets);
    resolver_free(&client->resolver);
    mem_free(client->name_servers);
    mem_free(client->shards);
    mem_free(client);
}

/* --- ending a call --- */

static void ending_run(struct later *later);

static struct http_transfer *take_transfer(struct http_client *client)
{
    struct http_transfer *transfer;

    if (!list_is_empty(&client->pool)) {
        client->pool_count--;
        transfer = list_entry(client->pool.prev, struct http_transfer, link);
        list_remove(&transfer->link);
        return transfer;
    }
    transfer = mem_new(sizeof *transfer);
    transfer->client = client;
    list_init(&transfer->link);
    loop_timer_init(client->loop, &transfer->deadline, deadline_expired);
    loop_later_init(&transfer->ending, ending_run);
    return transfer;
}

static void give_back_transfer(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;

    transfer->call = NULL;
    http_copy_deinit(&transfer->copy);
    if (client->pool_count == POOL_MAX) {
        free_transfer(transfer);
        return;
    }
    client->pool_count++;
    list_append(&client->pool, &transfer->link);
}

static void note_sent(const struct http_transfer *transfer)
{
    long bytes = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
    transfer->call->has_left = bytes > 0;
}

/* Out of libcurl and of its list, with the result written down. */
static void stop_transfer(struct http_transfer *transfer, enum http_call_result result, const char *error)
{
    struct http_call *call = transfer->call;

    call->result = result;
    call->error = error;
    if (result != HTTP_CALL_ANSWERED)
        drop_answer(call);
    loop_timer_stop(&transfer->deadline);
    list_remove(&transfer->link);
    if (transfer->shard != NULL) {
        note_sent(transfer);
        curl_multi_remove_handle(transfer->shard->multi, transfer->easy);
        transfer->shard->running_count--;
        transfer->shard = NULL;
        transfer->client->running_count--;
    }
    free_guard(transfer);
}

static void deliver(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;
    struct http_call *call = transfer->call;

    list_remove(&transfer->link);
    call->transfer = NULL;
    give_back_transfer(transfer);
    run_waiting(client);
    call->done(call);
}

static void end_later(struct http_transfer *transfer, enum http_call_result result, const char *error)
{
    stop_transfer(transfer, result, error);
    list_append(&transfer->client->ending, &transfer->link);
    loop_later(transfer->client->loop, &transfer->ending);
}

static void ending_run(struct later *later)
{
    deliver(container_of(later, struct http_transfer, ending));
}

static void deadline_expired(struct loop_timer *timer)
{
    struct http_transfer *transfer = container_of(timer, struct http_transfer, deadline);

    stop_transfer(transfer, HTTP_CALL_TIMEOUT, "no whole answer before the deadline");
    deliver(transfer);
}

void http_client_cancel(struct http_client *client, struct http_call *call)
{
    struct http_transfer *transfer = call->transfer;

    check(transfer != NULL && transfer->client == client);
    if (list_is_empty(&transfer->ending.link))
        end_later(transfer, HTTP_CALL_CANCELLED, "cancelled");
}

void http_call_deinit(struct http_call *call)
{
    check(call->transfer == NULL);
    drop_answer(call);
}

struct str http_header_in(struct str lines, struct str name)
{
    while (lines.len > 0) {
        struct str line = str_cut(&lines, '\n');

        if (str_is_nocase(str_cut(&line, ':'), name))
            return str_trim(line);
    }
    return STR_NONE;
}

/* --- starting a call --- */

static void run_transfer(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;
    struct shard *shard = choose_shard(client);

    if (transfer->easy == NULL)
        transfer->easy = make_easy(transfer);
    transfer->header_bytes = 0;
    transfer->has_head = false;
    transfer->opened_count = 0;
    http_copy_set(&transfer->copy, transfer->easy);
    curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->guard == NULL ? NULL : transfer->guard->pinned);
    curl_easy_setopt(transfer->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->call->answer_bytes_max);
    /* Sockets are known by their shard, which may be another than the last time; one is opened for a call. */
    curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_CLOSESOCKETDATA, shard);
    check(curl_multi_add_handle(shard->multi, transfer->easy) == CURLM_OK);
    transfer->shard = shard;
    shard->running_count++;
    client->running_count++;
    list_append(&client->running, &transfer->link);
}

static void wait_for_turn(struct http_transfer *transfer)
{
    list_append(&transfer->client->waiting, &transfer->link);
    run_waiting(transfer->client);
}

/* Goes on with a call whose addresses are known to be good or bad. */
static void leave_guard(struct http_transfer *transfer)
{
    struct guard *guard = transfer->guard;

    list_remove(&transfer->link);
    transfer->is_http = guard->target.is_http;
    if (guard->refusal != NULL) {
        end_later(transfer, guard->is_unknown ? HTTP_CALL_FAILED : HTTP_CALL_REFUSED, guard->refusal);
        return;
    }
    if (guard->pinned == NULL)
        free_guard(transfer);
    wait_for_turn(transfer);
}

static void guard_done(struct guard *guard)
{
    leave_guard(guard->owner);
}

static void enter_guard(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;

    if (client->resolver == NULL)
        client->resolver = resolver_new(client->loop, client->name_servers);
    transfer->guard = mem_new(sizeof *transfer->guard);
    transfer->guard->owner = transfer;
    list_append(&client->guarded, &transfer->link);
    if (guard_start(transfer->guard, client->resolver, transfer->rules, transfer->copy.url, guard_done))
        leave_guard(transfer);
}

static void run_waiting(struct http_client *client)
{
    struct list *link;

    while (client->running_count < client->calls_max && (link = list_take(&client->waiting)) != NULL)
        run_transfer(list_entry(link, struct http_transfer, link));
}

void http_client_start(struct http_client *client, struct http_call *call)
{
    struct http_transfer *transfer = take_transfer(client);

    check(call->done != NULL);
    call->status = 0;
    call->has_left = false;
    buf_init(&call->head, HEADER_BYTES_MAX);
    call->error = "";
    buf_init(&call->answer, call->answer_bytes_max);
    call->transfer = transfer;
    transfer->call = call;
    transfer->rules = call->rules;
    if (fault_fails("provider")) {
        end_later(transfer, HTTP_CALL_FAILED, "made to fail by a test");
    } else if (!http_copy_init(&transfer->copy, call)) {
        end_later(transfer, HTTP_CALL_FAILED, "the method, the URL or a header line cannot be sent");
    } else {
        loop_timer_start(&transfer->deadline, call->timeout_us);
        if (call->rules != NULL)
            enter_guard(transfer);
        else
            wait_for_turn(transfer);
    }
}

/* --- driving libcurl --- */

static void complete(struct http_transfer *transfer, CURLcode code)
{
    struct http_call *call = transfer->call;
    long status = 0;

    if (code == CURLE_OK) {
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        call->status = (int)status;
        stop_transfer(transfer, HTTP_CALL_ANSWERED, "");
    } else if (code == CURLE_FILESIZE_EXCEEDED || call->answer.is_overflown ||
               transfer->header_bytes > HEADER_BYTES_MAX) {
        stop_transfer(transfer, HTTP_CALL_TOO_LARGE, "the answer is too large");
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        stop_transfer(transfer, HTTP_CALL_TIMEOUT, curl_easy_strerror(code));
    } else {
        stop_transfer(transfer, HTTP_CALL_FAILED, curl_easy_strerror(code));
    }
    deliver(transfer);
}

static void drive(struct shard *shard, curl_socket_t fd, int events)
{
    CURLMsg *message;
    int left;

    curl_multi_socket_action(shard->multi, fd, events, &left);
    while ((message = curl_multi_info_read(shard->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        struct http_transfer *transfer = NULL;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        complete(transfer, code); /* makes `message` invalid */
    }
}

static void socket_ready(void *owner, int fd, int events)
{
    drive(owner, fd, events);
}

static void timer_expired(struct loop_timer *timer)
{
    drive(container_of(timer, struct shard, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void kick_run(struct later *kick)
{
    drive(container_of(kick, struct shard, kick), CURL_SOCKET_TIMEOUT, 0);
}

/* --- libcurl's callbacks --- */

/* What is dialled has passed the guard; a second look costs little. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_transfer *transfer = ctx;
    int fd;

    (void)purpose;
    if (fault_fails("socket"))
        return CURL_SOCKET_BAD;
    if (transfer->rules != NULL && outgoing_refusal(transfer->rules, transfer->is_http, &address->addr) != NULL)
        return CURL_SOCKET_BAD;
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if (!http_sockets_open(&transfer->client->sockets, transfer->shard, fd)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    transfer->opened = fd;
    transfer->opened_count++;
    return fd;
}

static int close_socket(void *ctx, curl_socket_t fd)
{
    struct shard *shard = ctx;

    http_sockets_close(&shard->client->sockets, fd);
    return close(fd);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct shard *shard = ctx;

    (void)easy;
    (void)socket_ctx;
    return http_sockets_want(&shard->client->sockets, shard, fd, what) ? 0 : -1;
}

static int want_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct shard *shard = ctx;

    (void)multi;
    if (timeout_ms == 0 && list_is_empty(&shard->kick.link))
        loop_later(shard->client->loop, &shard->kick);
    if (timeout_ms > 0)
        loop_timer_start(&shard->timer, timeout_ms * MS_US);
    else
        loop_timer_stop(&shard->timer);
    return 0;
}

/* libcurl repeats a request on a fresh connection when a kept one turns out to
 * be dead. Fine for GET; a POST that has left this machine may have been acted
 * on (and paid), so it is not sent a second time. */
static int before_request(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
    struct http_transfer *transfer = ctx;
    long sent_bytes = 0;

    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    if (transfer->opened_count == 1) /* of several libcurl does not tell which one won */
        http_sockets_connected(&transfer->client->sockets, transfer->opened);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
    if (sent_bytes > 0 && !http_copy_is_repeatable(&transfer->copy))
        return CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_OK;
}

/* Most callers want to know these. */
static bool is_kept(const struct http_call *call, struct str name)
{
    return call->keeps_headers || str_is_nocase(name, STR("content-type")) || str_is_nocase(name, STR("retry-after"));
}

static void keep_header(struct http_call *call, struct str line)
{
    struct str value = line, name = str_cut(&value, ':');

    if (name.len == line.len || !is_kept(call, name))
        return;
    buf_put(&call->head, name);
    buf_puts(&call->head, ": ");
    buf_put(&call->head, str_trim(value));
    buf_puts(&call->head, "\r\n");
}

/* A line at a time, also those of heads before the final one (1xx): each begins anew. */
static size_t take_header(char *ptr, size_t size, size_t count, void *ctx)
{
    struct http_transfer *transfer = ctx;
    struct str line = {ptr, size * count};
    long status = 0;

    transfer->header_bytes += line.len;
    if (transfer->header_bytes > HEADER_BYTES_MAX)
        return 0;
    if (transfer->has_head)
        return size * count;
    if (str_trim(line).len == 0) {
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        transfer->has_head = status >= 200;
    } else if (str_starts_nocase(line, STR("HTTP/"))) {
        buf_clear(&transfer->call->head);
    } else {
        keep_header(transfer->call, line);
    }
    return size * count;
}

static size_t take_body(char *ptr, size_t size, size_t count, void *ctx)
{
    struct http_transfer *transfer = ctx;

    buf_put(&transfer->call->answer, (struct str){ptr, size * count});
    return transfer->call->answer.is_overflown ? 0 : size * count;
}
