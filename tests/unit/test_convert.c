/*
 * test_convert: documents through good and bad converters, by both transports.
 *
 * The converters are this program itself (evil.c), started through the real
 * trawl-jail.  After each test no process and no descriptor may be left.
 */
#include "convert/convert.h"

#include "convert_conf.h"
#include "core/lock.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/stats.h"
#include "core/thread.h"
#include "evil.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Long before the limits of 10 s, on a machine that has other things to do. */
enum { SOON_MS = 3000 };

static char jail[PATH_MAX], self[PATH_MAX];

struct world {
	char dir[64];
	struct config *config;
	struct rules *rules;
	struct convert_session *session;
	struct convert_result result;
	struct convert_limits limits;
	atomic_bool stop;
	const char *name, *type;
	int descriptors; /* open before the session was made */
	int64_t took_ms;
};

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* This process is a subreaper, so whatever a converter leaves behind ends up as a child of ours. */
static void assert_no_child(void)
{
	for (int64_t until = now_mono_ms() + 3000; now_mono_ms() < until; usleep(2000)) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return;
		if (pid > 0)
			fail_msg("process %d was left to us", (int)pid);
	}
	fail_msg("a process is left");
}

static void assert_no_private_directory(const struct world *w)
{
	DIR *dir = opendir(w->dir);
	struct dirent *e;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (!strncmp(e->d_name, "trawl-", 6))
			fail_msg("directory %s is left", e->d_name);
	closedir(dir);
}

/* One converter section per word: "name transport part time". */
static void add_converter(
	struct buf *b, const char *name, const char *transport, const char *part, const char *more)
{
	buf_addf(b, "[converter %s]\nmime = x/%s\n%s = %s %s\n%s\n", name, name, transport, self,
		part, more);
}

static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof *w);
	AUTO_BUF b = BUF_INIT;
	static const char *const parts[] = {"cat", "hang", "crash", "endless", "spam", "invalid",
		"big-file", "report", "exit-0", "exit-65", "exit-66", "exit-69",
		"exit-75", "exit-77", "exit-127", "exit-1", "exit-254"};

	snprintf(w->dir, sizeof w->dir, "%s", convert_conf_dir());
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		add_converter(&b, parts[i], "run", parts[i], "time = 10s\n");
	add_converter(&b, "grandchild", "run", "grandchild", "time = 10s\nprocesses = 8\n");
	add_converter(&b, "bomb", "run", "bomb", "time = 10s\nprocesses = 300\n");
	add_converter(&b, "short-hang", "run", "hang", "time = 300ms\n");
	add_converter(&b, "grandchild-hang", "run", "grandchild-hang",
		"time = 300ms\nprocesses = 8\n");
	add_converter(&b, "spam-forever", "run", "spam-forever", "time = 10s\n");
	add_converter(&b, "burn", "run", "burn", "time = 300ms\n");
	add_converter(&b, "eat", "run", "eat", "memory = 256M\n");
	add_converter(&b, "echo", "serve", "echo", "time = 10s\nmemory = 128M\nprocesses = 2\n");
	add_converter(&b, "other", "serve", "echo other", "time = 10s\n");
	add_converter(&b, "brief", "serve", "echo brief", "time = 500ms\n");
	add_converter(&b, "mute", "serve", "mute", "time = 10s\n");
	add_converter(&b, "refuse", "serve", "refuse", "time = 10s\n");
	buf_adds(&b, "[converter absent]\nmime = x/absent\nrun = trawl-no-such\n");
	buf_adds(&b, "[converter gone]\nmime = x/gone\nrun = /nowhere/at/all\n");
	w->config = convert_conf(w->dir, "sandbox = best-effort", b.data);
	assert_int_equal(rules_create(w->config, &w->rules), ST_OK);
	w->descriptors = count_descriptors();
	w->limits.text_bytes = 1 << 20;
	w->name = "name";
	w->type = "x/type";
	assert_int_equal(setenv("XDG_RUNTIME_DIR", w->dir, 1), 0);
	assert_int_equal(convert_session_create(w->config, jail, &w->stop, &w->session), ST_OK);
	convert_result_init(&w->result);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	convert_session_destroy(w->session);
	assert_no_child();
	assert_int_equal(count_descriptors(), w->descriptors);
	assert_no_private_directory(w);
	convert_result_finish(&w->result);
	rules_unref(w->rules);
	config_unref(w->config);
	convert_conf_clean(w->dir);
	test_free(w);
	return 0;
}

