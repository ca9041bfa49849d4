/* fuzz_convert_media: the handler of trawl-convert-media on any bytes. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/media.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&media_converter, "a", data, size);
	return 0;
}
