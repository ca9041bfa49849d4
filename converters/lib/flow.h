/*
 * flow: running text out of marked-up text: blanks folded, breaks where blocks end, nothing twice.
 *
 * Breaks are remembered until the next character, and only the strongest of
 * those between two characters is written.
 */
#ifndef CONVERT_FLOW_H
#define CONVERT_FLOW_H

#include "answer.h"

enum flow_gap { GAP_NONE, GAP_BLANK, GAP_TAB, GAP_LINE, GAP_PARAGRAPH };

enum { FLOW_ROOM = 32 * 1024 };

/* Embedded; fields are private. */
struct flow {
	struct answer *out;
	enum flow_gap gap;
	bool any;  /* something was written: breaks before that say nothing */
	bool full; /* the answer wants no more */
	size_t len;
	char room[FLOW_ROOM];
};

void flow_init(struct flow *f, struct answer *out);
/* Whole UTF-8 characters.  Blanks (no-break space too) fold into one, soft hyphens go. */
void flow_text(struct flow *f, const char *utf8, size_t n);
/* The same with its blanks and line ends kept. */
void flow_verbatim(struct flow *f, const char *utf8, size_t n);
void flow_break(struct flow *f, enum flow_gap gap);
/* Sends what is left; false if the limit cut something. */
bool flow_finish(struct flow *f);

#endif
