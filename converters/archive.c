/*
 * archive: trawl-convert-archive, the members of an archive, or the one document inside a
 * compressed file, as parts.
 *
 * A damaged or encrypted member costs itself, and what lies behind it only if
 * the format has no way to step over it.  How far a member expands is the
 * worker's to bound: it hangs up.
 *
 * pkg-config: libarchive libcjson uchardet
 */
#include "archive_source.h"
#include "member_name.h"
#include "rar5.h"
#include "scan.h"
#include "serve.h"
#include "suffix.h"
#include "typing.h"
#include "zip_kind.h"

#include <archive_entry.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	HEAD = 64 * 1024,
	RETRIES_MOST = 100,    /* headers that libarchive wants to be asked for again, in a row */
	COMPRESSIONS_MOST = 8, /* compressions around each other */
	NAMES_LEARNED = 10 * 1000 /* members whose names are looked at for their encoding */
};

/* --- types -------------------------------------------------------------------------------------
 */

/* What a name may have promised wrongly; types beside these (jar, cbz, …) are more than their
 * format, and stay. */
static const struct {
	int format, filter; /* of libarchive; the outermost compression counts */
	const char *type;
} types[] = {
	{0, ARCHIVE_FILTER_BZIP2, "application/x-bzip2"},
	{0, ARCHIVE_FILTER_COMPRESS, "application/x-compress"},
	{0, ARCHIVE_FILTER_GZIP, "application/gzip"},
	{0, ARCHIVE_FILTER_LZ4, "application/x-lz4"},
	{0, ARCHIVE_FILTER_LZIP, "application/x-lzip"},
	{0, ARCHIVE_FILTER_LZMA, "application/x-lzma"},
	{0, ARCHIVE_FILTER_RPM, "application/x-rpm"},
	{0, ARCHIVE_FILTER_XZ, "application/x-xz"},
	{0, ARCHIVE_FILTER_ZSTD, "application/zstd"},
	{ARCHIVE_FORMAT_7ZIP, 0, "application/x-7z-compressed"},
	{ARCHIVE_FORMAT_CAB, 0, "application/vnd.ms-cab-compressed"},
	{ARCHIVE_FORMAT_CPIO, 0, "application/x-cpio"},
	{ARCHIVE_FORMAT_ISO9660, 0, "application/x-iso9660-image"},
	{ARCHIVE_FORMAT_LHA, 0, "application/x-lha"},
	{ARCHIVE_FORMAT_RAR, 0, "application/vnd.rar"},
	{ARCHIVE_FORMAT_RAR_V5, 0, "application/vnd.rar"},
	{ARCHIVE_FORMAT_TAR, 0, "application/x-tar"},
	{ARCHIVE_FORMAT_XAR, 0, "application/x-xar"},
	{ARCHIVE_FORMAT_ZIP, 0, "application/zip"},
};

static bool is_plain_type(const char *type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcasecmp(type, types[i].type) == 0)
			return true;
	return type[0] == '\0' || strcasecmp(type, TYPING_UNKNOWN) == 0;
}

static int format_of(struct archive *a)
{
	return archive_format(a) & ARCHIVE_FORMAT_BASE_MASK;
}

/* Compressions around the archive; the innermost has number 0. */
static int compressions(struct archive *a)
{
	int n = archive_filter_count(a) - 1; /* the outermost filter is none */

	return n > 0 ? n : 0;
}

static void name_type(const struct document *doc, struct archive *a, struct answer *out)
{
	int filters = compressions(a);
	int filter = filters ? archive_filter_code(a, filters - 1) : 0;
	int format = filters ? 0 : format_of(a);

	if (!is_plain_type(doc->type))
		return;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (format == types[i].format && filter == types[i].filter)
			answer_meta(out, "type", types[i].type, strlen(types[i].type));
}

static bool is_archive_type(const char *type)
{
	return is_plain_type(type) || strcmp(type, "application/java-archive") == 0 ||
	       strcmp(type, "application/vnd.android.package-archive") == 0;
}

/* What this zip is in truth, if it is a document of another kind; else NULL. */
static const char *zip_in_disguise(const struct document *doc)
{
	static uint8_t head[HEAD];
	ssize_t n = pread(doc->fd, head, sizeof head, 0);

	if (n < 4 || memcmp(head, "PK\3\4", 4) != 0)
		return NULL;
	const char *kind = zip_kind(doc->fd, doc->size, head, (size_t)n);
	return is_archive_type(kind) || strcasecmp(kind, doc->type) == 0 ? NULL : kind;
}

