/*
 * flights: one document between its finding and its commit, at most one flight a file.
 *
 *   start ──► queued ──► landed ──┬─ committed ─────────► through (or once more, if something happened meanwhile)
 *                                 ├─ gone ──────────────► its name is compared again
 *                                 ├─ unstable ──────────► again after it settled; the third time what was read counts
 *                                 └─ repeat ────────────► again after a pause
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "core/strmap.h"
#include "watch/internal.h"

#include <string.h>

enum { UNSTABLE_ROUNDS = 2, REPEAT_FIRST_MS = 100, REPEAT_MOST_MS = 5000, GONE_ROUNDS = 8,
	REPEATS_WAITED = 6 };

struct key {
	int64_t dir;
	const char *name;
	size_t len;
};

static uint64_t hash_of(int64_t dir, const char *name, size_t len)
{
	return slabset_mix((uint64_t)dir) ^ strmap_hash(name, len);
}

static uint64_t hash_flight(const void *item)
{
	const struct flight *f = item;

	return hash_of(f->dir, f->name, f->len);
}

static bool is_flight(const void *item, const void *key)
{
	const struct flight *f = item;
	const struct key *k = key;

	return f->dir == k->dir && f->len == k->len && !memcmp(f->name, k->name, k->len);
}

void flights_init(struct watch *w)
{
	w->flights = (struct slabset){.slab = &w->flight_slab, .hash = hash_flight};
}

static void flight_free(struct watch *w, struct flight *f)
{
	slabset_remove(&w->flights, f);
	epoch_let(&w->epochs, f->epoch);
	epoch_let(&w->epochs, f->again_epoch);
	slab_give(&w->flight_slab, f);
}

void flights_finish(struct watch *w)
{
	BUG_UNLESS(w->flights.count == 0);
	for (int i = 0; i < LANDINGS_MAX; i++)
		mem_free(w->landings[i].name);
	slabset_finish(&w->flights);
	slab_finish(&w->flight_slab);
}

struct flight *flight_find(struct watch *w, int64_t dir, const char *name)
{
	struct key k = {dir, name, strlen(name)};

	return slabset_find(&w->flights, hash_of(dir, name, k.len), is_flight, &k);
}

void flight_again(
	struct watch *w, struct flight *f, bool force, enum job_reason reason, struct epoch *epoch)
{
	f->again = true;
	if (force && !f->again_force) {
		f->again_force = true;
		f->again_reason = reason;
	}
	f->again_epoch = epoch_older(&w->epochs, f->again_epoch, epoch_hold(&w->epochs, epoch));
}

/* Whether the daemon died while this one was in flight. */
static const struct suspect_left *suspect_of(const struct watch *w, const struct job *j)
{
	for (size_t i = 0; i < w->suspect_count; i++)
		if (!strcmp(w->suspects[i].path, j->path) &&
			!strcmp(w->suspects[i].root_path, j->root_path))
			return &w->suspects[i];
	return NULL;
}

static struct job *make_job(struct watch *w, struct node *n, const struct scan_entry *e, bool live)
{
	struct job *j = mem_zalloc(sizeof *j);
	AUTO_BUF path = BUF_INIT;

	if (!j)
		return NULL;
	node_path(n, &path);
	if (path.len)
		buf_addc(&path, '/');
	size_t name_at = path.len;
	buf_adds(&path, e->name);
	j->root_path = mem_strdup(n->root->path);
	j->path = buf_take(&path);
	if (!j->root_path || !j->path) {
		job_destroy(j);
		return NULL;
	}
	j->name = j->path + name_at;
	j->dir = n->id;
	j->seen = e->ident;
	j->replaced = e->replaced;
	j->lane = live ? LANE_LIVE : LANE_BULK;
	j->reason = e->reason;
	j->force = e->force;
	j->settle_for_less = e->rounds >= UNSTABLE_ROUNDS;
	j->repeats = e->repeats;
	j->rules = rules_ref(w->rules);
	const struct suspect_left *s = suspect_of(w, j);
	if (s) {
		j->reason = JOB_SUSPECT;
		j->lane = LANE_LIVE;
		j->attempts = s->charges;
	}
	return j;
}

