/* Where an endpoint is: in no list (nothing waits, or it is not in use), resting
 * (its next is due later), ready or failing (waits for a page), busy (has one). A page's
 * rows are delivered side by side; when the last of them is on disk, the page
 * goes and the endpoint is put where it belongs. */
#include "webhooks/outbox.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "webhooks/delivery.h"
#include "webhooks/trial.h"
#include "workspace/suppression.h"

#include <sodium.h>

enum {
    TICK_MS = 500, /* how late a retry may be */
    READ_AGAIN_US = 5000000,
    FORGET_AFTER_START_US = 60000000,
    PAGE_BYTES_MAX = 8 * 1024 * 1024,
    FAILING_PAGE = 4,
    COMMIT_TRIES_MAX = 5
};

#define GONE_WHY "it answered 410: it wants no more events"
#define SUPPRESSED_WHY "this person is suppressed: nothing was sent"

struct page {
    struct outbox *outbox;
    struct endpoint *endpoint;
    struct arena arena;
    struct store_due due;
    bool is_read;     /* until then `due` is the store's */
    bool is_failing;  /* its endpoint failed the last time */
    size_t next;      /* of the rows */
    size_t out;       /* under way */
    struct list runs; /* of struct delivery_run */
    int64_t retry_due_us;
};

/* One event on its way. */
struct delivery_run {
    struct list link;
    struct page *page;
    const struct event_row *event;
    struct http_call http;
    int64_t started_us, started_wall_us;
    bool counts_as_failing;
    struct str url; /* where it went; the endpoint may be elsewhere since */
    struct arena arena;
    struct store_try end;
    int commit_tries;
    struct delivery_result result;
};

struct purge_run {
    struct list link;
    struct outbox *outbox;
    struct endpoint *endpoint;
    struct store_purge op;
};

static void work(struct outbox *outbox);
static void deliver_more(struct page *page);

int64_t outbox_wait_s(int tries)
{
    static const int64_t schedule[] = OUTBOX_SCHEDULE_S;

    return tries < (int)LEN(schedule) ? schedule[tries] : -1;
}

/* --- forgetting ----------------------------------------------------------- */

static void forget_old(struct outbox *outbox);

static void forgotten(struct store_op *op, enum err err)
{
    struct outbox *outbox = container_of(op, struct outbox, forget.op);
    bool has_more = err == ERR_NONE && outbox->forget.count == FORGET_MAX;

    outbox->forget_at_us = clock_wall_us() + (has_more ? 0 : OUTBOX_FORGET_S * SECOND_US);
    if (has_more && !outbox->is_stopping)
        forget_old(outbox);
}

static void forget_old(struct outbox *outbox)
{
    int64_t now_us = clock_wall_us();

    if (now_us < outbox->forget_at_us)
        return;
    outbox->forget_at_us = INT64_MAX;
    outbox->forget.before_us = now_us - OUTBOX_KEPT_US;
    store_forget_events(outbox->store, &outbox->forget, forgotten);
}

/* --- where endpoints are -------------------------------------------------- */

static void put_in(struct list *list, struct endpoint *endpoint)
{
    list_remove(&endpoint->turn);
    list_append(list, &endpoint->turn);
}

static bool is_due(const struct endpoint *endpoint, int64_t now_us)
{
    return endpoint->next_due_us <= now_us && endpoint->quiet_until_us <= now_us;
}

static void make_ready(struct outbox *outbox, struct endpoint *endpoint)
{
    put_in(endpoint->failures > 0 ? &outbox->failing : &outbox->ready, endpoint);
}

/* An endpoint without a page goes where it belongs. */
static void place(struct outbox *outbox, struct endpoint *endpoint)
{
    if (endpoint->page != NULL)
        return;
    if (!endpoint_is_live(endpoint) || endpoint->next_due_us == INT64_MAX)
        list_remove(&endpoint->turn);
    else if (is_due(endpoint, clock_wall_us()))
        make_ready(outbox, endpoint);
    else
        put_in(&outbox->resting, endpoint);
}

void outbox_wake(struct outbox *outbox, struct endpoint *endpoint)
{
    endpoint->has_news = true;
    if (endpoint->page != NULL)
        return;
    endpoint->next_due_us = 0;
    place(outbox, endpoint);
    work(outbox);
}

void outbox_hurry(struct outbox *outbox, struct endpoint *endpoint)
{
    endpoint->quiet_until_us = 0;
    outbox_wake(outbox, endpoint);
}

