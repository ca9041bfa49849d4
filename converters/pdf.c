/*
 * pdf: trawl-convert-pdf, the words of a PDF by poppler: pages, notes, forms, bookmarks, and the
 * files that are attached.
 *
 * pkg-config: poppler-glib libcjson
 */
#include "diagnostics.h"
#include "input.h"
#include "pages.h"
#include "serve.h"
#include "typing.h"
#include "xmp.h"

#include <fcntl.h>
#include <poppler.h>
#include <string.h>
#include <unistd.h>

enum {
	IN_MEMORY_MOST = 8 * 1024 * 1024, /* a larger document is read where it lies */
	SIGNATURE_WITHIN = 1024,          /* where readers look for %PDF- */
	BOOKMARKS_MOST = 65536,           /* a cycle of them ends here, too */
	BOOKMARK_DEPTH = 64,
	ATTACHMENTS_MOST = 16384,
};

/* One document being read. */
struct reading {
	PopplerDocument *pdf;
	struct answer *out;
	struct pages pages;
};

/* --- metadata --------------------------------------------------------------------------------- */

static void take_string(struct answer *out, const char *key, char *value)
{
	if (value)
		answer_meta(out, key, value, strlen(value));
	g_free(value);
}

static void take_date(struct answer *out, const char *key, GDateTime *when)
{
	if (when)
		answer_meta_int(out, key, g_date_time_to_unix(when));
	g_clear_pointer(&when, g_date_time_unref);
}

static void take_metadata(struct reading *r)
{
	answer_meta(r->out, "type", "application/pdf", strlen("application/pdf"));
	take_string(r->out, "title", poppler_document_get_title(r->pdf));
	take_string(r->out, "author", poppler_document_get_author(r->pdf));
	take_string(r->out, "subject", poppler_document_get_subject(r->pdf));
	take_string(r->out, "keywords", poppler_document_get_keywords(r->pdf));
	take_date(r->out, "created", poppler_document_get_creation_date_time(r->pdf));
	take_date(r->out, "modified", poppler_document_get_modification_date_time(r->pdf));
	answer_meta_int(r->out, "pages", poppler_document_get_n_pages(r->pdf));
	char *packet = poppler_document_get_metadata(r->pdf);
	if (packet) /* XMP: for what the document's own dictionary leaves out */
		xmp_take((const uint8_t *)packet, strlen(packet), r->out);
	g_free(packet);
}

/* --- the text of a page ----------------------------------------------------------------------- */

static double distance(double low1, double high1, double low2, double high2)
{
	return low2 > high1 ? low2 - high1 : low1 - high2;
}

/* Whether a quarter of a character's size or more lies between two boxes. */
static bool apart(const PopplerRectangle *a, const PopplerRectangle *b)
{
	double x = distance(a->x1, a->x2, b->x1, b->x2), y = distance(a->y1, a->y2, b->y1, b->y2);
	double width = a->x2 - a->x1, height = a->y2 - a->y1;

	return 4 * (x > y ? x : y) > (width > height ? width : height);
}

/* g_utf8_next_char gives up the const. */
static const char *next_character(const char *p)
{
	return p + g_utf8_skip[(guchar)*p];
}

/* Poppler sets nothing between the cells of a table's row: a blank where two boxes lie apart. */
static void take_boxed(struct pages *pages, const char *text, const PopplerRectangle *box)
{
	gunichar before = ' ';

	for (const char *p = text; *p && !pages->full; p = next_character(p), box++) {
		gunichar c = g_utf8_get_char(p);

		if (!g_unichar_isspace(before) && !g_unichar_isspace(c) && apart(box - 1, box))
			pages_put(pages, ' ');
		pages_put(pages, c);
		before = c;
	}
}

