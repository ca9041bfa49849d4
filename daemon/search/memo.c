/*
 * memo: finished answers by key; see memo.h.
 *
 * Every entry is in the list of use (least recent first out) and in one of two
 * lists of age: `aging` holds those younger than the time to live, oldest first;
 * `exact` those older, which serve only while the index stands still.
 */
#include "search/memo.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"
#include "core/strmap.h"
#include "search/flights.h"

#include <string.h>

struct link {
	struct link *before, *after;
};

struct entry {
	struct link use; /* first: an entry is found from its link */
	struct link age;
	char *key;
	size_t key_len;
	char *json;
	size_t len;
	int64_t clock, born_ms;
};

struct memo {
	struct strmap *entries;
	struct flights *flights;
	struct link use;	  /* least recently used first */
	struct link aging, exact; /* by birth */
	int64_t ttl_ms, entries_max, bytes_max;
	int64_t bytes, floor;
	int64_t clock; /* the newest heard of */
	struct {
		int64_t hits_exact, hits_ttl, misses, joined, evictions, expired;
	} count;
};

/* The memo's own count and the daemon's. */
#define COUNT(m, what) ((m)->count.what++, stats_add(memo_##what, 1))

/* --- lists --- */

static void list_init(struct link *head)
{
	head->before = head->after = head;
}

static void list_add_last(struct link *head, struct link *l)
{
	l->after = head;
	l->before = head->before;
	l->before->after = l;
	head->before = l;
}

static void list_remove(struct link *l)
{
	l->before->after = l->after;
	l->after->before = l->before;
}

static struct entry *entry_of_use(struct link *l)
{
	return (struct entry *)(void *)((char *)l - offsetof(struct entry, use));
}

static struct entry *entry_of_age(struct link *l)
{
	return (struct entry *)(void *)((char *)l - offsetof(struct entry, age));
}

/* --- entries --- */

static int64_t entry_bytes(const struct entry *e)
{
	/* The map keeps a key of its own. */
	return (int64_t)(sizeof *e + 2 * e->key_len + e->len);
}

static void entry_destroy(struct entry *e)
{
	if (!e)
		return;
	mem_free(e->key);
	mem_free(e->json);
	mem_free(e);
}

static void show_size(const struct memo *m)
{
	stats_set(memo_entries, (int64_t)strmap_count(m->entries));
	stats_set(memo_bytes, m->bytes);
}

static void drop(struct memo *m, struct entry *e)
{
	strmap_take(m->entries, e->key, e->key_len);
	list_remove(&e->use);
	list_remove(&e->age);
	m->bytes -= entry_bytes(e);
	entry_destroy(e);
	show_size(m);
}

static void evict(struct memo *m)
{
	while (strmap_count(m->entries) &&
		((int64_t)strmap_count(m->entries) > m->entries_max || m->bytes > m->bytes_max)) {
		drop(m, entry_of_use(m->use.after));
		COUNT(m, evictions);
	}
}

void memo_clear(struct memo *m)
{
	while (m->use.after != &m->use)
		drop(m, entry_of_use(m->use.after));
}

static void take_bounds(struct memo *m, const struct config *config)
{
	m->ttl_ms = config->memo.ttl_ms;
	m->entries_max = config->memo.entries;
	m->bytes_max = config->memo.bytes;
}

enum status memo_create(const struct config *config, struct memo **out)
{
	struct memo *m = mem_zalloc(sizeof *m);

	*out = NULL;
	if (!m)
		goto err;
	if (strmap_create(&m->entries) != ST_OK)
		goto err_after_alloc;
	if (flights_create(&m->flights) != ST_OK)
		goto err_after_entries;
	list_init(&m->use);
	list_init(&m->aging);
	list_init(&m->exact);
	take_bounds(m, config);
	*out = m;
	return ST_OK;

err_after_entries:
	strmap_destroy(m->entries);
err_after_alloc:
	mem_free(m);
err:
	return ST_NOMEM;
}

void memo_destroy(struct memo *m)
{
	if (!m)
		return;
	flights_destroy(m->flights);
	memo_clear(m);
	strmap_destroy(m->entries);
	mem_free(m);
}

void memo_configure(struct memo *m, const struct config *config)
{
	memo_clear(m);
	flights_taint(m->flights);
	m->floor = m->clock = 0; /* the store may be a new one, whose clock begins anew */
	take_bounds(m, config);
}

/* --- asking --- */

static void hear_of(struct memo *m, int64_t clock)
{
	if (clock > m->clock)
		m->clock = clock;
}

/* How old an answer may be; 0: it must be exact. */
static int64_t age_limit(const struct memo *m, int64_t max_age_ms)
{
	return max_age_ms < 0 || max_age_ms > m->ttl_ms ? m->ttl_ms : max_age_ms;
}

/* Whether what began at `clock` and `began_ms` serves one who asks now. */
static bool serves(const struct memo *m, int64_t clock, int64_t began_ms, int64_t now_ms,
	int64_t index_clock, int64_t limit_ms)
{
	if (clock < m->floor)
		return false;
	return clock >= index_clock || now_ms - began_ms < limit_ms;
}

