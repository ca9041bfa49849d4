/*
 * worker: one job after the other: open and hash it, ask the store whether the
 * content is known, else have it converted, compress the text, hand the result to
 * the writer.  Whatever goes wrong with the document becomes part of the result;
 * whatever goes wrong with us sends the job back to be repeated.
 */
#include "pipeline/worker.h"

#include "core/acl.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/thread.h"
#include "core/wire.h"
#include "pipeline/verdict.h"
#include "pipeline/container.h"
#include "pipeline/intake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum {
	IDLE_TRIM_MS = 10000,
	REPORT_STUCK_MS = 10000,
	TWIN_REPEATS = 5, /* about three seconds */
	GUESTS_MAX = 4 /* live jobs between two parts of a container */
};

enum worker_phase {
	PHASE_IDLE,
	PHASE_READING,
	PHASE_CONVERTING,
	PHASE_WAITING_INSIDE, /* in the middle of a container: its parts are with the writer */
	PHASE_WAITING
};

struct worker {
	const struct worker_shared *shared;
	int index;
	bool live_only;
	pthread_t thread;

	/* owned by the worker thread; others may wake it under the lock */
	struct convert_session *session;

	/* owned by the worker thread */
	ZSTD_CCtx *compressor; /* NULL: at rest */
	const struct job *host; /* whose container is being read; NULL: none, or a guest's */
	bool has_guest;

	atomic_llong moved_ms; /* a phase, or a part, began */

	struct lock lock; /* held alone */
	/* protected by lock */
	struct config *config;
	enum worker_phase phase;
	const struct job *job; /* only compared, and read for its path while phase is not IDLE */
	int64_t since_ms;
	int64_t limit_ms; /* of PHASE_CONVERTING: by then it has ended by itself, or come to another part */
	struct buf part; /* that is being converted; empty: none */
};

static void enter_phase(struct worker *w, enum worker_phase phase, const struct job *j)
{
	LOCK_SCOPE(&w->lock);
	w->phase = phase;
	w->job = j;
	w->since_ms = now_mono_ms();
	atomic_store(&w->moved_ms, w->since_ms);
	buf_clear(&w->part);
}

/* Within PHASE_CONVERTING: a container came to another part, or waits for the writer to take one. */
static void at_part(void *arg, const char *path, bool waiting)
{
	struct worker *w = arg;

	LOCK_SCOPE(&w->lock);
	w->phase = waiting ? PHASE_WAITING_INSIDE : PHASE_CONVERTING;
	atomic_store(&w->moved_ms, now_mono_ms());
	buf_clear(&w->part);
	buf_adds(&w->part, path ? path : "");
}

static void enter_converting(struct worker *w, const struct job *j)
{
	int64_t longest = 0;

	for (size_t i = 0; i < rules_count(j->rules); i++)
		if (rules_at(j->rules, i)->time_ms > longest)
			longest = rules_at(j->rules, i)->time_ms;
	enter_phase(w, PHASE_CONVERTING, j);
	LOCK_SCOPE(&w->lock);
	w->limit_ms = longest * (CONVERT_REROUTES_MAX + 1);
}

static struct config *current_config(struct worker *w)
{
	LOCK_SCOPE(&w->lock);
	return config_ref(w->config);
}

static void send_back(struct worker *w, struct job *j, enum job_verdict verdict)
{
	j->verdict = verdict;
	j->letter.open = w->shared->job_back;
	mailbox_send(w->shared->mailbox, &j->letter);
}

static void run_job(struct worker *w, struct job *j);

/*
 * Between two parts: a container may take minutes, and all workers may have one.  What somebody saves meanwhile is
 * converted by the same session while the container's converter waits.  A container among the guests has none itself.
 */
