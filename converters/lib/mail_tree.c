/*
 * mail_tree: leaf by leaf; see mail_tree.h.
 *
 * pkg-config: gmime-3.0
 */
#include "mail_tree.h"

#include "alloc.h"
#include "charset.h"
#include "decode.h"
#include "letter.h"
#include "mail_kind.h"
#include "page.h"
#include "part_names.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MOST = 64, /* multiparts in multiparts */
	PARTS_MOST = 100 * 1000,
	SUBJECT_NAME = 100, /* bytes of a subject that name a message without a file name */
	PIECE = 64 * 1024,
};

struct mail_tree {
	struct answer *out;
	struct page *page;
	struct part_names *names;
	bool is_page;          /* the root is a web page, the rest belongs to it */
	bool attachments_only; /* within what stands beside the text that was chosen */
	bool has_body;
};

/* --- leaves ----------------------------------------------------------------------------------- */

static enum mail_kind kind_of(GMimeObject *leaf)
{
	GMimeContentType *type = g_mime_object_get_content_type(leaf);

	return mail_kind(g_mime_content_type_get_media_type(type),
		g_mime_content_type_get_media_subtype(type));
}

static bool is_said_to_be_attached(GMimeObject *leaf)
{
	const char *disposition = g_mime_object_get_disposition(leaf);

	return disposition && g_ascii_strcasecmp(disposition, "attachment") == 0;
}

static const char *name_of(GMimeObject *o)
{
	const char *name = g_mime_object_get_content_disposition_parameter(o, "filename");

	return name ? name : g_mime_object_get_content_type_parameter(o, "name");
}

/* --- parts ------------------------------------------------------------------------------------ */

static bool begin_part(struct mail_tree *m, GMimeObject *o, const char *name)
{
	GMimeContentType *type = g_mime_object_get_content_type(o);
	const char *extension = mail_kind_extension(g_mime_content_type_get_media_type(type),
		g_mime_content_type_get_media_subtype(type));
	char numbered[64];

	if (answer_part_count(m->out) >= PARTS_MOST) {
		answer_truncated(m->out);
		return false;
	}
	name = part_names_add(m->names, name ? name : "");
	if (!name[0]) {
		snprintf(numbered, sizeof numbered, "part-%ju%s%s",
			(uintmax_t)answer_part_count(m->out) + 1, extension ? "." : "",
			extension ? extension : "");
		name = numbered;
	}
	char *mime = g_mime_content_type_get_mime_type(type);
	answer_part(m->out, name, mime, -1);
	g_free(mime);
	return true;
}

/* The content behind its transfer encoding, from the start.  NULL: there is none. */
static GMimeStream *decoded(GMimeObject *leaf)
{
	GMimeDataWrapper *content = g_mime_part_get_content((GMimePart *)leaf);
	GMimeStream *raw = content ? g_mime_data_wrapper_get_stream(content) : NULL;

	if (!raw)
		return NULL;
	g_mime_stream_reset(raw);
	GMimeStream *out = g_mime_stream_filter_new(raw);
	GMimeFilter *filter =
		g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);
	g_mime_stream_filter_add((GMimeStreamFilter *)out, filter);
	g_object_unref(filter);
	return out;
}

static void give_attachment(struct mail_tree *m, GMimeObject *leaf)
{
	static char piece[PIECE];
	GMimeStream *stream = begin_part(m, leaf, name_of(leaf)) ? decoded(leaf) : NULL;
	ssize_t n;

	while (stream && (n = g_mime_stream_read(stream, piece, sizeof piece)) > 0)
		answer_part_bytes(m->out, piece, (size_t)n);
	if (stream)
		g_object_unref(stream);
}

static void give_sealed(struct mail_tree *m, GMimeObject *o)
{
	const char *name = name_of(o);

	if (begin_part(m, o, name ? name : "encrypted"))
		answer_part_fail(m->out, ANSWER_ENCRYPTED, "the message is encrypted");
}

/* A message without a file name is called by its subject.  Free with g_free. */
static char *message_name(GMimeObject *o, GMimeMessage *message)
{
	const char *name = name_of(o), *subject = g_mime_message_get_subject(message);

	if (name || !subject || !subject[0])
		return g_strdup(name);
	size_t n = scan_utf8_floor((const uint8_t *)subject, strlen(subject), SUBJECT_NAME);
	return g_strdelimit(g_strdup_printf("%.*s.eml", (int)n, subject), "/\\\r\n\t", '-');
}

