/* witness: words looked up for a caller; see witness.h. */
#include "search/witness.h"

#include "core/caller.h"
#include "core/mem.h"
#include "search/visible.h"
#include "store/kept.h"

/* In which order they are asked. */
enum place { TEXTS, NAMES, PLACES };

struct witness {
	struct db *db;
	struct stopper *stopper;
	struct visible *visible;
	bool all;
	int64_t rows;
	sqlite3_stmt *find[PLACES];
	struct buf match;
};

void fts_add_quoted(struct buf *out, const char *text, size_t len)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text[i]);
	}
	buf_addc(out, '"');
}

static bool prepare(struct witness *w)
{
	static const char *const texts[PLACES] = {
		[TEXTS] = "SELECT rowid FROM fts WHERE fts MATCH ?1 ORDER BY rowid DESC",
		[NAMES] = "SELECT rowid FROM name_word WHERE name_word MATCH ?1 ORDER BY rowid DESC",
	};

	for (int i = 0; i < PLACES; i++)
		if (!stopper_ok(w->stopper, kept_take(db_raw(w->db), texts[i], &w->find[i])))
			return false;
	return true;
}

struct witness *witness_create(
	struct db *db, const struct caller *caller, struct stopper *s, int64_t rows)
{
	struct witness *w = mem_zalloc(sizeof *w);

	if (!w) {
		s->st = ST_NOMEM;
		return NULL;
	}
	w->db = db;
	w->stopper = s;
	w->all = caller_sees_all(caller);
	w->rows = rows;
	s->st = visible_create(db_raw(db), caller, &w->visible);
	if (s->st != ST_OK || !prepare(w)) {
		witness_destroy(w);
		return NULL;
	}
	return w;
}

void witness_destroy(struct witness *w)
{
	if (!w)
		return;
	for (int i = 0; i < PLACES; i++)
		kept_give(w->find[i]);
	visible_destroy(w->visible);
	buf_finish(&w->match);
	mem_free(w);
}

void witness_allow(struct witness *w, int64_t rows)
{
	w->rows = rows;
}

bool witness_is_spent(const struct witness *w)
{
	return w->rows <= 0;
}

static bool judge(struct witness *w, enum place place, int64_t row)
{
	bool visible = false;

	if (w->all)
		return true;
	w->rows--;
	int rc = place == TEXTS ? visible_document(w->visible, row, &visible)
				: visible_name(w->visible, row, &visible);
	return stopper_ok(w->stopper, rc) && visible;
}

static int64_t count_in(struct witness *w, enum place place, int64_t most)
{
	sqlite3_stmt *find = w->find[place];
	int64_t seen = 0;

	if (!stopper_ok(w->stopper, sqlite3_bind_text(find, 1, w->match.data, (int)w->match.len,
					    SQLITE_STATIC)))
		return 0;
	while (seen < most && !witness_is_spent(w) && stopper_row(w->stopper, find))
		seen += judge(w, place, sqlite3_column_int64(find, 0));
	sqlite3_reset(find);
	return seen;
}

int64_t witness_count(struct witness *w, const char *phrase, size_t len, int64_t most)
{
	buf_clear(&w->match);
	fts_add_quoted(&w->match, phrase, len);
	if (w->match.failed) {
		w->stopper->st = ST_NOMEM;
		return 0;
	}
	int64_t seen = count_in(w, TEXTS, most);
	return seen || !stopper_go(w->stopper) ? seen : count_in(w, NAMES, most);
}

bool witness_has(struct witness *w, const char *phrase, size_t len)
{
	return witness_count(w, phrase, len, 1) > 0;
}
