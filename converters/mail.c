/*
 * mail: trawl-convert-mail, messages, mailboxes and saved web pages (MHTML) by GMime.
 *
 * The text is who wrote to whom about what, and the body; attachments and
 * messages inside of messages are parts.  A mailbox is nothing but parts, and is
 * never parsed here.  The message lies in memory once: GMime's contents are
 * windows into it.
 *
 * pkg-config: gmime-3.0 libxml-2.0 libcjson uchardet
 */
#include "charset.h"
#include "decode.h"
#include "input.h"
#include "mail_frame.h"
#include "mail_tree.h"
#include "mbox.h"
#include "scan.h"
#include "serve.h"
#include "typing.h"

#include <gmime/gmime.h>
#include <string.h>

enum {
	MESSAGE_MOST = 512 * 1024 * 1024, /* bytes read of one message */
	HEAD = 4096,                      /* bytes that tell a message from a mailbox */
	HEADERS_MOST = 64 * 1024,         /* bytes of headers that tell their charset */
};

struct mail {
	const struct document *doc;
	struct answer *out;
	struct mail_tree *tree;
	bool is_page; /* MHTML: its text is a page's, and what programs say of senders is none */
};

/* --- headers ---------------------------------------------------------------------------------- */

static bool put_text(void *ctx, const char *utf8, size_t n)
{
	return answer_text(ctx, utf8, n);
}

static void give_header(struct mail *m, const char *label, const char *key, const char *value)
{
	if (!value || !value[0])
		return;
	answer_meta(m->out, key, value, strlen(value));
	if (m->is_page)
		return;
	answer_text(m->out, label, strlen(label));
	/* What GMime makes of broken headers is not always UTF-8. */
	decode_bytes(&(struct charset){.name = "UTF-8"}, (const uint8_t *)value, strlen(value),
		put_text, m->out);
	answer_text(m->out, "\n", 1);
}

static void give_addresses(
	struct mail *m, const char *label, const char *key, InternetAddressList *list)
{
	char *value = list && internet_address_list_length(list) > 0
			      ? internet_address_list_to_string(list, NULL, FALSE)
			      : NULL;

	give_header(m, label, key, value);
	g_free(value);
}

static void give_author(struct mail *m, InternetAddressList *from)
{
	InternetAddress *first = from && internet_address_list_length(from) > 0
					 ? internet_address_list_get_address(from, 0)
					 : NULL;
	const char *name = first ? internet_address_get_name(first) : NULL;

	if (first && !(name && name[0]) && INTERNET_ADDRESS_IS_MAILBOX(first))
		name = internet_address_mailbox_get_addr((InternetAddressMailbox *)first);
	if (name)
		answer_meta(m->out, "author", name, strlen(name));
}

static void give_headers(struct mail *m, GMimeMessage *message)
{
	InternetAddressList *from = g_mime_message_get_from(message);
	const char *subject = g_mime_message_get_subject(message);
	const char *date = g_mime_object_get_header((GMimeObject *)message, "Date");
	GDateTime *when = g_mime_message_get_date(message);

	if (when)
		answer_meta_int(m->out, "created", g_date_time_to_unix(when));
	if (date)
		answer_meta(m->out, "date", date, strlen(date));
	if (!m->is_page) {
		if (!from || internet_address_list_length(from) == 0)
			from = g_mime_message_get_sender(message);
		give_author(m, from);
		give_addresses(m, "From: ", "from", from);
		give_addresses(m, "To: ", "to", g_mime_message_get_to(message));
		give_addresses(m, "Cc: ", "cc", g_mime_message_get_cc(message));
	}
	give_header(m, "Subject: ", "subject", subject);
}

/* --- one message ------------------------------------------------------------------------------ */

