/* zip_maker: libarchive's writer into a block that grows; see zip_maker.h. */
#include "zip_maker.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct zip_maker {
	struct archive *archive;
	char *bytes;
	size_t len;
};

static void must(bool good)
{
	if (!good)
		abort();
}

static la_ssize_t collect(struct archive *archive, void *ctx, const void *bytes, size_t n)
{
	struct zip_maker *z = ctx;

	(void)archive;
	z->bytes = realloc(z->bytes, z->len + n + 1);
	must(z->bytes);
	memcpy(z->bytes + z->len, bytes, n);
	z->len += n;
	return (la_ssize_t)n;
}

struct zip_maker *zip_maker_create(void)
{
	struct zip_maker *z = calloc(1, sizeof *z);

	must(z);
	z->archive = archive_write_new();
	must(z->archive && archive_write_set_format_zip(z->archive) == ARCHIVE_OK);
	must(archive_write_set_bytes_in_last_block(z->archive, 1) == ARCHIVE_OK);
	must(archive_write_open(z->archive, z, NULL, collect, NULL) == ARCHIVE_OK);
	return z;
}

void zip_maker_destroy(struct zip_maker *z)
{
	if (z->archive)
		archive_write_free(z->archive);
	free(z->bytes);
	free(z);
}

static void begin(struct zip_maker *z, const char *name, size_t n)
{
	struct archive_entry *entry = archive_entry_new();
	bool stored = strcmp(name, "mimetype") == 0;

	must(entry);
	must((stored ? archive_write_zip_set_compression_store(z->archive)
		     : archive_write_zip_set_compression_deflate(z->archive)) == ARCHIVE_OK);
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, S_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)n);
	must(archive_write_header(z->archive, entry) == ARCHIVE_OK);
	archive_entry_free(entry);
}

void zip_maker_add(struct zip_maker *z, const char *name, const void *bytes, size_t n)
{
	begin(z, name, n);
	must(n == 0 || archive_write_data(z->archive, bytes, n) == (la_ssize_t)n);
}

void zip_maker_text(struct zip_maker *z, const char *name, const char *text)
{
	zip_maker_add(z, name, text, strlen(text));
}

void zip_maker_fill(struct zip_maker *z, const char *name, char byte, size_t n)
{
	char piece[16 * 1024];

	memset(piece, byte, sizeof piece);
	begin(z, name, n);
	while (n) {
		size_t take = n < sizeof piece ? n : sizeof piece;

		must(archive_write_data(z->archive, piece, take) == (la_ssize_t)take);
		n -= take;
	}
}

const void *zip_maker_finish(struct zip_maker *z, size_t *n)
{
	must(archive_write_close(z->archive) == ARCHIVE_OK);
	*n = z->len;
	return z->bytes;
}
