/*
 * compose: two characters that are one, of scripts without spaces.
 *
 * Some systems write names decomposed (NFD).  For letters with diacritics that does not matter,
 * since diacritics are dropped; kana and Hangul must be put together.
 */
#ifndef CORE_COMPOSE_H
#define CORE_COMPOSE_H

#include <stdint.h>

/* What the two are together, as in NFC; 0 if they are two characters. */
uint32_t compose(uint32_t first, uint32_t second);

#endif
