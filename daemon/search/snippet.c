/* snippet: choosing and writing the passage; see snippet.h. */
#include "search/snippet.h"

#include "core/log.h"
#include "store/tokenizer.h"

#include <stdint.h>
#include <string.h>

enum {
	WINDOW_MAX = 64,
	RUN_SHARE = 3, /* so many characters of a script without spaces are as long as a word */
	MARKS_MAX = 8, /* on the last character */
	RANGES = 256,  /* what a passage may hold, and somewhat more */
	GAP_BYTES_MAX = 64,    /* of a run between two tokens: rulers, base64, binary rubbish */
	TOKEN_BYTES_MAX = 128, /* of one token */
	LEAD_SHARE = 4,        /* a quarter of the free room goes before the first mark */
};

static const char ellipsis[] = "\xe2\x80\xa6";

/* --- where --- */

/* What the passage around one place shows. */
struct view {
	size_t start;     /* its first token */
	size_t room;      /* so many of them */
	uint64_t phrases; /* by bits */
};

/* Different phrases become different bits: there are at most as many as places. */
static void number_phrases(const struct spots *s, uint64_t bits[SPOTS_MAX])
{
	size_t count = 0;

	BUG_UNLESS(s->count <= SPOTS_MAX);
	for (size_t i = 0; i < s->count; i++) {
		size_t j = 0;

		while (j < i && s->spot[j].phrase != s->spot[i].phrase)
			j++;
		bits[i] = j < i ? bits[j] : UINT64_C(1) << count++;
	}
}

static bool is_of_run(const struct spot *s)
{
	return s->ending == TOKEN_PAIR || s->ending == TOKEN_LONE;
}

/*
 * The first token, for places from `offset` to `end`: a share of the free room goes before them, or
 * what there is, where half of it is enough.
 */
static size_t begin_before(size_t offset, size_t end, size_t room)
{
	size_t free = end - offset < room ? room - (end - offset) : 0;

	return offset <= free / 2 ? 0 : offset - free / LEAD_SHARE;
}

/* The places from number `first` on that a passage has room for. */
static struct view look_from(const struct spots *s, const uint64_t *bits, size_t first, size_t want)
{
	size_t offset = s->spot[first].offset, end = offset;
	struct view v = {.room = is_of_run(&s->spot[first]) ? want * RUN_SHARE : want};

	for (size_t i = first; i < s->count && s->spot[i].offset < offset + v.room; i++) {
		size_t behind = (size_t)s->spot[i].offset + s->spot[i].size;

		if (!(v.phrases & bits[i]) && behind > end)
			end = behind;
		v.phrases |= bits[i];
	}
	v.start = begin_before(offset, end, v.room);
	return v;
}

static bool is_free(const struct view *v, const struct view *const *taken, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (v->start < taken[i]->start + taken[i]->room &&
			taken[i]->start < v->start + v->room)
			return false;
	return true;
}

/* More phrases that no passage shows yet are better, then more of all, then earlier. */
static const struct view *best_view(const struct view *views, size_t count, uint64_t shown,
	const struct view *const *taken, size_t taken_count)
{
	const struct view *best = NULL;
	int most_fresh = 0, most = 0;

	for (size_t i = 0; i < count; i++) {
		int fresh = __builtin_popcountll(views[i].phrases & ~shown);
		int all = __builtin_popcountll(views[i].phrases);

		if (best && (fresh < most_fresh || (fresh == most_fresh && all <= most)))
			continue;
		if (!is_free(&views[i], taken, taken_count))
			continue;
		best = &views[i];
		most_fresh = fresh;
		most = all;
	}
	return best;
}

static void set_limits(const struct view *const *taken, size_t count, struct passage *p)
{
	for (size_t i = 0; i < count; i++) {
		p[i].floor = 0;
		p[i].limit = SIZE_MAX;
		for (size_t j = 0; j < count; j++) {
			size_t end = taken[j]->start + taken[j]->room;

			if (p[j].start < p[i].start && end > p[i].floor)
				p[i].floor = end;
			if (p[j].start > p[i].start && p[j].start < p[i].limit)
				p[i].limit = p[j].start;
		}
	}
}

