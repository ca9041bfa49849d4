/* request_path: the path that a request names, as bytes. */
#ifndef SERVE_REQUEST_PATH_H
#define SERVE_REQUEST_PATH_H

#include "serve/request.h"

/*
 * Appends the absolute path of the parameters path_b64 (bytes that are no UTF-8), else path, with "." "..", "//" folded
 * textually.  False: the request has been answered with what is wrong.
 */
bool request_path(struct request *r, struct buf *out);

#endif
