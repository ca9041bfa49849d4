/*
 * chm: trawl-convert-chm, compiled HTML help: its topics one after the other, by chmlib.
 *
 * The library opens a path, and a converter has none to give: the document is
 * copied into the private directory first.
 *
 * pkg-config: libxml-2.0 libcjson uchardet
 * without pkg-config: chm_lib.h -lchm
 */
#include "alloc.h"
#include "copy.h"
#include "decode.h"
#include "diagnostics.h"
#include "input.h"
#include "lcid.h"
#include "page.h"
#include "scan.h"
#include "serve.h"
#include "typing.h"

#include <chm_lib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	SIGNATURE = 4,    /* ITSF */
	HEAD = 64 * 1024, /* bytes in which the directory begins */
	CHUNK = 64 * 1024,
	TOPIC_MOST = 16 * 1024 * 1024,  /* bytes read of one topic */
	TEXT_ALWAYS = 64 * 1024 * 1024, /* bytes that any document may unpack to */
	RATIO_MOST = 250,               /* a larger one so many for each of its own */
	MEMBERS_MOST = 1000000,         /* a circle of directory blocks ends here */
	SYSTEM_MOST = 64 * 1024,        /* bytes of /#SYSTEM */
	SYSTEM_TITLE = 3,
	SYSTEM_LANGUAGE = 4,
};

/* One document being read. */
struct reading {
	const struct document *doc;
	struct answer *out;
	struct page *page;
	uint8_t *topic; /* TOPIC_MOST bytes */
	uint64_t unpacked;
	long members;
	const char *charset; /* of topics that do not say theirs; NULL: to be guessed */
	bool cut, bomb;
};

/* --- members ---------------------------------------------------------------------------------- */

/* At most `most` bytes of it; how many there are. */
static size_t read_member(
	struct chmFile *chm, struct chmUnitInfo *member, uint8_t *bytes, size_t most)
{
	size_t n = 0;

