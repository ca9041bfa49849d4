/*
 * pdf: trawl-convert-pdf, the text of each page by poppler, a form feed between pages.
 *
 * What poppler reports about a damaged file goes to standard error without
 * end; the stream is replaced by one that takes a few lines per document.
 *
 * pkg-config: poppler-glib libcjson uchardet
 */
#include "charset.h"
#include "input.h"
#include "serve.h"
#include "sniff.h"

#include <fcntl.h>
#include <poppler.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	DIAGNOSTICS_MOST = 2048,          /* bytes of poppler's complaints per document */
	IN_MEMORY_MOST = 8 * 1024 * 1024, /* a larger document is read where it lies */
	SIGNATURE_WITHIN = 1024,          /* where readers look for %PDF- */
};

/* --- standard error --------------------------------------------------------------------------- */

static size_t diagnostics_left;

static ssize_t diagnostics_write(void *cookie, const char *bytes, size_t n)
{
	size_t take = n < diagnostics_left ? n : diagnostics_left;

	(void)cookie;
	diagnostics_left -= take;
	if (take && write(STDERR_FILENO, bytes, take) < 0)
		diagnostics_left = 0;
	return (ssize_t)n; /* what is dropped counts as written */
}

/* In glibc `stderr` is a variable, and poppler prints through it. */
static void bound_diagnostics(void)
{
	static FILE *bounded;

	if (!bounded) {
		bounded =
			fopencookie(NULL, "w", (cookie_io_functions_t){.write = diagnostics_write});
		if (bounded) {
			setvbuf(bounded, NULL, _IONBF, 0);
			stderr = bounded;
		}
	}
	diagnostics_left = DIAGNOSTICS_MOST;
}

/* --- what it is instead ----------------------------------------------------------------------- */

static bool has_signature(const uint8_t *bytes, size_t n)
{
	return memmem(bytes, n < SIGNATURE_WITHIN ? n : SIGNATURE_WITHIN, "%PDF-", 5) != NULL;
}

/* A type to reroute to, or NULL: it may be PDF, or nothing that is known. */
static const char *other_type(const uint8_t *bytes, size_t n, bool cut)
{
	struct charset cs;

	if (has_signature(bytes, n))
		return NULL;
	if (sniff_html(bytes, n))
		return "text/html";
	return n > 0 && charset_detect(bytes, n, cut, &cs) ? "text/plain" : NULL;
}

/* --- metadata --------------------------------------------------------------------------------- */

static void take_string(struct answer *out, const char *key, char *value)
{
	if (value)
		answer_meta(out, key, value, strlen(value));
	g_free(value);
}

static void take_metadata(PopplerDocument *pdf, struct answer *out)
{
	GDateTime *created = poppler_document_get_creation_date_time(pdf);

	answer_meta(out, "type", "application/pdf", strlen("application/pdf"));
	take_string(out, "title", poppler_document_get_title(pdf));
	take_string(out, "author", poppler_document_get_author(pdf));
	take_string(out, "subject", poppler_document_get_subject(pdf));
	take_string(out, "keywords", poppler_document_get_keywords(pdf));
	if (created) {
		answer_meta_int(out, "created", g_date_time_to_unix(created));
		g_date_time_unref(created);
	}
	answer_meta_int(out, "pages", poppler_document_get_n_pages(pdf));
}

/* --- the text of a page ----------------------------------------------------------------------- */

/*
 * Poppler gives a page's text with the box of each character.  It sets nothing
 * between the cells of a table's row, so where two boxes lie apart a blank is
 * put; and words parted by a hyphen at a line's end are joined.
 */
struct run {
	const char *at;    /* the character looked at; ends in NUL */
	const char *start; /* what was not sent yet */
	const PopplerRectangle *box;
	gunichar before;
	struct answer *out;
};

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

static bool is_hyphen(gunichar c)
{
	return c == '-' || c == 0xad || c == 0x2010;
}

/* At a hyphen behind a letter, at the end of a line, before a letter that continues a word. */
static bool at_broken_word(const struct run *r)
{
	const char *next = next_character(r->at);

	if (!is_hyphen(g_utf8_get_char(r->at)) || *next != '\n' || !g_unichar_isalpha(r->before))
		return false;
	gunichar c = g_utf8_get_char(next + 1);
	return g_unichar_isalpha(c) && !g_unichar_isupper(c);
}

/* Sends what lies before `at`, goes on behind the next `skip` characters. */
static bool send_run(struct run *r, int skip)
{
	bool more = answer_text(r->out, r->start, (size_t)(r->at - r->start));

	for (int i = 0; i < skip; i++) {
		r->at = next_character(r->at);
		r->box++;
	}
	r->start = r->at;
	return more;
}

static bool send_boxed(struct run *r)
{
	bool more = true;

	while (*r->at && more) {
		gunichar c = g_utf8_get_char(r->at);

		if (at_broken_word(r)) {
			more = send_run(r, 2);
			r->before = 0;
			continue;
		}
		if (r->before && !g_unichar_isspace(r->before) && !g_unichar_isspace(c) &&
			apart(r->box - 1, r->box))
			more = send_run(r, 0) && answer_text(r->out, " ", 1);
		r->before = c;
		r->at = next_character(r->at);
		r->box++;
	}
	return more && send_run(r, 0);
}

static bool send_page(PopplerPage *page, struct answer *out)
{
	char *text = poppler_page_get_text(page);
	PopplerRectangle *boxes = NULL;
	guint count = 0;
	bool more = true;

	if (text && g_utf8_validate(text, -1, NULL)) {
		struct run run = {.at = text, .start = text, .out = out};

		if (poppler_page_get_text_layout(page, &boxes, &count) &&
			(glong)count == g_utf8_strlen(text, -1)) {
			run.box = boxes;
			more = send_boxed(&run);
		} else {
			more = answer_text(out, text, strlen(text));
		}
	}
	g_free(boxes);
	g_free(text);
	return more;
}

/* False: the limit is reached. */
static bool take_page(PopplerDocument *pdf, int number, struct answer *out)
{
	PopplerPage *page = poppler_document_get_page(pdf, number);
	bool more = number == 0 || answer_text(out, "\n\f", 2);

	if (page && more)
		more = send_page(page, out);
	if (page)
		g_object_unref(page);
	return more;
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

static int convert_pdf(const struct document *doc, struct answer *out)
{
	static struct input *in;
	GError *error = NULL;

	if (!in)
		in = input_create();
	bound_diagnostics();
	input_open(in, doc);
	if (!input_load(in, doc->size <= IN_MEMORY_MOST ? IN_MEMORY_MOST + 1 : SNIFF_BYTES))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	const char *other = other_type(input_bytes(in), input_size(in), !input_whole(in));
	if (other)
		return answer_reroute(out, other);
	PopplerDocument *pdf = open_pdf(doc, in, &error);
	if (!pdf) {
		int verdict = explain(error, out);

		g_clear_error(&error);
		return verdict;
	}
	take_metadata(pdf, out);
	int pages = poppler_document_get_n_pages(pdf);
	for (int i = 0; i < pages && take_page(pdf, i, out); i++)
		;
	g_object_unref(pdf);
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
