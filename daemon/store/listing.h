/*
 * listing: failures and documents with their metadata, as the server shows them.  Any connection; strings live for
 * the call.
 */
#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include "store/db.h"

#include <stddef.h>

struct failure_row {
	const char *path; /* absolute; NULL from failure_of */
	const char *converter, *reason, *detail, *output;
	int64_t attempts;
	int64_t next_try; /* seconds UTC; 0: when the content or the converter changes */
	int64_t at;	  /* seconds UTC */
};

/* Failures in the order of their files' ids; a false return stops. */
MUST_USE enum status failures_list(struct db *db, int64_t limit, int64_t offset,
	bool (*each)(void *arg, const struct failure_row *f), void *arg);
MUST_USE enum status failures_count(struct db *db, int64_t *count);
/* The failure of one file (file_row.id); ST_NOT_FOUND. */
MUST_USE enum status failure_of(
	struct db *db, int64_t file, void (*each)(void *arg, const struct failure_row *f), void *arg);

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