static void give_message(struct mail_tree *m, GMimeObject *o)
{
	GMimeMessage *message = g_mime_message_part_get_message((GMimeMessagePart *)o);

	if (!message)
		return;
	char *name = message_name(o, message);
	if (begin_part(m, o, name)) {
		GMimeStream *memory = g_mime_stream_mem_new();

		g_mime_object_write_to_stream((GMimeObject *)message, NULL, memory);
		GByteArray *bytes = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)memory);
		answer_part_bytes(m->out, bytes->data, bytes->len);
		g_object_unref(memory);
	}
	g_free(name);
}

/* --- bodies ----------------------------------------------------------------------------------- */

/* The whole decoded content; free with g_byte_array_unref. */
static GByteArray *content_of(GMimeObject *leaf)
{
	GByteArray *bytes = g_byte_array_new();
	GMimeStream *stream = decoded(leaf);
	char piece[4096];
	ssize_t n;

	while (stream && (n = g_mime_stream_read(stream, piece, sizeof piece)) > 0)
		g_byte_array_append(bytes, (const guint8 *)piece, (guint)n);
	if (stream)
		g_object_unref(stream);
	return bytes;
}

/* What the sender declares holds, unless the bytes prove otherwise.  False: it is no text. */
static bool settle_charset(
	GMimeObject *leaf, const GByteArray *bytes, bool html, struct charset *out)
{
	const char *said = g_mime_object_get_content_type_parameter(leaf, "charset");
	struct charset declared = {.clean = false};

	if (!(html ? page_charset : charset_detect)(bytes->data, bytes->len, false, out))
		return false;
	if (out->clean || out->skip || charset_is_wide(out))
		return true;
	if (said && charset_by_name(said, strlen(said), &declared) &&
		strcmp(declared.name, "UTF-8") != 0)
		*out = declared;
	return true;
}

static bool keep(void *ctx, const char *utf8, size_t n)
{
	g_byte_array_append(ctx, (const guint8 *)utf8, (guint)n);
	return true;
}

static bool parameter_is(GMimeObject *o, const char *name, const char *value)
{
	const char *s = g_mime_object_get_content_type_parameter(o, name);

	return s && g_ascii_strcasecmp(s, value) == 0;
}

static void give_letter(struct mail_tree *m, GMimeObject *leaf, const GByteArray *utf8)
{
	struct letter_form form = {
		.flowed = parameter_is(leaf, "format", "flowed"),
		.delete_sp = parameter_is(leaf, "delsp", "yes"),
	};

	if (letter_give(m->out, (const char *)utf8->data, utf8->len, &form))
		give_sealed(m, leaf);
}

static void give_body(struct mail_tree *m, GMimeObject *leaf, bool html)
{
	GByteArray *bytes = content_of(leaf);
	struct charset cs;

	m->has_body = true;
	if (bytes->len && settle_charset(leaf, bytes, html, &cs)) {
		if (!m->is_page)
			answer_text(m->out, "\n", 1);
		if (html) {
			if (!page_give(m->page, m->out, &cs, bytes->data, bytes->len))
				answer_truncated(m->out);
			answer_text(m->out, "\n", 1);
		} else {
			GByteArray *utf8 = g_byte_array_new();

			decode_bytes(&cs, bytes->data, bytes->len, keep, utf8);
			give_letter(m, leaf, utf8);
			g_byte_array_unref(utf8);
		}
	}
	g_byte_array_unref(bytes);
}

static void give_leaf(struct mail_tree *m, GMimeObject *leaf)
{
	enum mail_kind kind = kind_of(leaf);
	bool is_text = kind == MAIL_PLAIN || kind == MAIL_HTML;

	/* A text with a name is the body if none came before it: some programs name all they send.
	 */
	if (is_text && (is_said_to_be_attached(leaf) || (m->has_body && name_of(leaf))))
		kind = MAIL_ATTACHED;
	switch (kind) {
	case MAIL_PLAIN:
	case MAIL_HTML:
		if (!m->attachments_only)
			give_body(m, leaf, kind == MAIL_HTML);
		break;
	case MAIL_ATTACHED:
	case MAIL_STYLE:
		give_attachment(m, leaf);
		break;
	case MAIL_SEALED:
		give_sealed(m, leaf);
		break;
	case MAIL_SKIPPED:
		break;
	}
}

/* --- the tree --------------------------------------------------------------------------------- */

