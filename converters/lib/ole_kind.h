/* ole_kind: which kind of document an OLE compound file is, by its streams' names. */
#ifndef CONVERT_OLE_KIND_H
#define CONVERT_OLE_KIND_H

#include <stddef.h>
#include <stdint.h>

/* `head` are its first `n` bytes.  NULL if no stream tells; static storage. */
const char *ole_kind(int fd, const uint8_t *head, size_t n);

#endif
