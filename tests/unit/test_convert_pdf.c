/* test_convert_pdf: trawl-convert-pdf over the contract, on the documents of tests/data; run from
 * the source's top. */
#include "converter_child.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child pdf;
static char herring[8192];
static size_t herring_len;

static size_t load(const char *path, char *bytes, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s is not there", path);
	ssize_t n = read(fd, bytes, room);
	close(fd);
	assert_true(n > 0 && (size_t)n < room);
	return (size_t)n;
}

static struct reply ask(const void *bytes, size_t n, uint64_t limit, bool as_file)
{
	struct reply r;

	child_ask(&pdf,
		&(struct question){.name = "a.pdf",
			.type = "application/pdf",
			.limit = limit,
			.bytes = bytes,
			.len = n,
			.as_file = as_file},
		&r);
	return r;
}

static void expect_herring(struct reply r)
{
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.text, "The Herring Fleet\n"));
	/* joined at the end of the line, parted between the cells, a form feed between the pages */
	assert_non_null(strstr(r.text, "still asleep in the hills"));
	assert_non_null(strstr(r.text, "1 Albatros\n2 Bonito\n"));
	assert_non_null(strstr(r.text, "\fSecond page: café and straße."));
	assert_true(reply_says(&r, "\"title\":\"Herring, a report\""));
	assert_true(reply_says(&r, "\"author\":\"A. Fisher\""));
	assert_true(reply_says(&r, "\"created\":1580699106"));
	assert_true(reply_says(&r, "\"pages\":2"));
	reply_finish(&r);
}

static void test_document(void **state)
{
	(void)state;
	expect_herring(ask(herring, herring_len, 0, false));
	expect_herring(ask(herring, herring_len, 0, true));
}

/* Beyond 8 MiB a document is not loaded: bytes behind the end of the file are no fault of a PDF. */
static void test_large_document(void **state)
{
	size_t n = (9 << 20) + 1;
	char *bytes = malloc(n);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, '\n', n);
	memcpy(bytes, herring, herring_len);
	/* the trailer is looked for at the end */
	const char *tail = "startxref\n999\n%%EOF\n";
	memcpy(bytes + n - strlen(tail), tail, strlen(tail));
	expect_herring(ask(bytes, n, 0, false));
	expect_herring(ask(bytes, n, 0, true));
	free(bytes);
}

static void test_limit(void **state)
{
	struct reply r = ask(herring, herring_len, 11, false);

	(void)state;
	assert_string_equal(r.text, "The Herring");
	assert_true(r.truncated);
	reply_finish(&r);
}

static void expect_verdict(const void *bytes, size_t n, int status)
{
	struct reply r = ask(bytes, n, 0, false);

	assert_int_equal(r.status, status);
	assert_int_equal(r.len, 0);
	assert_true(r.detail[0]);
	reply_finish(&r);
}

static void test_verdicts(void **state)
{
	char bytes[8192];

	(void)state;
	expect_verdict(bytes, load("tests/data/herring-damaged.pdf", bytes, sizeof bytes), 65);
	expect_verdict(bytes, load("tests/data/herring-encrypted.pdf", bytes, sizeof bytes), 77);
	expect_verdict("", 0, 65);
	expect_verdict("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", 18, 65);
	expect_verdict("%PDF-1.4\nand nothing", 20, 65);
}

static void test_reroute(void **state)
{
	static const struct {
		const char *bytes, *to;
	} cases[] = {
		{"<!DOCTYPE html><title>404 Not Found</title>", "text/html"},
		{"\n<html><body>moved", "text/html"},
		{"This report could not be made.\n", "text/plain"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].bytes, strlen(cases[i].bytes), 0, false);

		assert_int_equal(r.status, -1);
		assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

/* Every byte of the document changed in turn, and every length of it: an answer each, and the
 * program lives. */
static void test_damage(void **state)
{
	char bytes[sizeof herring];

	(void)state;
	for (size_t i = 0; i < herring_len; i += 3) {
		memcpy(bytes, herring, herring_len);
		bytes[i] = (char)(bytes[i] ^ 0x15);
		struct reply r = ask(bytes, herring_len, 0, false);
		reply_finish(&r);
		if (i > 0 && i % 30 == 0) {
			r = ask(herring, i, 0, false);
			assert_true(r.status == 0 || r.status == 65 || r.status == -1);
			reply_finish(&r);
		}
	}
	expect_herring(ask(herring, herring_len, 0, false));
}

static int start(void **state)
{
	(void)state;
	herring_len = load("tests/data/herring.pdf", herring, sizeof herring);
	child_start(&pdf, "trawl-convert-pdf");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&pdf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_large_document),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_reroute),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
