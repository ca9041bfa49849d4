/* fuzz_convert_roff: the handler of trawl-convert-roff on any bytes.  Troff: macros, arguments,
 * escapes. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/roff.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&roff_converter, "a.1", data, size);
	return 0;
}
