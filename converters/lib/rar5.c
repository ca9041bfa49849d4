/* rar5: headers, their extra areas, and numbers of variable length; see rar5.h. */
#include "rar5.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
	CRC = 4,
	FIELDS = 64,            /* more than the numbers at a header's start can take */
	EXTRA_MOST = 64 * 1024, /* bytes looked at of an extra area */
	HEADER_MOST = 2 << 20,  /* the format allows no more */
	NUMBER_BITS = 63,
	HAS_EXTRA = 1,
	HAS_DATA = 2,
};

enum block { FILE_HEADER = 2, ENCRYPTION_HEADER = 4, END_OF_ARCHIVE = 5 };

enum { FILE_ENCRYPTION = 1 /* a record of a file's extra area */ };

struct cursor {
	const uint8_t *p, *end;
	bool broken;
};

static int64_t number(struct cursor *c)
{
	int64_t value = 0;

	for (int shift = 0; shift < NUMBER_BITS; shift += 7) {
		if (c->p == c->end)
			break;
		uint8_t byte = *c->p++;
		value |= (int64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->broken = true;
	return 0;
}

void rar5_init(struct rar5 *r, int fd)
{
	static const char signature[8] = "Rar!\x1a\x07\x01";
	char start[sizeof signature];

	r->fd = fd;
	r->at = pread(fd, start, sizeof start, 0) == sizeof start &&
				memcmp(start, signature, sizeof start) == 0
			? (int64_t)sizeof signature
			: -1;
}

static bool has_encryption_record(const struct rar5 *r, int64_t at, int64_t n)
{
	static uint8_t extra[EXTRA_MOST];
	ssize_t got = pread(r->fd, extra, n < EXTRA_MOST ? (size_t)n : EXTRA_MOST, at);
	struct cursor c = {.p = extra, .end = extra + (got > 0 ? got : 0)};

	while (c.p < c.end) {
		int64_t size = number(&c);
		const uint8_t *record = c.p;
		int64_t type = number(&c);

		if (c.broken || size <= 0 || size > c.end - record)
			return false;
		if (type == FILE_ENCRYPTION)
			return true;
		c.p = record + size;
	}
	return false;
}

/* One block; false where there is none.  `*locked` is of a file. */
static bool next_block(struct rar5 *r, int64_t *type, bool *locked)
{
	uint8_t fields[FIELDS];
	ssize_t got = r->at < 0 ? 0 : pread(r->fd, fields, sizeof fields, r->at);
	struct cursor c = {.p = fields + CRC, .end = fields + (got > CRC ? got : CRC)};
	int64_t size = number(&c), start = r->at + (c.p - fields);

	*type = number(&c);
	int64_t flags = number(&c);
	int64_t extra = flags & HAS_EXTRA ? number(&c) : 0;
	int64_t data = flags & HAS_DATA ? number(&c) : 0, end;
	if (c.broken || size == 0 || size > HEADER_MOST || extra > size ||
		__builtin_add_overflow(start + size, data, &end))
		return false;
	*locked = *type == FILE_HEADER && has_encryption_record(r, start + size - extra, extra);
	r->at = end;
	return true;
}

enum rar5_member rar5_next(struct rar5 *r)
{
	int64_t type;
	bool locked;

	while (next_block(r, &type, &locked)) {
		if (type == FILE_HEADER)
			return locked ? RAR5_LOCKED : RAR5_OPEN;
		if (type == ENCRYPTION_HEADER)
			return RAR5_SEALED;
		if (type == END_OF_ARCHIVE)
			break;
	}
	r->at = -1;
	return RAR5_NONE;
}
