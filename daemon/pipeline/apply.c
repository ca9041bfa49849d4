/*
 * apply: from results and tree changes to rows.
 *
 * The policy of failures is here: what is charged, when it is tried again, when a
 * document is left alone.
 */
#include "pipeline/apply.h"

#include "core/log.h"
#include "core/now.h"
#include "pipeline/content.h"
#include "store/attempts.h"
#include "store/slow.h"
#include "store/tree.h"

#include <string.h>

enum { QUARANTINE_AT = 3, RETRY_FIRST_S = 30, RETRY_MOST_S = 3600 };

/* One failed link lookup must not fail the transaction: the slow rescan finds the other names. */
static bool tell_link(void *arg, int64_t dir, const char *name)
{
	struct apply_notes *notes = arg;

	notes->link(notes->arg, dir, name);
	return true;
}

/* What was written through the name that went may be known by other names, of which no event tells. */
static enum status tell_links_of_gone(
	struct db *db, uint64_t ino, struct apply_notes *notes)
{
	struct ident none = {.ino = ino, .nlink = 2}; /* differs from every row */

	return ino ? tree_each_link(db, &none, tell_link, notes) : ST_OK;
}

struct link_found {
	struct apply_notes *notes;
	bool any;
};

static bool tell_found(void *arg, int64_t dir, const char *name)
{
	struct link_found *f = arg;

	f->any = true;
	return tell_link(f->notes, dir, name);
}

/*
 * Other names of the inode whose rows say another content: theirs may be old, or this one's, if it was read before they
 * were and is stored after them.
 */
static enum status tell_links(struct db *db, const struct job *j, struct apply_notes *notes)
{
	struct link_found found = {notes, false};
	enum status st = tree_each_link(db, &j->read, tell_found, &found);

	if (st == ST_OK && found.any)
		notes->link(notes->arg, j->dir, j->name);
	return st;
}

static enum status delete_file(struct db *db, struct tree_change *c, struct apply_notes *notes)
{
	struct file_row was;

	c->present = c->present && tree_find_file(db, c->dir, c->name, &was) == ST_OK;
	enum status st = tree_file_delete(db, c->dir, c->name);
	return st == ST_OK ? tell_links_of_gone(db, c->ident.ino, notes) : st;
}

enum status apply_tree(struct db *db, struct tree_change *c, struct apply_notes *notes)
{
	struct dir_row row = {
		.id = c->dir,
		.root = c->root,
		.parent = c->parent,
		.name = c->name ? c->name : "",
		.ident = c->ident,
		.acl = c->acl.data,
		.acl_len = (int)c->acl.len,
		.fsid = c->fsid,
		.fsid_len = c->fsid_len,
		.offline = c->offline,
	};
	struct file_change file = {
		.dir = c->dir,
		.name = c->name,
		.ident = &c->ident,
		.acl = c->acl.data,
		.acl_len = (int)c->acl.len,
		.stamp_ns = c->stamp_ns,
		.state = c->state,
		.rule = c->rule,
	};
	enum status st;

	switch (c->kind) {
	case TREE_ROOT_PUT:
		return tree_root_put(db, c->name, c->new_name, &c->root);
	case TREE_ROOT_STATE:
		return tree_root_state(db, c->root, c->fsid, c->fsid_len, c->offline);
	case TREE_ROOT_ABOVE:
		return tree_root_above(db, c->root, c->acl.data ? c->acl.data : "", c->acl.len);
	case TREE_ROOT_DELETE:
		return tree_root_delete(db, c->root);
	case TREE_DIR_PUT:
		return tree_dir_put(db, &row);
	case TREE_DIR_DETACH:
		return tree_dir_detach(db, c->dir);
	case TREE_DIR_MOVE:
		return tree_dir_move(db, c->dir, c->root, c->parent, c->name);
	case TREE_DIR_DELETE:
		return tree_dir_delete(db, c->dir);
	case TREE_FILE_MOVE:
		st = tree_file_move(db, c->dir, c->name, c->parent, c->new_name);
		return st == ST_NOT_FOUND ? ST_OK : st;
	case TREE_FILE_DELETE:
		return delete_file(db, c, notes);
	case TREE_FILE_STATE:
		st = tree_file_put(db, &file);
		if (st == ST_OK)
			st = tell_links_of_gone(db, c->replaced, notes);
		if (st == ST_OK) /* modes are those of the inode, under all of its names */
			st = tree_each_link(db, &c->ident, tell_link, notes);
		return st == ST_NOT_FOUND ? ST_OK : st;
	}
	BUG("tree change without a case");
}

static const char *text_of(const struct buf *b)
{
	return b->data ? b->data : "";
}

static int64_t back_off_s(int attempts)
{
	int64_t s = RETRY_FIRST_S;

	for (int i = 1; i < attempts && s < RETRY_MOST_S; i++)
		s *= 2;
	return s < RETRY_MOST_S ? s : RETRY_MOST_S;
}