static struct converter *converter_of(const struct world *w, const char *name)
{
	for (size_t i = 0; i < rules_count(w->rules); i++)
		if (!strcmp(rules_at(w->rules, i)->name, name))
			return rules_at(w->rules, i);
	fail_msg("no converter %s", name);
	return NULL;
}

static enum status try_convert(struct world *w, const char *converter, const char *bytes, size_t n)
{
	int fd = memfd_create("document", MFD_CLOEXEC);
	int64_t began = now_mono_ms();

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, 0), n);
	enum status st = convert_run(w->session,
		&(struct convert_request){
			.fd = fd,
			.name = w->name,
			.type = w->type,
			.size = (int64_t)n,
			.converter = converter_of(w, converter),
			.rules = w->rules,
		},
		&w->limits, &w->result);
	w->took_ms = now_mono_ms() - began;
	close(fd);
	return st;
}

static void convert(struct world *w, const char *converter, const char *document)
{
	assert_int_equal(try_convert(w, converter, document, strlen(document)), ST_OK);
	assert_true(utf8_valid(w->result.text.data, w->result.text.len));
	assert_true(w->result.text.len <= (size_t)w->limits.text_bytes);
	assert_true(utf8_valid(w->result.output.data, w->result.output.len));
}

static void expect(struct world *w, const char *converter, const char *document,
	enum convert_outcome outcome, const char *detail)
{
	convert(w, converter, document);
	if (w->result.outcome != outcome)
		fail_msg("%s, %s: %s (%s) and not %s", converter, document,
			convert_outcome_word(w->result.outcome), w->result.detail.data,
			convert_outcome_word(outcome));
	if (outcome != CONVERT_DONE)
		assert_int_equal(w->result.text.len, 0);
	if (!strstr(w->result.detail.data ? w->result.detail.data : "", detail))
		fail_msg("%s, %s: \"%s\" without \"%s\"", converter, document,
			w->result.detail.data, detail);
}

static void expect_text(
	struct world *w, const char *converter, const char *document, const char *text)
{
	expect(w, converter, document, CONVERT_DONE, "");
	assert_string_equal(w->result.text.data ? w->result.text.data : "", text);
	assert_int_equal(w->result.detail.len, 0);
}

/* --- one-shot --- */

static void oneshot_text(void **state)
{
	struct world *w = *state;

	expect_text(w, "cat", "the words", "the words");
	assert_false(w->result.truncated);
	assert_string_equal(w->result.type.data, "x/type");
	assert_string_equal(w->result.converter->name, "cat");
	expect_text(w, "cat", "", "");
	expect_text(
		w, "invalid", "", "ok \xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd nul: :end");
}

static void oneshot_statuses(void **state)
{
	struct world *w = *state;

	expect(w, "exit-0", "x", CONVERT_DONE, "");
	expect(w, "exit-65", "x", CONVERT_DAMAGED, "damaged");
	expect(w, "exit-66", "x", CONVERT_BINARY, "no text");
	expect(w, "exit-69", "x", CONVERT_UNAVAILABLE, "cannot work");
	expect(w, "exit-75", "x", CONVERT_RETRY, "later");
	expect(w, "exit-77", "x", CONVERT_ENCRYPTED, "password");
	expect(w, "exit-127", "x", CONVERT_UNAVAILABLE, "not installed");
	expect(w, "exit-1", "x", CONVERT_CRASHED, "status 1");
	/* The launcher's own number is not to be had by a converter. */
	expect(w, "exit-254", "x", CONVERT_CRASHED, "status 255");
}

