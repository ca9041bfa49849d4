/* flights: queries being answered; see flights.h. */
#include "search/flights.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/strmap.h"

struct waiter {
	struct waiter *next;
	memo_waiter *call;
	void *arg;
	struct memo_need need;
	/* set when it is due */
	enum status st;
	const struct memo_answer *answer;
};

struct flight {
	int running;
	bool tainted; /* stays until its last run ends: which run ended is not told */
	int64_t newest_clock, newest_ms, oldest_ms;
	struct waiter *first, **last;
};

struct flights {
	struct strmap *by_key;
	/* About to be called; a call may remove others (flights_leave). */
	struct waiter *due, **due_last;
};

enum status flights_create(struct flights **out)
{
	struct flights *f = mem_zalloc(sizeof *f);

	*out = NULL;
	if (!f)
		return ST_NOMEM;
	if (strmap_create(&f->by_key) != ST_OK) {
		mem_free(f);
		return ST_NOMEM;
	}
	f->due_last = &f->due;
	*out = f;
	return ST_OK;
}

static void make_due(struct flights *f, struct waiter *w)
{
	w->next = NULL;
	*f->due_last = w;
	f->due_last = &w->next;
}

static void call_due(struct flights *f)
{
	struct waiter *w;

	while ((w = f->due)) {
		f->due = w->next;
		if (!f->due)
			f->due_last = &f->due;
		w->call(w->arg, w->st, w->answer);
		mem_free(w);
	}
}

void flights_destroy(struct flights *f)
{
	const char *key;
	size_t at = 0, len;
	void *value;

	if (!f)
		return;
	while (strmap_next(f->by_key, &at, &key, &len, &value)) {
		struct flight *flight = strmap_take(f->by_key, key, len);

		for (struct waiter *w = flight->first, *next; w; w = next) {
			next = w->next;
			w->st = ST_CLOSED;
			make_due(f, w);
		}
		mem_free(flight);
	}
	call_due(f);
	strmap_destroy(f->by_key);
	mem_free(f);
}

static struct flight *find(const struct flights *f, const struct buf *key)
{
	return strmap_get(f->by_key, key->data, key->len);
}

bool flights_find(struct flights *f, const struct buf *key, int64_t *clock, int64_t *began_ms)
{
	const struct flight *flight = find(f, key);

	if (!flight || flight->tainted)
		return false;
	*clock = flight->newest_clock;
	*began_ms = flight->newest_ms;
	return true;
}

void flights_begin(struct flights *f, const struct buf *key, int64_t clock, int64_t now_ms)
{
	struct flight *flight = find(f, key);

	if (!flight) {
		flight = mem_zalloc(sizeof *flight);
		if (!flight)
			return;
		flight->last = &flight->first;
		flight->oldest_ms = now_ms;
		if (strmap_put(f->by_key, key->data, key->len, flight, NULL) != ST_OK) {
			mem_free(flight);
			return;
		}
	}
	flight->running++;
	flight->newest_clock = clock;
	flight->newest_ms = now_ms;
}

bool flights_join(struct flights *f, const struct buf *key, const struct memo_need *need,
	memo_waiter *waiter, void *arg)
{
	struct flight *flight = find(f, key);
	struct waiter *w = mem_zalloc(sizeof *w);

	BUG_UNLESS(flight);
	if (!w)
		return false;
	w->call = waiter;
	w->arg = arg;
	w->need = *need;
	w->need.clock = flight->newest_clock; /* what is too old by then was young enough now */
	*flight->last = w;
	flight->last = &w->next;
	return true;
}

/* Removes the waiters of `arg` from a list; returns where the next one is to be linked. */
static struct waiter **remove_waiters(struct waiter **list, const void *arg)
{
	while (*list) {
		struct waiter *w = *list;

		if (w->arg != arg) {
			list = &w->next;
			continue;
		}
		*list = w->next;
		mem_free(w);
	}
	return list;
}

void flights_leave(struct flights *f, const void *arg)
{
	const char *key;
	size_t at = 0, len;
	void *value;

	f->due_last = remove_waiters(&f->due, arg);
	while (strmap_next(f->by_key, &at, &key, &len, &value)) {
		struct flight *flight = value;

		flight->last = remove_waiters(&flight->first, arg);
	}
}

void flights_taint(struct flights *f)
{
	const char *key;
	size_t at = 0, len;
	void *value;

	while (strmap_next(f->by_key, &at, &key, &len, &value))
		((struct flight *)value)->tainted = true;
}

/* What becomes of one waiter now that a run ended; false: it goes on waiting. */
static bool settle(struct waiter *w, const struct flight *flight, enum status st,
	const struct memo_answer *answer)
{
	bool last = flight->running == 0;
	bool served = answer && (flight->tainted ||
					memo_need_met(&w->need, answer->clock, answer->age_ms));

	if (!last && !served)
		return false;
	w->st = st;
	if (served)
		w->answer = answer;
	else if (answer)
		w->st = ST_AGAIN; /* nobody is left to bring what it needs */
	return true;
}

int64_t flights_end(struct flights *f, const struct buf *key, enum status st,
	const struct memo_answer *answer, int64_t now_ms)
{
	struct flight *flight = find(f, key);
	struct waiter **at;

	if (!flight)
		return now_ms;
	int64_t began = flight->tainted ? -1 : flight->oldest_ms;
	flight->running--;
	for (at = &flight->first; *at;) {
		struct waiter *w = *at;

		if (!settle(w, flight, st, answer)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		make_due(f, w);
	}
	flight->last = at;
	if (flight->running == 0) {
		strmap_take(f->by_key, key->data, key->len);
		mem_free(flight);
	}
	call_due(f);
	return began;
}
