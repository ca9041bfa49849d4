/*
 * biff: records, cells and shared strings; see biff.h.
 *
 * A record holds 8 KiB at most and goes on in CONTINUE records.  A string that
 * is cut there says anew, in the first byte of what follows, whether its
 * characters have one byte or two.  Shared strings are not decoded but found
 * again where they lie.
 */
#include "biff.h"

#include "alloc.h"
#include "cell_number.h"
#include "charset.h"
#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* records */
	FORMULA = 0x0006,
	END_OF_STREAM = 0x000a,
	NOTE = 0x001c,
	DATE_MODE = 0x0022,
	FILE_PASS = 0x002f,
	CONTINUE = 0x003c,
	CODE_PAGE = 0x0042,
	BOUND_SHEET = 0x0085,
	MULTIPLE_RK = 0x00bd,
	RICH_STRING = 0x00d6,
	EXTENDED_FORMAT = 0x00e0,
	SHARED_STRINGS = 0x00fc,
	LABEL_SHARED = 0x00fd,
	TEXT_OBJECT = 0x01b6,
	NUMBER = 0x0203,
	LABEL = 0x0204,
	BOOL_ERROR = 0x0205,
	STRING = 0x0207,
	RK = 0x027e,
	FORMAT = 0x041e,
	BEGIN = 0x0809,

	HEADER = 4,
	CELL = 6, /* row, column, format */
	VERSION_8 = 0x0600,
	STRING_WIDE = 0x01,
	STRING_EXTENDED = 0x04,
	STRING_RICH = 0x08,
	RESULT_IS_NO_NUMBER = 0xffff,
	FORMATS = 65536,
	SHEETS_MOST = 4096,
	CODE_MOST = 256, /* bytes of a number format that are looked at */
};

/* A place within a record that may go on in others. */
struct cursor {
	size_t at, end;
};

struct book {
	const uint8_t *stream;
	size_t len;
	struct wide *to;
	bool version_8, from_1904;
	struct charset charset; /* before version 8 */
	uint32_t row;           /* of the cell before; NO_ROW at a sheet's begin */
	bool string_due;        /* a formula's result follows in a record of its own */

	struct cursor *strings; /* memory is kept from document to document */
	size_t string_count, string_room;
	size_t sheet_count, format_count;
	struct cursor sheets[SHEETS_MOST]; /* where it begins, where its BOUND_SHEET lies */
	uint8_t format_dates[FORMATS], formats_known[FORMATS], xf_dates[FORMATS];
};

static const uint32_t NO_ROW = UINT32_MAX;

/* --- across records --------------------------------------------------------------------------- */

/* The body of the record at `at`. */
static struct cursor body_at(const struct book *b, size_t at)
{
	size_t n = wide_u16(b->stream + at + 2), most = b->len - at - HEADER;

	return (struct cursor){at + HEADER, at + HEADER + (n < most ? n : most)};
}

/* Whether a byte is there, in this record or the next; `moved` if it is in the next. */
static bool more(const struct book *b, struct cursor *c, bool *moved)
{
	*moved = false;
	while (c->at >= c->end) {
		if (c->end + HEADER > b->len || wide_u16(b->stream + c->end) != CONTINUE)
			return false;
		*c = body_at(b, c->end);
		*moved = true;
	}
	return true;
}

static uint32_t take(const struct book *b, struct cursor *c, int bytes)
{
	uint32_t value = 0;
	bool moved;

	for (int i = 0; i < bytes && more(b, c, &moved); i++)
		value |= (uint32_t)b->stream[c->at++] << (8 * i);
	return value;
}

static void skip(const struct book *b, struct cursor *c, uint64_t bytes)
{
	bool moved;

	while (bytes && more(b, c, &moved)) {
		uint64_t here = c->end - c->at;

		c->at += bytes < here ? bytes : here;
		bytes -= bytes < here ? bytes : here;
	}
}

/* The characters of a string, to `to` or, if that is NULL, nowhere. */
static void characters(
	const struct book *b, struct cursor *c, uint32_t count, uint32_t flags, struct wide *to)
{
	bool moved;

	while (count && more(b, c, &moved)) {
		if (moved) {
			flags = b->stream[c->at++];
			continue;
		}
		size_t width = flags & STRING_WIDE ? 2 : 1, here = (c->end - c->at) / width;

		if (here == 0) {
			c->at = c->end; /* half a character */
			continue;
		}
		here = here < count ? here : count;
		if (to && width == 2)
			wide_utf16(to, b->stream + c->at, here);
		else if (to)
			wide_low(to, b->stream + c->at, here);
		c->at += here * width;
		count -= (uint32_t)here;
	}
}

/* A string of version 8 with its head: the count of characters in `bytes` bytes, flags. */
static void unicode(const struct book *b, struct cursor *c, int bytes, struct wide *to)
{
	uint32_t count = take(b, c, bytes), flags = take(b, c, 1);
	uint64_t behind = 0;

	if (flags & STRING_RICH)
		behind += (uint64_t)4 * take(b, c, 2);
	if (flags & STRING_EXTENDED)
		behind += take(b, c, 4);
	characters(b, c, count, flags, to);
	skip(b, c, behind);
}

