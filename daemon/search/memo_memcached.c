/*
 * memo_memcached: answers in memcached, through libmemcached.  Reader threads only.
 *
 * Names and values of items are sealed (memo_seal.h), so several daemons may use one server, and whoever else does learns
 * nothing; and an answer outlives the daemon that left it.
 *
 * A server that does not answer in time, or not as it should, is left alone for some seconds; that is logged once.
 */
#include "search/memo_storage.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/units.h"
#include "search/memo_seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if HAVE_MEMCACHED
#include "search/memcached_library.h"

enum {
	WAIT_MS = 50,		     /* for one step of the conversation */
	REST_MS = 5000,		     /* after it failed */
	KEEP_S = 24 * 60 * 60,	     /* then memcached may forget it */
	VALUE_MAX = (1 << 20) - 512, /* with its name it is an item of at most 1 MiB, which is memcached's default */
	MEMORY_MAX = 8 << 20,	     /* one allocation of the library's, whatever the server claims */
	IDLE_MOST = 8
};

struct far {
	struct memo_storage storage; /* first */
	const struct memcached_library *lib;
	char *place;		     /* HOST:PORT or /path */
	struct seal seal;

	/* protected by lock */
	struct lock lock;
	memcached_st *idle[IDLE_MOST];
	size_t idle_count;
	int64_t rest_until_ms;
	bool out; /* it failed, and has not answered since */
};

static struct far *far_of(struct memo_storage *s)
{
	return (struct far *)s;
}

/* --- connections -------------------------------------------------------------------------------- */

/*
 * What the server claims bounds nothing: these do.  They are no part of mem.h, whose failures are also made by tests: the
 * library takes no notice where memory is short for a connection of its own.
 */
static bool too_much(size_t n)
{
	return n > MEMORY_MAX;
}

static void *lib_malloc(const memcached_st *m, const size_t n, void *arg)
{
	(void)m;
	(void)arg;
	return too_much(n) ? NULL : malloc(n);
}

static void lib_free(const memcached_st *m, void *p, void *arg)
{
	(void)m;
	(void)arg;
	free(p);
}

static void *lib_realloc(const memcached_st *m, void *p, const size_t n, void *arg)
{
	(void)m;
	(void)arg;
	return too_much(n) ? NULL : realloc(p, n);
}

static void *lib_calloc(const memcached_st *m, size_t count, const size_t size, void *arg)
{
	(void)m;
	(void)arg;
	return too_much(count) || too_much(size) || too_much(count * size) ? NULL : calloc(count, size);
}

static memcached_return_t add_server(const struct memcached_library *lib, memcached_st *m, const char *place)
{
	const char *colon = strrchr(place, ':');
	char host[256];
	int64_t port = 0;

	if (*place == '/')
		return lib->server_add_unix_socket(m, place);
	BUG_UNLESS(colon && units_int(colon + 1, &port) == ST_OK); /* the configuration was checked */
	int bracket = *place == '[';
	snprintf(host, sizeof host, "%.*s", (int)(colon - place) - 2 * bracket, place + bracket);
	return lib->server_add(m, host, (in_port_t)port);
}

static memcached_st *dial(const struct far *f)
{
	static const struct {
		memcached_behavior_t what;
		uint64_t value;
	} manners[] = {
		/* In the text protocol a reply out of place ends the process: the library asserts that there is none. */
		{MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 1},
		{MEMCACHED_BEHAVIOR_NO_BLOCK, 1},
		{MEMCACHED_BEHAVIOR_TCP_NODELAY, 1},
		{MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, WAIT_MS},
		{MEMCACHED_BEHAVIOR_POLL_TIMEOUT, WAIT_MS},
		{MEMCACHED_BEHAVIOR_SND_TIMEOUT, WAIT_MS * 1000},
		{MEMCACHED_BEHAVIOR_RCV_TIMEOUT, WAIT_MS * 1000},
		{MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 0},
		{MEMCACHED_BEHAVIOR_DEAD_TIMEOUT, 0},
	};
	memcached_st *m = f->lib->create(NULL);

	if (!m)
		return NULL;
	bool good = f->lib->set_memory_allocators(
			    m, lib_malloc, lib_free, lib_realloc, lib_calloc, NULL) == MEMCACHED_SUCCESS;
	for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
		good = good &&
		       f->lib->behavior_set(m, manners[i].what, manners[i].value) == MEMCACHED_SUCCESS;
	if (good && add_server(f->lib, m, f->place) == MEMCACHED_SUCCESS)
		return m;
	f->lib->free(m);
	return NULL;
}

