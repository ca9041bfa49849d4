/* run: whole searches against a store, held against a matcher that looks at every file. */
#include "search_corpus.h"

#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct caller everyone = {.all = true};

static struct corpus corpus;

/* --- asking --- */

static cJSON *params_of(const char *query)
{
	cJSON *p = cJSON_CreateObject();

	cJSON_AddStringToObject(p, "query", query);
	return p;
}

/* Takes the parameters; the result object, checked to be JSON. */
static cJSON *search_as(const struct caller *who, cJSON *params)
{
	struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct search_outcome outcome;
	struct search_request *r;
	struct search_error e;
	AUTO_BUF json = BUF_INIT;

	enum status st = search_request_parse(params, &r, &e);
	if (st != ST_OK)
		fail_msg("%s: %s", cJSON_GetStringValue(cJSON_GetObjectItem(params, "query")),
			e.message);
	cJSON_Delete(params);
	buf_addc(&json, '{');
	assert_ok(search_run(corpus.f->db, r, who, &stop, &json, &outcome));
	buf_addc(&json, '}');
	assert_true(utf8_valid(json.data, json.len));
	cJSON *result = cJSON_Parse(json.data);
	if (!result)
		fail_msg("not JSON: %s", json.data);
	assert_false(outcome.partial);
	search_request_destroy(r);
	return result;
}

static cJSON *search(const char *query)
{
	cJSON *params = params_of(query);

	cJSON_AddNumberToObject(params, "limit", 1000);
	return search_as(&everyone, params);
}

static const cJSON *get(const cJSON *o, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	if (!item)
		fail_msg("no %s in %s", name, cJSON_PrintUnformatted(o));
	return item;
}

static int64_t number(const cJSON *o, const char *name)
{
	return (int64_t)get(o, name)->valuedouble;
}

static const char *string(const cJSON *o, const char *name)
{
	assert_true(cJSON_IsString(get(o, name)));
	return get(o, name)->valuestring;
}

/* --- what should come --- */

struct want {
	int files[CORPUS_PLACES]; /* those that pass: files, then parts; newest first */
	int count;
	bool seen;
};

enum { PLACES_ALONE = CORPUS_FILES + CORPUS_DIRS };

/* By document, then one for each file that has none, and each directory, then one for each such part. */
static struct want wants[CORPUS_DOCUMENTS + PLACES_ALONE + CORPUS_CONTAINERS * CORPUS_PARTS];

static struct want *want_of(const struct corpus_file *f)
{
	if (f->document >= 0)
		return &wants[f->document];
	return f->number < 0 ? &wants[CORPUS_DOCUMENTS + f->file]
			     : &wants[CORPUS_DOCUMENTS + PLACES_ALONE + f->number];
}

static int compare_newest(const void *x, const void *y)
{
	const struct corpus_file *a = &corpus.files[*(const int *)x];
	const struct corpus_file *b = &corpus.files[*(const int *)y];

	if (!*a->part != !*b->part)
		return *a->part ? 1 : -1;
	if (a->shown_s != b->shown_s)
		return a->shown_s > b->shown_s ? -1 : 1;
	if (a->file != b->file)
		return a->file > b->file ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

static int collect_wants(const struct wish *w, const struct caller *who)
{
	int total = 0;

	memset(wants, 0, sizeof wants);
	for (int i = 0; i < corpus.place_count; i++) {
		const struct corpus_file *f = &corpus.files[i];
		struct want *x = want_of(f);

		if (corpus_visible(&corpus, f, who) && wish_finds(&corpus, w, f))
			x->files[x->count++] = i;
	}
	for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
		qsort(wants[i].files, (size_t)wants[i].count, sizeof(int), compare_newest);
		total += wants[i].count > 0;
	}
	return total;
}

/* "a/b" of ["a","b"]; "" of none. */
static void join_part(const cJSON *hit, char part[64])
{
	const cJSON *step;

	part[0] = '\0';
	cJSON_ArrayForEach(step, cJSON_GetObjectItem(hit, "part")) {
		if (*part)
			strcat(part, "/");
		strcat(part, step->valuestring);
	}
}