size_t snippets_choose(const struct spots *spots, size_t want, size_t count, struct passage *out)
{
	size_t places = spots ? spots->count : 0, chosen = 0;
	const struct view *taken[SNIPPETS_MAX];
	struct view views[SPOTS_MAX];
	uint64_t bits[SPOTS_MAX], shown = 0;

	BUG_UNLESS(count >= 1 && count <= SNIPPETS_MAX);
	if (places)
		number_phrases(spots, bits);
	for (size_t i = 0; i < places; i++)
		views[i] = look_from(spots, bits, i, want);
	while (chosen < count) {
		const struct view *v = best_view(views, places, shown, taken, chosen);

		if (!v)
			break;
		taken[chosen] = v;
		out[chosen++].start = v->start;
		shown |= v->phrases;
	}
	set_limits(taken, chosen, out);
	if (!chosen)
		out[chosen++] = (struct passage){0, 0, SIZE_MAX};
	return chosen;
}

/* --- the passage's tokens --- */

/* One position of the text. */
struct range {
	size_t start, end; /* bytes; of a pair the first character's */
	size_t sign;       /* bytes behind it that are its sign */
	size_t letter;     /* where that began what it stands on, or itself */
	size_t size;       /* in thirds of a word */
	bool mark;         /* a vowel or tone on the character before */
};

/* The passage while the text goes by: the last tokens seen, of which it is a part. */
struct window {
	const struct passage *passage;
	size_t want;  /* thirds of a word; a character of a run is one */
	size_t first; /* the passage's first token */
	size_t at;    /* tokens seen */
	size_t size;  /* of those from `first` on */
	bool more;    /* a token follows */
	bool inside;  /* the last token seen is not the last of its run */
	struct range ranges[RANGES];
};

static struct range *range_at(struct window *w, size_t at)
{
	return &w->ranges[at % RANGES];
}

/* Nothing is cut off that stands on the last character, if it is not too much. */
static bool is_full(const struct window *w, bool mark)
{
	if (mark && w->size < w->want + MARKS_MAX)
		return false;
	return w->size >= w->want || w->at >= w->passage->limit;
}

static bool keep_token(void *arg, const struct token *t)
{
	struct window *w = arg;
	struct range *last = w->at ? range_at(w, w->at - 1) : NULL;

	if (t->kind == TOKEN_SIGNED) {
		if (last)
			last->sign = t->end - last->end;
		return true;
	}
	/* Where a pair overlaps with its follower it is cut. */
	if (last && t->start < last->end)
		last->end = t->start;
	bool mark = last && t->mark && w->inside;
	if (is_full(w, mark)) {
		w->more = true;
		return false;
	}
	struct range r = {.start = t->start,
		.end = t->end,
		.letter = mark ? last->letter : t->start,
		.size = t->kind == TOKEN_WORD ? RUN_SHARE : 1,
		.mark = mark};
	*range_at(w, w->at++) = r;
	w->size += w->at > w->first ? r.size : 0;
	w->inside = t->kind == TOKEN_PAIR;
	return true;
}

/* The text has ended: what room is left is for what stands before. */
static void begin_earlier(struct window *w)
{
	while (w->first > w->passage->floor && w->first + RANGES > w->at) {
		size_t size = range_at(w, w->first - 1)->size;

		if (w->size + size > w->want)
			break;
		w->size += size;
		w->first--;
	}
}

/* --- writing --- */

struct writer {
	struct buf *out;
	bool space; /* white space was seen and not written yet */
};

static bool is_blank(unsigned char c)
{
	return c <= ' ' || c == 0x7f;
}

static void write_space(struct writer *w)
{
	if (w->space && w->out->len)
		buf_addc(w->out, ' ');
	w->space = false;
}

