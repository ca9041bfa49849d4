/* wide: UTF-16 and its controls; see wide.h. */
#include "wide.h"

#include "scan.h"

enum {
	REPLACEMENT = 0xfffd,
	HIGH = 0xd800, /* halves of a pair: HIGH to LOW - 1, LOW to PAIRS_END - 1 */
	LOW = 0xdc00,
	PAIRS_END = 0xe000,
};

void wide_begin(struct wide *w, struct answer *out)
{
	flow_init(&w->flow, out);
	w->high = 0;
}

static void put(struct wide *w, uint32_t c)
{
	char utf8[4];

	flow_text(&w->flow, utf8, scan_utf8_put(c, utf8));
}

static void put_control(struct wide *w, uint32_t c)
{
	if (c == '\t')
		flow_break(&w->flow, GAP_TAB);
	else if (c == '\n' || c == '\r' || c == '\v')
		flow_break(&w->flow, GAP_LINE);
	else if (c == '\f')
		flow_break(&w->flow, GAP_PARAGRAPH);
}

static void put_half_alone(struct wide *w)
{
	if (w->high)
		put(w, REPLACEMENT);
	w->high = 0;
}

void wide_unit(struct wide *w, uint32_t unit)
{
	if (unit >= LOW && unit < PAIRS_END && w->high) {
		uint32_t high = w->high;

		w->high = 0;
		put(w, 0x10000 + ((high - HIGH) << 10) + (unit - LOW));
		return;
	}
	put_half_alone(w);
	if (unit >= HIGH && unit < LOW)
		w->high = unit;
	else if (unit < ' ')
		put_control(w, unit);
	else if (unit < 0x7f || unit > 0x9f)
		put(w, unit >= LOW && unit < PAIRS_END ? REPLACEMENT : unit);
}

void wide_utf16(struct wide *w, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count && !w->flow.full; i++)
		wide_unit(w, wide_u16(bytes + 2 * i));
}

void wide_low(struct wide *w, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count && !w->flow.full; i++)
		wide_unit(w, bytes[i]);
}

void wide_break(struct wide *w, enum flow_gap gap)
{
	put_half_alone(w);
	flow_break(&w->flow, gap);
}

bool wide_finish(struct wide *w)
{
	put_half_alone(w);
	return flow_finish(&w->flow);
}

bool wide_full(const struct wide *w)
{
	return w->flow.full;
}

uint32_t wide_u16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

uint32_t wide_u32(const uint8_t *p)
{
	return wide_u16(p) | wide_u16(p + 2) << 16;
}
