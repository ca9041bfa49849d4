/* writer: transactions, their bounds and their recovery; see writer.h. */
#include "pipeline/writer.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/thread.h"
#include "pipeline/apply.h"
#include "store/access.h"
#include "store/vocabulary_round.h"

#include <string.h>

enum {
	BATCH_ITEMS = 2000,
	BATCH_BYTES = 8 << 20,
	URGENT_MS = 40,	      /* the longest that a live result waits for others of its transaction */
	LINGER_MS = 500,      /* the longest that a scan's results wait for more of them */
	REPLAY_PAUSE_MS = 1000,
	WAL_MAX = 16 << 20,
	REST_MS = 2000,	      /* idle for so long: empty the log */
	SLEEP_MS = 10000,     /* idle for so long: give memory back */
	SWEEP_MS = 3600 * 1000,
	LOOK_MS = 60 * 1000,  /* complaints about damage are looked into so often */
	WORDS_PATIENCE_MS = 60 * 1000, /* words are not counted under load until they have waited so long */
	WORDS_STEP_MS = 100,	       /* and then a step of it so often */
	WORDS_STEP_US = 3000,	       /* the longest that a result waits for it */
	ORPHAN_KEEP_S = 24 * 3600,
	ORPHAN_SHARE = 10, /* percent of all text */
	TOMBSTONE_KEEP_S = 12 * 3600,
};

struct item {
	struct tree_change *change; /* either this */
	struct result *result;	    /* or this */
};

/* What the loop is to hear after a commit; one letter, which is filled further while it is under way. */
struct commit_note {
	struct letter letter;
	struct writer *writer;
	bool under_way, permissions, rebuilt;
	int64_t clock; /* 0: no commit to tell */
};

struct link_note {
	struct letter letter;
	struct writer *writer;
	int64_t dir;
	char *name;
	struct link_note *next;
};

enum rest { REST_NONE, REST_LOG_EMPTY, REST_ASLEEP };

struct writer {
	struct writer_options o;
	pthread_t thread;

	/* owned by the writer thread */
	struct db *db;
	struct item batch[BATCH_ITEMS];
	size_t count, bytes;
	bool open;
	bool urgent;
	int64_t opened_ms, urgent_ms;
	struct apply_notes notes;
	struct link_note *links;
	int64_t last_work_ms, next_sweep_ms, next_look_ms, next_words_ms;
	int64_t words_patience_ms; /* until when it waits for a gap to count words; 0: they are not due */
	enum rest rest;
	bool deadline_told;
	bool bare; /* the store is new and lacks its converters */

	atomic_llong beat_ms; /* 0: resting */
	atomic_bool full;
	atomic_bool damaged;  /* somebody says so */
	atomic_llong stop_ms; /* 0: not stopping */

	struct lock lock; /* held alone */
	/* protected by lock */
	struct writer_task *tasks;
	struct commit_note note;
};

/* --- telling the loop ------------------------------------------------------------------------ */

static void open_commit_note(struct letter *l)
{
	struct writer *w = ((struct commit_note *)l)->writer;
	struct commit_note n;

	lock_take(&w->lock);
	n = w->note;
	w->note.under_way = w->note.permissions = w->note.rebuilt = false;
	w->note.clock = 0;
	lock_drop(&w->lock);
	if (n.rebuilt)
		w->o.rebuilt(w->o.arg);
	if (n.clock)
		w->o.committed(w->o.arg, n.clock, n.permissions);
}

static void tell_loop(struct writer *w, int64_t clock, bool rebuilt)
{
	bool send;

	lock_take(&w->lock);
	if (clock)
		w->note.clock = clock;
	if (rebuilt)
		w->note.clock = 0; /* a number of the store that is gone */
	w->note.rebuilt |= rebuilt;
	w->note.permissions |= clock && db_has_regranted(w->db);
	send = !w->note.under_way;
	w->note.under_way = true;
	lock_drop(&w->lock);
	if (send)
		mailbox_send(w->o.mailbox, &w->note.letter);
}

static void open_link_note(struct letter *l)
{
	struct link_note *n = (struct link_note *)l;

	n->writer->o.link(n->writer->o.arg, n->dir, n->name);
	mem_free(n->name);
	mem_free(n);
}

