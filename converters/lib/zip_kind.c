/*
 * zip_kind: names out of a zip's directory; see zip_kind.h.
 *
 * The central directory at the end tells all names; an archive that lost its end
 * still has a header before each member.  Nothing is inflated.
 */
#include "zip_kind.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum {
	LOCAL_HEADER = 30,
	CENTRAL_HEADER = 46,
	END_RECORD = 22,
	END_WITHIN = END_RECORD + 65535, /* the archive's comment follows it */
	DIRECTORY_MOST = 256 * 1024,     /* bytes of names looked at */
	MIMETYPE_MOST = 127,
};

struct span {
	const uint8_t *p;
	size_t n;
};

/* What names were seen so far. */
struct seen {
	bool content_types, container, manifest, android;
	const char *office; /* the first folder of OOXML's decides */
};

static const struct {
	const char *folder, *type;
} offices[] = {
	{"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"visio/", "application/vnd.ms-visio.drawing.main+xml"},
};

static uint32_t load16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t load32(const uint8_t *p)
{
	return load16(p) | load16(p + 2) << 16;
}

static bool is_name(struct span name, const char *s)
{
	return name.n == strlen(s) && memcmp(name.p, s, name.n) == 0;
}

static void take_name(struct seen *seen, struct span name)
{
	seen->content_types |= is_name(name, "[Content_Types].xml");
	seen->container |= is_name(name, "META-INF/container.xml");
	seen->manifest |= is_name(name, "META-INF/MANIFEST.MF");
	seen->android |= is_name(name, "AndroidManifest.xml");
	for (size_t i = 0; i < sizeof offices / sizeof offices[0] && !seen->office; i++) {
		size_t len = strlen(offices[i].folder);

		if (name.n > len && memcmp(name.p, offices[i].folder, len) == 0)
			seen->office = offices[i].type;
	}
}

static const char *judge(const struct seen *seen)
{
	if (seen->content_types && seen->office)
		return seen->office;
	if (seen->container)
		return "application/epub+zip";
	if (seen->android)
		return "application/vnd.android.package-archive";
	if (seen->manifest)
		return "application/java-archive";
	return "application/zip";
}

/* --- where the names are ---------------------------------------------------------------------- */

/* Headers one behind the other, as far as they are whole. */
static void walk_central(struct seen *seen, struct span at)
{
	while (at.n >= CENTRAL_HEADER && memcmp(at.p, "PK\1\2", 4) == 0) {
		size_t name = load16(at.p + 28);
		size_t all = CENTRAL_HEADER + name + load16(at.p + 30) + load16(at.p + 32);

		if (all > at.n)
			return;
		take_name(seen, (struct span){at.p + CENTRAL_HEADER, name});
		at.p += all;
		at.n -= all;
	}
}

/* Members' sizes may be told behind them only: their headers are searched for. */
static void walk_local(struct seen *seen, struct span at)
{
	for (const uint8_t *p; (p = memmem(at.p, at.n, "PK\3\4", 4)) != NULL;) {
		at.n -= (size_t)(p - at.p);
		at.p = p;
		if (at.n < LOCAL_HEADER)
			return;
		size_t name = load16(p + 26);
		if (LOCAL_HEADER + name > at.n)
			return;
		take_name(seen, (struct span){p + LOCAL_HEADER, name});
		at.p += LOCAL_HEADER;
		at.n -= LOCAL_HEADER;
	}
}

/* The directory's bytes into `room`; none if the archive has no end. */
static struct span load_central(int fd, uint64_t size, uint8_t *room)
{
	static const struct span none;
	size_t tail = size < END_WITHIN ? (size_t)size : END_WITHIN;
	const uint8_t *end = NULL;

	if (pread(fd, room, tail, (off_t)(size - tail)) != (ssize_t)tail)
		return none;
	for (size_t at = tail < END_RECORD ? 0 : tail - END_RECORD + 1; at > 0 && !end; at--)
		if (memcmp(room + at - 1, "PK\5\6", 4) == 0)
			end = room + at - 1;
	if (!end)
		return none;
	uint64_t from = load32(end + 16), len = load32(end + 12);
	if (from >= size)
		return none;
	len = len < DIRECTORY_MOST ? len : DIRECTORY_MOST;
	ssize_t got = pread(fd, room, (size_t)len, (off_t)from);
	return got < 0 ? none : (struct span){room, (size_t)got};
}

/* The first member, stored, that says what the archive is: ODF and EPUB; NULL if there is none. */
static const char *by_mimetype(const uint8_t *head, size_t n)
{
	static char type[MIMETYPE_MOST + 1];
	const size_t from = LOCAL_HEADER + strlen("mimetype");

	if (n < from || load16(head + 26) != strlen("mimetype") ||
		memcmp(head + LOCAL_HEADER, "mimetype", strlen("mimetype")) != 0 ||
		load16(head + 8) != 0)
		return NULL;
	size_t at = from + load16(head + 28), len = load32(head + 18);
	if (len == 0 || len > MIMETYPE_MOST || at + len > n)
		return NULL;
	memcpy(type, head + at, len);
	while (len && isspace((unsigned char)type[len - 1]))
		len--;
	type[len] = '\0';
	for (const char *c = type; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/.+-", *c))
			return NULL;
	return strncmp(type, "application/", strlen("application/")) == 0 ? type : NULL;
}

const char *zip_kind(int fd, uint64_t size, const uint8_t *head, size_t n)
{
	static uint8_t room[DIRECTORY_MOST];
	struct seen seen = {.office = NULL};
	const char *said = by_mimetype(head, n);

	if (said)
		return said;
	struct span central = load_central(fd, size, room);
	if (central.n)
		walk_central(&seen, central);
	else
		walk_local(&seen, (struct span){head, n});
	return judge(&seen);
}
