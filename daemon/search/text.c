/* text: unpacking the front of a document's zstd frame, piece by piece; see text.h. */
#include "search/text.h"

#include "core/mem.h"
#include "store/kept.h"

#include <zstd.h>

struct text {
	struct stopper *stopper;
	sqlite3_stmt *pieces;
	ZSTD_DStream *stream;
	ZSTD_inBuffer in; /* the present piece */
	struct buf out;
	bool whole;
};

struct text *text_create(struct stopper *s, sqlite3 *raw)
{
	static const char text[] =
		"SELECT text FROM content WHERE id BETWEEN ?1 << 20 AND (?1 << 20) + 1048575 ORDER BY id";
	struct text *t = mem_zalloc(sizeof *t);

	if (t) {
		t->stopper = s;
		t->stream = ZSTD_createDStream();
	}
	if (!t || !t->stream)
		s->st = ST_NOMEM;
	else if (stopper_ok(s, kept_take(raw, text, &t->pieces)))
		return t;
	text_destroy(t);
	return NULL;
}

void text_destroy(struct text *t)
{
	if (!t)
		return;
	kept_give(t->pieces);
	ZSTD_freeDStream(t->stream);
	buf_finish(&t->out);
	mem_free(t);
}

/* ST_NOT_FOUND: there is no further one. */
static enum status next_piece(struct text *t)
{
	if (!stopper_row(t->stopper, t->pieces)) {
		if (t->stopper->late)
			return ST_AGAIN;
		return t->stopper->st == ST_OK ? ST_NOT_FOUND : t->stopper->st;
	}
	t->in = (ZSTD_inBuffer){
		sqlite3_column_blob(t->pieces, 0), (size_t)sqlite3_column_bytes(t->pieces, 0), 0};
	return ST_OK;
}

enum status text_begin(struct text *t, int64_t document)
{
	ZSTD_DCtx_reset(t->stream, ZSTD_reset_session_only);
	buf_clear(&t->out);
	t->whole = false;
	if (!stopper_ok(t->stopper, sqlite3_bind_int64(t->pieces, 1, document)))
		return t->stopper->st;
	enum status st = next_piece(t);
	t->whole = st == ST_NOT_FOUND;
	return t->whole ? ST_OK : st;
}

void text_end(struct text *t)
{
	sqlite3_reset(t->pieces);
}

/* At most `most`, or the next piece; ST_CORRUPT if the frame ends early or is none. */
static enum status unpack_some(struct text *t, size_t most)
{
	if (!buf_reserve(&t->out, most))
		return ST_NOMEM;
	ZSTD_outBuffer out = {t->out.data + t->out.len, most, 0};
	size_t rest = ZSTD_decompressStream(t->stream, &out, &t->in);
	if (ZSTD_isError(rest))
		return ST_CORRUPT;
	t->out.len += out.pos;
	t->out.data[t->out.len] = '\0';
	t->whole = rest == 0;
	if (t->whole || out.pos || t->in.pos < t->in.size)
		return ST_OK;
	enum status st = next_piece(t);
	return st == ST_NOT_FOUND ? ST_CORRUPT : st;
}

enum status text_unpack(struct text *t, size_t want, const char **bytes, size_t *len, bool *whole)
{
	enum status st = ST_OK;

	while (st == ST_OK && !t->whole && t->out.len < want)
		st = unpack_some(t, want - t->out.len);
	*bytes = t->out.data ? t->out.data : "";
	*len = t->out.len;
	*whole = t->whole;
	return st;
}
