/*
 * subtitles: trawl-convert-subtitles, what is said in a film or sung in a song, without its times.
 *
 * SubRip, WebVTT, SubStation Alpha, MicroDVD and LRC, told apart line by line: a
 * line's own form says what it is, and what kind of block it stands in.
 *
 * pkg-config: libmagic libcjson uchardet
 */
#include "alloc.h"
#include "flow.h"
#include "lines.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	HELD_MOST = 1024, /* bytes of a line that may turn out to be a cue's name */
	TAG_MOST = 512,   /* bytes of <markup> or {markup} */
	FIELDS_MOST = 64, /* of a line of SubStation Alpha */
	FIELDS_USUAL = 9, /* before the text */
};

struct film {
	struct answer *out;
	struct flow flow;
	bool block_start; /* nothing of this block came yet */
	bool skipping;    /* a block that is no text: notes, styles */
	bool scripted;    /* SubStation Alpha */
	int fields;       /* before its text */
	/* The line before, which is its cue's name or number if a time follows. */
	bool holding, held_starts_block;
	size_t held;
	char hold[HELD_MOST];
};

struct words {
	const char *p;
	size_t n;
};

static bool starts(struct words w, const char *prefix)
{
	size_t len = strlen(prefix);

	return w.n >= len && strncasecmp(w.p, prefix, len) == 0;
}

static struct words skip(struct words w, size_t n)
{
	return (struct words){w.p + n, w.n - n};
}

static struct words trim(struct words w)
{
	while (w.n && isspace((unsigned char)*w.p))
		w = skip(w, 1);
	while (w.n && isspace((unsigned char)w.p[w.n - 1]))
		w.n--;
	return w;
}

/* --- a line of speech ------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
} entities[] = {
	{"&amp;", "&"},
	{"&lt;", "<"},
	{"&gt;", ">"},
	{"&nbsp;", " "},
	{"&lrm;", ""},
	{"&rlm;", ""},
};

/* The length of an entity at w, 0 if none; its text in *text. */
static size_t entity_length(struct words w, const char **text)
{
	for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
		if (starts(w, entities[i].name)) {
			*text = entities[i].text;
			return strlen(entities[i].name);
		}
	return 0;
}

/* The length of <i>, </i>, <v Anna>, <00:01.000>, {\an8} or {y:i} at w; 0: it is no markup. */
static size_t markup_length(struct words w)
{
	const char *end = memchr(w.p, *w.p == '<' ? '>' : '}', w.n < TAG_MOST ? w.n : TAG_MOST);

	if (!end || w.n < 3)
		return 0;
	unsigned char c = (unsigned char)w.p[1];
	bool is_markup = *w.p == '<' ? isalnum(c) || c == '/' : c == '\\' || w.p[2] == ':';
	return is_markup ? (size_t)(end - w.p) + 1 : 0;
}

/* One piece from the front of a line; returns what is left. */
static struct words say_piece(struct film *film, struct words w)
{
	const char *text;
	size_t len;

	if ((*w.p == '<' || *w.p == '{') && (len = markup_length(w)) > 0)
		return skip(w, len);
	if (*w.p == '&' && (len = entity_length(w, &text)) > 0) {
		flow_text(&film->flow, text, strlen(text));
		return skip(w, len);
	}
	if (film->scripted && *w.p == '\\' && w.n > 1 && strchr("Nnh", w.p[1])) {
		flow_break(&film->flow, GAP_BLANK);
		return skip(w, 2);
	}
	for (len = 1; len < w.n && !strchr("<{&\\", w.p[len]); len++)
		;
	flow_text(&film->flow, w.p, len);
	return skip(w, len);
}

static void say(struct film *film, struct words w)
{
	flow_break(&film->flow, GAP_LINE);
	while (w.n && !film->flow.full)
		w = say_piece(film, w);
}

/* --- blocks of lines: SubRip, WebVTT ---------------------------------------------------------- */

static bool is_number(struct words w)
{
	for (size_t i = 0; i < w.n; i++)
		if (!isdigit((unsigned char)w.p[i]))
			return false;
	return w.n > 0;
}

static bool is_time_line(struct words w)
{
	return w.n > 0 && isdigit((unsigned char)*w.p) && memmem(w.p, w.n, "-->", 3);
}

static void release(struct film *film)
{
	if (film->holding)
		say(film, (struct words){film->hold, film->held});
	film->holding = false;
}

static void hold(struct film *film, struct words w)
{
	release(film);
	if (w.n > sizeof film->hold) {
		say(film, w);
		return;
	}
	memcpy(film->hold, w.p, w.n);
	film->held = w.n;
	film->held_starts_block = film->block_start;
	film->holding = true;
}

static bool starts_skipped_block(struct words w)
{
	static const char *const blocks[] = {"WEBVTT", "NOTE", "STYLE", "REGION"};

	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
		size_t len = strlen(blocks[i]);

		if (w.n >= len && memcmp(w.p, blocks[i], len) == 0 &&
			(w.n == len || isspace((unsigned char)w.p[len])))
			return true;
	}
	return false;
}

