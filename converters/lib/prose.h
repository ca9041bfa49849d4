/*
 * prose: running text (flow.h) of a document that keeps notes in the midst of its sentences.
 *
 * What is said between prose_aside_open and prose_aside_close (a footnote, a
 * comment, a text box) is kept until the paragraph around it ends, so that the
 * sentence stays whole and can be found as a phrase.
 */
#ifndef CONVERT_PROSE_H
#define CONVERT_PROSE_H

#include "flow.h"

/* Embedded; fields are private.  Zero is a good start; memory is kept from document to document. */
struct prose {
	struct flow flow;
	int depth; /* asides open */
	char *aside;
	size_t len, room;
};

void prose_begin(struct prose *p, struct answer *out);
/* Sends what is left; false if the limit cut something. */
bool prose_finish(struct prose *p);

/* Whole UTF-8 characters; blanks fold. */
void prose_text(struct prose *p, const char *utf8, size_t n);
void prose_break(struct prose *p, enum flow_gap gap);
/* The asides of the paragraph that ends here, then the break; in an aside, the break alone. */
void prose_paragraph(struct prose *p, enum flow_gap gap);
void prose_aside_open(struct prose *p);
void prose_aside_close(struct prose *p);
/* The limit is reached. */
bool prose_full(const struct prose *p);

#endif
