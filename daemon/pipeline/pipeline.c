/*
 * pipeline: the stages put together: queue, workers, results, writer; and their orderly end.
 *
 * Stopping goes with the flow: the queue closes, workers end one by one, the last
 * one closes the results, the writer commits what is left and ends.
 */
#include "pipeline/pipeline.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/thread.h"
#include "pipeline/known.h"
#include "pipeline/slow_lane.h"
#include "pipeline/worker.h"
#include "pipeline/writer.h"
#include "store/slow.h"

#include <string.h>

/* Three transactions of a scan: workers go on while one is committed, and through what takes the writer longer. */
enum { RESULTS_BYTES = 24 << 20, TREE_MANY = 4096, TREE_FEW = 1024 };

struct pipeline {
	struct pipeline_callbacks callbacks;
	void *arg;
	struct mailbox *mailbox;
	char *jail, *state_dir;

	struct queue *queue;
	struct results *results;
	struct known *known;
	struct twins *twins;
	struct slots *slots;
	struct writer *writer;
	struct worker_shared shared;
	struct worker **workers;
	size_t worker_count;
	struct slow_lane *slow; /* NULL: no converter is slow */

	/* owned by the writer thread */
	struct rules *numbered; /* those whose converters have rows; NULL: none yet */

	atomic_bool stop;
	atomic_uint generation;
	atomic_size_t running; /* workers that have not ended */

	/* owned by the loop thread */
	bool wants_tree_room, abandoned, paused;
	void (*stopped)(void *arg);

	struct letter room, workers_over, writer_over; /* each sent at most once at a time */
	atomic_bool room_sent;
};

struct check_task {
	struct writer_task task;
	struct pipeline *pipeline;
	pipeline_check_done *done;
	void *arg;
	struct buf report;
};

struct configure_task {
	struct writer_task task;
	struct pipeline *pipeline;
	struct config *config;
	struct rules *rules;
	pipeline_configure_done *done;
	void *arg;
};

/* --- letters, opened on the loop --------------------------------------------------------------- */

static void count_in_flight(long n)
{
	stats_add(in_flight, n);
}

static void job_back(struct letter *l)
{
	struct job *j = (struct job *)((char *)l - offsetof(struct job, letter));
	struct pipeline *p = j->pipeline;

	if (j->slow) {
		slow_lane_landed(p->slow, j);
		return;
	}
	if (j->slow_waits && p->slow)
		slow_lane_poke(p->slow);
	count_in_flight(-1);
	if (j->alone) { /* until here: storing it may be what kills */
		slots_alone(p->slots, j, false);
		queue_done(p->queue, j);
		j->alone = false;
	}
	p->callbacks.job_done(p->arg, j);
}

static void tree_back(struct letter *l)
{
	struct tree_change *c = (struct tree_change *)((char *)l - offsetof(struct tree_change, letter));
	struct pipeline *p = c->pipeline;

	p->callbacks.tree_done(p->arg, c);
	if (p->wants_tree_room && results_tree_count(p->results) < TREE_FEW) {
		p->wants_tree_room = false;
		p->callbacks.room(p->arg);
	}
}

static void open_room(struct letter *l)
{
	struct pipeline *p = (struct pipeline *)((char *)l - offsetof(struct pipeline, room));

	atomic_store(&p->room_sent, false);
	p->callbacks.room(p->arg);
}

/* On a worker's thread. */
static void tell_room(void *arg)
{
	struct pipeline *p = arg;

	if (!atomic_exchange(&p->room_sent, true))
		mailbox_send(p->mailbox, &p->room);
}

static void open_workers_over(struct letter *l)
{
	struct pipeline *p = (struct pipeline *)((char *)l - offsetof(struct pipeline, workers_over));

	results_close(p->results);
}

static void worker_ended(void *arg)
{
	struct pipeline *p = arg;

	if (atomic_fetch_sub(&p->running, 1) == 1)
		mailbox_send(p->mailbox, &p->workers_over);
}

static void open_writer_over(struct letter *l)
{
	struct pipeline *p = (struct pipeline *)((char *)l - offsetof(struct pipeline, writer_over));

	writer_join(p->writer);
	p->writer = NULL;
	if (!p->abandoned) {
		for (size_t i = 0; i < p->worker_count; i++)
			worker_join(p->workers[i]);
		p->worker_count = 0;
		if (p->slow)
			slow_lane_join(p->slow);
		p->slow = NULL;
	}
	p->stopped(p->arg);
}

static void writer_ended(void *arg)
{
	struct pipeline *p = arg;

	mailbox_send(p->mailbox, &p->writer_over);
}