static void hit(struct memo *m, struct entry *e, int64_t now_ms, int64_t index_clock,
	struct memo_answer *answer)
{
	*answer = (struct memo_answer){
		.json = e->json,
		.len = e->len,
		.clock = e->clock,
		.age_ms = now_ms - e->born_ms,
		.exact = e->clock >= index_clock,
	};
	if (answer->exact)
		COUNT(m, hits_exact);
	else
		COUNT(m, hits_ttl);
	list_remove(&e->use);
	list_add_last(&m->use, &e->use);
}

enum memo_verdict memo_lookup(struct memo *m, const struct buf *key, int64_t now_ms,
	int64_t index_clock, int64_t max_age_ms, memo_waiter *waiter, void *arg,
	struct memo_answer *answer)
{
	int64_t limit = age_limit(m, max_age_ms), clock, began;
	struct entry *e = strmap_get(m->entries, key->data, key->len);

	hear_of(m, index_clock);
	if (e && serves(m, e->clock, e->born_ms, now_ms, index_clock, limit)) {
		hit(m, e, now_ms, index_clock, answer);
		return MEMO_HIT;
	}
	if (flights_find(m->flights, key, &clock, &began) &&
		serves(m, clock, began, now_ms, index_clock, limit) &&
		flights_join(m->flights, key, waiter, arg)) {
		COUNT(m, joined);
		return MEMO_JOINED;
	}
	flights_begin(m->flights, key, index_clock, now_ms);
	COUNT(m, misses);
	return MEMO_MISS;
}

void memo_leave(struct memo *m, const void *arg)
{
	flights_leave(m->flights, arg);
}

/* --- answering --- */

/* Takes *json; without memory the answer is only not kept. */
static void keep_answer(
	struct memo *m, const struct buf *key, struct buf *json, int64_t born_ms, int64_t clock)
{
	struct entry *e = strmap_get(m->entries, key->data, key->len);
	void *replaced;

	if (e && e->clock > clock)
		return;
	if (e)
		drop(m, e);
	e = mem_zalloc(sizeof *e);
	if (!e)
		return;
	*e = (struct entry){
		.key_len = key->len, .len = json->len, .clock = clock, .born_ms = born_ms};
	e->key = mem_dup(key->data, key->len);
	e->json = buf_take(json);
	if (!e->key || !e->json ||
		strmap_put(m->entries, e->key, e->key_len, e, &replaced) != ST_OK) {
		entry_destroy(e);
		return;
	}
	BUG_UNLESS(!replaced);
	list_add_last(&m->use, &e->use);
	/*
	 * One that took long was born before its neighbours here: it is only swept a little late.
	 */
	list_add_last(&m->aging, &e->age);
	m->bytes += entry_bytes(e);
	evict(m);
	show_size(m);
}

void memo_store(struct memo *m, const struct buf *key, struct buf *json, int64_t now_ms,
	int64_t clock, bool keep)
{
	struct buf answer = *json;
	int64_t born;

	*json = (struct buf)BUF_INIT;
	born = flights_end(
		m->flights, key, ST_OK, answer.data ? answer.data : "", answer.len, clock, now_ms);
	if (keep && born >= 0)
		hear_of(m, clock);
	if (keep && born >= 0 && clock >= m->floor)
		keep_answer(m, key, &answer, born, clock);
	buf_finish(&answer);
}

void memo_fail(struct memo *m, const struct buf *key, enum status st)
{
	(void)flights_end(m->flights, key, st, NULL, 0, 0, 0);
}

void memo_raise_floor(struct memo *m, int64_t clock)
{
	if (clock > m->floor)
		m->floor = clock;
	hear_of(m, clock);
}

/* --- time --- */

static void expire(struct memo *m, struct entry *e)
{
	drop(m, e);
	COUNT(m, expired);
}

int64_t memo_sweep(struct memo *m, int64_t now_ms)
{
	/*
	 * Those past their time: the oldest of them has the lowest clock, so the first that
	 * still serves ends it.
	 */
	while (m->exact.after != &m->exact && entry_of_age(m->exact.after)->clock < m->clock)
		expire(m, entry_of_age(m->exact.after));
	while (m->aging.after != &m->aging) {
		struct entry *e = entry_of_age(m->aging.after);

		if (now_ms - e->born_ms < m->ttl_ms && e->clock >= m->floor)
			return e->born_ms + m->ttl_ms;
		if (e->clock < m->clock || e->clock < m->floor) {
			expire(m, e);
			continue;
		}
		list_remove(&e->age);
		list_add_last(&m->exact, &e->age);
	}
	return 0;
}

cJSON *memo_json(const struct memo *m)
{
	const struct {
		const char *name;
		int64_t value;
	} fields[] = {
		{"entries", (int64_t)strmap_count(m->entries)},
		{"bytes", m->bytes},
		{"hits_exact", m->count.hits_exact},
		{"hits_ttl", m->count.hits_ttl},
		{"misses", m->count.misses},
		{"joined", m->count.joined},
		{"evictions", m->count.evictions},
		{"expired", m->count.expired},
		{"ttl_ms", m->ttl_ms},
	};
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object && i < sizeof fields / sizeof *fields; i++) {
		if (!cJSON_AddNumberToObject(object, fields[i].name, (double)fields[i].value)) {
			cJSON_Delete(object);
			return NULL;
		}
	}
	return object;
}
