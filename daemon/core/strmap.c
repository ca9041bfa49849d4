/*
 * strmap: byte strings to pointers; see strmap.h.  Linear probing; a taken entry leaves a grave,
 * so that iteration stays put.
 */
#include "core/strmap.h"

#include "core/mem.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_ROOM = 16 }; /* a power of two, as every room is */

struct slot {
	uint64_t hash;
	char *key; /* NULL: never used, or `grave` */
	size_t len;
	void *value;
};

struct strmap {
	struct slot *slots;
	size_t room;
	size_t count;
	size_t graves;
};

static char grave[1];

/* --- hash --- */

static uint64_t process_seed(void)
{
	static _Atomic uint64_t seed;
	uint64_t now = atomic_load_explicit(&seed, memory_order_relaxed), made = 0;

	if (now)
		return now;
	/*
	 * Without a random source (a kernel of before 2014, a filter) the layout of memory is what
	 * an attacker knows least.
	 */
	if (getrandom(&made, sizeof made, GRND_NONBLOCK) != (ssize_t)sizeof made)
		made = (uint64_t)(uintptr_t)&made ^ (uint64_t)(uintptr_t)grave << 20;
	made |= 1;
	return atomic_compare_exchange_strong(&seed, &now, made) ? made : now;
}

/* Both halves of the full product: every bit of a and b reaches the middle of the result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t strmap_hash(const void *bytes, size_t len)
{
	const char *s = bytes;
	const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / golden ratio */
	uint64_t h = process_seed() ^ mix(len ^ odd, odd), word;

	for (; len >= sizeof word; s += sizeof word, len -= sizeof word) {
		memcpy(&word, s, sizeof word);
		h = mix(h ^ word, odd);
	}
	word = 0;
	if (len)
		memcpy(&word, s, len);
	return mix(mix(h ^ word, odd), process_seed());
}

/* --- table --- */

enum status strmap_create(struct strmap **out)
{
	struct strmap *m = mem_zalloc(sizeof *m);

	if (!m)
		return ST_NOMEM;
	m->slots = mem_zalloc(FIRST_ROOM * sizeof *m->slots);
	if (!m->slots) {
		mem_free(m);
		return ST_NOMEM;
	}
	m->room = FIRST_ROOM;
	*out = m;
	return ST_OK;
}

static bool is_live(const struct slot *s)
{
	return s->key && s->key != grave;
}

void strmap_destroy(struct strmap *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->room; i++) {
		if (is_live(&m->slots[i]))
			mem_free(m->slots[i].key);
	}
	mem_free(m->slots);
	mem_free(m);
}

size_t strmap_count(const struct strmap *m)
{
	return m->count;
}

static struct slot *find(const struct strmap *m, const char *key, size_t len, uint64_t hash)
{
	for (size_t i = hash & (m->room - 1);; i = (i + 1) & (m->room - 1)) {
		struct slot *s = &m->slots[i];

		if (!s->key)
			return NULL;
		if (s->key != grave && s->hash == hash && s->len == len &&
			(!len || !memcmp(s->key, key, len)))
			return s;
	}
}

/* The first slot without a live key on the way of `hash`. */
static struct slot *vacancy(struct slot *slots, size_t room, uint64_t hash)
{
	size_t i = hash & (room - 1);

	while (is_live(&slots[i]))
		i = (i + 1) & (room - 1);
	return &slots[i];
}

/* Keeps a quarter of the slots unused, so that every search ends soon; graves go on the way. */
static enum status make_room(struct strmap *m)
{
	size_t room = FIRST_ROOM;

	if (m->count + m->graves + 1 <= m->room / 4 * 3)
		return ST_OK;
	while (m->count + 1 > room / 2)
		room *= 2;
	struct slot *slots =
		room > SIZE_MAX / sizeof *slots ? NULL : mem_zalloc(room * sizeof *slots);
	if (!slots)
		return ST_NOMEM;
	for (size_t i = 0; i < m->room; i++) {
		if (is_live(&m->slots[i]))
			*vacancy(slots, room, m->slots[i].hash) = m->slots[i];
	}
	mem_free(m->slots);
	m->slots = slots;
	m->room = room;
	m->graves = 0;
	return ST_OK;
}

void *strmap_get(const struct strmap *m, const char *key, size_t len)
{
	const struct slot *s = find(m, key, len, strmap_hash(key, len));

	return s ? s->value : NULL;
}

enum status strmap_put(struct strmap *m, const char *key, size_t len, void *value, void **old)
{
	uint64_t hash = strmap_hash(key, len);
	struct slot *s = find(m, key, len, hash);

	if (old)
		*old = s ? s->value : NULL;
	if (s) {
		s->value = value;
		return ST_OK;
	}
	if (make_room(m))
		return ST_NOMEM;
	char *copy = mem_dup(key, len);
	if (!copy)
		return ST_NOMEM;
	s = vacancy(m->slots, m->room, hash);
	m->graves -= s->key == grave;
	m->count++;
	*s = (struct slot){hash, copy, len, value};
	return ST_OK;
}

/* Graves that end in an unused slot guard nothing any more. */
static void clear_graves(struct strmap *m, size_t i)
{
	if (m->slots[(i + 1) & (m->room - 1)].key)
		return;
	for (; m->slots[i].key == grave; i = (i - 1) & (m->room - 1)) {
		m->slots[i].key = NULL;
		m->graves--;
	}
}

void *strmap_take(struct strmap *m, const char *key, size_t len)
{
	struct slot *s = find(m, key, len, strmap_hash(key, len));

	if (!s)
		return NULL;
	void *value = s->value;
	mem_free(s->key);
	*s = (struct slot){.key = grave};
	m->count--;
	m->graves++;
	clear_graves(m, (size_t)(s - m->slots));
	return value;
}

bool strmap_next(const struct strmap *m, size_t *at, const char **key, size_t *len, void **value)
{
	while (*at < m->room && !is_live(&m->slots[*at]))
		++*at;
	if (*at == m->room)
		return false;
	const struct slot *s = &m->slots[(*at)++];
	*key = s->key;
	if (len)
		*len = s->len;
	if (value)
		*value = s->value;
	return true;
}
