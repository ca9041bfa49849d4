/* converter_fixture: answers held against a table; see converter_fixture.h. */
#include "converter_fixture.h"

#include "dice.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { FLIPS_MOST = 8, CUTS = 16 };

char *fixture_load(const char *path, size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		fail_msg("%s is not there", path);
	*n = (size_t)st.st_size;
	char *bytes = malloc(*n + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *n), *n);
	close(fd);
	return bytes;
}

static struct reply ask(
	struct child *c, const struct fixture *f, const char *bytes, size_t n, bool as_file)
{
	const char *slash = strrchr(f->path, '/');
	struct reply r;

	child_ask(c,
		&(struct question){.name = slash ? slash + 1 : f->path,
			.type = f->type,
			.bytes = bytes,
			.len = n,
			.as_file = as_file},
		&r);
	return r;
}

static void expect(const struct fixture *f, struct reply r)
{
	if (r.status != 0)
		fail_msg("%s: status %d, %s", f->path, r.status, r.detail);
	for (size_t i = 0; i < 8 && f->words[i]; i++)
		if (!strstr(r.text, f->words[i]))
			fail_msg("%s: no %s in %s", f->path, f->words[i], r.text);
	for (size_t i = 0; i < 8 && f->pairs[i]; i++)
		if (!reply_says(&r, f->pairs[i]))
			fail_msg("%s: no %s in %s", f->path, f->pairs[i], r.meta);
	if (f->never && strstr(r.text, f->never))
		fail_msg("%s: %s is in %s", f->path, f->never, r.text);
	reply_finish(&r);
}

void fixture_expect(struct child *c, const struct fixture *f)
{
	size_t n;
	char *bytes = fixture_load(f->path, &n);

	expect(f, ask(c, f, bytes, n, false));
	expect(f, ask(c, f, bytes, n, true));
	free(bytes);
}

/* What a damaged document may lead to: words after all, or a verdict, or another type. */
static void expect_some_answer(const struct fixture *f, struct reply r)
{
	static const int verdicts[] = {-1, 0, 65, 66, 73, 77};
	size_t i = 0;

	while (i < sizeof verdicts / sizeof verdicts[0] && verdicts[i] != r.status)
		i++;
	if (i == sizeof verdicts / sizeof verdicts[0])
		fail_msg("%s: status %d, %s", f->path, r.status, r.detail);
	reply_finish(&r);
}

void fixture_damage(struct child *c, const struct fixture *f, int count)
{
	size_t n;
	char *whole = fixture_load(f->path, &n), *bytes = malloc(n + 1);
	struct dice seed = {5};

	assert_non_null(bytes);
	for (int i = 0; i < count; i++) {
		memcpy(bytes, whole, n);
		for (uint64_t flips = 1 + dice_below(&seed, FLIPS_MOST); flips; flips--)
			bytes[dice_below(&seed, n)] ^= (char)(1 << dice_below(&seed, 8));
		expect_some_answer(f, ask(c, f, bytes, n, false));
	}
	for (size_t i = 0; i < CUTS; i++)
		expect_some_answer(f, ask(c, f, whole, n * i / CUTS, false));
	expect(f, ask(c, f, whole, n, false));
	free(bytes);
	free(whole);
}

void fixture_verdict(struct child *c, const char *type, const void *bytes, size_t n, int status)
{
	struct fixture f = {.path = "document", .type = type};
	struct reply r = ask(c, &f, bytes, n, false);

	if (r.status != status)
		fail_msg("status %d, %s instead of %d", r.status, r.detail, status);
	assert_true(r.detail[0]);
	reply_finish(&r);
}

/* --- a whole suite --- */

static struct run {
	const struct fixture_suite *suite;
	struct child child;
} the_run;

static void test_documents(void **state)
{
	struct run *run = *state;

	for (size_t i = 0; i < run->suite->count; i++)
		fixture_expect(&run->child, &run->suite->fixtures[i]);
}

static void test_others(void **state)
{
	static const char html[] = "<!DOCTYPE html><title>Moved</title><p>Elsewhere.";
	struct run *run = *state;
	const char *type = run->suite->fixtures[0].type;

	fixture_verdict(&run->child, type, html, strlen(html), -1);
	run->suite->others(&run->child, type);
}

static void test_damage(void **state)
{
	struct run *run = *state;

	for (size_t i = 0; i < run->suite->count; i++)
		fixture_damage(&run->child, &run->suite->fixtures[i], run->suite->damaged);
}

static int start(void **state)
{
	*state = &the_run;
	child_start(&the_run.child, the_run.suite->program);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&the_run.child);
	return 0;
}

int fixture_main(const struct fixture_suite *suite)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_damage),
	};

	the_run.suite = suite;
	if (!child_is_built(suite->program)) {
		printf("%s is not built here: left out\n", suite->program);
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