static int place_at(const cJSON *hit)
{
	const char *path = string(hit, "path");
	char part[64];

	join_part(hit, part);
	for (int i = 0; i < corpus.place_count; i++)
		if (!strcmp(corpus.files[i].path, path) && !strcmp(corpus.files[i].part, part))
			return i;
	fail_msg("%s %s is not in the corpus", path, part);
	return -1;
}

static void check_hit(const cJSON *hit, const char *query)
{
	int first = place_at(hit);
	const struct corpus_file *f = &corpus.files[first];
	struct want *x = want_of(f);
	const cJSON *paths = get(hit, "paths");

	if (x->count == 0 || x->seen || first != x->files[0] ||
		number(hit, "paths_total") != x->count)
		fail_msg("%s: %s is wrong (%d files, seen %d)", query, f->path, x->count, x->seen);
	x->seen = true;
	assert_int_equal(cJSON_GetArraySize(paths), x->count);
	for (int i = 0; i < x->count; i++)
		assert_int_equal(place_at(cJSON_GetArrayItem(paths, i)), x->files[i]);
	assert_string_equal(string(hit, "name"), f->name);
	assert_int_equal(number(hit, "size"), f->size);
	assert_int_equal(number(hit, "mtime"), f->shown_s);
	assert_int_equal(cJSON_IsTrue(get(hit, "document")), f->document >= 0);
	assert_string_equal(
		string(hit, "type"), f->document < 0 ? f->type : corpus.documents[f->document].type);
	assert_true(cJSON_IsFalse(get(hit, "offline")));
	assert_true(cJSON_IsArray(get(hit, "part")));
	assert_true(get(hit, "score")->valuedouble >= 0);
}

static void check_result(
	const cJSON *result, const struct wish *w, const struct caller *who, const char *query)
{
	int total = collect_wants(w, who);
	const cJSON *hit;

	if (number(result, "total") != total)
		fail_msg("%s: total %lld instead of %d", query, (long long)number(result, "total"),
			total);
	assert_true(cJSON_IsTrue(get(result, "total_exact")));
	assert_true(cJSON_IsFalse(get(result, "partial")));
	assert_true(cJSON_IsFalse(get(result, "rank_bounded")));
	assert_non_null(strchr(string(result, "clock"), ':'));
	cJSON_ArrayForEach(hit, get(result, "hits"))
		check_hit(hit, query);
	assert_int_equal(cJSON_GetArraySize(get(result, "hits")), total);
}

static void test_random_trees(void **state)
{
	static const uint32_t groups[] = {101};
	const struct caller callers[] = {everyone, everyone, everyone, {.uid = 1000, .gid = 100},
		{.uid = 1001, .gid = 5, .groups = groups, .group_count = 1}, {.uid = 7, .gid = 7},
		{.uid = 0}};
	const char *many = getenv("TRAWL_TEST_TREES");
	int rounds = many ? atoi(many) : 1500;
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < rounds; i++) {
		const struct caller *who = &callers[i % 7];
		struct wish *w = wish_make(&corpus, &seed, (int)fixture_random(&seed, 4));
		AUTO_BUF text = BUF_INIT;

		wish_write(w, &text);
		cJSON *params = params_of(text.data);
		cJSON_AddNumberToObject(params, "limit", 1000);
		if (i % 3 == 0)
			cJSON_AddFalseToObject(params, "snippet");
		cJSON *result = search_as(who, params);
		check_result(result, w, who, text.data);
		cJSON_Delete(result);
		wish_destroy(w);
	}
}

/* --- parts under their file --- */

/* What one file has: the newest of its places, and its parts. */
struct group_want {
	int64_t newest_s;
	bool part_seen[CORPUS_CONTAINERS * CORPUS_PARTS];
	int parts;
	bool any, seen;
};

/* By document, then one for each file that has none, and each directory. */
static struct group_want groups[CORPUS_DOCUMENTS + PLACES_ALONE];

