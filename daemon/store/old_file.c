/* old_file: see old_file.h. */
#include "store/old_file.h"

#include "store/connection.h"

#include <string.h>

void old_file_finish(struct old_file *old)
{
	buf_finish(&old->acl);
}

bool old_file_has_guard(
	const struct old_file *old, const struct ident *now, const void *acl, size_t acl_len)
{
	return old->ident.mode == now->mode && old->ident.uid == now->uid &&
	       old->ident.gid == now->gid && old->acl.len == acl_len &&
	       (acl_len == 0 || memcmp(old->acl.data, acl, acl_len) == 0);
}

enum status old_file_find(struct db *db, int64_t dir, const char *name, struct old_file *old)
{
	AUTO_STATEMENT s = statement_start(db, STMT_FILE_OLD);

	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	old->id = statement_get_int(&s, 0);
	old->state = (enum file_state)statement_get_int(&s, 1);
	old->document = statement_get_int(&s, 2);
	old->ident = (struct ident){
		.ino = (uint64_t)statement_get_int(&s, 3),
		.size = statement_get_int(&s, 4),
		.mtime_ns = statement_get_int(&s, 5),
		.ctime_ns = statement_get_int(&s, 6),
		.mode = (uint32_t)statement_get_int(&s, 7),
		.uid = (uint32_t)statement_get_int(&s, 8),
		.gid = (uint32_t)statement_get_int(&s, 9),
		.nlink = (uint32_t)statement_get_int(&s, 10),
	};
	statement_add_bytes(&s, 11, &old->acl);
	return db_trouble(db, buf_status(&old->acl));
}
