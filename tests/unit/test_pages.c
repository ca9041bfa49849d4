/* test_pages: what lib/pages makes of lines, hyphens, notes and pages, and lib/bidi_line of lines
 * that are read from right to left. */
#include "bidi_line.h"
#include "pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct answer *out;
static int out_fd;
static struct pages pages;

static void begin(uint64_t limit)
{
	assert_int_equal(ftruncate(out_fd, 0), 0);
	lseek(out_fd, 0, SEEK_SET);
	answer_begin(out, limit);
	pages_init(&pages, out);
}

static const char *end(void)
{
	static char said[4096];

	pages_finish(&pages);
	answer_end(out, ANSWER_DONE);
	ssize_t n = pread(out_fd, said, sizeof said - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	return said;
}

static void expect(const char *drawn, const char *read)
{
	begin(4096);
	pages_begin(&pages);
	pages_put_utf8(&pages, drawn, strlen(drawn));
	assert_string_equal(end(), read);
}

static void test_hyphens(void **state)
{
	(void)state;
	expect("in the har-\nbour\n", "in the harbour\n");
	expect("\xc3\xbc"
	       "ber\xc2\xad\ngro\xc3\x9f\n",
		"\xc3\xbc"
		"bergro\xc3\x9f\n");
	expect("har-\n  bour\n", "harbour\n");
	expect("the Anna-\nMaria\n", "the Anna-\nMaria\n");
	expect("1-\n2\n", "1-\n2\n");
	expect("well-known", "well-known");
	expect("soft\xc2\xad"
	       "ly",
		"softly");
	expect("end-", "end-");
	expect("end-\n", "end-\n");
	expect("a -\nb", "a -\nb");
}

static void test_blanks(void **state)
{
	(void)state;
	expect("  a   b \n\n\n\n  c", "a b \n\nc");
	expect("a\x80z", "a\xef\xbf\xbdz");
}

static void test_pages_and_notes(void **state)
{
	(void)state;
	begin(4096);
	pages_begin(&pages);
	pages_put_utf8(&pages, "one", 3);
	pages_note(&pages, "  a note\r\n ", 11);
	pages_note(&pages, " \n", 2);
	pages_begin(&pages);
	pages_put_utf8(&pages, "tw\n", 3);
	pages_begin(&pages);
	assert_string_equal(end(), "one\na note\n\ftw\n\f");
}

static void test_limit(void **state)
{
	(void)state;
	begin(5);
	pages_begin(&pages);
	for (int i = 0; i < 3 * PAGES_ROOM; i++)
		pages_put(&pages, 'x');
	assert_false(pages_begin(&pages));
	assert_string_equal(end(), "xxxxx");
}

/* Letters a unit wide from left to right, as drawn; a blank in `drawn` is a gap. */
static const char *turned(const char *drawn, bool from_right)
{
	static char read[256];
	struct placed line[64];
	size_t n = 0, len = 0;
	float at = from_right ? 1000 : 0;

	for (const char *p = drawn; *p; p++) {
		/* capitals are Hebrew here */
		bool hebrew = *p >= 'A' && *p <= 'Z';
		struct placed next = {(uint32_t)*p + (hebrew ? 0x5d0 - 'A' : 0), at, at + 1};

		if (*p != ' ' && n > 0 && bidi_is_apart(&line[n - 1], &next))
			line[n++] = (struct placed){' ', next.left, next.left};
		if (*p != ' ')
			line[n++] = next;
		at += from_right ? -1 : 1;
	}
	bidi_line_order(line, n);
	for (size_t i = 0; i < n; i++)
		read[len++] = (char)(line[i].c >= 0x5d0 ? line[i].c - 0x5d0 + 'A' : line[i].c);
	read[len] = '\0';
	return read;
}

static void test_right_to_left(void **state)
{
	(void)state;
	assert_string_equal(turned("FED CBA", false), "ABC DEF");
	assert_string_equal(turned("ABC DEF", true), "ABC DEF");
	assert_string_equal(turned("FED 12 CBA", false), "ABC 12 DEF");
	assert_string_equal(
		turned("see also FED CBA, page 12", false), "see also ABC DEF, page 12");
	assert_string_equal(turned("HGFED word CBA", false), "ABC word DEFGH");
	assert_string_equal(turned("plain", false), "plain");
	assert_string_equal(turned("", false), "");
}

static int start(void **state)
{
	(void)state;
	out_fd = memfd_create("answer", MFD_CLOEXEC);
	out = answer_create(out_fd, false);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	answer_destroy(out);
	close(out_fd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hyphens),
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_pages_and_notes),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_right_to_left),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
