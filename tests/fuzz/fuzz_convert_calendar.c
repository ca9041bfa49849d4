/* fuzz_convert_calendar: the handler of trawl-convert-calendar on any bytes.  Folded lines,
 * parameters, quoted-printable. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/calendar.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&calendar_converter, "a.ics", data, size);
	return 0;
}
