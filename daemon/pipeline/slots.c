/* slots: the file of documents in flight; see slots.h. */
#include "pipeline/slots.h"

#include "core/log.h"
#include "core/mem.h"
#include "store/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOT_BYTES = 8192, SUSPECTS_MAX = 256 };

/* On disk; same machine, same daemon: native byte order. */
struct slot {
	uint32_t used; /* written last when set, first when cleared */
	uint32_t alone;
	uint32_t charges;
	uint32_t root_len; /* bytes of `path` that are the root; the rest is below it */
	char path[SLOT_BYTES - 16];
};
_Static_assert(sizeof(struct slot) == SLOT_BYTES, "slots have one size");

struct slots {
	struct slot *slot; /* mapped: workers, then suspects */
	size_t workers, count;
	struct suspect *suspects;
	size_t suspect_count;
};

static bool valid(const struct slot *s)
{
	const char *end = memchr(s->path, 0, sizeof s->path);

	return s->used == 1 && end && s->root_len > 0 && s->root_len < (size_t)(end - s->path);
}

/* One that was with a worker and with the writer at once is one suspect. */
static struct suspect *find_kept(struct slots *s, const struct slot *old)
{
	for (size_t i = 0; i < s->suspect_count; i++) {
		struct suspect *x = &s->suspects[i];

		if (strlen(x->root_path) == old->root_len &&
			!memcmp(x->root_path, old->path, old->root_len) &&
			!strcmp(x->path, old->path + old->root_len + 1))
			return x;
	}
	return NULL;
}

static enum status keep(struct slots *s, const struct slot *old)
{
	struct suspect *twin = find_kept(s, old);
	int charges = (int)old->charges + (old->alone ? 1 : 0);

	if (twin) {
		twin->charges = twin->charges > charges ? twin->charges : charges;
		return ST_OK;
	}
	struct suspect *list = mem_resize(s->suspects, s->suspect_count + 1, sizeof *list);

	if (!list)
		return ST_NOMEM;
	s->suspects = list;
	struct suspect *x = &list[s->suspect_count];
	x->root_path = mem_dup(old->path, old->root_len);
	x->path = mem_strdup(old->path + old->root_len + 1);
	x->charges = charges;
	if (!x->root_path || !x->path) {
		mem_free(x->root_path);
		mem_free(x->path);
		return ST_NOMEM;
	}
	s->suspect_count++;
	return ST_OK;
}

static enum status read_old(struct slots *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct slot old;
	enum status st = ST_OK;

	if (fd < 0)
		return errno == ENOENT ? ST_OK : ST_SYSTEM;
	while (st == ST_OK && s->suspect_count < SUSPECTS_MAX &&
		read(fd, &old, sizeof old) == (ssize_t)sizeof old)
		if (valid(&old))
			st = keep(s, &old);
	close(fd);
	return st;
}

static void fill(struct slot *to, const char *root, const char *path, uint32_t charges, bool alone)
{
	size_t root_len = strlen(root);

	if (root_len + 1 + strlen(path) >= sizeof to->path)
		return; /* longer than the kernel opens: it cannot be in flight */
	memcpy(to->path, root, root_len);
	to->path[root_len] = '/';
	memcpy(to->path + root_len + 1, path, strlen(path) + 1);
	to->root_len = (uint32_t)root_len;
	to->charges = charges;
	to->alone = alone;
	__atomic_store_n(&to->used, 1, __ATOMIC_RELEASE);
}

/* The new file is complete before it takes the old one's name: a death in between loses no suspect. */
static enum status map_new(struct slots *s, const char *state_dir, const char *path)
{
	AUTO_FREE char *fresh = mem_printf("%s.new", path);
	size_t size = s->count * SLOT_BYTES;

	if (!fresh)
		return ST_NOMEM;
	int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return ST_SYSTEM;
	/* Room is taken now: a mapped page without a block behind it is a SIGBUS. */
	int err = posix_fallocate(fd, 0, (off_t)size);
	if (err) {
		close(fd);
		return err == ENOSPC ? ST_FULL : ST_SYSTEM;
	}
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return ST_SYSTEM;
	s->slot = map;
	for (size_t i = 0; i < s->suspect_count; i++) {
		const struct suspect *x = &s->suspects[i];

		fill(&s->slot[s->workers + i], x->root_path, x->path, (uint32_t)x->charges, false);
	}
	if (rename(fresh, path))
		return ST_SYSTEM;
	own_refresh(state_dir); /* so that it is never indexed, through whatever link */
	return ST_OK;
}

enum status slots_open(const char *state_dir, int workers, struct slots **out)
{
	struct slots *s = mem_zalloc(sizeof *s);
	AUTO_FREE char *path = mem_printf("%s/inflight", state_dir);
	enum status st = s && path ? ST_OK : ST_NOMEM;

	if (st == ST_OK)
		st = read_old(s, path);
	if (st == ST_OK) {
		s->workers = (size_t)workers;
		s->count = s->workers + s->suspect_count;
		st = map_new(s, state_dir, path);
	}
	if (st != ST_OK) {
		log_error("%s/inflight: %s", state_dir, status_text(st));
		slots_close(s);
		return st;
	}
	*out = s;
	return ST_OK;
}

void slots_close(struct slots *s)
{
	if (!s)
		return;
	if (s->slot)
		munmap(s->slot, s->count * SLOT_BYTES);
	for (size_t i = 0; i < s->suspect_count; i++) {
		mem_free(s->suspects[i].root_path);
		mem_free(s->suspects[i].path);
	}
	mem_free(s->suspects);
	mem_free(s);
}

size_t slots_suspects(const struct slots *s, const struct suspect **list)
{
	*list = s->suspects;
	return s->suspect_count;
}

void slots_set(struct slots *s, int i, const struct job *j)
{
	/* A suspect has a slot of its own. */
	if (j->reason != JOB_SUSPECT)
		fill(&s->slot[i], j->root_path, j->path, 0, false);
}

void slots_clear(struct slots *s, int i)
{
	__atomic_store_n(&s->slot[i].used, 0, __ATOMIC_RELEASE);
}

static struct slot *slot_of(struct slots *s, const struct job *j)
{
	for (size_t i = 0; i < s->suspect_count; i++)
		if (!strcmp(s->suspects[i].path, j->path) &&
			!strcmp(s->suspects[i].root_path, j->root_path))
			return &s->slot[s->workers + i];
	return NULL;
}

void slots_alone(struct slots *s, const struct job *j, bool alone)
{
	struct slot *x = slot_of(s, j);

	if (x)
		__atomic_store_n(&x->alone, alone, __ATOMIC_RELEASE);
}

void slots_clear_suspect(struct slots *s, const struct job *j)
{
	struct slot *x = slot_of(s, j);

	if (x)
		__atomic_store_n(&x->used, 0, __ATOMIC_RELEASE);
}
