/* percolate: kept queries over changed rows, held against a matcher that looks at every place. */
#include "search_corpus.h"

#include "core/mem.h"
#include "core/now.h"
#include "search/percolate.h"
#include "store/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct caller everyone = {.all = true};

static struct corpus corpus;

/* --- the rows of the corpus --- */

enum { ROWS_MAX = CORPUS_FILES + CORPUS_DIRS + 8 };

static struct percolate_row rows[ROWS_MAX];
static char *paths[ROWS_MAX];
static size_t row_count;

static bool take_row(void *arg, const struct change *c)
{
	(void)arg;
	assert_true(row_count < ROWS_MAX && c->row > 0);
	rows[row_count] = (struct percolate_row){c->row, c->is_dir};
	paths[row_count++] = mem_strdup(c->path);
	return true;
}

static void load_rows(struct fixture *f)
{
	bool more;

	assert_ok(changes_list(f->db, 0, ROWS_MAX, take_row, NULL, &more));
	assert_false(more);
	assert_true(row_count > PERCOLATE_ROWS_MAX);
}

/* --- queries --- */

static struct search_stop no_stop(void)
{
	return (struct search_stop){now_mono_ms() + 60000, NULL};
}

static enum status try_make(const char *text, struct percolate_query **out)
{
	struct search_error e;
	cJSON *query = cJSON_CreateString(text);
	enum status st = percolate_query_create(query, NULL, out, &e);

	cJSON_Delete(query);
	return st;
}

static struct percolate_query *make(const char *text)
{
	struct percolate_query *q = NULL;

	if (try_make(text, &q) != ST_OK)
		fail_msg("%s: not a query", text);
	return q;
}

/* What a run told: places of each row, as indices into the corpus. */
struct found {
	const struct percolate_row *rows;
	const char *query;
	size_t first; /* of the rows, among all */
	bool seen[CORPUS_PLACES];
	size_t last_row;
	int hits;
};

static int place_at(const struct found *f, const cJSON *place)
{
	const char *path = cJSON_GetStringValue(cJSON_GetObjectItem(place, "path"));
	const cJSON *step;
	char part[64] = "";

	cJSON_ArrayForEach(step, cJSON_GetObjectItem(place, "part")) {
		strcat(part, *part ? "/" : "");
		strcat(part, step->valuestring);
	}
	for (int i = 0; i < corpus.place_count; i++)
		if (!strcmp(corpus.files[i].path, path) && !strcmp(corpus.files[i].part, part))
			return i;
	fail_msg("%s: %s is not in the corpus", f->query, path);
	return -1;
}

static void take_hit(void *arg, size_t row, const char *json, size_t len)
{
	struct found *f = arg;
	cJSON *hit = cJSON_ParseWithLength(json, len);
	const cJSON *place;

	assert_non_null(hit);
	assert_true(row >= f->last_row);
	f->last_row = row;
	f->hits++;
	cJSON_ArrayForEach(place, cJSON_GetObjectItem(hit, "paths")) {
		int i = place_at(f, place);

		if (strcmp(corpus.files[i].path, paths[f->first + row]) != 0 || f->seen[i])
			fail_msg("%s: %s told of row %s", f->query, corpus.files[i].path, paths[f->first + row]);
		f->seen[i] = true;
	}
	cJSON_Delete(hit);
}

static bool is_among(const char *path, size_t first, size_t count, uint64_t which)
{
	for (size_t i = 0; i < count; i++)
		if ((which >> i & 1) && !strcmp(paths[first + i], path))
			return true;
	return false;
}

static void check_run(const struct percolate_query *q, const struct wish *w, const char *text,
	const struct caller *who, size_t first, size_t count, uint64_t which)
{
	struct found f = {.rows = rows + first, .query = text, .first = first};
	struct search_stop stop = no_stop();

	assert_ok(percolate_query_run(
		q, corpus.f->db, who, rows + first, count, which, &stop, take_hit, &f));
	for (int i = 0; i < corpus.place_count; i++) {
		const struct corpus_file *p = &corpus.files[i];
		bool truth = is_among(p->path, first, count, which) && corpus_visible(&corpus, p, who) &&
			     wish_finds(&corpus, w, p);

		if (truth != f.seen[i])
			fail_msg("%s: %s %s is %stold", text, p->path, p->part, truth ? "not " : "");
	}
}

/* --- tests --- */

enum { WISHES = 12 };

