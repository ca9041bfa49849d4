/* test_convert_calendar: trawl-convert-calendar over the contract: folded lines, escapes, names and
 * addresses; what is for machines stays out. */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child calendar;

static struct reply ask(const char *text, size_t n)
{
	struct reply r;

	child_ask(&calendar, &(struct question){.name = "a.ics", .bytes = text, .len = n}, &r);
	return r;
}

#define EVENT(lines) "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" lines "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define CARD(lines) "BEGIN:VCARD\n" lines "END:VCARD\n"

static void test_text(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{EVENT("SUMMARY:One\r\n"), "One"},
		{EVENT("SUMMARY:fol\r\n ded\r\n\t lines\r\n"), "folded lines"},
		{EVENT("DESCRIPTION:a\\, b\\; c\\nd \\\\e\r\n"), "a, b; c d \\e"},
		{EVENT("DESCRIPTION;ALTREP=\"cid:x;y:z\":words\r\n"), "words"},
		{EVENT("ATTENDEE;CN=\"Lotse, Bert\";ROLE=X:mailto:b@c\r\n"), "Lotse, Bert b@c"},
		{EVENT("organizer;cn=Anna:MAILTO:a@b\r\n"), "Anna a@b"},
		{EVENT("UID:u\r\nRRULE:FREQ=DAILY\r\nDTSTART:20210304\r\nX-OTHER:x\r\n"), ""},
		{EVENT("BEGIN:VALARM\r\nDESCRIPTION:ring\r\nEND:VALARM\r\nLOCATION:here\r\n"),
			"here"},
		{"BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nBEGIN:STANDARD\nCOMMENT:no\nEND:STANDARD\n"
		 "END:VTIMEZONE\nBEGIN:VTODO\nSUMMARY:yes\nEND:VTODO\nEND:VCALENDAR",
			"yes"},
		{CARD("N:Fischer;Anna;;;\nORG:A;B\nitem1.EMAIL;type=pref:a@b\n"),
			"Fischer Anna\nA B\na@b"},
		{CARD("NOTE;ENCODING=QUOTED-PRINTABLE:a=3D=\nb=0D=0Ac\n"), "a=b c"},
		{CARD("NOTE;CHARSET=UTF-8;QUOTED-PRINTABLE:gr=C3=BCn\n"), "grün"},
		{CARD("NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:gr=FCn\n"), "grün"},
		{CARD("NOTE;ENCODING=QUOTED-PRINTABLE:bro=zen=4\n"), "bro=zen=4"},
		{CARD("PHOTO;ENCODING=b:AAAA\n AAAA\nKEY:x\nNICKNAME:n\n"), "n"},
		{"BEGIN:VCARD\nno colon here\n:none\nFN:x\n", "x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].text, strlen(cases[i].text));

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, cases[i].want);
		reply_finish(&r);
	}
}

static void expect_meta(const char *text, const char *pair, bool there)
{
	struct reply r = ask(text, strlen(text));

	if (reply_says(&r, pair) != there)
		fail_msg("%s: %s in %s", text, pair, r.meta);
	reply_finish(&r);
}

static void test_meta(void **state)
{
	(void)state;
	expect_meta(EVENT("SUMMARY:One\r\n"), "\"title\":\"One\"", true);
	expect_meta(EVENT("SUMMARY:One\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Two\r\n"),
		"\"title\":\"One\"", false);
	expect_meta("BEGIN:VCALENDAR\nX-WR-CALNAME:All\nBEGIN:VEVENT\nSUMMARY:One\nEND:VEVENT\n",
		"\"title\":\"All\"", true);
	expect_meta(CARD("FN:Anna\n"), "\"title\":\"Anna\"", true);
}

static void test_reroute(void **state)
{
	static const struct {
		const char *text, *to;
	} cases[] = {
		{"just some words\n", "text/plain"},
		{"<!DOCTYPE html><p>x", "text/html"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].text, strlen(cases[i].text));

		assert_int_equal(r.status, -1);
		assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

/* A line that folds on and on is cut, in linear time: each of its pieces may look like a soft end.
 */
static void test_folding_without_end(void **state)
{
	static char text[8 * 1024 * 1024];
	static const char begin[] = "BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:x";
	size_t n = sizeof begin - 1;

	(void)state;
	memcpy(text, begin, n);
	for (; n + 4 < sizeof text; n += 4)
		memcpy(text + n, "=\n a", 4);
	struct reply r = ask(text, n);
	assert_int_equal(r.status, 0);
	assert_in_range(r.len, 1000, 1024 * 1024);
	reply_finish(&r);
}

/* A value in a charset of its own, in the midst of a document in another. */
static void test_charset_in_charset(void **state)
{
	static const char text[] =
		"BEGIN:VCARD\n"
		"FN:\xf2\xd9\xc2\xc1\xcb\xc9 \xd7\xd9\xdb\xcc\xc9 \xd7 \xcd\xcf\xd2\xc5\n"
		"NOTE;CHARSET=CP1250;ENCODING=QUOTED-PRINTABLE:=B3=F3d=9F\n"
		"NICKNAME:\xf2\xd9\xc2\xc1\xcb\xc9 \xd7\xd9\xdb\xcc\xc9 \xd7 \xcd\xcf\xd2\xc5\n"
		"END:VCARD\n";
	struct reply r = ask(text, sizeof text - 1);

	(void)state;
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "Рыбаки вышли в море\nłódź\nРыбаки вышли в море");
	reply_finish(&r);
}

static int start(void **state)
{
	(void)state;
	child_start(&calendar, "trawl-convert-calendar");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&calendar);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_reroute),
		cmocka_unit_test(test_folding_without_end),
		cmocka_unit_test(test_charset_in_charset),
	};

	return child_is_built("trawl-convert-calendar") ? cmocka_run_group_tests(tests, start, stop)
							: 0;
}