/* Headers that are not ASCII and do not say how they are encoded. */
static GMimeParserOptions *options_for(const uint8_t *bytes, size_t n)
{
	GMimeParserOptions *options = g_mime_parser_options_new();
	const uint8_t *end = memmem(bytes, n, "\n\n", 2);
	const uint8_t *crlf = memmem(bytes, end ? (size_t)(end - bytes) : n, "\r\n\r\n", 4);
	struct charset cs = {.name = "UTF-8"};

	if (crlf || end)
		n = (size_t)((crlf ? crlf : end) - bytes);
	n = n < HEADERS_MOST ? n : HEADERS_MOST;
	if (scan_utf8(bytes, n) != n)
		charset_detect(bytes, n, true, &cs);
	g_mime_parser_options_set_fallback_charsets(
		options, (const char *[]){"utf-8", cs.name, "windows-1252", NULL});
	return options;
}

static bool is_saved_page(const struct document *doc, GMimeMessage *message)
{
	return strcmp(doc->type, "application/x-mimearchive") == 0 ||
	       strcmp(doc->type, "multipart/related") == 0 ||
	       g_mime_object_get_header((GMimeObject *)message, "Snapshot-Content-Location");
}

static void give_mail(struct mail *m, GMimeMessage *message)
{
	const char *subject = g_mime_message_get_subject(message);
	GMimeObject *root = g_mime_message_get_mime_part(message);
	const char *type;

	m->is_page = is_saved_page(m->doc, message);
	type = m->is_page ? "application/x-mimearchive" : "message/rfc822";
	answer_meta(m->out, "type", type, strlen(type));
	/* A page has a title of its own, which comes first. */
	if (!m->is_page && subject)
		answer_meta(m->out, "title", subject, strlen(subject));
	give_headers(m, message);
	if (root)
		mail_tree_give(m->tree, m->out, root, m->is_page);
	if (subject)
		answer_meta(m->out, "title", subject, strlen(subject));
}

static int convert_message(
	const struct document *doc, struct answer *out, const uint8_t *bytes, size_t n)
{
	static struct mail_tree *tree;
	GByteArray window = {.len = (guint)n};

	if (!tree)
		tree = mail_tree_create();
	memcpy(&window.data, &bytes, sizeof bytes); /* only read */
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(&window);
	g_mime_stream_mem_set_owner((GMimeStreamMem *)stream, FALSE);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeParserOptions *options = options_for(bytes, n);
	GMimeMessage *message = g_mime_parser_construct_message(parser, options);

	if (message) {
		struct mail m = {.doc = doc, .out = out, .tree = tree};

		give_mail(&m, message);
		g_object_unref(message);
	}
	g_mime_parser_options_free(options);
	g_object_unref(parser);
	g_object_unref(stream);
	return message ? ANSWER_DONE : answer_fail(out, ANSWER_DAMAGED, "no headers of a message");
}

/* --- one document ----------------------------------------------------------------------------- */

static int convert_mailbox(const struct document *doc, struct answer *out)
{
	answer_meta(out, "type", "application/mbox", strlen("application/mbox"));
	return mbox_give(doc->fd, out)
		       ? ANSWER_DONE
		       : answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
}

static int convert_mail(const struct document *doc, struct answer *out)
{
	static struct input *in;
	bool promised = strcmp(doc->type, "message/rfc822") == 0;

	if (!in) {
		in = input_create();
		g_mime_init();
	}
	input_open(in, doc);
	if (!input_load(in, HEAD))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!promised && mbox_starts(input_bytes(in), input_size(in)))
		return convert_mailbox(doc, out);
	if (!input_load(in, MESSAGE_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	const uint8_t *bytes = input_bytes(in);
	size_t n = input_size(in);
	if (mbox_starts(bytes, n) && mbox_has_several(bytes, n))
		return convert_mailbox(doc, out);
	mail_frame_trim(&bytes, &n);
	if (!mail_frame_starts_with_field(bytes, n))
		return convert_other(doc, out);
	if (mail_frame_has_deep_groups(bytes, n))
		return answer_fail(out, ANSWER_DAMAGED, "groups of addresses without end");
	if (!input_whole(in))
		answer_truncated(out);
	return convert_message(doc, out, bytes, n);
}

static const struct converter_ops mail_converter = {
	.program = "trawl-convert-mail",
	.convert = convert_mail,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&mail_converter);
}
#endif