static void take_text(struct reading *r, PopplerPage *page)
{
	char *text = poppler_page_get_text(page);
	PopplerRectangle *boxes = NULL;
	guint count = 0;

	if (text && g_utf8_validate(text, -1, NULL) &&
		poppler_page_get_text_layout(page, &boxes, &count) &&
		(glong)count == g_utf8_strlen(text, -1))
		take_boxed(&r->pages, text, boxes);
	else if (text)
		pages_put_utf8(&r->pages, text, strlen(text));
	g_free(boxes);
	g_free(text);
}

/* --- attachments ------------------------------------------------------------------------------ */

static gboolean send_bytes(const gchar *bytes, gsize n, gpointer out, GError **error)
{
	(void)error;
	answer_part_bytes(out, bytes, n);
	return TRUE;
}

static void take_attachment(struct reading *r, PopplerAttachment *file)
{
	GError *error = NULL;
	const char *name = poppler_attachment_get_name(file);
	gsize size = poppler_attachment_get_size(file); /* as it says itself: 0 if it does not */

	if (answer_part_count(r->out) >= ATTACHMENTS_MOST)
		return;
	answer_part(r->out, name && *name ? name : "attachment", NULL,
		size > 0 && size < G_MAXINT64 ? (int64_t)size : -1);
	if (!poppler_attachment_save_to_callback(file, send_bytes, r->out, &error))
		answer_part_fail(r->out, ANSWER_DAMAGED, "%s",
			error ? error->message : "the attachment cannot be read");
	g_clear_error(&error);
}

static void take_attachments(struct reading *r)
{
	GList *files = poppler_document_get_attachments(r->pdf);

	for (GList *f = files; f; f = f->next)
		take_attachment(r, f->data);
	g_list_free_full(files, g_object_unref);
}

/* --- annotations ------------------------------------------------------------------------------ */

static void take_note(struct reading *r, char *text)
{
	if (text)
		pages_note(&r->pages, text, strlen(text));
	g_free(text);
}

static void take_annotation(struct reading *r, PopplerAnnot *annotation)
{
	PopplerAnnotType type = poppler_annot_get_annot_type(annotation);

	if (type == POPPLER_ANNOT_LINK || type == POPPLER_ANNOT_WIDGET)
		return; /* what it leads to; what a field says is asked for below */
	take_note(r, poppler_annot_get_contents(annotation));
	if (type != POPPLER_ANNOT_FILE_ATTACHMENT)
		return;
	PopplerAttachment *file = poppler_annot_file_attachment_get_attachment(
		POPPLER_ANNOT_FILE_ATTACHMENT(annotation));
	if (file) {
		take_attachment(r, file);
		g_object_unref(file);
	}
}

/* The choices made of a list, and what was typed in. */
static void take_choice(struct reading *r, PopplerFormField *field)
{
	int count = poppler_form_field_choice_get_n_items(field);

	for (int i = 0; i < count; i++)
		if (poppler_form_field_choice_is_item_selected(field, i))
			take_note(r, poppler_form_field_choice_get_item(field, i));
	if (poppler_form_field_choice_is_editable(field))
		take_note(r, poppler_form_field_choice_get_text(field));
}

static void take_field(struct reading *r, PopplerFormField *field)
{
	PopplerFormFieldType type = poppler_form_field_get_field_type(field);

	if (type == POPPLER_FORM_FIELD_TEXT)
		take_note(r, poppler_form_field_text_get_text(field));
	else if (type == POPPLER_FORM_FIELD_CHOICE)
		take_choice(r, field);
}

/* Poppler gives a page's text without what its annotations and fields show. */
static void take_annotations(struct reading *r, PopplerPage *page)
{
	GList *annotations = poppler_page_get_annot_mapping(page);
	GList *fields = poppler_page_get_form_field_mapping(page);

	for (GList *l = annotations; l && !r->pages.full; l = l->next)
		take_annotation(r, ((PopplerAnnotMapping *)l->data)->annot);
	for (GList *l = fields; l && !r->pages.full; l = l->next)
		take_field(r, ((PopplerFormFieldMapping *)l->data)->field);
	poppler_page_free_form_field_mapping(fields);
	poppler_page_free_annot_mapping(annotations);
}

