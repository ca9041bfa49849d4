/* turns: lanes in rings of users; see turns.h. */
#include "serve/turns.h"

#include "core/log.h"
#include "core/mem.h"

enum {
	WAITING_MOST = 1024,
	WAITING_FEW = 4 /* of one lane, which are taken even when there are too many */
};

struct user {
	struct link link;  /* among all users */
	struct link ring;  /* among those with a lane in which something waits; the one whose turn is next first */
	struct link lanes; /* those lanes, the one whose turn is next first */
	uint32_t uid;
	int lane_count, running;
};

struct turns_lane {
	struct turns *turns;
	struct user *user; /* NULL: low */
	struct link ring;
	struct link waiting;
	size_t count; /* of those that wait */
	int running;
	bool released;
};

struct turns {
	struct link users, ring;
	struct turns_lane *house, *low;
	int most, user_most;
	size_t waiting;
};

/* --- lanes -------------------------------------------------------------------------------------- */

static struct user *find_user(const struct turns *t, uint32_t uid)
{
	for (struct link *l = t->users.after; l != &t->users; l = l->after) {
		struct user *u = LIST_HOLDER(l, struct user, link);

		if (u->uid == uid)
			return u;
	}
	return NULL;
}

static struct user *make_user(struct turns *t, uint32_t uid)
{
	struct user *u = mem_zalloc(sizeof *u);

	if (!u)
		return NULL;
	u->uid = uid;
	list_init(&u->ring);
	list_init(&u->lanes);
	list_add_last(&t->users, &u->link);
	return u;
}

static struct turns_lane *make_lane(struct turns *t, struct user *u)
{
	struct turns_lane *l = mem_zalloc(sizeof *l);

	if (!l)
		return NULL;
	l->turns = t;
	l->user = u;
	list_init(&l->ring);
	list_init(&l->waiting);
	if (u)
		u->lane_count++;
	return l;
}

static void end_user_if_unused(struct user *u)
{
	if (!u || u->lane_count > 0)
		return;
	list_remove(&u->link);
	mem_free(u);
}

enum status turns_lane_create(struct turns *t, uint32_t uid, struct turns_lane **out)
{
	struct user *u = find_user(t, uid);

	if (!u)
		u = make_user(t, uid);
	*out = u ? make_lane(t, u) : NULL;
	if (*out)
		return ST_OK;
	end_user_if_unused(u);
	return ST_NOMEM;
}

static void end_if_unused(struct turns_lane *l)
{
	struct user *u = l->user;

	if (!l->released || l->count > 0 || l->running > 0)
		return;
	mem_free(l);
	if (u)
		u->lane_count--;
	end_user_if_unused(u);
}

void turns_lane_release(struct turns_lane *l)
{
	if (!l)
		return;
	l->released = true;
	end_if_unused(l);
}

struct turns_lane *turns_house(struct turns *t)
{
	return t->house;
}

struct turns_lane *turns_low(struct turns *t)
{
	return t->low;
}

enum status turns_create(int most, bool by_user, struct turns **out)
{
	struct turns *t = mem_zalloc(sizeof *t);

	*out = NULL;
	if (!t)
		return ST_NOMEM;
	list_init(&t->users);
	list_init(&t->ring);
	t->most = most;
	t->user_most = by_user ? most : INT32_MAX;
	t->low = make_lane(t, NULL);
	if (!t->low || turns_lane_create(t, UINT32_MAX, &t->house) != ST_OK) {
		turns_destroy(t);
		return ST_NOMEM;
	}
	*out = t;
	return ST_OK;
}

void turns_destroy(struct turns *t)
{
	if (!t)
		return;
	BUG_UNLESS(t->waiting == 0);
	turns_lane_release(t->house);
	turns_lane_release(t->low);
	BUG_UNLESS(list_is_empty(&t->users));
	mem_free(t);
}

/* --- waiting ------------------------------------------------------------------------------------ */

static void append(struct turns *t, struct turns_lane *l, struct turn *w)
{
	w->lane = l;
	w->waiting = true;
	list_add_last(&l->waiting, &w->link);
	t->waiting++;
	if (l->count++ > 0 || !l->user)
		return;
	if (list_is_empty(&l->user->lanes))
		list_add_last(&t->ring, &l->user->ring);
	list_add_last(&l->user->lanes, &l->ring);
}

