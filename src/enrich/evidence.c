#include "enrich/evidence.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

#include <uthash.h>

enum { FLUSH_AFTER_US = 1000000, ALL_SEGMENTS = UINT8_MAX, LOAD_BYTES_MAX = 8 * 1024 * 1024, CELLS_STEP = 4 };

/* Who knows it; nobody is all workspaces together. */
struct owner {
    struct id id;
    bool is_loaded;
    size_t unwritten; /* counters that are not on disk yet: reading it again would miss them */
    struct list pages;
    struct list waiting; /* of struct evidence_wait */
    struct list link;    /* in the order of their last use */
    struct exploration explorations[WATERFALL_COUNT];
    struct store_evidence loading;
    struct arena arena;
    struct evidence *evidence;
    UT_hash_handle hh;
};

struct page_key {
    struct id owner_id;
    uint8_t channel, segment; /* or ALL_SEGMENTS */
};

struct evidence_page {
    struct page_key key;
    struct evidence_sum all;    /* providers together */
    struct evidence_sum *cells; /* by the provider's number */
    size_t cell_count;
    struct list link; /* in its owner */
    UT_hash_handle hh;
};

/* Counted and not yet written. */
struct count_key {
    struct id owner_id;
    uint8_t channel, segment, number;
};

struct count {
    struct count_key key;
    struct evidence_sum sum;
    UT_hash_handle hh;
};

struct flush {
    struct list link; /* in the evidence's flushes */
    struct evidence *evidence;
    struct store_evidence_add add;
    struct evidence_row rows[];
};

struct known_provider {
    struct str name; /* owned */
    double seconds;  /* that its answers take, lately; 0: none came yet */
};

struct evidence {
    struct loop *loop;
    struct store *store;
    struct evidence_scale scale;
    struct loop_timer timer;
    struct owner *owners;        /* uthash by id */
    struct list used;            /* of struct owner, the one unused for longest first */
    struct evidence_page *pages; /* uthash by key */
    struct count *counts;        /* uthash by key */
    struct list flushes;
    struct known_provider providers[EVIDENCE_PROVIDERS_MAX];
    size_t provider_count;
};

static const struct id everybody = {{0}};

static void flush_later(struct loop_timer *timer)
{
    evidence_flush(container_of(timer, struct evidence, timer));
}

struct evidence *evidence_new(struct loop *loop, struct store *store, const struct evidence_scale *scale)
{
    struct evidence *evidence = mem_new(sizeof *evidence);

    check((loop == NULL) == (store == NULL));
    evidence->loop = loop;
    evidence->store = store;
    evidence->scale = *scale;
    list_init(&evidence->used);
    list_init(&evidence->flushes);
    if (loop != NULL)
        loop_timer_init(loop, &evidence->timer, flush_later);
    return evidence;
}

const struct evidence_scale *evidence_scale(const struct evidence *evidence)
{
    return &evidence->scale;
}

/* --- owners and pages -------------------------------------------------------- */

static struct owner *find_owner(const struct evidence *evidence, struct id id)
{
    struct owner *owner;

    HASH_FIND(hh, evidence->owners, &id, sizeof id, owner);
    return owner;
}

static struct owner *new_owner(struct evidence *evidence, struct id id)
{
    struct owner *owner = mem_new(sizeof *owner);

    owner->id = id;
    owner->evidence = evidence;
    list_init(&owner->pages);
    list_init(&owner->waiting);
    list_init(&owner->link);
    HASH_ADD(hh, evidence->owners, id, sizeof owner->id, owner);
    return owner;
}

static void forget_owner(struct evidence *evidence, struct owner *owner)
{
    struct list *link;

    while ((link = list_take(&owner->pages)) != NULL) {
        struct evidence_page *page = list_entry(link, struct evidence_page, link);

        HASH_DEL(evidence->pages, page);
        mem_free(page->cells);
        mem_free(page);
    }
    list_remove(&owner->link);
    HASH_DEL(evidence->owners, owner);
    arena_deinit(&owner->arena);
    mem_free(owner);
}

static struct evidence_page *find_page(const struct evidence *evidence, struct id owner_id, enum channel channel,
                                       uint8_t segment)
{
    const struct page_key key = {owner_id, (uint8_t)channel, segment};
    struct evidence_page *page;

    HASH_FIND(hh, evidence->pages, &key, sizeof key, page);
    return page;
}

