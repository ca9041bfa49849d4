/*
 * subscribe_pass: what changed, and who is told; see subscribe_pass.h.
 *
 * A step takes some changes in the order of the clock; each member that still takes part is told of those that it
 * matches, and then stands behind them.  One that has enough lines, or was not come to in time, stands behind the last
 * change that it was told of for certain, and ends there.
 */
#include "serve/subscribe_pass.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/seen.h"
#include "serve/frame.h"
#include "store/changes.h"
#include "store/kept.h"
#include "store/meta.h"
#include "store/tombstones.h"

#include <string.h>
#include <sys/resource.h>

enum {
	PASS_MS = 50,		      /* then what is left is the next pass's */
	PASS_BYTES = 1 << 20,	      /* of lines, of all members together */
	QUERY_MS = 2000,	      /* one query over one step: who takes longer starts over */
	PASS_DEADLINE_MS = 60 * 1000, /* a step is never given up for its length, only when it hangs */
	NICENESS = 5,
	NS_PER_S = 1000000000,
};

struct record {
	int64_t clock, row;
	enum change_kind kind;
	bool is_dir;
	size_t path, from; /* where they begin in the texts; from 0: none */
};

/* What one step is about. */
struct changed {
	struct db *db;
	struct pass *pass;
	int64_t begun_ms, at; /* at: everybody who takes part stands here */
	bool ran;	      /* somebody was told: the pass is of use even if it ends now */
	size_t bytes;	      /* of all lines */
	struct record records[PERCOLATE_ROWS_MAX];
	size_t count;
	bool more; /* there are changes behind these */
	struct buf texts;
	/* files and directories among them */
	struct percolate_row rows[PERCOLATE_ROWS_MAX];
	size_t record_of[PERCOLATE_ROWS_MAX], row_count;
	sqlite3_stmt *facts;
};

/* --- what changed ------------------------------------------------------------------------------- */

static size_t keep_text(struct changed *c, const char *text)
{
	size_t at = c->texts.len;

	if (!text)
		return 0;
	buf_add(&c->texts, text, strlen(text) + 1);
	return at;
}

static bool take_change(void *arg, const struct change *change)
{
	struct changed *c = arg;

	if (change->clock > c->pass->until)
		return false;
	c->records[c->count++] = (struct record){
		.clock = change->clock,
		.row = change->row,
		.kind = change->kind,
		.is_dir = change->is_dir,
		.path = keep_text(c, change->path),
		.from = keep_text(c, change->from),
	};
	return !c->texts.failed;
}

static const char *text_at(const struct changed *c, size_t at)
{
	return c->texts.data + at;
}

static enum status read_changes(struct changed *c)
{
	c->count = c->row_count = 0;
	buf_clear(&c->texts);
	buf_addc(&c->texts, '\0'); /* so that no text begins at 0 */
	enum status st = changes_list(c->db, c->at, PERCOLATE_ROWS_MAX, take_change, c, &c->more);
	if (st == ST_OK)
		st = buf_status(&c->texts);
	for (size_t i = 0; i < c->count; i++) {
		if (!c->records[i].row)
			continue;
		c->rows[c->row_count] = (struct percolate_row){c->records[i].row, c->records[i].is_dir};
		c->record_of[c->row_count++] = i;
	}
	return st;
}

static bool any_query(const struct pass *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->members[i]->query && !p->members[i]->ended)
			return true;
	return false;
}

/* Which queries are worth running; the step ends before a change whose text was left for the next. */
static enum status sift(struct changed *c)
{
	const struct search_stop stop = {c->pass->task.deadline_ms, &c->pass->task.canceled};
	size_t count = c->row_count;

	if (!count || !any_query(c->pass))
		return ST_OK;
	enum status st = percolate_sift(c->pass->set, c->db, c->rows, &count, &stop);
	if (st == ST_OK && count < c->row_count) {
		c->count = c->record_of[count];
		c->row_count = count;
		c->more = true;
	}
	return st;
}

/* Where everybody stands who was told of all that the step is about. */
static int64_t end_of_step(const struct changed *c)
{
	const struct pass *p = c->pass;

	if (c->more)
		return c->records[c->count - 1].clock;
	return p->until < p->clock ? p->until : p->clock;
}

static bool is_time_up(const struct changed *c)
{
	return c->ran && (now_mono_ms() - c->begun_ms >= PASS_MS || c->bytes >= PASS_BYTES);
}

/* --- telling ------------------------------------------------------------------------------------ */

static void tell(struct changed *c, struct subscription *s, const struct record *r, const char *json, size_t len)
{
	bool listed = r->clock <= s->listed_until;
	size_t before = s->lines.len;

	if (s->ended)
		return;
	s->ended = !subscription_tell(s, c->pass->instance, r->clock,
		change_kind_text(listed ? CHANGE_CREATED : r->kind), json, len);
	if (!s->ended) {
		s->reached = r->clock; /* if it should end here */
		c->bytes += s->lines.len - before;
	}
}