static void serve_guests(void *arg)
{
	struct worker *w = arg;
	const struct job *host = w->host;
	struct job *guest;

	if (w->has_guest)
		return;
	w->has_guest = true;
	for (int i = 0; i < GUESTS_MAX && (guest = queue_take_live(w->shared->queue)); i++) {
		lock_take(&w->lock);
		int64_t since_ms = w->since_ms;
		lock_drop(&w->lock);
		run_job(w, guest);
		slots_set(w->shared->slots, w->index, host);
		enter_converting(w, host);
		lock_take(&w->lock);
		w->since_ms = since_ms;
		lock_drop(&w->lock);
	}
	w->has_guest = false;
}

/* Through its converter, with whatever documents lie in it.  False: trouble of ours. */
static bool run_converter(struct worker *w, struct result *r, struct intake *in,
	const struct converter *with, const struct config *config, struct container *parts)
{
	struct job *j = r->job;
	struct convert_request req = {
		.fd = in->fd,
		.name = j->name,
		.type = rules_type_of_name(j->rules, j->name),
		.size = in->ident.size,
		.converter = with,
		.rules = j->rules,
		.owner = in->ident.uid,
		.parts = container_parts(parts),
	};
	struct convert_limits limits = {.text_bytes = config->limits.text_size};
	struct convert_result c;

	enter_converting(w, j);
	convert_result_init(&c);
	bool ok = convert_run(w->session, &req, &limits, &c) == ST_OK &&
		  verdict_take(r, &c, w->compressor);
	convert_result_finish(&c);
	r->builder = container_builder(parts, &r->parts);
	return ok;
}

static bool convert(struct worker *w, struct result *r, struct intake *in,
	const struct converter *with, const struct config *config)
{
	const struct container_host host = {
		.session = w->session,
		.compressor = w->compressor,
		.known = w->shared->known,
		.results = w->shared->results,
		.state_dir = w->shared->state_dir,
		.at = at_part,
		.between = serve_guests,
		.arg = w,
	};
	struct container *parts = NULL;

	if (!w->has_guest)
		w->host = r->job;
	if (container_create(&host, r->job, config, r->hash, &in->ident, &parts) != ST_OK)
		return false;
	bool ok = run_converter(w, r, in, with, config, parts);
	container_destroy(parts);
	if (!w->has_guest)
		w->host = NULL;
	return ok;
}

static void plain_failure(struct result *r, enum file_state state, const char *reason,
	bool transient, const char *detail)
{
	r->kind = RESULT_STATE;
	r->state = state;
	r->reason = reason;
	r->transient = transient;
	buf_adds(&r->detail, detail);
}

/* What this process lacks now and may have in a moment; any other error is the document's, or its device's. */
static bool is_lack(int error)
{
	static const int lacks[] = {ENOMEM, EMFILE, ENFILE, ENOSPC, EINTR};

	for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++)
		if (error == lacks[i])
			return true;
	return false;
}

/* It could not be read: a failure of what was seen, where not even a stat told what it is now. */
static void read_failure(struct result *r, enum file_state state, const char *reason,
	bool transient, const struct intake *in)
{
	if (!r->job->read.ino) {
		r->job->read = r->job->seen;
		buf_adds(&r->acl, ACL_UNKNOWN);
	}
	plain_failure(r, state, reason, transient, strerror(in->error_no));
}

/* The verdicts that need no converter.  False: nothing to store, *verdict is the job's. */
static bool settle_intake(
	struct result *r, const struct intake *in, enum intake_verdict v, enum job_verdict *verdict)
{
	switch (v) {
	case INTAKE_READY:
		return true;
	case INTAKE_TOO_LARGE:
		r->kind = RESULT_STATE;
		r->state = FILE_TOO_LARGE;
		return true;
	case INTAKE_UNREADABLE:
		read_failure(r, FILE_UNREADABLE, "unreadable", false, in);
		return true;
	case INTAKE_GONE:
	case INTAKE_OWN:
		*verdict = JOB_GONE;
		return false;
	case INTAKE_UNSTABLE:
		*verdict = JOB_UNSTABLE;
		return false;
	case INTAKE_TROUBLE:
		if (!is_lack(in->error_no)) {
			read_failure(r, FILE_FAILED, "read_error", true, in);
			return true;
		}
		log_warning("%s/%s: %s", r->job->root_path, r->job->path, strerror(in->error_no));
		*verdict = JOB_REPEAT;
		return false;
	}
	BUG("verdict without a case");
}

