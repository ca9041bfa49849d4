/* charset: telling encodings apart; see charset.h. */
#include "charset.h"

#include "scan.h"

#include <ctype.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>
#include <uchardet/uchardet.h>

enum {
	SAMPLE = 128 * 1024,    /* bytes for the detectors */
	CONTROL_SHARE = 32,     /* one byte in so many may be none of text's */
	NUL_SHARE = 64,         /* the same for NUL, as a crash leaves them in logs */
	UTF8_SHARE = 8,         /* characters to one ill-formed byte, to call it UTF-8 still */
	WIDE_ASCII_SHARE = 128, /* one unit in so many is ASCII in any UTF-16 text: blanks, line
				   ends, digits */
	BLANK_WORTH =
		16, /* ASCII characters: U+3000 read in the wrong order is a zero, but no blank */
	DECLARED_WITHIN = 4096, /* bytes */
	FEW = 4,                /* letters that are not ASCII: fewer say nothing about a charset */
};

/* Longest first where one mark begins another. */
static const struct {
	const char *name;
	size_t len;
	uint8_t mark[4];
} marks[] = {
	{"UTF-8", 3, {0xef, 0xbb, 0xbf}},
	{"UTF-32LE", 4, {0xff, 0xfe, 0, 0}},
	{"UTF-32BE", 4, {0, 0, 0xfe, 0xff}},
	{"UTF-16LE", 2, {0xff, 0xfe}},
	{"UTF-16BE", 2, {0xfe, 0xff}},
};

/* What is said or guessed, and what is meant. */
static const struct {
	const char *said, *meant;
} aliases[] = {
	{"ISO-8859-1", "WINDOWS-1252"},
	{"ISO8859-1", "WINDOWS-1252"},
	{"LATIN1", "WINDOWS-1252"},
	{"ASCII", "WINDOWS-1252"},
	{"US-ASCII", "WINDOWS-1252"},
	{"ISO-8859-9", "WINDOWS-1254"},
	{"TIS-620", "WINDOWS-874"},
	{"ISO-8859-11", "WINDOWS-874"},
	{"SHIFT_JIS", "CP932"},
	{"SHIFT-JIS", "CP932"},
	{"SJIS", "CP932"},
	{"X-SJIS", "CP932"},
	{"EUC-KR", "UHC"},
	{"KS_C_5601-1987", "UHC"},
	{"GB2312", "GB18030"},
	{"GBK", "GB18030"},
	{"BIG5", "BIG5-HKSCS"},
	{"KOI8-R", "KOI8-U"}, /* frames of boxes give way to letters of Ukrainian */
	{"MAC-CYRILLIC", "MACCYRILLIC"},
	{"MAC-CENTRALEUROPE", "MACCENTRALEUROPE"},
	{"X-MAC-ROMAN", "MACINTOSH"},
	{"UTF8", "UTF-8"},
};

static const char *alias(const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (strcasecmp(name, aliases[i].said) == 0)
			return aliases[i].meant;
	return name;
}

static void set_name(struct charset *cs, const char *name)
{
	size_t i = 0;

	for (; i < sizeof cs->name - 1 && name[i]; i++)
		cs->name[i] = (char)toupper((unsigned char)name[i]);
	cs->name[i] = '\0';
}

/* --- byte order marks and zero bytes ---------------------------------------------------------- */

bool charset_by_mark(const uint8_t *bytes, size_t n, struct charset *out)
{
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (n >= marks[i].len && memcmp(bytes, marks[i].mark, marks[i].len) == 0) {
			*out = (struct charset){.skip = marks[i].len};
			set_name(out, marks[i].name);
			return true;
		}
	return false;
}

static bool is_text_ascii(uint32_t c)
{
	return (c >= ' ' && c < 0x7f) || (c >= '\b' && c <= '\r') || c == 0x1b;
}

/* Neither assigned to a character nor ever to be, or a control that text has not. */
static bool is_never_text(uint32_t c)
{
	return (c < 0xa0 && !is_text_ascii(c) && c != 0x85) || (c & 0xfffe) == 0xfffe ||
	       (c >= 0xfdd0 && c <= 0xfdef) || c > 0x10ffff;
}

