/*
 * rtf: trawl-convert-rtf, Rich Text Format; the work is in lib/rtf_reader.c.
 *
 * Unrtf was tried: one process a document (12 ms), footnotes in the midst of
 * sentences, the bytes of other charsets passed on as they are, and no word of
 * who wrote it when.
 *
 * pkg-config: libxml-2.0 libmagic libcjson uchardet
 */
#include "rtf_reader.h"
#include "typing.h"

#include <string.h>
#include <unistd.h>

enum { HEAD = 64 };

static bool is_rtf(const char *head, size_t n)
{
	const char *at = memmem(head, n, "{\\rtf", 5);

	/* Before it, a mark of the encoding at most. */
	for (const char *p = head; at && p < at; p++)
		if ((uint8_t)*p > ' ' && (uint8_t)*p < 0x80)
			return false;
	return at != NULL;
}

static int convert_rtf(const struct document *doc, struct answer *out)
{
	char head[HEAD];
	ssize_t n = pread(doc->fd, head, sizeof head, 0);

	if (n < 0)
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!is_rtf(head, (size_t)n))
		return convert_other(doc, out);
	answer_meta(out, "type", "application/rtf", strlen("application/rtf"));
	return rtf_read(doc, out);
}

static const struct converter_ops rtf_converter = {
	.program = "trawl-convert-rtf",
	.convert = convert_rtf,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&rtf_converter);
}
#endif
