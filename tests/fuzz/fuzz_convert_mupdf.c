/* fuzz_convert_mupdf: the handler of trawl-convert-mupdf on any bytes.  MuPDF throws in the midst of
 * what we do with pages, notes, bookmarks and attachments. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/mupdf.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&mupdf_converter, "a.pdf", data, size);
	return 0;
}
