/* container: parts from their container to the writer; see container.h. */
#include "pipeline/container.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "pipeline/spool.h"
#include "pipeline/verdict.h"
#include "store/parts.h"

#include <stdarg.h>
#include <string.h>

enum {
	STRIKES = 3,           /* charged failures of a converter within one file */
	RATIO_FREE = 64 << 20, /* expanded bytes that no ratio counts */
	RECENT = 1024          /* contents of this file that are remembered */
};

/* One document whose converter brings parts, inside of another one or the file itself. */
struct frame {
	struct container *container;
	struct frame *outer; /* NULL: the file */
	struct convert_parts taker;
	unsigned char hash[DOCUMENT_HASH_BYTES];
	size_t path_at; /* where paths from it on begin in those from the file on */

	/* since its first part */
	const struct converter *builder; /* NULL: none came yet */
	char *type;
	int64_t n; /* rows that it has, those of inner containers too */

	/* the part that comes now */
	struct buf path;              /* from the file on */
	struct buf part_type;         /* by its name, or as its container says */
	const struct converter *rule; /* by the same; NULL: none */
	int64_t mtime, size;
	bool too_large;
	struct spool spool;
};

/* A content of this file that is with the writer, and may not be found in the store yet. */
struct recent {
	unsigned char hash[DOCUMENT_HASH_BYTES];
	int64_t rule, converter; /* rule 0: unused */
	int64_t parts, bytes;    /* of its own */
};

struct container {
	struct container_host host;
	struct job *job;
	const struct config *config;
	struct ident ident;
	struct frame top;
	int depth; /* of the frame that parts come to; 0: the file */

	int64_t parts, bytes;   /* expanded so far, at every depth; what failed stays counted */
	int64_t time_ms;        /* that conversions of its parts took */
	unsigned char *strikes; /* by converter: charged failures, STRIKES at most */
	bool *barred;           /* by converter: that many */
	struct recent *recent;

	/* Why no more parts are wanted; CONVERT_DONE while they are. */
	enum convert_outcome over;
	struct buf detail;
};

/* --- stopping --- */

/* What the taker of `f` returns: whether more is wanted; if not, its container is told why. */
static bool go_on(struct frame *f)
{
	struct container *c = f->container;

	if (c->over == CONVERT_DONE)
		return true;
	f->taker.stopped = c->over;
	buf_clear(&f->taker.detail);
	buf_adds(&f->taker.detail, c->detail.data ? c->detail.data : "");
	return false;
}

/* The whole file ends so.  The first reason stays. */
__attribute__((format(printf, 3, 4))) static void stop(
	struct container *c, enum convert_outcome outcome, const char *fmt, ...)
{
	va_list ap;

	if (c->over != CONVERT_DONE)
		return;
	c->over = outcome;
	va_start(ap, fmt);
	buf_vaddf(&c->detail, fmt, ap);
	va_end(ap);
}

static void stop_for_memory(struct container *c)
{
	stop(c, CONVERT_LAUNCH_FAILED, "no memory for its parts");
}

/* --- limits --- */

static void check_limits(struct container *c)
{
	int64_t ratio = c->config->limits.part_ratio;

	if (c->parts > c->config->limits.parts)
		stop(c, CONVERT_LIMIT, "it has more parts than the limit parts = %lld",
			(long long)c->config->limits.parts);
	else if (c->bytes > c->config->limits.part_bytes)
		stop(c, CONVERT_LIMIT, "its parts have more bytes than the limit part_bytes = %lld",
			(long long)c->config->limits.part_bytes);
	else if (c->bytes > RATIO_FREE && c->bytes / ratio > c->ident.size)
		stop(c, CONVERT_LIMIT,
			"its parts have more bytes for each of its own than the limit part_ratio = "
			"%lld",
			(long long)ratio);
	else if (c->time_ms > c->config->limits.part_time_ms)
		stop(c, CONVERT_LIMIT,
			"its parts take longer than the limit part_time = %lld s",
			(long long)c->config->limits.part_time_ms / 1000);
}

