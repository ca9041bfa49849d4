/*
 * percolate_query: a kept query over a few rows; see percolate_query.h.
 *
 * It is the very search, restricted (only.h), that brings the places; of these, those of one document in one file are
 * one hit, and are written as a search writes it.
 */
#include "search/percolate_query.h"

#include "core/mem.h"
#include "search/run.h"
#include "store/parts.h"

#include <stdlib.h>

struct percolate_query {
	struct search_request *request;
	struct percolate_keys keys[PERCOLATE_GROUPS];
};

/* --- making it --- */

/* Nothing is ranked: what a score needs of the whole index is not worth reading for a few rows. */
static cJSON *make_params(const cJSON *query, const cJSON *snippet)
{
	cJSON *params = cJSON_CreateObject();
	bool good = params &&
		    cJSON_AddItemToObject(params, "query", cJSON_Duplicate(query, true)) &&
		    (!snippet ||
			    cJSON_AddItemToObject(params, "snippet", cJSON_Duplicate(snippet, true))) &&
		    cJSON_AddStringToObject(params, "sort", "time");

	if (good)
		return params;
	cJSON_Delete(params);
	return NULL;
}

enum status percolate_query_renew(struct percolate_query *q)
{
	return percolate_keys_find(q->request->query, q->keys);
}

enum status percolate_query_create(const cJSON *query, const cJSON *snippet,
	struct percolate_query **out, struct search_error *error)
{
	struct percolate_query *q = mem_zalloc(sizeof *q);
	cJSON *params = q ? make_params(query, snippet) : NULL;
	enum status st = ST_NOMEM;

	if (params)
		st = search_request_parse(params, &q->request, error);
	cJSON_Delete(params);
	if (st == ST_OK)
		st = percolate_query_renew(q);
	if (st != ST_OK) {
		percolate_query_destroy(q);
		return st;
	}
	*out = q;
	return ST_OK;
}

void percolate_query_destroy(struct percolate_query *q)
{
	if (!q)
		return;
	search_request_destroy(q->request);
	mem_free(q);
}

const struct percolate_keys *percolate_query_keys(const struct percolate_query *q)
{
	return q->keys;
}

/* --- running it --- */

/* One document in one of the rows. */
struct finding {
	struct hit hit;
	size_t row, number; /* number: of the finding */
};

struct matching {
	struct run run;
	const struct percolate_row *rows;
	size_t row_count;
	int64_t files[PERCOLATE_ROWS_MAX], dirs[PERCOLATE_ROWS_MAX];
	struct only only;
	size_t of_row[PERCOLATE_ROWS_MAX]; /* findings of each */
	struct finding *findings;
	size_t count, room;
};

static void choose_rows(struct matching *m, uint64_t which)
{
	for (size_t i = 0; i < m->row_count; i++) {
		if (!(which >> i & 1))
			continue;
		if (m->rows[i].is_dir)
			m->dirs[m->only.dir_count++] = m->rows[i].id;
		else
			m->files[m->only.file_count++] = m->rows[i].id;
	}
	m->only.files = m->files;
	m->only.dirs = m->dirs;
}

static bool find_row(const struct matching *m, const struct file_view *place, size_t *row)
{
	bool is_dir = place->file == 0;
	int64_t id = is_dir ? place->row - DIR_FIRST : place->file;

	for (size_t i = 0; i < m->row_count; i++) {
		*row = i;
		if (m->rows[i].is_dir == is_dir && m->rows[i].id == id)
			return true;
	}
	return false;
}

/* A hit's places come together: it was found before if it is among the last ones. */
static bool is_known(const struct matching *m, int64_t hit, size_t row)
{
	for (size_t i = m->count; i-- > 0 && m->findings[i].hit.id == hit;)
		if (m->findings[i].row == row)
			return true;
	return false;
}

static bool take_place(void *arg, const struct hit *h, const struct file_view *place)
{
	struct matching *m = arg;
	size_t row;

	if (!find_row(m, place, &row) || is_known(m, h->id, row) ||
		m->of_row[row] == PERCOLATE_HITS_MAX)
		return true;
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 16;
		struct finding *grown = mem_resize(m->findings, room, sizeof *grown);

		if (!grown) {
			m->run.stopper.st = ST_NOMEM;
			return false;
		}
		m->findings = grown;
		m->room = room;
	}
	m->of_row[row]++;
	m->findings[m->count] = (struct finding){
		.hit = {.id = h->id, .by_text = h->by_text}, .row = row, .number = m->count};
	m->count++;
	return true;
}

static int by_row(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool write_finding(struct matching *m, struct hits *hits, struct finding *f, struct buf *out)
{
	files_only(m->run.files, m->rows[f->row].is_dir ? 0 : m->rows[f->row].id);
	buf_clear(out);
	return hits_locate(hits, &f->hit, 1) && hits_add(hits, &f->hit, out);
}

static void write_findings(struct matching *m, percolate_each *each, void *arg)
{
	struct hits *hits = run_hits(&m->run);
	AUTO_BUF out = BUF_INIT;

	if (m->count)
		qsort(m->findings, m->count, sizeof *m->findings, by_row);
	for (size_t i = 0; hits && i < m->count; i++) {
		if (!write_finding(m, hits, &m->findings[i], &out))
			break;
		if (out.failed)
			m->run.stopper.st = ST_NOMEM;
		else if (out.len)
			each(arg, m->findings[i].row, out.data, out.len);
	}
	hits_destroy(hits);
}

static enum status outcome(const struct matching *m)
{
	if (m->run.stopper.st != ST_OK)
		return m->run.stopper.st;
	return m->run.stopper.late ? ST_TIMEOUT : ST_OK;
}

enum status percolate_query_run(const struct percolate_query *q, struct db *db,
	const struct caller *caller, const struct percolate_row *rows, size_t count, uint64_t which,
	const struct search_stop *stop, percolate_each *each, void *arg)
{
	struct matching m = {.rows = rows, .row_count = count};
	struct run *run = &m.run;

	choose_rows(&m, which);
	*run = (struct run){.db = db,
		.raw = db_raw(db),
		.r = q->request,
		.caller = caller,
		.only = &m.only,
		.each = take_place,
		.each_arg = &m,
		.top = {.sort = q->request->sort, .capacity = 1}};
	stopper_install(&run->stopper, db, stop);
	enum status st = run_prepare(run);
	if (st == ST_OK) {
		if (collect(run) && m.count)
			write_findings(&m, each, arg);
		st = outcome(&m);
	}
	stopper_remove(&run->stopper);
	for (size_t i = 0; i < m.count; i++)
		hit_finish(&m.findings[i].hit);
	mem_free(m.findings);
	run_finish(run);
	return st;
}
