/* codepage: text in one of Windows' or the Macintosh's code pages, named by its number.  Not for
 * several threads, as decode.h. */
#ifndef CONVERT_CODEPAGE_H
#define CONVERT_CODEPAGE_H

#include "decode.h"

/* Windows-1252 where the code page is not known. */
bool codepage_decode(int codepage, const uint8_t *bytes, size_t n, decode_sink *sink, void *ctx);

#endif
