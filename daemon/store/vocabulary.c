/* vocabulary: reading words; see vocabulary.h. */
#include "store/vocabulary.h"

#include "core/log.h"
#include "core/mem.h"
#include "store/connection.h"
#include "store/vocabulary_live.h"

#include <string.h>

enum {
	EXACT_BLOCKS = 8,			 /* a range of so few blocks is summed word by word */
	LIVE_STEPS = 4 * VOCABULARY_LIVE_MAX, /* the index may have grown since; and there may be no snapshot */
};

struct range {
	struct db *db;
	const char *prefix;
	size_t len, behind_len;
	char behind[VOCABULARY_PREFIX_MAX];
};

/* The first text behind all that begin with a prefix; returns its length. */
static size_t find_behind(const char *prefix, size_t len, char out[VOCABULARY_PREFIX_MAX])
{
	if (len == 0) {
		out[0] = '\xff'; /* no byte of UTF-8 */
		return 1;
	}
	memcpy(out, prefix, len);
	out[len - 1] = (char)(out[len - 1] + 1);
	return len;
}

static struct range make_range(struct db *db, const char *prefix, size_t len)
{
	struct range r = {.db = db, .prefix = prefix, .len = len};

	BUG_UNLESS(len <= VOCABULARY_PREFIX_MAX);
	r.behind_len = find_behind(prefix, len, r.behind);
	return r;
}

static bool begins(const struct range *r, const struct word *w)
{
	return w->len >= r->len && memcmp(w->text, r->prefix, r->len) == 0;
}

static void bind_range(struct statement *s, const struct range *r)
{
	statement_blob(s, r->prefix, r->len);
	statement_blob(s, r->behind, r->behind_len);
}

/* --- the snapshot --- */

static enum status report_damage(const struct range *r)
{
	return db_status(r->db, SQLITE_CORRUPT, "vocabulary");
}

/* The words of the range in one block, which `packed` must outlive. */
static enum status walk_block(
	const struct range *r, const struct buf *packed, vocabulary_each *each, void *arg, bool *go)
{
	struct block_reader b;

	block_open(&b, packed->data ? packed->data : "", packed->len);
	while (*go && block_next(&b))
		if (begins(r, &b.word))
			*go = each(arg, &b.word);
	return b.damaged ? report_damage(r) : ST_OK;
}

/* Blocks in the order of the statement. */
static enum status walk_blocks(
	const struct range *r, enum statement_id order, vocabulary_each *each, void *arg)
{
	AUTO_STATEMENT s = statement_start(r->db, order);
	AUTO_BUF packed = BUF_INIT;
	bool go = true;
	enum status st = ST_OK;

	bind_range(&s, r);
	while (st == ST_OK && go && statement_row(&s)) {
		buf_clear(&packed);
		statement_add_bytes(&s, 0, &packed);
		st = buf_status(&packed);
		if (st == ST_OK)
			st = walk_block(r, &packed, each, arg, &go);
	}
	return st == ST_OK ? statement_status(&s) : st;
}

static bool sum_word(void *arg, const struct word *w)
{
	*(int64_t *)arg += w->documents;
	return true;
}

static enum status measure(const struct range *r, struct vocabulary_extent *out)
{
	int64_t blocks = 0;
	AUTO_STATEMENT s = statement_start(r->db, STMT_VOCABULARY_EXTENT);

	*out = (struct vocabulary_extent){.counted = false};
	bind_range(&s, r);
	if (statement_row(&s)) {
		out->counted = statement_get_int(&s, 0) != 0;
		blocks = statement_get_int(&s, 1);
		out->documents = statement_get_int(&s, 2);
	}
	enum status st = statement_status(&s);
	if (st != ST_OK || blocks > EXACT_BLOCKS || out->documents <= VOCABULARY_LIVE_MAX)
		return st;
	/* Of the outermost blocks only a part is meant. */
	out->documents = 0;
	return walk_blocks(r, STMT_VOCABULARY_BLOCKS, sum_word, &out->documents);
}

enum status vocabulary_extent(
	struct db *db, const char *prefix, size_t len, struct vocabulary_extent *out)
{
	struct range r = make_range(db, prefix, len);

	return measure(&r, out);
}

enum status vocabulary_frequency(struct db *db, const char *word, size_t len, int64_t *documents)
{
	AUTO_STATEMENT s = statement_start(db, STMT_VOCABULARY_LAST_UP_TO);
	struct block_reader b;
	int packed_len;
	int order = -1;

	*documents = 0;
	statement_blob(&s, word, len);
	if (!statement_row(&s))
		return statement_status(&s);
	const void *packed = statement_get_bytes(&s, 0, &packed_len);

	block_open(&b, packed, (size_t)packed_len);
	while (order < 0 && block_next(&b))
		order = word_compare(b.word.text, b.word.len, word, len);
	if (order == 0)
		*documents = b.word.documents;
	return b.damaged ? db_status(db, SQLITE_CORRUPT, "vocabulary") : ST_OK;
}

/* --- the index itself --- */

