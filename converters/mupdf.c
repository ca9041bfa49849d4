/*
 * mupdf: trawl-convert-mupdf, the words of PDF and XPS by MuPDF.
 *
 * The same answers as trawl-convert-pdf in less than half the time.  MuPDF is
 * under the AGPL, so it has a program of its own, built where the library is.
 * Each document has a context of its own: whatever state an error leaves behind
 * ends with it.  MuPDF throws by longjmp: what changes within a fz_try lies in
 * a struct, never in a local variable.
 *
 * pkg-config: --static mupdf mujs gumbo libopenjp2 jbig2dec libjpeg libcjson
 */
#include "bidi_line.h"
#include "diagnostics.h"
#include "input.h"
#include "pages.h"
#include "serve.h"
#include "typing.h"
#include "xmp.h"

#include <errno.h>
#include <malloc.h>
#include <mupdf/fitz.h>
#include <mupdf/pdf.h>
#include <string.h>
#include <unistd.h>

enum {
	STORE_MOST = 64 * 1024 * 1024,    /* bytes of fonts and pictures kept while one is read */
	KEPT_MOST = 256 * 1024 * 1024,    /* of memory in all, before parsed objects are let go */
	IN_MEMORY_MOST = 8 * 1024 * 1024, /* a larger document is read where it lies */
	SIGNATURE_WITHIN = 1024,          /* where readers look for %PDF- */
	CHUNK = 64 * 1024,
	INDEX_FROM = 1000, /* pages */
	INDEX_MOST = 1000000,
	LOST_MOST = 1000,       /* pages: a document may claim any number of them */
	LOOK_AFTER = 32,        /* pages; whether too much memory is kept is looked at so often */
	BOOKMARKS_MOST = 65536, /* a cycle of them ends here, too */
	BOOKMARK_DEPTH = 64,
	ANNOTATIONS_MOST = 16384, /* on a page */
	ATTACHMENTS_MOST = 16384,
	LINE_MOST = 4096, /* characters that are put in order at once */
};

/* The library's headers offer all formats at once only, with HTML's layout engine. */
extern fz_document_handler xps_document_handler;

/* One document being read. */
struct reading {
	const struct document *doc;
	struct answer *out;
	fz_context *ctx;
	fz_stream *stream;
	fz_document *file;
	pdf_document *pdf; /* the same, NULL if it is XPS */
	int pages_lost;
	struct pages pages;
	uint8_t chunk[CHUNK];
};

/* --- the library's surroundings --------------------------------------------------------------- */

static void complain(void *user, const char *message)
{
	(void)user;
	diagnostics_line(message);
}

/* Reads a large document piece by piece; `state` is the reading. */
static int next_piece(fz_context *ctx, fz_stream *stream, size_t most)
{
	struct reading *r = stream->state;
	ssize_t got;

	(void)most;
	do
		got = pread(r->doc->fd, r->chunk, sizeof r->chunk, (off_t)stream->pos);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		fz_throw(ctx, FZ_ERROR_GENERIC, "the document could not be read: %s",
			strerror(errno));
	stream->rp = r->chunk;
	stream->wp = r->chunk + (got > 0 ? got : 0);
	stream->pos += got;
	return got > 0 ? *stream->rp++ : EOF;
}

static void seek_piece(fz_context *ctx, fz_stream *stream, int64_t offset, int whence)
{
	struct reading *r = stream->state;
	int64_t base = whence == SEEK_END ? (int64_t)r->doc->size : 0;

	if (base + offset < 0)
		fz_throw(ctx, FZ_ERROR_GENERIC, "a place before the document's start");
	stream->pos = base + offset;
	stream->rp = stream->wp = r->chunk;
}

static fz_stream *open_stream(struct reading *r, const struct input *in)
{
	if (input_whole(in))
		return fz_open_memory(r->ctx, input_bytes(in), input_size(in));
	fz_stream *stream = fz_new_stream(r->ctx, r, next_piece, NULL);
	stream->seek = seek_piece;
	return stream;
}

static bool is_space_left(const struct reading *r)
{
	return !r->pages.full;
}

/* --- metadata --------------------------------------------------------------------------------- */

static void take_string(struct reading *r, const char *key, pdf_obj *dict, pdf_obj *entry)
{
	const char *value = pdf_dict_get_text_string(r->ctx, dict, entry);

	answer_meta(r->out, key, value, strlen(value));
}

