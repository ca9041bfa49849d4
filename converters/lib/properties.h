/*
 * properties: what a document says about itself, gathered while its text is read.
 *
 * Values are sent at the end as metadata; those that hold words of the
 * document's subject follow its text, so that they are found too.
 */
#ifndef CONVERT_PROPERTIES_H
#define CONVERT_PROPERTIES_H

#include "prose.h"

enum property {
	PROPERTY_TITLE,
	PROPERTY_AUTHOR,
	PROPERTY_EDITOR, /* who saved it last; the author if no other is named */
	PROPERTY_SUBJECT,
	PROPERTY_DESCRIPTION,
	PROPERTY_KEYWORDS,
	PROPERTY_LANGUAGE,
	PROPERTY_CREATED,
	PROPERTY_MODIFIED,
	PROPERTY_PUBLISHER,
	PROPERTY_SERIES,
	PROPERTY_COUNT,
	PROPERTY_NONE = PROPERTY_COUNT
};

enum { PROPERTY_BYTES = 4096 };

/* Embedded; fields are private.  `{0}` knows nothing. */
struct properties {
	struct {
		size_t len;
		size_t from;  /* where the last value begins */
		bool closed;  /* a value has come to its end */
		bool another; /* of several: a comma is due */
		char bytes[PROPERTY_BYTES];
	} values[PROPERTY_COUNT];
	int64_t pages;
};

void properties_begin(struct properties *p);
/* Before a value's text.  Of authors and keywords there may be several, each once, joined by
 * commas; of what else there is the first value stays. */
void properties_open(struct properties *p, enum property which);
/* Piece by piece; what is too long is cut. */
void properties_text(struct properties *p, enum property which, const char *utf8, size_t n);
void properties_close(struct properties *p, enum property which);
/* A whole value. */
void properties_add(struct properties *p, enum property which, const char *utf8, size_t n);
/* One page, sheet or slide more; or how many there are in all. */
void properties_page(struct properties *p);
void properties_pages(struct properties *p, int64_t pages);

/* As metadata. */
void properties_tell(const struct properties *p, struct answer *out);
/* Whether there are words to be added to the text; and adding them. */
bool properties_have_words(const struct properties *p);
void properties_add_words(const struct properties *p, struct prose *prose);
/* Both, for a text that is in `prose` too, which ends with it. */
void properties_finish(const struct properties *p, struct answer *out, struct prose *prose);

#endif
