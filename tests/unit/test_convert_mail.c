/* test_convert_mail: trawl-convert-mail as a worker sees it: headers, bodies, attachments, boxes.
 */
#include "converter_child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child mail;

static struct reply ask(const char *message)
{
	struct reply r;

	child_ask(&mail,
		&(struct question){.name = "a.eml",
			.type = "message/rfc822",
			.bytes = message,
			.len = strlen(message)},
		&r);
	return r;
}

static struct reply ask_typed(const char *type, const char *bytes)
{
	struct reply r;

	child_ask(&mail,
		&(struct question){.name = "a", .type = type, .bytes = bytes, .len = strlen(bytes)},
		&r);
	return r;
}

static void expect_text(const char *message, const char *want)
{
	struct reply r = ask(message);

	assert_int_equal(r.status, 0);
	if (strcmp(r.text, want) != 0)
		fail_msg("%s\n is not\n%s", r.text, want);
	reply_finish(&r);
}

static void expect_part(const struct reply *r, const char *path, const char *content)
{
	const struct reply_part *part = reply_part(r, path);

	assert_string_equal(part->failed, "");
	assert_string_equal(part->bytes, content);
}

/* --- headers ---------------------------------------------------------------------------------- */

static void test_headers(void **state)
{
	struct reply r = ask("From: =?utf-8?q?=C3=84nna?= Fischer <anna@example.org>\r\n"
			     "To: Bob <bob@example.com>, \"Roe, C.\" <c@example.org>\r\n"
			     "Cc: d@example.org\r\n"
			     "Subject: =?iso-8859-1?Q?M=E4rz?=\r\n"
			     " and April\r\n"
			     "Date: Mon, 03 Feb 2020 04:05:06 +0100\r\n"
			     "\r\n"
			     "Dear Bob,\r\nherring.\r\n");

	(void)state;
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "From: Änna Fischer <anna@example.org>\n"
				    "To: Bob <bob@example.com>, \"Roe, C.\" <c@example.org>\n"
				    "Cc: d@example.org\n"
				    "Subject: März and April\n"
				    "\n"
				    "Dear Bob,\nherring.\n");
	assert_true(reply_says(&r, "\"title\":\"März and April\""));
	assert_true(reply_says(&r, "\"author\":\"Änna Fischer\""));
	assert_true(reply_says(&r, "\"from\":\"Änna Fischer <anna@example.org>\""));
	assert_true(reply_says(&r, "\"cc\":\"d@example.org\""));
	assert_true(reply_says(&r, "\"subject\":\"März and April\""));
	assert_true(reply_says(&r, "\"created\":1580699106"));
	assert_true(reply_says(&r, "\"type\":\"message/rfc822\""));
	assert_int_equal(r.part_count, 0);
	reply_finish(&r);
}

static void test_broken_headers(void **state)
{
	(void)state;
	/* No charset named: guessed. */
	expect_text("From: M\xfcller <m@example.org>\nSubject: Gr\xfc\xdf"
		    "e\n\nx\n",
		"From: Müller <m@example.org>\nSubject: Grüße\n\nx\n");
	/* Bytes that its charset has not. */
	expect_text("Subject: =?utf-8?q?a=FFb?=\n\nx\n", "Subject: a?b\n\nx\n");
	expect_text("Subject: only\n", "Subject: only\n");
	expect_text(
		"Sender: s@example.org\nDate: no day at all\n\nx\n", "From: s@example.org\n\nx\n");
}

/* --- bodies ----------------------------------------------------------------------------------- */

#define TYPED "Subject: s\nMIME-Version: 1.0\nContent-Type: "
#define SAID "Subject: s\n\n"

static void test_charsets(void **state)
{
	(void)state;
	expect_text(TYPED "text/plain; charset=iso-8859-1\n\nGr\xfc\xdf"
			  "e\n",
		SAID "Grüße\n");
	expect_text(TYPED "text/plain; charset=iso-8859-1\n\nGrüße\n", SAID "Grüße\n"); /* a lie */
	expect_text(TYPED "text/plain; charset=us-ascii\n\nGr\xfc\xdf"
			  "e\n",
		SAID "Grüße\n");
	expect_text(TYPED "text/plain; charset=no-such\n\nGrüße\n", SAID "Grüße\n");
	expect_text(TYPED "text/plain; charset=koi8-r\n"
			  "Content-Transfer-Encoding: quoted-printable\n\n=D2=D9=C2=C1=\n!\n",
		SAID "рыба!\n");
	expect_text(TYPED "text/plain; charset=iso-2022-jp\n\n\x1b$B1?Aw\x1b(B\n", SAID "運送\n");
	expect_text(TYPED "text/plain; charset=utf-16le\n"
			  "Content-Transfer-Encoding: base64\n\n//5oAGUAcgByAGkAbgBnAA==\n",
		SAID "herring\n");
}

