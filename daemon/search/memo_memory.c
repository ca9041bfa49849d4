/*
 * memo_memory: answers in the process's own memory.  Loop thread only.
 *
 * Every entry is in the list of use (least recent first out) and in one of two
 * lists of age: `aging` holds those younger than the time to live, oldest first;
 * `exact` those older, which serve only while the index stands still.
 */
#include "search/memo_storage.h"

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"
#include "core/strmap.h"

struct entry {
	struct link use, age;
	char *key;
	size_t key_len;
	struct memo_kept kept;
};

struct memory {
	struct memo_storage storage; /* first */
	struct strmap *entries;
	struct link use;	  /* least recently used first */
	struct link aging, exact; /* by birth */
	int64_t ttl_ms, entries_max, bytes_max;
	struct memo_sizes sizes;
};

static struct memory *memory_of(struct memo_storage *s)
{
	return (struct memory *)s;
}

/* --- entries --- */

static int64_t entry_bytes(const struct entry *e)
{
	/* The map keeps a key of its own. */
	return (int64_t)(sizeof *e + 2 * e->key_len + e->kept.json.len);
}

static void entry_destroy(struct entry *e)
{
	if (!e)
		return;
	buf_finish(&e->kept.json);
	mem_free(e->key);
	mem_free(e);
}

static void show_size(struct memory *m)
{
	m->sizes.entries = (int64_t)strmap_count(m->entries);
	stats_set(memo_entries, m->sizes.entries);
	stats_set(memo_bytes, m->sizes.bytes);
}

static void drop(struct memory *m, struct entry *e)
{
	strmap_take(m->entries, e->key, e->key_len);
	list_remove(&e->use);
	list_remove(&e->age);
	m->sizes.bytes -= entry_bytes(e);
	entry_destroy(e);
	show_size(m);
}

static void evict(struct memory *m)
{
	while (!list_is_empty(&m->use) &&
		(m->sizes.entries > m->entries_max || m->sizes.bytes > m->bytes_max)) {
		drop(m, LIST_HOLDER(m->use.after, struct entry, use));
		m->sizes.evictions++;
		stats_add(memo_evictions, 1);
	}
}

static void clear(struct memo_storage *s)
{
	struct memory *m = memory_of(s);

	while (!list_is_empty(&m->use))
		drop(m, LIST_HOLDER(m->use.after, struct entry, use));
}

static bool get(struct memo_storage *s, const char *key, size_t key_len, int64_t now_ms,
	struct memo_kept *kept)
{
	struct memory *m = memory_of(s);
	struct entry *e = strmap_get(m->entries, key, key_len);

	if (!e)
		return false;
	list_remove(&e->use);
	list_add_last(&m->use, &e->use);
	*kept = e->kept;
	kept->age_ms = now_ms - kept->born_ms;
	return true;
}

/* Without memory the answer is only not kept. */
static void put(struct memo_storage *s, const char *key, size_t key_len, struct memo_kept *kept)
{
	struct memory *m = memory_of(s);
	struct entry *e = strmap_get(m->entries, key, key_len);
	void *replaced;

	if (e && e->kept.clock > kept->clock)
		return;
	if (e)
		drop(m, e);
	e = mem_zalloc(sizeof *e);
	if (!e)
		return;
	e->key_len = key_len;
	e->kept = *kept;
	/* A copy of the loop's: a reader's own block has room to grow, and would hold on to what is around it. */
	size_t len = kept->json.len;
	e->kept.json = (struct buf){.data = mem_dup(kept->json.data, len), .len = len, .room = len + 1};
	e->key = mem_dup(key, key_len);
	if (!e->key || !e->kept.json.data || strmap_put(m->entries, e->key, e->key_len, e, &replaced) != ST_OK) {
		entry_destroy(e);
		return;
	}
	BUG_UNLESS(!replaced);
	list_add_last(&m->use, &e->use);
	/* One that took long was born before its neighbours here: it is only swept a little late. */
	list_add_last(&m->aging, &e->age);
	m->sizes.bytes += entry_bytes(e);
	show_size(m);
	evict(m);
}

/* --- time --- */

static void expire(struct memory *m, struct entry *e)
{
	drop(m, e);
	m->sizes.expired++;
	stats_add(memo_expired, 1);
}

static int64_t sweep(struct memo_storage *s, int64_t now_ms, int64_t clock, int64_t floor)
{
	struct memory *m = memory_of(s);

	/* Those past their time: the oldest of them has the lowest clock, so the first that still serves ends it. */
	while (!list_is_empty(&m->exact)) {
		struct entry *e = LIST_HOLDER(m->exact.after, struct entry, age);

		if (e->kept.clock >= clock)
			break;
		expire(m, e);
	}
	while (!list_is_empty(&m->aging)) {
		struct entry *e = LIST_HOLDER(m->aging.after, struct entry, age);

		if (now_ms - e->kept.born_ms < m->ttl_ms && e->kept.clock >= floor)
			return e->kept.born_ms + m->ttl_ms;
		if (e->kept.clock < clock || e->kept.clock < floor) {
			expire(m, e);
			continue;
		}
		list_remove(&e->age);
		list_add_last(&m->exact, &e->age);
	}
	return 0;
}

static struct memo_sizes sizes(const struct memo_storage *s)
{
	return ((const struct memory *)s)->sizes;
}

/* --- its life --- */

static void destroy(struct memo_storage *s)
{
	struct memory *m = memory_of(s);

	clear(s);
	strmap_destroy(m->entries);
	mem_free(m);
}

static const struct memo_storage_kind kind = {
	.name = "memory",
	.get = get,
	.put = put,
	.destroy = destroy,
	.clear = clear,
	.sweep = sweep,
	.sizes = sizes,
};

enum status memo_memory_open(const struct config *config, struct memo_storage **out)
{
	struct memory *m = mem_zalloc(sizeof *m);

	*out = NULL;
	if (!m)
		return ST_NOMEM;
	if (strmap_create(&m->entries) != ST_OK) {
		mem_free(m);
		return ST_NOMEM;
	}
	m->storage.kind = &kind;
	atomic_init(&m->storage.refs, 1);
	list_init(&m->use);
	list_init(&m->aging);
	list_init(&m->exact);
	m->ttl_ms = config->memo.ttl_ms;
	m->entries_max = config->memo.entries;
	m->bytes_max = config->memo.bytes;
	*out = &m->storage;
	return ST_OK;
}
