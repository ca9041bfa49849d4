/*
 * letter: the plain text of a mail as one reads it.
 *
 * Lines that the sender's program broke (format=flowed) are joined, and what PGP
 * put between them for machines is left out.  Pure but for the answer.
 */
#ifndef CONVERT_LETTER_H
#define CONVERT_LETTER_H

#include "answer.h"

struct letter_form {
	bool flowed;    /* RFC 3676: a line that ends in a blank goes on in the next */
	bool delete_sp; /* and that blank is no blank of the text */
};

/* Whole UTF-8.  True: an encrypted block was among it. */
bool letter_give(struct answer *out, const char *utf8, size_t n, const struct letter_form *form);

#endif
