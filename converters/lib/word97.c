/* word97: the piece table and its text; see word97.h. */
#include "word97.h"

#include "charset.h"
#include "decode.h"
#include "lcid.h"

#include <string.h>

enum {
	/* the file information block, where it is, and bits of its flags */
	FIB_IDENT = 0x00,
	FIB_LANGUAGE = 0x06,
	FIB_FLAGS = 0x0a,
	FIB_TEXT = 0x18, /* from, to: of Word 6 and 95 */
	FIB_LEAST = 0x20,
	FIB_CLX = 0x1a2, /* offset, length */
	FIB_WORD97 = 0x1aa,
	IDENT_WORD97 = 0xa5ec,
	IDENT_WORD95 = 0xa5dc,
	FLAG_COMPLEX = 0x0004,
	FLAG_ENCRYPTED = 0x0100,
	FLAG_TABLE = 0x0200,

	CLX_PROPERTIES = 1,
	CLX_PIECES = 2,
	PIECE = 8, /* bytes of a descriptor */

	FIELD_BEGIN = 0x13,
	FIELD_SEPARATOR = 0x14,
	FIELD_END = 0x15,
	FIELDS_MOST = 64, /* nested in each other */
	CELL_END = 0x07,
	BREAK_HARD = 0x0e, /* of a column */
	HYPHEN_HARD = 0x1e,
	HYPHEN_SOFT = 0x1f,
};

static const uint32_t PIECE_LOW = UINT32_C(1) << 30;

/* The text on its way, with the fields that are open. */
struct body {
	struct wide *to;
	bool cell_ended; /* by the character before: the next such ends the row */
	int fields;
	uint64_t codes; /* bit n: of the field n we are in its code */
};

/* --- characters ------------------------------------------------------------------------------- */

static void field_begin(struct body *b)
{
	if (b->fields < FIELDS_MOST)
		b->codes |= UINT64_C(1) << b->fields;
	b->fields++;
}

static void field_code_ends(struct body *b)
{
	if (b->fields > 0 && b->fields <= FIELDS_MOST)
		b->codes &= ~(UINT64_C(1) << (b->fields - 1));
}

static void put_unit(struct body *b, uint32_t unit)
{
	if (unit == FIELD_BEGIN) {
		field_begin(b);
	} else if (unit == FIELD_SEPARATOR) {
		field_code_ends(b);
	} else if (unit == FIELD_END) {
		field_code_ends(b);
		b->fields -= b->fields > 0;
	} else if (b->codes == 0) {
		if (unit == CELL_END)
			wide_break(b->to, b->cell_ended ? GAP_LINE : GAP_TAB);
		else if (unit == BREAK_HARD)
			wide_break(b->to, GAP_LINE);
		else if (unit == HYPHEN_HARD)
			wide_unit(b->to, '-');
		else if (unit != HYPHEN_SOFT)
			wide_unit(b->to, unit);
		b->cell_ended = unit == CELL_END;
	}
}

/* The upper half of a code page that pieces of single bytes are in (2.9.73, FcCompressed). */
static uint32_t unit_of_byte(uint8_t byte)
{
	static const uint16_t upper[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
		0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019,
		0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,
		0x017e, 0x0178};

	return byte >= 0x80 && byte < 0xa0 && upper[byte - 0x80] ? upper[byte - 0x80] : byte;
}

/* --- Word 97 and later: pieces ---------------------------------------------------------------- */

/* One piece: `count` characters from the offset that its descriptor names; what lies beyond the
 * stream is left out. */
static void put_piece(
	const struct word97 *doc, struct body *b, const uint8_t *descriptor, uint32_t count)
{
	uint32_t at = wide_u32(descriptor + 2);
	bool low = at & PIECE_LOW;
	uint32_t width = low ? 1 : 2;

	at &= PIECE_LOW - 1;
	if (low)
		at /= 2;
	if (at >= doc->document_len)
		return;
	if (count > (doc->document_len - at) / width)
		count = (uint32_t)((doc->document_len - at) / width);
	const uint8_t *bytes = doc->document + at;
	for (uint32_t i = 0; i < count && !wide_full(b->to); i++)
		put_unit(b, low ? unit_of_byte(bytes[i]) : wide_u16(bytes + (size_t)2 * i));
}