static void wake_those_due(struct outbox *outbox)
{
    int64_t now_us = clock_wall_us();

    list_each(link, following, &outbox->resting)
    {
        struct endpoint *endpoint = list_entry(link, struct endpoint, turn);

        if (is_due(endpoint, now_us))
            make_ready(outbox, endpoint);
    }
}

static void ticked(struct loop_timer *timer)
{
    struct outbox *outbox = container_of(timer, struct outbox, tick);

    forget_old(outbox);
    wake_those_due(outbox);
    work(outbox);
    loop_timer_start(timer, TICK_MS * MS_US);
}

/* --- pages ---------------------------------------------------------------- */

static void free_page(struct page *page)
{
    page->endpoint->page = NULL;
    page->outbox->pages--;
    page->outbox->failing_pages -= page->is_failing;
    arena_deinit(&page->arena);
    mem_free(page);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* All of it is on disk. */
static void leave_page(struct page *page)
{
    struct outbox *outbox = page->outbox;
    struct endpoint *endpoint = page->endpoint;
    int64_t next_us = page->due.next_due_us == 0 ? INT64_MAX : page->due.next_due_us;

    endpoint->next_due_us = endpoint->has_news ? 0 : earlier(next_us, page->retry_due_us);
    free_page(page);
    if (endpoint->is_purged)
        endpoint_free(endpoint);
    else
        place(outbox, endpoint);
    work(outbox);
}

static void page_read(struct store_op *op, enum err err)
{
    struct page *page = container_of(op, struct page, due.op);

    fault_step("events_read");
    page->is_read = true;
    if (err != ERR_NONE) {
        page->due.count = 0;
        page->retry_due_us = clock_wall_us() + READ_AGAIN_US;
    }
    deliver_more(page);
}

static void read_page(struct outbox *outbox, struct endpoint *endpoint)
{
    struct page *page = mem_new(sizeof *page);

    *page = (struct page){
        .outbox = outbox, .endpoint = endpoint, .is_failing = endpoint->failures > 0, .retry_due_us = INT64_MAX};
    arena_init(&page->arena, PAGE_BYTES_MAX);
    list_init(&page->runs);
    page->due = (struct store_due){.workspace_id = endpoint->row.workspace_id,
                                   .endpoint_id = endpoint->row.endpoint_id,
                                   .now_us = clock_wall_us(),
                                   .max = page->is_failing ? FAILING_PAGE : EVENTS_PAGE,
                                   .with_records = endpoint->workspace->suppressions != NULL,
                                   .arena = &page->arena};
    endpoint->page = page;
    endpoint->has_news = false;
    put_in(&outbox->busy, endpoint);
    outbox->pages++;
    outbox->failing_pages += page->is_failing;
    store_read_due(outbox->store, &page->due, page_read);
}

static struct list *next_ready(struct outbox *outbox)
{
    if (outbox->is_stopping || outbox->pages >= OUTBOX_PAGES_MAX)
        return NULL;
    if (!list_is_empty(&outbox->ready))
        return list_take(&outbox->ready);
    return outbox->failing_pages < OUTBOX_PAGES_MAX / 2 ? list_take(&outbox->failing) : NULL;
}

static void work(struct outbox *outbox)
{
    struct list *link;

    while ((link = next_ready(outbox)) != NULL)
        read_page(outbox, list_entry(link, struct endpoint, turn));
}

/* --- one delivery --------------------------------------------------------- */

static void free_delivery(struct delivery_run *run)
{
    list_remove(&run->link);
    arena_deinit(&run->arena);
    mem_free(run);
}

static void give_place(struct delivery_run *run)
{
    struct outbox *outbox = run->page->outbox;

    outbox->calls--;
    outbox->failing_calls -= run->counts_as_failing;
}

/* Those that waited for a place, in the order of their pages. */
static void deliver_others(struct outbox *outbox)
{
    list_each(link, following, &outbox->busy)
    {
        struct page *page = list_entry(link, struct endpoint, turn)->page;

        if (outbox->calls >= OUTBOX_CALLS_MAX)
            return;
        if (page->next < page->due.count)
            deliver_more(page);
    }
}

static void forget_record(struct outbox *outbox, const struct workspace *workspace, const struct store_try *end)
{
    for (size_t i = 0; i < end->record.identity_count; i++)
        record_cache_forget(outbox->cache, workspace->cache_id, &end->record.identities[i]);
}

static void disable(struct endpoint *endpoint, int64_t now_us)
{
    struct endpoint_row row = endpoint->row;

    if (!endpoint_is_live(endpoint))
        return;
    row.disabled_at_us = now_us;
    row.disabled_why = STR(GONE_WHY);
    endpoint_set(endpoint, &row);
    log_write(LOG_WARN, "a webhook is disabled: it answered 410", LOG_END);
}

static void end_try(struct delivery_run *run);

static void try_ended(struct store_op *op, enum err err)
{
    struct delivery_run *run = container_of(op, struct delivery_run, end.op);
    struct page *page = run->page;
    struct outbox *outbox = page->outbox;

    fault_step("event_kept");
    if (err == ERR_STORE_UNSURE && ++run->commit_tries < COMMIT_TRIES_MAX) {
        end_try(run); /* twice is as good as once */
        return;
    }
    if (err == ERR_NONE)
        forget_record(outbox, page->endpoint->workspace, &run->end);
    else
        page->retry_due_us = earlier(page->retry_due_us, clock_wall_us() + READ_AGAIN_US);
    if (err == ERR_NONE && run->end.event.state == EVENT_WAITING)
        page->retry_due_us = earlier(page->retry_due_us, run->end.event.due_at_us);
    if (err == ERR_NONE && run->result.is_gone)
        disable(page->endpoint, run->end.attempt.at_us);
    free_delivery(run);
    page->out--;
    deliver_more(page);
}

/* How long until it is tried again, in microseconds; -1: never. */
static int64_t wait_of(int tries, int64_t asked_us)
{
    int64_t wait_us = outbox_wait_s(tries) * SECOND_US;

    if (wait_us < 0)
        return -1;
    wait_us += wait_us > 0 ? (int64_t)randombytes_uniform((uint32_t)(wait_us / 5 / MS_US)) * MS_US : 0;
    return asked_us > wait_us ? asked_us : wait_us;
}

static void settle(struct delivery_run *run, int64_t now_us)
{
    struct event_row *event = &run->end.event;
    int64_t wait_us;

    event->tries++;
    wait_us = wait_of(event->tries, run->result.wait_us);
    event->due_at_us = now_us;
    if (run->result.is_delivered) {
        event->state = EVENT_DELIVERED;
    } else if (wait_us < 0) {
        event->state = EVENT_DEAD;
    } else {
        event->state = EVENT_WAITING;
        event->due_at_us = now_us + wait_us;
    }
}

static struct str value_of(const struct event_row *event, struct arena *arena)
{
    json_t *doc = NULL;
    struct str value = STR_NONE;

    if (json_read(event->body, &doc, NULL) == ERR_NONE)
        value = arena_keep(arena, json_str(json_at(doc, STR("/data/email"))));
    json_decref(doc);
    return value;
}

static struct str said(struct delivery_run *run)
{
    struct str kept;
    struct buf text;

    buf_init(&text, 4 * TRY_TEXT_BYTES_MAX);
    delivery_put_redacted(&text, buf_str(&run->http.answer), TRY_TEXT_BYTES_MAX);
    kept = arena_keep(&run->arena, buf_str(&text));
    buf_deinit(&text);
    return kept;
}

static void end_try(struct delivery_run *run)
{
    run->end.arena = &run->arena;
    store_end_try(run->page->outbox->store, &run->end, try_ended);
}

static void log_result(const struct delivery_run *run)
{
    if (log_is_on(LOG_DEBUG))
        log_write(LOG_DEBUG, "event delivered", log_text("type", event_type_name(run->event->type)),
                  log_num("status", run->http.status), log_text("why", run->result.why), LOG_END);
}

static void answered(struct http_call *http)
{
    struct delivery_run *run = container_of(http, struct delivery_run, http);
    struct page *page = run->page;
    int64_t now_us = clock_wall_us();

    fault_step("event_answered");
    delivery_judge(http, run->event->type, now_us, &run->result);
    log_result(run);
    run->result.is_gone &= str_is(run->url, page->endpoint->row.url);
    run->end.attempt = (struct event_try){.at_us = run->started_wall_us,
                                          .ms = (clock_steady_us() - run->started_us) / MS_US,
                                          .status = http->status,
                                          .why = str_from(run->result.why),
                                          .said = said(run)};
    run->end.verdict = run->result.verdict;
    run->end.disable_why = run->result.is_gone ? STR(GONE_WHY) : STR_NONE;
    settle(run, now_us);
    http_call_deinit(http);
    page->endpoint->failures = run->result.is_delivered ? 0 : page->endpoint->failures + 1;
    if (!run->result.is_delivered)
        page->endpoint->quiet_until_us = now_us + run->result.wait_us;
    give_place(run);
    end_try(run);
    deliver_others(page->outbox);
}

static void start_call(struct delivery_run *run)
{
    const struct endpoint_row *endpoint = &run->page->endpoint->row;
    struct buf headers;

    fault_step("event_sent");
    run->url = arena_keep(&run->arena, endpoint->url);
    buf_init(&headers, DELIVERY_HEADERS_BYTES_MAX);
    delivery_put_headers(&headers, endpoint, run->event->event_id, run->event->body, run->started_wall_us);
    run->http = (struct http_call){.method = STR("POST"),
                                   .url = endpoint->url,
                                   .headers = buf_str(&headers),
                                   .body = run->event->body,
                                   .timeout_us = OUTBOX_TIMEOUT_MS * MS_US,
                                   .answer_bytes_max = OUTBOX_ANSWER_BYTES_MAX,
                                   .rules = &run->page->outbox->rules,
                                   .done = answered};
    http_client_start(run->page->outbox->client, &run->http);
    buf_deinit(&headers);
}

/* The person may have been suppressed since the event was written. */
static bool is_suppressed(const struct delivery_run *run)
{
    const struct suppressions *set = run->page->endpoint->workspace->suppressions;
    const struct event_row *event = run->event;

    if (set == NULL || event->type != EVENT_VERIFICATION_REQUESTED)
        return false;
    return (event->record != NULL && suppressions_hold_record(set, event->record)) ||
           suppressions_hold_value(set, (unsigned)event->channel, run->end.value);
}

/* It ends without a call. */
static void pass_over(struct delivery_run *run)
{
    run->end.event.state = EVENT_DEAD;
    run->end.event.due_at_us = run->started_wall_us;
    run->end.event.tries++;
    run->end.attempt.why = STR(SUPPRESSED_WHY);
    end_try(run);
}

static void call_for(struct delivery_run *run)
{
    struct outbox *outbox = run->page->outbox;

    run->counts_as_failing = run->page->endpoint->failures > 0;
    outbox->calls++;
    outbox->failing_calls += run->counts_as_failing;
    start_call(run);
}

static void deliver(struct page *page)
{
    struct delivery_run *run = mem_new(sizeof *run);

    run->page = page;
    run->event = &page->due.rows[page->next++];
    run->started_us = clock_steady_us();
    run->started_wall_us = clock_wall_us();
    arena_init(&run->arena, PAGE_BYTES_MAX);
    list_append(&page->runs, &run->link);
    page->out++;
    run->end = (struct store_try){.event = *run->event,
                                  .attempt.at_us = run->started_wall_us,
                                  .verdict = -1,
                                  .value = value_of(run->event, &run->arena)};
    if (is_suppressed(run))
        pass_over(run);
    else
        call_for(run);
}

static void read_rest_again(struct page *page)
{
    page->next = page->due.count;
    page->retry_due_us = 0;
}

/* At most as many as are left for others: several that hang leave a place for
 * whoever has none. */
static bool has_place(const struct page *page)
{
    const struct outbox *outbox = page->outbox;
    bool is_failing = page->endpoint->failures > 0;

    if (outbox->is_stopping || outbox->calls >= OUTBOX_CALLS_MAX)
        return false;
    if (is_failing && (page->out > 0 || outbox->failing_calls >= OUTBOX_CALLS_MAX / 2))
        return false;
    return page->out < OUTBOX_CALLS_EACH_MAX && page->out < OUTBOX_CALLS_MAX - outbox->calls;
}

/* Somebody is suppressed since the page was read: it takes the records' identities to say who. */
static bool is_outdated(const struct page *page)
{
    return page->endpoint->workspace->suppressions != NULL && !page->due.with_records;
}

static bool is_quiet(const struct page *page)
{
    return page->endpoint->quiet_until_us > clock_wall_us();
}

/* What is left of a page whose endpoint went out of use, or wants to be left alone, waits on disk. */
static void deliver_more(struct page *page)
{
    if (page->next < page->due.count && (is_outdated(page) || is_quiet(page)))
        read_rest_again(page);
    if (!endpoint_is_live(page->endpoint))
        page->next = page->due.count;
    while (page->next < page->due.count && has_place(page))
        deliver(page);
    if (page->out == 0 && page->next == page->due.count)
        leave_page(page);
}

static bool has_rest_of(const struct page *page, struct id record_id)
{
    for (size_t i = page->next; i < page->due.count; i++) {
        if (id_is(page->due.rows[i].record_id, record_id))
            return true;
    }
    return false;
}

void outbox_forget_record(const struct workspace *workspace, struct id record_id)
{
    list_each(link, following, &workspace->endpoints)
    {
        struct page *page = list_entry(link, struct endpoint, link)->page;

        if (page == NULL || !page->is_read || !has_rest_of(page, record_id))
            continue;
        read_rest_again(page);
        deliver_more(page);
    }
}

/* --- purging -------------------------------------------------------------- */

static void purged(struct store_op *op, enum err err)
{
    struct purge_run *run = container_of(op, struct purge_run, op.op);
    struct outbox *outbox = run->outbox;

    if (err == ERR_NONE && !run->op.is_gone && !outbox->is_stopping) {
        store_purge_endpoint(outbox->store, &run->op, purged);
        return;
    }
    list_remove(&run->link);
    if (err == ERR_NONE && run->op.is_gone) /* else it goes with the next start */
        run->endpoint->is_purged = true;
    if (run->endpoint->is_purged && run->endpoint->page == NULL)
        endpoint_free(run->endpoint);
    mem_free(run);
}

void outbox_purge(struct outbox *outbox, struct endpoint *endpoint)
{
    struct purge_run *run = mem_new(sizeof *run);

    place(outbox, endpoint);
    run->outbox = outbox;
    run->endpoint = endpoint;
    run->op.workspace_id = endpoint->row.workspace_id;
    run->op.endpoint_id = endpoint->row.endpoint_id;
    list_append(&outbox->purges, &run->link);
    store_purge_endpoint(outbox->store, &run->op, purged);
}

/* --- birth and death ------------------------------------------------------ */

void outbox_init(struct outbox *outbox, struct loop *loop, struct store *store, struct record_cache *cache,
                 const struct outgoing_rules *rules)
{
    *outbox = (struct outbox){.loop = loop, .store = store, .cache = cache, .rules = *rules};
    outbox->client = http_client_new(loop, OUTBOX_CALLS_MAX);
    outbox->asking = http_client_new(loop, OUTBOX_TRIALS_MAX + OUTBOX_QUESTIONS_MAX);
    list_init(&outbox->ready);
    list_init(&outbox->failing);
    list_init(&outbox->busy);
    list_init(&outbox->resting);
    list_init(&outbox->purges);
    list_init(&outbox->trials);
    loop_timer_init(loop, &outbox->tick, ticked);
}

void outbox_set_name_servers(struct outbox *outbox, const char *servers)
{
    http_client_set_name_servers(outbox->client, servers);
    http_client_set_name_servers(outbox->asking, servers);
}

static void start_endpoint(void *ctx, struct workspace *workspace)
{
    struct outbox *outbox = ctx;

    list_each(link, following, &workspace->endpoints)
    {
        struct endpoint *endpoint = list_entry(link, struct endpoint, link);

        endpoint->next_due_us = 0;
        if (endpoint->row.kind == ENDPOINT_LEAVING)
            outbox_purge(outbox, endpoint);
        else
            place(outbox, endpoint);
    }
}

void outbox_start(struct outbox *outbox, struct directory *directory)
{
    directory_each_workspace(directory, start_endpoint, outbox);
    outbox->forget_at_us = clock_wall_us() + FORGET_AFTER_START_US;
    loop_timer_start(&outbox->tick, MS_US);
}

void outbox_stop(struct outbox *outbox)
{
    if (outbox->is_stopping || outbox->loop == NULL)
        return;
    outbox->is_stopping = true;
    loop_timer_close(&outbox->tick, NULL);
    http_client_free(&outbox->client);
    http_client_free(&outbox->asking);
    trials_end(outbox);
}

static void free_endpoints(void *ctx, struct workspace *workspace)
{
    (void)ctx;
    list_each(link, following, &workspace->endpoints)
    {
        endpoint_free(list_entry(link, struct endpoint, link));
    }
}

static void drop_page(struct page *page)
{
    list_each(link, following, &page->runs)
    {
        free_delivery(list_entry(link, struct delivery_run, link));
    }
    free_page(page);
}

void outbox_deinit(struct outbox *outbox, struct directory *directory)
{
    struct list *link;

    if (outbox->loop != NULL) {
        while ((link = list_take(&outbox->busy)) != NULL)
            drop_page(list_entry(link, struct endpoint, turn)->page);
        while ((link = list_take(&outbox->purges)) != NULL)
            mem_free(list_entry(link, struct purge_run, link));
    }
    directory_each_workspace(directory, free_endpoints, NULL);
}
