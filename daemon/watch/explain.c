/*
 * explain: the one verdict on a path: what the loop knows is told at once, what the disk and the store know is
 * looked up on the pool.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/thread.h"
#include "core/units.h"
#include "core/wire.h"
#include "store/listing.h"
#include "store/tree.h"
#include "watch/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct explain {
	uv_work_t work;
	struct watch *watch;
	struct watch_explain_ask ask; /* path and part are ours */
	char *path;
	char *part; /* NULL: the file itself */
	cJSON *verdict;
	enum status status;

	/* for the pool */
	int64_t dir; /* of the file's directory; 0: not in the tree */
	int64_t self; /* the directory itself, if it is one of the tree; else 0 */
	const char *name;
	bool told; /* the verdict is there already, for who may hear it */
	bool is_tree_dir, waits;
	int64_t file_size_max;
	struct buf sentence; /* of the parts gathered */
};

__attribute__((format(printf, 3, 4))) static void conclude(
	cJSON *verdict, const char *word, const char *fmt, ...)
{
	AUTO_BUF sentence = BUF_INIT, text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&sentence, fmt, ap);
	va_end(ap);
	utf8_add_lossy(&text, sentence.data ? sentence.data : "", sentence.len);
	cJSON_AddStringToObject(verdict, "verdict", word);
	cJSON_AddStringToObject(verdict, "sentence", text.data ? text.data : "");
}

/* --- on the loop --------------------------------------------------------------------------------- */

static bool explain_ignored(
	struct watch *w, struct explain *x, const struct scope *scope, const char *dir, const char *name, bool is_dir)
{
	struct scope_verdict v = scope_judge(scope, dir, name, is_dir);

	(void)w;
	if (!v.ignored)
		return false;
	cJSON_AddStringToObject(x->verdict, "rule", v.rule);
	if (v.source) {
		wire_put_path(x->verdict, "source", v.source, strlen(v.source));
		cJSON_AddNumberToObject(x->verdict, "line", v.line);
		conclude(x->verdict, "ignored", "%s is ignored by rule %s of %s line %d.", x->path,
			v.rule, v.source, v.line);
	} else {
		conclude(x->verdict, "ignored", "%s is ignored by the built-in rule: %s.", x->path, v.rule);
	}
	return true;
}

/* Goes down from the root; true when a rule on the way has decided. */
static bool explain_scope(struct watch *w, struct explain *x, const struct watch_root *r, const char *below)
{
	struct node *n = r->node;
	struct scope scope = {.hidden = r->hidden};
	AUTO_BUF dir = BUF_INIT;
	AUTO_FREE char *rest = mem_strdup(below);
	bool decided = false;
	enum status st = rest ? scope_add(&scope, r->ignore, 0) : ST_NOMEM;

	buf_add(&dir, "", 0);
	for (char *name = rest, *slash; st == ST_OK && !decided && name; name = slash) {
		slash = strchr(name, '/');
		if (slash)
			*slash++ = '\0';
		if (n && node_ignore(n))
			st = scope_add(&scope, node_ignore(n), dir.len);
		struct node *child = n ? nodes_child(&w->nodes, n, name, strlen(name)) : NULL;
		/* A rule may be that of a file which is not for everybody's eyes. */
		decided = !x->ask.judge &&
			  explain_ignored(w, x, &scope, dir.data, name, slash || child);
		if (!slash && n) {
			x->dir = n->id;
			x->is_tree_dir = child != NULL;
			x->self = child ? child->id : 0;
		}
		n = child;
		if (dir.len)
			buf_addc(&dir, '/');
		buf_adds(&dir, name);
	}
	scope_finish(&scope);
	return decided;
}

static bool explain_flight(struct watch *w, struct explain *x)
{
	struct flight *f = x->dir ? flight_find(w, x->dir, x->name) : NULL;
	int64_t converting_ms;

	if (!f)
		return false;
	int64_t at = pipeline_position(w->pipeline, f->job, &converting_ms);
	if (converting_ms >= 0) {
		cJSON_AddNumberToObject(x->verdict, "converting_ms", (double)converting_ms);
		conclude(x->verdict, "converting", "%s has been converting for %lld ms.", x->path,
			(long long)converting_ms);
	} else if (at >= 0 && x->ask.judge) {
		conclude(x->verdict, "queued", "%s is queued.", x->path);
	} else if (at >= 0) {
		cJSON_AddNumberToObject(x->verdict, "position", (double)at);
		conclude(x->verdict, "queued", "%s is queued at position %lld%s.", x->path, (long long)at + 1,
			w->paused ? ", while the daemon is paused" : "");
	} else {
		conclude(x->verdict, "queued", "%s is converted and waits for its commit.", x->path);
	}
	return true;
}

