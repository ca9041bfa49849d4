/* slow_lane: a few documents at a time, from the store and back; see slow_lane.h. */
#include "pipeline/slow_lane.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/stats.h"
#include "core/thread.h"
#include "core/wire.h"
#include "pipeline/intake.h"
#include "pipeline/known.h"
#include "pipeline/verdict.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	BATCH = 16,           /* documents taken from the store at once */
	TRIM_IDLE_MS = 10000, /* converters rest so long before they are ended */
	LEFT_MS = 300000, /* until what was left waiting is tried again, if nothing else comes */
	NICE = 10
};

struct slow_lane {
	const struct worker_shared *shared;
	struct pipeline *pipeline;
	pthread_t thread;
	atomic_bool stop;

	/* owned by the thread */
	ZSTD_CCtx *compressor;
	int64_t after; /* this round has come to that row */

	struct lock lock; /* held alone */
	struct cond wake;
	/* protected by lock */
	struct convert_session *session; /* used by the thread alone, but woken by others */
	struct config *config;
	struct rules *rules;
	bool poked, paused;
	bool left; /* this round has left some waiting: for a disk that is away, for memory, for a
		      row */
	int under_way;         /* results that the writer has */
	const struct job *job; /* that is being converted */
	int64_t since_ms;
};

/* What waits, copied out of the store. */
struct batch {
	struct batch_item {
		int64_t id, dir;
		char *name;
	} items[BATCH];
	int count;
};

static bool collect(void *arg, int64_t id, int64_t dir, const char *name)
{
	struct batch *b = arg;
	char *copy = mem_strdup(name);

	if (!copy)
		return false;
	b->items[b->count++] = (struct batch_item){id, dir, copy};
	return b->count < BATCH;
}

static void batch_finish(struct batch *b)
{
	while (b->count)
		mem_free(b->items[--b->count].name);
}

/* --- one document --- */

static void set_job(struct slow_lane *l, const struct job *j)
{
	LOCK_SCOPE(&l->lock);
	l->job = j;
	l->since_ms = now_mono_ms();
}

/* The root that the directory lies in; its path splits there, so that nothing is opened outside of
 * it. */
static const char *find_root(const struct config *config, const char *dir)
{
	for (size_t i = 0; i < config->root_count; i++)
		if (path_is_below(dir, config->roots[i].path))
			return config->roots[i].path;
	return NULL;
}

/* NULL: the directory is gone, or no root has it any more. */
static struct job *make_job(struct slow_lane *l, const struct config *config, struct rules *rules,
	const struct batch_item *item)
{
	AUTO_BUF dir = BUF_INIT;
	AUTO_BUF path = BUF_INIT;
	struct job *j = mem_zalloc(sizeof *j);
	bool found = j && known_dir_path(l->shared->known, item->dir, &dir);
	const char *root = found ? find_root(config, dir.data) : NULL;

	if (!root) {
		mem_free(j);
		return NULL;
	}
	const char *below = dir.data + strlen(root);
	buf_addf(&path, "%s%s%s", *below == '/' ? below + 1 : below, *below ? "/" : "", item->name);
	j->root_path = mem_strdup(root);
	j->path = buf_take(&path);
	j->rules = rules_ref(rules);
	if (!j->root_path || !j->path) {
		job_destroy(j);
		return NULL;
	}
	j->name = path_base(j->path);
	j->dir = item->dir;
	j->lane = LANE_BULK;
	j->slow = true;
	j->pipeline = l->pipeline;
	j->generation = atomic_load(l->shared->generation);
	return j;
}

static bool run_converter(struct slow_lane *l, struct result *r, const struct intake *in,
	const struct converter *with, const struct config *config)
{
	struct job *j = r->job;
	const struct convert_request req = {
		.fd = in->fd,
		.name = j->name,
		.type = rules_type_of_name(j->rules, j->name),
		.size = in->ident.size,
		.converter = with,
		.rules = j->rules,
		.owner = in->ident.uid,
	};
	const struct convert_limits limits = {.text_bytes = config->limits.text_size};
	struct convert_result c;

	convert_result_init(&c);
	bool ok = convert_run(l->session, &req, &limits, &c) == ST_OK;
	if (ok && c.outcome != CONVERT_DONE && c.outcome != CONVERT_BINARY)
		log_notice("%s/%s: converter %s: %s", j->root_path, j->path, with->name,
			c.detail.len ? c.detail.data : convert_outcome_word(c.outcome));
	ok = ok && verdict_take(r, &c, l->compressor);
	/* Another one's word is no more than what is there already. */
	if (ok && (c.converter != with || !r->text.len)) {
		r->kind = RESULT_STATE;
		r->state = FILE_BINARY;
	}
	convert_result_finish(&c);
	return ok;
}

