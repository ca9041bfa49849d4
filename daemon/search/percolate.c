/* percolate: kept queries by the words that their matches have; see percolate.h. */
#include "search/percolate.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/strmap.h"
#include "search/match.h"
#include "search/stopper.h"
#include "store/kept.h"
#include "store/parts.h"
#include "store/tokenizer.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIFT_BYTES = 1 << 20,	/* of text read at once, beyond the first row */
	WORDS_BETWEEN_LOOKS = 4096
};

/* A member that has a key, in one of its groups. */
struct entry {
	struct percolate_member *member;
	size_t group;
};

struct posting {
	struct entry *entries;
	size_t count, room;
};

/* One that has a key by name; they are gone through for each name. */
struct named {
	struct entry entry;
	const struct filter *filter;
};

struct percolate {
	struct strmap *postings[PERCOLATE_BY_EXTENSION + 1];	 /* by kind: word -> struct posting */
	size_t prefixes[PERCOLATE_WORD_MAX + 1]; /* how many there are of each length */

	struct named *named;
	size_t named_count, named_room;

	/* of the last sift */
	uint64_t all;
	struct percolate_member *marked;
};

/* --- the set ------------------------------------------------------------------------------------ */

enum status percolate_create(struct percolate **out)
{
	struct percolate *p = mem_zalloc(sizeof *p);

	if (!p)
		return ST_NOMEM;
	for (int kind = 0; kind <= PERCOLATE_BY_EXTENSION; kind++) {
		if (strmap_create(&p->postings[kind]) != ST_OK) {
			percolate_destroy(p);
			return ST_NOMEM;
		}
	}
	*out = p;
	return ST_OK;
}

void percolate_destroy(struct percolate *p)
{
	if (!p)
		return;
	for (int kind = 0; kind <= PERCOLATE_BY_EXTENSION; kind++) {
		BUG_UNLESS(!p->postings[kind] || strmap_count(p->postings[kind]) == 0);
		strmap_destroy(p->postings[kind]);
	}
	BUG_UNLESS(p->named_count == 0);
	mem_free(p->named);
	mem_free(p);
}

static enum status find_or_make(struct percolate *p, const struct percolate_key *k, struct posting **out)
{
	struct posting *at = strmap_get(p->postings[k->kind], k->word, k->len);

	if (!at) {
		at = mem_zalloc(sizeof *at);
		if (!at)
			return ST_NOMEM;
		if (strmap_put(p->postings[k->kind], k->word, k->len, at, NULL) != ST_OK) {
			mem_free(at);
			return ST_NOMEM;
		}
		p->prefixes[k->len] += k->kind == PERCOLATE_BY_PREFIX;
	}
	*out = at;
	return ST_OK;
}

static void drop_if_empty(struct percolate *p, const struct percolate_key *k, struct posting *at)
{
	if (at->count)
		return;
	(void)strmap_take(p->postings[k->kind], k->word, k->len);
	p->prefixes[k->len] -= k->kind == PERCOLATE_BY_PREFIX;
	mem_free(at->entries);
	mem_free(at);
}

static bool is_same(struct entry a, struct entry b)
{
	return a.member == b.member && a.group == b.group;
}

static enum status add_named(struct percolate *p, const struct percolate_key *k, struct entry e)
{
	if (p->named_count == p->named_room) {
		size_t room = p->named_room ? 2 * p->named_room : 16;
		struct named *grown = mem_resize(p->named, room, sizeof *grown);

		if (!grown)
			return ST_NOMEM;
		p->named = grown;
		p->named_room = room;
	}
	p->named[p->named_count++] = (struct named){e, k->filter};
	return ST_OK;
}

static void remove_named(struct percolate *p, const struct percolate_key *k, struct entry e)
{
	size_t i = 0;

	while (i < p->named_count && (!is_same(p->named[i].entry, e) || p->named[i].filter != k->filter))
		i++;
	BUG_UNLESS(i < p->named_count);
	p->named[i] = p->named[--p->named_count];
}