static void take_date(struct reading *r, const char *key, pdf_obj *dict, pdf_obj *entry)
{
	if (!pdf_is_string(r->ctx, pdf_dict_get(r->ctx, dict, entry)))
		return;
	int64_t when = pdf_dict_get_date(r->ctx, dict, entry);
	if (when > 0)
		answer_meta_int(r->out, key, when);
}

/* XMP: for what the document's own dictionary leaves out. */
static void take_packet(struct reading *r, pdf_obj *metadata)
{
	fz_context *ctx = r->ctx;
	fz_buffer *volatile packet = NULL;

	if (!pdf_is_stream(ctx, metadata))
		return;
	fz_try(ctx)
	{
		unsigned char *bytes;

		packet = pdf_load_stream(ctx, metadata);
		size_t n = fz_buffer_storage(ctx, packet, &bytes);
		xmp_take(bytes, n, r->out);
	}
	fz_always(ctx)
	{
		fz_drop_buffer(ctx, packet);
	}
	fz_catch(ctx)
	{
		complain(NULL, fz_caught_message(ctx));
	}
}

static void take_metadata(struct reading *r)
{
	pdf_obj *trailer = pdf_trailer(r->ctx, r->pdf);
	pdf_obj *info = pdf_dict_get(r->ctx, trailer, PDF_NAME(Info));
	pdf_obj *root = pdf_dict_get(r->ctx, trailer, PDF_NAME(Root));

	take_string(r, "title", info, PDF_NAME(Title));
	take_string(r, "author", info, PDF_NAME(Author));
	take_string(r, "subject", info, PDF_NAME(Subject));
	take_string(r, "keywords", info, PDF_NAME(Keywords));
	take_string(r, "lang", root, PDF_NAME(Lang));
	take_date(r, "created", info, PDF_NAME(CreationDate));
	take_date(r, "modified", info, PDF_NAME(ModDate));
	take_packet(r, pdf_dict_get(r->ctx, root, PDF_NAME(Metadata)));
}

/* --- attachments ------------------------------------------------------------------------------ */

/* The first of a file specification's names, or of its streams, that is there. */
static pdf_obj *first_of(struct reading *r, pdf_obj *dict)
{
	pdf_obj *const keys[] = {
		PDF_NAME(UF), PDF_NAME(F), PDF_NAME(Unix), PDF_NAME(DOS), PDF_NAME(Mac)};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		pdf_obj *found = pdf_dict_get(r->ctx, dict, keys[i]);

		if (found)
			return found;
	}
	return NULL;
}

static void send_stream(struct reading *r, fz_stream *stream)
{
	uint8_t bytes[CHUNK / 4];
	size_t got;

	while ((got = fz_read(r->ctx, stream, bytes, sizeof bytes)) > 0)
		answer_part_bytes(r->out, bytes, got);
	if (stream->error)
		fz_throw(r->ctx, FZ_ERROR_GENERIC, "the attachment ends too early");
}

static void take_attachment(struct reading *r, pdf_obj *spec)
{
	fz_context *ctx = r->ctx;
	pdf_obj *embedded = first_of(r, pdf_dict_get(ctx, spec, PDF_NAME(EF)));

	if (!pdf_is_stream(ctx, embedded) || answer_part_count(r->out) >= ATTACHMENTS_MOST)
		return;
	const char *name = pdf_to_text_string(ctx, first_of(r, spec));
	pdf_obj *params = pdf_dict_get(ctx, embedded, PDF_NAME(Params));
	pdf_obj *size = pdf_dict_get(ctx, params, PDF_NAME(Size));
	const char *type = pdf_to_name(ctx, pdf_dict_get(ctx, embedded, PDF_NAME(Subtype)));
	fz_stream *volatile stream = NULL;

	answer_part(r->out, *name ? name : "attachment", *type ? type : NULL,
		pdf_is_int(ctx, size) ? pdf_to_int64(ctx, size) : -1);
	fz_try(ctx)
	{
		stream = pdf_open_stream(ctx, embedded);
		send_stream(r, stream);
	}
	fz_always(ctx)
	{
		fz_drop_stream(ctx, stream);
	}
	fz_catch(ctx)
	{
		answer_part_fail(r->out,
			fz_caught(ctx) == FZ_ERROR_MEMORY ? ANSWER_LIMIT : ANSWER_DAMAGED, "%s",
			fz_caught_message(ctx));
	}
}

