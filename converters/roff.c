/*
 * roff: trawl-convert-roff, the text of manual pages and of what else is written for troff.
 *
 * Nothing is formatted: macros that are known to have words for arguments give
 * them, all others say nothing, and escape sequences are resolved (roff_escape.h).
 *
 * pkg-config: libmagic libcjson uchardet
 */
#include "alloc.h"
#include "flow.h"
#include "lines.h"
#include "roff_escape.h"
#include "scan.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MOST = 64, WORDS_MOST = 64, TITLE_MOST = 256 };

struct word {
	const char *p;
	size_t n;
};

enum kind {
	UNKNOWN,
	SAID,     /* its arguments are words of a line */
	JOINED,   /* the same without blanks between them: fonts by turns */
	TAGGED,   /* the first argument only */
	HEADING,  /* a line of its own */
	BREAK,    /* ends a line */
	DEFINING, /* a macro follows, or what is to be ignored, up to `..` */
	TABLE,    /* a table follows, behind its formats */
	VERBATIM, /* lines stay lines */
	FILLED,   /* the end of that */
	HEAD,     /* name and section of a page */
	NAMED,    /* mdoc's Nm: without arguments it is the page's name */
	DOC       /* mdoc: the arguments may be macros themselves */
};

/* clang-format off */
static const struct {
	const char *macro;
	enum kind kind;
} macros[] = {
	{"B", SAID}, {"I", SAID}, {"SM", SAID}, {"SB", SAID}, {"R", SAID}, {"CW", SAID}, {"OP", SAID}, {"MR", JOINED},
	{"BI", JOINED}, {"BR", JOINED}, {"IB", JOINED}, {"IR", JOINED}, {"RB", JOINED}, {"RI", JOINED},
	{"SH", HEADING}, {"SS", HEADING}, {"NH", HEADING}, {"TL", HEADING}, {"AU", HEADING}, {"AB", HEADING},
	{"IP", TAGGED}, {"UR", TAGGED}, {"MT", TAGGED}, {"SY", TAGGED},
	{"TP", BREAK}, {"TQ", BREAK}, {"PP", BREAK}, {"P", BREAK}, {"LP", BREAK}, {"HP", BREAK}, {"RS", BREAK}, {"RE", BREAK},
	{"br", BREAK}, {"sp", BREAK}, {"Pp", BREAK}, {"It", DOC}, {"Bl", BREAK}, {"El", BREAK}, {"bp", BREAK}, {"QP", BREAK},
	{"de", DEFINING}, {"de1", DEFINING}, {"am", DEFINING}, {"ig", DEFINING},
	{"TS", TABLE}, {"TE", FILLED}, {"nf", VERBATIM}, {"fi", FILLED}, {"EX", VERBATIM}, {"EE", FILLED}, {"Bd", VERBATIM},
	{"Ed", FILLED}, {"DS", VERBATIM}, {"Vb", VERBATIM}, {"Ve", FILLED}, {"DE", FILLED},
	{"TH", HEAD}, {"Dt", HEAD}, {"Nm", NAMED}, {"Sh", HEADING}, {"Ss", HEADING},
	{"Ad", DOC}, {"An", DOC}, {"Ap", DOC}, {"Aq", DOC}, {"Ar", DOC}, {"Bq", DOC}, {"Brq", DOC}, {"Cd", DOC}, {"Cm", DOC},
	{"D1", DOC}, {"Dl", DOC}, {"Dq", DOC}, {"Dv", DOC}, {"Em", DOC}, {"Er", DOC}, {"Ev", DOC}, {"Fa", DOC}, {"Fd", DOC},
	{"Fl", DOC}, {"Fn", DOC}, {"Fo", DOC}, {"Ft", DOC}, {"Ic", DOC}, {"In", DOC}, {"Li", DOC}, {"Lk", DOC}, {"Mt", DOC},
	{"Nd", DOC}, {"No", DOC}, {"Ns", DOC}, {"Op", DOC}, {"Pa", DOC}, {"Pf", DOC}, {"Pq", DOC}, {"Ql", DOC}, {"Qq", DOC},
	{"Sq", DOC}, {"Sy", DOC}, {"Ta", DOC}, {"Tn", DOC}, {"Va", DOC}, {"Vt", DOC}, {"Xo", DOC}, {"Xc", DOC}, {"Xr", DOC},
};
/* clang-format on */

