/*
 * stems: what words of the configured languages have in common, by Snowball's algorithms (libstemmer).
 *
 * The languages are one setting for the process; who reads queries takes stemmers
 * for one query at a time.
 */
#ifndef SEARCH_STEMS_H
#define SEARCH_STEMS_H

#include "core/config.h"

enum { STEM_BYTES_MAX = 128 }; /* a word that has a longer one has none */

struct stems;

/* From now on; what languages.h does not know is left out.  Any thread. */
void stems_configure(const struct config_list *languages);

/* Stemmers of the languages at this moment; *out is NULL where there are none.  ST_NOMEM. */
MUST_USE enum status stems_create(struct stems **out);
void stems_destroy(struct stems *s); /* NULL is fine */

struct stem {
	char text[STEM_BYTES_MAX];
	size_t len; /* 0: none */
};
size_t stems_count(const struct stems *s);
/* The stem of a folded word in language number `i`.  ST_NOMEM. */
MUST_USE enum status stems_find(
	struct stems *s, size_t i, const char *word, size_t len, struct stem *out);

#endif
