/*
 * legacy: trawl-convert-legacy, Word, Excel and PowerPoint documents in the binary formats of
 * before 2007.
 *
 * The compound file and its summary are read by libgsf; the text in the streams
 * by word97.h, biff.h and ppt97.h.
 *
 * pkg-config: libgsf-1 libcjson uchardet
 */
#include "biff.h"
#include "diagnostics.h"
#include "input.h"
#include "ppt97.h"
#include "serve.h"
#include "typing.h"
#include "word97.h"

#include <gsf/gsf-doc-meta-data.h>
#include <gsf/gsf-docprop-vector.h>
#include <gsf/gsf-infile-msole.h>
#include <gsf/gsf-input-memory.h>
#include <gsf/gsf-meta-names.h>
#include <gsf/gsf-msole-utils.h>
#include <gsf/gsf-timestamp.h>
#include <gsf/gsf-utils.h>
#include <string.h>

enum {
	DOCUMENT_MOST = 256 * 1024 * 1024, /* bytes read of one document */
	HEAD = 8,
};

/* A stream of the compound file, whole. */
struct stream {
	uint8_t *bytes; /* NULL: missing, or not readable; g_free */
	size_t len;
};

/* One document being read. */
struct reading {
	GsfInfile *ole;
	struct answer *out;
	size_t size; /* of the file: no stream can be longer */
	struct wide text;
};

/* --- streams ---------------------------------------------------------------------------------- */

static bool has_stream(const struct reading *r, const char *name)
{
	GsfInput *in = gsf_infile_child_by_name(r->ole, name);

	if (in)
		g_object_unref(in);
	return in != NULL;
}

static struct stream read_stream(const struct reading *r, const char *name)
{
	struct stream s = {0};
	GsfInput *in = gsf_infile_child_by_name(r->ole, name);

	if (!in)
		return s;
	gsf_off_t size = gsf_input_size(in);
	if (size > 0 && (size_t)size <= r->size) {
		s.bytes = g_malloc((size_t)size);
		s.len = (size_t)size;
		if (!gsf_input_read(in, s.len, s.bytes))
			g_clear_pointer(&s.bytes, g_free);
	}
	g_object_unref(in);
	return s;
}

/* --- metadata --------------------------------------------------------------------------------- */

static const GValue *property(const GsfDocMetaData *meta, const char *name)
{
	const GsfDocProp *p = gsf_doc_meta_data_lookup(meta, name);

	return p ? gsf_doc_prop_get_val(p) : NULL;
}

static void take_string(
	struct reading *r, const GsfDocMetaData *meta, const char *key, const char *name)
{
	const GValue *value = property(meta, name);

	/* keywords come as a list of one */
	if (value && G_VALUE_HOLDS(value, GSF_DOCPROP_VECTOR_TYPE)) {
		char *joined = gsf_docprop_vector_as_string(gsf_value_get_docprop_vector(value));

		if (joined)
			answer_meta(r->out, key, joined, strlen(joined));
		g_free(joined);
		return;
	}
	const char *s = value && G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : NULL;
	if (s)
		answer_meta(r->out, key, s, strlen(s));
}

static void take_date(
	struct reading *r, const GsfDocMetaData *meta, const char *key, const char *name)
{
	const GValue *value = property(meta, name);

	if (!value || !VAL_IS_GSF_TIMESTAMP(value))
		return;
	const GsfTimestamp *when = g_value_get_boxed(value);
	if (when && when->timet > 0)
		answer_meta_int(r->out, key, when->timet);
}

static void take_count(struct reading *r, const GsfDocMetaData *meta, const char *name)
{
	const GValue *value = property(meta, name);

	if (value && G_VALUE_HOLDS_INT(value) && g_value_get_int(value) > 0)
		answer_meta_int(r->out, "pages", g_value_get_int(value));
}

static void take_summary(struct reading *r, const char *stream, GsfDocMetaData *meta)
{
	GsfInput *in = gsf_infile_child_by_name(r->ole, stream);

	if (!in)
		return;
	GError *error = gsf_doc_meta_data_read_from_msole(meta, in);
	if (error)
		diagnostics_line(error->message);
	g_clear_error(&error);
	g_object_unref(in);
}

static void take_metadata(struct reading *r)
{
	GsfDocMetaData *meta = gsf_doc_meta_data_new();

	take_summary(r, "\05SummaryInformation", meta);
	take_summary(r, "\05DocumentSummaryInformation", meta);
	take_string(r, meta, "title", GSF_META_NAME_TITLE);
	take_string(r, meta, "author", GSF_META_NAME_INITIAL_CREATOR);
	take_string(r, meta, "author", GSF_META_NAME_CREATOR);
	take_string(r, meta, "subject", GSF_META_NAME_SUBJECT);
	take_string(r, meta, "keywords", GSF_META_NAME_KEYWORDS);
	take_string(r, meta, "description", GSF_META_NAME_DESCRIPTION);
	take_date(r, meta, "created", GSF_META_NAME_DATE_CREATED);
	take_date(r, meta, "modified", GSF_META_NAME_DATE_MODIFIED);
	take_count(r, meta, GSF_META_NAME_SLIDE_COUNT);
	take_count(r, meta, GSF_META_NAME_PAGE_COUNT);
	g_object_unref(meta);
}

