/* text: unpacking the front of a zstd frame; see text.h. */
#include "search/text.h"

#include "core/mem.h"

#include <zstd.h>

struct text {
	ZSTD_DStream *stream;
	ZSTD_inBuffer in;
	struct buf out;
	bool whole;
};

enum status text_create(struct text **out)
{
	struct text *t = mem_zalloc(sizeof *t);

	*out = NULL;
	if (!t)
		return ST_NOMEM;
	t->stream = ZSTD_createDStream();
	if (!t->stream) {
		mem_free(t);
		return ST_NOMEM;
	}
	*out = t;
	return ST_OK;
}

void text_destroy(struct text *t)
{
	if (!t)
		return;
	ZSTD_freeDStream(t->stream);
	buf_finish(&t->out);
	mem_free(t);
}

void text_begin(struct text *t, const void *packed, size_t len)
{
	ZSTD_DCtx_reset(t->stream, ZSTD_reset_session_only);
	t->in = (ZSTD_inBuffer){packed, len, 0};
	buf_clear(&t->out);
	t->whole = len == 0;
}

/* One call's worth of output; ST_CORRUPT if the frame ends early or is none. */
static enum status unpack_some(struct text *t, size_t most)
{
	if (!buf_reserve(&t->out, most))
		return ST_NOMEM;
	ZSTD_outBuffer out = {t->out.data + t->out.len, most, 0};
	size_t before = t->in.pos;
	size_t rest = ZSTD_decompressStream(t->stream, &out, &t->in);
	if (ZSTD_isError(rest))
		return ST_CORRUPT;
	t->out.len += out.pos;
	t->out.data[t->out.len] = '\0';
	t->whole = rest == 0;
	return t->whole || out.pos || t->in.pos > before ? ST_OK : ST_CORRUPT;
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
