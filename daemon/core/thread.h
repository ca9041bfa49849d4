/*
 * thread: named threads with a role.
 *
 * A room asserts with thread_assert which role may enter.  Signals are blocked
 * in every thread started here: the loop alone receives them.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include "core/status.h"

#include <pthread.h>

/* Scan threads are libuv's: they take their role with thread_become on entry. */
enum thread_role { ROLE_NONE, ROLE_LOOP, ROLE_SCAN, ROLE_WORKER, ROLE_WRITER, ROLE_READER };

/* `name` is at most 15 bytes (kernel limit). */
MUST_USE enum status thread_start(
	pthread_t *out, const char *name, enum thread_role role, void *(*run)(void *), void *arg);
void thread_become(enum thread_role role);
void thread_assert(enum thread_role role);

#endif
