/*
 * rtf_reader: groups, which nest, and each of which inherits what is set around it; see
 * rtf_reader.h.
 */
#include "rtf_reader.h"

#include "codepage.h"
#include "properties.h"
#include "prose.h"
#include "rtf_lexer.h"
#include "rtf_words.h"
#include "scan.h"

#include <stdio.h>
#include <string.h>

enum {
	GROUPS_MOST = 1024,
	FONTS_MOST = 32768,
	PENDING_MOST = 64 * 1024, /* bytes of one run in one charset */
	FALLBACK_MOST = 256,
	WINDOWS = 1252,
};

struct group {
	bool skipped, hidden, info, fonts;
	bool aside;             /* this one began an aside */
	bool twice;             /* the bytes of what follows in Unicode */
	enum property property; /* whose value the text is */
	enum property time;     /* which the numbers are */
	int codepage;           /* of its font; 0: the document's */
	int fallback;           /* bytes for each character of Unicode */
};

struct rtf {
	struct answer *out;
	struct rtf_lexer lexer;
	struct prose prose;
	struct properties properties;
	struct group groups[GROUPS_MOST];
	int depth;    /* groups open; [0] is around them */
	bool starred; /* \* came: what is not known is to be skipped */
	int codepage; /* the document's */
	int32_t font, default_font;
	int to_skip;        /* bytes that stand for the character before */
	uint32_t surrogate; /* the first half of a character; 0: none */
	int32_t date[RTF_DATE_FIELDS];
	size_t len;
	uint8_t pending[PENDING_MOST];
	int16_t fonts[FONTS_MOST]; /* code pages */
};

static struct group *current(struct rtf *r)
{
	return &r->groups[r->depth];
}

/* --- text ------------------------------------------------------------------------------------- */

static bool put(void *ctx, const char *utf8, size_t n)
{
	struct rtf *r = ctx;
	const struct group *now = current(r);

	if (now->property != PROPERTY_NONE)
		properties_text(&r->properties, now->property, utf8, n);
	else if (!now->info)
		prose_text(&r->prose, utf8, n);
	return true;
}

static bool is_shown(struct rtf *r)
{
	const struct group *now = current(r);

	return !now->skipped && !now->hidden && !now->fonts;
}

static void put_character(struct rtf *r, uint32_t c)
{
	char utf8[4];

	/* Private use: a glyph of some font of symbols. */
	if (is_shown(r) && c >= ' ' && !(c >= 0xe000 && c < 0xf900))
		put(r, utf8, scan_utf8_put(c, utf8));
}

/* The bytes gathered so far, all of one font. */
static void flush(struct rtf *r)
{
	int codepage = current(r)->codepage ? current(r)->codepage : r->codepage;
	size_t n = r->len;

	r->len = 0;
	if (n && codepage != RTF_SYMBOLS)
		codepage_decode(codepage, r->pending, n, put, r);
}

static void take_bytes(struct rtf *r, const uint8_t *bytes, size_t n)
{
	size_t skip = (size_t)r->to_skip < n ? (size_t)r->to_skip : n;

	r->starred = false;
	r->to_skip -= (int)skip;
	bytes += skip;
	n -= skip;
	if (!is_shown(r))
		return;
	while (n) {
		size_t take = PENDING_MOST - r->len < n ? PENDING_MOST - r->len : n;

		memcpy(r->pending + r->len, bytes, take);
		r->len += take;
		bytes += take;
		n -= take;
		if (r->len == PENDING_MOST)
			flush(r);
	}
}

static void take_unicode(struct rtf *r, int32_t number)
{
	uint32_t c = (uint32_t)number & 0xffff;

	if (number > 0xffff)
		c = (uint32_t)number;
	r->to_skip = current(r)->fallback;
	if (c >= 0xd800 && c < 0xdc00) {
		r->surrogate = c;
		return;
	}
	if (c >= 0xdc00 && c < 0xe000) {
		c = r->surrogate ? 0x10000 + ((r->surrogate - 0xd800) << 10) + (c - 0xdc00)
				 : 0xfffd;
	}
	r->surrogate = 0;
	put_character(r, c);
}

static void take_break(struct rtf *r, const struct rtf_word *word)
{
	if (!is_shown(r))
		return;
	if (current(r)->property != PROPERTY_NONE)
		put(r, " ", 1);
	else if (word->meaning == RTF_PARAGRAPH)
		prose_paragraph(&r->prose, (enum flow_gap)word->argument);
	else
		prose_break(&r->prose, (enum flow_gap)word->argument);
}