static void take_attachments(struct reading *r)
{
	fz_context *ctx = r->ctx;
	pdf_obj *volatile tree = NULL;

	fz_try(ctx)
	{
		tree = pdf_load_name_tree(ctx, r->pdf, PDF_NAME(EmbeddedFiles));
		for (int i = 0; i < pdf_dict_len(ctx, tree); i++)
			take_attachment(r, pdf_dict_get_val(ctx, tree, i));
	}
	fz_always(ctx)
	{
		pdf_drop_obj(ctx, tree);
	}
	fz_catch(ctx)
	{
		complain(NULL, fz_caught_message(ctx));
	}
}

/* --- annotations ------------------------------------------------------------------------------ */

static void note(struct reading *r, const char *utf8)
{
	if (utf8)
		pages_note(&r->pages, utf8, strlen(utf8));
}

/* What is drawn on the page has been read with it; here is what else an annotation says. */
static void take_annotation(struct reading *r, pdf_annot *annotation)
{
	pdf_obj *dict = pdf_annot_obj(r->ctx, annotation);
	bool drawn = pdf_dict_get(r->ctx, dict, PDF_NAME(AP)) != NULL;

	if (pdf_annot_type(r->ctx, annotation) != PDF_ANNOT_FREE_TEXT || !drawn)
		note(r, pdf_dict_get_text_string(r->ctx, dict, PDF_NAME(Contents)));
	if (pdf_annot_type(r->ctx, annotation) == PDF_ANNOT_FILE_ATTACHMENT)
		take_attachment(r, pdf_dict_get(r->ctx, dict, PDF_NAME(FS)));
}

static void take_field(struct reading *r, pdf_annot *widget)
{
	pdf_obj *dict = pdf_annot_obj(r->ctx, widget);
	enum pdf_widget_type type = pdf_widget_type(r->ctx, widget);

	if (pdf_dict_get(r->ctx, dict, PDF_NAME(AP)))
		return;
	if (type == PDF_WIDGET_TYPE_TEXT || type == PDF_WIDGET_TYPE_COMBOBOX ||
		type == PDF_WIDGET_TYPE_LISTBOX)
		note(r, pdf_annot_field_value(r->ctx, widget));
}

static void take_annotations(struct reading *r, fz_page *page)
{
	pdf_page *sheet = pdf_page_from_fz_page(r->ctx, page);
	int left = ANNOTATIONS_MOST;

	if (!sheet)
		return;
	for (pdf_annot *a = pdf_first_annot(r->ctx, sheet); a && left && is_space_left(r); left--) {
		take_annotation(r, a);
		a = pdf_next_annot(r->ctx, a);
	}
	for (pdf_annot *w = pdf_first_widget(r->ctx, sheet); w && left && is_space_left(r);
		left--) {
		take_field(r, w);
		w = pdf_next_widget(r->ctx, w);
	}
}

/* --- pages ------------------------------------------------------------------------------------ */

static struct placed place(const fz_stext_char *c)
{
	float a = c->quad.ll.x < c->quad.ul.x ? c->quad.ll.x : c->quad.ul.x;
	float b = c->quad.lr.x > c->quad.ur.x ? c->quad.lr.x : c->quad.ur.x;

	return (struct placed){c->c > 0 ? (uint32_t)c->c : 0, a < b ? a : b, a < b ? b : a};
}

/* What of a line fits; its rest follows as a line of its own. */
static const fz_stext_char *take_turned(struct reading *r, const fz_stext_char *c)
{
	static struct placed line[LINE_MOST];
	size_t n = 0;

	for (; c && n + 1 < LINE_MOST; c = c->next) {
		struct placed next = place(c);

		if (n > 0 && bidi_is_apart(&line[n - 1], &next))
			line[n++] = (struct placed){' ', next.left, next.left};
		line[n++] = next;
	}
	bidi_line_order(line, n);
	for (size_t i = 0; i < n; i++)
		pages_put(&r->pages, line[i].c);
	return c;
}

static bool has_right_to_left(const fz_stext_line *line)
{
	for (const fz_stext_char *c = line->first_char; c; c = c->next)
		if (c->c >= 0x590 && bidi_is_right_to_left((uint32_t)c->c))
			return true;
	return false;
}

