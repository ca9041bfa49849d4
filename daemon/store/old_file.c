/* old_file: see old_file.h. */
#include "store/old_file.h"

#include "store/connection.h"

#include <string.h>

void old_file_finish(struct old_file *old)
{
	buf_finish(&old->acl);
	buf_finish(&old->moved_from);
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
	statement_add_bytes(&s, 3, &old->moved_from);
	old->ident = (struct ident){
		.ino = (uint64_t)statement_get_int(&s, 4),
		.size = statement_get_int(&s, 5),
		.mtime_ns = statement_get_int(&s, 6),
		.ctime_ns = statement_get_int(&s, 7),
		.mode = (uint32_t)statement_get_int(&s, 8),
		.uid = (uint32_t)statement_get_int(&s, 9),
		.gid = (uint32_t)statement_get_int(&s, 10),
		.nlink = (uint32_t)statement_get_int(&s, 11),
	};
	statement_add_bytes(&s, 12, &old->acl);
	return db_trouble(db, old->moved_from.failed || old->acl.failed ? ST_NOMEM : ST_OK);
}
