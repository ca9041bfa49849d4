/* typing: signatures, then text, then libmagic; see typing.h. */
#include "typing.h"

#include "decode.h"
#include "ole_kind.h"
#include "sniff.h"
#include "zip_kind.h"

#include <errno.h>
#include <magic.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HEAD = 64 * 1024 };

/* --- bytes ------------------------------------------------------------------------------------ */

/* Up to HEAD bytes from the document's start; none after a read error. */
static size_t load_head(int fd, uint8_t *head)
{
	size_t n = 0;

	while (n < HEAD) {
		ssize_t got = pread(fd, head + n, HEAD - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return n;
}

/* --- text ------------------------------------------------------------------------------------- */

struct sample {
	size_t len;
	char utf8[SNIFF_TEXT_BYTES];
};

static bool gather(void *ctx, const char *utf8, size_t n)
{
	struct sample *s = ctx;

	n = n < sizeof s->utf8 - s->len ? n : sizeof s->utf8 - s->len;
	memcpy(s->utf8 + s->len, utf8, n);
	s->len += n;
	return s->len < sizeof s->utf8;
}

const char *typing_of_text(const uint8_t *bytes, size_t n, const struct charset *cs)
{
	static struct sample sample;

	sample.len = 0;
	decode_bytes(cs, bytes, n, gather, &sample);
	return sniff_text(sample.utf8, sample.len);
}

/* NULL: it is no text. */
static const char *by_text(const uint8_t *head, size_t n, bool cut)
{
	struct charset cs;

	if (n == 0 || !charset_detect(head, n, cut, &cs))
		return NULL;
	const char *kind = typing_of_text(head, n, &cs);
	return kind ? kind : "text/plain";
}

/* --- libmagic --------------------------------------------------------------------------------- */

/* Its names for what the freedesktop.org database, whose names are used here, calls otherwise; NULL
 * for what it sees in bytes of any kind. */
static const struct {
	const char *magic, *name;
} names[] = {
	{"image/x-tga", NULL},
	{"application/x-rar", "application/vnd.rar"},
	{"application/CDFV2", "application/x-ole-storage"},
	{"application/vnd.ms-office", "application/x-ole-storage"},
	{"application/x-gzip", "application/gzip"},
	{"application/ogg", "audio/ogg"},
	{"audio/x-m4a", "audio/mp4"},
	{"audio/x-hx-aac-adts", "audio/aac"},
	{"video/x-m4v", "video/mp4"},
	{"image/x-ms-bmp", "image/bmp"},
	{"application/x-dosexec", "application/vnd.microsoft.portable-executable"},
};

static magic_t open_magic(void)
{
	static const struct {
		int what;
		size_t most;
	} bounds[] = {
		{MAGIC_PARAM_BYTES_MAX, HEAD},
		{MAGIC_PARAM_INDIR_MAX, 20},
		{MAGIC_PARAM_NAME_MAX, 50},
		{MAGIC_PARAM_REGEX_MAX, 4096},
	};
	magic_t cookie =
		magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TEXT |
			   MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_ELF |
			   MAGIC_NO_CHECK_ENCODING | MAGIC_NO_CHECK_JSON | MAGIC_NO_CHECK_CSV);

	for (size_t i = 0; cookie && i < sizeof bounds / sizeof bounds[0]; i++)
		magic_setparam(cookie, bounds[i].what, &bounds[i].most);
	if (cookie && magic_load(cookie, NULL) < 0) {
		magic_close(cookie);
		cookie = NULL;
	}
	return cookie;
}

/* NULL: it does not know either, or it is not installed. */
static const char *by_magic(const uint8_t *head, size_t n)
{
	static magic_t cookie;
	static bool tried;

	if (!tried)
		cookie = open_magic();
	tried = true;
	const char *type = cookie ? magic_buffer(cookie, head, n) : NULL;
	/* What is text was told before, and better. */
	if (!type || strcmp(type, TYPING_UNKNOWN) == 0 || strncmp(type, "text/", 5) == 0 ||
		strncmp(type, "message/", 8) == 0 || strncmp(type, "inode/", 6) == 0 ||
		!strchr(type, '/'))
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(type, names[i].magic) == 0)
			return names[i].name;
	return type;
}

/* --- together --------------------------------------------------------------------------------- */

const char *typing_of(const struct document *doc)
{
	static uint8_t head[HEAD];
	size_t n = load_head(doc->fd, head);
	const char *type = sniff_signature(head, n);

	if (type && strcmp(type, "application/zip") == 0)
		return zip_kind(doc->fd, doc->size, head, n);
	if (type && strcmp(type, "application/x-ole-storage") == 0) {
		const char *kind = ole_kind(doc->fd, head, n);

		return kind ? kind : type;
	}
	if (!type)
		type = by_text(head, n, n == HEAD);
	if (!type && n > 0)
		type = by_magic(head, n);
	return type ? type : TYPING_UNKNOWN;
}

int convert_other(const struct document *doc, struct answer *out)
{
	const char *type = typing_of(doc);
	bool promised = doc->type[0] && strcasecmp(doc->type, TYPING_UNKNOWN) != 0 &&
			strncasecmp(doc->type, "text/", 5) != 0;

	if (strcmp(type, TYPING_ENCRYPTED) == 0)
		return answer_fail(out, ANSWER_ENCRYPTED, "the document needs a password");
	if (strcmp(type, TYPING_UNKNOWN) != 0 && strcasecmp(type, doc->type) != 0)
		return answer_reroute(out, type);
	if (!promised)
		return answer_fail(out, ANSWER_BINARY, "the content is not text");
	return answer_fail(out, ANSWER_DAMAGED, "the content is no whole %s", doc->type);
}