/* On the writer's thread: stopping took too long. */
static void end_conversions(void *arg)
{
	struct pipeline *p = arg;

	atomic_store(&p->stop, true);
	for (size_t i = 0; i < p->worker_count; i++) /* they are joined after the writer */
		worker_wake(p->workers[i]);
}

static void committed(void *arg, int64_t clock, bool permissions)
{
	struct pipeline *p = arg;

	p->callbacks.committed(p->arg, clock, permissions);
}

static void linked(void *arg, int64_t dir, const char *name)
{
	struct pipeline *p = arg;

	p->callbacks.links(p->arg, dir, name);
}

/* On the writer's thread: jobs and scans go on with the row ids they know. */
static enum status renew(void *arg, struct db *db)
{
	struct pipeline *p = arg;
	size_t count = p->numbered ? rules_count(p->numbered) : 0;
	enum status st = db_begin(db);

	if (st != ST_OK)
		return st;
	for (size_t i = 0; i < count && st == ST_OK; i++) {
		const struct converter *c = rules_at(p->numbered, i);

		st = documents_renew_converter(db, c->row_id, c->name, c->version, sizeof c->version);
	}
	if (st == ST_OK)
		return db_commit(db);
	db_rollback(db);
	return st;
}

static void rebuilt(void *arg)
{
	struct pipeline *p = arg;

	p->callbacks.store_rebuilt(p->arg);
}

/* On a thread that reads the store. */
static void on_damage(void *arg)
{
	struct pipeline *p = arg;

	writer_suspect_damage(p->writer);
}

/* --- life ---------------------------------------------------------------------------------------- */

static enum status start_writer(struct pipeline *p, struct db *db, size_t slot)
{
	struct writer_options o = {
		.db = db,
		.results = p->results,
		.queue = p->queue,
		.twins = p->twins,
		.slots = p->slots,
		.slot = (int)slot,
		.mailbox = p->mailbox,
		.generation = &p->generation,
		.job_back = job_back,
		.tree_back = tree_back,
		.committed = committed,
		.link = linked,
		.rebuilt = rebuilt,
		.renew = renew,
		.deadline = end_conversions,
		.ended = writer_ended,
		.arg = p,
	};

	return writer_start(&o, &p->writer);
}

static enum status start_workers(struct pipeline *p, struct config *config, size_t count)
{
	enum status st = ST_OK;

	p->shared = (struct worker_shared){
		.queue = p->queue,
		.results = p->results,
		.slots = p->slots,
		.twins = p->twins,
		.mailbox = p->mailbox,
		.known = p->known,
		.jail = p->jail,
		.state_dir = p->state_dir,
		.stop = &p->stop,
		.generation = &p->generation,
		.job_back = job_back,
		.ended = worker_ended,
		.arg = p,
	};
	for (size_t i = 0; i < count && st == ST_OK; i++) {
		atomic_fetch_add(&p->running, 1);
		st = worker_start(&p->shared, config, (int)i, i + 1 == count, &p->workers[i]);
		if (st == ST_OK)
			p->worker_count++;
		else
			atomic_fetch_sub(&p->running, 1);
	}
	return st;
}

static enum status make_stages(struct pipeline *p, const struct config *config, size_t workers)
{
	int readers = (int)(config->workers / 2);
	enum status st = ST_OK;

	if (!p->jail || !p->state_dir || !(p->workers = mem_zalloc(workers * sizeof(struct worker *))))
		st = ST_NOMEM;
	if (st == ST_OK)
		st = queue_create((size_t)config->queue_size, readers, &p->queue);
	if (st == ST_OK)
		st = results_create(RESULTS_BYTES, &p->results);
	if (st == ST_OK)
		st = twins_create(&p->twins);
	if (st == ST_OK)
		st = known_create(p->state_dir, &p->generation, &p->known);
	if (st == ST_OK)
		st = slots_open(p->state_dir, (int)workers + 1, &p->slots);
	if (st == ST_OK)
		queue_on_room(p->queue, tell_room, p);
	return st;
}

enum status pipeline_create(const struct pipeline_options *o, struct pipeline **out)
{
	struct pipeline *p = mem_zalloc(sizeof *p);
	size_t workers = (size_t)o->config->workers + 1; /* and one for the live lane */