static void count(struct container *c, int64_t parts, int64_t bytes)
{
	c->parts += parts;
	c->bytes += bytes;
	check_limits(c);
}

/* --- contents of this file that were met before --- */

static struct recent *recent_slot(struct container *c, const unsigned char *hash)
{
	if (!c->recent)
		c->recent = mem_zalloc(RECENT * sizeof *c->recent);
	return c->recent ? &c->recent[(hash[0] | hash[1] << 8) % RECENT] : NULL;
}

static const struct recent *recent_find(
	struct container *c, const unsigned char *hash, int64_t rule)
{
	const struct recent *r = recent_slot(c, hash);

	return r && r->rule == rule && !memcmp(r->hash, hash, sizeof r->hash) ? r : NULL;
}

static void recent_note(struct container *c, const struct result *r, int64_t parts, int64_t bytes)
{
	struct recent *slot = recent_slot(c, r->hash);

	if (!slot || r->kind != RESULT_TEXT)
		return;
	memcpy(slot->hash, r->hash, sizeof slot->hash);
	slot->rule = r->rule;
	slot->converter = r->converter;
	slot->parts = parts;
	slot->bytes = bytes;
}

/* --- results --- */

static const char *leaf(const struct frame *f)
{
	return part_leaf(f->path.data);
}

/* The part that comes now to `f`, placed in all its containers; its row was counted, as were
 * `below` of its own. */
static struct result *make_result(const struct frame *f, int64_t below)
{
	struct container *c = f->container;
	size_t depth = 0;

	for (const struct frame *at = f; at; at = at->outer)
		depth++;
	struct result *r = result_create_part(c->job, f->path.data, depth);
	if (!r)
		return NULL;
	struct result_place *p = r->place;
	p->size = f->size;
	p->mtime = f->mtime;
	buf_adds(&r->type, f->part_type.data);
	r->rule = f->rule ? f->rule->row_id : 0;
	for (size_t i = 0; i < depth; i++, f = f->outer) {
		struct result_container *in = &p->containers[i];

		memcpy(in->hash, f->hash, sizeof in->hash);
		in->converter = f->builder->row_id;
		in->n = f->n - 1 - below;
		in->path_at = f->path_at;
		in->type = mem_strdup(f->type);
		if (!in->type) {
			result_destroy(r);
			return NULL;
		}
	}
	return r;
}

/* Takes the result; waits for the writer if that has much to do. */
static void deliver(struct container *c, struct result *r)
{
	c->host.at(c->host.arg, r->place->path, true);
	result_weigh(r);
	if (results_push(c->host.results, &r) != ST_OK) {
		stop(c, CONVERT_CANCELED, "the daemon was stopped");
		result_destroy(r);
	}
	c->host.at(c->host.arg, NULL, false);
}

/* Adds rows to `f` and all that it lies in; negative: takes back what an inner container had. */
static void add_rows(struct frame *f, int64_t rows)
{
	for (; f; f = f->outer)
		f->n += rows;
}

/* --- one part, whole --- */

/* What is said of the part as a failure; NULL: no memory, and the file is stopped. */
static struct result *make_failure(
	struct frame *f, enum convert_outcome o, const struct converter *who, const char *detail)
{
	struct result *r = make_result(f, 0);

	if (!r) {
		stop_for_memory(f->container);
		return NULL;
	}
	verdict_fail(r, o, who, detail);
	return r;
}

static void send_failure(
	struct frame *f, enum convert_outcome o, const struct converter *who, const char *detail)
{
	struct result *r = make_failure(f, o, who, detail);

	if (r)
		deliver(f->container, r);
}

static void send_state(struct frame *f, enum file_state state)
{
	struct result *r = make_result(f, 0);

	if (!r) {
		stop_for_memory(f->container);
		return;
	}
	r->kind = RESULT_STATE;
	r->state = state;
	deliver(f->container, r);
}