static void take_line(struct reading *r, const fz_stext_line *line)
{
	bool level = line->wmode == 0 && line->dir.y > -0.1F && line->dir.y < 0.1F;

	const fz_stext_char *c = line->first_char;

	while (c && level && has_right_to_left(line))
		c = take_turned(r, c);
	for (; c; c = c->next)
		pages_put(&r->pages, c->c > 0 ? (uint32_t)c->c : 0);
	pages_put(&r->pages, '\n');
}

static void take_text(struct reading *r, const fz_stext_page *text)
{
	for (const fz_stext_block *b = text->first_block; b && is_space_left(r); b = b->next) {
		if (b->type != FZ_STEXT_BLOCK_TEXT)
			continue;
		for (const fz_stext_line *l = b->u.t.first_line; l && is_space_left(r); l = l->next)
			take_line(r, l);
		pages_put(&r->pages, '\n');
	}
}

/* Draws the page into its text; the device takes no pictures. */
static void draw_text(struct reading *r, fz_page *page, fz_stext_page *text)
{
	fz_context *ctx = r->ctx;
	fz_stext_options options = {0};
	fz_device *volatile device = NULL;

	fz_try(ctx)
	{
		device = fz_new_stext_device(ctx, text, &options);
		fz_run_page(ctx, page, device, fz_identity, NULL);
		fz_close_device(ctx, device);
	}
	fz_always(ctx)
	{
		fz_drop_device(ctx, device);
	}
	fz_catch(ctx)
	{
		fz_rethrow(ctx);
	}
}

static void take_page(struct reading *r, int number)
{
	fz_context *ctx = r->ctx;
	fz_page *volatile page = NULL;
	fz_stext_page *volatile text = NULL;

	fz_try(ctx)
	{
		page = fz_load_page(ctx, r->file, number);
		text = fz_new_stext_page(ctx, fz_bound_page(ctx, page));
		draw_text(r, page, text);
		take_text(r, text);
		take_annotations(r, page);
	}
	fz_always(ctx)
	{
		fz_drop_stext_page(ctx, text);
		fz_drop_page(ctx, page);
	}
	fz_catch(ctx)
	{
		if (fz_caught(ctx) == FZ_ERROR_MEMORY)
			fz_rethrow(ctx);
		r->pages_lost++;
	}
}

/*
 * Without an index a page of a flat tree is looked for from the first.  MuPDF
 * 1.21 loses a reference to each page that it finds by the index, so that only
 * documents of many pages have one.
 */
static void take_pages(struct reading *r)
{
	int count = fz_count_pages(r->ctx, r->file);
	bool index = r->pdf && count > INDEX_FROM && count <= INDEX_MOST;

	if (count <= 0)
		fz_throw(r->ctx, FZ_ERROR_GENERIC, "no page is in it");
	answer_meta_int(r->out, "pages", count);
	if (index)
		pdf_load_page_tree(r->ctx, r->pdf);
	for (int i = 0; i < count && r->pages_lost < LOST_MOST && pages_begin(&r->pages); i++) {
		take_page(r, i);
		if (r->pdf && i % LOOK_AFTER == LOOK_AFTER - 1 && mallinfo2().uordblks > KEPT_MOST)
			pdf_clear_xref(r->ctx, r->pdf);
	}
	if (index)
		pdf_drop_page_tree(r->ctx, r->pdf);
}

/* --- bookmarks -------------------------------------------------------------------------------- */

/* Behind one item: its first child, else the next beside it or beside the nearest one above. */
static pdf_obj *bookmark_after(struct reading *r, pdf_obj *item, pdf_obj **above, int *depth)
{
	pdf_obj *next = pdf_dict_get(r->ctx, item, PDF_NAME(First));

	if (next && *depth < BOOKMARK_DEPTH) {
		above[(*depth)++] = item;
		return next;
	}
	while (!(next = pdf_dict_get(r->ctx, item, PDF_NAME(Next))) && *depth > 0)
		item = above[--(*depth)];
	return next;
}

