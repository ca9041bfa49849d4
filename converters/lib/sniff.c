/*
 * sniff: signatures at the front; see sniff.h.
 *
 * The names of types are those of the freedesktop.org shared database.
 */
#include "sniff.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct span {
	const uint8_t *p;
	size_t n;
};

static bool starts(const struct span *s, const char *word)
{
	size_t len = strlen(word);

	return s->n >= len && strncasecmp((const char *)s->p, word, len) == 0;
}

static void advance(struct span *s, size_t by)
{
	s->p += by;
	s->n -= by;
}

static void skip_blanks(struct span *s)
{
	while (s->n && isspace(*s->p))
		advance(s, 1);
}

/* Past `end`; false if it is not there. */
static bool skip_past(struct span *s, const char *end)
{
	const uint8_t *at = memmem(s->p, s->n, end, strlen(end));

	if (!at)
		return false;
	advance(s, (size_t)(at - s->p) + strlen(end));
	return true;
}

/* Comments, declarations, processing instructions; false if one does not end. */
static bool skip_prolog(struct span *s)
{
	while (starts(s, "<!--") || starts(s, "<?")) {
		if (!skip_past(s, s->p[1] == '!' ? "-->" : "?>"))
			return false;
		skip_blanks(s);
	}
	return true;
}

static struct span behind_mark(const uint8_t *p, size_t n)
{
	struct span s = {p, n};

	if (starts(&s, "\xef\xbb\xbf"))
		advance(&s, 3);
	skip_blanks(&s);
	return s;
}

bool sniff_pdf(const uint8_t *p, size_t n)
{
	struct span s = behind_mark(p, n < SNIFF_BYTES ? n : SNIFF_BYTES);

	return s.n >= 8 && memcmp(s.p, "%PDF-", 5) == 0 && isdigit(s.p[5]) && s.p[6] == '.';
}

static bool starts_html(struct span s)
{
	static const char *const frame[] = {"<!doctype html", "<html", "<head", "<body"};

	for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
		size_t len = strlen(frame[i]);

		if (starts(&s, frame[i]) && (s.n == len || s.p[len] == '>' || isspace(s.p[len])))
			return true;
	}
	return false;
}

bool sniff_html(const uint8_t *p, size_t n)
{
	struct span s = behind_mark(p, n < SNIFF_BYTES ? n : SNIFF_BYTES);

	return skip_prolog(&s) && starts_html(s);
}

/* --- signatures ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	size_t at, len;
	const char *bytes, *type;
} signatures[] = {
	{0, 4, "PK\3\4", "application/zip"},
	{0, 4, "PK\5\6", "application/zip"}, /* without a member */
	{0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
	{0, 2, "\x1f\x8b", "application/gzip"},
	{4, 6, "1AY&SY", "application/x-bzip2"},
	{0, 6, "\xfd" "7zXZ\0", "application/x-xz"},
	{0, 4, "\x28\xb5\x2f\xfd", "application/zstd"},
	{0, 4, "\x04\x22\x4d\x18", "application/x-lz4"},
	{0, 5, "LZIP\1", "application/x-lzip"},
	{0, 9, "\x89LZO\0\r\n\x1a\n", "application/x-lzop"},
	{0, 2, "\x1f\x9d", "application/x-compress"},
	{0, 6, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{0, 6, "Rar!\x1a\x07", "application/vnd.rar"},
	{0, 21, "!<arch>\ndebian-binary", "application/vnd.debian.binary-package"},
	{0, 8, "!<arch>\n", "application/x-archive"},
	{0, 4, "\xed\xab\xee\xdb", "application/x-rpm"},
	{0, 2, "\xc7\x71", "application/x-cpio"},
	{0, 8, "MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"},
	{257, 5, "ustar", "application/x-tar"},
	{32769, 5, "CD001", "application/x-iso9660-image"},
	{0, 8, "AT&TFORM", "image/vnd.djvu"},
	{0, 8, "ITSF\3\0\0\0", "application/vnd.ms-htmlhelp"},
	{60, 8, "BOOKMOBI", "application/x-mobipocket-ebook"},
	{60, 8, "TEXtREAd", "application/x-mobipocket-ebook"},
	{0, 4, "\xc5\xd0\xd3\xc6", "application/postscript"}, /* EPS with a preview before it */
};
/* clang-format on */

/* cpio's header is digits, which text may begin with too, but the name behind it ends in NUL. */
static bool is_cpio(const uint8_t *p, size_t n)
{
	static const size_t header = 76; /* the shorter of the two */

	return n > header && memcmp(p, "07070", 5) == 0 && strchr("127", p[5]) &&
	       memchr(p + header, 0, n - header);
}

const char *sniff_signature(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
		if (n >= signatures[i].at + signatures[i].len &&
			memcmp(p + signatures[i].at, signatures[i].bytes, signatures[i].len) == 0)
			return signatures[i].type;
	if (is_cpio(p, n))
		return "application/x-cpio";
	return sniff_pdf(p, n) ? "application/pdf" : NULL;
}

/* --- kinds of text ---------------------------------------------------------------------------- */

/* By the first words; letters of either case. */
static const struct {
	const char *word, *type;
} openings[] = {
	{"{\\rtf", "application/rtf"},
	{"%!PS", "application/postscript"},
	{"BEGIN:VCALENDAR", "text/calendar"},
	{"BEGIN:VCARD", "text/vcard"},
	{"WEBVTT", "text/vtt"},
	{"[Script Info]", "text/x-ssa"},
	{".TH ", "text/troff"},
	{".Dd ", "text/troff"},
	{".\\\" ", "text/troff"},
	{"'\\\" ", "text/troff"},
	{"\\documentclass", "text/x-tex"},
};

/* By the root element's name, and a word in its tag where the name alone is a common one. */
static const struct {
	const char *root, *word, *type;
} roots[] = {
	{"svg", "", "image/svg+xml"},
	{"svg:svg", "", "image/svg+xml"},
	{"FictionBook", "", "application/x-fictionbook+xml"},
	{"office:document", "opendocument.text",
		"application/vnd.oasis.opendocument.text-flat-xml"},
	{"office:document", "opendocument.spreadsheet",
		"application/vnd.oasis.opendocument.spreadsheet-flat-xml"},
	{"office:document", "opendocument.presentation",
		"application/vnd.oasis.opendocument.presentation-flat-xml"},
	{"office:document", "opendocument.graphics",
		"application/vnd.oasis.opendocument.graphics-flat-xml"},
};

static const char *by_opening(struct span s)
{
	for (size_t i = 0; i < sizeof openings / sizeof openings[0]; i++)
		if (starts(&s, openings[i].word))
			return openings[i].type;
	return NULL;
}

/* Past <!DOCTYPE …>, with a subset in brackets or without. */
static bool skip_doctype(struct span *s)
{
	const uint8_t *subset = memchr(s->p, '[', s->n), *end = memchr(s->p, '>', s->n);

	if (!end)
		return false;
	if (!subset || subset > end)
		return skip_past(s, ">");
	while (skip_past(s, "]")) {
		skip_blanks(s);
		if (starts(s, ">"))
			return skip_past(s, ">");
	}
	return false;
}

static const char *by_root(struct span s)
{
	if (!starts(&s, "<") || !skip_prolog(&s))
		return NULL;
	if (starts_html(s))
		return "text/html";
	if (starts(&s, "<!doctype") && !skip_doctype(&s))
		return NULL;
	skip_blanks(&s);
	if (!skip_prolog(&s) || s.n == 0 || *s.p != '<')
		return NULL;
	advance(&s, 1);
	const uint8_t *end = memchr(s.p, '>', s.n);
	size_t tag = end ? (size_t)(end - s.p) : s.n;
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
		size_t len = strlen(roots[i].root);

		if (tag >= len && memcmp(s.p, roots[i].root, len) == 0 &&
			(tag == len || isspace(s.p[len]) || s.p[len] == '/') &&
			memmem(s.p, tag, roots[i].word, strlen(roots[i].word)))
			return roots[i].type;
	}
	return NULL;
}

