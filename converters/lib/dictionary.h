/* dictionary: strings by a key, in the order they came, with a word about each; for what the files
 * of a package list of its members. */
#ifndef CONVERT_DICTIONARY_H
#define CONVERT_DICTIONARY_H

#include <stddef.h>

struct dictionary;

/* Strings are valid until the next entry is added. */
struct entry {
	const char *key, *value, *word;
};

struct dictionary *dictionary_create(void);
void dictionary_destroy(struct dictionary *d); /* NULL is fine */

/* Strings are copied. */
void dictionary_add(struct dictionary *d, const struct entry *entry);
/* Behind the last entry, before the first question by key. */
void dictionary_sort(struct dictionary *d);

size_t dictionary_count(const struct dictionary *d);
struct entry dictionary_at(const struct dictionary *d, size_t i);
/* One of this key; NULL if there is none.  *out is filled in where it is not NULL. */
const char *dictionary_value(const struct dictionary *d, const char *key, struct entry *out);

#endif
