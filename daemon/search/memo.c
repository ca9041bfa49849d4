/* memo: which answers serve whom; see memo.h. */
#include "search/memo.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "search/flights.h"

#include <sodium.h>
#include <string.h>

struct memo {
	struct memo_storage *storage;
	struct flights *flights;
	int64_t ttl_ms;
	int64_t floor;
	int64_t clock; /* the newest heard of */
	/* Of the keys in a far storage: what the clock counts in, the configuration, and how often it was cleared. */
	bool identified;
	char instance[33];
	unsigned char settings[32], salt[32];
	uint64_t generation;
	struct memo_sizes before; /* of storages that were replaced */
	struct {
		int64_t hits_exact, hits_ttl, hits_ahead, misses, joined, refreshed;
	} count;
};

/* The memo's own count and the daemon's. */
#define COUNT(m, what) ((m)->count.what++, stats_add(memo_##what, 1))

bool memo_need_met(const struct memo_need *need, int64_t clock, int64_t age_ms)
{
	return clock >= need->floor && (clock >= need->clock || age_ms < need->limit_ms);
}

/* --- its life --- */

static void hash_texts(crypto_generichash_state *hash, const struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		crypto_generichash_update(
			hash, (const unsigned char *)list->items[i], strlen(list->items[i]) + 1);
}

/* What answers depend on beside the store: they outlive the daemon in a far storage, and it may come back another. */
static void hash_settings(const struct config *config, unsigned char out[32])
{
	static const unsigned char version[] = TRAWL_VERSION;
	crypto_generichash_state hash;

	crypto_generichash_init(&hash, NULL, 0, 32);
	crypto_generichash_update(&hash, version, sizeof version);
	hash_texts(&hash, &config->languages);
	for (size_t i = 0; i < config->root_count; i++) {
		const struct config_root *r = &config->roots[i];
		const struct config_list texts = {(char *[]){r->name, r->path}, 2};

		hash_texts(&hash, &texts);
	}
	crypto_generichash_final(&hash, out, 32);
}

static void make_salt(struct memo *m)
{
	crypto_generichash_state hash;

	crypto_generichash_init(&hash, m->settings, sizeof m->settings, sizeof m->salt);
	crypto_generichash_update(
		&hash, (const unsigned char *)m->instance, sizeof m->instance);
	crypto_generichash_update(
		&hash, (const unsigned char *)&m->generation, sizeof m->generation);
	crypto_generichash_final(&hash, m->salt, sizeof m->salt);
}

enum status memo_create(const struct config *config, struct memo **out)
{
	struct memo *m = mem_zalloc(sizeof *m);
	enum status st = ST_NOMEM;

	*out = NULL;
	if (!m)
		goto err;
	st = memo_storage_open(config, &m->storage);
	if (st != ST_OK)
		goto err_after_alloc;
	st = flights_create(&m->flights);
	if (st != ST_OK)
		goto err_after_storage;
	m->ttl_ms = config->memo.ttl_ms;
	hash_settings(config, m->settings);
	*out = m;
	return ST_OK;

err_after_storage:
	memo_storage_unref(m->storage);
err_after_alloc:
	mem_free(m);
err:
	return st;
}

void memo_destroy(struct memo *m)
{
	if (!m)
		return;
	flights_destroy(m->flights);
	memo_storage_unref(m->storage);
	mem_free(m);
}

static struct memo_sizes sizes_of(const struct memo *m)
{
	const struct memo_storage_kind *kind = m->storage->kind;
	struct memo_sizes sizes = {0};

	if (kind->sizes)
		sizes = kind->sizes(m->storage);
	sizes.evictions += m->before.evictions;
	sizes.expired += m->before.expired;
	return sizes;
}

void memo_clear(struct memo *m)
{
	if (m->storage->kind->clear)
		m->storage->kind->clear(m->storage);
	/* Far, what is there is left to lie under a key that nobody asks for any more. */
	randombytes_buf(&m->generation, sizeof m->generation);
	make_salt(m);
}

