/*
 * test_stats: every row of the table is printed in both forms, quantiles are near, threads lose
 * nothing.
 */
#include "core/stats.h"

#include "core/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double number(const cJSON *all, const char *group, const char *name, const char *field)
{
	const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(all, group), name);

	if (field)
		item = cJSON_GetObjectItem(item, field);
	assert_true(cJSON_IsNumber(item));
	return item->valuedouble;
}

static void test_rows_are_printed(void **state)
{
	static const char *const names[] = {
#define COUNTER(name, help) "trawl_" #name "_total ",
#define GAUGE(name, help) "trawl_" #name " ",
#define HISTOGRAM(name, help) "trawl_" #name "_seconds_count ",
#include "core/stats.tbl"
	};
	AUTO_BUF text = BUF_INIT;

	(void)state;
	stats_add(events, 7);
	stats_set(queue_live, -3);
	cJSON *all = stats_json();
	assert_non_null(all);
	assert_true(number(all, "counters", "events", NULL) == 7);
	assert_true(number(all, "gauges", "queue_live", NULL) == -3);
	cJSON_Delete(all);
	stats_prometheus(&text);
	assert_int_equal(buf_status(&text), ST_OK);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char line[96];

		snprintf(line, sizeof line, "\n%s", names[i]);
		assert_non_null(strstr(text.data, line));
	}
	assert_non_null(strstr(text.data, "\ntrawl_events_total 7\n"));
	assert_non_null(strstr(text.data, "# TYPE trawl_scan_seconds histogram\n"));
}

static void test_quantiles_are_near(void **state)
{
	(void)state;
	for (int us = 1; us <= 10000; us++)
		stats_time(scan, us);
	cJSON *all = stats_json();
	assert_true(number(all, "histograms", "scan", "count") == 10000);
	assert_true(number(all, "histograms", "scan", "sum_us") == 50005000);
	assert_true(number(all, "histograms", "scan", "max_us") == 10000);
	assert_in_range((int)number(all, "histograms", "scan", "p50_us"), 4500, 5500);
	assert_in_range((int)number(all, "histograms", "scan", "p90_us"), 8192, 10000);
	assert_in_range((int)number(all, "histograms", "scan", "p99_us"), 9000, 10000);
	cJSON_Delete(all);
}

static void test_buckets(void **state)
{
	static const struct {
		int64_t us;
		int bucket;
	} samples[] = {{-5, 0}, {0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {1023, 10}, {1024, 11},
		{(1LL << 30) - 1, 30}, {1LL << 30, 31}, {1LL << 40, 31}, {INT64_MAX, 31}};

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct stats_histogram h = {0};

		stats_histogram_add(&h, samples[i].us);
		assert_int_equal(h.bucket[samples[i].bucket], 1);
		assert_int_equal(h.count, 1);
		assert_true(h.sum_us == (samples[i].us < 0 ? 0 : samples[i].us));
	}
}

/* The buckets of a histogram only grow, and the last is the count. */
static void test_prometheus_is_cumulative(void **state)
{
	AUTO_BUF text = BUF_INIT;
	long long last = -1;
	int lines = 0;

	(void)state;
	for (int us = 0; us < 5000; us += 3)
		stats_time(query, us);
	stats_prometheus(&text);
	for (const char *s = text.data; (s = strstr(s, "\ntrawl_query_seconds_bucket{le="));
		lines++) {
		long long n = atoll(strchr(s, '}') + 1);

		assert_true(n >= last);
		last = n;
		s++;
	}
	assert_int_equal(lines, STATS_BUCKETS);
	assert_int_equal(last, stats_get(query.count));
	assert_non_null(strstr(text.data, "trawl_query_seconds_bucket{le=\"+Inf\"} 1667\n"));
}

enum { THREADS = 4, ROUNDS = 20000, NAMES = 80 };

static void *hammer(void *arg)
{
	char name[32];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof name, "converter%d", i % NAMES);
		stats_time_converter(name, i);
		stats_time(commit, i);
		stats_add(commits, 1);
	}
	return arg;
}

static void test_threads_lose_nothing(void **state)
{
	pthread_t threads[THREADS];
	double total = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cJSON *all = stats_json();
	const cJSON *converters = cJSON_GetObjectItem(all, "converters");
	assert_int_equal(cJSON_GetArraySize(converters), 64);
	assert_true(number(all, "counters", "commits", NULL) == (double)THREADS * ROUNDS);
	assert_true(number(all, "histograms", "commit", "count") == (double)THREADS * ROUNDS);
	assert_true(number(all, "histograms", "commit", "max_us") == ROUNDS - 1);
	for (const cJSON *c = converters->child; c; c = c->next) {
		assert_string_not_equal(c->string, "");
		total += cJSON_GetObjectItem(c, "count")->valuedouble;
	}
	/* 64 of 80 names have room, each used equally often. */
	assert_true(total == (double)THREADS * ROUNDS * 64 / NAMES);
	cJSON_Delete(all);
}

static void test_no_memory(void **state)
{
	cJSON_Hooks hooks = {mem_alloc, mem_free};
	cJSON *all = NULL;
	unsigned long nth = 0;

	(void)state;
	cJSON_InitHooks(&hooks);
	while (!all) {
		mem_fail_at(++nth, 0);
		all = stats_json();
		mem_fail_at(0, 0);
	}
	assert_true(nth > 500);
	cJSON_Delete(all);
	cJSON_InitHooks(NULL);
	mem_fail_at(2, 1);
	struct buf text = BUF_INIT;
	stats_prometheus(&text);
	mem_fail_at(0, 0);
	assert_int_equal(buf_status(&text), ST_NOMEM);
	buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_printed),
		cmocka_unit_test(test_quantiles_are_near),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_prometheus_is_cumulative),
		cmocka_unit_test(test_threads_lose_nothing),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