static void test_flowed(void **state)
{
	(void)state;
	expect_text(TYPED
		"text/plain; format=flowed\n\n"
		"One long \nline.\n> quoted \n> too\n>> deeper \n> less\n open \n-- \nsig\n",
		SAID "One long line.\n> quoted too\n>> deeper \n> less\nopen \n-- \nsig\n");
	expect_text(TYPED "text/plain; format=flowed; delsp=yes\n\nhyphen \nless\n",
		SAID "hyphenless\n");
	expect_text(TYPED "text/plain\n\nOne \nTwo\n", SAID "One \nTwo\n");
}

static void test_pgp(void **state)
{
	struct reply r = ask("Subject: s\n\nbefore\n"
			     "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nsigned\n"
			     "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
			     "between\n"
			     "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n"
			     "after\n");

	(void)state;
	assert_string_equal(r.text, SAID "before\nsigned\nbetween\nafter\n");
	assert_int_equal(r.part_count, 1);
	assert_non_null(strstr(reply_part(&r, "encrypted")->failed, "\"status\":77"));
	reply_finish(&r);
}

static void test_alternatives(void **state)
{
	static const char plain[] = "--b\nContent-Type: text/plain\n\nplain words\n",
			  blank[] = "--b\nContent-Type: text/plain\n\n \n",
			  html[] = "--b\nContent-Type: text/html\n\n<title>T</title><p>painted "
				   "<b>words</b><script>no</script>\n",
			  rich[] =
				  "--b\nContent-Type: multipart/mixed; boundary=c\n\n"
				  "--c\nContent-Type: text/html\n\n<p>painted words\n"
				  "--c\nContent-Type: application/pdf; name=a.pdf\n\n%PDF\n--c--\n",
			  invitation[] = "--b\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n";
	char message[2048];

	(void)state;
#define ALTERNATIVES TYPED "multipart/alternative; boundary=b\n\n"
	snprintf(message, sizeof message, ALTERNATIVES "%s%s--b--\n", plain, html);
	expect_text(message, SAID "plain words\n");
	snprintf(message, sizeof message, ALTERNATIVES "%s%s--b--\n", html, plain);
	expect_text(message, SAID "plain words\n");
	snprintf(message, sizeof message, ALTERNATIVES "%s%s--b--\n", blank, html);
	expect_text(message, SAID "painted words\n");

	/* What stands beside the text that was chosen is not lost. */
	snprintf(message, sizeof message, ALTERNATIVES "%s%s%s--b--\n", plain, rich, invitation);
	struct reply r = ask(message);
	assert_string_equal(r.text, SAID "plain words\n");
	assert_int_equal(r.part_count, 2);
	expect_part(&r, "a.pdf", "%PDF");
	expect_part(&r, "part-2.ics", "BEGIN:VCALENDAR");
	reply_finish(&r);
}

/* --- parts ------------------------------------------------------------------------------------ */

#define MIXED "Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"

static void test_attachments(void **state)
{
	struct reply r = ask(MIXED
		"preamble\n--b\nContent-Type: text/plain\n\nbody\n"
		"--b\nContent-Type: application/octet-stream; name=\"=?utf-8?q?M=C3=A4rz?=.csv\"\n"
		"Content-Transfer-Encoding: base64\n\nYSxiCg==\n"
		"--b\nContent-Type: text/plain\nContent-Disposition: attachment;\n"
		" filename*0*=utf-8''h%C3%A4r; filename*1*=ing.txt\n\nattached\n"
		"--b\nContent-Type: text/plain; name=\"C:\\\\x/y.txt\"\n\none\n"
		"--b\nContent-Type: text/plain; name=y.txt\n\ntwo\n"
		"--b\nContent-Type: image/png\n\nimage\n"
		"--b--\nepilogue\n");

	(void)state;
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, SAID "body\n");
	assert_int_equal(r.part_count, 5);
	expect_part(&r, "März.csv", "a,b\n");
	expect_part(&r, "häring.txt", "attached");
	assert_string_equal(reply_part(&r, "häring.txt")->head,
		"{\"part\":\"häring.txt\",\"type\":\"text/plain\"}");
	expect_part(&r, "y.txt", "one");
	expect_part(&r, "y (2).txt", "two");
	expect_part(&r, "part-5.png", "image");
	reply_finish(&r);
}

