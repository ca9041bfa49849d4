/* wire: how bytes that may not be text are put into JSON.  Pure; any thread. */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Adds `key` with the path as UTF-8 (ill-formed bytes replaced) and, where the bytes are no UTF-8, `key`_b64 with the
 * exact bytes.  False: no memory.
 */
bool wire_put_path(cJSON *object, const char *key, const char *path, size_t n);

#endif