static uint32_t unit16(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* UTF-16 without a mark: every unit is a character or half of a pair, and enough of them are ASCII.
 * 0: it is not; the higher, the better. */
static size_t score_utf16(const uint8_t *p, size_t n, bool big)
{
	size_t ascii = 0, blanks = 0, units = n / 2;

	for (size_t i = 0; i < units; i++) {
		uint32_t c = unit16(p + 2 * i, big);

		if (c >= 0xdc00 && c < 0xe000)
			return 0;
		if (c >= 0xd800 && c < 0xdc00) {
			if (++i == units)
				break;
			c = unit16(p + 2 * i, big);
			if (c < 0xdc00 || c >= 0xe000)
				return 0;
			continue;
		}
		if (is_never_text(c) || (c >= 0xe000 && c < 0xf900))
			return 0;
		ascii += is_text_ascii(c);
		blanks += c == ' ' || (c >= '\t' && c <= '\r');
	}
	return ascii >= units / WIDE_ASCII_SHARE ? ascii + BLANK_WORTH * blanks : 0;
}

static bool looks_utf32(const uint8_t *p, size_t n, bool big)
{
	size_t units = n / 4;

	for (size_t i = 0; i < units; i++) {
		uint32_t low = unit16(p + 4 * i + (big ? 2 : 0), big);
		uint32_t c = unit16(p + 4 * i + (big ? 0 : 2), big) << 16 | low;

		if (is_never_text(c) || (c >= 0xd800 && c < 0xf900))
			return false;
	}
	return units > 0;
}

static const char *by_zero_bytes(const uint8_t *p, size_t n, bool cut)
{
	size_t sample = n < SAMPLE ? n : SAMPLE;
	bool whole = !cut && sample == n;

	/* An odd length is a broken end at most where the end was not seen. */
	if ((!whole || n % 4 == 0) && sample >= 4) {
		if (looks_utf32(p, sample, false))
			return "UTF-32LE";
		if (looks_utf32(p, sample, true))
			return "UTF-32BE";
	}
	if ((!whole || n % 2 == 0) && sample >= 2) {
		size_t little = score_utf16(p, sample, false), big = score_utf16(p, sample, true);

		if (little || big)
			return little >= big ? "UTF-16LE" : "UTF-16BE";
	}
	return NULL;
}

/* --- UTF-8 and the guess ---------------------------------------------------------------------- */

/* Whether most of what is not ASCII is well-formed: a log with a torn line is UTF-8 still. */
static bool mostly_utf8(const uint8_t *p, size_t n)
{
	size_t good = 0, bad = 0;

	for (size_t at = 0; at < n;) {
		if (p[at] < 0x80) {
			at++;
			continue;
		}
		size_t len = p[at] >= 0xf0 ? 4 : p[at] >= 0xe0 ? 3 : 2;
		bool fits = at + len <= n && scan_utf8(p + at, len) == len;
		good += fits;
		bad += !fits;
		at += fits ? len : 1;
	}
	return good / UTF8_SHARE >= bad;
}

/* Alphabets that are Latin all, and differ in a few letters. */
static bool is_latin(const char *name)
{
	static const char *const latin[] = {"WINDOWS-1250", "WINDOWS-1254", "WINDOWS-1257",
		"WINDOWS-1258", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-10",
		"ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "IBM852",
		"MACCENTRALEUROPE", "VISCII"};

	for (size_t i = 0; i < sizeof latin / sizeof latin[0]; i++)
		if (strcasecmp(name, latin[i]) == 0)
			return true;
	return false;
}

static bool has_few_high(const uint8_t *p, size_t n)
{
	size_t high = 0;

	for (size_t i = 0; i < n && high < FEW; i++)
		high += p[i] >= 0x80;
	return high < FEW;
}

/*
 * Eth with thorn among the vowels of Icelandic, which the detector knows no model of.  It takes
 * them for the đ of Croatian and the ţ of Romanian, which no language has both.
 */
static bool is_icelandic(const uint8_t *p, size_t n)
{
	static const char letters[] = "\xc1\xc6\xc9\xcd\xd0\xd3\xd6\xda\xdd\xde\xe1\xe6\xe9\xed\xf0"
				      "\xf3\xf6\xfa\xfd\xfe";
	bool eth = false, thorn = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 0xc0 && !strchr(letters, p[i]))
			return false;
		eth |= p[i] == 0xf0;
		thorn |= p[i] == 0xfe || p[i] == 0xde;
	}
	return eth && thorn;
}

