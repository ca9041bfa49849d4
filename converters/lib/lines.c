/* lines: cutting decoded text at its line ends; see lines.h. */
#include "lines.h"

#include "alloc.h"
#include "decode.h"
#include "input.h"
#include "scan.h"
#include "sniff.h"
#include "typing.h"

#include <string.h>

enum { DOCUMENT_MOST = 64 * 1024 * 1024 /* bytes read of one document */ };

/* Cuts as the text comes. */
struct cutter {
	const struct lines_ops *ops;
	void *ctx;
	bool after_cr; /* a line feed that follows belongs to the line end before */
	size_t len, room;
	char *line; /* what came of the line so far; kept from document to document */
};

static bool end_line(struct cutter *c)
{
	size_t len = c->len;

	c->len = 0;
	return c->ops->line(c->ctx, c->line, len);
}

/* `n` bytes without a line end; what is too long goes on in pieces. */
static bool add(struct cutter *c, const char *utf8, size_t n)
{
	while (n) {
		size_t take = scan_utf8_floor((const uint8_t *)utf8, n, LINES_LINE_MOST - c->len);

		if (c->len + take > c->room) {
			c->room = 2 * (c->len + take);
			c->line = alloc_resize(c->line, c->room, 1);
		}
		memcpy(c->line + c->len, utf8, take);
		c->len += take;
		utf8 += take;
		n -= take;
		if (n && !end_line(c))
			return false;
	}
	return true;
}

static size_t length_of_line(const char *utf8, size_t n)
{
	const char *feed = memchr(utf8, '\n', n);
	size_t len = feed ? (size_t)(feed - utf8) : n;
	const char *ret = memchr(utf8, '\r', len);

	return ret ? (size_t)(ret - utf8) : len;
}

static bool cut(void *ctx, const char *utf8, size_t n)
{
	struct cutter *c = ctx;

	while (n) {
		if (c->after_cr && *utf8 == '\n') {
			utf8++;
			n--;
		}
		c->after_cr = false;
		size_t len = length_of_line(utf8, n);
		if (!add(c, utf8, len))
			return false;
		if (len == n)
			break;
		c->after_cr = utf8[len] == '\r';
		if (!end_line(c))
			return false;
		utf8 += len + 1;
		n -= len + 1;
	}
	return true;
}

/* --- whether it belongs here ------------------------------------------------------------------ */

struct head {
	size_t len;
	char utf8[SNIFF_TEXT_BYTES];
};

static bool gather(void *ctx, const char *utf8, size_t n)
{
	struct head *head = ctx;

	n = scan_utf8_floor((const uint8_t *)utf8, n, sizeof head->utf8 - head->len);
	memcpy(head->utf8 + head->len, utf8, n);
	head->len += n;
	return n > 0;
}

/* The kind of text to reroute to; NULL: it is read here. */
static const char *other_kind(
	const struct lines_ops *ops, const struct input *in, const struct charset *cs)
{
	static struct head head;

	head.len = 0;
	decode_bytes(cs, input_bytes(in), input_size(in), gather, &head);
	const char *kind = sniff_text(head.utf8, head.len);
	for (const char *const *type = ops->types; kind && *type; type++)
		if (strcmp(kind, *type) == 0)
			return NULL;
	if (!kind && ops->is_one && !ops->is_one(head.utf8, head.len))
		return "text/plain";
	return kind;
}

int lines_read(
	const struct document *doc, struct answer *out, const struct lines_ops *ops, void *ctx)
{
	static struct input *in;
	static struct cutter cutter;
	struct charset cs;

	if (!in)
		in = input_create();
	input_open(in, doc);
	if (!input_load(in, DOCUMENT_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (sniff_signature(input_bytes(in), input_size(in)) ||
		!charset_detect(input_bytes(in), input_size(in), !input_whole(in), &cs))
		return convert_other(doc, out);
	const char *kind = other_kind(ops, in, &cs);
	if (kind)
		return answer_reroute(out, kind);
	answer_meta(out, "encoding", cs.name, strlen(cs.name));
	cutter.ops = ops;
	cutter.ctx = ctx;
	cutter.after_cr = false;
	cutter.len = 0;
	if (!decode_bytes(&cs, input_bytes(in), input_size(in), cut, &cutter))
		return ANSWER_DONE;
	if (cutter.len)
		end_line(&cutter);
	if (!input_whole(in))
		answer_truncated(out);
	return ANSWER_DONE;
}
