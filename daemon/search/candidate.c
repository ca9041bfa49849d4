/* candidate: from a match to a hit; see candidate.h. */
#include "search/candidate.h"

#include "core/mem.h"
#include "core/path.h"
#include "search/rank.h"
#include "store/parts.h"

#include <string.h>

enum { NS_PER_S = 1000000000, S_PER_DAY = 86400 };

/* --- what the order needs --- */

static bool by_recency(const struct run *run)
{
	return run->r->sort == SORT_RELEVANCE && run->r->recency;
}

static bool by_text(const struct run *run)
{
	return run->r->sort == SORT_NAME || run->r->sort == SORT_PATH;
}

double candidate_most(const struct run *run, double score)
{
	return by_recency(run) ? score * rank_recency_most : score;
}

void candidate_key(const struct run *run, int64_t mtime_ns, int64_t size, struct hit *h)
{
	if (by_recency(run))
		h->score *= rank_recency(run->filters.now_s - mtime_ns / NS_PER_S,
			run->r->recency * S_PER_DAY);
	if (run->r->sort == SORT_TIME)
		h->number = mtime_ns;
	if (run->r->sort == SORT_SIZE)
		h->number = size;
}

static void add_name(const struct file_view *f, struct buf *out)
{
	const char *name = f->part ? part_leaf(f->part) : f->name;

	utf8_add_folded(out, name, strlen(name));
}

static void add_path(struct run *run, const struct file_view *f, struct buf *out)
{
	const struct dir_view *dir;

	if (!stopper_ok(&run->stopper, dirs_get(run->dirs, f->dir, &dir)))
		return;
	path_join(out, dir->path ? dir->path : "", f->name);
	if (f->part)
		path_join(out, "/", f->part);
}

static bool fill_key(struct run *run, const struct file_view *f, struct hit *h)
{
	AUTO_BUF text = BUF_INIT;

	candidate_key(run, f->mtime_ns, f->size, h);
	if (!by_text(run))
		return true;
	if (run->r->sort == SORT_NAME)
		add_name(f, &text);
	else
		add_path(run, f, &text);
	h->text = buf_take(&text);
	if (!h->text && run->stopper.st == ST_OK)
		run->stopper.st = ST_NOMEM;
	return h->text != NULL;
}

/* Of the newest place that passes; false if none does. */
static bool read_key(struct run *run, struct hit *h)
{
	struct file_view f;

	if (!files_begin(run->files, h) || !files_next(run->files, &f))
		return false;
	bool good = fill_key(run, &f, h);
	files_end(run->files);
	return good;
}

/* --- whether it is one --- */

static bool going(const struct run *run)
{
	return run->stopper.st == ST_OK && !run->stopper.late;
}

/* Whether its places must be seen before a document that answers the text is known to be a hit. */
static bool may_fail(const struct run *run, int64_t document)
{
	return !run->caller->all || run->only || unfiled_has(&run->unfiled, document) ||
	       (run->plan->shape == PLAN_NATIVE && run->plan->filter_count);
}

/* Whether its place in the order is not known without them. */
static bool lacks_key(const struct run *run, const struct hit *h, enum candidate_state state)
{
	const struct hit best = {.id = h->id, .score = candidate_most(run, h->score)};

	if (by_text(run))
		return true;
	if (state == CANDIDATE_READY)
		return false;
	if (run->r->sort != SORT_RELEVANCE)
		return true;
	/* However new it is, it may not be among the best. */
	return by_recency(run) && (!run->top.descending || top_may_keep(&run->top, &best));
}

static bool must_read(const struct run *run, const struct hit *h, enum candidate_state state)
{
	return state == CANDIDATE_UNSURE || (state == CANDIDATE_SURE && may_fail(run, h->id)) ||
	       lacks_key(run, h, state);
}

/* --- where it goes --- */

/* Every hit that is counted. */
static void note_hit(struct run *run, const struct hit *h)
{
	if (run->facets && facets_offer(run->facets, h) != ST_OK)
		run->stopper.st = ST_NOMEM;
}

/* Every place stands for its file, or for the one that it is a part of.  False: it has none. */
static bool take_grouped(struct run *run, const struct hit *h)
{
	struct file_view f;
	bool any = false;

	if (!files_begin(run->files, h))
		return false;
	while (files_next(run->files, &f)) {
		struct hit place = {.id = f.part ? f.container : h->id,
			.score = h->score,
			.by_text = h->by_text,
			.group = true,
			.group_best = h->id,
			.group_container = f.container};

		any = true;
		if (!fill_key(run, &f, &place))
			break;
		enum status st = groups_offer(
			run->groups, &run->top, &place, f.part ? f.row : 0);
		if (st != ST_OK) {
			run->stopper.st = st;
			break;
		}
	}
	files_end(run->files);
	if (any)
		note_hit(run, h);
	return any;
}

/* All of its places, for who looks at nothing else. */
static bool take_places(struct run *run, const struct hit *h)
{
	struct file_view f;
	bool good = files_begin(run->files, h);

	while (good && files_next(run->files, &f))
		good = run->each(run->each_arg, h, &f);
	files_end(run->files);
	return good && going(run);
}

/* The hit as it will stand in the order; false if it is none. */
static bool take_alone(struct run *run, struct hit *h, enum candidate_state state)
{
	if (must_read(run, h, state) && !read_key(run, h))
		return false;
	run->total++;
	note_hit(run, h);
	if (top_offer(&run->top, h) != ST_OK)
		run->stopper.st = ST_NOMEM;
	return true;
}

static void see(struct run *run, int64_t id)
{
	if (id > run->last_seen)
		run->last_seen = id;
}

bool candidate_take(struct run *run, struct hit *h, enum candidate_state state)
{
	bool good = true;

	int64_t id = h->id, ranked = run->ranked;

	if (id > run->newest) {
		/* It came after the first page. */
	} else if (run->each) {
		good = take_places(run, h);
	} else if (run->groups) {
		run->ranked += take_grouped(run, h);
	} else {
		run->ranked += take_alone(run, h, state);
	}
	/* What is no hit must not show in a cursor. */
	if (run->ranked > ranked)
		see(run, id);
	hit_finish(h);
	return good && going(run);
}

bool candidate_count(struct run *run, int64_t document)
{
	struct hit h = {.id = document, .by_text = true};

	if (run->groups || may_fail(run, document))
		return false;
	see(run, document);
	run->total++;
	note_hit(run, &h);
	return true;
}
