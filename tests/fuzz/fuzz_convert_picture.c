/* fuzz_convert_picture: the handler of trawl-convert-picture on any bytes. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/picture.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&picture_converter, "a", data, size);
	return 0;
}
