/*
 * memo_memcached: answers in memcached, through libmemcached.  Reader threads only.
 *
 * Whoever shares the server learns nothing: names of items are keyed hashes, values are sealed with a secret of the
 * state directory, bound to their item.  So what does not open is no answer, whatever was done to it.  Several daemons
 * may use one server, each has its own secret; and an answer outlives the daemon that left it.
 *
 * A server that does not answer in time, or not as it should, is left alone for some seconds; that is logged once.
 */
#include "search/memo_storage.h"

#include "core/ident.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/units.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if HAVE_MEMCACHED
#include <libmemcached/memcached.h>

enum {
	WAIT_MS = 50,		     /* for one step of the conversation */
	REST_MS = 5000,		     /* after it failed */
	KEEP_S = 24 * 60 * 60,	     /* then memcached may forget it */
	VALUE_MAX = (1 << 20) - 512, /* with its name it is an item of at most 1 MiB, which is memcached's default */
	MEMORY_MAX = 8 << 20,	     /* one allocation of the library's, whatever the server claims */
	IDLE_MOST = 8,
	VALUE_VERSION = 1,
	SECRET_BYTES = 32
};

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

/* What lies in front of the answer inside the seal. */
struct stamp {
	uint64_t run;		 /* which run of the daemon made it */
	int64_t born_ms, made_s; /* monotonic, of that run; by the wall clock */
	int64_t clock;
	uint64_t len, ahead;
};

struct far {
	struct memo_storage storage; /* first */
	char *place;		     /* HOST:PORT or /path */
	unsigned char secret[SECRET_BYTES], seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint64_t run;

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

static memcached_return_t add_server(memcached_st *m, const char *place)
{
	const char *colon = strrchr(place, ':');
	char host[256];
	int64_t port = 0;

	if (*place == '/')
		return memcached_server_add_unix_socket(m, place);
	BUG_UNLESS(colon && units_int(colon + 1, &port) == ST_OK); /* the configuration was checked */
	int bracket = *place == '[';
	snprintf(host, sizeof host, "%.*s", (int)(colon - place) - 2 * bracket, place + bracket);
	return memcached_server_add(m, host, (in_port_t)port);
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
	memcached_st *m = memcached_create(NULL);

	if (!m)
		return NULL;
	bool good = memcached_set_memory_allocators(
			    m, lib_malloc, lib_free, lib_realloc, lib_calloc, NULL) == MEMCACHED_SUCCESS;
	for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
		good = good &&
		       memcached_behavior_set(m, manners[i].what, manners[i].value) == MEMCACHED_SUCCESS;
	if (good && add_server(m, f->place) == MEMCACHED_SUCCESS)
		return m;
	memcached_free(m);
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
		memcached_free(m);
}

static void give_up(struct far *f, memcached_st *m, const char *why)
{
	if (note(f, false)) {
		stats_add(memo_outages, 1);
		log_warning("memo: memcached at %s is left alone for a while: %s", f->place, why);
	}
	memcached_free(m);
}

/* --- names and seals ---------------------------------------------------------------------------- */

enum { NAME_BYTES = crypto_generichash_BYTES, NAME_TEXT = NAME_BYTES * 4 / 3 + 4 };

struct name {
	unsigned char bytes[NAME_BYTES];
	char text[NAME_TEXT];
};

static void make_name(const struct far *f, const char *key, size_t key_len, struct name *n)
{
	crypto_generichash(n->bytes, sizeof n->bytes, (const unsigned char *)key, key_len, f->secret,
		sizeof f->secret);
	sodium_bin2base64(n->text, sizeof n->text, n->bytes, sizeof n->bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* version, nonce, seal over stamp and answer. */
static void add_sealed(const struct far *f, const struct name *name, const struct memo_kept *kept,
	struct buf *out)
{
	const struct stamp stamp = {f->run, kept->born_ms, now_real_s(), kept->clock, kept->json.len,
		kept->ahead};
	unsigned char nonce[NONCE_BYTES];
	AUTO_BUF plain = BUF_INIT;

	buf_add(&plain, &stamp, sizeof stamp);
	buf_add(&plain, kept->json.data, kept->json.len);
	randombytes_buf(nonce, sizeof nonce);
	buf_addc(out, VALUE_VERSION);
	buf_add(out, nonce, sizeof nonce);
	if (plain.failed || !buf_reserve(out, plain.len + SEAL_BYTES)) {
		out->failed = true;
		return;
	}
	crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)out->data + out->len, NULL,
		(const unsigned char *)plain.data, plain.len, name->bytes, sizeof name->bytes, NULL, nonce,
		f->seal);
	out->len += plain.len + SEAL_BYTES;
}

static bool open_sealed(const struct far *f, const struct name *name, const char *value, size_t n,
	int64_t now_ms, struct memo_kept *kept)
{
	const unsigned char *bytes = (const unsigned char *)value;
	const size_t head = 1 + NONCE_BYTES;
	AUTO_BUF plain = BUF_INIT;
	struct stamp stamp;

	if (n < head + SEAL_BYTES + sizeof stamp || bytes[0] != VALUE_VERSION || !buf_reserve(&plain, n))
		return false;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)plain.data, NULL, NULL, bytes + head,
		    n - head, name->bytes, sizeof name->bytes, bytes + 1, f->seal) != 0)
		return false;
	plain.len = n - head - SEAL_BYTES;
	memcpy(&stamp, plain.data, sizeof stamp);
	if (stamp.len != plain.len - sizeof stamp)
		return false;
	*kept = (struct memo_kept){.clock = stamp.clock, .born_ms = stamp.born_ms, .ahead = stamp.ahead != 0};
	kept->foreign = stamp.run != f->run;
	kept->age_ms = kept->foreign ? (now_real_s() - stamp.made_s) * 1000 : now_ms - stamp.born_ms;
	if (kept->age_ms < 0) /* the wall clock was set back */
		kept->age_ms = 0;
	buf_add(&kept->json, plain.data + sizeof stamp, stamp.len);
	if (!kept->json.failed)
		return true;
	buf_finish(&kept->json);
	return false;
}

