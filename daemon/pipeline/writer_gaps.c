/* writer_gaps: tasks of others, sweeping, counting words, and rest; see writer_state.h. */
#include "pipeline/writer_state.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "store/access.h"
#include "store/merge.h"
#include "store/vocabulary_round.h"

enum {
	MERGE_MS = 500,	      /* idle for so long: merge segments */
	REST_MS = 2000,	      /* idle for so long: empty the log */
	SLEEP_MS = 5000,      /* idle for so long: give memory back */
	LOOK_MS = 60 * 1000,  /* complaints about damage are looked into so often */
	WORDS_PATIENCE_MS = 60 * 1000, /* words are not counted under load until they have waited so long */
	WORDS_STEP_MS = 100,	       /* and then a step of it so often */
	WORDS_STEP_US = 3000,	       /* the longest that a result waits for it */
	ORPHAN_KEEP_S = 24 * 3600,
	ORPHAN_SHARE = 10, /* percent of all text */
	TOMBSTONE_KEEP_S = 12 * 3600,
};

/*
 * A reader met damage: unless the store proves sound (the reader had an older one), it is rebuilt.  On another
 * connection, for this one's cache may hold good copies of pages that are damaged on disk.
 */
static void look_for_damage(struct writer *w)
{
	AUTO_BUF report = BUF_INIT;
	enum status st = db_reopen_writer(&w->db);

	if (st == ST_OK)
		st = db_check(w->db, &report);
	if (report.len || st == ST_CORRUPT)
		writer_recover(w, ST_CORRUPT);
	else if (st == ST_OK)
		log_notice("the store was checked and is sound");
	else
		log_error("the store could not be checked: %s", status_text(st));
	w->next_look_ms = now_mono_ms() + LOOK_MS;
}

static void look_if_due(struct writer *w)
{
	if (now_mono_ms() >= w->next_look_ms && atomic_exchange(&w->damaged, false))
		look_for_damage(w);
}

void writer_run_tasks(struct writer *w)
{
	struct writer_task *list;

	writer_commit(w);
	look_if_due(w);
	lock_take(&w->lock);
	list = w->tasks;
	w->tasks = NULL;
	lock_drop(&w->lock);
	while (list) {
		struct writer_task *next = list->next;

		atomic_store(&w->beat_ms, now_mono_ms());
		list->status = list->run(list, w->db);
		if (list->status == ST_CORRUPT) {
			writer_recover(w, ST_CORRUPT);
			list->status = list->run(list, w->db);
		}
		mailbox_send(w->o.mailbox, &list->letter);
		list = next;
	}
}

static void sweep(struct writer *w)
{
	int64_t now = now_real_s();
	enum status st = db_begin(w->db);

	w->next_sweep_ms = now_mono_ms() + SWEEP_MS;
	if (st == ST_OK)
		st = documents_sweep(w->db, now - ORPHAN_KEEP_S, ORPHAN_SHARE);
	if (st == ST_OK)
		st = tree_sweep_tombstones(w->db, now - TOMBSTONE_KEEP_S);
	if (st == ST_OK)
		st = access_sweep(w->db, now - TOMBSTONE_KEEP_S, now);
	if (st == ST_OK)
		st = db_commit(w->db);
	else
		db_rollback(w->db);
	if (st != ST_OK)
		writer_recover(w, st);
}

static void step_words(struct writer *w, int64_t now)
{
	int64_t due = INT64_MAX;
	enum status st = vocabulary_step(w->db, WORDS_STEP_US);

	w->words_patience_ms = now + WORDS_STEP_MS;
	db_checkpoint(w->db, WAL_MAX);
	if (st == ST_OK)
		st = vocabulary_due(w->db, &due);
	if (st == ST_CORRUPT)
		writer_recover(w, st);
	if (st != ST_OK)
		w->next_words_ms = now + LOOK_MS;
	if (due > now) { /* the round is over: rest from it, too */
		w->last_work_ms = now;
		w->rest = REST_NONE;
	}
}

/*
 * Words are counted anew a step at a time: when nothing has come for a while, or now and then where something always
 * does.  Returns when to look again.
 */
static int64_t count_words(struct writer *w, int64_t now)
{
	int64_t due = INT64_MAX;
	enum status st = now < w->next_words_ms ? ST_OK : vocabulary_due(w->db, &due);

	if (st != ST_OK)
		w->next_words_ms = now + LOOK_MS;
	if (now < w->next_words_ms)
		return w->next_words_ms;
	if (due > now) {
		w->words_patience_ms = 0;
		return due;
	}
	if (!w->words_patience_ms)
		w->words_patience_ms = now + WORDS_PATIENCE_MS;
	int64_t quiet = w->last_work_ms + REST_MS;
	int64_t at = quiet < w->words_patience_ms ? quiet : w->words_patience_ms;
	if (now >= at)
		step_words(w, now);
	return at;
}

/* Segments are merged when nothing has come for a while, a step at a time.  Returns when to look again. */
static int64_t merge(struct writer *w, int64_t now)
{
	bool more = false;

	if (w->merged || writer_is_stopping(w))
		return INT64_MAX;
	if (now < w->last_work_ms + MERGE_MS)
		return w->last_work_ms + MERGE_MS;
	enum status st = merge_step(w->db, &more);
	db_checkpoint(w->db, results_live_waits(w->o.results) ? WAL_PATIENT : WAL_MAX);
	if (st == ST_CORRUPT)
		writer_recover(w, st);
	w->merged = st != ST_OK || !more; /* trouble: after the next work, again */
	if (more)
		w->rest = REST_NONE; /* the log is to be emptied of it */
	return w->merged ? INT64_MAX : now;
}

int64_t writer_rest(struct writer *w)
{
	int64_t now = now_mono_ms();
	int64_t merges = merge(w, now);

	if (merges <= now)
		return now;
	if (w->rest == REST_NONE && now - w->last_work_ms >= REST_MS) {
		db_checkpoint(w->db, 0);
		w->rest = REST_LOG_EMPTY;
	}
	if (w->rest == REST_LOG_EMPTY && now - w->last_work_ms >= SLEEP_MS) {
		db_release_memory(w->db);
		mem_trim();
		w->rest = REST_ASLEEP;
	}
	if (now >= w->next_sweep_ms)
		sweep(w);
	look_if_due(w);
	int64_t next = count_words(w, now);
	if (merges < next)
		next = merges;
	if (w->next_sweep_ms < next)
		next = w->next_sweep_ms;
	if (w->rest != REST_ASLEEP) {
		int64_t rests = w->last_work_ms + (w->rest == REST_NONE ? REST_MS : SLEEP_MS);

		next = rests < next ? rests : next;
	}
	return atomic_load(&w->damaged) && w->next_look_ms < next ? w->next_look_ms : next;
}
