/* fuzz_convert_mail: the handler of trawl-convert-mail on any bytes.  Messages and mailboxes, GMime
 * under our walk, charsets, flowed lines. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/mail.c"

#include "fuzz_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_convert(&mail_converter, "a.eml", data, size);
	return 0;
}
