/*
 * notebook: trawl-convert-notebook, the cells of a Jupyter notebook: prose, code, and what it
 * printed.
 *
 * Of an output only its plain text is taken; pictures and markup for browsers
 * lie beside it in base64 and JSON.
 *
 * pkg-config: libcjson libmagic uchardet
 */
#include "alloc.h"
#include "decode.h"
#include "input.h"
#include "scan.h"
#include "serve.h"
#include "typing.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum {
	DOCUMENT_MOST =
		128 * 1024 * 1024, /* bytes of JSON, which takes some times that as a tree */
};

/* The document's text, where it is not UTF-8 as it lies. */
struct mended {
	size_t len, room;
	char *utf8;
};

static bool gather(void *ctx, const char *utf8, size_t n)
{
	struct mended *m = ctx;

	if (m->len + n > m->room) {
		m->room = 2 * (m->len + n);
		m->utf8 = alloc_resize(m->utf8, m->room, 1);
	}
	memcpy(m->utf8 + m->len, utf8, n);
	m->len += n;
	return true;
}

/* --- cells ------------------------------------------------------------------------------------ */

static const cJSON *member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* The first of an array. */
static const cJSON *first_member(const cJSON *object, const char *key)
{
	const cJSON *array = member(object, key);

	return array ? array->child : NULL;
}

static const char *string_member(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(member(object, key));

	return s ? s : "";
}

static bool put_string(struct answer *out, const cJSON *string)
{
	const char *s = cJSON_GetStringValue(string);

	return !s || answer_text(out, s, strlen(s));
}

/* A text is one string, or an array of its lines.  False: the limit is reached. */
static bool put_text(struct answer *out, const cJSON *text)
{
	const cJSON *line;

	if (!text)
		return true;
	if (!cJSON_IsArray(text)) {
		if (!put_string(out, text))
			return false;
	} else {
		for (line = text->child; line; line = line->next)
			if (!put_string(out, line))
				return false;
	}
	return answer_text(out, "\n", 1);
}

static bool put_output(struct answer *out, const cJSON *output)
{
	const char *error = string_member(output, "ename");

	if (error[0] && !(put_string(out, member(output, "ename")) && answer_text(out, ": ", 2) &&
				put_text(out, member(output, "evalue"))))
		return false;
	/* Of a stream, in data by type; and as older notebooks have both. */
	return put_text(out, member(output, "text")) &&
	       put_text(out, member(member(output, "data"), "text/plain"));
}

static bool put_cell(struct answer *out, const cJSON *cell)
{
	const cJSON *source = member(cell, "source"), *output;

	if (!put_text(out, source ? source : member(cell, "input")))
		return false;
	for (output = first_member(cell, "outputs"); output; output = output->next)
		if (!put_output(out, output))
			return false;
	return answer_text(out, "\n", 1);
}

static bool put_cells(struct answer *out, const cJSON *cells)
{
	for (const cJSON *cell = cells ? cells->child : NULL; cell; cell = cell->next)
		if (!put_cell(out, cell))
			return false;
	return true;
}

/* --- metadata --------------------------------------------------------------------------------- */

/* The first `# heading` among the lines of a text; its length, 0 if there is none. */
static size_t find_heading(const char *text, const char **heading)
{
	while (text && *text) {
		if (strncmp(text, "# ", 2) == 0) {
			*heading = text + 2;
			return strcspn(*heading, "\n");
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

/* Of a cell's source, a string or an array of lines. */
static bool take_heading(struct answer *out, const cJSON *source)
{
	const cJSON *line = cJSON_IsArray(source) ? source->child : source;
	const char *heading;

	for (; line; line = line == source ? NULL : line->next) {
		size_t n = find_heading(cJSON_GetStringValue(line), &heading);

		if (n) {
			answer_meta(out, "title", heading, n);
			return true;
		}
	}
	return false;
}

static void take_string(struct answer *out, const char *key, const char *value)
{
	answer_meta(out, key, value, strlen(value));
}

static void take_metadata(struct answer *out, const cJSON *book, const cJSON *cells)
{
	const cJSON *metadata = member(book, "metadata"), *cell;

	take_string(out, "title", string_member(metadata, "title"));
	take_string(out, "author", string_member(first_member(metadata, "authors"), "name"));
	take_string(out, "language", string_member(member(metadata, "kernelspec"), "language"));
	take_string(out, "language", string_member(member(metadata, "language_info"), "name"));
	for (cell = cells ? cells->child : NULL; cell; cell = cell->next)
		if (strcmp(string_member(cell, "cell_type"), "markdown") == 0 &&
			take_heading(out, member(cell, "source")))
			return;
}

/* --- one document ----------------------------------------------------------------------------- */

/* Cells lie in the book, or, before version 4, in its worksheets. */
static bool put_book(struct answer *out, const cJSON *book)
{
	const cJSON *cells = member(book, "cells"), *sheet;

	take_metadata(out, book, cells ? cells : member(first_member(book, "worksheets"), "cells"));
	if (cells)
		return put_cells(out, cells);
	for (sheet = first_member(book, "worksheets"); sheet; sheet = sheet->next)
		if (!put_cells(out, member(sheet, "cells")))
			return false;
	return true;
}

static bool is_book(const cJSON *book)
{
	return cJSON_IsObject(book) &&
	       (cJSON_IsArray(member(book, "cells")) || cJSON_IsArray(member(book, "worksheets")));
}

/* Well-formed UTF-8 as it lies, or mended. */
static cJSON *parse(const struct input *in, const struct charset *cs)
{
	static struct mended mended;
	const uint8_t *bytes = input_bytes(in) + cs->skip;
	size_t n = input_size(in) - cs->skip;

	if (cs->clean)
		return cJSON_ParseWithLength((const char *)bytes, n);
	mended.len = 0;
	decode_bytes(cs, input_bytes(in), input_size(in), gather, &mended);
	return cJSON_ParseWithLength(mended.utf8, mended.len);
}

static int convert_notebook(const struct document *doc, struct answer *out)
{
	static const char type[] = "application/x-ipynb+json";
	static struct input *in;
	struct charset cs;

	if (!in)
		in = input_create();
	input_open(in, doc);
	if (!input_load(in, DOCUMENT_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!input_whole(in))
		return answer_fail(out, ANSWER_LIMIT, "the notebook has more than %d MiB",
			DOCUMENT_MOST >> 20);
	if (!charset_detect(input_bytes(in), input_size(in), false, &cs))
		return convert_other(doc, out);
	cJSON *book = parse(in, &cs);
	if (!is_book(book)) {
		bool parsed = book != NULL;

		cJSON_Delete(book);
		/* JSON of another kind is text. */
		return parsed ? answer_reroute(out, "text/plain") : convert_other(doc, out);
	}
	answer_meta(out, "type", type, sizeof type - 1);
	put_book(out, book);
	cJSON_Delete(book);
	return ANSWER_DONE;
}

static const struct converter_ops notebook_converter = {
	.program = "trawl-convert-notebook",
	.convert = convert_notebook,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&notebook_converter);
}
#endif