/* --- fonts ------------------------------------------------------------------------------------ */

/* 0: that of the document. */
static int codepage_of_font(const struct rtf *r, int32_t font)
{
	return font >= 0 && font < FONTS_MOST ? r->fonts[font] : 0;
}

static void take_font(struct rtf *r, int32_t font)
{
	if (current(r)->fonts)
		r->font = font;
	else
		current(r)->codepage = codepage_of_font(r, font);
}

static void name_font(struct rtf *r, int codepage)
{
	if (current(r)->fonts && r->font >= 0 && r->font < FONTS_MOST && codepage <= INT16_MAX)
		r->fonts[r->font] = (int16_t)codepage;
}

static void take_plain(struct rtf *r)
{
	current(r)->hidden = false;
	current(r)->codepage = codepage_of_font(r, r->default_font);
}

/* --- destinations ----------------------------------------------------------------------------- */

static void open_destination(struct rtf *r, const struct rtf_word *word)
{
	struct group *now = current(r);

	switch ((int)word->meaning) {
	case RTF_SKIPPED:
		now->skipped = true;
		break;
	case RTF_ASIDE:
		if (!now->aside)
			prose_aside_open(&r->prose);
		now->aside = true;
		break;
	case RTF_FONTS:
		now->fonts = true;
		break;
	case RTF_INFO:
		now->info = true;
		break;
	case RTF_PROPERTY:
		if (!now->info)
			break;
		now->property = (enum property)word->argument;
		properties_open(&r->properties, now->property);
		break;
	case RTF_TIME:
		now->time = (enum property)word->argument;
		memset(r->date, 0, sizeof r->date);
		break;
	case RTF_TWICE:
		now->skipped = now->twice = true;
		break;
	default:
		break;
	}
}

static void close_time(struct rtf *r, enum property which)
{
	char iso[96];
	int n = snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d", (int)r->date[RTF_YEAR],
		(int)r->date[RTF_MONTH], (int)r->date[RTF_DAY], (int)r->date[RTF_HOUR],
		(int)r->date[RTF_MINUTE]);

	properties_add(&r->properties, which, iso, (size_t)n);
}

static bool open_group(struct rtf *r)
{
	if (r->depth + 1 == GROUPS_MOST)
		return false;
	r->groups[r->depth + 1] = r->groups[r->depth];
	r->depth++;
	current(r)->aside = false;
	r->starred = false;
	return true;
}

static void close_group(struct rtf *r)
{
	const struct group *now = current(r), *around = now - 1;

	if (r->depth == 0)
		return;
	if (now->property != around->property)
		properties_close(&r->properties, now->property);
	if (now->time != around->time)
		close_time(r, now->time);
	if (now->aside)
		prose_aside_close(&r->prose);
	r->depth--;
	r->to_skip = 0;
}

/* --- words ------------------------------------------------------------------------------------ */

/* In the group of the same text twice, the second is the one that is shown. */
static void take_word_skipped(struct rtf *r, const struct rtf_word *word)
{
	struct group *now = current(r);

	if (word->meaning == RTF_UNICODE && now->twice)
		now->skipped = now->twice = false;
}

static void take_setting(struct rtf *r, const struct rtf_word *word, int32_t number)
{
	const char *language;

	switch ((int)word->meaning) {
	case RTF_FONT:
		take_font(r, number);
		break;
	case RTF_FONT_CHARSET:
		name_font(r, rtf_charset_codepage(number));
		break;
	case RTF_FONT_CODEPAGE:
		name_font(r, (int)number);
		break;
	case RTF_CODEPAGE:
		r->codepage = (int)number;
		break;
	case RTF_CODEPAGE_NAMED:
		r->codepage = word->argument;
		break;
	case RTF_DEFAULT_FONT:
		r->default_font = number;
		break;
	case RTF_DEFAULT_LANGUAGE:
		language = rtf_language(number);
		if (language)
			properties_add(
				&r->properties, PROPERTY_LANGUAGE, language, strlen(language));
		break;
	case RTF_PAGES:
		properties_pages(&r->properties, number);
		break;
	case RTF_DATE_FIELD:
		r->date[word->argument] = number;
		break;
	default:
		open_destination(r, word);
		break;
	}
}