static struct group_want *group_of(const struct corpus_file *f)
{
	if (f->number >= 0)
		return &groups[f->container];
	return &groups[f->document < 0 ? CORPUS_DOCUMENTS + f->file : f->document];
}

static int collect_groups(const struct wish *w, const struct caller *who)
{
	int total = 0;

	memset(groups, 0, sizeof groups);
	for (int i = 0; i < corpus.place_count; i++) {
		const struct corpus_file *f = &corpus.files[i];
		struct group_want *g = group_of(f);

		if (!corpus_visible(&corpus, f, who) || !wish_finds(&corpus, w, f))
			continue;
		total += !g->any;
		if (!g->any || f->shown_s > g->newest_s)
			g->newest_s = f->shown_s;
		g->any = true;
		if (f->number >= 0 && !g->part_seen[f->number]) {
			g->part_seen[f->number] = true;
			g->parts++;
		}
	}
	return total;
}

static void check_groups(const cJSON *result, int total, bool by_time, const char *query)
{
	const cJSON *hit;
	double last = 1e18;

	if (number(result, "total") != total)
		fail_msg("%s: %lld groups instead of %d", query, (long long)number(result, "total"),
			total);
	cJSON_ArrayForEach(hit, get(result, "hits")) {
		struct group_want *g = group_of(&corpus.files[place_at(hit)]);
		const cJSON *place;

		if (!g->any || g->seen || number(hit, "parts") != g->parts)
			fail_msg("%s: %lld parts instead of %d", query,
				(long long)number(hit, "parts"), g->parts);
		g->seen = true;
		cJSON_ArrayForEach(place, get(hit, "paths"))
			assert_ptr_equal(group_of(&corpus.files[place_at(place)]), g);
		if (by_time)
			assert_int_equal(number(hit, "mtime"), g->newest_s);
		const char *key = by_time ? "mtime" : "score";
		assert_true(get(hit, key)->valuedouble <= last);
		last = get(hit, key)->valuedouble;
	}
	assert_int_equal(cJSON_GetArraySize(get(result, "hits")), total);
}

static void test_groups(void **state)
{
	const struct caller callers[] = {everyone, {.uid = 1000, .gid = 100}, {.uid = 7, .gid = 7}};
	uint64_t seed = 43;

	(void)state;
	for (int i = 0; i < 500; i++) {
		const struct caller *who = &callers[i % 3];
		struct wish *w = wish_make(&corpus, &seed, (int)fixture_random(&seed, 4));
		AUTO_BUF text = BUF_INIT;

		wish_write(w, &text);
		cJSON *params = params_of(text.data);
		cJSON_AddNumberToObject(params, "limit", 1000);
		cJSON_AddTrueToObject(params, "group");
		if (i % 2)
			cJSON_AddStringToObject(params, "sort", "time");
		cJSON *result = search_as(who, params);
		check_groups(result, collect_groups(w, who), i % 2, text.data);
		cJSON_Delete(result);
		wish_destroy(w);
	}
}

/* --- order and pages --- */

static int compare_folded(const char *a, const char *b)
{
	AUTO_BUF x = BUF_INIT;
	AUTO_BUF y = BUF_INIT;

	utf8_add_folded(&x, a, strlen(a));
	utf8_add_folded(&y, b, strlen(b));
	return strcmp(x.data, y.data);
}

static void assert_ordered(const cJSON *hits, const char *sort, bool descending)
{
	for (const cJSON *a = hits->child; a && a->next; a = a->next) {
		const cJSON *b = a->next;
		double c;

		if (!strcmp(sort, "relevance"))
			c = get(a, "score")->valuedouble - get(b, "score")->valuedouble;
		else if (!strcmp(sort, "time"))
			c = get(a, "mtime")->valuedouble - get(b, "mtime")->valuedouble;
		else if (!strcmp(sort, "size"))
			c = get(a, "size")->valuedouble - get(b, "size")->valuedouble;
		else if (!strcmp(sort, "path"))
			c = strcmp(string(a, "path"), string(b, "path"));
		else
			c = compare_folded(string(a, "name"), string(b, "name"));
		if (descending ? c < 0 : c > 0)
			fail_msg("%s: %s before %s", sort, string(a, "path"), string(b, "path"));
	}
}

