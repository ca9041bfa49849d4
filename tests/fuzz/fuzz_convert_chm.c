/* fuzz_convert_chm: the handler of trawl-convert-chm on any bytes.  libmspack, /#SYSTEM, topics in any
 * code page. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/chm.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&chm_converter, "a.chm", data, size);
	return 0;
}