/* An idle connection, or none; false: it is left alone for now. */
static bool take_idle(struct far *f, memcached_st **out)
{
	LOCK_SCOPE(&f->lock);
	*out = NULL;
	if (f->rest_until_ms && now_mono_ms() < f->rest_until_ms)
		return false;
	if (f->idle_count > 0)
		*out = f->idle[--f->idle_count];
	return true;
}

static memcached_st *take(struct far *f)
{
	memcached_st *m;

	if (!take_idle(f, &m))
		return NULL;
	return m ? m : dial(f);
}

/* True: it is the first sign of this. */
static bool note(struct far *f, bool good)
{
	LOCK_SCOPE(&f->lock);
	bool news = f->out == good;

	f->out = !good;
	f->rest_until_ms = good ? 0 : now_mono_ms() + REST_MS;
	return news;
}

static bool put_idle(struct far *f, memcached_st *m)
{
	LOCK_SCOPE(&f->lock);
	if (f->idle_count == IDLE_MOST)
		return false;
	f->idle[f->idle_count++] = m;
	return true;
}

/* The server answered as it should, in time. */
static void give_back(struct far *f, memcached_st *m)
{
	if (note(f, true))
		log_notice("memo: memcached at %s answers again", f->place);
	if (!put_idle(f, m))
		f->lib->free(m);
}

static void give_up(struct far *f, memcached_st *m, const char *why)
{
	if (note(f, false)) {
		stats_add(memo_outages, 1);
		log_warning("memo: memcached at %s is left alone for a while: %s", f->place, why);
	}
	f->lib->free(m);
}

/* --- get and put -------------------------------------------------------------------------------- */

static bool get(struct memo_storage *s, const char *key, size_t key_len, int64_t now_ms,
	struct memo_kept *kept)
{
	struct far *f = far_of(s);
	memcached_st *m = take(f);
	memcached_return_t rc;
	struct seal_name name;
	size_t n = 0;
	uint32_t flags;
	bool good = false;

	if (!m)
		return false;
	seal_make_name(&f->seal, key, key_len, &name);
	char *value = f->lib->get(m, name.text, strlen(name.text), &n, &flags, &rc);
	if (rc == MEMCACHED_SUCCESS)
		good = value && seal_open(&f->seal, &name, value, n, now_ms, kept);
	free(value);
	if (rc == MEMCACHED_SUCCESS || rc == MEMCACHED_NOTFOUND)
		give_back(f, m);
	else
		give_up(f, m, f->lib->strerror(m, rc));
	return good;
}

static void put(struct memo_storage *s, const char *key, size_t key_len, struct memo_kept *kept)
{
	struct far *f = far_of(s);
	AUTO_BUF value = BUF_INIT;
	struct seal_name name;

	seal_make_name(&f->seal, key, key_len, &name);
	seal_add(&f->seal, &name, kept, &value);
	memcached_st *m = value.failed || value.len > VALUE_MAX ? NULL : take(f);
	if (!m)
		return;
	memcached_return_t rc = f->lib->set(m, name.text, strlen(name.text), value.data, value.len, KEEP_S, 0);
	if (rc == MEMCACHED_SUCCESS || rc == MEMCACHED_E2BIG || rc == MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE)
		give_back(f, m);
	else
		give_up(f, m, f->lib->strerror(m, rc));
}

/* --- its life ----------------------------------------------------------------------------------- */

static void destroy(struct memo_storage *s)
{
	struct far *f = far_of(s);

	while (f->idle_count > 0)
		f->lib->free(f->idle[--f->idle_count]);
	lock_finish(&f->lock);
	mem_free(f->place);
	seal_finish(&f->seal);
	mem_free(f);
}

static const struct memo_storage_kind kind = {
	.name = "memcached",
	.far = true,
	.get = get,
	.put = put,
	.destroy = destroy,
};

enum status memo_memcached_open(const struct config *config, struct memo_storage **out)
{
	struct far *f = mem_zalloc(sizeof *f);
	enum status st = ST_NOMEM;

	*out = NULL;
	if (!f)
		goto err;
	f->place = mem_strdup(config->memo.storage + strlen("memcached:"));
	if (!f->place)
		goto err_after_alloc;
	st = memcached_library_open(&f->lib);
	if (st != ST_OK)
		goto err_after_place;
	st = seal_init(&f->seal, config->state_dir);
	if (st != ST_OK)
		goto err_after_place;
	lock_init(&f->lock);
	f->storage.kind = &kind;
	atomic_init(&f->storage.refs, 1);
	*out = &f->storage;
	return ST_OK;

err_after_place:
	mem_free(f->place);
err_after_alloc:
	mem_free(f);
err:
	return st;
}
#endif
