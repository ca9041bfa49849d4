/* writer_recovery: a transaction failed: its items are applied again, singly if need be; see writer_state.h. */
#include "pipeline/writer_state.h"

#include "core/log.h"
#include "core/now.h"
#include "core/stats.h"

#include <string.h>
#include <time.h>

enum { REPLAY_PAUSE_MS = 1000 };

static enum status renew(struct writer *w)
{
	enum status st = w->bare ? w->o.renew(w->o.arg, w->db) : ST_OK;

	if (st == ST_OK)
		w->bare = false;
	return st;
}

static enum status replay(struct writer *w)
{
	writer_send_links(w, false);
	enum status st = db_begin(w->db);

	for (size_t i = 0; i < w->count && st == ST_OK; i++)
		st = writer_apply(w, &w->batch[i]);
	if (st == ST_OK)
		st = writer_end_transaction(w);
	if (st != ST_OK)
		db_rollback(w->db);
	return st;
}

static void log_refusal(const struct item *i, enum status st)
{
	if (i->change)
		log_error("directory %lld, %s: its change (kind %d) cannot be stored and is left out: %s",
			(long long)i->change->dir, i->change->name ? i->change->name : "itself",
			(int)i->change->kind, status_text(st));
	else
		log_error("%s/%s%s%s: cannot be stored and is left out: %s", i->result->of->root_path,
			i->result->of->path, i->result->place ? ", part " : "",
			i->result->place ? i->result->place->path : "", status_text(st));
}

bool writer_may_pass(enum status st)
{
	static const enum status passing[] = {
		ST_NOMEM, ST_IO, ST_SYSTEM, ST_FULL, ST_AGAIN, ST_FORBIDDEN, ST_CANCELED, ST_CORRUPT};

	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		if (st == passing[i])
			return true;
	return false;
}

/* One item in a transaction of its own.  Unless the trouble may pass, it is sent back: committed or refused. */
static enum status replay_one(struct writer *w, struct item *i)
{
	const enum job_verdict refused = JOB_REFUSED;

	writer_send_links(w, false);
	enum status st = db_begin(w->db);
	if (st != ST_OK)
		return st;
	st = writer_apply(w, i);
	if (st == ST_OK)
		st = writer_end_transaction(w);
	if (st == ST_OK) {
		int64_t clock = db_clock(w->db);

		writer_tell_loop(w, clock, false);
		writer_send_links(w, true);
		writer_send_item(w, i, clock, NULL);
		return ST_OK;
	}
	db_rollback(w->db);
	if (writer_may_pass(st))
		return st;
	log_refusal(i, st);
	writer_send_links(w, false);
	writer_send_item(w, i, 0, &refused);
	return ST_OK;
}

/* Finds the item that spoils the batch; on failure the batch is what was not reached. */
static enum status replay_singly(struct writer *w)
{
	enum status st = ST_OK;
	size_t done = 0;

	while (done < w->count && !writer_is_past_deadline(w)) {
		st = replay_one(w, &w->batch[done]);
		if (st != ST_OK)
			break;
		done++;
	}
	w->count -= done;
	memmove(w->batch, w->batch + done, w->count * sizeof *w->batch);
	return st == ST_OK && w->count ? ST_CANCELED : st;
}

/* The store is damaged: another, empty one takes its place, and what was under way is found again from disk. */
static enum status rebuild(struct writer *w)
{
	const enum job_verdict repeat = JOB_REPEAT;
	enum status st = db_set_aside(&w->db);

	if (st != ST_OK)
		return st;
	stats_add(store_rebuilds, 1);
	atomic_fetch_add(w->o.generation, 1);
	w->bare = true;
	writer_send_links(w, false);
	writer_send_batch(w, 0, &repeat);
	writer_tell_loop(w, 0, true);
	return renew(w);
}

/* Waits out trouble of the disk, but not past the end of a stop. */
static void pause_before_replay(struct writer *w)
{
	struct timespec ts = {.tv_nsec = 50 * 1000000};

	for (int waited = 0; waited < REPLAY_PAUSE_MS && !writer_is_past_deadline(w); waited += 50) {
		atomic_store(&w->beat_ms, now_mono_ms());
		nanosleep(&ts, NULL);
	}
}

/* What failed is done again: on another connection where this one cannot be trusted, singly where an item is at fault. */
static enum status retry(struct writer *w, enum status failed)
{
	bool singly = !writer_may_pass(failed);
	enum status st = ST_OK;

	if (failed == ST_IO || failed == ST_CORRUPT || failed == ST_SYSTEM || failed == ST_FORBIDDEN)
		st = db_reopen_writer(&w->db);
	if (st == ST_OK)
		st = renew(w);
	if (st == ST_OK)
		st = singly ? replay_singly(w) : replay(w);
	return st;
}

void writer_recover(struct writer *w, enum status st)
{
	const enum job_verdict dropped = JOB_DROPPED;

	db_rollback(w->db);
	while (st != ST_OK) {
		stats_add(commit_failures, 1);
		atomic_store(&w->full, st == ST_FULL);
		if (writer_is_stopping(w) && writer_is_past_deadline(w)) {
			writer_send_batch(w, 0, &dropped);
			writer_send_links(w, false);
			return;
		}
		if (st == ST_CORRUPT) {
			st = rebuild(w);
			if (st == ST_OK)
				break;
		}
		if (writer_may_pass(st) || w->bare)
			pause_before_replay(w);
		st = retry(w, st);
	}
	atomic_store(&w->full, false);
}
