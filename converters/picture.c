/*
 * picture: trawl-convert-picture, what a picture's EXIF, IPTC and XMP say in words; see
 * lib/picture_tags.c.
 *
 * A picture that says nothing is still a document: its name, type and size can be
 * looked for, so the answer is an empty text and not "binary".
 *
 * pkg-config: gexiv2 libcjson uchardet
 */
#include "input.h"
#include "picture_tags.h"
#include "serve.h"
#include "typing.h"

enum { PICTURE_MOST = 512 * 1024 * 1024 /* bytes read of one picture */ };

static int convert_picture(const struct document *doc, struct answer *out)
{
	static struct input *in;

	if (!in)
		in = input_create();
	input_open(in, doc);
	if (!input_load(in, PICTURE_MOST))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (!picture_tags_give(out, input_bytes(in), input_size(in)))
		return convert_other(doc, out);
	return ANSWER_DONE;
}

static const struct converter_ops picture_converter = {
	.program = "trawl-convert-picture",
	.convert = convert_picture,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&picture_converter);
}
#endif