/* The content is in the store, or on its way there: its own parts, if it has any, are copied. */
static void send_known(struct frame *f, const unsigned char *hash, const struct recent *twin,
	int64_t document, int64_t below, int64_t bytes)
{
	struct container *c = f->container;
	struct result *r = make_result(f, 0);

	if (!r) {
		stop_for_memory(c);
		return;
	}
	stats_add(conversions_saved, 1);
	r->kind = twin ? RESULT_TWIN : RESULT_KNOWN;
	r->state = FILE_INDEXED;
	r->known = document;
	r->converter = twin ? twin->converter : 0;
	memcpy(r->hash, hash, sizeof r->hash);
	r->hashed = true;
	r->place->copies = below;
	add_rows(f, below);
	count(c, below, bytes);
	if (c->over == CONVERT_DONE)
		deliver(c, r);
	else
		result_destroy(r);
}

/* Whether the part is one of the containers that it lies in. */
static bool contains_itself(const struct frame *f, const unsigned char *hash)
{
	for (; f; f = f->outer)
		if (!memcmp(f->hash, hash, sizeof f->hash))
			return true;
	return false;
}

static void frame_init(struct frame *in, struct container *c, struct frame *outer,
	const unsigned char *hash, size_t path_at);
static void frame_finish(struct frame *f);

/* What an inner container left with the writer is void; of the part itself nothing is said, for the
 * file ends. */
static void abandon(struct container *c, const struct frame *in)
{
	struct result *r = result_create_part(c->job, in->outer->path.data, 0);

	if (!r)
		return; /* what is left building goes when the store is opened */
	r->kind = RESULT_NONE;
	memcpy(r->hash, in->hash, sizeof r->hash);
	r->builder = in->builder->row_id;
	deliver(c, r);
}

/* A result from the answer about the part that comes to `f`, which was `in` as a container; NULL:
 * the file is stopped. */
static struct result *make_answer(
	struct frame *f, const struct frame *in, struct convert_result *answer)
{
	struct container *c = f->container;
	struct result *r = make_result(f, answer->outcome == CONVERT_DONE ? in->n : 0);

	if (!r || !verdict_take(r, answer, c->host.compressor)) {
		stop_for_memory(c);
		result_destroy(r);
		return NULL;
	}
	memcpy(r->hash, in->hash, sizeof r->hash);
	r->hashed = true;
	r->builder = in->builder ? in->builder->row_id : 0;
	r->parts = in->n;
	return r;
}

/* So often, and no part is given to it any more, be it by its name or by a reroute. */
static void strike(struct container *c, const struct converter *who)
{
	unsigned char *strikes = &c->strikes[who->index];

	if (*strikes < STRIKES)
		++*strikes;
	c->barred[who->index] = *strikes == STRIKES;
}

static void settle(struct frame *f, struct frame *in, struct convert_result *answer, int64_t bytes)
{
	struct container *c = f->container;
	struct result *r = NULL;

	if (answer->outcome == CONVERT_LAUNCH_FAILED || answer->outcome == CONVERT_CANCELED)
		stop(c, answer->outcome, "%s", answer->detail.data ? answer->detail.data : "");
	if (convert_outcome_charged(answer->outcome) && answer->converter)
		strike(c, answer->converter);
	if (answer->outcome != CONVERT_DONE)
		add_rows(f, -in->n); /* the rows of what failed are given again */
	if (c->over == CONVERT_DONE)
		r = make_answer(f, in, answer);
	if (r) {
		recent_note(c, r, in->n, bytes);
		deliver(c, r);
	} else if (in->builder) {
		abandon(c, in);
	}
}

