/*
 * test_vocabulary: packed words; the words of an index by prefix, beside a model; rounds that count them, in slices;
 * and what is left of all this when memory fails.
 */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "store/vocabulary.h"
#include "store/vocabulary_round.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- blocks --- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void fill_block(struct block *b, char **words, size_t count)
{
	uint64_t seed = 5;

	for (size_t i = 0; i < count; i++) {
		words[i] = mem_zalloc(WORD_BYTES_MAX + 1);
		for (uint32_t n = 1 + fixture_random(&seed, 6), j = 0; j < n; j++)
			words[i][j] = "abc\xc3"[fixture_random(&seed, 4)];
	}
	memset(words[0], 'b', WORD_BYTES_MAX);
	qsort(words, count, sizeof *words, compare_texts);
	for (size_t i = 0; i < count; i++)
		block_add(b, words[i], strlen(words[i]), (int64_t)(i * i * i));
	assert_false(b->packed.failed);
}

static void test_blocks(void **state)
{
	struct block b = BLOCK_INIT;
	struct block_reader r;
	char *words[BLOCK_WORDS_MAX];

	(void)state;
	fill_block(&b, words, BLOCK_WORDS_MAX);
	assert_int_equal(b.most, 255 * 255 * 255);
	assert_memory_equal(b.first, words[0], b.first_len);
	block_open(&r, b.packed.data, b.packed.len);
	for (size_t i = 0; i < BLOCK_WORDS_MAX; i++) {
		assert_true(block_next(&r));
		assert_int_equal(r.word.len, strlen(words[i]));
		assert_memory_equal(r.word.text, words[i], r.word.len);
		assert_int_equal(r.word.documents, (int64_t)(i * i * i));
		if (i)
			assert_memory_equal(words[i], words[i - 1], r.word.shared);
	}
	assert_false(block_next(&r));
	assert_false(r.damaged);
	for (size_t i = 0; i < BLOCK_WORDS_MAX; i++)
		mem_free(words[i]);
	block_finish(&b);
}

/* Whatever the bytes are, reading ends, and within them. */
static void test_damaged_blocks(void **state)
{
	struct block b = BLOCK_INIT;
	struct block_reader r;
	char *words[BLOCK_WORDS_MAX];

	(void)state;
	fill_block(&b, words, 64);
	for (size_t at = 0; at < b.packed.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			char *copy = mem_dup(b.packed.data, b.packed.len);

			copy[at] = (char)(copy[at] ^ (1 << bit));
			block_open(&r, copy, b.packed.len - at / 2);
			while (block_next(&r))
				assert_true(r.word.len <= WORD_BYTES_MAX);
			mem_free(copy);
		}
	block_open(&r, "\0\2a", 3);
	assert_false(block_next(&r));
	assert_true(r.damaged);
	for (size_t i = 0; i < 64; i++)
		mem_free(words[i]);
	block_finish(&b);
}

/* --- an index and its model --- */

enum { WORDS = 1200, DOCUMENTS = 400, WORDS_OF_ONE = 90 };

/* Word i is "p" and four letters; how many documents have it. */
struct model {
	struct fixture *f;
	int64_t texts[WORDS], names[WORDS];
	int64_t next;
};

static void write_word(int i, char out[8])
{
	out[0] = 'p';
	for (int at = 4; at > 0; at--, i /= 7)
		out[at] = (char)('a' + i % 7);
	out[5] = '\0';
}

/* Low numbers are frequent. */
static int pick_word(uint64_t *seed, int from)
{
	int a = (int)fixture_random(seed, WORDS), b = (int)fixture_random(seed, WORDS);

	return from + (a < b ? a : b) * (WORDS - from) / WORDS;
}

static void add_document(struct model *m, uint64_t *seed, int from)
{
	bool has[WORDS] = {false};
	AUTO_BUF text = BUF_INIT, name = BUF_INIT;
	char word[8];

	for (int i = 0; i < WORDS_OF_ONE; i++) {
		int n = pick_word(seed, from);

		m->texts[n] += !has[n];
		has[n] = true;
		write_word(n, word);
		buf_addf(&text, "%s ", word);
	}
	int n = pick_word(seed, from);
	write_word(n, word);
	m->names[n]++;
	buf_addf(&name, "%s %lld", word, (long long)m->next);
	assert_ok(buf_status(&text));
	assert_ok(buf_status(&name));
	int64_t id = fixture_document(m->f, "", text.data, (unsigned)m->next);
	fixture_file(m->f, 1, name.data, id, (uint64_t)m->next);
	m->next++;
}

