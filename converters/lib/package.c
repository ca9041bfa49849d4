/* package: libzip over a descriptor, with a purse; see package.h. */
#include "package.h"

#include "alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum {
	PIECE = 32 * 1024,
	RATIO_MOST = 250, /* unfolded bytes to one of the document */
	OPENING = 4096,   /* as many bytes as it takes to open a member, time for time */
	MEBIBYTE = 1024 * 1024,
};

static const uint64_t ALWAYS_ALLOWED = 64 * MEBIBYTE;

struct package {
	zip_t *zip;
	struct answer *answer;
	int fd;
	uint64_t size, at; /* of the document: its size, where libzip reads */
	uint64_t allowed, unfolded;
	zip_error_t trouble; /* of reading the document */
	uint8_t piece[PIECE];
};

/* --- the document, as libzip reads it --------------------------------------------------------- */

static zip_int64_t source_read(struct package *p, void *out, zip_uint64_t n)
{
	ssize_t got;

	do
		got = pread(p->fd, out, n, (off_t)p->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		zip_error_set(&p->trouble, ZIP_ER_READ, errno);
	else
		p->at += (uint64_t)got;
	return got;
}

static zip_int64_t source_seek(struct package *p, void *args, zip_uint64_t n)
{
	zip_int64_t at = zip_source_seek_compute_offset(p->at, p->size, args, n, &p->trouble);

	if (at < 0)
		return -1;
	p->at = (uint64_t)at;
	return 0;
}

static zip_int64_t source_stat(const struct package *p, zip_stat_t *st)
{
	zip_stat_init(st);
	st->size = p->size;
	st->valid = ZIP_STAT_SIZE;
	return sizeof *st;
}

static zip_int64_t source(void *ctx, void *data, zip_uint64_t n, zip_source_cmd_t command)
{
	struct package *p = ctx;

	switch ((int)command) { /* those of writing are refused */
	case ZIP_SOURCE_OPEN:
		p->at = 0;
		return 0;
	case ZIP_SOURCE_READ:
		return source_read(p, data, n);
	case ZIP_SOURCE_CLOSE:
	case ZIP_SOURCE_FREE:
		return 0;
	case ZIP_SOURCE_STAT:
		return source_stat(p, data);
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&p->trouble, data, n);
	case ZIP_SOURCE_SEEK:
		return source_seek(p, data, n);
	case ZIP_SOURCE_TELL:
		return (zip_int64_t)p->at;
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ,
			ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
			ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
	default:
		zip_error_set(&p->trouble, ZIP_ER_OPNOTSUPP, 0);
		return -1;
	}
}

/* --- opening ---------------------------------------------------------------------------------- */

static zip_t *open_zip(struct package *p, zip_error_t *error)
{
	zip_source_t *from = zip_source_function_create(source, p, error);
	zip_t *zip;

	if (!from)
		return NULL;
	zip = zip_open_from_source(from, ZIP_RDONLY, error);
	if (!zip)
		zip_source_free(from);
	return zip;
}

int package_open(const struct document *doc, struct answer *answer, struct package **out)
{
	struct package *p = alloc_resize(NULL, 1, sizeof *p);
	zip_error_t error;
	int verdict = ANSWER_DONE;

	*p = (struct package){.answer = answer, .fd = doc->fd, .size = doc->size};
	p->allowed =
		doc->size > ALWAYS_ALLOWED / RATIO_MOST ? doc->size * RATIO_MOST : ALWAYS_ALLOWED;
	zip_error_init(&p->trouble);
	zip_error_init(&error);
	p->zip = open_zip(p, &error);
	*out = p;
	if (!p->zip) {
		if (zip_error_code_zip(&error) == ZIP_ER_MEMORY)
			alloc_failed();
		verdict = answer_fail(answer, ANSWER_DAMAGED, "its list of members is damaged: %s",
			zip_error_strerror(&error));
		package_close(p);
		*out = NULL;
	}
	zip_error_fini(&error);
	return verdict;
}

void package_close(struct package *p)
{
	if (!p)
		return;
	if (p->zip)
		zip_discard(p->zip);
	zip_error_fini(&p->trouble);
	free(p);
}

/* --- members ---------------------------------------------------------------------------------- */

int64_t package_count(const struct package *p)
{
	return zip_get_num_entries(p->zip, 0);
}

const char *package_name(struct package *p, int64_t member)
{
	return zip_get_name(p->zip, (zip_uint64_t)member, ZIP_FL_ENC_GUESS);
}

int64_t package_find(struct package *p, const char *name)
{
	int64_t found = zip_name_locate(p->zip, name, ZIP_FL_ENC_GUESS);

	return found >= 0 ? found : zip_name_locate(p->zip, name, ZIP_FL_ENC_GUESS | ZIP_FL_NOCASE);
}

static int say_limit(const struct package *p)
{
	return answer_fail(p->answer, ANSWER_LIMIT,
		"it unfolds to more than %llu MiB, the most for a document of its size",
		(unsigned long long)(p->allowed / MEBIBYTE));
}

static int say_damaged(struct package *p, int64_t member, const char *why)
{
	const char *name = package_name(p, member);

	return answer_fail(p->answer, ANSWER_DAMAGED, "%s: %s", name ? name : "a member", why);
}

static int open_member(struct package *p, int64_t member, zip_file_t **out)
{
	zip_stat_t st;

	*out = NULL;
	if (zip_stat_index(p->zip, (zip_uint64_t)member, 0, &st) == 0 &&
		(st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
		return answer_fail(p->answer, ANSWER_ENCRYPTED, "the document needs a password");
	*out = zip_fopen_index(p->zip, (zip_uint64_t)member, 0);
	return *out ? ANSWER_DONE : say_damaged(p, member, zip_strerror(p->zip));
}

int package_read(struct package *p, int64_t member, package_sink *sink, void *ctx)
{
	zip_file_t *file;
	zip_int64_t got = 0;
	int verdict = open_member(p, member, &file);

	if (verdict != ANSWER_DONE)
		return verdict;
	p->unfolded += OPENING;
	while (verdict == ANSWER_DONE && (got = zip_fread(file, p->piece, PIECE)) > 0) {
		p->unfolded += (uint64_t)got;
		if (p->unfolded > p->allowed)
			verdict = say_limit(p);
		else if (!sink(ctx, p->piece, (size_t)got))
			break;
	}
	if (got < 0)
		verdict = say_damaged(p, member, zip_file_strerror(file));
	zip_fclose(file);
	return verdict;
}

size_t package_head(struct package *p, int64_t member, char *out, size_t most)
{
	zip_file_t *file;
	zip_int64_t got;

	if (open_member(p, member, &file) != ANSWER_DONE)
		return 0;
	got = zip_fread(file, out, most);
	zip_fclose(file);
	return got > 0 ? (size_t)got : 0;
}

static bool to_parser(void *ctx, const uint8_t *bytes, size_t n)
{
	return xml_feed(ctx, bytes, n);
}

int package_parse(struct package *p, const char *name, const struct xml_ops *ops, void *ctx)
{
	int64_t member = package_find(p, name);
	struct xml *x;
	int verdict;

	if (member < 0)
		return answer_fail(p->answer, ANSWER_DAMAGED, "it has no %s", name);
	x = xml_create(ops, ctx);
	verdict = package_read(p, member, to_parser, x);
	if (verdict == ANSWER_DONE && !xml_finish(x))
		verdict = say_damaged(p, member, xml_fault(x));
	xml_destroy(x);
	return verdict;
}