static void test_random_queries(void **state)
{
	const struct caller callers[] = {everyone, {.uid = 1000, .gid = 100}, {.uid = 7, .gid = 7}};
	struct percolate *set;
	uint64_t seed = 11;
	int64_t sifted = 0, asked = 0;

	(void)state;
	assert_ok(percolate_create(&set));
	for (int round = 0; round < 60; round++) {
		struct wish *wishes[WISHES];
		struct percolate_member members[WISHES];
		struct percolate_query *queries[WISHES];
		struct buf texts[WISHES];
		size_t first = fixture_random(&seed, (uint32_t)row_count - 1);
		size_t count = 1 + fixture_random(&seed, PERCOLATE_ROWS_MAX);
		struct search_stop stop = no_stop();

		if (count > row_count - first)
			count = row_count - first;
		for (int i = 0; i < WISHES; i++) {
			wishes[i] = wish_make(&corpus, &seed, (int)fixture_random(&seed, 4));
			texts[i] = (struct buf)BUF_INIT;
			wish_write(wishes[i], &texts[i]);
			queries[i] = make(texts[i].data);
			members[i] = (struct percolate_member){.query = queries[i]};
			assert_ok(percolate_add(set, &members[i]));
		}
		assert_ok(db_begin(corpus.f->db));
		assert_ok(percolate_sift(set, corpus.f->db, rows + first, &count, &stop));
		uint64_t all = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
		for (int i = 0; i < WISHES; i++) {
			uint64_t which = percolate_rows(set, &members[i]);
			const struct caller *who = &callers[(i + round) % 3];

			assert_int_equal(which & ~all, 0);
			asked += (int64_t)count;
			sifted += __builtin_popcountll(which);
			check_run(queries[i], wishes[i], texts[i].data, who, first, count, all);
			/* What was sifted out is no match. */
			struct found rest = {.query = texts[i].data, .first = first};
			assert_ok(percolate_query_run(queries[i], corpus.f->db, &everyone, rows + first,
				count, all & ~which, &stop, take_hit, &rest));
			if (rest.hits)
				fail_msg("%s: a match was sifted out", texts[i].data);
		}
		db_rollback(corpus.f->db);
		for (int i = 0; i < WISHES; i++) {
			percolate_remove(set, &members[i]);
			percolate_query_destroy(queries[i]);
			wish_destroy(wishes[i]);
			buf_finish(&texts[i]);
		}
	}
	assert_true(sifted < asked);
	percolate_destroy(set);
}

static void print_keys(const struct percolate_keys *k, char *out, size_t room)
{
	static const char *const marks[] = {"", "*", ".", "name:"};

	*out = '\0';
	for (size_t i = 0; i < k->count; i++) {
		size_t len = strlen(out);

		snprintf(out + len, room - len, "%s%s%s", i ? " " : "", k->key[i].word, marks[k->key[i].kind]);
	}
}

static void test_keys(void **state)
{
	static const struct {
		const char *query, *keys;
	} cases[] = {
		{"kraken", "kraken"},
		{"KRÁKEN", "kraken"},
		{"krak*", "krak*"},
		{"sea kraken", "kraken, sea"},
		{"\"of the deep\"", "deep"},
		{"\"of the dee*\"", "the"},
		{"kraken OR squid", "kraken squid"},
		{"kraken OR -squid", ""},
		{"-kraken", ""},
		{"sea -kraken", "sea"},
		{"(a OR bb) sea", "sea, a bb"},
		{"(kraken OR squid) sea", "kraken squid, sea"},
		{"a bbb cc", "bbb, cc"},
		{"ext:pdf,md", "pdf. md."},
		{"ext:pdf kraken", "kraken, pdf."},
		{"ext:pdf a*", "pdf., a*"},
		{"name:kraken", "name:"},
		{"name:kraken OR squid", "name: squid"},
		{"name:kraken a*", "a*, name:"},
		{"-name:kraken", ""},
		{"size:>1k", ""},
		{"size:>1k OR kraken", ""},
		{"c++", "c++"},
		{"user@host", "user"},
		{"title:kraken", "kraken"},
		{"海", "海*"},
		{"海怪", "海怪"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct percolate_query *q = make(cases[i].query);
		char text[600];

		const struct percolate_keys *k = percolate_query_keys(q);

		print_keys(&k[0], text, sizeof text);
		if (k[1].count) {
			size_t len = strlen(text);

			snprintf(text + len, sizeof text - len, ", ");
			print_keys(&k[1], text + len + 2, sizeof text - len - 2);
		}
		if (strcmp(text, cases[i].keys) != 0)
			fail_msg("%s: %s instead of %s", cases[i].query, text, cases[i].keys);
		percolate_query_destroy(q);
	}
}

/* A key is known by its first bytes; an OR of more than can be kept is always run. */
static void test_long_keys(void **state)
{
	AUTO_BUF text = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_addc(&text, 'k');
	struct percolate_query *q = make(text.data);
	const struct percolate_keys *k = percolate_query_keys(q);
	assert_int_equal(k->count, 1);
	assert_int_equal(k->key[0].kind, PERCOLATE_BY_PREFIX);
	assert_int_equal(k->key[0].len, PERCOLATE_WORD_MAX);
	percolate_query_destroy(q);
	buf_clear(&text);
	for (int i = 0; i <= PERCOLATE_KEYS_MAX; i++)
		buf_addf(&text, "%sword%d", i ? " OR " : "", i);
	q = make(text.data);
	assert_int_equal(percolate_query_keys(q)->count, 0);
	percolate_query_destroy(q);
}

static void test_adding_and_removing(void **state)
{
	enum { MANY = 500 };
	static struct percolate_member members[MANY];
	struct percolate *set;
	uint64_t seed = 5;
	char text[64];

	(void)state;
	assert_ok(percolate_create(&set));
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, i % 3 ? "%s" : "%s OR word%d",
			corpus_words[(unsigned)i % (unsigned)corpus_word_count], i);
		members[i].query = make(text);
		assert_ok(percolate_add(set, &members[i]));
	}
	for (int left = MANY; left > 0; left--) {
		int at = (int)fixture_random(&seed, (uint32_t)left);
		struct percolate_member *m = &members[at];

		if (left % 100 == 0) {
			struct search_stop stop = no_stop();
			size_t count = 10;

			assert_ok(db_begin(corpus.f->db));
			assert_ok(percolate_sift(set, corpus.f->db, rows + 30, &count, &stop));
			db_rollback(corpus.f->db);
		}
		percolate_remove(set, m);
		percolate_query_destroy((struct percolate_query *)(uintptr_t)m->query);
		/* The last one takes its place. */
		if (at != left - 1) {
			percolate_remove(set, &members[left - 1]);
			m->query = members[left - 1].query;
			assert_ok(percolate_add(set, m));
		}
	}
	percolate_destroy(set);
}

