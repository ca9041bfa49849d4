/*
 * parts: the documents inside of a document: attachments, members of archives.
 *
 * A container is a document that has rows here, one for each part at every depth below it; an inner container has
 * its own rows too.  Rows come one by one, in ordinary transactions, while the container is *building*: nobody finds
 * it by its hash, but it holds what its parts have, so that they are searchable as soon as one file has it.
 * documents_put completes it; opening the store drops what was never completed.
 */
#ifndef STORE_PARTS_H
#define STORE_PARTS_H

#include "store/db.h"
#include "store/name_index.h"
#include "store/tree.h"

/* Whether the parts of a container are all there.  Stored as numbers: never renumber. */
enum document_building {
	DOCUMENT_COMPLETE,
	DOCUMENT_BUILDING, /* they are coming */
	DOCUMENT_STALE,	   /* one was swept, or could be had now: the content is to be converted again */
};
/* Why the parts of a container are alive.  Stored as numbers: never renumber. */
enum document_holds {
	HOLDS_NOTHING,
	HOLDS_BUILDING,
	HOLDS_FILED, /* a file has it: its parts are hits */
};

struct part {
	const char *path; /* from the container on: "letters.zip/2021/a.txt"; UTF-8 */
	const char *type; /* MIME; NULL or "" if unknown */
	int64_t size;	  /* bytes */
	int64_t mtime;	  /* seconds UTC, 0 if unknown */
	enum file_state state;
	int64_t rule;				   /* converter row id that its name or type chose; 0: none */
	int64_t document;			   /* row id, 0: none */
	const char *converter, *reason, *detail; /* NULL: no failure */
};

/* The name of a part: what is behind its path's last slash. */
const char *part_leaf(const char *path);

/* How many rows of part a document has, and their bytes in all (sum of size); 0 and 0 of a plain one.  Any connection. */
MUST_USE enum status parts_count(struct db *db, int64_t document, int64_t *count, int64_t *bytes);
/* Whether any of its parts is a failure.  Any connection. */
MUST_USE enum status parts_any_failed(struct db *db, int64_t document, bool *failed);

/* --- writer, inside a transaction --- */

/*
 * The row of a container being read, made if it is new; one that is complete stays so.  Until documents_put or
 * parts_abandon of the same (hash, converter) it is building.
 */
MUST_USE enum status parts_begin(struct db *db, const unsigned char *hash, int64_t converter,
	const char *type, int64_t *container);
/* Inserts, or replaces, the part at `n`; ST_NOT_FOUND: the container or the document is gone (swept meanwhile). */
MUST_USE enum status parts_add(struct db *db, int64_t container, int64_t n, const struct part *p);
/*
 * All rows of the complete container `known`, as they are, with `prefix` and a slash before their paths, from `n` on;
 * *count of them.  ST_NOT_FOUND: `known` or `container` is gone, or `known` is not complete.
 */
MUST_USE enum status parts_copy(struct db *db, int64_t container, int64_t n, const char *prefix,
	int64_t known, int64_t *count);
/* Its reading failed or was canceled: the rows go, and the building document; a complete one stays.  ST_OK too where
 * there is none. */
MUST_USE enum status parts_abandon(struct db *db, const unsigned char *hash, int64_t converter);

#endif