static void test_nested(void **state)
{
	struct reply r = ask(MIXED "--b\n\nsee below\n"
				   "--b\nContent-Type: message/rfc822\n\n"
				   "Subject: In/ner\nX-Kept:   as  it is\n\ninner body\n"
				   "--b\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n"
				   "--b--\n");

	(void)state;
	assert_string_equal(r.text, SAID "see below\n\nStatus: 5.1.1\n");
	assert_int_equal(r.part_count, 1);
	expect_part(&r, "In-ner.eml", "Subject: In/ner\nX-Kept:   as  it is\n\ninner body");
	assert_non_null(strstr(reply_part(&r, "In-ner.eml")->head, "\"message/rfc822\""));
	reply_finish(&r);
}

static void test_encrypted(void **state)
{
	static const char *const messages[] = {
		TYPED "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nMIIB\n",
		TYPED "multipart/encrypted; name=smime.p7m; boundary=b\n\n"
		      "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
		      "--b\nContent-Type: application/octet-stream\n\nhQEM\n--b--\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct reply r = ask(messages[i]);

		assert_int_equal(r.status, 0);
		assert_string_equal(r.text, "Subject: s\n");
		assert_int_equal(r.part_count, 1);
		assert_non_null(strstr(reply_part(&r, "smime.p7m")->failed, "\"status\":77"));
		reply_finish(&r);
	}
}

/* A signature is not worth a part. */
static void test_signed(void **state)
{
	struct reply r = ask(TYPED "multipart/signed; boundary=b\n\n"
				   "--b\nContent-Type: text/plain\n\nsigned words\n"
				   "--b\nContent-Type: application/pgp-signature; name=s.asc\n\nx\n"
				   "--b--\n");

	(void)state;
	assert_string_equal(r.text, SAID "signed words\n");
	assert_int_equal(r.part_count, 0);
	reply_finish(&r);
}

static void test_saved_page(void **state)
{
	struct reply r = ask_typed("application/x-mimearchive",
		"From: <Saved by Blink>\nSubject: Said\nMIME-Version: 1.0\n"
		"Content-Type: multipart/related; boundary=b; start=\"<two@page>\"\n\n"
		"--b\nContent-Type: text/css\n\np { color: red }\n"
		"--b\nContent-Type: text/html\nContent-ID: <two@page>\n"
		"Content-Transfer-Encoding: quoted-printable\n\n"
		"<title>Own =C3=A4</title><script>no()</script><p>herring =\non the page\n"
		"--b\nContent-Type: image/png\n\nx\n--b--\n");

	(void)state;
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, "herring on the page\n");
	assert_true(reply_says(&r, "\"title\":\"Own ä\""));
	assert_true(reply_says(&r, "\"type\":\"application/x-mimearchive\""));
	assert_int_equal(r.part_count, 0);
	reply_finish(&r);
}

/* --- boxes ------------------------------------------------------------------------------------ */

#define SEPARATOR "From anna@example.org Mon Feb  3 04:05:06 2020\n"

static void test_mailbox(void **state)
{
	struct reply r = ask_typed("application/mbox", SEPARATOR
		"Subject: one\n\nFrom the start it is quoted:\n>From here\n>>From there\n\n"
		"From now on no time is named\n\n" SEPARATOR SEPARATOR
		"Subject: two\n\nlast\n\n\n" SEPARATOR "Subject: three\n");

	(void)state;
	assert_int_equal(r.status, 0);
	assert_true(reply_says(&r, "\"type\":\"application/mbox\""));
	assert_int_equal(r.part_count, 3);
	expect_part(&r, "000001.eml",
		"Subject: one\n\nFrom the start it is quoted:\nFrom here\n>From there\n\n"
		"From now on no time is named\n");
	/* A separator without an empty line before it is none. */
	expect_part(&r, "000002.eml", SEPARATOR "Subject: two\n\nlast\n\n");
	expect_part(&r, "000003.eml", "Subject: three\n");
	reply_finish(&r);
}

