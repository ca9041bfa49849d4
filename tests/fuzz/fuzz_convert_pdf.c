/* fuzz_convert_pdf: the handler of trawl-convert-pdf on any bytes.  PDF: poppler, and what we make
 * of its boxes. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/pdf.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&pdf_converter, "a.pdf", data, size);
	return 0;
}
