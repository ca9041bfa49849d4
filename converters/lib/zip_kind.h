/* zip_kind: which kind of document a zip archive is, by its `mimetype` member or its members'
 * names. */
#ifndef CONVERT_ZIP_KIND_H
#define CONVERT_ZIP_KIND_H

#include <stddef.h>
#include <stdint.h>

/* `head` are the first `n` bytes of the archive of `size` bytes in `fd`, which has no end where it
 * was cut.  Never NULL; static storage, until the next call. */
const char *zip_kind(int fd, uint64_t size, const uint8_t *head, size_t n);

#endif
