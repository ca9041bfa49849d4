/*
 * ole_kind: the directory of a compound file; see ole_kind.h.
 *
 * The layout is that of [MS-CFB]: sectors of 512 or 4096 bytes chained by a table,
 * one chain of which holds the directory's entries, whose names are UTF-16.  What
 * lies in the root is a tree of siblings; what a document embeds lies deeper, and
 * says nothing about it.  Only the part of the table is read that the header
 * locates, and as much of the directory as fits.
 */
#include "ole_kind.h"

#include "typing.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum {
	HEADER = 512,
	SECTOR_MOST = 4096,
	TABLES = 109, /* sectors of the table that the header locates */
	DIRECTORY_MOST = 256 * 1024,
	ENTRY = 128,
	ENTRIES_MOST = DIRECTORY_MOST / ENTRY,
	LEFT = 68, /* in an entry: its siblings, and what it contains */
	RIGHT = 72,
	CHILD = 76,
};

static const struct {
	const char *stream, *type;
} kinds[] = {
	{"EncryptedPackage", TYPING_ENCRYPTED},
	{"WordDocument", "application/msword"},
	{"Workbook", "application/vnd.ms-excel"},
	{"Book", "application/vnd.ms-excel"},
	{"PowerPoint Document", "application/vnd.ms-powerpoint"},
	{"__properties_version1.0", "application/vnd.ms-outlook"},
	{"VisioDocument", "application/vnd.visio"},
};

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* --- the directory's bytes -------------------------------------------------------------------- */

static bool read_sector(int fd, uint32_t number, uint8_t *out, size_t size)
{
	off_t at = ((off_t)number + 1) * (off_t)size;

	return pread(fd, out, size, at) == (ssize_t)size;
}

/* The sector behind `number` in its chain; false if the table cannot be read there. */
static bool next_sector(int fd, const uint8_t *head, size_t size, uint32_t *number)
{
	uint8_t table[SECTOR_MOST];
	size_t per_table = size / 4, which = *number / per_table;

	if (which >= TABLES || !read_sector(fd, load32(head + 76 + 4 * which), table, size))
		return false;
	*number = load32(table + 4 * (*number % per_table));
	return true;
}

/* How many entries are there; the end of a chain is the number of no sector. */
static size_t load_directory(int fd, const uint8_t *head, uint8_t *room)
{
	size_t size = (size_t)1 << head[30], len = 0;
	uint32_t at = load32(head + 48);

	while (len + size <= DIRECTORY_MOST && read_sector(fd, at, room + len, size)) {
		len += size;
		if (!next_sector(fd, head, size, &at))
			break;
	}
	return len / ENTRY;
}

/* --- the names -------------------------------------------------------------------------------- */

/* A name of the table, as the directory stores it: UTF-16 with a NUL behind. */
static bool is_stream(const uint8_t *entry, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i <= len; i++)
		if (entry[2 * i] != (uint8_t)name[i] || entry[2 * i + 1] != 0)
			return false;
	return true;
}

static const char *kind_of(const uint8_t *entry)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (is_stream(entry, kinds[i].stream))
			return kinds[i].type;
	return NULL;
}

/* Visits the root's children, each once even if their links go in circles. */
static const char *search_root(const uint8_t *directory, size_t count)
{
	static uint32_t waiting[ENTRIES_MOST];
	static bool seen[ENTRIES_MOST];
	size_t left = 0;

	memset(seen, 0, sizeof seen);
	for (uint32_t id = load32(directory + CHILD);;) {
		if (id < count && !seen[id]) {
			const uint8_t *entry = directory + (size_t)id * ENTRY;
			const char *kind = kind_of(entry);

			seen[id] = true;
			if (kind)
				return kind;
			waiting[left++] = load32(entry + RIGHT);
			id = load32(entry + LEFT);
		} else if (left > 0) {
			id = waiting[--left];
		} else {
			return NULL;
		}
	}
}

const char *ole_kind(int fd, const uint8_t *head, size_t n)
{
	static uint8_t directory[DIRECTORY_MOST];

	if (n < HEADER || (head[30] != 9 && head[30] != 12))
		return NULL;
	size_t count = load_directory(fd, head, directory);
	return count ? search_root(directory, count) : NULL;
}
