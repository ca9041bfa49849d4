/* element: what each element of HTML means for the text inside and around it.  Pure; any thread. */
#ifndef CONVERT_ELEMENT_H
#define CONVERT_ELEMENT_H

#include "flow.h"

enum trait {
	INLINE,    /* nothing; unknown elements too */
	LINE,      /* a line of its own */
	PARAGRAPH, /* a paragraph of its own */
	CELL,      /* of a table's row */
	SKIPPED,   /* content that is no text of the page */
	VERBATIM,  /* blanks and line ends count */
	TITLE,
	DRAWING, /* may have a title of its own */
	META,
	ROOT,
	PICTURE /* may have an alternative text */
};

/* By lower-case name. */
enum trait element_trait(const char *name);
/* What parts it from the text before and behind. */
enum flow_gap element_gap(enum trait trait);

#endif
