/*
 * test_convert_parts: documents inside of documents, on their way through one session.
 *
 * The converters are this program itself (evil.c), started through the real trawl-jail.  The taker here converts each
 * part by the same session, as a worker does, while its container waits.
 */
#include "convert/convert.h"

#include "convert_conf.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/stats.h"
#include "core/thread.h"
#include "evil.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static char jail[PATH_MAX], self[PATH_MAX];

struct world {
	char dir[64];
	struct config *config;
	struct rules *rules;
	struct convert_session *session;
	atomic_bool stop;
};

/* One document's parts, noted as "path=what came of it;". */
struct taker {
	struct world *world;
	struct convert_parts parts;
	struct buf *notes;
	struct buf content;
	int most; /* parts; then it stops */
	int sleep_ms;
	bool nested;
};

static struct converter *converter_of(const struct world *w, const char *name)
{
	for (size_t i = 0; i < rules_count(w->rules); i++)
		if (!strcmp(rules_at(w->rules, i)->name, name))
			return rules_at(w->rules, i);
	fail_msg("no converter %s", name);
	return NULL;
}

static void taker_init(struct taker *t, struct world *w, struct buf *notes);

static void run(struct world *w, const char *converter, const char *bytes, size_t n, uint32_t owner,
	struct convert_parts *parts, struct convert_result *result)
{
	const struct convert_limits limits = {.text_bytes = 1 << 20};
	int fd = memfd_create("document", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, bytes, n, 0), n);
	const struct convert_request req = {
		.fd = fd,
		.name = "name",
		.type = "x/type",
		.size = (int64_t)n,
		.converter = converter_of(w, converter),
		.rules = w->rules,
		.owner = owner,
		.parts = parts,
	};
	assert_int_equal(convert_run(w->session, &req, &limits, result), ST_OK);
	close(fd);
}

static bool on_begin(void *arg, const struct convert_part *part)
{
	struct taker *t = arg;

	buf_clear(&t->content);
	buf_addf(t->notes, "%s", part->path);
	assert_string_equal(part->container_type, "x/type");
	assert_int_equal(part->size, -1);
	if (t->most-- > 0)
		return true;
	t->parts.stopped = CONVERT_LIMIT;
	buf_adds(&t->parts.detail, "enough");
	return false;
}

static bool on_bytes(void *arg, const char *bytes, size_t n)
{
	struct taker *t = arg;

	buf_add(&t->content, bytes, n);
	return true;
}

static bool on_fail(void *arg, enum convert_outcome outcome, const char *detail)
{
	struct taker *t = arg;

	buf_addf(t->notes, "!%s (%s);", convert_outcome_word(outcome), detail);
	return true;
}

static bool on_end(void *arg)
{
	struct taker *t = arg;
	struct taker inner;
	struct convert_result result;

	usleep((useconds_t)t->sleep_ms * 1000);
	if (!t->nested) {
		buf_addf(t->notes, "=%.20s;", t->content.data);
		return true;
	}
	taker_init(&inner, t->world, t->notes);
	inner.nested = true;
	buf_adds(t->notes, "<");
	convert_result_init(&result);
	run(t->world, "echo", t->content.data, t->content.len, 0, &inner.parts, &result);
	buf_addf(t->notes, ">=%s %s;", convert_outcome_word(result.outcome),
		result.text.len ? result.text.data : "");
	convert_result_finish(&result);
	buf_finish(&inner.parts.detail);
	buf_finish(&inner.content);
	return true;
}

static void taker_init(struct taker *t, struct world *w, struct buf *notes)
{
	*t = (struct taker){.world = w, .notes = notes, .most = 1000};
	t->parts = (struct convert_parts){
		.begin = on_begin, .bytes = on_bytes, .fail = on_fail, .end = on_end, .arg = t};
}

static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof *w);
	AUTO_BUF b = BUF_INIT;

	snprintf(w->dir, sizeof w->dir, "%s", convert_conf_dir());
	buf_addf(&b, "[converter echo]\nmime = x/echo\nserve = %s echo\ntime = 10s\n", self);
	buf_addf(&b, "[converter brief]\nmime = x/brief\nserve = %s echo\ntime = 500ms\n", self);
	w->config = convert_conf(w->dir, "sandbox = best-effort", b.data);
	assert_int_equal(rules_create(w->config, &w->rules), ST_OK);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", w->dir, 1), 0);
	assert_int_equal(convert_session_create(w->config, jail, &w->stop, &w->session), ST_OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	convert_session_destroy(w->session);
	rules_unref(w->rules);
	config_unref(w->config);
	convert_conf_clean(w->dir);
	test_free(w);
	return 0;
}

static void expect(struct world *w, struct taker *t, const char *converter, const char *document,
	enum convert_outcome outcome, const char *notes)
{
	struct convert_result result;

	convert_result_init(&result);
	run(w, converter, document, strlen(document), 0, &t->parts, &result);
	if (result.outcome != outcome)
		fail_msg("%s: %s (%s)", document, convert_outcome_word(result.outcome),
			result.detail.data);
	if (outcome == CONVERT_LIMIT)
		assert_string_equal(result.detail.data, "enough");
	convert_result_finish(&result);
	assert_string_equal(t->notes->data, notes);
	buf_clear(t->notes);
	buf_finish(&t->content);
	buf_finish(&t->parts.detail);
}