static struct evidence_page *page_of(struct evidence *evidence, struct owner *owner, enum channel channel,
                                     uint8_t segment)
{
    struct evidence_page *page = find_page(evidence, owner->id, channel, segment);

    if (page != NULL)
        return page;
    page = mem_new(sizeof *page);
    page->key = (struct page_key){owner->id, (uint8_t)channel, segment};
    list_init(&page->link);
    list_append(&owner->pages, &page->link);
    HASH_ADD(hh, evidence->pages, key, sizeof page->key, page);
    return page;
}

static struct evidence_sum *cell_of(struct evidence_page *page, size_t number)
{
    size_t before = page->cell_count;

    if (number >= before) {
        page->cell_count = number + CELLS_STEP < EVIDENCE_PROVIDERS_MAX ? number + CELLS_STEP : EVIDENCE_PROVIDERS_MAX;
        page->cells = mem_resize(page->cells, page->cell_count * sizeof *page->cells);
        memset(page->cells + before, 0, (page->cell_count - before) * sizeof *page->cells);
    }
    return &page->cells[number];
}

static void add_sum(struct evidence_sum *to, const struct evidence_sum *sum)
{
    for (size_t i = 0; i < EVIDENCE_KINDS; i++) {
        to->count[i] += sum->count[i];
        to->weight[i] += sum->weight[i];
    }
}

/* To the segment's page, and to that of all segments. */
static void add_to_pages(struct evidence *evidence, struct id owner_id, enum channel channel, uint8_t segment,
                         size_t number, const struct evidence_sum *sum)
{
    const uint8_t segments[] = {segment, ALL_SEGMENTS};
    struct owner *owner = find_owner(evidence, owner_id);

    if (owner == NULL || !owner->is_loaded)
        return; /* it is read from the disk when somebody wants to know */
    for (size_t i = 0; i < LEN(segments); i++) {
        struct evidence_page *page = page_of(evidence, owner, channel, segments[i]);

        add_sum(cell_of(page, number), sum);
        add_sum(&page->all, sum);
    }
}

/* --- providers ------------------------------------------------------------------ */

static size_t find_name(const struct evidence *evidence, struct str name)
{
    size_t i = 0;

    while (i < evidence->provider_count && !str_is(evidence->providers[i].name, name))
        i++;
    return i;
}

/* EVIDENCE_PROVIDERS_MAX when there is no room: nothing is learned of it then. */
static size_t number_of_name(struct evidence *evidence, struct str name)
{
    size_t number = find_name(evidence, name);

    if (number < evidence->provider_count || number == EVIDENCE_PROVIDERS_MAX)
        return number;
    evidence->providers[number].name = (struct str){mem_copy_text(name.ptr, name.len), name.len};
    return evidence->provider_count++;
}

double evidence_seconds(const struct evidence *evidence, const struct provider *provider)
{
    size_t number = find_name(evidence, provider->name);

    return number < evidence->provider_count ? evidence->providers[number].seconds : 0;
}

/* --- reading ---------------------------------------------------------------------- */

static void take_row(struct evidence *evidence, const struct evidence_row *row)
{
    size_t number = number_of_name(evidence, row->provider);

    if (number < EVIDENCE_PROVIDERS_MAX)
        add_to_pages(evidence, row->workspace_id, row->channel, row->segment, number, &row->sum);
}

static void take_loaded(void *ctx, const struct evidence_row *row)
{
    take_row(ctx, row);
}

enum err evidence_load(struct evidence *evidence)
{
    new_owner(evidence, everybody)->is_loaded = true;
    return evidence->store == NULL ? ERR_NONE : store_each_evidence(evidence->store, take_loaded, evidence);
}

static void make_room(struct evidence *evidence)
{
    list_each(link, following, &evidence->used)
    {
        struct owner *owner = list_entry(link, struct owner, link);

        if (HASH_COUNT(evidence->owners) <= EVIDENCE_WORKSPACES_MAX)
            return;
        if (owner->is_loaded && owner->unwritten == 0)
            forget_owner(evidence, owner);
    }
}

static void loaded(struct store_op *op, enum err err)
{
    struct owner *owner = container_of(op, struct owner, loading.op);
    struct evidence *evidence = owner->evidence;
    struct list waiting;
    struct list *link;

    list_init(&waiting);
    list_move_all(&waiting, &owner->waiting);
    owner->is_loaded = err == ERR_NONE;
    for (const struct evidence_row *row = owner->loading.rows; err == ERR_NONE && row != NULL; row = row->next)
        take_row(evidence, row);
    arena_deinit(&owner->arena);
    if (err != ERR_NONE)
        forget_owner(evidence, owner);
    else
        make_room(evidence);
    while ((link = list_take(&waiting)) != NULL) {
        struct evidence_wait *wait = list_entry(link, struct evidence_wait, link);

        wait->go_on(wait, err);
    }
}