/* One deeper, through its converter. */
static void convert(struct frame *f, const unsigned char *hash)
{
	struct container *c = f->container;
	struct frame in;
	struct convert_request req = {
		.fd = f->spool.fd,
		.name = leaf(f),
		.type = f->part_type.data,
		.size = f->size,
		.converter = f->rule,
		.rules = c->job->rules,
		.barred = c->barred,
		.owner = c->ident.uid,
	};
	struct convert_limits limits = {.text_bytes = c->config->limits.text_size};
	struct convert_result answer;
	int64_t bytes_before = c->bytes;

	frame_init(&in, c, f, hash, f->path.len + 1);
	req.parts = &in.taker;
	convert_result_init(&answer);
	int64_t begin_ms = now_mono_ms();
	c->depth++;
	enum status st = convert_run(c->host.session, &req, &limits, &answer);
	c->depth--;
	/* The time of a part holds that of those inside of it. */
	if (c->depth == 0) {
		c->time_ms += now_mono_ms() - begin_ms;
		check_limits(c);
	}
	if (st != ST_OK) {
		stop_for_memory(c);
		answer.outcome = CONVERT_LAUNCH_FAILED;
	}
	settle(f, &in, &answer, c->bytes - bytes_before);
	convert_result_finish(&answer);
	frame_finish(&in);
}

/* The part is there: what becomes of it. */
static void take_part(struct frame *f, const unsigned char *hash)
{
	struct container *c = f->container;
	const struct converter *with = f->rule;
	const struct recent *twin = recent_find(c, hash, with->row_id);
	int64_t document = 0, below = 0, bytes = 0;
	AUTO_BUF detail = BUF_INIT;

	if (contains_itself(f, hash)) {
		send_failure(f, CONVERT_LIMIT, with, "it contains itself");
	} else if (twin) {
		send_known(f, hash, twin, 0, twin->parts, twin->bytes);
	} else if (known_find(c->host.known, hash, with->row_id, &document) &&
		   known_parts(c->host.known, document, &below, &bytes)) {
		send_known(f, hash, NULL, document, below, bytes);
	} else if (c->barred[with->index]) {
		buf_addf(&detail, "not tried: converter %s failed too often within this file",
			with->name);
		send_failure(f, CONVERT_CRASHED, with, detail.data ? detail.data : "");
	} else {
		convert(f, hash);
	}
}

static void spool_trouble(struct container *c, enum status st)
{
	if (st == ST_FULL)
		stop(c, CONVERT_RETRY, "no space for a part of it in %s", c->host.state_dir);
	else
		stop(c, CONVERT_LAUNCH_FAILED, "a part of it could not be kept");
}

static void finish_part(struct frame *f)
{
	unsigned char hash[DOCUMENT_HASH_BYTES];

	if (f->too_large) {
		send_state(f, FILE_TOO_LARGE);
		return;
	}
	enum status st = spool_seal(&f->spool, hash);
	if (st != ST_OK)
		spool_trouble(f->container, st);
	else if (!f->rule)
		send_state(f, FILE_NO_CONVERTER);
	else
		take_part(f, hash);
}

/* --- the taker --- */

/* The first part tells who brings them. */
static bool begin_container(struct frame *f, const struct convert_part *part)
{
	struct container *c = f->container;

	if (f->builder)
		return true;
	if (c->depth >= c->config->limits.part_depth) {
		f->taker.stopped = CONVERT_LIMIT;
		buf_clear(&f->taker.detail);
		buf_addf(&f->taker.detail, "its parts lie deeper than the limit part_depth = %lld",
			(long long)c->config->limits.part_depth);
		return false;
	}
	f->type = mem_strdup(part->container_type);
	if (!f->type) {
		stop_for_memory(c);
		return go_on(f);
	}
	f->builder = part->converter;
	return true;
}