static void oneshot_missing(void **state)
{
	struct world *w = *state;

	expect(w, "absent", "x", CONVERT_UNAVAILABLE, "trawl-no-such is not installed");
	expect(w, "gone", "x", CONVERT_UNAVAILABLE, "not installed");
	/* It was there when the rules were made, and is gone at the launch. */
	converter_of(w, "gone")->missing = false;
	expect(w, "gone", "x", CONVERT_UNAVAILABLE, "not installed");
	assert_non_null(strstr(w->result.output.data, "/nowhere/at/all"));
}

static void oneshot_crash(void **state)
{
	struct world *w = *state;
	long long failures = stats_get(conversion_failures);

	expect(w, "crash", "x", CONVERT_CRASHED, "signal 11");
	assert_string_equal(w->result.output.data, "about to crash\n");
	assert_int_equal(stats_get(conversion_failures), failures + 1);
}

static void oneshot_hang(void **state)
{
	struct world *w = *state;

	expect(w, "short-hang", "x", CONVERT_TIMED_OUT, "0.3 s");
	assert_true(w->took_ms >= 300 && w->took_ms < SOON_MS);
	expect(w, "burn", "x", CONVERT_TIMED_OUT, "0.3 s");
}

static void oneshot_without_end(void **state)
{
	struct world *w = *state;

	for (w->limits.text_bytes = 100000; w->limits.text_bytes < 100004; w->limits.text_bytes++) {
		expect(w, "endless", "x", CONVERT_DONE, "");
		assert_true(w->result.truncated);
		/* Cut at a character: whole ones of three bytes, as many as fit. */
		assert_int_equal(w->result.text.len, w->limits.text_bytes / 3 * 3);
	}
	w->limits.text_bytes = 9;
	expect_text(w, "cat", "123456789", "123456789");
	assert_false(w->result.truncated);
	expect_text(w, "cat", "1234567890", "123456789");
	assert_true(w->result.truncated);
	w->limits.text_bytes = 0;
	expect_text(w, "cat", "1234567890", "");
	assert_true(w->result.truncated);
}

static void oneshot_spam(void **state)
{
	struct world *w = *state;

	expect(w, "spam", "x", CONVERT_DAMAGED, "damaged");
	assert_true(w->result.output.len >= 4096 && w->result.output.len < 3 * 4096);
	expect(w, "spam-forever", "x", CONVERT_OUTPUT_LIMIT, "diagnostics");
	assert_true(w->took_ms < SOON_MS);
}

static void oneshot_grandchild(void **state)
{
	struct world *w = *state;

	expect_text(w, "grandchild", "x", "text of the parent");
	assert_true(w->took_ms < SOON_MS);
	assert_no_child();
	expect(w, "grandchild-hang", "x", CONVERT_TIMED_OUT, "");
	assert_true(w->took_ms < SOON_MS);
	assert_no_child();
	expect(w, "bomb", "x", CONVERT_DONE, "");
	assert_no_child();
}

static void oneshot_limits(void **state)
{
	struct world *w = *state;

	expect(w, "big-file", "x", CONVERT_DAMAGED, "");
	if (!TRAWL_SANITIZED)
		expect(w, "eat", "x", CONVERT_DAMAGED, "");
}

static void oneshot_surroundings(void **state)
{
	struct world *w = *state;
	AUTO_BUF dir = BUF_INIT;

	w->name = "na me\n\xff";
	int spare = dup(0); /* not for the converter, though it lacks CLOEXEC */
	assert_true(spare > 3);
	expect(w, "report", "x", CONVERT_DONE, "");
	close(spare);
	const char *text = w->result.text.data;
	for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
		static const char *const known[] = {"env PATH=/usr/local/bin:/usr/bin:/bin\n",
			"env LANG=C.UTF-8\n", "env TMPDIR=", "env TRAWL_NAME=na me\n",
			"env TRAWL_TYPE=x/type\n", "env TRAWL_LIMIT=1048576\n", "env ASAN_OPTIONS=",
			"env UBSAN_OPTIONS=", "env TSAN_OPTIONS=", "\xef\xbf\xbd\n", "fd 0\n",
			"fd 1\n", "fd 2\n", "cwd ", "files 64\n", "blocked 0\n", "pipe default\n"};
		size_t i = 0, count = sizeof known / sizeof known[0];

		while (i < count && strncmp(at, known[i], strlen(known[i])) != 0)
			i++;
		if (i == count)
			fail_msg("unexpected: %.*s", (int)(end - at), at);
	}
	/* With a root directory of its own it is in there. */
	buf_addf(&dir, "cwd %s/trawl-", w->dir);
	assert_true(strstr(text, "cwd /tmp/work\n") || strstr(text, dir.data));
	assert_non_null(strstr(text, "env TRAWL_LIMIT=1048576\n"));
	assert_non_null(strstr(text, "fd 2\n"));
}