static void take_bookmarks(struct reading *r)
{
	fz_context *ctx = r->ctx;

	fz_try(ctx)
	{
		pdf_obj *above[BOOKMARK_DEPTH];
		int depth = 0, left = BOOKMARKS_MOST;
		pdf_obj *item = pdf_dict_getp(ctx, pdf_trailer(ctx, r->pdf), "Root/Outlines/First");

		if (item)
			pages_begin(&r->pages);
		for (; item && left > 0 && is_space_left(r); left--) {
			note(r, pdf_dict_get_text_string(ctx, item, PDF_NAME(Title)));
			item = bookmark_after(r, item, above, &depth);
		}
	}
	fz_catch(ctx)
	{
		complain(NULL, fz_caught_message(ctx));
	}
}

/* --- one document ----------------------------------------------------------------------------- */

static int explain(struct reading *r)
{
	const char *message = fz_caught_message(r->ctx);

	if (fz_caught(r->ctx) == FZ_ERROR_MEMORY)
		return answer_fail(r->out, ANSWER_LIMIT,
			"the document needs more than the memory of its converter");
	if (strstr(message, "encryption"))
		return answer_fail(r->out, ANSWER_ENCRYPTED, "%s", message);
	return answer_fail(r->out, ANSWER_DAMAGED, "%s", message);
}

static int read_file(struct reading *r)
{
	if (fz_needs_password(r->ctx, r->file))
		return answer_fail(r->out, ANSWER_ENCRYPTED, "the document needs a password");
	const char *type = r->pdf ? "application/pdf" : "application/oxps";
	answer_meta(r->out, "type", type, strlen(type));
	if (r->pdf)
		take_metadata(r);
	take_pages(r);
	if (r->pdf) {
		take_bookmarks(r);
		take_attachments(r);
	}
	if (r->pages_lost > 0 && r->pages_lost == fz_count_pages(r->ctx, r->file))
		return answer_fail(r->out, ANSWER_DAMAGED, "no page of it can be read");
	if (!pages_finish(&r->pages) || r->pages_lost > 0)
		answer_truncated(r->out);
	return ANSWER_DONE;
}

static int read_stream(struct reading *r, const struct input *in, bool xps)
{
	fz_context *ctx = r->ctx;
	volatile int verdict = ANSWER_DONE;

	fz_try(ctx)
	{
		r->stream = open_stream(r, in);
		if (xps) {
			r->file = xps_document_handler.open_with_stream(ctx, r->stream);
		} else {
			r->pdf = pdf_open_document_with_stream(ctx, r->stream);
			r->file = &r->pdf->super;
		}
		verdict = read_file(r);
	}
	fz_always(ctx)
	{
		fz_drop_document(ctx, r->file);
		fz_drop_stream(ctx, r->stream);
	}
	fz_catch(ctx)
	{
		verdict = explain(r);
	}
	return verdict;
}

static bool is_pdf(const struct input *in)
{
	size_t n = input_size(in);

	return memmem(input_bytes(in), n < SIGNATURE_WITHIN ? n : SIGNATURE_WITHIN, "%PDF-", 5);
}

/* A zip, and nothing but the name or the worker says that it is XPS. */
static bool is_xps(const struct document *doc, const struct input *in)
{
	return input_size(in) > 4 && memcmp(input_bytes(in), "PK\3\4", 4) == 0 &&
	       (strcmp(doc->type, "application/oxps") == 0 ||
		       strcmp(doc->type, "application/vnd.ms-xpsdocument") == 0);
}

static int convert_mupdf(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static struct reading r;

	if (!in)
		in = input_create();
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, doc->size <= IN_MEMORY_MOST ? IN_MEMORY_MOST + 1 : SIGNATURE_WITHIN))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	bool xps = is_xps(doc, in);
	if (!xps && !is_pdf(in))
		return convert_other(doc, out);
	r.doc = doc;
	r.out = out;
	r.stream = NULL;
	r.file = NULL;
	r.pdf = NULL;
	r.pages_lost = 0;
	r.ctx = fz_new_context(NULL, NULL, STORE_MOST);
	if (!r.ctx)
		return answer_fail(out, ANSWER_TRY_LATER, "no memory for another document");
	fz_set_warning_callback(r.ctx, complain, NULL);
	fz_set_error_callback(r.ctx, complain, NULL);
	pages_init(&r.pages, out);
	int verdict = read_stream(&r, in, xps);
	fz_drop_context(r.ctx);
	return verdict;
}

static const struct converter_ops mupdf_converter = {
	.program = "trawl-convert-mupdf",
	.convert = convert_mupdf,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&mupdf_converter);
}
#endif
