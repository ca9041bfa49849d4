/* fuzz_convert_rtf: the handler of trawl-convert-rtf on any bytes.  RTF: groups, destinations,
 * fallbacks, code pages. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/rtf.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&rtf_converter, "a.rtf", data, size);
	return 0;
}