static void test_refusals(void **state)
{
	struct percolate_query *q = NULL;
	struct search_error e;
	cJSON *number = cJSON_CreateNumber(3), *text = cJSON_CreateString("kraken");

	(void)state;
	assert_int_equal(try_make("(", &q), ST_INVALID);
	assert_int_equal(percolate_query_create(number, NULL, &q, &e), ST_INVALID);
	assert_false(e.bad_query);
	assert_int_equal(percolate_query_create(text, number, &q, &e), ST_INVALID);
	assert_non_null(strstr(e.message, "snippet"));
	assert_null(q);
	cJSON_Delete(number);
	cJSON_Delete(text);
}

static void ignore_hit(void *arg, size_t row, const char *json, size_t len)
{
	(void)row;
	assert_true(len > 2 && json[0] == '{' && json[len - 1] == '}');
	++*(int *)arg;
}

static void test_stopped(void **state)
{
	struct percolate_query *q = make("-nothing");
	atomic_bool canceled = true;
	struct search_stop late = {now_mono_ms() - 1, NULL}, stop = {now_mono_ms() + 60000, &canceled};
	int hits = 0;

	(void)state;
	assert_ok(db_begin(corpus.f->db));
	assert_int_equal(percolate_query_run(q, corpus.f->db, &everyone, rows, 60, UINT64_MAX >> 4,
				 &late, ignore_hit, &hits),
		ST_TIMEOUT);
	assert_int_equal(percolate_query_run(q, corpus.f->db, &everyone, rows, 60, UINT64_MAX >> 4,
				 &stop, ignore_hit, &hits),
		ST_CANCELED);
	db_rollback(corpus.f->db);
	percolate_query_destroy(q);
}

/* Making, adding, sifting and running, with the nth allocation failing: it is told, and nothing is lost or leaks. */
static enum status do_all(const char *text, struct percolate *set, int *hits)
{
	struct percolate_query *q = NULL;
	struct search_stop stop = no_stop();
	size_t count = 6;

	enum status st = try_make(text, &q);
	if (st != ST_OK)
		return st;
	struct percolate_member m = {.query = q};
	st = percolate_add(set, &m);
	if (st == ST_OK) {
		st = percolate_sift(set, corpus.f->db, rows + 30, &count, &stop);
		if (st == ST_OK)
			st = percolate_query_run(q, corpus.f->db, &everyone, rows + 30, count,
				percolate_rows(set, &m), &stop, ignore_hit, hits);
		percolate_remove(set, &m);
	}
	percolate_query_destroy(q);
	return st;
}

static void test_no_memory(void **state)
{
	static const char *const before[] = {"", "name:a OR ", "-", "ext:txt "};
	static const char *const behind[] = {"", " OR word", "", ""};
	struct percolate *set;

	(void)state;
	assert_ok(percolate_create(&set));
	assert_ok(db_begin(corpus.f->db));
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		char text[64];
		int whole = 0;

		snprintf(text, sizeof text, "%s%s%s", before[i], corpus_words[1], behind[i]);
		assert_ok(do_all(text, set, &whole));
		bool done = false;
		for (unsigned long n = 1; !done; n++) {
			int hits = 0;

			mem_fail_at(n, 0);
			enum status st = do_all(text, set, &hits);
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
			if (st == ST_OK)
				assert_int_equal(hits, whole);
		}
	}
	db_rollback(corpus.f->db);
	percolate_destroy(set);
}

static int set_up(void **state)
{
	uint64_t seed = 7;

	db_on_open(search_register);
	if (fixture_open(state))
		return 1;
	corpus_fill(&corpus, *state, &seed);
	load_rows(*state);
	return 0;
}

static int tear_down(void **state)
{
	while (row_count > 0)
		mem_free(paths[--row_count]);
	return fixture_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_queries),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_adding_and_removing),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
