/*
 * word97: the text of a Word document in its binary format, of Word 6 to 2003.
 *
 * The body, then footnotes, headers, comments, endnotes and text boxes; of a
 * field its result, not its code.  [MS-DOC] says how, for Word 97 and later.
 */
#ifndef CONVERT_WORD97_H
#define CONVERT_WORD97_H

#include "wide.h"

/* Whole streams of the compound file. */
struct word97 {
	const uint8_t *document; /* WordDocument */
	size_t document_len;
	const uint8_t *tables[2]; /* 0Table and 1Table; NULL if missing */
	size_t table_lens[2];
};

/* A verdict; a failure is said in `out`. */
int word97_text(const struct word97 *doc, struct wide *to, struct answer *out);
/* ISO 639-1, of what the text is written in as a whole; NULL if that is not known. */
const char *word97_language(const struct word97 *doc);

#endif