bool evidence_know(struct evidence *evidence, struct id workspace_id, struct evidence_wait *wait)
{
    struct owner *owner = find_owner(evidence, workspace_id);
    bool is_new = owner == NULL;

    if (is_new)
        owner = new_owner(evidence, workspace_id);
    list_remove(&owner->link);
    list_append(&evidence->used, &owner->link);
    if (is_new && evidence->store == NULL)
        owner->is_loaded = true;
    if (owner->is_loaded)
        return true;
    list_init(&wait->link);
    list_append(&owner->waiting, &wait->link);
    if (is_new) {
        arena_init(&owner->arena, LOAD_BYTES_MAX);
        owner->loading = (struct store_evidence){.workspace_id = workspace_id, .arena = &owner->arena};
        store_read_evidence(evidence->store, &owner->loading, loaded);
    }
    return false;
}

/* --- counting ----------------------------------------------------------------------- */

static void note(struct evidence *evidence, const struct count_key *key, const struct evidence_sum *sum)
{
    struct owner *owner = find_owner(evidence, key->owner_id);
    struct count *count;

    if (evidence->store == NULL)
        return;
    if (evidence->counts == NULL)
        loop_timer_start(&evidence->timer, FLUSH_AFTER_US);
    HASH_FIND(hh, evidence->counts, key, sizeof *key, count);
    if (count == NULL) {
        count = mem_new(sizeof *count);
        count->key = *key;
        HASH_ADD(hh, evidence->counts, key, sizeof *key, count);
        if (owner != NULL)
            owner->unwritten++;
    }
    add_sum(&count->sum, sum);
}

static void count_attempt(struct evidence *evidence, struct id workspace_id, enum channel channel, uint8_t segment,
                          const struct attempt *attempt, double weight)
{
    const struct id owners[] = {workspace_id, everybody};
    size_t number = number_of_name(evidence, attempt->provider->name);
    struct evidence_sum sum = {.count = {[EVIDENCE_ASKED] = 1}, .weight = {[EVIDENCE_ASKED] = weight}};

    if (number == EVIDENCE_PROVIDERS_MAX)
        return;
    if (attempt->outcome == OUTCOME_HIT) {
        sum.count[EVIDENCE_HIT] = 1;
        sum.weight[EVIDENCE_HIT] = weight;
    }
    for (size_t i = 0; i < LEN(owners); i++) {
        const struct count_key key = {owners[i], (uint8_t)channel, segment, (uint8_t)number};

        add_to_pages(evidence, owners[i], channel, segment, number, &sum);
        note(evidence, &key, &sum);
    }
}

/* Lately: the last twenty or so. */
static void note_seconds(struct evidence *evidence, const struct attempt *attempt)
{
    size_t number = find_name(evidence, attempt->provider->name);
    double seconds = (double)attempt->ms / 1000;
    double *mean;

    if (number == evidence->provider_count)
        return;
    mean = &evidence->providers[number].seconds;
    *mean = *mean > 0 ? *mean + (seconds - *mean) / 20 : seconds;
}

void evidence_count_run(struct evidence *evidence, struct id workspace_id, uint8_t segment,
                        const struct waterfall_run *run, int64_t now_us)
{
    double weight = evidence_weight(&evidence->scale, now_us);

    for (size_t i = 0; i < WATERFALL_COUNT; i++) {
        for (const struct attempt *at = run->channel_runs[i].first; at != NULL; at = at->next) {
            if (!outcome_is_evidence(at->outcome))
                continue;
            count_attempt(evidence, workspace_id, (enum channel)i, segment, at, weight);
            note_seconds(evidence, at);
        }
    }
}

void evidence_count_report(struct evidence *evidence, struct id workspace_id, const struct report *report)
{
    size_t number = number_of_name(evidence, report->provider);
    enum evidence_kind kind = contact_kind(report->contact);
    struct evidence_sum sum = {{0}, {0}};

    check(report->fate == REPORT_COUNTED);
    if (number == EVIDENCE_PROVIDERS_MAX)
        return;
    sum.count[kind] = 1;
    sum.weight[kind] = evidence_weight(&evidence->scale, report->found_at_us);
    add_to_pages(evidence, workspace_id, report->channel, report->segment, number, &sum);
    add_to_pages(evidence, everybody, report->channel, report->segment, number, &sum);
}

