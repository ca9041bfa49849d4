/*
 * archive_source: a document as libarchive reads it: forwards, seeking where a format has its
 * directory at the end.
 *
 * Formats and compressions are enabled one by one: those for which libarchive
 * would start a program, or open files that an archive names, are left out.
 */
#ifndef CONVERT_ARCHIVE_SOURCE_H
#define CONVERT_ARCHIVE_SOURCE_H

#include <archive.h>
#include <stdint.h>

struct document;

enum { ARCHIVE_SOURCE_BLOCK = 64 * 1024 };

/* The caller's memory, which must outlive the archive; only `error` is to be looked at. */
struct archive_source {
	int fd;
	int64_t at, size;
	int error; /* errno of the read that failed, 0 */
	unsigned char block[ARCHIVE_SOURCE_BLOCK];
};

/* Never NULL; free with archive_read_free.  Names will be in UTF-8 where their encoding is known.
 */
struct archive *archive_source_open(struct archive_source *s, const struct document *doc);
/* The same, for what is inside its compressions, whatever it is: one member. */
struct archive *archive_source_open_raw(struct archive_source *s, const struct document *doc);

#endif
