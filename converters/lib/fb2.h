/* fb2: the text of a FictionBook, plain or zipped. */
#ifndef CONVERT_FB2_H
#define CONVERT_FB2_H

#include "package.h"

/* A verdict; text and metadata are in the answer. */
int fb2_convert(const struct document *doc, struct answer *out);
/* The same of a member of a package. */
int fb2_convert_member(struct package *package, const char *member, struct answer *out);

#endif
