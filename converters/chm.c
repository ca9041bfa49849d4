/*
 * chm: trawl-convert-chm, compiled HTML help: its topics one after the other, by libmspack.
 *
 * The library reads the document and writes members through functions of ours: no copy, no path.
 *
 * pkg-config: libmspack libxml-2.0 libcjson uchardet
 */
#include "alloc.h"
#include "decode.h"
#include "diagnostics.h"
#include "input.h"
#include "lcid.h"
#include "page.h"
#include "scan.h"
#include "serve.h"
#include "typing.h"

#include <mspack.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	SIGNATURE = 4,                  /* ITSF */
	TOPIC_MOST = 16 * 1024 * 1024,  /* bytes read of one topic */
	ALLOC_MOST = 64 * 1024 * 1024,  /* bytes: only damage asks for more at once */
	TEXT_ALWAYS = 64 * 1024 * 1024, /* bytes that any document may unpack to */
	RATIO_MOST = 250,               /* a larger one so many for each of its own */
	READ_ALWAYS = 16 * 1024 * 1024, /* bytes that may be read of any document, over and over */
	READ_TIMES = 16,                /* and so often all of it */
	TOPICS_MOST = 1000000,
	SYSTEM_MOST = 64 * 1024, /* bytes of /#SYSTEM */
	SYSTEM_TITLE = 3,
	SYSTEM_LANGUAGE = 4,
};

/* One document being read. */
struct reading {
	const struct document *doc;
	struct answer *out;
	struct page *page;
	struct mschm_decompressor *library;
	uint8_t *member; /* what was unpacked last: member_len of TOPIC_MOST bytes */
	size_t member_len, member_most;
	uint64_t unpacked, read; /* bytes */
	const char *charset; /* of topics that do not say theirs; NULL: to be guessed */
	bool cut, bomb, unreadable;
};

/* The one at hand: what the library calls is not told whose document it works on. */
static struct reading reading;

/* --- what the library reads and writes by ----------------------------------------------------- */

/* Behind struct mspack_file, which the library never looks into.  Of a member being written no more is needed. */
struct stream {
	off_t at;
};

static struct stream *stream_of(struct mspack_file *file)
{
	return (struct stream *)(void *)file;
}

static struct mspack_file *stream_open(struct mspack_system *self, const char *name, int mode)
{
	struct stream *s = alloc_resize(NULL, 1, sizeof *s);

	(void)self;
	(void)name;
	(void)mode;
	s->at = 0;
	return (struct mspack_file *)(void *)s;
}

static void stream_close(struct mspack_file *file)
{
	free(stream_of(file));
}

/*
 * Free Pascal's compiler writes the first of the header's two GUIDs twice, and every reader takes it but this library: it is
 * shown the second one, which is the first plus one.
 */
static void mend_header(off_t at, uint8_t *bytes, int n)
{
	enum { SECOND_GUID_AT = 0x28, FIRST_BYTE = 0x11 };

	if (at <= SECOND_GUID_AT && at + n > SECOND_GUID_AT)
		bytes[SECOND_GUID_AT - at] = FIRST_BYTE;
}

static int stream_read(struct mspack_file *file, void *bytes, int n)
{
	struct stream *s = stream_of(file);
	const struct document *doc = reading.doc;
	int done = 0;

	/* Topics that lie over each other are unpacked from the beginning of their block each. */
	reading.read += (uint64_t)n;
	if (reading.read > READ_ALWAYS && reading.read / READ_TIMES > doc->size) {
		reading.bomb = true;
		return -1;
	}
	while (done < n && s->at + done < (off_t)doc->size) {
		ssize_t got = pread(doc->fd, (char *)bytes + done, (size_t)(n - done), s->at + done);

		if (got < 0) {
			reading.unreadable = true;
			return -1;
		}
		if (got == 0)
			break;
		done += (int)got;
	}
	mend_header(s->at, bytes, done);
	s->at += done;
	return done;
}

/* Fewer bytes than asked for end the member there. */
static int stream_write(struct mspack_file *file, void *bytes, int n)
{
	size_t room = reading.member_most - reading.member_len;
	size_t take = (size_t)n < room ? (size_t)n : room;

	(void)file;
	memcpy(reading.member + reading.member_len, bytes, take);
	reading.member_len += take;
	return (int)take;
}

static int stream_seek(struct mspack_file *file, off_t offset, int mode)
{
	struct stream *s = stream_of(file);
	off_t base = mode == MSPACK_SYS_SEEK_CUR ? s->at : 0;

	if (mode == MSPACK_SYS_SEEK_END)
		base = (off_t)reading.doc->size;
	if (__builtin_add_overflow(base, offset, &offset) || offset < 0)
		return -1;
	s->at = offset;
	return 0;
}

static off_t stream_tell(struct mspack_file *file)
{
	return stream_of(file)->at;
}

/* Most of what the library tells is of no consequence; "corrupt" or "invalid" are parts that it passes over. */
static void stream_message(struct mspack_file *file, const char *format, ...)
{
	(void)file;
	reading.cut |= strstr(format, "corrupt") || strstr(format, "invalid");
}

static void *library_alloc(struct mspack_system *self, size_t n)
{
	(void)self;
	return n <= ALLOC_MOST ? alloc_resize(NULL, n, 1) : NULL;
}

static void library_copy(void *from, void *to, size_t n)
{
	memcpy(to, from, n);
}

static struct mspack_system library_system = {
	.open = stream_open,
	.close = stream_close,
	.read = stream_read,
	.write = stream_write,
	.seek = stream_seek,
	.tell = stream_tell,
	.message = stream_message,
	.alloc = library_alloc,
	.free = free,
	.copy = library_copy,
};

/* --- members ---------------------------------------------------------------------------------- */

