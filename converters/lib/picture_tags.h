/*
 * picture_tags: what a picture's EXIF, IPTC and XMP say in words: a line each, and metadata.
 *
 * For programs that are linked with gexiv2.
 */
#ifndef CONVERT_PICTURE_TAGS_H
#define CONVERT_PICTURE_TAGS_H

#include "answer.h"

/* False, and nothing was said: this is no picture that can be read. */
bool picture_tags_give(struct answer *out, const uint8_t *bytes, size_t n);

#endif