/* The byte behind the character at `at`. */
static size_t char_end(const char *text, size_t at, size_t end)
{
	at++;
	while (at < end && (text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* What lies between two tokens; of a long run the beginning. */
static void write_gap(struct writer *w, const char *text, size_t start, size_t end)
{
	size_t limit = w->out->len + GAP_BYTES_MAX;

	for (size_t next; start < end; start = next) {
		next = char_end(text, start, end);
		if (is_blank((unsigned char)text[start])) {
			w->space = true;
			continue;
		}
		if (w->out->len + w->space + (next - start) > limit) {
			buf_adds(w->out, ellipsis);
			w->space = true;
			return;
		}
		write_space(w);
		buf_add(w->out, text + start, next - start);
	}
}

static void write_token(struct writer *w, const char *text, const struct range *r)
{
	size_t cut = r->end;

	if (r->end - r->start > TOKEN_BYTES_MAX) {
		cut = r->start + TOKEN_BYTES_MAX;
		while (cut > r->start && (text[cut] & 0xc0) == 0x80)
			cut--;
	}
	buf_add(w->out, text + r->start, cut - r->start);
	if (cut < r->end)
		buf_adds(w->out, ellipsis);
}

/* How far places cover the token at position `at`. */
struct cover {
	bool any;
	bool joined; /* one of them covers the token before it too */
	bool sign;   /* and the sign behind it */
};

static struct cover look_up(const struct spots *spots, size_t at)
{
	struct cover c = {0};

	for (size_t i = 0; spots && i < spots->count && spots->spot[i].offset <= at; i++) {
		const struct spot *s = &spots->spot[i];
		/* Its last token is a pair: two characters, that is two positions. */
		size_t end = (size_t)s->offset + s->size + (s->ending == TOKEN_PAIR);

		if (at >= end)
			continue;
		c.any = true;
		c.joined = c.joined || at > s->offset;
		c.sign = c.sign || (s->ending == TOKEN_SIGNED && at + 1 == end);
	}
	return c;
}

static void add_mark(struct snippet *out, size_t at, size_t len, bool joined)
{
	struct snippet_mark *last = out->mark_count ? &out->marks[out->mark_count - 1] : NULL;

	if (joined && last)
		last->len = at + len - last->at;
	else
		out->marks[out->mark_count++] = (struct snippet_mark){at, len};
}

static void write_tokens(struct writer *w, const char *text, struct window *win,
	const struct spots *spots, struct snippet *out)
{
	bool covered = false;

	for (size_t at = win->first; at < win->at; at++) {
		struct range r = *range_at(win, at);
		struct cover c = look_up(spots, at);

		if (at == win->first) {
			r.start = r.letter;
		} else {
			const struct range *last = range_at(win, at - 1);
			write_gap(w, text, last->end + last->sign, r.start);
		}
		write_space(w);
		size_t begin = out->text.len;
		write_token(w, text, &r);
		size_t len = out->text.len - begin;
		buf_add(&out->text, text + r.end, r.sign);
		/* What stands on a character is marked with it. */
		c.joined = covered && (c.joined || r.mark);
		covered = c.any || c.joined;
		if (covered)
			add_mark(out, begin, len + (c.sign ? r.sign : 0), c.joined);
	}
}

enum status snippet_make(const char *text, size_t len, bool whole, const struct spots *spots,
	const struct passage *passage, size_t want, struct snippet *out)
{
	struct window win = {.passage = passage,
		.want = (want < WINDOW_MAX ? want : WINDOW_MAX) * RUN_SHARE,
		.first = passage->start};
	struct writer w = {.out = &out->text};

	tokenizer_cut(text, len, false, keep_token, &win);
	if (!whole && !win.more)
		return ST_AGAIN;
	buf_clear(&out->text);
	out->mark_count = 0;
	if (win.first > win.at)
		win.first = win.at;
	if (!win.more)
		begin_earlier(&win);
	if (win.first == win.at) {
		write_gap(&w, text, 0, len);
		return buf_status(&out->text);
	}
	if (win.first > 0)
		buf_adds(&out->text, ellipsis);
	else
		write_gap(&w, text, 0, range_at(&win, 0)->start);
	write_tokens(&w, text, &win, spots, out);
	const struct range *last = range_at(&win, win.at - 1);
	if (win.more)
		buf_adds(&out->text, ellipsis);
	else
		write_gap(&w, text, last->end + last->sign, len);
	return buf_status(&out->text);
}