struct page {
	struct answer *out;
	struct flow flow;
	bool defining;
	bool formats;  /* of a table: its cells follow */
	bool verbatim; /* or a table's rows */
	size_t name_len;
	char name[NAME_MOST];
	size_t room;
	char *text; /* one line, resolved; kept from document to document */
};

static enum kind kind_of(struct word macro)
{
	for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++)
		if (macro.n == strlen(macros[i].macro) &&
			memcmp(macro.p, macros[i].macro, macro.n) == 0)
			return macros[i].kind;
	return UNKNOWN;
}

/* --- text ------------------------------------------------------------------------------------- */

static void say(struct page *page, struct word w)
{
	if (ROFF_ROOM(w.n) > page->room) {
		page->room = ROFF_ROOM(w.n);
		page->text = alloc_resize(page->text, page->room, 1);
	}
	flow_text(&page->flow, page->text, roff_escape(w.p, w.n, page->text));
}

/* Arguments are parted by blanks, or quoted; a doubled quote is one of the text.  False: no more.
 */
static bool next_argument(struct word *rest, struct word *out)
{
	while (rest->n && (*rest->p == ' ' || *rest->p == '\t')) {
		rest->p++;
		rest->n--;
	}
	if (rest->n == 0)
		return false;
	bool quoted = *rest->p == '"';
	size_t from = quoted, at = from;
	while (at < rest->n &&
		(quoted ? rest->p[at] != '"' : rest->p[at] != ' ' && rest->p[at] != '\t'))
		at += rest->p[at] == '\\' && at + 1 < rest->n ? 2 : 1;
	*out = (struct word){rest->p + from, at - from};
	at += quoted && at < rest->n;
	rest->p += at;
	rest->n -= at;
	return true;
}

static void say_arguments(struct page *page, struct word rest, bool joined)
{
	struct word w;

	flow_break(&page->flow, GAP_BLANK);
	while (next_argument(&rest, &w)) {
		say(page, w);
		if (!joined)
			flow_break(&page->flow, GAP_BLANK);
	}
	flow_break(&page->flow, GAP_BLANK);
}

static bool is_macro_of_mdoc(struct word w)
{
	enum kind kind = w.n == 2 || w.n == 3 ? kind_of(w) : UNKNOWN;

	return kind == DOC || kind == NAMED;
}

static void say_doc(struct page *page, struct word rest)
{
	struct word w;

	flow_break(&page->flow, GAP_BLANK);
	while (next_argument(&rest, &w)) {
		if (!is_macro_of_mdoc(w))
			say(page, w);
		flow_break(&page->flow, GAP_BLANK);
	}
}

/* `.TH NAME 1 …` and `.Dt NAME 1`. */
static void take_head(struct page *page, struct word rest)
{
	char title[TITLE_MOST], resolved[ROFF_ROOM(TITLE_MOST)];
	struct word name, section;

	if (!next_argument(&rest, &name) || !next_argument(&rest, &section) ||
		name.n + section.n + 2 > sizeof title)
		return;
	memcpy(title, name.p, name.n);
	size_t len = name.n;
	title[len++] = '(';
	memcpy(title + len, section.p, section.n);
	len += section.n;
	title[len++] = ')';
	answer_meta(page->out, "title", resolved, roff_escape(title, len, resolved));
}