/* --- writing --------------------------------------------------------------------------- */

static void forget_counts(struct evidence *evidence)
{
    struct count *count, *next;

    HASH_ITER(hh, evidence->counts, count, next)
    {
        HASH_DEL(evidence->counts, count);
        mem_free(count);
    }
}

static void row_is_over(struct evidence *evidence, const struct evidence_row *row, enum err err)
{
    const struct count_key key = {row->workspace_id, (uint8_t)row->channel, row->segment,
                                  (uint8_t)number_of_name(evidence, row->provider)};
    struct owner *owner = find_owner(evidence, row->workspace_id);

    if (owner != NULL && owner->unwritten > 0)
        owner->unwritten--;
    if (err == ERR_STORE_DOWN)
        note(evidence, &key, &row->sum);
}

/* What certainly was not written is counted again; of an unsure commit we would
 * rather lose a second than count it twice. */
static void flush_done(struct store_op *op, enum err err)
{
    struct flush *flush = container_of(op, struct flush, add.op);

    for (size_t i = 0; i < flush->add.count; i++)
        row_is_over(flush->evidence, &flush->rows[i], err);
    make_room(flush->evidence);
    list_remove(&flush->link);
    mem_free(flush);
}

void evidence_flush(struct evidence *evidence)
{
    size_t count = evidence == NULL ? 0 : HASH_COUNT(evidence->counts), at = 0;
    struct flush *flush;

    if (count == 0)
        return;
    loop_timer_stop(&evidence->timer);
    flush = mem_new(sizeof *flush + count * sizeof flush->rows[0]);
    flush->evidence = evidence;
    for (const struct count *each = evidence->counts; each != NULL; each = each->hh.next)
        flush->rows[at++] = (struct evidence_row){.workspace_id = each->key.owner_id,
                                                  .channel = (enum channel)each->key.channel,
                                                  .segment = each->key.segment,
                                                  .provider = evidence->providers[each->key.number].name,
                                                  .sum = each->sum};
    forget_counts(evidence);
    list_init(&flush->link);
    list_append(&evidence->flushes, &flush->link);
    flush->add = (struct store_evidence_add){.rows = flush->rows, .count = count};
    store_add_evidence(evidence->store, &flush->add, flush_done);
}

static void timer_closed(struct loop_timer *timer)
{
    mem_free(container_of(timer, struct evidence, timer));
}

void evidence_free(struct evidence **evidence_at)
{
    struct evidence *evidence = *evidence_at;
    struct list *link;

    if (evidence == NULL)
        return;
    forget_counts(evidence);
    while (evidence->owners != NULL)
        forget_owner(evidence, evidence->owners);
    while ((link = list_take(&evidence->flushes)) != NULL)
        mem_free(list_entry(link, struct flush, link));
    for (size_t i = 0; i < evidence->provider_count; i++)
        mem_free((char *)(uintptr_t)evidence->providers[i].name.ptr);
    if (evidence->loop != NULL)
        loop_timer_close(&evidence->timer, timer_closed);
    else
        mem_free(evidence);
    *evidence_at = NULL;
}

/* --- what follows from it ----------------------------------------------------------------- */

/* What reports can be measured by, as the owner's of all segments tell. Who
 * reports deliveries reports at least as many as replies: then what arrived is
 * known. Otherwise all that was found is taken to have been written to. Where
 * nobody ever replied, or nothing was reported, nothing is known of it. */
static struct shares share_out(const struct evidence_page *whole, const struct evidence_sum *sum, double fade)
{
    const double *all = whole->all.weight, *of = sum->weight;
    bool knows_deliveries = all[EVIDENCE_DELIVERED] > 0 && all[EVIDENCE_DELIVERED] >= all[EVIDENCE_REPLIED];
    double arrived = knows_deliveries ? of[EVIDENCE_DELIVERED] : of[EVIDENCE_HIT] - of[EVIDENCE_BOUNCED];
    double written_to = arrived > of[EVIDENCE_REPLIED] ? arrived : of[EVIDENCE_REPLIED];
    struct shares shares = {.hit = {fade * of[EVIDENCE_HIT], fade * of[EVIDENCE_ASKED]}};