	while (n < most && n < member->length) {
		size_t take = most - n < CHUNK ? most - n : CHUNK;
		LONGINT64 got = chm_retrieve_object(chm, member, bytes + n, n, (LONGINT64)take);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return n;
}

static bool is_bomb(const struct reading *r)
{
	return r->unpacked > TEXT_ALWAYS && r->unpacked / RATIO_MOST > r->doc->size;
}

static bool is_topic(const char *path)
{
	static const char *const extensions[] = {".htm", ".html", ".xhtml", ".shtml", ".txt"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof extensions / sizeof extensions[0]; i++)
		if (strcasecmp(dot, extensions[i]) == 0)
			return true;
	return false;
}

/* Most topics name their encoding; the others are in the one of the document's language. */
static bool topic_charset(const struct reading *r, size_t n, struct charset *cs)
{
	struct charset declared;

	if (!page_charset(r->topic, n, false, cs))
		return false;
	if (!cs->clean && r->charset && !charset_is_wide(cs) &&
		!charset_declared(r->topic, n, &declared))
		charset_by_name(r->charset, strlen(r->charset), cs);
	return true;
}

static int take_topic(struct chmFile *chm, struct chmUnitInfo *member, void *context)
{
	struct reading *r = context;
	struct charset cs;

	if (++r->members > MEMBERS_MOST)
		return CHM_ENUMERATOR_FAILURE;
	if (!is_topic(member->path))
		return CHM_ENUMERATOR_CONTINUE;
	size_t n = read_member(chm, member, r->topic, TOPIC_MOST);
	r->unpacked += n;
	r->bomb = is_bomb(r);
	if (r->bomb)
		return CHM_ENUMERATOR_FAILURE;
	r->cut |= n < member->length;
	if (n == 0 || !topic_charset(r, n, &cs))
		return CHM_ENUMERATOR_CONTINUE;
	r->cut |= !page_give(r->page, r->out, &cs, r->topic, n);
	return answer_text(r->out, "\n\f", 2) ? CHM_ENUMERATOR_CONTINUE : CHM_ENUMERATOR_SUCCESS;
}

/* --- /#SYSTEM: what the document says about itself -------------------------------------------- */

static uint32_t little(const uint8_t *p, size_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | p[n];
	return value;
}

struct title {
	size_t len;
	char utf8[1024];
};

static bool add_title(void *context, const char *utf8, size_t n)
{
	struct title *title = context;

	n = scan_utf8_floor((const uint8_t *)utf8, n, sizeof title->utf8 - title->len);
	memcpy(title->utf8 + title->len, utf8, n);
	title->len += n;
	return n > 0;
}

static void take_title(struct reading *r, const uint8_t *bytes, size_t n)
{
	struct title title = {0};
	struct charset cs;

	n = strnlen((const char *)bytes, n);
	if (!charset_detect(bytes, n, false, &cs))
		return;
	if (!cs.clean && r->charset)
		charset_by_name(r->charset, strlen(r->charset), &cs);
	decode_bytes(&cs, bytes, n, add_title, &title);
	answer_meta(r->out, "title", title.utf8, title.len);
}

/* A version, then entries: code, length, bytes.  The language may come behind the title. */
static void take_system(struct reading *r, struct chmFile *chm)
{
	struct chmUnitInfo member;
	const uint8_t *title = NULL;
	size_t title_len = 0;

	if (chm_resolve_object(chm, "/#SYSTEM", &member) != CHM_RESOLVE_SUCCESS)
		return;
	size_t n = read_member(chm, &member, r->topic, SYSTEM_MOST);
	for (size_t at = 4; at + 4 <= n;) {
		uint32_t code = little(r->topic + at, 2), len = little(r->topic + at + 2, 2);

		at += 4;
		if (len > n - at)
			break;
		if (code == SYSTEM_TITLE) {
			title = r->topic + at;
			title_len = len;
		} else if (code == SYSTEM_LANGUAGE && len >= 4) {
			uint32_t lcid = little(r->topic + at, 4);
			const char *language = lcid_language(lcid);

			r->charset = lcid_charset(lcid);
			if (language)
				answer_meta(r->out, "lang", language, strlen(language));
		}
		at += len;
	}
	if (title)
		take_title(r, title, title_len);
}

/* Of the directory's header. */
enum { BLOCKS_AT = 0x08, BLOCK_LEN_AT = 0x10, FIRST_BLOCK_AT = 0x20, DIRECTORY_HEADER = 0x24 };

/* Where it is in the file. */
static uint64_t directory_of(const struct input *in)
{
	enum { DIRECTORY_AT = 0x48 };
	const uint8_t *place = input_bytes(in) + DIRECTORY_AT;

	return little(place, 4) | (uint64_t)little(place + 4, 4) << 32;
}

/* The library makes room for a block of the directory as large as the document says. */
static bool has_sound_directory(const struct input *in)
{
	enum { HEADER = 0x50, BLOCK_LEAST = 0x14, BLOCK_MOST = 1024 * 1024 };
	size_t n = input_size(in);

	if (n < HEADER)
		return false;
	uint64_t at = directory_of(in);
	if (at >= n || n - at < DIRECTORY_HEADER)
		return false;
	uint32_t len = little(input_bytes(in) + at + BLOCK_LEN_AT, 4);
	return len >= BLOCK_LEAST && len <= BLOCK_MOST;
}

/* Nor does it look whether its decoder takes the window that the document asks for. */
static bool has_sound_window(struct chmFile *chm)
{
	enum {
		VERSION_AT = 8,
		WINDOW_AT = 16,
		CONTROL = 24,
		FRAME = 0x8000,
		WINDOW_MOST = 1 << 21
	};
	static const char name[] = "::DataSpace/Storage/MSCompressed/ControlData";
	struct chmUnitInfo member;
	uint8_t control[CONTROL];

	if (chm_resolve_object(chm, name, &member) != CHM_RESOLVE_SUCCESS)
		return true; /* nothing is compressed */
	if (read_member(chm, &member, control, sizeof control) < sizeof control)
		return false;
	uint64_t window = little(control + WINDOW_AT, 4);
	if (little(control + VERSION_AT, 4) == 2)
		window *= FRAME;
	return window >= FRAME && window <= WINDOW_MOST && (window & (window - 1)) == 0;
}

/*
 * Whether the chain of the directory's blocks ends: the library follows it, and would go round for ever where a block is its
 * own successor.  A chain without a circle has no more blocks than the file has room for.
 */
static bool has_sound_chain(const struct document *doc, const struct input *in)
{
	enum { NEXT_AT = 0x10, NONE = -1 };
	uint64_t at = directory_of(in);
	const uint8_t *header = input_bytes(in) + at;
	uint64_t blocks = at + little(header + BLOCKS_AT, 4), len = little(header + BLOCK_LEN_AT, 4), seen = 0;

	for (int32_t block = (int32_t)little(header + FIRST_BLOCK_AT, 4); block != NONE;) {
		uint8_t next[4];
		uint64_t place = blocks + (uint64_t)block * len + NEXT_AT;

		if (seen++ > doc->size / len)
			return false;
		if (block < 0 || pread(doc->fd, next, sizeof next, (off_t)place) != (ssize_t)sizeof next)
			break; /* there the library ends, too */
		block = (int32_t)little(next, 4);
	}
	return true;
}

/* --- one document ----------------------------------------------------------------------------- */

static int read_help(struct reading *r, struct chmFile *chm)
{
	const char *type = "application/vnd.ms-htmlhelp";

	if (!has_sound_window(chm))
		return answer_fail(r->out, ANSWER_DAMAGED, "how it is compressed cannot be told");
	answer_meta(r->out, "type", type, strlen(type));
	take_system(r, chm);
	bool whole = chm_enumerate(chm, CHM_ENUMERATE_NORMAL | CHM_ENUMERATE_FILES, take_topic, r);
	if (r->bomb)
		return answer_fail(r->out, ANSWER_LIMIT,
			"the document unpacks to more than %d times its size", RATIO_MOST);
	if (!whole && r->unpacked == 0)
		return answer_fail(r->out, ANSWER_DAMAGED, "its directory cannot be read");
	if (!whole || r->cut)
		answer_truncated(r->out);
	return ANSWER_DONE;
}

static int convert_chm(const struct document *doc, struct answer *out)
{
	static struct input *in;
	static struct reading r;
	int copy;

	if (!in) {
		in = input_create();
		r.page = page_create();
		r.topic = alloc_resize(NULL, TOPIC_MOST, 1);
	}
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, HEAD))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (input_size(in) < SIGNATURE || memcmp(input_bytes(in), "ITSF", SIGNATURE) != 0)
		return convert_other(doc, out);
	if (!has_sound_directory(in) || !has_sound_chain(doc, in))
		return answer_fail(out, ANSWER_DAMAGED, "its directory cannot be read");
	const char *path = copy_make(doc, 0, UINT64_MAX, &copy);
	if (!path)
		return answer_fail(out, ANSWER_TRY_LATER, "a copy of it could not be made: %s",
			strerror(errno));
	struct chmFile *chm = chm_open(path);
	if (!chm) {
		copy_drop();
		return answer_fail(out, ANSWER_DAMAGED, "its header cannot be read");
	}
	r.doc = doc;
	r.out = out;
	r.unpacked = 0;
	r.members = 0;
	r.charset = NULL;
	r.cut = r.bomb = false;
	int verdict = read_help(&r, chm);
	chm_close(chm);
	copy_drop();
	return verdict;
}

static const struct converter_ops chm_converter = {
	.program = "trawl-convert-chm",
	.convert = convert_chm,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&chm_converter);
}
#endif