static enum status add_key(struct percolate *p, const struct percolate_key *k, struct entry e)
{
	struct posting *at;

	if (k->kind == PERCOLATE_BY_NAME)
		return add_named(p, k, e);
	enum status st = find_or_make(p, k, &at);

	if (st != ST_OK)
		return st;
	if (at->count == at->room) {
		size_t room = at->room ? 2 * at->room : 1;
		struct entry *grown = mem_resize(at->entries, room, sizeof *grown);

		if (!grown) {
			drop_if_empty(p, k, at);
			return ST_NOMEM;
		}
		at->entries = grown;
		at->room = room;
	}
	at->entries[at->count++] = e;
	return ST_OK;
}

static void remove_key(struct percolate *p, const struct percolate_key *k, struct entry e)
{
	if (k->kind == PERCOLATE_BY_NAME) {
		remove_named(p, k, e);
		return;
	}
	struct posting *at = strmap_get(p->postings[k->kind], k->word, k->len);
	size_t i = 0;

	BUG_UNLESS(at);
	while (i < at->count && !is_same(at->entries[i], e))
		i++;
	BUG_UNLESS(i < at->count);
	at->entries[i] = at->entries[--at->count];
	drop_if_empty(p, k, at);
}

/* The first so many of its keys, group by group. */
static void remove_keys(struct percolate *p, struct percolate_member *m, size_t count)
{
	const struct percolate_keys *keys = percolate_query_keys(m->query);

	for (size_t group = 0; group < PERCOLATE_GROUPS; group++)
		for (size_t i = 0; i < keys[group].count && count > 0; i++, count--)
			remove_key(p, &keys[group].key[i], (struct entry){m, group});
}

enum status percolate_add(struct percolate *p, struct percolate_member *m)
{
	const struct percolate_keys *keys = percolate_query_keys(m->query);
	size_t added = 0;

	m->rows[0] = m->rows[1] = 0;
	for (size_t group = 0; group < PERCOLATE_GROUPS; group++) {
		for (size_t i = 0; i < keys[group].count; i++, added++) {
			enum status st = add_key(p, &keys[group].key[i], (struct entry){m, group});

			if (st != ST_OK) {
				remove_keys(p, m, added);
				return st;
			}
		}
	}
	return ST_OK;
}

static void forget_marks(struct percolate *p)
{
	for (struct percolate_member *m = p->marked; m; m = m->marked)
		m->rows[0] = m->rows[1] = 0;
	p->marked = NULL;
}

void percolate_remove(struct percolate *p, struct percolate_member *m)
{
	forget_marks(p);
	remove_keys(p, m, SIZE_MAX);
}

uint64_t percolate_rows(const struct percolate *p, const struct percolate_member *m)
{
	const struct percolate_keys *keys = percolate_query_keys(m->query);
	uint64_t rows = p->all;

	for (size_t group = 0; group < PERCOLATE_GROUPS; group++)
		if (keys[group].count)
			rows &= m->rows[group];
	return rows;
}

/* --- looking words up --------------------------------------------------------------------------- */

struct sift {
	struct percolate *p;
	struct stopper stopper;
	sqlite3_stmt *file, *dir, *parts, *text;
	struct buf folded;
	uint64_t rows; /* whose words are read now */
	size_t words;
	int64_t bytes; /* of texts to be read */
	struct sift_document {
		int64_t id;
		uint64_t rows; /* that have it */
	} *documents;
	size_t count, room;
};

static void mark_member(struct sift *s, struct entry e)
{
	struct percolate_member *m = e.member;

	if (!m->rows[0] && !m->rows[1]) {
		m->marked = s->p->marked;
		s->p->marked = m;
	}
	m->rows[e.group] |= s->rows;
}