/* --- persistent --- */

/* The process below `top` that was started as "SELF echo"; 0: none. */
static pid_t find_echo(pid_t top)
{
	char path[64], text[1024] = "", line[PATH_MAX + 64];
	pid_t found = 0;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)top);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(line, 1, sizeof line, f) : 0;
	if (f)
		fclose(f);
	size_t name = strlen(self) + 1;
	if (n == name + sizeof "echo" && !strcmp(line, self) && !strcmp(line + name, "echo"))
		return top;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)top, (int)top);
	f = fopen(path, "r");
	if (!f)
		return 0;
	(void)!fgets(text, sizeof text, f);
	fclose(f);
	char *at = text, *end;
	for (long pid = strtol(at, &end, 10); end != at && !found; pid = strtol(at, &end, 10)) {
		found = find_echo((pid_t)pid);
		at = end;
	}
	return found;
}

/* What tells one of its processes from another; in their own namespaces all have the same number. */
static long long mark_of_echo(struct world *w)
{
	expect(w, "echo", "!mark", CONVERT_DONE, "");
	return atoll(w->result.text.data);
}

static pid_t pid_of_echo(struct world *w)
{
	expect_text(w, "echo", "running", "running");
	pid_t pid = find_echo(getpid());
	assert_int_not_equal(pid, 0);
	return pid;
}

static void persist_text(void **state)
{
	struct world *w = *state;
	long long launches = stats_get(converter_launches);
	char *big = test_malloc(1000001);

	expect_text(w, "echo", "one", "one");
	expect_text(w, "echo", "", "");
	expect_text(w, "echo", "three", "three");
	for (size_t i = 0; i < 1000000; i++)
		big[i] = (char)('a' + i % 26);
	big[1000000] = '\0';
	expect_text(w, "echo", big, big);
	expect_text(w, "echo", "bad \xff, cut \xc3", "bad \xef\xbf\xbd, cut \xef\xbf\xbd");
	assert_int_equal(try_convert(w, "echo", "nul\0nul", 7), ST_OK);
	assert_string_equal(w->result.text.data, "nul nul");
	expect_text(w, "echo", "!slow",
		"gr\xc3\xbc\xc3\x9f"
		"e");
	assert_string_equal(w->result.meta.data, "{\"title\":\"\"}");
	expect_text(w, "echo", "after", "after");
	assert_int_equal(w->result.meta.len, 0);
	assert_int_equal(stats_get(converter_launches), launches + 1);
	w->limits.text_bytes = 500000;
	convert(w, "echo", big);
	assert_int_equal(w->result.text.len, 500000);
	assert_true(w->result.truncated);
	test_free(big);
}

static void persist_request(void **state)
{
	struct world *w = *state;

	w->name = "a\"b\\c\n\xff.txt";
	w->type = "text/x-\"";
	expect_text(w, "echo", "!request",
		"{\"name\":\"a\\\"b\\\\c\\u000a\xef\xbf\xbd.txt\",\"type\":\"text/x-\\\"\","
		"\"limit\":1048576,\"size\":8}");
}

static void persist_verdicts(void **state)
{
	struct world *w = *state;
	long long mark = mark_of_echo(w);

	expect(w, "echo", "!damaged", CONVERT_DAMAGED, "bad page tree");
	assert_string_equal(w->result.output.data, "no trailer\n");
	expect(w, "echo", "!status 66", CONVERT_BINARY, "no text");
	expect(w, "echo", "!status 69", CONVERT_UNAVAILABLE, "cannot work");
	expect(w, "echo", "!status 75", CONVERT_RETRY, "later");
	expect(w, "echo", "!status 77", CONVERT_ENCRYPTED, "password");
	/* A clean verdict costs no process; one that is none does. */
	assert_int_equal(mark_of_echo(w), mark);
	assert_int_equal(w->result.output.len, 0);
	expect(w, "echo", "!status 42", CONVERT_PROTOCOL, "status 42");
	assert_int_not_equal(mark_of_echo(w), mark);
}

