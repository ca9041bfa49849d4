/* fuzz_convert_html: the handler of trawl-convert-html on any bytes.  HTML: libxml2 under our
 * renewals, meta elements, declared charsets. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/html.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&html_converter, "a.html", data, size);
	return 0;
}