/* --- kinds ------------------------------------------------------------------------------------ */

static int read_word(struct reading *r)
{
	struct stream text = read_stream(r, "WordDocument");
	struct stream tables[] = {read_stream(r, "0Table"), read_stream(r, "1Table")};
	struct word97 doc = {.document = text.bytes,
		.document_len = text.bytes ? text.len : 0,
		.tables = {tables[0].bytes, tables[1].bytes},
		.table_lens = {tables[0].len, tables[1].len}};
	const char *language = word97_language(&doc);

	int verdict = word97_text(&doc, &r->text, r->out);
	if (language)
		answer_meta(r->out, "lang", language, strlen(language));
	g_free(tables[1].bytes);
	g_free(tables[0].bytes);
	g_free(text.bytes);
	return verdict;
}

static int read_excel(struct reading *r)
{
	struct stream book = read_stream(r, has_stream(r, "Workbook") ? "Workbook" : "Book");
	int64_t sheets = 0;
	int verdict = biff_text(book.bytes, book.bytes ? book.len : 0, &r->text, r->out, &sheets);

	if (sheets > 0)
		answer_meta_int(r->out, "pages", sheets);
	g_free(book.bytes);
	return verdict;
}

static int read_powerpoint(struct reading *r)
{
	struct stream show = read_stream(r, "PowerPoint Document");
	int64_t slides = 0;
	int verdict = ppt97_text(show.bytes, show.bytes ? show.len : 0, &r->text, r->out, &slides);

	if (slides > 0)
		answer_meta_int(r->out, "pages", slides);
	g_free(show.bytes);
	return verdict;
}

static const struct kind {
	const char *stream, *type;
	int (*read)(struct reading *r);
} kinds[] = {
	{"WordDocument", "application/msword", read_word},
	{"Workbook", "application/vnd.ms-excel", read_excel},
	{"Book", "application/vnd.ms-excel", read_excel},
	{"PowerPoint Document", "application/vnd.ms-powerpoint", read_powerpoint},
};

/* By the stream that makes it what it is; NULL if none does. */
static const struct kind *kind_of(const struct reading *r)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (has_stream(r, kinds[i].stream))
			return &kinds[i];
	return NULL;
}

/* --- one document ----------------------------------------------------------------------------- */

static int read_document(const struct document *doc, struct reading *r)
{
	const struct kind *kind = kind_of(r);

	/* the newer formats, encrypted, lie in such a file as well */
	if (has_stream(r, "EncryptedPackage") || has_stream(r, "EncryptedSummary"))
		return answer_fail(r->out, ANSWER_ENCRYPTED, "the document needs a password");
	if (!kind)
		return convert_other(doc, r->out);
	wide_begin(&r->text, r->out);
	int verdict = kind->read(r);
	if (verdict != ANSWER_DONE)
		return verdict;
	answer_meta(r->out, "type", kind->type, strlen(kind->type));
	take_metadata(r);
	if (!wide_finish(&r->text))
		answer_truncated(r->out);
	return ANSWER_DONE;
}

static int convert_ole(const struct document *doc, const struct input *in, struct answer *out)
{
	static struct reading r;
	GError *error = NULL;
	GsfInput *bytes = gsf_input_memory_new(input_bytes(in), (gsf_off_t)input_size(in), FALSE);

	r.out = out;
	r.size = input_size(in);
	r.ole = bytes ? gsf_infile_msole_new(bytes, &error) : NULL;
	int verdict = r.ole ? read_document(doc, &r)
			    : answer_fail(out, ANSWER_DAMAGED, "%s",
				      error ? error->message : "its directory cannot be read");
	g_clear_error(&error);
	g_clear_object(&r.ole);
	g_clear_object(&bytes);
	return verdict;
}

static int convert_legacy(const struct document *doc, struct answer *out)
{
	static const uint8_t signature[HEAD] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};
	static struct input *in;

	if (!in) {
		in = input_create();
		gsf_init();
	}
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, DOCUMENT_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (input_size(in) < HEAD || memcmp(input_bytes(in), signature, HEAD) != 0)
		return convert_other(doc, out);
	return convert_ole(doc, in, out);
}

static const struct converter_ops legacy_converter = {
	.program = "trawl-convert-legacy",
	.convert = convert_legacy,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&legacy_converter);
}
#endif