static void persist_crashes(void **state)
{
	struct world *w = *state;

	expect_text(w, "echo", "before", "before");
	expect(w, "echo", "!crash", CONVERT_CRASHED, "signal 11");
	expect_text(w, "echo", "between", "between");
	expect(w, "echo", "!kill", CONVERT_CRASHED, "signal 9");
	expect(w, "echo", "!kill", CONVERT_CRASHED, "signal 9");
	expect(w, "echo", "!exit 0", CONVERT_CRASHED, "middle");
	expect(w, "echo", "!exit 3", CONVERT_CRASHED, "status 3");
	expect(w, "echo", "!grandchild", CONVERT_CRASHED, "status 3");
	assert_true(w->took_ms < SOON_MS);
	assert_no_child();
	expect_text(w, "echo", "after", "after");
}

static void persist_contract(void **state)
{
	struct world *w = *state;

	expect(w, "echo", "!garbage HTTP/1.1 200 OK\r\n", CONVERT_PROTOCOL, "unknown type");
	expect(w, "echo", "!stray", CONVERT_PROTOCOL, "bytes of no part");
	expect(w, "echo", "!metadata", CONVERT_OUTPUT_LIMIT, "metadata");
	expect(w, "brief", "!hang", CONVERT_TIMED_OUT, "0.5 s");
	assert_true(w->took_ms >= 500 && w->took_ms < SOON_MS);
	w->limits.text_bytes = 1000;
	expect(w, "echo", "!endless", CONVERT_DONE, "");
	assert_true(w->result.truncated);
	assert_int_equal(w->result.text.len, 1000);
	expect(w, "mute", "x", CONVERT_CRASHED, "closed its socket");
	assert_true(w->took_ms < SOON_MS);
	expect(w, "refuse", "x", CONVERT_UNAVAILABLE, "cannot work");
	assert_string_equal(w->result.output.data, "no licence\n");
	expect_text(w, "echo", "after", "after");
}

/* A process that is gone when the document comes is not the document's fault. */
static void persist_dies_between(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		long long launches = stats_get(converter_launches);

		expect_text(w, "echo", "!leave", "going");
		/* Both races: it is leaving still, or it is gone. */
		if (i % 2)
			usleep(10000);
		expect_text(w, "echo", "next", "next");
		assert_int_equal(stats_get(converter_launches), launches + (i ? 1 : 2));
		pid_t pid = pid_of_echo(w);
		assert_int_equal(kill(pid, SIGKILL), 0);
		if (i % 2)
			usleep(10000);
		launches = stats_get(converter_launches);
		expect_text(w, "echo", "next", "next");
		assert_int_equal(stats_get(converter_launches), launches + 1);
	}
}

static void reroutes(void **state)
{
	struct world *w = *state;

	expect(w, "echo", "!reroute x/cat", CONVERT_DONE, "");
	assert_string_equal(w->result.text.data, "!reroute x/cat");
	assert_string_equal(w->result.type.data, "x/cat");
	assert_string_equal(w->result.converter->name, "cat");
	expect(w, "echo", "!reroute x/nobody", CONVERT_NO_CONVERTER, "x/nobody");
	assert_string_equal(w->result.type.data, "x/nobody");
	expect(w, "echo", "!reroute x/absent", CONVERT_UNAVAILABLE, "");
	expect(w, "echo", "!reroute x/echo", CONVERT_PROTOCOL, "more than 3 times");
	expect(w, "echo", "!reroute x/other", CONVERT_PROTOCOL, "more than 3 times");
	expect(w, "echo", "!reroute other", CONVERT_PROTOCOL, "MIME");
}