/* --- on the pool ------------------------------------------------------------------------------------ */

static void tell_failure(void *arg, const struct failure_row *f)
{
	struct explain *x = arg;

	cJSON_AddStringToObject(x->verdict, "converter", f->converter);
	cJSON_AddStringToObject(x->verdict, "reason", f->reason);
	cJSON_AddStringToObject(x->verdict, "detail", f->detail);
	cJSON_AddStringToObject(x->verdict, "output", f->output);
	cJSON_AddNumberToObject(x->verdict, "attempts", (double)f->attempts);
	if (f->next_try)
		cJSON_AddNumberToObject(x->verdict, "next_try", (double)f->next_try);
	else
		cJSON_AddNullToObject(x->verdict, "next_try");
	buf_addf(&x->sentence, " (%s%s%s)", f->reason, *f->detail ? ": " : "", f->detail);
	if (f->attempts > 1)
		buf_addf(&x->sentence, " after %lld attempts", (long long)f->attempts);
	if (f->next_try) {
		int64_t wait = f->next_try - now_real_s();

		buf_adds(&x->sentence, "; next try in ");
		units_add_duration(&x->sentence, wait > 0 ? wait * 1000 : 0);
	} else {
		buf_adds(&x->sentence, "; it is tried again when it or its converter changes");
	}
}

static void tell_document(void *arg, const struct document_info *d)
{
	struct explain *x = arg;
	AUTO_BUF version = BUF_INIT;

	cJSON_AddStringToObject(x->verdict, "type", d->type);
	cJSON_AddStringToObject(x->verdict, "converter", d->converter);
	cJSON_AddBoolToObject(x->verdict, "truncated", d->truncated);
	for (int i = 0; i < d->version_len; i++)
		buf_addf(&version, "%02x", ((const unsigned char *)d->version)[i]);
	cJSON_AddStringToObject(x->verdict, "version", version.data ? version.data : "");
	buf_addf(&x->sentence, " as %s by %s %.8s%s", d->type, d->converter, version.data ? version.data : "",
		d->truncated ? ", cut at the limit" : "");
}

/* The row's clock, as people and programs see it. */
static void tell_clock(struct explain *x, struct db *db, const struct file_row *row)
{
	AUTO_BUF clock = BUF_INIT;

	clock_add(&clock, db_instance(db), row->clock);
	cJSON_AddStringToObject(x->verdict, "clock", clock.data ? clock.data : "");
}

/* ", with 5 parts, of which 1 failed" */
static enum status tell_parts(struct explain *x, struct db *db, int64_t document)
{
	int64_t parts, failed;
	enum status st = parts_summary(db, document, &parts, &failed);

	if (st != ST_OK || !parts)
		return st;
	cJSON_AddNumberToObject(x->verdict, "parts", (double)parts);
	cJSON_AddNumberToObject(x->verdict, "parts_failed", (double)failed);
	buf_addf(&x->sentence, ", with %lld part%s", (long long)parts, parts > 1 ? "s" : "");
	if (failed)
		buf_addf(&x->sentence, ", of which %lld failed", (long long)failed);
	return ST_OK;
}

/* --- one part --- */

struct part_found {
	struct explain *explain;
	int64_t document;
};

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void tell_part(void *arg, const struct part_row *p)
{
	struct part_found *found = arg;
	struct explain *x = found->explain;
	const char *word = file_state_text(p->state);

	found->document = p->document;
	if (p->state == FILE_INDEXED)
		return;
	if (!p->reason) {
		conclude(x->verdict, word, "%s in %s is found by name only: %s.", p->path, x->path,
			p->state == FILE_BINARY ? "there is no text in it" : word);
		return;
	}
	const char *detail = or_empty(p->detail);
	cJSON_AddStringToObject(x->verdict, "converter", or_empty(p->converter));
	cJSON_AddStringToObject(x->verdict, "reason", p->reason);
	cJSON_AddStringToObject(x->verdict, "detail", detail);
	conclude(x->verdict, word, "%s in %s is found by name only: %s (%s%s%s).", p->path, x->path, word,
		p->reason, *detail ? ": " : "", detail);
}

