/* epub: the text of an EPUB, chapter by chapter in the order of reading; without its table of
 * contents, which says the headings once more. */
#ifndef CONVERT_EPUB_H
#define CONVERT_EPUB_H

#include "package.h"

/* A verdict; text and metadata are in the answer. */
int epub_convert(struct package *package, struct answer *out);

#endif