static cJSON *ordered(const char *query, const char *sort, const char *order, int limit)
{
	cJSON *p = params_of(query);

	cJSON_AddStringToObject(p, "sort", sort);
	if (order)
		cJSON_AddStringToObject(p, "order", order);
	cJSON_AddNumberToObject(p, "limit", limit);
	return p;
}

/* Pages by cursor and by offset are the whole list, cut. */
static void check_pages(const char *query, const char *sort, const char *order, const cJSON *all)
{
	char cursor[1024] = "";
	const cJSON *at = all->child;

	for (int offset = 0; at; offset += 7) {
		cJSON *p = ordered(query, sort, order, 7), *q = ordered(query, sort, order, 7);

		if (*cursor)
			cJSON_AddStringToObject(p, "cursor", cursor);
		cJSON_AddNumberToObject(q, "offset", offset);
		cJSON *by_cursor = search_as(&everyone, p), *by_offset = search_as(&everyone, q);
		const cJSON *y = get(by_offset, "hits")->child, *x;
		cJSON_ArrayForEach(x, get(by_cursor, "hits")) {
			assert_non_null(at);
			assert_int_equal(place_at(x), place_at(at));
			assert_int_equal(place_at(y), place_at(at));
			at = at->next;
			y = y->next;
		}
		assert_int_equal(number(by_cursor, "total"), cJSON_GetArraySize(all));
		assert_int_equal(cJSON_HasObjectItem(by_cursor, "cursor"), at != NULL);
		assert_int_equal(cJSON_HasObjectItem(by_offset, "cursor"), at != NULL);
		if (at)
			snprintf(cursor, sizeof cursor, "%s", string(by_cursor, "cursor"));
		cJSON_Delete(by_cursor);
		cJSON_Delete(by_offset);
	}
}

static void test_order_and_pages(void **state)
{
	static const char *const queries[] = {"alpha OR gam*", "ext:pdf", "-beta",
		"delta -name:alpha", "beta ext:txt", "zeta OR ext:md"};
	static const char *const sorts[] = {"relevance", "time", "size", "name", "path"};

	(void)state;
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		for (size_t k = 0; k < 15; k++) {
			const char *sort = sorts[k / 3];
			const char *order = (const char *[]){NULL, "asc", "desc"}[k % 3];
			cJSON *all = search_as(&everyone, ordered(queries[i], sort, order, 1000));
			bool ranks = strcmp(sort, "relevance") || (i != 1 && i != 2);
			bool alphabet = !strcmp(sort, "name") || !strcmp(sort, "path");

			assert_true(cJSON_GetArraySize(get(all, "hits")) > 7);
			assert_false(cJSON_HasObjectItem(all, "cursor"));
			/* without a rank the newest come first */
			assert_ordered(get(all, "hits"), ranks ? sort : "time",
				order ? !strcmp(order, "desc") : !alphabet);
			check_pages(queries[i], sort, order, get(all, "hits"));
			cJSON_Delete(all);
		}
	}
}

static void test_limit_zero(void **state)
{
	cJSON *p = params_of("alpha");

	(void)state;
	cJSON_AddNumberToObject(p, "limit", 0);
	cJSON *none = search_as(&everyone, p), *all = search("alpha");
	assert_int_equal(cJSON_GetArraySize(get(none, "hits")), 0);
	assert_int_equal(number(none, "total"), number(all, "total"));
	assert_true(number(none, "total") > 0);
	assert_false(cJSON_HasObjectItem(none, "cursor"));
	cJSON_Delete(none);
	cJSON_Delete(all);
}

/* --- snippets in whole answers: a mark covers a word that was asked for --- */

