/*
 * rar5: which members of a RAR 5 archive need a password, which libarchive 3.6 does not tell.
 *
 * Walks the headers only, one file at a time, in step with libarchive's entries.
 * Format: "RAR 5.0 archive format", rarlab.com/technote.htm.
 */
#ifndef CONVERT_RAR5_H
#define CONVERT_RAR5_H

#include <stdbool.h>
#include <stdint.h>

enum rar5_member {
	RAR5_NONE, /* no more headers, or none that can be read */
	RAR5_OPEN,
	RAR5_LOCKED,
	RAR5_SEALED, /* even the names need a password */
};

/* Embedded; fields are private. */
struct rar5 {
	int fd;
	int64_t at;
};

/* What does not begin as such an archive has no members. */
void rar5_init(struct rar5 *r, int fd);
enum rar5_member rar5_next(struct rar5 *r);

#endif