	if (!p)
		return ST_NOMEM;
	p->callbacks = o->callbacks;
	p->arg = o->arg;
	p->mailbox = o->mailbox;
	p->jail = mem_strdup(o->jail);
	p->state_dir = mem_strdup(o->config->state_dir);
	p->room.open = open_room;
	p->workers_over.open = open_workers_over;
	p->writer_over.open = open_writer_over;
	enum status st = make_stages(p, o->config, workers);
	db_keep_access(o->writer_db, o->config->mode == MODE_SYSTEM);
	if (st == ST_OK)
		st = start_writer(p, o->writer_db, workers);
	if (st != ST_OK)
		goto err;
	db_on_damage(on_damage, p);
	st = start_workers(p, o->config, workers);
	if (st == ST_OK) {
		*out = p;
		return ST_OK;
	}
	/* Threads run already and hold what is above: there is no way back but out. */
	log_error("worker threads: %s", status_text(st));
	return st;
err:
	pipeline_destroy(p);
	return st;
}

void pipeline_stop(struct pipeline *p, int64_t deadline_ms, void (*stopped)(void *arg))
{
	thread_assert(ROLE_LOOP);
	p->stopped = stopped;
	db_on_damage(NULL, NULL);
	struct job *left = queue_close(p->queue);

	while (left) {
		struct job *next = left->next;

		left->verdict = JOB_DROPPED;
		job_back(&left->letter);
		left = next;
	}
	if (p->slow)
		slow_lane_stop(p->slow);
	writer_stop(p->writer, deadline_ms);
}

void pipeline_abandon(struct pipeline *p)
{
	thread_assert(ROLE_LOOP);
	p->abandoned = true;
	results_close(p->results);
}

void pipeline_destroy(struct pipeline *p)
{
	if (!p)
		return;
	BUG_UNLESS(!p->writer && !p->worker_count);
	rules_unref(p->numbered);
	slots_close(p->slots);
	known_destroy(p->known);
	twins_destroy(p->twins);
	results_destroy(p->results);
	queue_destroy(p->queue);
	mem_free(p->workers);
	mem_free(p->jail);
	mem_free(p->state_dir);
	mem_free(p);
}

/* --- flow ---------------------------------------------------------------------------------------- */

enum status pipeline_push(struct pipeline *p, struct job **job)
{
	thread_assert(ROLE_LOOP);
	(*job)->pipeline = p;
	(*job)->generation = atomic_load(&p->generation);
	(*job)->parts = PARTS_SOUND;
	enum status st = queue_push(p->queue, job);
	if (st == ST_OK)
		count_in_flight(1);
	return st;
}

void pipeline_tree(struct pipeline *p, struct tree_change **change)
{
	struct tree_change *c = *change;

	thread_assert(ROLE_LOOP);
	c->pipeline = p;
	*change = NULL;
	if (results_push_tree(p->results, &c) != ST_OK)
		tree_back(&c->letter); /* closed: it is known to nobody but its owner */
}

bool pipeline_is_congested(struct pipeline *p)
{
	if (results_tree_count(p->results) < TREE_MANY)
		return false;
	p->wants_tree_room = true;
	return true;
}

void pipeline_pause(struct pipeline *p, bool paused)
{
	queue_pause(p->queue, paused);
	p->paused = paused;
	if (p->slow)
		slow_lane_pause(p->slow, paused);
}

bool pipeline_is_full(const struct pipeline *p)
{
	return p->writer && writer_is_full(p->writer);
}

void pipeline_suspect_done(struct pipeline *p, const struct job *j)
{
	slots_clear_suspect(p->slots, j);
}

size_t pipeline_suspects(const struct pipeline *p, const struct suspect **list)
{
	return slots_suspects(p->slots, list);
}

/* --- requests to the writer ------------------------------------------------------------------------ */

static enum status run_check(struct writer_task *task, struct db *db)
{
	struct check_task *c = (struct check_task *)task;
	/* What the disk has, not what this connection's cache remembers of it. */
	enum status st = db_reopen_writer(&db);

	if (st == ST_OK)
		st = db_check(db, &c->report);
	if (st != ST_CORRUPT)
		return st;
	buf_adds(&c->report, "database: cannot be opened\n"); /* a finding, which has the store rebuilt */
	return buf_status(&c->report);
}

static void open_check(struct letter *l)
{
	struct check_task *c = (struct check_task *)l;

	if (c->report.len && c->pipeline->writer)
		writer_suspect_damage(c->pipeline->writer);
	c->done(c->arg, c->task.status, c->report.data ? c->report.data : "");
	buf_finish(&c->report);
	mem_free(c);
}

enum status pipeline_check(struct pipeline *p, pipeline_check_done *done, void *arg)
{
	struct check_task *c = mem_zalloc(sizeof *c);