/* Kept until the commit: before it the other names' rows would still look right. */
static void note_link(void *arg, int64_t dir, const char *name)
{
	struct writer *w = arg;
	struct link_note *n = mem_zalloc(sizeof *n);

	if (!n || !(n->name = mem_strdup(name))) {
		log_warning("links of %s: no memory to look at them now", name);
		mem_free(n);
		return;
	}
	n->letter.open = open_link_note;
	n->writer = w;
	n->dir = dir;
	n->next = w->links;
	w->links = n;
}

static void send_links(struct writer *w, bool keep)
{
	while (w->links) {
		struct link_note *n = w->links;

		w->links = n->next;
		if (keep) {
			mailbox_send(w->o.mailbox, &n->letter);
			continue;
		}
		mem_free(n->name);
		mem_free(n);
	}
}

static void leave_twins(struct writer *w, const struct result *r)
{
	if (!r->job->slow && (r->kind == RESULT_TEXT || (r->kind == RESULT_STATE && r->hashed)))
		twins_leave(w->o.twins, r->hash, r->rule);
}

static void send_item(struct writer *w, struct item *i, int64_t clock, const enum job_verdict *forced)
{
	slots_clear(w->o.slots, w->o.slot);
	if (i->change) {
		i->change->letter.open = w->o.tree_back;
		mailbox_send(w->o.mailbox, &i->change->letter);
	} else if (i->result->place) {
		if (forced)
			i->result->of->parts = PARTS_REFUSED;
		results_release(w->o.results, i->result->bytes);
		result_destroy(i->result);
	} else {
		struct job *j = i->result->job;

		leave_twins(w, i->result);
		results_release(w->o.results, i->result->bytes);
		j->clock = clock;
		if (forced)
			j->verdict = *forced;
		j->letter.open = w->o.job_back;
		i->result->job = NULL;
		result_destroy(i->result);
		mailbox_send(w->o.mailbox, &j->letter);
	}
	*i = (struct item){NULL, NULL};
}

static void send_batch(struct writer *w, int64_t clock, const enum job_verdict *forced)
{
	for (size_t i = 0; i < w->count; i++)
		send_item(w, &w->batch[i], clock, forced);
	w->count = w->bytes = 0;
	w->open = w->urgent = false;
}

/* --- one transaction ------------------------------------------------------------------------- */

static bool is_stopping(const struct writer *w)
{
	return atomic_load(&w->stop_ms) != 0;
}

static bool is_past_deadline(struct writer *w)
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

static enum status apply(struct writer *w, struct item *i)
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
	return is_past_deadline(w);
}

static enum status finish_transaction(struct writer *w)
{
	int64_t began = now_mono_us();
	enum status st = db_commit(w->db);

	if (st == ST_OK)
		stats_time(commit, now_mono_us() - began);
	return st;
}

/* --- recovery -------------------------------------------------------------------------------- */

static enum status renew(struct writer *w)
{
	enum status st = w->bare ? w->o.renew(w->o.arg, w->db) : ST_OK;

	if (st == ST_OK)
		w->bare = false;
	return st;
}

static enum status replay(struct writer *w)
{
	send_links(w, false);
	enum status st = db_begin(w->db);

	for (size_t i = 0; i < w->count && st == ST_OK; i++)
		st = apply(w, &w->batch[i]);
	if (st == ST_OK)
		st = finish_transaction(w);
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

/* Trouble of the disk or of this process, which may pass; all else is the fault of an item, and will be again. */
static bool may_pass(enum status st)
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

	send_links(w, false);
	enum status st = db_begin(w->db);
	if (st != ST_OK)
		return st;
	st = apply(w, i);
	if (st == ST_OK)
		st = finish_transaction(w);
	if (st == ST_OK) {
		int64_t clock = db_clock(w->db);

		tell_loop(w, clock, false);
		send_links(w, true);
		send_item(w, i, clock, NULL);
		return ST_OK;
	}
	db_rollback(w->db);
	if (may_pass(st))
		return st;
	log_refusal(i, st);
	send_links(w, false);
	send_item(w, i, 0, &refused);
	return ST_OK;
}

/* Finds the item that spoils the batch; on failure the batch is what was not reached. */
static enum status replay_singly(struct writer *w)
{
	enum status st = ST_OK;
	size_t done = 0;

