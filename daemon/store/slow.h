/*
 * slow: files that wait for their slow converter.
 *
 * A slow converter makes its document later than the normal one, which is there at
 * once.  A file that may have both waits here until the slow one has tried; what
 * it tried is kept, so that a restart repeats nothing.
 */
#ifndef STORE_SLOW_H
#define STORE_SLOW_H

#include "store/db.h"

/* --- any connection --- */

/* Files that wait, by row id, those above `after`, at most `limit`; a false return stops. */
typedef bool slow_each_file(void *arg, int64_t id, int64_t dir, const char *name);
MUST_USE enum status slow_each(
	struct db *db, int64_t after, int limit, slow_each_file *each, void *arg);

/* --- writer, inside a transaction; ST_OK too where there is no such file --- */

/* A file with this content (DOCUMENT_HASH_BYTES) waits for `converter` (row id), unless that has
 * had its turn with it. */
MUST_USE enum status slow_wait(
	struct db *db, int64_t dir, const char *name, int64_t converter, const unsigned char *hash);
/* It has had its turn now. */
MUST_USE enum status slow_tried(
	struct db *db, int64_t dir, const char *name, int64_t converter, const unsigned char *hash);
/* Nobody is slow with that name any more. */
MUST_USE enum status slow_forget(struct db *db, int64_t dir, const char *name);
/* After a reload: every file of that extension that was read and this converter has not tried waits
 * for it. */
MUST_USE enum status slow_expect(struct db *db, const char *extension, int64_t converter);

#endif
