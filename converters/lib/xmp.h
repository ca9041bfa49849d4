/*
 * xmp: what a packet of XMP says about the document that carries it.
 *
 * Newer producers of PDF say title, author and language nowhere else.
 */
#ifndef CONVERT_XMP_H
#define CONVERT_XMP_H

#include "answer.h"

/* Title, authors, language, keywords and the moment of creation as metadata, as far as they are
 * not named yet.  A packet that is not well-formed says what it says up to there. */
void xmp_take(const uint8_t *packet, size_t n, struct answer *out);

#endif
