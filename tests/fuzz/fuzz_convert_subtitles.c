/* fuzz_convert_subtitles: the handler of trawl-convert-subtitles on any bytes.  Cues, stamps,
 * markup, scripts. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/subtitles.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&subtitles_converter, "a.srt", data, size);
	return 0;
}
