/* fuzz_convert_ocr: the handler of trawl-convert-ocr on any bytes: what is read at all, pages, and
 * what is too large. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/ocr.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&ocr_converter, "a", data, size);
	return 0;
}