static void recycling(void **state)
{
	struct world *w = *state;
	long long mark = mark_of_echo(w);

	/* By growth, seen at the 64th document. */
	if (!TRAWL_SANITIZED) {
		expect_text(w, "echo", "!grow", "");
		for (int i = 0; i < 61; i++)
			expect_text(w, "echo", "x", "x");
		assert_int_equal(mark_of_echo(w), mark);
		assert_int_not_equal(mark_of_echo(w), mark);
		mark = mark_of_echo(w);
	}
	/* By idleness. */
	expect_text(w, "other", "x", "x");
	assert_int_equal(convert_session_trim(w->session, 60000), 2);
	usleep(20000);
	expect_text(w, "other", "x", "x");
	assert_int_equal(convert_session_trim(w->session, 15), 1);
	assert_int_not_equal(mark_of_echo(w), mark);
	/* By a change of its program. */
	mark = mark_of_echo(w);
	converter_of(w, "echo")->version[3] ^= 1;
	assert_int_not_equal(mark_of_echo(w), mark);
	assert_int_equal(convert_session_trim(w->session, 0), 0);
	assert_no_child();
	/* By its own end, however short it was idle. */
	assert_int_equal(kill(pid_of_echo(w), SIGKILL), 0);
	usleep(50000);
	assert_int_equal(convert_session_trim(w->session, 60000), 0);
	assert_no_child();
	/* By number. */
	w->limits.text_bytes = 100;
	mark = mark_of_echo(w);
	for (int i = 0; i < 9998; i++)
		assert_int_equal(try_convert(w, "echo", "x", 1), ST_OK);
	assert_int_equal(mark_of_echo(w), mark);
	assert_int_not_equal(mark_of_echo(w), mark);
}

/* --- the daemon's side --- */

struct stopper {
	struct world *w;
	bool wake;
};

static void *stop_soon(void *arg)
{
	struct stopper *s = arg;

	usleep(100000);
	atomic_store(&s->w->stop, true);
	if (s->wake)
		convert_session_wake(s->w->session);
	return NULL;
}

static void stopping(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 4; i++) {
		struct stopper s = {.w = w, .wake = i % 2};
		pthread_t thread;

		atomic_store(&w->stop, false);
		if (!s.wake) /* an old call without a reason is no reason */
			convert_session_wake(w->session);
		assert_int_equal(pthread_create(&thread, NULL, stop_soon, &s), 0);
		expect(w, i < 2 ? "hang" : "echo", "!hang", CONVERT_CANCELED, "stopped");
		assert_true(w->took_ms >= 90 && w->took_ms < SOON_MS);
		pthread_join(thread, NULL);
	}
	long long launches = stats_get(converter_launches);
	expect(w, "cat", "x", CONVERT_CANCELED, "stopped");
	assert_int_equal(stats_get(converter_launches), launches);
}

static void cannot_launch(void **state)
{
	struct world *w = *state;
	struct rlimit before, few;
	struct convert_session *lost;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t n = (rlim_t)w->descriptors - 2; n < (rlim_t)w->descriptors + 8; n++) {
		few = (struct rlimit){n, before.rlim_max};
		int fd = memfd_create("document", MFD_CLOEXEC);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		for (int i = 0; i < 2; i++) {
			struct convert_request req = {.fd = fd,
				.name = "x",
				.type = "x/y",
				.converter = converter_of(w, i ? "echo" : "cat"),
				.rules = w->rules};
			assert_int_equal(
				convert_run(w->session, &req, &w->limits, &w->result), ST_OK);
			if (w->result.outcome != CONVERT_DONE)
				assert_int_equal(w->result.outcome, CONVERT_LAUNCH_FAILED);
		}
		assert_int_equal(convert_session_trim(w->session, 0), 0);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		close(fd);
		assert_no_child();
	}
	/* A launcher that is not there. */
	assert_int_equal(
		convert_session_create(w->config, "/nowhere/trawl-jail", &w->stop, &lost), ST_OK);
	struct convert_session *mine = w->session;
	w->session = lost;
	expect(w, "cat", "x", CONVERT_LAUNCH_FAILED, "No such file");
	expect(w, "echo", "x", CONVERT_LAUNCH_FAILED, "No such file");
	w->session = mine;
	convert_session_destroy(lost);
	/* A directory that cannot be made, where one has to be. */
	w->config->sandbox = SANDBOX_OFF;
	char base[128];
	snprintf(base, sizeof base, "%s/vanishes", w->dir);
	assert_int_equal(mkdir(base, 0700), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", base, 1), 0);
	assert_int_equal(convert_session_create(w->config, jail, &w->stop, &lost), ST_OK);
	assert_int_equal(rmdir(base), 0);
	w->session = lost;
	expect(w, "cat", "x", CONVERT_LAUNCH_FAILED, "could not be started");
	expect(w, "echo", "x", CONVERT_LAUNCH_FAILED, "could not be started");
	assert_non_null(strstr(w->result.output.data, "vanishes"));
	w->session = mine;
	convert_session_destroy(lost);
}