/* False: it waits on, be it for a disk that is away or for memory of ours. */
static bool fill_result(struct slow_lane *l, struct result *r, const struct converter *with,
	const struct config *config)
{
	struct job *j = r->job;
	const struct intake_rules rules = {
		.size_max = config->limits.file_size,
		.unstable_ok = true,
		.spool_dir = intake_copies_all(config) ? l->shared->state_dir : NULL,
	};
	struct intake in;

	r->kind = RESULT_STATE;
	r->state = FILE_BINARY;
	r->slow = with ? with->row_id : 0;
	if (!with)
		return true;
	bool ok = intake_open(&in, j->root_path, j->path, &rules) == INTAKE_READY;
	j->read = in.ident;
	memcpy(r->hash, in.hash, sizeof r->hash);
	r->hashed = in.hashed;
	r->acl = in.acl;
	in.acl = (struct buf)BUF_INIT;
	if (ok && known_find(l->shared->known, r->hash, with->row_id, &r->known))
		r->kind = RESULT_KNOWN;
	else if (ok)
		ok = run_converter(l, r, &in, with, config) && intake_still_same(&in);
	intake_finish(&in);
	return ok;
}

/* Takes the result. */
static void hand_over(struct slow_lane *l, struct result *r)
{
	struct job *j = r->job;

	lock_take(&l->lock);
	l->under_way++;
	lock_drop(&l->lock);
	result_weigh(r);
	if (results_push(l->shared->results, &r) == ST_OK)
		return;
	r->job = NULL; /* closed: the pipeline was abandoned */
	result_destroy(r);
	slow_lane_landed(l, j);
}

static void run_one(struct slow_lane *l, const struct config *config, struct rules *rules,
	const struct batch_item *item)
{
	struct job *j = make_job(l, config, rules, item), *held = j;
	struct result *r = j ? result_create(&held) : NULL;

	if (!r) {
		job_destroy(j);
		return;
	}
	set_job(l, j);
	bool ok = fill_result(l, r, rules_slow_by_name(rules, j->name), config);
	set_job(l, NULL);
	if (ok) {
		hand_over(l, r);
		return;
	}
	lock_take(&l->lock);
	l->left = true;
	lock_drop(&l->lock);
	r->job = NULL;
	result_destroy(r);
	job_destroy(j);
}

/* --- the thread --- */

static bool may_run(struct slow_lane *l)
{
	LOCK_SCOPE(&l->lock);
	return !l->paused && !atomic_load(&l->stop);
}

/* The next few of this round; false: it is over. */
static bool run_batch(struct slow_lane *l)
{
	struct batch batch = {.count = 0};
	bool more = may_run(l) && known_slow(l->shared->known, l->after, BATCH, collect, &batch) &&
		    batch.count;

	lock_take(&l->lock);
	struct config *config = config_ref(l->config);
	struct rules *rules = rules_ref(l->rules);
	lock_drop(&l->lock);
	for (int i = 0; i < batch.count && may_run(l); i++) {
		run_one(l, config, rules, &batch.items[i]);
		l->after = batch.items[i].id;
	}
	batch_finish(&batch);
	rules_unref(rules);
	config_unref(config);
	return more;
}

/* No more than a batch is with the writer. */
static void wait_until_landed(struct slow_lane *l)
{
	LOCK_SCOPE(&l->lock);
	while (l->under_way && !atomic_load(&l->stop))
		cond_wait(&l->wake, &l->lock);
}

/* `until_ms` -1: for ever.  False: there is none yet. */
static bool wait_for_work(struct slow_lane *l, int64_t until_ms)
{
	bool in_time = true;

	LOCK_SCOPE(&l->lock);
	while (in_time && !atomic_load(&l->stop) && (l->paused || !l->poked)) {
		if (until_ms < 0)
			cond_wait(&l->wake, &l->lock);
		else
			in_time = cond_wait_until(&l->wake, &l->lock, until_ms);
	}
	return in_time;
}

