/* input: mapping or reading a document; see input.h. */
#include "input.h"

#include "alloc.h"
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAP_LEAST = 512 * 1024,  /* below this, reading is cheaper than the page faults */
	KEEP_MOST = 1024 * 1024, /* a larger buffer is given back between documents */
};

struct input {
	uint8_t *own; /* buffer for reading */
	size_t room;
	void *mapping; /* NULL if the document is not mapped */
	size_t mapped;

	int fd;
	uint64_t expected; /* bytes, as announced: a hint */
	size_t size;       /* bytes available */
	bool whole;
};

struct input *input_create(void)
{
	struct input *in = alloc_resize(NULL, 1, sizeof *in);

	*in = (struct input){.fd = -1};
	return in;
}

static void forget(struct input *in)
{
	if (in->mapping)
		munmap(in->mapping, in->mapped);
	in->mapping = NULL;
	if (in->room > KEEP_MOST) {
		free(in->own);
		in->own = NULL;
		in->room = 0;
	}
}

void input_destroy(struct input *in)
{
	if (!in)
		return;
	forget(in);
	free(in->own);
	free(in);
}

void input_open(struct input *in, const struct document *doc)
{
	forget(in);
	in->fd = doc->fd;
	in->expected = doc->size;
	in->size = 0;
	in->whole = false;
}

/* Maps the document if it cannot shrink under us. */
static bool map(struct input *in)
{
	struct stat st;
	int seals = fcntl(in->fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(in->fd, &st) || st.st_size < MAP_LEAST)
		return false;
	void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, in->fd, 0);
	if (at == MAP_FAILED)
		return false;
	in->mapping = at;
	in->mapped = (size_t)st.st_size;
	return true;
}

static void make_room(struct input *in, size_t room)
{
	if (in->room >= room)
		return;
	in->own = alloc_resize(in->own, room, 1);
	in->room = room;
}

/* Reads up to `most` bytes.  A read that brings less than asked for, and as much as announced, was
 * the last. */
static bool read_up_to(struct input *in, size_t most)
{
	while (in->size < most && !in->whole) {
		size_t want = most - in->size;
		ssize_t got = pread(in->fd, in->own + in->size, want, (off_t)in->size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		in->size += (size_t)got;
		in->whole = got == 0 || ((size_t)got < want && in->size >= in->expected);
	}
	return true;
}

bool input_load(struct input *in, size_t most)
{
	if (in->whole || in->size >= most)
		return true;
	if (in->mapping || (in->expected >= MAP_LEAST && most >= MAP_LEAST && map(in))) {
		in->size = most < in->mapped ? most : in->mapped;
		in->whole = in->size == in->mapped;
		return true;
	}
	/* One byte more than announced, so that the first read meets the end; a file that grows is
	 * read on in steps. */
	while (in->size < most && !in->whole) {
		size_t step =
			in->expected > in->size ? (size_t)in->expected + 1 : in->size * 2 + 4096;

		step = step < most ? step : most;
		make_room(in, step);
		if (!read_up_to(in, step))
			return false;
	}
	return true;
}

const uint8_t *input_bytes(const struct input *in)
{
	return in->mapping ? in->mapping : in->own;
}

size_t input_size(const struct input *in)
{
	return in->size;
}

bool input_whole(const struct input *in)
{
	return in->whole;
}