static void fill(struct model *m, struct fixture *f)
{
	uint64_t seed = 11;

	*m = (struct model){.f = f, .next = 100};
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	for (int i = 0; i < DOCUMENTS; i++)
		add_document(m, &seed, 0);
	assert_ok(db_commit(f->db));
}

static int64_t model_count(const struct model *m, int i)
{
	return m->texts[i] > m->names[i] ? m->texts[i] : m->names[i];
}

/* Rounds until nothing is due. */
static void count_all(struct fixture *f, int64_t us)
{
	int64_t due = 0;

	assert_ok(vocabulary_due(f->db, &due));
	while (due <= now_mono_ms()) {
		assert_ok(vocabulary_step(f->db, us));
		assert_ok(vocabulary_due(f->db, &due));
	}
}

struct walked {
	const struct model *m;
	char last[WORD_BYTES_MAX];
	size_t last_len, count, limit;
	int64_t documents, sum;
};

static int number_of(const struct word *w)
{
	int n = 0;

	for (size_t i = 1; i < w->len; i++)
		n = n * 7 + (w->text[i] - 'a');
	return n;
}

/* In order, each once, with the count that the model has. */
static bool check_word(void *arg, const struct word *w)
{
	struct walked *k = arg;

	assert_true(!k->count || word_compare(k->last, k->last_len, w->text, w->len) < 0);
	assert_int_equal(w->documents, model_count(k->m, number_of(w)));
	memcpy(k->last, w->text, w->len);
	k->last_len = w->len;
	k->count++;
	k->sum += w->documents;
	return true;
}

static void check_walk(struct model *m, const char *prefix)
{
	struct walked k = {.m = m};
	struct vocabulary_extent extent;
	int64_t want = 0, sum = 0;
	char word[8];

	for (int i = 0; i < WORDS; i++) {
		write_word(i, word);
		if (!strncmp(word, prefix, strlen(prefix)) && model_count(m, i)) {
			want++;
			sum += model_count(m, i);
		}
	}
	assert_ok(vocabulary_walk(m->f->db, prefix, strlen(prefix), VOCABULARY_LIVE_MAX, check_word, &k));
	assert_int_equal(k.count, want);
	assert_int_equal(k.sum, sum);
	assert_ok(vocabulary_extent(m->f->db, prefix, strlen(prefix), &extent));
	assert_true(!extent.counted || extent.documents >= sum);
	if (sum > VOCABULARY_LIVE_MAX)
		assert_true(!extent.counted || extent.documents <= sum + sum / 2);
}

static bool check_top_word(void *arg, const struct word *w)
{
	struct walked *k = arg;

	assert_true(!k->count || w->documents < k->documents ||
		    (w->documents == k->documents &&
			    word_compare(k->last, k->last_len, w->text, w->len) < 0));
	memcpy(k->last, w->text, w->len);
	k->last_len = w->len;
	k->documents = w->documents;
	k->count++;
	return k->count < k->limit;
}

