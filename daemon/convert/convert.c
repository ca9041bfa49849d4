/* convert: a worker's converters, and one document's way through them; see convert.h. */
#include "convert/convert.h"

#include "convert/attempt.h"
#include "convert/mime.h"
#include "convert/outcome.h"
#include "convert/pool.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/stats.h"
#include "core/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	EXTENSIONS_SHOWN = 2, /* of a hidden name: that of what is within a compressed file, and the file's own */
	LEVELS_MAX = 128,     /* documents in documents; whoever takes parts stops long before */
	TRIM_EVERY_MS = 5000, /* while there is work, what rests is looked at so often */
	TRIM_IDLE_MS = 60000  /* and ended if it rested so long */
};

/* What one document in conversion needs, kept for the next one of the same depth. */
struct level {
	char *scratch;
	struct record_reader reader;
	struct buf line;
};

struct convert_session {
	struct coproc_host host;
	char *jail, *work_base; /* behind the host's */
	struct pool *pool;
	struct level levels[LEVELS_MAX];
	bool hides_names;
	int depth; /* conversions under way, one inside of the other */
	int64_t next_trim_ms;
};

void convert_result_init(struct convert_result *r)
{
	*r = (struct convert_result){.outcome = CONVERT_CANCELED};
}

void convert_result_finish(struct convert_result *r)
{
	buf_finish(&r->text);
	buf_finish(&r->meta);
	buf_finish(&r->type);
	buf_finish(&r->detail);
	buf_finish(&r->output);
}

/* Private directories go where they vanish with the login, if there is such a place. */
static char *find_work_base(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (runtime && runtime[0] == '/' && access(runtime, W_OK | X_OK) == 0)
		return mem_strdup(runtime);
	return mem_strdup("/tmp");
}

