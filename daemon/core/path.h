/*
 * path: byte strings that name files.  Names are bytes, not text: UTF-8 is checked, never assumed.
 * Pure functions; any thread.
 */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include "core/buf.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

/* dir + "/" + name, with one slash between them. */
void path_join(struct buf *out, const char *dir, const char *name);
/* Makes a path absolute against `cwd` and folds "." "..", "//" textually; links are not looked at. */
void path_normalize(struct buf *out, const char *cwd, const char *path);
/* Whether `path` is `dir` itself or below it. */
bool path_is_below(const char *path, const char *dir);
/* The last component; never empty but for "". */
const char *path_base(const char *path);
/* The extension in lower case (ASCII) without the dot, "" if there is none (".bashrc" has none, "a.tar.gz" has "gz").
 * Longer than 16 bytes or not alphanumeric: "".  `out` holds 17 bytes. */
void path_extension(const char *name, char out[17]);

bool utf8_valid(const char *s, size_t n);
/* Appends s with every ill-formed byte replaced by U+FFFD. */
void utf8_add_lossy(struct buf *out, const char *s, size_t n);
/*
 * The form names are searched in, as words are: lower case by Unicode (simple mapping), Latin letters
 * without their marks, full-width ASCII as ASCII, decomposed kana and Hangul composed; lossy as above.
 */
void utf8_add_folded(struct buf *out, const char *s, size_t n);
void base64_add(struct buf *out, const void *bytes, size_t n);
MUST_USE enum status base64_decode(const char *s, struct buf *out); /* ST_INVALID */

#endif
