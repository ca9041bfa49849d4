/* rtf_reader: the text of Rich Text Format: in its fonts' code pages and in Unicode, with headers,
 * notes, comments and text boxes, without what is hidden, deleted or no text. */
#ifndef CONVERT_RTF_READER_H
#define CONVERT_RTF_READER_H

#include "serve.h"

/* A verdict; text and metadata are in the answer.  A document without its end is said to be
 * truncated.  Linear, and in one piece of memory whatever its size. */
int rtf_read(const struct document *doc, struct answer *out);

#endif
