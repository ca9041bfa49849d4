/* queue: the bounded job queue; see queue.h. */
#include "pipeline/queue.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stats.h"

enum { LANES = 2, DEVICES_MAX = 16 };

struct lane {
	struct job *first, **end;
	size_t count;
};

struct device {
	uint64_t dev;
	int reading; /* 0: slot is free */
};

struct queue {
	size_t capacity; /* of each lane */
	int readers_max;

	struct lock lock; /* held alone: no other lock is taken under it */
	struct cond wake[2]; /* by live_only: a bulk job must not wake whoever may not take it */

	/* protected by lock */
	struct lane lane[LANES];
	struct device device[DEVICES_MAX];
	int busy;	   /* jobs with workers */
	bool alone;	   /* one of them is a suspect */
	bool paused, closed;
	bool wants_room[LANES]; /* a push was refused */
	void (*room)(void *arg);
	void *room_arg;
};

enum status queue_create(size_t capacity, int readers, struct queue **out)
{
	struct queue *q = mem_zalloc(sizeof *q);

	if (!q)
		return ST_NOMEM;
	q->capacity = capacity;
	q->readers_max = readers > 0 ? readers : 1;
	lock_init(&q->lock);
	for (int i = 0; i < LANES; i++) {
		cond_init(&q->wake[i]);
		q->lane[i].end = &q->lane[i].first;
	}
	*out = q;
	return ST_OK;
}

void queue_destroy(struct queue *q)
{
	if (!q)
		return;
	for (int i = 0; i < LANES; i++) {
		BUG_UNLESS(!q->lane[i].first);
		cond_finish(&q->wake[i]);
	}
	lock_finish(&q->lock);
	mem_free(q);
}

void queue_on_room(struct queue *q, void (*room)(void *arg), void *arg)
{
	q->room = room;
	q->room_arg = arg;
}

static void wake_all(struct queue *q)
{
	cond_broadcast(&q->wake[false]);
	cond_broadcast(&q->wake[true]);
}

static void show_depth(const struct queue *q)
{
	stats_set(queue_live, (long long)q->lane[LANE_LIVE].count);
	stats_set(queue_bulk, (long long)q->lane[LANE_BULK].count);
}

enum status queue_push(struct queue *q, struct job **job)
{
	struct job *j = *job;
	struct lane *lane = &q->lane[j->lane];

	LOCK_SCOPE(&q->lock);
	if (q->closed)
		return ST_CLOSED;
	if (lane->count >= q->capacity) {
		q->wants_room[j->lane] = true;
		return ST_FULL;
	}
	j->next = NULL;
	*lane->end = j;
	lane->end = &j->next;
	lane->count++;
	*job = NULL;
	show_depth(q);
	cond_signal(&q->wake[false]);
	if (lane == &q->lane[LANE_LIVE])
		cond_signal(&q->wake[true]);
	return ST_OK;
}

static struct device *find_device(struct queue *q, uint64_t dev)
{
	struct device *spare = NULL;

	for (int i = 0; i < DEVICES_MAX; i++) {
		if (q->device[i].reading && q->device[i].dev == dev)
			return &q->device[i];
		if (!q->device[i].reading)
			spare = &q->device[i];
	}
	return spare;
}

/* Whether a worker may start on it now; more devices in use than slots wait as if theirs were full. */
static bool may_start(struct queue *q, const struct job *j)
{
	if (q->paused || q->alone || (j->reason == JOB_SUSPECT && q->busy))
		return false;
	const struct device *d = find_device(q, j->seen.dev);
	return d && (!d->reading || d->reading < q->readers_max);
}

static struct job *take_from(struct queue *q, struct lane *lane)
{
	for (struct job **at = &lane->first; *at; at = &(*at)->next) {
		struct job *j = *at;

		if (may_start(q, j)) {
			*at = j->next;
			if (!*at)
				lane->end = at;
			lane->count--;
			return j;
		}
		/* A suspect waits for quiet: nothing may overtake it, or quiet would never come. */
		if (j->reason == JOB_SUSPECT || q->paused || q->alone)
			return NULL;
	}
	return NULL;
}