/* --- mail ------------------------------------------------------------------------------------- */

/* Every message has one of the first, and one of the second. */
static const char *const from_fields[] = {"From:", "Return-Path:", "Received:", "Delivered-To:"};
static const char *const other_fields[] = {
	"Date:", "Subject:", "Message-ID:", "MIME-Version:", "To:"};

enum { FROM_FIELDS = 4, OTHER_FIELDS = 5 };

static bool starts_with_any(const struct span *s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (starts(s, words[i]))
			return true;
	return false;
}

/* `Name:` of printable characters. */
static bool is_field(struct span line)
{
	const uint8_t *colon = memchr(line.p, ':', line.n);

	if (!colon || colon == line.p)
		return false;
	for (const uint8_t *c = line.p; c < colon; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return true;
}

static const char *by_header(struct span s)
{
	bool box = starts(&s, "From "), from = false, other = false;

	if (box && !skip_past(&s, "\n"))
		return NULL;
	while (s.n && !(from && other)) {
		const uint8_t *end = memchr(s.p, '\n', s.n);
		struct span line = {s.p, end ? (size_t)(end - s.p) : s.n};

		if (*line.p != ' ' && *line.p != '\t' && !is_field(line))
			return NULL;
		from |= starts_with_any(&line, from_fields, FROM_FIELDS);
		other |= starts_with_any(&line, other_fields, OTHER_FIELDS);
		advance(&s, end ? line.n + 1 : line.n);
	}
	if (!from || !other)
		return NULL;
	return box ? "application/mbox" : "message/rfc822";
}

/* A notebook's keys are sorted when it is stored: its cells come first. */
static bool is_notebook(struct span s)
{
	if (!starts(&s, "{"))
		return false;
	advance(&s, 1);
	skip_blanks(&s);
	if (!starts(&s, "\"cells\""))
		return false;
	advance(&s, strlen("\"cells\""));
	skip_blanks(&s);
	return starts(&s, ":") && memmem(s.p, s.n, "\"cell_type\"", strlen("\"cell_type\""));
}

/* SubRip: a number, then `00:00:01,500 --> 00:00:03,250`. */
static bool is_subtitle(struct span s)
{
	static const char form[] = "00:00:00";

	while (s.n && isdigit(*s.p))
		advance(&s, 1);
	skip_blanks(&s);
	if (s.n < sizeof form)
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == '0' ? !isdigit(s.p[i]) : s.p[i] != form[i])
			return false;
	const uint8_t *end = memchr(s.p, '\n', s.n);
	return end && memmem(s.p, (size_t)(end - s.p), " --> ", 5);
}

const char *sniff_text(const char *utf8, size_t n)
{
	struct span s = behind_mark((const uint8_t *)utf8, n);
	const char *type = by_opening(s);

	if (!type)
		type = by_root(s);
	if (!type && is_notebook(s))
		type = "application/x-ipynb+json";
	if (!type && is_subtitle(s))
		type = "application/x-subrip";
	return type ? type : by_header(s);
}
