/*
 * languages: those whose words have stems that we can tell (Snowball's, as libstemmer 2.2 has them).
 */
#ifndef CORE_LANGUAGES_H
#define CORE_LANGUAGES_H

#include "core/buf.h"

enum { LANGUAGES_MAX = 32 };

/* Snowball's name of a language, by that name or its ISO 639-1 code, in any case; NULL if there is none. */
const char *language_find(const char *text);
/* All names with their codes, for people: "arabic (ar), armenian (hy), …". */
void languages_add_all(struct buf *out);

#endif
