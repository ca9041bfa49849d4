/* old_file: a file row as it was before a change, for what the change must compare and undo. */
#ifndef STORE_OLD_FILE_H
#define STORE_OLD_FILE_H

#include "core/buf.h"
#include "store/tree.h"

struct old_file {
	int64_t id, document;
	enum file_state state;
	struct ident ident;
	struct buf acl; /* empty if none */
};
#define OLD_INIT {.acl = BUF_INIT}
#define AUTO_OLD __attribute__((cleanup(old_file_finish))) struct old_file

void old_file_finish(struct old_file *old);
/* Whether it lets the same callers read it: mode, owner and access list. */
bool old_file_has_guard(
	const struct old_file *old, const struct ident *now, const void *acl, size_t acl_len);
/* ST_NOT_FOUND. */
MUST_USE enum status old_file_find(struct db *db, int64_t dir, const char *name, struct old_file *old);

#endif
