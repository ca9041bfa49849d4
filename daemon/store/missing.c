/* missing: files and parts by the converter they lack; see missing.h. */
#include "store/missing.h"

#include "core/lock.h"
#include "core/mem.h"
#include "store/connection.h"

#include <string.h>

struct lack {
	struct lack *next;
	int64_t count[2]; /* files, parts */
	char converter[];
};

static struct lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
/* protected by lock */
static struct lack *lacks; /* a few: one for each converter that was ever missing; never freed */

static struct lack *find_locked(const char *converter)
{
	for (struct lack *l = lacks; l; l = l->next)
		if (strcmp(l->converter, converter) == 0)
			return l;
	return NULL;
}

void missing_get(const char *converter, int64_t *files, int64_t *parts)
{
	LOCK_SCOPE(&lock);
	const struct lack *l = find_locked(converter);

	*files = l ? l->count[0] : 0;
	*parts = l ? l->count[1] : 0;
}

/* Only the writer makes them, so that nobody else does meanwhile. */
static struct lack *find_or_make(const char *converter)
{
	size_t len = strlen(converter);
	LOCK_SCOPE(&lock);
	struct lack *l = find_locked(converter);

	if (l)
		return l;
	l = mem_zalloc(sizeof *l + len + 1);
	if (!l)
		return NULL;
	memcpy(l->converter, converter, len);
	l->next = lacks;
	lacks = l;
	return l;
}

enum status missing_stage(struct db *db, const char *converter, bool part, int by)
{
	struct staged_lacks *s = &db->lacks;
	struct lack *l = find_or_make(converter);

	if (l && s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct staged_lack *items = mem_resize(s->items, room, sizeof *items);

		if (!items)
			return db_trouble(db, ST_NOMEM);
		s->items = items;
		s->room = room;
	}
	if (!l)
		return db_trouble(db, ST_NOMEM);
	s->items[s->count++] = (struct staged_lack){l, part, by};
	return ST_OK;
}

void missing_publish(struct db *db)
{
	struct staged_lacks *s = &db->lacks;
	LOCK_SCOPE(&lock);

	for (size_t i = 0; i < s->count; i++)
		s->items[i].lack->count[s->items[i].part] += s->items[i].by;
	s->count = 0;
}

void missing_drop(struct db *db)
{
	db->lacks.count = 0;
}

static void forget_all(void)
{
	LOCK_SCOPE(&lock);

	for (struct lack *l = lacks; l; l = l->next)
		memset(l->count, 0, sizeof l->count);
}

enum status missing_load(struct db *db)
{
	AUTO_STATEMENT s = statement_start(db, STMT_COUNT_MISSING);

	missing_drop(db);
	while (statement_row(&s)) {
		const char *converter = statement_get_string(&s, 0);

		if (!converter)
			break;
		enum status st = missing_stage(db, converter, statement_get_int(&s, 1) != 0,
			(int)statement_get_int(&s, 2));
		if (st != ST_OK)
			return st;
	}
	enum status st = statement_status(&s);
	if (st != ST_OK)
		return st;
	forget_all();
	missing_publish(db);
	return ST_OK;
}