static void take_page(struct reading *r, int number)
{
	PopplerPage *page = poppler_document_get_page(r->pdf, number);

	if (!page)
		return;
	take_text(r, page);
	take_annotations(r, page);
	g_object_unref(page);
}

/* --- bookmarks -------------------------------------------------------------------------------- */

static void take_bookmark(struct reading *r, PopplerIndexIter *at)
{
	PopplerAction *action = poppler_index_iter_get_action(at);

	if (action && action->any.title)
		pages_note(&r->pages, action->any.title, strlen(action->any.title));
	if (action)
		poppler_action_free(action);
}

static void take_bookmarks(struct reading *r)
{
	PopplerIndexIter *open[BOOKMARK_DEPTH] = {poppler_index_iter_new(r->pdf)};
	int depth = open[0] ? 0 : -1;

	if (open[0])
		pages_begin(&r->pages);
	for (int left = BOOKMARKS_MOST; depth >= 0; left--) {
		PopplerIndexIter *child = NULL;
		bool more = left > 0 && !r->pages.full;

		if (more) {
			take_bookmark(r, open[depth]);
			child = depth + 1 < BOOKMARK_DEPTH
					? poppler_index_iter_get_child(open[depth])
					: NULL;
		}
		if (child) {
			open[++depth] = child;
			continue;
		}
		while (depth >= 0 && !(more && poppler_index_iter_next(open[depth])))
			poppler_index_iter_free(open[depth--]);
	}
}

/* --- one document ----------------------------------------------------------------------------- */

static int explain(const GError *error, struct answer *out)
{
	if (g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
		return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
	return answer_fail(out, ANSWER_DAMAGED, "%s", error ? error->message : "no PDF document");
}

/* From memory if it is there, since poppler reads a descriptor in pieces of 256 bytes; NULL: error
 * is set or, for want of a descriptor, not. */
static PopplerDocument *open_pdf(const struct document *doc, const struct input *in, GError **error)
{
	if (input_whole(in)) {
		GBytes *bytes = g_bytes_new_static(input_bytes(in), input_size(in));
		PopplerDocument *pdf = poppler_document_new_from_bytes(bytes, NULL, error);

		g_bytes_unref(bytes);
		return pdf;
	}
	/* Poppler closes the descriptor that it is given, whatever happens. */
	int fd = fcntl(doc->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return fd < 0 ? NULL : poppler_document_new_from_fd(fd, NULL, error);
}

static bool is_pdf(const struct input *in)
{
	size_t n = input_size(in);

	return memmem(input_bytes(in), n < SIGNATURE_WITHIN ? n : SIGNATURE_WITHIN, "%PDF-", 5);
}

static void read_pdf(struct reading *r)
{
	int count = poppler_document_get_n_pages(r->pdf);

	take_metadata(r);
	for (int i = 0; i < count && pages_begin(&r->pages); i++)
		take_page(r, i);
	take_bookmarks(r);
	if (!pages_finish(&r->pages))
		answer_truncated(r->out);
	take_attachments(r);
}

static int convert_pdf(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static struct reading r;
	GError *error = NULL;

	if (!in)
		in = input_create();
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, doc->size <= IN_MEMORY_MOST ? IN_MEMORY_MOST + 1 : SIGNATURE_WITHIN))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!is_pdf(in))
		return convert_other(doc, out);
	r.out = out;
	r.pdf = open_pdf(doc, in, &error);
	if (!r.pdf) {
		int verdict = explain(error, out);

		g_clear_error(&error);
		return verdict;
	}
	pages_init(&r.pages, out);
	read_pdf(&r);
	g_object_unref(r.pdf);
	return ANSWER_DONE;
}

static const struct converter_ops pdf_converter = {
	.program = "trawl-convert-pdf",
	.convert = convert_pdf,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&pdf_converter);
}
#endif
