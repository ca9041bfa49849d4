/* serve_changes: what has become of the tree since a clock. */
#include "core/mem.h"
#include "core/units.h"
#include "search/seen.h"
#include "serve/handlers.h"
#include "serve/reading.h"
#include "store/tombstones.h"

#include <stdio.h>
#include <string.h>

enum { CHANGES_LIMIT = 1000 };

/*
 * A listing of everything may take several pages, and what it lists goes on changing.  So its clocks between the pages
 * are `instance:n:begun`: what happened up to `begun` is told as files that are there, without the deletions and moves
 * that led to it; what happened later is told as it is.
 *
 * Of one who does not see all, they end with `@` and a number of the caller's uid and groups: with others, other files
 * are seen, and everything is told anew.
 */
struct changes_reading {
	struct reading reading;
	char *since; /* NULL: from the beginning */
	int64_t limit;

	/* while it runs */
	struct buf *json;
	int64_t begun; /* -1: no listing */
	int64_t last;  /* clock of the last change that was looked at; -1: none */
	bool any;      /* was written */
};

static void write_change(struct changes_reading *g, const struct change *c)
{
	bool listed = c->clock <= g->begun;
	struct buf *out = g->json;

	buf_adds(out, g->any ? ",{" : "{");
	frame_add_path(out, "path", c->path, strlen(c->path));
	buf_addf(out, ",\"kind\":\"%s\"", change_kind_text(listed ? CHANGE_CREATED : c->kind));
	if (c->from && !listed) {
		buf_addc(out, ',');
		frame_add_path(out, "from", c->from, strlen(c->from));
	}
	buf_addf(out, ",\"dir\":%s,\"clock\":\"", c->is_dir ? "true" : "false");
	clock_add(out, g->reading.instance, c->clock);
	buf_adds(out, "\"}");
	g->any = true;
}

static bool add_change(void *arg, const struct change *c)
{
	struct changes_reading *g = arg;

	if (c->clock > g->begun || (!c->is_dir && c->kind != CHANGE_DELETED))
		write_change(g, c);
	g->last = c->clock;
	return !g->json->failed;
}

/* Takes `@number` off the text of a clock; false: it was given to somebody with other rights. */
static bool take_number(char *clock, const struct caller *caller)
{
	char *at = strchr(clock, '@');

	if (!at)
		return true;
	*at++ = '\0';
	char own[2 * sizeof(uint64_t) + 1];
	snprintf(own, sizeof own, "%016llx", (unsigned long long)seen_number(caller));
	return !caller_sees_all(caller) && strcmp(at, own) == 0;
}

/* Takes `:begun` off the text of a clock; -1: there is none. */
static enum status take_begun(char *clock, int64_t *begun)
{
	char *first = strchr(clock, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	*begun = -1;
	if (!second)
		return ST_OK;
	*second = '\0';
	enum status st = units_int(second + 1, begun);
	return st == ST_OK && *begun < 0 ? ST_INVALID : st;
}

/* Whether what followed that clock cannot be told any more: deletions are forgotten, or other directories are seen. */
static enum status is_lost(const struct changes_reading *c, struct db *db, int64_t since, bool *fresh)
{
	const struct caller *caller = c->reading.caller;
	int64_t horizon = 0;
	enum status st = tombstones_horizon(db, &horizon);

	*fresh = since < horizon;
	if (st != ST_OK || *fresh || caller_sees_all(caller))
		return st;
	return seen_is_fresh(db, caller, since, fresh);
}

/* Where to begin: -1 for everything, where that clock says nothing here. */
static enum status begin_at(struct changes_reading *c, struct db *db, int64_t *since, bool *fresh)
{
	enum status st = ST_OK;
	bool other = false;

	*since = c->begun = -1;
	*fresh = c->since && !take_number(c->since, c->reading.caller);
	if (c->since)
		st = take_begun(c->since, &c->begun);
	if (c->since && st == ST_OK)
		st = clock_parse(c->since, c->reading.instance, since, &other);
	*fresh |= other;
	if (st == ST_OK && (*since > c->reading.clock || c->begun > c->reading.clock))
		*fresh = true;
	if (st == ST_OK && *since >= 0 && !*fresh)
		st = is_lost(c, db, *since > c->begun ? *since : c->begun, fresh);
	if (*fresh)
		*since = -1;
	if (*since < 0)
		c->begun = c->reading.clock;
	return st;
}

static void add_next_clock(struct changes_reading *c, bool more)
{
	bool within = more && c->last >= 0;

	clock_add(c->json, c->reading.instance, within ? c->last : c->reading.clock);
	if (within && c->last < c->begun)
		buf_addf(c->json, ":%lld", (long long)c->begun);
	if (!caller_sees_all(c->reading.caller))
		buf_addf(c->json, "@%016llx", (unsigned long long)seen_number(c->reading.caller));
}

static enum status fill_changes(struct reading *g, struct db *db, struct buf *json)
{
	struct changes_reading *c = (struct changes_reading *)g;
	bool fresh = false, more = false;
	int64_t since = -1;

	c->json = json;
	c->last = -1;
	g->why = "since: expected a clock as this daemon gave it, or null";
	enum status st = begin_at(c, db, &since, &fresh);
	if (st != ST_OK)
		return st;
	g->why = NULL;
	buf_adds(json, "{\"changes\":[");
	st = caller_sees_all(g->caller)
		     ? changes_list(db, since, c->limit, add_change, c, &more)
		     : seen_list(db, g->caller, since, INT64_MAX, c->limit, add_change, c, &more);
	buf_adds(json, "],\"clock\":\"");
	add_next_clock(c, more);
	buf_addf(json, "\",\"fresh_instance\":%s,\"more\":%s}", fresh ? "true" : "false",
		more ? "true" : "false");
	return st;
}

static void finish_changes(struct reading *g)
{
	mem_free(((struct changes_reading *)g)->since);
}

void serve_changes(struct request *r)
{
	const char *since = param_text(r->params, "since");
	struct changes_reading *c = mem_zalloc(sizeof *c);

	if (c) {
		c->reading.fill = fill_changes;
		c->reading.finish = finish_changes;
		c->limit = param_integer(r->params, "limit", CHANGES_LIMIT);
		c->since = since ? mem_strdup(since) : NULL;
	}
	if (c && since && !c->since) {
		mem_free(c);
		c = NULL;
	}
	reading_start(r, c ? &c->reading : NULL);
}
