/* vocabulary_live: a merge of two fts5vocab tables; see vocabulary_live.h. */
#include "store/vocabulary_live.h"

#include "store/connection.h"

#include <string.h>

static const enum statement_id from_ids[2] = {STMT_TEXT_WORDS_FROM, STMT_NAME_WORDS_FROM};
static const enum statement_id after_ids[2] = {STMT_TEXT_WORDS_AFTER, STMT_NAME_WORDS_AFTER};

static void step(struct live *l, struct live_source *s)
{
	s->more = statement_row(&s->rows);
	if (!s->more)
		return;
	s->text = statement_get_bytes(&s->rows, 0, &s->len);
	s->documents = statement_get_int(&s->rows, 1);
	l->steps += s->documents;
}

static void open_source(
	struct live *l, size_t i, enum statement_id id, const char *from, size_t from_len)
{
	struct live_source *s = &l->sources[i];

	s->opened = true;
	s->rows = statement_start(l->db, id);
	statement_text(&s->rows, from, from_len);
	statement_text(&s->rows, l->to, l->to_len);
	step(l, s);
}

static void advance(struct live *l, size_t i)
{
	const struct word *first = &l->ahead.words[i];

	if (l->sources[i].opened)
		step(l, &l->sources[i]);
	else
		open_source(l, i, after_ids[i], first->text, first->len);
}

void live_open(struct live *l, struct db *db, const char *from, size_t from_len, const char *to,
	size_t to_len)
{
	*l = (struct live){.db = db, .to = to, .to_len = to_len};
	for (size_t i = 0; i < 2; i++)
		open_source(l, i, from_ids[i], from, from_len);
}

void live_go_on(struct live *l, struct db *db, const char *from, size_t from_len, const char *to,
	size_t to_len, const struct live_ahead *ahead)
{
	*l = (struct live){.db = db, .to = to, .to_len = to_len, .ahead = *ahead};
	for (size_t i = 0; i < 2; i++) {
		struct live_source *s = &l->sources[i];
		const struct word *w = &l->ahead.words[i];

		if (!ahead->known[i]) {
			open_source(l, i, after_ids[i], from, from_len);
			continue;
		}
		s->more = true;
		s->text = w->text;
		s->len = (int)w->len;
		s->documents = w->documents;
	}
}

void live_stop(const struct live *l, struct live_ahead *ahead)
{
	*ahead = (struct live_ahead){.known = {false}};
	for (size_t i = 0; i < 2; i++) {
		const struct live_source *s = &l->sources[i];
		struct word *w = &ahead->words[i];

		if (!s->more || s->len > WORD_BYTES_MAX)
			continue;
		ahead->known[i] = true;
		w->len = (size_t)s->len;
		w->documents = s->documents;
		memcpy(w->text, s->text, w->len);
	}
}

static bool take(struct live *l)
{
	struct live_source *a = &l->sources[0], *b = &l->sources[1];
	int order = !a->more ? 1 : !b->more ? -1
		: word_compare(a->text, (size_t)a->len, b->text, (size_t)b->len);
	struct live_source *s = order <= 0 ? a : b;
	bool fits = s->len <= WORD_BYTES_MAX;

	if (fits) {
		l->word.len = (size_t)s->len;
		memcpy(l->word.text, s->text, l->word.len);
		l->word.documents = s->documents;
		if (order == 0 && b->documents > a->documents)
			l->word.documents = b->documents;
	}
	if (order <= 0)
		advance(l, 0);
	if (order >= 0)
		advance(l, 1);
	return fits;
}

bool live_next(struct live *l)
{
	struct word before = l->word;

	while (l->sources[0].more || l->sources[1].more) {
		if (!take(l))
			continue;
		l->word.shared = 0;
		while (l->word.shared < before.len && l->word.shared < l->word.len &&
			before.text[l->word.shared] == l->word.text[l->word.shared])
			l->word.shared++;
		return true;
	}
	return false;
}

enum status live_close(struct live *l)
{
	enum status st = ST_OK;

	for (size_t i = 0; i < 2; i++) {
		struct live_source *s = &l->sources[i];

		if (!s->opened)
			continue;
		if (st == ST_OK)
			st = statement_status(&s->rows);
		statement_finish(&s->rows);
	}
	return st;
}