/* --- get and put -------------------------------------------------------------------------------- */

static bool get(struct memo_storage *s, const char *key, size_t key_len, int64_t now_ms,
	struct memo_kept *kept)
{
	struct far *f = far_of(s);
	memcached_st *m = take(f);
	memcached_return_t rc;
	struct name name;
	size_t n = 0;
	uint32_t flags;
	bool good = false;

	if (!m)
		return false;
	make_name(f, key, key_len, &name);
	char *value = memcached_get(m, name.text, strlen(name.text), &n, &flags, &rc);
	if (rc == MEMCACHED_SUCCESS)
		good = value && open_sealed(f, &name, value, n, now_ms, kept);
	free(value);
	if (rc == MEMCACHED_SUCCESS || rc == MEMCACHED_NOTFOUND)
		give_back(f, m);
	else
		give_up(f, m, memcached_strerror(m, rc));
	return good;
}

static void put(struct memo_storage *s, const char *key, size_t key_len, struct memo_kept *kept)
{
	struct far *f = far_of(s);
	AUTO_BUF value = BUF_INIT;
	struct name name;

	if (kept->json.len > VALUE_MAX - sizeof(struct stamp) - 1 - NONCE_BYTES - SEAL_BYTES)
		return;
	make_name(f, key, key_len, &name);
	add_sealed(f, &name, kept, &value);
	memcached_st *m = value.failed ? NULL : take(f);
	if (!m)
		return;
	memcached_return_t rc = memcached_set(m, name.text, strlen(name.text), value.data, value.len, KEEP_S, 0);
	if (rc == MEMCACHED_SUCCESS || rc == MEMCACHED_E2BIG || rc == MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE)
		give_back(f, m);
	else
		give_up(f, m, memcached_strerror(m, rc));
}

/* --- its life ----------------------------------------------------------------------------------- */

static void destroy(struct memo_storage *s)
{
	struct far *f = far_of(s);

	while (f->idle_count > 0)
		memcached_free(f->idle[--f->idle_count]);
	lock_finish(&f->lock);
	mem_free(f->place);
	sodium_memzero(f, sizeof *f);
	mem_free(f);
}

static const struct memo_storage_kind kind = {
	.name = "memcached",
	.far = true,
	.get = get,
	.put = put,
	.destroy = destroy,
};

/* What is there, or a new one; one that is too short was being written when a daemon died. */
static enum status read_secret(int fd, unsigned char secret[SECRET_BYTES])
{
	ssize_t n = pread(fd, secret, SECRET_BYTES, 0);

	if (n == SECRET_BYTES)
		return ST_OK;
	if (n < 0)
		return ST_IO;
	randombytes_buf(secret, SECRET_BYTES);
	return pwrite(fd, secret, SECRET_BYTES, 0) == SECRET_BYTES ? ST_OK : ST_IO;
}

/*
 * The secret of this very store.  A state directory that was copied or restored has another database file: what its
 * twin left is not for it, for both count with the same clock.
 */
static enum status load_secret(struct far *f, const char *state_dir)
{
	AUTO_FREE char *path = mem_printf("%s/memo.key", state_dir);
	AUTO_FREE char *database = mem_printf("%s/index.db", state_dir);
	unsigned char kept[SECRET_BYTES];
	struct ident id = {0};

	if (!path || !database)
		return ST_NOMEM;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum status st = fd < 0 ? ST_IO : read_secret(fd, kept);
	int error = errno;
	if (fd >= 0)
		(void)close(fd);
	if (st == ST_OK && ident_at(AT_FDCWD, database, &id) < 0)
		st = ST_IO;
	if (st != ST_OK) {
		log_error("%s: %s", path, strerrordesc_np(error));
		return st;
	}
	const uint64_t which[] = {(uint64_t)id.ino, (uint64_t)id.btime_ns};
	crypto_generichash(f->secret, sizeof f->secret, (const unsigned char *)which, sizeof which, kept, sizeof kept);
	crypto_generichash(f->seal, sizeof f->seal, (const unsigned char *)"seal", 4, f->secret, sizeof f->secret);
	sodium_memzero(kept, sizeof kept);
	return ST_OK;
}

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
	st = load_secret(f, config->state_dir);
	if (st != ST_OK)
		goto err_after_place;
	randombytes_buf(&f->run, sizeof f->run);
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
