/* name_index: names by word and by trigram; see name_index.h. */
#include "store/name_index.h"

#include "core/path.h"
#include "store/connection.h"

static enum status write(struct db *db, enum statement_id id, int64_t row, const struct buf *folded)
{
	AUTO_STATEMENT s = statement_start(db, id);

	statement_int(&s, row);
	statement_text(&s, folded->data, folded->len);
	return statement_run(&s);
}

static enum status write_both(struct db *db, enum statement_id word, enum statement_id part,
	int64_t row, const char *name, size_t len)
{
	AUTO_BUF folded = BUF_INIT;

	utf8_add_folded(&folded, name, len);
	buf_add(&folded, "", 0);
	enum status st = db_trouble(db, buf_status(&folded));
	if (st == ST_OK)
		st = write(db, word, row, &folded);
	if (st == ST_OK)
		st = write(db, part, row, &folded);
	return st;
}

enum status name_index_add(struct db *db, int64_t row, const char *name, size_t len)
{
	return write_both(db, STMT_WORD_INSERT, STMT_PART_INSERT, row, name, len);
}

enum status name_index_remove(struct db *db, int64_t row, const char *name, size_t len)
{
	return write_both(db, STMT_WORD_DELETE, STMT_PART_DELETE, row, name, len);
}
