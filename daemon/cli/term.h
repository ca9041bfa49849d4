/*
 * term: what may be sent to a terminal: colours only where wanted, never a control byte out of a name.
 *
 * To anything else than a terminal text goes through byte for byte.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct term {
	bool is_terminal; /* control bytes are escaped */
	bool colour;	  /* a terminal, NO_COLOR is not set, TERM is not dumb */
	bool redraws;	  /* a terminal that can move its cursor */
	int columns;	  /* 80 where nobody knows */
};

void term_init(struct term *t, int fd);
/* The width may change while a live view runs. */
void term_measure(struct term *t, int fd);

enum term_style { STYLE_BOLD, STYLE_DIM, STYLE_MARK, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

/* On a terminal control bytes, ill-formed bytes and writing-direction overrides come out as \xNN; raw otherwise. */
void term_add(struct buf *out, const struct term *t, const char *s, size_t n);
/* The same between the codes of a style. */
void term_add_styled(
	struct buf *out, const struct term *t, enum term_style style, const char *s, size_t n);
/* The same cut to `columns`, its end kept, as a path's end says most. */
void term_add_tail(struct buf *out, const struct term *t, const char *s, size_t n, int columns);
void term_add_escaped(struct buf *out, const char *s, size_t n); /* as on a terminal */
/* Columns that escaped text takes. */
int term_width(const char *s, size_t n);

#endif
