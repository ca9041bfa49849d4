/* fuzz_convert_postscript: what trawl-convert-postscript makes of comments and of Ghostscript's
 * text.  Ghostscript itself is left out: it is another program. */
#ifndef TRAWL_FUZZ
#define TRAWL_FUZZ
#endif
#include "../../converters/postscript.c"

#include "fuzz_convert.h"

/* The first half as comments, the second as two pieces of text. */
static int give(const struct document *doc, struct answer *out)
{
	static struct reading r;
	static char bytes[HEAD];
	ssize_t n = pread(doc->fd, bytes, sizeof bytes, 0);
	size_t size = n > 0 ? (size_t)n : 0, half = size / 2, quarter = half / 2;

	take_comments(out, bytes, half);
	r.blank = r.any = false;
	r.len = 0;
	pages_init(&r.pages, out);
	pages_begin(&r.pages);
	if (take_text(&r, bytes + half, quarter))
		take_text(&r, bytes + half + quarter, size - half - quarter);
	flush(&r);
	return verdict_of(&r, size % 2 ? 0 : 1, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct converter_ops ops = {.program = "postscript", .convert = give};

	(void)postscript_converter;
	fuzz_convert(&ops, "a.ps", data, size);
	return 0;
}