/* --- text ------------------------------------------------------------------------------------- */

static bool put_decoded(void *ctx, const char *utf8, size_t n)
{
	struct wide *to = ctx;

	flow_text(&to->flow, utf8, n);
	return !wide_full(to);
}

/* A string in either version, with a count of `bytes` bytes. */
static void put_string(const struct book *b, struct cursor c, int bytes)
{
	if (b->version_8) {
		unicode(b, &c, bytes, b->to);
		return;
	}
	size_t n = take(b, &c, bytes);
	n = n < c.end - c.at ? n : c.end - c.at;
	decode_bytes(&b->charset, b->stream + c.at, n, put_decoded, b->to);
}

static void put_ascii(const struct book *b, const char *s)
{
	flow_text(&b->to->flow, s, strlen(s));
}

static void put_number(const struct book *b, uint32_t xf, double value)
{
	char text[CELL_NUMBER_ROOM];

	flow_text(&b->to->flow, text,
		cell_number_show(value, xf < FORMATS && b->xf_dates[xf], b->from_1904, text));
}

/* Row and column of the next cell: a line for each row. */
static uint32_t begin_cell(struct book *b, struct cursor *c)
{
	uint32_t row = take(b, c, 2);

	take(b, c, 2);
	wide_break(b->to, row == b->row ? GAP_TAB : GAP_LINE);
	b->row = row;
	return row;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static double double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* 30 bits of a whole number or of a double's upper end, perhaps in hundredths (2.5.122). */
static double rk_of(uint32_t rk)
{
	double value = rk & 2 ? (double)((int32_t)rk >> 2)
			      : double_of((uint64_t)(rk & ~UINT32_C(3)) << 32);

	return rk & 1 ? value / 100 : value;
}

static void put_rks(struct book *b, struct cursor c)
{
	begin_cell(b, &c);
	while (c.end - c.at >= 6) {
		uint32_t xf = take(b, &c, 2);

		put_number(b, xf, rk_of(take(b, &c, 4)));
		wide_break(b->to, GAP_TAB);
	}
}

static void put_formula(struct book *b, struct cursor c)
{
	begin_cell(b, &c);
	uint32_t xf = take(b, &c, 2), low = take(b, &c, 4), high = take(b, &c, 4);

	if (high >> 16 != RESULT_IS_NO_NUMBER)
		put_number(b, xf, double_of((uint64_t)high << 32 | low));
	else if ((low & 0xff) == 0)
		b->string_due = true;
	else if ((low & 0xff) == 1)
		put_ascii(b, low >> 16 & 0xff ? "TRUE" : "FALSE");
}

/* --- what the cells refer to ------------------------------------------------------------------ */

static void keep_strings(struct book *b, struct cursor c)
{
	take(b, &c, 4); /* how often they are used */
	uint64_t count = take(b, &c, 4);
	bool moved;

	b->string_count = 0;
	while (b->string_count < count && more(b, &c, &moved)) {
		if (b->string_count == b->string_room) {
			b->string_room = b->string_room ? 2 * b->string_room : 1024;
			b->strings = alloc_resize(b->strings, b->string_room, sizeof *b->strings);
		}
		b->strings[b->string_count++] = c;
		unicode(b, &c, 2, NULL);
	}
}

static void put_shared(struct book *b, struct cursor c)
{
	begin_cell(b, &c);
	take(b, &c, 2);
	uint32_t number = take(b, &c, 4);

	if (number < b->string_count) {
		struct cursor string = b->strings[number];

		unicode(b, &string, 2, b->to);
	}
}

static void keep_format(struct book *b, struct cursor c)
{
	char code[CODE_MOST];
	size_t n = 0;
	uint32_t id = take(b, &c, 2);
	uint32_t count = take(b, &c, b->version_8 ? 2 : 1);
	int width = b->version_8 && take(b, &c, 1) & STRING_WIDE ? 2 : 1;

	while (n < count && n < sizeof code && c.at < c.end) {
		uint32_t unit = take(b, &c, width);

		code[n++] = unit < 0x80 ? (char)unit : '?';
	}
	b->formats_known[id] = 1;
	b->format_dates[id] = cell_number_code_is_date(code, n);
}

static void keep_extended_format(struct book *b, struct cursor c)
{
	take(b, &c, 2);
	uint32_t id = take(b, &c, 2);

	if (b->format_count < FORMATS)
		b->xf_dates[b->format_count++] =
			b->formats_known[id] ? b->format_dates[id] : cell_number_built_in_date(id);
}

static void keep_code_page(struct book *b, struct cursor c)
{
	enum { MACINTOSH = 32768, ANSI = 32769 };
	char name[32];
	uint32_t page = take(b, &c, 2);

	if (page == MACINTOSH)
		snprintf(name, sizeof name, "MACINTOSH");
	else if (page == ANSI || (page >= 1250 && page <= 1258))
		snprintf(name, sizeof name, "windows-%u", page == ANSI ? 1252 : page);
	else
		snprintf(name, sizeof name, "CP%u", page);
	charset_by_name(name, strlen(name), &b->charset);
}

/* --- sheets ----------------------------------------------------------------------------------- */

static void keep_sheet(struct book *b, struct cursor c)
{
	if (b->sheet_count == SHEETS_MOST)
		return;
	size_t at = take(b, &c, 4);
	take(b, &c, 2);
	b->sheets[b->sheet_count].at = at;
	b->sheets[b->sheet_count++].end = c.at;
}

/* The name of the sheet that begins here; charts within a sheet have none. */
static void begin_stream(struct book *b, size_t at, struct cursor c)
{
	b->version_8 = take(b, &c, 2) == VERSION_8;
	b->row = NO_ROW;
	for (size_t i = 0; i < b->sheet_count; i++) {
		if (b->sheets[i].at != at)
			continue;
		size_t name = b->sheets[i].end;
		wide_break(b->to, GAP_PARAGRAPH);
		put_string(b, (struct cursor){name, body_at(b, name - 6 - HEADER).end}, 1);
		wide_break(b->to, GAP_LINE);
		return;
	}
}

static void put_object_text(struct book *b, struct cursor c)
{
	skip(b, &c, 10);
	uint32_t count = take(b, &c, 2);

	c.at = c.end;
	wide_break(b->to, GAP_LINE);
	characters(b, &c, count, 0, b->to);
	b->row = NO_ROW;
}

/* Before version 8 a note's text lies in its record. */
static void put_note(struct book *b, struct cursor c)
{
	if (b->version_8)
		return;
	wide_break(b->to, GAP_LINE);
	skip(b, &c, 4);
	put_string(b, c, 2);
	b->row = NO_ROW;
}

static void put_cell(struct book *b, uint32_t type, struct cursor c)
{
	begin_cell(b, &c);
	uint32_t xf = take(b, &c, 2);

	if (type == RK) {
		put_number(b, xf, rk_of(take(b, &c, 4)));
	} else if (type == NUMBER) {
		uint64_t low = take(b, &c, 4);

		put_number(b, xf, double_of((uint64_t)take(b, &c, 4) << 32 | low));
	} else if (type == BOOL_ERROR) {
		uint32_t value = take(b, &c, 1), error = take(b, &c, 1);

		if (!error)
			put_ascii(b, value ? "TRUE" : "FALSE");
	} else {
		put_string(b, c, 2);
	}
}

/* --- the workbook ----------------------------------------------------------------------------- */

static void take_record(struct book *b, size_t at, uint32_t type, struct cursor c)
{
	switch (type) {
	case BEGIN:
		begin_stream(b, at, c);
		break;
	case BOUND_SHEET:
		keep_sheet(b, c);
		break;
	case SHARED_STRINGS:
		keep_strings(b, c);
		break;
	case FORMAT:
		keep_format(b, c);
		break;
	case EXTENDED_FORMAT:
		keep_extended_format(b, c);
		break;
	case CODE_PAGE:
		keep_code_page(b, c);
		break;
	case DATE_MODE:
		b->from_1904 = take(b, &c, 2) == 1;
		break;
	case LABEL_SHARED:
		put_shared(b, c);
		break;
	case MULTIPLE_RK:
		put_rks(b, c);
		break;
	case FORMULA:
		put_formula(b, c);
		break;
	case STRING:
		if (b->string_due)
			put_string(b, c, 2);
		b->string_due = false;
		break;
	case LABEL:
	case RICH_STRING:
	case NUMBER:
	case RK:
	case BOOL_ERROR:
		put_cell(b, type, c);
		break;
	case TEXT_OBJECT:
		put_object_text(b, c);
		break;
	case NOTE:
		put_note(b, c);
		break;
	default:
		break;
	}
}

static void book_begin(struct book *b, const uint8_t *stream, size_t len, struct wide *to)
{
	b->stream = stream;
	b->len = len;
	b->to = to;
	b->version_8 = b->from_1904 = b->string_due = false;
	b->charset = (struct charset){.name = "windows-1252"};
	b->row = NO_ROW;
	b->string_count = b->sheet_count = b->format_count = 0;
	memset(b->formats_known, 0, sizeof b->formats_known);
	memset(b->xf_dates, 0, sizeof b->xf_dates);
}

int biff_text(
	const uint8_t *stream, size_t len, struct wide *to, struct answer *out, int64_t *sheets)
{
	static struct book b;

	if (len < HEADER || wide_u16(stream) != BEGIN)
		return answer_fail(out, ANSWER_DAMAGED, "its records do not begin");
	book_begin(&b, stream, len, to);
	for (size_t at = 0; at + HEADER <= len && !wide_full(to);) {
		uint32_t type = wide_u16(stream + at);
		struct cursor c = body_at(&b, at);

		if (type == FILE_PASS)
			return answer_fail(out, ANSWER_ENCRYPTED, "the workbook needs a password");
		take_record(&b, at, type, c);
		at = c.end;
	}
	*sheets = (int64_t)b.sheet_count;
	return ANSWER_DONE;
}
