/*
 * container: documents that have parts, as the files of this room need them: their state, their rows as a whole, and
 * their end.  Writer, inside a transaction where nothing else is said.
 */
#ifndef STORE_CONTAINER_H
#define STORE_CONTAINER_H

#include "store/db.h"

struct document_state {
	int64_t id, building, parts;
	bool searchable, has_text, has_file;
};
/* The document of this content by this converter, complete or not; ST_NOT_FOUND. */
MUST_USE enum status document_state(
	struct db *db, const unsigned char *hash, int64_t converter, struct document_state *out);
/* Whether its parts are not what they should be: no file may be given it. */
MUST_USE enum status document_is_stale(struct db *db, int64_t id, bool *stale);

/*
 * Deletes a document that no file has and that is not searchable.  Containers that have it as a part become stale: none
 * of them is alive.
 */
MUST_USE enum status document_forget(struct db *db, int64_t id);
/* Takes note of the documents of the parts from `first` up to, but without, `end`; counts them, if they are counted. */
MUST_USE enum status parts_note(
	struct db *db, int64_t container, int64_t first, int64_t end, int by, bool *any);
/* Deletes them. */
MUST_USE enum status parts_delete(struct db *db, int64_t container, int64_t first, int64_t end);
/* Puts their names into the indexes. */
MUST_USE enum status parts_index(struct db *db, int64_t container, int64_t first, int64_t end);
/* A container that will not be completed: forgotten, or stale if it was complete before. */
MUST_USE enum status container_end_building(struct db *db, int64_t id, bool has_text);
/* Opening the store: containers that were being read when the last daemon ended; between transactions. */
MUST_USE enum status parts_drop_building(struct db *db);

#endif