static void take_word(struct rtf *r)
{
	const struct rtf_word *word = rtf_word_find(r->lexer.word);
	const struct rtf_lexer *l = &r->lexer;
	bool starred = r->starred, stands_for = r->to_skip > 0;

	r->starred = false;
	r->to_skip = 0;
	if (current(r)->skipped) {
		take_word_skipped(r, word);
		return;
	}
	switch ((int)word->meaning) {
	case RTF_NOTHING:
		current(r)->skipped = starred;
		break;
	case RTF_CHARACTER:
		if (!stands_for)
			put_character(r, (uint32_t)word->argument);
		break;
	case RTF_BREAK:
	case RTF_PARAGRAPH:
		take_break(r, word);
		break;
	case RTF_UNICODE_CHARACTER:
		take_unicode(r, l->number);
		break;
	case RTF_FALLBACK:
		if (l->number >= 0 && l->number <= FALLBACK_MOST)
			current(r)->fallback = (int)l->number;
		break;
	case RTF_PLAIN:
		take_plain(r);
		break;
	case RTF_HIDDEN:
		current(r)->hidden = !l->has_number || l->number != 0;
		break;
	default:
		take_setting(r, word, l->number);
		break;
	}
}

static void take_sign(struct rtf *r)
{
	static const struct rtf_word paragraph = {"", RTF_PARAGRAPH, GAP_LINE};
	char sign = r->lexer.word[0];

	if (sign == '*')
		r->starred = true;
	else if (sign == '~')
		take_bytes(r, (const uint8_t *)" ", 1);
	else if (sign == '_')
		take_bytes(r, (const uint8_t *)"-", 1);
	else if (sign == '\\' || sign == '{' || sign == '}')
		take_bytes(r, (const uint8_t *)&r->lexer.word[0], 1);
	else if (sign == '\n' || sign == '\r') {
		flush(r);
		take_break(r, &paragraph);
	}
}

/* --- one document ----------------------------------------------------------------------------- */

static int read_all(struct rtf *r)
{
	for (;;) {
		enum rtf_piece piece = rtf_lexer_next(&r->lexer);

		if (piece != RTF_BYTES && piece != RTF_SIGN)
			flush(r);
		switch (piece) {
		case RTF_BYTES:
			take_bytes(r, r->lexer.bytes, r->lexer.n);
			break;
		case RTF_SIGN:
			take_sign(r);
			break;
		case RTF_WORD:
			take_word(r);
			break;
		case RTF_OPEN:
			if (!open_group(r))
				return answer_fail(
					r->out, ANSWER_DAMAGED, "its groups nest too deep");
			break;
		case RTF_CLOSE:
			close_group(r);
			break;
		case RTF_END:
			break;
		}
		if (piece == RTF_END || r->depth == 0 || prose_full(&r->prose))
			return ANSWER_DONE;
	}
}

static void begin(struct rtf *r, int fd, struct answer *out)
{
	r->out = out;
	rtf_lexer_init(&r->lexer, fd);
	prose_begin(&r->prose, out);
	properties_begin(&r->properties);
	r->groups[0] =
		(struct group){.property = PROPERTY_NONE, .time = PROPERTY_NONE, .fallback = 1};
	r->depth = 0;
	r->starred = false;
	r->codepage = WINDOWS;
	r->font = r->default_font = -1;
	r->to_skip = 0;
	r->surrogate = 0;
	r->len = 0;
	memset(r->fonts, 0, sizeof r->fonts);
}

/* Ends where the outermost group does; without its end, the document was cut. */
static int finish(struct rtf *r, int verdict)
{
	if (r->lexer.failed)
		return answer_fail(r->out, ANSWER_TRY_LATER, "the document could not be read");
	if (verdict != ANSWER_DONE)
		return verdict;
	while (r->depth > 0) {
		answer_truncated(r->out);
		close_group(r);
	}
	properties_finish(&r->properties, r->out, &r->prose);
	return ANSWER_DONE;
}

int rtf_read(const struct document *doc, struct answer *out)
{
	static struct rtf r;

	begin(&r, doc->fd, out);
	/* What lies before the first brace is a mark or a blank. */
	while (rtf_lexer_next(&r.lexer) == RTF_BYTES)
		;
	open_group(&r);
	return finish(&r, read_all(&r));
}