static enum status walk_live(const struct range *r, vocabulary_each *each, void *arg)
{
	struct live l;
	bool go = true;

	live_open(&l, r->db, r->prefix, r->len, r->behind, r->behind_len);
	while (go && l.steps <= LIVE_STEPS && live_next(&l))
		go = each(arg, &l.word);
	return live_close(&l);
}

static bool is_cheap(const struct vocabulary_extent *e, int64_t live)
{
	return !e->counted || e->documents <= live;
}

enum status vocabulary_walk(
	struct db *db, const char *prefix, size_t len, int64_t live, vocabulary_each *each, void *arg)
{
	struct range r = make_range(db, prefix, len);
	struct vocabulary_extent extent;
	enum status st = measure(&r, &extent);

	if (st != ST_OK)
		return st;
	if (is_cheap(&extent, live))
		return walk_live(&r, each, arg);
	return walk_blocks(&r, STMT_VOCABULARY_BLOCKS, each, arg);
}

/* --- the most frequent --- */

struct top {
	struct word *words; /* the most frequent first; of the same count in order */
	size_t count, limit;
};

static bool beats(const struct word *w, const struct word *other)
{
	if (w->documents != other->documents)
		return w->documents > other->documents;
	return word_compare(w->text, w->len, other->text, other->len) < 0;
}

static bool offer(void *arg, const struct word *w)
{
	struct top *t = arg;
	size_t at = t->count;

	if (t->count == t->limit && !beats(w, &t->words[t->count - 1]))
		return true;
	if (t->count < t->limit)
		t->count++;
	else
		at--;
	for (; at > 0 && beats(w, &t->words[at - 1]); at--)
		t->words[at] = t->words[at - 1];
	t->words[at] = *w;
	return true;
}

/* Blocks by the largest count in them: when none can have a word that counts, the rest is left. */
static enum status top_of_blocks(const struct range *r, struct top *t)
{
	AUTO_STATEMENT order = statement_start(r->db, STMT_VOCABULARY_ORDER);
	enum status st = ST_OK;

	bind_range(&order, r);
	while (st == ST_OK && statement_row(&order)) {
		AUTO_STATEMENT s = statement_start(r->db, STMT_VOCABULARY_BLOCK);
		AUTO_BUF packed = BUF_INIT;
		bool go = true;

		if (t->count == t->limit &&
			statement_get_int(&order, 1) < t->words[t->count - 1].documents)
			break;
		statement_int(&s, statement_get_int(&order, 0));
		if (statement_row(&s))
			statement_add_bytes(&s, 0, &packed);
		st = statement_status(&s);
		if (st == ST_OK)
			st = buf_status(&packed);
		if (st == ST_OK)
			st = walk_block(r, &packed, offer, t, &go);
	}
	return st == ST_OK ? statement_status(&order) : st;
}

static enum status find_top(const struct range *r, struct top *t)
{
	struct vocabulary_extent extent;
	enum status st = measure(r, &extent);

	if (st != ST_OK)
		return st;
	return is_cheap(&extent, VOCABULARY_LIVE_MAX) ? walk_live(r, offer, t) : top_of_blocks(r, t);
}

enum status vocabulary_top(struct db *db, const char *prefix, size_t len, size_t limit,
	vocabulary_each *each, void *arg)
{
	struct range r = make_range(db, prefix, len);
	struct top t = {.limit = limit};

	if (limit == 0)
		return ST_OK;
	t.words = mem_resize(NULL, limit, sizeof *t.words);
	if (!t.words)
		return ST_NOMEM;
	enum status st = find_top(&r, &t);
	for (size_t i = 0; st == ST_OK && i < t.count; i++)
		if (!each(arg, &t.words[i]))
			break;
	mem_free(t.words);
	return st;
}

/* --- the check --- */

/* `last` is the word before the block's, and becomes its last. */
static bool is_sound(struct statement *s, struct word *last)
{
	struct block_reader r;
	int packed_len, first_len;
	int64_t most = 0, total = 0;
	size_t words = 0;
	const void *packed = statement_get_bytes(s, 0, &packed_len);
	const char *first = statement_get_bytes(s, 1, &first_len);

	block_open(&r, packed, (size_t)packed_len);
	for (; block_next(&r); words++) {
		bool behind = word_compare(r.word.text, r.word.len, last->text, last->len) > 0;

		if (!behind || (!words && word_compare(r.word.text, r.word.len, first,
						   (size_t)first_len) != 0))
			return false;
		*last = r.word;
		total += r.word.documents;
		if (r.word.documents > most)
			most = r.word.documents;
	}
	return !r.damaged && words && most == statement_get_int(s, 2) &&
	       total == statement_get_int(s, 3);
}

enum status vocabulary_check(struct db *db, struct buf *report)
{
	AUTO_STATEMENT s = statement_start(db, STMT_VOCABULARY_ALL);
	struct word last = {.len = 0};

	while (statement_row(&s))
		if (!is_sound(&s, &last)) {
			buf_adds(report, "vocabulary: a block of words is not whole\n");
			break;
		}
	return statement_status(&s);
}
