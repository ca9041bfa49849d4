/* ppt97: records and the text among them; see ppt97.h. */
#include "ppt97.h"

enum {
	HEADER = 8, /* version and instance, type, length */
	CONTAINER = 0xf,
	DEPTH_MOST = 32,

	/* record types */
	DOCUMENT = 0x03e8,
	SLIDE = 0x03ee,
	NOTES = 0x03f0,
	MASTER = 0x03f8,
	LIST_WITH_TEXT = 0x0ff0,
	TEXT_WIDE = 0x0fa0,
	TEXT_LOW = 0x0fa8,
	STRING = 0x0fba,
	HEADERS_FOOTERS = 0x0fd9,
	COMMENT = 0x2ee0,
	CRYPT_SESSION = 0x2f14,

	LIST_OF_MASTERS = 1, /* instances of LIST_WITH_TEXT */
};

struct record {
	uint32_t instance, type;
	size_t len;
	bool container;
	const uint8_t *body;
};

/* The containers that the record looked at lies in. */
struct nest {
	int depth;
	struct {
		uint32_t type;
		size_t end;
	} open[DEPTH_MOST];
};

static struct record record_at(const uint8_t *stream, size_t len, size_t at)
{
	uint32_t head = wide_u16(stream + at);
	struct record r = {
		.instance = head >> 4,
		.type = wide_u16(stream + at + 2),
		.len = wide_u32(stream + at + 4),
		.container = (head & 0xf) == CONTAINER,
		.body = stream + at + HEADER,
	};

	if (r.len > len - at - HEADER)
		r.len = len - at - HEADER;
	return r;
}

static uint32_t innermost(struct nest *nest, size_t at)
{
	while (nest->depth > 0 && at >= nest->open[nest->depth - 1].end)
		nest->depth--;
	return nest->depth > 0 ? nest->open[nest->depth - 1].type : 0;
}

static void enter(struct nest *nest, const struct record *r, size_t end)
{
	if (nest->depth == DEPTH_MOST)
		return; /* deeper ones are taken for part of this one */
	nest->open[nest->depth].type = r->type;
	nest->open[nest->depth++].end = end;
}

/* What a master says stands there until somebody writes something better. */
static bool is_skipped(const struct record *r)
{
	return r->type == MASTER || (r->type == LIST_WITH_TEXT && r->instance == LIST_OF_MASTERS);
}

/* Stands for the slide's number or the date, which are not kept. */
static bool is_placeholder(const struct record *r)
{
	return r->len > 0 && r->body[0] == '*' &&
	       (r->type == TEXT_LOW ? r->len == 1 : r->len == 2 && r->body[1] == 0);
}

static void put_atom(struct wide *to, const struct record *r, uint32_t inside)
{
	bool named = r->type == STRING && (inside == COMMENT || inside == HEADERS_FOOTERS);

	if (is_placeholder(r))
		return;
	if (r->type == TEXT_LOW)
		wide_low(to, r->body, r->len);
	else if (r->type == TEXT_WIDE || named)
		wide_utf16(to, r->body, r->len / 2);
	else
		return;
	wide_break(to, GAP_LINE);
}

int ppt97_text(
	const uint8_t *stream, size_t len, struct wide *to, struct answer *out, int64_t *slides)
{
	struct nest nest = {0};
	size_t records = 0;

	*slides = 0;
	for (size_t at = 0; at + HEADER <= len && !wide_full(to); records++) {
		struct record r = record_at(stream, len, at);
		uint32_t inside = innermost(&nest, at);

		if (r.type == CRYPT_SESSION)
			return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
		if (records == 0 && r.type != DOCUMENT && !r.container)
			return answer_fail(out, ANSWER_DAMAGED, "its records cannot be read");
		at += HEADER;
		if (r.container && !is_skipped(&r)) {
			enter(&nest, &r, at + r.len);
			*slides += r.type == SLIDE;
			if (r.type == SLIDE || r.type == NOTES)
				wide_break(to, GAP_PARAGRAPH);
			continue;
		}
		if (!r.container)
			put_atom(to, &r, inside);
		at += r.len;
	}
	return ANSWER_DONE;
}