	if (!c)
		return ST_NOMEM;
	c->task.run = run_check;
	c->task.letter.open = open_check;
	c->pipeline = p;
	c->done = done;
	c->arg = arg;
	writer_post(p->writer, &c->task);
	return ST_OK;
}

static enum status expire_extension(void *arg, const char *extension, const struct converter *c)
{
	return documents_expire_extension(arg, extension, c->row_id);
}

static enum status expect_slow(void *arg, const char *extension, const struct converter *c)
{
	return c->missing ? ST_OK : slow_expect(arg, extension, c->row_id);
}

static enum status number_converters(struct db *db, struct rules *rules)
{
	size_t count = rules_count(rules);
	AUTO_FREE int64_t *ids = mem_zalloc(count * sizeof *ids);
	enum status st = ids ? ST_OK : ST_NOMEM;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		struct converter *c = rules_at(rules, i);

		st = documents_converter(db, c->name, c->version, sizeof c->version, &ids[i]);
		c->row_id = ids[i];
	}
	if (st == ST_OK)
		st = documents_expire_converters(db, ids, count);
	/* Of files the scan sees that another converter takes them now; of what lies in files it does not. */
	if (st == ST_OK)
		st = rules_each_extension(rules, false, expire_extension, db);
	return st == ST_OK ? rules_each_extension(rules, true, expect_slow, db) : st;
}

static enum status run_configure(struct writer_task *task, struct db *db)
{
	struct configure_task *c = (struct configure_task *)task;
	enum status st = db_begin(db);

	if (st != ST_OK)
		return st;
	st = number_converters(db, c->rules);
	if (st == ST_OK)
		st = db_commit(db);
	else
		db_rollback(db);
	if (st == ST_OK) {
		rules_unref(c->pipeline->numbered);
		c->pipeline->numbered = rules_ref(c->rules);
	}
	return st;
}

/* The slow lane's thread comes with the first slow converter, and stays. */
static void configure_slow(struct pipeline *p, struct config *config, struct rules *rules)
{
	bool any = false;

	for (size_t i = 0; i < rules_count(rules); i++)
		any |= rules_at(rules, i)->slow;
	if (p->slow) {
		slow_lane_configure(p->slow, config, rules);
		return;
	}
	if (!any || p->stopped)
		return;
	atomic_fetch_add(&p->running, 1);
	enum status st = slow_lane_start(&p->shared, p, config, rules, &p->slow);
	if (st == ST_OK && p->paused)
		slow_lane_pause(p->slow, true);
	if (st == ST_OK)
		return;
	atomic_fetch_sub(&p->running, 1);
	log_error("slow converters: no thread for them: %s", status_text(st));
}

static void open_configure(struct letter *l)
{
	struct configure_task *c = (struct configure_task *)l;
	struct pipeline *p = c->pipeline;

	if (c->task.status == ST_OK) {
		for (size_t i = 0; i < p->worker_count; i++)
			worker_configure(p->workers[i], c->config);
		configure_slow(p, c->config, c->rules);
	}
	c->done(c->arg, c->task.status);
	config_unref(c->config);
	rules_unref(c->rules);
	mem_free(c);
}

enum status pipeline_configure(struct pipeline *p, struct config *config, struct rules *rules,
	pipeline_configure_done *done, void *arg)
{
	struct configure_task *c = mem_zalloc(sizeof *c);

	if (!c)
		return ST_NOMEM;
	c->task.run = run_configure;
	c->task.letter.open = open_configure;
	c->pipeline = p;
	c->config = config_ref(config);
	c->rules = rules_ref(rules);
	c->done = done;
	c->arg = arg;
	writer_post(p->writer, &c->task);
	return ST_OK;
}

/* --- what is told ------------------------------------------------------------------------------------ */

cJSON *pipeline_workers_json(struct pipeline *p)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < p->worker_count; i++)
		cJSON_AddItemToArray(list, worker_json(p->workers[i]));
	if (p->slow)
		cJSON_AddItemToArray(list, slow_lane_json(p->slow));
	return list;
}

int64_t pipeline_position(struct pipeline *p, const struct job *j, int64_t *converting_ms)
{
	*converting_ms = -1;
	for (size_t i = 0; i < p->worker_count && *converting_ms < 0; i++)
		*converting_ms = worker_converting_ms(p->workers[i], j);
	return queue_position(p->queue, j);
}

bool pipeline_is_alive(struct pipeline *p, int64_t ms)
{
	if (p->writer && !writer_is_alive(p->writer, ms))
		return false;
	for (size_t i = 0; i < p->worker_count; i++)
		if (!worker_is_alive(p->workers[i], ms))
			return false;
	return true;
}
