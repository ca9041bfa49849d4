/*
 * mobi: trawl-convert-mobi, books of Mobipocket and Kindle (MOBI, AZW, AZW3, PRC), by libmobi.
 *
 * A book is one long page of HTML, packed in records.  It is unpacked as it is,
 * without the files that it was once made of: words need no links.  Books with
 * DRM are encrypted.
 *
 * pkg-config: libmobi libxml-2.0 libcjson uchardet
 */
#include "diagnostics.h"
#include "input.h"
#include "iso_date.h"
#include "page.h"
#include "serve.h"
#include "typing.h"

#include <fcntl.h>
#include <mobi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HEAD = 78,     /* a palm database's header, and */
	RECORD = 8,    /* an entry for each record, */
	COUNT_AT = 76, /* of which there are so many */
	RECORDS_MOST = 65535,
	TYPE_AT = 60,                   /* type and creator in it */
	TYPE_BYTES = 8,                 /* of both */
	TEXT_ALWAYS = 64 * 1024 * 1024, /* bytes that any book may unpack to */
	RATIO_MOST = 250,               /* a larger one so many for each of its own */
};

static int explain(MOBI_RET why, struct answer *out)
{
	if (why == MOBI_FILE_ENCRYPTED)
		return answer_fail(out, ANSWER_ENCRYPTED, "the book is protected");
	if (why == MOBI_MALLOC_FAILED)
		return answer_fail(
			out, ANSWER_LIMIT, "the book needs more than the memory of its converter");
	return answer_fail(out, ANSWER_DAMAGED, "its records do not make a book");
}

/* --- metadata --------------------------------------------------------------------------------- */

static void take_string(struct answer *out, const char *key, char *value)
{
	if (value)
		answer_meta(out, key, value, strlen(value));
	free(value);
}

static void take_metadata(const MOBIData *book, struct answer *out)
{
	const char *type = "application/x-mobipocket-ebook";
	char *published = mobi_meta_get_publishdate(book);
	int64_t when;

	answer_meta(out, "type", type, strlen(type));
	take_string(out, "title", mobi_meta_get_title(book));
	take_string(out, "author", mobi_meta_get_author(book));
	take_string(out, "lang", mobi_meta_get_language(book));
	take_string(out, "publisher", mobi_meta_get_publisher(book));
	take_string(out, "subject", mobi_meta_get_subject(book));
	take_string(out, "description", mobi_meta_get_description(book));
	if (published && iso_date_parse(published, strlen(published), &when))
		answer_meta_int(out, "created", when);
	free(published);
}

/* --- the text --------------------------------------------------------------------------------- */

static void settle_charset(const MOBIData *book, const uint8_t *bytes, size_t n, struct charset *cs)
{
	const char *name = "windows-1252";

	if (book->mh && book->mh->text_encoding && *book->mh->text_encoding == MOBI_UTF8)
		name = "UTF-8";
	if (!page_charset(bytes, n, false, cs) || strcmp(name, "UTF-8") == 0)
		*cs = (struct charset){.name = "UTF-8"};
	else if (!cs->clean)
		charset_by_name(name, strlen(name), cs);
}

/* The first of the flows is the book; the others are its styles and drawings. */
static int give_text(const MOBIData *book, struct answer *out)
{
	static struct page *page;
	struct charset cs;
	int verdict = ANSWER_DONE;
	MOBIRawml *raw = mobi_init_rawml(book);

	if (!raw)
		return explain(MOBI_MALLOC_FAILED, out);
	MOBI_RET got = mobi_parse_rawml_opt(raw, book, false, false, false);
	if (got != MOBI_SUCCESS) {
		verdict = explain(got, out);
	} else if (!raw->flow || !raw->flow->data) {
		verdict = explain(MOBI_DATA_CORRUPT, out);
	} else {
		if (!page)
			page = page_create();
		settle_charset(book, raw->flow->data, raw->flow->size, &cs);
		if (!page_give(page, out, &cs, raw->flow->data, raw->flow->size))
			answer_truncated(out);
	}
	mobi_free_rawml(raw);
	return verdict;
}

static bool is_bomb(const struct document *doc, const MOBIData *book)
{
	uint64_t text = mobi_get_text_maxsize(book);

	return text != (uint64_t)MOBI_NOTSET && text > TEXT_ALWAYS && text / RATIO_MOST > doc->size;
}

static int read_book(const struct document *doc, const MOBIData *book, struct answer *out)
{
	if (mobi_is_encrypted(book))
		return answer_fail(out, ANSWER_ENCRYPTED, "the book is protected");
	if (is_bomb(doc, book))
		return answer_fail(out, ANSWER_LIMIT,
			"the book would unpack to more than %d times its size", RATIO_MOST);
	take_metadata(book, out);
	return give_text(book, out);
}

/* --- one document ----------------------------------------------------------------------------- */

/* The library wants a stream of its own. */
static FILE *open_stream(const struct document *doc)
{
	int fd = fcntl(doc->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "rb");

	if (!stream && fd >= 0)
		close(fd);
	if (stream)
		rewind(stream); /* the offset is shared with whoever read it before */
	return stream;
}

static int convert_book(const struct document *doc, struct answer *out)
{
	FILE *stream = open_stream(doc);

	if (!stream)
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be opened");
	MOBIData *book = mobi_init();
	MOBI_RET got = book ? mobi_load_file(book, stream) : MOBI_MALLOC_FAILED;
	int verdict = got == MOBI_SUCCESS ? read_book(doc, book, out) : explain(got, out);
	mobi_free(book);
	fclose(stream);
	return verdict;
}

static bool is_book(const struct input *in)
{
	const uint8_t *type = input_bytes(in) + TYPE_AT;

	return input_size(in) >= HEAD && (memcmp(type, "BOOKMOBI", TYPE_BYTES) == 0 ||
						 memcmp(type, "TEXtREAd", TYPE_BYTES) == 0);
}

/* The records lie one behind the other, within the file: the library believes it. */
static bool has_sound_records(const struct document *doc, const struct input *in)
{
	const uint8_t *p = input_bytes(in);
	size_t count = (size_t)p[COUNT_AT] << 8 | p[COUNT_AT + 1];
	uint64_t before = 0;

	if (input_size(in) < HEAD + RECORD * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *entry = p + HEAD + RECORD * i;
		uint64_t at = (uint64_t)entry[0] << 24 | (uint64_t)entry[1] << 16 |
			      (uint64_t)entry[2] << 8 | entry[3];

		if (at < before || at > doc->size)
			return false;
		before = at;
	}
	return true;
}

static int convert_mobi(const struct document *doc, struct answer *out)
{
	static struct input *in;

	if (!in)
		in = input_create();
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, HEAD + RECORD * RECORDS_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!is_book(in))
		return convert_other(doc, out);
	return has_sound_records(doc, in) ? convert_book(doc, out)
					  : explain(MOBI_DATA_CORRUPT, out);
}

static const struct converter_ops mobi_converter = {
	.program = "trawl-convert-mobi",
	.convert = convert_mobi,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&mobi_converter);
}
#endif
