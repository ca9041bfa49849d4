/* archive_source: callbacks and what is enabled; see archive_source.h. */
#include "archive_source.h"

#include "alloc.h"
#include "serve.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef int support(struct archive *);

static support *const compressions[] = {
	archive_read_support_filter_bzip2,
	archive_read_support_filter_compress,
	archive_read_support_filter_gzip,
	archive_read_support_filter_lz4,
	archive_read_support_filter_lzip,
	archive_read_support_filter_lzma,
	archive_read_support_filter_rpm,
	archive_read_support_filter_xz,
	archive_read_support_filter_zstd,
};

static support *const formats[] = {
	archive_read_support_format_7zip,
	archive_read_support_format_ar,
	archive_read_support_format_cab,
	archive_read_support_format_cpio,
	archive_read_support_format_empty,
	archive_read_support_format_iso9660,
	archive_read_support_format_lha,
	archive_read_support_format_rar,
	archive_read_support_format_rar5,
	archive_read_support_format_tar,
	archive_read_support_format_xar,
	archive_read_support_format_zip,
};

static la_ssize_t source_read(struct archive *a, void *ctx, const void **block)
{
	struct archive_source *s = ctx;
	ssize_t got;

	do
		got = pread(s->fd, s->block, sizeof s->block, s->at);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		s->error = errno;
		archive_set_error(a, errno, "%s", strerror(errno));
		return ARCHIVE_FATAL;
	}
	s->at += got;
	*block = s->block;
	return got;
}

static la_int64_t source_skip(struct archive *a, void *ctx, la_int64_t request)
{
	struct archive_source *s = ctx;
	int64_t left = s->size - s->at;

	(void)a;
	if (left < 0 || request < 0)
		return 0;
	request = request < left ? request : left;
	s->at += request;
	return request;
}

static la_int64_t source_seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	struct archive_source *s = ctx;
	int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? s->at : s->size, to;

	if (__builtin_add_overflow(base, offset, &to) || to < 0) {
		archive_set_error(a, EINVAL, "a place before the start");
		return ARCHIVE_FATAL;
	}
	/* Beyond the end there is nothing to read; libarchive finds that out. */
	s->at = to < s->size ? to : s->size;
	return s->at;
}

static struct archive *create(struct archive_source *s, const struct document *doc)
{
	struct archive *a;

	setlocale(LC_CTYPE, "C.UTF-8");
	a = archive_read_new();
	if (!a)
		alloc_failed();
	s->fd = doc->fd;
	s->at = 0;
	s->size = (int64_t)doc->size;
	s->error = 0;
	for (size_t i = 0; i < sizeof compressions / sizeof compressions[0]; i++)
		compressions[i](a);
	archive_read_support_format_raw(a);
	archive_read_set_read_callback(a, source_read);
	archive_read_set_skip_callback(a, source_skip);
	archive_read_set_seek_callback(a, source_seek);
	archive_read_set_callback_data(a, s);
	return a;
}

struct archive *archive_source_open(struct archive_source *s, const struct document *doc)
{
	struct archive *a = create(s, doc);

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		formats[i](a);
	archive_read_open1(a); /* an error comes again with the first header */
	return a;
}

struct archive *archive_source_open_raw(struct archive_source *s, const struct document *doc)
{
	struct archive *a = create(s, doc);

	archive_read_open1(a);
	return a;
}
