/* test_convert_roff: trawl-convert-roff over the contract: macros, escapes, and what only looks
 * like a manual page. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child roff;

static struct reply ask(const char *text)
{
	struct reply r;

	child_ask(&roff, &(struct question){.name = "a.1", .bytes = text, .len = strlen(text)}, &r);
	return r;
}

static void test_text(void **state)
{
	static const struct {
		const char *page, *want;
	} cases[] = {
		{".TH A 1\nb", "b"},
		{".TH A 1\n.SH NAME\na \\- b\n", "NAME\na - b"},
		{".TH A 1\na\n.B b c\nd\n.BR e \" f\" (1)\n", "a b c d e f(1)"},
		{".TH A 1\n.IP \"\\-x, \\-y\" 4\ntext\n.TP\ntag\nbody\n", "-x, -y text\ntag body"},
		{".TH A 1\n.\\\" no\n'\\\" no\na\\\" no\nb\\# no\n", "a b"},
		{".TH A 1\n.de XX\n.B no\nno\n..\na\n.XX b\n.ig\nno\n..\nc", "a c"},
		{".TH A 1\n.nf\na  b\nc\n.fi\nd\ne\n", "a b\nc\nd e"},
		{".TH A 1\n\\fBa\\fP\\f[CW]b\\fR \\s-1C\\s0 \\(em \\[u00E9]\\&\\|d\\ e\\~f\n",
			"ab C — éd e f"},
		{".TH A 1\na\\(:u\\*(Aqb\\*Rc\\n(.sd\\h'1i'e\\\\f\\ec\n", "aü'b®cde\\f\\c"},
		{".TH A 1\na\\fäb \\häc \\(", "ab äc"},
		{".TH A 1\n.TS\ntab(|);\nl l.\nx|y\n.TE\nz\n", "x|y\nz"},
		{".Dd x\n.Dt A 1\n.Sh NAME\n.Nm a\n.Nd b\n.Bl\n.It Fl n Ar number\nuse "
		 "of\n.Nm\n.El\n",
			"NAME\na b\nn number use of a"},
		{".TH A 1\na\n\nb\n", "a\n\nb"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].page);

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, cases[i].want);
		reply_finish(&r);
	}
}

static void test_title(void **state)
{
	struct reply r = ask(".TH \"GIT\\-ADD\" \"1\" \"2021\"\n.SH NAME\n");

	(void)state;
	assert_true(reply_says(&r, "\"title\":\"GIT-ADD(1)\""));
	reply_finish(&r);
	r = ask(".Dd x\n.Dt CAT 1\n");
	assert_true(reply_says(&r, "\"title\":\"CAT(1)\""));
	reply_finish(&r);
}

/* messages.1 is a log that was rotated; its lines are not read as requests. */
static void test_reroute(void **state)
{
	static const struct {
		const char *text, *to;
	} cases[] = {
		{"Mar 4 pier: started\n.hidden file\n", "text/plain"},
		{"<!DOCTYPE html><p>x", "text/html"},
		{"\x1f\x8b\x08", "application/gzip"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].text);

		assert_int_equal(r.status, -1);
		assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

static int start(void **state)
{
	(void)state;
	child_start(&roff, "trawl-convert-roff");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&roff);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_title),
		cmocka_unit_test(test_reroute),
	};

	return child_is_built("trawl-convert-roff") ? cmocka_run_group_tests(tests, start, stop)
						    : 0;
}
