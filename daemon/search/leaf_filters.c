/* leaf_filters: a tree of filters against a domain: the database's own work; declared in leaf.h. */
#include "search/bits.h"
#include "search/leaf.h"
#include "store/kept.h"
#include "store/name_index.h"

static bool alive(const struct leaf_job *j)
{
	return j->c->stopper->st == ST_OK && !j->c->stopper->late;
}

static bool prepare(struct leaf_job *j, const struct sql *sql, sqlite3_stmt **out)
{
	return stopper_ok(j->c->stopper, sql_prepare(sql, j->c->raw, out));
}

/* Members of one kind, which stand together. */
struct stretch {
	struct leaf_job *j;
	struct plan_context c;
	const struct query_node *n;
	size_t from, to;
};

static void select_places(const struct stretch *s, struct sql *out)
{
	sql_add(out, s->c.of_dirs    ? "SELECT f.id + (1 << 41), 0 FROM "
		     : s->c.of_parts ? "SELECT p.id, f.id FROM "
				     : "SELECT f.id, f.id FROM ");
	plan_places(&s->c, out);
	sql_add(out, " WHERE ");
	plan_condition(s->n, &s->c, out);
}

/* Over all rows between the first and the last, ascending. */
static void walk_places(const struct stretch *s)
{
	const struct member *members = s->j->d->members;
	int64_t below = s->c.of_dirs ? DIR_FIRST : 0;
	const char *column = s->c.of_parts ? "p.id" : "f.id";
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *rows = NULL;
	size_t at = s->from;

	select_places(s, &sql);
	sql_range(&sql, column, members[s->from].row - below, members[s->to - 1].row - below);
	sql_add(&sql, s->c.of_parts ? " ORDER BY p.id, f.id" : " ORDER BY f.id");
	if (!prepare(s->j, &sql, &rows))
		return;
	while (at < s->to && stopper_row(s->j->c->stopper, rows)) {
		int64_t row = sqlite3_column_int64(rows, 0), file = sqlite3_column_int64(rows, 1);

		while (at < s->to && place_compare(row, file, &members[at]) > 0)
			at++;
		if (at < s->to && place_compare(row, file, &members[at]) == 0)
			bits_set(s->j->bits, at);
	}
	kept_give(rows);
}

/* Each by itself. */
static void look_up_places(const struct stretch *s)
{
	const struct member *members = s->j->d->members;
	struct stopper *stopper = s->j->c->stopper;
	AUTO_SQL sql = SQL_INIT;
	sqlite3_stmt *row = NULL;
	int file_slot, row_slot = 0;

	select_places(s, &sql);
	sql_add(&sql, " AND f.id = ");
	file_slot = sql_slot(&sql);
	if (s->c.of_parts) {
		sql_add(&sql, " AND p.id = ");
		row_slot = sql_slot(&sql);
	}
	bool good = prepare(s->j, &sql, &row);
	for (size_t at = s->from; good && at < s->to; at++) {
		const struct member *m = &members[at];
		int64_t file = s->c.of_dirs ? m->row - DIR_FIRST : m->file;

		good = stopper_ok(stopper, sqlite3_bind_int64(row, file_slot, file));
		if (good && row_slot)
			good = stopper_ok(stopper, sqlite3_bind_int64(row, row_slot, m->row));
		if (good && stopper_row(stopper, row))
			bits_set(s->j->bits, at);
		sqlite3_reset(row);
		good = good && alive(s->j);
	}
	kept_give(row);
}

static void filter_stretch(const struct stretch *s)
{
	enum { ROWS_A_LOOK_UP = 16 };
	const struct member *members = s->j->d->members;

	if (s->from == s->to || !alive(s->j))
		return;
	int64_t rows = members[s->to - 1].row - members[s->from].row;
	if (rows / ROWS_A_LOOK_UP > (int64_t)(s->to - s->from))
		look_up_places(s);
	else
		walk_places(s);
}

/* How many members stand before that row. */
static size_t count_before(const struct domain *d, int64_t row)
{
	size_t at;

	(void)domain_find(d, row, 0, &at);
	return at;
}

void leaf_filters(struct leaf_job *j, const struct query_node *n)
{
	size_t parts = count_before(j->d, PART_FIRST), dirs = count_before(j->d, DIR_FIRST);
	struct stretch s = {.j = j, .c = *j->c->filters, .n = n, .to = parts};

	filter_stretch(&s);
	s.c.of_parts = true;
	s.from = parts;
	s.to = dirs;
	filter_stretch(&s);
	s.c.of_parts = false;
	s.c.of_dirs = true;
	s.from = dirs;
	s.to = j->d->count;
	filter_stretch(&s);
}
