/*
 * text: trawl-convert-text, every type that is text already: source, logs, tables, Markdown,
 * configuration.
 *
 * Finds the encoding, passes on UTF-8.  It also gets every document whose name
 * says nothing: what turns out to be of another type goes back to be converted as
 * such, and what is no text at all says so.
 *
 * pkg-config: libcjson uchardet
 */
#include "decode.h"
#include "input.h"
#include "serve.h"
#include "sniff.h"
#include "typing.h"

#include <string.h>

enum {
	HEAD = 64 * 1024, /* enough to tell binary content without reading the rest */
	WIDEST = 4,       /* bytes of UTF-32 to one of ASCII */
	HEADING_WITHIN = 64 * 1024,
};

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), len = strlen(end);

	return n >= len && strcmp(s + n - len, end) == 0;
}

/* The type to report: what the name says, as long as that is a kind of text. */
static const char *text_type(const struct document *doc, bool markdown)
{
	static const char *const not_text[] = {"application/octet-stream", "application/pdf",
		"application/zip", "application/gzip", "application/rtf", "text/html", NULL};
	const char *type = doc->type;

	if (markdown)
		return "text/markdown";
	if (ends_with(type, "+xml") || ends_with(type, "+json"))
		return type;
	if (one_of(type, not_text) || strncmp(type, "application/vnd.", 16) == 0)
		return "text/plain";
	bool kept = strncmp(type, "text/", 5) == 0 || strncmp(type, "message/", 8) == 0 ||
		    strncmp(type, "application/", 12) == 0;
	return kept ? type : "text/plain";
}

/* --- what it is instead ----------------------------------------------------------------------- */

/*
 * A name that says nothing leaves it to the content which kind of text this is; one that says XML
 * leaves it to the root element.  Plain text is believed to be that unless nobody could read it,
 * and every other name is believed.  NULL: it stays here.
 */
static const char *special_type(const char *type, const struct input *in, const struct charset *cs)
{
	static const char *const nothing[] = {"", TYPING_UNKNOWN, NULL};
	static const char *const xml[] = {"application/xml", "text/xml", NULL};
	static const char *const unreadable[] = {"application/rtf", "application/postscript", NULL};
	bool is_plain = strcmp(type, "text/plain") == 0, is_xml = one_of(type, xml);

	if (!is_plain && !is_xml && !one_of(type, nothing))
		return NULL;
	const char *kind = typing_of_text(input_bytes(in), input_size(in), cs);
	if (!kind || (is_xml && !ends_with(kind, "xml")) || (is_plain && !one_of(kind, unreadable)))
		return NULL;
	return kind;
}

/* --- Markdown's title ------------------------------------------------------------------------- */

/* The first `# heading` outside of fenced code; its length, 0 if there is none. */
static size_t find_heading(const char *text, size_t n, const char **heading)
{
	bool fenced = false;

	for (const char *line = text, *end = text + n; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop ? stop : end;
		if (stop - line >= 3 &&
			(memcmp(line, "```", 3) == 0 || memcmp(line, "~~~", 3) == 0))
			fenced = !fenced;
		if (!fenced && stop - line > 2 && memcmp(line, "# ", 2) == 0) {
			while (stop > line &&
				(stop[-1] == '#' || stop[-1] == ' ' || stop[-1] == '\r'))
				stop--;
			*heading = line + 2;
			return stop > *heading ? (size_t)(stop - *heading) : 0;
		}
		line = stop + 1;
	}
	return 0;
}

/* --- the text --------------------------------------------------------------------------------- */

struct stream {
	struct answer *out;
	bool want_heading;
};

static bool pass_on(void *ctx, const char *utf8, size_t n)
{
	struct stream *s = ctx;

	if (s->want_heading) {
		const char *heading;
		size_t len = find_heading(utf8, n < HEADING_WITHIN ? n : HEADING_WITHIN, &heading);

		if (len)
			answer_meta(s->out, "title", heading, len);
		s->want_heading = false;
	}
	return answer_text(s->out, utf8, n);
}

/* Loads as much as the limit can take; the charset is detected anew where more was read. */
static bool load_rest(struct input *in, const struct document *doc, struct charset *cs)
{
	uint64_t most = charset_is_wide(cs) ? doc->limit * WIDEST + WIDEST : doc->limit + 1;
	size_t before = input_size(in);

	if (!input_load(in, (size_t)most + HEAD))
		return false;
	if (input_size(in) > before && !charset_is_wide(cs))
		charset_detect(input_bytes(in), input_size(in), !input_whole(in), cs);
	return true;
}

/* Every name that no other converter claims comes here too: what truly is of its type has none. */
static int give_away(const struct document *doc, struct answer *out)
{
	if (strcasecmp(typing_of(doc), doc->type) == 0)
		return answer_fail(out, ANSWER_BINARY, "no converter takes %s", doc->type);
	return convert_other(doc, out);
}

static int convert_text(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static const char *const markdown[] = {"md", "markdown", "mkd", "mdown", NULL};
	struct charset cs;
	char extension[17];

	if (!in)
		in = input_create();
	input_open(in, doc);
	if (!input_load(in, HEAD))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (sniff_signature(input_bytes(in), input_size(in)) ||
		!charset_detect(input_bytes(in), input_size(in), !input_whole(in), &cs))
		return give_away(doc, out);
	const char *special = special_type(doc->type, in, &cs);
	if (special)
		return answer_reroute(out, special);
	if (!input_whole(in) && !load_rest(in, doc, &cs))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!cs.name[0])
		return answer_fail(out, ANSWER_BINARY, "the content is not text");
	document_extension(doc, extension);

	struct stream stream = {out, one_of(extension, markdown)};
	const char *type = text_type(doc, stream.want_heading);
	answer_meta(out, "type", type, strlen(type));
	answer_meta(out, "encoding", cs.name, strlen(cs.name));
	if (decode_bytes(&cs, input_bytes(in), input_size(in), pass_on, &stream) &&
		!input_whole(in))
		answer_truncated(out);
	return ANSWER_DONE;
}

static const struct converter_ops text_converter = {
	.program = "trawl-convert-text",
	.convert = convert_text,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&text_converter);
}
#endif
