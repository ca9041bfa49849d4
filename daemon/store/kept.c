/* kept: prepared statements by connection and text; see kept.h. */
#include "store/kept.h"

#include "core/lock.h"
#include "core/strmap.h"

#include <stdbool.h>
#include <string.h>

/* SQLite knows nobody's struct db: the few connections are found in a list. */
static struct {
	struct lock lock; /* held alone */
	struct kept *first;
} all = {.lock = LOCK_INIT};

void kept_open(struct kept *k, sqlite3 *raw)
{
	LOCK_SCOPE(&all.lock);
	k->raw = raw;
	k->next = all.first;
	all.first = k;
}

void kept_drop(struct kept *k)
{
	for (size_t i = 0; i < KEPT_MOST; i++) {
		sqlite3_finalize(k->items[i].statement);
		k->items[i].statement = NULL;
	}
}

void kept_close(struct kept *k)
{
	struct kept **at = &all.first;

	kept_drop(k);
	LOCK_SCOPE(&all.lock);
	while (*at && *at != k)
		at = &(*at)->next;
	if (*at)
		*at = k->next;
	k->raw = NULL;
}

static struct kept *kept_of(sqlite3 *raw)
{
	LOCK_SCOPE(&all.lock);
	struct kept *k = all.first;

	while (k && k->raw != raw)
		k = k->next;
	return k;
}

static struct kept_statement *find(struct kept *k, uint64_t hash, const char *text)
{
	for (size_t i = 0; i < KEPT_MOST; i++) {
		struct kept_statement *s = &k->items[i];

		if (s->statement && s->hash == hash && !strcmp(sqlite3_sql(s->statement), text))
			return s;
	}
	return NULL;
}

/* Free, or the one that was not used for longest. */
static struct kept_statement *oldest(struct kept *k)
{
	struct kept_statement *old = &k->items[0];

	for (size_t i = 0; i < KEPT_MOST; i++) {
		if (!k->items[i].statement)
			return &k->items[i];
		if (k->items[i].used < old->used)
			old = &k->items[i];
	}
	return old;
}

int kept_take(sqlite3 *raw, const char *text, sqlite3_stmt **out)
{
	struct kept *k = kept_of(raw);
	struct kept_statement *s = k ? find(k, strmap_hash(text, strlen(text)), text) : NULL;

	if (!s)
		return sqlite3_prepare_v3(raw, text, -1, k ? SQLITE_PREPARE_PERSISTENT : 0, out, NULL);
	*out = s->statement;
	s->statement = NULL;
	return SQLITE_OK;
}

void kept_give(sqlite3_stmt *statement)
{
	struct kept *k = statement ? kept_of(sqlite3_db_handle(statement)) : NULL;
	bool sound = sqlite3_reset(statement) == SQLITE_OK;

	if (!k || !sound) {
		sqlite3_finalize(statement);
		return;
	}
	const char *text = sqlite3_sql(statement);
	uint64_t hash = strmap_hash(text, strlen(text));
	struct kept_statement *s = find(k, hash, text);
	if (!s)
		s = oldest(k);
	sqlite3_finalize(s->statement);
	sqlite3_clear_bindings(statement);
	*s = (struct kept_statement){statement, hash, ++k->now};
}