/* Until something new waits; converters that rest go meanwhile. */
static void rest(struct slow_lane *l)
{
	l->after = 0;
	do {
		if (wait_for_work(l, now_mono_ms() + TRIM_IDLE_MS))
			return;
	} while (convert_session_trim(l->session, TRIM_IDLE_MS) > 0);
	known_rest(l->shared->known, TRIM_IDLE_MS);
	lock_take(&l->lock);
	bool left = l->left;
	lock_drop(&l->lock);
	wait_for_work(l, left ? now_mono_ms() + LEFT_MS : -1);
}

static void *run(void *arg)
{
	struct slow_lane *l = arg;

	/* Its converters inherit it: others come first. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (!atomic_load(&l->stop)) {
		lock_take(&l->lock);
		l->left = l->poked = false; /* what comes from here on may be behind this round */
		lock_drop(&l->lock);
		while (run_batch(l))
			wait_until_landed(l);
		rest(l);
	}
	lock_take(&l->lock);
	struct convert_session *session = l->session;
	l->session = NULL;
	lock_drop(&l->lock);
	convert_session_destroy(session); /* here: its processes die with their thread */
	known_rest(l->shared->known, 0);
	l->shared->ended(l->shared->arg);
	return NULL;
}

/* --- life, and the loop's side --- */

static void release(struct slow_lane *l)
{
	convert_session_destroy(l->session);
	ZSTD_freeCCtx(l->compressor);
	rules_unref(l->rules);
	config_unref(l->config);
	cond_finish(&l->wake);
	lock_finish(&l->lock);
	mem_free(l);
}

enum status slow_lane_start(const struct worker_shared *shared, struct pipeline *pipeline,
	struct config *config, struct rules *rules, struct slow_lane **out)
{
	struct slow_lane *l = mem_zalloc(sizeof *l);

	if (!l)
		return ST_NOMEM;
	l->shared = shared;
	l->pipeline = pipeline;
	l->config = config_ref(config);
	l->rules = rules_ref(rules);
	l->since_ms = now_mono_ms();
	lock_init(&l->lock);
	cond_init(&l->wake);
	l->compressor = ZSTD_createCCtx();
	enum status st = l->compressor ? ST_OK : ST_NOMEM;
	if (st == ST_OK)
		st = convert_session_create(config, shared->jail, &l->stop, &l->session);
	if (st == ST_OK)
		st = thread_start(&l->thread, "slow", ROLE_WORKER, run, l);
	if (st != ST_OK) {
		release(l);
		return st;
	}
	*out = l;
	return ST_OK;
}

void slow_lane_configure(struct slow_lane *l, struct config *config, struct rules *rules)
{
	LOCK_SCOPE(&l->lock);
	config_unref(l->config);
	rules_unref(l->rules);
	l->config = config_ref(config);
	l->rules = rules_ref(rules);
	l->poked = true;
	cond_signal(&l->wake);
}

void slow_lane_poke(struct slow_lane *l)
{
	LOCK_SCOPE(&l->lock);
	l->poked = true;
	cond_signal(&l->wake);
}

void slow_lane_pause(struct slow_lane *l, bool paused)
{
	LOCK_SCOPE(&l->lock);
	l->paused = paused;
	l->poked |= !paused;
	cond_signal(&l->wake);
}

void slow_lane_landed(struct slow_lane *l, struct job *j)
{
	bool waits = j->slow_waits;

	job_destroy(j);
	LOCK_SCOPE(&l->lock);
	l->left |= waits;
	l->under_way--;
	cond_signal(&l->wake);
}

void slow_lane_stop(struct slow_lane *l)
{
	atomic_store(&l->stop, true);
	LOCK_SCOPE(&l->lock);
	cond_signal(&l->wake);
	if (l->session)
		convert_session_wake(l->session);
}

void slow_lane_join(struct slow_lane *l)
{
	pthread_join(l->thread, NULL);
	release(l);
}

cJSON *slow_lane_json(struct slow_lane *l)
{
	cJSON *o = cJSON_CreateObject();
	AUTO_BUF path = BUF_INIT;

	LOCK_SCOPE(&l->lock);
	cJSON_AddStringToObject(o, "state", l->job ? "converting" : "idle");
	cJSON_AddStringToObject(o, "lane", "slow");
	cJSON_AddNumberToObject(o, "since_ms", (double)(now_mono_ms() - l->since_ms));
	if (l->job) {
		buf_addf(&path, "%s/%s", l->job->root_path, l->job->path);
		wire_put_path(o, "path", path.data ? path.data : "", path.len);
	}
	return o;
}