/* One whose twin takes long comes back for a while; then it is converted by itself. */
static bool may_be_twin(const struct job *j)
{
	if (j->reason == JOB_AGAIN)
		return j->repeats > 0 && j->repeats < TWIN_REPEATS;
	return j->reason != JOB_SUSPECT && j->reason != JOB_RETRY;
}

/* Fills the result of a readable document.  False: *verdict is the job's. */
static bool read_document(struct worker *w, struct result *r, struct intake *in,
	const struct config *config, enum job_verdict *verdict)
{
	struct job *j = r->job;
	const struct converter *with = rules_by_name(j->rules, j->name);

	if (!with) {
		r->kind = RESULT_STATE;
		r->state = FILE_NO_CONVERTER;
		return true;
	}
	if (j->reason != JOB_RETRY && known_is_quarantined(w->shared->known, j->dir, j->name, r->hash, r->rule)) {
		r->kind = RESULT_STILL;
		r->state = FILE_QUARANTINED;
		return true;
	}
	/* What the slow converter made once is better than what the other one would make now. */
	if (r->slow && known_find(w->shared->known, r->hash, r->slow, &r->known)) {
		r->kind = RESULT_KNOWN;
		r->state = FILE_INDEXED;
		r->converter = r->slow;
		return true;
	}
	/* Asked for again, failed parts are tried again. */
	if (known_find(w->shared->known, r->hash, r->rule, &r->known) &&
		!(j->reason == JOB_RETRY && known_is_flawed(w->shared->known, r->known))) {
		stats_add(conversions_saved, 1);
		r->kind = RESULT_KNOWN;
		r->state = FILE_INDEXED;
		return true;
	}
	bool first = twins_enter(w->shared->twins, r->hash, r->rule);
	if (!first && may_be_twin(j)) {
		stats_add(conversions_saved, 1);
		r->kind = RESULT_TWIN;
		r->state = FILE_INDEXED;
		return true;
	}
	if (!convert(w, r, in, with, config)) {
		twins_leave(w->shared->twins, r->hash, r->rule);
		*verdict = atomic_load(w->shared->stop) ? JOB_DROPPED : JOB_REPEAT;
		return false;
	}
	if (!in->sealed && !intake_still_same(in) && !j->settle_for_less) {
		twins_leave(w->shared->twins, r->hash, r->rule);
		stats_add(unstable_reads, 1);
		*verdict = JOB_UNSTABLE;
		return false;
	}
	return true;
}

/* One that killed the daemon three times while it ran alone is not run again. */
static bool is_deadly(struct result *r)
{
	if (r->job->reason != JOB_SUSPECT || r->job->attempts < 3)
		return false;
	plain_failure(r, FILE_QUARANTINED, "killed_daemon", false,
		"the daemon died three times while this document alone was being converted");
	return true;
}

static bool fill_result(struct worker *w, struct result *r, enum job_verdict *verdict)
{
	struct job *j = r->job;
	struct config *config = current_config(w);
	const struct converter *with = rules_by_name(j->rules, j->name);
	struct intake in;

	enter_phase(w, PHASE_READING, j);
	const struct converter *slow = rules_slow_by_name(j->rules, j->name);
	r->rule = with ? with->row_id : 0;
	r->slow = slow ? slow->row_id : 0;
	const struct intake_rules rules = {
		.size_max = config->limits.file_size,
		.unstable_ok = j->settle_for_less,
		.spool_dir = intake_copies_all(config) ? w->shared->state_dir : NULL,
	};
	enum intake_verdict v = intake_open(&in, j->root_path, j->path, &rules);
	queue_read_done(w->shared->queue, j);
	j->read = in.ident;
	r->stamp_ns = in.stamp_ns;
	r->hashed = in.hashed;
	memcpy(r->hash, in.hash, sizeof r->hash);
	r->acl = in.acl;
	in.acl = (struct buf)BUF_INIT;
	bool ok = settle_intake(r, &in, v, verdict);
	if (ok && v == INTAKE_READY && !is_deadly(r))
		ok = read_document(w, r, &in, config, verdict);
	intake_finish(&in);
	config_unref(config);
	return ok;
}