void memo_configure(struct memo *m, const struct config *config)
{
	struct memo_storage *storage;

	memo_clear(m);
	flights_taint(m->flights);
	m->floor = m->clock = 0; /* the store may be a new one, whose clock begins anew */
	m->ttl_ms = config->memo.ttl_ms;
	hash_settings(config, m->settings);
	make_salt(m);
	enum status st = memo_storage_open(config, &storage);
	if (st != ST_OK) {
		log_error("memo: the old storage stays: %s", status_text(st));
		return;
	}
	m->before = sizes_of(m);
	memo_storage_unref(m->storage);
	m->storage = storage;
}

void memo_identify(struct memo *m, const char *instance, int64_t clock)
{
	size_t len = strlen(instance);

	BUG_UNLESS(len < sizeof m->instance);
	memset(m->instance, 0, sizeof m->instance);
	memcpy(m->instance, instance, len);
	m->identified = true;
	make_salt(m);
	memo_raise_floor(m, clock);
}

/* --- asking --- */

static void hear_of(struct memo *m, int64_t clock)
{
	if (clock > m->clock)
		m->clock = clock;
}

static struct memo_need need_of(const struct memo *m, int64_t index_clock, int64_t max_age_ms)
{
	bool own = max_age_ms >= 0 && max_age_ms < m->ttl_ms;

	return (struct memo_need){index_clock, m->floor, own ? max_age_ms : m->ttl_ms};
}

static void count_hit(struct memo *m, bool exact, bool ahead)
{
	if (exact)
		COUNT(m, hits_exact);
	else
		COUNT(m, hits_ttl);
	if (ahead)
		COUNT(m, hits_ahead);
}

/* What the storage has, if it is near and it serves. */
static bool look(struct memo *m, const struct buf *key, int64_t now_ms, const struct memo_need *need,
	struct memo_kept *kept)
{
	const struct memo_storage_kind *kind = m->storage->kind;

	return !kind->far && kind->get(m->storage, key->data, key->len, now_ms, kept) &&
	       memo_need_met(need, kept->clock, kept->age_ms);
}

/* Whether a flight is under way whose answer will serve. */
static bool flies(struct memo *m, const struct buf *key, int64_t now_ms, const struct memo_need *need)
{
	int64_t clock, began;

	return flights_find(m->flights, key, &clock, &began) && memo_need_met(need, clock, now_ms - began);
}

enum memo_verdict memo_lookup(struct memo *m, const struct buf *key, int64_t now_ms,
	int64_t index_clock, int64_t max_age_ms, memo_waiter *waiter, void *arg,
	struct memo_answer *answer)
{
	const struct memo_need need = need_of(m, index_clock, max_age_ms);
	struct memo_kept kept;

	hear_of(m, index_clock);
	if (look(m, key, now_ms, &need, &kept)) {
		*answer = (struct memo_answer){
			kept.json.data, kept.json.len, kept.clock, kept.age_ms, .cached = true};
		count_hit(m, kept.clock >= index_clock, kept.ahead);
		return MEMO_HIT;
	}
	if (flies(m, key, now_ms, &need) && flights_join(m->flights, key, &need, waiter, arg)) {
		COUNT(m, joined);
		return MEMO_JOINED;
	}
	flights_begin(m->flights, key, index_clock, now_ms);
	if (!m->storage->kind->far) /* else the reader will see */
		COUNT(m, misses);
	return MEMO_MISS;
}

bool memo_refresh(struct memo *m, const struct buf *key, int64_t now_ms, int64_t index_clock)
{
	const struct memo_need need = need_of(m, index_clock, 0);
	struct memo_kept kept;

	hear_of(m, index_clock);
	if (look(m, key, now_ms, &need, &kept) || flies(m, key, now_ms, &need))
		return false;
	flights_begin(m->flights, key, index_clock, now_ms);
	return true;
}

void memo_leave(struct memo *m, const void *arg)
{
	flights_leave(m->flights, arg);
}

/* --- answering --- */

static void count_landing(struct memo *m, const struct memo_made *made)
{
	if (made->kept.ahead) {
		if (!made->cached)
			COUNT(m, refreshed);
	} else if (made->cached) {
		count_hit(m, made->kept.clock >= m->clock, made->found_ahead);
	} else if (m->storage->kind->far) {
		COUNT(m, misses);
	}
}

