/* test_convert_text: trawl-convert-text over the contract: encodings, binary content, reroutes,
 * limits. */
#include "converter_child.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static struct child text;

static struct reply ask(const char *name, const char *type, const void *bytes, size_t n)
{
	struct reply r;

	child_ask(&text, &(struct question){.name = name, .type = type, .bytes = bytes, .len = n},
		&r);
	return r;
}

static void expect_text(const void *bytes, size_t n, const char *want, const char *encoding)
{
	struct reply r = ask("x", "", bytes, n);
	char pair[64];

	snprintf(pair, sizeof pair, "\"encoding\":\"%s\"", encoding);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.text, want);
	if (!reply_says(&r, pair))
		fail_msg("%s, not %s", r.meta, encoding);
	reply_finish(&r);
}

static void expect_verdict(const char *name, const void *bytes, size_t n, int status)
{
	struct reply r = ask(name, "", bytes, n);

	assert_int_equal(r.status, status);
	assert_int_equal(r.len, 0);
	assert_true(r.detail[0]);
	reply_finish(&r);
}

/* --- encodings -------------------------------------------------------------------------------- */

static const char russian[] =
	"Рыбаки вышли в море на рассвете, когда ветер ещё не проснулся. Старая лодка скрипела, но "
	"держалась уверенно. К вечеру сети были полны, и все вернулись домой.\n";
static const char japanese[] = "漁師たちは夜明けに海へ出た。風はまだ眠っていた。古い船はきしんだが"
			       "、しっかりと進んだ。夕方には網"
			       "がいっぱいになり、みんな疲れて満足して家に帰った。\n";
static const char chinese[] = "渔夫们在黎明时分出海，风还没有醒来。旧船吱吱作响，但仍然稳稳地前进。"
			      "到了晚上，渔网装满了鱼，大"
			      "家疲惫而满足地回家了。\n";
static const char taiwanese[] = "漁夫們在黎明時分出海，風還沒有醒來。舊船吱吱作響，但仍然穩穩地前進"
				"。到了晚上，漁網裝滿了魚，大"
				"家疲憊而滿足地回家了。\n";
static const char korean[] =
	"어부들은 새벽에 바다로 나갔다. 바람은 아직 잠들어 있었다. 낡은 배는 삐걱거렸지만 든든하게 "
	"나아갔다. 저녁이 되자 그물이 가득 찼다.\n";
static const char greek[] = "Οι ψαράδες βγήκαν στη θάλασσα την αυγή, όταν ο άνεμος δεν είχε "
			    "ξυπνήσει ακόμη. Το βράδυ τα "
			    "δίχτυα ήταν γεμάτα.\n";
static const char german[] =
	"Die Fischer fuhren früh hinaus, als der Wind noch schlief. Das alte Schiff ächzte, hielt "
	"aber "
	"tüchtig stand, und alle kehrten müde über die Straße nach Hause zurück.\n";
static const char french[] = "Les pêcheurs sont sortis en mer à l’aube, quand le vent dormait "
			     "encore. Le soir, les filets "
			     "étaient pleins et chacun rentra chez soi, fatigué et comblé.\n";
static const char polish[] = "Rybacy wypłynęli w morze o świcie, gdy wiatr jeszcze spał. Stara "
			     "łódź skrzypiała, ale trzymała "
			     "się mocno. Wszyscy wrócili do domu zmęczeni, lecz szczęśliwi.\n";
static const char hebrew[] =
	"הדייגים יצאו לים עם שחר, כאשר הרוח עדיין ישנה. הסירה הישנה חרקה אבל החזיקה מעמד.\n";
/* One sentence, as short as texts are where this is hard. */
static const char ukrainian[] =
	"Рибалки вийшли в море на світанку, коли вітер ще не прокинувся, бо їм щастило.\n";
static const char turkish[] =
	"Balıkçılar şafakta denize açıldı, rüzgâr daha uyuyordu, eski tekne gıcırdıyordu.\n";