	while (done < w->count && !is_past_deadline(w)) {
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
	send_links(w, false);
	send_batch(w, 0, &repeat);
	tell_loop(w, 0, true);
	return renew(w);
}

/* Waits out trouble of the disk, but not past the end of a stop. */
static void pause_before_replay(struct writer *w)
{
	struct timespec ts = {.tv_nsec = 50 * 1000000};

	for (int waited = 0; waited < REPLAY_PAUSE_MS && !is_past_deadline(w); waited += 50) {
		atomic_store(&w->beat_ms, now_mono_ms());
		nanosleep(&ts, NULL);
	}
}

/* What failed is done again: on another connection where this one cannot be trusted, singly where an item is at fault. */
static enum status retry(struct writer *w, enum status failed)
{
	bool singly = !may_pass(failed);
	enum status st = ST_OK;

	if (failed == ST_IO || failed == ST_CORRUPT || failed == ST_SYSTEM || failed == ST_FORBIDDEN)
		st = db_reopen_writer(&w->db);
	if (st == ST_OK)
		st = renew(w);
	if (st == ST_OK)
		st = singly ? replay_singly(w) : replay(w);
	return st;
}

static void recover(struct writer *w, enum status st)
{
	const enum job_verdict dropped = JOB_DROPPED;

	db_rollback(w->db);
	while (st != ST_OK) {
		stats_add(commit_failures, 1);
		atomic_store(&w->full, st == ST_FULL);
		if (is_stopping(w) && is_past_deadline(w)) {
			send_batch(w, 0, &dropped);
			send_links(w, false);
			return;
		}
		if (st == ST_CORRUPT) {
			st = rebuild(w);
			if (st == ST_OK)
				break;
		}
		if (may_pass(st) || w->bare)
			pause_before_replay(w);
		st = retry(w, st);
	}
	atomic_store(&w->full, false);
}

/* After a commit; nothing is left to tell when the batch was dropped, or the store rebuilt. */
static void tell_batch(struct writer *w)
{
	w->open = false;
	w->last_work_ms = now_mono_ms();
	w->rest = REST_NONE;
	if (!w->count) {
		w->urgent = false;
		w->bytes = 0;
		return;
	}
	stats_add(commits, 1);
	stats_add(rows_written, (long long)w->count);
	int64_t clock = db_clock(w->db);
	tell_loop(w, clock, false);
	send_links(w, true); /* first: whoever waits for the items waits for these too */
	send_batch(w, clock, NULL);
	db_checkpoint(w->db, WAL_MAX);
}

static void commit(struct writer *w)
{
	if (!w->open)
		return;
	enum status st = finish_transaction(w);

	if (st != ST_OK)
		recover(w, st);
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

	if (!w->open) {
		w->open = true;
		w->opened_ms = now_mono_ms();
		st = db_begin(w->db);
	}
	w->batch[w->count++] = i;
	if (i.result)
		w->bytes += i.result->bytes;
	if (!w->urgent && is_urgent(&i)) {
		w->urgent = true;
		w->urgent_ms = now_mono_ms();
	}
	if (st == ST_OK)
		st = apply(w, &w->batch[w->count - 1]);
	if (st == ST_OK)
		return;
	recover(w, st);
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

/* --- between transactions --------------------------------------------------------------------- */

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
		recover(w, ST_CORRUPT);
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

static void run_tasks(struct writer *w)
{
	struct writer_task *list;

	commit(w);
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
			recover(w, ST_CORRUPT);
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
		recover(w, st);
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
		recover(w, st);
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

/* What is done when nothing has come for a while; returns when to be woken next. */
static int64_t rest(struct writer *w)
{
	int64_t now = now_mono_ms();

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
	if (w->next_sweep_ms < next)
		next = w->next_sweep_ms;
	if (w->rest != REST_ASLEEP) {
		int64_t rests = w->last_work_ms + (w->rest == REST_NONE ? REST_MS : SLEEP_MS);

		next = rests < next ? rests : next;
	}
	return atomic_load(&w->damaged) && w->next_look_ms < next ? w->next_look_ms : next;
}

static int64_t wait_until(struct writer *w)
{
	int64_t until;

	if (!w->open) {
		until = rest(w);
		atomic_store(&w->beat_ms, 0);
	} else if (w->urgent || queue_outstanding(w->o.queue) == 0) {
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

		is_past_deadline(w);
		if (e == RESULTS_TREE || e == RESULTS_RESULT)
			add(w, i);
		else if (e == RESULTS_POKE)
			run_tasks(w);
		else if (e == RESULTS_TIMEOUT)
			commit(w);
		else
			break;
		if (is_due(w))
			commit(w);
	}
	run_tasks(w); /* commits first */
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
	w->notes.link = note_link;
	w->notes.arg = w;
	w->note.letter.open = open_commit_note;
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