/* n + 1 positions in the text, then n descriptors. */
static int put_pieces(const struct word97 *doc, struct body *b, const uint8_t *table, size_t len)
{
	size_t count = len < 4 ? 0 : (len - 4) / (4 + PIECE);
	const uint8_t *descriptors = table + 4 * (count + 1);
	uint64_t left = doc->document_len; /* pieces that overlap multiply the text: a bomb */

	for (size_t i = 0; i < count && !wide_full(b->to); i++) {
		uint32_t from = wide_u32(table + 4 * i), to = wide_u32(table + 4 * (i + 1));

		if (to <= from)
			continue;
		if (to - from > left)
			return ANSWER_DAMAGED;
		left -= to - from;
		put_piece(doc, b, descriptors + PIECE * i, to - from);
	}
	return ANSWER_DONE;
}

/* Properties of formatting come before the pieces. */
static int put_clx(const struct word97 *doc, struct body *b, const uint8_t *clx, size_t len)
{
	size_t at = 0;

	while (at + 3 <= len && clx[at] == CLX_PROPERTIES)
		at += 3 + (size_t)wide_u16(clx + at + 1);
	if (at + 5 > len || clx[at] != CLX_PIECES)
		return ANSWER_DAMAGED;
	size_t table = wide_u32(clx + at + 1);
	at += 5;
	return put_pieces(doc, b, clx + at, table < len - at ? table : len - at);
}

static int put_word97(const struct word97 *doc, struct body *b)
{
	const uint8_t *fib = doc->document;
	int which = wide_u16(fib + FIB_FLAGS) & FLAG_TABLE ? 1 : 0;

	if (doc->document_len < FIB_WORD97 || !doc->tables[which])
		return ANSWER_DAMAGED;
	size_t at = wide_u32(fib + FIB_CLX), len = wide_u32(fib + FIB_CLX + 4);
	if (at > doc->table_lens[which] || len > doc->table_lens[which] - at)
		return ANSWER_DAMAGED;
	return put_clx(doc, b, doc->tables[which] + at, len);
}

/* --- Word 6 and 95: one run of bytes ---------------------------------------------------------- */

static bool put_decoded(void *ctx, const char *utf8, size_t n)
{
	struct body *b = ctx;

	for (size_t i = 0; i < n;) {
		size_t len = 1;

		while (i + len < n && ((uint8_t)utf8[i + len] & 0xc0) == 0x80)
			len++;
		if (len == 1)
			put_unit(b, (uint8_t)utf8[i]);
		else if (b->codes == 0)
			flow_text(&b->to->flow, utf8 + i, len);
		i += len;
	}
	return !wide_full(b->to);
}

static int put_word95(const struct word97 *doc, struct body *b)
{
	const uint8_t *fib = doc->document;
	size_t from = wide_u32(fib + FIB_TEXT), to = wide_u32(fib + FIB_TEXT + 4);
	const char *name = lcid_charset(wide_u16(fib + FIB_LANGUAGE));
	struct charset cs = {.name = "windows-1252"};

	if (from > to || to > doc->document_len)
		return ANSWER_DAMAGED;
	if (name)
		charset_by_name(name, strlen(name), &cs);
	decode_bytes(&cs, doc->document + from, to - from, put_decoded, b);
	return ANSWER_DONE;
}

/* --- the document ----------------------------------------------------------------------------- */

int word97_text(const struct word97 *doc, struct wide *to, struct answer *out)
{
	struct body body = {.to = to};
	int verdict = ANSWER_DAMAGED;

	if (doc->document_len < FIB_LEAST)
		return answer_fail(out, ANSWER_DAMAGED, "its header is cut off");
	uint32_t flags = wide_u16(doc->document + FIB_FLAGS);
	uint32_t ident = wide_u16(doc->document + FIB_IDENT);
	if (flags & FLAG_ENCRYPTED)
		return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
	if (ident == IDENT_WORD97)
		verdict = put_word97(doc, &body);
	else if (ident == IDENT_WORD95 && flags & FLAG_COMPLEX)
		return answer_fail(out, ANSWER_DAMAGED, "it was saved in pieces by Word 6 or 95");
	else if (ident == IDENT_WORD95)
		verdict = put_word95(doc, &body);
	if (verdict != ANSWER_DONE)
		return answer_fail(out, verdict, "where its text lies cannot be told");
	return ANSWER_DONE;
}

const char *word97_language(const struct word97 *doc)
{
	return doc->document_len < FIB_LEAST
		       ? NULL
		       : lcid_language(wide_u16(doc->document + FIB_LANGUAGE));
}