    if (knows_deliveries || all[EVIDENCE_BOUNCED] > 0)
        shares.arrive = (struct share){fade * arrived, fade * (arrived + of[EVIDENCE_BOUNCED])};
    if (all[EVIDENCE_REPLIED] > 0)
        shares.reply = (struct share){fade * of[EVIDENCE_REPLIED], fade * written_to};
    return shares;
}

static void pool_providers(struct evidence_view *view)
{
    struct shares of_each[EVIDENCE_PROVIDERS_MAX];
    size_t count = view->everybody == NULL ? 0 : view->everybody->cell_count;

    for (size_t i = 0; i < count; i++)
        of_each[i] = share_out(view->everybody, &view->everybody->cells[i], view->fade);
    ranking_pool(of_each, count, &view->pool);
}

void evidence_look(const struct evidence *evidence, struct id workspace_id, enum channel channel, uint8_t segment,
                   int64_t now_us, struct evidence_view *out)
{
    *out = (struct evidence_view){.evidence = evidence,
                                  .everybody = find_page(evidence, everybody, channel, ALL_SEGMENTS),
                                  .workspace = find_page(evidence, workspace_id, channel, ALL_SEGMENTS),
                                  .has_segment = segment != SEGMENT_UNKNOWN,
                                  .fade = 1 / evidence_weight(&evidence->scale, now_us)};
    if (out->has_segment) {
        out->segment = find_page(evidence, everybody, channel, segment);
        out->here = find_page(evidence, workspace_id, channel, segment);
    }
    pool_providers(out);
}

static const struct evidence_sum *find_cell(const struct evidence_page *page, size_t number)
{
    return page == NULL || number >= page->cell_count ? NULL : &page->cells[number];
}

/* What a page has of a provider, without what is in another page. */
static struct shares shares_at(const struct evidence_view *view, const struct evidence_page *page,
                               const struct evidence_page *without, const struct evidence_page *whole, size_t number)
{
    static const struct shares nothing;
    const struct evidence_sum *cell = find_cell(page, number), *less = find_cell(without, number);
    struct evidence_sum sum;

    if (cell == NULL)
        return nothing;
    sum = *cell;
    for (size_t i = 0; less != NULL && i < EVIDENCE_KINDS; i++)
        sum.weight[i] -= less->weight[i];
    return share_out(whole, &sum, view->fade);
}

/* Each case counts at one level: what others saw is theirs alone. */
void evidence_believe(const struct evidence_view *view, const struct provider *provider, struct beliefs *out)
{
    size_t number = find_name(view->evidence, provider->name);
    const struct shares others = shares_at(view, view->everybody, view->workspace, view->everybody, number);
    const struct shares segment = shares_at(view, view->segment, view->here, view->everybody, number);
    const struct shares own = shares_at(view, view->workspace, view->here, view->workspace, number);
    const struct shares here = shares_at(view, view->here, NULL, view->workspace, number);
    const struct ranking_levels levels = {.pool = &view->pool,
                                          .others = &others,
                                          .segment = view->has_segment ? &segment : NULL,
                                          .workspace = &own,
                                          .here = &here};

    ranking_believe(&levels, out);
}

struct evidence_sum evidence_own_sum(const struct evidence_view *view, const struct provider *provider)
{
    static const struct evidence_sum nothing;
    const struct evidence_sum *cell = find_cell(view->workspace, find_name(view->evidence, provider->name));

    return cell == NULL ? nothing : *cell;
}

struct share evidence_own_hits(const struct evidence_view *view, const struct provider *provider)
{
    size_t number = find_name(view->evidence, provider->name);

    return shares_at(view, view->workspace, NULL, view->workspace, number).hit;
}

static int64_t reports_of(const struct evidence_page *page)
{
    const int64_t *count = page == NULL ? NULL : page->all.count;

    return count == NULL ? 0 : count[EVIDENCE_DELIVERED] + count[EVIDENCE_BOUNCED] + count[EVIDENCE_REPLIED];
}

int64_t evidence_own_reports(const struct evidence_view *view)
{
    return reports_of(view->workspace);
}

int64_t evidence_all_reports(const struct evidence_view *view)
{
    return reports_of(view->everybody);
}

struct exploration *evidence_exploration(struct evidence *evidence, struct id workspace_id, enum channel channel)
{
    struct owner *owner = find_owner(evidence, workspace_id);

    return owner == NULL ? NULL : &owner->explorations[channel];
}