/* Counts the attempt, and decides about the next one.  The result stays as it is: it may be applied once more. */
static enum status judge_failure(
	struct db *db, const struct result *r, struct file_failure *f, enum file_state *state)
{
	int before = 0;
	enum status st = attempts_find(
		db, r->job->dir, r->job->name, r->hashed ? r->hash : NULL, r->reason, &before);

	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	*f = (struct file_failure){
		.converter = text_of(&r->who),
		.reason = r->reason,
		.detail = text_of(&r->detail),
		.output = text_of(&r->output),
		.attempts = (r->charged || r->transient ? before : 0) + 1,
		.hash = r->hashed ? r->hash : NULL,
	};
	*state = r->state;
	if (r->state == FILE_QUARANTINED)
		f->attempts = r->job->attempts;
	else if (r->charged && f->attempts >= QUARANTINE_AT)
		*state = FILE_QUARANTINED;
	else if (r->transient)
		f->next_try = now_real_s() + back_off_s(f->attempts);
	return ST_OK;
}

static enum status put_file(struct db *db, const struct result *r, enum file_state state,
	int64_t document, const struct file_failure *failure)
{
	struct file_change c = {
		.dir = r->job->dir,
		.name = r->job->name,
		.ident = &r->job->read,
		.acl = r->acl.data,
		.acl_len = (int)r->acl.len,
		.stamp_ns = r->stamp_ns,
		.state = state,
		.rule = r->rule,
		.document = document,
		.failure = failure,
	};

	return tree_file_put(db, &c);
}

static enum status put_ident(struct db *db, struct result *r, struct apply_notes *notes)
{
	struct job *j = r->job;
	const struct file_change c = {
		.dir = j->dir,
		.name = j->name,
		.ident = &j->read,
		.acl = r->acl.data,
		.acl_len = (int)r->acl.len,
		.stamp_ns = r->stamp_ns,
	};
	enum status st = tree_file_touch(db, &c);

	j->state = r->state;
	if (st == ST_OK)
		st = tell_links(db, j, notes);
	if (st != ST_NOT_FOUND)
		return st;
	j->verdict = JOB_GONE;
	return ST_OK;
}

/* --- the slow lane --- */

/* A file that was read may wait for its slow converter now, unless that has made the document already. */
static enum status note_slow(struct db *db, const struct result *r, enum file_state state)
{
	struct job *j = r->job;

	if (!r->slow || !r->hashed || (state != FILE_INDEXED && state != FILE_BINARY && state != FILE_NO_CONVERTER))
		return ST_OK;
	if (r->kind != RESULT_STATE && r->converter == r->slow)
		return slow_tried(db, j->dir, j->name, r->slow, r->hash);
	j->slow_waits = true;
	return slow_wait(db, j->dir, j->name, r->slow, r->hash);
}

/* The document of a slow converter takes the place of the one that the normal one made, if the file is still the same. */
static enum status apply_slow(struct db *db, struct result *r)
{
	struct job *j = r->job;
	struct file_row row;
	int64_t document;
	enum status st = tree_find_file(db, j->dir, j->name, &row);

	j->verdict = JOB_COMMITTED;
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	if (!r->slow)
		return slow_forget(db, j->dir, j->name);
	j->slow_waits = !ident_same_content(&row.ident, &j->read);
	if (j->slow_waits) /* what it is now waits for a turn of its own */
		return ST_OK;
	st = slow_tried(db, j->dir, j->name, r->slow, r->hash);
	if (st != ST_OK || r->kind == RESULT_STATE)
		return st;
	st = content_put(db, r, &document);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	const struct file_change c = {
		.dir = j->dir,
		.name = j->name,
		.ident = &j->read,
		.acl = r->acl.data,
		.acl_len = (int)r->acl.len,
		.stamp_ns = row.stamp_ns,
		.state = FILE_INDEXED,
		.rule = row.rule,
		.document = document,
	};
	st = tree_file_put(db, &c);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status apply_file(struct db *db, struct result *r, struct apply_notes *notes)
{
	struct job *j = r->job;
	struct file_failure failure = {0};
	enum file_state state = r->state;
	int64_t document = 0;

	j->verdict = JOB_COMMITTED;
	if (r->kind == RESULT_STILL)
		return put_ident(db, r, notes);
	enum status st = content_put(db, r, &document);
	if (st == ST_NOT_FOUND) { /* a twin, or a part, is not there as it was thought to be */
		j->verdict = j->parts == PARTS_REFUSED ? JOB_REFUSED : JOB_REPEAT;
		return ST_OK;
	}
	if (st == ST_OK && r->reason)
		st = judge_failure(db, r, &failure, &state);
	if (st == ST_OK)
		st = put_file(db, r, state, document, r->reason ? &failure : NULL);
	if (st == ST_NOT_FOUND) { /* the directory was deleted meanwhile */
		j->verdict = JOB_GONE;
		return ST_OK;
	}
	j->state = state;
	j->next_try = r->reason ? failure.next_try : 0;
	if (st == ST_OK)
		st = note_slow(db, r, state);
	if (st == ST_OK)
		st = tell_links_of_gone(db, j->replaced, notes);
	if (st == ST_OK && j->read.ino != j->seen.ino) /* replaced between the scan and the reading */
		st = tell_links_of_gone(db, j->seen.ino, notes);
	return st == ST_OK ? tell_links(db, j, notes) : st;
}

enum status apply_result(struct db *db, struct result *r, struct apply_notes *notes)
{
	int64_t none;

	if (r->place)
		return content_put_part(db, r);
	if (r->job->slow)
		return apply_slow(db, r);
	/* The verdict is there already: the parts go. */
	return r->kind == RESULT_NONE ? content_put(db, r, &none) : apply_file(db, r, notes);
}
