/*
 * nearest: distances to all words of the vocabulary; see nearest.h.
 *
 * Damerau and Levenshtein's distance, without a second edit of what was changed about.  Words come in order, so that each
 * keeps the rows of the table that belong to what it shares with the one before, and where these rule a beginning
 * out, all words that begin so are passed over.
 */
#include "search/nearest.h"

#include "core/now.h"

#include <string.h>

enum {
	SHORTEST = 3,	  /* characters: of shorter words anything is near */
	SHORT = 5,	  /* up to here one slip, beyond two */
	CHARACTERS_MAX = WORD_BYTES_MAX,
	WORDS_BETWEEN_LOOKS = 1024,
};

struct search {
	struct stopper *stopper;
	int64_t until_ms;
	uint32_t target[CHARACTERS_MAX];
	size_t target_len;
	int most; /* slips */
	bool skip_initial; /* words with the target's first byte were looked at already */
	char initial;

	/* the word before: characters, the byte behind each, and the table's row of each */
	uint32_t word[CHARACTERS_MAX];
	size_t ends[CHARACTERS_MAX + 1];
	unsigned char rows[CHARACTERS_MAX + 1][CHARACTERS_MAX + 1];
	size_t word_len;
	size_t dead; /* characters of it with which no word is near; 0: not known */

	struct near_word *out;
	size_t count, looked;
};

/* Ill-formed bytes are characters of their own. */
static size_t decode(const char *s, size_t len, uint32_t *out)
{
	unsigned char c = (unsigned char)s[0];
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (n > len)
		n = 1;
	*out = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*out = *out << 6 | ((unsigned char)s[i] & 0x3f);
	return n;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* The row of character `i` of the word; its least value. */
static int fill_row(struct search *s, size_t i)
{
	unsigned char *row = s->rows[i + 1], *above = s->rows[i];
	int best;

	row[0] = (unsigned char)(i + 1);
	best = row[0];
	for (size_t j = 0; j < s->target_len; j++) {
		bool same = s->word[i] == s->target[j];
		int d = least(least(above[j + 1], row[j]) + 1, above[j] + !same);

		if (i && j && s->word[i] == s->target[j - 1] && s->word[i - 1] == s->target[j])
			d = least(d, s->rows[i - 1][j - 1] + 1);
		row[j + 1] = (unsigned char)d;
		best = least(best, d);
	}
	return best;
}

/* How many characters of the word before lie wholly within its first bytes. */
static size_t kept_characters(const struct search *s, size_t bytes)
{
	size_t n = 0;

	while (n < s->word_len && s->ends[n + 1] <= bytes)
		n++;
	return n;
}

/* The distance, or more than is near enough. */
static int measure(struct search *s, const struct word *w)
{
	size_t kept = kept_characters(s, w->shared);
	size_t at = s->ends[kept];

	if (s->dead && kept >= s->dead) {
		s->word_len = kept;
		return s->most + 1;
	}
	s->dead = 0;
	s->word_len = kept;
	while (at < w->len) {
		size_t i = s->word_len++;

		at += decode(w->text + at, w->len - at, &s->word[i]);
		s->ends[i + 1] = at;
		/* Rows grow by one at most, so that a change about, which goes back two, mends nothing either. */
		if (fill_row(s, i) > s->most) {
			s->dead = i + 1;
			return s->most + 1;
		}
	}
	return s->rows[s->word_len][s->target_len];
}

static bool is_better(const struct near_word *a, const struct near_word *b)
{
	if (a->distance != b->distance)
		return a->distance < b->distance;
	return a->word.documents > b->word.documents;
}

static void keep(struct search *s, const struct word *w, int distance)
{
	struct near_word n = {*w, distance};
	size_t at = s->count;

	if (s->count == NEAREST_MAX && !is_better(&n, &s->out[s->count - 1]))
		return;
	if (s->count < NEAREST_MAX)
		s->count++;
	else
		at--;
	for (; at > 0 && is_better(&n, &s->out[at - 1]); at--)
		s->out[at] = s->out[at - 1];
	s->out[at] = n;
}

static bool consider(void *arg, const struct word *w)
{
	struct search *s = arg;

	if (++s->looked % WORDS_BETWEEN_LOOKS == 0 &&
		(!stopper_go(s->stopper) || now_mono_ms() >= s->until_ms))
		return false;
	int distance = measure(s, w);
	bool seen = s->skip_initial && w->len && w->text[0] == s->initial;
	if (distance > 0 && distance <= s->most && !seen)
		keep(s, w, distance);
	return true;
}

/* False: it is not a word of which others could be meant. */
static bool set_target(struct search *s, const char *word, size_t len)
{
	for (size_t at = 0; at < len;) {
		if ((word[at] >= '0' && word[at] <= '9') || s->target_len == CHARACTERS_MAX)
			return false;
		at += decode(word + at, len - at, &s->target[s->target_len++]);
	}
	s->most = s->target_len <= SHORT ? 1 : 2;
	s->initial = word[0];
	for (size_t j = 0; j <= s->target_len; j++)
		s->rows[0][j] = (unsigned char)j;
	return s->target_len >= SHORTEST;
}

static bool walk(struct search *s, struct db *db, const char *prefix, size_t len)
{
	s->word_len = s->dead = 0;
	enum status st = vocabulary_walk(db, prefix, len, VOCABULARY_LIVE_MAX, consider, s);

	if (st == ST_CANCELED)
		return stopper_go(s->stopper);
	if (st != ST_OK)
		s->stopper->st = st;
	return st == ST_OK;
}

/* Most slips are not in the first letter: the others are looked at where nothing is but one slip away. */
size_t nearest_find(struct db *db, struct stopper *stopper, const char *word, size_t len, int64_t ms,
	struct near_word out[NEAREST_MAX])
{
	struct search s = {.stopper = stopper, .until_ms = now_mono_ms() + ms, .out = out};

	if (len == 0 || len > WORD_BYTES_MAX || !set_target(&s, word, len) || !walk(&s, db, word, 1))
		return 0;
	if (s.count && s.out[0].distance == 1)
		return s.count;
	s.skip_initial = true;
	return walk(&s, db, "", 0) ? s.count : 0;
}