/* Only a sample from the first byte that is not ASCII on is worth the detector's time. */
static void guess(const uint8_t *p, size_t n, struct charset *out)
{
	static uchardet_t detector;
	const char *found = "";
	size_t from = 0;

	if (!detector)
		detector = uchardet_new();
	while (from < n && p[from] < 0x80 && p[from] != 0x1b)
		from++;
	from = from > 256 ? from - 256 : 0;
	n = n - from < SAMPLE ? n - from : SAMPLE;
	uchardet_reset(detector);
	if (uchardet_handle_data(detector, (const char *)p + from, n) == 0) {
		uchardet_data_end(detector);
		found = uchardet_get_charset(detector);
	}
	/* That it is UTF-8 was excluded before. */
	if (!charset_by_name(found, strlen(found), out) || strcmp(out->name, "UTF-8") == 0 ||
		(is_latin(out->name) && (has_few_high(p + from, n) || is_icelandic(p + from, n))))
		set_name(out, "WINDOWS-1252");
}

static bool is_known(const char *name)
{
	iconv_t cd = iconv_open("UTF-8", name);

	/* iconv_open fails with (iconv_t)-1, an integer in pointer's clothes. */
	if ((intptr_t)cd == -1)
		return false;
	iconv_close(cd);
	return true;
}

bool charset_by_name(const char *name, size_t n, struct charset *out)
{
	char said[CHARSET_NAME];

	while (n && isspace((unsigned char)*name)) {
		name++;
		n--;
	}
	while (n && isspace((unsigned char)name[n - 1]))
		n--;
	if (n == 0 || n >= sizeof said || memchr(name, '/', n))
		return false;
	memcpy(said, name, n);
	said[n] = '\0';
	const char *meant = alias(said);
	if (strncasecmp(meant, "UTF-16", 6) == 0 || strncasecmp(meant, "UTF-32", 6) == 0 ||
		strncasecmp(meant, "UCS", 3) == 0)
		return false;
	if (strcasecmp(meant, "UTF-8") == 0)
		meant = "UTF-8";
	else if (!is_known(meant))
		return false;
	set_name(out, meant);
	return true;
}

bool charset_is_wide(const struct charset *cs)
{
	return strncmp(cs->name, "UTF-16", 6) == 0 || strncmp(cs->name, "UTF-32", 6) == 0;
}

/* ISO-2022 hides in seven bits behind these. */
static bool has_shift_escape(const uint8_t *p, size_t n)
{
	return memmem(p, n, "\x1b$", 2) || memmem(p, n, "\x1b(J", 3);
}

/* Not wide, not binary. */
static void settle_bytes(
	const uint8_t *bytes, size_t n, bool cut, const struct scan *seen, struct charset *out)
{
	if (!seen->high) {
		bool shifted = seen->escape > 0 && has_shift_escape(bytes, n);

		out->clean = !shifted && seen->nul == 0;
		set_name(out, out->skip ? "UTF-8" : "US-ASCII");
		if (shifted)
			guess(bytes, n, out);
		return;
	}
	size_t good = scan_utf8(bytes, n);
	out->clean = good == n && seen->nul == 0;
	if (good == n || (cut && scan_utf8_is_cut(bytes + good, n - good)) || out->skip ||
		mostly_utf8(bytes, n))
		set_name(out, "UTF-8");
	else
		guess(bytes, n, out);
}

bool charset_detect(const uint8_t *bytes, size_t n, bool cut, struct charset *out)
{
	struct scan seen;
	const char *wide = NULL;

	*out = (struct charset){.name = ""};
	if (n == 0)
		bytes = (const uint8_t *)"";
	if (charset_by_mark(bytes, n, out) && charset_is_wide(out))
		return true;
	/* A UTF-8 mark says what was meant, not that it was kept. */
	bytes += out->skip;
	n -= out->skip;
	scan_bytes(bytes, n, &seen);
	if (seen.nul > 0 && out->skip == 0)
		wide = by_zero_bytes(bytes, n, cut);
	if (wide) {
		set_name(out, wide);
		return true;
	}
	out->name[0] = '\0';
	if (seen.control > n / CONTROL_SHARE || seen.nul > n / NUL_SHARE)
		return false;
	settle_bytes(bytes, n, cut, &seen, out);
	return true;
}

bool charset_declared(const uint8_t *bytes, size_t n, struct charset *out)
{
	static const char *const keys[] = {"charset=", "encoding="};
	const char *head = (const char *)bytes;

	n = n < DECLARED_WITHIN ? n : DECLARED_WITHIN;
	for (size_t at = 0; at < n; at++) {
		for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
			size_t from = at + strlen(keys[k]), to;

			if (from > n || strncasecmp(head + at, keys[k], strlen(keys[k])) != 0)
				continue;
			while (from < n && head[from] && strchr("\"' ", head[from]))
				from++;
			for (to = from; to < n && head[to] && !strchr("\"' ;/>?", head[to]); to++)
				;
			return charset_by_name(head + from, to - from, out);
		}
	}
	return false;
}
