/* part_names: a hash table of how often a name was met; see part_names.h. */
#include "part_names.h"

#include "alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_LEAST = 64, NAME_MOST = 4096 };

struct name {
	char *bytes; /* NULL: the slot is free */
	unsigned times;
};

/* Open addressing; never more than half full. */
struct part_names {
	struct name *slots;
	size_t room, used;
	char unique[NAME_MOST];
};

struct part_names *part_names_create(void)
{
	struct part_names *n = alloc_resize(NULL, 1, sizeof *n);

	*n = (struct part_names){.slots = NULL};
	return n;
}

void part_names_begin(struct part_names *n)
{
	for (size_t i = 0; i < n->room; i++)
		free(n->slots[i].bytes);
	free(n->slots);
	n->slots = NULL;
	n->room = n->used = 0;
}

void part_names_destroy(struct part_names *n)
{
	if (!n)
		return;
	part_names_begin(n);
	free(n);
}

/* FNV-1a. */
static size_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	return (size_t)h;
}

/* Where the name is, or belongs. */
static struct name *slot_of(struct name *slots, size_t room, const char *name)
{
	size_t i = hash(name) & (room - 1);

	while (slots[i].bytes && strcmp(slots[i].bytes, name) != 0)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static void grow(struct part_names *n)
{
	size_t room = n->room ? 2 * n->room : ROOM_LEAST;
	struct name *slots = alloc_resize(NULL, room, sizeof *slots);

	memset(slots, 0, room * sizeof *slots);
	for (size_t i = 0; i < n->room; i++)
		if (n->slots[i].bytes)
			*slot_of(slots, room, n->slots[i].bytes) = n->slots[i];
	free(n->slots);
	n->slots = slots;
	n->room = room;
}

static unsigned count(struct part_names *n, const char *name)
{
	struct name *slot;

	if (2 * (n->used + 1) > n->room)
		grow(n);
	slot = slot_of(n->slots, n->room, name);
	if (!slot->bytes) {
		size_t size = strlen(name) + 1;

		slot->bytes = memcpy(alloc_resize(NULL, size, 1), name, size);
		n->used++;
	}
	return ++slot->times;
}

static const char *last_step(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/' || *path == '\\')
			name = path + 1;
	return name;
}

const char *part_names_add(struct part_names *n, const char *name)
{
	name = last_step(name);
	unsigned times = name[0] ? count(n, name) : 1;
	const char *dot = strrchr(name, '.');
	size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);

	if (times == 1)
		snprintf(n->unique, sizeof n->unique, "%s", name);
	else
		snprintf(n->unique, sizeof n->unique, "%.*s (%u)%s", (int)stem, name, times,
			name + stem);
	return n->unique;
}
