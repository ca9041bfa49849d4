/* vocabulary_block: packing words; see vocabulary_block.h. */
#include "store/vocabulary_block.h"

#include "core/log.h"

#include <string.h>

int word_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static size_t shared_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = 0;

	while (n < a_len && n < b_len && a[n] == b[n])
		n++;
	return n;
}

static void add_number(struct buf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_addc(out, (char)(n | 0x80));
	buf_addc(out, (char)n);
}

void block_add(struct block *b, const char *text, size_t len, int64_t documents)
{
	size_t shared = shared_bytes(text, len, b->last, b->last_len);

	BUG_UNLESS(len <= WORD_BYTES_MAX && b->words < BLOCK_WORDS_MAX);
	if (b->words++ == 0) {
		memcpy(b->first, text, len);
		b->first_len = len;
	}
	add_number(&b->packed, shared);
	add_number(&b->packed, len - shared);
	buf_add(&b->packed, text + shared, len - shared);
	add_number(&b->packed, (uint64_t)documents);
	memcpy(b->last, text, len);
	b->last_len = len;
	b->total += documents;
	if (documents > b->most)
		b->most = documents;
}

void block_clear(struct block *b)
{
	buf_clear(&b->packed);
	b->first_len = b->last_len = b->words = 0;
	b->most = b->total = 0;
}

void block_finish(struct block *b)
{
	buf_finish(&b->packed);
}

/* --- reading --- */

void block_open(struct block_reader *r, const void *packed, size_t len)
{
	r->at = packed;
	r->end = r->at + len;
	r->word.len = 0;
	r->damaged = false;
}

static uint64_t read_number(struct block_reader *r)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		if (r->at == r->end)
			break;
		n |= (uint64_t)(*r->at & 0x7f) << shift;
		if (*r->at++ < 0x80)
			return n;
	}
	r->damaged = true;
	return 0;
}

bool block_next(struct block_reader *r)
{
	struct word *w = &r->word;

	if (r->damaged || r->at == r->end)
		return false;
	uint64_t shared = read_number(r), own = read_number(r);
	if (r->damaged || shared > w->len || own > WORD_BYTES_MAX - shared ||
		own > (size_t)(r->end - r->at)) {
		r->damaged = true;
		return false;
	}
	memcpy(w->text + shared, r->at, own);
	r->at += own;
	w->shared = shared;
	w->len = shared + own;
	w->documents = (int64_t)read_number(r);
	return !r->damaged;
}