static void take_block_line(struct film *film, struct words w)
{
	if (is_time_line(w)) {
		struct words held = {film->hold, film->held};

		if (film->holding && (film->held_starts_block || is_number(held)))
			film->holding = false;
		release(film);
	} else {
		film->skipping |= film->block_start && starts_skipped_block(w);
		if (!film->skipping)
			hold(film, w);
	}
	film->block_start = false;
}

/* --- lines of their own: MicroDVD, LRC -------------------------------------------------------- */

/* `{12}{34}` or `[01:02.03]` in front; 0: neither. */
static size_t stamp_length(struct words w)
{
	char close = *w.p == '{' ? '}' : ']';
	const char *end = memchr(w.p, close, w.n < 16 ? w.n : 16);

	if (!end || end == w.p + 1)
		return 0;
	for (const char *c = w.p + 1; c < end; c++)
		if (!isdigit((unsigned char)*c) &&
			!(*w.p == '[' && c > w.p + 1 && strchr(":.", *c)))
			return 0;
	return (size_t)(end - w.p) + 1;
}

/* `[ti:Title]` and its like. */
static bool take_tag(struct film *film, struct words w)
{
	static const struct {
		const char *tag, *key;
	} tags[] = {{"[ti:", "title"}, {"[ar:", "author"}, {"[al:", "album"}, {"[by:", NULL},
		{"[offset:", NULL}, {"[length:", NULL}, {"[re:", NULL}, {"[ve:", NULL}};

	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		size_t len = strlen(tags[i].tag);

		if (!starts(w, tags[i].tag) || w.p[w.n - 1] != ']')
			continue;
		if (tags[i].key)
			answer_meta(film->out, tags[i].key, w.p + len, w.n - len - 1);
		return true;
	}
	return false;
}

static bool take_stamped(struct film *film, struct words w)
{
	size_t len, stamps = 0;

	while (w.n && (*w.p == '{' || *w.p == '[') && (len = stamp_length(w)) > 0) {
		w = skip(w, len);
		stamps++;
	}
	if (stamps == 0)
		return w.n > 0 && *w.p == '[' && take_tag(film, w);
	/* MicroDVD's own line break */
	for (const char *bar; (bar = memchr(w.p, '|', w.n)) != NULL;) {
		say(film, (struct words){w.p, (size_t)(bar - w.p)});
		w = skip(w, (size_t)(bar - w.p) + 1);
	}
	say(film, w);
	return true;
}

/* --- SubStation Alpha ------------------------------------------------------------------------- */

static int count_commas(struct words w)
{
	int count = 0;

	for (size_t i = 0; i < w.n && count < FIELDS_MOST; i++)
		count += w.p[i] == ',';
	return count;
}

/* What stands behind so many commas. */
static struct words behind_fields(struct words w, int fields)
{
	for (; fields > 0; fields--) {
		const char *comma = memchr(w.p, ',', w.n);

		if (!comma)
			return (struct words){w.p + w.n, 0};
		w = skip(w, (size_t)(comma - w.p) + 1);
	}
	return w;
}

static void take_script_line(struct film *film, struct words w)
{
	if (starts(w, "Title:")) {
		w = trim(skip(w, strlen("Title:")));
		answer_meta(film->out, "title", w.p, w.n);
	} else if (starts(w, "Format:")) {
		film->fields = count_commas(w); /* the one of the events comes last */
	} else if (starts(w, "Dialogue:")) {
		say(film, behind_fields(w, film->fields));
	}
}

/* --- one document ----------------------------------------------------------------------------- */

static bool take_line(void *ctx, const char *utf8, size_t n)
{
	struct film *film = ctx;
	struct words w = trim((struct words){utf8, n});

	if (film->scripted) {
		take_script_line(film, w);
	} else if (w.n == 0) {
		release(film);
		film->block_start = true;
		film->skipping = false;
		flow_break(&film->flow, GAP_LINE);
	} else if (starts(w, "[Script Info]")) {
		film->scripted = true;
	} else if (film->holding || !take_stamped(film, w)) {
		take_block_line(film, w);
	}
	return !film->flow.full;
}

static int convert_subtitles(const struct document *doc, struct answer *out)
{
	static const char *const types[] = {"application/x-subrip", "text/vtt", "text/x-ssa", NULL};
	static const struct lines_ops ops = {.types = types, .line = take_line};
	static struct film *film;

	if (!film)
		film = alloc_resize(NULL, 1, sizeof *film);
	film->out = out;
	flow_init(&film->flow, out);
	film->block_start = true;
	film->skipping = film->scripted = film->holding = false;
	film->fields = FIELDS_USUAL;
	int verdict = lines_read(doc, out, &ops, film);
	release(film);
	if (verdict == ANSWER_DONE)
		flow_finish(&film->flow);
	return verdict;
}

static const struct converter_ops subtitles_converter = {
	.program = "trawl-convert-subtitles",
	.convert = convert_subtitles,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&subtitles_converter);
}
#endif
