/*
 * djvu: trawl-convert-djvu, the hidden text of scanned pages, with bookmarks and metadata, by
 * DjVuLibre.
 *
 * No picture is decoded.  The library reads in threads of its own and asks for
 * bytes by messages: each wait answers what came.  Of a document in several
 * files only the first is there; the pages of the others are left out.
 *
 * pkg-config: ddjvuapi libcjson
 */
#include "diagnostics.h"
#include "input.h"
#include "iso_date.h"
#include "pages.h"
#include "serve.h"
#include "typing.h"

#include <errno.h>
#include <libdjvu/ddjvuapi.h>
#include <libdjvu/miniexp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	HEAD = 16, /* AT&TFORM, a length, DJVM or DJVU */
	CHUNK = 64 * 1024,
	CACHE = 8 * 1024 * 1024,
	PAGES_MOST = 100000,
	ZONE_DEPTH = 16, /* page, column, region, paragraph, line, word, character */
	BOOKMARK_DEPTH = 64,
	NODES_MOST = 4 * 1024 * 1024, /* of all bookmarks, or of one page's zones */
	WAITS_MOST = 1000,            /* for one answer: the library asks itself on about damage */
	UNANSWERED_MOST = 64,
};

/* One document being read. */
struct reading {
	const struct document *doc;
	struct answer *out;
	ddjvu_context_t *context;
	ddjvu_document_t *djvu;
	bool fed;        /* the main stream was given */
	bool unreadable; /* and could not be read to its end */
	int missing;     /* other files that it asked for */
	int unanswered;  /* questions given up */
	struct pages pages;
};

/* --- the library's questions ------------------------------------------------------------------ */

static void feed(struct reading *r)
{
	char bytes[CHUNK];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(r->doc->fd, bytes, sizeof bytes, at)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			r->unreadable = true;
			break;
		}
		ddjvu_stream_write(r->djvu, 0, bytes, (unsigned long)got);
		at += got;
	}
	ddjvu_stream_close(r->djvu, 0, FALSE);
	r->fed = true;
}

static void answer_message(struct reading *r, const ddjvu_message_t *m)
{
	if (m->m_any.tag == DDJVU_ERROR) {
		diagnostics_line(m->m_error.message ? m->m_error.message : "an error");
	} else if (m->m_any.tag == DDJVU_NEWSTREAM && m->m_newstream.streamid != 0) {
		r->missing++;
		ddjvu_stream_close(r->djvu, m->m_newstream.streamid, FALSE);
	} else if (m->m_any.tag == DDJVU_NEWSTREAM && !r->fed) {
		feed(r);
	}
}

/* Waits for the library to get on. */
static void wait_message(struct reading *r)
{
	const ddjvu_message_t *m = ddjvu_message_wait(r->context);

	while (m) {
		answer_message(r, m);
		ddjvu_message_pop(r->context);
		m = ddjvu_message_peek(r->context);
	}
}

/* One question about a page or the document as a whole, asked until it is answered; nil if it is
 * not. */
static miniexp_t ask(
	struct reading *r, miniexp_t (*question)(struct reading *r, int page), int page)
{
	for (int i = 0; i < WAITS_MOST && r->unanswered < UNANSWERED_MOST; i++) {
		miniexp_t e = question(r, page);

		if (e != miniexp_dummy)
			return miniexp_consp(e) ? e : miniexp_nil; /* a symbol tells of a failure */
		wait_message(r);
	}
	r->unanswered++;
	return miniexp_nil;
}

static miniexp_t outline(struct reading *r, int page)
{
	(void)page;
	return ddjvu_document_get_outline(r->djvu);
}

static miniexp_t page_text(struct reading *r, int page)
{
	return ddjvu_document_get_pagetext(r->djvu, page, "line");
}

static miniexp_t page_notes(struct reading *r, int page)
{
	return ddjvu_document_get_pageanno(r->djvu, page);
}

static miniexp_t document_notes(struct reading *r, int page)
{
	(void)page;
	return ddjvu_document_get_anno(r->djvu, TRUE);
}

/* --- expressions ------------------------------------------------------------------------------ */

static void note(struct reading *r, miniexp_t e)
{
	if (miniexp_stringp(e)) {
		const char *text = miniexp_to_str(e);

		pages_note(&r->pages, text, strlen(text));
	}
}

/* (bookmarks ("title" "url" more…)…): depth first, an explicit stack of what is still to come. */
static void put_bookmarks(struct reading *r, miniexp_t bookmarks)
{
	miniexp_t rest[BOOKMARK_DEPTH] = {miniexp_cdr(bookmarks)};
	int depth = 0, left = NODES_MOST;

	while (depth >= 0 && left-- > 0 && !r->pages.full) {
		if (!miniexp_consp(rest[depth])) {
			depth--;
			continue;
		}
		miniexp_t item = miniexp_car(rest[depth]);
		rest[depth] = miniexp_cdr(rest[depth]);
		note(r, miniexp_car(item));
		if (miniexp_consp(miniexp_cddr(item)) && depth + 1 < BOOKMARK_DEPTH)
			rest[++depth] = miniexp_cddr(item);
	}
}

static void take_bookmarks(struct reading *r)
{
	miniexp_t bookmarks = ask(r, outline, 0);

	if (!bookmarks)
		return;
	pages_begin(&r->pages);
	put_bookmarks(r, bookmarks);
	ddjvu_miniexp_release(r->djvu, bookmarks);
}

