/*
 * html: trawl-convert-html, a web page; the work is in lib/page.c.
 *
 * pkg-config: libxml-2.0 libcjson uchardet
 */
#include "input.h"
#include "page.h"
#include "serve.h"
#include "sniff.h"
#include "typing.h"

#include <string.h>

enum { DOCUMENT_MOST = 64 * 1024 * 1024 /* bytes read of one document */ };

static int convert_html(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static struct page *page;
	struct charset cs;

	if (!in) {
		in = input_create();
		page = page_create();
	}
	input_open(in, doc);
	if (!input_load(in, DOCUMENT_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	const uint8_t *bytes = input_bytes(in);
	size_t n = input_size(in);
	if (sniff_pdf(bytes, n) || !page_charset(bytes, n, !input_whole(in), &cs))
		return convert_other(doc, out);
	const char *type = strstr(doc->type, "xhtml") ? doc->type : "text/html";
	answer_meta(out, "type", type, strlen(type));
	answer_meta(out, "encoding", cs.name, strlen(cs.name));
	if (!page_give(page, out, &cs, bytes, n) || !input_whole(in))
		answer_truncated(out);
	return ANSWER_DONE;
}

static const struct converter_ops html_converter = {
	.program = "trawl-convert-html",
	.convert = convert_html,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&html_converter);
}
#endif