static void hand_over(struct worker *w, struct result **r)
{
	struct result *x = *r;

	trace_note(&x->job->trace, TRACE_CONVERTED);
	enter_phase(w, PHASE_WAITING, x->job);
	result_weigh(x);
	if (results_push(w->shared->results, r) == ST_OK)
		return;
	if (x->kind == RESULT_TEXT || (x->kind == RESULT_STATE && x->hashed))
		twins_leave(w->shared->twins, x->hash, x->rule);
	/* The pipeline was abandoned.  A job whose parts the writer may still look at stays here, to the end. */
	if (!x->builder)
		send_back(w, x->job, JOB_DROPPED);
	x->job = NULL;
	result_destroy(x);
}

/* After a rest; false: no memory. */
static bool has_compressor(struct worker *w)
{
	if (!w->compressor)
		w->compressor = ZSTD_createCCtx();
	return w->compressor;
}

static void run_job(struct worker *w, struct job *j)
{
	const struct worker_shared *s = w->shared;
	enum job_verdict verdict = JOB_REPEAT;
	struct job *held = j;
	struct result *r = result_create(&held);

	trace_note(&j->trace, TRACE_STARTED);
	stats_add(jobs, 1);
	slots_set(s->slots, w->index, j);
	j->alone = j->reason == JOB_SUSPECT;
	if (j->alone)
		slots_alone(s->slots, j, true);
	bool ready = r && has_compressor(w);
	if (!ready)
		queue_read_done(s->queue, j);
	bool ok = ready && fill_result(w, r, &verdict);
	slots_clear(s->slots, w->index);
	if (!j->alone)
		queue_done(s->queue, j);
	if (!ok && r && r->builder) { /* parts of it are with the writer: the job follows them */
		r->kind = RESULT_NONE;
		j->verdict = verdict;
		ok = true;
	}
	if (ok) {
		hand_over(w, &r);
	} else {
		if (r)
			r->job = NULL;
		result_destroy(r);
		send_back(w, j, verdict);
	}
	enter_phase(w, PHASE_IDLE, NULL);
}

/* What it takes to convert is given back: a compressor is some 700 KB, a connection to the store a few hundred. */
static void give_back(struct worker *w)
{
	known_rest(w->shared->known, IDLE_TRIM_MS);
	ZSTD_freeCCtx(w->compressor);
	w->compressor = NULL;
	mem_trim();
}

static void *run(void *arg)
{
	struct worker *w = arg;
	int64_t until = -1;
	bool closed = false;

	for (;;) {
		struct job *j = queue_pop(w->shared->queue, w->live_only, until, &closed);

		if (j) {
			run_job(w, j);
			until = now_mono_ms() + IDLE_TRIM_MS;
			continue;
		}
		if (closed)
			break;
		/* Rested: converters go, then this thread sleeps until there is work. */
		if (convert_session_trim(w->session, IDLE_TRIM_MS) == 0) {
			give_back(w);
			until = -1;
		} else {
			until = now_mono_ms() + IDLE_TRIM_MS;
		}
	}
	lock_take(&w->lock);
	struct convert_session *session = w->session;
	w->session = NULL;
	lock_drop(&w->lock);
	convert_session_destroy(session); /* here: its processes die with their thread */
	known_rest(w->shared->known, 0);
	w->shared->ended(w->shared->arg);
	return NULL;
}

