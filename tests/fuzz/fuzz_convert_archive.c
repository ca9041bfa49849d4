/* fuzz_convert_archive: the handler of trawl-convert-archive on any bytes.  Members: names, holes,
 * failures, the order of records. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/archive.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&archive_converter, "a.tar.gz", data, size);
	return 0;
}
