/* Three layers meet here:
 *
 *   call      the caller's question, in his memory
 *   transfer  our side of it: a copy of the request, the deadline, an easy
 *             handle; pooled, because easy handles are dear to make
 *   watch     one socket of libcurl's on the loop; lives as long as the socket,
 *             so that a kept connection costs no epoll_ctl per call
 *
 * libcurl looks for a connection to reuse by walking through all of that host,
 * busy ones too: with 10,000 in flight a call costs 300 us. So there are several
 * multi handles ("shards") of SHARD_CALLS_MAX calls each; the first with room
 * takes the call, so that few calls share few connections.
 *
 * A transfer is in exactly one list: guarded (its addresses are being looked
 * up), waiting (calls_max are running), running (inside libcurl), ending (has its result, `done` is put off) or pool.
 * libcurl only ever calls the callbacks at the end of this file; none of them
 * calls libcurl back or a `done`. Completions are collected afterwards. */
#include "net/http_client.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "net/guard.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
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

    /* A copy of the request in one block: header list, then texts. */
    char *block;
    size_t block_bytes;
    struct curl_slist *headers;
    const char *method;
    const char *url;
    struct str body;

    /* The answer's head. */
    size_t header_bytes;
    bool has_head; /* the final (not 1xx) head is in; what follows is trailers */

    /* Sockets opened for this call, and the last of them; none when a kept connection served. */
    unsigned opened_count;
    int opened;
};

struct watch {
    uv_poll_t poll;
    struct shard *shard; /* whose connection it is */
    int wanted;          /* libcurl's wish, in UV_READABLE and UV_WRITABLE */
    int polled;          /* what the loop polls for; a superset while the connection is kept */
    bool is_connected;   /* a request has gone over it, so close_socket will tell its end */
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
    struct watch **watches; /* by file descriptor */
    size_t watches_len;
};

static size_t take_header(char *ptr, size_t size, size_t count, void *ctx);
static size_t take_body(char *ptr, size_t size, size_t count, void *ctx);
static int before_request(void *ctx, char *remote, char *local, int remote_port, int local_port);
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address);
static int close_socket(void *ctx, curl_socket_t fd);
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx);
static int want_timer(CURLM *multi, long timeout_ms, void *ctx);

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

