/* thread: names and roles; see thread.h. */
#include "core/thread.h"

#include "core/log.h"
#include "core/mem.h"

#include <signal.h>
#include <stdio.h>

struct start {
	void *(*run)(void *);
	void *arg;
	enum thread_role role;
	char name[16];
};

static _Thread_local enum thread_role my_role;

void thread_become(enum thread_role role)
{
	if (role == ROLE_SCAN && my_role != role)
		pthread_setname_np(pthread_self(), "scan");
	my_role = role;
}

void thread_assert(enum thread_role role)
{
	BUG_UNLESS(my_role == role);
}

static void *enter(void *arg)
{
	struct start s = *(struct start *)arg;

	mem_free(arg);
	pthread_setname_np(pthread_self(), s.name);
	my_role = s.role;
	return s.run(s.arg);
}

enum status thread_start(
	pthread_t *out, const char *name, enum thread_role role, void *(*run)(void *), void *arg)
{
	struct start *s = mem_zalloc(sizeof *s);
	sigset_t all, before;

	if (!s)
		return ST_NOMEM;
	s->run = run;
	s->arg = arg;
	s->role = role;
	snprintf(s->name, sizeof s->name, "%s", name);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(out, NULL, enter, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc) {
		mem_free(s);
		return ST_SYSTEM;
	}
	return ST_OK;
}