static void without_memory(void **state)
{
	struct world *w = *state;
	static const char *const documents[] = {"cat", "some text", "echo", "!slow", "echo",
		"!reroute x/cat", "crash", "x", "echo", "!damaged"};

	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i += 2) {
		enum status st = ST_NOMEM;

		for (unsigned long n = 1; st == ST_NOMEM; n++) {
			const char *document = documents[i + 1];

			convert_result_finish(&w->result);
			convert_session_trim(w->session, 0);
			mem_fail_at(n, 0);
			st = try_convert(w, documents[i], document, strlen(document));
			mem_fail_at(0, 0);
			assert_true(st == ST_OK || st == ST_NOMEM);
		}
	}
	expect_text(w, "cat", "after", "after");
}

/* A launcher that lacks a layer, as a script. */
static void make_lame(const struct world *w, const char *layers, char *path, size_t room)
{
	AUTO_BUF script = BUF_INIT;

	buf_addf(&script, "#!/bin/sh\nexec %s-test -w %s \"$@\"\n", jail, layers);
	convert_conf_write(w->dir, "lame", script.data);
	snprintf(path, room, "%s/lame", w->dir);
	assert_int_equal(chmod(path, 0700), 0);
}

static void sandbox_required(void **state)
{
	struct world *w = *state;
	struct convert_session *mine = w->session, *strict;
	char lame[128];

	w->config->sandbox = SANDBOX_REQUIRED;
	assert_int_equal(convert_session_create(w->config, jail, &w->stop, &strict), ST_OK);
	w->session = strict;
	expect_text(w, "cat", "x", "x");
	expect_text(w, "echo", "x", "x");
	convert_session_destroy(strict);
	make_lame(w, "seccomp", lame, sizeof lame);
	assert_int_equal(convert_session_create(w->config, lame, &w->stop, &strict), ST_OK);
	w->session = strict;
	expect(w, "cat", "x", CONVERT_UNAVAILABLE, "");
	assert_non_null(strstr(w->result.output.data, "sandbox = required"));
	expect(w, "echo", "x", CONVERT_UNAVAILABLE, "");
	assert_non_null(strstr(w->result.output.data, "sandbox = required"));
	w->session = mine;
	convert_session_destroy(strict);
}

static void probing(void **state)
{
	struct world *w = *state;
	AUTO_BUF json = BUF_INIT;
	AUTO_BUF found = BUF_INIT;

	assert_int_equal(convert_probe_sandbox(jail, w->config, &json), ST_OK);
	assert_non_null(strstr(json.data,
		"{\"mode\":\"best-effort\",\"layers\":{\"no_new_privs\":true,\"capabilities\":true,"
		"\"rlimits\":true,\"namespaces\":"));
	assert_non_null(strstr(json.data, "\"seccomp\":true},\"landlock_abi\":"));
	assert_non_null(strstr(json.data, "\"satisfied\":true"));
	buf_clear(&json);
	assert_int_equal(convert_probe_sandbox("/bin/true", w->config, &json), ST_PROTOCOL);
	assert_int_equal(convert_probe_sandbox("/nowhere", w->config, &json), ST_SYSTEM);
	assert_int_equal(setenv("TRAWL_JAIL", "/some/where", 1), 0);
	assert_int_equal(convert_find_jail(&found), ST_OK);
	assert_string_equal(found.data, "/some/where");
	unsetenv("TRAWL_JAIL");
	assert_no_child();
}