/* Of what is listed there are files only, and nothing is gone. */
static bool is_listed_away(const struct subscription *s, const struct record *r)
{
	return r->clock <= s->listed_until && (r->is_dir || !r->row);
}

static void add_text(struct buf *out, const char *key, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	buf_addf(out, ",\"%s\":", key);
	frame_add_string(out, text ? text : "", (size_t)sqlite3_column_bytes(row, column));
}

/* What is known of a file beside its path. */
static enum status add_facts(struct changed *c, int64_t file, struct buf *out)
{
	static const char text[] = "SELECT f.size, f.mtime_ns / 1000000000, d.type, d.title FROM file f"
				   " LEFT JOIN document d ON d.id = f.document WHERE f.id = ?1";
	int rc = c->facts ? SQLITE_OK
			  : kept_take(db_raw(c->db), text, &c->facts);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(c->facts, 1, file);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(c->facts);
	if (rc == SQLITE_ROW) {
		buf_addf(out, ",\"size\":%lld,\"mtime\":%lld",
			(long long)sqlite3_column_int64(c->facts, 0),
			(long long)sqlite3_column_int64(c->facts, 1));
		add_text(out, "type", c->facts, 2);
		add_text(out, "title", c->facts, 3);
	}
	sqlite3_reset(c->facts);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? ST_OK : db_status(c->db, rc, "subscription");
}

static enum status tell_path(struct changed *c, struct subscription *s, const struct record *r,
	const char *path, const char *from)
{
	const char *name = strrchr(path, '/') + 1;
	AUTO_BUF json = BUF_INIT;
	enum status st = ST_OK;

	buf_addc(&json, '{');
	frame_add_path(&json, "path", path, strlen(path));
	if (from) {
		buf_addc(&json, ',');
		frame_add_path(&json, "from", from, strlen(from));
	}
	buf_addc(&json, ',');
	frame_add_path(&json, "name", name, strlen(name));
	buf_addf(&json, ",\"dir\":%s", r->is_dir ? "true" : "false");
	if (r->row && !r->is_dir)
		st = add_facts(c, r->row, &json);
	if (st == ST_OK)
		st = buf_status(&json);
	if (st == ST_OK)
		tell(c, s, r, json.data, json.len);
	return st;
}

/* A directory that moves takes along what is below it, on which nothing else is told. */
static bool concerns(const struct glob *g, const char *path, bool with_below)
{
	return glob_matches(g, path) || (with_below && glob_reaches_below(g, path));
}

static enum status tell_if_matched(struct changed *c, struct subscription *s,
	const struct record *r, const char *path, const char *from)
{
	bool moved_dir = r->is_dir && r->kind == CHANGE_MOVED;

	if (atomic_load_explicit(&c->pass->task.canceled, memory_order_relaxed))
		return ST_CANCELED;
	if (is_listed_away(s, r) || !(concerns(s->glob, path, moved_dir) ||
					    (from && concerns(s->glob, from, moved_dir))))
		return ST_OK;
	return tell_path(c, s, r, path, from);
}

static enum status tell_all_paths(struct changed *c, struct subscription *s)
{
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < c->count && !s->ended; i++) {
		const struct record *r = &c->records[i];

		st = tell_if_matched(c, s, r, text_at(c, r->path), r->from ? text_at(c, r->from) : NULL);
	}
	return st;
}

/* What the same changes are to one who may not see all of them. */
struct seeing {
	struct changed *c;
	struct subscription *s;
	enum status st;
};

static bool take_seen(void *arg, const struct change *change)
{
	struct seeing *g = arg;
	const struct record r = {.clock = change->clock,
		.row = change->kind == CHANGE_DELETED ? 0 : change->row,
		.kind = change->kind,
		.is_dir = change->is_dir};

	if (g->s->ended)
		return false;
	g->st = tell_if_matched(g->c, g->s, &r, change->path, change->from);
	return g->st == ST_OK;
}

static enum status tell_seen_paths(struct changed *c, struct subscription *s)
{
	struct seeing g = {c, s, ST_OK};
	bool more;

	enum status st = seen_list(
		c->db, peer_caller(s->peer), c->at, end_of_step(c), INT64_MAX, take_seen, &g, &more);
	return st == ST_OK ? g.st : st;
}

static enum status tell_paths(struct changed *c, struct subscription *s)
{
	if (is_time_up(c)) {
		s->ended = true;
		return ST_OK;
	}
	c->ran = true;
	return caller_sees_all(peer_caller(s->peer)) ? tell_all_paths(c, s) : tell_seen_paths(c, s);
}

struct telling {
	struct changed *c;
	struct subscription *s;
};

/* A hit's object is closed; what is told of the row goes in before that. */
static void take_hit(void *arg, size_t row, const char *json, size_t len)
{
	struct telling *t = arg;

	BUG_UNLESS(len > 2 && json[len - 1] == '}');
	tell(t->c, t->s, &t->c->records[t->c->record_of[row]], json, len - 1);
}