static void free_request(struct http_transfer *transfer)
{
    if (transfer->block == NULL)
        return;
    sodium_memzero(transfer->block, transfer->block_bytes); /* it held keys */
    mem_free(transfer->block);
    transfer->block = NULL;
    transfer->headers = NULL;
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
    free_request(transfer);
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

static void watch_closed(uv_handle_t *handle)
{
    mem_free(container_of(handle, struct watch, poll));
}

static struct watch *find_watch(const struct http_client *client, size_t fd)
{
    return fd < client->watches_len ? client->watches[fd] : NULL;
}

static void close_watch(struct http_client *client, size_t fd)
{
    struct watch *watch = find_watch(client, fd);

    if (watch == NULL)
        return;
    client->watches[fd] = NULL;
    watch->wanted = 0;
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, watch_closed);
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
    for (size_t fd = 0; fd < client->watches_len; fd++)
        close_watch(client, fd);
    resolver_free(&client->resolver);
    mem_free(client->name_servers);
    mem_free(client->watches);
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
    free_request(transfer);
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

static bool has_control_bytes(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

static struct str next_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');

    return str_ends(line, STR("\r")) ? (struct str){line.ptr, line.len - 1} : line;
}

/* Counts the lines; false when one is not "Name: value". */
static bool check_headers(struct str headers, size_t *out_count)
{
    *out_count = 0;
    while (headers.len > 0) {
        struct str line = next_line(&headers);
        size_t colon = str_find(line, ':');

        if (colon == 0 || colon == line.len || has_control_bytes(line))
            return false;
        (*out_count)++;
    }
    return true;
}

static char *put_text(char **at, struct str s)
{
    char *start = *at;

    if (s.len != 0)
        memcpy(start, s.ptr, s.len);
    start[s.len] = '\0';
    *at = start + s.len + 1;
    return start;
}

/* Headers of libcurl's own making that we do not want: a line without a value
 * stands for "do not send". A later line of the caller's is still sent. */
static const char *const unwanted[] = {"Expect:", "Content-Type:"};

static void keep_headers(struct http_transfer *transfer, struct str headers, size_t count, char **at)
{
    struct curl_slist *nodes = (struct curl_slist *)(void *)transfer->block;
    size_t i = 0;

    for (; i < LEN(unwanted); i++)
        nodes[i].data = put_text(at, str_from(unwanted[i]));
    for (; i < count; i++)
        nodes[i].data = put_text(at, next_line(&headers));
    for (i = 0; i < count; i++)
        nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
    transfer->headers = nodes;
}

/* Copies the request; false when it cannot be sent as it is. */
static bool keep_request(struct http_transfer *transfer, const struct http_call *call)
{
    size_t count;
    char *at;

    if (has_control_bytes(call->url) || has_control_bytes(call->method) || call->method.len == 0 ||
        !check_headers(call->headers, &count))
        return false;
    count += LEN(unwanted);
    transfer->block_bytes =
        count * sizeof(struct curl_slist) + call->method.len + call->url.len + call->headers.len + call->body.len + 64;
    transfer->block = mem_new(transfer->block_bytes);
    at = transfer->block + count * sizeof(struct curl_slist);
    keep_headers(transfer, call->headers, count, &at);
    transfer->method = put_text(&at, call->method);
    transfer->url = put_text(&at, call->url);
    transfer->body = (struct str){put_text(&at, call->body), call->body.len};
    check((size_t)(at - transfer->block) <= transfer->block_bytes);
    return true;
}

static bool is_one_of(const char *method, const char *const *methods)
{
    for (; *methods != NULL; methods++) {
        if (strcmp(method, *methods) == 0)
            return true;
    }
    return false;
}

static void set_method(const struct http_transfer *transfer)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    static const char *const known[] = {"GET", "POST", "HEAD", NULL};
    CURL *easy = transfer->easy;
    const char *method = transfer->method;

    /* Each of the three undoes the others. */
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (transfer->body.len > 0 || is_one_of(method, with_body)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.ptr);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.len);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    if (is_one_of(method, known) && (transfer->body.len == 0 || strcmp(method, "POST") == 0))
        method = NULL;
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void run_transfer(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;
    struct shard *shard = choose_shard(client);

    if (transfer->easy == NULL)
        transfer->easy = make_easy(transfer);
    transfer->header_bytes = 0;
    transfer->has_head = false;
    transfer->opened_count = 0;
    set_method(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->url);
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
    if (guard_start(transfer->guard, client->resolver, transfer->rules, transfer->url, guard_done))
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
    } else if (!keep_request(transfer, call)) {
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

static void timer_expired(struct loop_timer *timer)
{
    drive(container_of(timer, struct shard, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void kick_run(struct later *kick)
{
    drive(container_of(kick, struct shard, kick), CURL_SOCKET_TIMEOUT, 0);
}

static void poll_socket(struct watch *watch, int events);

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = container_of(poll, struct watch, poll);
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    uv_os_fd_t fd = -1;

    if (status < 0) {
        watch->polled = 0; /* libuv has stopped it */
        flags = CURL_CSELECT_ERR;
    }
    if (watch->wanted == 0) { /* a kept connection that the other side has closed: seen when next used */
        uv_poll_stop(poll);
        watch->polled = 0;
        return;
    }
    check(uv_fileno((uv_handle_t *)poll, &fd) == 0);
    drive(watch->shard, fd, flags);
    if (watch->polled == 0 && watch->wanted != 0)
        poll_socket(watch, watch->wanted);
}

static void poll_socket(struct watch *watch, int events)
{
    if (watch->polled == events)
        return;
    watch->polled = events;
    check(uv_poll_start(&watch->poll, events, socket_ready) == 0);
}

/* The watch of `fd`, made when there is none; NULL when the loop cannot poll it. */
static struct watch *get_watch(struct shard *shard, curl_socket_t fd)
{
    struct http_client *client = shard->client;
    size_t index = (size_t)fd;
    struct watch *watch;

    if (index >= client->watches_len) {
        size_t len = (index + 64) * 2;

        client->watches = mem_resize(client->watches, len * sizeof *client->watches);
        memset(client->watches + client->watches_len, 0, (len - client->watches_len) * sizeof *client->watches);
        client->watches_len = len;
    }
    if (client->watches[index] != NULL)
        return client->watches[index];
    watch = mem_new(sizeof *watch);
    if (uv_poll_init(&client->loop->uv, &watch->poll, fd) != 0) {
        mem_free(watch);
        return NULL;
    }
    watch->shard = shard;
    client->watches[index] = watch;
    return watch;
}

/* --- libcurl's callbacks --- */

/* Makes the watch of a socket just opened. One that bears its number is of a
 * connection that never opened, whose end libcurl does not tell; the wish is
 * taken over, as libcurl may not repeat it for the same number. */
static bool watch_fresh(struct shard *shard, curl_socket_t fd)
{
    struct watch *watch = find_watch(shard->client, (size_t)fd);
    int wish = watch == NULL ? 0 : watch->wanted;

    close_watch(shard->client, (size_t)fd);
    watch = get_watch(shard, fd);
    if (watch == NULL)
        return false;
    watch->wanted = wish;
    if (wish != 0)
        poll_socket(watch, wish);
    return true;
}

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
    if (!watch_fresh(transfer->shard, fd)) {
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

    close_watch(shard->client, (size_t)fd);
    return close(fd);
}

/* A kept connection stays polled for reading after its call: the next call
 * finds it ready. Sockets that are not connected, and those of name look-ups,
 * are closed behind our back and must go at once. */
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct shard *shard = ctx;
    struct http_client *client = shard->client;
    struct watch *watch;

    (void)easy;
    (void)socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        watch = find_watch(client, (size_t)fd);
        if (watch != NULL && watch->is_connected)
            watch->wanted = 0;
        else
            close_watch(client, (size_t)fd);
        return 0;
    }
    watch = get_watch(shard, fd);
    if (watch == NULL)
        return -1;
    watch->shard = shard;
    watch->wanted = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    poll_socket(watch, watch->wanted);
    return 0;
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

/* Of several sockets opened for a call libcurl does not tell which one won. */
static void note_connected(struct http_transfer *transfer)
{
    struct watch *watch = find_watch(transfer->client, (size_t)transfer->opened);

    if (transfer->opened_count == 1 && watch != NULL)
        watch->is_connected = true;
}

/* libcurl repeats a request on a fresh connection when a kept one turns out to
 * be dead. Fine for GET; a POST that has left this machine may have been acted
 * on (and paid), so it is not sent a second time. */
static int before_request(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
    static const char *const repeatable[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", NULL};
    struct http_transfer *transfer = ctx;
    long sent_bytes = 0;

    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    note_connected(transfer);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
    if (sent_bytes > 0 && !is_one_of(transfer->method, repeatable))
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
