/* json: strings in the form JSON wants, straight into a buffer: answers may have 100,000 hits. */
#ifndef SEARCH_JSON_H
#define SEARCH_JSON_H

#include "core/buf.h"

/* With quotes; ill-formed bytes become U+FFFD. */
void json_add_string(struct buf *out, const char *s, size_t len);
/* "key":"…" and, if the bytes are not UTF-8, "key_b64":"…". */
void json_add_bytes(struct buf *out, const char *key, const char *bytes, size_t len);
/* "path":"…" and, if the bytes are not UTF-8, "path_b64":"…". */
void json_add_path(struct buf *out, const char *path, size_t len);

#endif
