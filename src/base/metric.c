#include "base/metric.h"

#include "base/check.h"
#include "base/mem.h"

enum metric_type { COUNTER, GAUGE, HISTOGRAM, COUNTER_PPM, GAUGE_PPM };

struct family {
    enum metric_type type;
    const char *name;
    const char *labels[2];
    const char *help;
    struct series *first, *last;
};

static struct family families[METRIC_COUNT] = {
#define METRIC(id, type, name, label1, label2, help) [METRIC_##id] = {type, name, {label1, label2}, help, NULL, NULL},
#include "base/metric.def"
#undef METRIC
};

static const char *const type_names[] = {[COUNTER] = "counter",
                                         [GAUGE] = "gauge",
                                         [HISTOGRAM] = "histogram",
                                         [COUNTER_PPM] = "counter",
                                         [GAUGE_PPM] = "gauge"};

/* Upper bounds, in microseconds, and as they are printed. */
static const struct {
    int64_t us;
    const char *shown;
} bounds[METRIC_BUCKETS - 1] = {{1000, "0.001"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
                                {50000, "0.05"}, {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
                                {1000000, "1"},  {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"}};

static void put_escaped(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];

        if (c == '\n') {
            buf_puts(out, "\\n");
            continue;
        }
        if (c == '\\' || c == '"')
            buf_put_char(out, '\\');
        buf_put_char(out, c);
    }
}

static void put_label(struct buf *out, const char *name, struct str value)
{
    if (name == NULL)
        return;
    buf_printf(out, "%s%s=\"", out->len == 0 ? "" : ",", name);
    put_escaped(out, value);
    buf_put_char(out, '"');
}

static struct series *add_series(struct family *family, struct str labels)
{
    struct series *series = mem_new(sizeof *series);

    series->labels = mem_copy_text(labels.len != 0 ? labels.ptr : "", labels.len);
    if (family->last == NULL)
        family->first = series;
    else
        family->last->next = series;
    family->last = series;
    return series;
}

struct series *metric_series(enum metric metric, struct str label1, struct str label2)
{
    enum { LABELS_BYTES_MAX = 4096 };
    struct family *family;
    struct series *series;
    struct buf labels;

    check((size_t)metric < METRIC_COUNT);
    family = &families[metric];
    buf_init(&labels, LABELS_BYTES_MAX);
    put_label(&labels, family->labels[0], label1);
    put_label(&labels, family->labels[1], label2);
    check(!labels.is_overflown);
    series = family->first;
    while (series != NULL && !str_is(str_from(series->labels), buf_str(&labels)))
        series = series->next;
    if (series == NULL)
        series = add_series(family, buf_str(&labels));
    buf_deinit(&labels);
    return series;
}

void series_observe(struct series *series, int64_t us)
{
    size_t at = 0;

    while (at < LEN(bounds) && us > bounds[at].us)
        at++;
    series->buckets[at]++;
    series->value++;
    series->sum_us += us;
}

static void put_sample(struct buf *out, const struct family *family, const char *suffix, const struct series *series)
{
    buf_printf(out, series->labels[0] != '\0' ? "%s%s{%s} " : "%s%s%s ", family->name, suffix, series->labels);
}

static void put_bucket(struct buf *out, const struct family *family, const struct series *series, const char *bound,
                       int64_t count)
{
    buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %lld\n", family->name, series->labels,
               series->labels[0] != '\0' ? "," : "", bound, (long long)count);
}

static void put_histogram(struct buf *out, const struct family *family, const struct series *series)
{
    int64_t count = 0;

    for (size_t i = 0; i < LEN(bounds); i++) {
        count += series->buckets[i];
        put_bucket(out, family, series, bounds[i].shown, count);
    }
    put_bucket(out, family, series, "+Inf", series->value);
    put_sample(out, family, "_sum", series);
    buf_printf(out, "%lld.%06lld\n", (long long)(series->sum_us / 1000000), (long long)(series->sum_us % 1000000));
    put_sample(out, family, "_count", series);
    buf_printf(out, "%lld\n", (long long)series->value);
}

/* Millionths as a decimal number. */
static void put_ppm(struct buf *out, int64_t value)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    buf_printf(out, "%s%llu.%06llu\n", value < 0 ? "-" : "", (unsigned long long)(size / 1000000),
               (unsigned long long)(size % 1000000));
}

static void put_family(struct buf *out, const struct family *family)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name, type_names[family->type]);
    for (const struct series *series = family->first; series != NULL; series = series->next) {
        if (series->is_hidden)
            continue;
        if (family->type == HISTOGRAM) {
            put_histogram(out, family, series);
        } else {
            put_sample(out, family, "", series);
            if (family->type == COUNTER_PPM || family->type == GAUGE_PPM)
                put_ppm(out, series->value);
            else
                buf_printf(out, "%lld\n", (long long)series->value);
        }
    }
}

void metrics_put(struct buf *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        put_family(out, &families[i]);
}
