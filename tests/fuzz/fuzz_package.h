/*
 * fuzz_package: any bytes to a converter's handler, as they are or as a member of a zip that is
 * sound.  Included behind fuzz_convert.h.
 *
 * The first byte chooses the package; what is a zip or a text already, as the
 * documents are that a run starts with, goes in as it is.
 */
#ifndef FUZZ_PACKAGE_H
#define FUZZ_PACKAGE_H

#include "../unit/zip_maker.c"

/* A table ends in a NULL name; a NULL text is filled in. */
struct fuzz_member {
	const char *name, *text;
};

static void fuzz_wrapped(const struct converter_ops *ops, const char *name,
	const struct fuzz_member *members, const uint8_t *data, size_t size)
{
	struct zip_maker *z = zip_maker_create();
	size_t n;

	for (; members->name; members++)
		if (members->text)
			zip_maker_text(z, members->name, members->text);
		else
			zip_maker_add(z, members->name, data, size);
	const void *zip = zip_maker_finish(z, &n);
	fuzz_convert(ops, name, zip, n);
	zip_maker_destroy(z);
}

static void fuzz_package(const struct converter_ops *ops, const char *name,
	const struct fuzz_member *const *packages, size_t count, const uint8_t *data, size_t size)
{
	if (size == 0 || data[0] >= count)
		fuzz_convert(ops, name, data, size);
	else
		fuzz_wrapped(ops, name, packages[data[0]], data + 1, size - 1);
}

#endif
