/* vocabulary_live: a merge of two fts5vocab tables; see vocabulary_live.h. */
#include "store/vocabulary_live.h"

#include "store/connection.h"

#include <string.h>

static void advance(struct live *l, struct live_source *s)
{
	s->more = statement_row(&s->rows);
	if (!s->more)
		return;
	s->text = statement_get_bytes(&s->rows, 0, &s->len);
	s->documents = statement_get_int(&s->rows, 1);
	l->steps += s->documents;
}

void live_open(struct live *l, struct db *db, const char *from, size_t from_len, bool after,
	const char *to, size_t to_len)
{
	static const enum statement_id ids[2][2] = {
		{STMT_TEXT_WORDS_FROM, STMT_NAME_WORDS_FROM},
		{STMT_TEXT_WORDS_AFTER, STMT_NAME_WORDS_AFTER},
	};

	*l = (struct live){.steps = 0};
	for (size_t i = 0; i < 2; i++) {
		struct live_source *s = &l->sources[i];

		s->rows = statement_start(db, ids[after][i]);
		statement_text(&s->rows, from, from_len);
		statement_text(&s->rows, to, to_len);
		advance(l, s);
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
		advance(l, a);
	if (order >= 0)
		advance(l, b);
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

		if (st == ST_OK)
			st = statement_status(&s->rows);
		statement_finish(&s->rows);
	}
	return st;
}