static const char lithuanian[] = "Žvejai išplaukė į jūrą auštant, kai vėjas dar miegojo.\n";
static const char icelandic[] = "Sjómennirnir réru út við dögun þegar vindurinn svaf enn.\n";
static const char czech[] =
	"Rybáři vypluli za úsvitu, když vítr ještě spal, a vrátili se šťastní.\n";
static const char arabic[] = "خرج الصيادون إلى البحر عند الفجر، والريح ما زالت نائمة.\n";

static const struct {
	const char *charset; /* as written, for iconv */
	const char *found;   /* as reported */
	const char *text;
} encodings[] = {
	{"UTF-8", "UTF-8", russian},
	{"UTF-16LE", "UTF-16LE", german},
	{"UTF-16BE", "UTF-16BE", german},
	{"UTF-16LE", "UTF-16LE", japanese},
	{"UTF-16BE", "UTF-16BE", japanese},
	{"UTF-16LE", "UTF-16LE", russian},
	{"UTF-32LE", "UTF-32LE", russian},
	{"UTF-32BE", "UTF-32BE", japanese},
	{"ISO-8859-1", "WINDOWS-1252", german},
	{"CP1252", "WINDOWS-1252", french},
	{"ISO-8859-2", "ISO-8859-2", polish},
	{"CP1250", "WINDOWS-1250", polish},
	{"CP1250", "WINDOWS-1250", czech},
	{"ISO-8859-2", "ISO-8859-2", czech},
	{"ISO-8859-1", "WINDOWS-1252", icelandic},
	{"ISO-8859-9", "WINDOWS-1254", turkish},
	{"CP1254", "WINDOWS-1254", turkish},
	{"CP1257", "ISO-8859-13", lithuanian},
	{"CP1256", "WINDOWS-1256", arabic},
	{"KOI8-R", "KOI8-U", russian},
	{"KOI8-U", "KOI8-U", ukrainian},
	{"CP1253", "ISO-8859-7", greek},
	{"CP1251", "WINDOWS-1251", russian},
	{"ISO-8859-5", "ISO-8859-5", russian},
	{"CP866", "IBM866", russian},
	{"ISO-8859-7", "ISO-8859-7", greek},
	{"CP1255", "WINDOWS-1255", hebrew},
	{"SHIFT_JIS", "CP932", japanese},
	{"EUC-JP", "EUC-JP", japanese},
	{"ISO-2022-JP", "ISO-2022-JP", japanese},
	{"GB18030", "GB18030", chinese},
	{"BIG5", "BIG5-HKSCS", taiwanese},
	{"EUC-KR", "UHC", korean},
};

static size_t encode(const char *charset, const char *utf8, char *out, size_t room)
{
	iconv_t cd = iconv_open(charset, "UTF-8");
	size_t n = strlen(utf8), left = room;
	char *in;

	memcpy(&in, &utf8, sizeof in);
	assert_true((intptr_t)cd != -1);
	assert_int_equal(iconv(cd, &in, &n, &out, &left), 0);
	assert_int_equal(iconv(cd, NULL, NULL, &out, &left), 0);
	iconv_close(cd);
	return room - left;
}

static void test_encodings(void **state)
{
	char bytes[4096];

	(void)state;
	for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
		size_t n = encode(encodings[i].charset, encodings[i].text, bytes, sizeof bytes);

		expect_text(bytes, n, encodings[i].text, encodings[i].found);
	}
}

static void test_marks(void **state)
{
	static const struct {
		const char *charset, *mark;
		size_t len;
	} marks[] = {{"UTF-8", "\xef\xbb\xbf", 3}, {"UTF-16LE", "\xff\xfe", 2},
		{"UTF-16BE", "\xfe\xff", 2}, {"UTF-32LE", "\xff\xfe\0\0", 4},
		{"UTF-32BE", "\0\0\xfe\xff", 4}};
	/* outside of the first plane, and nothing that is ASCII */
	static const char wanted[] = "\xf0\x9f\x90\x9f\xf0\x9d\x84\x9eя";
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		memcpy(bytes, marks[i].mark, marks[i].len);
		size_t n = encode(marks[i].charset, wanted, bytes + marks[i].len, 200);
		expect_text(bytes, n + marks[i].len, wanted, marks[i].charset);
		expect_text(bytes, marks[i].len, "", marks[i].charset);
	}
}

