/* fuzz_convert_text: the handler of trawl-convert-text on any bytes.  text: encodings, signatures,
 * headings. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/text.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&text_converter, "a.md", data, size);
	return 0;
}