static struct flight *make_flight(struct watch *w, struct node *n, const struct scan_entry *e)
{
	size_t len = strlen(e->name);
	struct flight *f = slab_take(&w->flight_slab, sizeof *f + len + 1);

	if (!f)
		return NULL;
	f->dir = n->id;
	f->seen = e->ident;
	f->rounds = e->rounds;
	f->repeats = e->repeats;
	f->len = (unsigned)len;
	memcpy(f->name, e->name, len + 1);
	return f;
}

enum status flight_start(
	struct watch *w, struct node *n, const struct scan_task *t, const struct scan_entry *e, bool live)
{
	struct flight *f = flight_find(w, n->id, e->name);
	struct epoch *epoch = e->epoch ? e->epoch : t->epoch;

	if (f) {
		/* The same content is under way already; a close may mean bytes that no stamp tells. */
		if (e->force || !ident_same(&f->seen, &e->ident))
			flight_again(w, f, e->force, e->reason, epoch);
		else if (epoch && (!f->epoch || epoch->n < f->epoch->n))
			f->epoch = epoch_older(&w->epochs, f->epoch, epoch_hold(&w->epochs, epoch));
		return ST_OK;
	}
	struct job *j = make_job(w, n, e, live);
	f = j ? make_flight(w, n, e) : NULL;
	enum status st = f ? slabset_add(&w->flights, f) : ST_NOMEM;
	if (st != ST_OK) {
		slab_give(&w->flight_slab, f);
		job_destroy(j);
		return st;
	}
	f->job = j;
	f->born_us = live ? (e->born_us ? e->born_us : t->born_us) : 0;
	trace_note_at(&j->trace, TRACE_HINTED, f->born_us);
	trace_note_at(&j->trace, TRACE_LOOKED, t->began_us);
	trace_note(&j->trace, TRACE_QUEUED);
	j->owner = f;
	st = pipeline_push(w->pipeline, &j);
	if (st != ST_OK) {
		job_destroy(j);
		slabset_remove(&w->flights, f);
		slab_give(&w->flight_slab, f);
		return st;
	}
	f->epoch = epoch_hold(&w->epochs, epoch);
	n->flights++;
	w->found++;
	return ST_OK;
}

/* The last ones, by number: a comparison that began before a landing has not seen its row.  Takes the name. */
static void remember_landing(struct watch *w, int64_t dir, char *name)
{
	struct landing *l = &w->landings[w->landed % LANDINGS_MAX];

	mem_free(l->name);
	*l = (struct landing){.dir = dir, .n = w->landed, .name = name};
}

/* Whether a later comparison may have found that nothing differs, of a row that was about to change. */
static bool was_overtaken(struct watch *w, const struct node *n, const struct tree_change *c)
{
	if (!c->present)
		return false; /* what has the name now is another file, which differs from any row */
	return c->kind == TREE_FILE_DELETE ? n->turn > c->turn : c->turn <= w->configured;
}

void flights_row_changed(struct watch *w, struct tree_change *c)
{
	struct node *n = nodes_by_id(&w->nodes, c->dir);

	w->landed++;
	if (c->kind != TREE_FILE_DELETE && c->kind != TREE_FILE_STATE)
		return;
	if (n && !w->stopping && was_overtaken(w, n, c))
		hint_add(w, n, c->name, &(struct hint_ask){.epoch = c->owner});
	remember_landing(w, c->dir, c->name);
	c->name = NULL;
}

static bool look_at_landings(struct watch *w, struct node *n, int64_t since, struct epoch *epoch)
{
	if (w->landed - since >= LANDINGS_MAX)
		return false;
	for (int64_t i = since + 1; i <= w->landed; i++) {
		const struct landing *l = &w->landings[i % LANDINGS_MAX];

		if (l->n != i || l->dir != n->id)
			continue;
		if (!l->name)
			return false;
		hint_add(w, n, l->name, &(struct hint_ask){.epoch = epoch});
	}
	return true;
}

void flights_mind(struct watch *w, struct node *n, int64_t since, struct epoch *epoch)
{
	size_t at = 0;

	for (struct flight *f; n->flights && (f = slabset_next(&w->flights, &at));)
		if (f->dir == n->id)
			flight_again(w, f, false, JOB_CHANGED, epoch);
	if (!look_at_landings(w, n, since, epoch))
		node_mark(w, n, false, epoch);
}