/* (line x0 y0 x1 y1 "text") and what encloses it, the same way. */
static void put_zones(struct reading *r, miniexp_t zone)
{
	miniexp_t rest[ZONE_DEPTH] = {zone};
	int depth = 0, left = NODES_MOST;

	while (depth >= 0 && left-- > 0 && !r->pages.full) {
		if (!miniexp_consp(rest[depth])) {
			depth--;
			continue;
		}
		miniexp_t e = miniexp_car(rest[depth]);
		rest[depth] = miniexp_cdr(rest[depth]);
		if (miniexp_stringp(e)) {
			const char *text = miniexp_to_str(e);
			size_t n = strlen(text);

			while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
				n--; /* the line's end is put here, once */
			pages_put_utf8(&r->pages, text, n);
			pages_put(&r->pages, '\n');
		} else if (miniexp_consp(e) && depth + 1 < ZONE_DEPTH) {
			rest[++depth] = e;
		}
	}
}

/* The comments of areas that lead elsewhere: (maparea url "comment" …). */
static void take_comments(struct reading *r, int page)
{
	miniexp_t notes = ask(r, page_notes, page);

	if (!notes)
		return;
	miniexp_t *areas = ddjvu_anno_get_hyperlinks(notes);
	for (size_t i = 0; areas && areas[i]; i++)
		note(r, miniexp_nth(2, areas[i]));
	free(areas);
	ddjvu_miniexp_release(r->djvu, notes);
}

static void take_page(struct reading *r, int page)
{
	miniexp_t text = ask(r, page_text, page);

	if (text) {
		put_zones(r, text);
		ddjvu_miniexp_release(r->djvu, text);
	}
	take_comments(r, page);
}

/* --- metadata --------------------------------------------------------------------------------- */

/* The names are those of PDF, or of BibTeX. */
static void take_value(struct reading *r, const char *name, const char *value)
{
	static const struct {
		const char *name, *key;
	} strings[] = {{"title", "title"}, {"author", "author"}, {"subject", "subject"},
		{"keywords", "keywords"}, {"publisher", "publisher"}, {"language", "lang"}};
	int64_t when;

	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
		if (strcasecmp(name, strings[i].name) == 0)
			answer_meta(r->out, strings[i].key, value, strlen(value));
	if ((strcasecmp(name, "creationdate") == 0 || strcasecmp(name, "year") == 0) &&
		iso_date_parse(value, strlen(value), &when))
		answer_meta_int(r->out, "created", when);
}

static void take_metadata(struct reading *r)
{
	miniexp_t notes = ask(r, document_notes, 0);

	if (!notes)
		return;
	miniexp_t *keys = ddjvu_anno_get_metadata_keys(notes);
	for (size_t i = 0; keys && keys[i]; i++) {
		const char *value = ddjvu_anno_get_metadata(notes, keys[i]);

		if (value)
			take_value(r, miniexp_to_name(keys[i]), value);
	}
	free(keys);
	ddjvu_miniexp_release(r->djvu, notes);
}

/* --- one document ----------------------------------------------------------------------------- */

static int read_document(struct reading *r)
{
	while (!ddjvu_document_decoding_done(r->djvu))
		wait_message(r);
	if (r->unreadable)
		return answer_fail(r->out, ANSWER_TRY_LATER, "the document could not be read");
	if (ddjvu_document_decoding_error(r->djvu))
		return answer_fail(r->out, ANSWER_DAMAGED, "no page of it can be read");
	int count = ddjvu_document_get_pagenum(r->djvu);
	answer_meta(r->out, "type", "image/vnd.djvu", strlen("image/vnd.djvu"));
	answer_meta_int(r->out, "pages", count);
	take_metadata(r);
	for (int i = 0; i < count && i < PAGES_MOST && pages_begin(&r->pages); i++)
		take_page(r, i);
	take_bookmarks(r);
	if (!pages_finish(&r->pages) || count > PAGES_MOST || r->missing > 0 || r->unanswered > 0)
		answer_truncated(r->out);
	return ANSWER_DONE;
}

static bool is_djvu(const struct input *in)
{
	return input_size(in) == HEAD && memcmp(input_bytes(in), "AT&TFORM", 8) == 0 &&
	       memcmp(input_bytes(in) + 12, "DJV", 3) == 0;
}

static int convert_djvu(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static struct reading r;

	if (!in)
		in = input_create();
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, HEAD))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!is_djvu(in))
		return convert_other(doc, out);
	if (!r.context) {
		r.context = ddjvu_context_create("trawl-convert-djvu");
		if (!r.context)
			return answer_fail(out, ANSWER_TRY_LATER, "no memory for the library");
		ddjvu_cache_set_size(r.context, CACHE);
	}
	r.doc = doc;
	r.out = out;
	r.fed = r.unreadable = false;
	r.missing = r.unanswered = 0;
	pages_init(&r.pages, out);
	r.djvu = ddjvu_document_create(r.context, NULL, FALSE);
	if (!r.djvu)
		return answer_fail(out, ANSWER_TRY_LATER, "no memory for another document");
	int verdict = read_document(&r);
	ddjvu_document_release(r.djvu);
	while (ddjvu_message_peek(r.context))
		ddjvu_message_pop(r.context); /* they hold on to the document */
	return verdict;
}

static const struct converter_ops djvu_converter = {
	.program = "trawl-convert-djvu",
	.convert = convert_djvu,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&djvu_converter);
}
#endif
