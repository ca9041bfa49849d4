/*
 * listing: failures, parts and documents with their metadata, as the server shows them.  Any connection; strings live for
 * the call.
 */
#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include "store/tree.h"

#include <stddef.h>

struct failure_row {
	int64_t file;	  /* its row; 0 from failure_of */
	const char *path; /* absolute; NULL from failure_of */
	const char *part; /* of a part: its path within the file; else NULL */
	const char *converter, *reason, *detail, *output;
	int64_t attempts;
	int64_t next_try; /* seconds UTC; 0: when the content or the converter changes */
	int64_t at;	  /* seconds UTC */
};

/* Failures in the order of their files' ids, of each its own and then those of its parts; a false return stops. */
MUST_USE enum status failures_list(struct db *db, int64_t limit, int64_t offset,
	bool (*each)(void *arg, const struct failure_row *f), void *arg);
MUST_USE enum status failures_count(struct db *db, int64_t *count);
/* The failure of one file (file_row.id); ST_NOT_FOUND. */
MUST_USE enum status failure_of(
	struct db *db, int64_t file, void (*each)(void *arg, const struct failure_row *f), void *arg);

/* A part of a container, by its row. */
struct part_row {
	int64_t id, n;
	const char *path, *type; /* "" if unknown */
	int64_t size, mtime;	 /* mtime: seconds UTC, 0 if unknown */
	enum file_state state;
	int64_t document;			   /* 0: none */
	const char *converter, *reason, *detail; /* NULL: no failure */
};
/* The parts of a container (file_row.document) from the `first` on, in their order; a false return stops. */
MUST_USE enum status parts_list(struct db *db, int64_t container, int64_t first, int64_t limit,
	bool (*each)(void *arg, const struct part_row *p), void *arg);
/* The part of that path; of several one that has text, and of these the last.  ST_NOT_FOUND. */
MUST_USE enum status part_find(struct db *db, int64_t container, const char *path,
	void (*each)(void *arg, const struct part_row *p), void *arg);
/* How many there are, and how many of them have a failure. */
MUST_USE enum status parts_summary(struct db *db, int64_t container, int64_t *parts, int64_t *failed);

struct document_info {
	const char *type, *title, *author;
	const char *lang;	     /* NULL if unknown */
	int64_t created;	     /* seconds UTC, 0 if unknown */
	const char *meta;	     /* JSON object or NULL */
	int64_t size;		     /* bytes of text */
	bool truncated;
	const char *converter;
	const void *version, *hash; /* of the converter; of the content */
	int version_len, hash_len;
};
/* Metadata of a document (file_row.document); ST_NOT_FOUND. */
MUST_USE enum status document_info(struct db *db, int64_t document,
	void (*each)(void *arg, const struct document_info *d), void *arg);

#endif
