/*
 * writer_felling: directories that go with all below them; see writer_state.h.
 *
 * They were detached before, so nobody finds what is below them any more, and their rows can go a few at a time: between
 * two steps whatever else has come is committed.  One deletion of 100,000 files in one transaction held up the next save
 * for as long as it took.
 */
#include "pipeline/writer_state.h"

#include "core/log.h"
#include "core/now.h"
#include "core/stats.h"
#include "store/tree.h"

enum { STEP_ROWS = 500 }; /* the longest that a live result waits for it: about 50 ms */

void writer_fell_later(struct writer *w, struct tree_change *c)
{
	c->next = NULL;
	*(w->felling ? &w->felling_last->next : &w->felling) = c;
	w->felling_last = c;
	w->felling_count++;
}

static void send_first(struct writer *w, int64_t clock)
{
	struct item i = {.change = w->felling};

	w->felling = w->felling->next;
	w->felling_count--;
	writer_send_item(w, &i, clock, NULL);
}

/* *left: the first that is not through. */
static enum status step(struct writer *w, struct tree_change **left)
{
	int64_t most = STEP_ROWS;
	bool gone = true;
	enum status st = db_begin(w->db);

	*left = w->felling;
	while (st == ST_OK && *left && most > 0) {
		st = tree_dir_fell(w->db, (*left)->dir, &most, &gone);
		if (st == ST_OK && gone)
			*left = (*left)->next;
	}
	return st == ST_OK ? writer_end_transaction(w) : st;
}

void writer_fell_some(struct writer *w)
{
	struct tree_change *left;

	writer_commit(w);
	atomic_store(&w->beat_ms, now_mono_ms());
	enum status st = step(w, &left);
	if (st != ST_OK) {
		writer_recover(w, st);
		if (writer_may_pass(st))
			return;
		log_error("directory %lld: cannot be deleted and is left out: %s", (long long)w->felling->dir,
			status_text(st));
		left = w->felling->next;
	}
	int64_t clock = db_clock(w->db);
	stats_add(commits, 1);
	writer_tell_loop(w, clock, false);
	while (w->felling != left)
		send_first(w, clock);
	db_checkpoint(w->db, WAL_MAX);
	w->last_work_ms = now_mono_ms();
	w->rest = REST_NONE;
	w->merged = false;
}

void writer_fell_end(struct writer *w)
{
	while (w->felling && !writer_is_past_deadline(w))
		writer_fell_some(w);
	while (w->felling) /* swept at the next start */
		send_first(w, db_clock(w->db));
}
