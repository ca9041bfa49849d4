/*
 * memo_memcached: answers in memcached.  Reader threads only.
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
#include "search/memcached_link.h"
#include "search/memo_seal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	REST_MS = 5000,		     /* after it failed */
	KEEP_S = 24 * 60 * 60,	     /* then memcached may forget it */
	VALUE_MAX = (1 << 20) - 512, /* with its name it is an item of at most 1 MiB, which is memcached's default */
	IDLE_MOST = 8
};

struct far {
	struct memo_storage storage; /* first */
	char *place;		     /* HOST:PORT or /path */
	struct seal seal;

	/* protected by lock */
	struct lock lock;
	int idle[IDLE_MOST];
	size_t idle_count;
	int64_t rest_until_ms;
	bool out; /* it failed, and has not answered since */
};

static struct far *far_of(struct memo_storage *s)
{
	return (struct far *)s;
}

/* --- connections -------------------------------------------------------------------------------- */

/* An idle connection, or -1; false: it is left alone for now. */
static bool take_idle(struct far *f, int *out)
{
	LOCK_SCOPE(&f->lock);
	*out = -1;
	if (f->rest_until_ms && now_mono_ms() < f->rest_until_ms)
		return false;
	if (f->idle_count > 0)
		*out = f->idle[--f->idle_count];
	return true;
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

static bool put_idle(struct far *f, int fd)
{
	LOCK_SCOPE(&f->lock);
	if (f->idle_count == IDLE_MOST)
		return false;
	f->idle[f->idle_count++] = fd;
	return true;
}

/* The server answered as it should, in time. */
static void give_back(struct far *f, int fd)
{
	if (note(f, true))
		log_notice("memo: memcached at %s answers again", f->place);
	if (!put_idle(f, fd))
		close(fd);
}

/* -1: there was no connection. */
static void give_up(struct far *f, int fd, const char *why)
{
	if (note(f, false)) {
		stats_add(memo_outages, 1);
		log_warning("memo: memcached at %s is left alone for a while: %s", f->place, why);
	}
	if (fd >= 0)
		close(fd);
}

/* -1: it is left alone. */
static int take(struct far *f)
{
	int fd;

	if (!take_idle(f, &fd))
		return -1;
	if (fd < 0)
		fd = memcached_dial(f->place);
	if (fd < 0)
		give_up(f, fd, strerror(errno));
	return fd;
}

/* --- get and put -------------------------------------------------------------------------------- */

static bool get(struct memo_storage *s, const char *key, size_t key_len, int64_t now_ms,
	struct memo_kept *kept)
{
	struct far *f = far_of(s);
	int fd = take(f);
	AUTO_BUF value = BUF_INIT;
	struct seal_name name;
	const char *why;

	if (fd < 0)
		return false;
	seal_make_name(&f->seal, key, key_len, &name);
	enum memcached_answer answer = memcached_get(fd, name.text, VALUE_MAX, &value, &why);
	if (answer == MEMCACHED_TROUBLE)
		give_up(f, fd, why);
	else
		give_back(f, fd);
	return answer == MEMCACHED_DONE && value.len && seal_open(&f->seal, &name, value.data, value.len, now_ms, kept);
}

static void put(struct memo_storage *s, const char *key, size_t key_len, struct memo_kept *kept)
{
	struct far *f = far_of(s);
	AUTO_BUF value = BUF_INIT;
	struct seal_name name;
	const char *why;

	seal_make_name(&f->seal, key, key_len, &name);
	seal_add(&f->seal, &name, kept, &value);
	int fd = value.failed || value.len > VALUE_MAX ? -1 : take(f);
	if (fd < 0)
		return;
	if (memcached_set(fd, name.text, value.data, value.len, KEEP_S, &why) == MEMCACHED_TROUBLE)
		give_up(f, fd, why);
	else
		give_back(f, fd);
}

/* --- its life ----------------------------------------------------------------------------------- */

static void destroy(struct memo_storage *s)
{
	struct far *f = far_of(s);

	while (f->idle_count > 0)
		close(f->idle[--f->idle_count]);
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
