/* test_lock: a lock knows its owner, and misuse aborts. */
#include "core/lock.h"

#include "core/log.h"
#include "core/now.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 20000 };

static struct lock shared = LOCK_INIT;
static struct cond changed;
static long counter;
static bool go;

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		LOCK_SCOPE(&shared);
		counter++;
	}
	return arg;
}

static void test_excludes(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	counter = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, (long)THREADS * ROUNDS);
}

static void *ask(void *arg)
{
	*(bool *)arg = lock_is_mine(&shared);
	return NULL;
}

static void test_knows_its_owner(void **state)
{
	bool theirs = true;
	pthread_t other;

	(void)state;
	assert_false(lock_is_mine(&shared));
	{
		LOCK_SCOPE(&shared);
		assert_true(lock_is_mine(&shared));
		LOCK_HELD(&shared);
		assert_int_equal(pthread_create(&other, NULL, ask, &theirs), 0);
		pthread_join(other, NULL);
	}
	assert_false(theirs);
	assert_false(lock_is_mine(&shared));
}

/* Whether `misuse` ends the process by abort(); in a child, quietly. */
static bool aborts(void (*misuse)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit none = {0, 0};
		int null = open("/dev/null", O_WRONLY);

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		dup2(null, STDERR_FILENO);
		misuse();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void take_twice(void)
{
	lock_take(&shared);
	lock_take(&shared);
}

static void drop_free(void)
{
	lock_drop(&shared);
}

static void assume(void)
{
	LOCK_HELD(&shared);
}

static void use_well(void)
{
	lock_take(&shared);
	LOCK_HELD(&shared);
	lock_drop(&shared);
}

static void test_misuse_aborts(void **state)
{
	(void)state;
	assert_true(aborts(take_twice));
	assert_true(aborts(drop_free));
	assert_true(aborts(assume));
	assert_false(aborts(use_well));
}

static void test_wait_times_out(void **state)
{
	int64_t start = now_mono_ms();

	(void)state;
	LOCK_SCOPE(&shared);
	assert_false(cond_wait_until(&changed, &shared, start + 30));
	assert_true(now_mono_ms() >= start + 30);
	assert_true(lock_is_mine(&shared));
}

static void *wake(void *arg)
{
	LOCK_SCOPE(&shared);
	go = true;
	cond_signal(&changed);
	return arg;
}

static void test_wait_is_woken(void **state)
{
	int64_t until = now_mono_ms() + 10000;
	pthread_t other;
	bool in_time = true;

	(void)state;
	lock_take(&shared);
	assert_int_equal(pthread_create(&other, NULL, wake, NULL), 0);
	while (!go && in_time)
		in_time = cond_wait_until(&changed, &shared, until);
	assert_true(go);
	assert_true(lock_is_mine(&shared));
	lock_drop(&shared);
	pthread_join(other, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_excludes),
		cmocka_unit_test(test_knows_its_owner),
		cmocka_unit_test(test_misuse_aborts),
		cmocka_unit_test(test_wait_times_out),
		cmocka_unit_test(test_wait_is_woken),
	};

	log_init(LOG_LEVEL_ERROR);
	cond_init(&changed);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	cond_finish(&changed);
	return failed;
}