static void walk(struct mail_tree *m, GMimeObject *o, int depth);

static bool has_words(GMimeObject *leaf)
{
	GByteArray *bytes = content_of(leaf);
	bool found = false;

	for (guint i = 0; i < bytes->len && !found; i++)
		found = bytes->data[i] > ' ';
	g_byte_array_unref(bytes);
	return found;
}

/* How well the text of an alternative reads; 0: it has none. */
static int readability(GMimeObject *o)
{
	if (GMIME_IS_MULTIPART(o))
		return 1;
	if (!GMIME_IS_PART(o))
		return 0;
	if (kind_of(o) == MAIL_PLAIN)
		return has_words(o) ? 3 : 0;
	return kind_of(o) == MAIL_HTML ? 2 : 0;
}

/* One of them is read; the others may still hold attachments. */
static void walk_alternatives(struct mail_tree *m, GMimeMultipart *parts, int depth)
{
	int count = g_mime_multipart_get_count(parts), best = -1, best_reads = 0;
	bool outer = m->attachments_only;

	for (int i = 0; i < count && best_reads < 3; i++) {
		int reads = readability(g_mime_multipart_get_part(parts, i));

		if (reads > best_reads) {
			best = i;
			best_reads = reads;
		}
	}
	for (int i = 0; i < count; i++) {
		m->attachments_only = outer || i != best;
		walk(m, g_mime_multipart_get_part(parts, i), depth);
	}
	m->attachments_only = outer;
}

/* The first is the text, or the one that is named; pictures and styles belong to it. */
static void walk_related(struct mail_tree *m, GMimeMultipart *parts, int depth)
{
	const char *start = g_mime_object_get_content_type_parameter((GMimeObject *)parts, "start");
	int count = g_mime_multipart_get_count(parts), root = 0;

	for (int i = 0; i < count && start; i++) {
		const char *id = g_mime_object_get_content_id(g_mime_multipart_get_part(parts, i));
		size_t n = id ? strlen(id) : 0;

		/* <id>, or id */
		if (id && strncmp(start + (start[0] == '<'), id, n) == 0 &&
			(start[0] != '<' || start[1 + n] == '>')) {
			root = i;
			break;
		}
	}
	for (int i = 0; i < count; i++) {
		GMimeObject *child = g_mime_multipart_get_part(parts, i);

		bool is_style = GMIME_IS_PART(child) && kind_of(child) == MAIL_STYLE &&
				!is_said_to_be_attached(child);

		if (i == root || !(m->is_page || is_style))
			walk(m, child, depth);
	}
}

static void walk_multipart(struct mail_tree *m, GMimeMultipart *parts, int depth)
{
	GMimeContentType *type = g_mime_object_get_content_type((GMimeObject *)parts);
	int count = g_mime_multipart_get_count(parts);

	if (g_mime_content_type_is_type(type, "multipart", "encrypted")) {
		give_sealed(m, (GMimeObject *)parts);
	} else if (g_mime_content_type_is_type(type, "multipart", "alternative")) {
		walk_alternatives(m, parts, depth);
	} else if (g_mime_content_type_is_type(type, "multipart", "related")) {
		walk_related(m, parts, depth);
	} else {
		for (int i = 0; i < count; i++)
			walk(m, g_mime_multipart_get_part(parts, i), depth);
	}
}

static void walk(struct mail_tree *m, GMimeObject *o, int depth)
{
	if (depth == DEPTH_MOST)
		answer_truncated(m->out);
	else if (GMIME_IS_MULTIPART(o))
		walk_multipart(m, (GMimeMultipart *)o, depth + 1);
	else if (GMIME_IS_MESSAGE_PART(o))
		give_message(m, o);
	else if (GMIME_IS_PART(o))
		give_leaf(m, o);
}

struct mail_tree *mail_tree_create(void)
{
	struct mail_tree *m = alloc_resize(NULL, 1, sizeof *m);

	m->page = page_create();
	m->names = part_names_create();
	return m;
}

void mail_tree_destroy(struct mail_tree *m)
{
	if (!m)
		return;
	page_destroy(m->page);
	part_names_destroy(m->names);
	free(m);
}

void mail_tree_give(struct mail_tree *m, struct answer *out, GMimeObject *root, bool is_page)
{
	m->out = out;
	m->is_page = is_page;
	m->attachments_only = m->has_body = false;
	part_names_begin(m->names);
	walk(m, root, 0);
}
