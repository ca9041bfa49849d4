/*
 * stats: process-wide counters, gauges and histograms, one table: stats.tbl.
 *
 * Updates are relaxed atomics from any thread; a reader sees each value whole,
 * not all of one moment.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include "core/buf.h"

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdint.h>

enum { STATS_BUCKETS = 32 }; /* bucket i counts values below 2^i microseconds */

struct stats_histogram {
	atomic_llong count, sum_us, max_us;
	atomic_llong bucket[STATS_BUCKETS];
};

struct stats {
#define COUNTER(name, help) atomic_llong name;
#define GAUGE(name, help) atomic_llong name;
#define HISTOGRAM(name, help) struct stats_histogram name;
#include "core/stats.tbl"
};

extern struct stats stats;

#define stats_add(name, n) atomic_fetch_add_explicit(&stats.name, (n), memory_order_relaxed)
#define stats_set(name, n) atomic_store_explicit(&stats.name, (n), memory_order_relaxed)
#define stats_get(name) ((long long)atomic_load_explicit(&stats.name, memory_order_relaxed))
#define stats_time(name, us) stats_histogram_add(&stats.name, (us))
void stats_histogram_add(struct stats_histogram *h, int64_t us);

/* Conversions by converter name, beside the table: a histogram each, made on first use, at most 64 names. */
void stats_time_converter(const char *converter, int64_t us);

/* {"counters":{…},"gauges":{…},"histograms":{name:{count,sum_us,p50_us,p90_us,p99_us,max_us}},"converters":{…}}; NULL: no memory. */
cJSON *stats_json(void);
/* The same in Prometheus text format, names prefixed trawl_. */
void stats_prometheus(struct buf *out);

#endif
