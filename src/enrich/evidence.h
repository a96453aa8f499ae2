/* enrich/evidence.h: what is known of each provider, in memory.
 *
 * For each channel and segment: how often a provider was really asked and hit,
 * and how many of its values were delivered, bounced, replied to; in each
 * workspace, and in all of them together. What it counts is written once a
 * second (a crash loses the last second of it; never money); what is reported
 * of values comes with its own transaction (store/evidence.h). What all
 * workspaces know is read at the start, a workspace's own when it first asks,
 * for those that asked last. */
#ifndef ENRICH_EVIDENCE_H
#define ENRICH_EVIDENCE_H

#include "enrich/ranking.h"
#include "enrich/waterfall.h"
#include "store/evidence.h"

enum { EVIDENCE_WORKSPACES_MAX = 4096, EVIDENCE_PROVIDERS_MAX = 256 };

struct evidence;

/* Without loop and store it remembers and writes nothing. */
struct evidence *evidence_new(struct loop *loop, struct store *store, const struct evidence_scale *scale);
must_use enum err evidence_load(struct evidence *evidence); /* what all know; before store_start */
void evidence_free(struct evidence **evidence);             /* when the store is closed; accepts NULL */

/* Hands over now what has gathered; accepts NULL. */
void evidence_flush(struct evidence *evidence);

const struct evidence_scale *evidence_scale(const struct evidence *evidence);

/* True when the workspace's own is here; else `go_on` comes when it is, or not. */
struct evidence_wait {
    struct list link;
    void (*go_on)(struct evidence_wait *wait, enum err err);
};
bool evidence_know(struct evidence *evidence, struct id workspace_id, struct evidence_wait *wait);

/* What a lookup's waterfalls tell of those who were asked. Failures are no
 * evidence: they say how a provider is, not what it knows. */
void evidence_count_run(struct evidence *evidence, struct id workspace_id, uint8_t segment,
                        const struct waterfall_run *run, int64_t now_us);

/* A report that was counted. */
void evidence_count_report(struct evidence *evidence, struct id workspace_id, const struct report *report);

/* What is known for a channel and a segment. Until the next call that counts or waits. */
struct evidence_page;
struct evidence_view {
    const struct evidence *evidence;
    const struct evidence_page *everybody, *segment, *workspace, *here; /* NULL: nothing */
    bool has_segment;
    double fade; /* from a weight to what it is worth now */
    struct rates pool;
};
void evidence_look(const struct evidence *evidence, struct id workspace_id, enum channel channel, uint8_t segment,
                   int64_t now_us, struct evidence_view *out);
void evidence_believe(const struct evidence_view *view, const struct provider *provider, struct beliefs *out);

/* In the workspace: counts of all time; and hits of those asked, faded. */
struct evidence_sum evidence_own_sum(const struct evidence_view *view, const struct provider *provider);
struct share evidence_own_hits(const struct evidence_view *view, const struct provider *provider);

/* How many reports there were of the channel: by the workspace, by all of them. */
int64_t evidence_own_reports(const struct evidence_view *view);
int64_t evidence_all_reports(const struct evidence_view *view);

double evidence_seconds(const struct evidence *evidence, const struct provider *provider); /* that its answers take */

/* What trying others than the best has cost so far, and what lookups were worth:
 * of the workspace's channel. NULL when the workspace is not known. */
struct exploration {
    double spent, worth;
};
struct exploration *evidence_exploration(struct evidence *evidence, struct id workspace_id, enum channel channel);

#endif