static void look_again(struct watch *w, const struct flight *f, struct hint_ask ask)
{
	struct node *n = nodes_by_id(&w->nodes, f->dir);

	if (n && !w->stopping)
		hint_add(w, n, f->name, &ask);
}

static int64_t pause_ms(int rounds)
{
	int64_t ms = REPEAT_FIRST_MS;

	while (rounds-- > 0 && ms < REPEAT_MOST_MS)
		ms *= 2;
	return ms < REPEAT_MOST_MS ? ms : REPEAT_MOST_MS;
}

static void landed_committed(struct watch *w, const struct flight *f, struct job *j)
{
	trace_land(&j->trace);
	if (j->next_try)
		due_note(w, j->next_try);
	/* It never rests: what was read is stored, and it is looked at again by and by; nobody waits for that. */
	if (j->settle_for_less && !ident_same_content(&f->seen, &j->read))
		look_again(w, f, (struct hint_ask){.delay_ms = SETTLE_TIMES * w->config->settle_ms});
}

static void landed_otherwise(struct watch *w, const struct flight *f, const struct job *j)
{
	struct hint_ask ask = {.epoch = f->epoch, .born_us = f->born_us, .rounds = f->rounds + 1};

	switch (j->verdict) {
	case JOB_GONE:
		/* Unless it stays so for rounds, as behind a link that took a directory's place. */
		if (ask.rounds > GONE_ROUNDS) {
			ask.epoch = NULL;
			ask.delay_ms = SETTLE_TIMES * w->config->settle_ms;
		}
		break;
	case JOB_UNSTABLE:
		ask.force = true;
		ask.reason = JOB_CHANGED;
		ask.delay_ms = w->config->settle_ms;
		break;
	case JOB_REPEAT:
		ask.force = true;
		ask.reason = JOB_AGAIN;
		ask.delay_ms = pause_ms(f->repeats);
		ask.rounds = f->rounds;
		ask.repeats = f->repeats + 1;
		if (ask.repeats == REPEATS_WAITED) /* trouble that lasts: nobody is kept waiting for its end */
			log_warning("%s/%s: still cannot be read for lack of memory, descriptors or processes",
				j->root_path, j->path);
		if (ask.repeats >= REPEATS_WAITED)
			ask.epoch = NULL;
		break;
	case JOB_REFUSED: /* it would be again; its next change or the slow rescan tries it once more */
	case JOB_DROPPED:
		return;
	case JOB_COMMITTED:
		BUG("committed is told elsewhere");
	}
	look_again(w, f, ask);
}

void flights_forget_suspects(struct watch *w)
{
	while (w->suspect_count) {
		struct suspect_left *s = &w->suspects[--w->suspect_count];
		struct job j = {.root_path = s->root_path, .path = s->path};

		pipeline_suspect_done(w->pipeline, &j);
		mem_free(s->root_path);
		mem_free(s->path);
	}
}

static void forget_suspect(struct watch *w, const struct job *j)
{
	const struct suspect_left *s = suspect_of(w, j);

	if (!s)
		return;
	struct suspect_left *gone = &w->suspects[s - w->suspects];
	mem_free(gone->root_path);
	mem_free(gone->path);
	*gone = w->suspects[--w->suspect_count];
	pipeline_suspect_done(w->pipeline, j);
}

void flight_landed(struct watch *w, struct job *j)
{
	struct flight *f = j->owner;

	struct node *n = nodes_by_id(&w->nodes, f->dir);

	w->landed++;
	if (n)
		n->flights--;
	remember_landing(w, f->dir, mem_strdup(f->name));
	if (j->verdict == JOB_COMMITTED) {
		landed_committed(w, f, j);
	} else {
		landed_otherwise(w, f, j);
	}
	if (j->reason == JOB_SUSPECT && (j->verdict == JOB_COMMITTED || j->verdict == JOB_GONE ||
						 j->verdict == JOB_REFUSED))
		forget_suspect(w, j);
	if (f->again)
		look_again(w, f,
			(struct hint_ask){.force = f->again_force,
				.reason = f->again_reason,
				.epoch = f->again_epoch});
	if (j->verdict == JOB_COMMITTED || j->verdict == JOB_GONE)
		w->done++;
	flight_free(w, f);
	job_destroy(j);
}
