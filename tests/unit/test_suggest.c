/*
 * test_suggest: completions of a small index for whoever sees all and whoever does not, as JSON; deadlines; and what is
 * left of this when memory fails.
 */
#include "store_fixture.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/guess.h"
#include "search/parse.h"
#include "search/suggest.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct caller everybody = {.all = true};
static const struct caller stranger = {.uid = 1000, .gid = 1000};

static void put(struct fixture *f, int64_t dir, const char *name, const char *text, uint32_t mode)
{
	static uint64_t ino = 100;
	struct ident ident = {.ino = ++ino, .size = 10, .nlink = 1, .mode = 0100000 | mode};
	struct file_change c = {.dir = dir,
		.name = name,
		.ident = &ident,
		.stamp_ns = 7,
		.state = FILE_INDEXED,
		.rule = f->converter,
		.document = fixture_document(f, "", text, (unsigned)ino)};

	assert_ok(tree_file_put(f->db, &c));
}

static void fill(struct fixture *f)
{
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
	assert_ok(tree_root_above(f->db, f->root, "", 0));
	fixture_dir(f, 2, 1, "Monuments");
	put(f, 2, "open.txt", "monster month monk", 0644);
	put(f, 2, "monastery.txt", "monster secretmon monolith", 0600);
	put(f, 2, "run.txt", "monster 東京都", 0644);
	put(f, 2, "x.txt", "monk monolith monolith", 0600);
	assert_ok(db_commit(f->db));
}

static enum status suggest(struct fixture *f, const struct caller *who, const char *text,
	int64_t limit, int64_t names, struct buf *out)
{
	const struct suggest_request r = {text, strlen(text), limit, names};
	const struct search_stop stop = {now_mono_ms() + 60000, NULL};

	buf_addc(out, '{');
	enum status st = suggest_run(f->db, &r, who, &stop, out);
	buf_addc(out, '}');
	return st;
}

static void check(struct fixture *f, const struct caller *who, const char *text, int64_t limit,
	int64_t names, const char *want)
{
	AUTO_BUF out = BUF_INIT;

	assert_ok(suggest(f, who, text, limit, names, &out));
	assert_string_equal(out.data, want);
}

static void test_answers(void **state)
{
	struct fixture *f = *state;

	fill(f);
	check(f, &everybody, "deep MON", 3, 0,
		"{\"start\":5,\"terms\":[{\"term\":\"monster\",\"documents\":3},{\"term\":\"monk\",\"documents\":2},"
		"{\"term\":\"monolith\",\"documents\":2}],\"partial\":false}");
	check(f, &everybody, "monk", 1, 0,
		"{\"start\":0,\"terms\":[{\"term\":\"monk\",\"documents\":2}],\"partial\":false}");
	check(f, &everybody, "東", 5, 0,
		"{\"start\":0,\"terms\":[{\"term\":\"東京\",\"documents\":1}],\"partial\":false}");
	check(f, &everybody, "a東京", 5, 0,
		"{\"start\":1,\"terms\":[{\"term\":\"東京都\",\"documents\":1}],\"partial\":false}");
	check(f, &everybody, "monk ", 5, 0, "{\"start\":5,\"terms\":[],\"partial\":false}");
	check(f, &everybody, "", 5, 3, "{\"start\":0,\"terms\":[],\"names\":[],\"partial\":false}");
	check(f, &everybody, "mon", 0, 5,
		"{\"start\":0,\"terms\":[],\"names\":[{\"path\":\"/r/Monuments\",\"dir\":true},"
		"{\"path\":\"/r/Monuments/monastery.txt\",\"dir\":false}],\"partial\":false}");
}

/* Only what an open file has, the most of it first, and no counts. */
static void test_stranger(void **state)
{
	struct fixture *f = *state;

	fill(f);
	check(f, &stranger, "mon", 9, 0,
		"{\"start\":0,\"terms\":[{\"term\":\"monster\"},{\"term\":\"monk\"},{\"term\":\"month\"},"
		"{\"term\":\"monuments\"}],\"partial\":false}");
	check(f, &stranger, "secretm", 9, 5, "{\"start\":0,\"terms\":[],\"names\":[],\"partial\":false}");
	check(f, &stranger, "monas", 9, 5, "{\"start\":0,\"terms\":[],\"names\":[],\"partial\":false}");
}

static void test_deadline(void **state)
{
	struct fixture *f = *state;
	const struct suggest_request r = {"mon", 3, 5, 5};
	const struct search_stop late = {now_mono_ms() - 1, NULL};
	atomic_bool yes = true;
	const struct search_stop canceled = {now_mono_ms() + 60000, &yes};
	AUTO_BUF out = BUF_INIT;

	fill(f);
	assert_ok(suggest_run(f->db, &r, &everybody, &late, &out));
	assert_non_null(strstr(out.data, "\"partial\":true"));
	assert_int_equal(suggest_run(f->db, &r, &everybody, &canceled, &out), ST_CANCELED);
}

/* --- did you mean --- */

static enum status guess(struct fixture *f, const struct caller *who, const char *text, struct buf *out)
{
	const struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct search_error e;
	struct query *q;
	struct stopper s;
	enum status st = parse_query(text, strlen(text), &q, &e);

	if (st != ST_OK)
		return st;
	const struct guess g = {f->db, &s, who, q, text};
	stopper_install(&s, f->db, &stop);
	guess_add(&g, out);
	stopper_remove(&s);
	query_destroy(q);
	return s.st;
}

static void check_guess(
	struct fixture *f, const struct caller *who, const char *text, const char *want)
{
	AUTO_BUF out = BUF_INIT;

	assert_ok(guess(f, who, text, &out));
	assert_string_equal(out.data ? out.data : "", want);
}

static void test_guesses(void **state)
{
	struct fixture *f = *state;

	fill(f);
	check_guess(f, &everybody, "mosnter", "monster");
	check_guess(f, &everybody, "  \"big mosnter\"  -x ", "  \"big monster\"  -x ");
	check_guess(f, &everybody, "mosnter secretmno", "monster secretmon");
	check_guess(f, &everybody, "monster -secretmno", "");
	check_guess(f, &everybody, "\"a \\\"mosnter\"", ""); /* escaped: left alone */
	check_guess(f, &stranger, "mosnter secretmno", "monster secretmno");
	check_guess(f, &stranger, "secretmon", "");
	check_guess(f, &stranger, "monolit", "");
}

/* --- memory fails --- */

static enum status all_of_it(struct fixture *f)
{
	AUTO_BUF out = BUF_INIT;
	enum status st = suggest(f, &stranger, "mon", 9, 9, &out);

	if (st == ST_OK)
		st = suggest(f, &everybody, "東京", 9, 9, &out);
	if (st == ST_OK)
		st = guess(f, &stranger, "mosnter OR secretmno", &out);
	return st == ST_OK ? buf_status(&out) : st;
}

static void test_faults(void **state)
{
	struct fixture *f = *state;

	fill(f);
	for (int forever = 0; forever < 2; forever++) {
		int quiet = 0;

		for (unsigned long n = 1; quiet < 10; n += 1 + n / 64) {
			int err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(null, STDERR_FILENO);
			mem_fail_at(n, forever);
			enum status st = all_of_it(f);
			mem_fail_at(0, 0);
			dup2(err, STDERR_FILENO);
			close(err);
			close(null);
			assert_true(st == ST_OK || st == ST_NOMEM);
			quiet = st == ST_OK ? quiet + 1 : 0;
		}
	}
}

int main(void)
{
	db_on_open(search_register);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_stranger, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_deadline, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_guesses, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_faults, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
