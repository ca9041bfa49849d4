/* access: chains and their numbers; see access.h. */
#include "store/access.h"

#include "core/log.h"
#include "core/now.h"
#include "store/connection.h"
#include "store/meta.h"

enum { DEPTH_MOST = 100000, USE_AGAIN_S = 3600 };

void access_forget_last(struct db *db)
{
	db->last_chain.dir = 0;
}

/* --- composing ------------------------------------------------------------------------------------ */

/* What is above a directory without a parent; nobody knows: it is closed. */
static enum status add_top(struct db *db, int64_t dir, struct buf *chain)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_ABOVE);
	struct buf whole = BUF_INIT;

	statement_int(&s, dir);
	if (statement_row(&s))
		statement_add_bytes(&s, 0, &whole);
	else
		chain_add(&whole, &guard_closed);
	buf_add(&whole, chain->data ? chain->data : "", chain->len);
	whole.failed |= chain->failed;
	buf_finish(chain);
	*chain = whole;
	return statement_status(&s);
}

/* Adds one directory above the chain; *up is its parent, 0: the chain is whole. */
static enum status climb_one(struct db *db, int64_t dir, struct buf *chain, int64_t *up)
{
	AUTO_STATEMENT s = statement_start(db, STMT_DIR_GUARD);
	int acl_len;

	statement_int(&s, dir);
	if (!statement_row(&s)) {
		enum status st = statement_status(&s);
		return st == ST_OK ? ST_NOT_FOUND : st;
	}
	*up = statement_get_int(&s, 0);
	const void *acl = statement_get_bytes(&s, 4, &acl_len);
	const struct guard g = {
		.mode = (uint32_t)statement_get_int(&s, 1),
		.uid = (uint32_t)statement_get_int(&s, 2),
		.gid = (uint32_t)statement_get_int(&s, 3),
		.acl = acl,
		.acl_len = (size_t)acl_len,
	};
	/* The chain that a detached one was taken out of ends with itself. */
	if (!statement_get_int(&s, 5))
		chain_add_above(chain, &g);
	enum status st = *up ? ST_OK : add_top(db, dir, chain);
	return st == ST_OK ? db_trouble(db, buf_status(chain)) : st;
}

/* Into db->last_chain; one that lost its place altogether is closed. */
static enum status compose(struct db *db, int64_t dir)
{
	struct buf *chain = &db->last_chain.bytes;
	int64_t at = dir;
	enum status st = ST_OK;

	if (db->last_chain.dir == dir)
		return ST_OK;
	access_forget_last(db);
	buf_clear(chain);
	for (int depth = 0; at && st == ST_OK; depth++) {
		if (depth == DEPTH_MOST) {
			log_error("store: directory %lld is below itself", (long long)dir);
			return db_trouble(db, ST_CORRUPT);
		}
		st = climb_one(db, at, chain, &at);
	}
	if (st == ST_NOT_FOUND) {
		chain_add_above(chain, &guard_closed);
		st = db_trouble(db, buf_status(chain));
	}
	if (st == ST_OK)
		db->last_chain.dir = dir;
	return st;
}

/* --- numbers -------------------------------------------------------------------------------------- */

static enum status use_again(struct db *db, int64_t id)
{
	AUTO_STATEMENT s = statement_start(db, STMT_ACCESS_USE);

	statement_int(&s, id);
	statement_int(&s, now_real_s());
	return statement_run(&s);
}

static enum status number_of(struct db *db, const struct buf *chain, int64_t *id)
{
	const char *bytes = chain->data ? chain->data : "";
	int64_t used;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_ACCESS_FIND);

		statement_blob(&s, bytes, chain->len);
		*id = statement_row(&s) ? statement_get_int(&s, 0) : 0;
		used = *id ? statement_get_int(&s, 1) : 0;
		enum status st = statement_status(&s);
		if (st != ST_OK)
			return st;
	}
	if (*id)
		return now_real_s() - used < USE_AGAIN_S ? ST_OK : use_again(db, *id);
	AUTO_STATEMENT s = statement_start(db, STMT_ACCESS_ADD);
	statement_blob(&s, bytes, chain->len);
	statement_int(&s, now_real_s());
	enum status st = statement_run(&s);
	*id = sqlite3_last_insert_rowid(db->raw);
	return st;
}

enum status access_of_dir(struct db *db, int64_t dir, int64_t *id)
{
	*id = 0;
	if (!db->keeps_access)
		return ST_OK;
	enum status st = compose(db, dir);
	return st == ST_OK ? number_of(db, &db->last_chain.bytes, id) : st;
}

enum status access_of_file(struct db *db, int64_t dir, const struct ident *ident, const void *acl,
	size_t acl_len, int64_t *id)
{
	struct buf *chain = &db->last_chain.bytes;

	*id = 0;
	if (!db->keeps_access)
		return ST_OK;
	enum status st = compose(db, dir);
	if (st != ST_OK)
		return st;
	size_t len = chain->len;
	chain_add(chain, &(struct guard){ident->mode, ident->uid, ident->gid, acl, acl_len});
	st = db_trouble(db, buf_status(chain));
	if (st == ST_OK)
		st = number_of(db, chain, id);
	chain->len = len; /* the directory's again */
	return st;
}

enum status access_note_regrant(struct db *db, int64_t was, int64_t now)
{
	if (was == now)
		return ST_OK;
	AUTO_STATEMENT s = statement_start(db, STMT_REGRANT_ADD);
	statement_int(&s, db_tick(db));
	statement_int(&s, was);
	statement_int(&s, now);
	statement_int(&s, now_real_s());
	return statement_run(&s);
}

/* --- sweep ---------------------------------------------------------------------------------------- */

static enum status run_before(struct db *db, enum statement_id id, int64_t before_s)
{
	AUTO_STATEMENT s = statement_start(db, id);

	statement_int(&s, before_s);
	return statement_run(&s);
}

enum status access_sweep(struct db *db, int64_t before_s, int64_t now_s)
{
	int64_t last;
	{
		AUTO_STATEMENT s = statement_start(db, STMT_REGRANTS_LAST);

		statement_int(&s, before_s);
		last = statement_row(&s) ? statement_get_int(&s, 0) : 0;
		enum status st = statement_status(&s);
		if (st != ST_OK)
			return st;
	}
	/* Who asks about an older clock than this cannot be told what became of it, and is told everything. */
	enum status st = last ? meta_put_int(db, "regrants", last) : ST_OK;
	if (st == ST_OK)
		st = run_before(db, STMT_REGRANTS_SWEEP, before_s);
	return st == ST_OK ? run_before(db, STMT_ACCESS_SWEEP, 2 * before_s - now_s) : st;
}