static void release(struct worker *w)
{
	convert_session_destroy(w->session);
	ZSTD_freeCCtx(w->compressor);
	config_unref(w->config);
	buf_finish(&w->part);
	lock_finish(&w->lock);
	mem_free(w);
}

enum status worker_start(const struct worker_shared *shared, struct config *config, int index,
	bool live_only, struct worker **out)
{
	struct worker *w = mem_zalloc(sizeof *w);
	char name[16];

	if (!w)
		return ST_NOMEM;
	w->shared = shared;
	w->index = index;
	w->live_only = live_only;
	w->since_ms = now_mono_ms();
	atomic_init(&w->moved_ms, w->since_ms);
	w->config = config_ref(config);
	lock_init(&w->lock);
	enum status st = convert_session_create(config, shared->jail, shared->stop, &w->session);
	snprintf(name, sizeof name, live_only ? "live" : "worker %d", index);
	if (st == ST_OK)
		st = thread_start(&w->thread, name, ROLE_WORKER, run, w);
	if (st != ST_OK) {
		release(w);
		return st;
	}
	*out = w;
	return ST_OK;
}

void worker_wake(struct worker *w)
{
	LOCK_SCOPE(&w->lock);
	if (w->session)
		convert_session_wake(w->session);
}

void worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
	release(w);
}

void worker_configure(struct worker *w, struct config *config)
{
	LOCK_SCOPE(&w->lock);
	config_unref(w->config);
	w->config = config_ref(config);
}

/* As the protocol has it: an array of its components. */
static void put_part(cJSON *o, const struct buf *part)
{
	const char *at = part->data;

	if (!part->len || part->failed)
		return;
	cJSON *steps = cJSON_AddArrayToObject(o, "part");
	for (;;) {
		size_t n = strcspn(at, "/");
		AUTO_FREE char *step = mem_dup(at, n);

		cJSON_AddItemToArray(steps, cJSON_CreateString(step ? step : ""));
		if (!at[n])
			return;
		at += n + 1;
	}
}

cJSON *worker_json(struct worker *w)
{
	static const char *const words[] = {
		[PHASE_IDLE] = "idle",
		[PHASE_READING] = "reading",
		[PHASE_CONVERTING] = "converting",
		[PHASE_WAITING_INSIDE] = "waiting",
		[PHASE_WAITING] = "waiting",
	};
	cJSON *o = cJSON_CreateObject();
	AUTO_BUF path = BUF_INIT;

	LOCK_SCOPE(&w->lock);
	cJSON_AddStringToObject(o, "state", words[w->phase]);
	cJSON_AddStringToObject(o, "lane", w->live_only ? "live" : "any");
	cJSON_AddNumberToObject(o, "since_ms", (double)(now_mono_ms() - w->since_ms));
	/* A job that waits for the writer may be gone the next moment: only its state is told. */
	if (w->job && w->phase != PHASE_WAITING) {
		buf_addf(&path, "%s/%s", w->job->root_path, w->job->path);
		wire_put_path(o, "path", path.data ? path.data : "", path.len);
		put_part(o, &w->part);
	}
	return o;
}

int64_t worker_converting_ms(struct worker *w, const struct job *j)
{
	LOCK_SCOPE(&w->lock);
	return w->job == j && w->phase != PHASE_IDLE ? now_mono_ms() - w->since_ms : -1;
}

bool worker_is_alive(struct worker *w, int64_t ms)
{
	LOCK_SCOPE(&w->lock);
	int64_t age = now_mono_ms() - atomic_load(&w->moved_ms);

	/* Converting ends at its own deadline; waiting is the writer's doing; reading is the device's. */
	if (w->phase == PHASE_READING && age > REPORT_STUCK_MS)
		log_debug("worker %d: reading for %lld ms", w->index, (long long)age);
	return w->phase != PHASE_CONVERTING || age < ms + w->limit_ms;
}
