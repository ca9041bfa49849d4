/* request_path: the path that a request names, as bytes, and the part below it. */
#ifndef SERVE_REQUEST_PATH_H
#define SERVE_REQUEST_PATH_H

#include "serve/request.h"

/*
 * Appends the absolute path of the parameters path_b64 (bytes that are no UTF-8), else path, with "." "..", "//" folded
 * textually.  False: the request has been answered with what is wrong.
 */
bool request_path(struct request *r, struct buf *out);
/* Appends the parameter `part` with its steps joined by slashes; nothing where it is absent or empty. */
void request_part(const struct request *r, struct buf *out);
/* Appends "part":["a","b"] of "a/b"; "part":[] of "". */
void part_add(struct buf *out, const char *part);

#endif
