/* slow: rows of files that wait; see slow.h. */
#include "store/slow.h"

#include "core/mem.h"
#include "store/connection.h"
#include "store/documents.h"

#include <string.h>

enum status slow_each(struct db *db, int64_t after, int limit, slow_each_file *each, void *arg)
{
	AUTO_STATEMENT s = statement_start(db, STMT_SLOW_EACH);
	bool more = true;

	statement_int(&s, after);
	statement_int(&s, limit);
	while (more && statement_row(&s)) {
		int len;
		const void *bytes = statement_get_bytes(&s, 2, &len);
		AUTO_FREE char *name = mem_dup(bytes, (size_t)len);

		if (!name)
			return ST_NOMEM;
		more = each(arg, statement_get_int(&s, 0), statement_get_int(&s, 1), name);
	}
	return statement_status(&s);
}

static enum status put(struct db *db, enum statement_id statement, int64_t dir, const char *name,
	int64_t converter, const unsigned char *hash)
{
	AUTO_STATEMENT s = statement_start(db, statement);

	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	statement_int(&s, converter);
	statement_blob(&s, hash, DOCUMENT_HASH_BYTES);
	return statement_run(&s);
}

enum status slow_wait(
	struct db *db, int64_t dir, const char *name, int64_t converter, const unsigned char *hash)
{
	return put(db, STMT_SLOW_WAIT, dir, name, converter, hash);
}

enum status slow_tried(
	struct db *db, int64_t dir, const char *name, int64_t converter, const unsigned char *hash)
{
	return put(db, STMT_SLOW_TRIED, dir, name, converter, hash);
}

enum status slow_forget(struct db *db, int64_t dir, const char *name)
{
	AUTO_STATEMENT s = statement_start(db, STMT_SLOW_DELETE);

	statement_int(&s, dir);
	statement_blob(&s, name, strlen(name));
	return statement_run(&s);
}

enum status slow_expect(struct db *db, const char *extension, int64_t converter)
{
	AUTO_STATEMENT s = statement_start(db, STMT_SLOW_EXPECT);

	statement_string(&s, extension);
	statement_int(&s, converter);
	return statement_run(&s);
}
