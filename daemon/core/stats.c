/*
 * stats: the table's storage and its two printed forms; see stats.h.
 *
 * A histogram's bucket i holds values below 2^i microseconds and not below 2^(i-1); the last holds
 * all above.  Quantiles are interpolated within their bucket, so they are right to a factor of two
 * at worst.
 */
#include "core/stats.h"

#include "core/lock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CONVERTERS_MAX = 64, NAME_ROOM = 48 };

struct stats stats;

/*
 * Names are written once, under the lock, before `count` makes them visible; so readers need no
 * lock.
 */
static struct {
	struct lock lock;
	atomic_size_t count;
	struct {
		char name[NAME_ROOM];
		struct stats_histogram histogram;
	} rows[CONVERTERS_MAX];
} converters = {.lock = LOCK_INIT};

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

static const struct row {
	const char *name, *help;
	enum kind kind;
	atomic_llong *number;
	struct stats_histogram *histogram;
} rows[] = {
#define COUNTER(name, help) {#name, help, KIND_COUNTER, &stats.name, NULL},
#define GAUGE(name, help) {#name, help, KIND_GAUGE, &stats.name, NULL},
#define HISTOGRAM(name, help) {#name, help, KIND_HISTOGRAM, NULL, &stats.name},
#include "core/stats.tbl"
};

enum { ROWS = sizeof rows / sizeof *rows };

