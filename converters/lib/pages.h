/*
 * pages: the text of a document that is laid out in lines and pages, made to be read as words.
 *
 * A form feed parts two pages.  A word that a hyphen breaks at a line's end is
 * joined again; of many blanks and empty lines one stays.  What belongs to a page but is not drawn
 * on it (notes, values of forms), and the bookmarks behind the last page, are paragraphs of their
 * own.
 */
#ifndef CONVERT_PAGES_H
#define CONVERT_PAGES_H

#include "answer.h"

enum { PAGES_ROOM = 16 * 1024 };

/* Embedded; fields are private. */
struct pages {
	struct answer *out;
	bool begun;      /* a page before the next one */
	bool full;       /* the answer wants no more */
	uint32_t before; /* the last character; 0 at the beginning */
	bool empty_line; /* it ended one */
	uint32_t hyphen; /* held back: it may break a word; 0 if none */
	bool broken;     /* and the line ended behind it */
	size_t len;
	char room[PAGES_ROOM];
};

void pages_init(struct pages *p, struct answer *out);
/* The next page follows.  False: the answer wants no more. */
bool pages_begin(struct pages *p);
/* One character as it is drawn; '\n' ends a line. */
void pages_put(struct pages *p, uint32_t c);
/* The same for UTF-8; what is ill-formed becomes U+FFFD. */
void pages_put_utf8(struct pages *p, const char *utf8, size_t n);
/* A note in UTF-8: blanks at its ends go, and so do bytes that are no text. */
void pages_note(struct pages *p, const char *utf8, size_t n);
/* Sends what is left; false if the limit cut something. */
bool pages_finish(struct pages *p);

#endif
