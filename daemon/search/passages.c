/* passages: snippets of one document; see passages.h. */
#include "search/passages.h"

#include "core/mem.h"
#include "search/json.h"
#include "search/text.h"

enum {
	FIRST_PIECE = 64 << 10, /* bytes unpacked at first; four times more when too few */
	BYTES_PER_TOKEN = 8,	/* a guess, for the first piece of a late passage */
};

struct passages {
	struct stopper *stopper;
	size_t want, most;
	struct text *text;
	struct snippet snippets[SNIPPETS_MAX];
	size_t count; /* of them made */
};

struct passages *passages_create(struct stopper *s, sqlite3 *raw, size_t tokens, size_t count)
{
	struct passages *p = mem_zalloc(sizeof *p);

	if (!p) {
		s->st = ST_NOMEM;
		return NULL;
	}
	p->stopper = s;
	p->want = tokens;
	p->most = count;
	p->text = text_create(s, raw);
	if (p->text)
		return p;
	passages_destroy(p);
	return NULL;
}

void passages_destroy(struct passages *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < SNIPPETS_MAX; i++)
		buf_finish(&p->snippets[i].text);
	text_destroy(p->text);
	mem_free(p);
}

void passages_none(struct passages *p)
{
	p->count = 0;
}

/* One passage; the text is unpacked only as far as it needs. */
static enum status make_one(struct passages *p, const struct spots *spots,
	const struct passage *passage, struct snippet *out)
{
	size_t piece = (passage->start + p->want) * BYTES_PER_TOKEN;
	enum status st;

	if (piece < FIRST_PIECE)
		piece = FIRST_PIECE;
	do {
		const char *text;
		size_t len;
		bool whole;

		st = text_unpack(p->text, piece, &text, &len, &whole);
		if (st == ST_OK)
			st = snippet_make(text, len, whole, spots, passage, p->want, out);
		piece *= 4;
	} while (st == ST_AGAIN && stopper_go(p->stopper));
	return st;
}

void passages_make(struct passages *p, int64_t document, const struct spots *spots)
{
	struct passage chosen[SNIPPETS_MAX];
	size_t count = snippets_choose(spots, p->want, p->most, chosen);

	p->count = 0;
	enum status st = text_begin(p->text, document);
	for (size_t i = 0; st == ST_OK && i < count; i++) {
		st = make_one(p, spots, &chosen[i], &p->snippets[i]);
		p->count += st == ST_OK;
	}
	text_end(p->text);
	if (st != ST_OK && st != ST_AGAIN)
		p->stopper->st = st;
}

/* NULL: an empty one. */
static void add_snippet(const struct snippet *s, struct buf *out)
{
	size_t marks = s ? s->mark_count : 0;

	buf_adds(out, "{\"text\":");
	json_add_string(out, s && s->text.data ? s->text.data : "", s ? s->text.len : 0);
	buf_adds(out, ",\"marks\":[");
	for (size_t i = 0; i < marks; i++)
		buf_addf(out, "%s[%zu,%zu]", i ? "," : "", s->marks[i].at, s->marks[i].len);
	buf_adds(out, "]}");
}

void passages_add(const struct passages *p, struct buf *out)
{
	buf_adds(out, ",\"snippet\":");
	add_snippet(p->count ? &p->snippets[0] : NULL, out);
	if (p->most < 2)
		return;
	buf_adds(out, ",\"snippets\":[");
	for (size_t i = 0; i < p->count; i++) {
		if (i)
			buf_addc(out, ',');
		add_snippet(&p->snippets[i], out);
	}
	buf_addc(out, ']');
}