static void test_short_latin(void **state)
{
	(void)state;
	expect_text("caf\xe9", 4, "café", "WINDOWS-1252");
	expect_text("El ni\xf1o a\xf1o", 11, "El niño año", "WINDOWS-1252");
}

static void test_faults_in_utf8(void **state)
{
	(void)state;
	/* one torn byte among much that is right */
	expect_text("ä ö ü ä ö ü ä ö ü ä\xffö", 32, "ä ö ü ä ö ü ä ö ü ä\xef\xbf\xbdö", "UTF-8");
	expect_text("\xef\xbb\xbfok \xff.", 8, "ok \xef\xbf\xbd.", "UTF-8");
	/* an unpaired surrogate, an odd byte at the end */
	expect_text("\xff\xfe\x3d\xd8"
		    "a\0b",
		7,
		"\xef\xbf\xbd"
		"a",
		"UTF-16LE");
	expect_text("\xff\xfe\0\0\0\0\x11\0a\0\0\0", 12,
		"\xef\xbf\xbd"
		"a",
		"UTF-32LE");
}

static void test_nul_is_left_out(void **state)
{
	static const char accents[] = "\xe9t\xe9, na\xefve, gar\xe7on";
	char log[1000];

	(void)state;
	memset(log, 'x', sizeof log);
	memset(log + 500, 0, 10);
	struct reply r = ask("x.log", "", log, sizeof log);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.len, sizeof log - 10);
	assert_int_equal(strlen(r.text), r.len);
	reply_finish(&r);
	/* the same where iconv converts, and in UTF-16 */
	memcpy(log, accents, sizeof accents - 1);
	r = ask("x.log", "", log, sizeof log);
	assert_int_equal(r.status, 0);
	assert_int_equal(strlen(r.text), r.len);
	assert_memory_equal(r.text, "été, naïve, garçon", strlen("été, naïve, garçon"));
	reply_finish(&r);
	expect_text("\xff\xfe"
		    "a\0\0\0b",
		8, "ab", "UTF-16LE");
}

/* --- what is no text -------------------------------------------------------------------------- */

static void test_binary(void **state)
{
	unsigned char noise[70000];
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof noise; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (unsigned char)(seed >> 24);
	}
	for (size_t n = 64; n < sizeof noise; n = n * 5 / 2)
		expect_verdict("x", noise, n, 66);
	memset(noise, 0, sizeof noise);
	expect_verdict("x", noise, sizeof noise, 66);
	/* text at the front, noise behind it */
	memset(noise, 'a', sizeof noise / 4);
	expect_verdict("x", noise, sizeof noise, 66);
}

static void test_empty(void **state)
{
	(void)state;
	expect_text("", 0, "", "US-ASCII");
}