/* Any one of the launcher's two processes may be killed: nothing stays. */
static void launcher_killed(void **state)
{
	struct world *w = *state;

	for (int which = 0; which < 2; which++) {
		pid_t converter = pid_of_echo(w), up = converter;
		char path[64], text[512];

		for (int i = 0; i <= which; i++) {
			snprintf(path, sizeof path, "/proc/%d/stat", (int)up);
			FILE *f = fopen(path, "r");
			assert_non_null(f);
			assert_non_null(fgets(text, sizeof text, f));
			fclose(f);
			up = (pid_t)atoi(strrchr(text, ')') + 4);
		}
		assert_int_equal(kill(up, SIGKILL), 0);
		for (int64_t until = now_mono_ms() + 2000; kill(converter, 0) == 0; usleep(1000))
			assert_true(now_mono_ms() < until);
		expect_text(w, "echo", "after", "after");
		/* The keeper that outlives its launcher comes to us. */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* The daemon is killed while converters run: they go too. */
static void daemon_killed(void **state)
{
	struct world *w = *state;
	pid_t child = fork();

	if (child == 0) {
		struct convert_session *s;
		int fd = memfd_create("document", MFD_CLOEXEC);

		if (convert_session_create(w->config, jail, &w->stop, &s) != ST_OK)
			_exit(1);
		struct convert_request req = {.fd = fd,
			.name = "x",
			.type = "x/y",
			.converter = converter_of(w, "echo"),
			.rules = w->rules};
		if (convert_run(s, &req, &w->limits, &w->result) != ST_OK)
			_exit(2);
		req.converter = converter_of(w, "hang");
		(void)!convert_run(s, &req, &w->limits, &w->result);
		_exit(3);
	}
	usleep(200000);
	assert_int_equal(kill(child, SIGKILL), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	/* Its launchers were handed to us, and end by themselves. */
	int64_t until = now_mono_ms() + 3000;
	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		assert_true(now_mono_ms() < until);
		usleep(2000);
	}
	assert_int_equal(errno, ECHILD);
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(convert_outcome_word(CONVERT_DONE), "done");
	assert_string_equal(convert_outcome_word(CONVERT_CANCELED), "canceled");
	assert_true(convert_outcome_charged(CONVERT_CRASHED));
	assert_true(convert_outcome_charged(CONVERT_PROTOCOL));
	assert_false(convert_outcome_charged(CONVERT_DAMAGED));
	assert_false(convert_outcome_charged(CONVERT_LAUNCH_FAILED));
}

/* build/unit/test_convert: the launcher is one level up, or beside. */
static void find_programs(void)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *named = getenv("TRAWL_JAIL");

	assert_true(n > 0);
	self[n] = '\0';
	if (named) {
		snprintf(jail, sizeof jail, "%s", named);
		return;
	}
	for (int up = 0; up < 2; up++) {
		snprintf(jail, sizeof jail, "%.*s%s/trawl-jail", (int)(path_base(self) - self),
			self, up ? ".." : ".");
		if (access(jail, X_OK) == 0)
			return;
	}
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(oneshot_text),
		TEST(oneshot_statuses),
		TEST(oneshot_missing),
		TEST(oneshot_crash),
		TEST(oneshot_hang),
		TEST(oneshot_without_end),
		TEST(oneshot_spam),
		TEST(oneshot_grandchild),
		TEST(oneshot_limits),
		TEST(oneshot_surroundings),
		TEST(persist_text),
		TEST(persist_request),
		TEST(persist_verdicts),
		TEST(persist_crashes),
		TEST(persist_contract),
		TEST(persist_dies_between),
		TEST(reroutes),
		TEST(recycling),
		TEST(stopping),
		TEST(cannot_launch),
		TEST(without_memory),
		TEST(sandbox_required),
		TEST(probing),
		TEST(launcher_killed),
		TEST(daemon_killed),
		TEST(words),
	};

	if (argc > 1)
		return evil_play(argv[1]);
	find_programs();
	thread_become(ROLE_WORKER);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
