/*
 * documents: contents by hash, their text and their full-text rows.
 *
 * Text is stored once per (content hash, converter), as a zstd frame made by the
 * worker.  A document has a row in fts while at least one file has it, or a container that a file has (parts.h).
 */
#ifndef STORE_DOCUMENTS_H
#define STORE_DOCUMENTS_H

#include "store/db.h"

#include <stddef.h>

enum { DOCUMENT_HASH_BYTES = 32 };

struct document {
	unsigned char hash[DOCUMENT_HASH_BYTES];
	int64_t converter;	     /* converter row id */
	const char *type;	     /* MIME */
	const char *title, *author;  /* "" if none; UTF-8 */
	const char *lang;	     /* NULL if unknown */
	int64_t created;	     /* seconds UTC, 0 if unknown */
	const char *meta;	     /* JSON object or NULL */
	const char *text;	     /* UTF-8, text_len bytes */
	size_t text_len;
	const void *packed; /* the same as a zstd frame */
	size_t packed_len;
	bool truncated;
	int64_t parts; /* how many rows of part it has; see parts.h */
};

/* --- any connection --- */

/* The document of this content by this converter; ST_NOT_FOUND, also while its parts are not all there. */
MUST_USE enum status documents_find(
	struct db *db, const unsigned char *hash, int64_t converter, int64_t *id);
/*
 * The same where the converter chosen by name rerouted: whichever document of this content any file of the same rule
 * has.  ST_NOT_FOUND.
 */
MUST_USE enum status documents_find_by_rule(
	struct db *db, const unsigned char *hash, int64_t rule, int64_t *id);
/* Appends the whole text (decompressed); ST_NOT_FOUND. */
MUST_USE enum status documents_text(struct db *db, int64_t id, struct buf *out);

/* --- writer, inside a transaction --- */

/* Row id of (name, version), made if new. */
MUST_USE enum status documents_converter(
	struct db *db, const char *name, const void *version, size_t len, int64_t *id);
/* Gives it, in a new store, the row id that it had in the one before. */
MUST_USE enum status documents_renew_converter(
	struct db *db, int64_t id, const char *name, const void *version, size_t len);
/*
 * After a reload: every file whose rule or document's converter is not among `ids` is to be read again (stamp 0), and
 * every one that has such a part: its content is not known any more; and so are those whose converter was unavailable.
 */
MUST_USE enum status documents_expire_converters(struct db *db, const int64_t *ids, size_t count);
/* The same for files that have parts of that extension by another rule than `converter`, which claims it now. */
MUST_USE enum status documents_expire_extension(
	struct db *db, const char *extension, int64_t converter);
/*
 * Inserts content, text and fts row, or finds them; *id.  A kept orphan is made searchable again.  A container whose
 * parts were added before (parts.h) is completed by it: from d->parts on, rows of an earlier reading go.
 * ST_NOT_FOUND: not all of its parts are there, and it is not completed.
 */
MUST_USE enum status documents_put(struct db *db, const struct document *d, int64_t *id);
/*
 * Before the commit: documents that lost their last file in this transaction leave fts and become orphans, and those
 * that found one again return.  tree_file_* note them; the list lives in the connection.  db_commit does it too.
 */
void documents_touch(struct db *db, int64_t id); /* note that its files changed */
MUST_USE enum status documents_settle(struct db *db);
/* Deletes orphans older than `before_s`, or the oldest while they exceed `share` percent of all text. */
MUST_USE enum status documents_sweep(struct db *db, int64_t before_s, int share);

#endif