/* Unpacks at most `most` bytes of it to r->member; whether that is all of it. */
static bool unpack(struct reading *r, struct mschmd_file *file, size_t most)
{
	r->member_len = 0;
	r->member_most = most;
	return r->library->extract(r->library, file, "") == MSPACK_ERR_OK;
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
static bool topic_charset(const struct reading *r, struct charset *cs)
{
	struct charset declared;

	if (!page_charset(r->member, r->member_len, false, cs))
		return false;
	if (!cs->clean && r->charset && !charset_is_wide(cs) &&
		!charset_declared(r->member, r->member_len, &declared))
		charset_by_name(r->charset, strlen(r->charset), cs);
	return true;
}

/* False: no more of them. */
static bool take_topic(struct reading *r, struct mschmd_file *file)
{
	struct charset cs;

	r->cut |= !unpack(r, file, TOPIC_MOST);
	r->unpacked += r->member_len;
	r->bomb |= is_bomb(r);
	if (r->bomb)
		return false;
	if (r->member_len == 0 || !topic_charset(r, &cs))
		return true;
	r->cut |= !page_give(r->page, r->out, &cs, r->member, r->member_len);
	return answer_text(r->out, "\n\f", 2);
}

/* As they were written, one behind the other: so each compressed byte of an honest document is unpacked once. */
static int compare_places(const void *a, const void *b)
{
	const struct mschmd_file *p = *(struct mschmd_file *const *)a, *q = *(struct mschmd_file *const *)b;

	if (p->section->id != q->section->id)
		return p->section->id < q->section->id ? -1 : 1;
	return (p->offset > q->offset) - (p->offset < q->offset);
}

static void take_topics(struct reading *r, const struct mschmd_header *help)
{
	struct mschmd_file **topics = NULL;
	struct mschmd_file *file = help->files;
	size_t n = 0;

	for (; file && n < TOPICS_MOST; file = file->next) {
		if (!is_topic(file->filename))
			continue;
		if ((n & (n - 1)) == 0)
			topics = alloc_resize(topics, n ? 2 * n : 1, sizeof(struct mschmd_file *));
		topics[n++] = file;
	}
	r->cut |= file != NULL;
	if (n > 1)
		qsort(topics, n, sizeof(struct mschmd_file *), compare_places);
	for (size_t i = 0; i < n && take_topic(r, topics[i]); i++)
		;
	free(topics);
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
static void take_system(struct reading *r, struct mschmd_header *help)
{
	struct mschmd_file *file = help->files;
	const uint8_t *title = NULL;
	size_t title_len = 0;

	while (file && strcmp(file->filename, "/#SYSTEM") != 0)
		file = file->next;
	if (!file)
		return;
	unpack(r, file, SYSTEM_MOST);
	size_t n = r->member_len;
	for (size_t at = 4; at + 4 <= n;) {
		uint32_t code = little(r->member + at, 2), len = little(r->member + at + 2, 2);

		at += 4;
		if (len > n - at)
			break;
		if (code == SYSTEM_TITLE) {
			title = r->member + at;
			title_len = len;
		} else if (code == SYSTEM_LANGUAGE && len >= 4) {
			uint32_t lcid = little(r->member + at, 4);
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

/* --- one document ----------------------------------------------------------------------------- */

static int read_help(struct reading *r, struct mschmd_header *help)
{
	const char *type = "application/vnd.ms-htmlhelp";

	answer_meta(r->out, "type", type, strlen(type));
	take_system(r, help);
	take_topics(r, help);
	if (r->bomb)
		return answer_fail(r->out, ANSWER_LIMIT,
			"unpacking it is too much work for its size");
	if (r->unreadable)
		return answer_fail(r->out, ANSWER_TRY_LATER, "the document could not be read");
	if (r->cut && r->unpacked == 0)
		return answer_fail(r->out, ANSWER_DAMAGED, "nothing in it can be unpacked");
	if (r->cut)
		answer_truncated(r->out);
	return ANSWER_DONE;
}

/* What lasts from document to document, made for the first one. */
static bool prepare(struct reading *r)
{
	int unlike; /* the library's idea of off_t and ours */

	MSPACK_SYS_SELFTEST(unlike);
	if (unlike != MSPACK_ERR_OK)
		return false;
	r->library = mspack_create_chm_decompressor(&library_system);
	r->page = page_create();
	r->member = alloc_resize(NULL, TOPIC_MOST, 1);
	return r->library != NULL;
}

static int convert_chm(const struct document *doc, struct answer *out)
{
	static struct input *in;
	struct reading *r = &reading;

	if (!in)
		in = input_create();
	diagnostics_begin();
	input_open(in, doc);
	if (!input_load(in, SIGNATURE))
		return answer_fail(out, ANSWER_TRY_LATER, "the document could not be read");
	if (input_size(in) < SIGNATURE || memcmp(input_bytes(in), "ITSF", SIGNATURE) != 0)
		return convert_other(doc, out);
	if (!r->library && !prepare(r))
		return answer_fail(out, ANSWER_UNAVAILABLE, "libmspack does not work here");
	r->doc = doc;
	r->out = out;
	r->unpacked = r->read = 0;
	r->charset = NULL;
	r->cut = r->bomb = r->unreadable = false;
	struct mschmd_header *help = r->library->open(r->library, "");
	if (!help)
		return r->unreadable ? answer_fail(out, ANSWER_TRY_LATER, "the document could not be read")
				     : answer_fail(out, ANSWER_DAMAGED, "its directory cannot be read");
	/* All of its directory is known: the library is not to look for more in an index that may go in a circle. */
	help->num_chunks = 0;
	int verdict = read_help(r, help);
	r->library->close(r->library, help);
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