#define LOCKED "locked!encrypted (the document needs a password);"

static void parts_come(void **state)
{
	struct world *w = *state;
	AUTO_BUF notes = BUF_INIT;
	struct taker t;

	taker_init(&t, w, &notes);
	expect(w, &t, "echo", "!parts 2 words", CONVERT_DONE, "dir/0.x=words;dir/1.x=words;" LOCKED);
	expect(w, &t, "echo", "!half", CONVERT_CRASHED, "a");
	expect(w, &t, "echo", "!stray", CONVERT_PROTOCOL, "");
	t.most = 2;
	expect(w, &t, "echo", "!parts 9 words", CONVERT_LIMIT, "dir/0.x=words;dir/1.x=words;dir/2.x");
	/* Nobody takes them. */
	struct convert_result result;
	convert_result_init(&result);
	run(w, "echo", "!parts 2 words", 14, 0, NULL, &result);
	assert_int_equal(result.outcome, CONVERT_DONE);
	convert_result_finish(&result);
}

/* Each depth has a process of its own, and they serve again. */
static void parts_of_parts(void **state)
{
	struct world *w = *state;
	long long launches = stats_get(converter_launches);
	AUTO_BUF notes = BUF_INIT;
	struct taker t;

	for (int i = 0; i < 3; i++) {
		taker_init(&t, w, &notes);
		t.nested = true;
		expect(w, &t, "echo", "!parts 1 !parts 2 deep words", CONVERT_DONE,
			"dir/0.x<dir/0.x<>=done deep words;dir/1.x<>=done deep words;" LOCKED ">=done ;" LOCKED);
	}
	assert_int_equal(stats_get(converter_launches), launches + 3);
	assert_int_equal(convert_session_trim(w->session, 60000), 3);
	assert_int_equal(convert_session_trim(w->session, 0), 0);
}

static void a_part_that_crashes_leaves_its_container(void **state)
{
	struct world *w = *state;
	AUTO_BUF notes = BUF_INIT;
	struct taker t;

	taker_init(&t, w, &notes);
	t.nested = true;
	expect(w, &t, "echo", "!parts 2 !crash", CONVERT_DONE,
		"dir/0.x<>=crashed ;dir/1.x<>=crashed ;" LOCKED);
}

static void the_takers_time_is_its_own(void **state)
{
	struct world *w = *state;
	AUTO_BUF notes = BUF_INIT;
	AUTO_BUF document = BUF_INIT;
	struct taker t;

	/* More than is read at once, so that the clock is looked at in between. */
	buf_adds(&document, "!parts 3 ");
	for (int i = 0; i < 30000; i++)
		buf_adds(&document, "0123456789");
	taker_init(&t, w, &notes);
	t.sleep_ms = 400;
	expect(w, &t, "brief", document.data, CONVERT_DONE,
		"dir/0.x=01234567890123456789;dir/1.x=01234567890123456789;"
		"dir/2.x=01234567890123456789;" LOCKED);
}

static void processes_are_bounded(void **state)
{
	struct world *w = *state;
	struct convert_result result;

	/* As many converters as the versions that this one is given. */
	for (int i = 0; i < 40; i++) {
		convert_result_init(&result);
		converter_of(w, "echo")->version[0]++;
		run(w, "echo", "x", 1, 0, NULL, &result);
		assert_int_equal(result.outcome, CONVERT_DONE);
		convert_result_finish(&result);
	}
	assert_int_equal(convert_session_trim(w->session, 60000), 16);
}

/* In system mode a process serves one owner; else all. */
static void owners(void **state)
{
	struct world *w = *state;
	const uint32_t sequence[] = {1000, 1001, 1000, 1001, 1000};

	for (int system = 0; system < 2; system++) {
		long long launches = stats_get(converter_launches);

		convert_session_destroy(w->session);
		w->config->mode = system ? MODE_SYSTEM : MODE_USER;
		assert_int_equal(convert_session_create(w->config, jail, &w->stop, &w->session), ST_OK);
		for (size_t i = 0; i < sizeof sequence / sizeof *sequence; i++) {
			struct convert_result result;

			convert_result_init(&result);
			run(w, "echo", "x", 1, sequence[i], NULL, &result);
			assert_int_equal(result.outcome, CONVERT_DONE);
			convert_result_finish(&result);
		}
		assert_int_equal(stats_get(converter_launches), launches + (system ? 2 : 1));
	}
}

static void find_programs(void)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *named = getenv("TRAWL_JAIL");

	assert_true(n > 0);
	self[n] = '\0';
	if (named)
		snprintf(jail, sizeof jail, "%s", named);
	else
		snprintf(jail, sizeof jail, "%.*s../trawl-jail", (int)(path_base(self) - self), self);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(parts_come),
		TEST(parts_of_parts),
		TEST(a_part_that_crashes_leaves_its_container),
		TEST(the_takers_time_is_its_own),
		TEST(processes_are_bounded),
		TEST(owners),
	};

	if (argc > 1)
		return evil_play(argv[1]);
	find_programs();
	thread_become(ROLE_WORKER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