static void begin_part(struct frame *f, const struct convert_part *part)
{
	const char *type = part->type;

	buf_clear(&f->path);
	buf_clear(&f->part_type);
	if (f->outer)
		buf_addf(&f->path, "%s/", f->outer->path.data);
	buf_adds(&f->path, part->path);
	f->rule = rules_by_name_or_type(f->container->job->rules, part_leaf(part->path), &type);
	buf_adds(&f->part_type, type);
	f->mtime = part->created;
	f->size = 0;
	f->too_large = false;
}

static bool on_begin(void *arg, const struct convert_part *part)
{
	struct frame *f = arg;
	struct container *c = f->container;

	if (!begin_container(f, part))
		return false;
	begin_part(f, part);
	spool_close(&f->spool);
	if (f->path.failed || f->part_type.failed)
		stop_for_memory(c);
	enum status st = spool_open(&f->spool, c->host.state_dir);
	if (st != ST_OK)
		spool_trouble(c, st);
	stats_add(parts, 1);
	add_rows(f, 1);
	count(c, 1, 0);
	if (c->over == CONVERT_DONE)
		c->host.at(c->host.arg, f->path.data, false);
	return go_on(f);
}

static bool on_bytes(void *arg, const char *bytes, size_t n)
{
	struct frame *f = arg;
	struct container *c = f->container;

	f->size += (int64_t)n;
	count(c, 0, (int64_t)n);
	if (f->size > c->config->limits.file_size)
		f->too_large = true;
	if (c->over == CONVERT_DONE && !f->too_large) {
		enum status st = spool_write(&f->spool, bytes, n);

		if (st != ST_OK)
			spool_trouble(c, st);
	}
	return go_on(f);
}

static bool on_fail(void *arg, enum convert_outcome outcome, const char *detail)
{
	struct frame *f = arg;

	spool_close(&f->spool);
	send_failure(f, outcome, f->builder, detail);
	return go_on(f);
}

static bool on_end(void *arg)
{
	struct frame *f = arg;

	finish_part(f);
	spool_close(&f->spool);
	if (f->container->over == CONVERT_DONE)
		f->container->host.between(f->container->host.arg);
	return go_on(f);
}

/* --- life --- */

static void frame_init(struct frame *in, struct container *c, struct frame *outer,
	const unsigned char *hash, size_t path_at)
{
	*in = (struct frame){
		.container = c,
		.outer = outer,
		.taker = {.begin = on_begin,
			.bytes = on_bytes,
			.fail = on_fail,
			.end = on_end,
			.arg = in},
		.path_at = path_at,
		.spool = {.fd = -1},
	};
	memcpy(in->hash, hash, sizeof in->hash);
}

static void frame_finish(struct frame *f)
{
	spool_close(&f->spool);
	buf_finish(&f->path);
	buf_finish(&f->part_type);
	buf_finish(&f->taker.detail);
	mem_free(f->type);
}

enum status container_create(const struct container_host *host, struct job *j,
	const struct config *config, const unsigned char *hash, const struct ident *ident,
	struct container **out)
{
	struct container *c = mem_zalloc(sizeof *c);

	if (!c)
		return ST_NOMEM;
	c->host = *host;
	c->job = j;
	c->config = config;
	c->ident = *ident;
	frame_init(&c->top, c, NULL, hash, 0);
	c->strikes = mem_zalloc(rules_count(j->rules) + 1);
	c->barred = mem_zalloc((rules_count(j->rules) + 1) * sizeof *c->barred);
	if (!c->strikes || !c->barred) {
		container_destroy(c);
		return ST_NOMEM;
	}
	*out = c;
	return ST_OK;
}

void container_destroy(struct container *c)
{
	if (!c)
		return;
	frame_finish(&c->top);
	buf_finish(&c->detail);
	mem_free(c->recent);
	mem_free(c->barred);
	mem_free(c->strikes);
	mem_free(c);
}

struct convert_parts *container_parts(struct container *c)
{
	return &c->top.taker;
}

int64_t container_builder(const struct container *c, int64_t *count)
{
	*count = c->top.n;
	return c->top.builder ? c->top.builder->row_id : 0;
}
