/* fuzz_convert_notebook: the handler of trawl-convert-notebook on any bytes.  JSON, and cells that
 * are none. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/notebook.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&notebook_converter, "a.ipynb", data, size);
	return 0;
}