static void test_reroute_of_binary(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
	static const char elf[] = "\x7f"
				  "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0";
	static const struct {
		const char *name, *bytes;
		size_t n;
		const char *to;
	} cases[] = {
		{"x.png", png, sizeof png - 1, "image/png"},
		{"x.txt", png, sizeof png - 1, "image/png"},
		{"x.txt", elf, sizeof elf - 1, "application/x-executable"},
		{"x", "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10, "application/gzip"},
		{"070701", "070701 is a number", 18, NULL},
		{"MSCF", "MSCF", 4, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = ask(cases[i].name, "", cases[i].bytes, cases[i].n);

		assert_int_equal(r.status, cases[i].to ? -1 : 0);
		if (cases[i].to)
			assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

static void test_reroute(void **state)
{
	static const struct {
		const char *name, *type, *bytes, *to; /* NULL: it stays text */
	} cases[] = {
		{"a", "", "%PDF-1.4\n%\xe2\xe3", "application/pdf"},
		{"a.txt", "text/plain", "%PDF-1.7\n", "application/pdf"},
		{"a.txt", "text/plain", "%PDF-files are nice", NULL},
		{"a", "application/octet-stream", "<!DOCTYPE html><p>x", "text/html"},
		{"a", "", "\xef\xbb\xbf \n<!-- c --><HTML lang=en>x", "text/html"},
		/* it was sent here, since nobody else takes it */
		{"a.htm", "text/html", "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC>", NULL},
		{"a", "", "From: a@b\nSubject: x\n\ny", "message/rfc822"},
		{"a", "", "From a@b Thu Jan  1 00:00:00 1970\nFrom: a@b\nTo: c\n\ny",
			"application/mbox"},
		{"a.txt", "text/plain", "From: a@b\nSubject: x\n\ny", NULL},
		{"a", "", "From: all of us\nto you\n", NULL},
		{"a", "", "Package: x\nVersion: 1\n", NULL},
		{"a", "", "{\\rtf1\\ansi x}", "application/rtf"},
		{"a.txt", "text/plain", "{\\rtf1\\ansi x}", "application/rtf"},
		{"a.c", "text/x-csrc", "{\\rtf1\\ansi x}", NULL},
		{"a", "", "%!PS-Adobe-3.0\n", "application/postscript"},
		{"a", "", "<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
			"image/svg+xml"},
		{"a.xml", "application/xml", "<FictionBook xmlns='x'>",
			"application/x-fictionbook+xml"},
		{"a.xml", "application/xml",
			"<!DOCTYPE office:document [<!ENTITY a \"]\">]>\n<!-- - -->"
			"<office:document a='b' office:mimetype='application/"
			"vnd.oasis.opendocument.spreadsheet'>",
			"application/vnd.oasis.opendocument.spreadsheet-flat-xml"},
		{"a.xml", "application/xml", "<html>x", NULL},
		{"a.xml", "application/xml", "<svgx/>", NULL},
		{"a", "", "BEGIN:VCALENDAR\r\n", "text/calendar"},
		{"a", "", "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\"",
			"application/x-ipynb+json"},
		{"a", "", "{\"cells\": 1}", NULL},
		{"a.weird", "application/octet-stream", "<html>x", "text/html"},
		{"a.txt", "text/plain", "<html>x", NULL},
		{"a.php", "application/x-php", "<!doctype html>", NULL},
		{"a", "", "<htmlish>x", NULL},
		{"a", "", "<!-- <html>", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r =
			ask(cases[i].name, cases[i].type, cases[i].bytes, strlen(cases[i].bytes));

		assert_int_equal(r.status, cases[i].to ? -1 : 0);
		if (cases[i].to)
			assert_string_equal(r.detail, cases[i].to);
		reply_finish(&r);
	}
}

/* --- metadata --------------------------------------------------------------------------------- */

static void expect_meta(
	const char *name, const char *type, const char *bytes, const char *pair, bool there)
{
	struct reply r = ask(name, type, bytes, strlen(bytes));

	if (reply_says(&r, pair) != there)
		fail_msg("%s: %s %s", name, pair, r.meta);
	reply_finish(&r);
}

static void test_metadata(void **state)
{
	(void)state;
	expect_meta("a.md", "", "intro\n\n# The \"Title\" #\r\n# no\n",
		"\"title\":\"The \\\"Title\\\"\"", true);
	expect_meta("a.md", "", "```\n# no\n```\n# yes\n", "\"title\":\"yes\"", true);
	expect_meta("a.md", "", "## no\n#no\n", "\"title\"", false);
	expect_meta("a.txt", "text/plain", "# no\n", "\"title\"", false);
	expect_meta("a.md", "", "x", "\"type\":\"text/markdown\"", true);
	expect_meta("a.c", "text/x-c", "x", "\"type\":\"text/x-c\"", true);
	expect_meta("a.svg", "image/svg+xml", "<svg/>", "\"type\":\"image/svg+xml\"", true);
	expect_meta("a.png", "image/png", "x", "\"type\":\"text/plain\"", true);
	expect_meta("a", "application/octet-stream", "x", "\"type\":\"text/plain\"", true);
}

/* --- limits and sizes ------------------------------------------------------------------------- */

static void test_limit(void **state)
{
	static const char mixed[] = "aä€🐟b";
	static const size_t cuts[] = {1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

	(void)state;
	for (size_t limit = 1; limit <= sizeof cuts / sizeof cuts[0]; limit++) {
		struct reply r;

		child_ask(&text,
			&(struct question){.bytes = mixed, .len = strlen(mixed), .limit = limit},
			&r);
		assert_int_equal(r.status, 0);
		assert_int_equal(r.len, cuts[limit - 1]);
		assert_int_equal(r.truncated, limit < strlen(mixed));
		reply_finish(&r);
	}
}

/* Around every bound inside (64 KiB, 256 KiB, 512 KiB, 1 MiB), mapped and read; the limit not
 * reached, just met, passed. */
static void test_sizes(void **state)
{
	static const size_t sizes[] = {
		65535, 65536, 65537, 262139, 262144, 524287, 524288, 1048577, 9000000};
	char *bytes = malloc(9000000);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < 9000000; i++)
		bytes[i] = (char)(i % 97 ? 'a' + i % 23 : '\n');
	for (size_t i = 0; i < 4 * sizeof sizes / sizeof sizes[0]; i++) {
		size_t n = sizes[i / 4], limit = i % 2 ? n : n - 1;
		struct reply r;

		child_ask(&text,
			&(struct question){
				.bytes = bytes, .len = n, .limit = limit, .as_file = i / 2 % 2},
			&r);
		assert_int_equal(r.status, 0);
		assert_int_equal(r.len, limit);
		assert_memory_equal(r.text, bytes, limit);
		assert_int_equal(r.truncated, limit < n);
		reply_finish(&r);
	}
	free(bytes);
}

static void test_wide_is_not_cut_early(void **state)
{
	size_t n = 1000000;
	char *bytes = calloc(n, 4);
	struct reply r;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[4 * i] = 'x';
	child_ask(&text, &(struct question){.bytes = bytes, .len = 4 * n, .limit = n}, &r);
	assert_int_equal(r.len, n);
	assert_false(r.truncated);
	reply_finish(&r);
	free(bytes);
}

/* --- the contract itself ---------------------------------------------------------------------- */

static void test_broken_request(void **state)
{
	static const char *const broken[] = {"X\0\0\0\0", "Q\2\0\0\0{}", "Q\xff\xff\xff\xff"};
	struct child c;
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		child_start(&c, "trawl-convert-text");
		/* the second one lacks its descriptor */
		assert_true(send(c.fd, broken[i], i == 1 ? 7 : 5, MSG_NOSIGNAL) > 0);
		shutdown(c.fd, SHUT_WR);
		assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 76);
		close(c.fd);
	}
}

static void test_no_descriptor_is_kept(void **state)
{
	char link[64], target[256];
	int open_count = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		expect_text("x", 1, "x", "US-ASCII");
	for (int fd = 0; fd < 64; fd++) {
		snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)text.pid, fd);
		open_count += readlink(link, target, sizeof target) > 0;
	}
	assert_true(open_count <= 6);
}

static int start(void **state)
{
	(void)state;
	child_start(&text, "trawl-convert-text");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	child_stop(&text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_short_latin),
		cmocka_unit_test(test_faults_in_utf8),
		cmocka_unit_test(test_nul_is_left_out),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_reroute_of_binary),
		cmocka_unit_test(test_reroute),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_wide_is_not_cut_early),
		cmocka_unit_test(test_broken_request),
		cmocka_unit_test(test_no_descriptor_is_kept),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