static long long load(atomic_llong *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static int bucket_of(int64_t us)
{
	int i = us <= 0 ? 0 : 64 - __builtin_clzll((unsigned long long)us);

	return i < STATS_BUCKETS ? i : STATS_BUCKETS - 1;
}

void stats_histogram_add(struct stats_histogram *h, int64_t us)
{
	long long most = load(&h->max_us);

	if (us < 0)
		us = 0; /* a clock that stepped back is no time at all */
	while (us > most && !atomic_compare_exchange_weak_explicit(&h->max_us, &most, us,
				    memory_order_relaxed, memory_order_relaxed))
		;
	atomic_fetch_add_explicit(&h->bucket[bucket_of(us)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
}

/* --- converters --- */

static struct stats_histogram *find_converter(const char *name)
{
	size_t count = atomic_load_explicit(&converters.count, memory_order_acquire);

	for (size_t i = 0; i < count; i++) {
		if (!strncmp(converters.rows[i].name, name, NAME_ROOM - 1))
			return &converters.rows[i].histogram;
	}
	return NULL;
}

static struct stats_histogram *add_converter(const char *name)
{
	LOCK_SCOPE(&converters.lock);
	size_t at = atomic_load_explicit(&converters.count, memory_order_relaxed);
	struct stats_histogram *h = find_converter(name);

	if (h || at == CONVERTERS_MAX)
		return h; /* another thread was first, or there is no room for more names */
	strncpy(converters.rows[at].name, name, NAME_ROOM - 1);
	atomic_store_explicit(&converters.count, at + 1, memory_order_release);
	return &converters.rows[at].histogram;
}

void stats_time_converter(const char *converter, int64_t us)
{
	struct stats_histogram *h = find_converter(converter);

	if (!h)
		h = add_converter(converter);
	if (h)
		stats_histogram_add(h, us);
}

/* --- JSON --- */

/* One moment's copy, so that quantiles and count agree with each other. */
struct snapshot {
	long long count, sum_us, max_us;
	long long bucket[STATS_BUCKETS];
};

static void take_snapshot(struct stats_histogram *h, struct snapshot *out)
{
	out->count = 0;
	for (int i = 0; i < STATS_BUCKETS; i++) {
		out->bucket[i] = load(&h->bucket[i]);
		out->count += out->bucket[i];
	}
	out->sum_us = load(&h->sum_us);
	out->max_us = load(&h->max_us);
}

static double quantile(const struct snapshot *s, double q)
{
	double want = q * (double)s->count, seen = 0;

	for (int i = 0; i < STATS_BUCKETS && s->count; i++) {
		double in = (double)s->bucket[i];

		if (in > 0 && seen + in >= want) {
			double low = i ? (double)(1LL << (i - 1)) : 0;
			double high = i ? (double)(1LL << i) : 1;
			double at = low + (high - low) * (want - seen) / in;

			return at < (double)s->max_us ? at : (double)s->max_us;
		}
		seen += in;
	}
	return 0;
}

static bool put_number(cJSON *object, const char *name, double value)
{
	return cJSON_AddNumberToObject(object, name, value) != NULL;
}

static bool put_histogram(cJSON *object, const char *name, struct stats_histogram *h)
{
	struct snapshot s;
	cJSON *o = cJSON_AddObjectToObject(object, name);

	take_snapshot(h, &s);
	return o && put_number(o, "count", (double)s.count) &&
	       put_number(o, "sum_us", (double)s.sum_us) &&
	       put_number(o, "p50_us", (double)(int64_t)quantile(&s, 0.50)) &&
	       put_number(o, "p90_us", (double)(int64_t)quantile(&s, 0.90)) &&
	       put_number(o, "p99_us", (double)(int64_t)quantile(&s, 0.99)) &&
	       put_number(o, "max_us", (double)s.max_us);
}

static bool put_rows(cJSON *all)
{
	cJSON *counters = cJSON_AddObjectToObject(all, "counters");
	cJSON *gauges = cJSON_AddObjectToObject(all, "gauges");
	cJSON *histograms = cJSON_AddObjectToObject(all, "histograms");
	cJSON *by_converter = cJSON_AddObjectToObject(all, "converters");
	bool ok = counters && gauges && histograms && by_converter;

	for (size_t i = 0; ok && i < ROWS; i++) {
		const struct row *r = &rows[i];

		if (r->kind == KIND_HISTOGRAM)
			ok = put_histogram(histograms, r->name, r->histogram);
		else
			ok = put_number(r->kind == KIND_COUNTER ? counters : gauges, r->name,
				(double)load(r->number));
	}
	size_t count = atomic_load_explicit(&converters.count, memory_order_acquire);
	for (size_t i = 0; ok && i < count; i++)
		ok = put_histogram(
			by_converter, converters.rows[i].name, &converters.rows[i].histogram);
	return ok;
}

cJSON *stats_json(void)
{
	cJSON *all = cJSON_CreateObject();

	if (all && !put_rows(all)) {
		cJSON_Delete(all);
		return NULL;
	}
	return all;
}

/* --- Prometheus text format 0.0.4 --- */

/* As that format wants label values: backslash, quote and newline escaped. */
static void add_label(struct buf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (*value == '\\' || *value == '"')
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
}

static void add_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_addf(out, "# HELP trawl_%s %s\n# TYPE trawl_%s %s\n", name, help, name, type);
}

/* `converter` NULL: without that label. */
static void add_series(
	struct buf *out, const char *name, const char *part, const char *converter, const char *le)
{
	buf_addf(out, "trawl_%s_seconds%s", name, part);
	if (converter || le)
		buf_addc(out, '{');
	if (converter) {
		buf_adds(out, "converter=\"");
		add_label(out, converter);
		buf_adds(out, le ? "\"," : "\"");
	}
	if (le)
		buf_addf(out, "le=\"%s\"", le);
	buf_adds(out, converter || le ? "} " : " ");
}

static void add_histogram(
	struct buf *out, const char *name, const char *converter, struct stats_histogram *h)
{
	struct snapshot s;
	long long seen = 0;
	char le[32];

	take_snapshot(h, &s);
	for (int i = 0; i < STATS_BUCKETS - 1; i++) {
		seen += s.bucket[i];
		snprintf(le, sizeof le, "%g", (double)(1LL << i) / 1e6);
		add_series(out, name, "_bucket", converter, le);
		buf_addf(out, "%lld\n", seen);
	}
	add_series(out, name, "_bucket", converter, "+Inf");
	buf_addf(out, "%lld\n", s.count);
	add_series(out, name, "_sum", converter, NULL);
	buf_addf(out, "%lld.%06lld\n", s.sum_us / 1000000, s.sum_us % 1000000);
	add_series(out, name, "_count", converter, NULL);
	buf_addf(out, "%lld\n", s.count);
}

static void add_row(struct buf *out, const struct row *r)
{
	char name[64];

	switch (r->kind) {
	case KIND_COUNTER:
		snprintf(name, sizeof name, "%s_total", r->name);
		add_head(out, name, r->help, "counter");
		buf_addf(out, "trawl_%s %lld\n", name, load(r->number));
		break;
	case KIND_GAUGE:
		add_head(out, r->name, r->help, "gauge");
		buf_addf(out, "trawl_%s %lld\n", r->name, load(r->number));
		break;
	case KIND_HISTOGRAM:
		snprintf(name, sizeof name, "%s_seconds", r->name);
		add_head(out, name, r->help, "histogram");
		add_histogram(out, r->name, NULL, r->histogram);
		break;
	}
}

void stats_prometheus(struct buf *out)
{
	size_t count = atomic_load_explicit(&converters.count, memory_order_acquire);

	for (size_t i = 0; i < ROWS; i++)
		add_row(out, &rows[i]);
	if (count)
		add_head(out, "converter_seconds", "one conversion, by converter", "histogram");
	for (size_t i = 0; i < count; i++)
		add_histogram(
			out, "converter", converters.rows[i].name, &converters.rows[i].histogram);
}
