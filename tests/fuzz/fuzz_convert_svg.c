/* fuzz_convert_svg: the handler of trawl-convert-svg on any bytes.  Expat under our bounds. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/svg.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&svg_converter, "a.svg", data, size);
	return 0;
}