static void check_marks(const cJSON *hit, const char *word)
{
	const cJSON *snippet = get(hit, "snippet"), *mark;
	const char *text = string(snippet, "text");

	cJSON_ArrayForEach(mark, get(snippet, "marks")) {
		int at = cJSON_GetArrayItem(mark, 0)->valueint;
		int len = cJSON_GetArrayItem(mark, 1)->valueint;

		assert_true(at >= 0 && len > 0 && (size_t)(at + len) <= strlen(text));
		assert_int_equal(len, strlen(word));
		assert_memory_equal(text + at, word, (size_t)len);
	}
}

static void test_marks(void **state)
{
	(void)state;
	for (int w = 0; w < corpus_word_count; w++) {
		cJSON *result = search(corpus_words[w]);
		const cJSON *hit;
		int marked = 0;

		cJSON_ArrayForEach(hit, get(result, "hits")) {
			check_marks(hit, corpus_words[w]);
			marked += cJSON_GetArraySize(get(get(hit, "snippet"), "marks")) > 0;
		}
		assert_true(marked > 0);
		cJSON_Delete(result);
	}
}

/* --- rank --- */

/* Most telling first: the file that is called so. */
static void test_name_first(void **state)
{
	cJSON *result = search("delta");
	const cJSON *hits = get(result, "hits");
	bool named = true;

	(void)state;
	for (const cJSON *h = hits->child; h; h = h->next) {
		int i = place_at(h);
		bool has = false;

		for (int k = 0; k < corpus.files[i].word_count; k++)
			has = has || !strcmp(corpus_words[corpus.files[i].words[k]], "delta");
		if (cJSON_GetArraySize(get(h, "paths")) == 1) {
			assert_true(named || !has);
			named = has;
		}
	}
	cJSON_Delete(result);
}

/* --- refusals --- */

