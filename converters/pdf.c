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
	DIAGNOSTICS_MOST = 2048, /* bytes of poppler's complaints per document */
	SIGNATURE_WITHIN = 1024, /* where readers look for %PDF- */
};

/* --- standard error ---------------------------------------------------------------------------- */

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
		bounded = fopencookie(NULL, "w", (cookie_io_functions_t){.write = diagnostics_write});
		if (bounded) {
			setvbuf(bounded, NULL, _IONBF, 0);
			stderr = bounded;
		}
	}
	diagnostics_left = DIAGNOSTICS_MOST;
}

/* --- what it is instead ------------------------------------------------------------------------ */

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

/* --- metadata and text ------------------------------------------------------------------------- */

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

/* False: the limit is reached. */
static bool take_page(PopplerDocument *pdf, int number, struct answer *out)
{
	PopplerPage *page = poppler_document_get_page(pdf, number);
	bool more = true;

	if (!page)
		return true;
	char *text = poppler_page_get_text(page);
	if (number > 0)
		more = answer_text(out, "\n\f", 2);
	if (text && more)
		more = answer_text(out, text, strlen(text));
	g_free(text);
	g_object_unref(page);
	return more;
}

/* --- one document ------------------------------------------------------------------------------ */

static int explain(const GError *error, struct answer *out)
{
	if (g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
		return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
	return answer_fail(out, ANSWER_DAMAGED, "%s", error ? error->message : "no PDF document");
}

static int convert_pdf(const struct document *doc, struct answer *out)
{
	static struct input *in;
	GError *error = NULL;

	if (!in)
		in = input_create();
	bound_diagnostics();
	input_open(in, doc);
	if (!input_load(in, SNIFF_BYTES))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	const char *other = other_type(input_bytes(in), input_size(in), !input_whole(in));
	if (other)
		return answer_reroute(out, other);

	/* Poppler closes the descriptor that it is given, whatever happens. */
	int fd = fcntl(doc->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0)
		return answer_fail(out, ANSWER_TRY_LATER, "no descriptor is left");
	PopplerDocument *pdf = poppler_document_new_from_fd(fd, NULL, &error);
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
