/* twins: contents in flight; see twins.h. */
#include "pipeline/twins.h"

#include "core/lock.h"
#include "core/mem.h"
#include "core/strmap.h"

#include <string.h>

struct twins {
	struct lock lock; /* held alone */
	struct strmap *map; /* protected by lock */
};

struct key {
	unsigned char hash[DOCUMENT_HASH_BYTES];
	int64_t rule;
};

static struct key key_of(const unsigned char *hash, int64_t rule)
{
	struct key k = {.rule = rule};

	memcpy(k.hash, hash, sizeof k.hash);
	return k;
}

enum status twins_create(struct twins **out)
{
	struct twins *t = mem_zalloc(sizeof *t);

	if (!t)
		return ST_NOMEM;
	if (strmap_create(&t->map) != ST_OK) {
		mem_free(t);
		return ST_NOMEM;
	}
	lock_init(&t->lock);
	*out = t;
	return ST_OK;
}

void twins_destroy(struct twins *t)
{
	if (!t)
		return;
	strmap_destroy(t->map);
	lock_finish(&t->lock);
	mem_free(t);
}

bool twins_enter(struct twins *t, const unsigned char *hash, int64_t rule)
{
	struct key k = key_of(hash, rule);

	LOCK_SCOPE(&t->lock);
	if (strmap_get(t->map, (const char *)&k, sizeof k))
		return false;
	/* Without memory for the entry a copy may be converted twice: slower, not wrong. */
	enum status st = strmap_put(t->map, (const char *)&k, sizeof k, t, NULL);
	(void)st;
	return true;
}

void twins_leave(struct twins *t, const unsigned char *hash, int64_t rule)
{
	struct key k = key_of(hash, rule);

	LOCK_SCOPE(&t->lock);
	strmap_take(t->map, (const char *)&k, sizeof k);
}