static void test_refusals(void **state)
{
	static const struct {
		const char *params, *says;
	} cases[] = {
		{"[]", "params"},
		{"{}", "query: required"},
		{"{\"query\":1}", "query: expected a string"},
		{"{\"query\":\"a\",\"foo\":1}", "unknown field 'foo'"},
		{"{\"query\":\"a\",\"limit\":-1}", "limit: expected"},
		{"{\"query\":\"a\",\"limit\":1.5}", "limit: expected"},
		{"{\"query\":\"a\",\"limit\":100001}", "limit: expected"},
		{"{\"query\":\"a\",\"limit\":\"10\"}", "limit: expected"},
		{"{\"query\":\"a\",\"limit\":1e300}", "limit: expected"},
		{"{\"query\":\"a\",\"limit\":1,\"limit\":2}", "limit: given twice"},
		{"{\"query\":\"a\",\"offset\":-1}", "offset: expected"},
		{"{\"query\":\"a\",\"sort\":\"age\"}", "sort: expected"},
		{"{\"query\":\"a\",\"sort\":1}", "sort: expected"},
		{"{\"query\":\"a\",\"order\":\"up\"}", "order: expected"},
		{"{\"query\":\"a\",\"snippet\":5}", "snippet: expected"},
		{"{\"query\":\"a\",\"snippet\":{\"tokens\":0}}", "tokens: expected"},
		{"{\"query\":\"a\",\"snippet\":{\"tokens\":65}}", "tokens: expected"},
		{"{\"query\":\"a\",\"snippet\":{\"words\":5}}", "unknown field 'words'"},
		{"{\"query\":\"a\",\"facets\":[\"kind\"]}", "facets: expected type, ext"},
		{"{\"query\":\"a\",\"recency\":-1}", "recency: expected"},
		{"{\"query\":\"a\",\"explain\":1}", "explain: expected true or false"},
		{"{\"query\":\"a\",\"snippet\":{\"count\":9}}", "count: expected"},
		{"{\"query\":\"a\",\"facets\":1}", "facets: expected"},
		{"{\"query\":\"a\",\"group\":1}", "group: expected"},
		{"{\"query\":\"a\",\"max_age_ms\":-1}", "max_age_ms: expected"},
		{"{\"query\":\"a\",\"sync_ms\":true}", "sync_ms: expected"},
		{"{\"query\":\"a\",\"timeout_ms\":0}", "timeout_ms: expected"},
		{"{\"query\":\"a\",\"cursor\":1}", "cursor: expected"},
		{"{\"query\":\"a\",\"cursor\":\"\"}", "cursor: not one of"},
		{"{\"query\":\"a\",\"cursor\":\"0000000000000000.0000000000000001."
		 "3ff0000000000000\"}",
			"cursor: not one of"},
		{"{\"query\":\"a\",\"cursor\":\"x\",\"offset\":3}", "cursor: not together"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cJSON *p = cJSON_Parse(cases[i].params);
		struct search_request *r;
		struct search_error e;

		assert_non_null(p);
		assert_int_equal(search_request_parse(p, &r, &e), ST_INVALID);
		if (!strstr(e.message, cases[i].says))
			fail_msg("%s: %s", cases[i].params, e.message);
		assert_false(e.bad_query);
		cJSON_Delete(p);
	}
}

static void test_foreign_cursor(void **state)
{
	cJSON *first = search_as(&everyone, ordered("alpha", "time", NULL, 2));
	cJSON *p = ordered("alpha", "size", NULL, 2), *q = ordered("beta", "time", NULL, 2);
	struct search_request *r;
	struct search_error e;

	(void)state;
	cJSON_AddStringToObject(p, "cursor", string(first, "cursor"));
	cJSON_AddStringToObject(q, "cursor", string(first, "cursor"));
	assert_int_equal(search_request_parse(p, &r, &e), ST_INVALID);
	assert_int_equal(search_request_parse(q, &r, &e), ST_INVALID);
	assert_non_null(strstr(e.message, "cursor"));
	cJSON_Delete(p);
	cJSON_Delete(q);
	cJSON_Delete(first);
}

/* --- keys --- */

static char *key_as(const char *params, const struct caller *who, int64_t now_s)
{
	cJSON *p = cJSON_Parse(params);
	struct search_request *r;
	struct search_error e;
	struct buf key = BUF_INIT;

	assert_ok(search_request_parse(p, &r, &e));
	assert_ok(search_request_key(r, who, now_s, &key));
	search_request_destroy(r);
	cJSON_Delete(p);
	return buf_take(&key);
}

static void assert_keys(
	bool same, const char *a, const struct caller *x, const char *b, const struct caller *y)
{
	AUTO_FREE char *k = key_as(a, x, 1000000000), *l = key_as(b, y, 1000000000);

	if ((strcmp(k, l) == 0) != same)
		fail_msg("%s and %s: %s and %s", a, b, k, l);
}

static void test_keys(void **state)
{
	static const uint32_t ab[] = {7, 8}, ba[] = {8, 7, 7};
	const struct caller one = {.uid = 5, .gid = 6, .groups = ab, .group_count = 2};
	const struct caller same = {.uid = 5, .gid = 6, .groups = ba, .group_count = 3};
	const struct caller other = {.uid = 5, .gid = 6, .groups = ab, .group_count = 1};
	const struct caller root = {.uid = 0};
	const char *a = "{\"query\":\"a  b\"}";

	(void)state;
	assert_keys(true, a, &everyone,
		"{\"query\":\"(a AND b)\",\"timeout_ms\":5,\"max_age_ms\":7}", &everyone);
	assert_keys(true, a, &one, a, &same);
	assert_keys(true, a, &everyone, a, &root);
	assert_keys(false, a, &one, a, &other);
	assert_keys(false, a, &one, a, &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a OR b\"}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"\\\"a b\\\"\"}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b*\"}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b\",\"limit\":9}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b\",\"offset\":9}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b\",\"sort\":\"time\"}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b\",\"order\":\"asc\"}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b\",\"snippet\":false}", &everyone);
	assert_keys(false, a, &everyone, "{\"query\":\"a b\",\"group\":true}", &everyone);
	assert_keys(true, a, &everyone, "{\"query\":\"a b\",\"group\":false}", &everyone);
	AUTO_FREE char *today = key_as("{\"query\":\"modified:7d\"}", &everyone, 1000000000);
	AUTO_FREE char *later = key_as("{\"query\":\"modified:7d\"}", &everyone, 1000000001);
	AUTO_FREE char *tomorrow = key_as("{\"query\":\"modified:7d\"}", &everyone, 1000086400);
	assert_string_equal(today, later);
	assert_string_not_equal(today, tomorrow);
}

/* --- stopping --- */

static enum status run_stopped(const char *query, struct search_stop stop, struct buf *json,
	struct search_outcome *outcome)
{
	cJSON *p = params_of(query);
	struct search_request *r;
	struct search_error e;

	assert_ok(search_request_parse(p, &r, &e));
	enum status st = search_run(corpus.f->db, r, &everyone, &stop, json, outcome);
	search_request_destroy(r);
	cJSON_Delete(p);
	return st;
}

static void test_deadline(void **state)
{
	static const char *const queries[] = {
		"alpha", "-alpha", "ext:pdf", "alpha OR ext:pdf", "alpha ext:c"};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct search_outcome outcome;
		AUTO_BUF json = BUF_INIT;

		buf_addc(&json, '{');
		assert_ok(run_stopped(queries[i], (struct search_stop){now_mono_ms() - 1, NULL},
			&json, &outcome));
		buf_addc(&json, '}');
		assert_true(outcome.partial);
		cJSON *result = cJSON_Parse(json.data);
		assert_non_null(result);
		assert_true(cJSON_IsTrue(get(result, "partial")));
		assert_true(cJSON_IsFalse(get(result, "total_exact")));
		cJSON_Delete(result);
	}
}