static uint64_t rows_to_run(const struct changed *c, const struct subscription *s)
{
	uint64_t rows = percolate_rows(c->pass->set, &s->member);

	for (size_t i = 0; rows && i < c->row_count; i++)
		if (is_listed_away(s, &c->records[c->record_of[i]]))
			rows &= ~(UINT64_C(1) << i);
	return rows;
}

static void start_over(struct subscription *s)
{
	s->fresh = s->ended = true;
}

static enum status tell_matches(struct changed *c, struct subscription *s)
{
	struct telling telling = {c, s};
	uint64_t rows = c->row_count ? rows_to_run(c, s) : 0;

	if (!rows)
		return ST_OK;
	if (is_time_up(c)) {
		s->ended = true;
		return ST_OK;
	}
	c->ran = true;
	const struct search_stop stop = {now_mono_ms() + QUERY_MS, &c->pass->task.canceled};
	enum status st = percolate_query_run(s->query, c->db, peer_caller(s->peer), c->rows,
		c->row_count, rows, &stop, take_hit, &telling);
	if (st != ST_TIMEOUT)
		return st;
	log_warning("subscription %lld: its query takes too long: it starts over", (long long)s->id);
	start_over(s);
	return ST_OK;
}

/* --- the pass ----------------------------------------------------------------------------------- */

static enum status step(struct changed *c)
{
	struct pass *p = c->pass;
	enum status st = read_changes(c);

	if (st == ST_OK)
		st = sift(c);
	for (size_t i = 0; st == ST_OK && i < p->count; i++) {
		struct subscription *s = p->members[i];

		if (s->ended)
			continue;
		st = s->glob ? tell_paths(c, s) : tell_matches(c, s);
		if (st == ST_OK && !s->ended)
			s->reached = end_of_step(c);
	}
	c->at = end_of_step(c);
	return st;
}

static bool anybody_left(const struct pass *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (!p->members[i]->ended)
			return true;
	return false;
}

static bool must_end(const struct changed *c)
{
	return !c->more || c->bytes >= PASS_BYTES || now_mono_ms() - c->begun_ms >= PASS_MS ||
	       !anybody_left(c->pass);
}

/* Who asks for something that is not known any more, or never was. */
static enum status turn_away(struct pass *p, struct db *db)
{
	int64_t horizon = 0;
	enum status st = tombstones_horizon(db, &horizon);

	for (size_t i = 0; st == ST_OK && i < p->count; i++) {
		struct subscription *s = p->members[i];

		bool lost = p->from > p->clock ||
			    (s->glob && p->from < horizon && p->from >= s->listed_until);

		if (!lost && s->glob && !caller_sees_all(peer_caller(s->peer)))
			st = seen_is_fresh(db, peer_caller(s->peer),
				p->from > s->listed_until ? p->from : s->listed_until, &lost);
		if (lost)
			start_over(s);
	}
	return st;
}

static enum status look(struct pass *p, struct db *db)
{
	struct changed *c = p->changed;
	enum status st = meta_clock(db, &p->clock);

	memcpy(p->instance, db_instance(db), strlen(db_instance(db)) + 1);
	if (st == ST_OK)
		st = turn_away(p, db);
	c->db = db;
	c->at = p->from;
	c->begun_ms = now_mono_ms();
	if (st == ST_OK && anybody_left(p)) {
		do {
			st = step(c);
		} while (st == ST_OK && !must_end(c));
	}
	kept_give(c->facts);
	for (size_t i = 0; i < p->count; i++)
		subscription_close(p->members[i], p->instance);
	return st;
}

/* Searches go first. */
static void step_back(void)
{
	static _Thread_local bool done;

	if (!done)
		(void)setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread; where it may not, all are equal */
	done = true;
}

static enum status run(struct reader_task *t, struct db *db)
{
	struct pass *p = (struct pass *)t;

	step_back();
	enum status st = db_begin(db);
	if (st != ST_OK)
		return st;
	st = look(p, db);
	db_rollback(db);
	return st;
}

enum status pass_init(struct pass *p, void (*done)(struct reader_task *t))
{
	p->changed = mem_zalloc(sizeof *p->changed);
	if (!p->changed)
		return ST_NOMEM;
	p->changed->pass = p;
	p->task.run = run;
	p->task.done = done;
	p->task.deadline_ms = now_mono_ms() + PASS_DEADLINE_MS;
	for (size_t i = 0; i < p->count; i++) {
		struct subscription *s = p->members[i];

		buf_clear(&s->lines);
		s->open = 0;
		s->reached = p->from;
		s->ended = s->fresh = false;
	}
	return ST_OK;
}

void pass_finish(struct pass *p)
{
	if (p->changed)
		buf_finish(&p->changed->texts);
	mem_free(p->changed);
	p->changed = NULL;
}
