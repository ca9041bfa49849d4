/* writer: the thread, its transactions and their bounds; see writer.h. */
#include "pipeline/writer_state.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/thread.h"

enum {
	BATCH_BYTES = 8 << 20,
	URGENT_MS = 40,	 /* the longest that a live result waits for others of its transaction */
	LINGER_MS = 500, /* the longest that a scan's results wait for more of them */
};

bool writer_is_stopping(const struct writer *w)
{
	return atomic_load(&w->stop_ms) != 0;
}

bool writer_is_past_deadline(struct writer *w)
{
	int64_t stop = atomic_load(&w->stop_ms);

	if (!stop || now_mono_ms() < stop)
		return false;
	if (!w->deadline_told) {
		w->deadline_told = true;
		w->o.deadline(w->o.arg);
	}
	return true;
}

/* What it knows of documents and converters is of a store that is gone; the directories of this one are on their way. */
static bool is_of_another_store(const struct writer *w, const struct item *i)
{
	return i->result && i->result->of->generation != atomic_load(w->o.generation);
}

enum status writer_apply(struct writer *w, struct item *i)
{
	atomic_store(&w->beat_ms, now_mono_ms());
	if (is_of_another_store(w, i)) {
		if (i->result->job && i->result->kind != RESULT_NONE)
			i->result->job->verdict = JOB_REPEAT;
		return ST_OK;
	}
	if (i->result) { /* one that kills the writer is a suspect too */
		slots_clear(w->o.slots, w->o.slot);
		slots_set(w->o.slots, w->o.slot, i->result->of);
	}
	return i->change ? apply_tree(w->db, i->change, &w->notes)
			 : apply_result(w->db, i->result, &w->notes);
}

/* During a long step; true: it is to end, for it would outlive the stop. */
static bool keep_beating(void *arg)
{
	struct writer *w = arg;

	atomic_store(&w->beat_ms, now_mono_ms());
	return writer_is_past_deadline(w);
}

enum status writer_end_transaction(struct writer *w)
{
	w->written_us = now_mono_us();
	enum status st = db_commit(w->db);

	w->committed_us = now_mono_us();
	if (st == ST_OK)
		stats_time(commit, w->committed_us - w->written_us);
	return st;
}

/* After a commit; nothing is left to tell when the batch was dropped, or the store rebuilt. */
static void tell_batch(struct writer *w)
{
	w->open = false;
	w->last_work_ms = now_mono_ms();
	w->rest = REST_NONE;
	w->merged = false;
	if (!w->count) {
		w->urgent = false;
		w->bytes = 0;
		return;
	}
	stats_add(commits, 1);
	stats_add(rows_written, (long long)w->count);
	int64_t clock = db_clock(w->db);
	writer_tell_loop(w, clock, false);
	writer_send_links(w, true); /* first: whoever waits for the items waits for these too */
	writer_send_batch(w, clock, NULL);
	/* Copying the log takes a tenth of a second: whoever waits for a saved file goes first, for a while. */
	db_checkpoint(w->db, results_live_waits(w->o.results) ? WAL_PATIENT : WAL_MAX);
}

void writer_commit(struct writer *w)
{
	if (!w->open)
		return;
	enum status st = writer_end_transaction(w);

	if (st != ST_OK)
		writer_recover(w, st);
	tell_batch(w);
}

/* Somebody may wait for it; nobody sees a part before its file is there. */
static bool is_urgent(const struct item *i)
{
	return i->change ? i->change->urgent : i->result->job && i->result->job->lane == LANE_LIVE;
}

static void add(struct writer *w, struct item i)
{
	enum status st = ST_OK;

	if (i.change && i.change->kind == TREE_DIR_DELETE) {
		writer_fell_later(w, i.change);
		return;
	}
	if (!w->open) {
		w->open = true;
		w->opened_ms = now_mono_ms();
		st = db_begin(w->db);
	}
	w->batch[w->count++] = i;
	if (i.result)
		w->bytes += i.result->bytes;
	if (i.result && i.result->job)
		trace_note(&i.result->job->trace, TRACE_TAKEN);
	if (!w->urgent && is_urgent(&i)) {
		w->urgent = true;
		w->urgent_ms = now_mono_ms();
	}
	if (st == ST_OK)
		st = writer_apply(w, &w->batch[w->count - 1]);
	if (st == ST_OK)
		return;
	writer_recover(w, st);
	tell_batch(w); /* the replay committed what there was */
}

