/* convert: a worker's converters, and one document's way through them; see convert.h. */
#include "convert/convert.h"

#include "convert/attempt.h"
#include "convert/outcome.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct convert_session {
	struct coproc_host host;
	char *jail, *work_base; /* behind the host's */

	/* persistent converters, by the converter's index */
	struct persist *table;
	size_t table_size;

	/* reused from document to document */
	char *scratch;
	struct record_reader reader;
	struct buf line;
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
	s->jail = mem_strdup(jail);
	s->work_base = find_work_base();
	s->scratch = mem_alloc(ATTEMPT_SCRATCH);
	if (!s->jail || !s->work_base || !s->scratch)
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
	/* All are asked first, so that they end side by side. */
	for (size_t i = 0; i < s->table_size; i++)
		coproc_end(&s->table[i].process);
	for (size_t i = 0; i < s->table_size; i++)
		persist_end(&s->table[i]);
	if (s->host.wake_fd >= 0)
		close(s->host.wake_fd);
	record_finish(&s->reader);
	buf_finish(&s->line);
	mem_free(s->table);
	mem_free(s->scratch);
	mem_free(s->work_base);
	mem_free(s->jail);
	mem_free(s);
}

int convert_session_trim(struct convert_session *s, int64_t idle_ms)
{
	int64_t now = now_mono_ms();
	int alive = 0;

	for (size_t i = 0; i < s->table_size; i++) {
		struct persist *p = &s->table[i];

		if (coproc_is_running(&p->process) &&
			(now - p->idle_since_ms >= idle_ms || coproc_has_ended(&p->process)))
			coproc_end(&p->process);
	}
	for (size_t i = 0; i < s->table_size; i++) {
		if (coproc_is_running(&s->table[i].process) && s->table[i].process.ending)
			persist_end(&s->table[i]);
		alive += coproc_is_running(&s->table[i].process);
	}
	return alive;
}

void convert_session_wake(struct convert_session *s)
{
	/* It can only fail when it is readable already. */
	(void)eventfd_write(s->host.wake_fd, 1);
}

/* The place of a persistent converter, made on its first document. */
static struct persist *place_of(struct convert_session *s, const struct converter *c)
{
	size_t index = (size_t)c->index;

	BUG_UNLESS(c->index >= 0);
	if (index >= s->table_size) {
		struct persist *grown = mem_resize(s->table, index + 1, sizeof *grown);

		if (!grown)
			return NULL;
		memset(grown + s->table_size, 0, (index + 1 - s->table_size) * sizeof *grown);
		s->table = grown;
		s->table_size = index + 1;
	}
	return &s->table[index];
}

static enum status run_one(
	struct convert_session *s, struct attempt *a, const struct converter *c, bool *rerouted)
{
	int64_t began = now_mono_us();
	enum status st = ST_NOMEM;

	a->converter = a->result->converter = c;
	a->deadline_ms = now_mono_ms() + c->time_ms;
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
	if (c->transport == TRANSPORT_RUN) {
		st = oneshot_run(a);
	} else {
		struct persist *p = place_of(s, c);

		if (p)
			st = persist_run(a, p, rerouted);
	}
	int64_t took = now_mono_us() - began;
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
			"rerouted more than %d times, last by converter %s to %s", CONVERT_REROUTES_MAX,
			a->converter->name, r->type.data);
		return NULL;
	}
	const struct converter *c = rules_by_type(a->request->rules, r->type.data);
	if (!c)
		attempt_fail(a, NULL, CONVERT_NO_CONVERTER, "no converter takes %s", r->type.data);
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

enum status convert_run(struct convert_session *s, const struct convert_request *req,
	const struct convert_limits *limits, struct convert_result *result)
{
	struct attempt a = {
		.host = &s->host,
		.request = req,
		.type = req->type ? req->type : "application/octet-stream",
		.text_limit = (size_t)limits->text_bytes,
		.result = result,
		.scratch = s->scratch,
		.reader = &s->reader,
		.line = &s->line,
	};

	thread_assert(ROLE_WORKER);
	clear(result);
	enum status st = run_through(s, &a);
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
