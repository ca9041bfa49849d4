/*
 * changes: what has become of the tree since a clock, for the method of that name.
 *
 * One record a row, at its last change.  `moved` means that what was at `from` (a directory: all below it) is now at
 * `path`, in place of what was there; `deleted` of a directory stands for all below it.  The records up to the end belong
 * together, over however many lists: take all that is deleted or moved away first, then put down, for directories may
 * have changed places, and a path that was left may be taken again; what is deleted behind a move went from its new place.
 */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include "store/db.h"

#define CHANGE_KIND_TABLE(X)                                                                       \
	X(CREATED, "created")                                                                      \
	X(CHANGED, "changed")                                                                      \
	X(DELETED, "deleted")                                                                      \
	X(MOVED, "moved")
enum change_kind {
#define X(name, text) CHANGE_##name,
	CHANGE_KIND_TABLE(X)
#undef X
};
const char *change_kind_text(enum change_kind kind);

struct change {
	const char *path; /* absolute, bytes */
	const char *from; /* moved: the path before; else NULL */
	enum change_kind kind;
	bool is_dir;
	int64_t clock;
	int64_t row; /* of the file or the directory; 0: deleted */
};

/*
 * Calls `each` for every change after `since`, at most `limit`, in order of the clock; strings live for the call, a
 * false return stops.  since < 0: every file as created, and nothing else.  *more: there are others behind the last
 * one; asking again with that one's clock gives them.  Any connection.
 */
MUST_USE enum status changes_list(struct db *db, int64_t since, int64_t limit,
	bool (*each)(void *arg, const struct change *c), void *arg, bool *more);

#endif