static bool is_due(struct writer *w)
{
	if (!w->open)
		return false;
	if (w->count == BATCH_ITEMS || w->bytes >= BATCH_BYTES)
		return true;
	return w->urgent && (now_mono_ms() - w->urgent_ms >= URGENT_MS || !results_live_waits(w->o.results));
}

static int64_t wait_until(struct writer *w)
{
	int64_t until;

	if (!w->open && w->felling) {
		until = 0;
	} else if (!w->open) {
		until = writer_rest(w);
		atomic_store(&w->beat_ms, 0);
	} else if (w->urgent || w->felling || queue_outstanding(w->o.queue) == 0) {
		until = 0; /* look, do not wait */
	} else {
		until = w->opened_ms + LINGER_MS;
	}
	int64_t stop = atomic_load(&w->stop_ms);
	if (stop && !w->deadline_told && stop < until)
		until = stop;
	return until;
}

static void *run(void *arg)
{
	struct writer *w = arg;

	for (;;) {
		struct item i = {NULL, NULL};
		enum results_event e =
			results_pop(w->o.results, wait_until(w), &i.change, &i.result);

		writer_is_past_deadline(w);
		if (e == RESULTS_TREE || e == RESULTS_RESULT)
			add(w, i);
		else if (e == RESULTS_POKE)
			writer_run_tasks(w);
		else if (e == RESULTS_TIMEOUT)
			writer_commit(w);
		else
			break;
		if (is_due(w))
			writer_commit(w);
		if (w->felling && (!w->open || w->felling_count >= BATCH_ITEMS))
			writer_fell_some(w);
	}
	writer_run_tasks(w); /* commits first */
	writer_fell_end(w);
	db_checkpoint(w->db, 0);
	db_close(w->db);
	w->db = NULL;
	w->o.ended(w->o.arg);
	return NULL;
}

enum status writer_start(const struct writer_options *o, struct writer **out)
{
	struct writer *w = mem_zalloc(sizeof *w);

	if (!w)
		return ST_NOMEM;
	w->o = *o;
	w->db = o->db;
	w->notes.link = writer_note_link;
	w->notes.arg = w;
	w->note.letter.open = writer_open_note;
	w->note.writer = w;
	w->last_work_ms = now_mono_ms();
	w->next_sweep_ms = w->last_work_ms + SWEEP_MS;
	db_on_progress(w->db, keep_beating, w);
	lock_init(&w->lock);
	enum status st = thread_start(&w->thread, "writer", ROLE_WRITER, run, w);
	if (st != ST_OK) {
		lock_finish(&w->lock);
		mem_free(w);
		return st;
	}
	*out = w;
	return ST_OK;
}

void writer_join(struct writer *w)
{
	pthread_join(w->thread, NULL);
	lock_finish(&w->lock);
	mem_free(w);
}

void writer_post(struct writer *w, struct writer_task *task)
{
	struct writer_task **end = &w->tasks;

	task->next = NULL;
	lock_take(&w->lock);
	while (*end)
		end = &(*end)->next;
	*end = task;
	lock_drop(&w->lock);
	results_poke(w->o.results);
}

void writer_stop(struct writer *w, int64_t deadline_ms)
{
	atomic_store(&w->stop_ms, deadline_ms);
	results_poke(w->o.results);
}

void writer_suspect_damage(struct writer *w)
{
	if (!atomic_exchange(&w->damaged, true))
		results_poke(w->o.results);
}

bool writer_is_full(struct writer *w)
{
	return atomic_load(&w->full);
}

bool writer_is_alive(struct writer *w, int64_t ms)
{
	int64_t beat = atomic_load(&w->beat_ms);

	return beat == 0 || now_mono_ms() - beat < ms;
}
