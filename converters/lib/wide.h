/*
 * wide: text as Microsoft's older formats keep it, in UTF-16 or its low bytes, into running text.
 *
 * Control characters become the breaks that they stand for, or go.
 */
#ifndef CONVERT_WIDE_H
#define CONVERT_WIDE_H

#include "flow.h"

/* Embedded; fields are private. */
struct wide {
	struct flow flow;
	uint32_t high; /* the first half of a pair; 0 if none */
};

void wide_begin(struct wide *w, struct answer *out);
/* Sends what is left; false if the limit cut something. */
bool wide_finish(struct wide *w);
/* The limit is reached. */
bool wide_full(const struct wide *w);

/* One unit of UTF-16; a half without the other becomes U+FFFD. */
void wide_unit(struct wide *w, uint32_t unit);
/* Little-endian; `count` units, two bytes each. */
void wide_utf16(struct wide *w, const uint8_t *bytes, size_t count);
/* Units whose upper byte is 0. */
void wide_low(struct wide *w, const uint8_t *bytes, size_t count);
void wide_break(struct wide *w, enum flow_gap gap);

/* Unsigned, little-endian; what these formats are made of. */
uint32_t wide_u16(const uint8_t *p);
uint32_t wide_u32(const uint8_t *p);

#endif