static int compare_counts(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

static void check_top(struct model *m, const char *prefix, size_t limit)
{
	struct walked k = {.m = m, .limit = limit};
	int64_t counts[WORDS], n = 0;
	char word[8];

	for (int i = 0; i < WORDS; i++) {
		write_word(i, word);
		if (!strncmp(word, prefix, strlen(prefix)) && model_count(m, i))
			counts[n++] = model_count(m, i);
	}
	qsort(counts, (size_t)n, sizeof *counts, compare_counts);
	assert_ok(vocabulary_top(m->f->db, prefix, strlen(prefix), limit, check_top_word, &k));
	assert_int_equal(k.count, (size_t)n < limit ? (size_t)n : limit);
	if (k.count)
		assert_int_equal(k.documents, counts[k.count - 1]); /* the last one given out */
}

static void check_all(struct model *m)
{
	static const char *const prefixes[] = {"p", "pa", "pab", "pac", "pabcd", "pg", "pgx", "paaaa", "q", "o"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		check_walk(m, prefixes[i]);
		for (size_t limit = 1; limit < 80; limit *= 3)
			check_top(m, prefixes[i], limit);
	}
}

static int64_t frequency(struct fixture *f, const char *word)
{
	int64_t documents = -1;

	assert_ok(vocabulary_frequency(f->db, word, strlen(word), &documents));
	return documents;
}

static void test_before_any_round(void **state)
{
	struct model m;

	fill(&m, *state);
	check_all(&m);
	assert_int_equal(frequency(m.f, "paaaa"), 0);
}

static void test_counted(void **state)
{
	struct fixture *f = *state;
	struct vocabulary_extent extent;
	struct model m;
	int64_t due;

	fill(&m, f);
	count_all(f, 3000);
	check_all(&m);
	assert_ok(vocabulary_extent(f->db, "p", 1, &extent));
	assert_true(extent.counted && extent.documents > VOCABULARY_LIVE_MAX);
	assert_ok(vocabulary_due(f->db, &due));
	assert_true(due == INT64_MAX); /* nothing changed */
	for (int i = 0; i < WORDS; i++) {
		char word[8];

		write_word(i, word);
		assert_int_equal(frequency(f, word), model_count(&m, i));
	}
	assert_int_equal(frequency(f, "p"), 0);
	assert_int_equal(frequency(f, "paaaaa"), 0);
	assert_int_equal(frequency(f, "a"), 0);
	assert_int_equal(frequency(f, "zzzz"), 0);
	fixture_sound(f);
}

/* The words that the snapshot has. */
static int64_t snapshot_words(struct model *m)
{
	struct walked k = {.m = m, .limit = SIZE_MAX};

	assert_ok(vocabulary_top(m->f->db, "p", 1, WORDS, check_top_word, &k));
	return (int64_t)k.count;
}

/* Words of the old round stay until the new one has reached them; nothing is lost in between, nor after a restart. */
static void test_rolling(void **state)
{
	struct fixture *f = *state;
	struct model m;
	uint64_t seed = 3;
	int64_t due = 0, before;
	int steps = 0;

	fill(&m, f);
	count_all(f, 0);
	before = snapshot_words(&m);
	check_all(&m);
	/* other documents, of the upper half of the words only */
	assert_ok(db_begin(f->db));
	for (int i = 0; i < DOCUMENTS; i++)
		add_document(&m, &seed, WORDS / 2);
	assert_ok(db_commit(f->db));
	do {
		assert_ok(vocabulary_step(f->db, 0));
		assert_true(snapshot_words(&m) >= before);
		assert_ok(vocabulary_due(f->db, &due));
		if (++steps == 5) {
			db_close(f->db);
			fixture_reopen(f, false);
		}
	} while (due <= now_mono_ms() || steps == 5);
	assert_true(steps > 20);
	check_all(&m);
	fixture_sound(f);
}

static void test_due(void **state)
{
	struct fixture *f = *state;
	struct model m;
	uint64_t seed = 3;
	int64_t due, now;

	fill(&m, f);
	assert_ok(vocabulary_due(f->db, &due));
	assert_true(due <= now_mono_ms()); /* there is none */
	count_all(f, 3000);
	assert_ok(db_begin(f->db));
	add_document(&m, &seed, 0);
	assert_ok(db_commit(f->db));
	assert_ok(vocabulary_due(f->db, &due));
	now = now_mono_ms();
	assert_true(due > now + 300 * 1000 && due < INT64_MAX); /* little changed */
	assert_ok(db_begin(f->db));
	for (int i = 0; i < DOCUMENTS / 10; i++)
		add_document(&m, &seed, 0);
	assert_ok(db_commit(f->db));
	assert_ok(vocabulary_due(f->db, &due));
	assert_true(due > now && due < now + 300 * 1000);
	check_walk(&m, "pabc"); /* what is rare is as of now all the same */
	check_top(&m, "pabc", 5);
}

/* Words that nothing has any more go with the next round; long ones were never there. */
static void test_gone(void **state)
{
	struct fixture *f = *state;
	struct model m;
	AUTO_BUF text = BUF_INIT;
	struct walked k = {.m = &m, .limit = 10};

	fill(&m, f);
	assert_ok(db_begin(f->db));
	buf_adds(&text, "q");
	for (int i = 0; i < WORD_BYTES_MAX; i++)
		buf_addc(&text, 'q');
	fixture_file(f, 1, "x", fixture_document(f, "", text.data, 1), 1);
	fixture_file(f, 1, "y", fixture_document(f, "", "qa zzz", 1), 2);
	assert_ok(db_commit(f->db));
	count_all(f, 0);
	assert_ok(vocabulary_top(f->db, "q", 1, 10, check_top_word, &k));
	assert_int_equal(k.count, 1);
	assert_ok(db_begin(f->db));
	assert_ok(tree_file_delete(f->db, 1, "y"));
	assert_ok(db_commit(f->db));
	k.count = 0;
	assert_ok(vocabulary_top(f->db, "q", 1, 10, check_top_word, &k));
	assert_int_equal(k.count, 0);
	assert_ok(vocabulary_step(f->db, INT64_C(1) << 40));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM vocabulary WHERE first >= x'71' AND first < x'72'"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM vocabulary WHERE instr(words, x'7a7a7a')"), 0); /* zzz, the last */
}