static void test_cancel(void **state)
{
	atomic_bool canceled = true;
	struct search_outcome outcome;
	AUTO_BUF json = BUF_INIT;

	(void)state;
	assert_int_equal(
		run_stopped("alpha", (struct search_stop){now_mono_ms() + 10000, &canceled}, &json,
			&outcome),
		ST_CANCELED);
	/* the connection is as good as before */
	cJSON *result = search("alpha");
	assert_true(number(result, "total") > 0);
	cJSON_Delete(result);
}

/* Every allocation of ours fails in turn: ST_NOMEM or a good answer, never a crash or a leak. */
static void test_no_memory(void **state)
{
	static const char *const queries[] = {
		"alpha", "\"alpha beta\" -gamma", "alpha OR ext:pdf", "ext:pdf path:src", "beta"};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		bool done = false;

		for (unsigned long n = 1; !done; n++) {
			cJSON *p = params_of(queries[i]);
			struct search_outcome outcome;
			struct search_request *r;
			struct search_error e;
			AUTO_BUF json = BUF_INIT;

			if (i % 2)
				cJSON_AddStringToObject(p, "sort", "path");
			if (i == 4)
				cJSON_AddTrueToObject(p, "group");
			assert_ok(search_request_parse(p, &r, &e));
			mem_fail_at(n, 0);
			enum status st = search_run(corpus.f->db, r, &everyone,
				&(struct search_stop){now_mono_ms() + 10000, NULL}, &json,
				&outcome);
			/* the countdown still runs: there was nothing left to fail */
			AUTO_FREE char *probe = mem_alloc(1);
			for (unsigned long k = 0; probe && k < n; k++) {
				mem_free(probe);
				probe = mem_alloc(1);
			}
			done = !probe;
			mem_fail_at(0, 0);
			assert_true(st == ST_OK || st == ST_NOMEM);
			assert_true(!done || st == ST_OK);
			search_request_destroy(r);
			cJSON_Delete(p);
		}
	}
}

static int set_up(void **state)
{
	uint64_t seed = 7;

	db_on_open(search_register);
	if (fixture_open(state))
		return 1;
	corpus_fill(&corpus, *state, &seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_trees),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_order_and_pages),
		cmocka_unit_test(test_limit_zero),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_name_first),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_foreign_cursor),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, set_up, fixture_close);
}
