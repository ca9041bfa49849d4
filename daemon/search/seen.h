/*
 * seen: what has become of the tree since a clock, as one caller sees it; store/changes.h tells all of it.
 *
 *   now and then visible       created, changed, moved, deleted
 *   not visible any more       deleted
 *   visible now, not then      created, or changed
 *   never visible              nothing
 *
 * What was visible then is told by the access that was kept with each tombstone and move (store/access.h).  Where others
 * may reach a whole directory since then, nothing was kept for what lies below it: seen_is_fresh.
 */
#ifndef SEARCH_SEEN_H
#define SEARCH_SEEN_H

#include "core/caller.h"
#include "store/changes.h"

/*
 * Whether the caller may reach, or list, other directories than at that clock; then only everything, from the start,
 * says what there is.  Any connection, inside a transaction, as all here.
 */
MUST_USE enum status seen_is_fresh(
	struct db *db, const struct caller *caller, int64_t since, bool *fresh);
/* As changes_list, of what the caller may see, up to the clock `until`. */
MUST_USE enum status seen_list(struct db *db, const struct caller *caller, int64_t since, int64_t until,
	int64_t limit, bool (*each)(void *arg, const struct change *c), void *arg, bool *more);
/* Of uid, gid and groups, in whatever order: on another number another one asks. */
uint64_t seen_number(const struct caller *caller);

#endif