/* What is wrong in a block is found by the check, and by whoever reads it. */
static void test_damage(void **state)
{
	static const char *const harm[] = {
		"UPDATE vocabulary SET total = total + 1 WHERE id = (SELECT min(id) FROM vocabulary)",
		"UPDATE vocabulary SET most = 0 WHERE id = (SELECT max(id) FROM vocabulary)",
		"UPDATE vocabulary SET words = substr(words, 1, length(words) - 1) WHERE id = (SELECT max(id) FROM vocabulary)",
		"UPDATE vocabulary SET words = x'' WHERE id = (SELECT max(id) FROM vocabulary)",
		"UPDATE vocabulary SET first = x'70' WHERE id = (SELECT max(id) FROM vocabulary)",
	};
	struct fixture *f = *state;
	struct model m;

	fill(&m, f);
	for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
		AUTO_BUF report = BUF_INIT;

		fixture_exec(f, "DELETE FROM vocabulary");
		assert_ok(vocabulary_step(f->db, INT64_C(1) << 40));
		fixture_sound(f);
		fixture_exec(f, harm[i]);
		assert_ok(db_check(f->db, &report));
		assert_non_null(strstr(report.data, "vocabulary"));
	}
	fixture_exec(f, "UPDATE vocabulary SET words = x'ff', most = 1000000");
	struct walked k = {.m = &m, .limit = 10};
	int64_t documents;
	assert_int_equal(vocabulary_top(f->db, "p", 1, 10, check_top_word, &k), ST_CORRUPT);
	assert_int_equal(vocabulary_frequency(f->db, "paaaa", 5, &documents), ST_CORRUPT);
	assert_int_equal(vocabulary_step(f->db, INT64_C(1) << 40), ST_CORRUPT);
}

/* --- memory fails --- */

static enum status read_words(struct fixture *f)
{
	struct walked k = {.limit = SIZE_MAX};
	int64_t documents;
	enum status st = vocabulary_top(f->db, "pa", 2, 20, check_top_word, &k);

	k.count = 0;
	if (st == ST_OK)
		st = vocabulary_frequency(f->db, "paaaa", 5, &documents);
	return st == ST_OK ? vocabulary_top(f->db, "p", 1, 20, check_top_word, &k) : st;
}

static enum status count_words(struct fixture *f)
{
	return vocabulary_step(f->db, INT64_C(1) << 40);
}

static void fail_each(struct fixture *f, enum status (*run)(struct fixture *f))
{
	for (int forever = 0; forever < 2; forever++) {
		int quiet = 0;

		for (unsigned long n = 1; quiet < 10; n += 1 + n / 64) {
			int err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(null, STDERR_FILENO);
			mem_fail_at(n, forever);
			enum status st = run(f);
			mem_fail_at(0, 0);
			dup2(err, STDERR_FILENO);
			close(err);
			close(null);
			assert_true(st == ST_OK || st == ST_NOMEM);
			quiet = st == ST_OK ? quiet + 1 : 0;
		}
	}
}

static void test_faults(void **state)
{
	struct fixture *f = *state;
	struct model m;

	fill(&m, f);
	fail_each(f, count_words);
	fail_each(f, read_words);
	assert_ok(count_words(f));
	check_all(&m);
	fixture_sound(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_damaged_blocks),
		cmocka_unit_test_setup_teardown(test_before_any_round, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_counted, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_rolling, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_due, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_gone, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_damage, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_faults, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
