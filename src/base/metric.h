/* base/metric.h: counters, gauges and histograms for whoever watches us.
 *
 * The families are one table (metric.def); a series is one family with given
 * label values. Make (or find) a series once with metric_series and keep the
 * pointer: it stays for the life of the process, and counting is an addition.
 * Used on the loop's thread. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum metric {
#define METRIC(id, type, name, label1, label2, help) METRIC_##id,
#include "base/metric.def"
#undef METRIC
    METRIC_COUNT
};

enum { METRIC_BUCKETS = 13 };

struct series {
    struct series *next;
    char *labels;                    /* as they are printed, with the braces; "" without */
    bool is_hidden;                  /* see series_hide */
    int64_t value;                   /* of a histogram: how many were observed */
    int64_t sum_us;                  /* of a histogram, like the two above it */
    int64_t buckets[METRIC_BUCKETS]; /* each for itself, the last for all that is longer */
};

/* The values of the family's labels, as many as it has; others are ignored. */
struct series *metric_series(enum metric metric, struct str label1, struct str label2);

static inline void series_add(struct series *series, int64_t amount)
{
    series->value += amount;
}

static inline void series_set(struct series *series, int64_t value)
{
    series->value = value;
    series->is_hidden = false;
}

/* What it tells of is gone: it is not shown until it is set again. */
static inline void series_hide(struct series *series)
{
    series->is_hidden = true;
}

void series_observe(struct series *series, int64_t us); /* a duration, for a histogram */

/* For a family without labels that is not asked for often. */
static inline struct series *metric_only(enum metric metric)
{
    return metric_series(metric, STR_NONE, STR_NONE);
}

/* All of them in the text format of Prometheus, version 0.0.4. */
void metrics_put(struct buf *out);

#endif