static enum status explain_part(struct explain *x, struct db *db, const struct file_row *row)
{
	struct part_found found = {.explain = x};
	enum status st = part_find(db, row->document, x->part, tell_part, &found);

	if (st == ST_NOT_FOUND) {
		conclude(x->verdict, "absent", "%s has no part %s.", x->path, x->part);
		return ST_OK;
	}
	if (st != ST_OK || !found.document)
		return st;
	st = document_info(db, found.document, tell_document, x);
	conclude(x->verdict, file_state_text(FILE_INDEXED), "%s in %s is indexed%s.", x->part, x->path,
		or_empty(x->sentence.data));
	return st;
}

static void explain_row(struct explain *x, struct db *db, const struct file_row *row)
{
	const char *word = file_state_text(row->state);
	enum status st = ST_OK;

	switch (row->state) {
	case FILE_INDEXED:
		st = document_info(db, row->document, tell_document, x);
		if (st == ST_OK)
			st = tell_parts(x, db, row->document);
		conclude(x->verdict, word, "%s is indexed%s%s.", x->path,
			x->sentence.data ? x->sentence.data : "",
			x->waits ? ", and is about to be compared again" : "");
		break;
	case FILE_BINARY:
		conclude(x->verdict, word, "%s is found by name only: there is no text in it.", x->path);
		break;
	case FILE_TOO_LARGE: {
		AUTO_BUF size = BUF_INIT;

		units_add_size(&size, row->ident.size);
		buf_adds(&size, ", the limit is ");
		units_add_size(&size, x->file_size_max);
		conclude(x->verdict, word, "%s is found by name only: it is too large (%s).", x->path,
			size.data ? size.data : "");
		break;
	}
	case FILE_NO_CONVERTER:
		conclude(x->verdict, word, "%s is found by name only: no converter takes its type.", x->path);
		break;
	case FILE_PENDING:
		conclude(x->verdict, word, "%s is known, and waits to be read.", x->path);
		break;
	case FILE_FAILED:
	case FILE_QUARANTINED:
	case FILE_UNAVAILABLE:
	case FILE_UNREADABLE:
	case FILE_NOT_REGULAR:
		st = failure_of(db, row->id, tell_failure, x);
		conclude(x->verdict, word, "%s is found by name only: %s%s.", x->path, word,
			x->sentence.data ? x->sentence.data : "");
		break;
	}
	if (st != ST_OK && st != ST_NOT_FOUND)
		x->status = st;
}

static void explain_found(struct explain *x, struct db *db, const struct file_row *row)
{
	tell_clock(x, db, row);
	/* Of a file that is not read, the parts are not known: its own verdict is theirs. */
	if (!x->part || row->state != FILE_INDEXED) {
		explain_row(x, db, row);
		return;
	}
	enum status st = explain_part(x, db, row);
	x->status = st == ST_NOT_FOUND ? ST_OK : st;
}

static void explain_disk(struct explain *x)
{
	struct ident id;
	int err = ident_at(AT_FDCWD, x->path, &id);

	if (err)
		conclude(x->verdict, "absent", "%s: %s.", x->path, strerror(-err));
	else if (S_ISDIR(id.mode))
		conclude(x->verdict, "directory", x->is_tree_dir ? "%s is a directory, and is watched."
								 : "%s is a directory that is not indexed yet.",
			x->path);
	else if (S_ISLNK(id.mode))
		conclude(x->verdict, "not a regular file", "%s is a symbolic link; links are not followed.",
			x->path);
	else if (!S_ISREG(id.mode))
		conclude(x->verdict, "not a regular file", "%s is not a regular file.", x->path);
	else if (db_is_own(id.dev, id.ino))
		conclude(x->verdict, "ignored", "%s is the index itself.", x->path);
	else
		conclude(x->verdict, "pending", "%s is not indexed yet.", x->path);
}

/* Nothing that the loop has said already is left. */
static void explain_nothing(struct explain *x)
{
	cJSON *verdict = cJSON_CreateObject();

	cJSON_Delete(x->verdict);
	x->verdict = verdict;
	if (!wire_put_path(verdict, "path", x->path, strlen(x->path)))
		x->status = ST_NOMEM;
	conclude(verdict, "absent", "%s is not in the index, or not yours to see.", x->path);
}