static void say_name(struct page *page, struct word rest)
{
	struct word peek = rest, w;

	if (!next_argument(&peek, &w)) {
		say_doc(page, (struct word){page->name, page->name_len});
		return;
	}
	if (page->name_len == 0 && !is_macro_of_mdoc(w)) {
		page->name_len = w.n < sizeof page->name ? w.n : 0;
		memcpy(page->name, w.p, page->name_len);
	}
	say_doc(page, rest);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void take_macro(struct page *page, struct word macro, struct word rest)
{
	enum kind kind = kind_of(macro);
	struct word w;

	switch (kind) {
	case SAID:
	case JOINED:
		say_arguments(page, rest, kind == JOINED);
		break;
	case TAGGED:
		flow_break(&page->flow, GAP_LINE);
		if (next_argument(&rest, &w))
			say_arguments(page, w, false);
		break;
	case HEADING:
		flow_break(&page->flow, GAP_PARAGRAPH);
		say_arguments(page, rest, false);
		flow_break(&page->flow, GAP_LINE);
		break;
	case BREAK:
		flow_break(&page->flow, GAP_LINE);
		break;
	case DEFINING:
		page->defining = true;
		break;
	case TABLE:
		page->formats = true;
		break;
	case VERBATIM:
	case FILLED:
		page->verbatim = kind == VERBATIM;
		page->formats = false;
		flow_break(&page->flow, GAP_LINE);
		break;
	case HEAD:
		take_head(page, rest);
		break;
	case NAMED:
		say_name(page, rest);
		break;
	case DOC:
		if (macro.p[0] == 'I' && macro.p[1] == 't')
			flow_break(&page->flow, GAP_LINE);
		say_doc(page, rest);
		break;
	case UNKNOWN:
		break;
	}
}

static void take_request(struct page *page, struct word line)
{
	size_t from = 1, to;

	while (from < line.n && (line.p[from] == ' ' || line.p[from] == '\t'))
		from++;
	for (to = from; to < line.n && !isspace((unsigned char)line.p[to]) && line.p[to] != '\\';
		to++)
		;
	if (page->defining) {
		page->defining = !(to - from == 1 && line.p[from] == '.');
		return;
	}
	take_macro(page, (struct word){line.p + from, to - from},
		(struct word){line.p + to, line.n - to});
}

static void take_text(struct page *page, struct word line)
{
	if (page->formats) {
		/* The last line of a table's formats ends in a full stop. */
		page->verbatim = line.n > 0 && line.p[line.n - 1] == '.';
		page->formats = !page->verbatim;
		return;
	}
	if (line.n == 0)
		flow_break(&page->flow, GAP_PARAGRAPH);
	else if (page->verbatim)
		flow_break(&page->flow, GAP_LINE);
	else
		flow_break(&page->flow, GAP_BLANK);
	say(page, line);
}

static bool take_line(void *ctx, const char *utf8, size_t n)
{
	struct page *page = ctx;

	if (n > 0 && (*utf8 == '.' || *utf8 == '\''))
		take_request(page, (struct word){utf8, n});
	else if (!page->defining)
		take_text(page, (struct word){utf8, n});
	return !page->flow.full;
}

/* --- one document ----------------------------------------------------------------------------- */

/* A log that was rotated has the name of a page of section 1. */
static bool is_roff(const char *utf8, size_t n)
{
	static const char *const signs[] = {"\n.TH ", "\n.SH", "\n.Dd ", "\n.Sh ", "\n.TL", "\n.PP",
		"\n.LP", "\n.so ", "\n.\\\"", "\n'\\\"", "\n.de "};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		size_t len = strlen(signs[i]) - 1;

		if (n >= len && memcmp(utf8, signs[i] + 1, len) == 0)
			return true;
		if (memmem(utf8, n, signs[i], len + 1))
			return true;
	}
	return false;
}

static int convert_roff(const struct document *doc, struct answer *out)
{
	static const char *const types[] = {"text/troff", NULL};
	static const struct lines_ops ops = {.types = types, .is_one = is_roff, .line = take_line};
	static struct page *page;

	if (!page) {
		page = alloc_resize(NULL, 1, sizeof *page);
		*page = (struct page){.text = NULL};
	}
	page->out = out;
	flow_init(&page->flow, out);
	page->defining = page->formats = page->verbatim = false;
	page->name_len = 0;
	int verdict = lines_read(doc, out, &ops, page);
	if (verdict == ANSWER_DONE)
		flow_finish(&page->flow);
	return verdict;
}

static const struct converter_ops roff_converter = {
	.program = "trawl-convert-roff",
	.convert = convert_roff,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&roff_converter);
}
#endif
