/* fuzz_convert_mobi: the handler of trawl-convert-mobi on any bytes.  libmobi, and what we
 * believe of its headers. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/mobi.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&mobi_converter, "a.mobi", data, size);
	return 0;
}
