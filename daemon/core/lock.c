/* lock: mutex with a known owner; see lock.h. */
#include "core/lock.h"

#include "core/log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static int my_id(void)
{
	static _Thread_local int id;

	if (!id)
		id = gettid();
	return id;
}

void lock_init(struct lock *l)
{
	BUG_UNLESS(pthread_mutex_init(&l->mutex, NULL) == 0);
	atomic_init(&l->owner, 0);
}

void lock_finish(struct lock *l)
{
	BUG_UNLESS(pthread_mutex_destroy(&l->mutex) == 0);
}

void lock_take(struct lock *l)
{
	BUG_UNLESS(!lock_is_mine(l));
	BUG_UNLESS(pthread_mutex_lock(&l->mutex) == 0);
	atomic_store_explicit(&l->owner, my_id(), memory_order_relaxed);
}

void lock_drop(struct lock *l)
{
	BUG_UNLESS(lock_is_mine(l));
	atomic_store_explicit(&l->owner, 0, memory_order_relaxed);
	BUG_UNLESS(pthread_mutex_unlock(&l->mutex) == 0);
}

bool lock_is_mine(const struct lock *l)
{
	return atomic_load_explicit(&l->owner, memory_order_relaxed) == my_id();
}

void cond_init(struct cond *c)
{
	pthread_condattr_t attr;

	BUG_UNLESS(pthread_condattr_init(&attr) == 0);
	BUG_UNLESS(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	BUG_UNLESS(pthread_cond_init(&c->cond, &attr) == 0);
	pthread_condattr_destroy(&attr);
}

void cond_finish(struct cond *c)
{
	BUG_UNLESS(pthread_cond_destroy(&c->cond) == 0);
}

void cond_wait(struct cond *c, struct lock *l)
{
	atomic_store_explicit(&l->owner, 0, memory_order_relaxed);
	pthread_cond_wait(&c->cond, &l->mutex);
	atomic_store_explicit(&l->owner, my_id(), memory_order_relaxed);
}

bool cond_wait_until(struct cond *c, struct lock *l, int64_t until_ms)
{
	struct timespec ts = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

	atomic_store_explicit(&l->owner, 0, memory_order_relaxed);
	int rc = pthread_cond_timedwait(&c->cond, &l->mutex, &ts);
	atomic_store_explicit(&l->owner, my_id(), memory_order_relaxed);
	return rc != ETIMEDOUT;
}

void cond_signal(struct cond *c)
{
	pthread_cond_signal(&c->cond);
}

void cond_broadcast(struct cond *c)
{
	pthread_cond_broadcast(&c->cond);
}