void memo_store(struct memo *m, const struct buf *key, struct memo_made *made, int64_t now_ms)
{
	const struct memo_storage_kind *kind = m->storage->kind;
	struct memo_kept kept = made->kept;
	const struct memo_answer answer = {kept.json.data ? kept.json.data : "", kept.json.len, kept.clock,
		made->cached ? kept.age_ms : 0, made->cached};

	made->kept.json = (struct buf)BUF_INIT;
	kept.born_ms = flights_end(m->flights, key, ST_OK, &answer, now_ms);
	count_landing(m, made);
	if (kept.born_ms >= 0 && made->keep) {
		hear_of(m, kept.clock);
		if (!kind->far && kept.clock >= m->floor)
			kind->put(m->storage, key->data, key->len, &kept);
	}
	buf_finish(&kept.json);
}

void memo_fail(struct memo *m, const struct buf *key, enum status st)
{
	(void)flights_end(m->flights, key, st, NULL, 0);
}

void memo_raise_floor(struct memo *m, int64_t clock)
{
	if (clock > m->floor)
		m->floor = clock;
	hear_of(m, clock);
}

int64_t memo_sweep(struct memo *m, int64_t now_ms)
{
	const struct memo_storage_kind *kind = m->storage->kind;

	return kind->sweep ? kind->sweep(m->storage, now_ms, m->clock, m->floor) : 0;
}

/* --- far --- */

void memo_far_begin(struct memo *m, const struct buf *key, int64_t index_clock, int64_t max_age_ms,
	struct memo_far *out)
{
	*out = (struct memo_far){.storage = NULL};
	if (!m->storage->kind->far || !m->identified)
		return;
	out->storage = memo_storage_ref(m->storage);
	out->need = need_of(m, index_clock, max_age_ms);
	crypto_generichash(out->key, sizeof out->key, (const unsigned char *)key->data, key->len, m->salt,
		sizeof m->salt);
}

bool memo_far_get(const struct memo_far *f, struct memo_kept *kept)
{
	int64_t age_limited;

	if (!f->storage)
		return false;
	if (!f->storage->kind->get(f->storage, (const char *)f->key, sizeof f->key, now_mono_ms(), kept))
		return false;
	age_limited = kept->foreign ? INT64_MAX : kept->age_ms;
	if (memo_need_met(&f->need, kept->clock, age_limited))
		return true;
	buf_finish(&kept->json);
	return false;
}

void memo_far_put(const struct memo_far *f, const struct memo_kept *kept)
{
	struct memo_kept copy = *kept;

	if (f->storage && kept->clock >= f->need.floor)
		f->storage->kind->put(f->storage, (const char *)f->key, sizeof f->key, &copy);
}

void memo_far_end(struct memo_far *f)
{
	memo_storage_unref(f->storage);
	f->storage = NULL;
}

/* --- what it tells --- */

cJSON *memo_json(const struct memo *m)
{
	const struct memo_sizes sizes = sizes_of(m);
	const struct {
		const char *name;
		int64_t value;
	} fields[] = {
		{"entries", sizes.entries},
		{"bytes", sizes.bytes},
		{"hits_exact", m->count.hits_exact},
		{"hits_ttl", m->count.hits_ttl},
		{"hits_ahead", m->count.hits_ahead},
		{"misses", m->count.misses},
		{"joined", m->count.joined},
		{"refreshed", m->count.refreshed},
		{"evictions", sizes.evictions},
		{"expired", sizes.expired},
		{"ttl_ms", m->ttl_ms},
	};
	cJSON *object = cJSON_CreateObject();

	if (object && !cJSON_AddStringToObject(object, "storage", m->storage->kind->name))
		goto err_after_create;
	for (size_t i = 0; object && i < sizeof fields / sizeof *fields; i++)
		if (!cJSON_AddNumberToObject(object, fields[i].name, (double)fields[i].value))
			goto err_after_create;
	return object;

err_after_create:
	cJSON_Delete(object);
	return NULL;
}
