/*
 * lock: a mutex that knows its owner, and a condition on the monotonic clock.
 *
 * A `_locked` function asserts with LOCK_HELD that its caller holds the lock.
 * Lock order is written where locks are declared; no room calls out holding one.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lock {
	pthread_mutex_t mutex;
	atomic_int owner; /* kernel thread id, 0 = free */
};

/* For a lock with static storage; others take lock_init. */
#define LOCK_INIT {PTHREAD_MUTEX_INITIALIZER, 0}

struct cond {
	pthread_cond_t cond;
};

void lock_init(struct lock *l);
void lock_finish(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);
bool lock_is_mine(const struct lock *l);
#define LOCK_HELD(l) BUG_UNLESS(lock_is_mine(l))

void cond_init(struct cond *c);
void cond_finish(struct cond *c);
void cond_wait(struct cond *c, struct lock *l);
/* Waits until now_mono_ms() reaches `until_ms`; false when it did. */
bool cond_wait_until(struct cond *c, struct lock *l, int64_t until_ms);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

static inline void lock_drop_p(struct lock **l)
{
	lock_drop(*l);
}
static inline struct lock *lock_taken(struct lock *l)
{
	lock_take(l);
	return l;
}
/* Holds the lock until the end of the scope. */
#define LOCK_SCOPE(l)                                                                              \
	__attribute__((cleanup(lock_drop_p), unused)) struct lock *lock_scope_guard = lock_taken(l)

#endif