enum status convert_session_create(const struct config *config, const char *jail,
	const atomic_bool *stop, struct convert_session **out)
{
	struct convert_session *s = mem_zalloc(sizeof *s);
	enum status st = ST_NOMEM;

	if (!s)
		return ST_NOMEM;
	s->host.wake_fd = -1;
	s->hides_names = config->mode == MODE_SYSTEM;
	s->jail = mem_strdup(jail);
	s->work_base = find_work_base();
	if (!s->jail || !s->work_base ||
		pool_create(config->mode == MODE_SYSTEM, &s->pool) != ST_OK)
		goto err_after_alloc;
	s->host = (struct coproc_host){
		.jail = s->jail,
		.sandbox = coproc_sandbox_word(config->sandbox),
		.work_base = s->work_base,
		.stop = stop,
		.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	st = ST_SYSTEM;
	if (s->host.wake_fd < 0)
		goto err_after_alloc;
	*out = s;
	return ST_OK;

err_after_alloc:
	convert_session_destroy(s);
	return st;
}

void convert_session_destroy(struct convert_session *s)
{
	if (!s)
		return;
	pool_destroy(s->pool);
	if (s->host.wake_fd >= 0)
		close(s->host.wake_fd);
	for (int i = 0; i < LEVELS_MAX; i++) {
		record_finish(&s->levels[i].reader);
		buf_finish(&s->levels[i].line);
		mem_free(s->levels[i].scratch);
	}
	mem_free(s->work_base);
	mem_free(s->jail);
	mem_free(s);
}

int convert_session_trim(struct convert_session *s, int64_t idle_ms)
{
	int alive = pool_trim(s->pool, idle_ms);

	for (int i = 0; alive == 0 && s->depth == 0 && i < LEVELS_MAX; i++) {
		mem_free(s->levels[i].scratch);
		s->levels[i].scratch = NULL;
	}
	return alive;
}

void convert_session_wake(struct convert_session *s)
{
	/* It can only fail when it is readable already. */
	(void)eventfd_write(s->host.wake_fd, 1);
}

static enum status run_persistent(struct convert_session *s, struct attempt *a, bool *rerouted)
{
	struct persist *place = pool_take(s->pool, a->converter, a->request->owner);

	if (!place)
		return ST_NOMEM;
	enum status st = persist_run(a, place, rerouted);
	pool_give(s->pool, place);
	return st;
}

static enum status run_one(
	struct convert_session *s, struct attempt *a, const struct converter *c, bool *rerouted)
{
	int64_t began = now_mono_us();
	enum status st;

	a->converter = a->result->converter = c;
	a->deadline_ms = now_mono_ms() + c->time_ms;
	a->taker_ms = 0;
	*rerouted = false;
	if (atomic_load_explicit(s->host.stop, memory_order_relaxed)) {
		attempt_fail(a, NULL, CONVERT_CANCELED, "the daemon was stopped");
		return buf_status(&a->result->detail);
	}
	if (c->missing) {
		attempt_fail(a, NULL, CONVERT_UNAVAILABLE, "%s is not installed", c->argv[0]);
		return buf_status(&a->result->detail);
	}
	stats_add(conversions, 1);
	/* The converter before may have read it: one offset for all who share the descriptor. */
	(void)lseek(a->request->fd, 0, SEEK_SET);
	st = c->transport == TRANSPORT_RUN ? oneshot_run(a) : run_persistent(s, a, rerouted);
	int64_t took = now_mono_us() - began - a->taker_ms * 1000;
	stats_time(convert, took);
	stats_time_converter(c->name, took);
	return st;
}

static void clear(struct convert_result *r)
{
	buf_clear(&r->text);
	buf_clear(&r->meta);
	buf_clear(&r->type);
	buf_clear(&r->detail);
	buf_clear(&r->output);
	r->truncated = false;
	r->outcome = CONVERT_LAUNCH_FAILED; /* for who runs out of memory */
}

/* Takes what the rerouting converter found: its word on the type; whatever text it gave is void. */
static const struct converter *next_converter(struct attempt *a, int reroutes)
{
	struct convert_result *r = a->result;

	buf_clear(&r->text);
	buf_clear(&r->meta);
	r->truncated = false;
	if (reroutes >= CONVERT_REROUTES_MAX) {
		attempt_fail(a, NULL, CONVERT_PROTOCOL,
			"rerouted more than %d times, last by converter %s to %s",
			CONVERT_REROUTES_MAX, a->converter->name, r->type.data);
		return NULL;
	}
	const struct converter *c = rules_by_type(a->request->rules, r->type.data);
	if (!c)
		attempt_fail(a, NULL, CONVERT_NO_CONVERTER, "no converter takes %s", r->type.data);
	if (c && a->request->barred && a->request->barred[c->index]) {
		r->converter = c;
		attempt_fail(a, NULL, CONVERT_CRASHED,
			"not tried: converter %s failed too often within this file", c->name);
		return NULL;
	}
	return c;
}

static enum status run_through(struct convert_session *s, struct attempt *a)
{
	const struct converter *c = a->request->converter;
	enum status st = ST_OK;
	bool rerouted;

	for (int reroutes = 0; c; reroutes++) {
		st = run_one(s, a, c, &rerouted);
		if (st != ST_OK || !rerouted)
			return st;
		c = next_converter(a, reroutes);
		a->type = a->result->type.data;
	}
	return ST_OK;
}

/* Between two documents, so that what one of them needed does not stay as long as there is work. */
static void trim_if_due(struct convert_session *s)
{
	int64_t now = now_mono_ms();

	if (s->depth || now < s->next_trim_ms)
		return;
	s->next_trim_ms = now + TRIM_EVERY_MS;
	pool_trim(s->pool, TRIM_IDLE_MS);
}

/* What this depth needs; NULL: no memory. */
static struct level *enter_level(struct convert_session *s)
{
	BUG_UNLESS(s->depth < LEVELS_MAX);
	struct level *l = &s->levels[s->depth];

	if (!l->scratch)
		l->scratch = mem_alloc(ATTEMPT_SCRATCH);
	if (!l->scratch)
		return NULL;
	s->depth++;
	return l;
}

/*
 * In system mode: what a converter makes is shown to all who have a copy of the document, and not all of them may know
 * what the others call theirs.  So it hears only the end of the name that tells the type, as `document.txt.gz`.
 */
static void hide_name(const char *name, struct buf *out)
{
	const char *end = name + strlen(name), *from = end;

	for (int left = EXTENSIONS_SHOWN; left > 0; left--) {
		AUTO_BUF before = BUF_INIT;
		char extension[17];

		buf_add(&before, name, (size_t)(from - name));
		path_extension(before.data ? before.data : "", extension);
		size_t len = strlen(extension);
		if (!len || !mime_of_extension(extension))
			break;
		from -= len + 1;
	}
	buf_adds(out, "document");
	buf_add(out, from, (size_t)(end - from));
}

enum status convert_run(struct convert_session *s, const struct convert_request *req,
	const struct convert_limits *limits, struct convert_result *result)
{
	struct convert_request nameless = *req;
	AUTO_BUF name = BUF_INIT;

	thread_assert(ROLE_WORKER);
	clear(result);
	trim_if_due(s);
	if (s->hides_names) {
		hide_name(req->name, &name);
		if (name.failed)
			return ST_NOMEM;
		nameless.name = name.data;
	}
	struct level *level = enter_level(s);
	if (!level)
		return ST_NOMEM;
	struct attempt a = {
		.host = &s->host,
		.request = &nameless,
		.type = req->type ? req->type : "application/octet-stream",
		.text_limit = (size_t)limits->text_bytes,
		.result = result,
		.scratch = level->scratch,
		.reader = &level->reader,
		.line = &level->line,
	};
	enum status st = run_through(s, &a);
	s->depth--;
	if (st == ST_OK && !result->type.len)
		buf_adds(&result->type, a.type);
	if (result->outcome != CONVERT_DONE)
		buf_clear(&result->text);
	if (st == ST_OK && (result->text.failed || result->meta.failed || result->type.failed ||
				   result->detail.failed || result->output.failed))
		st = ST_NOMEM;
	if (st == ST_OK && outcome_failed(result->outcome))
		stats_add(conversion_failures, 1);
	return st;
}