static void mark(struct sift *s, enum percolate_key_kind kind, const char *word, size_t len)
{
	const struct posting *at = strmap_get(s->p->postings[kind], word, len);

	for (size_t i = 0; at && i < at->count; i++)
		mark_member(s, at->entries[i]);
}

static bool take_word(void *arg, const struct token *t)
{
	struct sift *s = arg;

	if (t->len <= PERCOLATE_WORD_MAX)
		mark(s, PERCOLATE_BY_WORD, t->term, t->len);
	for (size_t n = 1; n <= t->len && n <= PERCOLATE_WORD_MAX; n++)
		if (s->p->prefixes[n])
			mark(s, PERCOLATE_BY_PREFIX, t->term, n);
	return ++s->words % WORDS_BETWEEN_LOOKS || stopper_go(&s->stopper);
}

static bool wants_words(const struct sift *s)
{
	return strmap_count(s->p->postings[PERCOLATE_BY_WORD]) || strmap_count(s->p->postings[PERCOLATE_BY_PREFIX]);
}

static void take_text(struct sift *s, const char *text, size_t len)
{
	if (wants_words(s))
		tokenizer_cut(text, len, false, take_word, s);
}

/* As the index over names has it. */
static void take_name(struct sift *s, const char *name, size_t len)
{
	buf_clear(&s->folded);
	utf8_add_folded(&s->folded, name, len);
	if (s->folded.failed) {
		s->stopper.st = ST_NOMEM;
		return;
	}
	take_text(s, s->folded.data, s->folded.len);
	for (size_t i = 0; i < s->p->named_count; i++)
		if (match_text(s->p->named[i].filter, s->folded.data))
			mark_member(s, s->p->named[i].entry);
}

/* --- reading rows ------------------------------------------------------------------------------- */

static bool prepare(struct sift *s, sqlite3 *raw, const char *text, sqlite3_stmt **out)
{
	return stopper_ok(&s->stopper, kept_take(raw, text, out));
}

static bool prepare_all(struct sift *s, sqlite3 *raw)
{
	return prepare(s, raw,
		       "SELECT f.name, f.ext, f.document, d.size FROM file f"
		       " LEFT JOIN document d ON d.id = f.document WHERE f.id = ?1",
		       &s->file) &&
	       prepare(s, raw, "SELECT name FROM dir WHERE id = ?1", &s->dir) &&
	       prepare(s, raw,
		       "SELECT p.path, p.ext, p.document, d.size FROM part p"
		       " LEFT JOIN document d ON d.id = p.document WHERE p.container = ?1",
		       &s->parts) &&
	       prepare(s, raw, "SELECT title, text FROM fts_source WHERE id = ?1", &s->text);
}

/* Columns of a file's and of a part's row. */
enum { NAME, EXTENSION, DOCUMENT, BYTES };

static void note_document(struct sift *s, sqlite3_stmt *row)
{
	int64_t id = sqlite3_column_int64(row, DOCUMENT);

	if (!id)
		return;
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct sift_document *grown = mem_resize(s->documents, room, sizeof *grown);

		if (!grown) {
			s->stopper.st = ST_NOMEM;
			return;
		}
		s->documents = grown;
		s->room = room;
	}
	s->documents[s->count++] = (struct sift_document){id, s->rows};
	s->bytes += sqlite3_column_int64(row, BYTES);
}

/* None of them is ever NULL. */
static const char *column_text(struct sift *s, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	if (!text)
		s->stopper.st = ST_NOMEM;
	return text ? text : "";
}

static void take_extension(struct sift *s, sqlite3_stmt *row)
{
	const char *extension = column_text(s, row, EXTENSION);

	mark(s, PERCOLATE_BY_EXTENSION, extension, strlen(extension));
}

