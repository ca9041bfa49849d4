/* dictionary: rows, and an order of theirs; see dictionary.h. */
#include "dictionary.h"

#include "alloc.h"
#include "arena.h"

#include <stdlib.h>
#include <string.h>

struct row {
	size_t key, value, word; /* in the arena */
};

struct dictionary {
	struct arena strings;
	struct row *rows;
	size_t count, room;
	size_t *by_key; /* rows' numbers */
};

struct dictionary *dictionary_create(void)
{
	struct dictionary *d = alloc_resize(NULL, 1, sizeof *d);

	*d = (struct dictionary){0};
	return d;
}

void dictionary_destroy(struct dictionary *d)
{
	if (!d)
		return;
	arena_finish(&d->strings);
	free(d->rows);
	free(d->by_key);
	free(d);
}

void dictionary_add(struct dictionary *d, const struct entry *entry)
{
	if (d->count == d->room) {
		d->room = 2 * d->room + 16;
		d->rows = alloc_resize(d->rows, d->room, sizeof *d->rows);
	}
	d->rows[d->count++] = (struct row){
		.key = arena_add_string(&d->strings, entry->key),
		.value = arena_add_string(&d->strings, entry->value),
		.word = arena_add_string(&d->strings, entry->word),
	};
}

static const char *key_of(const struct dictionary *d, size_t row)
{
	return arena_at(&d->strings, d->rows[row].key);
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	return strcmp(key_of(ctx, *(const size_t *)a), key_of(ctx, *(const size_t *)b));
}

void dictionary_sort(struct dictionary *d)
{
	d->by_key = alloc_resize(d->by_key, d->count, sizeof *d->by_key);
	for (size_t i = 0; i < d->count; i++)
		d->by_key[i] = i;
	qsort_r(d->by_key, d->count, sizeof *d->by_key, compare_rows, d);
}

size_t dictionary_count(const struct dictionary *d)
{
	return d->count;
}

struct entry dictionary_at(const struct dictionary *d, size_t i)
{
	return (struct entry){
		.key = arena_at(&d->strings, d->rows[i].key),
		.value = arena_at(&d->strings, d->rows[i].value),
		.word = arena_at(&d->strings, d->rows[i].word),
	};
}

const char *dictionary_value(const struct dictionary *d, const char *key, struct entry *out)
{
	size_t from = 0, to = d->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(key, key_of(d, d->by_key[middle]));

		if (order == 0) {
			struct entry found = dictionary_at(d, d->by_key[middle]);

			if (out)
				*out = found;
			return found.value;
		}
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}