/* Messages around the edges of what is read at once, and lines longer than that. */
static void test_large_mailbox(void **state)
{
	enum { MESSAGES = 300, LONG = 700 * 1000 };
	char *box = malloc(MESSAGES * 5000 + LONG), *at = box, want[8192];
	struct reply r;

	(void)state;
	assert_non_null(box);
	for (int i = 1; i <= MESSAGES; i++) {
		at += sprintf(at, SEPARATOR "Subject: %d\n\n", i);
		for (int k = 0; k < i * 13; k++)
			at += sprintf(at, "%d", k % 10);
		at += sprintf(at, "\n\n");
	}
	at += sprintf(at, SEPARATOR "Subject: long\n\n");
	memset(at, 'x', LONG - 100);
	at += LONG - 100;
	strcpy(at, "\nend");
	r = ask_typed("application/mbox", box);
	assert_int_equal(r.part_count, MESSAGES + 1);
	for (int i = 1; i <= MESSAGES; i++) {
		char name[32];

		at = want + sprintf(want, "Subject: %d\n\n", i);
		for (int k = 0; k < i * 13; k++)
			at += sprintf(at, "%d", k % 10);
		strcpy(at, "\n");
		sprintf(name, "%06d.eml", i);
		expect_part(&r, name, want);
	}
	const struct reply_part *last = reply_part(&r, "000301.eml");
	assert_int_equal(last->len, strlen("Subject: long\n\n") + LONG - 100 + strlen("\nend"));
	reply_finish(&r);
	free(box);
}

static void test_frames(void **state)
{
	(void)state;
	/* A message stored with a separator is one message. */
	expect_text(SEPARATOR "Subject: s\n\nbody\n", SAID "body\n");
	/* Apple's: the length, the message, a list of properties. */
	expect_text("17        \nSubject: s\n\nbody\n<?xml version=\"1.0\"?>\n", SAID "body\n");
	/* More than one are a mailbox, whatever the name says. */
	struct reply r = ask(SEPARATOR "Subject: one\n\n" SEPARATOR "Subject: two\n");
	assert_int_equal(r.part_count, 2);
	reply_finish(&r);
	r = ask("Dear all, this is no message.\n");
	assert_int_equal(r.status, -1);
	assert_string_equal(r.detail, "text/plain");
	reply_finish(&r);
}

/* --- messages meant to hurt ------------------------------------------------------------------- */

/* The start, then `unit` over and over. */
static struct reply ask_repeated(const char *start, const char *unit, size_t times)
{
	size_t len = strlen(unit), at = strlen(start);
	char *message = malloc(at + len * times + 1);

	assert_non_null(message);
	strcpy(message, start);
	for (size_t i = 0; i < times; i++, at += len)
		memcpy(message + at, unit, len);
	message[at] = '\0';
	struct reply r = ask(message);
	free(message);
	return r;
}

static void test_hostile(void **state)
{
	static const struct {
		const char *start, *unit;
		size_t times;
		int status;
	} cases[] = {
		{TYPED "multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 20000, 0},
		{"Subject: s\n", "Content-Type: message/rfc822\n\nSubject: s\n", 20000, 0},
		{"Subject: s\nTo: ", "a:", 9000, 0},
		{"Subject: s\nTo: ", "a:", 500000, 65},
		{"Subject: s\nTo: ", "(", 500000, 0},
		{"Subject: s\nTo: ", "a@b, ", 100000, 0},
		{"Subject: ", "=?utf-8?q?a?= ", 100000, 0},
		{"", "A: b\n", 100000, 0},
		{TYPED "text/plain", "; a*0*=x", 100000, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask_repeated(cases[i].start, cases[i].unit, cases[i].times);

		if (r.status != cases[i].status)
			fail_msg("%s: %d", cases[i].unit, r.status);
		reply_finish(&r);
	}
}

/* Multiparts within multiparts: read to a depth, and said so. */
static void test_depth(void **state)
{
	char *message = malloc(64 * 5000 + 64), *at = message;

	(void)state;
	assert_non_null(message);
	at += sprintf(at, "Subject: s\n");
	for (int i = 0; i < 5000; i++)
		at += sprintf(at, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	struct reply r = ask(message);
	assert_int_equal(r.status, 0);
	assert_true(r.truncated);
	reply_finish(&r);
	free(message);
}

static int start(void **state)
{
	(void)state;
	child_start(&mail, "trawl-convert-mail");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&mail);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_broken_headers),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_flowed),
		cmocka_unit_test(test_pgp),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_saved_page),
		cmocka_unit_test(test_mailbox),
		cmocka_unit_test(test_large_mailbox),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