static void start(struct queue *q, struct job *j)
{
	struct device *d = find_device(q, j->seen.dev);

	d->dev = j->seen.dev;
	d->reading++;
	q->busy++;
	q->alone = j->reason == JOB_SUSPECT;
	show_depth(q);
}

static struct job *take(struct queue *q, bool live_only)
{
	struct job *j = take_from(q, &q->lane[LANE_LIVE]);
	const struct job *waiting = q->lane[LANE_LIVE].first;

	if (!j && !live_only && !(waiting && waiting->reason == JOB_SUSPECT))
		j = take_from(q, &q->lane[LANE_BULK]);
	if (j)
		start(q, j);
	return j;
}

/*
 * After a job was taken, or none was; drops the lock.  Room is told of when half of the lane is free: told of each place, the
 * loop would be woken for every job.
 */
static void leave(struct queue *q, const struct job *taken)
{
	bool tell = taken && q->wants_room[taken->lane] && q->lane[taken->lane].count <= q->capacity / 2;

	if (tell)
		q->wants_room[taken->lane] = false;
	lock_drop(&q->lock);
	if (tell && q->room)
		q->room(q->room_arg);
}

struct job *queue_pop(struct queue *q, bool live_only, int64_t until_ms, bool *closed)
{
	struct job *j = NULL;

	lock_take(&q->lock);
	for (;;) {
		if (q->closed)
			break;
		j = take(q, live_only);
		if (j)
			break;
		if (until_ms < 0)
			cond_wait(&q->wake[live_only], &q->lock);
		else if (!cond_wait_until(&q->wake[live_only], &q->lock, until_ms))
			break;
	}
	*closed = q->closed;
	leave(q, j);
	return j;
}

struct job *queue_take_live(struct queue *q)
{
	lock_take(&q->lock);
	struct job *j = q->closed ? NULL : take(q, true);
	leave(q, j);
	return j;
}

void queue_read_done(struct queue *q, const struct job *j)
{
	LOCK_SCOPE(&q->lock);
	struct device *d = find_device(q, j->seen.dev);

	BUG_UNLESS(d && d->reading > 0);
	if (d->reading-- < q->readers_max)
		return;
	if (q->lane[LANE_LIVE].first)
		wake_all(q);
	else if (q->lane[LANE_BULK].first) /* nothing there for who serves the live lane only */
		cond_broadcast(&q->wake[false]);
}

void queue_done(struct queue *q, const struct job *j)
{
	LOCK_SCOPE(&q->lock);
	BUG_UNLESS(q->busy > 0);
	q->busy--;
	if (j->reason == JOB_SUSPECT)
		q->alone = false;
	const struct job *waiting = q->lane[LANE_LIVE].first;
	if (j->reason == JOB_SUSPECT || (waiting && waiting->reason == JOB_SUSPECT))
		wake_all(q);
}

void queue_pause(struct queue *q, bool paused)
{
	LOCK_SCOPE(&q->lock);
	q->paused = paused;
	if (!paused)
		wake_all(q);
}

struct job *queue_close(struct queue *q)
{
	struct job *left;

	LOCK_SCOPE(&q->lock);
	q->closed = true;
	*q->lane[LANE_LIVE].end = q->lane[LANE_BULK].first;
	left = q->lane[LANE_LIVE].first;
	for (int i = 0; i < LANES; i++)
		q->lane[i] = (struct lane){NULL, &q->lane[i].first, 0};
	show_depth(q);
	wake_all(q);
	return left;
}

int64_t queue_position(struct queue *q, const struct job *j)
{
	int64_t n = 0;

	LOCK_SCOPE(&q->lock);
	for (const struct job *at = q->lane[j->lane].first; at; at = at->next, n++)
		if (at == j)
			return n;
	return -1;
}

int64_t queue_outstanding(struct queue *q)
{
	LOCK_SCOPE(&q->lock);
	return (int64_t)(q->lane[LANE_LIVE].count + q->lane[LANE_BULK].count) + q->busy;
}