/* --- a compressed file -------------------------------------------------------------------------
 */

/* After the file itself, as gunzip has it; else as gzip noted it. */
static const char *unpacked_name(
	const struct document *doc, struct archive *a, const char *stored, char *out, size_t room)
{
	int left = compressions(a);
	bool any = false;

	snprintf(out, room, "%s", doc->name);
	while (left-- > 0 && suffix_strip(out, room))
		any = true;
	return any ? out : stored;
}

/* --- members -----------------------------------------------------------------------------------
 */

struct job {
	const struct document *doc;
	struct answer *out;
	struct archive *a;
	struct member_names names;
	bool learned;
	struct rar5 rar5; /* in step with the entries of an archive of that format */
	struct archive_source source, second;
};

/* As the archive has it, in UTF-8 if it says which encoding that is. */
static const char *stored_name(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	if (!name)
		name = archive_entry_pathname_utf8(e);
	return name ? name : "";
}

static bool is_utf8_name(const char *name)
{
	return scan_utf8((const uint8_t *)name, strlen(name)) == strlen(name);
}

/* Before the first name of a zip that is not UTF-8 is used, all of them are looked at. */
static void learn_names(struct job *j)
{
	struct archive *a = archive_source_open(&j->second, j->doc);
	struct archive_entry *e;

	j->learned = true;
	for (int i = 0; i < NAMES_LEARNED; i++)
		if (archive_read_next_header(a, &e) < ARCHIVE_WARN ||
			!member_names_learn(&j->names, stored_name(e)))
			break;
	archive_read_free(a);
}

static const char *member_path(struct job *j, struct archive_entry *e, char *room, size_t size)
{
	int format = format_of(j->a);
	const char *stored = stored_name(e);

	if (format == ARCHIVE_FORMAT_RAW)
		stored = unpacked_name(j->doc, j->a, stored, room, size);
	if (!j->learned && format == ARCHIVE_FORMAT_ZIP && !is_utf8_name(stored))
		learn_names(j);
	if (stored[0])
		return member_names_utf8(&j->names, stored);
	snprintf(room, size, "member-%" PRIu64, answer_part_count(j->out) + 1);
	return room;
}

static void begin_part(struct job *j, struct archive_entry *e)
{
	char room[4096];
	const char *path = member_path(j, e, room, sizeof room);
	int64_t size = archive_entry_size_is_set(e) ? archive_entry_size(e) : -1;

	/* Reproducible archives say 1970. */
	if (archive_entry_mtime_is_set(e) && archive_entry_mtime(e) != 0)
		answer_part_dated(j->out, path, NULL, size, archive_entry_mtime(e));
	else
		answer_part(j->out, path, NULL, size);
}

/* Only what has content of its own: a hard link in cpio may.  Tables of ar's are no members, and
 * its members may have permissions without a kind. */
static bool has_content(struct archive *a, struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return archive_entry_size_is_set(e) && archive_entry_size(e) > 0;
	if (format_of(a) == ARCHIVE_FORMAT_AR && stored_name(e)[0] == '/')
		return false;
	return archive_entry_filetype(e) == AE_IFREG || archive_entry_filetype(e) == 0;
}

/* A hole in a sparse member, as whoever unpacks it would read it. */
static void give_zeros(struct answer *out, int64_t n)
{
	static const char zeros[64 * 1024];

	while (n > 0) {
		size_t take = n < (int64_t)sizeof zeros ? (size_t)n : sizeof zeros;

		answer_part_bytes(out, zeros, take);
		n -= (int64_t)take;
	}
}

static const char *complaint(struct archive *a)
{
	const char *s = archive_error_string(a);

	return s ? s : "damaged";
}

/* False: nothing more can be had of this archive. */
static bool give_bytes(struct job *j)
{
	const void *bytes = NULL;
	size_t n = 0;
	la_int64_t at = 0, given = 0;
	bool warned = false;
	int r;

	while ((r = archive_read_data_block(j->a, &bytes, &n, &at)) >= ARCHIVE_WARN &&
		r != ARCHIVE_EOF) {
		/* A wrong checksum is a warning, with the bytes. */
		warned |= r == ARCHIVE_WARN;
		if (at > given)
			give_zeros(j->out, at - given);
		answer_part_bytes(j->out, bytes, n);
		if (__builtin_add_overflow(at, (la_int64_t)n, &given)) {
			r = ARCHIVE_FATAL;
			break;
		}
	}
	if (r != ARCHIVE_EOF || warned)
		answer_part_fail(j->out, ANSWER_DAMAGED, "%s", complaint(j->a));
	return r != ARCHIVE_FATAL;
}