static void take_out(struct turns *t, struct turn *w)
{
	struct turns_lane *l = w->lane;

	w->waiting = false;
	list_remove(&w->link);
	t->waiting--;
	if (--l->count > 0 || !l->user)
		return;
	list_remove(&l->ring);
	if (list_is_empty(&l->user->lanes))
		list_remove(&l->user->ring);
}

enum status turns_add(struct turns *t, struct turns_lane *lane, struct turn *w)
{
	if (t->waiting >= WAITING_MOST && (lane == t->low || lane->count >= WAITING_FEW))
		return ST_AGAIN;
	append(t, lane, w);
	return ST_OK;
}

bool turns_remove(struct turns *t, struct turn *w)
{
	struct turns_lane *l = w->lane;

	if (!w->waiting)
		return false;
	take_out(t, w);
	end_if_unused(l);
	return true;
}

void turns_promote(struct turns *t, struct turn *w, struct turns_lane *lane)
{
	struct turns_lane *before = w->lane;

	if (!w->waiting || (before != t->low && before->count <= lane->count))
		return;
	take_out(t, w);
	append(t, lane, w);
	end_if_unused(before);
}

size_t turns_waiting(const struct turns *t)
{
	return t->waiting;
}

/* --- taking ------------------------------------------------------------------------------------- */

/* The lane of that user whose turn it is, and which may have one more running; NULL: none. */
static struct turns_lane *next_lane(const struct turns *t, struct user *u)
{
	for (struct link *l = u->lanes.after; l != &u->lanes; l = l->after) {
		struct turns_lane *lane = LIST_HOLDER(l, struct turns_lane, ring);

		if (lane->running < t->most)
			return lane;
	}
	return NULL;
}

static struct turns_lane *next_of_all(struct turns *t)
{
	for (struct link *l = t->ring.after; l != &t->ring; l = l->after) {
		struct user *u = LIST_HOLDER(l, struct user, ring);
		struct turns_lane *lane = u->running < t->user_most ? next_lane(t, u) : NULL;

		if (lane)
			return lane;
	}
	return t->low->running == 0 && t->low->count > 0 ? t->low : NULL;
}

static void move_last(struct link *head, struct link *l)
{
	list_remove(l);
	list_add_last(head, l);
}

/* Who had a turn stands behind the others; what is empty has left the rings already. */
static void rotate(struct turns *t, struct turns_lane *l)
{
	struct user *u = l->user;

	if (!u)
		return;
	if (l->count > 0)
		move_last(&u->lanes, &l->ring);
	if (!list_is_empty(&u->lanes))
		move_last(&t->ring, &u->ring);
}

struct turn *turns_take(struct turns *t)
{
	struct turns_lane *l = next_of_all(t);

	if (!l)
		return NULL;
	struct turn *w = LIST_HOLDER(l->waiting.after, struct turn, link);
	take_out(t, w);
	l->running++;
	if (l->user)
		l->user->running++;
	rotate(t, l);
	return w;
}

void turns_end(struct turn *w)
{
	struct turns_lane *l = w->lane;

	l->running--;
	if (l->user)
		l->user->running--;
	end_if_unused(l);
}

static struct turn *late_of(const struct turns_lane *lane, int64_t now_ms)
{
	for (struct link *l = lane->waiting.after; l != &lane->waiting; l = l->after) {
		struct turn *w = LIST_HOLDER(l, struct turn, link);

		if (w->deadline_ms <= now_ms)
			return w;
	}
	return NULL;
}

struct turn *turns_take_late(struct turns *t, int64_t now_ms)
{
	struct turn *w = late_of(t->low, now_ms);

	for (struct link *u = t->ring.after; !w && u != &t->ring; u = u->after) {
		struct user *user = LIST_HOLDER(u, struct user, ring);

		for (struct link *l = user->lanes.after; !w && l != &user->lanes; l = l->after)
			w = late_of(LIST_HOLDER(l, struct turns_lane, ring), now_ms);
	}
	if (w)
		(void)turns_remove(t, w);
	return w;
}