static void read_parts(struct sift *s, int64_t container)
{
	if (!stopper_ok(&s->stopper, sqlite3_bind_int64(s->parts, 1, container)))
		return;
	while (stopper_row(&s->stopper, s->parts)) {
		const char *leaf = part_leaf(column_text(s, s->parts, NAME));

		take_name(s, leaf, strlen(leaf));
		take_extension(s, s->parts);
		note_document(s, s->parts);
	}
	sqlite3_reset(s->parts);
}

static void take_blob(struct sift *s, sqlite3_stmt *row)
{
	const void *name = sqlite3_column_blob(row, NAME);

	if (name) /* that of a root's own directory is empty */
		take_name(s, name, (size_t)sqlite3_column_bytes(row, NAME));
}

static void read_file(struct sift *s, int64_t id)
{
	int64_t document = 0;

	if (!stopper_ok(&s->stopper, sqlite3_bind_int64(s->file, 1, id)))
		return;
	if (stopper_row(&s->stopper, s->file)) {
		take_blob(s, s->file);
		take_extension(s, s->file);
		note_document(s, s->file);
		document = sqlite3_column_int64(s->file, DOCUMENT);
	}
	sqlite3_reset(s->file);
	if (document)
		read_parts(s, document);
}

static void read_dir(struct sift *s, int64_t id)
{
	if (!stopper_ok(&s->stopper, sqlite3_bind_int64(s->dir, 1, id)))
		return;
	if (stopper_row(&s->stopper, s->dir))
		take_blob(s, s->dir);
	sqlite3_reset(s->dir);
}

static void read_document(struct sift *s, int64_t id)
{
	if (!stopper_ok(&s->stopper, sqlite3_bind_int64(s->text, 1, id)))
		return;
	if (stopper_row(&s->stopper, s->text)) {
		for (int column = 0; column < 2; column++) {
			const char *text = column_text(s, s->text, column);

			take_text(s, text, (size_t)sqlite3_column_bytes(s->text, column));
		}
	}
	sqlite3_reset(s->text);
}

static int by_id(const void *a, const void *b)
{
	const struct sift_document *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Each once, however many rows have it. */
static void read_documents(struct sift *s)
{
	if (s->count)
		qsort(s->documents, s->count, sizeof *s->documents, by_id);
	for (size_t i = 0; wants_words(s) && i < s->count && stopper_go(&s->stopper);) {
		int64_t id = s->documents[i].id;

		for (s->rows = 0; i < s->count && s->documents[i].id == id; i++)
			s->rows |= s->documents[i].rows;
		read_document(s, id);
	}
}

/* How many were read. */
static size_t read_rows(struct sift *s, const struct percolate_row *rows, size_t count)
{
	size_t i = 0;

	while (i < count && (i == 0 || s->bytes < SIFT_BYTES) && stopper_go(&s->stopper)) {
		s->rows = UINT64_C(1) << i;
		if (rows[i].is_dir)
			read_dir(s, rows[i].id);
		else
			read_file(s, rows[i].id);
		i++;
	}
	return i;
}

static void finish(struct sift *s)
{
	kept_give(s->file);
	kept_give(s->dir);
	kept_give(s->parts);
	kept_give(s->text);
	buf_finish(&s->folded);
	mem_free(s->documents);
}

enum status percolate_sift(struct percolate *p, struct db *db, const struct percolate_row *rows,
	size_t *count, const struct search_stop *stop)
{
	struct sift s = {.p = p, .folded = BUF_INIT};

	BUG_UNLESS(*count > 0 && *count <= PERCOLATE_ROWS_MAX);
	forget_marks(p);
	stopper_install(&s.stopper, db, stop);
	if (prepare_all(&s, db_raw(db)))
		*count = read_rows(&s, rows, *count);
	read_documents(&s);
	p->all = *count < 64 ? (UINT64_C(1) << *count) - 1 : UINT64_MAX;
	stopper_remove(&s.stopper);
	finish(&s);
	if (s.stopper.st != ST_OK)
		return s.stopper.st;
	return s.stopper.late ? ST_TIMEOUT : ST_OK;
}