/* False: nothing more can be had of this archive. */
static bool give_member(struct job *j, struct archive_entry *e)
{
	bool locked = archive_entry_is_data_encrypted(e) || rar5_next(&j->rar5) == RAR5_LOCKED;

	if (!has_content(j->a, e))
		return true;
	begin_part(j, e);
	if (locked) {
		answer_part_fail(j->out, ANSWER_ENCRYPTED, "the member needs a password");
		return true;
	}
	return give_bytes(j);
}

/* --- the archive -------------------------------------------------------------------------------
 */

static int next_header(struct archive *a, struct archive_entry **e)
{
	int r = ARCHIVE_RETRY;

	for (int i = 0; i < RETRIES_MOST && r == ARCHIVE_RETRY; i++)
		r = archive_read_next_header(a, e);
	return r;
}

/* Raw without a compression is what libarchive calls everything else. */
static bool is_no_archive(struct archive *a)
{
	int format = format_of(a);

	return (format == 0 || format == ARCHIVE_FORMAT_RAW || format == ARCHIVE_FORMAT_EMPTY) &&
	       compressions(a) == 0;
}

/* Linkers' libraries have an index of symbols first; hundreds of parts without a word follow. */
static bool is_library(struct archive *a, struct archive_entry *e)
{
	const char *name = stored_name(e);

	return format_of(a) == ARCHIVE_FORMAT_AR &&
	       (strcmp(name, "/") == 0 || strcmp(name, "/SYM64/") == 0 ||
		       strncmp(name, "__.SYMDEF", 9) == 0);
}

/* The archive as a whole ended other than well. */
static int give_up(struct job *j)
{
	if (j->source.error)
		return answer_fail(j->out, ANSWER_TRY_LATER, "the document could not be read");
	if (answer_part_count(j->out) > 0) {
		/* What was found of it stays. */
		answer_truncated(j->out);
		return answer_fail(j->out, ANSWER_DONE, "%s", complaint(j->a));
	}
	/* libarchive 3.6 follows a wild pointer if it is asked before it knows the format. */
	if ((format_of(j->a) != 0 && archive_read_has_encrypted_entries(j->a) > 0) ||
		rar5_next(&j->rar5) == RAR5_SEALED)
		return answer_fail(j->out, ANSWER_ENCRYPTED, "the archive needs a password");
	return answer_fail(j->out, ANSWER_DAMAGED, "%s", complaint(j->a));
}

/* Zeros are an empty tar to libarchive.  Compressed, they are more likely anything else, and a tar
 * without members is none too. */
static int first_header(struct job *j, struct archive_entry **e)
{
	int r = next_header(j->a, e);

	if (r != ARCHIVE_EOF || format_of(j->a) != ARCHIVE_FORMAT_TAR || compressions(j->a) == 0)
		return r;
	archive_read_free(j->a);
	j->a = archive_source_open_raw(&j->source, j->doc);
	return next_header(j->a, e);
}

static int give_members(struct job *j)
{
	struct archive_entry *e;
	int r = first_header(j, &e);

	if (compressions(j->a) > COMPRESSIONS_MOST)
		return answer_fail(j->out, ANSWER_LIMIT, "compressed more than %d times over",
			COMPRESSIONS_MOST);
	if (is_no_archive(j->a) && !j->source.error)
		return convert_other(j->doc, j->out);
	if (r >= ARCHIVE_WARN && r != ARCHIVE_EOF && is_library(j->a, e))
		return answer_fail(j->out, ANSWER_BINARY, "a library of compiled code");
	name_type(j->doc, j->a, j->out);
	member_names_init(
		&j->names, (archive_format(j->a) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR);
	for (; r >= ARCHIVE_WARN && r != ARCHIVE_EOF; r = next_header(j->a, &e))
		if (!give_member(j, e))
			return give_up(j);
	return r == ARCHIVE_EOF ? ANSWER_DONE : give_up(j);
}

static int convert_archive(const struct document *doc, struct answer *out)
{
	static struct job job;
	const char *other = zip_in_disguise(doc);

	if (other)
		return answer_reroute(out, other);
	job.doc = doc;
	job.out = out;
	job.learned = false;
	rar5_init(&job.rar5, doc->fd);
	job.a = archive_source_open(&job.source, doc);
	int verdict = give_members(&job);
	archive_read_free(job.a);
	return verdict;
}

static const struct converter_ops archive_converter = {
	.program = "trawl-convert-archive",
	.convert = convert_archive,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&archive_converter);
}
#endif
