/* fuzz_convert_legacy: the handler of trawl-convert-legacy on any bytes.  libgsf, and our streams
 * of Word, Excel and PowerPoint behind it. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/legacy.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&legacy_converter, "a.doc", data, size);
	return 0;
}