/* ST_NOT_FOUND where there is no row that may be told of. */
static enum status explain_to(struct explain *x, struct db *db, const struct file_row *row)
{
	bool visible = false;
	enum status st = x->ask.judge(x->ask.arg, db, row ? x->dir : x->self, row ? row->id : 0, &visible);

	if (st != ST_OK || !visible)
		return st == ST_OK ? ST_NOT_FOUND : st;
	if (row && !x->told)
		explain_found(x, db, row);
	else if (!row)
		conclude(x->verdict, "directory", "%s is a directory, and is watched.", x->path);
	return ST_OK;
}

static enum status explain_in_store(struct explain *x, struct db *db)
{
	struct file_row row;
	enum status st = ST_NOT_FOUND;

	if (x->dir)
		st = tree_find_file(db, x->dir, x->name, &row);
	if (x->ask.judge && (st == ST_OK || (st == ST_NOT_FOUND && x->self)))
		return explain_to(x, db, st == ST_OK ? &row : NULL);
	if (st == ST_OK)
		explain_found(x, db, &row);
	return st;
}

static void look_up(uv_work_t *work)
{
	struct explain *x = work->data;

	thread_become(ROLE_SCAN);
	struct db *db = x->dir || x->self ? reader_pool_take(x->watch->readers) : NULL;
	enum status st = db ? db_begin(db) : ST_NOT_FOUND;
	if (st == ST_OK) {
		st = explain_in_store(x, db);
		db_rollback(db);
	}
	reader_pool_give(x->watch->readers, db, st != ST_OK && st != ST_NOT_FOUND);
	if (st == ST_NOT_FOUND && x->ask.judge)
		explain_nothing(x);
	else if (st == ST_NOT_FOUND)
		explain_disk(x);
	else if (st != ST_OK)
		x->status = st;
}

static void finish(struct explain *x)
{
	cJSON *verdict = x->verdict;

	if (x->status != ST_OK) {
		cJSON_Delete(verdict);
		verdict = NULL;
	}
	x->ask.done(x->ask.arg, x->status, verdict);
	buf_finish(&x->sentence);
	mem_free(x->part);
	mem_free(x->path);
	mem_free(x);
}

static void looked_up(uv_work_t *work, int status)
{
	struct explain *x = work->data;
	struct watch *w = x->watch;

	(void)status;
	w->explains--;
	watch_rest_later(w);
	finish(x);
	crawl_kick(w);
}

static void start(struct watch *w, struct explain *x)
{
	x->work.data = x;
	w->explains++;
	int err = uv_queue_work(w->loop, &x->work, look_up, looked_up);
	BUG_UNLESS(err == 0);
}

/* True when the loop's own knowledge is the verdict, and the caller may hear all of it. */
static bool explain_here(struct watch *w, struct explain *x)
{
	const struct watch_root *r = root_of_path(w, x->path);

	if (!r && x->ask.judge)
		return false;
	if (!r) {
		conclude(x->verdict, "outside", "%s is outside the roots.", x->path);
		return true;
	}
	const char *below = x->path + strlen(r->path);
	below += *below == '/';
	if (r->offline && !x->ask.judge) {
		conclude(x->verdict, "offline", "%s is below the root %s, which is offline.", x->path, r->path);
		return true;
	}
	if (*below && explain_scope(w, x, r, below))
		return true;
	if (!*below) {
		x->is_tree_dir = true;
		x->self = r->node ? r->node->id : 0;
	}
	x->told = explain_flight(w, x);
	return x->told && !x->ask.judge;
}

enum status watch_explain(struct watch *w, const struct watch_explain_ask *ask)
{
	struct explain *x = mem_zalloc(sizeof *x);

	if (!x)
		return ST_NOMEM;
	x->watch = w;
	x->ask = *ask;
	x->path = mem_strdup(ask->path);
	x->part = ask->part ? mem_strdup(ask->part) : NULL;
	x->verdict = cJSON_CreateObject();
	x->file_size_max = w->config->limits.file_size;
	if (!x->path || (ask->part && !x->part) ||
		!wire_put_path(x->verdict, "path", ask->path, strlen(ask->path))) {
		cJSON_Delete(x->verdict);
		mem_free(x->part);
		mem_free(x->path);
		mem_free(x);
		return ST_NOMEM;
	}
	x->name = path_base(x->path);
	if (explain_here(w, x)) {
		finish(x);
		return ST_OK;
	}
	start(w, x);
	return ST_OK;
}
